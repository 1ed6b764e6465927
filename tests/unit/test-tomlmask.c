/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of tomlmask: what is shown of a text, and what as new. */
#include "coco.h"

#include "tap.h"
#include "toml.h"
#include "tomlmask.h"

#define MAX_TEXT 4096

static void
shows(const char *text, const char *want)
{
	struct buf b = BUF_INIT(MAX_TEXT);
	struct toml_error err;
	struct toml *doc = NULL;

	is_int(tomlmask(text, strlen(text), &b), 0, "%s", text);
	is_str(buf_str(&b), want, "is shown");
	is_int(toml_parse(buf_str(&b), b.len, &err, &doc), 0, "as TOML");
	toml_free(doc);
	buf_wipe(&b);
}

static void
shows_since(const char *old, const char *text, const char *want)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	is_int(tomlmask_since(old, strlen(old), text, strlen(text), &b), 0,
	    "%s", text);
	is_str(buf_str(&b), want, "is shown");
	buf_wipe(&b);
}

static void
test_keys(void)
{
	shows("", "");
	shows("\xef\xbb\xbf# c\r\n", "\xef\xbb\xbf# c\r\n");
	shows("user = 'u' # c\npassword = 'p' # d\n",
	    "user = 'u' # c\npassword = \"***\" # d\n");
	shows("token = 1\npasscode = 1979-05-27\r\nsecret = inf",
	    "token = \"***\"\npasscode = \"***\"\r\nsecret = \"***\"");
	shows("[connections.dev]\n\"pass\\u0077ord\" = \"x\"\n",
	    "[connections.dev]\n\"pass\\u0077ord\" = \"***\"\n");
	shows("a.token.b = 1\na.c = 2\n", "a.token.b = \"***\"\na.c = 2\n");
	shows("a = { user = 1, pwd = 'x', b.token = [1, 2] }\n",
	    "a = { user = 1, pwd = \"***\", b.token = \"***\" }\n");
	shows("[[a]]\ntoken = 'x'\n[[a]]\nuser = 'y'\n[[a.b]]\npwd = ''\n",
	    "[[a]]\ntoken = \"***\"\n[[a]]\nuser = 'y'\n[[a.b]]\npwd = "
	    "\"***\"\n");
	shows("a = [ { token = 'x' }, # token\n  'y' ]\n",
	    "a = [ { token = \"***\" }, # token\n  'y' ]\n");
	shows("private_key = '''\n-----\nx'''\nb = 1\n",
	    "private_key = \"***\"\nb = 1\n");
	shows("secret = \"\"\"a\n# b\n\"\"\"\nb = \"\"\"\n# c = 'd'\"\"\"\n",
	    "secret = \"***\"\nb = \"\"\"\n# c = 'd'\"\"\"\n");
	shows("private_key_file = '/k'\ntoken_file_path = '/t'\n"
	      "passcode_in_password = false\npasscode_in_passwords = true\n",
	    "private_key_file = '/k'\ntoken_file_path = '/t'\n"
	    "passcode_in_password = false\npasscode_in_passwords = true\n");
	shows("b = 1\n[a]\nc = 2\n[a.token]\nd = 3\n[a.e]\nf = 4\n",
	    "b = 1\n[a]\nc = 2\n[a.token]\nd = \"***\"\n[a.e]\nf = 4\n");
	/* the tree has the tables in another order than the text */
	shows("[a.b]\npwd = 1\n[c]\npwd = 2\n[a]\npwd = 3\n[a.d]\ne = 'f'\n",
	    "[a.b]\npwd = \"***\"\n[c]\npwd = \"***\"\n[a]\npwd = \"***\"\n"
	    "[a.d]\ne = 'f'\n");
}

static void
test_tables(void)
{
	shows("[credentials]\nuser = 'u'\nis = true\nx = [1]\n",
	    "[credentials]\nuser = \"***\"\nis = true\nx = \"***\"\n");
	shows("[[tokens]]\na = 1\n", "[[tokens]]\na = \"***\"\n");
	shows("tokens = { a = 1 }\n", "tokens = \"***\"\n");
	shows("[connections.token]\nuser = 'u'\ntoken = 't'\n",
	    "[connections.token]\nuser = 'u'\ntoken = \"***\"\n");
	shows("[connections]\ntoken = 't'\n[a.connections.token]\nuser = 1\n",
	    "[connections]\ntoken = \"***\"\n[a.connections.token]\nuser = "
	    "\"***\"\n");
}

static void
test_urls(void)
{
	shows("a = 'https://u:p@h/x'\n", "a = \"https://***@h/x\"\n");
	shows("a = [\"https:\\u002f/u\\u0040h\", 'b']\n",
	    "a = [\"https://***@h\", 'b']\n");
	shows("a = '''\nssh://u@h\n\t\"x\"\n'''\n",
	    "a = \"ssh://***@h\\n\\t\\\"x\\\"\\n\"\n");
	shows("\"https://u:p@h\" = 1\n", "\"https://***@h\" = 1\n");
	shows("proxy = \"http://h:80\" # http://u:p@h\n",
	    "proxy = \"http://h:80\" # http://***@h\n");
}

static void
test_comments(void)
{
	shows("# password = 'x'\r\na = 1\n", "# password = ***\r\na = 1\n");
	shows("#'pwd'='x'", "#'pwd'= ***");
	shows("a = 1 # b = 2, token: x", "a = 1 # b = 2, token: ***");
	shows("#-----BEGIN PRIVATE KEY-----\n", "#***\n");
	shows("# the token is kept elsewhere\n",
	    "# the token is kept elsewhere\n");
	shows("# token_file_path = '/x'\n", "# token_file_path = '/x'\n");
	shows("\"a#token=b\" = 'x' # = :\n",
	    "\"a#token=***\" = \"***\" # = :\n");
	shows("\"a\\\"#b\" = 'x'\n'c#' = 1\n['d#']\n",
	    "\"a\\\"#b\" = 'x'\n'c#' = 1\n['d#']\n");
}

static void
test_since(void)
{
	static const char old[] = "token = 'a'\nx = 'https://u@h'\n"
				  "[[t]]\npwd = 1\n[[t]]\npwd = 2\n";

	shows_since(old, "token = \"\\u0061\"\n", "token = \"***\"\n");
	shows_since(old, "token = 'b'\n", "token = \"*** (new)\"\n");
	shows_since(old, "token = ['a']\n", "token = \"*** (new)\"\n");
	shows_since(old, "tokens = 'a'\n", "tokens = \"*** (new)\"\n");
	shows_since(old, "x = 'https://u@i'\n", "x = \"https://***@i\"\n");
	shows_since(old, "x = 'https://v@h'\n",
	    "x = \"https://*** (new)@h\"\n");
	shows_since(old, "y = 'https://u@h'\n",
	    "y = \"https://*** (new)@h\"\n");
	shows_since(old, "[[t]]\npwd = 1\n[[t]]\npwd = 3\n[[t]]\npwd = 1\n",
	    "[[t]]\npwd = \"***\"\n[[t]]\npwd = \"*** (new)\"\n[[t]]\npwd = "
	    "\"*** (new)\"\n");
	shows_since(old, "t.pwd = 1\n", "t.pwd = \"*** (new)\"\n");
	shows_since("a = { tokens = {b = 1, c = 2} }",
	    "[a]\ntokens = { c = 2, b = 1 }\n", "[a]\ntokens = \"***\"\n");
	shows_since("\"token\" = 1", "\"token\\u0000x\" = 1\n",
	    "\"token\\u0000x\" = \"*** (new)\"\n");
	shows_since("\"token\\u0000x\" = 1", "\"token\\u0000x\" = 1\n",
	    "\"token\\u0000x\" = \"***\"\n");
	shows_since("", "token = 1\n", "token = \"*** (new)\"\n");
	shows_since("x", "token = 1\n", "token = \"*** (new)\"\n");
	shows_since(old, "token = \n", TOMLMASK_NOT_SHOWN);
}

static void
test_refusals(void)
{
	static const char text[] = "password = hunter2\n";
	struct buf b = BUF_INIT(MAX_TEXT);
	struct buf small = BUF_INIT(24);

	is_int(tomlmask(text, strlen(text), &b), 0, "what is no TOML");
	is_str(buf_str(&b), TOMLMASK_NOT_SHOWN, "is not shown");
	is_int(tomlmask("a = 1\na = 2\n", 12, &b), 0, "nor is a key twice");
	is_str(buf_str(&b), TOMLMASK_NOT_SHOWN TOMLMASK_NOT_SHOWN, "at all");
	(void)buf_adds(&small, "before");
	is_int(tomlmask("a = 'x'\npassword = 'y'\n", 23, &small), -EMSGSIZE,
	    "no room");
	is_str(buf_str(&small), "before", "nothing is appended then");
	buf_wipe(&small);
	buf_wipe(&b);
}

int
main(void)
{
	test_keys();
	test_tables();
	test_urls();
	test_comments();
	test_since();
	test_refusals();
	return done_testing();
}
