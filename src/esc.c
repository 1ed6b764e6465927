/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include <stdbool.h>

#include "esc.h"

size_t
esc_utf8(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t need;
	size_t i;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf)
		need = 2;
	else if (u[0] >= 0xe0 && u[0] <= 0xef)
		need = 3;
	else if (u[0] >= 0xf0 && u[0] <= 0xf4)
		need = 4;
	else
		return 0;
	/* the second byte alone tells overlong forms and surrogates */
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (len < need || u[1] < low || u[1] > high)
		return 0;
	for (i = 2; i < need; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return need;
}

/* Characters that no font shows, and that turn or cut the line for whoever
 * reads it: U+200B to 200F and 2028 to 202E, with the directional marks and
 * overrides; U+2060 to 2069, with the isolates; U+061C, U+FEFF (Unicode UAX 9,
 * 2.1 to 2.6). */
static bool
is_unseen(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 2)
		return u[0] == 0xd8 && u[1] == 0x9c;
	if (n != 3)
		return false;
	if (u[0] == 0xe2 && u[1] == 0x80)
		return (u[2] >= 0x8b && u[2] <= 0x8f) ||
		    (u[2] >= 0xa8 && u[2] <= 0xae);
	if (u[0] == 0xe2 && u[1] == 0x81)
		return u[2] >= 0xa0 && u[2] <= 0xa9;
	return u[0] == 0xef && u[1] == 0xbb && u[2] == 0xbf;
}

int
esc_visible(struct buf *b, const char *s, size_t len)
{
	size_t i = 0;
	size_t n;
	int r;

	while (i < len) {
		unsigned char c = (unsigned char)s[i];

		n = esc_utf8(s + i, len - i);
		/* U+0080 to U+009F are control characters as well */
		if (n == 0 || c < 0x20 || c == 0x7f ||
		    (n == 2 && c == 0xc2 && (unsigned char)s[i + 1] < 0xa0) ||
		    is_unseen(s + i, n)) {
			/* what follows a start byte is then no UTF-8 either */
			r = buf_addf(b, "\\x%02x", c);
			n = 1;
		} else {
			r = buf_add(b, s + i, n);
		}
		if (r != 0)
			return r;
		i += n;
	}
	return 0;
}

static int
json_char(struct buf *b, const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (n == 0)
		return buf_adds(b, "\\ufffd");
	if (c == '"' || c == '\\')
		return buf_addf(b, "\\%c", c);
	if (c == '\n')
		return buf_adds(b, "\\n");
	if (c == '\t')
		return buf_adds(b, "\\t");
	if (c == '\r')
		return buf_adds(b, "\\r");
	if (c < 0x20 || c == 0x7f)
		return buf_addf(b, "\\u%04x", c);
	return buf_add(b, s, n);
}

/* How many bytes at S stand for themselves in a JSON string. */
static size_t
plain_run(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' &&
	    s[n] != '\\')
		n++;
	return n;
}

int
esc_json(struct buf *b, const char *s, size_t len)
{
	size_t i = 0;
	size_t n;
	int r;

	r = buf_addc(b, '"');
	while (r == 0 && i < len) {
		/* as much as fits, as if it were added byte by byte */
		n = plain_run(s + i, len - i);
		if (n > b->max - b->len)
			n = b->max - b->len;
		if (n != 0) {
			r = buf_add(b, s + i, n);
			i += n;
			continue;
		}
		n = esc_utf8(s + i, len - i);
		r = json_char(b, s + i, n);
		i += n != 0 ? n : 1;
	}
	if (r != 0)
		return r;
	return buf_addc(b, '"');
}

int
esc_html(struct buf *b, const char *s, size_t len)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		switch (s[i]) {
		case '&':
			r = buf_adds(b, "&amp;");
			break;
		case '<':
			r = buf_adds(b, "&lt;");
			break;
		case '>':
			r = buf_adds(b, "&gt;");
			break;
		case '"':
			r = buf_adds(b, "&quot;");
			break;
		case '\'':
			r = buf_adds(b, "&#39;");
			break;
		default:
			r = buf_addc(b, s[i]);
		}
	}
	return r;
}

bool
esc_is_utf8_len(const char *s, size_t len)
{
	size_t n = 1;

	for (; len != 0 && n != 0; s += n, len -= n)
		n = esc_utf8(s, len);
	return n != 0;
}

bool
esc_is_utf8(const char *s)
{
	return esc_is_utf8_len(s, strlen(s));
}

int
esc_quoted(struct buf *b, const char *s)
{
	int r = buf_addc(b, '\'');

	for (; *s != '\0' && r == 0; s++)
		r = *s == '\'' ? buf_adds(b, "'\\''") : buf_addc(b, *s);
	return r != 0 ? r : buf_addc(b, '\'');
}

int
esc_word(struct buf *b, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789/._-+,:@%";

	return *s != '\0' && s[strspn(s, plain)] == '\0' ? buf_adds(b, s) :
							   esc_quoted(b, s);
}
