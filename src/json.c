/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include <jansson.h>

#include "esc.h"
#include "json.h"
#include "mem.h"
#include "wipe.h"

#define MAX_SHOWN 64 /* bytes of a name in a message */

struct json {
	json_t *object;
};

/* ERROR, unless NULL, quotes the text: it is to be wiped. */
static int
parse(const char *text, size_t len, size_t max, json_error_t *error,
    struct json **ret_json)
{
	json_t *object;

	if (len > max)
		return -EMSGSIZE;
	json_set_alloc_funcs(wipe_malloc, wipe_free);
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, error);
	if (!json_is_object(object)) {
		json_decref(object);
		return -EBADMSG;
	}
	*ret_json = xcalloc(1, sizeof(**ret_json));
	(*ret_json)->object = object;
	return 0;
}

int
json_parse(const char *text, size_t len, struct json **ret_json)
{
	return parse(text, len, JSON_MAX_SIZE, NULL, ret_json);
}

/* Append the name that ends at END of TEXT, before its quote; what jansson
 * itself says of it is cut to less than our longest name. */
static void
add_name(const char *text, size_t end, struct buf *why)
{
	size_t start = end;

	while (start > 0 && text[start - 1] != '"')
		start--;
	(void)buf_adds(why, "member \"");
	(void)esc_visible(why, text + start,
	    end - start < MAX_SHOWN ? end - start : MAX_SHOWN);
	(void)buf_adds(why, "\" is there twice");
}

int
json_parse_long(const char *text, size_t len, size_t max, struct buf *why,
    struct json **ret_json)
{
	json_error_t error = { .position = 0 };
	size_t at;
	int r;

	r = parse(text, len, max, &error, ret_json);
	at = error.position > 0 ? (size_t)error.position : 0;
	if (r == -EMSGSIZE)
		(void)buf_addf(why, "longer than %zu bytes", max);
	else if (r != 0 && error.text[0] == '\0')
		(void)buf_adds(why, "no JSON object");
	else if (r != 0 &&
	    json_error_code(&error) == json_error_duplicate_key && at <= len &&
	    at > 0 && text[at - 1] == '"')
		add_name(text, at - 1, why);
	else if (r != 0)
		(void)buf_addf(why, "no JSON object: line %d, column %d",
		    error.line, error.column);
	mem_wipe(&error, sizeof(error));
	return r;
}

int
json_parse_or_say(const char *text, size_t len, struct buf *why,
    struct json **ret_json)
{
	return json_parse_long(text, len, JSON_MAX_SIZE, why, ret_json);
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

enum json_kind
json_kind(const struct json *j, const char *name)
{
	static const enum json_kind kinds[] = {
		[JSON_OBJECT] = JSON_KIND_OBJECT,
		[JSON_ARRAY] = JSON_KIND_LIST,
		[JSON_STRING] = JSON_KIND_TEXT,
		[JSON_INTEGER] = JSON_KIND_INTEGER,
		[JSON_REAL] = JSON_KIND_REAL,
		[JSON_TRUE] = JSON_KIND_FLAG,
		[JSON_FALSE] = JSON_KIND_FLAG,
		[JSON_NULL] = JSON_KIND_NULL,
	};
	const json_t *value = json_object_get(j->object, name);

	return value == NULL ? JSON_KIND_NONE : kinds[json_typeof(value)];
}

const char *
json_unknown(const struct json *j, const char *const *names, size_t count)
{
	void *at = json_object_iter(j->object);
	const char *name;
	size_t i;

	for (; at != NULL; at = json_object_iter_next(j->object, at)) {
		name = json_object_iter_key(at);
		for (i = 0; i < count; i++)
			if (strcmp(name, names[i]) == 0)
				break;
		if (i == count)
			return name;
	}
	return NULL;
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
json_walk(const struct json *j, const char *name,
    int (*fn)(void *ctx, size_t index, const struct json *element), void *ctx)
{
	json_t *array = json_object_get(j->object, name);
	struct json element;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < json_array_size(array); i++) {
		element.object = json_array_get(array, i);
		r = json_is_object(element.object) ? fn(ctx, i, &element) :
						     -EBADMSG;
	}
	return r;
}

int
json_members(const struct json *j, const char *name,
    int (*fn)(void *ctx, const char *key, const struct json *value), void *ctx)
{
	json_t *object = json_object_get(j->object, name);
	void *at = json_object_iter(object);
	struct json value;
	int r = 0;

	for (; r == 0 && at != NULL; at = json_object_iter_next(object, at)) {
		value.object = json_object_iter_value(at);
		r = fn(ctx, json_object_iter_key(at),
		    json_is_object(value.object) ? &value : NULL);
	}
	return r;
}

int
json_texts(const struct json *j, const char *name, struct strv *sv)
{
	const json_t *array = json_object_get(j->object, name);
	size_t i;

	for (i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return -EBADMSG;
	for (i = 0; i < json_array_size(array); i++)
		strv_add(sv, json_string_value(json_array_get(array, i)));
	return 0;
}

size_t
json_count(const struct json *j, const char *name)
{
	return json_array_size(json_object_get(j->object, name));
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
