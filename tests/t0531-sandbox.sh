# SPDX-License-Identifier: GPL-3.0-or-later
# t0531 - what a sandbox gets from coco-tokend: tokens in the forms of
# inspect-coco, of OAuth and of git, only what was granted, and a token file.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_print_secrets 'sandbox *' 'ask_sandbox *' 'sandbox_less *' 'tcp *' \
	'oauth *' 'git_say *' 'cat_exposed'
may_hold_secrets token first second question key.p8

start_fake --set single_use=true
make_connection dev 'role = "ANALYST"' \
	'oauth_enable_single_use_refresh_tokens = true'
make_connection plain
fake_authenticator=PROGRAMMATIC_ACCESS_TOKEN
make_connection pat 'token = "canary-pat"'
unset fake_authenticator
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
state=$XDG_STATE_HOME/coco/tokend

# a git host, whose stack gives a password without an end, and one with
for kind in lasting short; do
	put_file "$XDG_CONFIG_HOME/coco/stack.d/$kind" <<-END
	get required $trash/git-$kind
	END
done
put_file git-lasting 700 <<-\END
	#!/bin/sh
	test "$1" = get || exit 0
	printf 'username=me\npassword=canary-git\n'
	END
put_file git-short 700 <<-\END
	#!/bin/sh
	test "$1" = get || exit 0
	printf 'username=me\npassword=canary-git\npassword_expiry_utc=%s\n' \
		$(($(date +%s) + 1800))
	END
may_hold_secrets git-lasting git-short

start_tokend
coco-credential -c dev login 2>login.log
coco-credential -c dev --role B login 2>>login.log
coco-tokend grant --connection dev --connection plain --role ANALYST --role B \
	--host git.example --stack short --host last.example --stack lasting \
	--listen unix --listen 127.0.0.1:0 --capability-file cap \
	--port-file port >grant.out
id=$(sed -n 's/^id *//p' grant.out)
port=$(cat port)
coco-tokend grant --connection dev --listen 127.0.0.1:0 --listen unix \
	--capability-file cap2 --port-file port2 >grant2.out
id2=$(sed -n 's/^id *//p' grant2.out)
unset kind

# sandbox PATH [OPTION...], tcp PATH [OPTION...]: by the socket and by TCP
sandbox() {
	ask_sandbox "$id" "$@"
}
tcp() {
	ask_tcp "$port" cap "$@"
}

# sandbox_less PATH [OPTION...]: at $open, without a capability
sandbox_less() {
	less_path=$1
	shift
	curl -sS --max-time 20 "$@" "$open$less_path"
}

# oauth CLIENT FORM...: the token endpoint, as a driver asks it.  CLIENT is
# basic NAME, body NAME, or none; @ in a form stands for the capability.
oauth() {
	oauth_how=$1
	oauth_name=
	test "$1" = none || { oauth_name=$2; shift; }
	shift
	{
		test "$oauth_how" != basic ||
			printf 'user = "%s:%s"\n' "$oauth_name" "$(cat cap)"
		test "$oauth_how" != body ||
			printf 'data-urlencode = "%s"\n' \
				"client_id=$oauth_name" \
				"client_secret=$(cat cap)"
		for oauth_field in "$@"; do
			case $oauth_field in
			*=@)
				oauth_field=${oauth_field%@}$(cat cap)
				;;
			esac
			printf 'data-urlencode = "%s"\n' "$oauth_field"
		done
	} | curl -sS --max-time 20 -K - -w '%{http_code}\n' \
		"http://127.0.0.1:$port/oauth/token-request"
}

# git_say VERB [QUERY] <MESSAGE: the credential endpoints by the socket
git_say() {
	sandbox "/credential/$1${2-}" -i --data-binary @- | tr -d '\r'
}

# refreshes: how many the stand-in has seen
refreshes() {
	control | "$lib_python" -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token"].get("refresh_token", 0))'
}

# a good answer of the token endpoint, but for its end, and a bad one
a_token='[{]"access_token":"ver:[^"]*","token_type":"Bearer","expires_in":'
a_token=$a_token'[0-9]+'
wrong_client='{"error":"invalid_client","error_description":"The client is not '
wrong_client=$wrong_client'known or its secret is wrong."}401'

# --- /token, /health, /grant -----------------------------------------------

test_case '/token has inspect-coco'"'"'s form, to the member' '
	run sandbox /token
	expect_status 0
	expect_stdout_match "^$a_token[}]$"
	run sandbox "/token?connection=dev&role=B"
	expect_status 0
	run sandbox "/token?role=ANALYST" -I
	expect_stdout_match "^HTTP/1.1 200" "^Cache-Control: no-store" \
		"^Content-Type: application/json"
'

no_tokens='{"error":"no_tokens","message":"No OAuth tokens available. '
no_tokens=$no_tokens'Configure authenticator = OAUTH_AUTHORIZATION_CODE."}503'
test_case 'without a login: no_tokens; the same for what is not granted' '
	for query in connection=plain "connection=plain&role=B" \
	    connection=pat connection=nowhere role=C role=analyst; do
		run sandbox "/token?$query" -w "%{http_code}"
		expect_equal "$(stdout)" "$no_tokens" "answer to $query"
	done
	run sandbox "/token?connection=dev&connection=dev" -w "%{http_code}"
	expect_stdout_match "invalid_request.*400$"
'

test_case 'by TCP only with the right capability' '
	run tcp /token
	expect_status 0
	run ask_tcp "$port" cap2 /token -w "%{http_code}"
	expect_equal "$(stdout)" "{\"error\":\"unauthorized\"}401" answer
	run curl -sS -i "http://127.0.0.1:$port/token"
	expect_stdout_match "^HTTP/1.1 401" \
		"^WWW-Authenticate: Bearer realm=\"coco\""
	run sandbox /token -H "Authorization: Bearer nonsense" -w "%{http_code}"
	expect_stdout_match "401$"
	run sandbox /health
	expect_equal "$(stdout)" "{\"status\":\"ok\"}" answer
'

test_case 'unauthenticated only where the grant says so, and only /token' '
	coco-tokend grant --connection dev --listen 127.0.0.1:0 \
		--allow-unauthenticated --port-file port3 \
		--capability-file cap3 >open.out
	open=http://127.0.0.1:$(cat port3)
	run sandbox_less /token
	expect_stdout_match "^$a_token[}]$"
	run sandbox_less /health
	expect_stdout_match status
	for path in /grant /credential/get; do
		run sandbox_less $path -d "" -X "$(test $path = /grant &&
			echo GET || echo POST)" -w "%{http_code}"
		expect_stdout_match "401$"
	done
	run ask_tcp "$(cat port3)" cap /token -w "%{http_code}"
	expect_stdout_match "401$"
	coco-tokend revoke "$(sed -n "s/^id *//p" open.out)" 2>/dev/null
'

test_case '/grant says what there is' '
	run sandbox /grant
	expect_status 0
	stdout | "$lib_python" -c "
import json, sys
g = json.load(sys.stdin)
assert g[\"id\"] == sys.argv[1] and g[\"expose\"] is False, g
assert [c[\"name\"] for c in g[\"connections\"]] == [\"dev\", \"plain\"], g
assert g[\"connections\"][0][\"roles\"] == [\"ANALYST\", \"B\"], g
assert [h[\"host\"] for h in g[\"hosts\"]] == [\"git.example\",
                                          \"last.example\"], g
assert 28000 < g[\"expires_in\"] <= 28800, g
" "$id" || fail "$(cat lib/stdout)"
	run sandbox "/grant?form=text"
	expect_status 0
	sed -i "s/in [78] h/in some h/" lib/stdout
	expect_stdout <<-END
	grant:            $id
	connection:       dev
	  role:           ANALYST
	  role:           B
	connection:       plain
	  role:           ANALYST
	  role:           B
	host:             git.example
	host:             last.example
	ends:             in some h
	long-lived:       no
	END
'

test_case 'strangers: Host, browsers, proxies, paths, methods' '
	run tcp /token -H "Host: evil.example" -w "%{http_code}"
	expect_stdout_match "421$"
	run tcp /token -H "Host: token-proxy:8765"
	expect_status 0
	run tcp /token -H "Host: 127.0.0.1.evil.example" -w "%{http_code}"
	expect_stdout_match "421$"
	for field in "Origin: http://localhost" "Sec-Fetch-Site: none" \
	    "X-Forwarded-For: 10.0.0.1" "Forwarded: for=10.0.0.1"; do
		run tcp /token -H "$field" -w "%{http_code}"
		expect_stdout_match "403$"
	done
	run tcp /nothing -w "%{http_code}"
	expect_equal "$(stdout)" "{\"error\":\"not_found\"}404" answer
	for path in /status /metrics /events /grants /shutdown /reload; do
		run tcp $path -w "%{http_code}"
		expect_stdout_match "404$"
	done
	run tcp /token -i -X POST -d x=y
	expect_stdout_match "^HTTP/1.1 405" "^Allow: GET"
'

# --- /oauth/token-request --------------------------------------------------

test_case 'OAuth: client credentials, Basic or in the body' '
	for how in basic body; do
		run oauth $how dev grant_type=client_credentials
		expect_stdout_match "^$a_token,\"scope\":\"session:role:ANALYST\"[}]200$"
		! grep -q refresh_token lib/stdout || fail "a refresh token"
	done
'

test_case 'OAuth: the scope picks the role, within the grant' '
	run oauth basic dev grant_type=client_credentials \
		scope="refresh_token session:role:B"
	expect_stdout_match "\"scope\":\"session:role:B\"[}]200$"
	run oauth basic dev grant_type=client_credentials scope=session:role:
	expect_stdout_match "\"scope\":\"session:role:ANALYST\"[}]200$"
	run oauth basic dev grant_type=client_credentials \
		scope=session:role-encoded:%42
	expect_stdout_match "\"scope\":\"session:role:B\"[}]200$"
	for scope in session:role:C session:role-any session: all \
	    "session:role:B session:role:ANALYST" session:role:b \
	    "session:role-encoded:%" "session:role-encoded:+B"; do
		run oauth basic dev grant_type=client_credentials \
			scope="$scope"
		expect_stdout_match "\"invalid_scope\".*400$"
	done
'

test_case 'OAuth: a wrong client' '
	for name in nowhere pat "" LOCAL_APPLICATION; do
		run oauth basic "$name" grant_type=client_credentials
		expect_equal "$(stdout)" "$wrong_client" answer
	done
	run oauth none grant_type=client_credentials client_id=dev
	expect_stdout_match "invalid_client.*401$"
	run curl -sS -i -u dev:wrong -d grant_type=client_credentials \
		"http://127.0.0.1:$port/oauth/token-request"
	expect_stdout_match "^WWW-Authenticate: Basic realm=\"coco\""
'

test_case 'OAuth: the capability as a refresh token' '
	for client in none "body dev" "basic dev"; do
		run oauth $client grant_type=refresh_token refresh_token=@
		expect_stdout_match "\"access_token\".*200$"
	done
	run oauth none grant_type=refresh_token refresh_token=@ \
		client_id=LOCAL_APPLICATION client_secret=LOCAL_APPLICATION
	expect_stdout_match "\"access_token\".*200$"
	run oauth none grant_type=refresh_token refresh_token=@ \
		client_id=dev client_secret=wrong
	expect_stdout_match "\"invalid_grant\".*400$"
	run oauth none grant_type=refresh_token refresh_token=wrong
	expect_stdout_match "^.\"error\":\"invalid_grant\"," \
		":\"The refresh token is not valid.\".400$"
'

test_case 'OAuth: what is malformed' '
	run oauth basic dev grant_type=password
	expect_stdout_match "unsupported_grant_type.*400$"
	run oauth basic dev
	expect_stdout_match "invalid_request.*400$|405$"
	run oauth basic dev grant_type=client_credentials client_secret=@
	expect_stdout_match "invalid_request.*400$"
	run oauth basic dev grant_type=client_credentials \
		grant_type=client_credentials
	expect_stdout_match "invalid_request.*400$"
	run tcp /oauth/token-request -H "Content-Type: application/json" \
		-d "{}" -w "%{http_code}"
	expect_stdout_match "invalid_request.*400$"
'

test_case 'OAuth: no login on the host' '
	run oauth basic plain grant_type=client_credentials
	expect_stdout_match "^.\"error\":\"invalid_grant\"," \
		":\"A login on the host is needed.\".400$"
'

# --- /credential -----------------------------------------------------------

test_case 'git: a connection, its role, its host' '
	run git_say get <<-\END
	connection=dev
	role=B

	END
	expect_stdout_match "^HTTP/1.1 200" "^Coco-Result: success" \
		"^username=ALICE" "^password=ver:" "^token_type=OAUTH" \
		"^password_expiry_utc="
	! grep -qE "^(authtype|credential|state|oauth_refresh)" lib/stdout ||
		fail "more than it can take"
	run git_say get <<-END
	capability[]=authtype
	capability[]=state
	connection=dev
	protocol=${fake_url%%:*}
	host=127.0.0.1:$fake_port
	username=ALICE

	END
	expect_stdout_match "^Coco-Result: success" "^password=ver:"
	for line in connection=pat role=C host=evil.example username=BOB; do
		run git_say get <<-END
		connection=dev
		protocol=${fake_url%%:*}
		$line

		END
		expect_stdout_match "^HTTP/1.1 404" "^Coco-Result: not_found" \
			"^the host has no such credential for this sandbox$"
	done
'

test_case 'git: nothing asked finds nothing, but the default on request' '
	run git_say get <<-\END

	END
	expect_stdout_match "^Coco-Result: not_found"
	run git_say get "?default=1" <<-\END

	END
	expect_stdout_match "^Coco-Result: success" "^password=ver:"
	run git_say get "?default=1" <<-\END
	protocol=https
	host=github.com

	END
	expect_stdout_match "^Coco-Result: not_found"
'

test_case 'git: a host by its stack; T2: one without an end is denied' '
	run git_say get <<-\END
	protocol=https
	host=git.example
	path=any/thing

	END
	expect_stdout_match "^Coco-Result: success" "^username=me" \
		"^password=canary-git"
	run git_say get <<-\END
	protocol=https
	host=git.example
	username=other

	END
	expect_stdout_match "^Coco-Result: not_found"
	run git_say get <<-\END
	protocol=http
	host=git.example

	END
	expect_stdout_match "^Coco-Result: not_found"
	run git_say get <<-\END
	protocol=https
	host=last.example

	END
	expect_stdout_match "^HTTP/1.1 403" "^Coco-Result: denied"
	! grep -q canary lib/stdout || fail "the password got out"
	grep -q "needs a grant with --expose" tokend.log ||
		fail "the operator is not told"
'

cat_exposed() {
	printf 'protocol=https\nhost=last.example\n\n' |
		ask_sandbox "$id3" /credential/get --data-binary @-
}
test_case 'git: with --expose it is handed out' '
	coco-tokend grant --host last.example --stack lasting --expose \
		>grant3.out
	id3=$(sed -n "s/^id *//p" grant3.out)
	run cat_exposed
	expect_stdout_match "^password=canary-git"
	run coco-tokend revoke "$id3"
'

test_case 'T3: store is dropped' '
	before=$(cat "$XDG_DATA_HOME/coco/credentials" | cksum)
	run git_say store <<-\END
	connection=dev
	username=ALICE
	password=canary-planted

	END
	expect_stdout_match "^HTTP/1.1 200" "^Coco-Result: success"
	expect_equal "$(cat "$XDG_DATA_HOME/coco/credentials" | cksum)" \
		"$before" store
	run sandbox /token
	! grep -q planted lib/stdout || fail "it is handed out"
'

test_case 'T3, T6: erase of a young token, or a wrong one, does nothing' '
	before=$(refreshes)
	sandbox /token | json_field access_token >token
	for secret in "$(cat token)" canary-wrong; do
		run git_say erase <<-END
		connection=dev
		password=$secret

		END
		expect_stdout_match "^Coco-Result: success"
	done
	sandbox /token | json_field access_token >second
	cmp token second || fail "another token"
	expect_equal "$(refreshes)" "$before" refreshes
'

test_case 'T6: erase of an old one renews it once; a second time not' '
	stop_tokend
	start_tokend +100
	sandbox /token | json_field access_token >token
	coco-credential -c dev token >second
	cmp token second || fail "the host has another token"
	before=$(refreshes)
	printf "connection=dev\npassword=%s\n\n" "$(cat token)" >question
	run git_say erase <question
	expect_stdout_match "^Coco-Result: success"
	sandbox /token | json_field access_token >first
	! cmp -s token first || fail "the same token"
	expect_equal "$(refreshes)" "$((before + 1))" refreshes
	printf "connection=dev\npassword=%s\n\n" "$(cat first)" >question
	run git_say erase <question
	sandbox /token | json_field access_token >second
	cmp first second || fail "another token"
	ask_sandbox "$id2" /token | json_field access_token >second
	cmp first second || fail "the neighbour has another token"
	expect_equal "$(refreshes)" "$((before + 1))" refreshes
'

test_case 'the host is given the renewed token as well' '
	coco-credential -c dev token >second
	cmp first second || fail "the host has another token"
'

# --- another kind of token, and the end -------------------------------------

test_case 'a token that is signed for each request is short-lived enough' '
	openssl genrsa -out key.p8 2048 2>/dev/null
	chmod 600 key.p8
	cat >>"$HOME/.snowflake/connections.toml" <<-END
	[key]
	account = "fake-account"
	user = "ALICE"
	authenticator = "SNOWFLAKE_JWT"
	private_key_file = "$trash/key.p8"
	END
	coco-tokend grant --connection key >grant5.out
	id5=$(sed -n "s/^id *//p" grant5.out)
	run ask_sandbox "$id5" /token
	expect_status 0
	expect_stdout_match "^[{]\"access_token\":\"eyJ"
	coco-tokend revoke "$id5" 2>/dev/null
'

test_case 'who waits for a token does not hold up the end' '
	control "{\"latency_ms\": 20000}" >/dev/null ||
		fail "no such knob"
	stop_tokend
	start_tokend +1300
	coco-tokend grant --connection dev --role B >grant6.out
	id6=$(sed -n "s/^id *//p" grant6.out)
	ask_sandbox "$id6" /token >/dev/null 2>&1 &
	waiting=$!
	until_true "a search" metric_is children -eq 1
	coco-tokend revoke "$id6" 2>/dev/null
	stop_tokend
	expect_equal "$tokend_status" 0 "status of the daemon"
	wait $waiting
	control "{\"latency_ms\": 0}" >/dev/null
	start_tokend +1300
'

# --- token file ------------------------------------------------------------

test_case 'a token file: mode, no newline, gone when paused and at the end' '
	coco-tokend grant --connection dev --token-file >grant4.out
	id4=$(sed -n "s/^id *//p" grant4.out)
	file=$tokend_dir/grants/$id4/token
	wait_for_file "$file"
	expect_mode "$file" 600
	expect_equal "$(tail -c 1 "$file" | tr -d "\n" | wc -c)" 1 "byte at its end"
	coco-credential -c dev -n token >first
	cmp "$file" first || fail "it is another token"
	coco-tokend grant update "$id4" --pause >/dev/null
	test ! -e "$file" || fail "it is there while the grant is paused"
	coco-tokend grant update "$id4" --resume >/dev/null
	wait_for_file "$file"
	stop_tokend
	test ! -e "$file" || fail "it is there after the daemon"
	start_tokend +100
	wait_for_file "$file"
'
may_hold_secrets 'run/coco/grants/*/token'

test_case 'a token file for another user, whom alone the socket serves' '
	if test "$(id -u)" -ne 0; then
		skip "needs root"
		return 0
	fi
	coco-tokend grant --connection dev --token-file --owner 4711:4712 \
		--capability-file cap7 --listen unix --listen 127.0.0.1:0 \
		>grant7.out
	id7=$(sed -n "s/^id *//p" grant7.out)
	wait_for_file "$tokend_dir/grants/$id7/token"
	expect_equal "$(stat -c "%u %g %a" "$tokend_dir/grants/$id7/token")" \
		"4711 4712 600" "owner of the token"
	expect_equal "$(stat -c "%u %g %a" cap7)" "4711 4712 600" \
		"owner of the capability"
	run ask_sandbox "$id7" /token
	test "$status" -ne 0 || fail "root is served"
	expect_stdout
	run setpriv --reuid 4711 --clear-groups -- "$lib_python" -c "
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(\"/proc/self/fd/3/tokend.sock\")
s.sendall(b\"GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n\")
print(s.recv(4096).split(b\" \")[1].decode())" \
		3<"$tokend_dir/grants/$id7"
	expect_stdout <<-\END
	200
	END
	coco-tokend revoke "$id7" 2>/dev/null
'

test_case 'a token file is replaced when its token is stale' '
	cp "$file" first
	stop_tokend
	start_tokend +650
	wait_for_file "$file"
	! cmp -s "$file" first || fail "it has the same token"
	coco-tokend revoke "$id4" 2>/dev/null
	test ! -e "$file" || fail "it is there after the grant"
'

# has FILE TEXT, is_another FILE FILE: what is in a token file
has() {
	test "$(cat "$1")" = "$2"
}

is_another() {
	! cmp -s "$1" "$2"
}

test_case 'a token file follows a renewal at once' '
	coco-tokend grant --connection dev --token-file >grant4.out
	id4=$(sed -n "s/^id *//p" grant4.out)
	file=$tokend_dir/grants/$id4/token
	wait_for_file "$file"
	stop_tokend
	start_tokend +800
	wait_for_file "$file"
	cp "$file" first
	printf "connection=dev\npassword=%s\n\n" "$(cat first)" >question
	run git_say erase <question
	sandbox /token | json_field access_token >second
	! cmp -s first second || fail "the old token"
	# the daemon answers first
	until_true "the token in the file" has "$file" "$(cat second)"
	coco-tokend revoke "$id4" 2>/dev/null
'

test_case 'a token file follows a login' '
	coco-tokend grant --connection dev --token-file >grant4.out
	id4=$(sed -n "s/^id *//p" grant4.out)
	file=$tokend_dir/grants/$id4/token
	wait_for_file "$file"
	cp "$file" first
	at_time +800 coco-credential -c dev login 2>>login.log
	until_true "a new token in the file" is_another "$file" first
'

# --- the audit log ---------------------------------------------------------

test_case 'uses and refusals are in the audit log, without secrets' '
	"$lib_python" - "$state/audit.jsonl" "$id" <<-\END || fail "the log"
	import json, sys
	lines = [json.loads(line) for line in open(sys.argv[1])]
	mine = [line for line in lines if line.get("grant") == sys.argv[2]]
	events = {line["event"] for line in mine}
	assert events == {"grant", "use", "refuse"}, events
	use = [line for line in mine if line["event"] == "use"]
	assert {line["verb"] for line in use} == {"token", "oauth", "get"}
	assert any(line["from"].startswith("unix uid ") for line in use)
	assert any(line["from"] == "127.0.0.1" for line in use)
	assert any(line["result"] == "denied" for line in use)
	assert any(line.get("role") == "B" and line["connection"] == "dev"
	           for line in use)
	END
	! grep -qE "coco_|ver:" "$state/audit.jsonl" || fail "a secret"
'

test_case 'T21: a sandbox that asks all the time does not fill the log' '
	for i in 1 2 3 4 5 6 7 8; do
		(cd "$tokend_dir/grants/$id2" &&
			curl -sS --unix-socket tokend.sock -o /dev/null \
				"http://localhost/token?connection=x&[1-50]")
	done
	n=$(grep -c "\"event\":\"use\".*\"grant\":\"$id2\"" "$state/audit.jsonl")
	test "$n" -ge 200 && test "$n" -le 260 || fail "$n lines"
'

test_done
