/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <assert.h>
#include <string.h>

#include "esc.h"
#include "hex.h"
#include "jsonscan.h"

#define BOM "\xef\xbb\xbf"

/* What may come next; a comma belongs to what comes after it. */
enum {
	VALUE,
	VALUE_OR_CLOSE,
	NAME,
	NAME_OR_CLOSE,
	COMMA_OR_CLOSE,
	DONE
};

void
jsonscan_begin(struct jsonscan *s, const char *text, size_t len)
{
	s->text = text;
	s->len = len;
	s->at = 0;
	s->depth = 0;
	s->state = VALUE;
	if (len >= sizeof(BOM) - 1 && memcmp(text, BOM, sizeof(BOM) - 1) == 0)
		s->at = sizeof(BOM) - 1;
}

/* The next byte, or NUL, which stands nowhere in JSON. */
static char
peek(const struct jsonscan *s)
{
	return s->at < s->len ? s->text[s->at] : '\0';
}

static bool
take(struct jsonscan *s, char c)
{
	if (s->at == s->len || s->text[s->at] != c)
		return false;
	s->at++;
	return true;
}

static void
skip_blank(struct jsonscan *s)
{
	while (take(s, ' ') || take(s, '\t') || take(s, '\n') || take(s, '\r'))
		;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One digit or more. */
static bool
take_digits(struct jsonscan *s)
{
	size_t start = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at != start;
}

/* RFC 8259 6. */
static int
take_number(struct jsonscan *s)
{
	(void)take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return -EBADMSG;
	if (take(s, '.') && !take_digits(s))
		return -EBADMSG;
	if (!take(s, 'e') && !take(s, 'E'))
		return 0;
	if (!take(s, '+'))
		(void)take(s, '-');
	return take_digits(s) ? 0 : -EBADMSG;
}

static int
take_word(struct jsonscan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t len;
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		len = strlen(words[i]);
		if (s->len - s->at >= len &&
		    memcmp(s->text + s->at, words[i], len) == 0) {
			s->at += len;
			return 0;
		}
	}
	return -EBADMSG;
}

/* The four digits after "\u", with LEN bytes left at P; -1 for others. */
static int32_t
read_unit(const char *p, size_t len)
{
	int32_t unit = 0;
	size_t i;

	if (len < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		if (hex_value(p[i]) < 0)
			return -1;
		unit = unit * 16 + hex_value(p[i]);
	}
	return unit;
}

/*
 * Read the escape at P, a backslash with LEN bytes from it on.  Returns how
 * long it is, or 0 when it is none.  RET_C is the character that it means.
 */
static size_t
read_escape(const char *p, size_t len, uint32_t *ret_c)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *name;
	int32_t high;
	int32_t low;

	if (len < 2 || p[1] == '\0')
		return 0;
	name = strchr(names, p[1]);
	if (name != NULL) {
		*ret_c = (unsigned char)meanings[name - names];
		return 2;
	}
	high = p[1] == 'u' ? read_unit(p + 2, len - 2) : -1;
	if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
		return 0;
	*ret_c = (uint32_t)high;
	if (high < 0xd800 || high > 0xdbff)
		return 6;
	if (len < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = read_unit(p + 8, len - 8);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*ret_c = 0x10000 + ((uint32_t)(high - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
	return 12;
}

static int
take_string(struct jsonscan *s)
{
	uint32_t ignored;
	size_t n;

	if (!take(s, '"'))
		return -EBADMSG;
	while (!take(s, '"')) {
		const char *p = s->text + s->at;
		size_t left = s->len - s->at;

		if (left == 0 || (unsigned char)*p < ' ')
			return -EBADMSG;
		n = *p == '\\' ? read_escape(p, left, &ignored) :
				 esc_utf8(p, left);
		if (n == 0)
			return -EBADMSG;
		s->at += n;
	}
	return 0;
}

/* What may come after a value. */
static void
value_ends(struct jsonscan *s)
{
	s->state = s->depth != 0 ? COMMA_OR_CLOSE : DONE;
}

static int
take_open(struct jsonscan *s)
{
	char c = s->text[s->at++];

	if (s->depth == JSONSCAN_MAX_DEPTH)
		return -EMSGSIZE;
	s->open[s->depth++] = c;
	s->state = c == '{' ? NAME_OR_CLOSE : VALUE_OR_CLOSE;
	return 0;
}

static int
take_close(struct jsonscan *s)
{
	if (!take(s, s->open[s->depth - 1] == '{' ? '}' : ']'))
		return -EBADMSG;
	s->depth--;
	value_ends(s);
	return 0;
}

static int
take_value(struct jsonscan *s, enum jsonscan_kind *ret_kind)
{
	char c = peek(s);
	int r;

	if (c == '{' || c == '[') {
		*ret_kind = JSONSCAN_OPEN;
		return take_open(s);
	}
	if (c == '"') {
		*ret_kind = JSONSCAN_STRING;
		r = take_string(s);
	} else if (c == '-' || is_digit(c)) {
		*ret_kind = JSONSCAN_NUMBER;
		r = take_number(s);
	} else {
		*ret_kind = JSONSCAN_WORD;
		r = take_word(s);
	}
	value_ends(s);
	return r;
}

/* A name and the colon after it.  RET_LEN is that of the name. */
static int
take_name(struct jsonscan *s, size_t *ret_len)
{
	size_t start = s->at;
	int r;

	r = take_string(s);
	if (r != 0)
		return r;
	*ret_len = s->at - start;
	skip_blank(s);
	s->state = VALUE;
	return take(s, ':') ? 0 : -EBADMSG;
}

static void
take_comma(struct jsonscan *s)
{
	skip_blank(s);
	if (s->state == COMMA_OR_CLOSE && take(s, ',')) {
		s->state = s->open[s->depth - 1] == '{' ? NAME : VALUE;
		skip_blank(s);
	}
}

static bool
may_close(const struct jsonscan *s)
{
	char c = peek(s);

	return s->state == COMMA_OR_CLOSE ||
	    (s->state == NAME_OR_CLOSE && c == '}') ||
	    (s->state == VALUE_OR_CLOSE && c == ']');
}

int
jsonscan_next(struct jsonscan *s, struct jsonscan_token *ret_token)
{
	struct jsonscan_token token = { JSONSCAN_END, 0, 0 };
	int r = 0;

	if (s->len > JSONSCAN_MAX)
		return -EMSGSIZE;
	take_comma(s);
	token.at = s->at;
	if (s->state == DONE) {
		r = s->at == s->len ? 0 : -EBADMSG;
	} else if (may_close(s)) {
		token.kind = JSONSCAN_CLOSE;
		r = take_close(s);
	} else if (s->state == NAME || s->state == NAME_OR_CLOSE) {
		token.kind = JSONSCAN_NAME;
		r = take_name(s, &token.len);
	} else {
		r = take_value(s, &token.kind);
	}
	if (r != 0)
		return r;
	if (token.kind != JSONSCAN_NAME)
		token.len = s->at - token.at;
	*ret_token = token;
	return 0;
}

int
jsonscan_whole(struct jsonscan *s, struct jsonscan_token *token)
{
	struct jsonscan_token t = *token;
	size_t depth = s->depth;
	int r = 0;

	if (token->kind != JSONSCAN_OPEN)
		return 0;
	while (r == 0 && s->depth >= depth)
		r = jsonscan_next(s, &t);
	if (r == 0)
		token->len = t.at + t.len - token->at;
	return r;
}

/* Append C as UTF-8. */
static int
add_character(struct buf *b, uint32_t c)
{
	char s[4];
	size_t n = 0;

	if (c < 0x80) {
		s[n++] = (char)c;
	} else if (c < 0x800) {
		s[n++] = (char)(0xc0 | (c >> 6));
	} else if (c < 0x10000) {
		s[n++] = (char)(0xe0 | (c >> 12));
		s[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
	} else {
		s[n++] = (char)(0xf0 | (c >> 18));
		s[n++] = (char)(0x80 | ((c >> 12) & 0x3f));
		s[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
	}
	if (c >= 0x80)
		s[n++] = (char)(0x80 | (c & 0x3f));
	return buf_add(b, s, n);
}

int
jsonscan_decode(const char *s, size_t len, struct buf *b)
{
	const char *p = s + 1;
	const char *end = s + len - 1;
	const char *backslash;
	uint32_t c;
	size_t n;
	int r = 0;

	assert(len >= 2 && *s == '"' && *end == '"');
	while (r == 0 && p < end) {
		backslash = memchr(p, '\\', (size_t)(end - p));
		n = (size_t)((backslash != NULL ? backslash : end) - p);
		r = buf_add(b, p, n);
		p += n;
		if (r == 0 && p < end) {
			n = read_escape(p, (size_t)(end - p), &c);
			assert(n != 0);
			r = add_character(b, c);
			p += n;
		}
	}
	return r;
}

/* Whether two strings mean the same. */
static bool
same_string(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct buf x = BUF_INIT(a_len);
	struct buf y = BUF_INIT(b_len);
	bool same;

	same = jsonscan_decode(a, a_len, &x) == 0 &&
	    jsonscan_decode(b, b_len, &y) == 0 && x.len == y.len &&
	    memcmp(buf_str(&x), buf_str(&y), x.len) == 0;
	buf_wipe(&x);
	buf_wipe(&y);
	return same;
}

bool
jsonscan_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct jsonscan_token x = { JSONSCAN_OPEN, 0, 0 };
	struct jsonscan_token y = x;
	struct jsonscan s;
	struct jsonscan t;

	jsonscan_begin(&s, a, a_len);
	jsonscan_begin(&t, b, b_len);
	while (x.kind != JSONSCAN_END) {
		if (jsonscan_next(&s, &x) != 0 || jsonscan_next(&t, &y) != 0 ||
		    x.kind != y.kind)
			return false;
		if (x.kind == JSONSCAN_STRING || x.kind == JSONSCAN_NAME) {
			if (!same_string(a + x.at, x.len, b + y.at, y.len))
				return false;
		} else if (x.len != y.len ||
		    memcmp(a + x.at, b + y.at, x.len) != 0) {
			return false;
		}
	}
	return true;
}
