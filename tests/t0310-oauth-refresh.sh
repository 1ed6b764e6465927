# SPDX-License-Identifier: GPL-3.0-or-later
# t0310 - coco-credential-oauth get and status: redeeming a refresh token at
# the recorded place only (T1), and what each failure of the server means.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets request

start_fake
make_connection dev
make_connection foreign 'oauth_client_id = "PUBLIC"' \
	"oauth_token_request_url = \"http://localhost:$fake_port/idp/token\""
make_connection elsewhere 'oauth_token_request_url = "https://evil.example/t"' \
	'oauth_client_id = "LOCAL_APPLICATION"'
make_connection other_id 'oauth_client_id = "PUBLIC"'
make_connection single 'oauth_enable_single_use_refresh_tokens = true'
make_connection nobody 'oauth_token_request_url = "http://127.0.0.1:1/t"'
make_connection secret 'oauth_client_id = "APP"' \
	'oauth_client_secret = "s+canary/1"' 'oauth_scope = "session:role:R"'
control '{"clients": {"PUBLIC": null, "APP": "s+canary/1"}}' >/dev/null

# mint [CLIENT]: a new refresh token, in $token
mint() {
	token=$(control "{\"mint\": {\"client_id\": \
\"${1:-LOCAL_APPLICATION}\", \"single_use\": ${2:-false}}}" |
		python3 -c 'import json, sys
print(json.load(sys.stdin)["minted"]["refresh_token"])')
}

# entry CONNECTION [CLIENT]: a request as the front makes it of a store entry
entry() {
	cat <<-END
	capability[]=state
	protocol=http
	host=127.0.0.1:$fake_port
	connection=$1
	username=ALICE
	oauth_refresh_token=$token
	state[]=coco:token_origin=$fake_url
	state[]=coco:client_id=${2:-LOCAL_APPLICATION}

	END
}

get() {
	entry "$@" >request
	run coco-credential-oauth get <request
}

# A refusal, and not one byte to the server.
expect_untouched() {
	expect_stdout </dev/null
	expect_equal "$(control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token_total"])')" "$1" \
		'token requests'
}

mint

watch_execs

test_case 'nothing to redeem: expired, in silence' '
	run coco-credential-oauth get <<-\END
	connection=dev

	END
	expect_status 4
	expect_stderr </dev/null
	expect_stdout </dev/null
	run coco-credential-oauth get <<-\END
	protocol=https
	host=github.com

	END
	expect_status 3
	expect_stdout </dev/null
	expect_stderr </dev/null
'

test_case 'T1: another token endpoint, both are named' '
	get elsewhere
	expect_status 5
	expect_untouched 0
	expect_stderr <<-END
	coco-credential-oauth: connection elsewhere: the refresh token is \
bound to the token endpoint $fake_url, but the connection says \
https://evil.example; it is not sent there
	coco-credential-oauth: hint: if that is right: coco-credential login \
-c elsewhere
	END
'

test_case 'T1: also when the environment says so' '
	SNOWFLAKE_CONNECTIONS_DEV_OAUTH_TOKEN_REQUEST_URL=https://evil.example/
	export SNOWFLAKE_CONNECTIONS_DEV_OAUTH_TOKEN_REQUEST_URL
	SNOWFLAKE_CONNECTIONS_DEV_OAUTH_CLIENT_ID=LOCAL_APPLICATION
	export SNOWFLAKE_CONNECTIONS_DEV_OAUTH_CLIENT_ID
	get dev
	unset SNOWFLAKE_CONNECTIONS_DEV_OAUTH_TOKEN_REQUEST_URL
	unset SNOWFLAKE_CONNECTIONS_DEV_OAUTH_CLIENT_ID
	expect_status 5
	expect_untouched 0
	expect_stderr_match "https://evil.example; it is not sent there"
'

test_case 'T1: another client id, or none recorded' '
	get other_id
	expect_status 5
	expect_untouched 0
	expect_stderr_match "the client id LOCAL_APPLICATION, .* says PUBLIC"
	entry dev | grep -v token_origin >request
	run coco-credential-oauth get <request
	expect_status 5
	expect_untouched 0
	expect_stderr_match "endpoint \(not recorded\), .* says $fake_url"
	entry dev | grep -v client_id >request
	run coco-credential-oauth get <request
	expect_status 5
	expect_untouched 0
'

test_case 'a refresh keeps the old refresh token' '
	get dev
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^capability\[\]=state$" "^username=ALICE$" \
		"^password=ver:1-" "^authenticator=OAUTH$" \
		"^token_type=OAUTH$" \
		"^state\[\]=coco:token_origin=$fake_url$" \
		"^state\[\]=coco:client_id=LOCAL_APPLICATION$"
	expect_equal "$(stdout | sed -n "s/^oauth_refresh_token=//p")" "$token"
	expect_equal "$(stdout | awk -F = "
		/^password_expiry_utc/ { e = \$2 }
		/^issued_utc/ { i = \$2 }
		END { print e - i }")" 600 "life"
'

test_case 'a single-use token is replaced' '
	old=$token
	mint LOCAL_APPLICATION true
	get dev
	expect_status 0
	new=$(stdout | sed -n "s/^oauth_refresh_token=//p")
	test -n "$new" && test "$new" != "$token" || fail "not replaced"
	token=$new
	get dev
	expect_status 0
	token=$old
'

test_case 'a token that came without an access token is kept' '
	old=$token
	for fault in "no_access_token:the answer has no access token" \
	    "newline_token:the access token is empty, too long or has bytes \
that no token has"; do
		mint LOCAL_APPLICATION true
		control "{\"token_error\": \"${fault%%:*}\", \"count\": 1}" \
			>/dev/null
		get dev
		expect_status 4 || note "$fault"
		expect_stderr <<-END || note "$fault"
		coco-credential-oauth: connection dev: $fake_url: ${fault#*:}
		coco-credential-oauth: hint: the new refresh token of the \
answer is kept, and the next call uses it
		END
		expect_stdout_match "^capability\[\]=state$" \
			"^username=ALICE$" "^oauth_refresh_token=ver:2-" \
			"^state\[\]=coco:token_origin=$fake_url$" \
			"^state\[\]=coco:client_id=LOCAL_APPLICATION$" \
			"^state\[\]=coco:refresh_expiry_utc=" || note "$fault"
		if stdout | grep -e "^password" -e "^issued_utc"; then
			fail "more than the refresh token: $fault"
		fi
		new=$(stdout | sed -n "s/^oauth_refresh_token=//p")
		test "$new" != "$token" || fail "not replaced: $fault"
		token=$new
		get dev
		expect_status 0
	done
	token=$old
'

test_case 'a missing expires_in is 600' '
	control "{\"token_error\": \"missing_expires\", \"count\": 1}" \
		>/dev/null
	at_time 2000000000 get dev
	expect_status 0
	expect_stdout_match "^password_expiry_utc=2000000600$" \
		"^issued_utc=2000000000$"
'

test_case 'a client with a secret' '
	old=$token
	mint APP
	get secret APP
	token=$old
	expect_status 0
	expect_stdout_match "^state\[\]=coco:client_id=APP$"
	expect_no_match "s.cret"
'

test_case 'what each failure means' '
	for fault in 500:75 503:75 408:75 429:75 404:75 html:75 empty:75 \
	    close_early:75 redirect:http://127.0.0.1:1/:75 \
	    invalid_client:5 echo:5 invalid_grant:4 \
	    bad_json:1 no_access_token:1 newline_token:1 big:1; do
		control "{\"token_error\": \"${fault%:*}\", \"count\": 1}" \
			>/dev/null
		get dev
		expect_status "${fault##*:}" || note "$fault"
		expect_stderr_match "connection dev: $fake_url: " ||
			note "$fault"
		expect_no_match "^password=|ver:[12]-" || note "$fault"
	done
'

test_case 'a refusal of no bytes: for another provider a dead token' '
	control "{\"token_error\": \"empty\", \"count\": 1}" >/dev/null
	entry foreign PUBLIC | sed "s,$fake_url,http://localhost:$fake_port," \
		>request
	run coco-credential-oauth get <request
	expect_status 4
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: connection foreign: http://localhost:$fake_port: \
refused without a reason (HTTP 400)
	coco-credential-oauth: hint: log in again: coco-credential login \
-c foreign
	END
'

test_case 'but not for Snowflake, which always says what is wrong' '
	control "{\"token_error\": \"empty\", \"count\": 1}" >/dev/null
	get dev
	expect_status 75
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: connection dev: $fake_url: nothing (HTTP 400) \
instead of an answer; is a proxy or a portal in between?
	END
'

test_case 'a dead token: expired, and what to do' '
	old=$token
	mint LOCAL_APPLICATION true
	get dev
	get dev
	token=$old
	expect_status 4
	expect_no_match "ver:[12]-"
	expect_stderr <<-END
	coco-credential-oauth: connection dev: $fake_url: invalid_grant: \
Unknown or invalid refresh token.
	coco-credential-oauth: hint: log in again: coco-credential login -c dev
	END
'

test_case 'T5: a server that echoes the token' '
	control "{\"token_error\": \"echo\", \"count\": 1}" >/dev/null
	get dev
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: connection dev: $fake_url: invalid_request: \
its text is withheld, for it holds part of a secret
	coco-credential-oauth: hint: check the oauth_ keys of the \
connection; if they are right, report this as a bug of coco
	END
'

test_case 'nobody there: unavailable' '
	entry nobody | sed "s,origin=.*,origin=http://127.0.0.1:1," >request
	run coco-credential-oauth get <request
	expect_status 75
	expect_stderr_match "http://127.0.0.1:1: cannot connect"
'

# redeemed: how many tokens the server has given out
redeemed() {
	control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token_ok"])'
}

# interrupt SIGNAL: send it to a get whose token is redeemed, but not answered
interrupt() {
	mint LOCAL_APPLICATION true
	entry dev >request
	before=$(redeemed)
	# a shell without job control starts what it does not wait for with
	# SIGINT ignored
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' coco-credential-oauth get \
		<request >lib/stdout 2>lib/stderr &
	pid=$!
	tries=500
	until test "$(redeemed)" -gt "$before"; do
		tries=$((tries - 1))
		test "$tries" -gt 0 || { fail 'not redeemed'; break; }
	done
	kill "-$1" "$pid"
	status=0
	wait "$pid" 2>/dev/null || status=$?
}

test_case 'no signal comes between the redeeming and the answer' '
	old=$token
	control "{\"answer_latency_ms\": 1500}" >/dev/null
	for signal in INT TERM HUP; do
		interrupt "$signal"
		expect_status 0 || note "$signal"
		expect_stderr </dev/null
		expect_stdout_match "^oauth_refresh_token=ver:2-" "^password="
	done
	control "{\"answer_latency_ms\": 0}" >/dev/null
	token=$old
'

test_case 'but after a failure it is not forgotten' '
	old=$token
	control "{\"answer_latency_ms\": 1500, \"count\": 1, \
		\"token_error\": \"bad_json\"}" >/dev/null
	interrupt TERM
	control "{\"answer_latency_ms\": 0}" >/dev/null
	expect_status 143
	expect_stdout </dev/null
	token=$old
'

# replays: how many refresh tokens came that were replaced
replays() {
	control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"]["replays"])'
}

test_case 'the token that is kept serves the next call of all of coco' '
	BROWSER="python3 $srcdir/tests/fake/browser.py"
	export BROWSER
	run coco-credential -c single login
	expect_status 0
	before=$(replays)
	later=1000
	for fault in no_access_token newline_token; do
		control "{\"token_error\": \"$fault\", \"count\": 1}" \
			>/dev/null
		at_time +$later run coco-credential -c single token
		expect_status 75 || note "$fault"
		expect_stdout </dev/null
		expect_stderr_match "connection single: $fake_url: the " \
			"hint: the new refresh token of the answer is kept, \
and the next call uses it$" || note "$fault"
		at_time +$later run coco-credential -c single token
		expect_status 0 || note "$fault"
		expect_stderr </dev/null
		expect_stdout_match "^ver:1-" || note "$fault"
		later=$((later + 1000))
	done
	expect_equal "$(replays)" "$before" replays
'

test_case 'status, and the verbs there are' '
	run coco-credential-oauth status <<-\END
	connection=secret

	END
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-END
	kind=mint
	token_endpoint=$fake_url
	client_id=APP
	detail=client secret by HTTP Basic, scope refresh_token \
session:role:R, login by authorization code with PKCE
	END
	run coco-credential-oauth capability
	expect_status 0
	expect_stdout_match "^capability state$" "^capability coco-login$" \
		"^capability coco-status$"
	for verb in store erase; do
		run coco-credential-oauth $verb
		expect_status 6
		expect_stdout </dev/null
	done
'

test_done
