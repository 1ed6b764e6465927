/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens of TOML: blanks, comments, keys and strings. */
#include "coco.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "toml-scan.h"

int
toml_scan_fail(struct toml_scan *s, size_t at, const char *fmt, ...)
{
	va_list ap;

	s->fault = at;
	va_start(ap, fmt);
	(void)vsnprintf(s->reason, sizeof(s->reason), fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

int
toml_scan_peek(const struct toml_scan *s)
{
	return s->pos < s->len ? (unsigned char)s->text[s->pos] : -1;
}

bool
toml_scan_take(struct toml_scan *s, char c)
{
	if (s->pos == s->len || s->text[s->pos] != c)
		return false;
	s->pos++;
	return true;
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t';
}

/* Control characters, which may stand nowhere but for the tab. */
static bool
is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

void
toml_scan_blank(struct toml_scan *s)
{
	while (is_blank(toml_scan_peek(s)))
		s->pos++;
}

/* Length of the newline at offset AT, 0 when there is none.  A carriage return
 * alone is none.  The NUL after the text makes AT + 1 safe to look at. */
static size_t
newline_at(const struct toml_scan *s, size_t at)
{
	if (at == s->len)
		return 0;
	if (s->text[at] == '\n')
		return 1;
	return s->text[at] == '\r' && s->text[at + 1] == '\n' ? 2 : 0;
}

static bool
take_newline(struct toml_scan *s)
{
	size_t n = newline_at(s, s->pos);

	s->pos += n;
	return n != 0;
}

static int
fail_control(struct toml_scan *s, const char *where)
{
	if (s->text[s->pos] == '\r')
		return toml_scan_fail(s, s->pos,
		    "carriage return without line feed in %s", where);
	return toml_scan_fail(s, s->pos, "control character U+%04X in %s",
	    (unsigned int)(unsigned char)s->text[s->pos], where);
}

static int
skip_comment(struct toml_scan *s)
{
	if (toml_scan_peek(s) != '#')
		return 0;
	while (s->pos < s->len && newline_at(s, s->pos) == 0) {
		if (is_control(toml_scan_peek(s)))
			return fail_control(s, "a comment");
		s->pos++;
	}
	return 0;
}

int
toml_scan_gap(struct toml_scan *s)
{
	int r;

	do {
		toml_scan_blank(s);
		r = skip_comment(s);
	} while (r == 0 && take_newline(s));
	return r;
}

int
toml_scan_line_end(struct toml_scan *s)
{
	int r;

	toml_scan_blank(s);
	r = skip_comment(s);
	if (r != 0)
		return r;
	if (s->pos == s->len || take_newline(s))
		return 0;
	if (is_control(toml_scan_peek(s)))
		return fail_control(s, "the text");
	return toml_scan_fail(s, s->pos, "expected the end of the line");
}

static void
append(struct toml_scan *s, const char *data, size_t len)
{
	int r = buf_add(s->out, data, len);

	assert(r == 0);
	(void)r;
}

/* Close the token that began at offset START of the text and at MARK of the
 * decoded bytes. */
static void
finish(struct toml_scan *s, size_t start, size_t mark,
    struct toml_token *ret_token)
{
	ret_token->s = s->out->data + mark;
	ret_token->len = s->out->len - mark;
	ret_token->span.at = (uint32_t)start;
	ret_token->span.len = (uint32_t)(s->pos - start);
	append(s, "", 1);
}

/* By hand, because <ctype.h> depends on the locale. */
static bool
is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* U+0000 to U+10FFFF as 1 to 4 bytes (RFC 3629 3). */
static void
append_utf8(struct toml_scan *s, uint32_t c)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	char bytes[4];
	size_t n = 1;
	size_t i;

	if (c >= 0x80)
		n = c < 0x800 ? 2 : 3;
	if (c >= 0x10000)
		n = 4;
	for (i = n; i > 1; i--) {
		bytes[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	bytes[0] = (char)(lead[n] | c);
	append(s, bytes, n);
}

/* The DIGITS after "\u" or "\U"; AT is where the backslash is. */
static int
scan_unicode(struct toml_scan *s, size_t at, int digits)
{
	uint32_t c = 0;
	int value;

	for (; digits > 0; digits--) {
		value = hex_value((char)toml_scan_peek(s));
		if (value < 0)
			return toml_scan_fail(s, at,
			    "\\u takes 4 and \\U takes 8 hexadecimal digits");
		c = c << 4 | (uint32_t)value;
		s->pos++;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return toml_scan_fail(s, at, "U+%04lX is no character",
		    (unsigned long)c);
	append_utf8(s, c);
	return 0;
}

/* A backslash that ends its line takes all blanks and newlines that follow
 * with it. */
static bool
skip_line_ending(struct toml_scan *s)
{
	size_t back = s->pos;

	toml_scan_blank(s);
	if (!take_newline(s)) {
		s->pos = back;
		return false;
	}
	do
		toml_scan_blank(s);
	while (take_newline(s));
	return true;
}

static int
scan_escape(struct toml_scan *s, bool multi)
{
	static const char names[] = "btnfr\"\\";
	static const char values[] = "\b\t\n\f\r\"\\";
	size_t at = s->pos++;
	const char *p;
	int c;

	if (multi && skip_line_ending(s))
		return 0;
	c = toml_scan_peek(s);
	if (c == 'u' || c == 'U') {
		s->pos++;
		return scan_unicode(s, at, c == 'u' ? 4 : 8);
	}
	p = c > 0 ? strchr(names, c) : NULL;
	if (p == NULL)
		return toml_scan_fail(s, at, "unknown escape sequence");
	append(s, values + (p - names), 1);
	s->pos++;
	return 0;
}

/* Copy bytes up to the next that means something, or nothing allowed. */
static void
scan_plain(struct toml_scan *s, char quote, bool multi)
{
	size_t start = s->pos;
	int c = toml_scan_peek(s);

	while (c != -1 && c != quote && (c != '\\' || quote == '\'')) {
		size_t n = multi ? newline_at(s, s->pos) : 0;

		if (n == 0 && is_control(c))
			break;
		s->pos += n != 0 ? n : 1;
		c = toml_scan_peek(s);
	}
	append(s, s->text + start, s->pos - start);
}

/*
 * The quotes at the cursor: either they end the string, and RET_END is set, or
 * they are part of it.  The three at the end of a multi-line string may come
 * right after one or two that belong to it.
 */
static int
scan_quotes(struct toml_scan *s, char quote, bool multi, bool *ret_end)
{
	size_t n = 0;

	*ret_end = true;
	if (!multi) {
		s->pos++;
		return 0;
	}
	while (n < 6 && s->pos + n < s->len && s->text[s->pos + n] == quote)
		n++;
	if (n == 6)
		return toml_scan_fail(s, s->pos + 5,
		    "too many quotes at the end of a string");
	*ret_end = n >= 3;
	append(s, s->text + s->pos, n >= 3 ? n - 3 : n);
	s->pos += n;
	return 0;
}

static int
fail_unclosed(struct toml_scan *s, size_t start)
{
	int c = toml_scan_peek(s);

	if (c == -1 || newline_at(s, s->pos) != 0)
		return toml_scan_fail(s, start, "the string has no end");
	return fail_control(s, "a string");
}

/* The rest of a string that began at START; its opening quotes are read. */
static int
scan_body(struct toml_scan *s, size_t start, char quote, bool multi)
{
	bool end = false;
	int c;
	int r = 0;

	while (r == 0 && !end) {
		scan_plain(s, quote, multi);
		c = toml_scan_peek(s);
		if (c == quote)
			r = scan_quotes(s, quote, multi, &end);
		else if (c == '\\')
			r = scan_escape(s, multi);
		else
			r = fail_unclosed(s, start);
	}
	return r;
}

/* MULTI tells whether three quotes may open a string here. */
static int
scan_quoted(struct toml_scan *s, bool multi, struct toml_token *ret_token)
{
	size_t start = s->pos;
	size_t mark = s->out->len;
	char quote = s->text[s->pos];
	int r;

	multi = multi && s->len - start >= 3 && s->text[start + 1] == quote &&
	    s->text[start + 2] == quote;
	s->pos += multi ? 3 : 1;
	if (multi)
		(void)take_newline(s);
	r = scan_body(s, start, quote, multi);
	if (r == 0)
		finish(s, start, mark, ret_token);
	return r;
}

int
toml_scan_key(struct toml_scan *s, struct toml_token *ret_key)
{
	size_t start = s->pos;
	size_t mark = s->out->len;
	int c = toml_scan_peek(s);

	if (c == '"' || c == '\'')
		return scan_quoted(s, false, ret_key);
	while (is_bare(toml_scan_peek(s)))
		s->pos++;
	if (s->pos == start)
		return toml_scan_fail(s, start, "expected a key");
	append(s, s->text + start, s->pos - start);
	finish(s, start, mark, ret_key);
	return 0;
}

int
toml_scan_string(struct toml_scan *s, struct toml_token *ret_string)
{
	return scan_quoted(s, true, ret_string);
}
