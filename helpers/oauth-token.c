/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <signal.h>
#include <string.h>

#include "clock.h"
#include "fetch.h"
#include "jwt.h"
#include "log.h"
#include "oauth-assert.h"
#include "oauth-client.h"
#include "oauth-life.h"
#include "oauth-token.h"

/* The local application's secret is its name, which messages may well hold. */
static const char *
secret_to_hide(const struct oauth_config *c)
{
	if (c->client_secret != NULL &&
	    strcmp(c->client_secret, c->client_id) == 0)
		return NULL;
	return c->client_secret;
}

enum result
oauth_no_answer(int error)
{
	switch (error) {
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
	case -EKEYREJECTED:
	case -EPROTO:
		return RESULT_UNAVAILABLE;
	default:
		return RESULT_ERROR;
	}
}

/* Append "ORIGIN: ". */
static void
add_origin(const char *text, struct buf *why)
{
	struct url u = URL_INIT;

	if (url_parse(text, &u) == 0 && url_origin(&u, why) == 0)
		(void)buf_adds(why, ": ");
	url_clear(&u);
}

/*
 * From here on a rotated refresh token may exist in this process only.  So a
 * signal that would end it waits until there was no token after all; with one
 * it waits for the end of the process, which is near.
 */
static void
hold_signals(sigset_t *ret_before)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
}

static enum result
send_and_read(const struct fetch_request *request,
    const struct oauth_exchange *x, const struct oauth_secrets *known,
    struct buf *why)
{
	struct fetch_response response = FETCH_RESPONSE_INIT;
	enum result result;
	sigset_t before;
	int r;

	hold_signals(&before);
	r = fetch(request, &response, why);
	if (r != 0) {
		result = oauth_no_answer(r);
	} else {
		add_origin(x->url, why);
		result = x->read(x->ctx, known, response.status, &response.body,
		    why);
	}
	fetch_response_wipe(&response);
	if (result != RESULT_SUCCESS || !x->redeems)
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

/* How the client shows who it is, and what of that must not be shown. */
struct proof {
	struct buf user; /* for HTTP Basic */
	struct buf password;
	struct buf assertion;
	struct buf form; /* the body with the assertion */
};

#define PROOF_INIT                                                       \
	{                                                                \
		BUF_INIT(URL_MAX), BUF_INIT(URL_MAX), BUF_INIT(JWT_MAX), \
		    BUF_INIT(OAUTH_MAX_FORM)                             \
	}

static void
proof_wipe(struct proof *p)
{
	buf_wipe(&p->user);
	buf_wipe(&p->password);
	buf_wipe(&p->assertion);
	buf_wipe(&p->form);
}

/* Sign an assertion and add it to a copy of FORM. */
static int
add_assertion(const struct oauth_config *c, const struct buf *form,
    struct proof *p, struct buf *why)
{
	struct buf reason = BUF_INIT(OAUTH_MAX_WHY);
	int r = oauth_assert(c, clock_utc(), &p->assertion, &reason);

	if (r != 0)
		(void)buf_adds(why, buf_str(&reason));
	else if (reason.len != 0)
		log_lines(buf_str(&reason));
	buf_wipe(&reason);
	if (r == 0)
		r = buf_add(&p->form, buf_str(form), form->len);
	if (r == 0)
		r = url_add_param(&p->form, "client_assertion_type",
		    OAUTH_ASSERT_TYPE);
	if (r == 0)
		r = url_add_param(&p->form, "client_assertion",
		    buf_str(&p->assertion));
	return r;
}

/* Fill REQUEST with the proof. */
static int
prove(const struct oauth_config *c, struct proof *p,
    struct fetch_request *request, struct buf *why)
{
	int r;

	if (c->key_file != NULL) {
		r = add_assertion(c, request->body, p, why);
		request->body = &p->form;
		return r;
	}
	r = oauth_basic(c, &p->user, &p->password);
	if (r != 0)
		(void)buf_adds(why,
		    "oauth_client_id or oauth_client_secret is too long");
	if (p->user.len != 0) {
		request->user = buf_str(&p->user);
		request->password = buf_str(&p->password);
	}
	return r;
}

enum result
oauth_exchange(const struct oauth_exchange *x, struct buf *why)
{
	const struct oauth_config *c = x->config;
	struct oauth_secrets all = *x->known;
	struct proof proof = PROOF_INIT;
	struct fetch_request request = {
		.url = x->url,
		.body = x->form,
		.accept = "application/json",
		.proxy = c->proxy.len != 0 ? buf_str(&c->proxy) : NULL,
		.no_proxy = c->no_proxy,
	};
	enum result result = RESULT_SUCCESS;
	int r;

	r = prove(c, &proof, &request, why);
	if (r != 0)
		result = r == -EACCES ? RESULT_DENIED : RESULT_ERROR;
	oauth_secrets_add(&all, secret_to_hide(c));
	if (proof.assertion.len != 0)
		oauth_secrets_add(&all, buf_str(&proof.assertion));
	if (result == RESULT_SUCCESS)
		result = send_and_read(&request, x, &all, why);
	proof_wipe(&proof);
	return result;
}

/* Where the answer of a token endpoint goes. */
struct reading {
	const struct oauth_config *config;
	const char *sent; /* the refresh token; NULL: it is no refresh */
	struct oauth_answer *answer;
};

/*
 * A 400 of no bytes is a refusal for other providers (oauth-answer.c), but
 * Snowflake always says what is wrong: there it is from something in between,
 * and no reason to give up the login.
 */
static bool
is_from_between(const struct oauth_config *c, long status,
    const struct buf *body)
{
	const char *s = buf_str(body);

	return c->snowflake && status == 400 && s[strspn(s, " \t\r\n")] == '\0';
}

static enum result
read_answer(void *ctx, const struct oauth_secrets *known, long status,
    const struct buf *body, struct buf *why)
{
	const struct reading *r = ctx;

	if (!is_from_between(r->config, status, body))
		return r->sent == NULL ?
		    oauth_answer_read(known, status, body, r->answer, why) :
		    oauth_answer_read_refresh(known, r->sent, status, body,
			r->answer, why);
	(void)buf_addf(why,
	    "nothing (HTTP %ld) instead of an answer; is a proxy or a portal "
	    "in between?",
	    status);
	return RESULT_UNAVAILABLE;
}

enum result
oauth_token_request(const struct oauth_config *c, const struct buf *form,
    const struct oauth_secrets *known, const char *sent,
    struct oauth_answer *ret_answer, struct buf *why)
{
	struct reading reading = { c, sent, ret_answer };
	const struct oauth_exchange x = { c, buf_str(&c->token_url), form,
		known, true, read_answer, &reading };

	return oauth_exchange(&x, why);
}

/* The refresh token, the place that it is bound to, and its life. */
static void
add_refresh(const struct oauth_config *c, const struct oauth_answer *a,
    const struct cred *old, int64_t now_utc, struct cred *cred)
{
	struct oauth_life life = { 0, 0 };
	const char *token = NULL;

	if (old != NULL) {
		token = cred_get(old, CRED_OAUTH_REFRESH_TOKEN);
		life = oauth_life_of(old);
	}
	life = oauth_life_next(life, token, a, now_utc);
	if (a->refresh_token.len != 0)
		token = buf_str(&a->refresh_token);
	cred_set(cred, CRED_OAUTH_REFRESH_TOKEN, token);
	cred_set_state(cred, CRED_STATE_ORIGIN, buf_str(&c->token_origin));
	cred_set_state(cred, CRED_STATE_CLIENT, c->client_id);
	if (token != NULL)
		oauth_life_record(life, cred);
}

void
oauth_make_cred(const struct oauth_config *c, const struct oauth_answer *a,
    const struct cred *old, int64_t now_utc, struct cred *cred)
{
	cred_add(cred, CRED_CAPABILITY, "state");
	if (a->access_token.len != 0) {
		cred_set(cred, CRED_PASSWORD, buf_str(&a->access_token));
		cred_set_number(cred, CRED_PASSWORD_EXPIRY_UTC,
		    now_utc + a->expires_in);
		cred_set_number(cred, CRED_ISSUED_UTC, now_utc);
	}
	cred_set(cred, CRED_AUTHENTICATOR, "OAUTH");
	cred_set(cred, CRED_TOKEN_TYPE, "OAUTH");
	add_refresh(c, a, old, now_utc, cred);
}
