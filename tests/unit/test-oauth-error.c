/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The errors of authorization servers, each in the shapes in which they come:
 * RFC 6749's, Snowflake's, a redirect's. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "oauth-answer.h"
#include "oauth-error.h"
#include "oauth-token.h"
#include "tap.h"

/* Every row of the table: what it comes to, and a word of cause and hint. */
static const struct {
	const char *name;
	enum result result;
	const char *cause;
	const char *hint;
} rows[] = {
	{ "invalid_grant", RESULT_EXPIRED, NULL, NULL },
	{ "invalid_client", RESULT_DENIED, "network policy",
	    "SHOW SECURITY INTEGRATIONS" },
	{ "invalid_request", RESULT_DENIED, NULL, "oauth_ keys" },
	{ "invalid_scope", RESULT_DENIED, "SECURITYADMIN are by default",
	    "another role" },
	{ "unauthorized_client", RESULT_DENIED, "in this way",
	    "must allow the grant" },
	{ "unsupported_grant_type", RESULT_DENIED,
	    "Snowflake's own serves logins and refreshes only",
	    "oauth_token_request_url" },
	{ "access_denied", RESULT_DENIED, "somebody said no", "log in again" },
	{ "unsupported_response_type", RESULT_DENIED, "authorization code",
	    "oauth_authorization_url" },
	{ "server_error", RESULT_UNAVAILABLE, NULL, "try again" },
	{ "temporarily_unavailable", RESULT_UNAVAILABLE, NULL, "try again" },
	{ "consent_required", RESULT_DENIED, "not agreed",
	    "DELEGATED AUTHORIZATION" },
	{ "interaction_required", RESULT_DENIED, "see the person",
	    "log in again" },
	{ "login_required", RESULT_DENIED, "see the person", "log in again" },
	{ "authorization_pending", RESULT_UNAVAILABLE, "entered the code",
	    "try again" },
	{ "slow_down", RESULT_UNAVAILABLE, NULL, "try again" },
	{ "expired_token", RESULT_UNAVAILABLE, "in time",
	    "start the login again" },
	{ "390302", RESULT_DENIED, "not agreed", "DELEGATED AUTHORIZATION" },
	{ "390303", RESULT_DENIED, "no longer, valid", "get a new one" },
	{ "390304", RESULT_DENIED, "authorization code", "oauth_ keys" },
	{ "390305", RESULT_DENIED, "the state", "oauth_ keys" },
	{ "390306", RESULT_DENIED, "no such client", "oauth_client_id" },
	{ "390307", RESULT_DENIED, "redirect address", "oauth_redirect_uri" },
	{ "390308", RESULT_DENIED, "ACCOUNTADMIN", "another role" },
	{ "390309", RESULT_DENIED, "another user's", "\"user\"" },
	{ "390311", RESULT_DENIED, "code challenge", "oauth_ keys" },
	{ "390318", RESULT_DENIED, "has expired", "clock" },
};

/* The bodies in which "%s" may come. */
static const char *const shapes[] = {
	"{\"error\":\"%s\"}",
	"{\"error\":\"%s\",\"error_description\":\"Some text.\"}",
	"{\"data\":null,\"message\":\"Some text.\",\"code\":null,"
	"\"success\":false,\"error\":\"%s\"}",
};

/* The further bodies in which a number may come. */
static const char *const number_shapes[] = {
	"{\"data\":null,\"message\":\"Some text.\",\"code\":\"%s\","
	"\"success\":false}",
	"{\"data\":null,\"message\":\"Some text.\",\"code\":%s,"
	"\"success\":false}",
	"{\"message\":\"%s (08004): Some text. [a-b-390000000]\"}",
	"{\"error\":\"access_denied\",\"error_description\":\"Error: %s.\"}",
	"{\"error\":\"invalid_request\",\"code\":\"%s\",\"message\":\"no\"}",
};

static void
check(const char *shape, size_t row, long status)
{
	const struct oauth_secrets known = { { NULL } };
	struct oauth_answer a = OAUTH_ANSWER_INIT;
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	struct buf body = BUF_INIT(4096);
	const char *name = rows[row].name;
	const char *text = strstr(shape, "%s");
	const char *hint;
	bool good;

	(void)buf_add(&body, shape, (size_t)(text - shape));
	(void)buf_addf(&body, "%s%s", name, text + 2);
	is_int(oauth_answer_read(&known, status, &body, &a, &why),
	    rows[row].result, "%s with HTTP %ld", name, status);
	hint = strstr(buf_str(&why), "\nhint: ");
	good = strstr(buf_str(&why), name) != NULL &&
	    (hint != NULL) == (rows[row].hint != NULL) &&
	    (rows[row].hint == NULL || strstr(hint, rows[row].hint) != NULL) &&
	    (rows[row].cause == NULL ||
		strstr(buf_str(&why), rows[row].cause) != NULL);
	if (!ok(good, "name, cause and hint"))
		printf("# %s\n", buf_str(&why));
	oauth_answer_wipe(&a);
	buf_wipe(&body);
	buf_wipe(&why);
}

static void
test_rows(void)
{
	static const long statuses[] = { 200, 400, 401, 403, 429, 500 };
	size_t row;
	size_t i;

	for (row = 0; row < ARRAY_LEN(rows); row++) {
		for (i = 0; i < ARRAY_LEN(shapes); i++)
			check(shapes[i], row, 400);
		for (i = 0; i < ARRAY_LEN(statuses); i++)
			check(shapes[0], row, statuses[i]);
		for (i = 0; i < ARRAY_LEN(number_shapes); i++)
			if (rows[row].name[0] == '3')
				check(number_shapes[i], row, 400);
	}
}

#define WITHHELD "its text is withheld, for it holds part of a secret"

/* What a redirect says, and what counts more than what. */
static void
test_explain(void)
{
	static const struct {
		struct oauth_fault fault;
		enum result result;
		const char *why; /* how it starts */
	} t[] = {
		{ { "invalid_grant", "390318", "expired" }, RESULT_EXPIRED,
		    "invalid_grant: 390318: expired" },
		{ { "invalid_grant", NULL, NULL }, RESULT_EXPIRED,
		    "invalid_grant" },
		{ { "access_denied", NULL, "" }, RESULT_DENIED,
		    "access_denied (somebody said no" },
		{ { "invalid_scope", NULL, "Role \033[2J" }, RESULT_DENIED,
		    "invalid_scope: Role \\x1b[2J (the role" },
		{ { "no_such_error", NULL, "Text" }, RESULT_DENIED,
		    "no_such_error: Text" },
		{ { "no_such_error", NULL, "see 1390309 and 3903091" },
		    RESULT_DENIED, "no_such_error: see 1390309 and 3903091" },
		{ { NULL, NULL, "see 999999, 390309" }, RESULT_DENIED,
		    "see 999999, 390309 (the login was another user's" },
		{ { "", NULL, NULL }, RESULT_DENIED,
		    "the server's error is empty" },
		{ { "", "", "" }, RESULT_DENIED,
		    "the server's error is empty" },
		{ { "", NULL, "Text" }, RESULT_DENIED, "Text" },
		{ { NULL, NULL, "R-SECRET" }, RESULT_DENIED, WITHHELD },
		{ { "R-SECRET", "R-SECRET", NULL }, RESULT_DENIED, WITHHELD },
		{ { "R-SEC", "RET", NULL }, RESULT_DENIED, WITHHELD },
		{ { "invalid_grant", NULL, "R%2dsecret R%2dSECRET" },
		    RESULT_EXPIRED, "invalid_grant: " WITHHELD },
		{ { NULL, NULL, "390318 R-SECRET" }, RESULT_DENIED,
		    "390318: " WITHHELD " (the access token has expired)" },
	};
	const struct oauth_secrets known = { { "R-SECRET" } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct buf why = BUF_INIT(OAUTH_MAX_WHY);

		is_int(oauth_error_explain(&t[i].fault, &known, &why),
		    t[i].result, "fault, row %zu", i);
		if (!ok(strncmp(buf_str(&why), t[i].why, strlen(t[i].why)) == 0,
			"with its reason"))
			printf("# %s\n", buf_str(&why));
		buf_wipe(&why);
	}
}

int
main(void)
{
	test_rows();
	test_explain();
	return done_testing();
}
