/* SPDX-License-Identifier: GPL-3.0-or-later */
/* String vectors. */
#include "coco.h"

#include "strv.h"
#include "tap.h"

int
main(void)
{
	struct strv copy = STRV_INIT;
	struct strv sv = STRV_INIT;
	size_t i;

	ok(!strv_has(&sv, "a"), "empty");
	strv_sort(&sv);
	strv_add(&sv, "b");
	strv_addn(&sv, "abc", 1);
	strv_addf(&sv, "%s-%d", "c", 3);
	is_int((intmax_t)sv.len, 3, "three strings");
	is_str(sv.v[0], "b", "the first");
	is_str(sv.v[1], "a", "the start of one");
	is_str(sv.v[2], "c-3", "a formatted one");
	ok(sv.v[3] == NULL, "ends with NULL");
	ok(strv_has(&sv, "c-3"), "has it");
	ok(!strv_has(&sv, "c"), "has no prefix");
	strv_sort(&sv);
	is_str(sv.v[0], "a", "sorted");
	is_str(sv.v[2], "c-3", "to the end");
	ok(sv.v[3] == NULL, "still ends with NULL");
	for (i = 0; i < 1000; i++)
		strv_addf(&sv, "%zu", i);
	is_str(sv.v[1002], "999", "a thousand more");
	strv_add(&copy, "first");
	strv_add_all(&copy, &sv);
	is_int((intmax_t)copy.len, 1004, "and all of it behind another");
	is_str(copy.v[1003], "999", "to the last");
	strv_clear(&sv);
	strv_add_all(&copy, &sv);
	is_int((intmax_t)copy.len, 1004, "nothing adds nothing");
	strv_clear(&copy);
	ok(sv.v == NULL && sv.len == 0, "cleared");
	strv_add(&sv, "again");
	is_str(sv.v[0], "again", "and usable");
	strv_wipe(&sv);
	ok(sv.v == NULL && sv.len == 0, "wiped");
	return done_testing();
}
