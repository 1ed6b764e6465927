# SPDX-License-Identifier: GPL-3.0-or-later
# t0375 - SIGKILL and full or broken disks while git stores and erases, and in
# an import of inspect-coco's login.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck source=tests/crash-table.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
. "$srcdir/tests/crash.sh"
. "$srcdir/tests/crash-table.sh"

# --- git ---------------------------------------------------------------------

# ask: git has the newest token
ask() {
	printf 'username=ALICE\npassword=%s\n\n' "$newest" >request
}

is_stored() {
	make_pair
	ask
}

waits() {
	make_pair
	wait_in "$memory" "$disk"
	ask
}

judge_erased() {
	spent
	token
	test $token_status -eq 0 || bad "status $token_status: $(cat err)"
	test $verb_status -ne 0 || test "$(cat out)" != "$newest" ||
		bad 'served after it was erased'
}

# --- import ------------------------------------------------------------------

may_hold_secrets minted before
json=$HOME/.snowflake/inspect-coco-oauth.json

# mint: $left, a refresh token of somebody else's login.  A hundred are made at
# a time, because starting Python is slow.
mint() {
	if ! test -s minted; then
		"$lib_python" -c 'import json, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
body = json.dumps({"mint": {"user": "ALICE", "single_use": True,
    "scope": "refresh_token session:role:ANALYST"}}).encode()
request = urllib.request.Request(
    sys.argv[1] + "/__control", body, {"Content-Type": "application/json"})
for i in range(100):
    with opener.open(request, timeout=20) as answer:
        print(json.load(answer)["minted"]["refresh_token"])' \
		    "$fake_url" >minted
	fi
	left=$(head -n 1 minted)
	sed -i 1d minted
}

# Nobody is logged in, but the other program has a login.
is_left() {
	spent
	rm -rf "$world" "$memory"
	mkdir -p "$world/a" "$world/b"
	: >request
	mint
	put_file "$json" <<-OTHER
	{
	  "access_token": "at-1",
	  "refresh_token": "$left",
	  "expires_at": 1764000000.25,
	  "account": "fake-account",
	  "role": "ANALYST"
	}
	OTHER
}

import() {
	status=0
	at_time +$crash_now coco-credential -c dev import inspect-coco 2>err ||
		status=$?
}

judge_imported() {
	spent
	token
	if test $token_status -ne 0; then
		test $verb_status -ne 0 || bad 'reported, but not kept'
		test ! -s out || bad 'there is a token all the same'
		grep -q "$left" "$json" || bad 'deleted, but not kept'
		import
		if test $status -ne 0; then
			! grep -q "$left" "$json" ||
				! grep -rq "$left" "$world" ||
				bad 'kept'
			at_time +$crash_now coco-credential -c dev token 2>err
			needs_login
			login
		fi
	fi
	later
	test $token_status -eq 0 || bad "then $token_status: $(cat err)"
	test $verb_status -ne 0 || test ! -e "$json" || bad 'not deleted'
}

table_start 'role = "ANALYST"'
table_rows <<END
erase | 4 | 0 | is_stored | judge_erased | erase
erase while one waits | 5 | 0 | waits | judge_erased | erase
store | 3 | 0 | is_stored | judge_newest | store
store while one waits | 3 | 0 | waits | judge_newest | store
import | 5 | 5 | is_left | judge_imported | import inspect-coco
END
test_case 'nothing is left over' table_end

# --- who asked is gone -------------------------------------------------------

# unheard COMMAND...: its stdout is a pipe that nobody reads
unheard() {
	"$lib_python" -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.call(sys.argv[1:], stdout=w, stdin=open("request")))' "$@"
}

test_case 'a store whose caller was killed changes nothing any more' '
	cp "$(home)" before
	for verb in store erase logout; do
		{
			echo connection=dev
			entry before
		} >request
		run unheard coco-credential-file --file="$(home)" $verb
		expect_status 75
		expect_stderr_match "nobody waits for this any more"
		cmp "$(home)" before || fail "$verb: changed"
	done
'

test_case 'nor is an imported refresh token used up' '
	mint
	printf "connection=dev\nprotocol=http\nhost=127.0.0.1:%s\n" \
		"$fake_port" >request
	printf "oauth_refresh_token=%s\n\n" "$left" >>request
	run unheard coco-credential-oauth confirm
	test "$status" -ne 0 || fail "confirmed"
	expect_stderr_match "nobody waits for the answer any more"
	run coco-credential-oauth confirm <request
	expect_status 0
'
test_done
