/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose is a token that somebody else has left (THREATS.md T19)?  It is used
 * once, to log in, and the server's answer is compared with what was said of
 * it.  Such a token comes without a record of where it belongs, so it goes to
 * one place only: Snowflake's own local application, at a host of Snowflake's.
 */
#ifndef OAUTH_CONFIRM_H
#define OAUTH_CONFIRM_H

#include "buf.h"
#include "oauth-answer.h"
#include "oauth-config.h"
#include "result.h"

struct oauth_confirm {
	const struct oauth_config *config; /* for the proxy */
	const char *origin;                /* of the account */
	const char *account;               /* as the connection has it */
	const char *user;                  /* whose it must be */
	const char *role;                  /* which it must have; or NULL */
};

/* What a login says (snowflake.md 1.8). */
struct oauth_session {
	struct buf token; /* secret */
	struct buf user;
	struct buf role; /* empty: none */
};

#define OAUTH_SESSION_INIT                                               \
	{                                                                \
		BUF_INIT(OAUTH_MAX_TOKEN), BUF_INIT(OAUTH_MAX_USERNAME), \
		    BUF_INIT(OAUTH_MAX_USERNAME)                         \
	}

/*
 * Whether a token without a record may be redeemed where S says: 0, or -EACCES
 * with the reason in WHY when a client, an endpoint or the host is another one
 * than Snowflake's own.
 */
int oauth_confirm_place(const struct oauth_settings *s, struct buf *why);

/* Append the body of the login. */
int oauth_confirm_body(const struct oauth_confirm *q, const char *access_token,
    struct buf *b);

/* Read the answer to it; results and WHY as those of oauth_answer_read(), but
 * never expired. */
enum result oauth_confirm_read(const struct oauth_secrets *known, long status,
    const struct buf *body, struct oauth_session *ret_session, struct buf *why);

/* Compare; denied, with the reason, when user or role are others. */
enum result oauth_confirm_judge(const struct oauth_confirm *q,
    const struct oauth_session *session, struct buf *why);

/* Log in with the token, compare, and end the session again. */
enum result oauth_confirm(const struct oauth_confirm *q,
    const char *access_token, struct buf *why);

void oauth_session_wipe(struct oauth_session *session);

#endif
