/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one request to a token endpoint, and a credential made of its answer.
 */
#ifndef OAUTH_TOKEN_H
#define OAUTH_TOKEN_H

#include <stdint.h>

#include "buf.h"
#include "cred.h"
#include "oauth-answer.h"
#include "oauth-config.h"
#include "result.h"

/* Longest reason that oauth_token_request() gives. */
#define OAUTH_MAX_WHY 4096

/* The states (coco-protocol(7)) that bind a refresh token to its origin. */
#define OAUTH_STATE_ORIGIN "token_origin"
#define OAUTH_STATE_CLIENT "client_id"

/*
 * Send FORM and read the answer (results as in oauth-answer.h).  KNOWN is what
 * must not be shown; the client's secret is added to it here unless all of its
 * entries are taken.  WHY starts with the token endpoint's origin.
 */
enum result oauth_token_request(const struct oauth_config *c,
    const struct buf *form, const struct oauth_secrets *known,
    struct oauth_answer *ret_answer, struct buf *why);

/*
 * Fill CRED with what there is to hand out and to keep.  OLD has the refresh
 * token that stays when the answer brought none, and what is recorded of its
 * life; NULL: there was none.  NOW_UTC is when the request was sent.
 */
void oauth_make_cred(const struct oauth_config *c, const struct oauth_answer *a,
    const struct cred *old, int64_t now_utc, struct cred *cred);

#endif
