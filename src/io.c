/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "path.h"

#define CHUNK 4096

/* What a file is called until it is whole. */
#define TEMP_FORMAT "%s.tmp"

int
io_read_some(int fd, struct buf *b, bool *ret_end)
{
	char chunk[CHUNK];
	ssize_t n;
	int r;

	do
		n = read(fd, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r = buf_add(b, chunk, (size_t)n);
	mem_wipe(chunk, sizeof(chunk));
	if (r == 0)
		*ret_end = n == 0;
	return r;
}

int
io_read_all(int fd, struct buf *b)
{
	bool end = false;
	int r = 0;

	while (r == 0 && !end)
		r = io_read_some(fd, b, &end);
	return r;
}

int
io_read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	r = io_read_all(fd, b);
	io_close(fd);
	return r;
}

int
io_read_private(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ELOOP ? -EACCES : -errno;
	if (fstat(fd, &st) != 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		r = -EACCES;
	else
		r = io_read_all(fd, b);
	io_close(fd);
	return r;
}

/* What is wrong with a file of secrets, or NULL. */
static const char *
secret_fault(const struct stat *st, bool fifo)
{
	if (S_ISREG(st->st_mode) || (fifo && S_ISFIFO(st->st_mode)))
		return path_fault(st->st_uid, st->st_mode);
	return fifo ? "is neither a regular file nor a FIFO" :
		      "is no regular file";
}

int
io_read_secret(const char *path, bool fifo, struct buf *b,
    const char **ret_note)
{
	/* what is no FIFO now may be one by the time of the open */
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (fifo ? 0 : O_NONBLOCK);
	struct stat st;
	int fd = -1;
	int r = 0;

	*ret_note = NULL;
	if (stat(path, &st) != 0)
		return -errno;
	*ret_note = secret_fault(&st, fifo);
	if (*ret_note != NULL)
		return -EACCES;
	fd = open(path, flags);
	if (fd < 0 || fstat(fd, &st) != 0)
		r = -errno;
	if (r == 0)
		*ret_note = secret_fault(&st, fifo);
	if (*ret_note != NULL)
		r = -EACCES;
	if (r == 0)
		r = io_read_all(fd, b);
	if (r == 0 && S_ISREG(st.st_mode) && (st.st_mode & 044) != 0)
		*ret_note = "can be read by others: make its mode 600";
	io_close(fd);
	return r;
}

int
io_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
io_finish_file(int fd, const void *data, size_t len, uid_t uid, gid_t gid)
{
	int r = io_write_all(fd, data, len);

	if (r == 0 && (uid != (uid_t)-1 || gid != (gid_t)-1) &&
	    fchown(fd, uid, gid) != 0)
		r = -errno;
	if (r == 0 && fsync(fd) != 0)
		r = -errno;
	if (close(fd) != 0 && r == 0)
		r = -errno;
	return r;
}

/* Make a new file beside PATH; its name goes to TEMP.  What is there is left
 * over from a process that was killed: it may hold secrets, and goes.  It is
 * never followed or reused. */
static int
open_temp(const char *path, struct buf *temp, int *ret_fd)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	if (buf_addf(temp, TEMP_FORMAT, path) != 0)
		return -ENAMETOOLONG;
	fd = open(buf_str(temp), flags, 0600);
	if (fd < 0 && errno == EEXIST) {
		if (unlink(buf_str(temp)) != 0)
			return -errno;
		fd = open(buf_str(temp), flags, 0600);
	}
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int
io_remove(const char *path)
{
	struct stat st;
	int r = unlink(path) != 0 ? -errno : 0;

	/* a file system that is read-only says so before it looks */
	if (r == -ENOENT ||
	    (r != 0 && lstat(path, &st) != 0 && errno == ENOENT))
		r = 0;
	return r;
}

int
io_drop_temporary(const char *path)
{
	struct buf temp = BUF_INIT(PATH_MAX);
	int r = buf_addf(&temp, TEMP_FORMAT, path);

	if (r == 0)
		r = io_remove(buf_str(&temp));
	buf_wipe(&temp);
	return r;
}

int
io_directory_of(const char *path, struct buf *b)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ?
	    buf_adds(b, ".") :
	    buf_add(b, path, slash == path ? 1 : (size_t)(slash - path));
}

int
io_sync_directory_of(const char *path)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	int fd;
	int r;

	r = io_directory_of(path, &dir);
	if (r != 0)
		goto out;
	fd = open(buf_str(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: a file system that cannot do this to a directory */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		r = -errno;
	io_close(fd);
out:
	buf_wipe(&dir);
	return r;
}

/* Give the file TEMP the name PATH, in the place of what has it or not. */
static int
name_file(const char *temp, const char *path, bool replace)
{
	if (replace)
		return rename(temp, path) != 0 ? -errno : 0;
	/* unlike a look before, link(2) cannot lose a race */
	if (link(temp, path) != 0)
		return -errno;
	(void)unlink(temp);
	return 0;
}

/* UID and GID of -1: ours. */
static int
write_file(const char *path, const void *data, size_t len, uid_t uid, gid_t gid,
    bool replace)
{
	struct buf temp = BUF_INIT(PATH_MAX);
	int fd = -1;
	int r;

	r = open_temp(path, &temp, &fd);
	if (r != 0)
		goto out;
	r = io_finish_file(fd, data, len, uid, gid);
	if (r == 0)
		r = name_file(buf_str(&temp), path, replace);
	if (r == 0)
		r = io_sync_directory_of(path);
	else
		(void)unlink(buf_str(&temp));
out:
	buf_wipe(&temp);
	return r;
}

int
io_replace(const char *path, const void *data, size_t len)
{
	return write_file(path, data, len, (uid_t)-1, (gid_t)-1, true);
}

int
io_create(const char *path, const void *data, size_t len)
{
	return write_file(path, data, len, (uid_t)-1, (gid_t)-1, false);
}

int
io_create_for(const char *path, const void *data, size_t len, uid_t uid,
    gid_t gid)
{
	return write_file(path, data, len, uid, gid, false);
}

void
io_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}
