/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes of a TOML text that leave every other byte of it as it was:
 * comments, blank lines, order, line ends, a byte order mark, a last line
 * without newline.
 *
 *	static const char *const table[] = { "connections", "dev", NULL };
 *	static const char *const key[] = { "connections", "dev", "user", NULL };
 *
 *	r = toml_edit_add_table(&text, table, &made, &err);
 *	r = toml_edit_set(&text, key, "\"JOE\"", &err);
 *	...
 *	r = toml_edit_remove(&text, key, &err);
 *	r = toml_edit_remove_table(&text, table, made, &err);
 *
 * What was added and is removed again leaves the text as it was, in whichever
 * order the keys go, and also when the rest was changed in between.  A table
 * is removed after its keys.
 *
 * TEXT is changed in place and stays below its maximum.  A path is the decoded
 * names from the root on, then NULL.  It leads through tables of each kind:
 * with a header, of dotted keys, inline; not through arrays, neither of values
 * nor of tables, whose elements have no name.
 *
 * Each change is read again and done only if the new text means the same but
 * for what was asked.  All functions return 0, and TEXT is as it was when there
 * was nothing to do.  Otherwise nothing is changed, RET_ERR tells why and where
 * in TEXT, and the result is
 *
 *	-EBADMSG	TEXT is not TOML
 *	-ENOENT		the key, its table or the element is not there
 *	-EINVAL		it cannot be done, or the arguments make no sense
 *	-EMSGSIZE	the limits of toml.h, or the maximum of TEXT
 *
 * Values are given as TOML: what may stand after "=", without comment.  See
 * toml-write.h for strings.
 */
#ifndef TOML_EDIT_H
#define TOML_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "toml.h"

/* What toml_edit_add_table() has added. */
enum toml_edit_made {
	TOML_EDIT_NOTHING,        /* the table was there */
	TOML_EDIT_TABLE,          /* a header, or an empty inline table */
	TOML_EDIT_BLANK_AND_TABLE /* a blank line and a header */
};

/*
 * Give the key at PATH the VALUE.  A value that is the same, however it is
 * written, stays as it is; another is replaced where it stands, the comment
 * beside it stays.  A new key comes after the last one of its table, which
 * must be there.  Refused where the name is that of a table that has a header
 * or dotted keys, or of an array of tables.
 */
int toml_edit_set(struct buf *text, const char *const *path, const char *value,
    struct toml_error *ret_err);

/* Remove the key at PATH, with its statement when that is one of its own.
 * Refused for the same kinds as above. */
int toml_edit_remove(struct buf *text, const char *const *path,
    struct toml_error *ret_err);

/*
 * Make the table at PATH if it is not there: a header at the end of the text,
 * after a blank line, or "= {}" where an inline table is above it.  RET_MADE is
 * for toml_edit_remove_table().
 */
int toml_edit_add_table(struct buf *text, const char *const *path,
    enum toml_edit_made *ret_made, struct toml_error *ret_err);

/*
 * Remove what MADE says that was made for the table at PATH, the blank line
 * only if it still is there.  Refused when there are keys behind the header,
 * or when it never had one; tables below it stay.
 */
int toml_edit_remove_table(struct buf *text, const char *const *path,
    enum toml_edit_made made, struct toml_error *ret_err);

/*
 * Insert VALUE before element INDEX, from 0, of the array at PATH, or at its
 * end when INDEX is the number of its elements.  It gets a line of its own
 * where the element beside it has one.
 */
int toml_edit_insert_element(struct buf *text, const char *const *path,
    size_t index, const char *value, struct toml_error *ret_err);

/* Remove element INDEX with its comma, and with its line and the comment there
 * when nothing else is on it. */
int toml_edit_remove_element(struct buf *text, const char *const *path,
    size_t index, struct toml_error *ret_err);

/* Whether two values or tables mean the same; the order of a table means
 * nothing. */
bool toml_edit_same(const struct toml_node *a, const struct toml_node *b);

#endif
