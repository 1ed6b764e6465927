/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON objects from servers (RFC 8259), read through jansson: duplicate names,
 * escaped NULs and trailing text are refused, size is limited by us and depth
 * by jansson (2048 levels), and all memory is wiped when it is freed.
 *
 * Two ways to read: what a server answers may have members that we do not know,
 * and json_text() and its like pass over what is not as it should be.  What is
 * ours to define is refused for any fault, by json_parse_or_say(), json_kind(),
 * json_unknown() and json_walk().
 *
 * The names differ from jansson's on purpose: it exports json_string() and
 * json_integer(), and ours would take their place inside the library.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "strv.h"

#define JSON_MAX_SIZE 131072

struct json;

enum json_kind {
	JSON_KIND_NONE, /* there is no such member */
	JSON_KIND_NULL,
	JSON_KIND_FLAG,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_LIST,
	JSON_KIND_OBJECT
};

/* Parse LEN bytes that must hold one object and nothing else.  -EBADMSG when
 * they do not, -EMSGSIZE above JSON_MAX_SIZE.  The caller frees with
 * json_free(). */
int json_parse(const char *text, size_t len, struct json **ret_json);

/*
 * The same with the fault appended to WHY: "member \"NAME\" is there twice", or
 * "no JSON object: line N, column N".  Of the text only such a name is told,
 * escaped and cut.
 */
int json_parse_or_say(const char *text, size_t len, struct buf *why,
    struct json **ret_json);

/* The same for what may have up to MAX bytes. */
int json_parse_long(const char *text, size_t len, size_t max, struct buf *why,
    struct json **ret_json);

/* Wipe and free; NULL is fine. */
void json_free(struct json *j);

/* What the member NAME is. */
enum json_kind json_kind(const struct json *j, const char *name);

/* A member that is none of the COUNT NAMES, or NULL; valid until
 * json_free(). */
const char *
json_unknown(const struct json *j, const char *const *names, size_t count);

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

/*
 * Call FN for each element of the array member NAME, until one returns other
 * than 0; INDEX counts from 0.  Returns what FN returned; 0, also when there is
 * no such array; -EBADMSG when an element is no object.
 */
int json_walk(const struct json *j, const char *name,
    int (*fn)(void *ctx, size_t index, const struct json *element), void *ctx);

/*
 * Call FN for each member of the object member NAME, in any order, until one
 * returns other than 0; VALUE is NULL when it is no object.  Returns what FN
 * returned; 0, also when there is no such object.
 */
int json_members(const struct json *j, const char *name,
    int (*fn)(void *ctx, const char *key, const struct json *value), void *ctx);

/* Append the strings of the array member NAME; there may be none.  -EBADMSG
 * when an element is no string, then nothing is appended. */
int json_texts(const struct json *j, const char *name, struct strv *sv);

/* How many elements the array member NAME has. */
size_t json_count(const struct json *j, const char *name);

/* The integer member NAME; -ENOENT when absent or null, -EBADMSG when it is no
 * integer. */
int json_number(const struct json *j, const char *name, int64_t *ret_n);

#endif
