/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Elements of arrays, their commas and their lines.  What is put is found again
 * by what is cut, so the two halves of this file must agree.
 */
#include "coco.h"

#include <assert.h>

#include "toml-edit-priv.h"

/* The lines that an element has for itself, with its comma and a comment. */
struct lines {
	size_t at;
	size_t end;
	bool has_comma;
};

static const struct toml_node *
element(const struct toml_node *array, size_t index)
{
	const struct toml_node *node = toml_first(array);

	while (index-- > 0)
		node = toml_next(node);
	return node;
}

/* The offset after blanks, comments and newlines at AT. */
static size_t
after_gap(const struct toml_edit *e, size_t at)
{
	struct toml_scan s = { .text = e->text, .len = e->len, .pos = at };
	int r = toml_scan_gap(&s);

	assert(r == 0);
	(void)r;
	return s.pos;
}

/* Where the comma after NODE is; false when there is none. */
static bool
find_comma(const struct toml_edit *e, const struct toml_node *node,
    size_t *ret_at)
{
	*ret_at = after_gap(e, toml_edit_end(node->value));
	return e->text[*ret_at] == ',';
}

/* Whether there is nothing but blanks and the comma between A and B, which
 * follows it. */
static bool
is_close(const struct toml_edit *e, const struct toml_node *a,
    const struct toml_node *b)
{
	size_t at = toml_edit_after_blank(e, toml_edit_end(a->value));

	return e->text[at] == ',' &&
	    toml_edit_after_blank(e, at + 1) == b->value.at;
}

static bool
has_lines(const struct toml_edit *e, const struct toml_node *node,
    struct lines *ret_lines)
{
	size_t at = toml_edit_before_blank(e, node->value.at);
	size_t end = toml_edit_after_blank(e, toml_edit_end(node->value));
	size_t comma;
	bool has_comma = find_comma(e, node, &comma);

	if (at == 0 || e->text[at - 1] != '\n')
		return false;
	if (has_comma && comma != end)
		return false;
	if (has_comma)
		end = toml_edit_after_blank(e, end + 1);
	if (e->text[end] == '#')
		while (e->text[end] != '\n')
			end++;
	if (e->text[end] == '\r')
		end++;
	if (e->text[end] != '\n')
		return false;
	ret_lines->at = at;
	ret_lines->end = end + 1;
	ret_lines->has_comma = has_comma;
	return true;
}

/* A line for the value at AT, as far to the right as NODE is. */
static int
put_line(struct toml_edit *e, size_t at, const struct toml_node *node,
    bool has_comma)
{
	size_t indent = toml_edit_before_blank(e, node->value.at);
	const char *newline = toml_edit_newline(e, at);
	struct buf *b = toml_edit_splice(e, at, 0);
	int r;

	r = buf_add(b, e->text + indent, node->value.at - indent);
	if (r == 0)
		r = buf_adds(b, e->value);
	if (r == 0 && has_comma)
		r = buf_addc(b, ',');
	return r != 0 ? r : buf_adds(b, newline);
}

static int
put_after(struct toml_edit *e, const struct toml_node *last)
{
	size_t end = toml_edit_end(last->value);
	struct lines lines;
	struct buf *b;
	int r = 0;

	if (!has_lines(e, last, &lines)) {
		b = toml_edit_splice(e, end, 0);
		r = buf_adds(b, ", ");
		return r != 0 ? r : buf_adds(b, e->value);
	}
	if (!lines.has_comma)
		r = buf_addc(toml_edit_splice(e, end, 0), ',');
	if (r != 0)
		return r;
	return put_line(e, lines.end, last, lines.has_comma);
}

static int
put_before(struct toml_edit *e, const struct toml_node *next)
{
	struct lines lines;
	struct buf *b;
	int r;

	if (has_lines(e, next, &lines))
		return put_line(e, lines.at, next, true);
	b = toml_edit_splice(e, next->value.at, 0);
	r = buf_adds(b, e->value);
	return r != 0 ? r : buf_adds(b, ", ");
}

int
toml_edit_put_element(struct toml_edit *e, const struct toml_node *array)
{
	if (e->index < toml_count(array))
		return put_before(e, element(array, e->index));
	if (e->index != 0)
		return put_after(e, element(array, e->index - 1));
	return buf_adds(toml_edit_splice(e, array->value.at + 1, 0), e->value);
}

/* Cut NODE alone, and the comma at COMMA, before or behind it. */
static void
cut_with_comma(struct toml_edit *e, const struct toml_node *node, size_t comma)
{
	if (comma < node->value.at)
		(void)toml_edit_splice(e, comma, 1);
	(void)toml_edit_splice(e, node->value.at, node->value.len);
	if (comma > node->value.at)
		(void)toml_edit_splice(e, comma, 1);
}

/* The comma before the last element goes with it, one behind it stays, so that
 * there is one at the end as there was before. */
static void
cut_last(struct toml_edit *e, const struct toml_node *last,
    const struct toml_node *previous)
{
	size_t end = toml_edit_end(previous->value);
	struct lines lines;
	size_t comma = 0;

	(void)find_comma(e, previous, &comma);
	if (has_lines(e, last, &lines)) {
		if (!lines.has_comma)
			(void)toml_edit_splice(e, comma, 1);
		(void)toml_edit_splice(e, lines.at, lines.end - lines.at);
	} else if (is_close(e, previous, last)) {
		(void)toml_edit_splice(e, end,
		    toml_edit_end(last->value) - end);
	} else {
		cut_with_comma(e, last, comma);
	}
}

void
toml_edit_cut_element(struct toml_edit *e, const struct toml_node *array)
{
	const struct toml_node *node = element(array, e->index);
	const struct toml_node *next = toml_next(node);
	struct lines lines;
	size_t comma;

	if (next == NULL && e->index > 0)
		cut_last(e, node, element(array, e->index - 1));
	else if (has_lines(e, node, &lines))
		(void)toml_edit_splice(e, lines.at, lines.end - lines.at);
	else if (next != NULL && is_close(e, node, next))
		(void)toml_edit_splice(e, node->value.at,
		    next->value.at - node->value.at);
	else if (find_comma(e, node, &comma))
		cut_with_comma(e, node, comma);
	else
		(void)toml_edit_splice(e, node->value.at, node->value.len);
}
