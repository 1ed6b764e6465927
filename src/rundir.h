/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The directory of a container that coco-deploy has started: what is mounted
 * there, ID.d (0700) beside the record of the deployment ID.
 *
 *	cid	the id of the container, as the engine writes it
 *	root/	the root of the paths that are mounted: root/run/snowflake
 *
 * Whoever looks after the container holds the lock of the directory.  One whose
 * lock is free is nobody's, and what is left of it can be removed.
 *
 *	struct rundir dir = RUNDIR_INIT;
 *
 *	r = rundir_make(d.id, &why, &dir);
 *	...
 *	r = rundir_remove(&dir, &why);
 *	rundir_close(&dir);
 *
 * Errors are negative errno, with the reason in WHY.
 */
#ifndef RUNDIR_H
#define RUNDIR_H

#include <stdint.h>

#include "buf.h"
#include "deployment.h"
#include "place.h"

struct rundir {
	struct buf path;
	int fd; /* has the lock */
};

#define RUNDIR_INIT                          \
	{                                    \
		BUF_INIT(PLACE_MAX_PATH), -1 \
	}

/* Make the directory of the deployment ID, and take its lock. */
int rundir_make(const char *id, struct buf *why, struct rundir *ret);

/* Take the lock of the one that is there.  -EBUSY when somebody has it, -ENOENT
 * when there is no such directory, both without a reason. */
int rundir_take(const char *id, struct buf *why, struct rundir *ret);

/* Make the directory PATH, a place_is_path(), and those above it below root/;
 * it is of UID and GID, the ones above are ours. */
int rundir_make_root(const struct rundir *dir, const char *path, uint32_t uid,
    uint32_t gid, struct buf *why);

/* Append the path of NAME in it. */
int rundir_path(const struct rundir *dir, const char *name, struct buf *b);

/*
 * Remove it with all that is in it.  The container could write there, so no
 * link is followed and no mount entered; -ELOOP when it has made too many
 * directories in each other.
 */
int rundir_remove(const struct rundir *dir, struct buf *why);

/* Give the lock back; one that was never made is fine. */
void rundir_close(struct rundir *dir);

/* Call FN for each directory there is, until it returns other than 0.  Returns
 * what it did, or negative errno. */
int
rundir_each(int (*fn)(void *ctx, const char *id), void *ctx, struct buf *why);

#endif
