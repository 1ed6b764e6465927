/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of jsonedit: single changes, orders of several, refusals. */
#include "coco.h"

#include "jsonedit.h"
#include "jsonscan.h"
#include "tap.h"

#define MAX_TEXT 4096

static void
fill(struct buf *b, const char *text)
{
	buf_clear(b);
	if (buf_adds(b, text) != 0)
		bail("a test is too long");
}

static void
is_text(const struct buf *b, const char *want, const char *name)
{
	is_mem(buf_str(b), b->len, want, strlen(want), "%s", name);
}

/* A new member, and away with it again. */
static void
test_add(void)
{
	static const struct {
		const char *name;
		const char *before;
		const char *after;
	} rows[] = {
		{ "nothing", "{}", "{\"k\": 9}" },
		{ "nothing, and around", " {} \n", " {\"k\": 9} \n" },
		{ "a mark", "\xef\xbb\xbf{}", "\xef\xbb\xbf{\"k\": 9}" },
		{ "a blank", "{ }", "{ \"k\": 9 }" },
		{ "blanks", "{  \t}", "{  \t\"k\": 9  \t}" },
		{ "a line", "{\n}\n", "{\n  \"k\": 9\n}\n" },
		{ "a line, CRLF", "{\r\n}", "{\r\n  \"k\": 9\r\n}" },
		{ "a line, indented", "  {\n  }", "  {\n    \"k\": 9\n  }" },
		{ "a line, tabs", "\t{\n\t}", "\t{\n\t\t\"k\": 9\n\t}" },
		{ "lines", "{ \n\n}", "{ \n\n  \"k\": 9\n}" },
		{ "mixed lines", "{\r\n\n\r\n}", "{\r\n\n\r\n  \"k\": 9\r\n}" },
		{ "a lone CR", "{\r}", "{\r\"k\": 9\r}" },
		{ "compact", "{\"a\":1}", "{\"a\":1,\"k\":9}" },
		{ "loose", "{\"a\": 1}", "{\"a\": 1, \"k\": 9}" },
		{ "looser", "{ \"a\" : 1 }", "{ \"a\" : 1, \"k\" : 9 }" },
		{ "two", "{\"a\":1,  \"b\":2}",
		    "{\"a\":1,  \"b\":2,  \"k\":9}" },
		{ "pretty", "{\n\t\"a\": 1\n}\n",
		    "{\n\t\"a\": 1,\n\t\"k\": 9\n}\n" },
		{ "pretty, CRLF", "{\r\n  \"a\": 1\r\n}",
		    "{\r\n  \"a\": 1,\r\n  \"k\": 9\r\n}" },
		{ "an empty line", "{\n  \"a\": 1,\n\n  \"b\": 2\n\n}",
		    "{\n  \"a\": 1,\n\n  \"b\": 2,\n  \"k\": 9\n\n}" },
		{ "commas before", "{ \"a\":1\n, \"b\":2\n}",
		    "{ \"a\":1\n, \"b\":2, \"k\":9\n}" },
		{ "a colon before a line", "{\"a\":\n1}",
		    "{\"a\":\n1, \"k\": 9}" },
		{ "nested", "{\n  \"a\": {\n    \"k\": 1\n  }\n}",
		    "{\n  \"a\": {\n    \"k\": 1\n  },\n  \"k\": 9\n}" },
		{ "no line for the end", "{\n \"a\": [1]}",
		    "{\n \"a\": [1],\n \"k\": 9}" },
		{ "others twice", "{\"a\":1,\"a\":2}",
		    "{\"a\":1,\"a\":2,\"k\":9}" },
	};
	struct buf b = BUF_INIT(MAX_TEXT);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		fill(&b, rows[i].before);
		is_int(jsonedit_set(&b, "k", "9"), 0, "%s", rows[i].name);
		is_text(&b, rows[i].after, rows[i].name);
		is_int(jsonedit_remove(&b, "k"), 0, "%s, back", rows[i].name);
		is_text(&b, rows[i].before, rows[i].name);
	}
	buf_wipe(&b);
}

static void
test_replace(void)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	fill(&b, "{ \"a\" :\t1 , \"\\u006b\":\n[2, {}] }\n");
	is_int(jsonedit_set(&b, "k", "\"x\""), 0, "another value");
	is_text(&b, "{ \"a\" :\t1 , \"\\u006b\":\n\"x\" }\n", "in place");
	is_int(jsonedit_set(&b, "k", "\"\\u0078\""), 0, "the same value");
	is_text(&b, "{ \"a\" :\t1 , \"\\u006b\":\n\"x\" }\n", "stays");
	is_int(jsonedit_set(&b, "k", "{\n \"b\": [] }"), 0, "an object");
	is_text(&b, "{ \"a\" :\t1 , \"\\u006b\":\n{\n \"b\": [] } }\n",
	    "as it is written");
	is_int(jsonedit_set(&b, "a", "1.0"), 0, "a number");
	is_text(&b, "{ \"a\" :\t1.0 , \"\\u006b\":\n{\n \"b\": [] } }\n",
	    "is compared as it is written");
	buf_wipe(&b);
}

static void
test_remove(void)
{
	static const struct {
		const char *name;
		const char *before;
		const char *after;
	} rows[] = {
		{ "first", "{\n  \"k\": 1,\n  \"a\": 2\n}",
		    "{\n  \"a\": 2\n}" },
		{ "between", "{\"a\":1, \"k\": [1,2],\"b\":2}",
		    "{\"a\":1,\"b\":2}" },
		{ "last", "{\n  \"a\": 2,\n  \"k\": 1\n}", "{\n  \"a\": 2\n}" },
		{ "only", "{\n    \"k\": 1\n}", "{\n}" },
		{ "only, oddly", "{\"k\":1 }", "{}" },
		{ "only, more oddly", "{ \"k\":1\n}", "{ }" },
		{ "only, other line ends", "{\n \"k\":1\r\n}", "{\n }" },
		{ "only, brace further in", "{\n \"k\":1\n    }", "{\n }" },
	};
	struct buf b = BUF_INIT(MAX_TEXT);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		fill(&b, rows[i].before);
		is_int(jsonedit_remove(&b, "k"), 0, "%s", rows[i].name);
		is_text(&b, rows[i].after, rows[i].name);
	}
	buf_wipe(&b);
}

/* Three members are added, and removed in each order; meanwhile the last member
 * of others gets another value. */
static void
test_orders(void)
{
	static const char *const texts[] = { "{}", "{ }", "{\n}\n",
		"{\r\n\r\n\t}", "{\"u\":1}", "{ \"u\": 1 }\n",
		"{\n  \"t\": [],\n\n  \"u\": 1\n\n}\n",
		"{\"t\": 0,\n\"u\":1\n, \"v\" : 2}" };
	static const char *const orders[] = { "abc", "acb", "bac", "bca", "cab",
		"cba" };
	struct buf b = BUF_INIT(MAX_TEXT);
	struct jsonedit_span span;
	char name[2] = "";
	bool has_u;
	size_t i;
	size_t j;

	for (i = 0; i < ARRAY_LEN(texts) * ARRAY_LEN(orders); i++) {
		const char *text = texts[i / ARRAY_LEN(orders)];
		const char *order = orders[i % ARRAY_LEN(orders)];

		fill(&b, text);
		has_u = jsonedit_find(text, strlen(text), "u", &span) == 0;
		(void)jsonedit_set(&b, "a", "\"A\"");
		(void)jsonedit_set(&b, "b", "{\n\"k\": [1, 2]}");
		if (has_u)
			(void)jsonedit_set(&b, "u", "\"changed\"");
		(void)jsonedit_set(&b, "c", "null");
		for (j = 0; order[j] != '\0'; j++) {
			name[0] = order[j];
			if (jsonedit_remove(&b, name) != 0)
				bail("a member is not there");
		}
		if (has_u)
			(void)jsonedit_set(&b, "u", "1");
		is_text(&b, text, order);
	}
	buf_wipe(&b);
}

/* What a user adds and removes between our changes stays so. */
static void
test_between(void)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	fill(&b, "{\n  \"u\": 1,\n  \"a\": 2,\n  \"new\": 3\n}\n");
	is_int(jsonedit_remove(&b, "a"), 0, "a member came after ours");
	is_text(&b, "{\n  \"u\": 1,\n  \"new\": 3\n}\n", "and stays");
	fill(&b, "{\n  \"a\": 2\n}\n");
	is_int(jsonedit_remove(&b, "a"), 0, "the one before ours is gone");
	is_text(&b, "{\n}\n", "and so is ours");
	buf_wipe(&b);
}

static void
test_names(void)
{
	struct buf b = BUF_INIT(MAX_TEXT);
	struct jsonedit_span span;

	fill(&b, "{}");
	is_int(jsonedit_set(&b, "\"\n\xc3\xa9", "1"), 0, "an odd name");
	is_text(&b, "{\"\\\"\\n\xc3\xa9\": 1}", "is escaped");
	is_int(jsonedit_set(&b, "", "2"), 0, "a name without a byte");
	is_text(&b, "{\"\\\"\\n\xc3\xa9\": 1, \"\": 2}", "is one");
	fill(&b, "{\"k\\u0000\": 1, \"\\u006B\": 2}");
	is_int(jsonedit_find(buf_str(&b), b.len, "k", &span), 0,
	    "a name with escapes");
	is_mem(buf_str(&b) + span.at, span.len, "2", 1, "has its value");
	buf_wipe(&b);
}

static void
refuses(struct buf *b, const char *text, const char *name, const char *value,
    int want, const char *what)
{
	fill(b, text);
	is_int(value != NULL ? jsonedit_set(b, name, value) :
			       jsonedit_remove(b, name),
	    want, "%s", what);
	is_text(b, text, "and nothing is changed");
}

static void
test_refusals(void)
{
	struct buf b = BUF_INIT(MAX_TEXT);
	struct buf small = BUF_INIT(12);

	refuses(&b, "", "k", "1", -EBADMSG, "no text");
	refuses(&b, "[]", "k", "1", -EBADMSG, "no object");
	refuses(&b, "1", "k", "1", -EBADMSG, "a number");
	refuses(&b, "{} {}", "k", "1", -EBADMSG, "two objects");
	refuses(&b, "{\"a\":1,}", "k", "1", -EBADMSG, "a comma too many");
	refuses(&b, "{\"a\":[1}", "k", "1", -EBADMSG, "a bracket missing");
	refuses(&b, "{\"a\":\"\xff\"}", "k", "1", -EBADMSG, "no UTF-8");
	refuses(&b, "{// c\n}", "k", "1", -EBADMSG, "a comment");
	refuses(&b, "{\"k\":1,\"\\u006b\":2}", "k", "3", -EBADMSG, "twice");
	refuses(&b, "{\"k\":1,\"k\":2}", "k", NULL, -EBADMSG, "twice");
	refuses(&b, "{\"a\":{\"k\":1}}", "k", NULL, -ENOENT, "further in");
	refuses(&b, "{}", "\xff", "1", -EINVAL, "a name that is not UTF-8");
	refuses(&b, "{}", "k", "", -EINVAL, "no value");
	refuses(&b, "{}", "k", " 1", -EINVAL, "a blank before the value");
	refuses(&b, "{}", "k", "1 ", -EINVAL, "a blank after it");
	refuses(&b, "{}", "k", "1,\"a\":2", -EINVAL, "two members");
	refuses(&b, "{\"k\":1}", "k", "x", -EINVAL, "a bad value");
	refuses(&b, "{\"k\":1}", "k",
	    "\xef\xbb\xbf"
	    "1",
	    -EINVAL, "a mark");
	refuses(&small, "{\"k\":1}", "k", "1234567", -EMSGSIZE, "too long");
	refuses(&small, "{\"k\":1}", "b", "123", -EMSGSIZE, "one more");
	buf_wipe(&small);
	buf_wipe(&b);
}

static void
test_depth(void)
{
	struct buf b = BUF_INIT(MAX_TEXT);
	struct buf value = BUF_INIT(MAX_TEXT);
	size_t i;

	for (i = 0; i < JSONSCAN_MAX_DEPTH; i++)
		(void)buf_addc(&value, '[');
	for (i = 0; i < JSONSCAN_MAX_DEPTH; i++)
		(void)buf_addc(&value, ']');
	refuses(&b, "{}", "k", buf_str(&value), -EMSGSIZE, "too deep");
	buf_wipe(&value);
	buf_wipe(&b);
}

static bool
same(const char *a, const char *b)
{
	struct jsonedit_span span = { 0, strlen(a) };

	return jsonedit_same(a, span, b);
}

static void
test_same(void)
{
	struct jsonedit_span span = { 1, 1 };

	ok(same("\"A\"", "\"\\u0041\""), "an escape");
	ok(same("\"\x7f\"", "\"\\u007F\""), "a DEL");
	ok(same("\"\\u0000\"", "\"\\u0000\""), "a NUL");
	ok(!same("\"\\u0000a\"", "\"\\u0000b\""), "and what comes after it");
	ok(same("1", "1") && same("null", "null"), "others");
	ok(!same("1", "1.0") && !same("true", "false"), "are as written");
	ok(!same("\"1\"", "1"), "a string is no number");
	ok(!same("[]", "[]") && !same("{}", "{}"), "no scalar is the same");
	ok(!same("1 ", "1") && !same("1", " 1"), "a blank is none of it");
	ok(!same("1x", "1x"), "nor is what is no JSON");
	ok(jsonedit_same("[1]", span, "1"), "a part of a text");
}

static void
test_canonical(void)
{
	struct jsonedit_span span = { 0, 8 };
	struct buf b = BUF_INIT(16);
	struct buf small = BUF_INIT(3);

	is_int(jsonedit_canonical("\"\\u0041\"x", span, &b), 0, "a string");
	is_str(buf_str(&b), "\"A\"", "has one form");
	span.len = 2;
	is_int(jsonedit_canonical("12", span, &b), 0, "a number");
	is_str(buf_str(&b), "\"A\"12", "is appended");
	is_int(jsonedit_canonical("[]", span, &b), -EINVAL,
	    "an array has none");
	is_int(jsonedit_canonical("{}", span, &b), -EINVAL, "nor an object");
	span.len = 4;
	is_int(jsonedit_canonical("\"ab\"", span, &small), -EMSGSIZE,
	    "no room");
	is_int((int)small.len, 0, "nothing is appended then");
	buf_wipe(&small);
	buf_wipe(&b);
}

int
main(void)
{
	test_add();
	test_replace();
	test_remove();
	test_orders();
	test_between();
	test_names();
	test_refusals();
	test_depth();
	test_same();
	test_canonical();
	return done_testing();
}
