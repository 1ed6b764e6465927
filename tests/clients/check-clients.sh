# SPDX-License-Identifier: GPL-3.0-or-later
# check-clients - Snowflake's own Node driver, and what the drivers for other
# languages send, get tokens from coco-tokend as a sandbox does: from the token
# file of a grant, and from its OAuth endpoint with the capability for a client
# secret.  The tokens live a few seconds, so each way is also tried with one
# that Snowflake has refused.
# `make check-clients' runs it; it is no part of `make check'.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
sdk=$builddir/clients/node_modules
test -d "$sdk/snowflake-sdk" ||
	skip_all 'needs npm, for snowflake-sdk: make check-clients'
require python3 node
"$lib_python" -c 'import tomllib' 2>/dev/null ||
	skip_all 'needs Python 3.11, for tomllib'
. "$srcdir/tests/tokend.sh"
may_hold_secrets '*capability' first wrong 'sandbox/*/connections.toml' \
	'run/coco/grants/*/token'

clients=$srcdir/tests/clients
# node finds modules beside the script only, and by this; its warnings are
# about what the driver's own dependencies will want next year
NODE_PATH=$sdk
NODE_NO_WARNINGS=1
SNOWFLAKE_DISABLE_MINICORE=true
BROWSER="$lib_python $srcdir/tests/fake/browser.py"
export NODE_PATH NODE_NO_WARNINGS SNOWFLAKE_DISABLE_MINICORE BROWSER

# --- the host ----------------------------------------------------------------

# So long does a token live, in seconds: long enough for a driver to use one
# that has just been renewed, for it is renewed when a fifth of that is left.
life=10

start_fake --set access_ttl=$life
make_connection dev 'role = "ANALYST"'
for role in ANALYST REPORTER 'AUTH SNOWFLAKE'; do
	if ! coco-credential -c dev --role "$role" login 2>>login.log; then
		cat login.log
		echo 'Bail out!  the host cannot log in'
		exit 1
	fi
done

# give CONNECTION CAPABILITY-FILE [OPTION...]: grant tokens of it to a sandbox.
# Sets grant, its id; url, of the token endpoint; and token_file, the path of a
# file with the live token of the first role.
give() {
	give_connection=$1
	give_file=$2
	shift 2
	coco-tokend grant --connection "$give_connection" --token-file \
		--listen 127.0.0.1:0 --listen unix --port-file port \
		--capability-file "$give_file" "$@" >grant.out 2>grant.log ||
		return 1
	grant=$(sed -n 's/^id *//p' grant.out)
	url=http://127.0.0.1:$(cat port)/oauth/token-request
	token_file=$tokend_dir/grants/$grant/token
	wait_for_file "$token_file"
}

# start_endpoint: give a sandbox tokens of dev, with its three roles
start_endpoint() {
	start_tokend && give dev capability --role ANALYST --role REPORTER \
		--role 'AUTH SNOWFLAKE'
}

if ! start_endpoint; then
	echo 'Bail out!  no endpoint'
	exit 1
fi

# --- the sandbox -------------------------------------------------------------

# the connection of what follows
connection=dev

# sandbox NAME [LINE...]: a directory with a connections.toml, as it is put into
# a sandbox: the connection, and the lines
sandbox() {
	{
		cat <<-END
		[$connection]
		account = "fake-account"
		user = "ALICE"
		host = "127.0.0.1"
		port = $fake_port
		protocol = "http"
		END
		shift
		printf '%s\n' "$@"
	} | put_file "$trash/sandbox/$1/connections.toml"
}

# oauth_sandbox NAME SECRET-FILE [LINE...]: one whose drivers ask the endpoint
oauth_sandbox() {
	name=$1
	secret=$(cat "$2")
	shift 2
	sandbox "$name" 'authenticator = "OAUTH_CLIENT_CREDENTIALS"' \
		"oauth_client_id = \"$connection\"" \
		"oauth_client_secret = \"$secret\"" \
		"oauth_token_request_url = \"$url\"" \
		'oauth_http_allowed = true' "$@"
}

# inside NAME COMMAND...: run it there; the host's HOME is not for it
inside() {
	inside_home=$trash/sandbox/$1
	shift
	env -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_STATE_HOME \
		-u XDG_RUNTIME_DIR HOME="$inside_home" \
		SNOWFLAKE_HOME="$inside_home" \
		SNOWFLAKE_DEFAULT_CONNECTION_NAME="$connection" "$@"
}

query() {
	name=$1
	shift
	run inside "$name" node "$clients/query.js" "$@"
}

driver() {
	name=$1
	shift
	run inside "$name" "$lib_python" "$clients/drivers.py" "$@"
}

# logins: what the stand-in has seen of them since `forget_logins', a line each:
# the token's name, and "ok" or the code
forget_logins() {
	: >"$fake_log"
}

logins() {
	"$lib_python" -c '
import json, sys
for line in map(json.loads, sys.stdin):
    if line["path"] == "/session/v1/login-request":
        print(line["secrets"]["TOKEN"], line["result"])' <"$fake_log"
}

# name_of FILE: of the token in it, as the stand-in calls it
name_of() {
	tr -d '\n' <"$1" | sha256sum | cut -c 1-12
}

# expect_renewed RESULT...: these were the results of the logins, repetitions
# left out, and after each refusal came another token
expect_renewed() {
	logins | uniq >seen
	expect_equal "$(cut -d ' ' -f 2 seen | tr '\n' ' ')" "$* " logins
	awk '$2 == "ok" && $1 == old { bad = 1 }
	     { old = $2 == "ok" ? "" : $1 }
	     END { exit bad }' seen || fail 'the refused token again'
}

watch_execs

# --- the stand-in is strict --------------------------------------------------

sandbox bare

test_case 'a token in connections.toml serves Node until it has expired' '
	# when the last one is over, the next is fresh
	coco-credential -c dev token >first
	driver bare refused first
	expect_status 0
	expect_stdout <<-\END
	refused 390318
	END
	sandbox static "authenticator = \"OAUTH\"" \
		"token = \"$(coco-credential -c dev token)\""
	query static once
	expect_status 0
	expect_stdout <<-\END
	ALICE ANALYST
	END
	query static pinned
	expect_status 3
	expect_stdout <<-\END
	ALICE ANALYST
	refused 390318
	END
	expect_stderr_match "^390318 OAuth access token expired"
'

# --- a token file ------------------------------------------------------------

sandbox file 'authenticator = "OAUTH"' "token_file_path = \"$token_file\""

test_case 'the token file: 0600, and the token without a newline' '
	expect_mode "$token_file" 600
	expect_equal "$(wc -l <"$token_file")" 0 "newlines"
'

test_case 'Node by the token file, and again after it was refused' '
	forget_logins
	query file pinned
	expect_status 0
	expect_stderr </dev/null
	# the second by the file anew, the third over the session of the first
	expect_stdout <<-\END
	ALICE ANALYST
	refused 390318
	ALICE ANALYST
	ALICE ANALYST
	END
	expect_renewed ok 390318 ok
'

# --- the OAuth endpoint ------------------------------------------------------

oauth_sandbox oauth capability
oauth_sandbox oauth_role capability 'role = "ANALYST"'
oauth_sandbox reporter capability 'role = "REPORTER"'
# no driver encodes a blank by itself
oauth_sandbox blank capability \
	'oauth_scope = "session:role-encoded:AUTH%20SNOWFLAKE"'

test_case 'Node by the OAuth endpoint, and again after it was refused' '
	driver oauth fetch "$trash/first"
	expect_status 0
	forget_logins
	query oauth once
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-\END
	ALICE ANALYST
	END
	driver oauth refused first
	expect_status 0
	query oauth once
	expect_status 0
	expect_stdout <<-\END
	ALICE ANALYST
	END
	expect_renewed ok 390318 ok
	expect_equal "$(sed -n 2p seen)" "$(name_of first) 390318" "refused"
'

test_case 'Node with a role gets a token for that role' '
	query reporter once
	expect_status 0
	expect_stdout <<-\END
	ALICE REPORTER
	END
	query blank once
	expect_status 0
	expect_stdout <<-\END
	ALICE AUTH SNOWFLAKE
	END
'

# other_way WAY SANDBOX ROW: a driver as drivers.py plays it, with no token,
# and with one that has expired
other_way() {
	driver "$2" "$1"
	expect_status 0
	expect_stderr </dev/null
	expect_equal "$(stdout)" "$3" "row"
	forget_logins
	driver "$2" "$1" --held first
	expect_status 0
	expect_equal "$(stdout)" "refused 390318
$3" "rows"
	expect_renewed 390318 ok
}

test_case 'Python: Basic, no role' 'other_way python oauth "ALICE ANALYST"'
test_case 'Python: Basic, a role' 'other_way python reporter "ALICE REPORTER"'
test_case 'Go: Basic, an empty role' 'other_way go oauth "ALICE ANALYST"'
test_case 'Go: in the body, a role' 'other_way go-body reporter "ALICE REPORTER"'
test_case 'JDBC: Basic, a charset' 'other_way jdbc oauth_role "ALICE ANALYST"'

# --- the capability as a refresh token ---------------------------------------

# refresh_sandbox NAME CLIENT SECRET: the driver believes that it has logged in
refresh_sandbox() {
	sandbox "$1" 'authenticator = "OAUTH_AUTHORIZATION_CODE"' \
		"oauth_client_id = \"$2\"" "oauth_client_secret = \"$3\"" \
		"oauth_authorization_url = \"${url%/oauth/*}/oauth/authorize\"" \
		"oauth_token_request_url = \"$url\"" \
		'oauth_http_allowed = true' \
		'client_store_temporary_credential = true'
}

# renews NAME: Node does, by itself, within the connection that was refused
renews() {
	forget_logins
	query "$1" refresh "$trash/capability"
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-\END
	ALICE ANALYST
	renewed
	ALICE ANALYST
	END
	expect_renewed ok 390318 ok
}

refresh_sandbox refresh dev "$(cat capability)"
refresh_sandbox local LOCAL_APPLICATION LOCAL_APPLICATION

test_case 'Node with a refresh token, a client of its own' 'renews refresh'
test_case 'Node with a refresh token, LOCAL_APPLICATION' 'renews local'
test_case 'Go with a refresh token' 'other_way go-refresh oauth "ALICE ANALYST"'
test_case 'a public client with a refresh token' '
	other_way public oauth "ALICE ANALYST"
'

# --- refusals ----------------------------------------------------------------

# the last digit is another one
sed 's/A$/B/; t; s/.$/A/' capability >wrong
oauth_sandbox thief wrong
oauth_sandbox admin capability 'role = "ACCOUNTADMIN"'

test_case 'a wrong capability: Node says so, and nobody logs in' '
	forget_logins
	query thief once
	expect_status 1
	expect_stdout </dev/null
	# all that this driver tells of an OAuth error
	expect_stderr <<-\END
	ERR_BAD_REQUEST Request failed with status code 401
	END
	driver thief go
	expect_status 1
	expect_stdout <<-\END
	token request: 401 invalid_client
	token request: 401 invalid_client
	END
	expect_equal "$(logins)" "" logins
'

test_case 'a role that was not granted: likewise' '
	forget_logins
	query admin once
	expect_status 1
	expect_stdout </dev/null
	expect_stderr <<-\END
	ERR_BAD_REQUEST Request failed with status code 400
	END
	driver admin python
	expect_status 1
	expect_stdout <<-\END
	token request: 400 invalid_scope
	END
	expect_equal "$(logins)" "" logins
'

# nobody_logs_in <<END: Node by the file and by the endpoint, and Go, have no
# token; this is what Go, which asks twice, is told
nobody_logs_in() {
	forget_logins
	query file once
	expect_status 1
	expect_stdout </dev/null
	query oauth once
	expect_status 1
	expect_stdout </dev/null
	driver oauth go
	expect_status 1
	expect_stdout
	expect_equal "$(logins)" "" logins
}

test_case 'a paused grant: no file, no token, no login; resumed, they work' '
	run coco-tokend grant update "$grant" --pause
	expect_status 0
	test ! -e "$token_file" || fail "the token file is there"
	nobody_logs_in <<-\END
	token request: 400 invalid_grant
	token request: 400 invalid_grant
	END
	run coco-tokend grant update "$grant" --resume
	expect_status 0
	wait_for_file "$token_file"
	for name in file oauth; do
		query $name once
		expect_status 0
		expect_stdout <<-\END
		ALICE ANALYST
		END
	done
'

test_case 'a revoked grant: likewise, and for ever' '
	cp "$token_file" first
	run coco-tokend revoke "$grant"
	expect_status 0
	test ! -e "${token_file%/*}" || fail "its directory is there"
	nobody_logs_in </dev/null
	expect_stderr_match "Connection refused"
	# what was handed out before ends by itself
	driver oauth refused first
	expect_stdout <<-\END
	refused 390318
	END
'

# --- refresh tokens that work once -------------------------------------------

# counted: the stand-in's replays and live families, in one line
counted() {
	control | "$lib_python" -c '
import json, sys
state = json.load(sys.stdin)
print(state["counters"]["replays"], state["live_families"])'
}

# renewals: how often tokens were renewed since `forget_logins'; those of dev are
# no more, as its grant has ended
renewals() {
	grep -c '"grant_type": "refresh_token"' "$fake_log"
}

connection=single
make_connection single 'role = "CROWD"' \
	'oauth_enable_single_use_refresh_tokens = true'
if ! coco-credential -c single login 2>>login.log ||
    ! give single single.capability; then
	echo 'Bail out!  no grant for many'
	exit 1
fi
oauth_sandbox crowd single.capability 'role = "CROWD"'
sandbox crowd_file 'authenticator = "OAUTH"' "token_file_path = \"$token_file\""

# The server is slow to answer: the old token is dead while the new one is under
# way, and all who want one meet in that time.
test_case 'many clients, single-use refresh tokens: no replay' '
	control "{\"single_use\": true, \"answer_latency_ms\": 700}" >/dev/null
	forget_logins
	before=$(counted)
	waits=$(metric cache_waits_total)
	pids=
	for way in python go go-body go-refresh jdbc public; do
		inside crowd "$lib_python" "$clients/drivers.py" $way \
			--renewals 2 >crowd.$way 2>&1 &
		pids="$pids $!"
	done
	for place in crowd crowd_file; do
		inside $place node "$clients/query.js" often 120 \
			>crowd.node_$place 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "a client failed"
	done
	for file in crowd.*; do
		expect_equal "$(tail -n 1 "$file")" "ALICE CROWD" "$file"
	done
	expect_equal "$(counted)" "$before" "replays and live families"
	# one for each life, however many ask
	logins | grep " ok$" | sort -u >seen
	expect_equal "$(renewals)" "$(($(wc -l <seen) - 1))" renewals
	test "$(renewals)" -ge 2 || fail "too few renewals"
	test "$(metric cache_waits_total)" -gt "$waits" || fail "nobody waited"
'

test_done
