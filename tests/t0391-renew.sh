# SPDX-License-Identifier: GPL-3.0-or-later
# t0391 - a token that was refused before its end: coco-tokend says when it was
# issued, and a newer one is made, once (T3, T6).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_hold_secrets 'answer.*' request plain

start_fake --set single_use=true
make_connection dev 'oauth_enable_single_use_refresh_tokens = true'
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
store=$HOME/.local/share/coco/credentials
coco-credential -c dev login 2>login.log

state() {
	control | "$lib_python" -c 'import json, sys
counters = json.load(sys.stdin)["counters"]
print(counters["replays"] if sys.argv[1] == "replays"
      else counters["token"].get(sys.argv[1], 0))' "$1"
}

# attribute NAME FILE: one value of a message
attribute() {
	sed -n "s/^$1=//p" "$2"
}

# get WHEN ISSUED [OPTION...]: as the daemon asks when what was issued then was
# refused
get() {
	when=$1
	printf 'connection=dev\nissued_utc=%s\n\n' "$2" >request
	shift 2
	run at_time "$when" coco-credential --no-daemon "$@" get <request
}

test_case 'what is newer than the refused one is the answer' '
	get +60 1 --for-tokend
	expect_status 0
	expect_stderr </dev/null
	stdout >answer.1
	expect_equal "$(state refresh_token)" 0 refreshes
	issued=$(attribute issued_utc answer.1)
	get +60 $((issued - 1)) --for-tokend
	expect_status 0
	expect_stdout <answer.1
	expect_equal "$(state refresh_token)" 0 refreshes
'

test_case 'others cannot say so' '
	get +60 "$issued"
	expect_status 0
	expect_stdout <answer.1
	run at_time +60 coco-credential --no-daemon -c dev get <request
	expect_status 0
	expect_stdout <answer.1
	expect_equal "$(state refresh_token)" 0 refreshes
'

test_case 'the server is away: unavailable, and nothing is lost' '
	control "{\"token_error\": \"503\"}" >/dev/null
	get +60 "$issued" --for-tokend
	expect_status 75
	expect_stdout </dev/null
	expect_stderr_match "503"
	control "{\"token_error\": null}" >/dev/null
	run at_time +60 coco-credential --no-daemon -c dev token
	expect_status 0
	expect_equal "$(stdout)" "$(attribute password answer.1)" "the token"
'

test_case 'the store cannot be written: it is not even tried' '
	before=$(state refresh_token)
	make_connection nostore "credential_helper = \"nostore\""
	put_file "$XDG_CONFIG_HOME/coco/stack.d/nostore" <<-END
	get    [success=done not_found=ignore expired=ignore default=die]  file
	get    required  oauth
	store  required  file
	erase  required  file
	END
	coco-credential -c nostore login 2>login.log
	sed -i "/^store/d" "$XDG_CONFIG_HOME/coco/stack.d/nostore"
	printf "connection=nostore\nissued_utc=%s\n\n" $((issued + 60)) \
		>request
	run at_time +60 coco-credential --no-daemon --for-tokend get <request
	expect_status 75
	expect_stdout </dev/null
	expect_stderr_match "the stack has no store rule"
	expect_equal "$(state refresh_token)" "$before" refreshes
'

test_case 'twenty ask at once: one refresh, one token for all' '
	before=$(state refresh_token)
	printf "connection=dev\nissued_utc=%s\n\n" "$issued" >request
	pids=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		at_time +60 coco-credential --no-daemon --for-tokend get \
			<request >"answer.many.$i" 2>"many.$i.err" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait $pid || fail "one ends with $?"
	done
	cat many.*.err >many
	expect_equal "$(cat many)" "" stderr
	cat answer.many.* | grep "^password=" | sort -u >answer.passwords
	expect_equal "$(grep -c . answer.passwords)" 1 tokens
	grep -v -x -F "password=$(attribute password answer.1)" \
		answer.passwords >answer.new || fail "it is the old one"
	expect_equal "$(($(state refresh_token) - before))" 1 refreshes
	expect_equal "$(state replays)" 0 replays
'

test_case 'and it is kept' '
	run at_time +60 coco-credential --no-daemon -c dev token
	expect_status 0
	stdout | sed "s/^/password=/" >plain
	expect_file plain <answer.new
	get +60 "$issued" --for-tokend
	expect_status 0
	stdout >answer.2
	grep -q -x -F "$(cat plain)" answer.2 || fail "it is another"
	expect_equal "$(($(state refresh_token) - before))" 1 refreshes
'

test_case 'the newer one was refused, too: once more' '
	get +120 "$(attribute issued_utc answer.2)" --for-tokend
	expect_status 0
	stdout >answer.3
	if grep -q -x -F "$(cat plain)" answer.3; then
		fail "it is the refused one"
	fi
	expect_equal "$(($(state refresh_token) - before))" 2 refreshes
	expect_equal "$(state replays)" 0 replays
'

test_case 'a token of which nobody knows the date is no matter' '
	make_connection pasted
	printf "%s\n" connection=pasted protocol=http \
		"host=127.0.0.1:$fake_port" username=ALICE \
		password=canary-pasted "" >request
	run coco-credential --no-daemon store <request
	expect_status 0
	printf "connection=pasted\nissued_utc=%s\n\n" 99999999999 >request
	run coco-credential --no-daemon --for-tokend get <request
	expect_status 0
	expect_stdout_match "^password=canary-pasted$"
'

test_case 'clients of the daemon cannot say so either' '
	before=$(state refresh_token)
	issued=$(attribute issued_utc answer.3)
	start_tokend +180
	printf "connection=dev\nissued_utc=%s\n\n" "$issued" >request
	ask_tokend /credential/get --data-binary @request >answer.4
	expect_equal "$(attribute password answer.4)" \
		"$(attribute password answer.3)" "the token"
	expect_equal "$(metric searches_begun_total)" 1 searches
	expect_equal "$(state refresh_token)" "$before" refreshes
	stop_tokend
'

test_case 'a login that has ended: expired, the old one stays' '
	run at_time +180 coco-credential --no-daemon -c dev token
	stdout >answer.old
	control "{\"token_error\": \"invalid_grant\"}" >/dev/null
	get +180 99999999999 --for-tokend
	expect_status 4
	expect_stdout </dev/null
	control "{\"token_error\": null}" >/dev/null
	run at_time +180 coco-credential --no-daemon -c dev token
	expect_status 0
	expect_stdout <answer.old
'

test_done
