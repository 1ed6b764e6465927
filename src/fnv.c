/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "fnv.h"

uint64_t
fnv_add(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		hash ^= p[i];
		hash *= UINT64_C(0x100000001b3);
	}
	return hash;
}

uint64_t
fnv_field(uint64_t hash, const char *s)
{
	if (s == NULL)
		return fnv_add(hash, "\1", 1);
	return fnv_add(hash, s, strlen(s) + 1);
}
