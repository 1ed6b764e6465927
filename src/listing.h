/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the stores of all stacks list: each helper of ours that says by its
 * capabilities that it can list is asked once for each way in which the stacks
 * call it.  What comes is not judged; that is the business of who asks.
 *
 * A listing is blocks of lines "key=value" with blank lines between them
 * (coco-protocol(7)): one about the store, then one for each entry.
 */
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "result.h"
#include "stack.h"

/* Lines up to a blank one. */
struct listing_block {
	const char *s;
	size_t len;
};

/* Take the block at *AT, and step behind it.  Returns whether there is one. */
bool listing_next(const char **at, struct listing_block *ret_block);

/* The value of KEY, without a NUL behind it; NULL when it is not there. */
const char *listing_value(const struct listing_block *block, const char *key,
    size_t *ret_len);

/* Whether the value of KEY is there and VALUE. */
bool listing_is(const struct listing_block *block, const char *key,
    const char *value);

/* The value of KEY as a number; 0 when it is not there or none. */
int64_t listing_number(const struct listing_block *block, const char *key);

enum listing_kind {
	LISTING_STORE,   /* it can list, or is a store and failed */
	LISTING_SOURCE,  /* another helper of ours */
	LISTING_FOREIGN, /* a helper that is not ours; it was not asked */
	LISTING_FAULT    /* a stack that cannot be used */
};

struct listing_report {
	enum listing_kind kind;
	const struct stack_rule *rule; /* NULL for a fault */
	const char *stack;             /* its name */
	enum result result;
	const struct buf *text; /* of a store: whole blocks only */
	const struct buf *why;  /* what went wrong, a line each; may be empty */
	int64_t deadline_ms;    /* until then more can be asked of it */
};

typedef void (*listing_fn)(void *ctx, const struct listing_report *report);

/*
 * Ask all helpers of the stack NAME, of all stacks if it is NULL, and tell FN
 * of each.  Each gets an equal share of the time that is left until
 * DEADLINE_MS, for one that hangs must not use up that of the others.
 */
void
listing_run(const char *name, int64_t deadline_ms, listing_fn fn, void *ctx);

#endif
