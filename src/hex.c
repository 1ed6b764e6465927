/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "hex.h"

int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
hex_is(const char *s, size_t len)
{
	return strspn(s, HEX_DIGITS) == len && s[len] == '\0';
}

void
hex_write(const void *data, size_t len, char *ret_digits)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		*ret_digits++ = HEX_DIGITS[p[i] >> 4];
		*ret_digits++ = HEX_DIGITS[p[i] & 15];
	}
	*ret_digits = '\0';
}

int
hex_add(struct buf *b, const void *data, size_t len)
{
	char *to = buf_space(b, 2 * len);

	if (to == NULL)
		return -EMSGSIZE;
	hex_write(data, len, to);
	buf_grew(b, 2 * len);
	return 0;
}

bool
hex_read(const char *s, size_t len, unsigned char *ret_data)
{
	size_t i;

	if (strnlen(s, 2 * len) < 2 * len)
		return false;
	for (i = 0; i < 2 * len; i++)
		if (strchr(HEX_DIGITS, s[i]) == NULL)
			return false;
	for (i = 0; i < len; i++)
		ret_data[i] = (unsigned char)(hex_value(s[2 * i]) << 4 |
		    hex_value(s[2 * i + 1]));
	return true;
}
