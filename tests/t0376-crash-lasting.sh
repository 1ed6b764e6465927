# SPDX-License-Identifier: GPL-3.0-or-later
# t0376 - an unlink, rename or fsync that always fails, and directories that
# can only be read: it is said of which file, nothing is lost, and it works
# again when the fault is gone.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck source=tests/crash-table.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
. "$srcdir/tests/crash.sh"
. "$srcdir/tests/crash-table.sh"

is_fresh() {
	make_pair
}

is_stale() {
	make_pair
	crash_now=$((crash_now + 1000))
}

waits() {
	make_pair
	wait_in "$memory"
}

is_out() {
	rm -rf "$world" "$memory"
	mkdir -p "$world/a" "$world/b"
}

# lasting FAULT VERB: run it with a fault that does not go away
lasting() {
	: >counter
	case $1 in
	state)
		set -- "COCO_TEST_FAULT_BELOW=$XDG_STATE_HOME" "$2"
		;;
	world)
		set -- "COCO_TEST_FAULT_BELOW=$world" "$2"
		;;
	*)
		set -- "COCO_TEST_FAULT_KIND=$1 COCO_TEST_FAULT_AT=1
			COCO_TEST_FAULT=5 COCO_TEST_FAULT_LASTS=1" "$2"
		;;
	esac
	run env $1 COCO_TEST_FAULT_FILE="$trash/counter" \
	    COCO_TEST_NOW=+$crash_now \
	    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
	    LD_PRELOAD="$builddir/tests/shim/clock.so $builddir/tests/shim/fault.so" \
	    coco-credential -c dev $2 <request
}

# lasting_case FAULT PREPARE VERB STATUS REGEX...: each in stderr, where
# SPOOL, MEMORY and HOME stand for the paths of the records
lasting_case() {
	table_at="$1 $3"
	prepare_only=$2
	fault=$1
	verb=$3
	want=$4
	shift 4
	before=$(crash_replays)
	newest=
	"$prepare_only" || return 1
	printf 'password=%s\n\n' "$newest" >request
	lasting $fault $verb
	expect_status $want
	if test $# -eq 0; then
		test ! -s lib/stderr || fail 'it should say nothing'
	fi
	for regex in "$@"; do
		expect_stderr_match "$(echo "$regex" | sed -e "s,SPOOL,$disk," \
			-e "s,MEMORY,$memory," -e "s,HOME,$record,")"
	done
	# what is given out is what is kept
	if test $verb = token && test $want -eq 0; then
		newest=$(stdout)
		lasting $fault token
		expect_status 0
		expect_equal "$(stdout)" "$newest" "the second token"
	fi
	test $verb != erase || test $want -ne 0 || newest=
	test $verb != login || newest=
	test $verb != token || test $want -eq 0 || newest=
	claims=$(grep -c 'it waits in' lib/stderr)
	: >request
	token
	case $token_status in
	0)
		test -z "$newest" || test "$(cat out)" = "$newest" ||
			bad 'another token'
		;;
	4)
		test $claims -eq 0 || bad 'it said that the token waits'
		test $verb = logout || test $prepare_only = is_out ||
			bad 'lost'
		login
		;;
	*)
		bad "status $token_status: $(cat err)"
		;;
	esac
	later
	test $token_status -eq 0 || bad "then $token_status: $(cat err)"
	test ! -s err || bad "then: $(cat err)"
	expect_equal "$(crash_replays)" "$before" "refresh tokens used twice"
	! test -e "$trash/lib/failed"
}

# case_of TITLE ARGUMENT...: of lasting_case
case_of() {
	title=$1
	shift
	arguments=
	for argument in "$@"; do
		arguments="$arguments '$argument'"
	done
	test_case "$title" "lasting_case $arguments"
}

table_start
for kind in rename fsync; do
	case_of "$kind: a refresh" $kind is_stale token 75 \
		'a/store: Input/output error$' 'was not refreshed and nothing is lost'
	case_of "$kind: a pick-up" $kind waits token 0 \
		'a/store: Input/output error$' 'b/store: Input/output error$' \
		'waits in memory only, because of SPOOL: Input/output error$'
	case_of "$kind: a login" $kind is_fresh login 75 \
		'a/store: Input/output error$' 'b/store: Input/output error$' \
		'the login worked, but it could not be stored'
	case_of "$kind: a logout" $kind is_fresh logout 75 \
		'a/store: Input/output error$' 'could not be logged out'
	case_of "$kind: git erases" $kind is_fresh erase 75 \
		'a/store: Input/output error$'
done
case_of 'unlink: a refresh' unlink is_stale token 0 \
	'MEMORY: Input/output error$'
case_of 'unlink: a pick-up' unlink waits token 0 \
	'MEMORY: Input/output error$'
case_of 'unlink: a login' unlink is_fresh login 75 \
	'MEMORY: Input/output error$'
case_of 'unlink: a logout' unlink is_fresh logout 75 \
	'HOME: Input/output error$' 'could not be logged out'
case_of 'unlink: a logout while one waits' unlink waits logout 75 \
	'MEMORY: Input/output error$' 'could not be logged out'
case_of 'unlink: git erases' unlink is_fresh erase 0
case_of 'no state directory can be written: a refresh' state is_stale token 0
case_of 'no state directory can be written: a pick-up' state waits token 0
case_of 'no state directory can be written: a login' state is_fresh login 75 \
	"cannot be recorded in $XDG_STATE_HOME/coco/home: Read-only file system"
case_of 'no state directory can be written: the first login' \
	state is_out login 75 \
	"cannot be recorded in $XDG_STATE_HOME/coco/home: Read-only file system"
case_of 'no state directory can be written: a logout' state is_fresh logout 75 \
	'HOME: Read-only file system$' 'could not be logged out'
case_of 'no state directory can be written: git erases' state is_fresh erase 0
case_of 'nothing can be written: a refresh' world is_stale token 75 \
	'a/store.lock: Read-only file system$' 'nothing is lost'
case_of 'nothing can be written: a pick-up' world waits token 0 \
	'a/store.lock: Read-only file system$' \
	'waits in memory only, because of SPOOL: Read-only file system$'
case_of 'nothing can be written: a login' world is_fresh login 75 \
	"cannot be recorded in $XDG_STATE_HOME/coco/home: Read-only file system"
case_of 'nothing can be written: a logout' world is_fresh logout 75 \
	'a/store.lock: Read-only file system$' 'could not be logged out'
case_of 'nothing can be written: git erases' world is_fresh erase 75 \
	'a/store.lock: Read-only file system$'
case_of 'rename: the first login, which even memory would not have' \
	rename is_out login 75 'a/store: Input/output error$' 'is lost'
test_case 'nothing is left over' table_end
test_done
