/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A reader of DER (X.690 10, 11), one element at a time, on memory that it
 * neither copies nor owns.  Just enough to see what kind of key some bytes
 * are; their content is for the library that uses the key.
 *
 *	struct der in = { data, len };
 *	r = der_take(&in, DER_SEQUENCE, &body);
 */
#ifndef DER_H
#define DER_H

#include <stdbool.h>
#include <stddef.h>

#define DER_INTEGER  0x02
#define DER_OCTETS   0x04
#define DER_OID      0x06
#define DER_SEQUENCE 0x30
#define DER_CONTEXT0 0xa0

struct der {
	const unsigned char *p;
	size_t len;
};

/*
 * Take the element that FROM begins with off it, if its tag is TAG (one byte).
 * *RET_CONTENT is what is in it.  -EBADMSG when it has another tag, when its
 * length is not in its shortest form or passes the end; then nothing changes.
 */
int der_take(struct der *from, unsigned char tag, struct der *ret_content);

/* Whether D is exactly the LEN bytes at DATA. */
bool der_equals(const struct der *d, const void *data, size_t len);

#endif
