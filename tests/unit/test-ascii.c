/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Letters in the other case, and what counts as a control character. */
#include "coco.h"

#include "ascii.h"
#include "tap.h"

static void
check_upper(void)
{
	struct buf b = BUF_INIT(8);

	ok(ascii_add_upper(&b, "aZ_9\xe4") == 0 && buf_equals(&b, "AZ_9\xe4"),
	    "only letters of ASCII are turned");
	ok(ascii_add_upper(&b, "abcd") == -EMSGSIZE &&
		buf_equals(&b, "AZ_9\xe4"),
	    "what does not fit changes nothing");
	buf_wipe(&b);
}

int
main(void)
{
	ok(ascii_lower('A') == 'a' && ascii_lower('Z') == 'z' &&
		ascii_lower('@') == '@' && ascii_lower('[') == '[',
	    "lower case");
	ok(ascii_upper('a') == 'A' && ascii_upper('z') == 'Z' &&
		ascii_upper('`') == '`' && ascii_upper('{') == '{',
	    "upper case");
	check_upper();
	ok(!ascii_has_control("") && !ascii_has_control(" ~\xc3\xa4"),
	    "blanks and other bytes are none");
	ok(ascii_has_control("a\n") && ascii_has_control("\t") &&
		ascii_has_control("\x7f"),
	    "newline, tab and DEL are");
	return done_testing();
}
