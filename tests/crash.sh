# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2086,SC2154 # numbers; variables of lib.sh
# tests/crash.sh - a refresh that is ended, or fails, at each of its steps.
# Sourced by one test file for each store, after lib.sh:
#
#	crash_start STACK	the stand-in with single-use refresh tokens, and
#				a connection "dev" that is logged in
#	crash_case FAULT TEXT N	FAULT at each write, fsync, rename, unlink and
#				child's end (tests/shim/fault.c): each time the
#				next token works, or, N times at most, says
#				that a login is needed
#	crash_logout		a logout, killed or failing at some of its steps
#	crash_end		nothing is left over, nothing was used twice
#	crash_all		all of these
#
# A login may be needed only when the process died that alone had the new
# refresh token: oauth before it writes its answer, coco-credential from there
# until its spool is in place (child's end, write, fsync, rename).

crash_start() {
	start_fake --set single_use=true --log /dev/null
	make_connection dev "credential_helper = \"$1\"" \
		'oauth_enable_single_use_refresh_tokens = true'
	BROWSER="$lib_python $srcdir/tests/fake/browser.py"
	export BROWSER
	crash_now=0
	crash_logins=0
	coco-credential -c dev login 2>login.err || fail "$(cat login.err)"
}

# crash_run: a token with the fault, when the last one is no longer fresh
crash_run() {
	crash_now=$((crash_now + 1000))
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 \
	COCO_TEST_NOW=+$crash_now COCO_TEST_FAULT_FILE=$trash/counter \
	LD_PRELOAD="$builddir/tests/shim/clock.so $builddir/tests/shim/fault.so" \
		"$@" >token.out 2>token.err
}

# The fault that happened, as "N KIND PROGRAM".
crash_text() {
	# behind a long and an int, as shim/fault.c has them
	tail -c +13 counter | tr -d '\000'
}

# crash_recover: what the next caller sees
crash_recover() {
	at_time +$crash_now coco-credential -c dev token >out 2>err
	case $? in
	0)
		test ! -s err || note "$1: $(cat err)"
		;;
	4)
		grep -q "hint: coco-credential -c dev login" err ||
			fail "$1: no hint: $(cat err)"
		echo "$1: $(crash_text)" >>lost
		crash_logins=$((crash_logins + 1))
		at_time +$crash_now coco-credential -c dev login 2>err ||
			fail "$1: no login: $(cat err)"
		;;
	*)
		fail "$1: $(crash_text): status $?: $(cat err)"
		;;
	esac
}

crash_replays() {
	control | "$lib_python" -c 'import json, sys
print(json.load(sys.stdin)["counters"]["replays"])'
}

# crash_case FAULT TEXT MOST [LASTS]: at most MOST of them may need a login
crash_case() {
	rm -f lost
	: >counter
	crash_run env COCO_TEST_FAULT_AT=0 coco-credential -c dev token ||
		fail "without a fault: $(cat token.err)"
	crash_events=$("$lib_python" -c 'import struct, sys
print(struct.unpack("l", open(sys.argv[1], "rb").read(8))[0])' counter)
	test "$crash_events" -gt 10 || fail "only $crash_events events"
	note "$crash_events events"
	crash_at=0
	while test $crash_at -lt "$crash_events"; do
		crash_at=$((crash_at + 1))
		: >counter
		crash_run env COCO_TEST_FAULT_AT=$crash_at COCO_TEST_FAULT="$1" \
			${4+COCO_TEST_FAULT_LASTS=1} \
			coco-credential -c dev token
		crash_recover "$2 $crash_at"
	done
	test -e lost || return 0
	sed 's/^/# needed a login: /' lost
	test "$(wc -l <lost)" -le "$3" || fail "too many of them"
	! grep -Ev ': [0-9]* (write|child|fsync|rename) coco-credential(-oauth)?$' \
		lost || fail 'a login for nothing'
}

# crash_logout: whatever happens to it, there is a token or a login is needed;
# after one that says that it worked, there is none
crash_logout() {
	crash_at=0
	for fault in before after 28 before after 5 before after; do
		crash_at=$((crash_at + 2))
		: >counter
		out=0
		crash_run env COCO_TEST_FAULT_AT=$crash_at \
			COCO_TEST_FAULT=$fault coco-credential -c dev logout ||
			out=$?
		crash_now=$((crash_now - 1000))
		in=0
		at_time +$crash_now coco-credential -c dev token >out 2>err ||
			in=$?
		test $in -eq 4 || { test $in -eq 0 && test $out -ne 0; } ||
			fail "$fault $crash_at: $(crash_text): $out, then $in"
		out=0
		at_time +$crash_now coco-credential -c dev logout 2>err ||
			out=$?
		test $out -eq 0 || test $out -eq 3 ||
			fail "$fault $crash_at: again: $(cat err)"
		in=0
		at_time +$crash_now coco-credential -c dev token >out 2>err ||
			in=$?
		test $in -eq 4 || fail "$fault $crash_at: served after it"
		at_time +$crash_now coco-credential -c dev login 2>err ||
			fail "$fault $crash_at: no login: $(cat err)"
	done
	! test -e "$trash/lib/failed"
}

crash_end() {
	expect_equal "$(crash_replays)" "$crash_logins" \
		"refresh tokens used twice"
	crash_run env COCO_TEST_FAULT_AT=0 coco-credential -c dev token ||
		fail "the end: $(cat token.err)"
	expect_equal "$(find "$HOME" -name '*.tmp' -o -path '*/spool/*')" "" \
		"files left over"
}

# crash_all: every fault
crash_all() {
	test_case 'killed before each step' 'crash_case before killed-before 5'
	test_case 'killed after each step' 'crash_case after killed-after 4'
	test_case 'ENOSPC at each step' 'crash_case 28 ENOSPC 1'
	test_case 'EROFS at each step' 'crash_case 30 EROFS 1'
	test_case 'EIO at each step' 'crash_case 5 EIO 1'
	# From then on no write succeeds anywhere, not even to memory or stdout:
	# what was redeemed before has no place to be.
	test_case 'ENOSPC that lasts' 'crash_case 28 full-disk 4 lasts'
	test_case 'a logout, killed or failing' crash_logout
	test_case 'nothing is left over, nothing was used twice' crash_end
}
