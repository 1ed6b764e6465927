/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON objects from servers, and the wiping allocator below the parser. */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "tap.h"
#include "wipe.h"

static void
test_members(void)
{
	static const char text
	    [] = " {\"s\":\"t\\u00e4\\\"\",\"e\":\"\",\"n\":null,\"i\":3600,"
		 "\"m\":-9223372036854775808,\"r\":3600.0,\"q\":\"3600\","
		 "\"b\":true,\"o\":{\"s\":\"inner\"},\"a\":[1]}\n";
	struct json *j = NULL;
	int64_t n = 5;

	if (!is_int(json_parse(text, sizeof(text) - 1, &j), 0, "an object"))
		bail("nothing to look at");
	is_str(json_text(j, "s"), "t\xc3\xa4\"", "a string");
	is_str(json_text(j, "e"), "", "an empty one");
	is_str(json_text(j, "n"), NULL, "null is no string");
	is_str(json_text(j, "x"), NULL, "absent is no string");
	is_str(json_text(j, "i"), NULL, "a number is no string");
	is_str(json_text(j, "o"), NULL, "an object is no string");
	is_int(json_number(j, "n", &n), -ENOENT, "null is no number");
	is_int(json_number(j, "x", &n), -ENOENT, "absent is no number");
	is_int(json_number(j, "r", &n), -EBADMSG, "a real is no integer");
	is_int(json_number(j, "q", &n), -EBADMSG, "a string is no integer");
	is_int(json_number(j, "b", &n), -EBADMSG, "true is no integer");
	is_int(n, 5, "all that left the number alone");
	is_int(json_number(j, "i", &n), 0, "an integer");
	is_int(n, 3600, "its value");
	is_int(json_number(j, "m", &n), 0, "the smallest one");
	ok(n == INT64_MIN, "its value");
	json_free(j);
	json_free(NULL);
}

/* Objects in objects, which live as long as anybody holds them. */
static void
test_objects(void)
{
	static const char
	    text[] = "{\"t\":true,\"f\":false,\"s\":\"true\",\"n\":null,"
		     "\"o\":{\"p\":{\"s\":\"inner\"}}}";
	struct json *j = NULL;
	struct json *o = NULL;
	struct json *p = NULL;

	if (!is_int(json_parse(text, sizeof(text) - 1, &j), 0, "an object"))
		bail("nothing to look at");
	ok(json_flag(j, "t"), "true");
	ok(!json_flag(j, "f") && !json_flag(j, "s") && !json_flag(j, "n") &&
		!json_flag(j, "x"),
	    "nothing else is");
	is_int(json_object_of(j, "o", &o), 0, "a member");
	is_int(json_object_of(j, "s", &p), -ENOENT, "a string is none");
	is_int(json_object_of(j, "x", &p), -ENOENT, "nor is nothing");
	ok(p == NULL, "and nothing is given");
	json_free(j);
	is_int(json_object_of(o, "p", &p), 0, "its member");
	json_free(o);
	is_str(json_text(p, "s"), "inner", "outlives them");
	json_free(p);
}

static void
test_refused(void)
{
	static const struct {
		const char *text;
		const char *name;
	} rows[] = {
		{ "", "nothing" },
		{ "[]", "an array" },
		{ "\"a\"", "a string" },
		{ "{", "half an object" },
		{ "{} x", "text behind it" },
		{ "{}{}", "two objects" },
		{ "{\"a\":1,\"a\":2}", "a name twice" },
		{ "{\"o\":{\"a\":1,\"a\":1}}", "a name twice, inside" },
		{ "{\"a\":\"\\u0000\"}", "an escaped NUL" },
		{ "{\"a\":\"\n\"}", "a control byte" },
		{ "{\"a\":\"\xff\"}", "bytes that are not UTF-8" },
		{ "{\"a\":9223372036854775808}", "a number too large" },
		{ "{'a':1}", "single quotes" },
		{ "{\"a\":1,}", "a comma too many" },
		{ "\xef\xbb\xbf{}", "a byte order mark" },
		{ "<html>", "HTML" },
	};
	struct json *j = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(json_parse(rows[i].text, strlen(rows[i].text), &j),
		    -EBADMSG, "%s", rows[i].name);
	is_int(json_parse("{}\0", 3, &j), -EBADMSG, "a NUL behind it");
	ok(j == NULL, "nothing was returned");
}

static const char *const known[] = { "n", "f", "i", "r", "s", "l", "o", "z" };

/* Add what is in ELEMENT to CTX, or stop at a negative number. */
static int
add_up(void *ctx, size_t index, const struct json *element)
{
	int64_t *sum = ctx;
	int64_t n;

	if (json_number(element, "n", &n) != 0 || n < 0)
		return -ERANGE;
	*sum += n * (int64_t)(index + 1);
	return 0;
}

/* What is ours to define is looked at without mercy. */
static void
test_strict(void)
{
	static const char
	    text[] = "{\"n\":null,\"f\":false,\"i\":1,\"r\":1.0,\"s\":\"x\","
		     "\"l\":[{\"n\":2},{\"n\":3}],\"o\":{\"l\":[\"a\",\"b\"],"
		     "\"m\":[\"a\",1],\"w\":[{\"n\":1},1],"
		     "\"u\":[{\"n\":1},{\"n\":-1},1]}}";
	struct strv sv = STRV_INIT;
	struct json *j = NULL;
	struct json *o = NULL;
	int64_t sum = 0;

	if (!is_int(json_parse(text, sizeof(text) - 1, &j), 0, "an object"))
		bail("nothing to look at");
	is_int(json_object_of(j, "o", &o), 0, "one in it");
	is_int(json_kind(j, "x"), JSON_KIND_NONE, "no member");
	is_int(json_kind(j, "n"), JSON_KIND_NULL, "null");
	is_int(json_kind(j, "f"), JSON_KIND_FLAG, "false");
	is_int(json_kind(j, "i"), JSON_KIND_INTEGER, "an integer");
	is_int(json_kind(j, "r"), JSON_KIND_REAL, "a real");
	is_int(json_kind(j, "s"), JSON_KIND_TEXT, "a string");
	is_int(json_kind(j, "l"), JSON_KIND_LIST, "an array");
	is_int(json_kind(j, "o"), JSON_KIND_OBJECT, "an object");
	is_str(json_unknown(j, known, ARRAY_LEN(known)), NULL, "all known");
	is_str(json_unknown(j, known + 1, ARRAY_LEN(known) - 1), "n",
	    "all but one");
	is_int(json_walk(j, "l", add_up, &sum), 0, "walked");
	is_int(sum, 8, "in order");
	is_int(json_walk(j, "x", add_up, &sum), 0, "nothing to walk");
	is_int(json_walk(o, "w", add_up, &sum), -EBADMSG, "a number in it");
	is_int(json_walk(o, "u", add_up, &sum), -ERANGE, "the first fault");
	is_int((intmax_t)json_count(j, "l"), 2, "two elements");
	is_int((intmax_t)json_count(j, "s"), 0, "a string has none");
	is_int(json_texts(o, "m", &sv), -EBADMSG, "not all are strings");
	is_int((intmax_t)sv.len, 0, "none is taken");
	is_int(json_texts(o, "l", &sv), 0, "all are");
	ok(sv.len == 2 && strcmp(sv.v[1], "b") == 0, "and taken");
	is_int(json_texts(o, "x", &sv), 0, "no array");
	strv_clear(&sv);
	json_free(o);
	json_free(j);
}

/* Tell of a member; "stop" ends it. */
static int
tell(void *ctx, const char *key, const struct json *value)
{
	const char *text = value != NULL ? json_text(value, "t") : "none";

	(void)buf_addf(ctx, "%s:%s ", key, text);
	return strcmp(key, "stop") == 0 ? -ERANGE : 0;
}

static void
test_walk_members(void)
{
	static const char text[] = "{\"o\":{\"a\":{\"t\":\"x\"},\"\":7},"
				   "\"e\":{},\"l\":[{}],"
				   "\"s\":{\"stop\":null,\"more\":1}}";
	struct buf b = BUF_INIT(1000);
	struct json *j;

	if (json_parse(text, strlen(text), &j) != 0)
		bail("json_parse");
	is_int(json_members(j, "o", tell, &b), 0, "members");
	ok(b.len == 10 && strstr(buf_str(&b), "a:x ") != NULL &&
		strstr(buf_str(&b), ":none ") != NULL,
	    "each once");
	is_int(json_members(j, "s", tell, &b), -ERANGE, "one fails");
	buf_clear(&b);
	is_int(json_members(j, "e", tell, &b), 0, "no members");
	is_int(json_members(j, "l", tell, &b), 0, "no object");
	is_int(json_members(j, "x", tell, &b), 0, "nothing at all");
	is_str(buf_str(&b), "", "no call");
	json_free(j);
	buf_wipe(&b);
}

static void
test_said(void)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "{\"allow_unauthenticated\":1,\"allow_unauthenticated\":2}",
		    "member \"allow_unauthenticated\" is there twice" },
		{ "{\"o\":{\"a\33\":1,\"a\33\":1}}",
		    "no JSON object: line 1, column 8" },
		{ "{\"\\u001b\":1,\"\\u001b\":1}",
		    "member \"\\u001b\" is there twice" },
		{ "{\n\"a\":canary}", "no JSON object: line 2, column 10" },
		{ "[]", "no JSON object" },
		{ "", "no JSON object: line 1, column 0" },
	};
	struct buf why = BUF_INIT(256);
	struct json *j = NULL;
	char longest[4 * 128];
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		is_int(json_parse_or_say(rows[i].text, strlen(rows[i].text),
			   &why, &j),
		    -EBADMSG, "said: row %zu", i);
		is_str(buf_str(&why), rows[i].why, "why");
		buf_clear(&why);
	}
	(void)snprintf(longest, sizeof(longest), "{\"%0128d\":1,\"%0128d\":1}",
	    7, 7);
	is_int(json_parse_or_say(longest, strlen(longest), &why, &j), -EBADMSG,
	    "a long name");
	is_int((intmax_t)why.len, 8 + 64 + 16, "is cut");
	buf_clear(&why);
	is_int(json_parse_or_say(" ", JSON_MAX_SIZE + 1, &why, &j), -EMSGSIZE,
	    "too long");
	is_str(buf_str(&why), "longer than 131072 bytes", "why");
	ok(j == NULL, "nothing was returned");
	is_int(json_parse_or_say("{}", 2, &why, &j), 0, "good");
	json_free(j);
	buf_wipe(&why);
}

static void
test_limits(void)
{
	char *text = xmalloc(JSON_MAX_SIZE + 1);
	struct json *j = NULL;

	memset(text, ' ', JSON_MAX_SIZE + 1);
	memcpy(text, "{}", 2);
	is_int(json_parse(text, JSON_MAX_SIZE, &j), 0, "the largest");
	json_free(j);
	j = NULL;
	is_int(json_parse(text, JSON_MAX_SIZE + 1, &j), -EMSGSIZE, "larger");
	memset(text, '[', JSON_MAX_SIZE);
	memcpy(text, "{\"a\":", 5);
	is_int(json_parse(text, JSON_MAX_SIZE, &j), -EBADMSG, "too deep");
	ok(j == NULL, "nothing was returned");
	free(text);
}

static void
test_allocator(void)
{
	char *p = wipe_malloc(3);
	char *q;

	ok((uintptr_t)p % _Alignof(max_align_t) == 0, "aligned");
	memcpy(p, "abc", 3);
	p = wipe_realloc(p, 100);
	is_mem(p, 3, "abc", 3, "grown");
	p = wipe_realloc(p, 2);
	is_mem(p, 2, "ab", 2, "shrunk");
	wipe_free(p);
	q = wipe_strdup("text");
	is_str(q, "text", "duplicated");
	wipe_free(q);
	q = wipe_calloc(2, 3);
	is_mem(q, 6, "\0\0\0\0\0\0", 6, "zeroed");
	wipe_free(q);
	wipe_free(NULL);
	q = wipe_realloc(NULL, 1);
	ok(q != NULL, "from nothing");
	wipe_free(q);
	ok(wipe_calloc(SIZE_MAX / 2, 3) == NULL, "a product too large");
	ok(wipe_malloc(SIZE_MAX) == NULL, "a size too large");
}

int
main(void)
{
	test_members();
	test_objects();
	test_refused();
	test_strict();
	test_walk_members();
	test_said();
	test_limits();
	test_allocator();
	return done_testing();
}
