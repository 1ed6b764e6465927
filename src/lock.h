/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locks between processes of one user: flock(2) on a file of a private
 * directory that does not depend on HOME, TMPDIR or XDG variables, so that two
 * processes with different environments still exclude each other.  The kernel
 * drops the lock when its holder dies, however it dies.
 */
#ifndef LOCK_H
#define LOCK_H

#include <stdint.h>

#include "buf.h"

/*
 * Take the lock NAME (a plain file name), waiting until clock_ms() reaches
 * DEADLINE_MS; 0 tries once.  *RET_FD holds it until lock_release().  Returns
 * 0, -ETIMEDOUT when somebody else holds it, -EACCES when the directory or the
 * file is not ours alone, or negative errno; the reason goes to WHY.
 */
int
lock_take(const char *name, int64_t deadline_ms, struct buf *why, int *ret_fd);

/* The same with a lock file at PATH, whose directory exists. */
int lock_take_file(const char *path, int64_t deadline_ms, struct buf *why,
    int *ret_fd);

/* Give the lock back; negative FD is fine. */
void lock_release(int fd);

#endif
