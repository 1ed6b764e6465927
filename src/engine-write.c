/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine_write() and engine_remove(): changes in a container.
 *
 * `cp - C:/' takes a tar, makes directories that are missing on the way (of
 * root, 0755), gives a directory that is there the tar's mode and owner, and
 * replaces whatever else has the name of a file, links and FIFOs too.  Podman
 * refuses a directory where there is a link, and then what came before it is
 * there.
 */
#include "coco.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "engine-priv.h"
#include "esc.h"
#include "io.h"
#include "path.h"
#include "tarball.h"

#define REMOVER        "coco-deploy-remove.static"
#define MAX_REMOVER    1048576
#define MAX_PATHS      (PLACE_MAX * (PLACE_MAX_PATH + 1))
#define MAX_LEFT       (MAX_PATHS + PLACE_MAX * 64) /* what the remover says */
#define MAX_LEFT_SHOWN 4096

/* --- write --------------------------------------------------------------- */

/* What podman says, and docker, of common trouble. */
static const struct trouble {
	const char *said;
	int r;
	const char *meaning;
} troubles[] = {
	{ "no space left on device", -ENOSPC, "no space is left inside" },
	{ "disk quota exceeded", -ENOSPC, "no space is left inside" },
	{ "read-only file system", -EROFS, "it is read-only there" },
	{ "marked read-only", -EROFS, "it is read-only there" },
	{ "file exists", -EEXIST,
	    "a link or a file is where a directory is to be, or the other way "
	    "round" },
	{ "not a directory", -EEXIST, "a file is where a directory is to be" },
};

static int
write_failed(const struct engine_run *run, struct buf *why)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_LEN(troubles); i++) {
		if (!engine_said(run, troubles[i].said))
			continue;
		(void)buf_addf(why, "%s: ", troubles[i].meaning);
		r = troubles[i].r;
	}
	return r != 0 ? (void)engine_failed(run, why),
	       r : engine_failed(run, why);
}

static size_t
size_of(const struct places *p)
{
	size_t size = 0;
	size_t i;

	for (i = 0; i < p->len; i++)
		size += p->v[i].content.len;
	return size;
}

/* What engine_read() could not tell must not be written. */
static int
check_owners(const struct places *p, struct buf *why)
{
	size_t i;

	for (i = 0; i < p->len; i++) {
		if (p->v[i].uid != ENGINE_NO_OWNER &&
		    p->v[i].gid != ENGINE_NO_OWNER)
			continue;
		if (p->v[i].kind != PLACE_FILE &&
		    p->v[i].kind != PLACE_DIRECTORY)
			continue;
		(void)buf_adds(why, "whose is ");
		(void)esc_visible(why, p->v[i].path, strlen(p->v[i].path));
		(void)buf_adds(why, " to be?");
		return -EINVAL;
	}
	return 0;
}

/* --- podman's copy -------------------------------------------------------- */

/* Remove the directory and the files in it. */
static void
drop_scratch(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(path);
}

/*
 * Podman 4.3 writes what comes on stdin into a file of its TMPDIR, else of
 * /var/tmp, and leaves it there, secrets and all: so it gets a directory in
 * memory that others cannot look into, and that is gone afterwards.  One that
 * is there is of somebody who was killed; callers keep each other away from a
 * container.
 */
static int
give_scratch(struct engine_run *run, struct buf *path, struct buf *why)
{
	struct strv env = STRV_INIT;
	size_t i;
	int r;

	r = path_memory(path, why);
	if (r == 0)
		r = buf_addf(path, "/cp-%s", run->e->container);
	if (r != 0) {
		/* or the caller would empty what all share */
		buf_clear(path);
		return r;
	}
	drop_scratch(buf_str(path));
	if (mkdir(buf_str(path), 0700) != 0) {
		r = -errno;
		(void)buf_addf(why, "%s: %s", buf_str(path), strerror(-r));
		return r;
	}
	for (i = 0; i < run->env.len; i++)
		if (strncmp(run->env.v[i], "TMPDIR=", 7) != 0)
			strv_add(&env, run->env.v[i]);
	strv_addf(&env, "TMPDIR=%s", buf_str(path));
	strv_clear(&run->env);
	run->env = env;
	return 0;
}

int
engine_write(const struct engine *e, const struct places *changes,
    struct buf *why)
{
	struct buf scratch = BUF_INIT(PLACE_MAX_PATH);
	struct buf tar = BUF_INIT(TARBALL_MAX(changes->len, size_of(changes)));
	struct buf out = BUF_INIT(ENGINE_MAX_ERR);
	struct engine_run run;
	int status = 0;
	int r;

	r = engine_run_init(&run, e, "cp", why);
	if (r == 0)
		r = check_owners(changes, why);
	if (r != 0)
		goto out;
	r = tarball_write(changes, clock_utc(), &tar);
	if (r != 0) {
		(void)buf_adds(why, "what is to be written makes no archive");
		goto out;
	}
	/* podman would make all files those of who runs in the container */
	if (e->kind == ENGINE_PODMAN)
		strv_add(&run.argv, "--archive=false");
	strv_add(&run.argv, "--");
	strv_add(&run.argv, "-");
	strv_addf(&run.argv, "%s:/", e->container);
	if (e->kind == ENGINE_PODMAN)
		r = give_scratch(&run, &scratch, why);
	if (r == 0)
		r = engine_run(&run, &tar, &out, why, &status);
	if (r == 0 && status != 0)
		r = write_failed(&run, why);
	if (scratch.len != 0)
		drop_scratch(buf_str(&scratch));
out:
	buf_wipe(&scratch);
	engine_run_clear(&run);
	buf_wipe(&tar);
	buf_wipe(&out);
	return r;
}

/* --- remove -------------------------------------------------------------- */

/* The remover as a place of its own. */
static int
load_remover(const char *helper, struct places *p, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf program = BUF_INIT(MAX_REMOVER);
	struct place *place;
	int r;

	r = path_libexec(&path);
	if (r == 0)
		r = buf_adds(&path, "/" REMOVER);
	if (r == 0)
		r = io_read_file(buf_str(&path), &program);
	if (r != 0) {
		(void)buf_addf(why, "%s: %s", buf_str(&path), strerror(-r));
		goto out;
	}
	r = places_add(p, helper, &place);
	if (r != 0) {
		(void)buf_adds(why, "no path for our program");
		goto out;
	}
	place->kind = PLACE_FILE;
	place->mode = 0700;
	buf_move(&place->content, &program);
out:
	buf_wipe(&path);
	buf_wipe(&program);
	return r;
}

/* It ends what it says with an empty record: what stayed, or nothing, comes
 * before.  Whether it said all. */
static bool
is_complete(const struct buf *out)
{
	return out->len > 0 && out->data[out->len - 1] == '\0' &&
	    (out->len == 1 || out->data[out->len - 2] == '\0');
}

/* Tell what stayed. */
static int
tell_left(const struct buf *out, struct buf *why)
{
	const char *s = out->data;
	size_t start = why->len;
	size_t len;

	for (; *s != '\0'; s += len + 1) {
		len = strlen(s);
		if (why->len - start + len > MAX_LEFT_SHOWN) {
			(void)buf_adds(why, "and more\n");
			break;
		}
		(void)esc_visible(why, s, len);
		(void)buf_addc(why, '\n');
	}
	return why->len == start ? 0 : -ENOTEMPTY;
}

/* It did not run to its end. */
static int
remover_failed(const struct engine_run *run, const char *helper, int status,
    struct buf *why)
{
	if (engine_said(run, "running container") ||
	    engine_said(run, "is not running") || engine_said(run, "paused")) {
		(void)buf_addf(why,
		    "it does not run; its files can be removed only while it "
		    "runs: %s start %s",
		    engine_name(run->e->kind), run->e->container);
		return -ESRCH;
	}
	if (status == 126 || status == 127 || engine_said(run, "exec format")) {
		(void)buf_addf(why, "no program can be run at %s: ", helper);
		(void)engine_failed(run, why);
		return -ENOEXEC;
	}
	return engine_failed(run, why);
}

/*
 * Run the remover.  As root of the container and with no more rights than that
 * has there (not --privileged): whoever else is root inside can put another
 * program in its place.
 */
static int
run_remover(const struct engine *e, const char *helper, const struct buf *in,
    struct buf *why)
{
	struct buf out = BUF_INIT(MAX_LEFT);
	struct strv argv = STRV_INIT;
	struct engine_command command = { "0", NULL, &argv };
	struct engine_run run;
	int status = 0;
	int r;

	strv_add(&argv, helper);
	r = engine_run_init(&run, e, "exec", why);
	if (r == 0) {
		engine_add_command(&run, &command, "-i");
		r = engine_run(&run, in, &out, why, &status);
	}
	if (r == 0 && is_complete(&out))
		r = tell_left(&out, why);
	else if (r == 0)
		r = remover_failed(&run, helper, status, why);
	engine_run_clear(&run);
	strv_clear(&argv);
	buf_wipe(&out);
	return r;
}

/* What could not run has not removed itself; the container's own programs are
 * all that is left to try. */
static void
remove_remover(const struct engine *e, const char *helper, struct buf *why)
{
	struct buf out = BUF_INIT(MAX_LEFT);
	struct buf said = BUF_INIT(ENGINE_MAX_WHY);
	struct strv argv = STRV_INIT;
	struct engine_command command = { "0", NULL, &argv };
	int status = 1;
	int r;

	strv_add(&argv, "rm");
	strv_add(&argv, "-f");
	strv_add(&argv, "--");
	strv_add(&argv, helper);
	r = engine_exec(e, &command, NULL, &out, &said, &status);
	if (r != 0 || status != 0)
		(void)buf_addf(why, "; our program stays there as %s", helper);
	strv_clear(&argv);
	buf_wipe(&out);
	buf_wipe(&said);
}

/* Its files can be removed only while it runs, and then the program is not to
 * be put there. */
static int
check_running(const struct engine *e, struct buf *why)
{
	struct container c = { .pid = 0 };
	int r;

	r = engine_inspect(e, why, &c);
	if (r == 0 && (!c.is_running || c.is_paused)) {
		(void)buf_addf(why,
		    "it %s; its files can be removed only while it runs: %s "
		    "%s %s",
		    c.is_paused ? "is paused" : "does not run",
		    engine_name(e->kind), c.is_paused ? "unpause" : "start",
		    c.name);
		r = -ESRCH;
	}
	container_clear(&c);
	return r;
}

int
engine_remove(const struct engine *e, const char *helper,
    const struct strv *paths, struct buf *why)
{
	struct buf in = BUF_INIT(MAX_PATHS);
	struct places program = PLACES_INIT;
	size_t i;
	int r;

	r = check_running(e, why);
	if (r == 0)
		r = load_remover(helper, &program, why);
	for (i = 0; r == 0 && i < paths->len; i++) {
		r = place_is_path(paths->v[i]) ? 0 : -EINVAL;
		if (r == 0)
			r = buf_add(&in, paths->v[i], strlen(paths->v[i]) + 1);
		if (r != 0)
			(void)buf_adds(why, "no path, or too many");
	}
	if (r == 0)
		r = engine_write(e, &program, why);
	if (r == 0) {
		r = run_remover(e, helper, &in, why);
		if (r != 0 && r != -ENOTEMPTY)
			remove_remover(e, helper, why);
	}
	places_wipe(&program);
	buf_wipe(&in);
	return r;
}
