/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include "ascii.h"

char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

char
ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

int
ascii_add_upper(struct buf *b, const char *s)
{
	size_t before = b->len;
	int r = 0;

	for (; r == 0 && *s != '\0'; s++)
		r = buf_addc(b, ascii_upper(*s));
	if (r != 0)
		buf_truncate(b, before);
	return r;
}

bool
ascii_has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}
