/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where statements, and the parts of inline tables, come and go. */
#include "coco.h"

#include <assert.h>

#include "toml-edit-priv.h"
#include "toml-write.h"

/* Whether the pair of NODE is a statement, rather than in an inline table. */
static bool
is_statement(const struct toml_edit *e, const struct toml_node *node)
{
	return toml_edit_after_blank(e, node->statement.at) == node->pair.at;
}

/* The last pair with a dotted key that leads through TABLE, which such keys
 * have made.  NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static const struct toml_node *
last_dotted(const struct toml_node *table)
{
	const struct toml_node *last = NULL;
	const struct toml_node *node;
	const struct toml_node *found;

	for (node = toml_first(table); node != NULL; node = toml_next(node)) {
		found = node->pair.len != 0 ? node : NULL;
		if (node->kind == TOML_TABLE &&
		    node->origin == TOML_BY_DOTTED_KEY)
			found = last_dotted(node);
		if (found != NULL &&
		    (last == NULL || found->pair.at > last->pair.at))
			last = found;
	}
	assert(last != NULL);
	return last;
}

/* What of the text the header of TABLE, or the start of the text for the root,
 * is for, without the header. */
static struct toml_span
section_of(const struct toml_edit *e, const struct toml_node *table)
{
	bool is_root = table == e->doc->root;
	size_t at = is_root ? e->start : toml_edit_end(table->statement);
	size_t end = e->len;
	const struct toml_node *node;
	struct toml_span span;
	size_t i;

	for (i = 1; i < e->doc->count; i++) {
		node = toml_tree_at(e->doc, i);
		if (node->origin == TOML_BY_HEADER &&
		    node->statement.at >= at && node->statement.at < end)
			end = node->statement.at;
	}
	span.at = (uint32_t)at;
	span.len = (uint32_t)(end - at);
	return span;
}

/* The last pair within SPAN; NULL when there is none. */
static const struct toml_node *
last_pair(const struct toml_edit *e, struct toml_span span)
{
	const struct toml_node *last = NULL;
	const struct toml_node *node;
	size_t i;

	for (i = 1; i < e->doc->count; i++) {
		node = toml_tree_at(e->doc, i);
		if (node->pair.len != 0 && node->statement.at >= span.at &&
		    node->statement.at < toml_edit_end(span) &&
		    (last == NULL || node->statement.at > last->statement.at))
			last = node;
	}
	return last;
}

/* Where the comments that stand right above AT, the start of a line, begin. */
static size_t
above_comments(const struct toml_edit *e, size_t at)
{
	size_t line;

	while (at > e->start) {
		for (line = at - 1; line > e->start; line--)
			if (e->text[line - 1] == '\n')
				break;
		if (e->text[toml_edit_after_blank(e, line)] != '#')
			break;
		at = line;
	}
	return at;
}

/* Where the blank lines that stand right above AT, the start of a line, begin:
 * a header of ours may have come with one. */
static size_t
above_blank_lines(const struct toml_edit *e, size_t at)
{
	size_t end;

	while (at > e->start) {
		end = at - 1;
		if (end > e->start && e->text[end - 1] == '\r')
			end--;
		if (end > e->start && e->text[end - 1] != '\n')
			break;
		at = end;
	}
	return at;
}

/* Whether a line at AT needs a line end before it, and then gets none after it
 * because the text has none at its end. */
static bool
is_after_cut_line(const struct toml_edit *e, size_t at)
{
	return at == e->len && at > e->start && e->text[at - 1] != '\n';
}

/* KEY = VALUE, and the key has the text PREFIX before it if that is not empty.
 */
static int
add_pair(const struct toml_edit *e, struct buf *b, struct toml_span prefix,
    const char *key, const char *value)
{
	int r = 0;

	if (prefix.len != 0) {
		r = buf_add(b, e->text + prefix.at, prefix.len);
		if (r == 0)
			r = buf_addc(b, '.');
	}
	if (r == 0)
		r = toml_write_key(b, key);
	if (r == 0)
		r = buf_adds(b, " = ");
	return r != 0 ? r : buf_adds(b, value);
}

/* A statement at the start of the line AT, as far to the right as the one at
 * BESIDE. */
static int
put_statement(struct toml_edit *e, size_t at, size_t beside,
    struct toml_span prefix, const char *key, const char *value)
{
	const char *newline = toml_edit_newline(e, at);
	bool cut = is_after_cut_line(e, at);
	struct buf *b = toml_edit_splice(e, at, 0);
	int r;

	r = buf_adds(b, cut ? newline : "");
	if (r == 0)
		r = buf_add(b, e->text + beside,
		    toml_edit_after_blank(e, beside) - beside);
	if (r == 0)
		r = add_pair(e, b, prefix, key, value);
	return r != 0 ? r : buf_adds(b, cut ? "" : newline);
}

/* After the last key behind the header; without one, right after it.  Without
 * a header, before the comment of the first and the blank lines there. */
static int
put_in_section(struct toml_edit *e, const struct toml_node *table,
    const char *key, const char *value)
{
	static const struct toml_span none;
	struct toml_span span = section_of(e, table);
	const struct toml_node *last = last_pair(e, span);
	size_t at;

	if (last == NULL && table == e->doc->root) {
		at = toml_edit_end(span);
		if (at != e->len)
			at = above_blank_lines(e, above_comments(e, at));
		return put_statement(e, at, e->len, none, key, value);
	}
	if (last == NULL)
		last = table;
	return put_statement(e, toml_edit_end(last->statement),
	    last->statement.at, none, key, value);
}

/* In the inline table that ends with the byte before END. */
static int
put_inline(struct toml_edit *e, size_t end, const char *key, const char *value)
{
	static const struct toml_span none;
	size_t at = toml_edit_before_blank(e, end - 1);
	bool is_empty = e->text[at - 1] == '{';
	struct buf *b;
	int r;

	b = toml_edit_splice(e, at, 0);
	r = buf_adds(b, is_empty ? "" : ", ");
	return r != 0 ? r : add_pair(e, b, none, key, value);
}

/* What leads to TABLE of the key of LAST, a pair with a dotted key: all its
 * parts but those below TABLE. */
static int
prefix_of(struct toml_edit *e, const struct toml_node *table,
    const struct toml_node *last, struct toml_span *ret_prefix)
{
	uint32_t below = last->depth - table->depth;
	size_t ends[TOML_MAX_DEPTH + 1];
	struct buf out = BUF_INIT(last->pair.len + 1);
	struct toml_scan s = { .text = e->text, .len = e->len, .out = &out };
	struct toml_token part;
	size_t n = 0;
	int r = 0;

	s.pos = last->pair.at;
	while (r == 0 && n < ARRAY_LEN(ends)) {
		r = toml_scan_key(&s, &part);
		ends[n++] = s.pos;
		toml_scan_blank(&s);
		if (!toml_scan_take(&s, '.'))
			break;
		toml_scan_blank(&s);
	}
	buf_wipe(&out);
	if (r != 0 || below >= n)
		return toml_edit_refuse(e, -EINVAL, last->pair.at,
		    "cannot tell how this key leads to its table");
	ret_prefix->at = last->pair.at;
	ret_prefix->len = (uint32_t)(ends[n - 1 - below] - last->pair.at);
	return 0;
}

/* After the last key that leads through TABLE, in the same way. */
static int
put_dotted(struct toml_edit *e, const struct toml_node *table, const char *key,
    const char *value)
{
	const struct toml_node *last = last_dotted(table);
	struct toml_span prefix;
	struct buf *b;
	int r;

	r = prefix_of(e, table, last, &prefix);
	if (r != 0)
		return r;
	if (is_statement(e, last))
		return put_statement(e, toml_edit_end(last->statement),
		    last->statement.at, prefix, key, value);
	b = toml_edit_splice(e, toml_edit_end(last->pair), 0);
	r = buf_adds(b, ", ");
	return r != 0 ? r : add_pair(e, b, prefix, key, value);
}

int
toml_edit_put_pair(struct toml_edit *e, const struct toml_node *table,
    const char *key, const char *value)
{
	switch (table->origin) {
	case TOML_BY_VALUE:
		return put_inline(e, toml_edit_end(table->value), key, value);
	case TOML_BY_DOTTED_KEY:
		return put_dotted(e, table, key, value);
	case TOML_BY_HEADER:
		return put_in_section(e, table, key, value);
	default:
		return toml_edit_refuse(e, -ENOENT, table->key.span.at,
		    "this table has no header of its own yet");
	}
}

bool
toml_edit_is_inline(const struct toml_edit *e, const struct toml_node *table)
{
	if (table->origin == TOML_BY_DOTTED_KEY)
		return !is_statement(e, last_dotted(table));
	return table->origin == TOML_BY_VALUE;
}

/* Cut the lines AT to END.  When they were the last, and had no line end, the
 * line that is the last now gets none either. */
static void
cut_lines(struct toml_edit *e, size_t at, size_t end)
{
	if (is_after_cut_line(e, end) && at > e->start) {
		at--;
		if (at > e->start && e->text[at - 1] == '\r')
			at--;
	}
	(void)toml_edit_splice(e, at, end - at);
}

void
toml_edit_cut_pair(struct toml_edit *e, const struct toml_node *node)
{
	size_t at = node->pair.at;
	size_t end = toml_edit_end(node->pair);
	size_t before = toml_edit_before_blank(e, at);
	size_t after = toml_edit_after_blank(e, end);

	if (is_statement(e, node)) {
		cut_lines(e, node->statement.at,
		    toml_edit_end(node->statement));
		return;
	}
	if (e->text[before - 1] == ',')
		at = toml_edit_before_blank(e, before - 1);
	else if (e->text[after] == ',')
		end = toml_edit_after_blank(e, after + 1);
	(void)toml_edit_splice(e, at, end - at);
}

/* Where the empty line above AT, the start of a line, begins; AT when there is
 * none. */
static size_t
above_empty(const struct toml_edit *e, size_t at)
{
	size_t line = at;

	if (line == e->start || e->text[--line] != '\n')
		return at;
	if (line > e->start && e->text[line - 1] == '\r')
		line--;
	return line == e->start || e->text[line - 1] == '\n' ? line : at;
}

int
toml_edit_put_header(struct toml_edit *e, enum toml_edit_made *ret_made)
{
	const char *newline = toml_edit_newline(e, e->len);
	bool cut = is_after_cut_line(e, e->len);
	bool blank = e->len > e->start && above_empty(e, e->len) == e->len;
	struct buf *b = toml_edit_splice(e, e->len, 0);
	size_t i;
	int r;

	r = buf_adds(b, cut ? newline : "");
	if (r == 0 && blank)
		r = buf_adds(b, newline);
	for (i = 0; r == 0 && e->path[i] != NULL; i++) {
		r = buf_addc(b, i == 0 ? '[' : '.');
		if (r == 0)
			r = toml_write_key(b, e->path[i]);
	}
	if (r == 0)
		r = buf_addc(b, ']');
	if (r == 0)
		r = buf_adds(b, cut ? "" : newline);
	*ret_made = blank ? TOML_EDIT_BLANK_AND_TABLE : TOML_EDIT_TABLE;
	return r;
}

int
toml_edit_cut_header(struct toml_edit *e, const struct toml_node *table,
    bool with_blank)
{
	const struct toml_node *last = last_pair(e, section_of(e, table));
	size_t at = table->statement.at;

	if (last != NULL)
		return toml_edit_refuse(e, -EINVAL, last->pair.at,
		    "there are keys in the table");
	if (with_blank)
		at = above_empty(e, at);
	cut_lines(e, at, toml_edit_end(table->statement));
	return 0;
}
