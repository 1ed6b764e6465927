/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files and descriptors: whole reads with a limit, whole writes, and replacing
 * a file so that a crash at any point leaves the old or the new one.
 */
#ifndef IO_H
#define IO_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* Append what one read(2) of FD gives; *RET_END tells that there is no more.
 * -EMSGSIZE when the buffer's maximum is not enough. */
int io_read_some(int fd, struct buf *b, bool *ret_end);

/* Append all that FD gives until its end.  -EMSGSIZE when the buffer's maximum
 * is not enough. */
int io_read_all(int fd, struct buf *b);

/* Append the content of the regular file or FIFO PATH (links are followed).
 * Negative errno of open(2) or read(2), -EMSGSIZE when it is too long. */
int io_read_file(const char *path, struct buf *b);

/* Append the content of the regular file PATH, which nobody else may have
 * written or can read: -EACCES when it is a link, no regular file, not ours, or
 * open to group or others.  Else as io_read_file(). */
int io_read_private(const char *path, struct buf *b);

/*
 * Append the content of PATH, a file in which a person keeps a secret, links
 * being followed: a regular file, or, if FIFO says so, one of those, whose
 * writer is waited for.  It must be ours or root's, and others must not be
 * able to change it.  It is looked at before it is opened, because to open a
 * device may have effects, and once more after that.
 *
 * Returns 0, -EACCES, -EMSGSIZE or negative errno.  *RET_NOTE is what can be
 * said after its name: why it is refused, or with 0 a warning that others can
 * read it; NULL when there is nothing to be said but the errno.  It lasts
 * until the next call.
 */
int io_read_secret(const char *path, bool fifo, struct buf *b,
    const char **ret_note);

/* Write all LEN bytes; short writes and EINTR are dealt with. */
int io_write_all(int fd, const void *data, size_t len);

/* The same for a file just made, which gets its owner (-1: stays), is synced
 * and always closed. */
int io_finish_file(int fd, const void *data, size_t len, uid_t uid, gid_t gid);

/*
 * Replace the file PATH by LEN bytes, atomically and durably: a temporary file
 * in the same directory, made 0600 from the start, fsync, rename, fsync of the
 * directory.  The directory must exist; callers who might replace the same file
 * keep each other out by a lock.  PATH itself is replaced, even when it
 * is a link.  On failure the temporary file is gone and the old one untouched,
 * unless it was only the last step that failed: then the new file is there,
 * but may not survive a crash.
 */
int io_replace(const char *path, const void *data, size_t len);

/* The same, but -EEXIST when there is something at PATH already, which is then
 * left as it is. */
int io_create(const char *path, const void *data, size_t len);

/* The same, and the file is of UID and GID before it has its name; -1: ours. */
int io_create_for(const char *path, const void *data, size_t len, uid_t uid,
    gid_t gid);

/* Remove the file PATH.  Returns 0, also when there is none, or negative
 * errno. */
int io_remove(const char *path);

/* Remove the temporary file that a process which was killed in io_replace(PATH)
 * has left, secrets and all.  Callers hold the lock of PATH.  Returns 0, also
 * when there is none, or negative errno. */
int io_drop_temporary(const char *path);

/* Make the change of a name in the directory of PATH durable.  Returns 0 or
 * negative errno. */
int io_sync_directory_of(const char *path);

/* Append the directory that the file PATH is in; "." where none is named. */
int io_directory_of(const char *path, struct buf *b);

/* Close FD unless it is negative; errno is kept. */
void io_close(int fd);

#endif
