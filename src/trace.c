/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "place.h"
#include "trace.h"

static const char *const kinds[] = {
	[TRACE_DIRECTORY] = "directory",
	[TRACE_FILE] = "file",
	[TRACE_TOML] = "toml",
	[TRACE_JSON] = "json",
};

struct trace *
traces_find(const struct traces *t, const char *path)
{
	size_t i;

	for (i = 0; i < t->len; i++)
		if (strcmp(t->v[i].path, path) == 0)
			return &t->v[i];
	return NULL;
}

struct trace *
traces_add(struct traces *t, enum trace_kind kind, const char *path)
{
	struct trace *one = traces_find(t, path);

	if (one == NULL) {
		t->v = xreallocarray(t->v, t->len + 1, sizeof(*t->v));
		one = &t->v[t->len++];
		*one = (struct trace){ .path = xstrdup(path) };
	}
	one->kind = kind;
	return one;
}

static bool
same_path(const struct strv *a, char *const *b)
{
	size_t i;

	for (i = 0; i < a->len; i++)
		if (b[i] == NULL || strcmp(a->v[i], b[i]) != 0)
			return false;
	return b[i] == NULL;
}

struct trace_key *
trace_find(const struct trace *t, char *const *path)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (same_path(&t->keys[i].path, path))
			return &t->keys[i];
	return NULL;
}

struct trace_key *
trace_set(struct trace *t, char *const *path, const char *hash, bool has_blank)
{
	struct trace_key *key = trace_find(t, path);
	size_t i;

	if (key == NULL) {
		t->keys = xreallocarray(t->keys, t->count + 1,
		    sizeof(*t->keys));
		key = &t->keys[t->count++];
		*key = (struct trace_key){ .path = STRV_INIT };
		for (i = 0; path[i] != NULL; i++)
			strv_add(&key->path, path[i]);
	}
	memset(key->hash, 0, sizeof(key->hash));
	if (hash != NULL)
		memcpy(key->hash, hash, TRACE_HASH_LEN);
	key->has_blank = has_blank;
	return key;
}

bool
trace_is(const struct trace *t, const char *hash)
{
	return strcmp(t->hash, hash) == 0 ||
	    (t->other[0] != '\0' && strcmp(t->other, hash) == 0);
}

bool
trace_key_is(const struct trace_key *key, const char *hash)
{
	return strcmp(key->hash, hash) == 0 ||
	    (key->other[0] != '\0' && strcmp(key->other, hash) == 0);
}

int
trace_hash(const void *data, size_t len, char ret[TRACE_HASH_LEN + 1])
{
	unsigned char hash[CRYPT_SHA256_SIZE];
	int r;

	r = crypt_sha256(data, len, hash);
	if (r == 0)
		hex_write(hash, sizeof(hash), ret);
	return r;
}

/* --- as JSON -------------------------------------------------------------- */

static void
format_key(const struct trace_key *key, struct jsonout *j)
{
	jsonout_begin(j, NULL);
	jsonout_put(j, "{");
	jsonout_texts(j, "path", &key->path);
	if (key->hash[0] != '\0')
		jsonout_text(j, "sha256", key->hash);
	if (key->other[0] != '\0')
		jsonout_text(j, "other_sha256", key->other);
	if (key->has_blank)
		jsonout_flag(j, "blank", true);
	jsonout_put(j, "}");
}

static void
format_trace(const struct trace *t, struct jsonout *j)
{
	size_t i;

	jsonout_begin(j, NULL);
	jsonout_put(j, "{");
	jsonout_text(j, "kind", kinds[t->kind]);
	jsonout_text(j, "path", t->path);
	jsonout_flag(j, "made", t->made);
	if (!t->made) {
		jsonout_number(j, "old_mode", t->old_mode);
		jsonout_number(j, "mode", t->mode);
	}
	if (t->was_empty)
		jsonout_flag(j, "was_empty", true);
	if (t->may_be_cut)
		jsonout_flag(j, "may_be_cut", true);
	if (t->hash[0] != '\0')
		jsonout_text(j, "sha256", t->hash);
	if (t->other[0] != '\0')
		jsonout_text(j, "other_sha256", t->other);
	jsonout_begin(j, "members");
	jsonout_put(j, "[");
	for (i = 0; i < t->count; i++)
		format_key(&t->keys[i], j);
	jsonout_put(j, "]}");
}

void
traces_format(const struct traces *t, const char *name, struct jsonout *j)
{
	size_t i;

	jsonout_begin(j, name);
	jsonout_put(j, "[");
	for (i = 0; i < t->len; i++)
		format_trace(&t->v[i], j);
	jsonout_put(j, "]");
}

/* Take the hash NAME of the object J, if it has one. */
static int
parse_hash(const struct json *j, const char *name, char ret[TRACE_HASH_LEN + 1])
{
	const char *text = json_text(j, name);

	memset(ret, 0, TRACE_HASH_LEN + 1);
	if (text == NULL)
		return 0;
	if (!hex_is(text, TRACE_HASH_LEN))
		return -EBADMSG;
	memcpy(ret, text, TRACE_HASH_LEN);
	return 0;
}

static int
parse_key(void *ctx, size_t index, const struct json *j)
{
	struct trace *t = ctx;
	struct strv path = STRV_INIT;
	char hash[TRACE_HASH_LEN + 1];
	char other[TRACE_HASH_LEN + 1];
	struct trace_key *key;
	int r;

	if (index >= TRACE_MAX_KEYS)
		return -EMSGSIZE;
	r = json_texts(j, "path", &path);
	if (r == 0 && path.len == 0)
		r = -EBADMSG;
	if (r == 0)
		r = parse_hash(j, "sha256", hash);
	if (r == 0)
		r = parse_hash(j, "other_sha256", other);
	if (r == 0) {
		key = trace_set(t, path.v, hash[0] != '\0' ? hash : NULL,
		    json_flag(j, "blank"));
		memcpy(key->other, other, sizeof(other));
	}
	strv_clear(&path);
	return r;
}

static int
parse_kind(const struct json *j, enum trace_kind *ret_kind)
{
	const char *name = json_text(j, "kind");
	size_t i;

	for (i = 0; name != NULL && i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i], name) == 0) {
			*ret_kind = (enum trace_kind)i;
			return 0;
		}
	}
	return -EBADMSG;
}

/* The mode NAME of a trace that has one. */
static int
parse_mode(const struct json *j, const char *name, mode_t *ret)
{
	int64_t mode;

	if (json_number(j, name, &mode) != 0 || mode < 0 || mode > 07777)
		return -EBADMSG;
	*ret = (mode_t)mode;
	return 0;
}

static int
parse_trace(void *ctx, size_t index, const struct json *j)
{
	struct traces *traces = ctx;
	const char *path = json_text(j, "path");
	enum trace_kind kind;
	struct trace *t;
	int r;

	if (index >= PLACE_MAX)
		return -EMSGSIZE;
	r = parse_kind(j, &kind);
	if (r != 0)
		return r;
	if (path == NULL || !place_is_path(path) ||
	    traces_find(traces, path) != NULL)
		return -EBADMSG;
	t = traces_add(traces, kind, path);
	t->made = json_flag(j, "made");
	t->was_empty = json_flag(j, "was_empty");
	t->may_be_cut = json_flag(j, "may_be_cut");
	if (!t->made)
		r = parse_mode(j, "old_mode", &t->old_mode);
	if (r == 0 && !t->made)
		r = parse_mode(j, "mode", &t->mode);
	if (r == 0)
		r = parse_hash(j, "sha256", t->hash);
	if (r == 0)
		r = parse_hash(j, "other_sha256", t->other);
	return r != 0 ? r : json_walk(j, "members", parse_key, t);
}

int
traces_parse(const struct json *j, const char *name, struct traces *ret_traces)
{
	return json_walk(j, name, parse_trace, ret_traces);
}

/* --- memory --------------------------------------------------------------- */

/* Keep the hash of FORMER, or the other one that was kept with it. */
static void
keep_other(char other[TRACE_HASH_LEN + 1], const char *hash, const char *former,
    const char *former_other)
{
	if (other[0] == '\0')
		memcpy(other, strcmp(hash, former) != 0 ? former : former_other,
		    TRACE_HASH_LEN + 1);
}

/* Add the members of FROM that TO does not have; remember the hash of those
 * that it has with another. */
static void
add_members(struct trace *to, const struct trace *from)
{
	const struct trace_key *key;
	struct trace_key *mine;
	size_t i;

	for (i = 0; i < from->count; i++) {
		key = &from->keys[i];
		mine = trace_find(to, key->path.v);
		if (mine == NULL) {
			mine = trace_set(to, key->path.v,
			    key->hash[0] != '\0' ? key->hash : NULL,
			    key->has_blank);
			memcpy(mine->other, key->other, sizeof(key->other));
		} else {
			keep_other(mine->other, mine->hash, key->hash,
			    key->other);
		}
	}
}

/* All of FROM but path and members. */
static void
copy(struct trace *to, const struct trace *from)
{
	to->made = from->made;
	to->old_mode = from->old_mode;
	to->mode = from->mode;
	to->was_empty = from->was_empty;
	to->may_be_cut = from->may_be_cut;
	memcpy(to->hash, from->hash, sizeof(to->hash));
	memcpy(to->other, from->other, sizeof(to->other));
}

void
traces_add_former(struct traces *t, const struct traces *former)
{
	const struct trace *from;
	struct trace *to;
	size_t i;

	for (i = 0; i < former->len; i++) {
		from = &former->v[i];
		to = traces_find(t, from->path);
		if (to == NULL) {
			to = traces_add(t, from->kind, from->path);
			copy(to, from);
		} else {
			keep_other(to->other, to->hash, from->hash,
			    from->other);
		}
		add_members(to, from);
	}
}

void
traces_arrive(struct traces *t)
{
	size_t i;
	size_t k;

	for (i = 0; i < t->len; i++) {
		t->v[i].other[0] = '\0';
		t->v[i].may_be_cut = false;
		for (k = 0; k < t->v[i].count; k++)
			t->v[i].keys[k].other[0] = '\0';
	}
}

static void
clear(struct trace *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		strv_clear(&t->keys[i].path);
	free(t->keys);
	free(t->path);
}

void
traces_drop(struct traces *t, size_t i)
{
	clear(&t->v[i]);
	memmove(&t->v[i], &t->v[i + 1], (t->len - i - 1) * sizeof(*t->v));
	t->len--;
}

void
traces_clear(struct traces *t)
{
	size_t i;

	for (i = 0; i < t->len; i++)
		clear(&t->v[i]);
	free(t->v);
	*t = (struct traces)TRACES_INIT;
}
