# SPDX-License-Identifier: GPL-3.0-or-later
# t0330 - tokens without a person: client credentials, by a secret and by a
# key; what the errors of a token endpoint mean; how long a login lasts.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets '*.pem' request saved

start_fake

# make_machine NAME [LINE...]: a connection with client credentials
make_machine() {
	mkdir -p "$HOME/.snowflake"
	cat >>"$HOME/.snowflake/connections.toml" <<-END
	[$1]
	account = "fake-account"
	user = "SERVICE"
	host = "127.0.0.1"
	port = $fake_port
	protocol = "http"
	authenticator = "oauth_client_credentials"
	END
	shift
	printf '%s\n' "$@" '' >>"$HOME/.snowflake/connections.toml"
}

idp="oauth_token_request_url = \"$fake_url/idp/token\""
id='oauth_client_id = "APP"'
secret='oauth_client_secret = "s+canary/1"'
make_machine machine "$idp" "$id" "$secret" 'role = "R"'
make_machine body "$idp" "$id" "$secret" 'oauth_credentials_in_body = true' \
	'oauth_scope = "session:role:S"'
put_file no-key.pem <"$srcdir/tests/data/key/tokens"
make_machine wrong "$idp" "$id" 'oauth_client_secret = "wr+canary/1"'
make_machine blocked "$idp" "$id" "$secret" 'role = "accountadmin"'
make_machine own "$id" "$secret"
make_machine no_id "$idp"
make_machine no_secret "$idp" "$id"
make_machine plain 'oauth_token_request_url = "http://idp.example/t"' "$id" \
	"$secret"
make_connection dev
control '{"clients": {"APP": {"secret": "s+canary/1", "user": "SERVICE"}}}' \
	>/dev/null

# ask VERB CONNECTION: the helper alone
ask() {
	printf 'connection=%s\n\n' "$2" >request
	run coco-credential-oauth "$1" <request
}

# asked: how many token requests there were; last_fields: of the last one
asked() {
	control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token_total"])'
}

last_fields() {
	tail -n 1 "$fake_log" | python3 -c 'import json, sys
line = json.load(sys.stdin)
print(line["path"], *line["fields"],
      line["headers"].get("authorization", "none").split()[0])'
}

# --- client credentials ----------------------------------------------------

test_case 'client credentials: a token without a login' '
	ask get machine
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^username=SERVICE$" "^password=ver:1-" \
		"^password_expiry_utc=[0-9]+$" "^token_type=OAUTH$"
	expect_no_match "^oauth_refresh_token="
	expect_equal "$(last_fields)" "/idp/token grant_type scope Basic"
	ask get body
	expect_status 0
	expect_equal "$(last_fields)" \
		"/idp/token client_id client_secret grant_type scope none"
	expect_no_match "s.cret"
'

test_case 'a refresh token that comes all the same is not kept' '
	control "{\"machine_refresh\": true}" >/dev/null
	ask get machine
	control "{\"machine_refresh\": false}" >/dev/null
	expect_status 0
	expect_stdout_match "^password=ver:1-"
	expect_no_match "^oauth_refresh_token="
'

test_case 'a refresh token of another time is not sent' '
	cat >request <<-\END
	connection=machine
	oauth_refresh_token=ver:2-old
	state[]=coco:token_origin=https://elsewhere.example

	END
	run coco-credential-oauth get <request
	expect_status 0
	expect_stdout_match "^password=ver:1-"
	expect_equal "$(last_fields)" "/idp/token grant_type scope Basic"
'

test_case 'the front keeps the token until it is stale' '
	before=$(asked)
	run coco-credential -c machine token
	expect_status 0
	expect_stderr </dev/null
	first=$(stdout)
	run coco-credential -c machine token
	expect_status 0
	expect_equal "$(stdout)" "$first" "the second token"
	at_time +300 run coco-credential -c machine token
	expect_equal "$(stdout)" "$first" "the token after five minutes"
	expect_equal "$(asked)" $((before + 1)) "token requests"
	at_time +590 run coco-credential -c machine token
	expect_status 0
	expect_stderr </dev/null
	test "$(stdout)" != "$first" || fail "a stale token was handed out"
	expect_equal "$(asked)" $((before + 2)) "token requests"
'

# changed VALUE KEY: a token of machine with another value of that key
changed() {
	run env "SNOWFLAKE_CONNECTIONS_MACHINE_$2=$1" \
		coco-credential -c machine token
}

test_case 'the token of a former client or token endpoint is not handed out' '
	control "{\"clients\": {\"APP2\": {\"secret\": \"s+canary/1\", \
		\"user\": \"SERVICE\"}}}" >/dev/null
	run coco-credential -c machine token
	first=$(stdout)
	before=$(asked)
	changed APP2 OAUTH_CLIENT_ID
	expect_status 0
	expect_stderr </dev/null
	test "$(stdout)" != "$first" || fail "the token of APP"
	second=$(stdout)
	changed APP2 OAUTH_CLIENT_ID
	expect_equal "$(stdout)" "$second" "the second token of APP2"
	expect_equal "$(asked)" $((before + 1)) "token requests"
	# the one that was stored is of APP2, so it is APP that asks again
	changed "http://localhost:$fake_port/idp/token" OAUTH_TOKEN_REQUEST_URL
	third=$(stdout)
	run coco-credential -c machine token
	expect_status 0
	test "$(stdout)" != "$third" || fail "the token of localhost"
	expect_equal "$(asked)" $((before + 3)) "token requests"
	# and each takes the place of the other
	expect_equal "$(grep -c "connection=machine$" \
		"$HOME/.local/share/coco/credentials")" 1 entries
	# of a secret nobody knows which token it made
	run coco-credential -c machine token
	first=$(stdout)
	changed wr+ng/1 OAUTH_CLIENT_SECRET
	expect_equal "$(stdout)" "$first" "the token with another secret"
'

test_case 'an entry that does not say whose it is is handed out' '
	store=$HOME/.local/share/coco/credentials
	cp "$store" saved
	sed "/coco:token_origin/d; /coco:client_id/d" saved >"$store"
	before=$(asked)
	changed APP2 OAUTH_CLIENT_ID
	cp saved "$store"
	expect_status 0
	expect_equal "$(stdout)" "$first" "token"
	expect_equal "$(asked)" "$before" "token requests"
'

test_case 'login: not needed, but it works and shows that it does' '
	before=$(asked)
	run coco-credential -c body login
	expect_status 0
	expect_stdout </dev/null
	expect_stderr_match "body uses client credentials: no browser"
	run coco-credential -c body token
	expect_status 0
	expect_equal "$(asked)" $((before + 1)) "token requests"
'

test_case 'what is missing is named, and nothing is asked' '
	before=$(asked)
	ask get no_id
	expect_status 1
	expect_stdout </dev/null
	expect_stderr_match "^coco-credential-oauth: connection no_id: \
oauth_client_id is not set: client credentials need an id and a secret"
	ask get no_secret
	expect_status 1
	expect_stderr_match "no_secret: oauth_client_secret is not set"
	ask get plain
	expect_status 1
	expect_stderr_match "oauth_token_request_url must be https"
	expect_no_match "s.cret"
	expect_equal "$(asked)" "$before" "token requests"
'

test_case 'status of a machine' '
	ask status machine
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-END
	kind=mint
	token_endpoint=$fake_url
	client_id=APP
	detail=client secret by HTTP Basic, scope session:role:R, client \
credentials, no login
	END
'

# --- a private key instead of a secret -------------------------------------

keys=$srcdir/tests/data/key
for name in rsa p256 rsa-aes256; do
	put_file "$trash/$name.pem" <"$keys/$name.pem"
done
file=oauth_client_private_key_file
make_machine key "$idp" 'oauth_client_id = "KEY"' "$secret" 'role = "R"' \
	"$file = \"$trash/rsa.pem\""
make_machine key_id "$idp" 'oauth_client_id = "EC"' \
	"$file = \"$trash/p256.pem\"" 'oauth_client_key_id = "k\"1"'
make_machine locked "$idp" 'oauth_client_id = "KEY"' \
	"$file = \"$trash/rsa-aes256.pem\"" "${file}_pwd = \"wr+canary/1\""
make_machine sealed "$idp" 'oauth_client_id = "KEY"' \
	"$file = \"$trash/rsa-aes256.pem\""
make_machine other_key "$idp" 'oauth_client_id = "KEY"' \
	"$file = \"$trash/p256.pem\""
make_machine absent "$idp" 'oauth_client_id = "KEY"' "$file = \"/none/k\""
make_machine no_key "$idp" 'oauth_client_id = "KEY"' \
	"$file = \"$trash/no-key.pem\""
make_connection key_login 'oauth_client_id = "KEY"' \
	"$file = \"$trash/rsa.pem\""
python3 -c '
import json, sys
rsa, ec = (open(path, encoding="ascii").read() for path in sys.argv[1:])
print(json.dumps({"clients": {
    "KEY": {"key": rsa, "user": "SERVICE"},
    "EC": {"key": ec, "user": "SERVICE", "kid": "k\"1"}}}))
' "$keys/rsa-public.pem" "$keys/p256-public.pem" >clients
control "$(cat clients)" >/dev/null

test_case 'private_key_jwt: RSA and EC; no secret, no Basic' '
	for name in key key_id; do
		ask get "$name"
		expect_status 0 || note "$name"
		expect_stderr </dev/null
		expect_stdout_match "^username=SERVICE$" "^password=ver:1-"
	done
	ask get key
	expect_status 0
	expect_equal "$(last_fields)" "/idp/token client_assertion \
client_assertion_type client_id grant_type scope none"
	ask status key
	expect_stdout_match "^detail=private key \(private_key_jwt\), scope "
'

test_case 'private_key_jwt: an assertion is for its minute' '
	at_time -61 ask get key
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "invalid_client: Bad assertion: times\. \(.*key is \
wrong\)"
	at_time -50 ask get key
	expect_status 0
'

test_case 'private_key_jwt: for logins and refreshes as well' '
	browser="python3 $srcdir/tests/fake/browser.py"
	printf "connection=key_login\n\n" >request
	run env BROWSER="$browser" COCO_TEST_BROWSER_OUT="$trash/page" \
		coco-credential-oauth login <request
	expect_status 0
	token=$(stdout | sed -n "s/^oauth_refresh_token=//p")
	cat >request <<-END
	connection=key_login
	oauth_refresh_token=$token
	state[]=coco:token_origin=$fake_url
	state[]=coco:client_id=KEY

	END
	run coco-credential-oauth get <request
	expect_status 0
	expect_stdout_match "^password=ver:1-"
	expect_equal "$(last_fields)" "/oauth/token-request client_assertion \
client_assertion_type client_id grant_type refresh_token none"
'

test_case 'private_key_jwt: keys that will not do' '
	before=$(asked)
	ask get locked
	expect_status 5
	expect_stderr <<-END
	coco-credential-oauth: connection locked: $file \
$trash/rsa-aes256.pem is encrypted with another passphrase than ${file}_pwd
	END
	ask get sealed
	expect_status 5
	expect_stderr_match "sealed: $file .*rsa-aes256.pem is encrypted, and \
${file}_pwd is not set$"
	ask get absent
	expect_status 1
	expect_stderr_match "absent: $file /none/k cannot be read: No \
such file or directory$"
	ask get no_key
	expect_status 1
	expect_stderr_match "no_key: $file .*/no-key.pem "
	chmod 660 rsa.pem
	ask get key
	chmod 600 rsa.pem
	expect_status 5
	expect_stderr_match "$file .*/rsa.pem is writable by group or others$"
	expect_equal "$(asked)" "$before" "token requests"
	ask get other_key
	expect_status 5
	expect_stderr_match "invalid_client: Bad assertion: "
	expect_stdout </dev/null
'

test_case 'private_key_jwt: a key that others can read works, with a warning' '
	chmod 644 rsa.pem
	ask get key
	chmod 600 rsa.pem
	expect_status 0
	expect_stdout_match "^password=ver:1-"
	expect_stderr_match "rsa.pem can be read by others: make its mode 600$"
'

test_case 'private_key_jwt: the right passphrase' '
	sed "s,wr+canary/1,secret," "$HOME/.snowflake/connections.toml" >lib/toml
	put_file "$HOME/.snowflake/connections.toml" <lib/toml
	ask get locked
	expect_status 0
	expect_stdout_match "^password=ver:1-"
'

# --- errors ----------------------------------------------------------------

test_case 'Snowflake itself has no client credentials, and we say so' '
	ask get own
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential-oauth: connection own: $fake_url: \
unsupported_grant_type: Only authorization_code and refresh_token. (this \
token endpoint does not serve this way to get tokens; Snowflake'\''s own serves \
logins and refreshes only)
	coco-credential-oauth: hint: for client credentials or a device login \
set oauth_token_request_url to the token endpoint of an identity provider that \
Snowflake trusts
	END
'

test_case 'a wrong secret, a blocked role: cause and cure' '
	ask get wrong
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "invalid_client: This is an invalid client. \(the \
security integration is absent or disabled .*network policy" \
		"^coco-credential-oauth: hint: check oauth_client_id; "
	expect_no_match "wr[+]ng" "wr%2Bng"
	ask get blocked
	expect_status 5
	expect_stderr_match "invalid_scope: .*\(.* as ACCOUNTADMIN, ORGADMIN" \
		"^coco-credential-oauth: hint: choose another role"
'

test_case 'both shapes of errors, whatever the status' '
	for fault in error:unauthorized_client:5 error:server_error:75 \
	    number:390302:5 number:390309:5 number:390318:5 number:123456:5; do
		control "{\"token_error\": \"${fault%:*}\", \"count\": 1}" \
			>/dev/null
		ask get machine
		expect_status "${fault##*:}" || note "$fault"
		expect_stdout </dev/null || note "$fault"
		name=${fault%:*}
		expect_stderr_match "$fake_url: ${name#*:}: As asked\." ||
			note "$fault"
	done
'

test_case 'invalid_grant: a machine has no login that could be over' '
	control "{\"token_error\": \"error:invalid_grant\", \"count\": 1}" \
		>/dev/null
	ask get machine
	expect_status 5
	expect_no_match "coco-credential login"
'

test_case 'an error by the redirect has its cause and cure as well' '
	BROWSER="python3 $srcdir/tests/fake/browser.py"
	COCO_TEST_BROWSER_OUT=$trash/page
	export BROWSER COCO_TEST_BROWSER_OUT
	for error in 390302 invalid_scope; do
		rm -f page
		control "{\"authorize_error\": \"error:$error\", \
			\"authorize_count\": 1}" >/dev/null
		ask login dev
		wait_for_file page
		expect_status 5
		expect_stdout </dev/null
		expect_stderr_match "refused the login: $error \(" \
			"^coco-credential-oauth: hint: "
		grep -q "refused the login: $error" page || fail "page"
		! grep -q "hint" page || fail "a hint in the page"
	done
'

# --- how long a login lasts ------------------------------------------------

# state_of NAME: the state of the only entry of the store
state_of() {
	sed -n "s/^state\\[\\]=coco:$1=//p" \
		"$HOME/.local/share/coco/credentials"
}

# lived: the life of the login that is recorded, in days
lived() {
	echo $((($(state_of refresh_expiry_utc) - \
		$(state_of refresh_issued_utc)) / 86400))
}

# fresh_token DAYS: as if that many days had passed since now
fresh_token() {
	run at_time $((now + $1 * 86400)) coco-credential -c dev token
	expect_status 0
}

test_case 'a login records how long it lasts; refreshes keep it' '
	rm -rf "$HOME/.local/share/coco"
	control "{\"refresh_ttl\": 864000}" >/dev/null
	now=$(date +%s)
	run at_time "$now" coco-credential -c dev login
	expect_status 0
	expect_equal "$(state_of refresh_issued_utc)" "$now" "issue"
	expect_equal "$(state_of refresh_expiry_utc)" $((now + 864000)) expiry
	fresh_token 3
	expect_stderr </dev/null
	expect_equal "$(state_of refresh_issued_utc)" "$now" "issue"
	expect_equal "$(state_of refresh_expiry_utc)" $((now + 864000)) expiry
'

test_case 'less than a fifth is left: a warning with date and command' '
	fresh_token 8
	expect_stderr </dev/null
	fresh_token 9
	expect_stdout_match "^ver:1-"
	expect_stderr <<-END
	coco-credential-oauth: connection dev: the login ends on \
$(date -u -d "@$((now + 864000))" "+%Y-%m-%d %H:%M") UTC, and cannot be prolonged
	coco-credential-oauth: hint: log in again before: coco-credential \
login -c dev
	END
	run at_time $((now + 9 * 86400)) coco-credential -c dev token
	expect_status 0
	expect_stderr </dev/null
'

test_case 'a new refresh token has the full life again, told or not' '
	control "{\"single_use\": true, \"refresh_ttl\": 1728000}" >/dev/null
	fresh_token 10
	expect_stderr </dev/null
	expect_equal "$(state_of refresh_issued_utc)" $((now + 864000)) issue
	expect_equal "$(lived)" 20 "days of life"
	control "{\"refresh_life_told\": false}" >/dev/null
	fresh_token 11
	expect_stderr </dev/null
	expect_equal "$(state_of refresh_issued_utc)" $((now + 950400)) issue
	expect_equal "$(lived)" 20 "days of life"
	control "{\"single_use\": false, \"refresh_life_told\": true}" \
		>/dev/null
'

test_case 'status shows the end of the login' '
	printf "connection=dev\nstate[]=coco:refresh_expiry_utc=2000000000\n\n" \
		>request
	run coco-credential-oauth status <request
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^refresh_expiry_utc=2000000000$"
	run at_time "$now" coco-credential -c dev status
	expect_status 0
	expect_stdout_match "^  login ends      \
$(date -u -d "@$(state_of refresh_expiry_utc)" "+%Y-%m-%dT%H:%M:%SZ") \(in "
	run coco-credential -c dev --json status
	expect_stdout_match \
		"\"refresh_expiry_utc\":\"$(state_of refresh_expiry_utc)\""
'

test_done
