/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of mask: names of secrets, and secrets that show themselves. */
#include "coco.h"

#include "mask.h"
#include "tap.h"

#define MAX_TEXT 65536

static void
test_names(void)
{
	static const char *const secret[] = { "password", "PASSWORD",
		"db_password", "PassWord2", "pass-wd", "passphrase", "passcode",
		"private_key", "privateKey", "PRIVATE-KEY", "private_key_pwd",
		"private_key_file_pwd", "private_key_passphrase", "token",
		"session_token", "GITHUB_TOKEN", "accessTokens", "secret",
		"client_secret", "oauth_client_secret", "secrets", "credential",
		"credentials", "credential_process", "pwd", "proxy.pwd",
		"api_key", "ANTHROPIC_API_KEY", "apiKeyHelper",
		"aws_access_key_id", "Authorization", "Bearer", "Cookie",
		"auth", "_auth", "SNOWFLAKE_PAT", "pat", "sig", "token_url_key",
		"token_file_path_2", "p.a.s.s.w.o.r.d" };
	static const char *const open[] = { "", "user", "account", "path",
		"pattern", "compat", "oauth", "authenticator", "author",
		"design", "key", "private", "private_key_file",
		"private_key_path", "PRIVATE-KEY-PATH", "privateKeyPath",
		"SNOWFLAKE_PRIVATE_KEY_FILE", "token_file_path", "tokenFile",
		"SNOWFLAKE_TOKEN_FILE_PATH", "oauth_token_request_url",
		"oauth_authorization_url", "token_endpoint", "token_type",
		"client_store_temporary_credential", "client_request_mfa_token",
		"passcode_in_password", "oauth_enable_refresh_tokens",
		"oauth_enable_single_use_refresh_tokens", "password_file",
		"max_tokens", "CLAUDE_CODE_MAX_OUTPUT_TOKENS", "_", "-.-" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(secret); i++)
		ok(mask_is_secret_name(secret[i], strlen(secret[i])),
		    "secret: %s", secret[i]);
	for (i = 0; i < ARRAY_LEN(open); i++)
		ok(!mask_is_secret_name(open[i], strlen(open[i])),
		    "not secret: %s", open[i]);
	ok(mask_is_secret_name("to\0ken", 6), "a NUL hides nothing");
	ok(!mask_is_secret_name("tokens", 4), "the length counts");
}

static void
test_text(void)
{
	static const struct {
		const char *text;
		const char *shown;
	} rows[] = {
		{ "", "" },
		{ "nothing", "nothing" },
		{ "me@example.com", "me@example.com" },
		{ "https://host/path?x=1#y", "https://host/path?x=1#y" },
		{ "https://u:p@host/path", "https://***@host/path" },
		{ "ssh://git@host", "ssh://***@host" },
		{ "https://u:p@x@host", "https://***@host" },
		{ "a https://u:p@h b ssh://v@g c",
		    "a https://***@h b ssh://***@g c" },
		{ "jdbc:x://u:p@h", "jdbc:x://***@h" },
		{ "https://@host", "https://@host" },
		{ "https://host/@scope/a", "https://host/@scope/a" },
		{ "https://host:8080/@scope", "https://host:8080/@scope" },
		{ "https://[::1]/@scope", "https://[::1]/@scope" },
		{ "https://u:p/q@host/r", "https://***@host/r" },
		{ "https://u:p#q?r@host/s", "https://***@host/s" },
		{ "https://u:1/2 @host", "https://u:1/2 @host" },
		{ "://", "://" },
		{ "https://h/?user=u&password=p&b=1",
		    "https://h/?user=u&password=***&b=1" },
		{ "Server=s;Pwd=p;User=u", "Server=s;Pwd=***;User=u" },
		{ "--token=t --user=u", "--token=*** --user=u" },
		{ "token='a b' c", "token=*** c" },
		{ "token=\"a b", "token=***" },
		{ "token=", "token=" },
		{ "token=&x", "token=&x" },
		{ "token_file_path=/x", "token_file_path=/x" },
		{ "=x", "=x" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nx", "***" },
		{ "-----BEGIN PUBLIC KEY-----\nx",
		    "-----BEGIN PUBLIC KEY-----\nx" },
	};
	struct buf shown = BUF_INIT(MAX_TEXT);
	struct buf hidden = BUF_INIT(MAX_TEXT);
	size_t i;
	bool is_hidden;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&shown);
		buf_clear(&hidden);
		is_int(mask_text(rows[i].text, strlen(rows[i].text), MASK_SAME,
			   &shown, &hidden),
		    0, "\"%s\"", rows[i].text);
		is_str(buf_str(&shown), rows[i].shown, "is shown");
		is_hidden = strcmp(rows[i].text, rows[i].shown) != 0;
		ok((hidden.len != 0) == is_hidden, "and hidden or not");
	}
	buf_wipe(&shown);
	buf_wipe(&hidden);
}

static bool
same(const char *a, const char *b)
{
	return mask_hides_same(a, strlen(a), b, strlen(b));
}

static void
test_same(void)
{
	struct buf shown = BUF_INIT(8);
	struct buf hidden = BUF_INIT(64);

	ok(same("a", "b"), "no secrets are the same");
	ok(same("https://u@a", "https://u@b"), "what is shown does not matter");
	ok(!same("https://u@a", "https://v@a"), "what is hidden does");
	ok(!same("https://u@a", "https://a"), "and whether");
	ok(!same("pwd=ab pwd=c", "pwd=a pwd=bc"), "and where one ends");
	is_int(mask_text("pwd=abcd", 8, MASK_NEW, &shown, &hidden), -EMSGSIZE,
	    "no room");
	buf_wipe(&shown);
	buf_wipe(&hidden);
}

/* Anything quadratic would take minutes. */
static void
test_hostile(void)
{
	static const char *const parts[] = { "://u:p/", "://",
		"a=", "token=", "=", ":", "@", "token" };
	struct buf text = BUF_INIT(MAX_TEXT);
	struct buf shown = BUF_INIT(MASK_GROWTH * MAX_TEXT);
	struct buf hidden = BUF_INIT(2 * MAX_TEXT);
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		buf_clear(&text);
		while (buf_adds(&text, parts[i]) == 0)
			;
		is_int(mask_text(buf_str(&text), text.len, MASK_NEW, &shown,
			   &hidden),
		    0, "\"%s\" many times", parts[i]);
		buf_clear(&shown);
		buf_clear(&hidden);
	}
	buf_wipe(&text);
	buf_wipe(&shown);
	buf_wipe(&hidden);
}

int
main(void)
{
	test_names();
	test_text();
	test_same();
	test_hostile();
	return done_testing();
}
