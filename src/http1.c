/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "http1.h"
#include "num.h"

/* What is left to read. */
struct cursor {
	const char *p;
	const char *end;
};

static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* RFC 9110 5.6.2; memchr, because strchr would find the NUL. */
static bool
is_tchar(unsigned char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return is_alnum(c) || memchr(others, c, sizeof(others) - 1) != NULL;
}

static bool
is_visible(unsigned char c)
{
	return c > 0x20 && c < 0x7f;
}

/* RFC 9110 5.5: visible ASCII, obs-text and blanks. */
static bool
is_value(unsigned char c)
{
	return is_visible(c) || c >= 0x80 || c == ' ' || c == '\t';
}

/* RFC 9112 3.2 wants a bad Host refused; a list of two has a comma. */
static bool
is_host(unsigned char c)
{
	static const char others[] = "-._~:[]%";

	return is_alnum(c) || memchr(others, c, sizeof(others) - 1) != NULL;
}

/* Take one to MAX bytes of a kind, and the byte STOP after them. */
static int
take(struct cursor *c, bool (*is_kind)(unsigned char), char stop, size_t max,
    struct http1_span *ret_span)
{
	const char *s = c->p;
	size_t len;

	while (c->p < c->end && is_kind((unsigned char)*c->p))
		c->p++;
	len = (size_t)(c->p - s);
	if (len > max)
		return -EMSGSIZE;
	if (c->p == c->end)
		return -EAGAIN;
	if (len == 0 || *c->p != stop)
		return -EBADMSG;
	c->p++;
	ret_span->s = s;
	ret_span->len = len;
	return 0;
}

/* Take exactly the bytes of TEXT. */
static int
take_text(struct cursor *c, const char *text)
{
	for (; *text != '\0'; text++, c->p++) {
		if (c->p == c->end)
			return -EAGAIN;
		if (*c->p != *text)
			return -EBADMSG;
	}
	return 0;
}

static int
take_request_line(struct cursor *c, struct http1_request *q)
{
	int r;

	r = take(c, is_tchar, ' ', HTTP1_MAX_HEAD, &q->method);
	if (r == 0)
		r = take(c, is_visible, ' ', HTTP1_MAX_TARGET, &q->target);
	if (r == 0)
		r = take_text(c, "HTTP/1.");
	if (r == 0 && c->p == c->end)
		r = -EAGAIN;
	if (r == 0 && *c->p != '0' && *c->p != '1')
		r = -EBADMSG;
	if (r != 0)
		return r;
	q->minor = *c->p++ - '0';
	return take_text(c, "\r\n");
}

/* A folded line fails here, because a name cannot start with a blank. */
static int
take_field(struct cursor *c, struct http1_field *ret_field)
{
	struct http1_span *value = &ret_field->value;
	int r;

	r = take(c, is_tchar, ':', HTTP1_MAX_HEAD, &ret_field->name);
	if (r != 0)
		return r;
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
	value->s = c->p;
	while (c->p < c->end && is_value((unsigned char)*c->p))
		c->p++;
	value->len = (size_t)(c->p - value->s);
	while (value->len > 0 &&
	    (value->s[value->len - 1] == ' ' ||
		value->s[value->len - 1] == '\t'))
		value->len--;
	return take_text(c, "\r\n");
}

/* Fields up to and including the blank line. */
static int
take_fields(struct cursor *c, struct http1_request *q)
{
	int r;

	for (;;) {
		if (c->p == c->end)
			return -EAGAIN;
		if (*c->p == '\r')
			return take_text(c, "\r\n");
		if (q->fields == HTTP1_MAX_FIELDS)
			return -EMSGSIZE;
		r = take_field(c, &q->field[q->fields]);
		if (r != 0)
			return r;
		q->fields++;
	}
}

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* By hand, because strncasecmp() depends on the locale. */
static bool
equal_without_case(const struct http1_span *span, const char *s)
{
	size_t i;

	if (span->len != strlen(s))
		return false;
	for (i = 0; i < span->len; i++)
		if (to_lower(span->s[i]) != to_lower(s[i]))
			return false;
	return true;
}

static int
check_host(const struct http1_request *q)
{
	const struct http1_span *host;
	size_t count;
	size_t i;

	host = http1_field(q, "host", &count);
	if (count > 1 || (count == 0 && q->minor == 1))
		return -EBADMSG;
	for (i = 0; host != NULL && i < host->len; i++)
		if (!is_host((unsigned char)host->s[i]))
			return -EBADMSG;
	return 0;
}

static int
check_framing(const struct http1_request *q)
{
	const struct http1_span *length;
	const struct http1_span *coding;
	size_t lengths;
	size_t codings;
	int64_t n;

	length = http1_field(q, "content-length", &lengths);
	coding = http1_field(q, "transfer-encoding", &codings);
	if (lengths + codings > 1)
		return -EBADMSG;
	if (length != NULL &&
	    num_parse(length->s, length->len, 0, INT64_MAX, &n) != 0)
		return -EBADMSG;
	if (coding != NULL &&
	    (q->minor == 0 || !equal_without_case(coding, "chunked")))
		return -EBADMSG;
	return 0;
}

ssize_t
http1_parse_request(const char *data, size_t len,
    struct http1_request *ret_request)
{
	struct http1_request q;
	struct cursor c;
	int r;

	memset(&q, 0, sizeof(q));
	c.p = data;
	c.end = data + (len < HTTP1_MAX_HEAD ? len : HTTP1_MAX_HEAD);
	r = take_request_line(&c, &q);
	if (r == 0)
		r = take_fields(&c, &q);
	if (r == -EAGAIN && len >= HTTP1_MAX_HEAD)
		r = -EMSGSIZE;
	if (r == 0)
		r = check_host(&q);
	if (r == 0)
		r = check_framing(&q);
	if (r != 0)
		return r;
	*ret_request = q;
	return c.p - data;
}

const struct http1_span *
http1_field(const struct http1_request *r, const char *name, size_t *ret_count)
{
	const struct http1_span *first = NULL;
	size_t count = 0;
	size_t i;

	for (i = 0; i < r->fields; i++) {
		if (!equal_without_case(&r->field[i].name, name))
			continue;
		if (first == NULL)
			first = &r->field[i].value;
		count++;
	}
	*ret_count = count;
	return first;
}
