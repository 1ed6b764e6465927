/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one implementation of "walk the stack, lock, refresh, persist"
 * (DESIGN.md 3, "Rotation"), because a refresh token may be good for one use
 * only, and whoever uses it twice loses everything made from it:
 *
 *	walk 1, without a lock, ends before a helper that mints
 *	  |  found: answer
 *	take the lock of this credential
 *	walk 2, from the top: somebody may have refreshed while we waited
 *	  |  before the minting helper: prove that the store can be written
 *	  |  mint
 *	persist, answer, unlock
 */
#ifndef ROTATE_H
#define ROTATE_H

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
};

/*
 * Get a credential.  W, a fresh walk, ends up with the answer, the reasons and
 * what was tried.
 */
enum result rotate_get(const struct rotate *r, struct walk *w);

/*
 * Persist what a login made: run the store rules under the credential's lock,
 * so that no refresh of the old token overwrites the new one.
 */
enum result
rotate_store(const struct rotate *r, const struct cred *made, struct walk *w);

/*
 * Walk the erase rules with VERB under the credential's lock, so that no
 * refresh that is under way stores again what a logout removes.
 */
enum result
rotate_erase(const struct rotate *r, const char *verb, struct walk *w);

#endif
