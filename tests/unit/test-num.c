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

static void
test_time(void)
{
	static const struct row rows[] = {
		{ "0", 0, 9, 0, 0 },
		{ "90", 60, 99, 0, 90 },
		{ "90s", 60, 99, 0, 90 },
		{ "2m", 0, 999, 0, 120 },
		{ "8h", 0, 99999, 0, 28800 },
		{ "366d", 0, INT64_MAX, 0, 31622400 },
		{ "59s", 60, 99, -ERANGE, 0 },
		{ "2m", 0, 119, -ERANGE, 0 },
		{ "9223372036854775807s", 0, INT64_MAX, 0, INT64_MAX },
		{ "9223372036854775807m", 0, INT64_MAX, -ERANGE, 0 },
		{ "", 0, 9, -EBADMSG, 0 },
		{ "h", 0, 9, -EBADMSG, 0 },
		{ "1H", 0, 9999, -EBADMSG, 0 },
		{ "1 h", 0, 9999, -EBADMSG, 0 },
		{ "1hh", 0, 9999, -EBADMSG, 0 },
		{ "1h30m", 0, 9999, -EBADMSG, 0 },
		{ "-1h", -9999, 9999, -EBADMSG, 0 },
		{ "1.5h", 0, 9999, -EBADMSG, 0 },
		{ "1w", 0, INT64_MAX, -EBADMSG, 0 },
	};
	int64_t n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *t = &rows[i];

		n = -77;
		is_int(num_parse_time(t->s, strlen(t->s), t->min, t->max, &n),
		    t->r, "the time \"%s\"", t->s);
		is_int(n, t->r == 0 ? t->n : -77, "in seconds");
	}
	is_int(num_parse_time("1\0", 2, 0, 99, &n), -EBADMSG, "a NUL");
}

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
	test_time();
	return done_testing();
}
