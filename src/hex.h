/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hexadecimal digits.  What we write, and take back from others as an id or a
 * hash, is in lower case.
 */
#ifndef HEX_H
#define HEX_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* For strspn(): how far something is in lower-case digits. */
#define HEX_DIGITS "0123456789abcdef"

/* The value of a digit in either case, or -1. */
int hex_value(char c);

/* Whether S is LEN digits in lower case, and nothing more. */
bool hex_is(const char *s, size_t len);

/* Write LEN bytes as 2 * LEN digits and a NUL. */
void hex_write(const void *data, size_t len, char *ret_digits);

/* Append them.  Returns 0 or -EMSGSIZE. */
int hex_add(struct buf *b, const void *data, size_t len);

/* Read LEN bytes from 2 * LEN digits in lower case.  Returns false when S has
 * fewer of them. */
bool hex_read(const char *s, size_t len, unsigned char *ret_data);

#endif
