/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "beneath.h"
#include "io.h"
#include "tokenfile.h"

#define TEMPORARY ".token.tmp"

static int
write_temporary(int dirfd, const void *token, size_t len, uid_t uid, gid_t gid)
{
	int fd;
	int r;

	r = beneath_remove(dirfd, TEMPORARY);
	if (r != 0)
		return r;
	fd = beneath_open(dirfd, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL, 0600);
	return fd < 0 ? fd : io_finish_file(fd, token, len, uid, gid);
}

static int
rename_temporary(int dirfd)
{
	if (renameat(dirfd, TEMPORARY, dirfd, TOKENFILE_NAME) == 0)
		return 0;
	if (errno != EISDIR)
		return -errno;
	/* planted there: no directory of that name is ours */
	if (unlinkat(dirfd, TOKENFILE_NAME, AT_REMOVEDIR) != 0 ||
	    renameat(dirfd, TEMPORARY, dirfd, TOKENFILE_NAME) != 0)
		return -errno;
	return 0;
}

int
tokenfile_write(int dirfd, const void *token, size_t len, uid_t uid, gid_t gid)
{
	int r;

	r = write_temporary(dirfd, token, len, uid, gid);
	if (r == 0)
		r = rename_temporary(dirfd);
	if (r != 0) {
		(void)beneath_remove(dirfd, TEMPORARY);
		return r;
	}
	return fsync(dirfd) != 0 ? -errno : 0;
}

void
tokenfile_remove(int dirfd)
{
	(void)beneath_remove(dirfd, TOKENFILE_NAME);
	(void)beneath_remove(dirfd, TEMPORARY);
}

bool
tokenfile_is_there(int dirfd)
{
	struct stat st;

	return fstatat(dirfd, TOKENFILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_nlink == 1;
}
