/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one implementation of "walk the stack, lock, refresh, persist", because a
 * refresh token may be good for one use only, and whoever uses it twice loses
 * everything made from it:
 *
 *	walk 1, without a lock, ends before a helper that mints
 *	  |  found: answer
 *	take the lock of this credential
 *	store what still waits to be stored (keep.h)
 *	walk 2, from the top: somebody may have refreshed while we waited
 *	  |  before the minting helper: prove that the store can be written
 *	  |  mint; from here on no Ctrl-C until it is kept
 *	  |  refused: look once more, somebody may have refreshed elsewhere;
 *	  |	if not, mark the entry
 *	keep, answer, unlock
 */
#ifndef ROTATE_H
#define ROTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "conn.h"
#include "cred.h"
#include "result.h"
#include "stack.h"
#include "walk.h"

struct rotate {
	const struct stack *stack;
	const struct cred *request;
	const struct conn *conn; /* NULL when none is set */
	int64_t deadline_ms;
	int64_t refused_utc; /* as in walk.h */
};

/*
 * Get a credential.  W, a fresh walk, ends up with the answer, the reasons and
 * what was tried.
 */
enum result rotate_get(const struct rotate *r, struct walk *w);

/*
 * Persist what a login made: run the store rules under the credential's lock,
 * so that no refresh of the old token overwrites the new one.  The rule whose
 * store has it now is w->stored, where that is known.
 */
enum result
rotate_store(const struct rotate *r, const struct cred *made, struct walk *w);

/*
 * Whether what a login makes could be kept at all, as far as can be known
 * before it.  The reasons are in W.
 */
enum result rotate_check(const struct rotate *r, struct walk *w);

/*
 * Whether a store has a login: something live, or a refresh token that is
 * known to be ours, which what rotate_make() left behind in a crash is not.
 */
bool rotate_is_logged_in(const struct rotate *r);

/*
 * Make an entry from a refresh token that was found somewhere: FOUND names it.
 * Under the credential's lock, prove that it can be stored, let MAKE redeem
 * it, and keep what that gives, which *RET_MADE gets too.  Whatever MAKE does
 * not confirm is not kept, and a login that is there is left alone (denied).
 */
enum result rotate_make(const struct rotate *r, const struct cred *found,
    enum result (*make)(void *ctx, struct cred *ret_made), void *ctx,
    struct cred *ret_made, struct walk *w);

/*
 * Run the store or erase rules for what a caller of a connection says, under
 * the credential's lock and in its home.
 */
enum result
rotate_change(const struct rotate *r, enum stack_verb verb, struct walk *w);

/*
 * Remove the entry from all stores, under the credential's lock, so that no
 * refresh that is under way stores it again.
 */
enum result rotate_logout(const struct rotate *r, struct walk *w);

/*
 * Walk 1 of rotate_get() and no more: what the stores have, without a lock,
 * minting or storing.  not_found as well where the walk would have to mint, or
 * to run the key command of a store or ask a person (module_disturbs()), or
 * something newer waits to be stored.
 */
enum result rotate_look(const struct rotate *r, struct walk *w);

#endif
