/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "ascii.h"
#include "http1-scan.h"
#include "num.h"

bool
http1_is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* memchr, because strchr would find the NUL. */
bool
http1_is_tchar(unsigned char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return http1_is_alnum(c) ||
	    memchr(others, c, sizeof(others) - 1) != NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 9110 5.5, or a blank: visible ASCII, obs-text and blanks. */
static bool
is_value(unsigned char c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

struct http1_cursor
http1_begin(const char *data, size_t len)
{
	struct http1_cursor c;

	c.p = data;
	c.end = data + (len < HTTP1_MAX_HEAD ? len : HTTP1_MAX_HEAD);
	return c;
}

int
http1_take(struct http1_cursor *c, bool (*is_kind)(unsigned char), char stop,
    size_t max, struct http1_span *ret_span)
{
	const char *s = c->p;
	size_t len;

	while (c->p < c->end && is_kind((unsigned char)*c->p))
		c->p++;
	len = (size_t)(c->p - s);
	if (len > max)
		return -ERANGE;
	if (c->p == c->end)
		return -EAGAIN;
	if (len == 0 || *c->p != stop)
		return -EBADMSG;
	c->p++;
	ret_span->s = s;
	ret_span->len = len;
	return 0;
}

int
http1_take_text(struct http1_cursor *c, const char *text)
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
take_digit(struct http1_cursor *c, int *ret_digit)
{
	if (c->p == c->end)
		return -EAGAIN;
	if (*c->p < '0' || *c->p > '9')
		return -EBADMSG;
	*ret_digit = *c->p++ - '0';
	return 0;
}

/* The whole version first, so that HTTP/1.10 is malformed and not unknown. */
int
http1_take_version(struct http1_cursor *c, const char *stop, int *ret_minor)
{
	int major = 0;
	int minor = 0;
	int r;

	r = http1_take_text(c, "HTTP/");
	if (r == 0)
		r = take_digit(c, &major);
	if (r == 0)
		r = http1_take_text(c, ".");
	if (r == 0)
		r = take_digit(c, &minor);
	if (r == 0)
		r = http1_take_text(c, stop);
	if (r == 0 && (major != 1 || minor > 1))
		r = -EPROTONOSUPPORT;
	if (r == 0)
		*ret_minor = minor;
	return r;
}

static void
trim(struct http1_span *span)
{
	while (span->len > 0 && is_blank(span->s[0])) {
		span->s++;
		span->len--;
	}
	while (span->len > 0 && is_blank(span->s[span->len - 1]))
		span->len--;
}

void
http1_take_value(struct http1_cursor *c, struct http1_span *ret_span)
{
	ret_span->s = c->p;
	while (c->p < c->end && is_value((unsigned char)*c->p))
		c->p++;
	ret_span->len = (size_t)(c->p - ret_span->s);
}

/* A folded line fails here, because a name cannot start with a blank. */
static int
take_field(struct http1_cursor *c, struct http1_field *ret_field)
{
	int r;

	r = http1_take(c, http1_is_tchar, ':', HTTP1_MAX_HEAD,
	    &ret_field->name);
	if (r != 0)
		return r;
	http1_take_value(c, &ret_field->value);
	trim(&ret_field->value);
	return http1_take_text(c, "\r\n");
}

int
http1_take_fields(struct http1_cursor *c, struct http1_field *ret_field,
    size_t *ret_fields)
{
	int r;

	for (*ret_fields = 0;; (*ret_fields)++) {
		if (c->p == c->end)
			return -EAGAIN;
		if (*c->p == '\r')
			return http1_take_text(c, "\r\n");
		if (*ret_fields == HTTP1_MAX_FIELDS)
			return -EMSGSIZE;
		r = take_field(c, &ret_field[*ret_fields]);
		if (r != 0)
			return r;
	}
}

/* By hand, because strncasecmp() depends on the locale. */
bool
http1_is_word(const struct http1_span *span, const char *word)
{
	size_t i;

	if (span->len != strlen(word))
		return false;
	for (i = 0; i < span->len; i++)
		if (ascii_lower(span->s[i]) != ascii_lower(word[i]))
			return false;
	return true;
}

const struct http1_span *
http1_find(const struct http1_field *field, size_t fields, const char *name,
    size_t *ret_count)
{
	const struct http1_span *first = NULL;
	size_t count = 0;
	size_t i;

	for (i = 0; i < fields; i++) {
		if (!http1_is_word(&field[i].name, name))
			continue;
		if (first == NULL)
			first = &field[i].value;
		count++;
	}
	*ret_count = count;
	return first;
}

/* Take the first element off a list of RFC 9110 5.6.1, skipping empty ones;
 * false when there is none. */
static bool
next_item(struct http1_span *list, struct http1_span *ret_item)
{
	struct http1_span item;
	const char *comma;

	while (list->len > 0) {
		comma = memchr(list->s, ',', list->len);
		item.s = list->s;
		item.len = comma != NULL ? (size_t)(comma - list->s) :
					   list->len;
		list->s += item.len + (comma != NULL);
		list->len -= item.len + (comma != NULL);
		trim(&item);
		if (item.len > 0) {
			*ret_item = item;
			return true;
		}
	}
	return false;
}

size_t
http1_count_items(const struct http1_field *field, size_t fields,
    const char *name, const char *word, size_t *ret_words)
{
	struct http1_span item;
	struct http1_span list;
	size_t count = 0;
	size_t words = 0;
	size_t i;

	for (i = 0; i < fields; i++) {
		if (!http1_is_word(&field[i].name, name))
			continue;
		list = field[i].value;
		while (next_item(&list, &item)) {
			count++;
			words += http1_is_word(&item, word);
		}
	}
	*ret_words = words;
	return count;
}

bool
http1_keeps_alive(const struct http1_field *field, size_t fields, int minor)
{
	size_t words;

	(void)http1_count_items(field, fields, "connection", "close", &words);
	return minor == 1 && words == 0;
}

/* RFC 9110 8.6.  Zeros in front are digits, too, but octal to some; a length
 * that no integer holds is an attack on one, and not a large body. */
static int
read_length(const struct http1_span *value, int64_t *ret_length)
{
	if (value->len > 1 && value->s[0] == '0')
		return -EBADMSG;
	if (num_parse(value->s, value->len, 0, INT64_MAX, ret_length) != 0)
		return -EBADMSG;
	return 0;
}

static bool
is_token(const struct http1_span *span)
{
	size_t i;

	for (i = 0; i < span->len; i++)
		if (!http1_is_tchar((unsigned char)span->s[i]))
			return false;
	return span->len > 0;
}

/*
 * Why a Transfer-Encoding that is not just "chunked" is refused.  Without
 * chunked as the last coding the end cannot be found, which is 400 (RFC 9112
 * 6.3), and so is chunked twice or with parameters (7, 7.1); otherwise there
 * are codings before it that are unknown here, which is 501 (6.1).
 */
static int
refuse_coding(struct http1_span list)
{
	struct http1_span item;
	size_t chunked = 0;
	size_t others = 0;
	bool last = false;

	while (next_item(&list, &item)) {
		if (!is_token(&item))
			return -EBADMSG;
		last = http1_is_word(&item, "chunked");
		chunked += last;
		others += !last;
	}
	return last && chunked == 1 && others > 0 ? -ENOSYS : -EBADMSG;
}

int
http1_measure(const struct http1_field *field, size_t fields, int minor,
    enum http1_body *ret_body, int64_t *ret_length)
{
	const struct http1_span *length;
	const struct http1_span *coding;
	size_t lengths;
	size_t codings;

	length = http1_find(field, fields, "content-length", &lengths);
	coding = http1_find(field, fields, "transfer-encoding", &codings);
	if (lengths + codings > 1 || (coding != NULL && minor == 0))
		return -EBADMSG;
	*ret_length = 0;
	*ret_body = HTTP1_NO_BODY;
	if (length != NULL) {
		*ret_body = HTTP1_LENGTH;
		return read_length(length, ret_length);
	}
	if (coding != NULL) {
		*ret_body = HTTP1_CHUNKED;
		if (!http1_is_word(coding, "chunked"))
			return refuse_coding(*coding);
	}
	return 0;
}
