/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "num.h"

/* Those of INT64_MAX; leading zeros count. */
#define NUM_MAX_DIGITS 19

int
num_parse(const char *s, size_t len, int64_t min, int64_t max, int64_t *ret_n)
{
	int64_t n = 0;
	size_t i;

	if (len == 0)
		return -EBADMSG;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EBADMSG;
		if (i == NUM_MAX_DIGITS || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, s[i] - '0', &n))
			return -ERANGE;
	}
	if (n < min || n > max)
		return -ERANGE;
	*ret_n = n;
	return 0;
}

int
num_parse_time(const char *s, size_t len, int64_t min, int64_t max,
    int64_t *ret_seconds)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	const char *unit = len > 0 ? strchr(units, s[len - 1]) : NULL;
	int64_t factor = 1;
	int64_t n;
	int r;

	if (unit != NULL && *unit != '\0') {
		factor = seconds[unit - units];
		len--;
	}
	r = num_parse(s, len, 0, INT64_MAX, &n);
	if (r == 0 &&
	    (__builtin_mul_overflow(n, factor, &n) || n < min || n > max))
		r = -ERANGE;
	if (r == 0)
		*ret_seconds = n;
	return r;
}
