/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for response heads: what fuzz-http1.c checks of requests, as far
 * as a response has it.
 */
#include "coco.h"

#include <string.h>

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

static void
check_starts(const char *s, size_t size, ssize_t result)
{
	struct http1_response p;
	size_t i;
	ssize_t n;

	for (i = 0; i < size; i += 1 + size / 512) {
		n = http1_parse_response(s, i, &p);
		check(n == -EAGAIN || (result < 0 && n == result));
	}
}

static void
check_body(const struct http1_response *p)
{
	bool none = p->status < 200 || p->status == 204 || p->status == 304;
	size_t lengths;
	size_t codings;

	(void)http1_response_field(p, "content-length", &lengths);
	(void)http1_response_field(p, "transfer-encoding", &codings);
	check(lengths + codings <= 1);
	check(!none || p->body == HTTP1_NO_BODY);
	check((p->body == HTTP1_CHUNKED) == (codings == 1 && !none));
	check((p->body == HTTP1_UNTIL_CLOSE) ==
	    (lengths + codings == 0 && !none));
	check((p->length > 0) == (p->body == HTTP1_LENGTH));
	check(!p->keep_alive ||
	    (p->minor == 1 && p->body != HTTP1_UNTIL_CLOSE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct http1_response p;
	size_t head;
	size_t i;
	ssize_t n;

	n = http1_parse_response(s, size, &p);
	check(n > 0 || n == -EAGAIN || http1_status((int)n) != 500);
	if (n <= 0) {
		check_starts(s, size, n);
		return 0;
	}
	head = (size_t)n;
	check(head <= size && head <= HTTP1_MAX_HEAD);
	check(memcmp(s + head - 4, "\r\n\r\n", 4) == 0);
	check(p.status >= 100 && p.status <= 599);
	check(p.fields <= HTTP1_MAX_FIELDS && (p.minor == 0 || p.minor == 1));
	check_span(&p.reason, s, head);
	for (i = 0; i < p.fields; i++) {
		check(p.field[i].name.len > 0);
		check_span(&p.field[i].name, s, head);
		check_span(&p.field[i].value, s, head);
	}
	check_body(&p);
	check_starts(s, head, n);
	check(http1_parse_response(s, head - 1, &p) == -EAGAIN);
	check(http1_parse_response(s, head, &p) == n);
	return 0;
}
