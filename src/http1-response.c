/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "http1-scan.h"
#include "http1.h"
#include "num.h"

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9112 4: the blank behind the status is there even without a reason. */
static int
take_status_line(struct http1_cursor *c, struct http1_response *p)
{
	struct http1_span digits;
	int64_t status;
	int r;

	r = http1_take_version(c, " ", &p->minor);
	if (r == 0)
		r = http1_take(c, is_digit, ' ', 3, &digits);
	if (r != 0)
		return r == -ERANGE ? -EBADMSG : r;
	if (num_parse(digits.s, digits.len, 100, 599, &status) != 0)
		return -EBADMSG;
	p->status = (int)status;
	http1_take_value(c, &p->reason);
	return http1_take_text(c, "\r\n");
}

/* RFC 9112 6.3. */
static int
find_body(struct http1_response *p)
{
	int r;

	r = http1_measure(p->field, p->fields, p->minor, &p->body, &p->length);
	if (r != 0)
		return r;
	if (p->body == HTTP1_NO_BODY)
		p->body = HTTP1_UNTIL_CLOSE;
	if (p->status < 200 || p->status == 204 || p->status == 304 ||
	    (p->body == HTTP1_LENGTH && p->length == 0)) {
		p->body = HTTP1_NO_BODY;
		p->length = 0;
	}
	return 0;
}

ssize_t
http1_parse_response(const char *data, size_t len,
    struct http1_response *ret_response)
{
	struct http1_cursor c = http1_begin(data, len);
	struct http1_response p;
	int r;

	memset(&p, 0, sizeof(p));
	r = take_status_line(&c, &p);
	if (r == 0)
		r = http1_take_fields(&c, p.field, &p.fields);
	if (r == -EAGAIN && len >= HTTP1_MAX_HEAD)
		r = -EMSGSIZE;
	if (r == 0)
		r = find_body(&p);
	if (r != 0)
		return r;
	p.keep_alive = p.body != HTTP1_UNTIL_CLOSE &&
	    http1_keeps_alive(p.field, p.fields, p.minor);
	*ret_response = p;
	return c.p - data;
}

const struct http1_span *
http1_response_field(const struct http1_response *r, const char *name,
    size_t *ret_count)
{
	return http1_find(r->field, r->fields, name, ret_count);
}
