# SPDX-License-Identifier: GPL-3.0-or-later
# t0331 - the login by a code that is entered on another device (RFC 8628).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3

start_fake
device="oauth_device_authorization_url = \"$fake_url/idp/device\""
token="oauth_token_request_url = \"$fake_url/idp/token\""
make_connection dev 'oauth_client_id = "PUB"' "$device" "$token"
make_connection secret 'oauth_client_id = "APP"' "$device" "$token" \
	'oauth_client_secret = "s+canary/1"' 'role = "R"'
make_connection none
make_connection plain 'oauth_client_id = "PUB"' "$token" \
	'oauth_device_authorization_url = "http://idp.example/d"'
make_connection gone 'oauth_client_id = "PUB"' "$token" \
	'oauth_device_authorization_url = "http://127.0.0.1:1/d"'
control '{"clients": {"PUB": null, "APP": "s+canary/1"}}' >/dev/null

# login NAME [OPTION...]: to its end
login() {
	printf 'connection=%s\n\n' "$1" >request
	shift
	run coco-credential-oauth --device "$@" login <request
}

# later COMMAND...: in the background, until it shows the code; login_later
# NAME: the helper; login_ends: wait for it
login_later() {
	printf 'connection=%s\n\n' "$1" >request
	later coco-credential-oauth --device login
}

later() {
	: >lib/stderr
	"$@" <request >lib/stdout 2>lib/stderr &
	login_pid=$!
	later_tries=1000
	until grep -q "^http" lib/stderr; do
		later_tries=$((later_tries - 1))
		test "$later_tries" -gt 0 || { fail 'no address'; return 1; }
		sleep 0.02
	done
}

login_ends() {
	status=0
	wait "$login_pid" 2>/dev/null || status=$?
}

counter() {
	control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"][sys.argv[1]])' "$1"
}

polls() {
	grep -c '"grant_type": "urn:ietf:params:oauth:grant-type:device_code"' \
		"$fake_log"
}

test_case 'a code is shown, entered, and becomes a token' '
	login_later dev
	control "{\"device\": {}}" >/dev/null
	login_ends
	expect_status 0
	expect_stdout_match "^username=ALICE$" "^password=ver:1-" \
		"^oauth_refresh_token=ver:2-" "^authenticator=OAUTH$" \
		"^state\[\]=coco:token_origin=$fake_url$" \
		"^state\[\]=coco:client_id=PUB$"
	code=$(sed -n "s/.* enter the code //p" lib/stderr)
	expect_stderr <<-END
	coco-credential-oauth: on any device, open this address and enter the \
code $code

	$fake_url/idp/activate

	coco-credential-oauth: or open this one, and see that it shows the \
same code:

	$fake_url/idp/activate?user_code=$code

	END
	expect_no_match "dev-ETMs"
	expect_equal "$(counter device_hasty)" 0 "polls that came too early"
'

test_case 'the front hands --device on, and keeps what came' '
	later coco-credential -c secret --device login
	control "{\"device\": {}}" >/dev/null
	login_ends
	expect_status 0
	expect_stderr_match "enter the code [0-9-]+$" \
		"logged in to 127.0.0.1:$fake_port as ALICE with role R;"
	run coco-credential -c secret token
	expect_status 0
	expect_stdout_match "^ver:1-"
	expect_no_match "s.cret"
'

test_case 'pending is asked again, at the interval' '
	control "{\"device_answers\": [\"authorization_pending\"]}" >/dev/null
	before=$(polls)
	login_later dev
	control "{\"device\": {}}" >/dev/null
	login_ends
	expect_status 0
	test "$(polls)" -ge $((before + 2)) || fail "not asked again"
	expect_equal "$(counter device_hasty)" 0 "polls that came too early"
'

test_case 'slow_down makes five seconds more: too long for this login' '
	control "{\"device_answers\": [\"slow_down\"]}" >/dev/null
	before=$(polls)
	login dev --timeout 4
	expect_status 75
	expect_stdout </dev/null
	expect_stderr_match "slow_down: As asked" \
		"^coco-credential-oauth: nobody entered the code in time$"
	expect_equal "$(polls)" $((before + 1)) "polls"
'

test_case 'a server in trouble is asked again, later' '
	control "{\"token_error\": \"503\", \"count\": 1}" >/dev/null
	before=$(polls)
	login dev --timeout 4
	expect_status 75
	expect_stderr_match "HTTP 503" "nobody entered the code in time$"
	expect_equal "$(polls)" $((before + 1)) "polls"
'

test_case 'the person says no, or is somebody else' '
	login_later dev
	control "{\"device\": {\"denied\": true}}" >/dev/null
	login_ends
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "access_denied: The user said no\. \(somebody" \
		"^coco-credential-oauth: hint: "
	login_later dev
	control "{\"device\": {\"user\": \"MALLORY\"}}" >/dev/null
	login_ends
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "MALLORY logged in, but the connection dev belongs \
to ALICE; nothing was kept"
'

test_case 'the code is too old: by its word, and by its time' '
	control "{\"device_answers\": [\"expired_token\"]}" >/dev/null
	login dev
	expect_status 75
	expect_stderr_match "expired_token: As asked\. \(nobody entered" \
		"hint: start the login again"
	control "{\"device_ttl\": 1}" >/dev/null
	before=$(polls)
	login dev
	control "{\"device_ttl\": 600}" >/dev/null
	expect_status 75
	expect_stderr_match "nobody entered the code in time$"
	expect_equal "$(polls)" "$before" "polls"
'

test_case 'without an interval it is five seconds' '
	control "{\"device_interval\": null}" >/dev/null
	before=$(polls)
	login dev --timeout 5
	control "{\"device_interval\": 1}" >/dev/null
	expect_status 75
	expect_equal "$(polls)" "$before" "polls"
'

test_case 'what a server may not show' '
	for fault in escape:user_code bad_uri:verification_uri; do
		control "{\"device_error\": \"${fault%:*}\", \
			\"device_count\": 1}" >/dev/null
		login dev
		expect_status 1 || note "$fault"
		expect_stdout </dev/null
		expect_stderr <<-END
		coco-credential-oauth: $fake_url: the answer has no usable \
${fault#*:}
		END
	done
'

test_case 'T5: a server that echoes the device code' '
	control "{\"token_error\": \"echo\", \"count\": 1}" >/dev/null
	login dev
	expect_status 5
	expect_stderr_match "invalid_request: its text is withheld, for it holds"
	expect_no_match "dev-ETMs"
'

test_case 'with and without the second address, or more than asked for' '
	for fault in no_complete message; do
		control "{\"device_error\": \"$fault\", \"device_count\": 1}" \
			>/dev/null
		login_later dev
		control "{\"device\": {}}" >/dev/null
		login_ends
		expect_status 0 || note "$fault"
	done
'

test_case 'errors at the first step' '
	control "{\"device_error\": \"error:unauthorized_client\", \
		\"device_count\": 1}" >/dev/null
	login dev
	expect_status 5
	expect_stderr_match "unauthorized_client: As asked\. \(this client"
	login gone
	expect_status 75
	expect_stderr_match "http://127.0.0.1:1: cannot connect"
	login plain
	expect_status 1
	expect_stderr_match "oauth_device_authorization_url must be https"
'

test_case 'Snowflake has no such login: what to do instead' '
	login none
	expect_status 6
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: --device needs oauth_device_authorization_url \
in the connection; Snowflake itself has no login by a code
	coco-credential-oauth: hint: without a browser here, use --paste, or \
--no-browser with a forwarded port
	END
	for option in --paste --no-browser; do
		login dev "$option"
		expect_status 2
		expect_stderr_match "goes with neither --paste nor --no-browser"
	done
'

test_case 'it can be interrupted while it waits' '
	login_later dev
	kill -TERM "$login_pid"
	login_ends
	expect_status 143
	expect_stdout </dev/null
'

test_done
