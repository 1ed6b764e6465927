/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the front end keeps about a credential from one run to the next: one
 * private file for each credential and place, which holds one credential
 * message.  Files are replaced atomically and durably, so a reader finds the
 * old or the new one whole.
 *
 *	RECORD_MEMORY	an entry on its way to its store, in memory
 *	RECORD_DISK	the same, when the store would not take it: durable
 *	RECORD_HOME	which store has the entry (state "coco:home=...")
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>

#include "buf.h"
#include "cred.h"

enum record_place {
	RECORD_MEMORY, /* /dev/shm/coco-UID/spool-ID */
	RECORD_DISK,   /* $XDG_STATE_HOME/coco/spool/ID */
	RECORD_HOME    /* $XDG_STATE_HOME/coco/home/ID */
};

/*
 * Write C as the record ID of PLACE, 0600 in a directory of ours, which is
 * made.  Its path is appended to RET_PATH, also on failure if it got so far.
 * Returns 0 or negative errno.
 */
int record_put(enum record_place place, uint64_t id, const struct cred *c,
    struct buf *ret_path);

/*
 * Make the directory of PLACE and see whether records can be made in it; its
 * path is appended to RET_PATH.  Returns 0 or negative errno.
 */
int record_check(enum record_place place, struct buf *ret_path);

/*
 * Read the record ID of PLACE; its path is appended to RET_PATH.  Returns 0;
 * -ENOENT when there is none; -ESRCH when it is about another credential than
 * REQUEST (another user's, or ID is a hash that two have); -EACCES when
 * somebody else could have made it; -EBADMSG when it is no message.
 */
int record_get(enum record_place place, uint64_t id, const struct cred *request,
    struct cred *ret_cred, struct buf *ret_path);

/* C is what the record PATH has; NULL: it cannot be read, for the reason that
 * ERROR says as for record_get(). */
typedef void (*record_fn)(void *ctx, const char *path, const struct cred *c,
    int error);

/* Tell FN of all records of PLACE.  Returns 0, also when there is no such
 * directory, or negative errno. */
int record_each(enum record_place place, record_fn fn, void *ctx);

/* Remove it, durably, and what a killed process left of it; there being none is
 * fine.  Its path is appended to RET_PATH.  Returns 0 or negative errno. */
int record_drop(enum record_place place, uint64_t id, struct buf *ret_path);

#endif
