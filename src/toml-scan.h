/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lexical half of toml.c: a cursor over the text, and the tokens of the
 * grammar (toml.abnf of TOML 1.0.0): blanks, comments, keys, strings and the
 * values that are written without quotes.  Internal to the toml module.
 *
 * Every function either returns 0 and has moved the cursor past what it read,
 * or fails with -EBADMSG and has filled in FAULT and REASON.
 *
 * Decoded text goes to OUT.  Its maximum is reserved in full beforehand, so
 * that it never moves, and suffices, because no token is shorter than what it
 * decodes to, NUL included, but the last one of the text.
 */
#ifndef TOML_SCAN_H
#define TOML_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "toml.h"

struct toml_scan {
	const char *text; /* NUL-terminated, valid UTF-8 */
	size_t len;
	size_t pos;
	struct buf *out;
	size_t fault; /* where the error is */
	char reason[TOML_MAX_REASON];
};

/* A decoded name or string, NUL-terminated, and where it was. */
struct toml_token {
	const char *s;
	size_t len;
	struct toml_span span;
};

/* A value that is no string, array or table. */
struct toml_scalar {
	enum toml_kind kind;
	union {
		int64_t integer;
		double number;
		bool truth;
		struct toml_token time;
	} u;
};

/* Note what is wrong at offset AT.  Returns -EBADMSG. */
int toml_scan_fail(struct toml_scan *s, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The byte at the cursor, -1 at the end of the text. */
int toml_scan_peek(const struct toml_scan *s);

/* Step over the byte C if it is the next one. */
bool toml_scan_take(struct toml_scan *s, char c);

/* Skip blanks and tabs. */
void toml_scan_blank(struct toml_scan *s);

/* Skip blanks, comments and newlines, as between the elements of an array. */
int toml_scan_gap(struct toml_scan *s);

/* Skip what may follow a statement: blanks, a comment, a newline or the end
 * of the text. */
int toml_scan_line_end(struct toml_scan *s);

/* One part of a dotted key. */
int toml_scan_key(struct toml_scan *s, struct toml_token *ret_key);

/* A string of any of the four forms; a quote is next. */
int toml_scan_string(struct toml_scan *s, struct toml_token *ret_string);

/* A boolean, a number, a date or a time.  In toml-scalar.c. */
int toml_scan_scalar(struct toml_scan *s, struct toml_scalar *ret_scalar);

#endif
