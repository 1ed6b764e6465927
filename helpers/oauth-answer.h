/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answers of a token endpoint (RFC 6749 5, shared facts snowflake.md 1.5
 * and 1.6), as a pure function, and the masking of secrets in what a server
 * says (THREATS.md T5).
 */
#ifndef OAUTH_ANSWER_H
#define OAUTH_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "result.h"

#define OAUTH_MAX_TOKEN    32768
#define OAUTH_MAX_USERNAME 1024
#define OAUTH_MAX_SHOWN    300 /* bytes of a server's text that are shown */
#define OAUTH_DEFAULT_LIFE 600 /* seconds, when the answer does not say */

/* What is never shown, whoever says it; NULL or empty entries do not count. */
#define OAUTH_SECRETS 5

struct oauth_secrets {
	const char *text[OAUTH_SECRETS];
};

struct oauth_answer {
	struct buf access_token;    /* empty: only a refresh token came */
	struct buf refresh_token;   /* empty: none, the old one stays */
	struct buf username;        /* empty: not said */
	int64_t expires_in;         /* seconds, more than 0 */
	int64_t refresh_expires_in; /* the refresh token's; 0: not said */
};

#define OAUTH_ANSWER_INIT                                             \
	{                                                             \
		BUF_INIT(OAUTH_MAX_TOKEN), BUF_INIT(OAUTH_MAX_TOKEN), \
		    BUF_INIT(OAUTH_MAX_USERNAME), 0, 0                \
	}

/*
 * Append TEXT for people: every occurrence of a secret, plain or
 * percent-encoded, becomes [secret]; control bytes are escaped; after
 * OAUTH_MAX_SHOWN bytes it is cut.
 */
void
oauth_mask(const struct oauth_secrets *known, const char *text, struct buf *b);

/*
 * Read an answer with HTTP status STATUS.  The result is
 *	success		there is a token; *RET_ANSWER holds it
 *	expired		the refresh token or code is dead (invalid_grant)
 *	denied		the server refuses for another reason
 *	unavailable	it, or what is between, has trouble; nothing is lost
 *	error		an answer that cannot be used
 * and all but success append the reason to WHY: one line, masked, and perhaps
 * a second one that starts with "hint: ".
 */
enum result oauth_answer_read(const struct oauth_secrets *known, long status,
    const struct buf *body, struct oauth_answer *ret_answer, struct buf *why);

/*
 * The same for the answer to a refresh with the token SENT.  The user name
 * does not matter.  A refresh token that replaces SENT is not given up for what
 * is wrong beside it: then the result is success, the access token is empty
 * and WHY holds the reason.
 */
enum result oauth_answer_read_refresh(const struct oauth_secrets *known,
    const char *sent, long status, const struct buf *body,
    struct oauth_answer *ret_answer, struct buf *why);

/*
 * The first half of oauth_answer_read(), for answers of other endpoints: on
 * success *RET_JSON is an object that is no error, to be freed by the caller.
 * WANTED is the text member that makes it a good answer, whatever else is in
 * it.
 */
enum result oauth_answer_parse(const struct oauth_secrets *known, long status,
    const struct buf *body, const char *wanted, struct json **ret_json,
    struct buf *why);

void oauth_answer_wipe(struct oauth_answer *a);

#endif
