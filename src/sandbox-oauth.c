/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The token endpoint of a sandbox (RFC 6749 3.2), for stock Snowflake clients
 * by oauth_token_request_url: the client is the connection, its secret, or its
 * refresh token, the capability, and the scope picks the role
 * (snowflake.md 1.3, 7).  What it gives out is an access token and never a
 * refresh token; what is not granted and what does not exist get the same
 * answer (THREATS.md T15).
 */
#include "coco.h"

#include <string.h>
#include <strings.h>

#include "b64.h"
#include "clock.h"
#include "jsonout.h"
#include "rolescope.h"
#include "sandbox-priv.h"
#include "url.h"

#define MAX_PARAM 8192

/* Snowflake's own client, which stands for "whoever this is". */
#define LOCAL_APPLICATION "LOCAL_APPLICATION"

/* What is said for how long a secret without an end is good: long enough not
 * to be asked all the time. */
#define NO_END_S 3600

/* What a client said about itself and wants. */
struct client {
	struct buf id;
	struct buf secret;
	struct buf grant_type;
	struct buf refresh_token;
	struct buf scope;
	bool has_secret;
};

#define CLIENT_INIT                                                            \
	{                                                                      \
		BUF_INIT(MAX_PARAM), BUF_INIT(MAX_PARAM), BUF_INIT(MAX_PARAM), \
		    BUF_INIT(MAX_PARAM), BUF_INIT(MAX_PARAM), false            \
	}

static void
client_wipe(struct client *c)
{
	buf_wipe(&c->id);
	buf_wipe(&c->secret);
	buf_wipe(&c->grant_type);
	buf_wipe(&c->refresh_token);
	buf_wipe(&c->scope);
}

/* --- answers -------------------------------------------------------------- */

int
sandbox_token_json(const struct cred *answer, const char *scope, struct buf *b)
{
	int64_t expiry = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);
	int64_t left = NO_END_S;
	struct jsonout j = JSONOUT_INIT(b);

	if (expiry != 0)
		left = expiry > clock_utc() ? expiry - clock_utc() : 0;
	jsonout_put(&j, "{");
	jsonout_text(&j, "access_token", cred_secret(answer));
	jsonout_text(&j, "token_type", "Bearer");
	jsonout_number(&j, "expires_in", left);
	jsonout_text(&j, "scope", scope);
	jsonout_put(&j, "}");
	return j.error;
}

/* RFC 6749 5.2. */
static void
answer_error(struct httpd_exchange *x, int status, const char *error,
    const char *description)
{
	struct buf b = BUF_INIT(512);
	struct jsonout j = JSONOUT_INIT(&b);

	jsonout_put(&j, "{");
	jsonout_text(&j, "error", error);
	jsonout_text(&j, "error_description", description);
	jsonout_put(&j, "}");
	reply_with(x, status,
	    status == 401 ? "WWW-Authenticate: Basic realm=\"coco\"\r\n" : NULL,
	    REPLY_JSON, buf_str(&b));
	buf_wipe(&b);
}

static void
on_answer(struct sandbox_ask *a, enum result result, const struct cred *answer)
{
	struct buf scope = BUF_INIT(MAX_PARAM);
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	const char *role = cred_get(&a->question, CRED_ROLE);

	if (role != NULL && role[0] != '\0')
		(void)rolescope_add(&scope, role);
	if (result == RESULT_SUCCESS &&
	    sandbox_token_json(answer, scope.len != 0 ? buf_str(&scope) : NULL,
		&b) == 0)
		reply_text(a->x, 200, REPLY_JSON, buf_str(&b));
	else if (result == RESULT_EXPIRED || result == RESULT_NOT_FOUND)
		answer_error(a->x, 400, "invalid_grant",
		    "A login on the host is needed.");
	else if (result == RESULT_DENIED)
		answer_error(a->x, 400, "invalid_grant",
		    "This sandbox may not have it.");
	else
		answer_error(a->x, 503, "temporarily_unavailable",
		    "The host cannot get a token now.");
	buf_wipe(&scope);
	buf_wipe(&b);
}

/* --- the request ---------------------------------------------------------- */

/* Append the parameter NAME of the form; it may be missing.  An error when it
 * is there twice or malformed (RFC 6749 3.2). */
static int
get_param(const struct httpd_request *q, const char *name, struct buf *b)
{
	const struct http1_span form = { q->body, q->body_len };
	int r = http1_query(&form, name, b);

	return r == -ENOENT ? 0 : r;
}

/* Basic, whose parts are form-urlencoded (RFC 6749 2.3.1). */
static int
parse_basic(const struct http1_span *value, struct client *c)
{
	static const char scheme[] = "Basic ";
	struct buf pair = BUF_INIT(2 * MAX_PARAM);
	size_t len = sizeof(scheme) - 1;
	const char *colon = NULL;
	int r = -EBADMSG;

	if (value->len > len && strncasecmp(value->s, scheme, len) == 0)
		r = b64_decode(&pair, value->s + len, value->len - len);
	if (r == 0)
		colon = memchr(buf_str(&pair), ':', pair.len);
	if (colon == NULL)
		r = -EBADMSG;
	if (r == 0)
		r = url_decode(&c->id, buf_str(&pair),
		    (size_t)(colon - buf_str(&pair)));
	if (r == 0)
		r = url_decode(&c->secret, colon + 1, strlen(colon + 1));
	c->has_secret = true;
	buf_wipe(&pair);
	return r;
}

static bool
is_form(const struct httpd_request *q)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const struct http1_span *field;
	size_t len = sizeof(type) - 1;
	size_t count;

	field = http1_field(q->head, "Content-Type", &count);
	return count == 1 && field->len >= len &&
	    strncasecmp(field->s, type, len) == 0 &&
	    (field->len == len || field->s[len] == ';' || field->s[len] == ' ');
}

/*
 * Who asks.  One way to authenticate, not two (RFC 6749 2.3).  Returns 0, or
 * an error for what is malformed.
 */
static int
parse(const struct httpd_request *q, struct client *c)
{
	const struct http1_span *field;
	size_t count;
	int r;

	if (!is_form(q))
		return -EBADMSG;
	field = http1_field(q->head, "Authorization", &count);
	r = get_param(q, "client_id", &c->id);
	if (r == 0)
		r = get_param(q, "client_secret", &c->secret);
	c->has_secret = c->secret.len != 0;
	if (r == 0 && count != 0) {
		if (count > 1 || c->has_secret)
			return -EBADMSG;
		/* some say who they are in the body as well
		 * (snowflake.md 1.4) */
		buf_clear(&c->id);
		r = parse_basic(field, c);
	}
	if (r == 0)
		r = get_param(q, "grant_type", &c->grant_type);
	if (r == 0)
		r = get_param(q, "refresh_token", &c->refresh_token);
	if (r == 0)
		r = get_param(q, "scope", &c->scope);
	return r;
}

static bool
is_capability(const struct sandbox *s, const struct buf *b)
{
	return grant_has_capability(&s->grant, buf_str(b), b->len);
}

/* The connection that the client is, when it may be; else NULL. */
static const struct grant_connection *
client_connection(const struct sandbox *s, const struct client *c)
{
	bool is_local = buf_equals(&c->id, LOCAL_APPLICATION);

	if (buf_equals(&c->grant_type, "client_credentials"))
		return is_capability(s, &c->secret) ?
		    grant_find_connection(&s->grant, buf_str(&c->id)) :
		    NULL;
	/* a public client shows its refresh token only; a secret, if there is
	 * one, must be right as well */
	if (c->has_secret && !is_capability(s, &c->secret) &&
	    !(is_local && buf_equals(&c->secret, LOCAL_APPLICATION)))
		return NULL;
	return grant_find_connection(&s->grant,
	    is_local || c->id.len == 0 ? NULL : buf_str(&c->id));
}

/* --- scope ---------------------------------------------------------------- */

/* The role that the scope names, or the first one.  Returns 0 or -EACCES. */
static int
pick_role(const struct grant_connection *connection, const struct buf *scope,
    const char **ret_role)
{
	struct buf role = BUF_INIT(MAX_PARAM);
	int r = rolescope_read(buf_str(scope), &role);

	if (r == 0)
		r = grant_pick_role(connection,
		    role.len != 0 ? buf_str(&role) : NULL, ret_role);
	buf_wipe(&role);
	return r != 0 ? -EACCES : 0;
}

/* --- the endpoint --------------------------------------------------------- */

static void
refuse_client(struct sandbox *s, struct httpd_exchange *x, bool is_refresh)
{
	if (!sandbox_has_time(s, x, sandbox_is_by_unix(x)))
		return;
	sandbox_refused(s, httpd_fd(x), "a wrong client at the token endpoint");
	if (is_refresh)
		answer_error(x, 400, "invalid_grant",
		    "The refresh token is not valid.");
	else
		answer_error(x, 401, "invalid_client",
		    "The client is not known or its secret is wrong.");
}

/* The client has shown the capability: give it what its scope says. */
static void
begin(struct sandbox *s, struct httpd_exchange *x,
    const struct grant_connection *connection, const struct buf *scope)
{
	const char *role = NULL;
	struct sandbox_ask *a;

	if (!sandbox_has_time(s, x, true))
		return;
	if (!sandbox_is_open(s)) {
		sandbox_refused(s, httpd_fd(x), "the grant is paused or over");
		answer_error(x, 400, "invalid_grant", "The grant is paused.");
		return;
	}
	if (pick_role(connection, scope, &role) != 0) {
		answer_error(x, 400, "invalid_scope",
		    "The scope is not one that this sandbox has.");
	} else {
		a = sandbox_ask_new(s, x, "oauth", on_answer);
		sandbox_set_question(&a->question, connection, role);
		sandbox_ask_begin(a, NULL);
	}
}

void
sandbox_oauth(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	const struct grant_connection *connection;
	struct client c = CLIENT_INIT;
	struct sandbox *s = ctx;
	bool is_refresh;

	if (parse(q, &c) != 0 || c.grant_type.len == 0) {
		if (sandbox_has_time(s, x, sandbox_is_by_unix(x)))
			answer_error(x, 400, "invalid_request",
			    "The request is malformed.");
		goto out;
	}
	is_refresh = buf_equals(&c.grant_type, "refresh_token");
	if (!is_refresh && !buf_equals(&c.grant_type, "client_credentials")) {
		if (sandbox_has_time(s, x, sandbox_is_by_unix(x)))
			answer_error(x, 400, "unsupported_grant_type",
			    "Use client_credentials or refresh_token.");
		goto out;
	}
	connection = client_connection(s, &c);
	if (is_refresh && !is_capability(s, &c.refresh_token))
		connection = NULL;
	if (connection == NULL)
		refuse_client(s, x, is_refresh);
	else
		begin(s, x, connection, &c.scope);
out:
	client_wipe(&c);
}
