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
	test_limits();
	test_allocator();
	return done_testing();
}
