/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a login lasts: what is recorded, carried on, and warned of. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "cred.h"
#include "oauth-answer.h"
#include "oauth-life.h"
#include "oauth-token.h"
#include "tap.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1000000000)

static void
test_next(void)
{
	static const struct {
		struct oauth_life old;
		const char *old_token;
		const char *token; /* of the answer */
		int64_t told;      /* by the answer */
		struct oauth_life want;
	} t[] = {
		/* a login */
		{ { 0, 0 }, NULL, "a", 90, { NOW, NOW + 90 } },
		{ { 0, 0 }, NULL, "a", 0, { NOW, 0 } },
		{ { 0, 0 }, NULL, "", 0, { 0, 0 } },
		/* a refresh that brings nothing new keeps what there is */
		{ { 500, 900 }, "a", "", 0, { 500, 900 } },
		{ { 500, 900 }, "a", "", 90, { 500, 900 } },
		{ { 500, 0 }, "a", "", 90, { 500, NOW + 90 } },
		{ { 0, 0 }, "a", "", 90, { NOW, NOW + 90 } },
		{ { 0, 0 }, "a", "", 0, { 0, 0 } },
		{ { 500, 900 }, "a", "a", 0, { 500, 900 } },
		{ { 500, 900 }, "a", "a", 90, { 500, NOW + 90 } },
		/* a new token has a life of its own, or as long as the old */
		{ { 500, 900 }, "a", "b", 90, { NOW, NOW + 90 } },
		{ { 500, 900 }, "a", "b", 0, { NOW, NOW + 400 } },
		{ { 0, 900 }, "a", "b", 0, { NOW, 0 } },
		{ { 0, 0 }, "a", "b", 0, { NOW, 0 } },
		{ { 900, 500 }, "a", "b", 0, { NOW, 0 } },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct oauth_answer a = OAUTH_ANSWER_INIT;
		struct oauth_life got;

		(void)buf_adds(&a.refresh_token, t[i].token);
		a.refresh_expires_in = t[i].told;
		got = oauth_life_next(t[i].old, t[i].old_token, &a, NOW);
		is_int(got.issued_utc, t[i].want.issued_utc, "issue, row %zu",
		    i);
		is_int(got.expiry_utc, t[i].want.expiry_utc, "and expiry");
		oauth_answer_wipe(&a);
	}
}

static void
test_short(void)
{
	static const struct {
		int64_t life; /* 0: its start is not known */
		int64_t left;
		bool is_short;
	} t[] = {
		{ 90 * DAY, 3 * DAY, false },
		{ 90 * DAY, 3 * DAY - 1, true },
		{ 90 * DAY, 1, true },
		{ 90 * DAY, 0, false },
		{ 90 * DAY, -5, false },
		{ 15 * DAY, 3 * DAY - 1, true },
		{ 10 * DAY, 2 * DAY, false },
		{ 10 * DAY, 2 * DAY - 1, true },
		{ DAY, DAY / 5, false },
		{ DAY, DAY / 5 - 1, true },
		{ 0, 3 * DAY, false },
		{ 0, 3 * DAY - 1, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		const struct oauth_life life = {
			t[i].life != 0 ? NOW + t[i].left - t[i].life : 0,
			NOW + t[i].left
		};

		is_int(oauth_life_is_short(life, NOW), t[i].is_short,
		    "is it short, row %zu", i);
	}
	ok(!oauth_life_is_short((struct oauth_life){ 5, 0 }, NOW),
	    "what is not known is not short");
}

static void
test_record(void)
{
	static const char *const bad[] = { "", "x", "-5", "1e9", "0",
		"99999999999999999999" };
	struct cred c = CRED_INIT;
	struct oauth_life life;
	size_t i;

	oauth_life_record((struct oauth_life){ 5, 7 }, &c);
	is_str(cred_state(&c, "refresh_issued_utc"), "5", "issue");
	is_str(cred_state(&c, "refresh_expiry_utc"), "7", "expiry");
	life = oauth_life_of(&c);
	ok(life.issued_utc == 5 && life.expiry_utc == 7, "read back");
	oauth_life_record((struct oauth_life){ 5, 0 }, &c);
	ok(cred_state(&c, "refresh_expiry_utc") == NULL, "nothing for unknown");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		cred_set_state(&c, "refresh_expiry_utc", bad[i]);
		is_int(oauth_life_of(&c).expiry_utc, 0, "bad state, row %zu",
		    i);
	}
	cred_wipe(&c);
}

/* Only who has a refresh token has something that can end. */
static void
test_without_refresh(void)
{
	struct oauth_answer a = OAUTH_ANSWER_INIT;
	struct oauth_config c = OAUTH_CONFIG_INIT;
	struct cred cred = CRED_INIT;

	c.client_id = "CID";
	(void)buf_adds(&a.access_token, "t");
	a.expires_in = 600;
	a.refresh_expires_in = 5;
	oauth_make_cred(&c, &a, NULL, NOW, &cred);
	ok(cred_state(&cred, "refresh_expiry_utc") == NULL, "no expiry");
	ok(cred_get(&cred, CRED_OAUTH_REFRESH_TOKEN) == NULL, "no token");
	cred_wipe(&cred);
	oauth_answer_wipe(&a);
	oauth_config_wipe(&c);
}

int
main(void)
{
	test_next();
	test_short();
	test_record();
	test_without_refresh();
	return done_testing();
}
