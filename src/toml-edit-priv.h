/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the toml-edit module share: a change on its way.  The
 * document before it is parsed; the functions below only note what to cut and
 * what to put there, and toml-edit.c does it, and checks what came of it.
 */
#ifndef TOML_EDIT_PRIV_H
#define TOML_EDIT_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "toml-edit.h"
#include "toml-tree.h"

/* A comma in one place and a line in another are the most there is to do. */
#define TOML_EDIT_SPLICES 2

/* CUT bytes at AT give way to TEXT. */
struct toml_splice {
	size_t at;
	size_t cut;
	struct buf text;
};

struct toml_edit {
	struct toml *doc;
	const char *text; /* that of DOC */
	size_t len;
	size_t start; /* of what is not byte order mark */
	const char *const *path;
	const char *value;            /* to set or to insert, */
	struct toml *value_doc;       /* "x = " before it, */
	const struct toml_node *want; /* and what it is */
	size_t index;                 /* of an element */
	struct toml_splice splices[TOML_EDIT_SPLICES]; /* AT rises */
	size_t count;
	struct toml_error *error;
};

/* Note why it cannot be done, at offset AT of the text.  Returns R. */
int toml_edit_refuse(struct toml_edit *e, int r, size_t at, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/* Note a splice; what is to be there is added to the buffer returned. */
struct buf *toml_edit_splice(struct toml_edit *e, size_t at, size_t cut);

/* The line end that a new line before offset AT gets: as the line above it, or
 * as the first of the text. */
const char *toml_edit_newline(const struct toml_edit *e, size_t at);

/* The offset after the blanks at AT, and that of the blanks that end there. */
size_t toml_edit_after_blank(const struct toml_edit *e, size_t at);
size_t toml_edit_before_blank(const struct toml_edit *e, size_t at);

/* The offset after SPAN. */
size_t toml_edit_end(struct toml_span span);

/* Statements and inline tables: toml-edit-line.c */

/* Add KEY = VALUE to TABLE, which has no such key. */
int toml_edit_put_pair(struct toml_edit *e, const struct toml_node *table,
    const char *key, const char *value);

/* Remove the statement or the part of an inline table that made NODE, whose
 * pair is not empty. */
void toml_edit_cut_pair(struct toml_edit *e, const struct toml_node *node);

/* Whether what is added to TABLE must be written in an inline table. */
bool
toml_edit_is_inline(const struct toml_edit *e, const struct toml_node *table);

/* Add a header for the path. */
int toml_edit_put_header(struct toml_edit *e, enum toml_edit_made *ret_made);

/* Remove the header of TABLE, and the blank line above if WITH_BLANK. */
int toml_edit_cut_header(struct toml_edit *e, const struct toml_node *table,
    bool with_blank);

/* Elements of an array that is a value: toml-edit-array.c.  The index is that
 * of E, and in range. */
int toml_edit_put_element(struct toml_edit *e, const struct toml_node *array);
void toml_edit_cut_element(struct toml_edit *e, const struct toml_node *array);

/* Comparison of trees by what they mean: toml-edit-same.c */

/*
 * Whether the tables A and B are the same but for what PATH leads to, and for
 * tables on the way that have nothing else in them.  NULL is a table that is
 * not there.
 */
bool toml_edit_same_but(const struct toml_node *a, const struct toml_node *b,
    const char *const *path);

/* Whether the array MORE is LESS and one element at INDEX. */
bool toml_edit_same_elements(const struct toml_node *less,
    const struct toml_node *more, size_t index);

#endif
