# SPDX-License-Identifier: GPL-3.0-or-later
# t0332 - coco-credential-oauth confirm: a refresh token that somebody else
# has left is used once, at Snowflake's own place only, and answered only when
# user and role are those that were said (T19).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets request

start_fake --set account=FAKE-ACCOUNT
make_connection dev 'role = "ANALYST"'
make_connection any
make_connection quoted 'role = "my role"'
make_connection app 'oauth_client_id = "APP"'
make_connection elsewhere \
	'oauth_token_request_url = "http://127.0.0.1:1/oauth/token-request"'
make_connection path "oauth_token_request_url = \"$fake_url/idp/token\""
make_connection login_elsewhere \
	'oauth_authorization_url = "https://evil.example/oauth/authorize"'
cat >>"$HOME/.snowflake/connections.toml" <<END
[host]
account = "fake-account"
user = "ALICE"
host = "evil.example"
authenticator = "OAUTH_AUTHORIZATION_CODE"

[plain]
account = "fake-account"
user = "ALICE"
protocol = "http"
authenticator = "OAUTH_AUTHORIZATION_CODE"

[nobody]
account = "fake-account"
host = "127.0.0.1"
port = $fake_port
protocol = "http"
authenticator = "OAUTH_AUTHORIZATION_CODE"
END

# mint [USER [SINGLE_USE [ROLE]]]: a new refresh token, in $token
mint() {
	token=$(control "{\"mint\": {\"user\": \"${1:-ALICE}\", \
		\"single_use\": ${2:-false}, \
		\"scope\": \"refresh_token session:role:${3:-ANALYST}\"}}" |
		python3 -c 'import json, sys
print(json.load(sys.stdin)["minted"]["refresh_token"])')
}

# confirm CONNECTION [LINE]
confirm() {
	printf '%s\n' "connection=$1" "oauth_refresh_token=$token" \
		"${2:-username=ALICE}" '' >request
	run coco-credential-oauth confirm <request
}

# of NAME: a number of the stand-in's
of() {
	control | python3 -c 'import json, sys
state = json.load(sys.stdin)
print(dict(state, **state["counters"])[sys.argv[1]])' "$1"
}

# nothing_left: no session is open, no token was shown
nothing_left() {
	expect_equal "$(of live_sessions)" 0 "open sessions"
	expect_no_match "ver:3-"
}

test_case 'confirmed: an answer like that of a get' '
	mint
	confirm dev
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^capability\[\]=state$" "^username=ALICE$" \
		"^password=ver:1-" "^authenticator=OAUTH$" \
		"^state\[\]=coco:token_origin=$fake_url$" \
		"^state\[\]=coco:client_id=LOCAL_APPLICATION$"
	expect_equal "$(stdout | sed -n "s/^oauth_refresh_token=//p")" "$token"
	nothing_left
	expect_equal "$(of login_ok)" 1 logins
'

test_case 'a token that rotates: the new one is in the answer' '
	mint ALICE true
	confirm dev
	expect_status 0
	new=$(stdout | sed -n "s/^oauth_refresh_token=//p")
	test -n "$new" && test "$new" != "$token" || fail "not replaced"
	nothing_left
'

test_case 'roles: of the request, folded, quoted, none' '
	mint
	confirm any
	expect_status 0
	confirm any role=analyst
	expect_status 0
	confirm any role=ACCOUNTANT
	expect_status 5
	expect_stdout </dev/null
	control "{\"login_role\": \"my role\"}" >/dev/null
	confirm quoted
	expect_status 0
	control "{\"login_role\": null}" >/dev/null
	nothing_left
'

test_case 'another role: denied, nothing printed, and what is lost' '
	mint ALICE false OTHER
	confirm dev
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: connection dev: the token has the role OTHER, \
not ANALYST
	coco-credential-oauth: hint: the refresh token was used, but not used \
up
	END
	mint ALICE true OTHER
	confirm dev
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "the server has replaced the refresh token, so \
that the one that was given is used up; log in: coco-credential login -c dev"
	expect_no_match "ver:[0-9]"
	nothing_left
'

test_case 'another user: by the server'\''s word, or by ours' '
	mint BOB
	confirm dev
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "$fake_url: 390309: The user .* \(the login was"
	mint
	control "{\"login_as\": \"EVE\"}" >/dev/null
	confirm dev
	control "{\"login_as\": \"alice\"}" >/dev/null
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "dev: the token belongs to EVE, not to ALICE$"
	confirm dev
	control "{\"login_as\": null}" >/dev/null
	expect_status 0
	nothing_left
'

test_case 'T19: another place than Snowflake'\''s own: nothing is sent' '
	mint
	before=$(of requests)
	for case in app:oauth_client_id elsewhere:oauth_token_request_url \
	    path:oauth_token_request_url host:Snowflake \
	    login_elsewhere:oauth_authorization_url; do
		confirm "${case%%:*}"
		expect_status 5 || note "$case"
		expect_stdout </dev/null
		expect_stderr_match "^coco-credential-oauth: connection \
${case%%:*}: .*${case#*:}.* was not sent$" || note "$case"
	done
	confirm plain
	expect_status 1
	expect_stdout </dev/null
	expect_stderr_match "may be \"http\" only for a host on this machine"
	confirm nobody x=y
	expect_status 5
	expect_stderr_match "nobody has no \"user\""
	expect_equal "$(of requests)" "$before" requests
'

test_case 'T19: what the caller says of the origin does not count' '
	mint
	confirm elsewhere "state[]=coco:token_origin=http://127.0.0.1:1"
	expect_status 5
	confirm dev "state[]=coco:refresh_expiry_utc=5"
	expect_status 0
	expect_no_match "refresh_expiry_utc"
'

test_case 'a dead token; trouble; a login that is refused' '
	token=ver:2-dead
	confirm dev
	expect_status 4
	expect_stderr_match "invalid_grant: Unknown"
	mint
	for fault in 503:75 html:75 390318:5 390190:5; do
		control "{\"login_error\": \"${fault%:*}\"}" >/dev/null
		confirm dev
		expect_status "${fault#*:}" || note "$fault"
		expect_stdout </dev/null
		expect_stderr_match "dev: $fake_url: .*${fault%:*}|web page" \
			"hint: the refresh token was used, but not used up"
	done
	control "{\"login_error\": null}" >/dev/null
	nothing_left
'

test_case 'what is missing' '
	for lines in "connection=dev" "oauth_refresh_token=canary-x"; do
		printf "%s\n\n" "$lines" >request
		run coco-credential-oauth confirm <request
		expect_status 2
		expect_stdout </dev/null
	done
	run coco-credential-oauth capability
	expect_stdout_match "^capability coco-confirm$"
'

test_done
