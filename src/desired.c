/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "desired.h"
#include "esc.h"
#include "mem.h"
#include "toml-write.h"

struct desired_item *
desired_find(const struct desired *d, const char *path)
{
	size_t i;

	for (i = 0; i < d->len; i++)
		if (strcmp(d->v[i].path, path) == 0)
			return &d->v[i];
	return NULL;
}

struct desired_item *
desired_add(struct desired *d, enum desired_kind kind, const char *path,
    mode_t mode)
{
	struct desired_item *item = desired_find(d, path);

	if (item != NULL)
		return item;
	d->v = xreallocarray(d->v, d->len + 1, sizeof(*d->v));
	item = &d->v[d->len++];
	*item = (struct desired_item){ .kind = kind,
		.path = xstrdup(path),
		.mode = mode,
		.uid = d->uid,
		.gid = d->gid,
		.content = BUF_INIT(PLACE_MAX_CONTENT),
		.section = STRV_INIT };
	return item;
}

static bool
same_path(const struct strv *a, const char *const *b)
{
	size_t i;

	for (i = 0; i < a->len; i++)
		if (b[i] == NULL || strcmp(a->v[i], b[i]) != 0)
			return false;
	return b[i] == NULL;
}

static struct desired_key *
find_key(const struct desired_item *item, const char *const *path)
{
	size_t i;

	for (i = 0; i < item->count; i++)
		if (same_path(&item->keys[i].path, path))
			return &item->keys[i];
	return NULL;
}

bool
desired_has(const struct desired_item *item, const char *const *path)
{
	return find_key(item, path) != NULL;
}

static struct desired_key *
add_key(struct desired_item *item, const char *const *path)
{
	struct desired_key *key = find_key(item, path);
	size_t i;

	if (key != NULL)
		return key;
	item->keys = xreallocarray(item->keys, item->count + 1,
	    sizeof(*item->keys));
	key = &item->keys[item->count++];
	*key = (struct desired_key){ .path = STRV_INIT,
		.value = BUF_INIT(DESIRED_MAX_VALUE) };
	for (i = 0; path[i] != NULL; i++)
		strv_add(&key->path, path[i]);
	return key;
}

int
desired_set_raw(struct desired_item *item, const char *const *path,
    const char *value, enum desired_rule rule)
{
	struct desired_key *key;

	if (value == NULL)
		return 0;
	key = add_key(item, path);
	key->rule = rule;
	buf_clear(&key->value);
	return buf_adds(&key->value, value);
}

int
desired_set_string(struct desired_item *item, const char *const *path,
    const char *value, enum desired_rule rule)
{
	struct buf b = BUF_INIT(DESIRED_MAX_VALUE);
	int r;

	if (value == NULL)
		return 0;
	if (item->kind != DESIRED_JSON)
		r = toml_write_string(&b, value);
	else
		r = esc_is_utf8(value) ? esc_json(&b, value, strlen(value)) :
					 -EINVAL;
	if (r == 0)
		r = desired_set_raw(item, path, buf_str(&b), rule);
	buf_wipe(&b);
	return r;
}

void
desired_wipe(struct desired *d)
{
	struct desired_item *item;
	size_t i;
	size_t k;

	for (i = 0; i < d->len; i++) {
		item = &d->v[i];
		for (k = 0; k < item->count; k++) {
			strv_clear(&item->keys[k].path);
			buf_wipe(&item->keys[k].value);
		}
		free(item->keys);
		free(item->path);
		strv_clear(&item->section);
		buf_wipe(&item->content);
	}
	free(d->v);
	*d = (struct desired)DESIRED_INIT;
}
