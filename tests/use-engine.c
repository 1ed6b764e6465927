/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What engine.h does with a container, a verb at a time; the reasons are on
 * stderr, behind the name of the error.
 *
 *	use-engine podman|docker CONTAINER VERB [ARGUMENT...]
 *
 *	inspect
 *	arch IMAGE
 *	gateway NETWORK
 *	read [-r ROOT]... PATH...
 *	write f|d MODE UID GID PATH CONTENT ...
 *	remove HELPER PATH...
 *	exec USER PROGRAM [ARGUMENT...]
 *	become USER PROGRAM [ARGUMENT...]
 */
#include "coco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "esc.h"
#include "io.h"
#include "proc.h"

#define MAX_OUT 1048576

static struct engine engine;
static struct buf why = BUF_INIT(65536);
static struct buf out = BUF_INIT(MAX_OUT);

static int
inspect(void)
{
	struct container c;
	size_t i;
	int r;

	r = engine_inspect(&engine, &why, &c);
	if (r != 0)
		return r;
	printf("id %zu name %s user %s\n", strlen(c.id), c.name, c.user);
	printf("running %d paused %d read-only %d pid %d\n", c.is_running,
	    c.is_paused, c.is_read_only, c.pid > 0);
	for (i = 0; i < c.network_count; i++)
		printf("network %s %s/%u via %s\n", c.networks[i].name,
		    c.networks[i].v4.address, c.networks[i].v4.prefix_len,
		    c.networks[i].v4.gateway);
	for (i = 0; i < c.mount_count; i++)
		printf("mount %s %s %d\n", c.mounts[i].type,
		    c.mounts[i].destination, c.mounts[i].writable);
	printf("A is %s\n",
	    container_env(&c, "A") != NULL ? container_env(&c, "A") : "unset");
	container_clear(&c);
	return 0;
}

static void
show(const struct place *p)
{
	struct buf text = BUF_INIT(4 * PLACE_MAX_PATH);

	(void)esc_visible(&text, p->path, strlen(p->path));
	printf("%s: ", buf_str(&text));
	buf_clear(&text);
	if (p->kind == PLACE_ABSENT) {
		printf("absent\n");
	} else if (p->kind == PLACE_ODD) {
		printf("%s\n", p->odd);
	} else {
		(void)esc_visible(&text, buf_str(&p->content),
		    p->content.len < 64 ? p->content.len : 64);
		printf("%s %o", p->kind == PLACE_FILE ? "file" : "directory",
		    (unsigned int)p->mode);
		if (p->uid != ENGINE_NO_OWNER)
			printf(" %u:%u", p->uid, p->gid);
		if (p->content.len != 0)
			printf(" %zu %s", p->content.len, buf_str(&text));
		printf("\n");
	}
	buf_wipe(&text);
}

static int
read_places(char **argv)
{
	struct strv roots = STRV_INIT;
	struct places p = PLACES_INIT;
	size_t i;
	int r = 0;

	for (; argv[0] != NULL && strcmp(argv[0], "-r") == 0; argv += 2)
		strv_add(&roots, argv[1]);
	for (; r == 0 && *argv != NULL; argv++)
		r = places_add(&p, *argv, NULL);
	if (r == 0)
		r = engine_find_podman(&engine, &why);
	if (r == 0)
		r = engine_read(&engine, &roots, &p, &why);
	for (i = 0; r == 0 && i < p.len; i++)
		show(&p.v[i]);
	places_wipe(&p);
	strv_clear(&roots);
	return r;
}

static int
write_places(char **argv)
{
	struct places p = PLACES_INIT;
	struct place *place;
	int r = 0;

	for (; r == 0 && argv[0] != NULL; argv += 6) {
		r = places_add(&p, argv[4], &place);
		if (r != 0)
			break;
		place->kind = argv[0][0] == 'f' ? PLACE_FILE : PLACE_DIRECTORY;
		place->mode = (mode_t)strtoul(argv[1], NULL, 8);
		place->uid = (uint32_t)strtoul(argv[2], NULL, 10);
		place->gid = (uint32_t)strtoul(argv[3], NULL, 10);
		r = buf_adds(&place->content, argv[5]);
	}
	if (r == 0)
		r = engine_write(&engine, &p, &why);
	places_wipe(&p);
	return r;
}

static int
remove_paths(char **argv)
{
	struct strv paths = STRV_INIT;
	char **path;
	int r;

	for (path = argv + 1; *path != NULL; path++)
		strv_add(&paths, *path);
	r = engine_remove(&engine, argv[0], &paths, &why);
	strv_clear(&paths);
	return r;
}

static int
run(char **argv, bool become)
{
	struct strv words = STRV_INIT;
	struct strv env = STRV_INIT;
	struct engine_command command = { argv[0][0] != '\0' ? argv[0] : NULL,
		&env, &words };
	struct buf in = BUF_INIT(MAX_OUT);
	int status = 0;
	int r = 0;

	strv_add(&env, "GREETING=hello world");
	for (argv++; *argv != NULL; argv++)
		strv_add(&words, *argv);
	if (become)
		return engine_become(&engine, &command, &why);
	r = io_read_all(STDIN_FILENO, &in);
	if (r == 0)
		r = engine_exec(&engine, &command, &in, &out, &why, &status);
	printf("%s", buf_str(&out));
	if (r == 0)
		printf("status %d\n", status);
	strv_clear(&words);
	strv_clear(&env);
	buf_wipe(&in);
	return r;
}

static int
dispatch(const char *verb, char **argv)
{
	struct engine_image image = { NULL, NULL, NULL };
	int r = -ENOSYS;

	if (strcmp(verb, "inspect") == 0)
		return inspect();
	if (strcmp(verb, "read") == 0)
		return read_places(argv);
	if (strcmp(verb, "write") == 0)
		return write_places(argv);
	if (strcmp(verb, "remove") == 0)
		return remove_paths(argv);
	if (strcmp(verb, "exec") == 0 || strcmp(verb, "become") == 0)
		return run(argv, verb[0] == 'b');
	if (strcmp(verb, "arch") == 0)
		r = engine_image_find(&engine, argv[0], &why, &image);
	if (r == 0)
		printf("%s\n", image.arch);
	engine_image_clear(&image);
	return r;
}

int
main(int argc, char **argv)
{
	const char *deadline = getenv("DEADLINE_MS");
	int r;

	if (argc < 4)
		return 2;
	proc_init();
	engine.kind = strcmp(argv[1], "docker") == 0 ? ENGINE_DOCKER :
						       ENGINE_PODMAN;
	engine.container = argv[2];
	engine.is_stopped = getenv("STOPPED") != NULL;
	engine.deadline_ms = clock_ms() +
	    (deadline != NULL ? strtol(deadline, NULL, 10) : 60000);
	r = dispatch(argv[3], argv + 4);
	fflush(stdout);
	if (r != 0)
		fprintf(stderr, "%s: ", strerrorname_np(-r));
	if (why.len != 0)
		fprintf(stderr, "%s%s", buf_str(&why),
		    why.data[why.len - 1] == '\n' ? "" : "\n");
	buf_wipe(&out);
	buf_wipe(&why);
	return r == 0 ? 0 : 1;
}
