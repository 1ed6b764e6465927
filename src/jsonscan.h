/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON texts (RFC 8259), token by token and strictly, for those who must know
 * where something is in the text.  json.h reads values and needs a library.
 *
 *	jsonscan_begin(&s, text, len);
 *	r = jsonscan_next(&s, &token);
 *	while (r == 0 && token.kind != JSONSCAN_END)
 *		...
 *
 * A text is one value with blanks around it; a byte order mark before it is
 * passed over.  Refused are bytes that are not UTF-8 and escapes of half a
 * surrogate pair, which have no UTF-8; names may come twice.  Nothing is
 * allocated, and nesting costs no stack.
 */
#ifndef JSONSCAN_H
#define JSONSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define JSONSCAN_MAX       16777216 /* bytes of a text */
#define JSONSCAN_MAX_DEPTH 512      /* objects and arrays within each other */

enum jsonscan_kind {
	JSONSCAN_NAME, /* of a member, with its quotes; its value is next */
	JSONSCAN_STRING,
	JSONSCAN_NUMBER,
	JSONSCAN_WORD,  /* true, false or null */
	JSONSCAN_OPEN,  /* a brace or bracket */
	JSONSCAN_CLOSE, /* its end */
	JSONSCAN_END    /* of the text, which has been right to here */
};

/* Bytes AT to AT + LEN of the text. */
struct jsonscan_token {
	enum jsonscan_kind kind;
	size_t at;
	size_t len;
};

struct jsonscan {
	const char *text;
	size_t len;
	size_t at;    /* of what comes next */
	size_t depth; /* objects and arrays that are open */
	int state;
	char open[JSONSCAN_MAX_DEPTH]; /* '{' or '[' for each of them */
};

/* Start with LEN bytes of TEXT, which must stay. */
void jsonscan_begin(struct jsonscan *s, const char *text, size_t len);

/* The next token; JSONSCAN_END again after the end.  Returns 0, -EBADMSG when
 * the text is no JSON, or -EMSGSIZE when it passes one of the limits; what is
 * asked after an error is undefined. */
int jsonscan_next(struct jsonscan *s, struct jsonscan_token *ret_token);

/* When TOKEN, the last one, opens an object or array: go on to its end and let
 * TOKEN be all of it.  Any other stays as it is.  Returns as above. */
int jsonscan_whole(struct jsonscan *s, struct jsonscan_token *token);

/* Append what a string or name means, given LEN bytes of it with its quotes as
 * a scan has found them.  Returns 0 or -EMSGSIZE. */
int jsonscan_decode(const char *s, size_t len, struct buf *b);

/* Whether two texts mean the same, members being in the same order and numbers
 * written in the same way; false when one is no JSON. */
bool jsonscan_same(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
