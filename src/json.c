/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <jansson.h>

#include "json.h"
#include "mem.h"
#include "wipe.h"

struct json {
	json_t *object;
};

int
json_parse(const char *text, size_t len, struct json **ret_json)
{
	json_t *object;

	if (len > JSON_MAX_SIZE)
		return -EMSGSIZE;
	json_set_alloc_funcs(wipe_malloc, wipe_free);
	/* no json_error_t: it would quote the text */
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return -EBADMSG;
	}
	*ret_json = xcalloc(1, sizeof(**ret_json));
	(*ret_json)->object = object;
	return 0;
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	json_decref(j->object);
	freezero(j, sizeof(*j));
}

const char *
json_text(const struct json *j, const char *name)
{
	return json_string_value(json_object_get(j->object, name));
}

bool
json_flag(const struct json *j, const char *name)
{
	return json_is_true(json_object_get(j->object, name));
}

int
json_object_of(const struct json *j, const char *name, struct json **ret_json)
{
	json_t *object = json_object_get(j->object, name);

	if (!json_is_object(object))
		return -ENOENT;
	*ret_json = xcalloc(1, sizeof(**ret_json));
	(*ret_json)->object = json_incref(object);
	return 0;
}

void
json_each(const struct json *j, const char *name,
    void (*fn)(void *ctx, const struct json *element), void *ctx)
{
	json_t *array = json_object_get(j->object, name);
	struct json element;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		element.object = json_array_get(array, i);
		if (json_is_object(element.object))
			fn(ctx, &element);
	}
}

int
json_number(const struct json *j, const char *name, int64_t *ret_n)
{
	const json_t *value = json_object_get(j->object, name);

	if (value == NULL || json_is_null(value))
		return -ENOENT;
	if (!json_is_integer(value))
		return -EBADMSG;
	*ret_n = json_integer_value(value);
	return 0;
}
