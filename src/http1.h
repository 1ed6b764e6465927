/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP/1.1 messages (RFC 9112), read from memory by pure functions that store
 * spans into it: heads of requests and responses, chunked bodies, targets and
 * queries.  Strict, because the other side may be hostile, and because what two
 * readers of one connection may understand differently is how requests are
 * smuggled (RFC 9112 11.2; egress.md 5): CRLF line ends only, one blank between
 * the parts of the first line, no obs-fold, no control bytes, no blank before a
 * colon, exactly one Host, one way only to tell where a body ends, hard limits
 * on everything.  What a caller has to know about a message is decided here,
 * once, so that no two callers can decide it differently.
 *
 * The head functions keep nothing between calls: give them all that has come in
 * so far, each time more has.  Any prefix of a good head is -EAGAIN; what is
 * refused once stays refused in the same way, whatever follows.
 *
 * Errors are the same everywhere; http1_status() says what to answer:
 *
 *	-EBADMSG          400  malformed, or its body could be measured in two
 *	                       ways (RFC 9112 6.3)
 *	-EFBIG            413  a chunked body passes the caller's limit
 *	-ENAMETOOLONG     414  a target of more than HTTP1_MAX_TARGET bytes
 *	-EOPNOTSUPP       417  Expect asks for more than 100-continue
 *	-EMSGSIZE         431  more than HTTP1_MAX_HEAD bytes or
 *	                       HTTP1_MAX_FIELDS fields
 *	-ENOSYS           501  a transfer coding before chunked, or a method of
 *	                       more than HTTP1_MAX_METHOD token bytes, which
 *	                       RFC 9112 3 wants told apart from a malformed one
 *	-EPROTONOSUPPORT  505  a well-formed version but neither 1.0 nor 1.1, as
 *	                       in HTTP/2's preface, "PRI * HTTP/2.0"
 *
 * After any of them nobody knows where the next message starts: answer, and
 * close the connection.
 *
 * Stricter than the RFCs demand, on purpose: bare LF, Content-Length twice with
 * the same value or with leading zeros, empty elements around "chunked",
 * Upgrade: h2c, "%", "," and the other sub-delims in a host, minor versions
 * above 1, chunk extensions and trailers.
 */
#ifndef HTTP1_H
#define HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

#define HTTP1_MAX_HEAD   16384 /* with the blank line */
#define HTTP1_MAX_METHOD 32
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

/* How the end of a body is found (RFC 9112 6.3). */
enum http1_body {
	HTTP1_NO_BODY,    /* none, or one of length 0 */
	HTTP1_LENGTH,     /* "length" bytes follow, at least one */
	HTTP1_CHUNKED,    /* http1_chunks_read() finds it */
	HTTP1_UNTIL_CLOSE /* responses only */
};

/* What a target looks like (RFC 9112 3.2). */
enum http1_form {
	HTTP1_ORIGIN,    /* "/path?query" */
	HTTP1_ABSOLUTE,  /* "http://host/path?query", or https */
	HTTP1_AUTHORITY, /* "host:port", of CONNECT and of nothing else */
	HTTP1_ASTERISK   /* "*", of OPTIONS and of nothing else */
};

struct http1_request {
	struct http1_span method; /* 1 to HTTP1_MAX_METHOD tchars */
	struct http1_span target; /* visible ASCII that fits its form */
	enum http1_form form;
	/* Whom it is for: of the target when there is one, for then Host is to
	 * be ignored (RFC 9112 3.2.2), and otherwise Host; a name, address or
	 * [address] with an optional port; "" when HTTP/1.0 has none. */
	struct http1_span authority;
	int minor; /* HTTP/1.minor: 0 or 1 */
	enum http1_body body;
	int64_t length;       /* of HTTP1_LENGTH, otherwise 0 */
	bool keep_alive;      /* HTTP/1.1 without Connection: close */
	bool expect_continue; /* answer 100, or finally, to get the body */
	struct http1_field field[HTTP1_MAX_FIELDS];
	size_t fields;
};

struct http1_response {
	int status;               /* 100 to 599 */
	struct http1_span reason; /* may be empty */
	int minor;
	enum http1_body body; /* none with 1xx, 204 and 304; the caller knows
			       * that HEAD has none and CONNECT no end */
	int64_t length;
	bool keep_alive;
	struct http1_field field[HTTP1_MAX_FIELDS];
	size_t fields;
};

/*
 * Read the head of a request from LEN bytes at DATA.  Returns the number of
 * bytes up to and including the blank line; -EAGAIN when more are needed; an
 * error of the list above.  On failure *RET_REQUEST is untouched.
 *
 * One empty line before the request line is skipped (RFC 9112 2.2).  HTTP/1.0
 * never keeps a connection alive.  Whether the method is known, the host ours
 * and the length acceptable (413) is for the caller to say.
 */
ssize_t http1_parse_request(const char *data, size_t len,
    struct http1_request *ret_request);

/* The same for the head of a response.  A response that announces its length in
 * two ways, or in one that is unknown here, fails like a request. */
ssize_t http1_parse_response(const char *data, size_t len,
    struct http1_response *ret_response);

/* The value of the first field NAME (compared without case), or NULL when it
 * is absent; *RET_COUNT is how often it occurs. */
const struct http1_span *
http1_field(const struct http1_request *r, const char *name, size_t *ret_count);
const struct http1_span *http1_response_field(const struct http1_response *r,
    const char *name, size_t *ret_count);

/* Whether SPAN is exactly the text S. */
bool http1_is(const struct http1_span *span, const char *s);

/* The status to answer an error of this module with; 500 for any other. */
int http1_status(int error);

/*
 * The path and the query of a target, both still percent-encoded; the query is
 * empty when there is none.  The path starts with '/' and has neither a bad
 * escape nor the escape of a control byte, but may have dot segments.  Returns
 * -EINVAL for a target that has no path, "*" or "host:port".
 */
int http1_split_target(const struct http1_request *r,
    struct http1_span *ret_path, struct http1_span *ret_query);

/*
 * Append the decoded value of parameter NAME of a query to OUT, '+' being a
 * blank; a name without '=' has the value "".  Returns 0; -ENOENT; -EBADMSG
 * when it occurs twice, however encoded, when its value is badly encoded, or
 * when a control byte is in it; -EMSGSIZE when OUT is too small.  On failure
 * OUT is as before.
 */
int
http1_query(const struct http1_span *query, const char *name, struct buf *out);

/*
 * A chunked body that is being read (RFC 9112 7.1).  Private but for "left",
 * how many more bytes of data may come.
 *
 *	struct http1_chunks c = HTTP1_CHUNKS_INIT(limit);
 */
struct http1_chunks {
	uint64_t left;
	uint64_t size; /* of the chunk, what has not been read yet */
	int digits;    /* of its size */
	int state;
	int error; /* the first one, for good */
};

#define HTTP1_CHUNKS_INIT(limit)    \
	{                           \
		(limit), 0, 0, 0, 0 \
	}

/*
 * Read from LEN bytes at DATA, which are what follows the bytes of the call
 * before.  Returns how many were used: give the rest again.  *RET_DATA are the
 * bytes of the body among them, maybe none; *RET_END is whether the body is
 * complete, what is left then belongs to the next message.  As long as it is
 * not, each call with LEN > 0 uses at least one.
 *
 * -EBADMSG when it is malformed, -EFBIG when a chunk passes the limit, which is
 * known before its data come; the outputs are untouched then, and each later
 * call fails in the same way.  A size is 1 to 16 hexadecimal digits.
 *
 * Chunk extensions and trailers are refused, as -EBADMSG.  RFC 9112 7.1.1 and
 * 7.1.2 would have them read and ignored; but nobody we serve sends them, and
 * what readers skip in different ways is where requests are smuggled.
 */
ssize_t http1_chunks_read(struct http1_chunks *c, const char *data, size_t len,
    struct http1_span *ret_data, bool *ret_end);

#endif
