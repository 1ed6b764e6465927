# SPDX-License-Identifier: GPL-3.0-or-later
# t0300 - the interactive login of coco-credential-oauth: browser, printed
# address, pasted address, and those who would steal or spoil it (T16, T5).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
# a terminal shows what the person types, the address with the code
may_print_secrets '*/person.py *'

start_fake
make_connection dev
make_connection role 'role = "AUTH SNOWFLAKE"'
cat >>"$HOME/.snowflake/connections.toml" <<END
[anybody]
account = "fake-account"
host = "127.0.0.1"
port = $fake_port
protocol = "http"
authenticator = "OAUTH_AUTHORIZATION_CODE"

END
make_connection fixed 'oauth_redirect_uri = "http://127.0.0.1/back"'
make_connection public 'oauth_client_id = "PUBLIC"'
make_connection secret 'oauth_client_id = "APP"' \
	'oauth_client_secret = "s+canary/1"' 'oauth_disable_pkce = true'
make_connection body 'oauth_client_id = "APP"' \
	'oauth_client_secret = "s+canary/1"' 'oauth_credentials_in_body = true'
make_connection plain 'oauth_authorization_url = "http://idp.example/a"'
control '{"clients": {"PUBLIC": null, "APP": "s+canary/1"}}' >/dev/null

browser="python3 $srcdir/tests/fake/browser.py"
BROWSER=$browser
COCO_TEST_BROWSER_OUT=$trash/page
COCO_TEST_BROWSER_URLS=$trash/urls
export BROWSER COCO_TEST_BROWSER_OUT COCO_TEST_BROWSER_URLS

# login CONNECTION [OPTION...]; browse: the same, until the browser is done
login() {
	rm -f page urls
	printf 'connection=%s\n\n' "$1" >request
	shift
	run_login "$@"
}

browse() {
	login "$@"
	wait_for_file page
}

run_login() {
	status=0
	coco-credential-oauth "$@" login <request \
		>lib/stdout 2>lib/stderr || status=$?
}

# login_later CONNECTION [OPTION...]: in the background, with --no-browser;
# sets address (of the login) and callback (http://127.0.0.1:PORT)
login_later() {
	printf 'connection=%s\n\n' "$1" >request
	shift
	: >lib/stderr
	coco-credential-oauth --no-browser "$@" login <request \
		>lib/stdout 2>lib/stderr &
	login_pid=$!
	later_tries=1000
	until grep -q '^http' lib/stderr; do
		later_tries=$((later_tries - 1))
		test "$later_tries" -gt 0 || { fail 'no address'; return 1; }
		sleep 0.02
	done
	address=$(grep '^http' lib/stderr)
	callback=$(printf '%s\n' "$address" | sed \
		's/.*%3A%2F%2F\([0-9.]*\)%3A\([0-9]*\)%2F&scope.*/\1:\2/')
}

login_ends() {
	status=0
	wait "$login_pid" 2>/dev/null || status=$?
}

# raw HOSTPORT TEXT [FIELD]: send TEXT (printf format), wait for the end of
# the connection, and print the status line, or the value of a header field
raw() {
	python3 -c '
import socket, sys
host, port = sys.argv[1].split(":")
with socket.create_connection((host, int(port)), timeout=20) as s:
    s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
    data = b""
    while True:
        more = s.recv(65536)
        if not more:
            break
        data += more
lines = data.decode().split("\r\n")
for name in sys.argv[3:]:
    lines = [line[len(name) + 2:] for line in lines
             if line.startswith(name + ": ")]
print(lines[0])' "$@"
}

test_case 'a login with a browser' '
	browse dev
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^capability\[\]=state$" "^username=ALICE$" \
		"^password=ver:1-" "^oauth_refresh_token=ver:2-" \
		"^authenticator=OAUTH$" "^token_type=OAUTH$" \
		"^password_expiry_utc=[0-9]+$" "^issued_utc=[0-9]+$" \
		"^state\[\]=coco:token_origin=$fake_url$" \
		"^state\[\]=coco:client_id=LOCAL_APPLICATION$"
'

test_case 'the page is one to be glad of, and may do nothing' '
	head -n 1 page | grep -q "^HTTP/1.1 200 OK" || fail "status"
	for want in "Cache-Control: no-store" "Referrer-Policy: no-referrer" \
	    "Content-Security-Policy: default-src .none.;" \
	    "X-Content-Type-Options: nosniff" "<h1>Logged in as ALICE</h1>" \
	    "<dd>dev</dd>" "<dd>127.0.0.1:$fake_port</dd>" \
	    "You can close this tab."; do
		grep -q "$want" page || fail "no $want"
	done
	grep -Eq "<script|src=|ver:[12]-" page && fail "too much in the page"
	:
'

test_case 'argv has a one-shot address only (T16)' '
	first=$(head -n 1 urls)
	printf "%s\n" "$first" |
		grep -Eqx "http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9_-]{32}" ||
		fail "argv had $first"
	expect_equal "$(wc -l <urls | tr -d " ")" 3 "addresses visited"
'

test_case 'a browser may ask for the icon first' '
	COCO_TEST_BROWSER_FAVICON=1
	export COCO_TEST_BROWSER_FAVICON
	browse dev
	unset COCO_TEST_BROWSER_FAVICON
	expect_status 0
'

test_case 'a role with a blank is encoded twice' '
	browse role
	expect_status 0
	sed -n 2p urls | grep -q \
	    "scope=refresh_token%20session%3Arole-encoded%3AAUTH%2520SNOW" ||
		fail "$(sed -n 2p urls)"
'

test_case 'a path of oauth_redirect_uri is used' '
	browse fixed
	expect_status 0
	sed -n 3p urls | grep -Eq "^http://127.0.0.1:[0-9]+/back\?code=" ||
		fail "$(sed -n 3p urls)"
'

test_case 'public clients, secrets in Basic and in the body' '
	for name in public secret body; do
		browse "$name"
		expect_status 0 || note "$name"
		expect_no_match "s.cret"
	done
	browse secret
	expect_stderr <<-END
	coco-credential-oauth: oauth_disable_pkce is ignored: a login \
without PKCE could be stolen on this machine
	END
'

test_case 'without a user in the connection, who logged in is' '
	browse anybody
	expect_status 0
	expect_stdout_match "^username=ALICE$"
'

test_case 'case does not matter in user names; ours stays' '
	control "{\"user\": \"alice\"}" >/dev/null
	browse dev
	control "{\"user\": \"ALICE\"}" >/dev/null
	expect_status 0
	expect_stdout_match "^username=ALICE$"
'

test_case 'T16: somebody else logged in' '
	control "{\"user\": \"MALLORY\"}" >/dev/null
	browse dev
	control "{\"user\": \"ALICE\"}" >/dev/null
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: MALLORY logged in, but the connection dev \
belongs to ALICE; nothing was kept
	END
	grep -q "^HTTP/1.1 400" page || fail "status of the page"
	grep -q "coco-credential login -c dev" page || fail "what to run"
'

test_case 'the person says no' '
	control "{\"authorize_error\": \"deny\", \"authorize_count\": 1,
		\"deny_description\": \"<b>no</b>\"}" >/dev/null
	browse dev
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: the server refused the login: access_denied: \
<b>no</b> (somebody said no: the person, or a rule about the user, the client \
or the role)
	coco-credential-oauth: hint: log in again and agree, or ask the \
administrator of the security integration
	END
	grep -q "&lt;b&gt;no&lt;/b&gt;" page || fail "not escaped"
'

test_case 'T5: an error that echoes code and verifier' '
	control "{\"token_error\": \"echo\", \"count\": 1}" >/dev/null
	browse dev
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: $fake_url: invalid_request: \
its text is withheld, for it holds part of a secret
	coco-credential-oauth: hint: check the oauth_ keys of the \
connection; if they are right, report this as a bug of coco
	END
'

test_case 'trouble at the exchange' '
	for fault in 503:75 html:75 invalid_grant:5 invalid_client:5 \
	    bad_json:1 no_access_token:1 newline_token:1 big:1 \
	    close_early:75; do
		control "{\"token_error\": \"${fault%:*}\", \"count\": 1}" \
			>/dev/null
		browse dev
		expect_status "${fault#*:}" || note "$fault"
		expect_stdout </dev/null || note "$fault"
		expect_stderr_match "$fake_url" || note "$fault"
	done
'

test_case 'without a refresh token: a warning' '
	control "{\"token_error\": \"no_refresh_token\", \"count\": 1}" \
		>/dev/null
	browse dev
	expect_status 0
	expect_stdout_match "^password=ver:1-"
	expect_no_match "^oauth_refresh_token="
	expect_stderr_match "works until [0-2][0-9]:[0-5][0-9], but cannot be" \
		"OAUTH_ISSUE_REFRESH_TOKENS"
'

test_case '--no-browser prints the address and waits' '
	login_later dev &&
	$browser "$address"
	login_ends
	expect_status 0
	expect_stdout_match "^password="
	hint="the browser has to be one of this machine; for one elsewhere:"
	expect_stderr <<-END
	coco-credential-oauth: open this address in your browser to log in:

	$address

	coco-credential-oauth: hint: $hint coco-credential -c dev login --paste
	END
'

test_case 'T16: a wrong state gets a page, and the login goes on' '
	control "{\"authorize_error\": \"wrong_state\",
		\"authorize_count\": 1}" >/dev/null
	login_later dev || return
	$browser "$address" && fail "the wrong state was taken"
	grep -q "<h1>This is not our login</h1>" page || fail "page"
	expect_equal "$(raw "$callback" "GET /?code=evil&state=guess \
HTTP/1.1\\r\\nHost: $callback\\r\\n\\r\\n")" "HTTP/1.1 400 Bad Request"
	$browser "$address" || fail "the right state was not taken"
	login_ends
	expect_status 0
'

test_case 'what the callback does not answer' '
	login_later dev || return
	host="Host: $callback\\r\\n\\r\\n"
	expect_equal "$(raw "$callback" "GET /nothing HTTP/1.1\\r\\n$host")" \
		"HTTP/1.1 404 Not Found"
	expect_equal "$(raw "$callback" "POST / HTTP/1.1\\r\\n$host")" \
		"HTTP/1.1 405 Method Not Allowed"
	expect_equal "$(raw "$callback" "GET / HTTP/1.1\\r\\nHost: \
evil.example:${callback#*:}\\r\\n\\r\\n")" "HTTP/1.1 400 Bad Request"
	expect_equal "$(raw "$callback" "GET / HTTP/1.1\\r\\n\\r\\n")" \
		"HTTP/1.1 400 Bad Request"
	expect_equal "$(raw "$callback" "rubbish\\r\\n\\r\\n")" \
		"HTTP/1.1 400 Bad Request"
	expect_equal "$(raw "$callback" "GET / HTTP/1.1\\r\\nHost: \
localhost:${callback#*:}\\r\\n\\r\\n")" "HTTP/1.1 400 Bad Request"
	expect_equal "$(raw "$callback" "GET /?code=x HTTP/1.1\\r\\n$host")" \
		"HTTP/1.1 400 Bad Request"
	expect_equal "$(raw "$callback" "GET /$(head -c 9000 /dev/zero |
		tr "\\0" x) HTTP/1.1\\r\\n$host")" \
		"HTTP/1.1 431 Request Header Fields Too Large"
	$browser "$address"
	login_ends
	expect_status 0
'

test_case 'T21: clients that stall hold up nobody' '
	login_later dev || return
	python3 -c "
import socket, subprocess, sys
host, port = sys.argv[1].split(\":\")
stalled = [socket.create_connection((host, int(port))) for _ in range(15)]
for s in stalled:
    s.sendall(b\"GET / HTTP/1.1\\r\\nHost: \")
sys.exit(subprocess.call(sys.argv[2:]))" "$callback" $browser "$address" ||
		fail "the browser was not served"
	login_ends
	expect_status 0
'

test_case 'one login at a time; time is limited' '
	login_later dev || return
	printf "connection=dev\n\n" >request
	run coco-credential-oauth login <request
	expect_status 75
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-credential-oauth: a login for this connection is going on already
	coco-credential-oauth: hint: finish it in its browser window, or end it
	END
	$browser "$address"
	login_ends
	expect_status 0
	login dev --no-browser --timeout 1
	expect_status 75
	expect_stderr_match "nobody logged in within 1 s" "login --paste$"
'

test_case 'the one-shot address works once (T16)' '
	put_file bin/keeper 700 <<-\END
	#!/bin/sh
	printf "%s\n" "$1" >"$trash/one-shot"
	END
	BROWSER=$trash/bin/keeper
	rm -f one-shot
	printf "connection=dev\n\n" >request
	coco-credential-oauth login <request >lib/stdout 2>lib/stderr &
	login_pid=$!
	BROWSER=$browser
	wait_for_file one-shot
	hostport=$(sed "s,http://\([^/]*\)/.*,\1," one-shot)
	path=$(sed "s,http://[^/]*,," one-shot)
	get="GET $path HTTP/1.1\\r\\nHost: $hostport\\r\\n\\r\\n"
	address=$(raw "$hostport" "$get" Location)
	expect_equal "$(raw "$hostport" "$get")" "HTTP/1.1 410 Gone"
	$browser "$address"
	login_ends
	expect_status 0
'

test_case 'BROWSER is tried in turn, without a shell, without secrets' '
	if test -n "$under"; then
		skip "under valgrind posix_spawn does not tell of failures"
		return
	fi
	put_file bin/browser 700 <<-\END
	#!/bin/sh
	env >"$trash/browser.env"
	ls /proc/self/fd >"$trash/browser.fds" 2>&1
	printf "%s\n" "$@" >"$trash/browser.argv"
	exec python3 "$srcdir/tests/fake/browser.py" "$2"
	END
	SNOWFLAKE_PASSWORD=hidden
	export SNOWFLAKE_PASSWORD
	BROWSER="/nonexistent:$trash/bin/browser ;touch\${IFS}x %s"
	browse dev
	BROWSER=$browser
	unset SNOWFLAKE_PASSWORD
	expect_status 0
	sed -n 1p browser.argv | grep -qxF ";touch\${IFS}x" || fail "argv"
	grep -q "^PATH=" browser.env || fail "no environment"
	grep -q hidden browser.env && fail "a secret in the environment"
	# 0, 1, 2 and that of ls itself
	expect_equal "$(tr "\n" " " <browser.fds)" "0 1 2 3 " "descriptors"
'

test_case 'a browser that does not come: the address is printed' '
	BROWSER=/nonexistent
	login dev --timeout 1
	expect_status 75
	expect_stderr_match "^http://127.0.0.1:$fake_port/oauth/authorize[?]"
	BROWSER=false
	login dev --timeout 2
	expect_status 75
	expect_stderr_match "^http://127.0.0.1:$fake_port/oauth/authorize[?]"
	unset BROWSER
	login dev --timeout 1
	BROWSER=$browser
	export BROWSER
	expect_stderr_match "^http://127.0.0.1:$fake_port/oauth/authorize[?]"
'

# pasted [WRONG...]: a login by --paste, by a person at a terminal
pasted() {
	printf 'connection=dev\n\n' >request
	run python3 "$srcdir/tests/fake/person.py" request answer "$@" \
		-- coco-credential-oauth --paste login
}

test_case '--paste takes the address back from the terminal' '
	pasted
	expect_status 0
	grep -q "^oauth_refresh_token=ver:2-" answer || fail "no answer"
	expect_stdout_match "open this address" "copy its address" \
		"where it ends: "
	expect_no_match "ver:[12]-"
'

test_case '--paste asks again, and gives up after three' '
	pasted "hello" "http://127.0.0.1/?code=c&state=guess"
	expect_status 0
	expect_stdout_match "that is no address" "is not of this login"
	pasted a "http://127.0.0.1/" "  http://x/ y"
	expect_status 5
	expect_stdout_match "3 tries are enough" "that has blanks"
	test ! -s answer || fail "an answer"
'

test_case '--paste without a terminal' '
	printf "connection=dev\n\n" >request
	run setsid -w coco-credential-oauth --paste login <request
	expect_status 1
	expect_stderr_match "paste needs a terminal"
'

test_case 'what cannot be a login' '
	run coco-credential-oauth login </dev/null
	expect_status 2
	expect_stderr_match "for which connection" "coco-credential login -c"
	login plain
	expect_status 1
	expect_stderr_match "oauth_authorization_url must be https"
	login dev --timeout 0
	expect_status 2
'

test_done
