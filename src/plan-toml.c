/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Merging into a TOML file that others write as well.
 */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "esc.h"
#include "mem.h"
#include "plan-priv.h"
#include "toml-edit.h"
#include "toml.h"

#define MAX_NAME 1024

/* The names of KEY, as toml-edit.h wants them. */
static const char *const *
path_of(const struct strv *key)
{
	return (const char *const *)key->v;
}

static int
refuse(const struct merge *m, int r, const struct toml_error *err)
{
	plan_explain(m->why, m->path, "line %zu, column %zu: %s", err->line,
	    err->column, err->reason);
	return r == -EMSGSIZE ? r : -EBADMSG;
}

static int
parse(const struct merge *m, struct toml **ret_doc)
{
	struct toml_error err;
	int r;

	r = toml_parse(buf_str(&m->text), m->text.len, &err, ret_doc);
	return r != 0 ? refuse(m, r, &err) : 0;
}

static const struct toml_node *
find(const struct toml *doc, const struct strv *key)
{
	const struct toml_node *node = toml_root(doc);
	size_t i;

	for (i = 0; i < key->len && node != NULL; i++)
		node = toml_get(node, key->v[i]);
	return node;
}

/* Hash a value so that two ways to write a string are the same. */
static int
hash_node(const struct toml *doc, const struct toml_node *node,
    char ret[TRACE_HASH_LEN + 1])
{
	struct buf b = BUF_INIT(TOML_MAX + 1);
	struct toml_span span = toml_value_span(node);
	const char *s;
	size_t len;
	int r;

	if (toml_string(node, &s, &len) == 0) {
		r = buf_addc(&b, 's');
	} else {
		s = toml_text(doc, &len) + span.at;
		len = span.len;
		r = buf_addc(&b, 'v');
	}
	if (r == 0)
		r = buf_add(&b, s, len);
	if (r == 0)
		r = trace_hash(buf_str(&b), b.len, ret);
	buf_wipe(&b);
	return r;
}

/* The hash of what is at KEY now.  Returns 0, -ENOENT, or an error. */
static int
hash_now(const struct merge *m, const struct strv *key,
    char ret[TRACE_HASH_LEN + 1])
{
	const struct toml_node *node;
	struct toml *doc;
	int r;

	r = parse(m, &doc);
	if (r != 0)
		return r;
	node = find(doc, key);
	r = node == NULL ? -ENOENT : hash_node(doc, node, ret);
	toml_free(doc);
	return r;
}

/* The hash that VALUE will have. */
static int
hash_value(const struct buf *value, char ret[TRACE_HASH_LEN + 1])
{
	struct buf b = BUF_INIT(DESIRED_MAX_VALUE + 8);
	struct toml_error err;
	struct toml *doc = NULL;
	int r;

	r = buf_addf(&b, "x = %s\n", buf_str(value));
	if (r == 0)
		r = toml_parse(buf_str(&b), b.len, &err, &doc);
	if (r == 0)
		r = hash_node(doc, toml_get(toml_root(doc), "x"), ret);
	toml_free(doc);
	buf_wipe(&b);
	return r;
}

/* --- what is not desired any more ----------------------------------------- */

static int
remove_key(struct merge *m, const struct trace_key *key)
{
	struct buf name = BUF_INIT(MAX_NAME);
	struct toml_error err;
	char hash[TRACE_HASH_LEN + 1];
	int r;

	r = hash_now(m, &key->path, hash);
	if (r == -ENOENT)
		return 0;
	if (r != 0)
		return r;
	if (!trace_key_is(key, hash)) {
		(void)plan_add_name(&name, &key->path);
		plan_note(m->notes, m->path, "%s was changed since; it stays",
		    buf_str(&name));
		buf_wipe(&name);
		return 0;
	}
	r = toml_edit_remove(&m->text, path_of(&key->path), &err);
	return r != 0 ? refuse(m, r, &err) : 0;
}

static int
remove_keys(struct merge *m)
{
	size_t i;
	int r = 0;

	for (i = 0; m->was != NULL && i < m->was->count && r == 0; i++)
		if (m->was->keys[i].hash[0] != '\0' &&
		    !plan_is_desired(m, &m->was->keys[i].path))
			r = remove_key(m, &m->was->keys[i]);
	return r;
}

/* Whether a desired member is in the table. */
static bool
is_table_desired(const struct merge *m, const struct strv *table)
{
	const struct strv *key;
	size_t i;
	size_t k;

	for (i = 0; m->item != NULL && i < m->item->count; i++) {
		key = &m->item->keys[i].path;
		for (k = 0; k < table->len && k < key->len; k++)
			if (strcmp(key->v[k], table->v[k]) != 0)
				break;
		if (k == table->len && key->len > k)
			return true;
	}
	return false;
}

/* The header of a table that was ours, unless others have put keys there. */
static int
remove_table(struct merge *m, const struct trace_key *table)
{
	struct buf name = BUF_INIT(MAX_NAME);
	struct toml_error err;
	int r;

	r = toml_edit_remove_table(&m->text, path_of(&table->path),
	    table->has_blank ? TOML_EDIT_BLANK_AND_TABLE : TOML_EDIT_TABLE,
	    &err);
	if (r == -EINVAL) {
		(void)plan_add_name(&name, &table->path);
		plan_note(m->notes, m->path, "[%s] has other keys; they stay",
		    buf_str(&name));
		buf_wipe(&name);
	}
	if (r == 0 || r == -EINVAL || r == -ENOENT)
		return 0;
	return refuse(m, r, &err);
}

static int
remove_tables(struct merge *m)
{
	size_t i;
	int r = 0;

	if (m->was == NULL)
		return 0;
	for (i = m->was->count; i-- > 0 && r == 0;)
		if (m->was->keys[i].hash[0] == '\0' &&
		    !is_table_desired(m, &m->was->keys[i].path))
			r = remove_table(m, &m->was->keys[i]);
	return r;
}

/* --- what is desired ------------------------------------------------------ */

/* Keys that would make the section mean something else: clients look at some
 * of them before ours. */
static int
check_forbidden(const struct merge *m)
{
	const char *const *name = m->item->forbidden;
	const struct toml_node *table;
	struct buf b = BUF_INIT(MAX_NAME);
	struct strv key = STRV_INIT;
	struct toml *doc;
	int r;

	r = parse(m, &doc);
	if (r != 0)
		return r;
	table = find(doc, &m->item->section);
	for (; name != NULL && *name != NULL; name++) {
		if (toml_get(table, *name) == NULL)
			continue;
		strv_add_all(&key, &m->item->section);
		strv_add(&key, *name);
		if (!plan_is_desired(m, &key)) {
			buf_clear(&b);
			(void)plan_add_name(&b, &m->item->section);
			plan_explain(m->why, m->path,
			    "[%s] has \"%s\", which is not ours", buf_str(&b),
			    *name);
			r = -EEXIST;
		}
		strv_clear(&key);
	}
	toml_free(doc);
	buf_wipe(&b);
	return r;
}

static int
add_table(struct merge *m, const struct strv *key)
{
	struct strv table = STRV_INIT;
	enum toml_edit_made made;
	struct toml_error err;
	size_t i;
	int r;

	if (key->len < 2)
		return 0;
	for (i = 0; i + 1 < key->len; i++)
		strv_add(&table, key->v[i]);
	r = toml_edit_add_table(&m->text, path_of(&table), &made, &err);
	if (r != 0)
		r = refuse(m, r, &err);
	else if (made != TOML_EDIT_NOTHING)
		trace_set(m->is, table.v, NULL,
		    made == TOML_EDIT_BLANK_AND_TABLE);
	strv_clear(&table);
	return r;
}

static int
set_key(struct merge *m, const struct desired_key *key)
{
	char now[TRACE_HASH_LEN + 1];
	char want[TRACE_HASH_LEN + 1];
	struct toml_error err;
	struct trace_key *is;
	bool is_there;
	int r;

	r = hash_value(&key->value, want);
	if (r != 0)
		return r;
	r = hash_now(m, &key->path, now);
	if (r == 0 && strcmp(now, want) == 0) {
		if (plan_is_ours(m, &key->path, now))
			trace_set(m->is, key->path.v, want, false);
		return 0;
	}
	is_there = r == 0;
	if (is_there && !plan_is_ours(m, &key->path, now))
		return plan_keep(m, key);
	if (r == -ENOENT)
		r = add_table(m, &key->path);
	if (r != 0)
		return r;
	r = toml_edit_set(&m->text, path_of(&key->path), buf_str(&key->value),
	    &err);
	if (r != 0)
		return refuse(m, r, &err);
	is = trace_set(m->is, key->path.v, want, false);
	if (is_there)
		memcpy(is->other, now, sizeof(now));
	return 0;
}

/* The tables that are ours and have all keys already are ours still. */
static void
keep_tables(struct merge *m)
{
	const struct trace_key *table;
	size_t i;

	for (i = 0; m->was != NULL && i < m->was->count; i++) {
		table = &m->was->keys[i];
		if (table->hash[0] == '\0' &&
		    is_table_desired(m, &table->path) &&
		    trace_find(m->is, table->path.v) == NULL)
			trace_set(m->is, table->path.v, NULL, table->has_blank);
	}
}

/* All that is in the way is told at once. */
static int
set_keys(struct merge *m)
{
	int first;
	size_t i;
	int r;

	first = check_forbidden(m);
	if (first != 0 && first != -EEXIST)
		return first;
	for (i = 0; i < m->item->count; i++) {
		r = set_key(m, &m->item->keys[i]);
		if (r != 0 && r != -EEXIST)
			return r;
		if (first == 0)
			first = r;
	}
	return first;
}

int
plan_merge_toml(struct merge *m)
{
	int r;

	r = remove_keys(m);
	if (r == 0 && m->item != NULL)
		r = set_keys(m);
	if (r == 0)
		r = remove_tables(m);
	if (r == 0)
		keep_tables(m);
	return r;
}
