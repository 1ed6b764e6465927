# SPDX-License-Identifier: GPL-3.0-or-later
# t0320 - login once, then live tokens: refresh in silence, one refresh for
# many callers, and nothing lost when the store cannot be written.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets 'token.*' request first old before

start_fake
make_connection dev 'oauth_enable_single_use_refresh_tokens = true'
export BROWSER="python3 $srcdir/tests/fake/browser.py"
store=$HOME/.local/share/coco/credentials

# How often the server was asked to refresh.
refreshes() {
	control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token"].get("refresh_token", 0))'
}

test_case 'before the login: what was tried and what to do' '
	run coco-credential -c dev token
	expect_status 4
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential: no token for connection "dev": libsecret: \
unavailable, file: not_found, oauth: expired
	coco-credential: hint: coco-credential -c dev login
	END
'

test_case 'git gets nothing of it, in silence' '
	printf "protocol=http\nhost=127.0.0.1:%s\n\n" "$fake_port" >request
	run coco-credential get <request
	expect_status 3
	expect_stdout </dev/null
	expect_stderr </dev/null
'

test_case 'login' '
	run coco-credential -c dev login
	expect_status 0
	expect_stdout </dev/null
	expect_stderr_match "logged in to 127.0.0.1:$fake_port as ALICE"
	expect_mode "$store" 600
'

test_case 'token, the same each time' '
	run coco-credential -c dev token
	expect_status 0
	expect_stderr </dev/null
	stdout >first
	run coco-credential -c dev token -n
	expect_equal "$(stdout)" "$(cat first)" token
	expect_equal "$(stdout | wc -l)" 0 newlines
	expect_equal "$(refreshes)" 0 refreshes
'

test_case 'not for another client: it is neither handed out nor redeemed' '
	cp "$store" before
	run env SNOWFLAKE_CONNECTIONS_DEV_OAUTH_CLIENT_ID=PUBLIC \
		coco-credential -c dev token
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "bound to the client id LOCAL_APPLICATION, but the \
connection says PUBLIC; it is not sent there" \
		"no token for connection \"dev\": .*file: expired, oauth: denied"
	expect_equal "$(refreshes)" 0 refreshes
	expect_file "$store" <before
	run coco-credential -c dev token
	expect_equal "$(stdout)" "$(cat first)" token
'

test_case 'get by connection hides the refresh token' '
	run coco-credential -c dev get </dev/null
	expect_status 0
	expect_equal "$(stdout | sed -n s/^password=//p)" "$(cat first)" token
	expect_equal "$(stdout | grep -c -e refresh -e coco:)" 0 secrets
'

test_case 'header and JSON' '
	run coco-credential -c dev --format header token
	expect_stdout_match "^X-Snowflake-Authorization-Token-Type: OAUTH$"
	expect_stdout_match "^Authorization: Bearer ver:1-"
	run coco-credential -c dev --format json token
	expect_status 0
	expect_equal "$(stdout | json_field access_token)" "$(cat first)" token
'

test_case 'fifty at once on an expired single-use token: one refresh' '
	control "{\"single_use\": true}" >/dev/null
	before=$(refreshes)
	# under valgrind fifty would outlast the time that one waits for another
	many=50
	test -z "$under" || many=5
	for i in $(seq $many); do
		at_time +1000 coco-credential -c dev token \
			>token.$i 2>error.$i &
		echo $! >>pids
	done
	while read -r pid; do
		wait "$pid" || echo "$pid: $?" >>failed
	done <pids
	expect_equal "$(cat failed 2>/dev/null)" "" failures
	expect_equal "$(cat error.* )" "" messages
	expect_equal "$(cat token.* | sort -u | wc -l)" 1 "different tokens"
	expect_equal "$(cat token.* | wc -l)" "$many" answers
	expect_equal "$(($(refreshes) - before))" 1 refreshes
'

test_case 'a store that cannot be written: no refresh, nothing lost' '
	before=$(refreshes)
	rm -f "$store.lock"
	mkdir "$store.lock"
	run at_time +5000 coco-credential -c dev token
	expect_status 75
	expect_stdout </dev/null
	expect_stderr_match "was not refreshed and nothing is lost"
	expect_equal "$(refreshes)" "$before" refreshes
	rmdir "$store.lock"
	run at_time +5000 coco-credential -c dev token
	expect_status 0
	expect_equal "$(($(refreshes) - before))" 1 refreshes
'

test_case 'T1: an override cannot point the refresh token elsewhere' '
	before=$(refreshes)
	SNOWFLAKE_CONNECTIONS_DEV_OAUTH_TOKEN_REQUEST_URL=https://evil.example/t
	export SNOWFLAKE_CONNECTIONS_DEV_OAUTH_TOKEN_REQUEST_URL
	run at_time +9000 coco-credential -c dev token
	unset SNOWFLAKE_CONNECTIONS_DEV_OAUTH_TOKEN_REQUEST_URL
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "https://evil.example"
	expect_stderr_match "127.0.0.1:$fake_port"
	expect_equal "$(refreshes)" "$before" refreshes
'

test_case 'another role is another credential' '
	run coco-credential -c dev --role OTHER token
	expect_status 4
'

test_case 'git erases what was refused: the next token is a new one' '
	at_time +5000 coco-credential -c dev token >old
	printf "password=%s\n\n" "$(cat old)" >request
	run at_time +5000 coco-credential -c dev erase <request
	expect_status 0
	run at_time +5000 coco-credential -c dev token
	expect_status 0
	if test "$(stdout)" = "$(cat old)"; then
		fail "the same token again"
	fi
'

test_case 'logout removes it' '
	run coco-credential -c dev logout
	expect_status 0
	run coco-credential -c dev token
	expect_status 4
	run coco-credential -c dev logout
	expect_status 3
'

test_done
