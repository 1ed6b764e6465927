# SPDX-License-Identifier: GPL-3.0-or-later
# t0374 - SIGKILL and full or broken disks in a login, also one whose first
# store is away, and in a logout.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck source=tests/crash-table.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
. "$srcdir/tests/crash.sh"
. "$srcdir/tests/crash-table.sh"

# --- login -------------------------------------------------------------------

# Nobody is logged in.
is_out() {
	rm -rf "$world" "$memory"
	mkdir -p "$world/a" "$world/b"
	: >older
}

# Somebody is, and the token is fresh.
is_in() {
	ensure
	cp "$world/a/store" older
}

# The same, and the first store is away.
first_is_away() {
	is_in
	mv "$world/a/store" "$world/a/away"
	mkdir "$world/a/store"
}

# The new login is somewhere.
has_new() {
	for place in "$world/a/store" "$world/b/store" "$memory" "$disk"; do
		test -f "$place" || continue
		now=$(value oauth_refresh_token "$place")
		test -z "$now" ||
			test "$now" = "$(value oauth_refresh_token older)" ||
			return 0
	done
	return 1
}

# Both of the new one, or both of the old one.
check_not_mixed() {
	for place in "$world/a/store" "$world/b/store" "$memory" "$disk"; do
		test -f "$place" || continue
		same=0
		for name in password oauth_refresh_token; do
			test "$(value $name "$place")" != \
			    "$(value $name older)" || same=$((same + 1))
		done
		test $same -ne 1 || bad "mixed: $place"
	done
}

judge_login() {
	spent
	if test -e "$world/a/away"; then
		rmdir "$world/a/store"
		mv "$world/a/away" "$world/a/store"
	fi
	check_not_mixed
	want=old
	! has_new || want=new
	test $verb_status -ne 0 || test $want = new ||
		bad 'reported, but not kept'
	token
	if test $token_status -eq 4 && test $want = old && ! test -s older; then
		grep -q 'hint: coco-credential -c dev login' err || bad 'no hint'
		return 0
	fi
	test $token_status -eq 0 || bad "status $token_status: $(cat err)"
	got=new
	test "$(cat out)" != "$(value password older)" || got=old
	test $got = $want || bad "the $got one is served, not the $want one"
	check_not_mixed
	later
	test $token_status -eq 0 || bad "then $token_status: $(cat err)"
}

# --- logout ------------------------------------------------------------------

is_in_a() {
	make_pair
	cp older "$world/b/store"
}

is_in_b() {
	make_pair
	cp newer "$world/b/store"
	cp older "$world/a/store"
	sed -i 's,/a/store,/b/store,' "$record"
}

# It waits, and somebody was killed while b was written.
waits() {
	make_pair
	cp newer "$world/b/store.tmp"
	wait_in "$memory" "$disk"
}

# Somebody was killed while it was put there.
waited() {
	make_pair
	entry newer >"$memory.tmp"
	mkdir -p "${disk%/*}"
	entry newer >"$disk.tmp"
}

judge_logout() {
	token
	case $token_status in
	0)
		test $verb_status -ne 0 || bad 'served after a logout'
		test "$(cat out)" = "$newest" || bad 'the older one is served'
		;;
	4)
		;;
	*)
		bad "status $token_status: $(cat err)"
		;;
	esac
	status=0
	at_time +$crash_now coco-credential -c dev logout 2>err || status=$?
	test $status -eq 0 || test $status -eq 3 || bad "again: $(cat err)"
	token
	test $token_status -eq 4 || bad 'served after a second logout'
	left=$(grep -rl token= "$world" "$memory" "$memory.tmp" 2>lib/null)
	test -z "$left" || bad "left over: $left"
}

table_start
table_rows <<END
login | 5 | 0 | is_out | judge_login | login
login in the place of another | 5 | 0 | is_in | judge_login | login
login while the first store is away | 6 | 0 | first_is_away | judge_login | login
logout | 4 | 0 | is_in_a | judge_logout | logout
logout from the second store | 4 | 0 | is_in_b | judge_logout | logout
logout while one waits | 4 | 0 | waits | judge_logout | logout
logout after a killed spool write | 6 | 0 | waited | judge_logout | logout
END
test_case 'nothing is left over' table_end
test_done
