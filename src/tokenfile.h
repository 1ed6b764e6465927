/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file "token" of a grant's directory, for drivers that read their token
 * from a file (token_file_path).  The directory is held by its descriptor and
 * mounted into a container, read-only if all is well; if it is not, what the
 * container puts there must not steer where we write (THREATS.md T10).
 */
#ifndef TOKENFILE_H
#define TOKENFILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#define TOKENFILE_NAME "token"

/*
 * Replace the file in DIRFD by LEN bytes, atomically and durably, 0600 and of
 * UID and GID; -1 leaves ours.  Only one at a time for each directory.
 * Whatever has its name is replaced, but for a directory that is not empty.
 * Returns 0 or negative errno, and then the old file is untouched, unless only
 * the last step, fsync of the directory, failed.
 */
int
tokenfile_write(int dirfd, const void *token, size_t len, uid_t uid, gid_t gid);

/* Whether there is a plain file of ours or of whom it was given to, and not
 * something that was put in its place. */
bool tokenfile_is_there(int dirfd);

/* Remove it, and what a process that was killed has left. */
void tokenfile_remove(int dirfd);

#endif
