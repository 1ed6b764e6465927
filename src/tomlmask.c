/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree tells what and where the values are; what is between them, keys,
 * punctuation and comments, is copied.
 */
#include "coco.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "mask.h"
#include "mem.h"
#include "toml-edit.h"
#include "toml-tree.h"
#include "tomlmask.h"

/* A value that is not made of others, or one that is masked as a whole. */
struct part {
	size_t at;
	size_t len;
	const char *mark; /* in its place; NULL to keep it, or to show: */
	const struct toml_node *text; /* a string with secrets in it, */
	const char *text_mark;        /* and their mark */
};

struct mask {
	const char *text;
	bool compares; /* with an old text */
	struct part *parts;
	size_t count;
	size_t room;
	struct buf *out;
};

static struct part *
add_part(struct mask *m, const struct toml_node *node)
{
	struct toml_span span = toml_value_span(node);
	struct part *part;

	if (m->count == m->room) {
		m->room = m->room != 0 ? 2 * m->room : 64;
		m->parts = xreallocarray(m->parts, m->room, sizeof(*m->parts));
	}
	part = &m->parts[m->count++];
	*part = (struct part){ .at = span.at, .len = span.len };
	return part;
}

static const char *
mark_of(const struct mask *m, bool is_same)
{
	return m->compares && !is_same ? MASK_NEW : MASK_SAME;
}

/* Note a string that is no secret, with what may be secret in it. */
static void
note_string(struct mask *m, const struct toml_node *node,
    const struct toml_node *old)
{
	struct part *part = add_part(m, node);
	const char *s;
	const char *t = "";
	size_t len;
	size_t old_len = 0;
	int r;

	r = toml_string(node, &s, &len);
	assert(r == 0);
	if (mask_hides_same(s, len, "", 0))
		return;
	(void)toml_string(old, &t, &old_len);
	part->text = node;
	part->text_mark = mark_of(m, mask_hides_same(s, len, t, old_len));
}

/* The member or element of OLD, NULL allowed, that NODE is in another text;
 * OLD_NEXT is the next element. */
static const struct toml_node *
counterpart(const struct toml_node *node, const struct toml_node *old,
    const struct toml_node *old_next)
{
	const char *key;
	size_t len;

	if (old == NULL || toml_kind(old) != TOML_TABLE)
		return old_next;
	key = toml_key(node, &len);
	return toml_tree_find(old, key, len);
}

/* Whether the members of TABLE have names that people have chosen. */
static bool
names_are_free(const struct toml_node *table, const struct toml_node *root)
{
	return table == toml_get(root, "connections");
}

static bool
is_secret(const struct toml_node *node, bool is_free)
{
	const char *key;
	size_t len;

	key = toml_key(node, &len);
	return !(is_free && toml_kind(node) == TOML_TABLE) &&
	    mask_is_secret_name(key, len);
}

static void note(struct mask *m, const struct toml_node *root,
    const struct toml_node *node, const struct toml_node *old, bool secret);

/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static void
note_list(struct mask *m, const struct toml_node *root,
    const struct toml_node *list, const struct toml_node *old, bool secret)
{
	const struct toml_node *node = toml_first(list);
	const struct toml_node *old_next;
	bool is_free = names_are_free(list, root);

	if (old != NULL && toml_kind(old) != toml_kind(list))
		old = NULL;
	old_next = toml_kind(list) == TOML_ARRAY ? toml_first(old) : NULL;
	for (; node != NULL; node = toml_next(node)) {
		note(m, root, node, counterpart(node, old, old_next),
		    secret || is_secret(node, is_free));
		old_next = toml_next(old_next);
	}
}

/* Note the parts of NODE, which was OLD, or NULL, in the old text. */
/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static void
note(struct mask *m, const struct toml_node *root, const struct toml_node *node,
    const struct toml_node *old, bool secret)
{
	enum toml_kind kind = toml_kind(node);
	bool has_value = toml_value_span(node).len != 0;

	if (secret && has_value && kind != TOML_BOOL)
		add_part(m, node)->mark = mark_of(m,
		    old != NULL && toml_edit_same(node, old));
	else if (kind == TOML_TABLE || kind == TOML_ARRAY)
		note_list(m, root, node, old, secret);
	else if (kind == TOML_STRING)
		note_string(m, node, old);
	else
		(void)add_part(m, node);
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Append LEN bytes, without the secrets that show themselves. */
static int
add_text(struct mask *m, const char *s, size_t len)
{
	struct buf hidden = BUF_INIT(2 * len);
	int r;

	r = mask_text(s, len, MASK_SAME, m->out, &hidden);
	buf_wipe(&hidden);
	return r;
}

/* Whether what ends before byte AT of a comment is the name of a secret, with
 * quotes maybe and blanks. */
static bool
is_secret_before(const char *s, size_t at)
{
	size_t start;

	while (at > 0 && strchr(" \t\"'", s[at - 1]) != NULL)
		at--;
	start = at;
	while (start > 0 && strchr(" \t\"'#,{:=", s[start - 1]) == NULL)
		start--;
	return start != at && mask_is_secret_name(s + start, at - start);
}

/* Append what comes after # in a comment, up to what looks like the value of a
 * secret. */
static int
add_comment(struct mask *m, const char *s, size_t len)
{
	size_t i;
	int r;

	for (i = 0; i < len; i++) {
		if (s[i] != '=' && s[i] != ':')
			continue;
		if (is_secret_before(s, i)) {
			r = add_text(m, s, i + 1);
			return r != 0 ? r : buf_adds(m->out, " " MASK_SAME);
		}
	}
	return add_text(m, s, len);
}

/* How long the quoted key at S is, which the text has an end of. */
static size_t
quoted_len(const char *s, size_t len)
{
	size_t n = 1;

	while (n < len && s[n] != *s)
		n += *s == '"' && s[n] == '\\' ? 2 : 1;
	return n < len ? n + 1 : len;
}

static int
add_quoted(struct mask *m, const char *s, size_t len)
{
	int r;

	assert(len >= 2);
	r = buf_addc(m->out, s[0]);
	if (r == 0)
		r = add_text(m, s + 1, len - 2);
	return r != 0 ? r : buf_addc(m->out, s[len - 1]);
}

/* Append what is between two values. */
static int
add_gap(struct mask *m, const char *s, size_t len)
{
	const char *end;
	size_t n;
	int r = 0;

	for (; r == 0 && len > 0; s += n, len -= n) {
		n = 1;
		if (*s == '#') {
			end = memchr(s, '\n', len);
			n = end != NULL ? (size_t)(end - s) : len;
			/* the CR of a line end is no part of it */
			if (end != NULL && s[n - 1] == '\r')
				n--;
			r = buf_addc(m->out, '#');
			if (r == 0)
				r = add_comment(m, s + 1, n - 1);
		} else if (*s == '"' || *s == '\'') {
			n = quoted_len(s, len);
			r = add_quoted(m, s, n);
		} else {
			r = buf_addc(m->out, *s);
		}
	}
	return r;
}

/* Append a string in the way of TOML, its secrets masked. */
static int
add_string(struct mask *m, const struct part *part)
{
	struct buf shown = BUF_INIT(MASK_GROWTH * TOML_MAX);
	struct buf hidden = BUF_INIT(2 * TOML_MAX);
	const char *s;
	size_t len;
	int r;

	r = toml_string(part->text, &s, &len);
	if (r == 0)
		r = mask_text(s, len, part->text_mark, &shown, &hidden);
	if (r == 0)
		r = esc_json(m->out, buf_str(&shown), shown.len);
	buf_wipe(&hidden);
	buf_wipe(&shown);
	return r;
}

static int
add_parts(struct mask *m, size_t len)
{
	const struct part *part;
	size_t at = 0;
	size_t i;
	int r = 0;

	if (m->count != 0)
		qsort(m->parts, m->count, sizeof(*m->parts), compare_parts);
	for (i = 0; r == 0 && i < m->count; i++) {
		part = &m->parts[i];
		assert(part->at >= at);
		r = add_gap(m, m->text + at, part->at - at);
		if (r == 0 && part->mark != NULL)
			r = buf_addf(m->out, "\"%s\"", part->mark);
		else if (r == 0 && part->text != NULL)
			r = add_string(m, part);
		else if (r == 0)
			r = buf_add(m->out, m->text + part->at, part->len);
		at = part->at + part->len;
	}
	return r != 0 ? r : add_gap(m, m->text + at, len - at);
}

/* Append the text of DOC; what was in OLD, unless NULL, is not new. */
static int
add_masked(const struct toml *doc, const struct toml *old, bool compares,
    struct buf *ret)
{
	const struct toml_node *root = toml_root(doc);
	struct mask m = { .compares = compares, .out = ret };
	size_t before = ret->len;
	size_t len;
	int r;

	m.text = toml_text(doc, &len);
	note_list(&m, root, root, old != NULL ? toml_root(old) : NULL, false);
	r = add_parts(&m, len);
	if (r != 0)
		buf_truncate(ret, before);
	free(m.parts);
	return r;
}

int
tomlmask(const char *text, size_t len, struct buf *ret)
{
	struct toml_error ignored;
	struct toml *doc = NULL;
	int r;

	if (toml_parse(text, len, &ignored, &doc) != 0)
		return buf_adds(ret, TOMLMASK_NOT_SHOWN);
	r = add_masked(doc, NULL, false, ret);
	toml_free(doc);
	return r;
}

int
tomlmask_since(const char *old, size_t old_len, const char *text, size_t len,
    struct buf *ret)
{
	struct toml_error ignored;
	struct toml *old_doc = NULL;
	struct toml *doc = NULL;
	int r;

	if (toml_parse(text, len, &ignored, &doc) != 0)
		return buf_adds(ret, TOMLMASK_NOT_SHOWN);
	if (toml_parse(old, old_len, &ignored, &old_doc) != 0)
		old_doc = NULL;
	r = add_masked(doc, old_doc, true, ret);
	toml_free(old_doc);
	toml_free(doc);
	return r;
}
