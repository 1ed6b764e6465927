/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks between processes: exclusion, deadlines, death of the holder. */
#include "coco.h"

#include <sys/wait.h>

#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "lock.h"
#include "tap.h"

#define LONG_MS 20000

static char name[64];

/* A child that holds the lock until it is killed; returns once it does. */
static pid_t
start_holder(void)
{
	struct buf why = BUF_INIT(PATH_MAX);
	int fds[2];
	char c = 0;
	pid_t pid;
	int fd;

	if (pipe(fds) != 0)
		bail("no pipe");
	pid = fork();
	if (pid == 0) {
		if (lock_take(name, clock_ms() + LONG_MS, &why, &fd) != 0 ||
		    write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	io_close(fds[1]);
	if (pid < 0 || read(fds[0], &c, 1) != 1)
		bail("no child that holds the lock");
	io_close(fds[0]);
	return pid;
}

static void
test_exclusion(void)
{
	struct buf why = BUF_INIT(PATH_MAX);
	int64_t start = clock_ms();
	pid_t pid = start_holder();
	int fd = -5;

	is_int(lock_take(name, 0, &why, &fd), -ETIMEDOUT, "held by another");
	ok(strstr(buf_str(&why), "is held by another process") != NULL,
	    "it says so");
	ok(strstr(buf_str(&why), name) != NULL, "and which");
	buf_clear(&why);
	start = clock_ms();
	is_int(lock_take(name, start + 50, &why, &fd), -ETIMEDOUT,
	    "still held at the deadline");
	ok(clock_ms() - start >= 50, "which was waited for");
	is_int(fd, -5, "the descriptor is untouched");
	buf_clear(&why);
	ok(kill(pid, SIGKILL) == 0, "the holder dies");
	is_int(lock_take(name, clock_ms() + LONG_MS, &why, &fd), 0,
	    "its lock is free");
	is_str(buf_str(&why), "", "no complaint");
	ok(fd >= 0, "a descriptor");
	(void)waitpid(pid, NULL, 0);
	lock_release(fd);
	lock_release(-1);
	buf_wipe(&why);
}

/* The file may be removed while it is held; who holds the new one excludes. */
static void
test_removed(void)
{
	struct buf why = BUF_INIT(PATH_MAX);
	char path[PATH_MAX];
	char link[64];
	int first = -1;
	int second = -1;
	ssize_t n;

	is_int(lock_take(name, 0, &why, &first), 0, "taken");
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", first);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	ok(strstr(path, name) != NULL, "a file of that name");
	ok(unlink(path) == 0, "somebody removes it");
	is_int(lock_take(name, 0, &why, &second), 0, "taken anew");
	is_int(lock_take(name, 0, &why, &first), -ETIMEDOUT, "but once");
	lock_release(first);
	lock_release(second);
	ok(unlink(path) == 0, "cleaned");
	buf_wipe(&why);
}

static void
test_environment(void)
{
	struct buf why = BUF_INIT(PATH_MAX);
	pid_t pid = start_holder();
	int fd = -1;

	(void)setenv("HOME", "/nonexistent", 1);
	(void)setenv("TMPDIR", "/nonexistent", 1);
	(void)setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	is_int(lock_take(name, 0, &why, &fd), -ETIMEDOUT,
	    "the same lock whatever the environment says");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	buf_wipe(&why);
}

int
main(void)
{
	(void)snprintf(name, sizeof(name), "test-%ld", (long)getpid());
	test_environment();
	test_exclusion();
	test_removed();
	return done_testing();
}
