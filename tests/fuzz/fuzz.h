/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What fuzz targets have in common.  A target is one function, called with
 * each input, by libFuzzer or by replay.c, and fails by ending the process.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

/* The target: SIZE bytes of DATA.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fail unless HELD; unlike assert(), whatever NDEBUG says. */
static inline void
check(bool held)
{
	if (!held)
		abort();
}

/* There is a reason if and only if R is an error, and it can be printed; clears
 * WHY. */
static inline void
check_why(int r, struct buf *why)
{
	size_t i;

	check((r == 0) == (why->len == 0));
	for (i = 0; i < why->len; i++)
		check((unsigned char)why->data[i] >= 0x20 &&
		    why->data[i] != 0x7f);
	buf_clear(why);
}

/* Move the first line of the LEN bytes of TEXT to B, without its newline. */
static inline void
take_line(const char **text, size_t *len, struct buf *b)
{
	const char *end = *len != 0 ? memchr(*text, '\n', *len) : NULL;
	size_t n = end != NULL ? (size_t)(end - *text) : *len;

	check(buf_add(b, *text, n) == 0);
	if (n < *len)
		n++;
	*text += n;
	*len -= n;
}

#endif
