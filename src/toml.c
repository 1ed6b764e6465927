/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TOML document: its memory, its tree and the way in. */
#include "coco.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "mem.h"
#include "toml-tree.h"

#define BLOCK_NODES 128

/* An AA tree of TOML_MAX_NODES nodes is at most twice as deep as the binary
 * logarithm of one more, 37. */
#define INDEX_DEPTH 40

struct toml_node *
toml_tree_at(const struct toml *doc, size_t i)
{
	return &doc->blocks[i / BLOCK_NODES][i % BLOCK_NODES];
}

struct toml_node *
toml_tree_node(struct toml *doc)
{
	size_t block = doc->count / BLOCK_NODES;

	if (doc->count == TOML_MAX_NODES)
		return NULL;
	if (doc->count % BLOCK_NODES == 0) {
		doc->blocks = xreallocarray(doc->blocks, block + 1,
		    sizeof(struct toml_node *));
		doc->blocks[block] = xcalloc(BLOCK_NODES,
		    sizeof(struct toml_node));
	}
	return toml_tree_at(doc, doc->count++);
}

void
toml_free(struct toml *doc)
{
	size_t i;

	if (doc == NULL)
		return;
	for (i = 0; i * BLOCK_NODES < doc->count; i++)
		freezero(doc->blocks[i],
		    BLOCK_NODES * sizeof(struct toml_node));
	free(doc->blocks);
	buf_wipe(&doc->decoded);
	buf_wipe(&doc->text);
	free(doc);
}

/* By length first, which is fast and an order as good as any. */
static int
compare(const char *s, size_t len, const struct toml_node *node)
{
	if (len != node->key.len)
		return len < node->key.len ? -1 : 1;
	return memcmp(s, node->key.s, len);
}

/* A left child of the same level becomes the parent. */
static struct toml_node *
skew(struct toml_node *node)
{
	struct toml_node *left = node->left;

	if (left == NULL || left->level != node->level)
		return node;
	node->left = left->right;
	left->right = node;
	return left;
}

/* Of three in a row to the right on one level the middle one goes up. */
static struct toml_node *
split(struct toml_node *node)
{
	struct toml_node *right = node->right;

	if (right == NULL || right->right == NULL ||
	    right->right->level != node->level)
		return node;
	node->right = right->left;
	right->left = node;
	right->level++;
	return right;
}

static void
index_add(struct toml_node *table, struct toml_node *node)
{
	struct toml_node **path[INDEX_DEPTH];
	struct toml_node **at = &table->u.list.index;
	size_t depth = 0;

	while (*at != NULL) {
		assert(depth < INDEX_DEPTH);
		path[depth++] = at;
		if (compare(node->key.s, node->key.len, *at) < 0)
			at = &(*at)->left;
		else
			at = &(*at)->right;
	}
	node->level = 1;
	*at = node;
	while (depth > 0) {
		at = path[--depth];
		*at = split(skew(*at));
	}
}

void
toml_tree_add(struct toml_node *parent, struct toml_node *node)
{
	if (parent->u.list.last != NULL)
		parent->u.list.last->next = node;
	else
		parent->u.list.first = node;
	parent->u.list.last = node;
	parent->u.list.count++;
	if (node->key.s != NULL)
		index_add(parent, node);
}

struct toml_node *
toml_tree_find(const struct toml_node *table, const char *s, size_t len)
{
	struct toml_node *node = table->u.list.index;
	int order;

	while (node != NULL) {
		order = compare(s, len, node);
		if (order == 0)
			break;
		node = order < 0 ? node->left : node->right;
	}
	return node;
}

/* Offset of the first byte that is not UTF-8, LEN when all is. */
static size_t
find_not_utf8(const char *text, size_t len)
{
	size_t at = 0;
	size_t n;

	while (at < len) {
		n = esc_utf8(text + at, len - at);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* Length of the byte order mark that TEXT, a string, may begin with. */
static size_t
bom_len(const char *text)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t len = sizeof(bom) - 1;

	return strncmp(text, bom, len) == 0 ? len : 0;
}

/* Turn an offset in TEXT into line and column. */
static void
locate(const char *text, size_t at, size_t *ret_line, size_t *ret_column)
{
	size_t i;

	*ret_line = 1;
	*ret_column = 1;
	for (i = bom_len(text); i < at; i++) {
		if (text[i] == '\n') {
			(*ret_line)++;
			*ret_column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			(*ret_column)++;
		}
	}
}

void
toml_place(const struct toml *doc, size_t at, size_t *ret_line,
    size_t *ret_column)
{
	assert(at <= doc->text.len);
	locate(buf_str(&doc->text), at, ret_line, ret_column);
}

static int
parse(struct toml *doc, const char *text, size_t len, struct toml_scan *s)
{
	size_t bad = find_not_utf8(text, len);
	int r;

	doc->text.max = len;
	r = buf_add(&doc->text, text, len);
	assert(r == 0);
	(void)r;
	s->text = buf_str(&doc->text);
	s->len = len;
	s->out = &doc->decoded;
	if (bad != len)
		return toml_scan_fail(s, bad, "the text is not UTF-8");
	doc->decoded.max = len + 1;
	(void)buf_space(&doc->decoded, len + 1);
	s->pos = bom_len(s->text);
	return toml_tree_parse(doc, s);
}

int
toml_parse(const char *text, size_t len, struct toml_error *ret_err,
    struct toml **ret_doc)
{
	struct toml *doc;
	struct toml_scan s;
	int r;

	if (len > TOML_MAX) {
		ret_err->line = 1;
		ret_err->column = 1;
		(void)snprintf(ret_err->reason, sizeof(ret_err->reason),
		    "longer than %d bytes", TOML_MAX);
		return -EMSGSIZE;
	}
	memset(&s, 0, sizeof(s));
	doc = xcalloc(1, sizeof(*doc));
	r = parse(doc, text, len, &s);
	if (r != 0) {
		locate(s.text, s.fault, &ret_err->line, &ret_err->column);
		memcpy(ret_err->reason, s.reason, sizeof(ret_err->reason));
		toml_free(doc);
		return r;
	}
	*ret_doc = doc;
	return 0;
}

int
toml_parse_why(const char *text, size_t len, struct toml **ret_doc,
    struct buf *why)
{
	struct toml_error err;
	int r = toml_parse(text, len, &err, ret_doc);

	if (r != 0)
		(void)buf_addf(why, "%zu:%zu: %s", err.line, err.column,
		    err.reason);
	return r;
}

const struct toml_node *
toml_root(const struct toml *doc)
{
	return doc->root;
}

const char *
toml_text(const struct toml *doc, size_t *ret_len)
{
	*ret_len = doc->text.len;
	return buf_str(&doc->text);
}

static bool
has_list(const struct toml_node *node)
{
	return node != NULL &&
	    (node->kind == TOML_TABLE || node->kind == TOML_ARRAY);
}

const struct toml_node *
toml_get(const struct toml_node *table, const char *name)
{
	if (!has_list(table))
		return NULL;
	return toml_tree_find(table, name, strlen(name));
}

const struct toml_node *
toml_first(const struct toml_node *node)
{
	return has_list(node) ? node->u.list.first : NULL;
}

const struct toml_node *
toml_next(const struct toml_node *node)
{
	return node != NULL ? node->next : NULL;
}

size_t
toml_count(const struct toml_node *node)
{
	return has_list(node) ? node->u.list.count : 0;
}

enum toml_kind
toml_kind(const struct toml_node *node)
{
	return node->kind;
}

const char *
toml_kind_name(enum toml_kind kind)
{
	static const char *const names[TOML_KIND_COUNT] = {
		[TOML_STRING] = "string",
		[TOML_INTEGER] = "integer",
		[TOML_FLOAT] = "float",
		[TOML_BOOL] = "bool",
		[TOML_DATETIME] = "datetime",
		[TOML_DATETIME_LOCAL] = "datetime-local",
		[TOML_DATE] = "date-local",
		[TOML_TIME] = "time-local",
		[TOML_ARRAY] = "array",
		[TOML_TABLE] = "table",
	};

	return names[kind];
}

const char *
toml_key(const struct toml_node *node, size_t *ret_len)
{
	if (ret_len != NULL)
		*ret_len = node->key.len;
	return node->key.s != NULL ? node->key.s : "";
}

size_t
toml_line(const struct toml_node *node)
{
	return node->line;
}

/* 0 when NODE is of KIND, else what the getters return. */
static int
want(const struct toml_node *node, enum toml_kind kind)
{
	if (node == NULL)
		return -ENOENT;
	return node->kind == kind ? 0 : -EBADMSG;
}

int
toml_string(const struct toml_node *node, const char **ret_s, size_t *ret_len)
{
	int r = want(node, TOML_STRING);

	if (r != 0)
		return r;
	if (ret_len != NULL)
		*ret_len = node->u.text.len;
	else if (strlen(node->u.text.s) != node->u.text.len)
		return -EBADMSG;
	*ret_s = node->u.text.s;
	return 0;
}

int
toml_int(const struct toml_node *node, int64_t *ret_n)
{
	int r = want(node, TOML_INTEGER);

	if (r == 0)
		*ret_n = node->u.integer;
	return r;
}

int
toml_float(const struct toml_node *node, double *ret_d)
{
	int r = want(node, TOML_FLOAT);

	if (r == 0)
		*ret_d = node->u.number;
	return r;
}

int
toml_bool(const struct toml_node *node, bool *ret_b)
{
	int r = want(node, TOML_BOOL);

	if (r == 0)
		*ret_b = node->u.truth;
	return r;
}

int
toml_datetime(const struct toml_node *node, const char **ret_s)
{
	if (node == NULL)
		return -ENOENT;
	if (node->kind < TOML_DATETIME || node->kind > TOML_TIME)
		return -EBADMSG;
	*ret_s = node->u.text.s;
	return 0;
}

struct toml_span
toml_key_span(const struct toml_node *node)
{
	return node->key.span;
}

struct toml_span
toml_value_span(const struct toml_node *node)
{
	return node->value;
}

struct toml_span
toml_statement_span(const struct toml_node *node)
{
	return node->statement;
}
