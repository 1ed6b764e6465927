/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The token file of a sandbox: the live token of the grant's first connection,
 * for clients that read a file when they connect (snowflake.md 7).  It is
 * looked at when its token is stale, when something has changed, and now and
 * then, for others refresh and log in as well.
 */
#include "coco.h"

#include <string.h>

#include "clock.h"
#include "grants.h"
#include "journal.h"
#include "sandbox-priv.h"
#include "tokenfile.h"

#define LOOK_MS     30000
#define LOOK_MIN_MS 1000
#define RETRY_MS    5000

/* Take the file away when its token is over. */
static void
remove_if_over(struct sandbox *s)
{
	if (!s->file.there || clock_utc() < s->file.expiry_utc)
		return;
	tokenfile_remove(s->dir);
	s->file.there = false;
}

static void
write_file(struct sandbox *s, const struct sandbox_ask *a,
    const struct cred *answer)
{
	const char *secret = cred_secret(answer);
	unsigned char hash[CRYPT_SHA256_SIZE];
	int r;

	r = crypt_sha256(secret, strlen(secret), hash);
	if (r == 0 && s->file.there && tokenfile_is_there(s->dir) &&
	    memcmp(hash, s->file.hash, sizeof(hash)) == 0)
		return;
	if (sandbox_record(s, a, RESULT_SUCCESS, answer) != RESULT_SUCCESS)
		r = -EACCES;
	if (r == 0)
		r = tokenfile_write(s->dir, secret, strlen(secret),
		    s->grant.owner_uid, s->grant.owner_gid);
	if (r != 0) {
		journal(JOURNAL_ERROR, "grant %s: the token file: %s",
		    s->grant.id, strerror(-r));
		return;
	}
	memcpy(s->file.hash, hash, sizeof(hash));
	s->file.there = true;
	s->file.expiry_utc = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);
	if (s->file.expiry_utc == 0)
		s->file.expiry_utc = INT64_MAX;
}

/* When the token will be stale, at the latest when others may have changed
 * something. */
static int64_t
next_look(const struct cred *answer)
{
	int64_t expiry = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);
	int64_t issued = cred_number(answer, CRED_ISSUED_UTC);
	int64_t left;

	if (expiry == 0)
		return LOOK_MS;
	left = (clock_stale_at(expiry, issued) - clock_utc()) * 1000;
	return left < LOOK_MIN_MS ? LOOK_MIN_MS :
	    left > LOOK_MS        ? LOOK_MS :
				    left;
}

/* Whether A asks what the file is for: the roles may have changed meanwhile. */
static bool
is_for_file(const struct sandbox *s, const struct sandbox_ask *a)
{
	const char *asked = cred_get(&a->question, CRED_ROLE);
	const struct grant_connection *c;
	const char *role = NULL;

	c = grant_find_connection(&s->grant, NULL);
	if (c == NULL || grant_pick_role(c, NULL, &role) != 0)
		return false;
	return asked != NULL && strcmp(asked, role != NULL ? role : "") == 0;
}

static void
on_answer(struct sandbox_ask *a, enum result result, const struct cred *answer)
{
	struct sandbox *s = grants_find(a->tokend->grants, a->id);
	int64_t next = RETRY_MS;

	if (s == NULL || s->file.timer == NULL || !is_for_file(s, a))
		return;
	if (result == RESULT_SUCCESS) {
		write_file(s, a, answer);
		next = next_look(answer);
	} else if (result == RESULT_DENIED || result == RESULT_EXPIRED ||
	    result == RESULT_NOT_FOUND) {
		/* it was taken away, and not only cannot be renewed now */
		s->file.expiry_utc = 0;
	}
	remove_if_over(s);
	loop_timer_set(s->file.timer, next);
}

static void
look(void *ctx)
{
	const struct grant_connection *c;
	const char *role = NULL;
	struct sandbox_ask *a;
	struct sandbox *s = ctx;

	loop_timer_set(s->file.timer, LOOK_MS);
	c = grant_find_connection(&s->grant, NULL);
	if (c == NULL || grant_pick_role(c, NULL, &role) != 0)
		return;
	a = sandbox_ask_new(s, NULL, "token-file", on_answer);
	sandbox_set_question(&a->question, c, role);
	sandbox_ask_begin(a, NULL);
}

void
sandbox_file_start(struct sandbox *s)
{
	if (!s->grant.token_file)
		return;
	s->file.timer = loop_timer_new(s->tokend->loop, look, s);
	sandbox_file_look(s);
}

void
sandbox_file_look(struct sandbox *s)
{
	if (s->file.timer == NULL)
		return;
	if (!sandbox_is_open(s)) {
		s->file.expiry_utc = 0;
		remove_if_over(s);
	}
	loop_timer_set(s->file.timer, 0);
}

void
sandbox_file_stop(struct sandbox *s)
{
	if (s->file.timer == NULL)
		return;
	loop_timer_close(s->file.timer);
	s->file.timer = NULL;
	tokenfile_remove(s->dir);
	s->file.there = false;
}
