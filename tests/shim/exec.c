/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is executed, by LD_PRELOAD: each process, as it starts, appends its
 * arguments and its environment, one a line, to
 *
 *	COCO_TEST_EXECS=PATH
 *
 * So it does not matter how it was started: posix_spawn(3) has an execve of its
 * own, which nobody can take the place of.  All goes by system call, because a
 * search for libc's own functions may run before a sanitizer has set itself up.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define SIZE (1024 * 1024)

/* Append what is in the file FROM to what is open as TO, in one piece, so that
 * no other process comes between. */
static void
append(int to, const char *from)
{
	static char text[SIZE];
	long fd = syscall(SYS_openat, AT_FDCWD, from, O_RDONLY | O_CLOEXEC, 0);
	size_t len = 0;
	size_t i;
	long n = 0;

	if (fd < 0)
		abort();
	do {
		n = syscall(SYS_read, fd, text + len, SIZE - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && len < SIZE);
	(void)syscall(SYS_close, fd);
	for (i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	if (syscall(SYS_write, to, text, len) != (long)len)
		abort();
}

__attribute__((constructor)) static void
record(void)
{
	const char *path = getenv("COCO_TEST_EXECS");
	long to;

	if (path == NULL)
		return;
	to = syscall(SYS_openat, AT_FDCWD, path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (to < 0)
		abort();
	append((int)to, "/proc/self/cmdline");
	append((int)to, "/proc/self/environ");
	(void)syscall(SYS_close, to);
}
