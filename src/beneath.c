/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "io.h"
#include "path.h"

#define MODE_BITS 07777

static int
open_how(int dirfd, const char *name, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how;
	int fd;

	memset(&how, 0, sizeof(how));
	how.flags = (unsigned int)flags | O_CLOEXEC | O_NOFOLLOW;
	how.mode = (flags & O_CREAT) != 0 ? mode : 0;
	how.resolve = resolve;
	/* EAGAIN: something was renamed meanwhile (openat2(2)) */
	do
		fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : fd;
}

int
beneath_open(int dirfd, const char *name, int flags, mode_t mode)
{
	return open_how(dirfd, name, flags, mode,
	    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int
beneath_open_here(int dirfd, const char *name, int flags, mode_t mode)
{
	return open_how(dirfd, name, flags, mode,
	    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
		RESOLVE_NO_XDEV);
}

int
beneath_remove(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR && unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	return -errno;
}

/* Whether the directory FD is for us, and if so, with MODE from now on. */
static int
settle(int fd, mode_t mode, const char **ret_fault)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (st.st_uid != geteuid())
		*ret_fault = "belongs to another user";
	else
		*ret_fault = path_fault(st.st_uid, st.st_mode);
	if (*ret_fault != NULL)
		return -EACCES;
	if ((st.st_mode & MODE_BITS) != mode && fchmod(fd, mode) != 0)
		return -errno;
	return 0;
}

int
beneath_make_directory(int dirfd, const char *name, mode_t mode,
    struct buf *why, int *ret_fd)
{
	const char *fault = NULL;
	int fd = -1;
	int r = 0;

	if (mkdirat(dirfd, name, 0700) != 0 && errno != EEXIST)
		r = -errno;
	if (r == 0) {
		fd = beneath_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
		r = fd < 0 ? fd : settle(fd, mode, &fault);
	}
	if (r == 0) {
		*ret_fd = fd;
		return 0;
	}
	(void)buf_addf(why, "%s: %s", name,
	    fault != NULL ? fault : strerror(-r));
	io_close(fd);
	return r;
}
