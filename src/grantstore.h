/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grants on disk: one file each, ID.json (0600) in
 * $XDG_STATE_HOME/coco/tokend/grants (0700), so that a damaged one takes no
 * other with it.  Each is replaced as a whole and forced to the disk.
 *
 *	r = grantstore_open(0, &why, &store);
 *	r = grantstore_load(store, take_grant, hear_fault, ctx);
 *	r = grantstore_save(store, &grant, &why);
 *	...
 *	grantstore_close(store);
 *
 * Two daemons with different sockets have the same state directory, so whoever
 * has the store open holds the lock tokend/lock.  What cannot be read as a
 * grant is never passed over in silence and never deleted: it is renamed to
 * ID.json.bad, so that a person can look at it and the next start is quiet.
 */
#ifndef GRANTSTORE_H
#define GRANTSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "grant.h"

#define GRANTSTORE_MAX_WHY 8192

struct grantstore;

/* Take a grant that was found, maybe one that is over.  G is FN's: it ends with
 * grant_clear(), or FN moves it elsewhere. */
typedef void (*grantstore_grant_fn)(void *ctx, struct grant *g);

/* Hear what is wrong with a file: "PATH: reason". */
typedef void (*grantstore_fault_fn)(void *ctx, const char *fault);

/*
 * Make what is missing of the directory, and take the lock until clock_ms()
 * reaches DEADLINE_MS; 0 tries once.  Returns 0; -ETIMEDOUT when another daemon
 * has it; -EACCES when a directory is not ours alone; -ENOENT without HOME; or
 * negative errno.  The reason goes to WHY.  The caller ends with
 * grantstore_close().
 */
int grantstore_open(int64_t deadline_ms, struct buf *why,
    struct grantstore **ret_store);

/* Give the lock back; NULL is fine. */
void grantstore_close(struct grantstore *s);

/*
 * Read all grants, in the order of their ids, and remove what a process that
 * was killed has left half written.  FAULT hears of each file that is no grant
 * of ours: it belongs to another user or is open to others, is no plain file,
 * cannot be understood, or has another id than its name says; it was set aside.
 * One of a newer version, and one that cannot be read just now, stays where it
 * is.  Returns 0, also with such files, or negative errno when the directory
 * cannot be read.
 */
int grantstore_load(struct grantstore *s, grantstore_grant_fn grant,
    grantstore_fault_fn fault, void *ctx);

/* Write G, in the place of what was there.  Returns 0 or negative errno with
 * the reason in WHY; then the old file is untouched, unless only its
 * durability is in doubt. */
int
grantstore_save(struct grantstore *s, const struct grant *g, struct buf *why);

/* Remove the grant ID; one that is not there is fine.  Returns 0 or negative
 * errno with the reason in WHY. */
int grantstore_remove(struct grantstore *s, const char *id, struct buf *why);

/* Whether there is a file for the grant ID, of whatever kind. */
bool grantstore_has(const struct grantstore *s, const char *id);

/* Remove all grants, those that cannot be read among them.  Returns 0 or the
 * first negative errno, with the reasons in WHY. */
int grantstore_remove_all(struct grantstore *s, struct buf *why);

/* The directory of the daemon's state, "PATH/tokend", which it may write: for
 * confine.h. */
const char *grantstore_directory(const struct grantstore *s);

#endif
