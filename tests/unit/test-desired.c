/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a target is to look like, as data. */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "desired.h"
#include "tap.h"

static void
test_items(void)
{
	struct desired d = { .uid = 7, .gid = 8 };
	struct desired_item *item = desired_add(&d, DESIRED_FILE, "/a", 0640);

	is_int(item->uid, 7, "the owner of all");
	is_int(item->gid, 8, "and the group");
	is_int(item->mode, 0640, "mode");
	(void)desired_add(&d, DESIRED_DIRECTORY, "/b", 0700);
	is_int(d.len, 2, "two items");
	ok(desired_add(&d, DESIRED_TOML, "/a", 0600) == &d.v[0],
	    "the same path is the same item");
	is_int(d.v[0].kind, DESIRED_FILE, "as it was");
	ok(desired_find(&d, "/b") == &d.v[1], "found");
	ok(desired_find(&d, "/c") == NULL, "not found");
	desired_wipe(&d);
	ok(d.v == NULL && d.len == 0, "wiped");
}

struct value_row {
	enum desired_kind kind;
	const char *value;
	const char *written; /* NULL: refused */
	int r;
};

static void
test_values(void)
{
	static const struct value_row rows[] = {
		{ DESIRED_TOML, "joe", "\"joe\"", 0 },
		{ DESIRED_TOML, "", "\"\"", 0 },
		{ DESIRED_TOML, "a\"b\\c\nd\x01", "\"a\\\"b\\\\c\\nd\\u0001\"",
		    0 },
		{ DESIRED_TOML, "\xc3\xa4", "\"\xc3\xa4\"", 0 },
		{ DESIRED_TOML, "\xff", NULL, -EINVAL },
		{ DESIRED_JSON, "joe", "\"joe\"", 0 },
		{ DESIRED_JSON, "a\"b\\c\nd", "\"a\\\"b\\\\c\\nd\"", 0 },
		{ DESIRED_JSON, "\xff", NULL, -EINVAL },
		{ DESIRED_JSON, "\xed\xa0\x80", NULL, -EINVAL },
	};
	static const char *const path[] = { "t", "k", NULL };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct desired d = DESIRED_INIT;
		struct desired_item *item = desired_add(&d, rows[i].kind, "/a",
		    0600);

		is_int(desired_set_string(item, path, rows[i].value,
			   DESIRED_MUST),
		    rows[i].r, "value \"%s\"", rows[i].value);
		is_int(desired_has(item, path), rows[i].r == 0, "it is set");
		if (rows[i].r == 0)
			is_str(buf_str(&item->keys[0].value), rows[i].written,
			    "as it is written");
		desired_wipe(&d);
	}
}

static void
test_members(void)
{
	static const char *const a[] = { "t", "a", NULL };
	static const char *const b[] = { "t", "b", NULL };
	static const char *const t[] = { "t", NULL };
	struct desired d = DESIRED_INIT;
	struct desired_item *item = desired_add(&d, DESIRED_TOML, "/a", 0600);
	static char big[DESIRED_MAX_VALUE + 1];

	is_int(desired_set_string(item, a, NULL, DESIRED_MUST), 0, "NULL");
	is_int(item->count, 0, "does nothing");
	is_int(desired_set_raw(item, a, "1", DESIRED_MUST), 0, "raw");
	is_int(desired_set_raw(item, b, "true", DESIRED_MAY), 0, "another");
	is_int(desired_set_string(item, a, "x", DESIRED_MAY), 0, "changed");
	is_int(item->count, 2, "two members");
	is_str(buf_str(&item->keys[0].value), "\"x\"", "the new value");
	is_int(item->keys[0].rule, DESIRED_MAY, "and rule");
	ok(!desired_has(item, t), "a table is no member");
	memset(big, 'x', sizeof(big) - 1);
	is_int(desired_set_string(item, b, big, DESIRED_MAY), -EMSGSIZE,
	    "too long");
	is_int(desired_set_raw(item, b, big, DESIRED_MAY), 0, "just not");
	desired_wipe(&d);
}

int
main(void)
{
	test_items();
	test_values();
	test_members();
	return done_testing();
}
