/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "json.h"
#include "oauth-answer.h"
#include "oauth-error.h"

/* Longer lives are cut to this: ten years, so that sums cannot overflow. */
#define LIFE_MAX INT64_C(315360000)

/* What cannot be put into a header or a line is no token (RFC 6749 A.12; a
 * blank is allowed there, but RFC 6750 2.1 has none). */
static bool
is_token(const char *s)
{
	size_t i;

	for (i = 0; s[i] > ' ' && s[i] < 0x7f; i++)
		continue;
	return i != 0 && i <= OAUTH_MAX_TOKEN && s[i] == '\0';
}

static bool
is_name(const char *s)
{
	return !ascii_has_control(s) && strlen(s) <= OAUTH_MAX_USERNAME;
}

static enum result
refuse(struct buf *why, const char *text)
{
	(void)buf_adds(why, text);
	return RESULT_ERROR;
}

/*
 * A bad expires_in is no reason to refuse: with single-use refresh tokens the
 * old one is gone by now, and the answer is all there is.
 */
static int64_t
read_life(const struct json *j, const char *name, int64_t fallback)
{
	int64_t life = 0;

	if (json_number(j, name, &life) != 0 || life <= 0)
		return fallback;
	return life < LIFE_MAX ? life : LIFE_MAX;
}

/* What is wrong with the access token; NULL: nothing. */
static const char *
access_fault(const struct json *j)
{
	const char *access = json_text(j, "access_token");
	const char *type = json_text(j, "token_type");

	if (access == NULL)
		return "the answer has no access token";
	if (!is_token(access))
		return "the access token is empty, too long or "
		       "has bytes that no token has";
	if (type != NULL && strcasecmp(type, "bearer") != 0)
		return "the token is not of type Bearer";
	return NULL;
}

/* IS_REFRESH: whose login it is was said before, and does not matter now. */
static enum result
read_tokens(const struct json *j, bool is_refresh, struct oauth_answer *ret,
    struct buf *why)
{
	const char *bad = access_fault(j);
	const char *refresh = json_text(j, "refresh_token");
	const char *username = json_text(j, "username");

	if (bad != NULL)
		return refuse(why, bad);
	if (refresh != NULL && refresh[0] != '\0' && !is_token(refresh))
		return refuse(why,
		    "the refresh token is too long or has "
		    "bytes that no token has");
	if (username != NULL && !is_name(username)) {
		if (!is_refresh)
			return refuse(why,
			    "the user name is too long or has control "
			    "characters");
		username = NULL;
	}
	oauth_answer_wipe(ret);
	(void)buf_adds(&ret->access_token, json_text(j, "access_token"));
	(void)buf_adds(&ret->refresh_token, refresh != NULL ? refresh : "");
	(void)buf_adds(&ret->username, username != NULL ? username : "");
	ret->expires_in = read_life(j, "expires_in", OAUTH_DEFAULT_LIFE);
	ret->refresh_expires_in = read_life(j, "refresh_token_expires_in", 0);
	return RESULT_SUCCESS;
}

/*
 * Take the refresh token that replaces SENT from an answer that is of no use
 * otherwise: SENT may be dead by now.  One beside an error that is named is
 * none: a server may echo there what it was sent, in part.
 */
static bool
salvage(const struct json *j, long status, const char *sent,
    struct oauth_answer *ret)
{
	const char *refresh = json_text(j, "refresh_token");
	const char *error = json_text(j, "error");

	if (status < 200 || status >= 300 || refresh == NULL ||
	    !is_token(refresh) || strcmp(refresh, sent) == 0 ||
	    (error != NULL && error[0] != '\0'))
		return false;
	oauth_answer_wipe(ret);
	(void)buf_adds(&ret->refresh_token, refresh);
	ret->refresh_expires_in = read_life(j, "refresh_token_expires_in", 0);
	return true;
}

/*
 * What is wrong by the word of the server; whether anything is.  CODE, which
 * Snowflake gives as text or as a number, is the place for its text.
 */
static bool
read_fault(const struct json *j, const char *wanted, struct buf *code,
    struct oauth_fault *fault)
{
	int64_t number;

	fault->error = json_text(j, "error");
	fault->text = json_text(j, "error_description");
	if (fault->text == NULL)
		fault->text = json_text(j, "message");
	if (json_number(j, "code", &number) == 0)
		(void)buf_addf(code, "%" PRId64, number);
	else if (json_text(j, "code") != NULL)
		(void)buf_adds(code, json_text(j, "code"));
	fault->code = code->len != 0 ? buf_str(code) : NULL;
	if (fault->error != NULL)
		return true;
	return json_text(j, wanted) == NULL &&
	    (fault->text != NULL || fault->code != NULL);
}

/* An error with tokens beside it must not show those either. */
static enum result
explain(const struct oauth_secrets *known, const struct json *j,
    const struct oauth_fault *fault, struct buf *why)
{
	struct oauth_secrets all = *known;

	oauth_secrets_add(&all, json_text(j, "access_token"));
	oauth_secrets_add(&all, json_text(j, "refresh_token"));
	oauth_secrets_add(&all, json_text(j, "id_token"));
	oauth_secrets_add(&all, json_text(j, "device_code"));
	return oauth_error_explain(fault, &all, why);
}

/*
 * What is no JSON comes from something in between, or from a server that is
 * not itself; a broken 200 is an answer, though.  So is a refusal of no
 * bytes at all: glewlwyd 2.7 answers a dead refresh token with such a 400 and
 * a wrong client secret with such a 403.  (Snowflake's own endpoint does not:
 * oauth-token.c.)
 */
static enum result
read_other(long status, const struct buf *body, struct buf *why)
{
	const char *s = buf_str(body);
	bool html;

	s += strspn(s, " \t\r\n");
	html = *s == '<';
	if (status == 200 && !html)
		return refuse(why, "the answer is no JSON object");
	if (*s == '\0' && (status == 400 || status == 401 || status == 403)) {
		(void)buf_addf(why, "refused without a reason (HTTP %ld)",
		    status);
		return status == 400 ? RESULT_EXPIRED : RESULT_DENIED;
	}
	if (status >= 300 && status < 400)
		(void)buf_addf(why,
		    "the server redirects (HTTP %ld), which "
		    "is not followed",
		    status);
	else
		(void)buf_addf(why, "%s (HTTP %ld) instead of an answer",
		    html ? "a web page" : "something else", status);
	(void)buf_adds(why, "; is a proxy or a portal in between?");
	return RESULT_UNAVAILABLE;
}

static bool
is_trouble(long status)
{
	return status >= 500 || status == 408 || status == 429;
}

static enum result
trouble(long status, struct buf *why)
{
	(void)buf_addf(why, "HTTP %ld: %s", status,
	    status == 429 ? "too many requests" : "server trouble");
	return RESULT_UNAVAILABLE;
}

/* The body decides: nobody documents the statuses (snowflake.md 11).  They
 * count only where the body says nothing that we know. */
static enum result
judge(const struct oauth_secrets *known, long status, const struct json *j,
    const char *wanted, struct buf *why)
{
	struct buf code = BUF_INIT(64);
	struct oauth_fault fault;
	bool is_fault = read_fault(j, wanted, &code, &fault);
	enum result result = RESULT_DENIED;

	if (is_trouble(status) &&
	    (!is_fault || oauth_error_find(&fault) == NULL))
		result = trouble(status, why);
	else if (is_fault)
		result = explain(known, j, &fault, why);
	else if (status >= 200 && status < 300)
		result = RESULT_SUCCESS;
	else
		(void)buf_addf(why, "HTTP %ld without a reason", status);
	buf_wipe(&code);
	return result;
}

/* The object of an answer; a result of success says no more than that there
 * is one. */
static enum result
parse(long status, const struct buf *body, struct json **ret_json,
    struct buf *why)
{
	if (json_parse(buf_str(body), body->len, ret_json) == 0)
		return RESULT_SUCCESS;
	return is_trouble(status) ? trouble(status, why) :
				    read_other(status, body, why);
}

enum result
oauth_answer_parse(const struct oauth_secrets *known, long status,
    const struct buf *body, const char *wanted, struct json **ret_json,
    struct buf *why)
{
	struct json *j = NULL;
	enum result result = parse(status, body, &j, why);

	if (result != RESULT_SUCCESS)
		return result;
	result = judge(known, status, j, wanted, why);
	if (result == RESULT_SUCCESS)
		*ret_json = j;
	else
		json_free(j);
	return result;
}

enum result
oauth_answer_read(const struct oauth_secrets *known, long status,
    const struct buf *body, struct oauth_answer *ret_answer, struct buf *why)
{
	struct json *j = NULL;
	enum result result;

	result = oauth_answer_parse(known, status, body, "access_token", &j,
	    why);
	if (result == RESULT_SUCCESS)
		result = read_tokens(j, false, ret_answer, why);
	json_free(j);
	return result;
}

enum result
oauth_answer_read_refresh(const struct oauth_secrets *known, const char *sent,
    long status, const struct buf *body, struct oauth_answer *ret_answer,
    struct buf *why)
{
	struct json *j = NULL;
	enum result result = parse(status, body, &j, why);

	if (result != RESULT_SUCCESS)
		return result;
	result = judge(known, status, j, "access_token", why);
	if (result == RESULT_SUCCESS)
		result = read_tokens(j, true, ret_answer, why);
	if (result != RESULT_SUCCESS && salvage(j, status, sent, ret_answer))
		result = RESULT_SUCCESS;
	json_free(j);
	return result;
}

void
oauth_answer_wipe(struct oauth_answer *a)
{
	buf_wipe(&a->access_token);
	buf_wipe(&a->refresh_token);
	buf_wipe(&a->username);
	a->expires_in = 0;
	a->refresh_expires_in = 0;
}
