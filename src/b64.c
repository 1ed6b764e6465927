/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "mem.h"

#define COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static int
encode(struct buf *b, const unsigned char *p, size_t len, const char *alphabet,
    bool pad)
{
	char quad[4];
	size_t n;
	int r = 0;

	while (r == 0 && len > 0) {
		unsigned long bits = (unsigned long)p[0] << 16;

		if (len > 1)
			bits |= (unsigned long)p[1] << 8;
		if (len > 2)
			bits |= p[2];
		quad[0] = alphabet[bits >> 18];
		quad[1] = alphabet[(bits >> 12) & 63];
		quad[2] = len > 1 ? alphabet[(bits >> 6) & 63] : '=';
		quad[3] = len > 2 ? alphabet[bits & 63] : '=';
		n = len > 2 ? 3 : len;
		r = buf_add(b, quad, pad ? 4 : n + 1);
		p += n;
		len -= n;
	}
	mem_wipe(quad, sizeof(quad));
	return r;
}

int
b64_encode(struct buf *b, const void *data, size_t len)
{
	return encode(b, data, len, COMMON "+/", true);
}

int
b64_encode_url(struct buf *b, const void *data, size_t len)
{
	return encode(b, data, len, COMMON "-_", false);
}

/* The six bits that a character stands for, -1 for none. */
static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether nothing but padding follows, as much as DIGITS characters need. */
static bool
ends_well(const char *s, size_t len, size_t digits)
{
	size_t pad = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (s[i] == '=')
			pad++;
		else if (!is_blank(s[i]))
			return false;
	}
	return digits % 4 != 1 && (pad == 0 || (digits + pad) % 4 == 0) &&
	    pad <= 2;
}

int
b64_decode(struct buf *b, const char *s, size_t len)
{
	size_t before = b->len;
	unsigned long bits = 0;
	size_t digits = 0;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len && s[i] != '='; i++) {
		int v = value_of(s[i]);

		if (v < 0 && is_blank(s[i]))
			continue;
		if (v < 0)
			break;
		bits = (bits << 6 | (unsigned long)v) & 0xfff;
		/* the second, third and fourth of four complete a byte */
		if (digits++ % 4 != 0)
			r = buf_addc(b,
			    (char)(bits >> (6 - 2 * ((digits - 1) % 4)) & 255));
	}
	if (r == 0 &&
	    (!ends_well(s + i, len - i, digits) ||
		(digits % 4 == 2 && (bits & 15) != 0) ||
		(digits % 4 == 3 && (bits & 3) != 0)))
		r = -EBADMSG;
	mem_wipe(&bits, sizeof(bits));
	if (r != 0)
		buf_truncate(b, before);
	return r;
}
