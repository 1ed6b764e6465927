/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <string.h>

#include "num.h"
#include "oauth-life.h"

#define STATE_ISSUED "refresh_issued_utc"

static int64_t
number_of(const struct cred *cred, const char *state)
{
	const char *text = cred_state(cred, state);
	int64_t n = 0;

	if (text == NULL ||
	    num_parse(text, strlen(text), 1, INT64_MAX / 2, &n) != 0)
		return 0;
	return n;
}

struct oauth_life
oauth_life_of(const struct cred *cred)
{
	return (struct oauth_life){ number_of(cred, STATE_ISSUED),
		number_of(cred, CRED_STATE_LOGIN_ENDS) };
}

struct oauth_life
oauth_life_next(struct oauth_life old, const char *old_token,
    const struct oauth_answer *answer, int64_t now_utc)
{
	bool brings_one = answer->refresh_token.len != 0;
	bool is_new = brings_one &&
	    (old_token == NULL ||
		!buf_equals(&answer->refresh_token, old_token));
	int64_t length = answer->refresh_expires_in;

	if (is_new && length == 0 && old.issued_utc != 0 &&
	    old.expiry_utc > old.issued_utc)
		length = old.expiry_utc - old.issued_utc;
	if (is_new)
		return (struct oauth_life){ now_utc,
			length != 0 ? now_utc + length : 0 };
	/* the same token, of which the server tells more than we knew */
	if (length != 0 && (brings_one || old.expiry_utc == 0))
		return (struct oauth_life){
			old.issued_utc != 0 ? old.issued_utc : now_utc,
			now_utc + length
		};
	return old;
}

static void
record(struct cred *cred, const char *state, int64_t n)
{
	struct buf text = BUF_INIT(32);

	(void)buf_addf(&text, "%" PRId64, n);
	cred_set_state(cred, state, n != 0 ? buf_str(&text) : NULL);
	buf_wipe(&text);
}

void
oauth_life_record(struct oauth_life life, struct cred *cred)
{
	record(cred, STATE_ISSUED, life.issued_utc);
	record(cred, CRED_STATE_LOGIN_ENDS, life.expiry_utc);
}

bool
oauth_life_is_short(struct oauth_life life, int64_t now_utc)
{
	int64_t limit = OAUTH_LIFE_SHORT;
	int64_t left = life.expiry_utc - now_utc;

	if (life.issued_utc != 0 && life.expiry_utc > life.issued_utc &&
	    (life.expiry_utc - life.issued_utc) / 5 < limit)
		limit = (life.expiry_utc - life.issued_utc) / 5;
	return life.expiry_utc != 0 && left > 0 && left < limit;
}
