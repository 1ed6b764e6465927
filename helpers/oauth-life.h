/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long a login lasts: the life of its refresh token, which no refresh can
 * prolong unless it brings a new one (snowflake.md 1.5, 1.7).  It travels as
 * two states beside the token (coco-protocol(7)), and is what the server said,
 * no more: without a word from it nothing is known.
 */
#ifndef OAUTH_LIFE_H
#define OAUTH_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "cred.h"
#include "oauth-answer.h"

/* A login that has less left than this, or than a fifth of its life if that
 * is less, deserves a warning. */
#define OAUTH_LIFE_SHORT INT64_C(259200) /* three days */

struct oauth_life {
	int64_t issued_utc; /* 0: not known */
	int64_t expiry_utc; /* 0: not known */
};

/* What CRED has recorded; a state that is no number counts as none. */
struct oauth_life oauth_life_of(const struct cred *cred);

/*
 * The life of the refresh token after ANSWER, for a request sent at NOW_UTC
 * with OLD_TOKEN (NULL: none) of the life OLD.  A new token whose life the
 * server does not tell lives as long as the old one did.
 */
struct oauth_life oauth_life_next(struct oauth_life old, const char *old_token,
    const struct oauth_answer *answer, int64_t now_utc);

void oauth_life_record(struct oauth_life life, struct cred *cred);

/* Whether the end is near, but not over: a token that has just been taken can
 * not be over, whatever was recorded. */
bool oauth_life_is_short(struct oauth_life life, int64_t now_utc);

#endif
