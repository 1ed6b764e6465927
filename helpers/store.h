/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A helper that keeps credentials: the verbs get, store, erase, logout, list
 * and status over a list of entries (entries.h), wherever that list lives.  A
 * store says how it is read and written; what the verbs mean is the same for
 * all of them.
 *
 *	get, list, status	load
 *	store, erase, logout	begin, load, save, end
 *
 * Each call of a store returns a result, and has explained on stderr whatever
 * is not success.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>

#include "buf.h"
#include "cred.h"
#include "entries.h"
#include "helper.h"
#include "opt.h"
#include "result.h"

struct store {
	const char *program; /* "coco-credential-file" */
	const char *summary;
	const struct opt *opts; /* ends with OPT_COMMON */
	opt_fn on_option;
	const char *footer;
	/* More verbs, ending with a NULL name; NULL for none. */
	const struct helper_verb *extra;
	bool encrypted; /* as list and status say it */

	/* Append where the entries are, for people. */
	enum result (*location)(void *ctx, struct buf *b);

	/* Append what else list and status say of it; NULL for nothing. */
	void (*detail)(void *ctx, struct buf *b);

	/* Keep others from changing the entries until end(). */
	enum result (*begin)(void *ctx);

	/*
	 * Read the entries that REQUEST could match, oldest first; all when it
	 * is NULL.  There being none is a success.
	 */
	enum result (*load)(void *ctx, const struct cred *request,
	    struct entries *ret_entries);

	/* Make the entries that the last load() gave become E. */
	enum result (*save)(void *ctx, const struct entries *e);

	/* Called once after begin(), also when that failed. */
	void (*end)(void *ctx);

	void *ctx;
};

/* The whole of main.  Returns the exit status. */
int store_main(const struct store *s, int argc, char **argv);

#endif
