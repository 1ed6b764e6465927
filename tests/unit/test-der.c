/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DER elements: lengths in every form, right and wrong. */
#include "coco.h"

#include <string.h>

#include "der.h"
#include "tap.h"

static void
test_taken(void)
{
	static const unsigned char two[] = "\x30\x03\x02\x01\x07\x04\x00";
	struct der in = { two, 7 };
	struct der body;
	struct der number;

	is_int(der_take(&in, DER_INTEGER, &body), -EBADMSG, "another tag");
	is_int((intmax_t)in.len, 7, "takes nothing");
	is_int(der_take(&in, DER_SEQUENCE, &body), 0, "a sequence");
	is_int((intmax_t)in.len, 2, "is taken off");
	is_int(der_take(&body, DER_INTEGER, &number), 0, "a number in it");
	ok(der_equals(&number, "\x07", 1), "is 7");
	ok(!der_equals(&number, "\x08", 1), "and not 8");
	ok(!der_equals(&number, "\x07\x07", 2), "nor longer");
	is_int((intmax_t)body.len, 0, "nothing is left in it");
	is_int(der_take(&in, DER_OCTETS, &body), 0, "an empty element");
	is_int((intmax_t)body.len, 0, "is empty");
	is_int(der_take(&in, DER_OCTETS, &body), -EBADMSG, "the end");
}

static void
test_lengths(void)
{
	unsigned char long_form[300] = { 0x04, 0x82, 0x01, 0x00 };
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} bad[] = {
		{ "\x04", 1, "no length" },
		{ "\x04\x01", 2, "cut short" },
		{ "\x04\x80\x00\x00", 4, "indefinite length" },
		{ "\x04\x81\x01\x41", 4, "a long form that could be short" },
		{ "\x04\x81", 2, "a long form that is cut short" },
		{ "\x04\x84\x00\x00\x00\x01\x41", 7, "four bytes of length" },
		{ "\x04\x82\x00\x80", 4, "a zero before the length" },
		{ "\x04\x83\xff\xff\xff", 5, "longer than there is" },
	};
	struct der in = { long_form, sizeof(long_form) };
	struct der got;
	size_t i;

	is_int(der_take(&in, DER_OCTETS, &got), 0, "256 bytes");
	is_int((intmax_t)got.len, 256, "all of them");
	is_int((intmax_t)in.len, 40, "and no more");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		in = (struct der){ (const unsigned char *)bad[i].bytes,
			bad[i].len };
		is_int(der_take(&in, DER_OCTETS, &got), -EBADMSG, "%s",
		    bad[i].name);
		is_int((intmax_t)in.len, (intmax_t)bad[i].len, "takes nothing");
	}
}

int
main(void)
{
	test_taken();
	test_lengths();
	return done_testing();
}
