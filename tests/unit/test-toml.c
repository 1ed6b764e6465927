/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of toml: the interface, spans, errors, limits and bad times. */
#include "coco.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "tap.h"
#include "toml.h"

/* A hostile document of 1 MiB takes some 50 ms, anything quadratic minutes.
 * Under valgrind the documents are smaller, for it needs 50 times that. */
#define SLOW_MS 10000

static struct toml *
parse(const char *text)
{
	struct toml_error err;
	struct toml *doc = NULL;

	if (toml_parse(text, strlen(text), &err, &doc) != 0)
		bail(err.reason);
	return doc;
}

static void
is_span(const struct toml *doc, struct toml_span span, const char *want,
    const char *name)
{
	size_t len;
	const char *text = toml_text(doc, &len);

	is_mem(text + span.at, span.len, want, strlen(want), "%s", name);
}

static void
test_getters(void)
{
	static const char
	    text[] = "s = \"a\\nb\"\ni = -5\nf = 2.5\nb = true\n"
		     "d = 1979-05-27 07:32:00z\nz = \"x\\u0000y\"\n";
	struct toml *doc = parse(text);
	const struct toml_node *root = toml_root(doc);
	const char *s = NULL;
	size_t len = 0;
	int64_t n = 0;
	double d = 0;
	bool b = false;

	is_int(toml_string(toml_get(root, "s"), &s, &len), 0, "a string");
	is_mem(s, len, "a\nb", 3, "its bytes");
	is_int(toml_string(toml_get(root, "s"), &s, NULL), 0, "no NUL in it");
	is_int(toml_int(toml_get(root, "i"), &n), 0, "an integer");
	is_int(n, -5, "its value");
	is_int(toml_float(toml_get(root, "f"), &d), 0, "a float");
	ok(fabs(d - 2.5) < 1e-9, "its value");
	is_int(toml_bool(toml_get(root, "b"), &b), 0, "a boolean");
	ok(b, "its value");
	is_int(toml_datetime(toml_get(root, "d"), &s), 0, "a time");
	is_str(s, "1979-05-27T07:32:00Z", "in the form of RFC 3339");
	is_int(toml_string(toml_get(root, "z"), &s, &len), 0,
	    "NUL, with RET_LEN");
	is_mem(s, len, "x\0y", 3, "all its bytes");
	s = "untouched";
	is_int(toml_string(toml_get(root, "z"), &s, NULL), -EBADMSG,
	    "NUL, without RET_LEN");
	is_str(s, "untouched", "nothing is returned");
	is_int(toml_string(toml_get(root, "i"), &s, NULL), -EBADMSG,
	    "not a string");
	is_int(toml_int(toml_get(root, "s"), &n), -EBADMSG, "not an integer");
	is_int(toml_float(toml_get(root, "i"), &d), -EBADMSG, "not a float");
	is_int(toml_bool(toml_get(root, "i"), &b), -EBADMSG, "not a boolean");
	is_int(toml_datetime(toml_get(root, "i"), &s), -EBADMSG, "not a time");
	is_int(toml_string(toml_get(root, "?"), &s, NULL), -ENOENT, "nothing");
	is_int(toml_int(NULL, &n), -ENOENT, "no integer");
	is_int(toml_float(NULL, &d), -ENOENT, "no float");
	is_int(toml_bool(NULL, &b), -ENOENT, "no boolean");
	is_int(toml_datetime(NULL, &s), -ENOENT, "no time");
	toml_free(doc);
}

static void
test_walking(void)
{
	static const char *const names[] = { "z", "b", "a", "c" };
	static const char text[] = "z = 1\n[b.x]\n[a]\n\"k\\u0000\" = 1\n"
				   "[[c]]\n[[c]]\nd = [1, 2]\n[b]\ny = 2\n";
	struct toml *doc = parse(text);
	const struct toml_node *root = toml_root(doc);
	const struct toml_node *node = toml_first(root);
	size_t len;
	size_t i;

	is_int(toml_count(root), 4, "members");
	for (i = 0; i < ARRAY_LEN(names) && node != NULL; i++) {
		is_str(toml_key(node, NULL), names[i], "member %zu", i);
		ok(toml_get(root, names[i]) == node, "found by name");
		node = toml_next(node);
	}
	ok(node == NULL, "and no more");
	is_int(toml_line(toml_get(root, "z")), 1, "line of a key");
	is_int(toml_line(toml_get(root, "b")), 8, "line of a late header");
	is_int(toml_line(toml_get(toml_get(root, "b"), "x")), 2,
	    "line of a header");
	node = toml_first(toml_get(root, "a"));
	is_mem(toml_key(node, &len), 2, "k\0", 2, "a name with NUL");
	is_int(len, 2, "its length");
	ok(toml_get(toml_get(root, "a"), "k") == NULL, "is another than k");
	node = toml_get(root, "c");
	is_int(toml_kind(node), TOML_ARRAY, "an array of tables");
	is_int(toml_count(node), 2, "its elements");
	node = toml_next(toml_first(node));
	is_int(toml_line(node), 6, "line of the second element");
	is_str(toml_key(node, &len), "", "it has no name");
	is_int(toml_count(toml_get(node, "d")), 2, "elements of a value");
	ok(toml_get(toml_get(root, "nobody"), "x") == NULL, "chained misses");
	ok(toml_get(toml_get(root, "z"), "x") == NULL, "no table, no members");
	ok(toml_get(toml_get(root, "c"), "x") == NULL, "nor has an array");
	ok(toml_first(toml_get(root, "z")) == NULL, "a number has no first");
	ok(toml_first(NULL) == NULL && toml_next(NULL) == NULL, "nor has NULL");
	is_int(toml_count(NULL), 0, "and no count");
	is_str(toml_kind_name(toml_kind(root)), "table", "name of a kind");
	toml_free(doc);
	toml_free(NULL);
}

static void
test_spans(void)
{
	static const char
	    text[] = "# top\n  a . 'b' = [ 1 , 2 ] # end\n"
		     "[t.u]\nm = \"\"\"\nx\"\"\"\n[t] # late\nk = {i = 1}";
	struct toml *doc = parse(text);
	const struct toml_node *root = toml_root(doc);
	const struct toml_node *node = toml_get(root, "a");

	is_span(doc, toml_key_span(node), "a", "first part of a dotted key");
	is_span(doc, toml_value_span(node), "", "has no value of its own");
	node = toml_get(node, "b");
	is_span(doc, toml_key_span(node), "'b'", "a key with its quotes");
	is_span(doc, toml_value_span(node), "[ 1 , 2 ]", "an array");
	is_span(doc, toml_statement_span(node), "  a . 'b' = [ 1 , 2 ] # end\n",
	    "a whole line");
	is_span(doc, toml_value_span(toml_first(node)), "1", "an element");
	is_span(doc, toml_key_span(toml_first(node)), "", "without a key");
	node = toml_get(root, "t");
	is_span(doc, toml_statement_span(node), "[t] # late\n",
	    "the header that defines a table");
	is_span(doc, toml_key_span(node), "t", "and its key");
	node = toml_get(toml_get(node, "u"), "m");
	is_span(doc, toml_statement_span(node), "m = \"\"\"\nx\"\"\"\n",
	    "a statement of two lines");
	node = toml_get(toml_get(root, "t"), "k");
	is_span(doc, toml_value_span(node), "{i = 1}", "an inline table");
	is_span(doc, toml_statement_span(node), "k = {i = 1}",
	    "a last line without newline");
	node = toml_get(node, "i");
	is_span(doc, toml_key_span(node), "i", "a key in it");
	is_span(doc, toml_value_span(node), "1", "and its value");
	is_span(doc, toml_statement_span(root), "", "the root has none");
	toml_free(doc);
}

static void
fails(const char *text, size_t len, int want, size_t line, size_t column,
    const char *reason)
{
	struct toml *doc = NULL;
	struct toml_error err;

	memset(&err, 0, sizeof(err));
	is_int(toml_parse(text, len, &err, &doc), want, "refused: %s", reason);
	ok(doc == NULL, "no document");
	is_int(err.line, line, "line");
	is_int(err.column, column, "column");
	is_str(err.reason, reason, "reason");
}

static void
test_places(void)
{
	static const char text[] = "\xef\xbb\xbf'é' = 1\n\nb = '☃'\n";
	struct toml *doc = parse(text);
	const struct toml_node *node = toml_first(toml_root(doc));
	size_t line;
	size_t column;

	toml_place(doc, toml_key_span(node).at, &line, &column);
	ok(line == 1 && column == 1, "a byte order mark has no column");
	toml_place(doc, toml_value_span(node).at, &line, &column);
	ok(line == 1 && column == 7, "columns are code points");
	toml_place(doc, toml_value_span(toml_next(node)).at, &line, &column);
	ok(line == 3 && column == 5, "lines count");
	toml_place(doc, sizeof(text) - 1, &line, &column);
	ok(line == 4 && column == 1, "the end of the text");
	toml_place(doc, 0, &line, &column);
	ok(line == 1 && column == 1, "its start");
	toml_free(doc);
}

static void
test_errors(void)
{
	static const char dup[] = "account = 1\nb = 2\naccount = 3\n";
	static const char points[] = "a = \"é☃\" x";
	static const char marked[] = "\xef\xbb\xbf\"é\" = 1 x";
	static const char secret[] = "password = hunter2\n";
	static const char binary[] = "a = 1\n# \xff\n";
	static const char quoted[] = "\"\x1b[1m\" = 1\n";
	static const char many[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1\n"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1\n";

	fails(dup, sizeof(dup) - 1, -EBADMSG, 3, 1,
	    "duplicate key \"account\"; first on line 1");
	fails(points, sizeof(points) - 1, -EBADMSG, 1, 10,
	    "expected the end of the line");
	fails(marked, sizeof(marked) - 1, -EBADMSG, 1, 9,
	    "expected the end of the line");
	fails(secret, sizeof(secret) - 1, -EBADMSG, 1, 12,
	    "not a valid value; text must be in quotes");
	fails(binary, sizeof(binary) - 1, -EBADMSG, 2, 3,
	    "the text is not UTF-8");
	fails(quoted, sizeof(quoted) - 1, -EBADMSG, 1, 2,
	    "control character U+001B in a string");
	fails(many, sizeof(many) - 1, -EBADMSG, 2, 1,
	    "duplicate key \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"; "
	    "first on line 1");
	fails("a = 1\0", 6, -EBADMSG, 1, 6,
	    "control character U+0000 in the text");
}

/* Fill B with PATTERN again and again, where %d counts, up to LEN bytes. */
static void
repeat(struct buf *b, const char *pattern, size_t len)
{
	const char *number = strstr(pattern, "%d");
	char piece[64];
	int i;
	int n;

	for (i = 0;; i++) {
		n = number == NULL ?
		    snprintf(piece, sizeof(piece), "%s", pattern) :
		    snprintf(piece, sizeof(piece), "%.*s%d%s",
			(int)(number - pattern), pattern, i, number + 2);
		if (b->len + (size_t)n > len ||
		    buf_add(b, piece, (size_t)n) != 0)
			return;
	}
}

static void
test_limits(void)
{
	struct buf b = BUF_INIT(TOML_MAX + 1);
	struct toml_error err;
	struct toml *doc = NULL;

	repeat(&b, "\n", TOML_MAX);
	is_int(toml_parse(buf_str(&b), b.len, &err, &doc), 0, "1 MiB");
	toml_free(doc);
	(void)buf_addc(&b, '\n');
	fails(buf_str(&b), b.len, -EMSGSIZE, 1, 1, "longer than 1048576 bytes");
	buf_clear(&b);
	(void)buf_adds(&b, "a=[");
	repeat(&b, "1,", TOML_MAX - 1);
	(void)buf_addc(&b, ']');
	fails(buf_str(&b), b.len, -EMSGSIZE, 1, 2 * TOML_MAX_NODES,
	    "more than 262144 values, tables and arrays");
	buf_clear(&b);
	(void)buf_adds(&b, "a=");
	repeat(&b, "[", 2 + TOML_MAX_DEPTH);
	repeat(&b, "]", 2 + 2 * TOML_MAX_DEPTH);
	is_int(toml_parse(buf_str(&b), b.len, &err, &doc), 0, "128 arrays");
	toml_free(doc);
	buf_clear(&b);
	(void)buf_adds(&b, "a=");
	repeat(&b, "[", 3 + TOML_MAX_DEPTH);
	fails(buf_str(&b), b.len, -EMSGSIZE, 1, 3 + TOML_MAX_DEPTH,
	    "more than 128 tables and arrays within each other");
	buf_wipe(&b);
}

/* Documents as large as may be that make a careless reader quadratic, or use
 * up its stack.  HEAD comes once, then PATTERN, then TAIL. */
static const struct {
	const char *head;
	const char *pattern;
	const char *tail;
	int want;
} hostile[] = {
	{ "", "k%d=1\n", "", 0 },
	{ "", "a.k%d=1\n", "", 0 },
	{ "", "\"\\u0000\\u0000\\u0000\\u0000%d\"=1\n", "", 0 },
	{ "", "[t%d]\n", "", 0 },
	{ "", "[a.b.t%d]\n", "", 0 },
	{ "", "[[a]]\n", "", 0 },
	{ "", "[[a]]\nk=1\n[a.b]\n[[a.c]]\n", "", 0 },
	{ "x={", "k%d=1,", "k=1}", 0 },
	{ "x=[", "{ } ,", "]", 0 },
	{ "x=[", "\n", "]", 0 },
	{ "x=\"\"\"", "\"\" ", "\"\"\"", 0 },
	{ "x=\"\"\"", "\\\n", "\"\"\"", 0 },
	{ "x=\"\"\"", "\\u00e9", "\"\"\"", 0 },
	{ "x='''", "'' ", "'''", 0 },
	{ "x=1.", "0", "", 0 },
	{ "x=1e", "0", "", 0 },
	{ "x=0x", "0", "1", 0 },
	{ "x=1", "_1", "", -EBADMSG },
	{ "#", "#", "", 0 },
	{ "#", "\n#", "", 0 },
	{ "\"", "k", "\"=1", 0 },
	{ "x=", "[", "", -EMSGSIZE },
	{ "x=", "{x=", "", -EMSGSIZE },
	{ "x", ".x", "=1", -EMSGSIZE },
	{ "[x", ".x", "]", -EMSGSIZE },
	{ "x=\"", "\\u00", "", -EBADMSG },
	{ "x=[", "#\r\n", "", -EBADMSG },
};

static void
test_hostile(void)
{
	bool slow = getenv("COCO_TEST_WRAPPER") != NULL;
	size_t size = slow ? TOML_MAX / 16 : TOML_MAX;
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct toml *doc;
	int64_t start;
	int64_t took;
	size_t i;

	for (i = 0; i < ARRAY_LEN(hostile); i++) {
		buf_clear(&b);
		(void)buf_adds(&b, hostile[i].head);
		repeat(&b, hostile[i].pattern, size - strlen(hostile[i].tail));
		(void)buf_adds(&b, hostile[i].tail);
		doc = NULL;
		start = clock_ms();
		is_int(toml_parse(buf_str(&b), b.len, &err, &doc),
		    hostile[i].want, "hostile document %zu", i);
		toml_free(doc);
		took = clock_ms() - start;
		if (!ok(took < SLOW_MS, "in time"))
			printf("# %lld ms\n", (long long)took);
	}
	buf_wipe(&b);
}

int
main(void)
{
	test_getters();
	test_walking();
	test_spans();
	test_places();
	test_errors();
	test_limits();
	test_hostile();
	return done_testing();
}
