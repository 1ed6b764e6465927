/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pure parts of the oauth helper: configuration, URLs and forms, answers
 * and their errors, the page, BROWSER. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "cred.h"
#include "oauth-answer.h"
#include "oauth-browser.h"
#include "oauth-client.h"
#include "oauth-config.h"
#include "oauth-page.h"
#include "oauth-token.h"
#include "strv.h"
#include "tap.h"

#define ORIGIN    "https://acct.snowflakecomputing.com"
#define IDP       "https://idp.example/token"
#define IDP_HTTP  "http://idp.example/"
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static void
test_defaults(void)
{
	const struct oauth_settings s = { .origin = ORIGIN };
	struct oauth_config c = OAUTH_CONFIG_INIT;
	struct buf why = BUF_INIT(1024);
	struct buf b = BUF_INIT(1024);

	is_int(oauth_configure(&s, &c, &why), 0, "nothing set is fine");
	is_str(buf_str(&c.authorize_url), ORIGIN "/oauth/authorize",
	    "authorize URL");
	is_str(buf_str(&c.token_url), ORIGIN "/oauth/token-request",
	    "token URL");
	is_str(buf_str(&c.token_origin), ORIGIN, "origin");
	is_str(c.client_id, "LOCAL_APPLICATION", "client id");
	is_str(c.client_secret, "LOCAL_APPLICATION", "client secret");
	is_str(buf_str(&c.scope), "refresh_token", "scope");
	is_int(c.redirect_port, 0, "any port");
	ok(c.snowflake, "Snowflake's own");
	ok(!c.single_use, "no single-use tokens asked for");
	is_int(oauth_redirect_uri(&c, 4711, &b), 0, "redirect address");
	is_str(buf_str(&b), "http://127.0.0.1:4711/", "with the port");
	oauth_config_wipe(&c);
	buf_wipe(&why);
	buf_wipe(&b);
}

static void
test_scope(void)
{
	static const struct {
		const char *role;
		const char *scope;
		const char *token_url;
		const char *want;
	} t[] = {
		{ "ANALYST", NULL, NULL, "refresh_token session:role:ANALYST" },
		{ "a-b_9", NULL, NULL, "refresh_token session:role:a-b_9" },
		{ "AUTH SNOWFLAKE", NULL, NULL,
		    "refresh_token session:role-encoded:AUTH%20SNOWFLAKE" },
		{ "a/b", NULL, NULL,
		    "refresh_token session:role-encoded:a%2Fb" },
		{ "a.b~c", NULL, NULL,
		    "refresh_token session:role-encoded:a.b~c" },
		{ "R\xc3\x96", NULL, NULL,
		    "refresh_token session:role-encoded:R%C3%96" },
		{ "\"x\"&y=%", NULL, NULL,
		    "refresh_token "
		    "session:role-encoded:%22x%22%26y%3D%25" },
		{ "R", "session:role:Q", NULL, "refresh_token session:role:Q" },
		{ "R", "session:role:Q refresh_token", NULL,
		    "session:role:Q refresh_token" },
		{ NULL, "my_refresh_token", NULL,
		    "refresh_token my_refresh_token" },
		{ "R", NULL, "https://idp.example/token", "" },
		{ "R", "openid offline_access", "https://idp.example/token",
		    "openid offline_access" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		const struct oauth_settings s = { .origin = ORIGIN,
			.client_id = "id",
			.role = t[i].role,
			.scope = t[i].scope,
			.token_url = t[i].token_url };
		struct oauth_config c = OAUTH_CONFIG_INIT;
		struct buf why = BUF_INIT(1024);

		(void)oauth_configure(&s, &c, &why);
		is_str(buf_str(&c.scope), t[i].want, "scope, row %zu", i);
		oauth_config_wipe(&c);
		buf_wipe(&why);
	}
}

/* Roles as people write them, and as Snowflake has them in a scope; the
 * session:role: or session:role-encoded: before them is left out. */
static void
test_roles(void)
{
	static const struct {
		const char *role;
		const char *want;
	} t[] = {
		{ "ANALYST", ":ANALYST" },
		{ "analyst", ":ANALYST" },
		{ "_my_Role9", ":_MY_ROLE9" },
		{ "a$b", "-encoded:A%24B" },
		{ "9lives", ":9lives" },
		{ "my-role", ":my-role" },
		{ "my role", "-encoded:my%20role" },
		{ "\"analyst\"", ":analyst" },
		{ "\"My Role\"", "-encoded:My%20Role" },
		{ "\"a\"\"b\"", "-encoded:a%22b" },
		{ "\"", "-encoded:%22" },
		{ "\"\"", "-encoded:%22%22" },
		{ "\"a\"b", "-encoded:%22a%22b" },
		{ "100%", "-encoded:100%25" },
		{ "a%20b", "-encoded:a%2520b" },
		{ "a/b", "-encoded:a%2Fb" },
		{ "a+b c", "-encoded:a%2Bb%20c" },
		{ "r\xc3\xb6le", "-encoded:r%C3%B6le" },
		{ "\xf0\x9f\x94\x91", "-encoded:%F0%9F%94%91" },
		{ "a:b", "-encoded:a%3Ab" },
		{ "a.b~c", "-encoded:a.b~c" },
		{ "a b session:role:ACCOUNTADMIN",
		    "-encoded:a%20b%20session%3Arole%3AACCOUNTADMIN" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		const struct oauth_settings s = { .origin = ORIGIN,
			.role = t[i].role };
		struct oauth_config c = OAUTH_CONFIG_INIT;
		struct buf want = BUF_INIT(1024);
		struct buf why = BUF_INIT(1024);

		is_int(oauth_configure(&s, &c, &why), 0, "role, row %zu", i);
		(void)buf_addf(&want, "refresh_token session:role%s",
		    t[i].want);
		is_str(buf_str(&c.scope), buf_str(&want), "its scope");
		oauth_config_wipe(&c);
		buf_wipe(&want);
		buf_wipe(&why);
	}
}

/* Client credentials: which form, and whether by Basic. */
static void
test_machine(void)
{
	static const struct {
		struct oauth_settings s;
		const char *form;
		const char *user;
	} t[] = {
		{ { .origin = ORIGIN }, "grant_type=client_credentials", "a" },
		{ { .origin = ORIGIN, .role = "r 1" },
		    "grant_type=client_credentials"
		    "&scope=session%3Arole-encoded%3Ar%25201",
		    "a" },
		{ { .origin = ORIGIN, .role = "R", .token_url = IDP },
		    "grant_type=client_credentials&scope=session%3Arole%3AR",
		    "a" },
		{ { .origin = ORIGIN,
		      .role = "R",
		      .token_url = IDP,
		      .scope = "api://x/.default",
		      .credentials_in_body = true },
		    "grant_type=client_credentials"
		    "&scope=api%3A%2F%2Fx%2F.default"
		    "&client_id=a&client_secret=s%2B",
		    "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct oauth_settings s = t[i].s;
		struct oauth_config c = OAUTH_CONFIG_INIT;
		struct buf form = BUF_INIT(1024);
		struct buf user = BUF_INIT(64);
		struct buf password = BUF_INIT(64);

		s.machine = true;
		s.client_id = "a";
		s.client_secret = "s+";
		(void)oauth_configure(&s, &c, &form);
		is_int(oauth_machine_form(&c, &form), 0, "form, row %zu", i);
		is_str(buf_str(&form), t[i].form, "the form");
		(void)oauth_basic(&c, &user, &password);
		is_str(buf_str(&user), t[i].user, "Basic user");
		oauth_config_wipe(&c);
		buf_wipe(&form);
		buf_wipe(&user);
		buf_wipe(&password);
	}
}

static void
test_refused(void)
{
	static const struct {
		struct oauth_settings s;
		const char *why;
	} t[] = {
		{ { .origin = "http://acct.example" },
		    "oauth_authorization_url must be https" },
		{ { .origin = ORIGIN, .client_id = "i", .token_url = IDP_HTTP },
		    "oauth_token_request_url must be https" },
		{ { .origin = ORIGIN, .token_url = "ftp://x/" },
		    "oauth_token_request_url is no usable URL" },
		{ { .origin = ORIGIN, .token_url = "https://u:p@x/" },
		    "oauth_token_request_url is no usable URL" },
		{ { .origin = ORIGIN, .authorize_url = ORIGIN "/a#f" },
		    "oauth_authorization_url is no usable URL" },
		{ { .origin = ORIGIN, .token_url = "https://idp.example/t" },
		    "oauth_client_id is not set" },
		{ { .origin = ORIGIN, .client_secret = "s" },
		    "oauth_client_secret is set" },
		{ { .origin = ORIGIN, .client_id = "a\nb" },
		    "oauth_client_id has control" },
		{ { .origin = ORIGIN, .scope = "a\nb" }, "oauth_scope" },
		{ { .origin = ORIGIN, .redirect_uri = "https://127.0.0.1/" },
		    "oauth_redirect_uri must be" },
		{ { .origin = ORIGIN, .redirect_uri = "http://10.0.0.1:8/" },
		    "oauth_redirect_uri must be" },
		{ { .origin = ORIGIN,
		      .redirect_uri = "http://127.0.0.1.evil.example/" },
		    "oauth_redirect_uri must be" },
		{ { .origin = ORIGIN, .redirect_uri = "http://127.0.0.1/?a=b" },
		    "oauth_redirect_uri must be" },
		{ { .origin = ORIGIN, .proxy_host = "a b" }, "proxy_host" },
		{ { .origin = ORIGIN, .machine = true },
		    "oauth_client_id is not set: client credentials" },
		{ { .origin = ORIGIN, .machine = true, .client_secret = "s" },
		    "oauth_client_id is not set: client credentials" },
		{ { .origin = ORIGIN, .machine = true, .client_id = "i" },
		    "oauth_client_secret is not set" },
		{ { .origin = ORIGIN,
		      .machine = true,
		      .client_id = "i",
		      .client_secret = "s",
		      .token_url = IDP_HTTP },
		    "oauth_token_request_url must be https" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct oauth_config c = OAUTH_CONFIG_INIT;
		struct buf why = BUF_INIT(1024);

		is_int(oauth_configure(&t[i].s, &c, &why), -EINVAL,
		    "refused, row %zu", i);
		if (!ok(strncmp(buf_str(&why), t[i].why, strlen(t[i].why)) == 0,
			"with the reason"))
			printf("# %s\n", buf_str(&why));
		ok(c.token_url.data == NULL, "nothing is left");
		buf_wipe(&why);
	}
}

static void
test_redirect_and_proxy(void)
{
	static const struct {
		const char *redirect;
		int port;
		const char *uri;
	} t[] = {
		{ "http://127.0.0.1", 0, "http://127.0.0.1:99/" },
		{ "http://127.0.0.1/back", 0, "http://127.0.0.1:99/back" },
		{ "http://localhost/cb", 0, "http://localhost:99/cb" },
		{ "http://127.0.0.1:8765", 8765, "http://127.0.0.1:8765" },
		{ "http://127.0.0.1:8765/x", 8765, "http://127.0.0.1:8765/x" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		const struct oauth_settings s = { .origin = ORIGIN,
			.redirect_uri = t[i].redirect,
			.proxy_host = "http://px.example",
			.proxy_port = "3128",
			.proxy_user = "u@x",
			.proxy_password = "p:w" };
		struct oauth_config c = OAUTH_CONFIG_INIT;
		struct buf b = BUF_INIT(1024);

		(void)oauth_configure(&s, &c, &b);
		is_int(c.redirect_port, t[i].port, "port, row %zu", i);
		(void)oauth_redirect_uri(&c, 99, &b);
		is_str(buf_str(&b), t[i].uri, "address, row %zu", i);
		is_str(buf_str(&c.proxy), "http://u%40x:p%3Aw@px.example:3128",
		    "proxy");
		oauth_config_wipe(&c);
		buf_wipe(&b);
	}
}

static void
test_authorize_url(void)
{
	const struct oauth_settings s = { .origin = ORIGIN,
		.role = "AUTH SNOWFLAKE" };
	const struct oauth_request q = { "http://127.0.0.1:1/", "st",
		VERIFIER };
	struct oauth_config c = OAUTH_CONFIG_INIT;
	struct buf b = BUF_INIT(URL_MAX);

	is_int(oauth_challenge(VERIFIER, &b), 0, "RFC 7636 appendix B");
	is_str(buf_str(&b), CHALLENGE, "challenge");
	buf_clear(&b);
	(void)oauth_configure(&s, &c, &b);
	is_int(oauth_authorize_url(&c, &q, &b), 0, "authorize URL");
	is_str(buf_str(&b),
	    ORIGIN "/oauth/authorize?"
		   "client_id=LOCAL_APPLICATION&response_type=code"
		   "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F"
		   "&scope=refresh_token%20session%3Arole-encoded%3A"
		   "AUTH%2520SNOWFLAKE&state=st"
		   "&code_challenge=" CHALLENGE "&code_challenge_method=S256",
	    "all parameters, the role encoded twice");
	buf_clear(&b);
	(void)buf_adds(&c.authorize_url, "?tenant=1");
	(void)oauth_authorize_url(&c, &q, &b);
	ok(strstr(buf_str(&b), "?tenant=1&client_id=") != NULL,
	    "a query of its own stays");
	oauth_config_wipe(&c);
	buf_wipe(&b);
}

/* How a client shows who it is: by Basic, by the body, not at all. */
static void
test_forms(void)
{
	static const struct {
		struct oauth_settings s;
		const char *code_tail;
		const char *user;
		const char *password;
	} t[] = {
		{ { .origin = ORIGIN }, "", "LOCAL_APPLICATION",
		    "LOCAL_APPLICATION" },
		{ { .origin = ORIGIN, .single_use = true },
		    "&enable_single_use_refresh_tokens=true",
		    "LOCAL_APPLICATION", "LOCAL_APPLICATION" },
		{ { .origin = ORIGIN, .client_id = "LOCAL_APPLICATION" }, "",
		    "LOCAL_APPLICATION", "LOCAL_APPLICATION" },
		{ { .origin = ORIGIN, .client_id = "a:b" }, "&client_id=a%3Ab",
		    "", "" },
		{ { .origin = ORIGIN, .client_id = ":", .client_secret = "+" },
		    "", "%3A", "%2B" },
		{ { .origin = ORIGIN,
		      .client_id = "a",
		      .client_secret = "s+",
		      .credentials_in_body = true },
		    "&client_id=a&client_secret=s%2B", "", "" },
	};
	const struct oauth_request q = { "http://127.0.0.1:1/", "st", "v" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct oauth_config c = OAUTH_CONFIG_INIT;
		struct buf want = BUF_INIT(1024);
		struct buf got = BUF_INIT(1024);
		struct buf user = BUF_INIT(256);
		struct buf password = BUF_INIT(256);

		(void)oauth_configure(&t[i].s, &c, &got);
		(void)oauth_code_form(&c, &q, "c+/", &got);
		(void)buf_addf(&want,
		    "grant_type=authorization_code"
		    "&code=c%%2B%%2F&redirect_uri=http%%3A%%2F%%2F127.0.0.1"
		    "%%3A1%%2F&code_verifier=v%s",
		    t[i].code_tail);
		is_str(buf_str(&got), buf_str(&want), "code, row %zu", i);
		buf_clear(&got);
		(void)oauth_refresh_form(&c, "ver:2-hint=", &got);
		ok(strncmp(buf_str(&got),
		       "grant_type=refresh_token"
		       "&refresh_token=ver%3A2-hint%3D",
		       54) == 0,
		    "refresh, row %zu", i);
		(void)oauth_basic(&c, &user, &password);
		is_str(buf_str(&user), t[i].user, "Basic user, row %zu", i);
		is_str(buf_str(&password), t[i].password, "and password");
		oauth_config_wipe(&c);
		buf_wipe(&want);
		buf_wipe(&got);
		buf_wipe(&user);
		buf_wipe(&password);
	}
}

static void
test_reply(void)
{
	static const struct {
		const char *query;
		int r;
		const char *code;
		const char *error;
	} t[] = {
		{ "code=abc&state=st", 0, "abc", "" },
		{ "code=a%2Bb&scope=x+y&state=st", 0, "a+b", "" },
		{ "error=access_denied&error_description=No%21&state=st", 0, "",
		    "access_denied" },
		{ "code=c&error=access_denied&state=st", 0, "",
		    "access_denied" },
		{ "code=abc&state=sT", -EACCES, "", "" },
		{ "code=abc&state=st2", -EACCES, "", "" },
		{ "code=abc", -EACCES, "", "" },
		{ "", -EACCES, "", "" },
		{ "code=abc&state=st&state=st", -EACCES, "", "" },
		{ "state=st", -EBADMSG, "", "" },
		{ "code=&state=st", -EBADMSG, "", "" },
		{ "code=a&code=b&state=st", -EBADMSG, "", "" },
		{ "code=a%0Ab&state=st", -EBADMSG, "", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct oauth_reply reply = OAUTH_REPLY_INIT;

		is_int(oauth_read_reply(t[i].query, "st", &reply), t[i].r,
		    "redirect, row %zu", i);
		is_str(buf_str(&reply.code), t[i].code, "code");
		is_str(buf_str(&reply.error), t[i].error, "error");
		oauth_reply_wipe(&reply);
	}
}

static void
test_good_answer(void)
{
	const struct oauth_secrets known = { { NULL } };
	struct oauth_answer a = OAUTH_ANSWER_INIT;
	struct oauth_config c = OAUTH_CONFIG_INIT;
	struct buf body = BUF_INIT(4096);
	struct buf why = BUF_INIT(1024);
	struct cred cred = CRED_INIT;
	struct cred old = CRED_INIT;

	cred_set(&old, CRED_OAUTH_REFRESH_TOKEN, "old");
	(void)buf_adds(&body,
	    "{\"access_token\":\"ver:1-hint:1-E+/=\","
	    "\"refresh_token\":\"ver:2-r\",\"token_type\":\"Bearer\","
	    "\"expires_in\":599,\"username\":\"ALICE\","
	    "\"idpInitiated\":false}");
	is_int(oauth_answer_read(&known, 200, &body, &a, &why), RESULT_SUCCESS,
	    "a good answer");
	is_str(buf_str(&a.access_token), "ver:1-hint:1-E+/=", "access token");
	is_str(buf_str(&a.refresh_token), "ver:2-r", "refresh token");
	is_str(buf_str(&a.username), "ALICE", "user");
	is_int(a.expires_in, 599, "life");
	c.client_id = "CID";
	(void)buf_adds(&c.token_origin, ORIGIN);
	oauth_make_cred(&c, &a, &old, 1000, &cred);
	is_str(cred_get(&cred, CRED_OAUTH_REFRESH_TOKEN), "ver:2-r",
	    "the new refresh token is kept");
	is_int(cred_number(&cred, CRED_PASSWORD_EXPIRY_UTC), 1599, "expiry");
	is_int(cred_number(&cred, CRED_ISSUED_UTC), 1000, "issue");
	is_str(cred_get(&cred, CRED_TOKEN_TYPE), "OAUTH", "type");
	is_str(cred_state(&cred, "token_origin"), ORIGIN, "origin recorded");
	is_str(cred_state(&cred, "client_id"), "CID", "client recorded");
	ok((cred_capabilities(&cred) & CRED_CAN_STATE) != 0, "state is said");
	cred_wipe(&cred);
	buf_clear(&a.refresh_token);
	oauth_make_cred(&c, &a, &old, 1000, &cred);
	is_str(cred_get(&cred, CRED_OAUTH_REFRESH_TOKEN), "old",
	    "without a new one the old one stays");
	cred_wipe(&cred);
	cred_wipe(&old);
	oauth_answer_wipe(&a);
	oauth_config_wipe(&c);
	buf_wipe(&body);
	buf_wipe(&why);
}

static const struct {
	long status;
	const char *body;
	enum result result;
	const char *why; /* part of it */
} answers[] = {
	{ 200, "{\"access_token\":\"t\"}", RESULT_SUCCESS, "" },
	{ 200, "{\"access_token\":\"t\",\"expires_in\":\"x\"}", RESULT_SUCCESS,
	    "" },
	{ 200, "{\"access_token\":\"t\",\"expires_in\":-5}", RESULT_SUCCESS,
	    "" },
	{ 200, "{\"access_token\":\"t\",\"refresh_token\":null}",
	    RESULT_SUCCESS, "" },
	{ 200, "{}", RESULT_ERROR, "no access token" },
	{ 200, "{\"access_token\":5}", RESULT_ERROR, "no access" },
	{ 200, "{\"access_token\":\"\"}", RESULT_ERROR, "empty" },
	{ 200, "{\"access_token\":\"a\\nusername=M\"}", RESULT_ERROR,
	    "bytes that no token has" },
	{ 200, "{\"access_token\":\"a b\"}", RESULT_ERROR, "bytes" },
	{ 200, "{\"access_token\":\"a\\u007f\"}", RESULT_ERROR, "bytes" },
	{ 200, "{\"access_token\":\"\\u00e9\"}", RESULT_ERROR, "bytes" },
	{ 200, "{\"access_token\":\"a\\u0000b\"}", RESULT_ERROR, "" },
	{ 200, "{\"access_token\":\"t\",\"refresh_token\":\"a\\rb\"}",
	    RESULT_ERROR, "refresh token" },
	{ 200, "{\"access_token\":\"t\",\"token_type\":\"mac\"}", RESULT_ERROR,
	    "Bearer" },
	{ 200, "{\"access_token\":\"t\",\"username\":\"a\\nb\"}", RESULT_ERROR,
	    "user name" },
	{ 200, "{\"access_token\":\"t\",\"access_token\":\"u\"}", RESULT_ERROR,
	    "no JSON" },
	{ 200, "{\"access_tok", RESULT_ERROR, "no JSON" },
	{ 200, "", RESULT_ERROR, "no JSON" },
	{ 200, "[]", RESULT_ERROR, "no JSON" },
	{ 200, " \n<html>Log in to the wifi</html>", RESULT_UNAVAILABLE,
	    "a web page (HTTP 200)" },
	{ 403, "<html>", RESULT_UNAVAILABLE, "a web page (HTTP 403)" },
	{ 404, "nope", RESULT_UNAVAILABLE, "something else" },
	{ 400, "nope", RESULT_UNAVAILABLE, "something else" },
	{ 400, "", RESULT_EXPIRED, "refused without a reason (HTTP 400)" },
	{ 401, "", RESULT_DENIED, "refused without a reason (HTTP 401)" },
	{ 403, "\n", RESULT_DENIED, "refused without a reason (HTTP 403)" },
	{ 302, "", RESULT_UNAVAILABLE, "redirects" },
	{ 307, "", RESULT_UNAVAILABLE, "not followed" },
	{ 500, "{\"error\":\"invalid_grant\"}", RESULT_EXPIRED,
	    "invalid_grant" },
	{ 500, "{\"error\":\"oh_dear\"}", RESULT_UNAVAILABLE,
	    "HTTP 500: server trouble" },
	{ 502, "{\"access_token\":\"t\"}", RESULT_UNAVAILABLE,
	    "HTTP 502: server trouble" },
	{ 200, "{\"message\":\"no\",\"code\":\"1\",\"success\":false}",
	    RESULT_DENIED, "1: no" },
	{ 400, "{\"access_token\":\"t\"}", RESULT_DENIED,
	    "HTTP 400 without a reason" },
	{ 503, "<html>", RESULT_UNAVAILABLE, "HTTP 503" },
	{ 408, "", RESULT_UNAVAILABLE, "HTTP 408" },
	{ 429, "{}", RESULT_UNAVAILABLE, "too many requests" },
	{ 400,
	    "{\"error\":\"invalid_grant\",\"error_description\":"
	    "\"Unknown or invalid refresh token.\"}",
	    RESULT_EXPIRED,
	    "invalid_grant: Unknown or invalid refresh token." },
	{ 400,
	    "{\"data\":null,\"message\":\"This is an invalid "
	    "client.\",\"code\":null,\"success\":false,"
	    "\"error\":\"invalid_client\"}",
	    RESULT_DENIED,
	    "invalid_client: This is an invalid client. (the security " },
	{ 401, "{\"error\":\"invalid_client\"}", RESULT_DENIED,
	    "network policy" },
	{ 400, "{\"error\":\"invalid_scope\"}", RESULT_DENIED,
	    "invalid_scope" },
	{ 400, "{\"error\":\"unsupported_grant_type\"}", RESULT_DENIED,
	    "unsupported_grant_type" },
	{ 400, "{\"error\":\"temporarily_unavailable\"}", RESULT_UNAVAILABLE,
	    "temporarily" },
	{ 200, "{\"error\":\"invalid_grant\",\"access_token\":\"T\"}",
	    RESULT_EXPIRED, "invalid_grant" },
	{ 403, "{\"message\":\"blocked\",\"success\":false}", RESULT_DENIED,
	    "blocked" },
	{ 400, "{}", RESULT_DENIED, "HTTP 400 without a reason" },
	{ 200, "{\"error\":\"\"}", RESULT_DENIED, "error is empty" },
	{ 400, "{\"message\":\"\"}", RESULT_DENIED, "error is empty" },
};

static void
test_answers(void)
{
	const struct oauth_secrets known = { { NULL } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct oauth_answer a = OAUTH_ANSWER_INIT;
		struct buf body = BUF_INIT(4096);
		struct buf why = BUF_INIT(OAUTH_MAX_WHY);

		(void)buf_adds(&body, answers[i].body);
		is_int(oauth_answer_read(&known, answers[i].status, &body, &a,
			   &why),
		    answers[i].result, "answer, row %zu", i);
		if (!ok(strstr(buf_str(&why), answers[i].why) != NULL,
			"and its reason"))
			printf("# %s\n", buf_str(&why));
		if (answers[i].result == RESULT_SUCCESS)
			is_int(a.expires_in, 600, "default life");
		else
			is_int((int)a.access_token.len, 0, "no token");
		oauth_answer_wipe(&a);
		buf_wipe(&body);
		buf_wipe(&why);
	}
}

/* Refreshes with the token "old": what is kept, whatever is beside it. */
static const struct {
	long status;
	const char *body;
	enum result result;
	const char *access;
	const char *refresh;
	const char *why; /* part of it */
} refreshes[] = {
	{ 200, "{\"access_token\":\"t\",\"refresh_token\":\"new\"}",
	    RESULT_SUCCESS, "t", "new", "" },
	{ 200, "{\"access_token\":\"t\"}", RESULT_SUCCESS, "t", "", "" },
	{ 200,
	    "{\"access_token\":\"t\",\"refresh_token\":\"new\","
	    "\"username\":\"A\\u0001\"}",
	    RESULT_SUCCESS, "t", "new", "" },
	{ 200, "{\"refresh_token\":\"new\"}", RESULT_SUCCESS, "", "new",
	    "no access token" },
	{ 200, "{\"refresh_token\":\"new\",\"access_token\":null}",
	    RESULT_SUCCESS, "", "new", "no access token" },
	{ 200, "{\"refresh_token\":\"new\",\"access_token\":\"a b\"}",
	    RESULT_SUCCESS, "", "new", "bytes that no token has" },
	{ 200, "{\"refresh_token\":\"new\",\"access_token\":\"a\\nb=c\"}",
	    RESULT_SUCCESS, "", "new", "bytes that no token has" },
	{ 200,
	    "{\"refresh_token\":\"new\",\"access_token\":\"t\","
	    "\"token_type\":\"DPoP\"}",
	    RESULT_SUCCESS, "", "new", "Bearer" },
	{ 200, "{\"refresh_token\":\"new\",\"message\":\"Hm.\"}",
	    RESULT_SUCCESS, "", "new", "Hm." },
	{ 200,
	    "{\"refresh_token\":\"new\",\"access_token\":\"t\","
	    "\"error\":\"\"}",
	    RESULT_SUCCESS, "", "new", "error is empty" },
	/* nothing to keep: not another token, no token, none given */
	{ 200, "{\"refresh_token\":\"old\"}", RESULT_ERROR, "", "",
	    "no access token" },
	{ 200, "{\"refresh_token\":\"n w\"}", RESULT_ERROR, "", "",
	    "no access token" },
	{ 200, "{\"refresh_token\":\"\"}", RESULT_ERROR, "", "",
	    "no access token" },
	{ 200, "{}", RESULT_ERROR, "", "", "no access token" },
	{ 200, "{\"refresh_token\":\"new\",\"error\":\"invalid_grant\"}",
	    RESULT_EXPIRED, "", "", "invalid_grant" },
	{ 400, "{\"refresh_token\":\"o..\",\"error\":\"invalid_request\"}",
	    RESULT_DENIED, "", "", "invalid_request" },
	{ 200, "{\"refresh_token\":\"o..\",\"error\":\"invalid_request\"}",
	    RESULT_DENIED, "", "", "invalid_request" },
	{ 400, "{\"refresh_token\":\"new\"}", RESULT_DENIED, "", "",
	    "HTTP 400" },
	{ 502, "{\"refresh_token\":\"new\"}", RESULT_UNAVAILABLE, "", "",
	    "HTTP 502" },
	{ 200, "{\"refresh_tok", RESULT_ERROR, "", "", "no JSON" },
};

static void
test_refreshes(void)
{
	const struct oauth_secrets known = { { "old" } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(refreshes); i++) {
		struct oauth_answer a = OAUTH_ANSWER_INIT;
		struct buf body = BUF_INIT(4096);
		struct buf why = BUF_INIT(OAUTH_MAX_WHY);

		(void)buf_adds(&body, refreshes[i].body);
		is_int(oauth_answer_read_refresh(&known, "old",
			   refreshes[i].status, &body, &a, &why),
		    refreshes[i].result, "refresh, row %zu", i);
		is_str(buf_str(&a.access_token), refreshes[i].access,
		    "access token");
		is_str(buf_str(&a.refresh_token), refreshes[i].refresh,
		    "refresh token");
		if (!ok(strstr(buf_str(&why), refreshes[i].why) != NULL,
			"and its reason"))
			printf("# %s\n", buf_str(&why));
		oauth_answer_wipe(&a);
		buf_wipe(&body);
		buf_wipe(&why);
	}
}

/* What is kept of an answer without an access token. */
static void
test_keep_only(void)
{
	struct oauth_answer a = OAUTH_ANSWER_INIT;
	struct oauth_config c = OAUTH_CONFIG_INIT;
	struct cred cred = CRED_INIT;
	struct cred old = CRED_INIT;

	cred_set(&old, CRED_OAUTH_REFRESH_TOKEN, "old");
	(void)buf_adds(&a.refresh_token, "new");
	a.refresh_expires_in = 500;
	c.client_id = "CID";
	(void)buf_adds(&c.token_origin, ORIGIN);
	oauth_make_cred(&c, &a, &old, 1000, &cred);
	is_str(cred_get(&cred, CRED_OAUTH_REFRESH_TOKEN), "new",
	    "the new refresh token");
	is_str(cred_state(&cred, "token_origin"), ORIGIN, "its origin");
	is_str(cred_state(&cred, "client_id"), "CID", "its client");
	is_str(cred_state(&cred, "refresh_expiry_utc"), "1500", "its end");
	ok(cred_get(&cred, CRED_PASSWORD) == NULL, "no password");
	ok(cred_get(&cred, CRED_PASSWORD_EXPIRY_UTC) == NULL, "no expiry");
	ok(cred_get(&cred, CRED_ISSUED_UTC) == NULL, "no issue");
	cred_wipe(&cred);
	cred_wipe(&old);
	oauth_answer_wipe(&a);
	oauth_config_wipe(&c);
}

static void
test_token_size(void)
{
	const struct oauth_secrets known = { { NULL } };
	static const size_t sizes[] = { OAUTH_MAX_TOKEN, OAUTH_MAX_TOKEN + 1 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		struct oauth_answer a = OAUTH_ANSWER_INIT;
		struct buf body = BUF_INIT(65536);
		struct buf why = BUF_INIT(1024);

		(void)buf_adds(&body, "{\"access_token\":\"");
		memset(buf_space(&body, sizes[i]), 'x', sizes[i]);
		buf_grew(&body, sizes[i]);
		(void)buf_adds(&body, "\"}");
		is_int(oauth_answer_read(&known, 200, &body, &a, &why),
		    i == 0 ? RESULT_SUCCESS : RESULT_ERROR,
		    "a token of %zu bytes", sizes[i]);
		oauth_answer_wipe(&a);
		buf_wipe(&body);
		buf_wipe(&why);
	}
}

static void
test_page(void)
{
	const struct oauth_page page = { .good = true,
		.title = "Logged in as <b>",
		.text = "a & b",
		.row = { { "Connection", "\"dev\"" }, { "Role", NULL } },
		.command = "coco-credential login -c x'" };
	struct buf html = BUF_INIT(OAUTH_PAGE_MAX);
	struct buf small = BUF_INIT(100);

	is_int(oauth_page(&page, &html), 0, "a page");
	ok(strstr(buf_str(&html), "<h1>Logged in as &lt;b&gt;</h1>") != NULL,
	    "the title is escaped");
	ok(strstr(buf_str(&html), "<dd>&quot;dev&quot;</dd>") != NULL,
	    "and the rows");
	ok(strstr(buf_str(&html), "x&#39;</pre>") != NULL, "and the command");
	ok(strstr(buf_str(&html), "Role") == NULL, "no empty row");
	ok(strstr(buf_str(&html), "<script") == NULL &&
		strstr(buf_str(&html), "src=") == NULL &&
		strstr(buf_str(&html), "http") == NULL,
	    "no script, nothing from outside");
	is_int(oauth_page(&page, &small), -EMSGSIZE, "a limit");
	buf_wipe(&html);
	buf_wipe(&small);
}

static void
test_browser(void)
{
	static const struct {
		const char *command;
		const char *want; /* words with '|' between */
	} t[] = {
		{ "firefox", "firefox|U" },
		{ "  a\tb  c ", "a|b|c|U" },
		{ "open %s --new", "open|U|--new" },
		{ "x --url=%s", "x|--url=U" },
		{ "sh -c 'evil;$(x)'", "sh|-c|'evil;$(x)'|U" },
		{ "  ", "" },
		{ "", "" },
	};
	size_t i;
	size_t k;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct strv words = STRV_INIT;
		struct buf b = BUF_INIT(256);

		oauth_browser_words(t[i].command, strlen(t[i].command), "U",
		    &words);
		for (k = 0; k < words.len; k++)
			(void)buf_addf(&b, "%s%s", k != 0 ? "|" : "",
			    words.v[k]);
		is_str(buf_str(&b), t[i].want, "BROWSER, row %zu", i);
		strv_clear(&words);
		buf_wipe(&b);
	}
	ok(oauth_browser_may_see("PATH=/bin"), "the browser sees PATH");
	ok(!oauth_browser_may_see("SNOWFLAKE_PASSWORD=x"), "no password");
	ok(!oauth_browser_may_see("SNOWFLAKE_CONNECTIONS_A_TOKEN=x"),
	    "no token");
	ok(!oauth_browser_may_see("PRIVATE_KEY_PASSPHRASE=x"), "no passphrase");
}

int
main(void)
{
	test_defaults();
	test_scope();
	test_roles();
	test_machine();
	test_refused();
	test_redirect_and_proxy();
	test_authorize_url();
	test_forms();
	test_reply();
	test_good_answer();
	test_answers();
	test_refreshes();
	test_keep_only();
	test_token_size();
	test_page();
	test_browser();
	return done_testing();
}
