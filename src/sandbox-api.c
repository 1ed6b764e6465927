/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The endpoints of the sandbox API but for OAuth's: coco-http(7).
 */
#include "coco.h"

#include <string.h>
#include <strings.h>

#include "cache.h"
#include "client.h"
#include "clock.h"
#include "reply.h"
#include "sandbox-priv.h"

#define MAX_PARAM   1024
#define MAX_MESSAGE 32768 /* bytes of a credential message that comes in */

#define CREDENTIAL "/credential/"

/* What is said of a result, whatever a provider or a helper said (T5). */
static const char *const sentences[RESULT_COUNT] = {
	[RESULT_ERROR] = "something is wrong on the host",
	[RESULT_USAGE] = "the request is malformed",
	[RESULT_NOT_FOUND] = "the host has no such credential for this sandbox",
	[RESULT_EXPIRED] = "a login on the host is needed",
	[RESULT_DENIED] = "this sandbox may not have it",
	[RESULT_UNAVAILABLE] = "the host cannot get it now",
};

static const char *
sentence_of(enum result result)
{
	return sentences[result] != NULL ? sentences[result] :
					   sentences[RESULT_ERROR];
}

/* --- the capability ------------------------------------------------------- */

/* The capability in "Bearer CAPABILITY" (RFC 6750 2.1). */
static bool
is_bearer_of(const struct sandbox *s, const struct http1_span *value)
{
	static const char scheme[] = "Bearer ";
	size_t len = sizeof(scheme) - 1;

	return value->len > len && strncasecmp(value->s, scheme, len) == 0 &&
	    grant_has_capability(&s->grant, value->s + len, value->len - len);
}

bool
sandbox_is_authorised(const struct sandbox *s, bool is_unix,
    const struct httpd_request *q)
{
	const struct http1_span *field;
	size_t count;

	field = http1_field(q->head, "Authorization", &count);
	if (count != 0)
		return count == 1 && is_bearer_of(s, field);
	return is_unix ||
	    (s->grant.allow_unauthenticated &&
		(http1_is(&q->path, "/token") ||
		    http1_is(&q->path, "/health")));
}

static bool
is_credential(const struct httpd_request *q)
{
	return q->path.len > strlen(CREDENTIAL) &&
	    memcmp(q->path.s, CREDENTIAL, strlen(CREDENTIAL)) == 0;
}

void
sandbox_answer_refused(struct httpd_exchange *x, const struct httpd_request *q,
    int status)
{
	static const char
	    challenge[] = "WWW-Authenticate: Bearer realm=\"coco\"\r\n";
	struct buf fields = BUF_INIT(256);

	if (status == 401)
		(void)buf_adds(&fields, challenge);
	if (is_credential(q)) {
		(void)buf_adds(&fields, CLIENT_RESULT_FIELD ": denied\r\n");
		reply_with(x, status, buf_str(&fields), REPLY_TEXT,
		    status == 401 ?
			"there is no such capability, or it is missing" :
			sentence_of(RESULT_DENIED));
	} else {
		reply_with(x, status, buf_str(&fields), REPLY_JSON,
		    status == 401 ? "{\"error\":\"unauthorized\"}" :
				    "{\"error\":\"forbidden\"}");
	}
	buf_wipe(&fields);
}

void
sandbox_answer_paused(struct sandbox *s, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct buf b = BUF_INIT(256);

	if (!sandbox_has_time(s, x, true))
		return;
	sandbox_refused(s, httpd_fd(x), "the grant is paused or over");
	(void)buf_addf(&b,
	    "the grant is paused" CLIENT_ON_HOST
	    "coco-tokend grant update %s --resume",
	    s->grant.id);
	if (is_credential(q))
		reply_with(x, 403, CLIENT_RESULT_FIELD ": denied\r\n",
		    REPLY_TEXT, buf_str(&b));
	else
		reply_text(x, 403, REPLY_JSON, "{\"error\":\"paused\"}");
	buf_wipe(&b);
}

/* --- GET /token ----------------------------------------------------------- */

/* inspect-coco's form of a failure (snowflake.md 8.2). */
static void
answer_no_token(struct httpd_exchange *x, enum result result)
{
	reply_text(x, 503, REPLY_JSON,
	    result == RESULT_EXPIRED || result == RESULT_NOT_FOUND ?
		"{\"error\":\"no_tokens\",\"message\":\"No OAuth tokens "
		"available. Configure authenticator = "
		"OAUTH_AUTHORIZATION_CODE.\"}" :
		"{\"error\":\"token_error\",\"message\":\"The host cannot get "
		"a token now.\"}");
}

static void
on_token(struct sandbox_ask *a, enum result result, const struct cred *answer)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);

	if (result == RESULT_SUCCESS &&
	    sandbox_token_json(answer, NULL, &b) == 0)
		reply_text(a->x, 200, REPLY_JSON, buf_str(&b));
	else
		answer_no_token(a->x, result);
	buf_wipe(&b);
}

/* Append the parameter NAME, "" when there is none.  Returns whether it is
 * fit. */
static bool
get_param(const struct httpd_request *q, const char *name, struct buf *b)
{
	int r = http1_query(&q->query, name, b);

	return r == 0 || r == -ENOENT;
}

static const char *
text_or_null(const struct buf *b)
{
	return b->len != 0 ? buf_str(b) : NULL;
}

static void
token(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct buf connection = BUF_INIT(MAX_PARAM);
	struct buf role = BUF_INIT(MAX_PARAM);
	const struct grant_connection *c;
	const char *picked = NULL;
	struct sandbox *s = ctx;
	struct sandbox_ask *a;

	if (!get_param(q, "connection", &connection) ||
	    !get_param(q, "role", &role)) {
		reply_text(x, 400, REPLY_JSON,
		    "{\"error\":\"invalid_request\"}");
		goto out;
	}
	a = sandbox_ask_new(s, x, "token", on_token);
	c = grant_find_connection(&s->grant, text_or_null(&connection));
	if (c == NULL ||
	    grant_pick_role(c, text_or_null(&role), &picked) != 0) {
		sandbox_ask_refuse(a, RESULT_NOT_FOUND);
	} else {
		sandbox_set_question(&a->question, c, picked);
		sandbox_ask_begin(a, NULL);
	}
out:
	buf_wipe(&connection);
	buf_wipe(&role);
}

/* --- GET /health, /grant -------------------------------------------------- */

struct look {
	const struct sandbox *sandbox;
	bool found;
};

/* Whether an answer is a live one that the grant is about. */
static void
look_at(void *ctx, const struct cache_state *e)
{
	const char *name = cred_get(e->request, CRED_CONNECTION);
	struct look *l = ctx;

	if (name != NULL && strcmp(e->word, "live") == 0 &&
	    grant_find_connection(&l->sandbox->grant, name) != NULL)
		l->found = true;
}

static void
health(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	const struct sandbox *s = ctx;
	struct look look = { s, false };

	(void)q;
	cache_each(s->tokend->cache, look_at, &look);
	reply_text(x, 200, REPLY_JSON,
	    look.found ? "{\"status\":\"ok\"}" : "{\"status\":\"standby\"}");
}

/* For programs in JSON, for people as lines. */
static void
describe(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct buf b = BUF_INIT(GRANT_MAX_DESCRIPTION);
	struct buf form = BUF_INIT(MAX_PARAM);
	const struct sandbox *s = ctx;
	bool is_text;
	int r;

	is_text = get_param(q, "form", &form) && buf_equals(&form, "text");
	r = is_text ? grant_explain(&s->grant, clock_utc(), &b) :
		      grant_describe_inside(&s->grant, clock_utc(), &b);
	if (r == 0)
		reply_text(x, 200, is_text ? REPLY_TEXT : REPLY_JSON,
		    buf_str(&b));
	else
		reply_text(x, 500, REPLY_JSON, "{\"error\":\"server_error\"}");
	buf_wipe(&form);
	buf_wipe(&b);
}

/* --- POST /credential/... ------------------------------------------------- */

/* A question, as far as the grant covers it. */
struct question {
	const struct grant_connection *connection;
	const char *role;
	const struct grant_host *host;
};

/* Whether WANTED, where it says something, says what is KNOWN. */
static bool
agrees(const char *wanted, const char *known)
{
	return wanted == NULL ||
	    (known != NULL && strcasecmp(wanted, known) == 0);
}

/* What of the grant WANTED is about.  Returns whether there is something. */
static bool
find_question(const struct sandbox *s, const struct cred *wanted,
    bool or_default, struct question *ret)
{
	const char *name = cred_get(wanted, CRED_CONNECTION);
	const char *host = cred_get(wanted, CRED_HOST);
	const char *protocol = cred_get(wanted, CRED_PROTOCOL);
	const struct grant_connection *c;

	if (name == NULL && (host != NULL || !or_default)) {
		ret->host = host != NULL && protocol != NULL ?
		    grant_find_host(&s->grant, protocol, host) :
		    NULL;
		return ret->host != NULL;
	}
	c = grant_find_connection(&s->grant, name);
	if (c == NULL || !agrees(protocol, c->protocol) ||
	    !agrees(host, c->host) ||
	    !agrees(cred_get(wanted, CRED_USERNAME), c->username) ||
	    grant_pick_role(c, cred_get(wanted, CRED_ROLE), &ret->role) != 0)
		return false;
	ret->connection = c;
	return true;
}

/* Read the message and find what it is about.  Returns success, or what to
 * answer. */
static enum result
understand(const struct sandbox *s, const struct httpd_request *q,
    struct cred *wanted, struct question *ret)
{
	struct buf flag = BUF_INIT(16);
	struct buf why = BUF_INIT(1024);
	enum result result = RESULT_USAGE;

	if (q->body_len <= MAX_MESSAGE && get_param(q, "default", &flag) &&
	    cred_parse(q->body, q->body_len, wanted, &why) == 0)
		result = find_question(s, wanted, buf_equals(&flag, "1"), ret) ?
		    RESULT_SUCCESS :
		    RESULT_NOT_FOUND;
	buf_wipe(&flag);
	buf_wipe(&why);
	return result;
}

/* What the caller has no word for is left out. */
static enum result
fit_to_caller(const struct cred *wanted, struct cred *answer)
{
	const char *user = cred_get(wanted, CRED_USERNAME);
	const char *given = cred_get(answer, CRED_USERNAME);

	if (user != NULL && (given == NULL || strcasecmp(user, given) != 0))
		return RESULT_NOT_FOUND;
	if ((cred_capabilities(wanted) & CRED_CAN_AUTHTYPE) == 0) {
		cred_set(answer, CRED_AUTHTYPE, NULL);
		cred_set(answer, CRED_CREDENTIAL, NULL);
		cred_set(answer, CRED_EPHEMERAL, NULL);
	} else if (cred_get(answer, CRED_CREDENTIAL) != NULL ||
	    cred_get(answer, CRED_EPHEMERAL) != NULL) {
		cred_add(answer, CRED_CAPABILITY, "authtype");
	}
	return cred_has_secret(answer) ? RESULT_SUCCESS : RESULT_NOT_FOUND;
}

/* A sandbox that asked for the default connection does not know its name. */
static void
answer_failure(struct sandbox_ask *a, enum result result)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);

	if (result == RESULT_EXPIRED &&
	    cred_get(&a->question, CRED_CONNECTION) != NULL) {
		(void)buf_adds(&b, "a login is needed" CLIENT_ON_HOST);
		tokend_add_login(&a->question, &b);
		reply_why(a->x, result, buf_str(&b));
	} else {
		reply_why(a->x, result, sentence_of(result));
	}
	buf_wipe(&b);
}

static void
on_credential(struct sandbox_ask *a, enum result result,
    const struct cred *answer)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	struct cred fit = CRED_INIT;

	if (result == RESULT_SUCCESS) {
		cred_merge(&fit, answer);
		result = fit_to_caller(&a->wanted, &fit);
	}
	if (result == RESULT_SUCCESS && cred_format(&fit, &b) != 0)
		result = RESULT_ERROR;
	if (result == RESULT_SUCCESS)
		reply_result(a->x, result, buf_str(&b), b.len);
	else
		answer_failure(a, result);
	cred_wipe(&fit);
	buf_wipe(&b);
}

static void
get(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct sandbox *s = ctx;
	struct sandbox_ask *a = sandbox_ask_new(s, x, "get", on_credential);
	struct question about = { NULL, NULL, NULL };
	struct cred wanted = CRED_INIT;
	enum result result;

	result = understand(s, q, &wanted, &about);
	/* what fit_to_caller() wants to know; a message may be long */
	cred_set(&a->wanted, CRED_USERNAME, cred_get(&wanted, CRED_USERNAME));
	if ((cred_capabilities(&wanted) & CRED_CAN_AUTHTYPE) != 0)
		cred_add(&a->wanted, CRED_CAPABILITY, "authtype");
	cred_wipe(&wanted);
	if (result != RESULT_SUCCESS) {
		sandbox_ask_refuse(a, result);
	} else if (about.connection != NULL) {
		sandbox_set_question(&a->question, about.connection,
		    about.role);
		sandbox_ask_begin(a, NULL);
	} else {
		cred_set(&a->question, CRED_PROTOCOL, "https");
		cred_set(&a->question, CRED_HOST, about.host->host);
		cred_add(&a->question, CRED_CAPABILITY, "authtype");
		sandbox_ask_begin(a, about.host->stack);
	}
}

/* A sandbox stores nothing on the host (THREATS.md T3), and git needs not know
 * that. */
static void
store(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	(void)ctx;
	(void)q;
	reply_why(x, RESULT_SUCCESS, "");
}

/* Nor does it remove anything; but a token that the server has refused is
 * renewed a little earlier (T3, T6). */
static void
erase(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct question about = { NULL, NULL, NULL };
	struct cred question = CRED_INIT;
	struct cred wanted = CRED_INIT;
	struct sandbox *s = ctx;
	const char *secret;

	if (understand(s, q, &wanted, &about) == RESULT_SUCCESS &&
	    about.connection != NULL) {
		secret = cred_secret(&wanted);
		sandbox_set_question(&question, about.connection, about.role);
		if (secret != NULL)
			(void)cache_renew(s->tokend->cache, NULL, &question,
			    secret);
	}
	cred_wipe(&question);
	cred_wipe(&wanted);
	reply_why(x, RESULT_SUCCESS, "");
}

const struct reply_route sandbox_routes[] = { { "GET", "/token", token },
	{ "POST", "/credential/get", get }, { "GET", "/health", health },
	{ "GET", "/grant", describe }, { "POST", "/credential/store", store },
	{ "POST", "/credential/erase", erase },
	{ "POST", "/oauth/token-request", sandbox_oauth } };

const size_t sandbox_routes_count = ARRAY_LEN(sandbox_routes);
