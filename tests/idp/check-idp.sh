# SPDX-License-Identifier: GPL-3.0-or-later
# check-idp - the OAuth helper against glewlwyd, an OAuth 2 server that we did
# not write: authorization code with PKCE, refresh tokens that work once,
# device codes, client credentials by secret and by signature.  `make check-idp'
# runs it; it is no part of `make check'.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
command -v glewlwyd >/dev/null ||
	skip_all 'needs glewlwyd: apt-get install --no-install-recommends glewlwyd'
require python3 openssl
may_hold_secrets 'token*' first third device signer forged renewed machine \
	'*.pem' 'idp/*' urls

idp=$srcdir/tests/idp
mkdir idp
"$lib_python" "$idp/glewlwyd.py" "$trash/idp" >>idp.log 2>&1 &
idp_pid=$!
on_exit 'kill $idp_pid 2>/dev/null; wait $idp_pid 2>/dev/null'
on_exit 'cat "$trash"/idp/glewlwyd.[lo]* >>"$trash/idp.log"'
export COCO_TEST_IDP="$trash/idp/ready" COCO_TEST_IDP_URLS="$trash/urls"
if ! wait_for_file "$COCO_TEST_IDP" 60; then
	echo 'Bail out!  glewlwyd did not start'
	exit 1
fi

# known FIELD: of what glewlwyd.py says
known() {
	json_field "$1" <"$COCO_TEST_IDP"
}

ask() {
	"$lib_python" "$idp/ask.py" "$@"
}

# connection NAME AUTHENTICATOR [LINE...]: one to a host that trusts glewlwyd
connection() {
	cat <<-END
	[$1]
	account = "myorg-dev"
	user = "ALICE"
	host = "resource.example.com"
	authenticator = "$2"
	oauth_client_id = "$1"
	oauth_token_request_url = "$api/token"
	oauth_scope = "$(known scope)"
	END
	shift 2
	printf '%s\n' "$@" ''
}

api=$(known api)
{
	connection desktop OAUTH_AUTHORIZATION_CODE \
		"oauth_authorization_url = \"$api/auth\"" \
		"oauth_redirect_uri = \"$(known redirect_uri)\""
	connection machine OAUTH_CLIENT_CREDENTIALS \
		"oauth_client_secret = \"$(known machine_secret)\""
	connection device OAUTH_AUTHORIZATION_CODE \
		"oauth_device_authorization_url = \"$api/device_authorization\""
	connection wrong OAUTH_CLIENT_CREDENTIALS \
		'oauth_client_secret = "guessed"' |
		sed 's/"wrong"/"machine"/'
	connection signer OAUTH_CLIENT_CREDENTIALS \
		"oauth_client_private_key_file = \"$(known signer_key)\""
} | put_file "$HOME/.snowflake/connections.toml"
SSL_CERT_FILE=$(known ca)
BROWSER="$lib_python $idp/alice.py"
export SSL_CERT_FILE BROWSER
store=$HOME/.local/share/coco/credentials

# stored FIELD: of the only entry in the store
stored() {
	sed -n "s/^$1=//p" "$store"
}

test_case 'code with PKCE: a login' '
	run coco-credential -c desktop login --timeout 60
	expect_status 0
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-credential: logged in to resource.example.com as ALICE; the token renews itself
	END
	tail -n 1 urls | grep -q "[?&]code=" || fail "no code"
	# and glewlwyd means it: it takes nothing less than S256
	grep "code_challenge_method=S256" urls | head -n 1 >asked
	for less in "s/&code_challenge.*//" "s/=S256/=plain/"; do
		run "$lib_python" "$idp/alice.py" "$(sed "$less" asked)"
		expect_status 1
		tail -n 1 urls | grep -q "[?&]error=invalid_request" ||
			fail "not refused: $(tail -n 1 urls)"
	done
'

test_case 'the token is one that glewlwyd made for this role' '
	run coco-credential -c desktop token
	expect_status 0
	expect_stderr </dev/null
	stdout >first
	run ask claims client_id scope <first
	expect_stdout <<-\END
	client_id=desktop
	scope=session:role:ANALYST
	END
	run ask userinfo <first
	expect_stdout_match "^200$"
	sed "s/.....$/AAAAA/" first >forged
	run ask userinfo <forged
	expect_stdout_match "^401$"
'

test_case 'twenty at once at an expired token: one refresh, one live family' '
	old=$(stored oauth_refresh_token)
	for i in $(seq 20); do
		at_time +1000 coco-credential -c desktop token \
			>token.$i 2>error.$i &
		echo $! >>pids
	done
	while read -r pid; do
		wait "$pid" || echo "$pid: $?" >>failed
	done <pids
	expect_equal "$(cat failed 2>/dev/null)" "" failures
	expect_equal "$(cat error.*)" "" messages
	expect_equal "$(cat token.* | wc -l)" 20 answers
	expect_equal "$(cat token.* | sort -u | wc -l)" 1 "different tokens"
	test "$(cat token.1)" != "$(cat first)" || fail "not refreshed"
	test "$(stored oauth_refresh_token)" != "$old" || fail "not replaced"
	run ask tokens
	expect_stdout <<-\END
	desktop dead
	desktop live
	END
	run ask userinfo <token.1
	expect_stdout_match "^200$"
'

test_case 'and the next refresh works' '
	run at_time +3000 coco-credential -c desktop token
	expect_status 0
	expect_stderr </dev/null
	stdout >third
	test "$(cat third)" != "$(cat token.1)" || fail "not refreshed"
	run ask tokens
	expect_stdout <<-\END
	desktop dead
	desktop dead
	desktop live
	END
	run ask userinfo <third
	expect_stdout_match "^200$"
'

test_case 'a stolen refresh token, used again, ends the login for both' '
	printf "%s\n" "$old" >replay
	run ask redeem desktop <replay
	expect_status 0
	# RFC 6749 wants a JSON object; glewlwyd 2.7.5 sends no byte
	expect_stdout_match "^400 "
	run ask tokens
	expect_stdout <<-\END
	desktop dead
	desktop dead
	desktop dead
	END
	note "the access token handed out before: $(ask userinfo <third)"
	run at_time +5000 coco-credential -c desktop token
	expect_status 4
	expect_stdout </dev/null
	expect_stderr_match \
		"connection desktop: $(known url): (invalid_grant|refused)" \
		"hint: log in again: coco-credential login -c desktop$"
'

test_case 'a new login mends it' '
	run coco-credential -c desktop login --timeout 60
	expect_status 0
	run at_time +1000 coco-credential -c desktop token
	expect_status 0
	expect_stderr </dev/null
	stdout >token
	run ask userinfo <token
	expect_stdout_match "^200$"
'

test_case 'a device code: entered elsewhere, it becomes a login' '
	: >device.err
	coco-credential -c device --device --timeout 60 login \
		>device.out 2>device.err &
	pid=$!
	tries=500
	until grep -q "^$(known url)/.*[?]code=" device.err; do
		tries=$((tries - 1))
		test $tries -gt 0 || { fail "no address"; cat device.err; return 1; }
		sleep 0.02
	done
	run "$lib_python" "$idp/alice.py" "$(grep "[?]code=" device.err)"
	expect_status 0
	expect_stderr </dev/null
	status=0
	wait $pid || status=$?
	cp device.out lib/stdout
	cp device.err lib/stderr
	expect_status 0
	expect_stdout </dev/null
	expect_stderr_match "enter the code [A-Z0-9]{4}-[A-Z0-9]{4}$" \
		"logged in to resource.example.com as ALICE; the token renews itself"
	run coco-credential -c device token
	expect_status 0
	expect_stderr </dev/null
	stdout >device
	run ask claims client_id scope <device
	expect_stdout <<-\END
	client_id=device
	scope=session:role:ANALYST
	END
'

test_case 'what came by a device code is renewed, by tokens that work once' '
	for when in 1000 3000; do
		run at_time +$when coco-credential -c device token
		expect_status 0
		expect_stderr </dev/null
	done
	stdout >renewed
	test "$(cat renewed)" != "$(cat device)" || fail "not refreshed"
	run ask userinfo <renewed
	expect_stdout_match "^200$"
	ask tokens | grep device >lib/stdout
	expect_stdout <<-\END
	device dead
	device dead
	device live
	END
'

test_case 'a device code that nobody enters' '
	run coco-credential -c device --device --timeout 3 login
	expect_status 75
	expect_stdout </dev/null
	expect_stderr_match "^coco-credential-oauth: nobody entered the code in time$"
	# the login that there was is not lost by it
	run at_time +3000 coco-credential -c device token
	expect_status 0
'

test_case 'client credentials: no login, and the token is kept' '
	run coco-credential -c machine token
	expect_status 0
	expect_stderr </dev/null
	stdout >machine
	run ask claims client_id scope <machine
	expect_stdout <<-\END
	client_id=machine
	scope=session:role:ANALYST
	END
	run coco-credential -c machine token
	expect_equal "$(stdout)" "$(cat machine)" "token"
	run at_time +1000 coco-credential -c machine token
	expect_status 0
	expect_stderr </dev/null
	test "$(stdout)" != "$(cat machine)" || fail "not fetched again"
'

test_case 'client credentials: a wrong secret is refused' '
	run coco-credential -c wrong token
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match \
		"connection wrong: $(known url): (invalid_client|refused)"
	expect_no_match guessed
'

test_case 'client credentials: a signature in place of a secret' '
	run coco-credential -c signer token
	expect_status 0
	expect_stderr </dev/null
	stdout >signer
	run ask claims client_id scope <signer
	expect_stdout <<-\END
	client_id=signer
	scope=session:role:ANALYST
	END
'

test_case 'client credentials: the signature of another key is refused' '
	cp "$(known signer_key)" right.pem
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 \
		-out "$(known signer_key)" 2>openssl.log
	run coco-credential -c signer logout
	expect_status 0
	run coco-credential -c signer token
	cp right.pem "$(known signer_key)"
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match \
		"connection signer: $(known url): (invalid_client|refused)"
'

test_done
