/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A target that is a directory: the root of something that will run there.
 * Whoever runs there may have prepared it, so nothing leads out of it and
 * nothing is followed: no link, no mount, no file that has another name
 * elsewhere (THREATS.md T12).  Files are replaced whole and durably.
 *
 *	r = rootdir_open(path, &why, &root);
 *	r = rootdir_read(&root, &places, &why);
 *	r = rootdir_write(&root, &changes, &why);
 *	rootdir_close(&root);
 */
#ifndef ROOTDIR_H
#define ROOTDIR_H

#include <stdbool.h>

#include "buf.h"
#include "place.h"
#include "strv.h"

struct rootdir {
	int fd;
	/* what is mounted there belongs to it: a container that is about to
	 * start, whose mounts nobody in it has made */
	bool has_mounts;
};

#define ROOTDIR_INIT      \
	{                 \
		-1, false \
	}

/* Open the directory PATH, whose own links are followed.  Returns 0 or negative
 * errno with the reason in WHY. */
int rootdir_open(const char *path, struct buf *why, struct rootdir *ret_root);

/* One that is not open is fine. */
void rootdir_close(struct rootdir *root);

/* Open the directory that PATH, a place_is_path(), is in.  Returns a descriptor
 * or negative errno: -ELOOP, -EXDEV. */
int rootdir_open_parent(const struct rootdir *root, const char *path);

/*
 * Look what is at each place, with the contents of files.  What cannot be gone
 * to without following something is PLACE_ODD.  Returns 0; or -EMSGSIZE or
 * negative errno with the reason in WHY.
 */
int rootdir_read(const struct rootdir *root, struct places *p, struct buf *why);

/*
 * Make each place what it says, in order: a directory gets mode and owner, a
 * file is replaced.  Returns 0 or negative errno with the reason in WHY; what
 * was done before that stays.
 */
int rootdir_write(const struct rootdir *root, const struct places *changes,
    struct buf *why);

/*
 * Remove what a rootdir_write() that was interrupted may have left beside the
 * files PATHS, so that its directory can be empty again.  Returns as that.
 */
int rootdir_tidy(const struct rootdir *root, const struct strv *paths,
    struct buf *why);

/*
 * Remove files and empty directories, in order; one that is not there is fine,
 * a directory that is not empty is added to STAYED.  Returns as
 * rootdir_write().
 */
int rootdir_remove(const struct rootdir *root, const struct strv *paths,
    struct strv *stayed, struct buf *why);

#endif
