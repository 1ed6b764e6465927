/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Merging into a JSON file that others write as well: members of its root.
 */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "jsonedit.h"
#include "plan-priv.h"

static int
refuse(const struct merge *m, int r)
{
	plan_explain(m->why, m->path, "%s",
	    r == -EMSGSIZE ? "it is too long" : "it is no JSON object");
	return r == -EMSGSIZE ? r : -EBADMSG;
}

/* The hash of a value, however it is written. */
static int
hash_text(const char *text, struct jsonedit_span span,
    char ret[TRACE_HASH_LEN + 1])
{
	struct buf b = BUF_INIT(PLACE_MAX_CONTENT);
	int r;

	r = jsonedit_canonical(text, span, &b);
	/* objects and arrays are as they are written */
	if (r == -EINVAL)
		r = buf_add(&b, text + span.at, span.len);
	if (r == 0)
		r = trace_hash(buf_str(&b), b.len, ret);
	buf_wipe(&b);
	return r;
}

/* The hash of the member NAME now.  Returns 0, -ENOENT, or an error. */
static int
hash_now(const struct merge *m, const char *name, char ret[TRACE_HASH_LEN + 1])
{
	struct jsonedit_span span;
	int r;

	r = jsonedit_find(buf_str(&m->text), m->text.len, name, &span);
	if (r == -ENOENT)
		return r;
	if (r == 0)
		r = hash_text(buf_str(&m->text), span, ret);
	return r != 0 ? refuse(m, r) : 0;
}

static int
remove_member(struct merge *m, const struct trace_key *key)
{
	char hash[TRACE_HASH_LEN + 1];
	int r;

	r = hash_now(m, key->path.v[0], hash);
	if (r == -ENOENT)
		return 0;
	if (r != 0)
		return r;
	if (!trace_key_is(key, hash)) {
		plan_note(m->notes, m->path, "%s was changed since; it stays",
		    key->path.v[0]);
		return 0;
	}
	r = jsonedit_remove(&m->text, key->path.v[0]);
	return r != 0 ? refuse(m, r) : 0;
}

static int
set_member(struct merge *m, const struct desired_key *key)
{
	const struct jsonedit_span all = { 0, key->value.len };
	char now[TRACE_HASH_LEN + 1];
	char want[TRACE_HASH_LEN + 1];
	struct trace_key *is;
	bool is_there;
	int r;

	r = hash_text(buf_str(&key->value), all, want);
	if (r != 0)
		return refuse(m, r);
	r = hash_now(m, key->path.v[0], now);
	if (r == 0 && strcmp(now, want) == 0) {
		if (plan_is_ours(m, &key->path, now))
			trace_set(m->is, key->path.v, want, false);
		return 0;
	}
	if (r != 0 && r != -ENOENT)
		return r;
	is_there = r == 0;
	if (is_there && !plan_is_ours(m, &key->path, now))
		return plan_keep(m, key);
	r = jsonedit_set(&m->text, key->path.v[0], buf_str(&key->value));
	if (r != 0)
		return refuse(m, r);
	is = trace_set(m->is, key->path.v, want, false);
	if (is_there)
		memcpy(is->other, now, sizeof(now));
	return 0;
}

/* What a file of ours looks like before and after its members. */
#define EMPTY "{\n}\n"

int
plan_merge_json(struct merge *m)
{
	size_t i;
	int r = 0;

	/* it is gone, and so is what was ours in it */
	if (m->text.len == 0 && m->item == NULL)
		return 0;
	if (m->text.len == 0)
		r = buf_adds(&m->text, EMPTY);
	for (i = 0; r == 0 && m->was != NULL && i < m->was->count; i++)
		if (!plan_is_desired(m, &m->was->keys[i].path))
			r = remove_member(m, &m->was->keys[i]);
	for (i = 0; r == 0 && m->item != NULL && i < m->item->count; i++)
		r = set_member(m, &m->item->keys[i]);
	if (r == 0 && m->is->count == 0 && (m->is->made || m->is->was_empty) &&
	    strcmp(buf_str(&m->text), EMPTY) == 0)
		buf_clear(&m->text);
	return r;
}
