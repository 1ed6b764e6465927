/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of TOML, and its rules of what may be added to.  By what made x:
 *
 *			a value	[x.z]	x.z = ...	[x] or [[x]]
 *	[x]		no	once	no		no
 *	[[x]]		no	no	no		if [[x]] did
 *	[x.y], [[x.y]]	no	yes	yes		yes
 *	x.y = ...	no	yes	yes		no
 *
 * where x.y = ... after [x.z] counts as having made x from then on, and [x.y]
 * after [[x]] adds to the last x.
 */
#include "coco.h"

#include <stdio.h>

#include "buf.h"
#include "esc.h"
#include "toml-tree.h"

/* Most bytes of a key in an error text. */
#define QUOTE_MAX 40

struct parser {
	struct toml *doc;
	struct toml_scan *s;
	struct toml_node *section; /* where the last header led */
	struct toml_node *defined; /* older than the header that did it */
	size_t line;               /* of the text at LINE_AT */
	size_t line_at;
};

static int parse_value(struct parser *p, struct toml_node *node);

/* The line that offset AT is in.  Asked for in rising order, so all the calls
 * together read the text once. */
static uint32_t
line_of(struct parser *p, size_t at)
{
	while (p->line_at < at) {
		if (p->s->text[p->line_at] == '\n')
			p->line++;
		p->line_at++;
	}
	return (uint32_t)p->line;
}

/* Fail at KEY because of NODE, which has that name already. */
static int
fail_key(struct parser *p, const char *what, const struct toml_token *key,
    const struct toml_node *node)
{
	struct buf quoted = BUF_INIT(4 * QUOTE_MAX);
	size_t len = key->len;
	int r;

	if (len > QUOTE_MAX) {
		len = QUOTE_MAX - 3;
		while (((unsigned char)key->s[len] & 0xc0) == 0x80)
			len--;
	}
	(void)esc_visible(&quoted, key->s, len);
	if (len != key->len)
		(void)buf_adds(&quoted, "...");
	r = toml_scan_fail(p->s, key->span.at, "%s \"%s\"; first on line %lu",
	    what, buf_str(&quoted), (unsigned long)node->line);
	buf_wipe(&quoted);
	return r;
}

static int
fail_limit(struct parser *p, const char *fmt, int limit)
{
	p->s->fault = p->s->pos;
	(void)snprintf(p->s->reason, sizeof(p->s->reason), "more than %d %s",
	    limit, fmt);
	return -EMSGSIZE;
}

/* A new child of PARENT, a member when there is a KEY. */
static int
make_node(struct parser *p, struct toml_node *parent, enum toml_kind kind,
    const struct toml_token *key, struct toml_node **ret_node)
{
	struct toml_node *node;

	if (parent->depth == TOML_MAX_DEPTH)
		return fail_limit(p, "tables and arrays within each other",
		    TOML_MAX_DEPTH);
	node = toml_tree_node(p->doc);
	if (node == NULL)
		return fail_limit(p, "values, tables and arrays",
		    TOML_MAX_NODES);
	node->kind = kind;
	node->depth = parent->depth + 1;
	if (key != NULL)
		node->key = *key;
	node->line = line_of(p, key != NULL ? key->span.at : p->s->pos);
	toml_tree_add(parent, node);
	*ret_node = node;
	return 0;
}

/* Go on to the member KEY of TABLE, which more parts of a dotted key follow;
 * make it if there is none. */
static int
enter_dotted(struct parser *p, const struct toml_token *key,
    struct toml_node **table)
{
	struct toml_node *node = toml_tree_find(*table, key->s, key->len);
	int r;

	if (node == NULL) {
		r = make_node(p, *table, TOML_TABLE, key, &node);
		if (r != 0)
			return r;
	} else if (node->kind != TOML_TABLE ||
	    (node->origin != TOML_BY_SUPER &&
		node->origin != TOML_BY_DOTTED_KEY)) {
		return fail_key(p, "cannot add to", key, node);
	}
	node->origin = TOML_BY_DOTTED_KEY;
	*table = node;
	return 0;
}

/* As above, for the key of a header. */
static int
enter_super(struct parser *p, const struct toml_token *key,
    struct toml_node **table)
{
	struct toml_node *node = toml_tree_find(*table, key->s, key->len);
	int r;

	if (node == NULL) {
		r = make_node(p, *table, TOML_TABLE, key, &node);
		if (r != 0)
			return r;
		node->origin = TOML_BY_SUPER;
	} else if (node->kind == TOML_ARRAY && node->origin == TOML_BY_HEADER) {
		node = node->u.list.last;
	} else if (node->kind != TOML_TABLE || node->origin == TOML_BY_VALUE) {
		return fail_key(p, "cannot add to", key, node);
	}
	*table = node;
	return 0;
}

/* KEY = VALUE, a member of TABLE or of what a dotted KEY leads to. */
static int
parse_pair(struct parser *p, struct toml_node *table)
{
	size_t start = p->s->pos;
	struct toml_token key;
	struct toml_node *node;
	int r;

	for (;;) {
		r = toml_scan_key(p->s, &key);
		if (r != 0)
			return r;
		toml_scan_blank(p->s);
		if (!toml_scan_take(p->s, '.'))
			break;
		toml_scan_blank(p->s);
		r = enter_dotted(p, &key, &table);
		if (r != 0)
			return r;
	}
	if (!toml_scan_take(p->s, '='))
		return toml_scan_fail(p->s, p->s->pos,
		    "expected \"=\" after the key");
	toml_scan_blank(p->s);
	node = toml_tree_find(table, key.s, key.len);
	if (node != NULL)
		return fail_key(p, "duplicate key", &key, node);
	r = make_node(p, table, TOML_TABLE, &key, &node);
	if (r == 0)
		r = parse_value(p, node);
	if (r != 0)
		return r;
	node->pair.at = (uint32_t)start;
	node->pair.len = (uint32_t)(p->s->pos - start);
	return 0;
}

/* After "[".  NOLINTNEXTLINE(misc-no-recursion): depth is limited */
static int
parse_array(struct parser *p, struct toml_node *array)
{
	struct toml_node *node;
	int r;

	for (;;) {
		r = toml_scan_gap(p->s);
		if (r != 0)
			return r;
		if (toml_scan_take(p->s, ']'))
			return 0;
		r = make_node(p, array, TOML_TABLE, NULL, &node);
		if (r == 0)
			r = parse_value(p, node);
		if (r == 0)
			r = toml_scan_gap(p->s);
		if (r != 0)
			return r;
		if (!toml_scan_take(p->s, ',') && toml_scan_peek(p->s) != ']')
			return toml_scan_fail(p->s, p->s->pos,
			    "expected \",\" or \"]\" in the array");
	}
}

/* After "{".  NOLINTNEXTLINE(misc-no-recursion): depth is limited */
static int
parse_inline(struct parser *p, struct toml_node *table)
{
	int r;

	toml_scan_blank(p->s);
	if (toml_scan_take(p->s, '}'))
		return 0;
	for (;;) {
		toml_scan_blank(p->s);
		r = parse_pair(p, table);
		if (r != 0)
			return r;
		toml_scan_blank(p->s);
		if (toml_scan_take(p->s, '}'))
			return 0;
		if (!toml_scan_take(p->s, ','))
			return toml_scan_fail(p->s, p->s->pos,
			    "expected \",\" or \"}\" in the inline table");
	}
}

static int
parse_scalar(struct parser *p, struct toml_node *node)
{
	struct toml_scalar scalar;
	int r;

	r = toml_scan_scalar(p->s, &scalar);
	if (r != 0)
		return r;
	node->kind = scalar.kind;
	if (scalar.kind == TOML_INTEGER)
		node->u.integer = scalar.u.integer;
	else if (scalar.kind == TOML_FLOAT)
		node->u.number = scalar.u.number;
	else if (scalar.kind == TOML_BOOL)
		node->u.truth = scalar.u.truth;
	else
		node->u.text = scalar.u.time;
	return 0;
}

/* Make NODE what is written at the cursor.
 * NOLINTNEXTLINE(misc-no-recursion): depth is limited */
static int
parse_value(struct parser *p, struct toml_node *node)
{
	size_t start = p->s->pos;
	int c = toml_scan_peek(p->s);
	int r;

	if (c == '"' || c == '\'') {
		node->kind = TOML_STRING;
		r = toml_scan_string(p->s, &node->u.text);
	} else if (toml_scan_take(p->s, '[')) {
		node->kind = TOML_ARRAY;
		r = parse_array(p, node);
	} else if (toml_scan_take(p->s, '{')) {
		node->kind = TOML_TABLE;
		r = parse_inline(p, node);
	} else {
		r = parse_scalar(p, node);
	}
	node->value.at = (uint32_t)start;
	node->value.len = (uint32_t)(p->s->pos - start);
	return r;
}

static int
define_table(struct parser *p, struct toml_node *parent,
    const struct toml_token *key)
{
	struct toml_node *node = toml_tree_find(parent, key->s, key->len);
	int r;

	if (node == NULL) {
		r = make_node(p, parent, TOML_TABLE, key, &node);
		if (r != 0)
			return r;
	} else if (node->kind == TOML_TABLE && node->origin == TOML_BY_SUPER) {
		node->line = line_of(p, key->span.at);
		node->key.span = key->span;
		p->defined = node;
	} else {
		const char *what = node->kind == TOML_TABLE ?
		    "duplicate table" :
		    "duplicate key";

		return fail_key(p, what, key, node);
	}
	node->origin = TOML_BY_HEADER;
	p->section = node;
	return 0;
}

static int
define_element(struct parser *p, struct toml_node *parent,
    const struct toml_token *key)
{
	struct toml_node *array = toml_tree_find(parent, key->s, key->len);
	struct toml_node *node;
	int r;

	if (array == NULL) {
		r = make_node(p, parent, TOML_ARRAY, key, &array);
		if (r != 0)
			return r;
		array->origin = TOML_BY_HEADER;
	} else if (array->kind != TOML_ARRAY ||
	    array->origin != TOML_BY_HEADER) {
		return fail_key(p, "not an array of tables:", key, array);
	}
	r = make_node(p, array, TOML_TABLE, NULL, &node);
	if (r != 0)
		return r;
	node->origin = TOML_BY_HEADER;
	p->section = node;
	return 0;
}

/* [KEY] or [[KEY]]; the cursor is after the first bracket. */
static int
parse_header(struct parser *p)
{
	bool is_array = toml_scan_take(p->s, '[');
	struct toml_node *table = p->doc->root;
	struct toml_token key;
	int r;

	for (;;) {
		toml_scan_blank(p->s);
		r = toml_scan_key(p->s, &key);
		if (r != 0)
			return r;
		toml_scan_blank(p->s);
		if (!toml_scan_take(p->s, '.'))
			break;
		r = enter_super(p, &key, &table);
		if (r != 0)
			return r;
	}
	if (!toml_scan_take(p->s, ']') ||
	    (is_array && !toml_scan_take(p->s, ']')))
		return toml_scan_fail(p->s, p->s->pos,
		    "expected \"%s\" after the key", is_array ? "]]" : "]");
	if (is_array)
		return define_element(p, table, &key);
	return define_table(p, table, &key);
}

/* One line, or several when a value needs them. */
static int
parse_statement(struct parser *p)
{
	struct toml_span span = { (uint32_t)p->s->pos, 0 };
	size_t i = p->doc->count;
	int c;
	int r = 0;

	p->defined = NULL;
	toml_scan_blank(p->s);
	c = toml_scan_peek(p->s);
	if (toml_scan_take(p->s, '['))
		r = parse_header(p);
	else if (c > ' ' && c != '#' && c != 0x7f)
		r = parse_pair(p, p->section);
	if (r == 0)
		r = toml_scan_line_end(p->s);
	if (r != 0)
		return r;
	span.len = (uint32_t)(p->s->pos - span.at);
	for (; i < p->doc->count; i++)
		toml_tree_at(p->doc, i)->statement = span;
	if (p->defined != NULL)
		p->defined->statement = span;
	return 0;
}

int
toml_tree_parse(struct toml *doc, struct toml_scan *s)
{
	struct parser p = { doc, s, NULL, NULL, 1, 0 };
	int r = 0;

	doc->root = toml_tree_node(doc);
	doc->root->kind = TOML_TABLE;
	doc->root->origin = TOML_BY_HEADER;
	doc->root->line = 1;
	p.section = doc->root;
	while (r == 0 && s->pos < s->len)
		r = parse_statement(&p);
	return r;
}
