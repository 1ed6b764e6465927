/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A change of a TOML text: what is asked for, done, and what came of it. */
#include "coco.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "esc.h"
#include "toml-edit-priv.h"

/* Most bytes of a name in an error text. */
#define QUOTE_MAX 60

#define VALUE_KEY "x = "

/* Whether OLD became NEW, of which either may be NULL, as was asked for. */
typedef bool toml_edit_check(const struct toml_edit *e,
    const struct toml_node *old, const struct toml_node *new);

int
toml_edit_refuse(struct toml_edit *e, int r, size_t at, const char *fmt, ...)
{
	struct toml_error *error = e->error;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(error->reason, sizeof(error->reason), fmt, ap);
	va_end(ap);
	toml_place(e->doc, at, &error->line, &error->column);
	return r;
}

/* The same, about NAME. */
static int
refuse_name(struct toml_edit *e, int r, size_t at, const char *name,
    const char *what)
{
	struct buf quoted = BUF_INIT(QUOTE_MAX);

	(void)esc_visible(&quoted, name, strlen(name));
	(void)toml_edit_refuse(e, r, at, "\"%s\" %s", buf_str(&quoted), what);
	buf_wipe(&quoted);
	return r;
}

struct buf *
toml_edit_splice(struct toml_edit *e, size_t at, size_t cut)
{
	struct toml_splice *splice = &e->splices[e->count++];

	assert(e->count <= TOML_EDIT_SPLICES);
	splice->at = at;
	splice->cut = cut;
	splice->text.max = TOML_MAX;
	return &splice->text;
}

const char *
toml_edit_newline(const struct toml_edit *e, size_t at)
{
	const char *p;

	if (at > e->start && e->text[at - 1] == '\n')
		p = e->text + at - 1;
	else
		p = memchr(e->text, '\n', e->len);
	return p != NULL && p > e->text && p[-1] == '\r' ? "\r\n" : "\n";
}

size_t
toml_edit_after_blank(const struct toml_edit *e, size_t at)
{
	return at + strspn(e->text + at, " \t");
}

size_t
toml_edit_before_blank(const struct toml_edit *e, size_t at)
{
	while (at > 0 && (e->text[at - 1] == ' ' || e->text[at - 1] == '\t'))
		at--;
	return at;
}

size_t
toml_edit_end(struct toml_span span)
{
	return (size_t)span.at + span.len;
}

static int
check_path(struct toml_edit *e, const char *const *path)
{
	size_t len;
	size_t at;
	size_t n;

	e->path = path;
	if (path[0] == NULL)
		return toml_edit_refuse(e, -EINVAL, 0, "no key is named");
	for (; *path != NULL; path++) {
		len = strlen(*path);
		for (at = 0; at < len; at += n) {
			n = esc_utf8(*path + at, len - at);
			if (n == 0)
				return refuse_name(e, -EINVAL, 0, *path,
				    "is not UTF-8");
		}
	}
	return 0;
}

static int
begin(struct toml_edit *e, const struct buf *text, const char *const *path,
    struct toml_error *error)
{
	static const char bom[] = "\xef\xbb\xbf";
	int r;

	memset(e, 0, sizeof(*e));
	memset(error, 0, sizeof(*error));
	e->error = error;
	r = toml_parse(buf_str(text), text->len, error, &e->doc);
	if (r != 0)
		return r;
	e->text = toml_text(e->doc, &e->len);
	if (strncmp(e->text, bom, sizeof(bom) - 1) == 0)
		e->start = sizeof(bom) - 1;
	return check_path(e, path);
}

static int
end(struct toml_edit *e, int r)
{
	size_t i;

	if (r == -EMSGSIZE && e->error->reason[0] == '\0')
		(void)toml_edit_refuse(e, r, 0, "the text gets too long");
	for (i = 0; i < e->count; i++)
		buf_wipe(&e->splices[i].text);
	toml_free(e->value_doc);
	toml_free(e->doc);
	return r;
}

/* Take VALUE, which must be one and nothing beside it. */
static int
read_value(struct toml_edit *e, const char *value)
{
	struct buf b = BUF_INIT(TOML_MAX);
	size_t len = strlen(value);
	struct toml_error error;
	int r;

	r = buf_adds(&b, VALUE_KEY);
	if (r == 0)
		r = buf_add(&b, value, len);
	if (r != 0)
		goto out;
	r = toml_parse(buf_str(&b), b.len, &error, &e->value_doc);
	if (r != 0) {
		r = toml_edit_refuse(e, r == -EMSGSIZE ? r : -EINVAL, 0,
		    "the new value: %.*s", TOML_MAX_REASON / 2, error.reason);
		goto out;
	}
	e->value = value;
	e->want = toml_first(toml_root(e->value_doc));
	if (e->want->value.at != sizeof(VALUE_KEY) - 1 ||
	    e->want->value.len != len)
		r = toml_edit_refuse(e, -EINVAL, 0,
		    "the new value has something beside it");
out:
	buf_wipe(&b);
	return r;
}

/*
 * Follow the path through the tables that there are.  RET_TABLE is the last of
 * them above the key at its end, RET_DEPTH how many of the names led there.
 */
static int
enter(struct toml_edit *e, const struct toml_node **ret_table,
    size_t *ret_depth)
{
	const struct toml_node *table = toml_root(e->doc);
	const struct toml_node *node;
	size_t i;

	for (i = 0; e->path[i + 1] != NULL; i++) {
		node = toml_get(table, e->path[i]);
		if (node == NULL)
			break;
		if (node->kind == TOML_ARRAY)
			return refuse_name(e, -EINVAL, node->key.span.at,
			    e->path[i],
			    "is an array, whose elements have no name");
		if (node->kind != TOML_TABLE)
			return refuse_name(e, -EINVAL, node->key.span.at,
			    e->path[i], "is not a table");
		table = node;
	}
	*ret_table = table;
	*ret_depth = i;
	return 0;
}

/* The table above the key, which must be there, and the key, or NULL. */
static int
find(struct toml_edit *e, const struct toml_node **ret_table,
    const char **ret_name, const struct toml_node **ret_node)
{
	size_t depth;
	int r;

	r = enter(e, ret_table, &depth);
	if (r != 0)
		return r;
	*ret_name = e->path[depth];
	if (e->path[depth + 1] != NULL)
		return refuse_name(e, -ENOENT, (*ret_table)->key.span.at,
		    *ret_name, "is no table here");
	*ret_node = toml_get(*ret_table, *ret_name);
	return 0;
}

/* The same for a key that must be there as well. */
static int
find_node(struct toml_edit *e, const struct toml_node **ret_node)
{
	const struct toml_node *table;
	const char *name;
	int r;

	r = find(e, &table, &name, ret_node);
	if (r == 0 && *ret_node == NULL)
		return refuse_name(e, -ENOENT, table->key.span.at, name,
		    "is no key here");
	return r;
}

static int
build(const struct toml_edit *e, struct buf *out)
{
	const struct toml_splice *splice;
	size_t at = 0;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < e->count; i++) {
		splice = &e->splices[i];
		assert(splice->at >= at && splice->at + splice->cut <= e->len);
		r = buf_add(out, e->text + at, splice->at - at);
		if (r == 0)
			r = buf_add(out, buf_str(&splice->text),
			    splice->text.len);
		at = splice->at + splice->cut;
	}
	return r != 0 ? r : buf_add(out, e->text + at, e->len - at);
}

static const struct toml_node *
follow(const struct toml *doc, const char *const *path)
{
	const struct toml_node *node = toml_root(doc);

	for (; *path != NULL; path++)
		node = toml_get(node, *path);
	return node;
}

/* Whether OUT means what the text did but for what was asked for. */
static int
review(struct toml_edit *e, const struct buf *out, toml_edit_check *check)
{
	struct toml *doc = NULL;
	struct toml_error error;
	int r;

	r = toml_parse(buf_str(out), out->len, &error, &doc);
	if (r != 0)
		return toml_edit_refuse(e, r == -EMSGSIZE ? r : -EINVAL, 0,
		    "would be refused then: %.*s", TOML_MAX_REASON / 2,
		    error.reason);
	if (!toml_edit_same_but(toml_root(e->doc), toml_root(doc), e->path) ||
	    !check(e, follow(e->doc, e->path), follow(doc, e->path)))
		r = toml_edit_refuse(e, -EINVAL, e->splices[0].at,
		    "more would change than was asked for");
	toml_free(doc);
	return r;
}

/* Do what was noted. */
static int
finish(struct toml_edit *e, struct buf *text, toml_edit_check *check)
{
	struct buf out = BUF_INIT(text->max);
	int r;

	if (e->count == 0)
		return 0;
	r = build(e, &out);
	if (r == 0)
		r = review(e, &out, check);
	if (r == 0)
		buf_move(text, &out);
	buf_wipe(&out);
	return r;
}

static int
refuse_spread(struct toml_edit *e, const struct toml_node *node)
{
	return toml_edit_refuse(e, -EINVAL, node->statement.at,
	    "this is not one value but %s with statements of its own",
	    node->kind == TOML_TABLE ? "a table" : "an array");
}

static int
replace(struct toml_edit *e, const struct toml_node *node)
{
	if (node->value.len == 0)
		return refuse_spread(e, node);
	if (toml_edit_same(node, e->want))
		return 0;
	return buf_adds(toml_edit_splice(e, node->value.at, node->value.len),
	    e->value);
}

static bool
is_set(const struct toml_edit *e, const struct toml_node *old,
    const struct toml_node *new)
{
	(void)old;
	return new != NULL &&toml_edit_same(new, e->want);
}

int
toml_edit_set(struct buf *text, const char *const *path, const char *value,
    struct toml_error *ret_err)
{
	const struct toml_node *table;
	const struct toml_node *node = NULL;
	const char *name;
	struct toml_edit e;
	int r;

	r = begin(&e, text, path, ret_err);
	if (r == 0)
		r = read_value(&e, value);
	if (r == 0)
		r = find(&e, &table, &name, &node);
	if (r == 0 && node != NULL)
		r = replace(&e, node);
	else if (r == 0)
		r = toml_edit_put_pair(&e, table, name, value);
	if (r == 0)
		r = finish(&e, text, is_set);
	return end(&e, r);
}

static bool
is_removed(const struct toml_edit *e, const struct toml_node *old,
    const struct toml_node *new)
{
	(void)e;
	(void)old;
	return new == NULL;
}

int
toml_edit_remove(struct buf *text, const char *const *path,
    struct toml_error *ret_err)
{
	const struct toml_node *node;
	struct toml_edit e;
	int r;

	r = begin(&e, text, path, ret_err);
	if (r == 0)
		r = find_node(&e, &node);
	if (r == 0 && node->value.len == 0)
		r = refuse_spread(&e, node);
	else if (r == 0)
		toml_edit_cut_pair(&e, node);
	if (r == 0)
		r = finish(&e, text, is_removed);
	return end(&e, r);
}

/* A table that was not there is empty; one that was has not changed. */
static bool
is_table_added(const struct toml_edit *e, const struct toml_node *old,
    const struct toml_node *new)
{
	(void)e;
	if (new == NULL || new->kind != TOML_TABLE)
		return false;
	return old == NULL ? toml_count(new) == 0 : toml_edit_same(old, new);
}

static bool
is_table_removed(const struct toml_edit *e, const struct toml_node *old,
    const struct toml_node *new)
{
	return is_table_added(e, new, old);
}

/* Add the table below TABLE, to which DEPTH names have led. */
static int
add_table(struct toml_edit *e, const struct toml_node *table, size_t depth,
    enum toml_edit_made *ret_made)
{
	const char *name = e->path[depth];

	if (!toml_edit_is_inline(e, table))
		return toml_edit_put_header(e, ret_made);
	if (e->path[depth + 1] != NULL)
		return refuse_name(e, -ENOENT, table->key.span.at, name,
		    "is no table of this inline one");
	*ret_made = TOML_EDIT_TABLE;
	return toml_edit_put_pair(e, table, name, "{}");
}

int
toml_edit_add_table(struct buf *text, const char *const *path,
    enum toml_edit_made *ret_made, struct toml_error *ret_err)
{
	enum toml_edit_made made = TOML_EDIT_NOTHING;
	const struct toml_node *table;
	const struct toml_node *node = NULL;
	struct toml_edit e;
	size_t depth;
	int r;

	r = begin(&e, text, path, ret_err);
	if (r == 0)
		r = enter(&e, &table, &depth);
	if (r == 0)
		node = toml_get(table, e.path[depth]);
	if (r == 0 && node != NULL && node->kind != TOML_TABLE)
		r = refuse_name(&e, -EINVAL, node->key.span.at, e.path[depth],
		    "is not a table");
	else if (r == 0 && (node == NULL || node->origin == TOML_BY_SUPER))
		r = add_table(&e, table, depth, &made);
	if (r == 0)
		r = finish(&e, text, is_table_added);
	if (r == 0)
		*ret_made = made;
	return end(&e, r);
}

static int
remove_table(struct toml_edit *e, const struct toml_node *node,
    enum toml_edit_made made)
{
	if (node->kind != TOML_TABLE)
		return toml_edit_refuse(e, -EINVAL, node->statement.at,
		    "this is not a table");
	if (node->origin == TOML_BY_HEADER)
		return toml_edit_cut_header(e, node,
		    made == TOML_EDIT_BLANK_AND_TABLE);
	if (node->origin != TOML_BY_VALUE)
		return toml_edit_refuse(e, -EINVAL, node->statement.at,
		    "this table has no header of its own");
	if (toml_count(node) != 0)
		return toml_edit_refuse(e, -EINVAL, node->value.at,
		    "there are keys in the table");
	toml_edit_cut_pair(e, node);
	return 0;
}

int
toml_edit_remove_table(struct buf *text, const char *const *path,
    enum toml_edit_made made, struct toml_error *ret_err)
{
	const struct toml_node *node;
	struct toml_edit e;
	int r;

	r = begin(&e, text, path, ret_err);
	if (r == 0 && made != TOML_EDIT_NOTHING)
		r = find_node(&e, &node);
	if (r == 0 && made != TOML_EDIT_NOTHING)
		r = remove_table(&e, node, made);
	if (r == 0)
		r = finish(&e, text, is_table_removed);
	return end(&e, r);
}

static int
find_array(struct toml_edit *e, size_t index, const struct toml_node **ret_node)
{
	int r;

	e->index = index;
	r = find_node(e, ret_node);
	if (r != 0)
		return r;
	if ((*ret_node)->kind != TOML_ARRAY)
		return toml_edit_refuse(e, -EINVAL, (*ret_node)->statement.at,
		    "this is not an array");
	if ((*ret_node)->value.len == 0)
		return refuse_spread(e, *ret_node);
	return 0;
}

static int
refuse_index(struct toml_edit *e, const struct toml_node *array)
{
	return toml_edit_refuse(e, -ENOENT, array->value.at,
	    "the array has %zu elements", toml_count(array));
}

static bool
is_inserted(const struct toml_edit *e, const struct toml_node *old,
    const struct toml_node *new)
{
	const struct toml_node *node;
	size_t i;

	if (old == NULL || new == NULL || new->kind != TOML_ARRAY ||
	    !toml_edit_same_elements(old, new, e->index))
		return false;
	node = toml_first(new);
	for (i = 0; i < e->index; i++)
		node = toml_next(node);
	return toml_edit_same(node, e->want);
}

int
toml_edit_insert_element(struct buf *text, const char *const *path,
    size_t index, const char *value, struct toml_error *ret_err)
{
	const struct toml_node *array;
	struct toml_edit e;
	int r;

	r = begin(&e, text, path, ret_err);
	if (r == 0)
		r = read_value(&e, value);
	if (r == 0)
		r = find_array(&e, index, &array);
	if (r == 0 && index > toml_count(array))
		r = refuse_index(&e, array);
	if (r == 0)
		r = toml_edit_put_element(&e, array);
	if (r == 0)
		r = finish(&e, text, is_inserted);
	return end(&e, r);
}

static bool
is_element_removed(const struct toml_edit *e, const struct toml_node *old,
    const struct toml_node *new)
{
	return old != NULL &&
	    new != NULL &&new->kind ==
	    TOML_ARRAY &&toml_edit_same_elements(new, old, e->index);
}

int
toml_edit_remove_element(struct buf *text, const char *const *path,
    size_t index, struct toml_error *ret_err)
{
	const struct toml_node *array;
	struct toml_edit e;
	int r;

	r = begin(&e, text, path, ret_err);
	if (r == 0)
		r = find_array(&e, index, &array);
	if (r == 0 && index >= toml_count(array))
		r = refuse_index(&e, array);
	if (r == 0) {
		toml_edit_cut_element(&e, array);
		r = finish(&e, text, is_element_removed);
	}
	return end(&e, r);
}
