/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of jsonmask: what is shown of a text, and what as new. */
#include "coco.h"

#include "jsonmask.h"
#include "jsonscan.h"
#include "mem.h"
#include "tap.h"

#define MAX_TEXT 4096

static void
shows(const char *text, const char *want)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	is_int(jsonmask(text, strlen(text), &b), 0, "%s", text);
	is_str(buf_str(&b), want, "is shown");
	ok(jsonscan_same(buf_str(&b), b.len, want, strlen(want)), "as JSON");
	buf_wipe(&b);
}

static void
shows_since(const char *old, const char *text, const char *want)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	is_int(jsonmask_since(old, strlen(old), text, strlen(text), &b), 0,
	    "%s", text);
	is_str(buf_str(&b), want, "is shown");
	buf_wipe(&b);
}

static void
test_members(void)
{
	shows("{}", "{}");
	shows(" [ 1 , \"a\" ] \r\n", " [ 1 , \"a\" ] \r\n");
	shows("\"token\"", "\"token\"");
	shows("{\n\t\"user\": \"u\",\n\t\"pwd\" : \"p\" ,\n\t\"a\": 1e5\n}\n",
	    "{\n\t\"user\": \"u\",\n\t\"pwd\" : \"***\" ,\n\t\"a\": 1e5\n}\n");
	shows("{\"env\":{\"A_TOKEN\":5,\"b\":[{\"pass\\u0077d\":\"\"}]}}",
	    "{\"env\":{\"A_TOKEN\":\"***\",\"b\":[{\"pass\\u0077d\":\"***\"}]"
	    "}}");
	shows("{\"tokens\":[1,{\"a\":2}],\"b\":3,\"secret\":{},\"c\":[4]}",
	    "{\"tokens\":\"***\",\"b\":3,\"secret\":\"***\",\"c\":[4]}");
	shows("{\"token\":true,\"pwd\":null,\"x\":{\"secret\":false},\"y\":1}",
	    "{\"token\":true,\"pwd\":null,\"x\":{\"secret\":false},\"y\":1}");
	shows("{\"privateKeyPath\":\"/k\",\"token_file_path\":\"/t\"}",
	    "{\"privateKeyPath\":\"/k\",\"token_file_path\":\"/t\"}");
	shows("[{\"token\":1},[\"x\"],{\"a\":\"token\"}]",
	    "[{\"token\":\"***\"},[\"x\"],{\"a\":\"token\"}]");
	shows("{\"token\":1,\"token\":2}",
	    "{\"token\":\"***\",\"token\":\"***\"}");
}

static void
test_strings(void)
{
	shows("[\"https:\\/\\/u:p\\u0040h\\/x\",\"\\u0041\"]",
	    "[\"https://***@h/x\",\"\\u0041\"]");
	shows("{\"https://u:p@h\":1}", "{\"https://***@h\":1}");
	shows("{\"args\":[\"--token=abc\",\"-v\"]}",
	    "{\"args\":[\"--token=***\",\"-v\"]}");
	shows("\"-----BEGIN PRIVATE KEY-----\\nabc\"", "\"***\"");
}

static void
test_since(void)
{
	static const char old[] = "{\"token\":\"a\",\"b\":{\"pwd\":[1,\"x\"]},"
				  "\"l\":[{\"pwd\":1},{\"pwd\":2}],"
				  "\"u\":\"ssh://v@h\"}";

	shows_since(old, "{\"token\": \"\\u0061\"}", "{\"token\": \"***\"}");
	shows_since(old, "{\"token\":\"b\"}", "{\"token\":\"*** (new)\"}");
	shows_since(old, "{\"x\":{\"token\":\"a\"}}",
	    "{\"x\":{\"token\":\"*** (new)\"}}");
	shows_since(old, "[{\"token\":\"a\"}]", "[{\"token\":\"*** (new)\"}]");
	shows_since(old, "{\"b\":{\"pwd\":[ 1, \"x\" ]}}",
	    "{\"b\":{\"pwd\":\"***\"}}");
	shows_since(old, "{\"b\":{\"pwd\":[1,\"y\"]}}",
	    "{\"b\":{\"pwd\":\"*** (new)\"}}");
	shows_since(old, "{\"l\":[{\"pwd\":1},{\"pwd\":3},{\"pwd\":1}]}",
	    "{\"l\":[{\"pwd\":\"***\"},{\"pwd\":\"*** (new)\"},{\"pwd\":\"*** "
	    "(new)\"}]}");
	shows_since(old, "{\"u\":\"ssh://v@i\"}", "{\"u\":\"ssh://***@i\"}");
	shows_since(old, "{\"u\":\"ssh://w@h\"}",
	    "{\"u\":\"ssh://*** (new)@h\"}");
	shows_since(old, "{\"v\":\"ssh://v@h\"}",
	    "{\"v\":\"ssh://*** (new)@h\"}");
	shows_since("{\"token\":1,\"token\":2}", "{\"token\":2}",
	    "{\"token\":\"***\"}");
	shows_since("{\"token\":true}", "{\"token\":1}",
	    "{\"token\":\"*** (new)\"}");
	shows_since("", "{\"token\":1}", "{\"token\":\"*** (new)\"}");
	shows_since("{\"token\":1", "{\"token\":1}",
	    "{\"token\":\"*** (new)\"}");
	shows_since(old, "{\"token\":\"a\"", JSONMASK_NOT_SHOWN);
}

static void
test_refusals(void)
{
	static const char wide[] = "{\"pwd\": \"x\", \"a\": \"bcdefgh\"}";
	struct buf b = BUF_INIT(MAX_TEXT);
	struct buf small = BUF_INIT(32);
	char deep[JSONSCAN_MAX_DEPTH + 1];

	is_int(jsonmask("{\"a\":1,\"pwd\":x}", 15, &b), 0, "what is no JSON");
	is_str(buf_str(&b), JSONMASK_NOT_SHOWN, "is not shown");
	buf_clear(&b);
	memset(deep, '[', sizeof(deep));
	is_int(jsonmask(deep, sizeof(deep), &b), 0, "nor is what is too deep");
	is_str(buf_str(&b), JSONMASK_NOT_SHOWN, "at all");
	(void)buf_adds(&small, "before");
	is_int(jsonmask(wide, strlen(wide), &small), -EMSGSIZE, "no room");
	is_str(buf_str(&small), "before", "nothing is appended then");
	buf_wipe(&small);
	buf_wipe(&b);
}

/* As deep as may be, and wide. */
static void
test_large(void)
{
	struct buf text = BUF_INIT(JSONSCAN_MAX);
	struct buf b = BUF_INIT(2 * JSONSCAN_MAX);
	size_t i;

	for (i = 0; i < JSONSCAN_MAX_DEPTH - 1; i++)
		(void)buf_adds(&text, "{\"a\":");
	(void)buf_addc(&text, '[');
	for (i = 0; i < 20000; i++)
		(void)buf_addf(&text, "\"https://u%zu@h\",", i);
	(void)buf_adds(&text, "0]");
	for (i = 0; i < JSONSCAN_MAX_DEPTH - 1; i++)
		(void)buf_addc(&text, '}');
	is_int(jsonmask_since(buf_str(&text), text.len, buf_str(&text),
		   text.len, &b),
	    0, "a large text");
	ok(strstr(buf_str(&b), "new") == NULL, "with nothing new");
	ok(strstr(buf_str(&b), "\"https://***@h\"") != NULL, "is masked");
	buf_wipe(&b);
	buf_wipe(&text);
}

int
main(void)
{
	test_members();
	test_strings();
	test_since();
	test_refusals();
	test_large();
	return done_testing();
}
