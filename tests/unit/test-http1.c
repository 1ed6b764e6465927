/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP request heads: what is read, and what a hostile client may not send. */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "http1.h"
#include "mem.h"
#include "tap.h"

#define HOST "Host: h\r\n"

static ssize_t
parse(const char *s, size_t len, struct http1_request *q)
{
	/* a block of its own, so that a sanitizer sees a read past the end */
	char *copy = xmalloc(len);
	ssize_t n;

	memcpy(copy, s, len);
	n = http1_parse_request(copy, len, q);
	free(copy);
	return n;
}

static void
is_span(const struct http1_span *span, const char *want, const char *name)
{
	is_mem(span->s, span->len, want, strlen(want), "%s", name);
}

static void
test_request(void)
{
	static const char text[] = "GET /cb?code=x&state=y HTTP/1.1\r\n"
				   "Host: 127.0.0.1:4711\r\n"
				   "x-empty:\r\n"
				   "X-Blanks: \t a  b \t \r\n"
				   "ACCEPT:text/\xc3\xa4\r\n"
				   "Accept: */*\r\n"
				   "\r\n"
				   "body";
	const struct http1_span *span;
	struct http1_request q;
	size_t count;

	is_int(http1_parse_request(text, sizeof(text) - 1, &q),
	    sizeof(text) - 1 - 4, "up to the body");
	is_span(&q.method, "GET", "method");
	is_span(&q.target, "/cb?code=x&state=y", "target");
	is_int(q.minor, 1, "minor version");
	is_int((intmax_t)q.fields, 5, "fields");
	is_span(&q.field[1].name, "x-empty", "a name");
	is_span(&q.field[1].value, "", "an empty value");
	is_span(&q.field[2].value, "a  b", "a value without blanks around");
	span = http1_field(&q, "hOST", &count);
	is_int((intmax_t)count, 1, "one host");
	is_span(span, "127.0.0.1:4711", "by any case");
	span = http1_field(&q, "accept", &count);
	is_int((intmax_t)count, 2, "two of a name");
	is_span(span, "text/\xc3\xa4", "the first of them");
	ok(http1_field(&q, "hos", &count) == NULL, "no such field");
	is_int((intmax_t)count, 0, "none of it");
}

static void
test_accepted(void)
{
	static const char *const rows[] = {
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.0\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
		"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
		"GET http://h/x HTTP/1.1\r\n" HOST "\r\n",
		"M-SEARCH / HTTP/1.1\r\n" HOST "\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "Content-Length: 17 \r\n\r\n",
		"POST / HTTP/1.1\r\n" HOST "transfer-encoding: Chunked\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "A: \"x, y\"; z\r\n\r\n",
	};
	struct http1_request q;
	size_t i;
	size_t n;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i]);
		bool waits = true;

		is_int(parse(rows[i], len, &q), (intmax_t)len, "good: %zu", i);
		for (n = 0; n < len; n++)
			waits = waits && parse(rows[i], n, &q) == -EAGAIN;
		ok(waits, "each start of it waits for more");
	}
}

#define BAD(text, name)                          \
	{                                        \
		(text), sizeof(text) - 1, (name) \
	}

static void
test_malformed(void)
{
	static const struct {
		const char *s;
		size_t len;
		const char *name;
	} rows[] = {
		BAD("\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
		    "an empty line first"),
		BAD("\nGET / HTTP/1.1\r\n" HOST "\r\n", "a newline first"),
		BAD(" GET / HTTP/1.1\r\n" HOST "\r\n", "a blank first"),
		BAD("\x16\x03\x01\x02", "TLS"),
		BAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"),
		BAD("GET /\r\n", "HTTP/0.9"),
		BAD("GET  / HTTP/1.1\r\n", "two blanks before the target"),
		BAD("GET /  HTTP/1.1\r\n", "two blanks behind it"),
		BAD("GET\t/ HTTP/1.1\r\n", "a tab for a blank"),
		BAD("GET / HTTP/1.1 \r\n", "a blank behind the version"),
		BAD("GET / x HTTP/1.1\r\n", "a blank in the target"),
		BAD("GET /\t HTTP/1.1\r\n", "a tab in the target"),
		BAD("GET /\0 HTTP/1.1\r\n", "a NUL in the target"),
		BAD("GET /\x7f HTTP/1.1\r\n", "DEL in the target"),
		BAD("GET /\xc3\xa4 HTTP/1.1\r\n", "the target is not ASCII"),
		BAD("G\0T / HTTP/1.1\r\n", "a NUL in the method"),
		BAD("G(T / HTTP/1.1\r\n", "a bracket in the method"),
		BAD("GET / http/1.1\r\n", "the version in small letters"),
		BAD("GET / HTTP/1.2\r\n", "a later minor version"),
		BAD("GET / HTTP/1.10\r\n", "two digits"),
		BAD("GET / HTTP/01.1\r\n", "a zero before"),
		BAD("GET / HTTP/2.0\r\n", "a later version"),
		BAD("GET / HTTP/1.1\n" HOST "\r\n", "a bare LF, request line"),
		BAD("GET / HTTP/1.1\r" HOST "\r\n", "a bare CR, request line"),
		BAD("GET / HTTP/1.1\r\nHost: h\n\r\n", "a bare LF, field"),
		BAD("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "a bare CR"),
		BAD("GET / HTTP/1.1\r\n" HOST "\n", "a bare LF at the end"),
		BAD("GET / HTTP/1.1\r\n" HOST "\rX", "a bare CR at the end"),
		BAD("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", "obs-fold"),
		BAD("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n",
		    "obs-fold by a tab"),
		BAD("GET / HTTP/1.1\r\n Host: h\r\n\r\n",
		    "a blank before the first field"),
		BAD("GET / HTTP/1.1\r\nHost : h\r\n\r\n",
		    "a blank before the colon"),
		BAD("GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", "no colon"),
		BAD("GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", "no name"),
		BAD("GET / HTTP/1.1\r\n" HOST "A\xc3: x\r\n\r\n",
		    "a name that is not ASCII"),
		BAD("GET / HTTP/1.1\r\n" HOST "A\0: x\r\n\r\n",
		    "a NUL in a name"),
		BAD("GET / HTTP/1.1\r\n" HOST "A: x\0y\r\n\r\n",
		    "a NUL in a value"),
		BAD("GET / HTTP/1.1\r\n" HOST "A: \033[2J\r\n\r\n",
		    "a control byte in a value"),
		BAD("GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n",
		    "DEL in a value"),
		BAD("GET / HTTP/1.1\r\n\r\n", "no Host"),
		BAD("GET / HTTP/1.1\r\n" HOST HOST "\r\n", "Host twice"),
		BAD("GET / HTTP/1.0\r\n" HOST HOST "\r\n", "and in HTTP/1.0"),
		BAD("GET / HTTP/1.1\r\n" HOST "hOST: x\r\n\r\n",
		    "two Hosts by case"),
		BAD("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "a list of Hosts"),
		BAD("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "a blank in Host"),
		BAD("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "a user in Host"),
		BAD("GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", "a path in Host"),
	};
	struct http1_request q;
	size_t i;

	memset(&q, 0, sizeof(q));
	q.minor = 7;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(parse(rows[i].s, rows[i].len, &q), -EBADMSG, "%s",
		    rows[i].name);
	is_int(q.minor, 7, "all that left the request untouched");
}

/* Two ways to measure the body, of which a proxy might take the other. */
static void
test_smuggling(void)
{
	static const struct {
		const char *fields;
		const char *name;
	} rows[] = {
		{ "Content-Length: 5\r\nContent-Length: 5", "twice the same" },
		{ "Content-Length: 5\r\ncontent-length: 6", "two lengths" },
		{ "Content-Length: 5, 5", "a list of lengths" },
		{ "Content-Length: +5", "a sign" },
		{ "Content-Length: -1", "a negative length" },
		{ "Content-Length: 0x5", "a base" },
		{ "Content-Length: 5 5", "a blank inside" },
		{ "Content-Length: 5;", "something behind" },
		{ "Content-Length:", "no length" },
		{ "Content-Length: 99999999999999999999", "too large" },
		{ "Content-Length: 5\r\nTransfer-Encoding: chunked", "CL.TE" },
		{ "Transfer-Encoding: chunked\r\nContent-Length: 5", "TE.CL" },
		{ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
		    "TE.TE" },
		{ "Transfer-Encoding: chunked, identity", "a last identity" },
		{ "Transfer-Encoding: gzip, chunked", "a coding before" },
		{ "Transfer-Encoding: identity", "identity" },
		{ "Transfer-Encoding: xchunked", "nearly chunked" },
		{ "Transfer-Encoding: \"chunked\"", "quoted" },
		{ "Transfer-Encoding: chunked;x", "with a parameter" },
		{ "Transfer-Encoding:\vchunked", "a vertical tab" },
		{ "Transfer-Encoding : chunked", "a blank before the colon" },
		{ "Transfer-Encoding\t: chunked", "a tab before the colon" },
		{ "X: y\nTransfer-Encoding: chunked", "behind a bare LF" },
		{ "X: y\r\n Transfer-Encoding: chunked", "behind a fold" },
	};
	struct http1_request q;
	char text[256];
	size_t i;
	int n;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		n = snprintf(text, sizeof(text),
		    "POST / HTTP/1.1\r\n" HOST "%s\r\n\r\n", rows[i].fields);
		is_int(parse(text, (size_t)n, &q), -EBADMSG, "%s",
		    rows[i].name);
	}
	n = snprintf(text, sizeof(text),
	    "POST / HTTP/1.0\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	is_int(parse(text, (size_t)n, &q), -EBADMSG, "chunked in HTTP/1.0");
}

/* Write "GET /aaa HTTP/1.1", Host and a field "X: aaa", each of a given
 * number of a; returns the length. */
static size_t
make_long(char *text, size_t target, size_t value)
{
	static const char middle[] = " HTTP/1.1\r\n" HOST "X: ";
	char *p = text;

	memcpy(p, "GET /", 5);
	p += 5;
	memset(p, 'a', target);
	p += target;
	memcpy(p, middle, sizeof(middle) - 1);
	p += sizeof(middle) - 1;
	memset(p, 'a', value);
	p += value;
	memcpy(p, "\r\n\r\n", 4);
	return (size_t)(p + 4 - text);
}

static void
test_limits(void)
{
	char *text = xmalloc(4 * HTTP1_MAX_HEAD);
	struct http1_request *q = xcalloc(1, sizeof(*q));
	size_t base = make_long(text, 0, 0);
	size_t n;
	size_t i;

	n = make_long(text, HTTP1_MAX_TARGET - 1, 0);
	is_int(parse(text, n, q), (intmax_t)n, "the longest target");
	n = make_long(text, HTTP1_MAX_TARGET, 0);
	is_int(parse(text, n, q), -EMSGSIZE, "a longer one");
	n = make_long(text, 0, HTTP1_MAX_HEAD - base);
	is_int((intmax_t)n, HTTP1_MAX_HEAD, "the limit");
	is_int(parse(text, n, q), (intmax_t)n, "the longest head");
	is_int(parse(text, n - 1, q), -EAGAIN, "and before its end");
	n = make_long(text, 0, HTTP1_MAX_HEAD - base + 1);
	is_int(parse(text, n, q), -EMSGSIZE, "a longer one");
	is_int(parse(text, n - 1, q), -EMSGSIZE, "known before its end");
	memset(text, 'A', 4 * HTTP1_MAX_HEAD);
	is_int(parse(text, 4 * HTTP1_MAX_HEAD, q), -EMSGSIZE,
	    "a method without end");
	n = (size_t)snprintf(text, 64, "GET / HTTP/1.1\r\n" HOST);
	for (i = 1; i < HTTP1_MAX_FIELDS; i++)
		n += (size_t)snprintf(text + n, 64, "A: b\r\n");
	memcpy(text + n, "\r\n", 2);
	is_int(parse(text, n + 2, q), (intmax_t)n + 2, "the most fields");
	is_int((intmax_t)q->fields, HTTP1_MAX_FIELDS, "are all there");
	memcpy(text + n, "A: b\r\n\r\n", 8);
	is_int(parse(text, n + 8, q), -EMSGSIZE, "one more");
	free(q);
	free(text);
}

int
main(void)
{
	test_request();
	test_accepted();
	test_malformed();
	test_smuggling();
	test_limits();
	return done_testing();
}
