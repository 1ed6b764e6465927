/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeping an entry of a connection, so that no crash, full disk or missing
 * store loses a refresh token that can be had only once.  Called under the
 * credential's lock (rotate.h).
 *
 *	what was just made
 *	  |  spool: in memory, where no disk can be full
 *	  |  store, by the store rules
 *	  |	failed: spool on disk as well; the next call picks it up
 *	  |  home: remember which store has it; empty the former one
 *	  v  drop the spool
 *
 * An entry has one home.  When the keyring is away, a login goes to the file;
 * when it returns, what it still holds is older and is not looked at.
 */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"
#include "module.h"
#include "result.h"
#include "stack.h"
#include "walk.h"

struct keep {
	/* in */
	const struct stack *stack;
	const struct cred *request; /* names the credential */
	uint64_t id;                /* of its records; 0: it has none */
	int64_t deadline_ms;

	/* module_ident() each; empty: not known, or there is none */
	struct buf home;
	struct buf former; /* may still have a copy, which is never asked */
};

#define KEEP_INIT                                             \
	{                                                     \
		NULL, NULL, 0, 0, BUF_INIT(MODULE_MAX_IDENT), \
		    BUF_INIT(MODULE_MAX_IDENT)                \
	}

/*
 * Read where the entry's home is.  Not success: there is a record, but others
 * could have made it or it cannot be read, as WHY says; then any store may
 * have something older than another, and none must be asked.
 */
enum result keep_open(struct keep *k, struct buf *why);

void keep_close(struct keep *k);

/* The home for struct walk: NULL when none is known. */
const char *keep_home(const struct keep *k);

/* The store rule of the home: NULL when none is known. */
const struct stack_rule *keep_home_rule(const struct keep *k);

/*
 * Whether what this module keeps could be written at all: to be asked before a
 * person is bothered with a login.  Reasons are appended to WHY.
 */
enum result keep_check(const struct keep *k, struct buf *why);

/* Whether something waits in the spool to be stored. */
bool keep_is_waiting(const struct keep *k);

/*
 * Store the unchanged entry, of which the stack HANDED on what a refresh
 * needs, in its home, and record that where it was not known: when that fails,
 * the next one could not be kept, and the refresh token must not be used up.
 * Reasons are appended to WHY.
 */
enum result
keep_probe(struct keep *k, const struct cred *handed, struct buf *why);

/*
 * Keep MADE.  success: it is in a store.  Anything else: WHY says where it is
 * now, and the next call tries again; it is good to be used all the same.
 */
enum result
keep_store(struct keep *k, const struct cred *made, struct buf *why);

/*
 * Store what waits in the spool.  success: nothing waits any more.  Else
 * *RET_ENTRY is what still waits, if it can be read; it is newer than anything
 * in the stores.
 */
enum result
keep_pick_up(struct keep *k, struct cred *ret_entry, struct buf *why);

/*
 * The server says that the refresh token in HANDED is dead.  Mark the entry,
 * so that nobody asks again; it stays, and so does the token, until a login
 * takes its place.
 */
void
keep_refused(const struct keep *k, const struct cred *handed, struct buf *why);

/*
 * A logout: drop the spool, and when all stores are EMPTY the home, too.
 * success: something was in the spool; not_found: nothing was.  Else what
 * could not be removed would be picked up by the next call, as WHY says.
 */
enum result keep_forget(struct keep *k, bool empty, struct buf *why);

#endif
