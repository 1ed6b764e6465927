/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the errors of an authorization server mean, and what to do about them:
 * one table for the names of RFC 6749 5.2 (and of its relatives) and for
 * Snowflake's numbers (snowflake.md 1.6), whichever way they come.
 *
 * Only invalid_grant means that a refresh token is dead; whatever else a
 * server says, the token may be good tomorrow.
 */
#ifndef OAUTH_ERROR_H
#define OAUTH_ERROR_H

#include "buf.h"
#include "oauth-answer.h"
#include "result.h"

/* What a server said; each may be NULL. */
struct oauth_fault {
	const char *error; /* "invalid_client", or a number */
	const char *code;  /* Snowflake's number */
	const char *text;  /* for people; a number may be in it */
};

struct oauth_error {
	const char *name; /* or number */
	enum result result;
	const char *cause; /* NULL: the name says it */
	const char *hint;  /* what to do; NULL: the caller knows better */
};

/* The row for FAULT: a number says more than a name, but nothing more than
 * invalid_grant.  NULL when none of it is known. */
const struct oauth_error *oauth_error_find(const struct oauth_fault *fault);

/*
 * Append what the server said, unless it holds part of what is KNOWN
 * (oauth-secret.h), and the cause; then, as a second line that starts with
 * "hint: ", what to do.  Returns the result;
 * denied for an error that is not known.
 */
enum result oauth_error_explain(const struct oauth_fault *fault,
    const struct oauth_secrets *known, struct buf *why);

#endif
