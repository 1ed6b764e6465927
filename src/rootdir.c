/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "esc.h"
#include "io.h"
#include "rootdir.h"

#define MODE_BITS 07777

/* Write why something at PATH cannot be done.  Returns R. */
static int
explain(struct buf *why, const char *path, int r)
{
	(void)esc_visible(why, path, strlen(path));
	(void)buf_addf(why, ": %s",
	    r == -ELOOP     ? "a symbolic link is on the way" :
		r == -EXDEV ? "a mount is on the way" :
			      strerror(-r));
	return r;
}

int
rootdir_open(const char *path, struct buf *why, struct rootdir *ret_root)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return explain(why, path, -errno);
	ret_root->fd = fd;
	return 0;
}

void
rootdir_close(struct rootdir *root)
{
	io_close(root->fd);
	root->fd = -1;
}

static int
open_in(const struct rootdir *root, int dir, const char *name, int flags)
{
	return root->has_mounts ? beneath_open(dir, name, flags, 0600) :
				  beneath_open_here(dir, name, flags, 0600);
}

/* Open the directory NAME: -ELOOP also when that is itself a link, for which
 * Linux says that it is no directory. */
static int
open_directory(const struct rootdir *root, int dir, const char *name)
{
	int fd = open_in(root, dir, name, O_RDONLY | O_DIRECTORY);
	struct stat st;
	int probe;

	if (fd != -ENOTDIR)
		return fd;
	probe = open_in(root, dir, name, O_PATH);
	if (probe >= 0 && fstat(probe, &st) == 0 && S_ISLNK(st.st_mode))
		fd = -ELOOP;
	io_close(probe);
	return fd;
}

/* The name of PATH in its directory. */
static const char *
name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

int
rootdir_open_parent(const struct rootdir *root, const char *path)
{
	struct buf dir = BUF_INIT(PLACE_MAX_PATH + 1);
	int r;

	r = buf_addc(&dir, '.');
	if (r == 0)
		r = place_parent(path, &dir);
	if (r == 0)
		r = open_directory(root, root->fd, buf_str(&dir));
	buf_wipe(&dir);
	return r;
}

/* --- looking -------------------------------------------------------------- */

static void
take_stat(struct place *p, const struct stat *st)
{
	p->mode = st->st_mode & MODE_BITS;
	p->uid = st->st_uid;
	p->gid = st->st_gid;
	if (S_ISDIR(st->st_mode)) {
		p->kind = PLACE_DIRECTORY;
	} else if (S_ISREG(st->st_mode) && st->st_nlink == 1) {
		p->kind = PLACE_FILE;
	} else {
		p->kind = PLACE_ODD;
		p->odd = place_odd_name(st->st_mode);
	}
}

/* Open what DIR has under the name of P, which is a file or a directory. */
static int
read_opened(const struct rootdir *root, int dir, struct place *p)
{
	struct stat st;
	int fd;
	int r = 0;

	/* not blocked by a FIFO that has taken its place */
	fd = open_in(root, dir, name_of(p->path), O_RDONLY | O_NONBLOCK);
	if (fd == -EXDEV) {
		p->kind = PLACE_ODD;
		p->odd = "a mount";
		return 0;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) != 0)
		r = -errno;
	else
		take_stat(p, &st);
	if (r == 0 && p->kind == PLACE_FILE)
		r = io_read_all(fd, &p->content);
	io_close(fd);
	return r;
}

static int
read_place(const struct rootdir *root, struct place *p)
{
	struct stat st;
	int dir = rootdir_open_parent(root, p->path);
	int r = 0;

	if (dir == -ENOENT || dir == -ENOTDIR)
		return 0;
	if (dir == -ELOOP || dir == -EXDEV) {
		p->kind = PLACE_ODD;
		p->odd = dir == -ELOOP ? "behind a symbolic link" :
					 "behind a mount";
		return 0;
	}
	if (dir < 0)
		return dir;
	if (fstatat(dir, name_of(p->path), &st, AT_SYMLINK_NOFOLLOW) != 0)
		r = errno == ENOENT ? 0 : -errno;
	else
		take_stat(p, &st);
	if (r == 0 && (p->kind == PLACE_FILE || p->kind == PLACE_DIRECTORY))
		r = read_opened(root, dir, p);
	io_close(dir);
	return r;
}

int
rootdir_read(const struct rootdir *root, struct places *p, struct buf *why)
{
	size_t i;
	int r;

	for (i = 0; i < p->len; i++) {
		r = read_place(root, &p->v[i]);
		if (r != 0)
			return explain(why, p->v[i].path, r);
	}
	return 0;
}

/* --- changing ------------------------------------------------------------- */

/* Give FD owner and mode, the mode last: another owner takes bits away. */
static int
settle(int fd, const struct place *p)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if ((st.st_uid != p->uid || st.st_gid != p->gid) &&
	    fchown(fd, p->uid, p->gid) != 0)
		return -errno;
	return fchmod(fd, p->mode) == 0 ? 0 : -errno;
}

static int
write_directory(const struct rootdir *root, int dir, const struct place *p)
{
	const char *name = name_of(p->path);
	int fd;
	int r;

	if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
		return -errno;
	fd = open_directory(root, dir, name);
	if (fd < 0)
		return fd;
	r = settle(fd, p);
	if (r == 0 && fsync(dir) != 0)
		r = -errno;
	io_close(fd);
	return r;
}

/* The name that the content of the file PATH has until it is whole. */
static int
name_temporary(const char *path, struct buf *b)
{
	return buf_addf(b, ".%s.coco", name_of(path));
}

/* A temporary file beside it; what an interrupted one has left is removed. */
static int
write_file(const struct rootdir *root, int dir, const struct place *p)
{
	struct buf temporary = BUF_INIT(PLACE_MAX_PATH + 8);
	const char *name = name_of(p->path);
	int fd;
	int r;

	r = name_temporary(p->path, &temporary);
	if (r == 0)
		r = beneath_remove(dir, buf_str(&temporary));
	fd = r != 0 ? r :
		      open_in(root, dir, buf_str(&temporary),
			  O_WRONLY | O_CREAT | O_EXCL);
	r = fd < 0 ? fd : settle(fd, p);
	if (r == 0)
		r = io_finish_file(fd, buf_str(&p->content), p->content.len,
		    (uid_t)-1, (gid_t)-1);
	else
		io_close(fd);
	if (r == 0 && renameat(dir, buf_str(&temporary), dir, name) != 0)
		r = -errno;
	if (r != 0 && fd >= 0)
		(void)unlinkat(dir, buf_str(&temporary), 0);
	if (r == 0 && fsync(dir) != 0)
		r = -errno;
	buf_wipe(&temporary);
	return r;
}

int
rootdir_write(const struct rootdir *root, const struct places *changes,
    struct buf *why)
{
	const struct place *p;
	size_t i;
	int dir;
	int r;

	for (i = 0; i < changes->len; i++) {
		p = &changes->v[i];
		dir = rootdir_open_parent(root, p->path);
		r = dir < 0                    ? dir :
		    p->kind == PLACE_DIRECTORY ? write_directory(root, dir, p) :
						 write_file(root, dir, p);
		io_close(dir);
		if (r != 0)
			return explain(why, p->path, r);
	}
	return 0;
}

/* Remove NAME from the directory that PATH is in. */
static int
remove_one(const struct rootdir *root, const char *path, const char *name)
{
	int dir = rootdir_open_parent(root, path);
	int r = 0;

	if (dir == -ENOENT || dir == -ENOTDIR)
		return 0;
	if (dir < 0)
		return dir;
	r = beneath_remove(dir, name);
	if (r == 0 && fsync(dir) != 0)
		r = -errno;
	io_close(dir);
	return r;
}

int
rootdir_tidy(const struct rootdir *root, const struct strv *paths,
    struct buf *why)
{
	struct buf name = BUF_INIT(PLACE_MAX_PATH + 8);
	size_t i;
	int r = 0;

	for (i = 0; i < paths->len && r == 0; i++) {
		buf_clear(&name);
		r = name_temporary(paths->v[i], &name);
		if (r == 0)
			r = remove_one(root, paths->v[i], buf_str(&name));
		if (r != 0)
			r = explain(why, paths->v[i], r);
	}
	buf_wipe(&name);
	return r;
}

int
rootdir_remove(const struct rootdir *root, const struct strv *paths,
    struct strv *stayed, struct buf *why)
{
	size_t i;
	int r;

	for (i = 0; i < paths->len; i++) {
		r = remove_one(root, paths->v[i], name_of(paths->v[i]));
		if (r == -ENOTEMPTY || r == -EEXIST)
			strv_add(stayed, paths->v[i]);
		else if (r != 0)
			return explain(why, paths->v[i], r);
	}
	return 0;
}
