/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "http1-scan.h"
#include "http1.h"

/* What no client sends in a target, not even browsers, which leave much of what
 * RFC 3986 wants encoded: a fragment, quotes, what some take for a slash. */
static bool
is_target(unsigned char c)
{
	static const char never[] = "\"#<>\\";

	return c > 0x20 && c < 0x7f &&
	    memchr(never, c, sizeof(never) - 1) == NULL;
}

static int
take_request_line(struct http1_cursor *c, struct http1_request *q)
{
	int r = 0;

	if (c->p < c->end && *c->p == '\r')
		r = http1_take_text(c, "\r\n");
	if (r != 0)
		return r;
	r = http1_take(c, http1_is_tchar, ' ', HTTP1_MAX_METHOD, &q->method);
	if (r != 0)
		return r == -ERANGE ? -ENOSYS : r;
	r = http1_take(c, is_target, ' ', HTTP1_MAX_TARGET, &q->target);
	if (r != 0)
		return r == -ERANGE ? -ENAMETOOLONG : r;
	return http1_take_version(c, "\r\n", &q->minor);
}

static int
find_body(struct http1_request *q)
{
	int r;

	r = http1_measure(q->field, q->fields, q->minor, &q->body, &q->length);
	if (r != 0)
		return r;
	if (q->body == HTTP1_LENGTH && q->length == 0)
		q->body = HTTP1_NO_BODY;
	/* RFC 9110 9.3.6: what follows CONNECT belongs to the tunnel. */
	if (q->form == HTTP1_AUTHORITY && q->body != HTTP1_NO_BODY)
		return -EBADMSG;
	return 0;
}

/* RFC 9110 10.1.1.  Of HTTP/1.0 it must be ignored, and without a body there is
 * nothing to go on with. */
static int
find_expectation(struct http1_request *q)
{
	size_t words;
	size_t count;

	count = http1_count_items(q->field, q->fields, "expect", "100-continue",
	    &words);
	if (count != words)
		return -EOPNOTSUPP;
	q->expect_continue = count > 0 && q->minor == 1 &&
	    q->body != HTTP1_NO_BODY;
	return 0;
}

/* A proxy in front that lets h2c through would not see what comes after.  Of
 * HTTP/1.0 Upgrade must be ignored (RFC 9110 7.8). */
static int
check_upgrade(const struct http1_request *q)
{
	size_t h2c;

	(void)http1_count_items(q->field, q->fields, "upgrade", "h2c", &h2c);
	return q->minor == 1 && h2c > 0 ? -EBADMSG : 0;
}

ssize_t
http1_parse_request(const char *data, size_t len,
    struct http1_request *ret_request)
{
	struct http1_cursor c = http1_begin(data, len);
	struct http1_request q;
	int r;

	memset(&q, 0, sizeof(q));
	r = take_request_line(&c, &q);
	if (r == 0)
		r = http1_take_fields(&c, q.field, &q.fields);
	if (r == -EAGAIN && len >= HTTP1_MAX_HEAD)
		r = -EMSGSIZE;
	if (r == 0)
		r = http1_check_target(&q);
	if (r == 0)
		r = find_body(&q);
	if (r == 0)
		r = check_upgrade(&q);
	if (r == 0)
		r = find_expectation(&q);
	if (r != 0)
		return r;
	q.keep_alive = http1_keeps_alive(q.field, q.fields, q.minor);
	*ret_request = q;
	return c.p - data;
}

const struct http1_span *
http1_field(const struct http1_request *r, const char *name, size_t *ret_count)
{
	return http1_find(r->field, r->fields, name, ret_count);
}

int
http1_status(int error)
{
	switch (error) {
	case -EBADMSG:
		return 400;
	case -EFBIG:
		return 413;
	case -ENAMETOOLONG:
		return 414;
	case -EOPNOTSUPP:
		return 417;
	case -EMSGSIZE:
		return 431;
	case -ENOSYS:
		return 501;
	case -EPROTONOSUPPORT:
		return 505;
	default:
		return 500;
	}
}

bool
http1_is(const struct http1_span *span, const char *s)
{
	return span->len == strlen(s) && memcmp(span->s, s, span->len) == 0;
}
