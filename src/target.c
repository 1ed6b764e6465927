/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "esc.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "passwd.h"
#include "target.h"

#define MAX_UID_MAP 65536

static int
open_directory(const char *path, struct buf *why, struct target *t)
{
	char *real = realpath(path, NULL);
	int r;

	if (real == NULL) {
		r = -errno;
		(void)esc_visible(why, path, strlen(path));
		(void)buf_addf(why, ": %s", strerror(-r));
		return r;
	}
	t->kind = TARGET_DIRECTORY;
	t->spec = xmalloc(strlen(real) + sizeof("dir:"));
	(void)snprintf(t->spec, strlen(real) + sizeof("dir:"), "dir:%s", real);
	r = rootdir_open(real, why, &t->root);
	free(real);
	return r;
}

bool
target_engine(const char *spec, int64_t deadline_ms, struct engine *ret_engine)
{
	static const enum engine_kind kinds[] = { ENGINE_PODMAN,
		ENGINE_DOCKER };
	size_t len = strcspn(spec, ":");
	const char *name;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds) && spec[len] == ':'; i++) {
		name = engine_name(kinds[i]);
		if (strlen(name) != len || strncmp(spec, name, len) != 0)
			continue;
		*ret_engine = (struct engine){ .kind = kinds[i],
			.container = spec + len + 1,
			.deadline_ms = deadline_ms };
		return true;
	}
	return false;
}

void
target_expect(const char *spec, int64_t deadline_ms, struct target *ret)
{
	ret->kind = TARGET_CONTAINER;
	ret->spec = xstrdup(spec);
	(void)target_engine(ret->spec, deadline_ms, &ret->engine);
}

static int
open_container(const char *spec, int64_t deadline_ms, struct buf *why,
    struct target *t)
{
	int r;

	target_expect(spec, deadline_ms, t);
	r = engine_inspect(&t->engine, why, &t->container);
	if (r != 0)
		return r;
	t->engine.container = t->container.id;
	t->engine.is_stopped = !t->container.is_running;
	t->is_read_only = t->container.is_read_only;
	return engine_find_podman(&t->engine, why);
}

int
target_open(const char *spec, int64_t deadline_ms, struct buf *why,
    struct target *ret)
{
	if (strncmp(spec, "dir:", 4) == 0)
		return open_directory(spec + 4, why, ret);
	if (target_engine(spec, deadline_ms, &ret->engine))
		return open_container(spec, deadline_ms, why, ret);
	(void)buf_adds(why, "\"");
	(void)esc_visible(why, spec, strlen(spec));
	(void)buf_adds(why,
	    "\" is no target: those are docker:NAME, podman:NAME and "
	    "dir:PATH");
	return -EINVAL;
}

const char *
target_key(const struct target *t)
{
	return t->container.id[0] != '\0' ? t->container.id : t->spec;
}

/* --- users ---------------------------------------------------------------- */

/* The content of the file PATH of the target; empty when there is none that can
 * be used. */
static int
read_file(const struct target *t, const char *path, struct buf *b,
    struct buf *why)
{
	struct strv roots = STRV_INIT;
	struct places p = PLACES_INIT;
	struct place *place;
	int r;

	r = places_add(&p, path, &place);
	if (r == 0)
		r = target_read(t, &roots, NULL, &p, why);
	if (r == 0 && place->kind == PLACE_FILE)
		r = buf_add(b, buf_str(&place->content), place->content.len);
	places_wipe(&p);
	return r;
}

static int
find_group(const struct target *t, const char *name, uint32_t *ret_gid,
    struct buf *why)
{
	struct buf groups = BUF_INIT(PASSWD_MAX);
	int64_t n;
	int r = 0;

	if (num_parse(name, strlen(name), 0, UINT32_MAX - 1, &n) == 0) {
		*ret_gid = (uint32_t)n;
		return 0;
	}
	r = read_file(t, "/etc/group", &groups, why);
	if (r == 0) {
		r = passwd_find_group(buf_str(&groups), groups.len, name,
		    ret_gid);
		if (r != 0)
			(void)buf_adds(why, "there is no such group there");
	}
	buf_wipe(&groups);
	return r;
}

/* NAME is without its group. */
static int
find_user(const struct target *t, const char *name, const char *home,
    struct target_user *u, struct buf *why)
{
	struct buf users = BUF_INIT(PASSWD_MAX);
	int r;

	r = read_file(t, "/etc/passwd", &users, why);
	if (r == 0) {
		r = passwd_find(buf_str(&users), users.len, name, &u->uid,
		    &u->gid, &u->home);
		if (r == -ENOENT) {
			(void)buf_adds(why, "there is no user \"");
			(void)esc_visible(why, name, strlen(name));
			(void)buf_addf(why, "\" in %s", t->spec);
		}
	}
	if (r == 0 && home != NULL) {
		buf_clear(&u->home);
		r = buf_adds(&u->home, home);
	}
	buf_wipe(&users);
	return r;
}

/* Who it is when nobody says; HOME is what the container is told. */
static const char *
default_user(const struct target *t, const char **home)
{
	if (t->kind == TARGET_DIRECTORY)
		return "0";
	if (*home == NULL)
		*home = container_env(&t->container, "HOME");
	return t->container.user[0] != '\0' ? t->container.user : "0";
}

int
target_find_user(const struct target *t, const char *name, const char *home,
    struct target_user *ret_user, struct buf *why)
{
	const char *who = name != NULL ? name : default_user(t, &home);
	size_t len = strcspn(who, ":");
	char *user = xstrndup(who, len);
	int r;

	r = find_user(t, user, home, ret_user, why);
	if (r == 0 && who[len] == ':')
		r = find_group(t, who + len + 1, &ret_user->gid, why);
	if (r == 0 && !place_is_path(buf_str(&ret_user->home))) {
		(void)buf_adds(why, "the home directory of user ");
		(void)esc_visible(why, user, len);
		(void)buf_adds(why, " is not known: say --home PATH");
		r = -EINVAL;
	}
	if (t->kind == TARGET_DIRECTORY && geteuid() != 0) {
		ret_user->uid = geteuid();
		ret_user->gid = getegid();
	}
	free(user);
	return r;
}

uint32_t
target_root_uid(const struct target *t)
{
	return t->kind == TARGET_DIRECTORY ? geteuid() : 0;
}

/* The ranges of a uid_map or gid_map (user_namespaces(7)): the number that ID,
 * of the target, has outside, or the other way round. */
static uint32_t
map_id(const char *text, uint32_t id, bool to_inside)
{
	int64_t inside;
	int64_t outside;
	int64_t from;
	int64_t count;
	char *end;

	while (*text != '\0') {
		inside = strtoll(text, &end, 10);
		outside = strtoll(end, &end, 10);
		count = strtoll(end, &end, 10);
		from = to_inside ? outside : inside;
		if (id >= from && id - from < count)
			return (uint32_t)((to_inside ? inside : outside) +
			    (id - from));
		text = end + strcspn(end, "\n");
		text += *text == '\n' ? 1 : 0;
	}
	return id;
}

/* Map by the file NAME of the container's first process; as it is where that
 * cannot be read. */
static uint32_t
map_by(const struct target *t, const char *name, uint32_t id, bool to_inside)
{
	struct buf path = BUF_INIT(64);
	struct buf map = BUF_INIT(MAX_UID_MAP);

	if (t->kind == TARGET_CONTAINER && t->container.pid > 0 &&
	    buf_addf(&path, "/proc/%" PRId64 "/%s", t->container.pid, name) ==
		0 &&
	    io_read_file(buf_str(&path), &map) == 0)
		id = map_id(buf_str(&map), id, to_inside);
	buf_wipe(&path);
	buf_wipe(&map);
	return id;
}

uint32_t
target_host_uid(const struct target *t, uint32_t uid)
{
	return map_by(t, "uid_map", uid, false);
}

const char *
target_machine(const char *image_arch)
{
	static const char *const names[][2] = { { "amd64", "x86_64" },
		{ "arm64", "aarch64" }, { "386", "i686" },
		{ "arm", "armv7l" } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i][0], image_arch) == 0)
			return names[i][1];
	return image_arch;
}

int
target_arch(const struct target *t, struct buf *arch, struct buf *why)
{
	struct engine_image image = { NULL, NULL, NULL };
	size_t said = why->len;
	struct utsname u;
	int r = 0;

	/* a container may be made of a directory instead */
	if (t->kind == TARGET_CONTAINER && t->container.image_id[0] != '\0')
		r = engine_image_find(&t->engine, t->container.image_id, why,
		    &image);
	/* of an image that is not here any more it is not known */
	if (r == -ENOENT || r == -EIO) {
		buf_truncate(why, said);
		r = 0;
	}
	if (r == 0 && image.arch != NULL && image.arch[0] != '\0')
		r = buf_adds(arch, target_machine(image.arch));
	else if (r == 0)
		r = uname(&u) == 0 ? buf_adds(arch, u.machine) : -errno;
	engine_image_clear(&image);
	return r;
}

/* --- files ---------------------------------------------------------------- */

/* The owner of PATH, seen through the container's own root: metadata only, and
 * no link of the container's is followed. */
static bool
look_up_owner(const struct target *t, int root, struct place *p)
{
	struct stat st;
	bool is;
	int fd;

	fd = beneath_open(root, p->path + 1, O_PATH, 0);
	is = fd >= 0 && fstat(fd, &st) == 0;
	io_close(fd);
	if (is) {
		p->uid = map_by(t, "uid_map", st.st_uid, true);
		p->gid = map_by(t, "gid_map", st.st_gid, true);
	}
	return is;
}

static void
guess_owner(const struct target_user *user, struct place *p)
{
	bool is_his = user != NULL && user->home.len != 0 &&
	    place_is_below(p->path, buf_str(&user->home));

	p->uid = is_his ? user->uid : 0;
	p->gid = is_his ? user->gid : 0;
}

static void
find_owners(const struct target *t, const struct target_user *user,
    struct places *p)
{
	struct buf path = BUF_INIT(64);
	size_t i;
	int root = -1;

	if (t->container.pid > 0 &&
	    buf_addf(&path, "/proc/%" PRId64 "/root", t->container.pid) == 0)
		root = open(buf_str(&path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < p->len; i++) {
		if (p->v[i].kind == PLACE_ABSENT ||
		    p->v[i].uid != ENGINE_NO_OWNER)
			continue;
		if (root < 0 || !look_up_owner(t, root, &p->v[i]))
			guess_owner(user, &p->v[i]);
	}
	io_close(root);
	buf_wipe(&path);
}

int
target_read(const struct target *t, const struct strv *roots,
    const struct target_user *user, struct places *p, struct buf *why)
{
	int r;

	if (t->kind == TARGET_DIRECTORY)
		return rootdir_read(&t->root, p, why);
	r = engine_read(&t->engine, roots, p, why);
	if (r == 0)
		find_owners(t, user, p);
	return r;
}

int
target_write(const struct target *t, const struct places *changes,
    struct buf *why)
{
	if (changes->len == 0)
		return 0;
	return t->kind == TARGET_DIRECTORY ?
	    rootdir_write(&t->root, changes, why) :
	    engine_write(&t->engine, changes, why);
}

int
target_tidy(const struct target *t, const struct strv *paths, struct buf *why)
{
	return t->kind == TARGET_DIRECTORY ?
	    rootdir_tidy(&t->root, paths, why) :
	    0;
}

static int
remove_from_directory(const struct target *t, const struct strv *paths,
    struct buf *why)
{
	struct strv stayed = STRV_INIT;
	size_t i;
	int r;

	r = rootdir_remove(&t->root, paths, &stayed, why);
	for (i = 0; i < stayed.len && r == 0; i++)
		(void)buf_addf(why, "%s%s: it is not empty", i == 0 ? "" : "\n",
		    stayed.v[i]);
	if (r == 0 && stayed.len != 0)
		r = -ENOTEMPTY;
	strv_clear(&stayed);
	return r;
}

int
target_remove(const struct target *t, const struct strv *paths,
    const char *helper, struct buf *why)
{
	if (paths->len == 0)
		return 0;
	return t->kind == TARGET_DIRECTORY ?
	    remove_from_directory(t, paths, why) :
	    engine_remove(&t->engine, helper, paths, why);
}

bool
target_is_atomic(const struct target *t)
{
	return t->kind == TARGET_DIRECTORY;
}

void
target_close(struct target *t)
{
	rootdir_close(&t->root);
	container_clear(&t->container);
	free(t->spec);
	*t = (struct target)TARGET_INIT;
}
