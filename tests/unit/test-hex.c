/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hexadecimal digits: what is one, there and back, and what is refused. */
#include "coco.h"

#include <string.h>

#include "hex.h"
#include "tap.h"

static const unsigned char bytes[] = { 0x00, 0x1f, 0xe0, 0xff };

static void
check_values(void)
{
	static const char digits[] = "0123456789abcdef";
	int wrong = 0;
	int c;

	for (c = 0; c < 256; c++) {
		int lower = c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c;
		const char *at = c != 0 ? strchr(digits, lower) : NULL;

		if (hex_value((char)c) != (at != NULL ? at - digits : -1))
			wrong++;
	}
	ok(wrong == 0, "of all bytes those are digits that should be");
}

static void
check_add(void)
{
	struct buf b = BUF_INIT(10);

	ok(hex_add(&b, bytes, sizeof(bytes)) == 0 && buf_equals(&b, "001fe0ff"),
	    "bytes are appended as digits");
	ok(hex_add(&b, bytes, 2) == -EMSGSIZE && buf_equals(&b, "001fe0ff"),
	    "what does not fit changes nothing");
	buf_wipe(&b);
}

static void
check_read(void)
{
	unsigned char got[sizeof(bytes)] = { 0 };

	ok(hex_read("001fe0ff and more", sizeof(got), got) &&
		memcmp(got, bytes, sizeof(got)) == 0,
	    "digits are read as bytes");
	ok(!hex_read("001fe0f", sizeof(got), got), "too few are not");
	ok(!hex_read("001FE0FF", sizeof(got), got), "upper case is not");
	ok(!hex_read("001fe0fg", sizeof(got), got), "other bytes are not");
}

int
main(void)
{
	check_values();
	ok(hex_is("001fe0ff", 8) && hex_is("", 0), "so many digits");
	ok(!hex_is("001fe0ff", 7) && !hex_is("001fe0ff", 9) &&
		!hex_is("001fe0fF", 8) && !hex_is("001fe0fg", 8),
	    "and neither more nor others");
	check_add();
	check_read();
	return done_testing();
}
