/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users and groups of a target, whose files may have anything in them. */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "passwd.h"
#include "tap.h"

#define TEXT                                      \
	"root:x:0:0:root:/root:/bin/sh\n"         \
	"# joe:x:1:1::/comment:\n"                \
	"\n"                                      \
	"+::::::\n"                               \
	"short:x\n"                               \
	"bad:x:x:0::/bad:\n"                      \
	"minus:x:-1:0::/minus:\n"                 \
	"all:x:4294967295:0::/all:\n"             \
	"joe:x:1000:1001:Joe:/home/joe:/bin/sh\n" \
	"joe:x:1002:1002::/second:/bin/sh\n"      \
	"twin:x:1000:1003::/twin:\n"              \
	"nohome:x:1004:1004:::\n"                 \
	"nogid:x:1005:x::/nogid:\n"               \
	"1007:x:1008:1008::/number:\n"            \
	"few:x:1009:1009\n"                       \
	"crlf:x:1010:1010::/crlf:/bin/sh\r\n"     \
	"last:x:1006:1006::/last:/bin/sh"

struct row {
	const char *name;
	int r;
	uint32_t uid;
	uint32_t gid;
	const char *home;
};

static void
test_users(void)
{
	static const struct row rows[] = {
		{ "root", 0, 0, 0, "/root" },
		{ "0", 0, 0, 0, "/root" },
		{ "joe", 0, 1000, 1001, "/home/joe" },
		{ "1000", 0, 1000, 1001, "/home/joe" },
		{ "twin", 0, 1000, 1003, "/twin" },
		{ "1002", 0, 1002, 1002, "/second" },
		{ "nohome", 0, 1004, 1004, "" },
		{ "nogid", 0, 1005, 0, "/nogid" },
		{ "few", 0, 1009, 1009, "" },
		{ "crlf", 0, 1010, 1010, "/crlf" },
		{ "last", 0, 1006, 1006, "/last" },
		{ "1007", 0, 1007, 0, "" },
		{ "12345", 0, 12345, 0, "" },
		{ "4294967294", 0, 4294967294, 0, "" },
		{ "4294967295", -ENOENT, 0, 0, "" },
		{ "99999999999999999999", -ENOENT, 0, 0, "" },
		{ "-1", -ENOENT, 0, 0, "" },
		{ "+1", -ENOENT, 0, 0, "" },
		{ "0x0", -ENOENT, 0, 0, "" },
		{ " 0", -ENOENT, 0, 0, "" },
		{ "", -ENOENT, 0, 0, "" },
		{ "nobody", -ENOENT, 0, 0, "" },
		{ "jo", -ENOENT, 0, 0, "" },
		{ "joe:x", -ENOENT, 0, 0, "" },
		{ "# joe", 0, 1, 1, "/comment" },
		{ "+", -ENOENT, 0, 0, "" },
		{ "short", -ENOENT, 0, 0, "" },
		{ "bad", -ENOENT, 0, 0, "" },
		{ "minus", -ENOENT, 0, 0, "" },
		{ "all", -ENOENT, 0, 0, "" },
	};
	struct buf home = BUF_INIT(256);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t uid = 77;
		uint32_t gid = 77;
		int r;

		buf_clear(&home);
		r = passwd_find(TEXT, strlen(TEXT), rows[i].name, &uid, &gid,
		    &home);
		is_int(r, rows[i].r, "user \"%s\"", rows[i].name);
		is_int(uid, r == 0 ? rows[i].uid : 77, "its uid");
		is_int(gid, r == 0 ? rows[i].gid : 77, "its gid");
		is_str(buf_str(&home), rows[i].home, "its home");
	}
	buf_wipe(&home);
}

static void
test_groups(void)
{
	static const char
	    text[] = "root:x:0:\nstaff:x:50:a,b\nbad:x::\nlast:x:51";
	static const struct {
		const char *name;
		int r;
		uint32_t gid;
	} rows[] = { { "root", 0, 0 }, { "staff", 0, 50 }, { "50", 0, 50 },
		{ "last", 0, 51 }, { "52", 0, 52 }, { "bad", -ENOENT, 0 },
		{ "a", -ENOENT, 0 }, { "", -ENOENT, 0 } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t gid = 77;
		int r = passwd_find_group(text, strlen(text), rows[i].name,
		    &gid);

		is_int(r, rows[i].r, "group \"%s\"", rows[i].name);
		is_int(gid, r == 0 ? rows[i].gid : 77, "its gid");
	}
}

static void
test_odd(void)
{
	static const char nul[] = "a\0b:x:5:5::/h:\nc:x:6:6::/c\0d:\n";
	struct buf home = BUF_INIT(4);
	uint32_t uid;
	uint32_t gid;

	is_int(passwd_find("", 0, "root", &uid, &gid, &home), -ENOENT,
	    "an empty file");
	is_int(passwd_find(nul, sizeof(nul) - 1, "a", &uid, &gid, &home),
	    -ENOENT, "a name with a NUL");
	is_int(passwd_find(TEXT, strlen(TEXT), "joe", &uid, &gid, &home),
	    -EMSGSIZE, "a home that does not fit");
	buf_wipe(&home);
}

int
main(void)
{
	test_users();
	test_groups();
	test_odd();
	return done_testing();
}
