/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "lock.h"
#include "path.h"

/* Longest pause between two tries; short, because a refresh is short. */
#define PAUSE_MAX_MS 20

/* Whether FD is still the file that PATH names: whoever cleans up /dev/shm
 * must not leave us with a lock that nobody else can see. */
static bool
is_same_file(int fd, const char *path)
{
	struct stat a;
	struct stat b;

	return fstat(fd, &a) == 0 && lstat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* One try.  -EAGAIN when somebody else has it or the file was replaced. */
static int
try_lock(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		r = errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
	else
		r = is_same_file(fd, path) ? 0 : -EAGAIN;
	if (r != 0)
		io_close(fd);
	else
		*ret_fd = fd;
	return r;
}

int
lock_take_file(const char *path, int64_t deadline_ms, struct buf *why,
    int *ret_fd)
{
	int pause_ms = 1;
	int r;

	for (;;) {
		r = try_lock(path, ret_fd);
		if (r != -EAGAIN)
			break;
		if (deadline_ms == 0 || clock_ms() >= deadline_ms) {
			r = -ETIMEDOUT;
			break;
		}
		(void)poll(NULL, 0, pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 :
							 PAUSE_MAX_MS;
	}
	if (r == -ETIMEDOUT)
		(void)buf_addf(why, "%s is held by another process", path);
	else if (r != 0)
		(void)buf_addf(why, "%s: %s", path, strerror(-r));
	return r;
}

int
lock_take(const char *name, int64_t deadline_ms, struct buf *why, int *ret_fd)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = path_memory(&path, why);
	if (r == 0)
		r = buf_addf(&path, "/%s", name);
	if (r == 0)
		r = lock_take_file(buf_str(&path), deadline_ms, why, ret_fd);
	buf_wipe(&path);
	return r;
}

void
lock_release(int fd)
{
	io_close(fd);
}
