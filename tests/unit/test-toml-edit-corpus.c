/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Properties of toml-edit that hold for every valid file of tests/data/toml,
 * as it is, with CRLF, and without its last newline, and for every key, table
 * and array in it.
 */
#include "coco.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "strv.h"
#include "tap.h"
#include "toml-edit.h"
#include "toml.h"

#define LINE_MAX_LEN (8 * 1024 * 1024)
#define MAX_PATH     (TOML_MAX_DEPTH + 3)

static struct buf original = BUF_INIT(TOML_MAX);
static struct buf text = BUF_INIT(TOML_MAX);
static const char *path[MAX_PATH];
static struct toml_error err;
static size_t checks;
static size_t faults;

static void
walk(const struct toml *doc, const struct toml_node *table, size_t depth);

static bool
check(bool held, const char *what)
{
	size_t i;

	checks++;
	if (held)
		return true;
	faults++;
	printf("# %s:", what);
	for (i = 0; path[i] != NULL; i++)
		printf(" \"%s\"", path[i]);
	printf("; %zu:%zu: %s\n", err.line, err.column, err.reason);
	tap_show("text", buf_str(&text), text.len);
	return false;
}

static void
start_over(void)
{
	buf_clear(&text);
	if (buf_add(&text, buf_str(&original), original.len) != 0)
		bail("too long");
}

static bool
is_original(void)
{
	return text.len == original.len &&
	    memcmp(buf_str(&text), buf_str(&original), text.len) == 0;
}

static bool
is_skipped(const char *const *skip, const struct toml_node *node)
{
	size_t len;
	const char *key = toml_key(node, &len);

	return skip != NULL && skip[0] != NULL && skip[1] == NULL &&
	    strlen(skip[0]) == len && memcmp(key, skip[0], len) == 0;
}

/* A line for each value of NODE and what is in it, as it is written, but not
 * for what is at the path SKIP, which is NULL where that leads elsewhere.  A
 * table on that path has no line, for it may be there for it alone.
 * NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static void
dump(const struct toml *doc, const struct toml_node *node, const char *above,
    const char *const *skip, struct strv *lines)
{
	struct toml_span value = toml_value_span(node);
	const struct toml_node *child;
	struct buf name = BUF_INIT(LINE_MAX_LEN);
	size_t all;
	size_t len;
	size_t i = 0;
	const char *key;

	child = toml_first(node);
	if (child == NULL && skip == NULL)
		strv_addf(lines, "%s %s %.*s", above,
		    toml_kind_name(toml_kind(node)), (int)value.len,
		    toml_text(doc, &all) + value.at);
	for (; child != NULL; child = toml_next(child), i++) {
		if (toml_kind(node) == TOML_TABLE && is_skipped(skip, child))
			continue;
		key = toml_key(child, &len);
		buf_clear(&name);
		(void)buf_addf(&name, "%s/%zu:%.*s", above,
		    toml_kind(node) == TOML_ARRAY ? i : len, (int)len, key);
		dump(doc, child, buf_str(&name),
		    skip != NULL && skip[0] != NULL &&
			    toml_kind(node) == TOML_TABLE &&
			    strcmp(skip[0], key) == 0 ?
			skip + 1 :
			NULL,
		    lines);
	}
	buf_wipe(&name);
}

static void
read_lines(const struct buf *b, struct strv *lines)
{
	struct toml *doc = NULL;

	if (toml_parse(buf_str(b), b->len, &err, &doc) != 0) {
		strv_add(lines, "this is not TOML");
		return;
	}
	dump(doc, toml_root(doc), "", path, lines);
	strv_sort(lines);
	toml_free(doc);
}

/* Whether TEXT has all other keys that the original has, with the same text,
 * and no more. */
static bool
is_rest_same(void)
{
	struct strv before = STRV_INIT;
	struct strv after = STRV_INIT;
	bool same;
	size_t i;

	read_lines(&original, &before);
	read_lines(&text, &after);
	same = before.len == after.len;
	for (i = 0; same && i < before.len; i++)
		same = strcmp(before.v[i], after.v[i]) == 0;
	strv_clear(&before);
	strv_clear(&after);
	return same;
}

/* Another value, the same value, none. */
static void
check_key(const struct toml *doc, const struct toml_node *node)
{
	struct toml_span value = toml_value_span(node);
	struct buf same = BUF_INIT(TOML_MAX);
	size_t len;
	int want = value.len != 0 ? 0 : -EINVAL;

	(void)buf_add(&same, toml_text(doc, &len) + value.at, value.len);
	start_over();
	check(toml_edit_set(&text, path, "\"canary\"", &err) == want, "set");
	check(is_rest_same(), "the rest after set");
	check(is_original() == (want != 0), "changed by set");
	if (want == 0)
		check(toml_edit_set(&text, path, buf_str(&same), &err) == 0 &&
			is_original(),
		    "set back");
	if (want == 0)
		check(toml_edit_set(&text, path, buf_str(&same), &err) == 0 &&
			is_original(),
		    "set to the same");
	check(toml_edit_remove(&text, path, &err) == want, "remove");
	check(is_original() == (want != 0), "changed by remove");
	check(is_rest_same(), "the rest after remove");
	buf_wipe(&same);
}

/* A value of several lines at the place DEPTH of the path, in a table that is
 * there. */
static void
check_new_key(size_t depth)
{
	path[depth] = "new key";
	path[depth + 1] = NULL;
	check(toml_edit_set(&text, path, "[\n1]", &err) == 0, "new key");
	check(is_rest_same(), "the rest after a new key");
	path[depth] = "new other";
	check(toml_edit_set(&text, path, "{}", &err) == 0, "other key");
	path[depth] = "new key";
	check(toml_edit_remove(&text, path, &err) == 0, "remove new key");
	path[depth] = "new other";
	check(toml_edit_remove(&text, path, &err) == 0, "remove other key");
	path[depth] = NULL;
}

static void
check_table(size_t depth)
{
	enum toml_edit_made made = TOML_EDIT_NOTHING;

	start_over();
	path[depth] = NULL;
	if (depth != 0)
		check(toml_edit_add_table(&text, path, &made, &err) == 0,
		    "the table");
	check_new_key(depth);
	if (depth != 0)
		check(toml_edit_remove_table(&text, path, made, &err) == 0,
		    "remove the table");
	check(is_original(), "new key: as it was");
	path[depth] = "new table";
	path[depth + 1] = NULL;
	check(toml_edit_add_table(&text, path, &made, &err) == 0 &&
		made != TOML_EDIT_NOTHING,
	    "new table");
	check(is_rest_same(), "the rest after a new table");
	check_new_key(depth + 1);
	check(toml_edit_remove_table(&text, path, made, &err) == 0,
	    "remove new table");
	check(is_original(), "new table: as it was");
	path[depth] = NULL;
}

static void
check_array(const struct toml_node *array)
{
	size_t count = toml_count(array);
	int want = toml_value_span(array).len != 0 ? 0 : -EINVAL;
	size_t i;

	for (i = 0; i <= count; i++) {
		start_over();
		check(toml_edit_insert_element(&text, path, i, "'canary'",
			  &err) == want,
		    "insert");
		check(is_rest_same(), "the rest after insert");
		check(toml_edit_remove_element(&text, path, i, &err) == want,
		    "remove inserted");
		check(is_original(), "inserted: as it was");
		if (i == count)
			break;
		check(toml_edit_remove_element(&text, path, i, &err) == want,
		    "remove element");
		check(is_rest_same(), "the rest without an element");
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static void
walk(const struct toml *doc, const struct toml_node *table, size_t depth)
{
	const struct toml_node *node;
	size_t len;

	/* as deep as may be: there is no place for more */
	if (depth < TOML_MAX_DEPTH - 2)
		check_table(depth);
	for (node = toml_first(table); node != NULL; node = toml_next(node)) {
		path[depth] = toml_key(node, &len);
		path[depth + 1] = NULL;
		if (strlen(path[depth]) != len)
			continue;
		check_key(doc, node);
		if (toml_kind(node) == TOML_ARRAY)
			check_array(node);
		if (toml_kind(node) == TOML_TABLE)
			walk(doc, node, depth + 1);
		path[depth + 1] = NULL;
	}
	path[depth] = NULL;
}

static void
check_text(const char *name, const char *form)
{
	struct toml *doc = NULL;

	checks = 0;
	faults = 0;
	path[0] = NULL;
	if (toml_parse(buf_str(&original), original.len, &err, &doc) != 0) {
		ok(false, "%s, %s, is TOML", name, form);
		return;
	}
	walk(doc, toml_root(doc), 0);
	toml_free(doc);
	ok(faults == 0 && checks > 0, "%s, %s: %zu checks", name, form, checks);
}

/* Make CRLF of each LF that is not. */
static void
make_crlf(void)
{
	struct buf b = BUF_INIT(TOML_MAX);
	const char *s = buf_str(&original);
	size_t i;

	for (i = 0; i < original.len; i++) {
		if (s[i] == '\n' && (i == 0 || s[i - 1] != '\r'))
			(void)buf_addc(&b, '\r');
		(void)buf_addc(&b, s[i]);
	}
	buf_move(&original, &b);
}

static void
cut_newline(void)
{
	const char *s = buf_str(&original);
	size_t len = original.len;

	if (len > 0 && s[len - 1] == '\n')
		len--;
	if (len > 0 && s[len - 1] == '\r')
		len--;
	buf_truncate(&original, len);
}

static void
check_file(const char *dir, const char *name)
{
	struct buf file = BUF_INIT(4096);
	int fd;

	(void)buf_addf(&file, "%s/%s", dir, name);
	fd = open(buf_str(&file), O_RDONLY | O_CLOEXEC);
	buf_clear(&original);
	if (fd == -1 || io_read_all(fd, &original) != 0)
		bail(name);
	close(fd);
	check_text(name, "as it is");
	cut_newline();
	check_text(name, "without the last newline");
	(void)buf_addc(&original, '\n');
	make_crlf();
	check_text(name, "with CRLF");
	cut_newline();
	check_text(name, "with CRLF, without the last");
	buf_wipe(&file);
}

int
main(void)
{
	const char *srcdir = getenv("srcdir");
	struct buf dir = BUF_INIT(4096);
	struct dirent **names = NULL;
	size_t len;
	int n;
	int i;

	(void)buf_addf(&dir, "%s/tests/data/toml/valid",
	    srcdir != NULL ? srcdir : ".");
	n = scandir(buf_str(&dir), &names, NULL, alphasort);
	if (n <= 0)
		bail(buf_str(&dir));
	for (i = 0; i < n; i++) {
		len = strlen(names[i]->d_name);
		if (len > 5 && strcmp(names[i]->d_name + len - 5, ".toml") == 0)
			check_file(buf_str(&dir), names[i]->d_name);
		free(names[i]);
	}
	free(names);
	buf_wipe(&dir);
	buf_wipe(&original);
	buf_wipe(&text);
	return done_testing();
}
