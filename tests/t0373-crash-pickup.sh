# SPDX-License-Identifier: GPL-3.0-or-later
# t0373 - SIGKILL and full or broken disks while a token is picked up from the
# spool, or goes from one store to another.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck source=tests/crash-table.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
. "$srcdir/tests/crash.sh"
. "$srcdir/tests/crash-table.sh"

waits_in_memory() {
	make_pair
	wait_in "$memory"
}

waits_in_both() {
	make_pair
	wait_in "$memory" "$disk"
}

# It waits, and is no longer fresh.
waits_stale() {
	waits_in_memory
	crash_now=$((crash_now + 1000))
}

# The newer entry is in b, which is its home; the older one is still in a.
was_elsewhere() {
	make_pair
	cp newer "$world/b/store"
	cp older "$world/a/store"
	sed -i 's,/a/store,/b/store,' "$record"
}

is_elsewhere() {
	was_elsewhere
	crash_now=$((crash_now + 1000))
}

# It waits for b, its home, which cannot be had: it goes to a.
waits_for_b() {
	was_elsewhere
	entry newer >"$memory"
	cp older "$world/b/store"
	rm "$world/a/store"
}

table_start
table_rows <<END
pick-up | 3 | 0 | waits_in_memory | judge_newest | token
pick-up from disk, then a restart | 4 | 0 | waits_in_both | judge_newest_after_restart | token
pick-up that moves it | 5 | 0 | waits_for_b | judge_newest | token
pick-up and refresh | 7 | 5 | waits_stale | judge_refreshed | token
refresh that moves it | 7 | 5 | is_elsewhere | judge_refreshed | token
END
test_case 'nothing is left over' table_end
test_done
