/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1.1 message heads (RFC 9112), read from a buffer by a pure function
 * that stores spans into it.  Strict, because the other side may be hostile:
 * CRLF line ends only, no empty line before the request, one blank between the
 * parts of the request line, no obs-fold, no control bytes, no blank before a
 * colon, exactly one Host, one way only to tell where the body ends, hard
 * limits on everything.
 *
 * The function keeps nothing between calls: give it all that has come in so
 * far, each time more has.  Any prefix of a good head is -EAGAIN.
 */
#ifndef HTTP1_H
#define HTTP1_H

#include <stddef.h>
#include <sys/types.h>

#define HTTP1_MAX_HEAD   16384 /* with the blank line */
#define HTTP1_MAX_TARGET 8192
#define HTTP1_MAX_FIELDS 64

/* Bytes of the caller's buffer; no NUL follows. */
struct http1_span {
	const char *s;
	size_t len;
};

struct http1_field {
	struct http1_span name;
	struct http1_span value; /* without blanks around it */
};

struct http1_request {
	struct http1_span method; /* at least one tchar */
	struct http1_span target; /* visible ASCII, in any form */
	int minor;                /* HTTP/1.minor: 0 or 1 */
	struct http1_field field[HTTP1_MAX_FIELDS];
	size_t fields;
};

/*
 * Read the head of a request from LEN bytes at DATA.  Returns the number of
 * bytes up to and including the blank line; -EAGAIN when more are needed;
 * -EBADMSG when it is malformed (answer 400), -EMSGSIZE when a limit is passed
 * (414 or 431).  On failure *RET_REQUEST is untouched.
 *
 * A request whose body could be measured in two ways is malformed (RFC 9112
 * 6.1, 6.3; request smuggling): Content-Length more than once or not a plain
 * number, Transfer-Encoding beside it, other than "chunked", or in HTTP/1.0.
 */
ssize_t http1_parse_request(const char *data, size_t len,
    struct http1_request *ret_request);

/* The value of the first field NAME (compared without case), or NULL when it
 * is absent; *RET_COUNT is how often it occurs. */
const struct http1_span *
http1_field(const struct http1_request *r, const char *name, size_t *ret_count);

#endif
