/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "hex.h"
#include "io.h"
#include "rundir.h"
#include "strv.h"

#define SUFFIX    ".d"
#define MAX_DEPTH 128 /* each costs a descriptor */
#define TRIES     8

static int
explain(struct buf *why, const char *path, int r)
{
	(void)buf_addf(why, "%s: %s", path,
	    r == -ELOOP ? "there are too many directories in each other" :
			  strerror(-r));
	return r;
}

static int
find(const char *id, bool make, struct buf *why, struct rundir *dir)
{
	int r;

	r = deployment_directory(&dir->path, make, why);
	return r != 0 ? r : buf_addf(&dir->path, "/%s" SUFFIX, id);
}

/* Take the lock of what is there: on the directory itself, so that no file of a
 * lock is left over. */
static int
take(struct rundir *dir)
{
	const char *path = buf_str(&dir->path);
	struct stat ours;
	struct stat now;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	else if (fstat(fd, &ours) != 0 || lstat(path, &now) != 0 ||
	    ours.st_dev != now.st_dev || ours.st_ino != now.st_ino)
		r = -ENOENT;
	if (r != 0)
		io_close(fd);
	else
		dir->fd = fd;
	return r;
}

int
rundir_make(const char *id, struct buf *why, struct rundir *ret)
{
	int tries = 0;
	int r;

	r = find(id, true, why, ret);
	if (r != 0)
		return r;
	/* who sweeps may take it before us, for then it is nobody's */
	do {
		r = mkdir(buf_str(&ret->path), 0700) != 0 && errno != EEXIST ?
		    -errno :
		    take(ret);
	} while ((r == -ENOENT || r == -EBUSY) && ++tries < TRIES);
	return r != 0 ? explain(why, buf_str(&ret->path), r) : 0;
}

int
rundir_take(const char *id, struct buf *why, struct rundir *ret)
{
	int r;

	r = find(id, false, why, ret);
	if (r != 0)
		return r;
	r = take(ret);
	if (r != 0 && r != -EBUSY && r != -ENOENT)
		(void)explain(why, buf_str(&ret->path), r);
	return r;
}

int
rundir_path(const struct rundir *dir, const char *name, struct buf *b)
{
	return buf_addf(b, "%s/%s", buf_str(&dir->path), name);
}

int
rundir_make_root(const struct rundir *dir, const char *path, uint32_t uid,
    uint32_t gid, struct buf *why)
{
	struct buf at = BUF_INIT(PLACE_MAX_PATH);
	const char *slash = path;
	int r;

	r = rundir_path(dir, "root", &at);
	while (r == 0) {
		if (mkdir(buf_str(&at), 0700) != 0 && errno != EEXIST)
			r = -errno;
		if (r != 0 || *slash == '\0')
			break;
		r = buf_add(&at, slash, 1 + strcspn(slash + 1, "/"));
		slash += 1 + strcspn(slash + 1, "/");
	}
	if (r == 0 && (uid != geteuid() || gid != getegid()) &&
	    chown(buf_str(&at), uid, gid) != 0)
		r = -errno;
	if (r != 0)
		(void)explain(why, buf_str(&at), r);
	buf_wipe(&at);
	return r;
}

/* --- removing ------------------------------------------------------------- */

/* Open the directory NAME of DIR, also when it was closed by whose it is. */
static int
open_directory(int dir, const char *name)
{
	char path[64];
	int fd = beneath_open_here(dir, name, O_RDONLY | O_DIRECTORY, 0);
	int closed;

	if (fd != -EACCES)
		return fd;
	closed = beneath_open_here(dir, name, O_PATH | O_DIRECTORY, 0);
	if (closed < 0)
		return closed;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", closed);
	fd = chmod(path, 0700) != 0 ?
	    -errno :
	    beneath_open_here(dir, name, O_RDONLY | O_DIRECTORY, 0);
	io_close(closed);
	return fd;
}

static int remove_below(int dir, const char *name, int depth);

/* Remove what is in the directory FD, which is closed. */
static int
empty(int fd, int depth)
{
	const struct dirent *e;
	DIR *d = fdopendir(fd);
	int worst = 0;
	int r;

	if (d == NULL) {
		r = -errno;
		io_close(fd);
		return r;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = remove_below(fd, e->d_name, depth);
		worst = r != 0 ? r : worst;
	}
	(void)closedir(d);
	return worst;
}

/* Remove NAME of the directory DIR, whatever it is. */
static int
remove_below(int dir, const char *name, int depth)
{
	int fd;
	int r;

	r = beneath_remove(dir, name);
	if (r != -ENOTEMPTY && r != -EEXIST)
		return r;
	if (depth == 0)
		return -ELOOP;
	fd = open_directory(dir, name);
	r = fd < 0 ? fd : empty(fd, depth - 1);
	return r != 0 ? r : beneath_remove(dir, name);
}

int
rundir_remove(const struct rundir *dir, struct buf *why)
{
	int fd = fcntl(dir->fd, F_DUPFD_CLOEXEC, 3);
	int r;

	r = fd < 0 ? -errno : empty(fd, MAX_DEPTH);
	if (r == 0 && rmdir(buf_str(&dir->path)) != 0 && errno != ENOENT)
		r = -errno;
	return r != 0 ? explain(why, buf_str(&dir->path), r) : 0;
}

void
rundir_close(struct rundir *dir)
{
	io_close(dir->fd);
	buf_wipe(&dir->path);
	dir->fd = -1;
}

/* --- all of them ---------------------------------------------------------- */

static bool
is_rundir(const char *name)
{
	size_t len = strcspn(name, ".");

	return deployment_is_id(name, len) && strcmp(name + len, SUFFIX) == 0;
}

int
rundir_each(int (*fn)(void *ctx, const char *id), void *ctx, struct buf *why)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	struct strv ids = STRV_INIT;
	const struct dirent *e;
	DIR *d = NULL;
	size_t i;
	int r;

	r = deployment_directory(&path, false, why);
	if (r == 0)
		d = opendir(buf_str(&path));
	if (r == 0 && d == NULL && errno != ENOENT)
		r = explain(why, buf_str(&path), -errno);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_rundir(e->d_name))
			strv_addn(&ids, e->d_name, DEPLOYMENT_ID_LEN);
	if (d != NULL)
		(void)closedir(d);
	for (i = 0; i < ids.len && r == 0; i++)
		r = fn(ctx, ids.v[i]);
	strv_clear(&ids);
	buf_wipe(&path);
	return r;
}
