/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The calls of a store (store.h) that keeps all of its entries in one file:
 * 0600 in a 0700 directory, changed under a lock, replaced atomically and
 * durably.  A codec may stand between the entries and the file, to encrypt
 * them.  libc only.
 *
 *	struct storefile f = { .name = "credentials" };
 *	const struct store s = { ..., STOREFILE_CALLS, .ctx = &f };
 *	return store_main(&s, argc, argv);
 */
#ifndef STOREFILE_H
#define STOREFILE_H

#include "buf.h"
#include "cred.h"
#include "entries.h"
#include "result.h"

/* Most bytes of a file: the text of the entries and what a codec adds. */
#define STOREFILE_MAX (ENTRIES_MAX_TEXT + 4096)

struct storefile {
	const char *name; /* in $XDG_DATA_HOME/coco */
	/* A path instead, "~/" expanded; a relative one is refused as wrong
	 * usage.  NULL: there is none. */
	const char *option;

	/*
	 * Turn what the file holds into the text of entries, and the other way
	 * round, into the empty buffer RET_TEXT.  NULL: they are the same.  A
	 * result other than success has been explained on stderr.
	 */
	enum result (*decode)(const struct buf *data, struct buf *ret_text);
	enum result (*encode)(const struct buf *text, struct buf *ret_data);

	int lock; /* of begin() */
};

#define STOREFILE_INIT      \
	{                   \
		.lock = -1, \
	}

#define STOREFILE_CALLS                                           \
	.location = storefile_location, .begin = storefile_begin, \
	.load = storefile_load, .save = storefile_save, .end = storefile_end

/* See struct store; CTX is a struct storefile. */
enum result storefile_location(void *ctx, struct buf *b);
enum result storefile_begin(void *ctx);
enum result storefile_load(void *ctx, const struct cred *request,
    struct entries *ret_entries);
enum result storefile_save(void *ctx, const struct entries *e);
void storefile_end(void *ctx);

#endif
