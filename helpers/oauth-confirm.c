/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>
#include <strings.h>

#include "account.h"
#include "crypt.h"
#include "esc.h"
#include "fetch.h"
#include "json.h"
#include "log.h"
#include "oauth-confirm.h"
#include "oauth-token.h"
#include "url.h"

#define MAX_BODY 131072

/* What is Snowflake's; private links are below the first (snowflake.md 5.6). */
static const char *const domains[] = { ".snowflakecomputing.com",
	".snowflakecomputing.cn" };

static bool
is_snowflake(const char *host)
{
	size_t len = strlen(host);
	size_t i;

	for (i = 0; i < ARRAY_LEN(domains); i++) {
		size_t n = strlen(domains[i]);

		if (len > n && strcmp(host + len - n, domains[i]) == 0)
			return true;
	}
	return false;
}

/* Whether WRITTEN, where there is something, is PATH at the origin. */
static bool
is_default(const char *written, const char *origin, const char *path)
{
	size_t len = strlen(origin);

	return written == NULL ||
	    (strncmp(written, origin, len) == 0 &&
		strcmp(written + len, path) == 0);
}

/* What is wrong with the place, or NULL. */
static const char *
wrong_place(const struct oauth_settings *s, const struct url *u)
{
	if (s->machine)
		return "uses client credentials, which have no refresh token";
	if ((s->client_id != NULL &&
		strcmp(s->client_id, OAUTH_LOCAL_APPLICATION) != 0) ||
	    s->key_file != NULL)
		return "has a client of its own (oauth_client_id)";
	if (!is_default(s->token_url, s->origin, "/oauth/token-request"))
		return "has a token endpoint of its own "
		       "(oauth_token_request_url)";
	if (!is_default(s->authorize_url, s->origin, "/oauth/authorize"))
		return "has a login of its own (oauth_authorization_url)";
	if (url_is_loopback(u))
		return NULL;
	if (strcmp(u->scheme, "https") != 0)
		return "is not for https";
	if (!is_snowflake(u->host))
		return "is not for a host of Snowflake's";
	return NULL;
}

int
oauth_confirm_place(const struct oauth_settings *s, struct buf *why)
{
	struct url u = URL_INIT;
	const char *wrong;

	wrong = url_parse(s->origin, &u) == 0 ? wrong_place(s, &u) :
						"has no usable host";
	url_clear(&u);
	if (wrong == NULL)
		return 0;
	(void)buf_addf(why,
	    "the connection %s; a token whose origin is not recorded goes to "
	    "Snowflake's own local application only, so it was not sent\n"
	    "hint: log in instead",
	    wrong);
	return -EACCES;
}

static int
add_member(struct buf *b, const char *name, const char *value)
{
	int r = buf_addf(b, ",\"%s\":", name);

	return r != 0 ? r : esc_json(b, value, strlen(value));
}

int
oauth_confirm_body(const struct oauth_confirm *q, const char *access_token,
    struct buf *b)
{
	struct buf account = BUF_INIT(1024);
	struct buf why = BUF_INIT(1024);
	int r;

	/* a spelling that we do not know is the server's to judge */
	if (account_name(q->account, &account, &why) != 0)
		(void)buf_adds(&account, q->account);
	r = buf_adds(b,
	    "{\"data\":{\"CLIENT_APP_ID\":\"coco\","
	    "\"CLIENT_APP_VERSION\":\"" PACKAGE_VERSION "\"");
	if (r == 0)
		r = add_member(b, "ACCOUNT_NAME", buf_str(&account));
	if (r == 0)
		r = add_member(b, "LOGIN_NAME", q->user);
	if (r == 0)
		r = add_member(b, "AUTHENTICATOR", "OAUTH");
	if (r == 0)
		r = add_member(b, "TOKEN", access_token);
	if (r == 0)
		r = buf_adds(b,
		    ",\"CLIENT_ENVIRONMENT\":{\"APPLICATION\":\"coco\","
		    "\"OAUTH_TYPE\":\"oauth_authorization_code\"},"
		    "\"SESSION_PARAMETERS\":{}}}");
	buf_wipe(&account);
	buf_wipe(&why);
	return r;
}

/* What can stand between the quotes of a header field. */
static bool
is_session_token(const char *s)
{
	size_t i;

	for (i = 0; s[i] > ' ' && s[i] < 0x7f && s[i] != '"'; i++)
		continue;
	return i != 0 && i <= OAUTH_MAX_TOKEN && s[i] == '\0';
}

static enum result
read_session(const struct json *j, struct oauth_session *ret, struct buf *why)
{
	struct json *data = NULL;
	struct json *info = NULL;
	const char *token = NULL;
	const char *user = NULL;
	const char *role = NULL;
	enum result result = RESULT_SUCCESS;

	if (json_object_of(j, "data", &data) == 0) {
		token = json_text(data, "token");
		user = json_text(data, "displayUserName");
		if (json_object_of(data, "sessionInfo", &info) == 0)
			role = json_text(info, "roleName");
	}
	oauth_session_wipe(ret);
	if (!json_flag(j, "success") || token == NULL ||
	    !is_session_token(token) || user == NULL ||
	    buf_adds(&ret->user, user) != 0 ||
	    buf_adds(&ret->role, role != NULL ? role : "") != 0) {
		(void)buf_adds(why, "the login's answer cannot be used");
		result = RESULT_ERROR;
	}
	/* a session that was made has to be ended, whatever else is wrong */
	if (token != NULL && is_session_token(token))
		(void)buf_adds(&ret->token, token);
	json_free(info);
	json_free(data);
	return result;
}

enum result
oauth_confirm_read(const struct oauth_secrets *known, long status,
    const struct buf *body, struct oauth_session *ret_session, struct buf *why)
{
	struct json *j = NULL;
	enum result result;

	/* no text member makes it a good answer: a message is always bad */
	result = oauth_answer_parse(known, status, body, "", &j, why);
	if (result == RESULT_SUCCESS)
		result = read_session(j, ret_session, why);
	json_free(j);
	return result == RESULT_EXPIRED ? RESULT_DENIED : result;
}

enum result
oauth_confirm_judge(const struct oauth_confirm *q,
    const struct oauth_session *session, struct buf *why)
{
	struct buf name = BUF_INIT(OAUTH_MAX_SCOPE);
	enum result result = RESULT_DENIED;
	const char *role = buf_str(&session->role);

	if (strcasecmp(buf_str(&session->user), q->user) != 0) {
		(void)buf_adds(why, "the token belongs to ");
		(void)esc_visible(why, buf_str(&session->user),
		    session->user.len);
		(void)buf_addf(why, ", not to %s", q->user);
	} else if (q->role != NULL && strcmp(role, q->role) != 0 &&
	    (oauth_role_name(&name, q->role) != 0 ||
		!buf_equals(&name, role))) {
		(void)buf_adds(why, "the token has the role ");
		(void)esc_visible(why, role, strlen(role));
		(void)buf_addf(why, ", not %s", q->role);
	} else {
		result = RESULT_SUCCESS;
	}
	buf_wipe(&name);
	return result;
}

/* The identifier of a request: 16 random bytes as a UUID is written. */
static int
add_request_id(struct buf *b)
{
	unsigned char id[16];
	size_t i;
	int r = crypt_random(id, sizeof(id));

	for (i = 0; r == 0 && i < sizeof(id); i++)
		r = buf_addf(b, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	return r;
}

/* POST a JSON text to TARGET of the account. */
static int
post(const struct oauth_confirm *q, const char *target, const struct buf *body,
    const char *authorization, struct fetch_response *response, struct buf *why)
{
	const struct oauth_config *c = q->config;
	struct buf url = BUF_INIT(URL_MAX);
	struct fetch_request request = {
		.body = body,
		.content_type = "application/json",
		.accept = "application/json",
		.authorization = authorization,
		.proxy = c->proxy.len != 0 ? buf_str(&c->proxy) : NULL,
		.no_proxy = c->no_proxy,
	};
	int r = buf_addf(&url, "%s%s", q->origin, target);

	if (r == 0) {
		request.url = buf_str(&url);
		r = fetch(&request, response, why);
	}
	buf_wipe(&url);
	return r;
}

static enum result
log_in(const struct oauth_confirm *q, const char *access_token,
    struct oauth_session *session, struct buf *why)
{
	const struct oauth_secrets known = { { access_token } };
	struct fetch_response response = FETCH_RESPONSE_INIT;
	struct buf target = BUF_INIT(256);
	struct buf body = BUF_INIT(MAX_BODY);
	enum result result;
	int r;

	r = buf_adds(&target, "/session/v1/login-request?requestId=");
	if (r == 0)
		r = add_request_id(&target);
	if (r == 0)
		r = oauth_confirm_body(q, access_token, &body);
	if (r == 0)
		r = post(q, buf_str(&target), &body, NULL, &response, why);
	else
		(void)buf_adds(why, "the login cannot be written");
	if (r != 0) {
		result = oauth_no_answer(r);
	} else {
		(void)buf_addf(why, "%s: ", q->origin);
		result = oauth_confirm_read(&known, response.status,
		    &response.body, session, why);
	}
	fetch_response_wipe(&response);
	buf_wipe(&target);
	buf_wipe(&body);
	return result;
}

/* A session outlives its token by hours, so it must not be left (snowflake.md
 * 0.7); the answer does not matter, and there is no other way. */
static void
log_out(const struct oauth_confirm *q, const struct oauth_session *session)
{
	struct fetch_response response = FETCH_RESPONSE_INIT;
	struct buf authorization = BUF_INIT(OAUTH_MAX_TOKEN + 64);
	struct buf body = BUF_INIT(8);
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);

	(void)buf_adds(&body, "{}");
	(void)buf_addf(&authorization, "Snowflake Token=\"%s\"",
	    buf_str(&session->token));
	if (post(q, "/session?delete=true", &body, buf_str(&authorization),
		&response, &why) != 0)
		log_warn("the session of the check could not be ended (%s); "
			 "it ends by itself",
		    buf_str(&why));
	fetch_response_wipe(&response);
	buf_wipe(&authorization);
	buf_wipe(&body);
	buf_wipe(&why);
}

enum result
oauth_confirm(const struct oauth_confirm *q, const char *access_token,
    struct buf *why)
{
	struct oauth_session session = OAUTH_SESSION_INIT;
	enum result result;

	result = log_in(q, access_token, &session, why);
	if (result == RESULT_SUCCESS) {
		buf_clear(why);
		result = oauth_confirm_judge(q, &session, why);
	}
	if (session.token.len != 0)
		log_out(q, &session);
	oauth_session_wipe(&session);
	return result;
}

void
oauth_session_wipe(struct oauth_session *session)
{
	buf_wipe(&session->token);
	buf_wipe(&session->user);
	buf_wipe(&session->role);
}
