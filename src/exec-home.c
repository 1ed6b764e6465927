/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "exec-child.h"
#include "exec-home.h"
#include "io.h"
#include "lock.h"
#include "path.h"

#define PREFIX "exec-"

/* Whoever makes or sweeps a directory holds this lock, so that a new one is
 * never seen without its own. */
#define MAKE_LOCK         "exec"
#define MAKE_LOCK_WAIT_MS 10000

/* The command may still be writing there when it is killed with us. */
#define REMOVE_TRIES 5

/* Closed directories within each other that are opened. */
#define OPEN_TRIES 64
#define MAX_OPEN   16

/* Set by open_one(), for nftw() hands nothing on. */
static bool was_closed;

/* Before a directory is looked into: what it holds must be reachable. */
static int
open_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_DNR)
		was_closed = true;
	if (type == FTW_DNR || (type == FTW_D && (st->st_mode & 0700) != 0700))
		(void)chmod(path, 0700);
	return 0;
}

/* The command may have closed directories: Go's module cache has many. */
static void
open_tree(const char *dir)
{
	int i = 0;

	do {
		was_closed = false;
		(void)nftw(dir, open_one, MAX_OPEN, FTW_PHYS | FTW_MOUNT);
	} while (was_closed && ++i < OPEN_TRIES);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	/* go on whatever happens: the files with secrets matter most */
	if (type == FTW_DP || type == FTW_DNR)
		(void)rmdir(path);
	else
		(void)unlink(path);
	return 0;
}

/* Remove the file NAME of a directory. */
static void
remove_file(const char *dir, const char *name)
{
	struct buf path = BUF_INIT(PATH_MAX);

	if (buf_addf(&path, "%s/%s", dir, name) == 0)
		(void)unlink(buf_str(&path));
	buf_wipe(&path);
}

/* Remove a directory with all that is in it; links are not followed, and what
 * was mounted there stays.  The command may have filled it with what cannot be
 * walked: what is secret goes first. */
static void
remove_tree(const char *dir)
{
	int i;

	(void)chmod(dir, 0700);
	remove_file(dir, "token");
	remove_file(dir, "header");
	open_tree(dir);
	for (i = 0; i < REMOVE_TRIES; i++)
		if (nftw(dir, remove_one, MAX_OPEN,
			FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 ||
		    access(dir, F_OK) != 0)
			break;
}

/*
 * Take the lock of a directory: on itself, for the command may remove what is
 * in it.  -EWOULDBLOCK when somebody else has it.  Its path is the same before
 * and after, because that changes only under the lock for making.
 */
static int
lock_directory(const char *dir, int *ret_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(dir, flags);
	int r = 0;

	/* its command may have closed it */
	if (fd < 0 && errno == EACCES && chmod(dir, 0700) == 0)
		fd = open(dir, flags);
	if (fd < 0)
		return -errno;
	do
		r = flock(fd, LOCK_EX | LOCK_NB) != 0 ? -errno : 0;
	while (r == -EINTR);
	if (r != 0)
		io_close(fd);
	else
		*ret_fd = fd;
	return r;
}

/* Remove a directory if its owner is dead: then nobody has its lock. */
static void
sweep_one(const char *dir)
{
	int fd = -1;

	if (lock_directory(dir, &fd) == 0)
		remove_tree(dir);
	lock_release(fd);
}

static void
sweep(const char *parent)
{
	struct buf path = BUF_INIT(PATH_MAX);
	DIR *d = opendir(parent);
	const struct dirent *entry;

	if (d == NULL)
		return;
	for (entry = readdir(d); entry != NULL; entry = readdir(d)) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		buf_clear(&path);
		if (buf_addf(&path, "%s/%s", parent, entry->d_name) == 0)
			sweep_one(buf_str(&path));
	}
	(void)closedir(d);
	buf_wipe(&path);
}

/* The guard's whole life.  FD reads from the pipe that only we write to. */
static void NO_RETURN
guard(const char *dir, int fd)
{
	sigset_t all;
	ssize_t n;
	char c;

	/* never delivered, whatever is sent; KILL and STOP cannot be */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	exec_child_detach(fd, -1);
	/* keep no file system busy */
	if (chdir("/") != 0)
		errno = 0;
	do
		n = read(fd, &c, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	remove_tree(dir);
	_exit(0);
}

static int
start_guard(struct exec_home *h)
{
	int fds[2];

	if (pipe(fds) != 0)
		return -errno;
	(void)fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	h->guard = fork();
	if (h->guard == 0) {
		io_close(fds[1]);
		lock_release(h->lock);
		guard(buf_str(&h->dir), fds[0]);
	}
	io_close(fds[0]);
	h->pipe = fds[1];
	return h->guard < 0 ? -errno : 0;
}

/* Under the lock for making: sweep, make, lock. */
static int
make(struct exec_home *h, const char *parent, struct buf *why)
{
	char path[PATH_MAX];
	int r;

	sweep(parent);
	if (snprintf(path, sizeof(path), "%s/" PREFIX "XXXXXX", parent) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	if (mkdtemp(path) == NULL) {
		r = -errno;
		(void)buf_addf(why, "cannot make a directory in %s: %s", parent,
		    strerror(-r));
		return r;
	}
	(void)buf_adds(&h->dir, path);
	r = lock_directory(path, &h->lock);
	if (r != 0)
		(void)buf_addf(why, "cannot lock %s: %s", path, strerror(-r));
	return r;
}

int
exec_home_make(struct exec_home *h, struct buf *why)
{
	struct buf parent = BUF_INIT(PATH_MAX);
	int fd = -1;
	int r;

	r = path_memory(&parent, why);
	if (r == 0)
		r = lock_take(MAKE_LOCK, clock_ms() + MAKE_LOCK_WAIT_MS, why,
		    &fd);
	if (r == 0)
		r = make(h, buf_str(&parent), why);
	lock_release(fd);
	if (r == 0) {
		r = start_guard(h);
		if (r != 0)
			(void)buf_addf(why, "cannot start a process: %s",
			    strerror(-r));
	}
	buf_wipe(&parent);
	return r;
}

/* Whether the directory that we hold the lock of is still there. */
static bool
is_there(const struct exec_home *h)
{
	struct stat ours;
	struct stat there;

	return fstat(h->lock, &ours) == 0 &&
	    lstat(buf_str(&h->dir), &there) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Under the lock for making. */
static int
make_again(struct exec_home *h)
{
	int fd = -1;
	int r;

	r = path_make_private(buf_str(&h->dir));
	if (r == 0)
		r = lock_directory(buf_str(&h->dir), &fd);
	if (r == 0) {
		lock_release(h->lock);
		h->lock = fd;
	}
	return r;
}

int
exec_home_restore(struct exec_home *h, struct buf *why)
{
	int fd = -1;
	int r;

	if (is_there(h))
		return 0;
	r = lock_take(MAKE_LOCK, 0, why, &fd);
	if (r != 0)
		return r;
	r = make_again(h);
	if (r != 0)
		(void)buf_addf(why, "cannot make %s again: %s",
		    buf_str(&h->dir), strerror(-r));
	lock_release(fd);
	return r;
}

int
exec_home_path(const struct exec_home *h, const char *name, struct buf *b)
{
	return buf_addf(b, "%s/%s", buf_str(&h->dir), name);
}

int
exec_home_write(const struct exec_home *h, const char *name, const void *data,
    size_t len, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = exec_home_path(h, name, &path);
	if (r == 0)
		r = io_replace(buf_str(&path), data, len);
	if (r != 0)
		(void)buf_addf(why, "%s: %s", buf_str(&path), strerror(-r));
	buf_wipe(&path);
	return r;
}

void
exec_home_remove(struct exec_home *h)
{
	if (h->dir.len != 0)
		remove_tree(buf_str(&h->dir));
	/* nothing is left for it to do, and it must not outlive us */
	if (h->guard > 0) {
		(void)kill(h->guard, SIGKILL);
		while (waitpid(h->guard, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	io_close(h->pipe);
	lock_release(h->lock);
	buf_wipe(&h->dir);
	*h = (struct exec_home)EXEC_HOME_INIT;
}
