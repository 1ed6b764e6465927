/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of toml-edit and toml-write: single changes, and refusals. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "clock.h"
#include "tap.h"
#include "toml-edit-priv.h"
#include "toml-write.h"

#define MAX_PARTS 8

/* As in test-toml.c: anything quadratic takes minutes. */
#define SLOW_MS 10000

/* A path of up to MAX_PARTS - 1 names, from text with blanks between them; "-"
 * is a name without a byte. */
struct path {
	char text[256];
	const char *parts[MAX_PARTS];
};

static const char *const *
path_of(struct path *p, const char *text)
{
	size_t n = 0;
	char *s = p->text;
	char *end;

	(void)snprintf(p->text, sizeof(p->text), "%s", text);
	while (*s != '\0' && n + 1 < MAX_PARTS) {
		end = s + strcspn(s, " ");
		p->parts[n++] = strncmp(s, "- ", 2) == 0 ? "" : s;
		s = *end != '\0' ? end + 1 : end;
		*end = '\0';
	}
	p->parts[n] = NULL;
	return p->parts;
}

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

static void
done(int r, const struct toml_error *err, const char *name)
{
	if (!is_int(r, 0, "%s", name))
		printf("# %zu:%zu: %s\n", err->line, err->column, err->reason);
}

/* A new key, and away with it again. */
static const struct {
	const char *name;
	const char *path;
	const char *before;
	const char *after;
} sets[] = {
	{ "the empty text", "k", "", "k = 9\n" },
	{ "nothing but a mark", "k", "\xef\xbb\xbf", "\xef\xbb\xbfk = 9\n" },
	{ "a comment", "k", "# c\n", "# c\nk = 9\n" },
	{ "a comment without newline", "k", "# c", "# c\nk = 9" },
	{ "blanks without newline", "k", "a = 1\n  ", "a = 1\nk = 9\n  " },
	{ "blanks alone", "k", "  ", "  \nk = 9" },
	{ "an empty line", "k", "\n", "\nk = 9\n" },
	{ "an empty line, CRLF", "k", "\r\n", "\r\nk = 9\r\n" },
	{ "after the last of the top", "k", "a = 1 # c\n\n# d\n[t]\nb = 2\n",
	    "a = 1 # c\nk = 9\n\n# d\n[t]\nb = 2\n" },
	{ "before the comment of a table", "k", "# top\n\n# d\n# e\n[t]\n",
	    "# top\nk = 9\n\n# d\n# e\n[t]\n" },
	{ "before all", "k", "# d\n[t]\n", "k = 9\n# d\n[t]\n" },
	{ "before all, behind a mark", "k", "\xef\xbb\xbf[t]\n",
	    "\xef\xbb\xbfk = 9\n[t]\n" },
	{ "before all, CRLF", "k", "# d\r\n[t]\r\n",
	    "k = 9\r\n# d\r\n[t]\r\n" },
	{ "a last line without newline", "k", "a = 1", "a = 1\nk = 9" },
	{ "the same, CRLF", "k", "b = 0\r\na = 1", "b = 0\r\na = 1\r\nk = 9" },
	{ "lines of both kinds", "t k", "b = 0\n[t]\r\na = 1\r\n[u]\n",
	    "b = 0\n[t]\r\na = 1\r\nk = 9\r\n[u]\n" },
	{ "a value of two lines", "k", "a = \"\"\"\n[x]\n\"\"\"\n[t]\n",
	    "a = \"\"\"\n[x]\n\"\"\"\nk = 9\n[t]\n" },
	{ "an array with comments", "k", "a = [ # c\n 1, # ]\n]\n[t]\n",
	    "a = [ # c\n 1, # ]\n]\nk = 9\n[t]\n" },
	{ "a header", "t k", "[t]\n", "[t]\nk = 9\n" },
	{ "a header without newline", "t k", "[t]", "[t]\nk = 9" },
	{ "a header with a comment", "t k", "[t] # c\n\n[u]\n",
	    "[t] # c\nk = 9\n\n[u]\n" },
	{ "indentation", "t k", "[t]\n\t a = 1\n\n[u]\n",
	    "[t]\n\t a = 1\n\t k = 9\n\n[u]\n" },
	{ "a comment behind", "t k", "[t]\na = 1\n# k = 2\n[u]\n",
	    "[t]\na = 1\nk = 9\n# k = 2\n[u]\n" },
	{ "a table below", "t k", "[t]\na = 1\n[t.u]\nb = 1\n",
	    "[t]\na = 1\nk = 9\n[t.u]\nb = 1\n" },
	{ "a header after that of a table below", "t k",
	    "[t.u]\nb = 1\n[t]\na = 1\n", "[t.u]\nb = 1\n[t]\na = 1\nk = 9\n" },
	{ "an array of tables behind", "t k", "[t]\n[[t.a]]\nb = 1\n[[t.a]]\n",
	    "[t]\nk = 9\n[[t.a]]\nb = 1\n[[t.a]]\n" },
	{ "dotted keys in the table", "t k", "[t]\nu.a = 1\nu.b = 2\n",
	    "[t]\nu.a = 1\nu.b = 2\nk = 9\n" },
	{ "a table of dotted keys", "t u k",
	    "[t]\n  u . 'v'.a = 1\n \"u\".b = {}\nz = 1\n[y]\n",
	    "[t]\n  u . 'v'.a = 1\n \"u\".b = {}\n \"u\".k = 9\nz = 1\n[y]\n" },
	{ "one below that", "t u v k", "[t]\n  u . 'v'.a = 1\nu.b = 2\n",
	    "[t]\n  u . 'v'.a = 1\n  u . 'v'.k = 9\nu.b = 2\n" },
	{ "dotted keys, a header below", "a k", "a.b = 1\n[a.c]\nd.e = 1\n",
	    "a.b = 1\na.k = 9\n[a.c]\nd.e = 1\n" },
	{ "dotted keys after a header below", "a b k",
	    "[a.b.c]\nx = 1\n[a]\nb.d = 2\n[a.b.g]\ny.z = 1\n",
	    "[a.b.c]\nx = 1\n[a]\nb.d = 2\nb.k = 9\n[a.b.g]\ny.z = 1\n" },
	{ "dotted keys without newline", "a k", "a.b = 1", "a.b = 1\na.k = 9" },
	{ "an inline table", "t k", "t = {a = 1} # c\n",
	    "t = {a = 1, k = 9} # c\n" },
	{ "one with blanks", "t k", "t = { a = 1\t}\n",
	    "t = { a = 1, k = 9\t}\n" },
	{ "an empty one", "t k", "t = {}\n", "t = {k = 9}\n" },
	{ "an empty one with blanks", "t k", "t = {  }\n", "t = {k = 9  }\n" },
	{ "one in another", "t u k", "t = {u = {a = '}'}, v = 1}\n",
	    "t = {u = {a = '}', k = 9}, v = 1}\n" },
	{ "dotted keys in it", "t u k", "t = {u.a = 1, \"u\".b = 2 , v = 3}\n",
	    "t = {u.a = 1, \"u\".b = 2, \"u\".k = 9 , v = 3}\n" },
	{ "beside dotted keys in it", "t k", "t = {u.a = 1}\n",
	    "t = {u.a = 1, k = 9}\n" },
	{ "a dotted key to it", "t u k", "t.u = {}\nt.v = 1\n",
	    "t.u = {k = 9}\nt.v = 1\n" },
	{ "a name with quotes", "t.u a\"b", "[\"t.u\"]\n",
	    "[\"t.u\"]\n\"a\\\"b\" = 9\n" },
	{ "no name", "t - ", "[t]\n", "[t]\n\"\" = 9\n" },
	{ "a name of letters", "\xc3\xa9", "", "\"\xc3\xa9\" = 9\n" },
};

static void
test_sets(void)
{
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct path path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(sets); i++) {
		(void)path_of(&path, sets[i].path);
		fill(&b, sets[i].before);
		done(toml_edit_set(&b, path.parts, "9", &err), &err,
		    sets[i].name);
		is_text(&b, sets[i].after, "set");
		done(toml_edit_set(&b, path.parts, "0x9", &err), &err, "again");
		is_text(&b, sets[i].after, "the same value stays");
		done(toml_edit_remove(&b, path.parts, &err), &err, "remove");
		is_text(&b, sets[i].before, "as it was");
	}
	buf_wipe(&b);
}

/* A key that is there. */
static const struct {
	const char *name;
	const char *path;
	const char *before;
	const char *set;
	const char *removed;
} keys[] = {
	{ "a line", "a", "# c\n  a=1# d\nb = 2\n", "# c\n  a=9# d\nb = 2\n",
	    "# c\nb = 2\n" },
	{ "the last line", "b", "a = 1\nb = 2", "a = 1\nb = 9", "a = 1" },
	{ "the last line, CRLF", "b", "a = 1\r\nb = 2", "a = 1\r\nb = 9",
	    "a = 1" },
	{ "the only line", "b",
	    "\xef\xbb\xbf"
	    "b = 2",
	    "\xef\xbb\xbf"
	    "b = 9",
	    "\xef\xbb\xbf" },
	{ "lines", "t a", "[t]\na = [\n1, # c\n]\nb = 1\n",
	    "[t]\na = 9\nb = 1\n", "[t]\nb = 1\n" },
	{ "the first of three", "t a", "t = { a = 1 , b = 2, c = 3 }\n",
	    "t = { a = 9 , b = 2, c = 3 }\n", "t = { b = 2, c = 3 }\n" },
	{ "the second", "t b", "t = { a = 1 , b = 2, c = 3 }\n",
	    "t = { a = 1 , b = 9, c = 3 }\n", "t = { a = 1, c = 3 }\n" },
	{ "the third", "t c", "t = { a = 1 , b = 2, c = 3 }\n",
	    "t = { a = 1 , b = 2, c = 9 }\n", "t = { a = 1 , b = 2 }\n" },
	{ "the only one", "t a", "t = { a = 1 }\n", "t = { a = 9 }\n",
	    "t = {  }\n" },
	{ "an inline table", "t", "t = { a = 1 }\nb = 1\n", "t = 9\nb = 1\n",
	    "b = 1\n" },
	{ "a dotted key", "t a", "t.a = 1\nb = 1\n", "t.a = 9\nb = 1\n",
	    "b = 1\n" },
	{ "a dotted key in an inline table", "t a b",
	    "t = {c = 1, a.b = 2, a.d = 3}\n",
	    "t = {c = 1, a.b = 9, a.d = 3}\n", "t = {c = 1, a.d = 3}\n" },
	{ "in a super table", "a b c", "[a.b]\nc = 1 # d\n",
	    "[a.b]\nc = 9 # d\n", "[a.b]\n" },
};

static void
test_keys(void)
{
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct path path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		(void)path_of(&path, keys[i].path);
		fill(&b, keys[i].before);
		done(toml_edit_set(&b, path.parts, "9", &err), &err,
		    keys[i].name);
		is_text(&b, keys[i].set, "set");
		fill(&b, keys[i].before);
		done(toml_edit_remove(&b, path.parts, &err), &err, "remove");
		is_text(&b, keys[i].removed, "removed");
	}
	buf_wipe(&b);
}

/* A table that is missing, with a key in it, and away with both. */
static const struct {
	const char *name;
	const char *path;
	enum toml_edit_made made;
	const char *before;
	const char *after;
} tables[] = {
	{ "in the empty text", "t", TOML_EDIT_TABLE, "", "[t]\nk = 9\n" },
	{ "behind a mark", "t", TOML_EDIT_TABLE, "\xef\xbb\xbf",
	    "\xef\xbb\xbf[t]\nk = 9\n" },
	{ "at the end", "t", TOML_EDIT_BLANK_AND_TABLE, "a = 1\n",
	    "a = 1\n\n[t]\nk = 9\n" },
	{ "at the end, CRLF", "t", TOML_EDIT_BLANK_AND_TABLE, "a = 1\r\n",
	    "a = 1\r\n\r\n[t]\r\nk = 9\r\n" },
	{ "no newline there", "t", TOML_EDIT_BLANK_AND_TABLE, "a = 1",
	    "a = 1\n\n[t]\nk = 9" },
	{ "no newline there, CRLF", "t", TOML_EDIT_BLANK_AND_TABLE,
	    "b = 1\r\na = 1", "b = 1\r\na = 1\r\n\r\n[t]\r\nk = 9" },
	{ "an empty line there", "t", TOML_EDIT_TABLE, "a = 1\n\n",
	    "a = 1\n\n[t]\nk = 9\n" },
	{ "an empty line there, CRLF", "t", TOML_EDIT_TABLE, "a = 1\r\n\r\n",
	    "a = 1\r\n\r\n[t]\r\nk = 9\r\n" },
	{ "nothing but an empty line", "t", TOML_EDIT_TABLE, "\n",
	    "\n[t]\nk = 9\n" },
	{ "blanks there", "t", TOML_EDIT_BLANK_AND_TABLE, "a = 1\n ",
	    "a = 1\n \n\n[t]\nk = 9" },
	{ "two names", "connections dev", TOML_EDIT_BLANK_AND_TABLE,
	    "[connections.prod]\na = 1\n",
	    "[connections.prod]\na = 1\n\n[connections.dev]\nk = 9\n" },
	{ "a name with quotes", "a.b -  c", TOML_EDIT_TABLE, "",
	    "[\"a.b\".\"\".\"\".c]\nk = 9\n" },
	{ "a super table", "a", TOML_EDIT_BLANK_AND_TABLE, "[a.b]\n[c]\n",
	    "[a.b]\n[c]\n\n[a]\nk = 9\n" },
	{ "below dotted keys", "a c", TOML_EDIT_BLANK_AND_TABLE, "a.b = 1\n",
	    "a.b = 1\n\n[a.c]\nk = 9\n" },
	{ "after an array of tables", "t", TOML_EDIT_BLANK_AND_TABLE,
	    "[[a]]\n[a.b]\n", "[[a]]\n[a.b]\n\n[t]\nk = 9\n" },
	{ "in an inline table", "a t", TOML_EDIT_TABLE, "a = { b = 1 } # c",
	    "a = { b = 1, t = {k = 9} } # c" },
	{ "in dotted keys there", "a b t", TOML_EDIT_TABLE,
	    "a = {b.c = 1, d = 2}\n", "a = {b.c = 1, b.t = {k = 9}, d = 2}\n" },
	{ "the table is there", "t", TOML_EDIT_NOTHING, "[t] # c\n[u]\n",
	    "[t] # c\nk = 9\n[u]\n" },
	{ "in dotted keys", "t", TOML_EDIT_NOTHING, "t.a = 1\n",
	    "t.a = 1\nt.k = 9\n" },
	{ "and inline", "t", TOML_EDIT_NOTHING, "t = {}\n", "t = {k = 9}\n" },
};

static void
test_tables(void)
{
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct path table;
	struct path key;
	char text[64];
	size_t i;

	for (i = 0; i < ARRAY_LEN(tables); i++) {
		enum toml_edit_made made = TOML_EDIT_NOTHING;

		(void)path_of(&table, tables[i].path);
		(void)snprintf(text, sizeof(text), "%s k", tables[i].path);
		(void)path_of(&key, text);
		fill(&b, tables[i].before);
		done(toml_edit_add_table(&b, table.parts, &made, &err), &err,
		    tables[i].name);
		is_int(made, tables[i].made, "made");
		done(toml_edit_set(&b, key.parts, "9", &err), &err, "set");
		is_text(&b, tables[i].after, "both");
		done(toml_edit_remove(&b, key.parts, &err), &err, "remove");
		done(toml_edit_remove_table(&b, table.parts, made, &err), &err,
		    "remove the table");
		is_text(&b, tables[i].before, "as it was");
	}
	buf_wipe(&b);
}

/* An element, and away with it. */
static const struct {
	const char *name;
	size_t index;
	const char *before;
	const char *after;
} elements[] = {
	{ "into an empty array", 0, "a = []\n", "a = [9]\n" },
	{ "with blanks", 0, "a = [ ]\n", "a = [9 ]\n" },
	{ "with a comment", 0, "a = [ # c\n]\n", "a = [9 # c\n]\n" },
	{ "at the front", 0, "a = [ 1,2 ]\n", "a = [ 9, 1,2 ]\n" },
	{ "in the middle", 1, "a = [ 1,2 ]\n", "a = [ 1,9, 2 ]\n" },
	{ "at the end", 2, "a = [ 1,2 ]\n", "a = [ 1,2, 9 ]\n" },
	{ "with a comma there", 2, "a = [1, 2 , ]\n", "a = [1, 2, 9 , ]\n" },
	{ "with a comment there", 1, "a = [1 # c\n]\n", "a = [1, 9 # c\n]\n" },
	{ "lines", 0, "a = [\n  1, # c\n  2\n]\n",
	    "a = [\n  9,\n  1, # c\n  2\n]\n" },
	{ "lines, the middle", 1, "a = [\n  1, # c\n  2\n]\n",
	    "a = [\n  1, # c\n  9,\n  2\n]\n" },
	{ "lines, the end", 2, "a = [\n  1, # c\n  2 # d\n # e\n]\n",
	    "a = [\n  1, # c\n  2, # d\n  9\n # e\n]\n" },
	{ "lines with a comma at the end", 2, "a = [\n\t1,\n\t2 , # d\n]\n",
	    "a = [\n\t1,\n\t2 , # d\n\t9,\n]\n" },
	{ "lines, CRLF", 1, "a = [\r\n 1\r\n]\r\n",
	    "a = [\r\n 1,\r\n 9\r\n]\r\n" },
	{ "the last with the bracket", 2, "a = [\n 1,\n 2]\n",
	    "a = [\n 1,\n 2, 9]\n" },
	{ "two on a line", 1, "a = [\n 1, 2,\n]\n", "a = [\n 1, 9, 2,\n]\n" },
	{ "commas in front", 2, "a = [\n 1\n , 2\n]\n",
	    "a = [\n 1\n , 2, 9\n]\n" },
	{ "a comma on its own line", 1, "a = [\n 1\n,\n]\n",
	    "a = [\n 1, 9\n,\n]\n" },
	{ "strings and arrays", 1, "a = [\n '],',\n [\n ]\n]\n",
	    "a = [\n '],',\n 9,\n [\n ]\n]\n" },
	{ "in an inline table", 1, "b = {a = [1], c = 2}\n",
	    "b = {a = [1, 9], c = 2}\n" },
};

static void
test_elements(void)
{
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct path path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(elements); i++) {
		(void)path_of(&path,
		    elements[i].before[0] == 'b' ? "b a" : "a");
		fill(&b, elements[i].before);
		done(toml_edit_insert_element(&b, path.parts, elements[i].index,
			 "9", &err),
		    &err, elements[i].name);
		is_text(&b, elements[i].after, "inserted");
		done(toml_edit_remove_element(&b, path.parts, elements[i].index,
			 &err),
		    &err, "remove");
		is_text(&b, elements[i].before, "as it was");
	}
	buf_wipe(&b);
}

/* Elements that nobody inserted: a comment that is not on their line stays. */
static const struct {
	size_t index;
	const char *before;
	const char *after;
} removals[] = {
	{ 0, "a = [1, # c\n 2]\n", "a = [ # c\n 2]\n" },
	{ 1, "a = [1, # c\n 2]\n", "a = [1 # c\n ]\n" },
	{ 1, "a = [1, # c\n 2, ]\n", "a = [1 # c\n , ]\n" },
	{ 0, "a = [ 1 # c\n , ]\n", "a = [  # c\n  ]\n" },
	{ 0, "a = [\n # c\n 1, # d\n]\n", "a = [\n # c\n]\n" },
	{ 1, "a = [\n 1 # c\n , # d\n 2 # e\n]\n",
	    "a = [\n 1 # c\n  # d\n]\n" },
	{ 0, "a = [1,]\n", "a = []\n" },
};

static void
test_removals(void)
{
	static const char *const path[] = { "a", NULL };
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(removals); i++) {
		fill(&b, removals[i].before);
		done(toml_edit_remove_element(&b, path, removals[i].index,
			 &err),
		    &err, removals[i].before);
		is_text(&b, removals[i].after, "removed");
	}
	buf_wipe(&b);
}

enum verb {
	SET,
	REMOVE,
	ADD_TABLE,
	REMOVE_TABLE,
	INSERT,
	DELETE
};

static const struct {
	enum verb verb;
	const char *path;
	const char *value; /* or the index */
	const char *text;
	int want;
	size_t line;
	size_t column;
	const char *reason;
} refusals[] = {
	{ SET, "a", "1", "a = \n", -EBADMSG, 1, 5, "expected a value" },
	{ SET, "", "1", "", -EINVAL, 1, 1, "no key is named" },
	{ SET, "a\xff", "1", "", -EINVAL, 1, 1, "\"a\\xff\" is not UTF-8" },
	{ SET, "a", "1\nb = 2", "", -EINVAL, 1, 1,
	    "the new value has something beside it" },
	{ SET, "a", "1 # c", "", -EINVAL, 1, 1,
	    "the new value has something beside it" },
	{ SET, "a", "dev", "", -EINVAL, 1, 1,
	    "the new value: not a valid value; text must be in quotes" },
	{ SET, "t", "1", "\n[t]\n", -EINVAL, 2, 1,
	    "this is not one value but a table with statements of its own" },
	{ SET, "t", "1", "a = 1\nt.b = 1\n", -EINVAL, 2, 1,
	    "this is not one value but a table with statements of its own" },
	{ SET, "t", "1", "[t.u]\n", -EINVAL, 1, 1,
	    "this is not one value but a table with statements of its own" },
	{ SET, "t", "1", "[[t]]\n", -EINVAL, 1, 1,
	    "this is not one value but an array with statements of its own" },
	{ SET, "t k", "1", "", -ENOENT, 1, 1, "\"t\" is no table here" },
	{ SET, "t u k", "1", "\n[t]\n", -ENOENT, 2, 2,
	    "\"u\" is no table here" },
	{ SET, "t k", "1", "[t.u]\n", -ENOENT, 1, 2,
	    "this table has no header of its own yet" },
	{ SET, "t k", "1", "\n  t = 1\n", -EINVAL, 2, 3,
	    "\"t\" is not a table" },
	{ SET, "t k", "1", "t = [{k = 1}]\n", -EINVAL, 1, 1,
	    "\"t\" is an array, whose elements have no name" },
	{ SET, "t k", "1", "[[t]]\nk = 1\n", -EINVAL, 1, 3,
	    "\"t\" is an array, whose elements have no name" },
	{ REMOVE, "t", "", "[t]\n", -EINVAL, 1, 1,
	    "this is not one value but a table with statements of its own" },
	{ REMOVE, "t", "", "t.a = 1\n", -EINVAL, 1, 1,
	    "this is not one value but a table with statements of its own" },
	{ REMOVE, "k", "", "[t]\nk = 1\n", -ENOENT, 1, 1,
	    "\"k\" is no key here" },
	{ REMOVE, "t k", "", "", -ENOENT, 1, 1, "\"t\" is no table here" },
	{ ADD_TABLE, "t", "", "\nt = 1\n", -EINVAL, 2, 1,
	    "\"t\" is not a table" },
	{ ADD_TABLE, "t", "", "[[t]]\n", -EINVAL, 1, 3,
	    "\"t\" is not a table" },
	{ ADD_TABLE, "t u", "", "[[t]]\n", -EINVAL, 1, 3,
	    "\"t\" is an array, whose elements have no name" },
	{ ADD_TABLE, "t u v", "", "t = {}\n", -ENOENT, 1, 1,
	    "\"u\" is no table of this inline one" },
	{ REMOVE_TABLE, "t", "", "[t]\n\nk = 1\n", -EINVAL, 3, 1,
	    "there are keys in the table" },
	{ REMOVE_TABLE, "t", "", "[t]\nk.a = 1\n", -EINVAL, 2, 1,
	    "there are keys in the table" },
	{ REMOVE_TABLE, "t", "", "t = {k = 1}\n", -EINVAL, 1, 5,
	    "there are keys in the table" },
	{ REMOVE_TABLE, "t", "", "t.a = 1\n", -EINVAL, 1, 1,
	    "this table has no header of its own" },
	{ REMOVE_TABLE, "t", "", "[t.a]\n", -EINVAL, 1, 1,
	    "this table has no header of its own" },
	{ REMOVE_TABLE, "t", "", "t = 1\n", -EINVAL, 1, 1,
	    "this is not a table" },
	{ REMOVE_TABLE, "t", "", "", -ENOENT, 1, 1, "\"t\" is no key here" },
	{ INSERT, "a", "0", "a = {}\n", -EINVAL, 1, 1, "this is not an array" },
	{ INSERT, "a", "0", "[[a]]\n", -EINVAL, 1, 1,
	    "this is not one value but an array with statements of its own" },
	{ INSERT, "a", "3", "a = [1, 2]\n", -ENOENT, 1, 5,
	    "the array has 2 elements" },
	{ DELETE, "a", "2", "a = [1, 2]\n", -ENOENT, 1, 5,
	    "the array has 2 elements" },
	{ DELETE, "a", "0", "", -ENOENT, 1, 1, "\"a\" is no key here" },
};

static int
call(enum verb verb, struct buf *b, const char *const *path, const char *value,
    struct toml_error *err)
{
	enum toml_edit_made made = TOML_EDIT_NOTHING;
	size_t index = value[0] >= '0' ? (size_t)(value[0] - '0') : 0;

	switch (verb) {
	case SET:
		return toml_edit_set(b, path, value, err);
	case REMOVE:
		return toml_edit_remove(b, path, err);
	case ADD_TABLE:
		return toml_edit_add_table(b, path, &made, err);
	case REMOVE_TABLE:
		return toml_edit_remove_table(b, path, TOML_EDIT_TABLE, err);
	case INSERT:
		return toml_edit_insert_element(b, path, index, "9", err);
	default:
		return toml_edit_remove_element(b, path, index, err);
	}
}

static void
test_refusals(void)
{
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct path path;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		(void)path_of(&path, refusals[i].path);
		fill(&b, refusals[i].text);
		r = call(refusals[i].verb, &b, path.parts, refusals[i].value,
		    &err);
		is_int(r, refusals[i].want, "refusal %zu", i);
		is_text(&b, refusals[i].text, "nothing is changed");
		is_int(err.line, refusals[i].line, "line");
		is_int(err.column, refusals[i].column, "column");
		is_str(err.reason, refusals[i].reason, "reason");
	}
	buf_wipe(&b);
}

/* What others do in between: their lines stay, ours go. */
static void
test_between(void)
{
	static const char *const table[] = { "dev", NULL };
	static const char *const user[] = { "dev", "user", NULL };
	static const char *const role[] = { "dev", "role", NULL };
	enum toml_edit_made made = TOML_EDIT_NOTHING;
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;

	fill(&b, "# mine\n[a]\nx = 1");
	done(toml_edit_add_table(&b, table, &made, &err), &err, "a table");
	done(toml_edit_set(&b, user, "\"u\"", &err), &err, "a key");
	done(toml_edit_set(&b, role, "\"r\"", &err), &err, "another");
	is_text(&b, "# mine\n[a]\nx = 1\n\n[dev]\nuser = \"u\"\nrole = \"r\"",
	    "a whole table");
	fill(&b,
	    "# mine\n[a]\nx = 2\n\n[dev] # hi\nuser = \"u\"\n# c\n"
	    "role = \"r\" # mine\n\n[dev.more]\ny = 1\n");
	done(toml_edit_remove(&b, user, &err), &err, "remove the first");
	is_int(toml_edit_remove_table(&b, table, made, &err), -EINVAL,
	    "the table has another");
	done(toml_edit_remove(&b, role, &err), &err, "remove it");
	done(toml_edit_remove_table(&b, table, made, &err), &err,
	    "remove the table");
	is_text(&b, "# mine\n[a]\nx = 2\n# c\n\n[dev.more]\ny = 1\n",
	    "what others wrote");
	buf_wipe(&b);
}

static void
test_limits(void)
{
	static const char *const path[] = { "k", NULL };
	static const char *const other[] = { "l", NULL };
	bool slow = getenv("COCO_TEST_WRAPPER") != NULL;
	const char *line = slow ? "#####\n" : "[[x]]\n";
	struct buf b = BUF_INIT(10);
	struct buf all = BUF_INIT(TOML_MAX);
	struct toml_error err;
	int64_t start = clock_ms();

	fill(&b, "abc = 1\n");
	is_int(toml_edit_set(&b, path, "1", &err), -EMSGSIZE, "no room");
	is_str(err.reason, "the text gets too long", "reason");
	is_text(&b, "abc = 1\n", "nothing is changed");
	while (all.len + 2 * strlen(line) <= TOML_MAX)
		(void)buf_adds(&all, line);
	done(toml_edit_set(&all, path, "1", &err), &err, "a full text");
	is_int(toml_edit_set(&all, other, "1", &err), -EMSGSIZE, "no more");
	if (!ok(clock_ms() - start < SLOW_MS, "in time"))
		printf("# %lld ms\n", (long long)(clock_ms() - start));
	buf_wipe(&b);
	buf_wipe(&all);
}

/* What the new text would be is looked at before it is taken. */
static void
test_review(void)
{
	static const char *const path[] = { "t", "k", NULL };
	struct buf value = BUF_INIT(TOML_MAX);
	struct buf b = BUF_INIT(TOML_MAX);
	struct toml_error err;
	size_t i;

	for (i = 0; i < 2 * TOML_MAX_DEPTH; i++)
		(void)buf_addc(&value, i < TOML_MAX_DEPTH ? '[' : ']');
	fill(&b, "[t]\n");
	is_int(toml_edit_set(&b, path, buf_str(&value), &err), -EMSGSIZE,
	    "a value that is too deep there");
	is_str(err.reason,
	    "would be refused then: more than 128 tables and arrays within "
	    "each other",
	    "reason");
	is_text(&b, "[t]\n", "nothing is changed");
	buf_wipe(&value);
	buf_wipe(&b);
}

static const struct {
	const char *path;
	const char *before;
	const char *after;
	bool same;
} pairs[] = {
	{ "k", "a = 1\nb = 2\n", "b = 2\na = 1\nk = 3\n", true },
	{ "k", "a = 1\n", "a = 2\nk = 3\n", false },
	{ "k", "a = 1\n", "k = 3\n", false },
	{ "k", "k = 3\n", "a = 1\n", false },
	{ "k", "k = 3\n", "a = 1\nk = 3\n", false },
	{ "k", "a = 1\n", "a = \"1\"\nk = 3\n", false },
	{ "k", "a = 1.0\n", "a = 1\n", false },
	{ "k", "a = 0.0\n", "a = -0.0\n", false },
	{ "k", "a = nan\nb = true\n", "a = nan\nb = true\n", true },
	{ "k", "b = true\n", "b = false\n", false },
	{ "k", "a = \"x\\u0000y\"\n", "a = \"x\\u0000z\"\n", false },
	{ "k", "a = 1979-05-27\n", "a = 1979-05-28\n", false },
	{ "k", "a = [1, 2]\n", "a = [1, 2,]\n", true },
	{ "k", "a = [1, 2]\n", "a = [2, 1]\n", false },
	{ "k", "a = [1, 2]\n", "a = [1]\n", false },
	{ "k", "a = {b = 1, c = 2}\n", "a.c = 2\na.b = 1\n", true },
	{ "k", "a = {b = 1}\n", "a = {c = 1}\n", false },
	{ "k", "[a]\n", "[[a]]\n", false },
	{ "t k", "", "[t]\nk = 1\n", true },
	{ "t k", "", "[t]\nk = 1\nl = 2\n", false },
	{ "t k", "t.k = 1\n", "", true },
	{ "t k", "t.l = 1\n", "", false },
	{ "t k", "[t.k]\na = 1\n", "t.k = 1\n", true },
	{ "t k", "t = 1\n", "t = {k = 1}\n", false },
};

static void
test_same(void)
{
	struct toml *before = NULL;
	struct toml *after = NULL;
	struct toml_error err;
	struct path path;
	size_t i;

	for (i = 0; i < ARRAY_LEN(pairs); i++) {
		(void)path_of(&path, pairs[i].path);
		if (toml_parse(pairs[i].before, strlen(pairs[i].before), &err,
			&before) != 0 ||
		    toml_parse(pairs[i].after, strlen(pairs[i].after), &err,
			&after) != 0)
			bail(err.reason);
		is_int(toml_edit_same_but(toml_root(before), toml_root(after),
			   path.parts),
		    pairs[i].same, "pair %zu", i);
		toml_free(before);
		toml_free(after);
	}
}

static void
is_written(int (*write)(struct buf *, const char *), const char *text,
    const char *want)
{
	struct buf b = BUF_INIT(64);

	is_int(write(&b, text), want != NULL ? 0 : -EINVAL, "write");
	is_text(&b, want != NULL ? want : "", "as TOML wants it");
	buf_wipe(&b);
}

static void
test_write(void)
{
	struct buf small = BUF_INIT(3);

	is_written(toml_write_string, "", "\"\"");
	is_written(toml_write_string, "a\"\\\n\x7f\x01\xc3\xa9",
	    "\"a\\\"\\\\\\n\\u007f\\u0001\xc3\xa9\"");
	is_written(toml_write_string, "a\xff", NULL);
	is_written(toml_write_key, "aZ_-09", "aZ_-09");
	is_written(toml_write_key, "", "\"\"");
	is_written(toml_write_key, "a.b", "\"a.b\"");
	is_written(toml_write_key, "a\xff", NULL);
	is_int(toml_write_string(&small, "ab"), -EMSGSIZE, "no room");
	buf_wipe(&small);
}

int
main(void)
{
	test_sets();
	test_keys();
	test_tables();
	test_elements();
	test_removals();
	test_refusals();
	test_between();
	test_limits();
	test_review();
	test_same();
	test_write();
	return done_testing();
}
