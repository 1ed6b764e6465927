/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interface of http1; what is refused is in test-http1-rows.c. */
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

/* What is decided about a request, in short. */
static void
test_decided(void)
{
	static const struct {
		const char *head;
		const char *authority;
		enum http1_form form;
		enum http1_body body;
		int64_t length;
		bool keep_alive;
		bool expect_continue;
	} rows[] = {
		{ "GET / HTTP/1.1\r\n" HOST "\r\n", "h", HTTP1_ORIGIN,
		    HTTP1_NO_BODY, 0, true, false },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "",
		    HTTP1_ORIGIN, HTTP1_NO_BODY, 0, false, false },
		{ "GET http://a:80 HTTP/1.1\r\n" HOST "\r\n", "a:80",
		    HTTP1_ABSOLUTE, HTTP1_NO_BODY, 0, true, false },
		{ "CONNECT [::1]:443 HTTP/1.1\r\n" HOST "\r\n", "[::1]:443",
		    HTTP1_AUTHORITY, HTTP1_NO_BODY, 0, true, false },
		{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "h", HTTP1_ASTERISK,
		    HTTP1_NO_BODY, 0, true, false },
		{ "POST / HTTP/1.1\r\n" HOST
		  "Content-Length: 9223372036854775807\r\n\r\n",
		    "h", HTTP1_ORIGIN, HTTP1_LENGTH, INT64_MAX, true, false },
		{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
		  "Expect: 100-continue\r\n\r\n",
		    "h", HTTP1_ORIGIN, HTTP1_NO_BODY, 0, true, false },
		{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n"
		  "Connection: x,, CLOSE\r\nExpect: ,100-Continue\r\n\r\n",
		    "h", HTTP1_ORIGIN, HTTP1_CHUNKED, 0, false, true },
		{ "POST / HTTP/1.0\r\nContent-Length: 7\r\n"
		  "Expect: 100-continue\r\n\r\n",
		    "", HTTP1_ORIGIN, HTTP1_LENGTH, 7, false, false },
		{ "GET / HTTP/1.1\r\n" HOST
		  "Connection: closed\r\nClose: close\r\n\r\n",
		    "h", HTTP1_ORIGIN, HTTP1_NO_BODY, 0, true, false },
		{ "GET / HTTP/1.1\r\n" HOST
		  "Connection: keep-alive\r\nConnection: close\r\n\r\n",
		    "h", HTTP1_ORIGIN, HTTP1_NO_BODY, 0, false, false },
	};
	struct http1_request q;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].head);

		is_int(http1_parse_request(rows[i].head, len, &q),
		    (intmax_t)len, "row %zu", i);
		is_span(&q.authority, rows[i].authority, "authority");
		is_int(q.form, rows[i].form, "form");
		is_int(q.body, rows[i].body, "body");
		is_int(q.length, rows[i].length, "length");
		is_int(q.keep_alive, rows[i].keep_alive, "keep alive");
		is_int(q.expect_continue, rows[i].expect_continue, "expect");
	}
}

static void
test_untouched(void)
{
	static const char *const rows[] = {
		"GET / HTTP/1.1\r\n" HOST,
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n",
	};
	struct http1_request q;
	struct http1_request before;
	size_t i;

	memset(&q, 7, sizeof(q));
	before = q;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ok(parse(rows[i], strlen(rows[i]), &q) < 0, "a failure");
		ok(memcmp(&q, &before, sizeof(q)) == 0, "changes nothing");
	}
}

static void
test_status(void)
{
	static const struct {
		int error;
		int status;
	} rows[] = {
		{ -EBADMSG, 400 },
		{ -EFBIG, 413 },
		{ -ENAMETOOLONG, 414 },
		{ -EOPNOTSUPP, 417 },
		{ -EMSGSIZE, 431 },
		{ -ENOSYS, 501 },
		{ -EPROTONOSUPPORT, 505 },
		{ -EAGAIN, 500 },
		{ 0, 500 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(http1_status(rows[i].error), rows[i].status, "status %d",
		    rows[i].status);
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
	is_int(parse(text, n, q), -ENAMETOOLONG, "a longer one");
	n = make_long(text, 0, HTTP1_MAX_HEAD - base);
	is_int((intmax_t)n, HTTP1_MAX_HEAD, "the limit");
	is_int(parse(text, n, q), (intmax_t)n, "the longest head");
	is_int(parse(text, n - 1, q), -EAGAIN, "and before its end");
	n = make_long(text, 0, HTTP1_MAX_HEAD - base + 1);
	is_int(parse(text, n, q), -EMSGSIZE, "a longer one");
	is_int(parse(text, n - 1, q), -EMSGSIZE, "known before its end");
	memset(text, 'A', 4 * HTTP1_MAX_HEAD);
	is_int(parse(text, 4 * HTTP1_MAX_HEAD, q), -ENOSYS,
	    "a method without end");
	is_int(parse(text, HTTP1_MAX_METHOD, q), -EAGAIN, "the longest method");
	is_int(parse(text, HTTP1_MAX_METHOD + 1, q), -ENOSYS, "a longer one");
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

static void
test_split_target(void)
{
	static const struct {
		const char *line;
		const char *path; /* NULL: there is none */
		const char *query;
	} rows[] = {
		{ "GET / HTTP/1.1", "/", "" },
		{ "GET /a/b?c=d?e HTTP/1.1", "/a/b", "c=d?e" },
		{ "GET /? HTTP/1.1", "/", "" },
		{ "GET /a%20b%2f HTTP/1.1", "/a%20b%2f", "" },
		{ "GET http://h HTTP/1.1", "/", "" },
		{ "GET http://h? HTTP/1.1", "/", "" },
		{ "GET http://h?a HTTP/1.1", "/", "a" },
		{ "GET HTTPS://h:1/x?y HTTP/1.1", "/x", "y" },
		{ "OPTIONS * HTTP/1.1", NULL, NULL },
		{ "CONNECT h:1 HTTP/1.1", NULL, NULL },
	};
	struct http1_request q;
	struct http1_span path;
	struct http1_span query;
	char text[256];
	size_t i;
	int n;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		n = snprintf(text, sizeof(text), "%s\r\n" HOST "\r\n",
		    rows[i].line);
		is_int(http1_parse_request(text, (size_t)n, &q), n, "%s",
		    rows[i].line);
		n = http1_split_target(&q, &path, &query);
		is_int(n, rows[i].path != NULL ? 0 : -EINVAL, "split");
		if (n == 0) {
			is_span(&path, rows[i].path, "path");
			is_span(&query, rows[i].query, "query");
		}
	}
}

static void
test_query(void)
{
	static const struct {
		const char *query;
		const char *want; /* NULL: an error */
		int error;
	} rows[] = {
		{ "n=v", "v", 0 },
		{ "a=b&n=v&c=d", "v", 0 },
		{ "n=a%20b+c%2B%c3%A4", "a b c+\xc3\xa4", 0 },
		{ "n=", "", 0 },
		{ "n", "", 0 },
		{ "a&n&b", "", 0 },
		{ "n=a=b", "a=b", 0 },
		{ "&&n=v&", "v", 0 },
		{ "%6e=v", "v", 0 },
		{ "N=x&nn=x&=n&n=v", "v", 0 },
		{ "%6=x&%zz=x&%=x&n=v", "v", 0 },
		{ "", NULL, -ENOENT },
		{ "&", NULL, -ENOENT },
		{ "m=v", NULL, -ENOENT },
		{ "nn=v", NULL, -ENOENT },
		{ "n%00=v", NULL, -ENOENT },
		{ "%6=v", NULL, -ENOENT },
		{ "n=v&n=v", NULL, -EBADMSG },
		{ "n=v&n", NULL, -EBADMSG },
		{ "n=v&%6E=w", NULL, -EBADMSG },
		{ "n=%", NULL, -EBADMSG },
		{ "n=%4", NULL, -EBADMSG },
		{ "n=x%4&4=", NULL, -EBADMSG },
		{ "n=%4g", NULL, -EBADMSG },
		{ "n=x%00", NULL, -EBADMSG },
		{ "n=x%0a", NULL, -EBADMSG },
		{ "n=123456789", NULL, -EMSGSIZE },
	};
	struct buf b = BUF_INIT(10);
	struct http1_span query;
	char *copy;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		(void)buf_adds(&b, "> ");
		query.len = strlen(rows[i].query);
		copy = xmalloc(query.len);
		memcpy(copy, rows[i].query, query.len);
		query.s = copy;
		is_int(http1_query(&query, "n", &b), rows[i].error, "%s",
		    rows[i].query);
		is_mem(b.data, 2, "> ", 2, "what was there before");
		is_str(buf_str(&b) + 2,
		    rows[i].want != NULL ? rows[i].want : "", "the value");
		free(copy);
	}
	buf_wipe(&b);
}

static void
test_chunks(void)
{
	static const char text[] = "5\r\nhello\r\nA\r\n0123456789\r\n"
				   "0\r\n\r\nnext";
	struct http1_chunks c = HTTP1_CHUNKS_INIT(16);
	struct http1_span data;
	bool end = true;
	size_t at = 0;

	is_int(http1_chunks_read(&c, text, 0, &data, &end), 0, "nothing");
	ok(!end && data.len == 0, "is no end");
	at += (size_t)http1_chunks_read(&c, text, 5, &data, &end);
	is_mem(data.s, data.len, "he", 2, "a part of a chunk");
	at += (size_t)http1_chunks_read(&c, text + at, sizeof(text) - 1 - at,
	    &data, &end);
	is_mem(data.s, data.len, "llo", 3, "the rest of it");
	at += (size_t)http1_chunks_read(&c, text + at, sizeof(text) - 1 - at,
	    &data, &end);
	is_mem(data.s, data.len, "0123456789", 10, "the second chunk");
	is_int((intmax_t)c.left, 1, "what may still come");
	ok(!end, "not the end yet");
	at += (size_t)http1_chunks_read(&c, text + at, sizeof(text) - 1 - at,
	    &data, &end);
	is_int((intmax_t)data.len, 0, "no data in the last one");
	ok(end, "the end");
	is_str(text + at, "next", "what is left");
	end = false;
	is_int(http1_chunks_read(&c, text + at, 4, &data, &end), 0,
	    "nothing is used behind the end");
	ok(end, "which it still is");
}

static void
test_chunks_fail(void)
{
	static const char text[] = "3\r\nabc\r\n2\r\nde\r\n";
	struct http1_chunks c = HTTP1_CHUNKS_INIT(4);
	struct http1_span data = { NULL, 7 };
	bool end = true;
	ssize_t n;

	n = http1_chunks_read(&c, text, sizeof(text) - 1, &data, &end);
	is_int(n, 6, "the data before a failure");
	is_mem(data.s, data.len, "abc", 3, "are given out");
	end = true;
	data.len = 7;
	is_int(http1_chunks_read(&c, text + n, sizeof(text) - 1 - (size_t)n,
		   &data, &end),
	    -EFBIG, "one byte too many");
	ok(end && data.len == 7, "leaves the outputs alone");
	is_int(http1_chunks_read(&c, "0\r\n\r\n", 5, &data, &end), -EFBIG,
	    "for good");
	c = (struct http1_chunks)HTTP1_CHUNKS_INIT(INT64_MAX);
	is_int(http1_chunks_read(&c, "7fffffffffffffff\r\n", 18, &data, &end),
	    18, "the largest size under the largest limit");
	is_int((intmax_t)c.left, 0, "uses it up");
	c = (struct http1_chunks)HTTP1_CHUNKS_INIT(0);
	is_int(http1_chunks_read(&c, "0\r\n\r\n", 5, &data, &end), 5,
	    "no data under no limit");
}

static void
test_response(void)
{
	static const char text[] = "HTTP/1.1 404 Not Found\r\n"
				   "Content-Length: 12\r\n"
				   "X-A: 1\r\nx-a: 2\r\n\r\n";
	const struct http1_span *span;
	struct http1_response p;
	size_t count;

	is_int(http1_parse_response(text, sizeof(text) - 1, &p),
	    sizeof(text) - 1, "a response");
	is_int(p.status, 404, "status");
	is_span(&p.reason, "Not Found", "reason");
	is_int(p.minor, 1, "minor version");
	is_int(p.body, HTTP1_LENGTH, "body");
	is_int(p.length, 12, "length");
	ok(p.keep_alive, "the connection lives on");
	is_int((intmax_t)p.fields, 3, "fields");
	span = http1_response_field(&p, "x-A", &count);
	is_span(span, "1", "the first of a name");
	is_int((intmax_t)count, 2, "of two");
}

static void
test_response_decided(void)
{
	static const struct {
		const char *head;
		enum http1_body body;
		int64_t length;
		bool keep_alive;
	} rows[] = {
		{ "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", HTTP1_NO_BODY,
		    0, true },
		{ "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
		    HTTP1_CHUNKED, 0, true },
		{ "HTTP/1.1 200 \r\n\r\n", HTTP1_UNTIL_CLOSE, 0, false },
		{ "HTTP/1.0 200 \r\nContent-Length: 1\r\n\r\n", HTTP1_LENGTH, 1,
		    false },
		{ "HTTP/1.1 200 \r\nContent-Length: 1\r\n"
		  "Connection: close\r\n\r\n",
		    HTTP1_LENGTH, 1, false },
		{ "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", HTTP1_NO_BODY,
		    0, true },
		{ "HTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\n\r\n",
		    HTTP1_NO_BODY, 0, true },
		{ "HTTP/1.1 101 \r\n\r\n", HTTP1_NO_BODY, 0, true },
	};
	struct http1_response p;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].head);

		is_int(http1_parse_response(rows[i].head, len, &p),
		    (intmax_t)len, "row %zu", i);
		is_int(p.body, rows[i].body, "body");
		is_int(p.length, rows[i].length, "length");
		is_int(p.keep_alive, rows[i].keep_alive, "keep alive");
	}
}

int
main(void)
{
	test_request();
	test_decided();
	test_untouched();
	test_status();
	test_limits();
	test_split_target();
	test_query();
	test_chunks();
	test_chunks_fail();
	test_response();
	test_response_decided();
	return done_testing();
}
