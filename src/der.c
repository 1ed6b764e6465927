/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "der.h"

#define MAX_LENGTH_BYTES 3 /* 16 MiB: more than any input of ours */

/* Read tag and length.  *RET_HEAD is how many bytes they take. */
static int
read_head(const struct der *d, unsigned char tag, size_t *ret_head,
    size_t *ret_len)
{
	size_t bytes;
	size_t len;
	size_t i;

	if (d->len < 2 || d->p[0] != tag)
		return -EBADMSG;
	len = d->p[1];
	if (len < 0x80) {
		*ret_head = 2;
		*ret_len = len;
		return 0;
	}
	bytes = len & 0x7f;
	if (bytes == 0 || bytes > MAX_LENGTH_BYTES || d->len < 2 + bytes)
		return -EBADMSG;
	len = 0;
	for (i = 0; i < bytes; i++)
		len = len << 8 | d->p[2 + i];
	if (len < 0x80 || len >> (8 * (bytes - 1)) == 0)
		return -EBADMSG;
	*ret_head = 2 + bytes;
	*ret_len = len;
	return 0;
}

int
der_take(struct der *from, unsigned char tag, struct der *ret_content)
{
	size_t head;
	size_t len;
	int r;

	r = read_head(from, tag, &head, &len);
	if (r != 0)
		return r;
	if (len > from->len - head)
		return -EBADMSG;
	*ret_content = (struct der){ from->p + head, len };
	from->p += head + len;
	from->len -= head + len;
	return 0;
}

bool
der_equals(const struct der *d, const void *data, size_t len)
{
	return d->len == len && memcmp(d->p, data, len) == 0;
}
