/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "esc.h"
#include "jpath.h"

struct reader {
	const char *p;
	const char *end;
	struct buf path;
	struct buf value;
	int depth;
	jpath_fn fn;
	void *ctx;
};

static int read_value(struct reader *j);

static void
skip_blanks(struct reader *j)
{
	while (j->p < j->end && memchr(" \t\r\n", *j->p, 4) != NULL)
		j->p++;
}

/* Take C, if it is next. */
static bool
take(struct reader *j, char c)
{
	if (j->p == j->end || *j->p != c)
		return false;
	j->p++;
	return true;
}

static int
take_hex(struct reader *j, uint32_t *ret_code)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t code = 0;
	const char *at;
	int i;

	for (i = 0; i < 4; i++) {
		if (j->p == j->end || *j->p == '\0')
			return -EBADMSG;
		at = strchr(digits,
		    *j->p >= 'A' && *j->p <= 'F' ? *j->p - 'A' + 'a' : *j->p);
		if (at == NULL)
			return -EBADMSG;
		code = code << 4 | (uint32_t)(at - digits);
		j->p++;
	}
	*ret_code = code;
	return 0;
}

static int
add_utf8(struct buf *b, uint32_t c)
{
	char s[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	size_t i;

	for (i = n; i > 1; i--, c >>= 6)
		s[i - 1] = (char)(0x80 | (c & 0x3f));
	s[0] = (char)(n == 1 ? c : (0xf00U >> n & 0xf0) | c);
	return buf_add(b, s, n);
}

/* Behind "\u": one of the two halves of a pair is none without the other. */
static int
take_unicode(struct reader *j, struct buf *b)
{
	uint32_t low = 0;
	uint32_t c;
	int r;

	r = take_hex(j, &c);
	if (r != 0 || c == 0 || (c >= 0xdc00 && c < 0xe000))
		return -EBADMSG;
	if (c >= 0xd800 && c < 0xdc00) {
		if (!take(j, '\\') || !take(j, 'u') || take_hex(j, &low) != 0 ||
		    low < 0xdc00 || low >= 0xe000)
			return -EBADMSG;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return add_utf8(b, c);
}

static int
take_escape(struct reader *j, struct buf *b)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (take(j, 'u'))
		return take_unicode(j, b);
	if (j->p == j->end || *j->p == '\0')
		return -EBADMSG;
	at = strchr(from, *j->p++);
	return at == NULL ? -EBADMSG : buf_addc(b, to[at - from]);
}

/* Append the string that is next. */
static int
take_string(struct reader *j, struct buf *b)
{
	size_t n;
	int r = 0;

	if (!take(j, '"'))
		return -EBADMSG;
	while (r == 0 && !take(j, '"')) {
		if (take(j, '\\')) {
			r = take_escape(j, b);
			continue;
		}
		n = esc_utf8(j->p, (size_t)(j->end - j->p));
		if (j->p == j->end || n == 0 || (unsigned char)*j->p < 0x20)
			return -EBADMSG;
		r = buf_add(b, j->p, n);
		j->p += n;
	}
	return r;
}

static size_t
skip_digits(struct reader *j)
{
	const char *start = j->p;

	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return (size_t)(j->p - start);
}

static int
take_number(struct reader *j, struct buf *b)
{
	const char *start = j->p;
	bool has_zero;

	(void)take(j, '-');
	has_zero = j->p < j->end && *j->p == '0';
	/* no zero leads */
	if (has_zero ? skip_digits(j) != 1 : skip_digits(j) == 0)
		return -EBADMSG;
	if (take(j, '.') && skip_digits(j) == 0)
		return -EBADMSG;
	if (take(j, 'e') || take(j, 'E')) {
		if (!take(j, '-'))
			(void)take(j, '+');
		if (skip_digits(j) == 0)
			return -EBADMSG;
	}
	return buf_add(b, start, (size_t)(j->p - start));
}

/* true, false, null or a number */
static int
take_word(struct reader *j, struct buf *b)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t left = (size_t)(j->end - j->p);
	size_t len;
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		len = strlen(words[i]);
		if (left < len || memcmp(j->p, words[i], len) != 0)
			continue;
		j->p += len;
		return buf_add(b, words[i], len);
	}
	return take_number(j, b);
}

static int
read_scalar(struct reader *j)
{
	int r;

	buf_clear(&j->value);
	if (j->p < j->end && *j->p == '"')
		r = take_string(j, &j->value);
	else
		r = take_word(j, &j->value);
	if (r == 0)
		r = j->fn(j->ctx, buf_str(&j->path), buf_str(&j->value));
	return r;
}

static int
read_element(struct reader *j)
{
	int r = buf_adds(&j->path, "[]");

	return r != 0 ? r : read_value(j);
}

static int
read_member(struct reader *j)
{
	size_t start;
	int r = 0;

	skip_blanks(j);
	if (j->path.len != 0)
		r = buf_addc(&j->path, '.');
	start = j->path.len;
	if (r == 0)
		r = take_string(j, &j->path);
	if (r != 0)
		return r;
	/* or a name could look like a path */
	if (strpbrk(buf_str(&j->path) + start, ".[") != NULL)
		return -EBADMSG;
	skip_blanks(j);
	return take(j, ':') ? read_value(j) : -EBADMSG;
}

/* What stands between an opening bracket and CLOSE. */
static int
read_all(struct reader *j, int (*read_one)(struct reader *), char close)
{
	size_t len = j->path.len;
	int r;

	if (++j->depth > JPATH_MAX_DEPTH)
		return -EMSGSIZE;
	skip_blanks(j);
	if (!take(j, close)) {
		do {
			r = read_one(j);
			buf_truncate(&j->path, len);
			skip_blanks(j);
		} while (r == 0 && take(j, ','));
		if (r != 0)
			return r;
		if (!take(j, close))
			return -EBADMSG;
	}
	j->depth--;
	return 0;
}

static int
read_value(struct reader *j)
{
	skip_blanks(j);
	if (take(j, '{'))
		return read_all(j, read_member, '}');
	if (take(j, '['))
		return read_all(j, read_element, ']');
	return read_scalar(j);
}

int
jpath_read(const char *text, size_t len, jpath_fn fn, void *ctx)
{
	struct reader j = { text, text + len, BUF_INIT(JPATH_MAX_PATH),
		BUF_INIT(JPATH_MAX_VALUE), 0, fn, ctx };
	int r;

	r = read_value(&j);
	skip_blanks(&j);
	if (r == 0 && j.p != j.end)
		r = -EBADMSG;
	buf_wipe(&j.value);
	buf_wipe(&j.path);
	return r;
}
