/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests to a token endpoint, and a credential made of its answer.
 */
#ifndef OAUTH_TOKEN_H
#define OAUTH_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "cred.h"
#include "oauth-answer.h"
#include "oauth-config.h"
#include "result.h"

/* Longest reason that oauth_token_request() gives. */
#define OAUTH_MAX_WHY 4096

/* What it means that fetch() brought no answer but ERROR. */
enum result oauth_no_answer(int error);

/* Read an answer; as oauth_answer_read(), which is the usual one. */
typedef enum result (*oauth_read_fn)(void *ctx,
    const struct oauth_secrets *known, long status, const struct buf *body,
    struct buf *why);

struct oauth_exchange {
	const struct oauth_config *config;
	const char *url;
	const struct buf *form;
	const struct oauth_secrets *known; /* what must not be shown */
	bool redeems; /* whether something is used up for the answer */
	oauth_read_fn read;
	void *ctx;
};

/*
 * Send a form as the client of the configuration, and have the answer read.
 * The client's secret or assertion is added to what is known.  WHY starts with
 * the origin of the URL.
 *
 * SIGINT, SIGTERM and SIGHUP are held back meanwhile; after a success of one
 * that redeems for good, so that what it brought reaches stdout.
 */
enum result oauth_exchange(const struct oauth_exchange *x, struct buf *why);

/*
 * Send FORM to the token endpoint and read the answer (results as in
 * oauth-answer.h).  KNOWN is what must not be shown.  SENT is the refresh token
 * that is redeemed; with it the answer is read by oauth_answer_read_refresh().
 * NULL: it is no refresh.  WHY starts with the token endpoint's origin.
 */
enum result oauth_token_request(const struct oauth_config *c,
    const struct buf *form, const struct oauth_secrets *known, const char *sent,
    struct oauth_answer *ret_answer, struct buf *why);

/*
 * Fill CRED with what there is to hand out and to keep.  OLD has the refresh
 * token that stays when the answer brought none, and what is recorded of its
 * life; NULL: there was none.  NOW_UTC is when the request was sent.  Without
 * an access token there is only something to keep.
 */
void oauth_make_cred(const struct oauth_config *c, const struct oauth_answer *a,
    const struct cred *old, int64_t now_utc, struct cred *cred);

#endif
