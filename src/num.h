/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decimal numbers from untrusted text, the whole string or nothing: no sign,
 * no blanks, no base prefix, no overflow.
 */
#ifndef NUM_H
#define NUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Read LEN bytes at S as a decimal number of 1 to 19 digits between MIN and
 * MAX.  Returns 0, -EBADMSG when it is not one, -ERANGE when it is out of
 * range or has more digits.
 */
int
num_parse(const char *s, size_t len, int64_t min, int64_t max, int64_t *ret_n);

/*
 * Read LEN bytes at S as a time: a number as above, of seconds, or of what one
 * letter behind it says: s, m, h or d.  The result is seconds, from MIN to MAX.
 * Errors as above.
 */
int num_parse_time(const char *s, size_t len, int64_t min, int64_t max,
    int64_t *ret_seconds);

#endif
