/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON that is written: commas, escapes, what is left out, no room. */
#include "coco.h"

#include "jsonout.h"
#include "tap.h"

static void
write_all(struct jsonout *j)
{
	struct strv names = STRV_INIT;

	strv_add(&names, "a");
	strv_add(&names, "b\"\n");
	jsonout_put(j, "{");
	jsonout_text(j, "first", "x");
	jsonout_text(j, "missing", NULL);
	jsonout_text_or_null(j, "null", NULL);
	jsonout_text_or_null(j, "text", "");
	jsonout_number(j, "least", INT64_MIN);
	jsonout_flag(j, "yes", true);
	jsonout_flag(j, "no", false);
	jsonout_texts(j, "names", &names);
	jsonout_begin(j, "list");
	jsonout_put(j, "[");
	jsonout_begin(j, NULL);
	jsonout_put(j, "{");
	jsonout_number(j, "n", 1);
	jsonout_put(j, "}");
	jsonout_number(j, NULL, 2);
	jsonout_put(j, "]");
	jsonout_text(j, "last", "z");
	jsonout_put(j, "}");
	strv_clear(&names);
}

static const char all[] =
    "{\"first\":\"x\",\"null\":null,\"text\":\"\","
    "\"least\":-9223372036854775808,\"yes\":true,\"no\":false,"
    "\"names\":[\"a\",\"b\\\"\\n\"],\"list\":[{\"n\":1},2],\"last\":\"z\"}";

static void
test_room(void)
{
	size_t max;

	for (max = 0; max < sizeof(all) + 8; max++) {
		struct buf b = BUF_INIT(max);
		struct jsonout j = JSONOUT_INIT(&b);

		write_all(&j);
		is_int(j.error, max < sizeof(all) - 1 ? -EMSGSIZE : 0,
		    "room for %zu", max);
		ok(b.len <= max, "not more");
		buf_wipe(&b);
	}
}

int
main(void)
{
	struct buf b = BUF_INIT(1024);
	struct jsonout j = JSONOUT_INIT(&b);

	write_all(&j);
	is_str(buf_str(&b), all, "all kinds");
	buf_wipe(&b);
	test_room();
	return done_testing();
}
