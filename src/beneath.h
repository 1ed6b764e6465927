/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names in a directory that is held by its descriptor, and of which a process
 * that others control may see the same through a mount: no link is followed,
 * whoever put it there and when, and nothing outside is reached (THREATS.md
 * T10).  Needs openat2(2), Linux 5.6.
 */
#ifndef BENEATH_H
#define BENEATH_H

#include <sys/types.h>

#include "buf.h"

/*
 * openat2(2) of NAME with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, and with
 * O_CLOEXEC and O_NOFOLLOW; MODE counts with O_CREAT.  Returns the descriptor
 * or negative errno: -ELOOP for a link, -EXDEV for a way out.
 */
int beneath_open(int dirfd, const char *name, int flags, mode_t mode);

/* The same, and never through a mount: -EXDEV for that as well
 * (THREATS.md T12). */
int beneath_open_here(int dirfd, const char *name, int flags, mode_t mode);

/*
 * Remove NAME: a file, a link itself, or an empty directory.  Returns 0, also
 * when there is none, or negative errno.
 */
int beneath_remove(int dirfd, const char *name);

/*
 * Open the directory NAME of DIRFD, after making it where it is missing, and
 * give it exactly MODE.  One that is there is used, for it may be mounted
 * somewhere, if it is ours and no others could have put anything into it.
 * Returns 0, or negative errno with the reason in WHY: -EACCES when it is not
 * to be used.
 */
int beneath_make_directory(int dirfd, const char *name, mode_t mode,
    struct buf *why, int *ret_fd);

#endif
