/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login by a code that the person enters on another device (RFC 8628).
 * What a server says is checked before it is shown; its device code, which is
 * as good as the login itself, never is.
 */
#ifndef OAUTH_DEVICE_H
#define OAUTH_DEVICE_H

#include <stdint.h>

#include "buf.h"
#include "oauth-answer.h"
#include "oauth-config.h"
#include "oauth-login.h"
#include "result.h"
#include "url.h"

#define OAUTH_DEVICE_MAX_CODE 64 /* bytes that a person will type */
#define OAUTH_DEVICE_INTERVAL 5  /* seconds, when the server says nothing */
#define OAUTH_DEVICE_SLOWER   5  /* seconds more after slow_down */

struct oauth_device {
	struct buf device_code;
	struct buf user_code;
	struct buf uri;
	struct buf uri_complete; /* with the code in it; empty: none */
	int64_t expires_in;      /* seconds */
	int64_t interval;        /* seconds between two polls, at least 1 */
};

#define OAUTH_DEVICE_INIT                                                   \
	{                                                                   \
		BUF_INIT(OAUTH_MAX_TOKEN), BUF_INIT(OAUTH_DEVICE_MAX_CODE), \
		    BUF_INIT(URL_MAX), BUF_INIT(URL_MAX), 0, 0              \
	}

/* What an answer that has no token means for the next poll, if its result is
 * unavailable (RFC 8628 3.5). */
enum oauth_poll {
	OAUTH_POLL_SLOWER, /* slow_down; or trouble, which is no end */
	OAUTH_POLL_PENDING,
	OAUTH_POLL_OVER /* expired_token */
};

/* Append the form that asks for a code (RFC 8628 3.1). */
int oauth_device_form(const struct oauth_config *c, struct buf *b);

/* Append the form that asks for the token (RFC 8628 3.4). */
int oauth_device_token_form(const struct oauth_config *c,
    const char *device_code, struct buf *b);

/* Read the answer to the first (RFC 8628 3.2); results and WHY are those of
 * oauth_answer_read(). */
enum result oauth_device_read(const struct oauth_secrets *known, long status,
    const struct buf *body, struct oauth_device *ret_device, struct buf *why);

enum oauth_poll oauth_device_poll(const struct buf *body);

void oauth_device_wipe(struct oauth_device *d);

/*
 * The whole login: show the code on stderr, and ask until somebody has entered
 * it, the code is too old or the person's time is over.  The results are those
 * of oauth_answer_read(), but never expired; the reason goes to WHY.
 */
enum result oauth_device_login(const struct oauth_login *l,
    struct oauth_answer *ret_answer, struct buf *why);

#endif
