/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes of a JSON text (RFC 8259), one object, that leave every other byte
 * of it as it was: order, blanks, line ends, a byte order mark, escapes.
 *
 *	r = jsonedit_set(&text, "theme", "\"dark\"");
 *	...
 *	r = jsonedit_remove(&text, "theme");
 *
 * What was added and is removed again leaves the text as it was, in whichever
 * order the members go, and also when others were changed in between.  An
 * object without members keeps its blanks that way, too.
 *
 * Only members of the object that is the text are changed.  Names are given
 * decoded, and compared so: "\u0061" is "a".  TEXT is changed in place and
 * stays below its maximum.  All functions return 0; otherwise nothing is
 * changed, and the result is
 *
 *	-EBADMSG	TEXT is no JSON object, or NAME comes twice in it
 *	-ENOENT		NAME is not there
 *	-EINVAL		NAME is not UTF-8, or VALUE is not one JSON value
 *	-EMSGSIZE	the limits of jsonscan.h, or the maximum of TEXT
 */
#ifndef JSONEDIT_H
#define JSONEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* Bytes AT to AT + LEN of a text. */
struct jsonedit_span {
	size_t at;
	size_t len;
};

/* Where the value of the member NAME is. */
int jsonedit_find(const char *text, size_t len, const char *name,
    struct jsonedit_span *ret_value);

/*
 * Give the member NAME the VALUE: JSON, and nothing around it.  A scalar that
 * is the same, however it is written, stays as it is; another value is
 * replaced where it stands.  A new member comes last, on a line of its own
 * where the one before it has one, indented like that.
 */
int jsonedit_set(struct buf *text, const char *name, const char *value);

/* Remove the member NAME. */
int jsonedit_remove(struct buf *text, const char *name);

/* Whether the value at SPAN is the scalar VALUE, given as JSON.  Strings are
 * compared decoded, others as they are written.  False for objects, arrays and
 * what is no JSON. */
bool
jsonedit_same(const char *text, struct jsonedit_span span, const char *value);

/* Append the scalar at SPAN in a form that is the same for all that
 * jsonedit_same() calls the same, for hashing.  Returns 0, -EMSGSIZE when it
 * does not fit, or -EINVAL for anything else than a scalar. */
int jsonedit_canonical(const char *text, struct jsonedit_span span,
    struct buf *ret);

#endif
