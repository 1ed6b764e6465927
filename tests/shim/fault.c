/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trouble at a chosen moment, by LD_PRELOAD: the events write, fsync, rename,
 * unlink and the end of a child are counted over all processes of a test, in
 * a file that they share; at the Nth one something happens.
 *
 *	COCO_TEST_FAULT_FILE=PATH	the counter; an empty file at first
 *	COCO_TEST_FAULT_AT=N		which event; 0 or unset: only count
 *	COCO_TEST_FAULT=before		SIGKILL instead of the call
 *	COCO_TEST_FAULT=after		SIGKILL behind the call
 *	COCO_TEST_FAULT=NUMBER		the call fails with this errno; so do
 *					all later ones of its kind when
 *					COCO_TEST_FAULT_LASTS=1
 *	COCO_TEST_FAULT_KIND=KIND	count events of this kind only
 *	COCO_TEST_FAULT_BELOW=PATH	the directory PATH and what is below it
 *					is on a read-only file system, whoever
 *					asks; this is no event
 *
 * The file gets a line for what happened.  The calls go on by system call,
 * because a search for libc's own functions may run before a sanitizer has set
 * itself up.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE 4096

/* What the file holds; the text is for the test to read. */
struct shared {
	_Atomic long count;
	_Atomic int kind; /* 1 + the kind that failed and fails on */
	char text[256];
};

enum kind {
	WRITE,
	FSYNC,
	RENAME,
	UNLINK,
	CHILD
};

static const char *const names[] = { "write", "fsync", "rename", "unlink",
	"child" };

static struct shared *
shared(void)
{
	static struct shared *map;
	const char *path = getenv("COCO_TEST_FAULT_FILE");
	void *p;
	int fd;

	if (map != NULL || path == NULL)
		return map;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		abort();
	if (syscall(SYS_ftruncate, fd, SIZE) != 0)
		abort();
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		abort();
	map = p;
	return map;
}

static void
tell(struct shared *s, enum kind kind, long n)
{
	snprintf(s->text, sizeof(s->text), "%ld %s %s\n", n, names[kind],
	    program_invocation_short_name);
}

/*
 * Count one event.  Returns the errno to fail with, or 0; *RET_DIE is set when
 * the process has to die behind the call.
 */
static int
event(enum kind kind, bool *ret_die)
{
	const char *at = getenv("COCO_TEST_FAULT_AT");
	const char *what = getenv("COCO_TEST_FAULT");
	const char *only = getenv("COCO_TEST_FAULT_KIND");
	struct shared *s = shared();
	long n;

	*ret_die = false;
	if (s == NULL || (only != NULL && strcmp(only, names[kind]) != 0))
		return 0;
	n = atomic_fetch_add(&s->count, 1) + 1;
	if (what == NULL || at == NULL)
		return 0;
	if (strtol(at, NULL, 10) != n)
		return s->kind == (int)kind + 1 ? atoi(what) : 0;
	tell(s, kind, n);
	if (strcmp(what, "before") == 0)
		raise(SIGKILL);
	*ret_die = strcmp(what, "after") == 0;
	if (!*ret_die && getenv("COCO_TEST_FAULT_LASTS") != NULL)
		s->kind = (int)kind + 1;
	return *ret_die ? 0 : atoi(what);
}

/* Make the call NUMBER as an event of KIND. */
static long
call(enum kind kind, long number, long a, long b, long c)
{
	bool die;
	int error = event(kind, &die);
	long r;

	if (error != 0) {
		errno = error;
		return -1;
	}
	r = syscall(number, a, b, c);
	if (die)
		raise(SIGKILL);
	return r;
}

/* GLib wakes its threads by writing to descriptors that are neither files nor
 * pipes, now and then: those do not count. */
static bool
is_counted(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode));
}

ssize_t
write(int fd, const void *data, size_t len)
{
	if (!is_counted(fd))
		return syscall(SYS_write, fd, data, len);
	return call(WRITE, SYS_write, fd, (long)data, (long)len);
}

int
fsync(int fd)
{
	return (int)call(FSYNC, SYS_fsync, fd, 0, 0);
}

/* Whether PATH may only be read; then errno says so. */
static bool
is_read_only(const char *path)
{
	const char *below = getenv("COCO_TEST_FAULT_BELOW");
	size_t len = below != NULL ? strlen(below) : 0;

	if (len == 0 || strncmp(path, below, len) != 0 ||
	    (path[len] != '/' && path[len] != '\0'))
		return false;
	errno = EROFS;
	return true;
}

int
rename(const char *from, const char *to)
{
	if (is_read_only(from) || is_read_only(to))
		return -1;
	return (int)call(RENAME, SYS_rename, (long)from, (long)to, 0);
}

int
unlink(const char *path)
{
	if (is_read_only(path))
		return -1;
	return (int)call(UNLINK, SYS_unlink, (long)path, 0, 0);
}

int
mkdir(const char *path, mode_t mode)
{
	struct stat st;

	/* a real one looks for the name first */
	if (stat(path, &st) != 0 && is_read_only(path))
		return -1;
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int
access(const char *path, int mode)
{
	int r = (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);

	return r == 0 && (mode & W_OK) != 0 && is_read_only(path) ? -1 : r;
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	struct stat st;
	va_list ap;

	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (((flags & O_ACCMODE) != O_RDONLY ||
		((flags & O_CREAT) != 0 && stat(path, &st) != 0)) &&
	    is_read_only(path))
		return -1;
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* What open() is called where an offset has 64 bits. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));

/* A child's end is an event once it is seen; it cannot fail. */
pid_t
waitpid(pid_t pid, int *status, int options)
{
	pid_t r = (pid_t)syscall(SYS_wait4, pid, status, options, NULL);
	bool die;

	if (r > 0) {
		(void)event(CHILD, &die);
		if (die)
			raise(SIGKILL);
	}
	return r;
}
