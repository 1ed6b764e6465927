/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TOML 1.0.0 (https://toml.io/en/v1.0.0), read only: connections.toml and its
 * like.
 *
 *	r = toml_parse(text, len, &err, &doc);
 *	node = toml_get(toml_root(doc), "default");
 *	r = toml_string(toml_get(node, "account"), &account, NULL);
 *	...
 *	toml_free(doc);
 *
 * A document keeps a copy of its text; every node knows which bytes of it are
 * its key, its value and its statement, so that nothing of the file is lost
 * and an editor can change one value and leave the rest as it was.  The copy
 * and all decoded strings are wiped by toml_free(); until then every pointer
 * that a getter hands out stays valid.
 *
 * Hostile text costs bounded memory and O(n log n) time.  Error texts quote
 * keys, never values.  LC_NUMERIC must be the C locale, which our programs
 * never leave.
 */
#ifndef TOML_H
#define TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define TOML_MAX        1048576 /* bytes of a document */
#define TOML_MAX_DEPTH  128     /* tables and arrays within each other */
#define TOML_MAX_NODES  262144  /* values, tables and arrays */
#define TOML_MAX_REASON 160     /* bytes of an error text with its NUL */

enum toml_kind {
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOL,
	TOML_DATETIME,
	TOML_DATETIME_LOCAL,
	TOML_DATE,
	TOML_TIME,
	TOML_ARRAY,
	TOML_TABLE,
	TOML_KIND_COUNT
};

struct toml;
struct toml_node;

/* Where a document is wrong.  Both count from 1; columns are code points. */
struct toml_error {
	size_t line;
	size_t column;
	char reason[TOML_MAX_REASON];
};

/* Bytes AT to AT + LEN of the text. */
struct toml_span {
	uint32_t at;
	uint32_t len;
};

/*
 * Parse LEN bytes.  Returns 0; -EBADMSG when they are not TOML, -EMSGSIZE when
 * they pass one of the limits above, both with ERR filled in.  The caller
 * frees the document with toml_free().
 */
int toml_parse(const char *text, size_t len, struct toml_error *ret_err,
    struct toml **ret_doc);

/* The same for people: what is wrong, "LINE:COLUMN: reason", goes to WHY. */
int toml_parse_why(const char *text, size_t len, struct toml **ret_doc,
    struct buf *why);

/* Wipe and free; NULL is fine. */
void toml_free(struct toml *doc);

/* The table that everything is in. */
const struct toml_node *toml_root(const struct toml *doc);

/* The text as it was given, byte order mark and all. */
const char *toml_text(const struct toml *doc, size_t *ret_len);

/* The member NAME of TABLE; NULL when there is none, and when TABLE is NULL or
 * is no table, so that calls can be chained. */
const struct toml_node *
toml_get(const struct toml_node *table, const char *name);

/*
 * The members of a table in the order in which the file mentions them first,
 * or the elements of an array.  NULL at the end, for NULL, and for a node that
 * has none.
 */
const struct toml_node *toml_first(const struct toml_node *node);
const struct toml_node *toml_next(const struct toml_node *node);
size_t toml_count(const struct toml_node *node);

/* What a node is. */
enum toml_kind toml_kind(const struct toml_node *node);

/* A kind by the name that toml-test gives it: "string", "date-local", ... */
const char *toml_kind_name(enum toml_kind kind);

/* The decoded name of a member, NUL-terminated; "" for the root and for an
 * element.  A quoted name may hold NUL bytes: RET_LEN, unless NULL, tells. */
const char *toml_key(const struct toml_node *node, size_t *ret_len);

/* The line, from 1, where the value or the table is written. */
size_t toml_line(const struct toml_node *node);

/*
 * The value of a node of the kind that is asked for.  Each returns 0, -ENOENT
 * when NODE is NULL, or -EBADMSG when it is of another kind.
 *
 * Strings are NUL-terminated.  They may hold NUL bytes as well ("\u0000"),
 * which are refused with -EBADMSG when RET_LEN is NULL.
 */
int
toml_string(const struct toml_node *node, const char **ret_s, size_t *ret_len);
int toml_int(const struct toml_node *node, int64_t *ret_n);
int toml_float(const struct toml_node *node, double *ret_d);
int toml_bool(const struct toml_node *node, bool *ret_b);

/* Dates and times of all four kinds, in the form of RFC 3339 with "T" and "Z",
 * the fraction cut after nanoseconds and the offset as it was written. */
int toml_datetime(const struct toml_node *node, const char **ret_s);

/*
 * Where a node is in the text.  The key is the last part of a dotted one with
 * its quotes.  The value of a table or array that consists of statements of
 * its own, and the key of an element or of the root, are empty.  The statement
 * is what the node was made by, whole lines: a header, or a key and its value
 * with the comment after it; that of the root is empty.
 */
struct toml_span toml_key_span(const struct toml_node *node);
struct toml_span toml_value_span(const struct toml_node *node);
struct toml_span toml_statement_span(const struct toml_node *node);

/* Line and column of the byte AT of the text, at most its length: as in struct
 * toml_error, for those who check what the values mean. */
void toml_place(const struct toml *doc, size_t at, size_t *ret_line,
    size_t *ret_column);

#endif
