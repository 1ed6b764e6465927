/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client's half of OAuth 2.0 as pure functions: what is sent to the
 * authorization server, and what its redirect says (RFC 6749 4.1, 4.4 and 6,
 * RFC 7636, RFC 8252).  The answers of the token endpoint are in
 * oauth-answer.h.
 */
#ifndef OAUTH_CLIENT_H
#define OAUTH_CLIENT_H

#include "buf.h"
#include "oauth-config.h"

#define OAUTH_MAX_FORM       262144 /* a form with encoded tokens */
#define OAUTH_MAX_CODE       8192
#define OAUTH_VERIFIER_BYTES 48 /* make 64 characters */
#define OAUTH_STATE_BYTES    32

/* What belongs to one login. */
struct oauth_request {
	const char *redirect_uri;
	const char *state;
	const char *verifier;
};

/* What the redirect brought back: a code, or an error. */
struct oauth_reply {
	struct buf code;
	struct buf error; /* empty when there is a code */
	struct buf description;
};

#define OAUTH_REPLY_INIT                                            \
	{                                                           \
		BUF_INIT(OAUTH_MAX_CODE), BUF_INIT(OAUTH_MAX_CODE), \
		    BUF_INIT(OAUTH_MAX_CODE)                        \
	}

/* Append the S256 challenge of VERIFIER (RFC 7636 4.2).  0, -EIO, -EMSGSIZE. */
int oauth_challenge(const char *verifier, struct buf *b);

/* Append the URL that starts the login in a browser (RFC 6749 4.1.1). */
int oauth_authorize_url(const struct oauth_config *c,
    const struct oauth_request *q, struct buf *b);

/* Append the form that redeems a code (RFC 6749 4.1.3). */
int oauth_code_form(const struct oauth_config *c, const struct oauth_request *q,
    const char *code, struct buf *b);

/* Append the form that redeems a refresh token (RFC 6749 6). */
int oauth_refresh_form(const struct oauth_config *c, const char *token,
    struct buf *b);

/* Append what a client that does not use HTTP Basic says of itself in the
 * body; the other forms here have it. */
int oauth_add_client(const struct oauth_config *c, struct buf *b);

/* Append the form of client credentials (RFC 6749 4.4.2). */
int oauth_machine_form(const struct oauth_config *c, struct buf *b);

/*
 * Append user and password for HTTP Basic, form-encoded as RFC 6749 2.3.1
 * asks.  Both stay empty for a public client and for one whose secret goes
 * into the body.
 */
int oauth_basic(const struct oauth_config *c, struct buf *user,
    struct buf *password);

/*
 * Read the query of a redirect.  Returns 0; -EACCES when the state is not
 * STATE: then it is somebody else's, and to be forgotten (T16); -EBADMSG when
 * it has neither code nor error, or is badly encoded.
 */
int oauth_read_reply(const char *query, const char *state,
    struct oauth_reply *ret_reply);

void oauth_reply_wipe(struct oauth_reply *reply);

#endif
