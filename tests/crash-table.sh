# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2086,SC2154 # numbers; variables of lib.sh
# tests/crash-table.sh - any verb that is ended, or fails, at each of its
# steps.  Sourced after lib.sh and crash.sh:
#
#	table_start [LINE...]	two file stores, a before b; a connection "dev"
#				with the LINEs, logged in
#	table_rows <<END	a test case for each line
#	TITLE | STRIDE | LOST | PREPARE | JUDGE | VERB
#	END
#	table_end		nothing is left over
#
# For each fault and step the function PREPARE makes the world, the VERB is run
# with the fault (its stdin is the file request), and when the last of its
# processes is gone, the function JUDGE looks.  `make check' takes every
# STRIDEth step, for each fault others; `make check-crash' (CRASH_ALL=1) takes
# all.  LOST is how many of the steps may need a login afterwards, for each
# fault.

# Copies of what stores and spools hold.
may_hold_secrets 'world/*' 'saved/*' newer older before minted out verb.out \
	request
world=$trash/world
XDG_DATA_HOME=$world/data
XDG_STATE_HOME=$world/state
export XDG_DATA_HOME XDG_STATE_HOME
if test -n "${CRASH_ALL-}"; then
	table_faults='before after 28 30 5'
else
	table_faults='before after 28 5'
fi

table_start() {
	put_file "$XDG_CONFIG_HOME/coco/stack.d/two" <<-END
	get    sufficient  file file=$world/a/store
	get    sufficient  file file=$world/b/store
	get    required    oauth
	store  sufficient  file file=$world/a/store
	store  required    file file=$world/b/store
	erase  [success=ok not_found=ignore default=bad]  file file=$world/a/store
	erase  [success=ok not_found=ignore default=bad]  file file=$world/b/store
	END
	mkdir -p "$world/a" "$world/b"
	: >request
	may_hold_secrets out verb.out older newer request 'saved/*' \
		'world/[ab]/store'
	crash_start two "$@"
	set -- "$XDG_STATE_HOME"/coco/home/*
	record=$1
	disk=$XDG_STATE_HOME/coco/spool/${1##*/}
	memory=/dev/shm/coco-$(id -u)/spool-${1##*/}
	on_exit 'rm -f "$memory" "$memory.tmp"'
}

# --- the world ---------------------------------------------------------------

# value NAME FILE: of the one entry in FILE
value() {
	sed -n "s/^$1=//p" "$2" 2>/dev/null
}

# entry FILE: what a spool has for the one entry in the store FILE
entry() {
	sed -e 1d -e '/^$/,$d' "$1"
}

# home: the store that has it
home() {
	sed -n 's/^state\[\]=coco:home=file file=//p' "$record"
}

# token: $token_status, out, err
token() {
	token_status=0
	at_time +$crash_now coco-credential -c dev token >out 2>err ||
		token_status=$?
}

login() {
	at_time +$crash_now coco-credential -c dev login 2>err ||
		bad "no login: $(cat err)"
}

# later: a token that has to be refreshed
later() {
	crash_now=$((crash_now + 1000))
	token
}

# bad TEXT...: fail, and say where we were
bad() {
	table_bad=yes
	fail "$table_at ($(crash_text)): $*"
}

# One login, in a; nothing waits.
ensure() {
	token
	test $token_status -eq 0 || login
	if test -s "$world/b/store" || ! grep -q "a/store" "$record"; then
		later
		rm -f "$world/b/store"
	fi
	test -n "$(value password "$world/a/store")" || bad "no entry in a"
}

# An older entry in $trash/older, whose refresh token is used up, and the newer
# one in a and $trash/newer.
make_pair() {
	ensure
	cp "$world/a/store" older
	later
	cp "$world/a/store" newer
	newest=$(value password newer)
	test "$newest" != "$(value password older)" || bad 'not refreshed'
}

# wait_in PLACE...: the newer one waits there and is in no store
wait_in() {
	cp older "$world/a/store"
	mkdir -p "${disk%/*}"
	for place in "$@"; do
		entry newer >"$place"
	done
}

# prepare FUNCTION: or take what it made before, when nobody has asked the
# server since then
prepare() {
	rm -rf "$world/last"
	if test -n "$table_saved"; then
		rm -rf "$world" "$memory" "$memory.tmp"
		cp -a saved "$world"
		test ! -e saved/memory || mv "$world/memory" "$memory"
		test ! -e saved/memory.tmp ||
			mv "$world/memory.tmp" "$memory.tmp"
		return 0
	fi
	"$1" || return 1
	rm -rf saved
	cp -a "$world" saved
	test ! -e "$memory" || cp "$memory" saved/memory
	test ! -e "$memory.tmp" || cp "$memory.tmp" saved/memory.tmp
	table_saved=yes
}

# spent: what was prepared is of no use any more
spent() {
	table_saved=
}

# --- the rows ----------------------------------------------------------------

# table_do FAULT AT VERB...: $verb_status; the pipe ends with the last process
table_do() {
	: >counter
	table_fault=$1
	table_step=$2
	shift 2
	{
		ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 \
		COCO_TEST_NOW=+$crash_now COCO_TEST_FAULT_FILE=$trash/counter \
		COCO_TEST_FAULT_AT=$table_step COCO_TEST_FAULT=$table_fault \
		LD_PRELOAD="$builddir/tests/shim/clock.so $builddir/tests/shim/fault.so" \
			coco-credential -c dev "$@" <request >verb.out
		echo $? >verb.status
	} 2>&1 | cat >verb.err
	verb_status=$(cat verb.status)
}

# needs_login: the only copy of a new refresh token may have died with its
# process; then the old one is used twice
needs_login() {
	crash_text | grep -Eq \
	    '^[0-9]* (write|child|fsync|rename) coco-credential(-oauth)?$' ||
		bad "a login for nothing: $(cat err)"
	grep -q "hint: coco-credential -c dev login" err ||
		bad "no hint: $(cat err)"
	echo "$table_at: $(crash_text)" >>lost
}

# table_try FAULT STEP PREPARE JUDGE VERB...
table_try() {
	table_at="$1 $2"
	prepare "$3" || return 1
	table_judge=$4
	table_fault=$1
	table_step=$2
	shift 4
	table_do $table_fault $table_step "$@"
	table_bad=
	"$table_judge"
	test -n "$table_bad" || return 0
	# a world of its own for the next one
	rm -rf "$world" "$memory" "$memory.tmp"
	mkdir -p "$world/a" "$world/b"
	spent
	login
	table_failures=$((table_failures + 1))
	test $table_failures -lt 3
}

# table_row STRIDE LOST PREPARE JUDGE VERB...
table_row() {
	table_stride=$1
	table_lost=$2
	shift 2
	test -z "${CRASH_ALL-}" || table_stride=1
	spent
	rm -f lost
	table_failures=0
	table_before=$(crash_replays)
	table_try 0 0 "$@" || return 1
	test $verb_status -eq 0 || bad "without a fault: $(cat verb.err)"
	table_events=$("$lib_python" -c 'import struct, sys
print(struct.unpack("l", open(sys.argv[1], "rb").read(8))[0])' counter)
	note "$table_events steps"
	table_offset=0
	for fault in $table_faults; do
		table_offset=$((table_offset + 1))
		step=0
		while test $step -lt $table_events; do
			step=$((step + 1))
			test $(((step + table_offset) % table_stride)) -eq 0 ||
				continue
			table_try $fault $step "$@" || return 1
		done
	done
	touch lost
	sed 's/^/# needed a login: /' lost
	for fault in $table_faults; do
		test "$(grep -c "^$fault " lost)" -le $table_lost ||
			fail "$fault: too many logins"
	done
	expect_equal "$(($(crash_replays) - table_before))" \
		"$(wc -l <lost)" "refresh tokens used twice"
	! test -e "$trash/lib/failed"
}

table_rows() {
	while IFS='|' read -r title stride lost before after verb <&3; do
		test_case "${title% }" \
			"table_row $stride $lost $before $after $verb" 3<&-
	done 3<<-END
	$(cat)
	END
}

table_end() {
	table_at='at the end'
	: >counter
	ensure
	later
	test $token_status -eq 0 || fail "the end: $(cat err)"
	expect_equal "$(find "$world" -name '*.tmp' -o -path '*/spool/*')" "" \
		"files left over"
	test ! -e "$memory" || fail "$memory is left over"
}

# --- judges for any row ------------------------------------------------------

# The newest is answered with, and kept; the server is not asked.
judge_newest() {
	token
	test $token_status -eq 0 || bad "status $token_status: $(cat err)"
	test ! -s err || bad "$(cat err)"
	test "$(cat out)" = "$newest" || bad 'another token'
	test "$(value oauth_refresh_token "$(home)")" = \
	    "$(value oauth_refresh_token newer)" || bad 'another refresh token'
	test ! -e "$disk" || bad 'left over on disk'
	test ! -e "$memory" || bad 'left over in memory'
}

# The same when the machine was restarted in between.
judge_newest_after_restart() {
	rm -f "$memory"
	judge_newest
}

# A token works, or the one copy of the new refresh token died.
judge_refreshed() {
	spent
	token
	if test $token_status -eq 4; then
		needs_login
		login
	else
		test $token_status -eq 0 ||
			bad "status $token_status: $(cat err)"
		test "$(cat out)" != "$newest" || bad 'it is stale'
	fi
}
