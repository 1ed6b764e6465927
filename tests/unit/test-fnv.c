/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FNV-1a: the authors' vectors, and that fields do not run together. */
#include "coco.h"

#include <inttypes.h>
#include <string.h>

#include "fnv.h"
#include "tap.h"

static void
check(const char *s, uint64_t want)
{
	ok(fnv_add(FNV_START, s, strlen(s)) == want, "\"%s\" is %016" PRIx64, s,
	    want);
}

static uint64_t
two(const char *a, const char *b)
{
	return fnv_field(fnv_field(FNV_START, a), b);
}

int
main(void)
{
	check("", FNV_START);
	check("a", UINT64_C(0xaf63dc4c8601ec8c));
	check("foobar", UINT64_C(0x85944171f73967e8));
	ok(fnv_add(fnv_add(FNV_START, "foo", 3), "bar", 3) ==
		UINT64_C(0x85944171f73967e8),
	    "in two parts");
	ok(two("ab", "c") != two("a", "bc"), "fields are apart");
	ok(two("", "a") != two("a", ""), "empty fields count");
	ok(two(NULL, "a") != two("", "a"), "absent is not empty");
	ok(two(NULL, "a") != two("a", NULL), "absent has a place");
	return done_testing();
}
