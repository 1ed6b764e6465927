/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Confirming a token that somebody else has left (T19): where it may go, what
 * the login says, and whether that is what was said of it. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "oauth-config.h"
#include "oauth-confirm.h"
#include "oauth-token.h"
#include "tap.h"

#define ORIGIN "https://acct.snowflakecomputing.com"

static void
test_place(void)
{
	static const struct {
		struct oauth_settings s;
		const char *why; /* NULL: it may go there */
	} t[] = {
		{ { .origin = ORIGIN }, NULL },
		{ { .origin = "https://a.privatelink.snowflakecomputing.com" },
		    NULL },
		{ { .origin = "https://a.cn-north.snowflakecomputing.cn" },
		    NULL },
		{ { .origin = "http://127.0.0.1:8080" }, NULL },
		{ { .origin = ORIGIN, .client_id = "LOCAL_APPLICATION" },
		    NULL },
		{ { .origin = ORIGIN,
		      .token_url = ORIGIN "/oauth/token-request",
		      .authorize_url = ORIGIN "/oauth/authorize" },
		    NULL },
		{ { .origin = ORIGIN, .client_id = "APP" }, "client of its" },
		{ { .origin = ORIGIN, .key_file = "k" }, "client of its own" },
		{ { .origin = ORIGIN, .machine = true }, "client credentials" },
		{ { .origin = ORIGIN, .token_url = "https://evil.example/t" },
		    "oauth_token_request_url" },
		{ { .origin = ORIGIN, .token_url = ORIGIN "/other" },
		    "oauth_token_request_url" },
		{ { .origin = ORIGIN,
		      .token_url = ORIGIN ".evil.example/oauth/token-request" },
		    "oauth_token_request_url" },
		{ { .origin = ORIGIN, .authorize_url = "https://evil.example" },
		    "oauth_authorization_url" },
		{ { .origin = "http://acct.snowflakecomputing.com" }, "https" },
		{ { .origin = "https://evil.example" }, "Snowflake's" },
		{ { .origin = "https://snowflakecomputing.com" },
		    "Snowflake's" },
		{ { .origin = "https://evilsnowflakecomputing.com" },
		    "Snowflake's" },
		{ { .origin = "https://a.snowflakecomputing.com.evil.example" },
		    "Snowflake's" },
		{ { .origin = "no URL" }, "no usable host" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct buf why = BUF_INIT(1024);

		is_int(oauth_confirm_place(&t[i].s, &why),
		    t[i].why == NULL ? 0 : -EACCES, "place, row %zu", i);
		if (!ok(strstr(buf_str(&why),
			    t[i].why != NULL ? t[i].why : "") != NULL,
			"and its reason"))
			printf("# %s\n", buf_str(&why));
		buf_wipe(&why);
	}
}

static void
test_body(void)
{
	const struct oauth_confirm q = { NULL, ORIGIN, "xy12345.us-east-1",
		"ALICE \"A\"", NULL };
	struct buf b = BUF_INIT(4096);

	is_int(oauth_confirm_body(&q, "ver:1-t/+=", &b), 0, "body");
	is_str(buf_str(&b),
	    "{\"data\":{\"CLIENT_APP_ID\":\"coco\",\"CLIENT_APP_VERSION\":"
	    "\"" PACKAGE_VERSION "\",\"ACCOUNT_NAME\":\"XY12345\","
	    "\"LOGIN_NAME\":\"ALICE \\\"A\\\"\",\"AUTHENTICATOR\":\"OAUTH\","
	    "\"TOKEN\":\"ver:1-t/+=\",\"CLIENT_ENVIRONMENT\":{"
	    "\"APPLICATION\":\"coco\","
	    "\"OAUTH_TYPE\":\"oauth_authorization_code\"},"
	    "\"SESSION_PARAMETERS\":{}}}",
	    "its text");
	buf_wipe(&b);
}

#define LOGIN(token, user, info)                                     \
	"{\"data\":{\"token\":" token ",\"displayUserName\":" user   \
	",\"sessionInfo\":" info "},\"code\":null,\"message\":null," \
	"\"success\":true}"

static void
test_read(void)
{
	static const struct {
		long status;
		const char *body;
		enum result result;
		const char *token;
		const char *user;
		const char *role;
		const char *why;
	} t[] = {
		{ 200, LOGIN("\"s\"", "\"A\"", "{\"roleName\":\"R\"}"),
		    RESULT_SUCCESS, "s", "A", "R", "" },
		{ 200, LOGIN("\"s\"", "\"A\"", "{\"roleName\":null}"),
		    RESULT_SUCCESS, "s", "A", "", "" },
		{ 200, LOGIN("\"s\"", "\"A\"", "null"), RESULT_SUCCESS, "s",
		    "A", "", "" },
		{ 200, LOGIN("\"s\"", "null", "{}"), RESULT_ERROR, "s", "", "",
		    "cannot be used" },
		{ 200, LOGIN("\"s\\\"x\"", "\"A\"", "{}"), RESULT_ERROR, "", "",
		    "", "cannot be used" },
		{ 200, LOGIN("\"s\\r\\nX: y\"", "\"A\"", "{}"), RESULT_ERROR,
		    "", "", "", "cannot be used" },
		{ 200, "{\"data\":null,\"success\":true}", RESULT_ERROR, "", "",
		    "", "cannot be used" },
		{ 200, "{\"data\":{},\"success\":false}", RESULT_ERROR, "", "",
		    "", "cannot be used" },
		{ 200,
		    "{\"data\":{\"nextAction\":\"RETRY_LOGIN\"},\"code\":"
		    "\"390309\",\"message\":\"Differs.\",\"success\":false}",
		    RESULT_DENIED, "", "", "", "390309: Differs. (the login" },
		{ 200,
		    "{\"data\":null,\"code\":\"390318\",\"message\":"
		    "\"Over: A-SECRET\",\"success\":false}",
		    RESULT_DENIED, "", "", "", "390318: its text is withheld" },
		{ 400, "{\"error\":\"invalid_grant\"}", RESULT_DENIED, "", "",
		    "", "invalid_grant" },
		{ 503, "<html>", RESULT_UNAVAILABLE, "", "", "", "HTTP 503" },
		{ 200, "<html>", RESULT_UNAVAILABLE, "", "", "", "web page" },
	};
	const struct oauth_secrets known = { { "A-SECRET" } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct oauth_session s = OAUTH_SESSION_INIT;
		struct buf body = BUF_INIT(4096);
		struct buf why = BUF_INIT(OAUTH_MAX_WHY);

		(void)buf_adds(&body, t[i].body);
		is_int(oauth_confirm_read(&known, t[i].status, &body, &s, &why),
		    t[i].result, "login, row %zu", i);
		is_str(buf_str(&s.token), t[i].token, "session token");
		if (t[i].result == RESULT_SUCCESS) {
			is_str(buf_str(&s.user), t[i].user, "user");
			is_str(buf_str(&s.role), t[i].role, "role");
		}
		if (!ok(strstr(buf_str(&why), t[i].why) != NULL, "reason"))
			printf("# %s\n", buf_str(&why));
		oauth_session_wipe(&s);
		buf_wipe(&body);
		buf_wipe(&why);
	}
}

static void
test_judge(void)
{
	static const struct {
		const char *user; /* as wanted */
		const char *role;
		const char *got_user;
		const char *got_role;
		const char *why; /* NULL: confirmed */
	} t[] = {
		{ "ALICE", NULL, "ALICE", "R", NULL },
		{ "alice", "R", "ALICE", "R", NULL },
		{ "ALICE", "r", "ALICE", "R", NULL },
		{ "ALICE", "r", "ALICE", "r", NULL },
		{ "ALICE", "\"r\"", "ALICE", "r", NULL },
		{ "ALICE", "my role", "ALICE", "my role", NULL },
		{ "ALICE", NULL, "BOB", "R",
		    "the token belongs to BOB, not to ALICE" },
		{ "ALICE", NULL, "", "R", "belongs to , not to ALICE" },
		{ "ALICE", "R", "ALICE", "r", "has the role r, not R" },
		{ "ALICE", "\"r\"", "ALICE", "R", "has the role R, not" },
		{ "ALICE", "R", "ALICE", "", "has the role , not R" },
		{ "ALICE", "R", "A\033[2J", "R", "to A\\x1b[2J, not" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		const struct oauth_confirm q = { NULL, ORIGIN, "a", t[i].user,
			t[i].role };
		struct oauth_session s = OAUTH_SESSION_INIT;
		struct buf why = BUF_INIT(OAUTH_MAX_WHY);

		(void)buf_adds(&s.user, t[i].got_user);
		(void)buf_adds(&s.role, t[i].got_role);
		is_int(oauth_confirm_judge(&q, &s, &why),
		    t[i].why == NULL ? RESULT_SUCCESS : RESULT_DENIED,
		    "verdict, row %zu", i);
		if (!ok(strstr(buf_str(&why),
			    t[i].why != NULL ? t[i].why : "") != NULL,
			"and its reason"))
			printf("# %s\n", buf_str(&why));
		oauth_session_wipe(&s);
		buf_wipe(&why);
	}
}

int
main(void)
{
	test_place();
	test_body();
	test_read();
	test_judge();
	return done_testing();
}
