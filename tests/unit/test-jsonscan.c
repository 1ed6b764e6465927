/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of jsonscan: what is JSON and what is not, token by token. */
#include "coco.h"

#include "jsonscan.h"
#include "mem.h"
#include "tap.h"

/* Read all of TEXT; KINDS gets a letter for each token. */
static int
scan(const char *text, size_t len, struct buf *kinds)
{
	struct jsonscan_token token = { JSONSCAN_OPEN, 0, 0 };
	struct jsonscan s;
	int r = 0;

	jsonscan_begin(&s, text, len);
	while (r == 0 && token.kind != JSONSCAN_END) {
		r = jsonscan_next(&s, &token);
		if (r == 0 && kinds != NULL)
			(void)buf_addc(kinds, "nsdwoce"[token.kind]);
	}
	return r;
}

static void
test_good(void)
{
	static const struct {
		const char *text;
		const char *kinds;
	} rows[] = {
		{ "1", "de" },
		{ " \t\r\n0 \n", "de" },
		{ "\xef\xbb\xbf true", "we" },
		{ "-0.10e-07", "de" },
		{ "10E+2", "de" },
		{ "\"\"", "se" },
		{ "[]", "oce" },
		{ "{}", "oce" },
		{ "[ ]", "oce" },
		{ "[1,\"a\" , null,false]", "odswwce" },
		{ "{\"a\":{\"b\" : []},\"a\":1}", "ononoccndce" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\"", "se" },
		{ "\"\\ud83d\\ude00\xf0\x9f\x98\x80\x7f\"", "se" },
	};
	struct buf kinds = BUF_INIT(64);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&kinds);
		is_int(scan(rows[i].text, strlen(rows[i].text), &kinds), 0,
		    "%s", rows[i].text);
		is_str(buf_str(&kinds), rows[i].kinds, "its tokens");
	}
	buf_wipe(&kinds);
}

static void
test_bad(void)
{
	static const char *const rows[] = { "", " ", "\xef\xbb\xbf", "1 2",
		"1,", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN",
		"tru", "True", "nulll", "'a'", "\"", "\"\\", "\"\\\"",
		"\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"\\ud83d\"",
		"\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\ud83d\\n\"",
		"\"a\nb\"", "\"\t\"", "\"\x80\"", "\"\xed\xa0\x80\"",
		"\"\xc0\xaf\"", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]",
		"[1 2]", "[}", "{]", "[1}", "{\"a\":1]", "{1:2}", "{\"a\"}",
		"{\"a\":}", "{\"a\" 1}", "{\"a\":1,}", "{,}",
		"{\"a\":1 \"b\":2}", "{a:1}", "[]]", "{}{}", "[1]//", "/**/1",
		"\xef\xbb\xbf\xef\xbb\xbf"
		"1" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(scan(rows[i], strlen(rows[i]), NULL), -EBADMSG,
		    "no JSON: %zu", i);
	is_int(scan("1\0", 2, NULL), -EBADMSG, "a NUL after it");
	is_int(scan("\"a\0\"", 4, NULL), -EBADMSG, "a NUL in a string");
	is_int(scan("\"\\\0\"", 4, NULL), -EBADMSG, "a NUL after a backslash");
}

/* DEPTH brackets, open and closed again. */
static int
scan_deep(size_t depth)
{
	char *s = xmalloc(2 * depth);
	int r;

	memset(s, '[', depth);
	memset(s + depth, ']', depth);
	r = scan(s, 2 * depth, NULL);
	free(s);
	return r;
}

static void
test_limits(void)
{
	char *s = xmalloc(JSONSCAN_MAX + 1);

	is_int(scan_deep(JSONSCAN_MAX_DEPTH), 0, "the depth that there may be");
	is_int(scan_deep(JSONSCAN_MAX_DEPTH + 1), -EMSGSIZE, "one more");
	memset(s, ' ', JSONSCAN_MAX);
	s[0] = '1';
	s[JSONSCAN_MAX] = ' ';
	is_int(scan(s, JSONSCAN_MAX, NULL), 0, "the length that there may be");
	is_int(scan(s, JSONSCAN_MAX + 1, NULL), -EMSGSIZE, "one more");
	free(s);
}

static void
test_places(void)
{
	static const char text[] = " {\"a\" : [1, {}] , \"b\":2}";
	struct jsonscan_token token;
	struct jsonscan s;

	jsonscan_begin(&s, text, strlen(text));
	is_int(jsonscan_next(&s, &token), 0, "the object");
	is_int((int)token.at, 1, "begins at its brace");
	is_int(jsonscan_next(&s, &token), 0, "a name");
	is_mem(text + token.at, token.len, "\"a\"", 3, "with its quotes");
	is_int(jsonscan_next(&s, &token), 0, "its value");
	is_int(jsonscan_whole(&s, &token), 0, "as a whole");
	is_mem(text + token.at, token.len, "[1, {}]", 7, "to its end");
	is_int(jsonscan_next(&s, &token), 0, "and then");
	is_mem(text + token.at, token.len, "\"b\"", 3, "the next name");
	is_int(jsonscan_whole(&s, &token), 0, "which is whole");
	is_int((int)token.len, 3, "already");
}

static void
test_decode(void)
{
	static const char raw[] = "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00E9"
				  "\\u20ac\\ud83d\\ude00x\"";
	static const char want[] = "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac"
				   "\xf0\x9f\x98\x80x";
	struct buf b = BUF_INIT(64);
	struct buf small = BUF_INIT(1);

	is_int(jsonscan_decode(raw, strlen(raw), &b), 0, "all escapes");
	is_str(buf_str(&b), want, "and what they mean");
	buf_clear(&b);
	is_int(jsonscan_decode("\"a\\u0000b\"", 10, &b), 0, "a NUL");
	is_mem(buf_str(&b), b.len, "a\0b", 3, "is one");
	is_int(jsonscan_decode("\"\\u00e9\"", 8, &small), -EMSGSIZE,
	    "what does not fit");
	buf_wipe(&small);
	buf_wipe(&b);
}

static bool
same(const char *a, const char *b)
{
	return jsonscan_same(a, strlen(a), b, strlen(b));
}

static void
test_same(void)
{
	ok(same("{\"a\":[1,\"b\"]}", " { \"\\u0061\" : [ 1, \"\\u0062\" ] }"),
	    "blanks and escapes do not matter");
	ok(!same("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), "the order does");
	ok(!same("1", "1.0"), "numbers are compared as they are written");
	ok(!same("[]", "{}"), "an array is no object");
	ok(!same("\"1\"", "1"), "a string is no number");
	ok(!same("true", "null"), "words differ");
	ok(!same("[1]", "[1,2]"), "one is longer");
	ok(!same("[1", "[1"), "what is no JSON is the same as nothing");
}

int
main(void)
{
	test_good();
	test_bad();
	test_limits();
	test_places();
	test_decode();
	test_same();
	return done_testing();
}
