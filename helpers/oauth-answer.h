/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answers of a token endpoint (RFC 6749 5, snowflake.md 1.5
 * and 1.6), as a pure function.
 */
#ifndef OAUTH_ANSWER_H
#define OAUTH_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "oauth-secret.h"
#include "result.h"

#define OAUTH_MAX_TOKEN    32768
#define OAUTH_MAX_USERNAME 1024
#define OAUTH_DEFAULT_LIFE 600 /* seconds, when the answer does not say */

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
 * Read an answer with HTTP status STATUS.  The result is
 *	success		there is a token; *RET_ANSWER holds it
 *	expired		the refresh token or code is dead (invalid_grant)
 *	denied		the server refuses for another reason
 *	unavailable	it, or what is between, has trouble; nothing is lost
 *	error		an answer that cannot be used
 * and all but success append the reason to WHY: one line without a secret, and
 * perhaps a second one that starts with "hint: ".
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
