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
