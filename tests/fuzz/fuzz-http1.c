/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for request heads and what is asked about them.  Beyond memory
 * safety it checks that all spans lie inside the head, hold only what the
 * grammar allows and fit each other, that every start of a good head asks for
 * more, and that one of a bad head does that or is refused like the whole.
 */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "http1.h"

static void
check_span(const struct http1_span *span, const char *data, size_t head)
{
	size_t i;

	check(span->s >= data && span->s + span->len <= data + head);
	for (i = 0; i < span->len; i++)
		check(span->s[i] != '\r' && span->s[i] != '\n' &&
		    span->s[i] != '\0');
}

/* All starts of a short input, some of a long one. */
static void
check_starts(const char *s, size_t size, ssize_t result)
{
	struct http1_request q;
	size_t i;
	ssize_t n;

	for (i = 0; i < size; i += 1 + size / 512) {
		n = http1_parse_request(s, i, &q);
		check(n == -EAGAIN || (result < 0 && n == result));
	}
}

static void
check_query(const struct http1_span *query, const char *name)
{
	struct buf b = BUF_INIT(HTTP1_MAX_TARGET);
	int r;

	r = http1_query(query, name, &b);
	check(r == 0 || r == -ENOENT || r == -EBADMSG);
	check(r == 0 || b.len == 0);
	check(strlen(buf_str(&b)) == b.len);
	buf_wipe(&b);
}

static void
check_target(const struct http1_request *q, const char *s, size_t head)
{
	struct http1_span path;
	struct http1_span query;
	int r;

	check_span(&q->authority, s, head);
	check(q->authority.len > 0 || q->minor == 0);
	r = http1_split_target(q, &path, &query);
	check(r == 0 || r == -EINVAL);
	check((r == 0) ==
	    (q->form == HTTP1_ORIGIN || q->form == HTTP1_ABSOLUTE));
	if (r != 0)
		return;
	check(path.len > 0 && path.s[0] == '/');
	check(memchr(path.s, '?', path.len) == NULL);
	check_span(&query, s, head);
	check_query(&query, "");
	check_query(&query, "code");
	if (query.len > 0 && query.len < 16) {
		char name[16];

		memcpy(name, query.s, query.len);
		name[query.len] = '\0';
		name[strcspn(name, "=&")] = '\0';
		check_query(&query, name);
	}
}

static void
check_body(const struct http1_request *q)
{
	size_t lengths;
	size_t codings;

	(void)http1_field(q, "content-length", &lengths);
	(void)http1_field(q, "transfer-encoding", &codings);
	check(lengths + codings <= 1);
	check((q->body == HTTP1_CHUNKED) == (codings == 1));
	check(q->body != HTTP1_LENGTH || lengths == 1);
	check((q->length > 0) == (q->body == HTTP1_LENGTH));
	check(q->body != HTTP1_UNTIL_CLOSE);
	check(q->minor == 1 || (!q->keep_alive && !q->expect_continue));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct http1_request q;
	size_t count;
	size_t head;
	size_t i;
	ssize_t n;

	n = http1_parse_request(s, size, &q);
	check(n > 0 || n == -EAGAIN || http1_status((int)n) != 500);
	if (n <= 0) {
		check_starts(s, size, n);
		return 0;
	}
	head = (size_t)n;
	check(head <= size && head <= HTTP1_MAX_HEAD);
	check(memcmp(s + head - 4, "\r\n\r\n", 4) == 0);
	check(q.method.len > 0 && q.method.len <= HTTP1_MAX_METHOD);
	check(q.target.len > 0 && q.target.len <= HTTP1_MAX_TARGET);
	check(q.fields <= HTTP1_MAX_FIELDS && (q.minor == 0 || q.minor == 1));
	check_span(&q.method, s, head);
	check_span(&q.target, s, head);
	for (i = 0; i < q.fields; i++) {
		check(q.field[i].name.len > 0);
		check_span(&q.field[i].name, s, head);
		check_span(&q.field[i].value, s, head);
	}
	(void)http1_field(&q, "host", &count);
	check(count == 1 || (count == 0 && q.minor == 0));
	check_target(&q, s, head);
	check_body(&q);
	check_starts(s, head, n);
	check(http1_parse_request(s, head - 1, &q) == -EAGAIN);
	check(http1_parse_request(s, head, &q) == n);
	return 0;
}
