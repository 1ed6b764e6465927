/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "hex.h"
#include "http1-scan.h"
#include "http1.h"
#include "num.h"
#include "url.h"

/* Of RFC 3986 3.2.2 what names of hosts consist of: no escapes, no sub-delims,
 * and so no lists. */
static bool
is_host(unsigned char c)
{
	return http1_is_alnum(c) || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

/* The length of "[address]" at the start, or 0. */
static size_t
span_literal(const struct http1_span *a)
{
	const char *close = memchr(a->s, ']', a->len);
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t len;

	if (close == NULL)
		return 0;
	len = (size_t)(close - a->s - 1);
	if (len >= sizeof(text) || memchr(a->s, '\0', len + 1) != NULL)
		return 0;
	memcpy(text, a->s + 1, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 ? len + 2 : 0;
}

/* uri-host [":" port]; *RET_PORT is -1 when there is none or it is empty. */
static int
check_authority(const struct http1_span *a, int64_t *ret_port)
{
	size_t n = 0;

	*ret_port = -1;
	if (a->len > 0 && a->s[0] == '[')
		n = span_literal(a);
	else
		while (n < a->len && is_host((unsigned char)a->s[n]))
			n++;
	if (n == 0 || (n < a->len && a->s[n] != ':'))
		return -EBADMSG;
	if (a->len - n < 2)
		return 0;
	if (a->len - n > 6 ||
	    num_parse(a->s + n + 1, a->len - n - 1, 0, 65535, ret_port) != 0)
		return -EBADMSG;
	return 0;
}

/* "http://" or "https://" at the start of an absolute-form; its length or 0. */
static size_t
span_scheme(const struct http1_span *target)
{
	static const char *const schemes[] = { "http://", "https://" };
	struct http1_span start = *target;
	size_t i;

	for (i = 0; i < ARRAY_LEN(schemes); i++) {
		start.len = strlen(schemes[i]);
		if (start.len <= target->len &&
		    http1_is_word(&start, schemes[i]))
			return start.len;
	}
	return 0;
}

/* Split an absolute-form behind its scheme, where the authority ends. */
static void
split_absolute(const struct http1_span *target,
    struct http1_span *ret_authority, struct http1_span *ret_rest)
{
	size_t scheme = span_scheme(target);
	const char *end = target->s + target->len;
	const char *p = target->s + scheme;

	ret_authority->s = p;
	while (p < end && *p != '/' && *p != '?')
		p++;
	ret_authority->len = (size_t)(p - ret_authority->s);
	ret_rest->s = p;
	ret_rest->len = (size_t)(end - p);
}

/*
 * Escapes: two digits each (RFC 3986 2.1), never a NUL, and in the path no
 * other control byte either: only attacks on logs, and on headers that are made
 * from paths, have them.
 */
static int
check_escapes(const struct http1_span *s)
{
	bool in_query = false;
	size_t i;
	int byte;

	for (i = 0; i < s->len; i++) {
		in_query = in_query || s->s[i] == '?';
		if (s->s[i] != '%')
			continue;
		if (s->len - i < 3 || hex_value(s->s[i + 1]) < 0 ||
		    hex_value(s->s[i + 2]) < 0)
			return -EBADMSG;
		byte = hex_value(s->s[i + 1]) * 16 + hex_value(s->s[i + 2]);
		if (byte == 0 || (!in_query && (byte < 0x20 || byte == 0x7f)))
			return -EBADMSG;
		i += 2;
	}
	return 0;
}

static bool
is_method(const struct http1_request *q, const char *name)
{
	return q->method.len == strlen(name) &&
	    memcmp(q->method.s, name, q->method.len) == 0;
}

/* RFC 9112 3.2.3 and RFC 9110 9.3.6: with a port, which must be one. */
static int
check_connect(struct http1_request *q)
{
	int64_t port;

	q->form = HTTP1_AUTHORITY;
	q->authority = q->target;
	if (check_authority(&q->authority, &port) != 0 || port < 1)
		return -EBADMSG;
	return 0;
}

static int
check_absolute(struct http1_request *q)
{
	struct http1_span rest;
	int64_t port;

	if (span_scheme(&q->target) == 0)
		return -EBADMSG;
	q->form = HTTP1_ABSOLUTE;
	split_absolute(&q->target, &q->authority, &rest);
	if (check_authority(&q->authority, &port) != 0)
		return -EBADMSG;
	return check_escapes(&rest);
}

/* RFC 9112 3.2: one Host, which HTTP/1.0 may leave out; checked also where it
 * is not used. */
static int
find_host(struct http1_request *q)
{
	const struct http1_span *host;
	size_t count;
	int64_t port;

	host = http1_field(q, "host", &count);
	if (count > 1 || (count == 0 && q->minor == 1))
		return -EBADMSG;
	q->authority.s = q->target.s;
	if (host == NULL)
		return 0;
	q->authority = *host;
	return check_authority(host, &port);
}

int
http1_check_target(struct http1_request *q)
{
	const struct http1_span *t = &q->target;

	if (find_host(q) != 0)
		return -EBADMSG;
	if (is_method(q, "CONNECT"))
		return check_connect(q);
	if (t->s[0] == '/') {
		q->form = HTTP1_ORIGIN;
		return check_escapes(t);
	}
	if (t->len == 1 && t->s[0] == '*' && is_method(q, "OPTIONS")) {
		q->form = HTTP1_ASTERISK;
		return 0;
	}
	return check_absolute(q);
}

int
http1_split_target(const struct http1_request *r, struct http1_span *ret_path,
    struct http1_span *ret_query)
{
	static const struct http1_span root = { "/", 1 };
	struct http1_span authority;
	struct http1_span rest = r->target;
	const char *mark;

	if (r->form != HTTP1_ORIGIN && r->form != HTTP1_ABSOLUTE)
		return -EINVAL;
	if (r->form == HTTP1_ABSOLUTE)
		split_absolute(&r->target, &authority, &rest);
	mark = memchr(rest.s, '?', rest.len);
	ret_query->s = mark != NULL ? mark + 1 : rest.s + rest.len;
	ret_query->len = (size_t)(rest.s + rest.len - ret_query->s);
	rest.len -= ret_query->len + (mark != NULL);
	*ret_path = rest.len > 0 ? rest : root;
	return 0;
}

/* Take the first parameter off a query; false when there is none. */
static bool
next_param(struct http1_span *query, struct http1_span *ret_name,
    struct http1_span *ret_value)
{
	const char *end;
	const char *mark;
	size_t len;

	if (query->len == 0)
		return false;
	end = memchr(query->s, '&', query->len);
	len = end != NULL ? (size_t)(end - query->s) : query->len;
	mark = memchr(query->s, '=', len);
	ret_name->s = query->s;
	ret_name->len = mark != NULL ? (size_t)(mark - query->s) : len;
	ret_value->s = mark != NULL ? mark + 1 : query->s + len;
	ret_value->len = len - ret_name->len - (mark != NULL);
	query->s += len + (end != NULL);
	query->len -= len + (end != NULL);
	return true;
}

/* Whether an encoded name is NAME; one that is badly encoded is not. */
static bool
is_named(const struct http1_span *encoded, const char *name)
{
	const char *s = encoded->s;
	const char *end = s + encoded->len;
	int byte;

	for (; s < end && *name != '\0'; s++, name++) {
		byte = *s == '+' ? ' ' : (unsigned char)*s;
		if (byte == '%') {
			if (end - s < 3 || hex_value(s[1]) < 0 ||
			    hex_value(s[2]) < 0)
				return false;
			byte = hex_value(s[1]) * 16 + hex_value(s[2]);
			s += 2;
		}
		if (byte != (unsigned char)*name)
			return false;
	}
	return s == end && *name == '\0';
}

int
http1_query(const struct http1_span *query, const char *name, struct buf *out)
{
	struct http1_span rest = *query;
	struct http1_span value = { NULL, 0 };
	struct http1_span param;
	struct http1_span found;
	size_t before = out->len;
	int r;

	while (next_param(&rest, &param, &found)) {
		if (!is_named(&param, name))
			continue;
		if (value.s != NULL)
			return -EBADMSG;
		value = found;
	}
	if (value.s == NULL)
		return -ENOENT;
	r = url_decode(out, value.s, value.len);
	if (r != 0)
		buf_truncate(out, before);
	return r;
}
