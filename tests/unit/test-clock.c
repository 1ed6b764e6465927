/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The clocks, and when a token is too old to hand out. */
#include "coco.h"

#include "clock.h"
#include "tap.h"

#define NOW INT64_C(1700000000)

struct row {
	int64_t expiry;
	int64_t issued;
	bool is_stale;
	const char *name;
};

static void
check_left(void)
{
	static const struct {
		int64_t left;
		const char *text;
	} rows[] = { { 0, "in 0 s" }, { 119, "in 119 s" }, { 120, "in 2 min" },
		{ 7199, "in 119 min" }, { 7200, "in 2 h" },
		{ 172799, "in 47 h" }, { 172800, "in 2 d" },
		{ 7776000, "in 90 d" } };
	struct buf b = BUF_INIT(32);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		is_int(clock_add_left(&b, rows[i].left), 0, "it fits");
		is_str(buf_str(&b), rows[i].text, "%s", rows[i].text);
	}
	buf_wipe(&b);
}

int
main(void)
{
	static const struct row rows[] = {
		{ 0, 0, false, "no expiry" },
		{ 0, NOW - 5, false, "no expiry, but an age" },
		{ NOW - 1, 0, true, "over" },
		{ NOW, 0, true, "over now" },
		{ NOW + 120, 0, true, "unknown age, at 120 s" },
		{ NOW + 121, 0, false, "unknown age, before 120 s" },
		{ NOW + 120, NOW - 480, true, "10 minutes, at a fifth" },
		{ NOW + 121, NOW - 479, false, "10 minutes, before a fifth" },
		{ NOW + 120, NOW - 3480, true, "an hour, at 120 s" },
		{ NOW + 121, NOW - 3479, false, "an hour, before 120 s" },
		{ NOW + 12, NOW - 48, true, "a minute, at a fifth" },
		{ NOW + 13, NOW - 47, false, "a minute, before a fifth" },
		{ NOW + 60, NOW, false, "a minute, fresh" },
		{ NOW + 60, NOW + 90, true, "issued after its end" },
		{ NOW + 90000, NOW + 86400, true, "the clock went back a day" },
		{ NOW + 3720, NOW + 120, false, "it went back a little" },
		{ NOW + 3721, NOW + 121, true, "it went back too much" },
		{ INT64_MAX, INT64_MAX - 1, true, "of the far future" },
		{ INT64_MAX, 0, false, "the end of time" },
		{ INT64_MAX, 1, false, "the end of time, with an age" },
		{ INT64_MIN, INT64_MIN, true, "before all time" },
		{ -1, 0, true, "negative" },
	};
	int64_t ms = clock_ms();
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(clock_is_stale(rows[i].expiry, rows[i].issued, NOW),
		    rows[i].is_stale, "%s", rows[i].name);
	ok(clock_stale_at(0, NOW) == INT64_MAX, "no expiry: never stale");
	ok(clock_stale_at(NOW, 0) == NOW - 120, "unknown age: 120 s before");
	ok(clock_stale_at(NOW, NOW - 60) == NOW - 12, "a minute: 12 s before");
	ok(clock_stale_at(NOW, NOW - 3600) == NOW - 120, "an hour: 120 s");
	ok(clock_stale_at(NOW, NOW + 9) == NOW - 120, "issued after its end");
	ok(clock_stale_at(INT64_MIN, 0) == INT64_MIN, "before all time");
	ok(clock_utc() > NOW, "it is later than 2023");
	ok(clock_ms() >= ms, "the monotonic clock does not go back");
	check_left();
	return done_testing();
}
