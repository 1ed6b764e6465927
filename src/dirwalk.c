/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "buf.h"
#include "dirwalk.h"
#include "io.h"
#include "mem.h"

#define CHUNK   65536 /* also the most that attributes and their list have */
#define MAX_WAY (DIRWALK_MAX_DEPTH * (NAME_MAX + 1))

struct walk {
	const struct dirwalk *to;
	struct buf way; /* where it is, from the beginning on */
	char *chunk;
	char *names; /* of attributes */
};

static int
passed(const struct walk *w, int r)
{
	/* it was removed meanwhile */
	if (r == -ENOENT)
		return 0;
	return w->to->passed(w->to->ctx, buf_str(&w->way), r);
}

static int
tell(struct walk *w, const struct stat *st, const char *target)
{
	const struct tarball_entry e = { .name = buf_str(&w->way),
		.target = target,
		.type = st->st_mode & S_IFMT,
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = S_ISREG(st->st_mode) ? st->st_size : 0 };

	return w->to->entry(w->to->ctx, &e);
}

static int
read_attributes(struct walk *w, int fd)
{
	ssize_t n = flistxattr(fd, w->names, CHUNK);
	const char *name;
	ssize_t len;
	int r = 0;

	if (n < 0)
		return errno == ENOTSUP ? 0 : passed(w, -errno);
	for (name = w->names; r == 0 && name < w->names + n;
	     name += strlen(name) + 1) {
		len = fgetxattr(fd, name, w->chunk, CHUNK);
		if (len >= 0)
			r = w->to->attribute(w->to->ctx, name, w->chunk,
			    (size_t)len);
		else if (errno != ENODATA)
			r = passed(w, -errno);
	}
	return r;
}

/* Not more than it had at first: somebody may add to it for ever. */
static int
read_content(struct walk *w, int fd, int64_t size)
{
	ssize_t n = 1;
	int r = 0;

	while (r == 0 && size > 0 && n > 0) {
		n = read(fd, w->chunk, size < CHUNK ? (size_t)size : CHUNK);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n < 0)
			return passed(w, -errno);
		r = w->to->data(w->to->ctx, w->chunk, (size_t)n);
		size -= n;
	}
	return r;
}

static int
walk_link(struct walk *w, int dir, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	int want;

	if (n < 0)
		return passed(w, -errno);
	target[n] = '\0';
	want = tell(w, st, target);
	explicit_bzero(target, sizeof(target));
	return want < 0 ? want : 0;
}

static int walk_directory(struct walk *w, int fd, unsigned int depth);

/* FD is closed. */
static int
walk_open(struct walk *w, int fd, unsigned int depth)
{
	struct stat st;
	int want;
	int r = 0;

	if (fstat(fd, &st) != 0) {
		r = passed(w, -errno);
		goto out;
	}
	want = tell(w, &st, NULL);
	if (want == TARBALL_DATA)
		r = read_attributes(w, fd);
	if (want < 0)
		r = want;
	if (r == 0 && want == TARBALL_DATA && S_ISREG(st.st_mode))
		r = read_content(w, fd, st.st_size);
	if (r == 0 && S_ISDIR(st.st_mode)) {
		r = walk_directory(w, fd, depth + 1);
		return r;
	}
out:
	io_close(fd);
	return r;
}

static int
walk_name(struct walk *w, int dir, const char *name, unsigned int depth)
{
	struct stat st;
	int want;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return passed(w, -errno);
	if (S_ISLNK(st.st_mode))
		return walk_link(w, dir, name, &st);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
		want = tell(w, &st, NULL);
		return want < 0 ? want : 0;
	}
	/* not blocked by a FIFO that has taken its place */
	fd = beneath_open_here(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	return fd < 0 ? passed(w, fd) : walk_open(w, fd, depth);
}

/* FD is closed. */
static int
walk_directory(struct walk *w, int fd, unsigned int depth)
{
	DIR *d = depth > DIRWALK_MAX_DEPTH ? NULL : fdopendir(fd);
	size_t len = w->way.len;
	const struct dirent *e;
	int r = 0;

	if (d == NULL) {
		r = passed(w,
		    depth > DIRWALK_MAX_DEPTH ? -ENAMETOOLONG : -errno);
		io_close(fd);
		return r;
	}
	while (r == 0) {
		errno = 0;
		e = readdir(d);
		if (e == NULL) {
			r = errno != 0 ? passed(w, -errno) : 0;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = buf_addf(&w->way, "%s%s", len != 0 ? "/" : "", e->d_name);
		if (r == 0)
			r = walk_name(w, dirfd(d), e->d_name, depth);
		buf_truncate(&w->way, len);
	}
	(void)closedir(d);
	return r;
}

/* Through mounts on the way, but not into what must not be opened. */
static int
open_first(int dir, const char *name)
{
	struct stat st;
	int fd = beneath_open(dir, name, O_PATH, 0);
	int r = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) != 0)
		r = -errno;
	else if (S_ISLNK(st.st_mode))
		r = -ELOOP;
	else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		r = -EINVAL;
	io_close(fd);
	if (r != 0)
		return r;
	return beneath_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
}

int
dirwalk(int dir, const char *name, const struct dirwalk *to)
{
	struct walk w = { .to = to, .way = BUF_INIT(MAX_WAY) };
	int fd = open_first(dir, name);
	int r;

	if (fd < 0)
		return fd;
	w.chunk = xmalloc(CHUNK);
	w.names = xmalloc(CHUNK);
	r = walk_open(&w, fd, 0);
	freezero(w.chunk, CHUNK);
	freezero(w.names, CHUNK);
	buf_wipe(&w.way);
	return r;
}
