/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decimal numbers: the whole string or nothing. */
#include "coco.h"

#include <string.h>

#include "num.h"
#include "tap.h"

struct row {
	const char *s;
	int64_t min;
	int64_t max;
	int r;
	int64_t n;
};

int
main(void)
{
	static const struct row rows[] = {
		{ "0", 0, 9, 0, 0 },
		{ "007", 0, 9, 0, 7 },
		{ "9", 0, 9, 0, 9 },
		{ "10", 0, 9, -ERANGE, 0 },
		{ "4", 5, 9, -ERANGE, 0 },
		{ "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
		{ "9223372036854775808", 0, INT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999", 0, INT64_MAX, -ERANGE, 0 },
		{ "0000000000000000001", 0, 9, 0, 1 },
		{ "00000000000000000001", 0, 9, -ERANGE, 0 },
		{ "", 0, 9, -EBADMSG, 0 },
		{ " 1", 0, 9, -EBADMSG, 0 },
		{ "1 ", 0, 9, -EBADMSG, 0 },
		{ "+1", 0, 9, -EBADMSG, 0 },
		{ "-1", -5, 9, -EBADMSG, 0 },
		{ "0x1", 0, 99, -EBADMSG, 0 },
		{ "1.0", 0, 99, -EBADMSG, 0 },
		{ "1e1", 0, 99, -EBADMSG, 0 },
	};
	int64_t n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *t = &rows[i];

		n = -77;
		is_int(num_parse(t->s, strlen(t->s), t->min, t->max, &n), t->r,
		    "\"%s\"", t->s);
		is_int(n, t->r == 0 ? t->n : -77, "its value");
	}
	is_int(num_parse("123", 2, 0, 99, &n), 0, "only LEN bytes");
	is_int(n, 12, "are read");
	is_int(num_parse("1\0"
			 "2",
		   3, 0, 999, &n),
	    -EBADMSG, "a NUL");
	return done_testing();
}
