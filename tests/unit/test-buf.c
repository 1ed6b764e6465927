/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wiping buffer: growth, limits, and that what is let go is zero. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "tap.h"

static void
test_empty(void)
{
	struct buf b = BUF_INIT(10);

	is_str(buf_str(&b), "", "a fresh buffer is an empty string");
	ok(b.data == NULL, "and owns no memory");
	ok(buf_equals(&b, ""), "it equals the empty string");
	buf_clear(&b);
	buf_truncate(&b, 0);
	is_int(buf_add(&b, NULL, 0), 0, "adding nothing");
	ok(b.data == NULL, "allocates nothing");
	buf_wipe(&b);
	buf_wipe(NULL);
}

static void
test_limit(void)
{
	struct buf b = BUF_INIT(5);

	is_int(buf_adds(&b, "abcde"), 0, "exactly the maximum");
	is_int(buf_addc(&b, 'f'), -EMSGSIZE, "one byte more");
	is_int(buf_addf(&b, "%d", 1), -EMSGSIZE, "one digit more");
	ok(buf_space(&b, 1) == NULL, "no room");
	ok(buf_space(&b, 0) != NULL, "room for nothing");
	is_mem(b.data, b.len + 1, "abcde", 6, "nothing changed");
	buf_truncate(&b, 2);
	is_int(buf_adds(&b, "wxyz"), -EMSGSIZE, "too much again");
	is_str(buf_str(&b), "ab", "all or nothing");
	is_int(buf_addf(&b, "%c%02d", 'c', 7), 0, "formatted text");
	is_str(buf_str(&b), "abc07", "which fits exactly");
	buf_wipe(&b);
}

static void
test_growth(void)
{
	struct buf b = BUF_INIT(100000);
	bool same = true;
	size_t i;
	int r = 0;

	for (i = 0; i < 100000; i++)
		r |= buf_addc(&b, (char)('a' + i % 26));
	is_int(r, 0, "100000 single bytes");
	for (i = 0; i < b.len; i++)
		same = same && b.data[i] == (char)('a' + i % 26);
	ok(same && b.len == 100000, "survive the moves");
	is_int(b.data[b.len], 0, "and end with NUL");
	buf_wipe(&b);
	ok(b.data == NULL && b.len == 0 && b.cap == 0, "wiped");
	is_int(buf_adds(&b, "x"), 0, "and usable again");
	buf_wipe(&b);
}

static void
test_wipe(void)
{
	static const char zeros[6];
	struct buf b = BUF_INIT(100);

	(void)buf_adds(&b, "secret");
	buf_truncate(&b, 3);
	is_mem(b.data, 6, "sec\0\0\0", 6, "truncate wipes the rest");
	buf_clear(&b);
	is_mem(b.data, 6, zeros, 6, "clear wipes all");
	is_int(b.len, 0, "and empties");
	buf_wipe(&b);
}

static void
test_compare_and_move(void)
{
	struct buf a = BUF_INIT(10);
	struct buf b = BUF_INIT(20);

	(void)buf_adds(&a, "one");
	(void)buf_adds(&b, "two");
	ok(buf_equals(&a, "one"), "equal");
	ok(!buf_equals(&a, "onf"), "not equal at the end");
	ok(!buf_equals(&a, "one "), "not equal by length");
	(void)buf_add(&a, "\0", 1);
	ok(!buf_equals(&a, "one"), "a NUL counts");
	buf_move(&a, &b);
	is_str(buf_str(&a), "two", "moved");
	is_int(a.max, 20, "with its maximum");
	is_str(buf_str(&b), "", "the source is empty");
	is_int(buf_adds(&b, "x"), 0, "and usable");
	buf_wipe(&a);
	buf_wipe(&b);
}

static void
test_lines(void)
{
	struct buf b = BUF_INIT(9);

	is_int(buf_add_line(&b, "%s", "one"), 0, "a line");
	is_int(buf_add_line(&b, "%d%d", 2, 2), 0, "another");
	is_str(buf_str(&b), "one\n22", "with a newline between them");
	is_int(buf_add_line(&b, "abc"), -EMSGSIZE, "one that does not fit");
	is_str(buf_str(&b), "one\n22", "is not begun");
	buf_wipe(&b);
}

int
main(void)
{
	test_empty();
	test_limit();
	test_growth();
	test_wipe();
	test_compare_and_move();
	test_lines();
	return done_testing();
}
