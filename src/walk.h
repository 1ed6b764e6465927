/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walk a stack: run its helpers in order under PAM's rules (stack.h), and let
 * attributes flow from one to the next:
 *
 * - each helper's request is the caller's plus what earlier helpers gave;
 * - one whose action was ok or done contributes to the answer, later over
 *   earlier;
 * - one that found something expired hands on username, refresh token and
 *   states only, whatever its action;
 * - one that knows only a username hands that on.
 *
 * An entry of a connection has one home among our stores.  Where that is
 * known, the other stores are passed over as if they were not there: they may
 * hold an older entry (keep.h).
 *
 * An entry of a connection that was made by another client, or another token
 * endpoint, than the connection names now counts as expired, however long it
 * would live: who changes them wants tokens of the new ones.  So does one that
 * is no newer than a token that was refused.
 */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "conn.h"
#include "cred.h"
#include "result.h"
#include "stack.h"

#define WALK_MAX_WHY 8192

struct walk {
	/* in */
	const struct stack *stack;
	const struct cred *request;
	int64_t deadline_ms;
	const char *home; /* module_ident() of the home; NULL: not known */
	bool is_look; /* stop before a helper that disturbs (module.h), too */
	/* whose token is wanted; NULL: anybody's */
	const struct conn *conn;
	/* what was issued until then, at a time that is known, is of no use any
	 * more; 0: nothing */
	int64_t refused_utc;
	/*
	 * Called before a helper that mints runs, with what was handed on so
	 * far.  Returns success to go on; anything else ends the walk with
	 * that result.  NULL: the walk stops there, STOPPED set.
	 */
	enum result (*before_mint)(void *ctx, const struct cred *handed);
	void *ctx;

	/* out; walk_wipe() releases */
	bool stopped; /* before a helper that mints, or disturbs */
	bool late;    /* the answer came from behind a miss */
	const struct stack_rule *minter; /* the last that was run, or NULL */
	enum result minter_said;         /* not_found when none was */
	enum result home_said; /* of the home; not_found when not asked */
	bool unreached;        /* one of our stores could not be asked */
	/* the first of our stores that took what was stored, or NULL */
	const struct stack_rule *stored;
	struct cred answer;
	struct cred handed; /* what the next helper would be told */
	struct buf why;     /* what went wrong, a line each */
	struct buf tried;   /* "file: expired, oauth: denied" */
};

#define WALK_INIT                                                   \
	{                                                           \
		.minter_said = RESULT_NOT_FOUND,                    \
		.home_said = RESULT_NOT_FOUND, .answer = CRED_INIT, \
		.handed = CRED_INIT, .why = BUF_INIT(WALK_MAX_WHY), \
		.tried = BUF_INIT(WALK_MAX_WHY),                    \
	}

/* Whether FOUND, as a store keeps it, is no newer than what was refused. */
bool walk_is_refused(int64_t refused_utc, const struct cred *found);

/* Walk the get rules.  With a result of success the answer is complete. */
enum result walk_get(struct walk *w);

/*
 * Walk the rules of store or erase; VERB is what the helpers are told, so that
 * logout runs over the erase rules (helpers that are not ours get "erase").
 */
enum result
walk_change(struct walk *w, enum stack_verb rules, const char *verb);

/* Wipe what came out; the walk can be used again. */
void walk_wipe(struct walk *w);

#endif
