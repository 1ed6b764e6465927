/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON objects from servers (RFC 8259), read through jansson: duplicate names,
 * escaped NULs and trailing text are refused, size is limited by us and depth
 * by jansson (2048 levels), and all memory is wiped when it is freed.
 *
 * The names differ from jansson's on purpose: it exports json_string() and
 * json_integer(), and ours would take their place inside the library.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_SIZE 65536

struct json;

/* Parse LEN bytes that must hold one object and nothing else.  -EBADMSG when
 * they do not, -EMSGSIZE above JSON_MAX_SIZE.  The caller frees with
 * json_free(). */
int json_parse(const char *text, size_t len, struct json **ret_json);

/* Wipe and free; NULL is fine. */
void json_free(struct json *j);

/* The string member NAME, or NULL when it is absent, null or no string; valid
 * until json_free(). */
const char *json_text(const struct json *j, const char *name);

/* Whether the member NAME is true. */
bool json_flag(const struct json *j, const char *name);

/* The object member NAME, on its own: the caller frees *RET_JSON, before or
 * after J.  -ENOENT when it is absent or no object. */
int
json_object_of(const struct json *j, const char *name, struct json **ret_json);

/* Call FN for each object in the array member NAME; there may be none. */
void json_each(const struct json *j, const char *name,
    void (*fn)(void *ctx, const struct json *element), void *ctx);

/* The integer member NAME; -ENOENT when absent or null, -EBADMSG when it is no
 * integer. */
int json_number(const struct json *j, const char *name, int64_t *ret_n);

#endif
