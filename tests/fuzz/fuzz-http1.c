/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for http1.c.  Beyond memory safety it checks that all spans lie
 * inside the head, hold only what the grammar allows, and that every start of
 * a good head asks for more.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool held)
{
	if (!held)
		abort();
}

static void
check_span(const struct http1_span *span, const char *data, size_t head)
{
	size_t i;

	check(span->s >= data && span->s + span->len <= data + head);
	for (i = 0; i < span->len; i++)
		check(span->s[i] != '\r' && span->s[i] != '\n' &&
		    span->s[i] != '\0');
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
	check(n > 0 || n == -EAGAIN || n == -EBADMSG || n == -EMSGSIZE);
	if (n <= 0)
		return 0;
	head = (size_t)n;
	check(head <= size && head <= HTTP1_MAX_HEAD);
	check(memcmp(s + head - 4, "\r\n\r\n", 4) == 0);
	check(q.method.len > 0 && q.target.len > 0);
	check(q.target.len <= HTTP1_MAX_TARGET);
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
	/* all starts of a short head, some of a long one */
	for (i = 0; i < head; i += 1 + head / 512)
		check(http1_parse_request(s, i, &q) == -EAGAIN);
	check(http1_parse_request(s, head - 1, &q) == -EAGAIN);
	check(http1_parse_request(s, head, &q) == n);
	return 0;
}
