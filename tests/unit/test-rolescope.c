/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Roles in scopes, both ways. */
#include "coco.h"

#include "rolescope.h"
#include "tap.h"

#define MAX_ROLE 64

static void
is_written(const char *role, const char *want)
{
	struct buf got = BUF_INIT(256);
	struct buf back = BUF_INIT(MAX_ROLE);

	is_int(rolescope_add(&got, role), 0, "\"%s\" is written", role);
	is_str(buf_str(&got), want, "as %s", want);
	is_int(rolescope_read(want, &back), 0, "%s is read", want);
	is_str(buf_str(&back), role, "as \"%s\"", role);
	buf_wipe(&got);
	buf_wipe(&back);
}

static void
is_read(const char *scope, int want, const char *role)
{
	struct buf got = BUF_INIT(MAX_ROLE);

	is_int(rolescope_read(scope, &got), want, "the answer to \"%s\"",
	    scope);
	if (want == 0)
		is_str(buf_str(&got), role, "the role of \"%s\"", scope);
	buf_wipe(&got);
}

static void
test_write(void)
{
	struct buf small = BUF_INIT(24);

	is_written("ANALYST", "session:role:ANALYST");
	is_written("a-Z_09", "session:role:a-Z_09");
	is_written("MY ROLE", "session:role-encoded:MY%20ROLE");
	is_written("A+B", "session:role-encoded:A%2BB");
	is_written("A:B", "session:role-encoded:A%3AB");
	is_written("R\303\264LE", "session:role-encoded:R%C3%B4LE");
	is_int(rolescope_add(&small, "A$B$C$D"), -EMSGSIZE,
	    "a buffer that is too small");
	buf_wipe(&small);
}

static void
test_read(void)
{
	is_read("", 0, "");
	is_read("  ", 0, "");
	is_read("refresh_token", 0, "");
	is_read("session:role:", 0, "");
	is_read("refresh_token session:role:R", 0, "R");
	is_read(" session:role:R  refresh_token ", 0, "R");
	is_read("session:role:A+B", 0, "A+B");
	is_read("session:role:R session:role:R", -EACCES, NULL);
	is_read("session:role:A session:role-encoded:B", -EACCES, NULL);
	is_read("session:role-encoded:", -EACCES, NULL);
	is_read("session:role-encoded:A+B", -EACCES, NULL);
	is_read("session:role-encoded:%zz", -EBADMSG, NULL);
	is_read("session:role-encoded:%00", -EBADMSG, NULL);
	is_read("Session:role:R", -EACCES, NULL);
	is_read("session:roles:R", -EACCES, NULL);
	is_read("session:role:R offline_access", -EACCES, NULL);
	is_read("session:role:R\tx", 0, "R\tx");
	is_read("session:role:"
		"01234567890123456789012345678901"
		"012345678901234567890123456789012",
	    -EMSGSIZE, NULL);
}

int
main(void)
{
	test_write();
	test_read();
	return done_testing();
}
