/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of http1 share: a cursor over what has come in, the parts that
 * requests and responses have in common, lists in field values.  For them
 * alone; http1.h is for everybody else.
 *
 * The take functions move the cursor over what they want and return 0, -EAGAIN
 * when it might still come, or an error of http1.h.
 */
#ifndef HTTP1_SCAN_H
#define HTTP1_SCAN_H

#include "http1.h"

/* What is left to read. */
struct http1_cursor {
	const char *p;
	const char *end;
};

bool http1_is_alnum(unsigned char c);
bool http1_is_tchar(unsigned char c); /* RFC 9110 5.6.2 */

/* Start at DATA, and look no further than a head may reach. */
struct http1_cursor http1_begin(const char *data, size_t len);

/* Take one to MAX bytes of a kind, and the byte STOP after them; -ERANGE when
 * there are more. */
int http1_take(struct http1_cursor *c, bool (*is_kind)(unsigned char),
    char stop, size_t max, struct http1_span *ret_span);

/* Take exactly the bytes of TEXT. */
int http1_take_text(struct http1_cursor *c, const char *text);

/* Take "HTTP/d.d" and the bytes of STOP; -EPROTONOSUPPORT when it is neither
 * 1.0 nor 1.1. */
int
http1_take_version(struct http1_cursor *c, const char *stop, int *ret_minor);

/* Take bytes of field values, maybe none, up to a line end. */
void http1_take_value(struct http1_cursor *c, struct http1_span *ret_span);

/* Take the fields of a head, at most HTTP1_MAX_FIELDS, and the blank line.
 * *RET_FIELDS counts those before a failure, too. */
int http1_take_fields(struct http1_cursor *c, struct http1_field *ret_field,
    size_t *ret_fields);

/* Whether a span is the text WORD, without case. */
bool http1_is_word(const struct http1_span *span, const char *word);

/* As http1_field(). */
const struct http1_span *http1_find(const struct http1_field *field,
    size_t fields, const char *name, size_t *ret_count);

/* How many elements the lists in all fields NAME have, and how many of these
 * are WORD. */
size_t http1_count_items(const struct http1_field *field, size_t fields,
    const char *name, const char *word, size_t *ret_words);

/* Whether the sender lets the connection live on (RFC 9112 9.3); HTTP/1.0's
 * keep-alive is not spoken here. */
bool
http1_keeps_alive(const struct http1_field *field, size_t fields, int minor);

/*
 * How Content-Length and Transfer-Encoding measure the body: *RET_BODY is
 * HTTP1_LENGTH, with a length of 0 or more, HTTP1_CHUNKED, or HTTP1_NO_BODY
 * when neither is there.
 */
int http1_measure(const struct http1_field *field, size_t fields, int minor,
    enum http1_body *ret_body, int64_t *ret_length);

/* Find form and authority of a target, once method, version and fields are
 * there; -EBADMSG when they, or Host, are malformed or do not go together. */
int http1_check_target(struct http1_request *q);

#endif
