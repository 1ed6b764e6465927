# SPDX-License-Identifier: GPL-3.0-or-later
# t0340 - key-pair tokens: keys that OpenSSL made in every form, tokens that
# OpenSSL and the stand-in for Snowflake verify, claims to the byte, and what
# is refused without a byte of a key or passphrase being said.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require openssl python3
may_hold_secrets '*.pem' 'keys/*' answer commented

helper=coco-credential-jwt
toml=$HOME/.snowflake/connections.toml
now=1790000000
alphabet='A-Za-z0-9_-'
secret='correct canary Battery-staple'
convert='openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in OLD'\
' -out NEW'
openssl="openssl knows whether it is right, and converts the key: $convert"

# --- keys ------------------------------------------------------------------

mkdir keys
{
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out keys/rsa.pem
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 \
		-out keys/rsa4096.pem
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 \
		-out keys/weak.pem
	for curve in 256 384 521; do
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-$curve \
			-out keys/p$curve.pem
	done
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 \
		-out keys/k256.pem
	openssl genpkey -algorithm ED25519 -out keys/ed25519.pem
	for key in rsa rsa4096 p256 p384 p521; do
		openssl pkey -in keys/$key.pem -pubout -out keys/$key.pub
	done
} >openssl.log 2>&1 || skip_all "openssl makes no keys"

# print_of KEY: the fingerprint, as Snowflake's documentation makes it
print_of() {
	openssl pkey -pubin -in "keys/$1.pub" -outform DER |
		openssl dgst -sha256 -binary | base64
}

# unlined FILE GAP: its text with GAP for each newline
unlined() {
	awk -v gap="$2" '{ printf "%s%s", $0, gap }' "$1"
}

# --- asking ----------------------------------------------------------------

# section LINE...: connections.toml is [k] for key-pair login at the stand-in,
# with these lines
section() {
	{
		printf '%s\n' '[k]' 'account = "fake-account"' \
			'user = "Alice"' 'host = "127.0.0.1"' \
			"port = $fake_port" 'protocol = "http"' \
			'authenticator = "SNOWFLAKE_JWT"'
		printf '%s\n' "$@"
	} | put_file "$toml"
}

# edit SED-ARGUMENT...: change connections.toml
edit() {
	sed "$@" "$toml" >edited
	cat edited >"$toml"
}

# get [LINE...]: ask the helper for the connection's token
get() {
	for get_line in connection=k "$@"; do
		printf '%s\n' "$get_line"
	done >request
	run at_time "$get_when" "$helper" get <request
}
get_when=$now

# token: of the last run
token() {
	stdout | sed -n 's/^password=//p'
}

# part N: the decoded part of the last token
part() {
	token | cut -d. -f"$1" | python3 -c '
import base64, sys
part = sys.stdin.read().strip()
sys.stdout.write(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
                 .decode())'
}

# openssl_verifies KEY DIGEST: the last token's signature
openssl_verifies() {
	token | tr -d '\n' | sed 's/\.[^.]*$//' >signed
	token | python3 -c '
import base64, sys
def number(data):
    data = data.lstrip(b"\0") or b"\0"
    data = (b"\0" if data[0] & 128 else b"") + data
    return bytes((2, len(data))) + data
raw = base64.urlsafe_b64decode(sys.stdin.read().strip().split(".")[2] + "==")
if not sys.argv[1].startswith("rsa"):
    size = {"p256": 32, "p384": 48, "p521": 66}[sys.argv[1]]
    assert len(raw) == 2 * size, len(raw)
    raw = number(raw[:size]) + number(raw[size:])
    head = bytes((0x30, len(raw)) if len(raw) < 128
                 else (0x30, 0x81, len(raw)))
    raw = head + raw
sys.stdout.buffer.write(raw)' "$1" >signature
	openssl dgst "-$2" -verify "keys/$1.pub" -signature signature signed \
		>verify.log 2>&1 || fail "openssl does not verify: $(cat verify.log)"
}

# silent_about FILE...: neither stdout nor stderr has a line of these keys, nor
# the passphrase
silent_about() {
	for silent_file in "$@"; do
		grep -v -e '^-----' -e '^$' -e : "$silent_file" |
		    cut -c 1-40 >needles
		! test -s needles || ! grep -qF -f needles lib/stdout \
		    lib/stderr || fail "a line of $silent_file is printed"
	done
	! grep -qF "$secret" lib/stdout lib/stderr ||
		fail "the passphrase is printed"
}

# register KEY: for ALICE at the stand-in
register() {
	control "$(python3 -c '
import json, sys
print(json.dumps({"public_keys": {"ALICE": open(sys.argv[1]).read()}}))' \
		"keys/$1.pub")" >control.log
}

# signs KEY: the last answer is good, and of this key
signs() {
	expect_status 0
	expect_stderr
	part 2 >claims
	grep -qF "SHA256:$(print_of "$1")\"" claims ||
		fail "not the key $1: $(cat claims)"
}

# ask_server PATH JSON: at the stand-in, with the headers on stdin; prints what
# it answers
ask_server() {
	python3 -c '
import sys, urllib.request
headers = dict(line.rstrip("\n").split(": ", 1) for line in sys.stdin)
headers["Content-Type"] = "application/json"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), headers)
try:
    print(opener.open(request, timeout=20).read().decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())' "$fake_url$1" "$2"
}

start_fake --set account=fake-account

# --- tokens ----------------------------------------------------------------

watch_execs

test_case 'the answer' '
	section "private_key_file = \"$trash/keys/rsa.pem\""
	get protocol=http "host=127.0.0.1:$fake_port" username=ALICE
	expect_status 0
	expect_stderr
	expect_equal "$(stdout | sed "s/^password=.*/password=JWT/")" \
		"username=Alice
password=JWT
password_expiry_utc=1790003540
ephemeral=1
authenticator=SNOWFLAKE_JWT
token_type=KEYPAIR_JWT
issued_utc=1790000000"
	expect_stdout_match \
		"^password=[$alphabet]+\.[$alphabet]+\.[$alphabet]+\$"
	silent_about keys/rsa.pem
'

test_case 'header and claims to the byte' '
	get
	expect_equal "$(part 1)" "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
	expect_equal "$(part 2)" "{\"iss\":\"FAKE-ACCOUNT.ALICE.SHA256:$(
		print_of rsa)\",\"sub\":\"FAKE-ACCOUNT.ALICE\",\
\"iat\":1790000000,\"exp\":1790003540}"
'

# verified KEY ALG DIGEST
verified() {
	section "private_key_file = \"$trash/keys/$1.pem\""
	# r and s begin with zeros now and then
	for round in 1 2 3; do
		get
		signs "$1"
		expect_equal "$(part 1)" "{\"alg\":\"$2\",\"typ\":\"JWT\"}"
		openssl_verifies "$1" "$3"
	done
	register "$1"
	run coco-credential -c k --format header token
	expect_status 0
	expect_stderr
	expect_equal "$(stdout | sed "s/Bearer .*/Bearer JWT/")" \
		"Authorization: Bearer JWT
X-Snowflake-Authorization-Token-Type: KEYPAIR_JWT"
	stdout | ask_server /api/v2/statements \
		"{\"statement\": \"select current_user()\"}" >answer
	grep -qF "[[\"ALICE\"]]" answer || fail "$(cat answer)"
}

for row in 'rsa RS256 sha256' 'rsa4096 RS256 sha256' 'p256 ES256 sha256' \
    'p384 ES384 sha384' 'p521 ES512 sha512'; do
	test_case "OpenSSL and the stand-in verify: $row" "verified $row"
done

test_case 'the stand-in refuses the key of another' '
	section "private_key_file = \"$trash/keys/rsa.pem\""
	coco-credential -c k --format header token |
		ask_server /api/v2/statements "{\"statement\": \"select 1\"}" \
		>answer
	grep -qF 390144 answer || fail "$(cat answer)"
	register rsa
	coco-credential -c k --format header token |
		ask_server /api/v2/statements "{\"statement\": \"select 1\"}" \
		>answer
	grep -qF "[[\"1\"]]" answer || fail "$(cat answer)"
'

test_case 'a driver could log in with it' '
	jwt=$(coco-credential -c k token)
	ask_server /session/v1/login-request "{\"data\": {
		\"AUTHENTICATOR\": \"SNOWFLAKE_JWT\", \"LOGIN_NAME\": \"alice\",
		\"ACCOUNT_NAME\": \"fake-account\", \"TOKEN\": \"$jwt\"}}" \
		</dev/null >answer
	grep -qF "\"success\": true" answer || fail "$(cat answer)"
'

# --- forms of keys ---------------------------------------------------------

# key_form TITLE FILE COMMAND...: a key file that the command makes signs
key_form() {
	form_title=$1
	form_file=$trash/keys/$2
	shift 2
	if ! "$@" >form.out 2>form.log; then
		fail "$form_title: $(cat form.log)"
		return
	fi
	test -s "$form_file" || mv form.out "$form_file"
	chmod 600 "$form_file"
	section "private_key_file = \"$form_file\"" \
		"private_key_file_pwd = \"$secret\""
	get
	signs rsa || note "form: $form_title"
	silent_about "$form_file" keys/rsa.pem
}

pk8() {
	openssl pkcs8 -topk8 -in keys/rsa.pem -passout "pass:$secret" "$@"
}

traditional() {
	openssl rsa -traditional -in keys/rsa.pem -passout "pass:$secret" "$@"
}

test_case 'files that OpenSSL writes' '
	key_form pkcs1 pkcs1.pem traditional
	key_form pkcs1-aes128 t128.pem traditional -aes128
	key_form pkcs1-aes192 t192.pem traditional -aes192
	key_form pkcs1-aes256 t256.pem traditional -aes256
	key_form pkcs1-des3 tdes3.pem traditional -des3
	key_form "as in Snowflake'\''s documentation" des3.p8 pk8 -v2 des3
	key_form pkcs8-default default.p8 pk8
	key_form pkcs8-aes128 a128.p8 pk8 -v2 aes-128-cbc
	key_form pkcs8-aes256-sha1 sha1.p8 pk8 -v2 aes-256-cbc \
		-v2prf hmacWithSHA1
	key_form pkcs8-v1-3des v1.p8 pk8 -v1 PBE-SHA1-3DES
	key_form der rsa.der openssl pkcs8 -topk8 -nocrypt -in keys/rsa.pem \
		-outform DER
	key_form pkcs1-der pkcs1.der openssl rsa -traditional \
		-in keys/rsa.pem -outform DER
	key_form encrypted-der encrypted.der pk8 -outform DER
'

test_case 'files that went through other hands' '
	key_form "one line" one-line unlined keys/rsa.pem ""
	key_form "blanks for newlines" blanks unlined keys/rsa.pem " "
	key_form "one line, encrypted" one-line-t256 unlined keys/t256.pem ""
	key_form "CRLF" crlf sed "s/\$/\r/" keys/rsa.pem
	{ printf "\n  # my key\n"; cat keys/a128.p8; echo end-of-comments; } >commented
	key_form comments comments cat commented
	key_form base64 base64 base64 keys/rsa.der
	key_form "base64 of a PEM" base64-pem base64 keys/default.p8
	key_form "base64 of a PEM of one line" base64-line base64 keys/one-line
'

test_case 'the other elliptic forms' '
	openssl ec -in keys/p256.pem -out keys/sec1.pem 2>ec.log
	openssl ec -in keys/p384.pem -no_public -out keys/half.pem 2>>ec.log
	openssl ec -in keys/p521.pem -aes256 -passout "pass:$secret" \
		-out keys/lines.pem 2>>ec.log
	for pair in sec1:p256 half:p384 lines:p521; do
		section "private_key_file = \"$trash/keys/${pair%:*}.pem\"" \
			"private_key_passphrase = \"$secret\""
		get
		signs "${pair#*:}"
		silent_about "keys/${pair%:*}.pem"
	done
'

# --- where the key is ------------------------------------------------------

test_case 'every name of a file, with ~' '
	cp keys/rsa.pem "$HOME/rsa.pem"
	for name in private_key_file private_key_path; do
		section "$name = \"~/rsa.pem\""
		get
		signs rsa
	done
'

test_case 'every name of a text' '
	base64=$(base64 keys/rsa.der | tr -d "\n")
	section "private_key_raw = \"\"\"
$(cat keys/rsa.pem)
\"\"\""
	get
	signs rsa
	section "private_key_raw = \"\"\"$(cat keys/default.p8)\"\"\"" \
		"private_key_passphrase = \"$secret\""
	get
	signs rsa
	for name in private_key private_key_base64; do
		section "$name = \"$base64\""
		get
		signs rsa
	done
	for name in privatekey privateKey PrivateKey; do
		section "$name = \"$(printf %s "$base64" | tr -d = | tr +/ -_)\""
		get
		signs rsa
	done
	silent_about keys/rsa.pem
'

test_case 'the environment overrides' '
	section "private_key_file = \"/nowhere\""
	SNOWFLAKE_CONNECTIONS_K_PRIVATE_KEY_FILE=$trash/keys/rsa.pem
	export SNOWFLAKE_CONNECTIONS_K_PRIVATE_KEY_FILE
	get
	unset SNOWFLAKE_CONNECTIONS_K_PRIVATE_KEY_FILE
	signs rsa
'

test_case 'and serves where the section has no key' '
	section
	for name in FILE PATH; do
		run env "SNOWFLAKE_PRIVATE_KEY_$name=$trash/keys/rsa.pem" \
			"$helper" get <request
		signs rsa
		expect_no_match "$trash"
	done
	unwatch_execs
	SNOWFLAKE_PRIVATE_KEY_RAW=$(cat keys/p256.pem)
	export SNOWFLAKE_PRIVATE_KEY_RAW
	get
	signs p256
	run "$helper" status <request
	expect_stdout_match \
		"^location=SNOWFLAKE_PRIVATE_KEY_RAW of the environment$"
	# two of them are two keys
	run env SNOWFLAKE_PRIVATE_KEY_FILE="$trash/keys/rsa.pem" \
		"$helper" get <request
	expect_status 1
	expect_stderr_match "SNOWFLAKE_PRIVATE_KEY_FILE $trash/keys/rsa.pem and \
SNOWFLAKE_PRIVATE_KEY_RAW of the environment are different keys$"
	silent_about keys/rsa.pem keys/p256.pem
	# and what the section says wins
	section "private_key_file = \"$trash/keys/rsa.pem\""
	get
	signs rsa
	SNOWFLAKE_PRIVATE_KEY_RAW=
	section
	get
	unset SNOWFLAKE_PRIVATE_KEY_RAW
	watch_execs
	expect_status 3
	expect_stdout
	expect_stderr_match "no private key; set private_key_file$"
'

test_case 'several names of one key' '
	section "private_key_file = \"$trash/keys/rsa.pem\"" \
		"private_key_path = \"$trash/keys/pkcs1.pem\"" \
		"privatekey = \"$(base64 keys/rsa.der | tr -d "=\n" |
			tr +/ -_)\""
	get
	signs rsa
'

test_case 'several different keys' '
	section "private_key_file = \"$trash/keys/rsa.pem\"" \
		"private_key_raw = \"\"\"$(cat keys/p256.pem)\"\"\""
	get
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: private_key_file $trash/keys/rsa.pem and private_key_raw in \
$toml are different keys
	$helper: hint: leave one of them
	END
	silent_about keys/rsa.pem keys/p256.pem
'

# --- passphrases -----------------------------------------------------------

test_case 'every name of a passphrase' '
	for name in private_key_passphrase private_key_file_pwd \
	    private_key_pass private_key_pwd; do
		section "private_key_file = \"$trash/keys/default.p8\"" \
			"$name = \"$secret\""
		get
		signs rsa
	done
	section "private_key_file = \"$trash/keys/default.p8\"" \
		"private_key_pass = \"$secret\"" \
		"private_key_file_pwd = \"$secret\""
	get
	signs rsa
'

test_case 'PRIVATE_KEY_PASSPHRASE wins' '
	section "private_key_file = \"$trash/keys/default.p8\"" \
		"private_key_passphrase = \"canary-wrong\""
	unwatch_execs
	PRIVATE_KEY_PASSPHRASE=$secret
	export PRIVATE_KEY_PASSPHRASE
	get
	signs rsa
	section "private_key_file = \"$trash/keys/default.p8\"" \
		"private_key_passphrase = \"$secret\""
	PRIVATE_KEY_PASSPHRASE=wrong
	get
	PRIVATE_KEY_PASSPHRASE=
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	$helper: private_key_file $trash/keys/default.p8 cannot be decrypted: \
the passphrase is wrong, or the key is damaged
	$helper: hint: the passphrase came from PRIVATE_KEY_PASSPHRASE; $openssl
	END
	silent_about keys/default.p8
	# an empty one is none
	get
	unset PRIVATE_KEY_PASSPHRASE
	watch_execs
	signs rsa
'

test_case 'two passphrases' '
	section "private_key_file = \"$trash/keys/default.p8\"" \
		"private_key_passphrase = \"$secret\"" \
		"private_key_pwd = \"other\""
	get
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: private_key_passphrase and private_key_pwd are two \
passphrases; leave one
	END
	silent_about keys/default.p8
'

test_case 'no passphrase' '
	for file in default.p8 t256.pem encrypted.der; do
		section "private_key_file = \"$trash/keys/$file\""
		get
		expect_status 5
		expect_stdout
		expect_stderr <<-END
		$helper: private_key_file $trash/keys/$file is encrypted, and \
there is no passphrase
		$helper: hint: set PRIVATE_KEY_PASSPHRASE, or \
private_key_passphrase in the connection
		END
		case $file in *.der) ;; *) silent_about "keys/$file" ;; esac
	done
'

test_case 'a wrong passphrase' '
	for file in default.p8 des3.p8 t256.pem tdes3.pem v1.p8; do
		section "private_key_file = \"$trash/keys/$file\"" \
			"private_key_file_pwd = \"$secret.\""
		get
		expect_status 5
		expect_stdout
		expect_stderr <<-END
		$helper: private_key_file $trash/keys/$file cannot be \
decrypted: the passphrase is wrong, or the key is damaged
		$helper: hint: the passphrase came from \
private_key_file_pwd; $openssl
		END
		silent_about "keys/$file"
	done
'

# --- keys that are refused -------------------------------------------------

# refused_key FILE STATUS WORDS [HINT]
refused_key() {
	section "private_key_file = \"$trash/keys/$1\"" \
		"private_key_passphrase = \"$secret\""
	get
	expect_status "$2"
	expect_stdout
	{
		echo "$helper: private_key_file $trash/keys/$1 $3"
		test -z "${4-}" || echo "$helper: hint: $4"
	} >want
	expect_stderr <want
	silent_about "keys/$1"
}

test_case 'encryption that wolfSSL does not read is named' '
	scheme="is encrypted by a scheme that cannot be read here"
	pk8 -scrypt >keys/scrypt.p8
	refused_key scrypt.p8 1 "$scheme (scrypt, aes-256-cbc)" "$convert"
	pk8 -v2 aes-192-cbc >keys/a192.p8
	refused_key a192.p8 1 \
		"$scheme (PBKDF2, hmacWithSHA256, aes-192-cbc)" "$convert"
	pk8 -v2 aes-256-cbc -v2prf hmacWithSHA512 >keys/sha512.p8
	refused_key sha512.p8 1 \
		"$scheme (PBKDF2, hmacWithSHA512, aes-256-cbc)" "$convert"
'

test_case 'the command of the hint mends it' '
	eval "$(printf "%s\n" "$convert" |
		sed "s|OLD|keys/scrypt.p8|; s|NEW|keys/mended.p8|") \
		-passin \"pass:\$secret\" -passout \"pass:\$secret\""
	section "private_key_file = \"$trash/keys/mended.p8\"" \
		"private_key_passphrase = \"$secret\""
	get
	signs rsa
'

test_case 'kinds of keys that Snowflake does not take' '
	refused_key weak.pem 1 "is an RSA key of 1024 bits; at least 2048, \
at most 4096, are needed"
	refused_key k256.pem 1 "is an EC key on a curve other than P-256, \
P-384 and P-521"
	refused_key ed25519.pem 1 "is a key for Ed25519, neither RSA nor EC"
	cp keys/rsa.pub keys/public.pem
	refused_key public.pem 1 "holds \"PUBLIC KEY\", and no private key in \
PEM" "openssl pkey -in OLD -out NEW"
'

test_case 'keys that are damaged' '
	: >keys/empty
	refused_key empty 1 "is empty"
	echo "not a key, really" >keys/text
	refused_key text 1 "is neither PEM nor DER nor base64"
	head -n 8 keys/rsa.pem >keys/half-file
	refused_key half-file 1 "is PEM without its END line"
	sed 5d keys/rsa.pem >keys/lineless
	refused_key lineless 1 "is not a private key"
	sed "5s/...../*****/" keys/rsa.pem >keys/stars
	refused_key stars 1 "is PEM with damaged base64"
	head -c 32769 /dev/zero | tr "\\000" A >keys/long
	refused_key long 1 "is too long for a key"
	sed 5d keys/default.p8 >keys/lineless.p8
	refused_key lineless.p8 1 "is not a private key"
'

test_case 'a key whose parts do not belong together signs nothing' '
	# one changed character of the private exponent
	for line in 13 14; do
		sed "${line}y/abcdefghij/bcdefghija/" keys/rsa.pem >keys/odd
		section "private_key_file = \"$trash/keys/odd\""
		get
		expect_status 1
		expect_stdout
		silent_about keys/odd
	done
'

# --- files that are refused ------------------------------------------------

test_case 'a file that is not there' '
	section "private_key_file = \"~/none.pem\""
	get
	expect_status 3
	expect_stdout
	expect_stderr <<-END
	$helper: private_key_file $HOME/none.pem is not there
	END
'

test_case 'a file that others can write' '
	for mode in 620 602 666; do
		cp keys/rsa.pem open.pem
		chmod $mode open.pem
		section "private_key_file = \"$trash/open.pem\""
		get
		expect_status 5
		expect_stdout
		expect_stderr <<-END
		$helper: private_key_file $trash/open.pem is writable by \
group or others
		END
	done
'

test_case 'a file that others can read' '
	chmod 644 open.pem
	# twice named, once said
	section "private_key_file = \"$trash/open.pem\"" \
		"private_key_path = \"$trash/open.pem\""
	get
	expect_status 0
	expect_stdout_match "^password="
	expect_stderr <<-END
	$helper: private_key_file $trash/open.pem can be read by others: \
make its mode 600
	END
'

test_case 'a directory, a FIFO, a device' '
	mkfifo pipe
	for path in "$trash/keys" "$trash/pipe" /dev/null; do
		section "private_key_file = \"$path\""
		get
		expect_status 5
		expect_stdout
		expect_stderr <<-END
		$helper: private_key_file $path is no regular file
		END
	done
'

test_case 'a file that must not be read' '
	if test "$(id -u)" = 0; then
		skip "root reads everything"
		return
	fi
	cp keys/rsa.pem closed.pem
	chmod 0 closed.pem
	section "private_key_file = \"$trash/closed.pem\""
	get
	expect_status 5
	expect_stdout
	expect_stderr_match "closed.pem Permission denied"
'

# --- whom it answers -------------------------------------------------------

test_case 'another host, protocol or user finds nothing' '
	section "private_key_file = \"$trash/keys/rsa.pem\""
	for line in host=github.com protocol=https username=BOB \
	    "host=127.0.0.1:1"; do
		get "$line"
		expect_status 3
		expect_stdout
		expect_stderr
	done
'

test_case 'without a connection nothing is signed' '
	run "$helper" get <<-END
	protocol=http
	host=127.0.0.1:$fake_port

	END
	expect_status 3
	expect_stdout
	expect_stderr
	run coco-credential --stack jwt get <<-END
	protocol=http
	host=127.0.0.1:$fake_port

	END
	expect_status 3
	expect_stdout
	expect_stderr
'

test_case 'a key makes key-pair login of a section without another' '
	for name in "" "authenticator = \"snowflake\""; do
		section "private_key_file = \"$trash/keys/rsa.pem\""
		edit "s/^authenticator = .*/$name/"
		get
		signs rsa
		expect_stdout_match "^authenticator=SNOWFLAKE_JWT\$"
	done
	for name in OAUTH OAUTH_CLIENT_CREDENTIALS externalbrowser; do
		section "private_key_file = \"$trash/keys/rsa.pem\""
		edit "s/SNOWFLAKE_JWT/$name/"
		get
		expect_status 3
		expect_stdout
		expect_stderr
	done
'

test_case 'no key at all' '
	section
	get
	expect_status 3
	expect_stdout
	expect_stderr <<-END
	$helper: connection "k": no private key; set private_key_file
	END
'

test_case 'it stores and erases nothing' '
	section "private_key_file = \"$trash/keys/rsa.pem\""
	for verb in store erase; do
		run "$helper" $verb <<-END
		connection=k
		password=canary-x

		END
		expect_status 6
		expect_stdout
		expect_stderr
	done
'

# --- accounts, users, times ------------------------------------------------

# subject ACCOUNT USER WANT
subject() {
	section "private_key_file = \"$trash/keys/rsa.pem\""
	edit -e "s|^account = .*|account = \"$1\"|" \
		-e "s|^user = .*|user = '$2'|"
	get
	expect_status 0
	part 2 >claims
	grep -qF "\"sub\":\"$3\"" claims || fail "$1, $2: $(cat claims)"
	grep -qF "\"iss\":\"$3.SHA256:$(print_of rsa)\"" claims ||
		fail "iss of $1: $(cat claims)"
}

test_case 'accounts and users in the claims' '
	subject myorg-acct alice MYORG-ACCT.ALICE
	subject my_org-my_acct Al_Ice MY_ORG-MY_ACCT.AL_ICE
	subject xy12345.us-east-1 ALICE XY12345.ALICE
	subject xy12345.west-europe.azure ALICE XY12345.ALICE
	subject xy12345.us-east-1.privatelink ALICE XY12345.ALICE
	subject myorg-acct.privatelink ALICE MYORG-ACCT.ALICE
	subject acct-abc123.global ALICE ACCT.ALICE
	subject https://MyOrg-Acct.snowflakecomputing.com/ ALICE \
		MYORG-ACCT.ALICE
	subject acct a.b@example.com ACCT.A.B@EXAMPLE.COM
	subject acct "a\"b" "ACCT.A\\\"B"
'

test_case 'organisation.account is refused' '
	section "private_key_file = \"$trash/keys/rsa.pem\""
	edit "s/fake-account/myorg.acct/"
	get
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: connection "k": account "myorg.acct" has a dot between \
organisation and account; write "-" there
	END
'

test_case 'a section without account or user' '
	for word in account user; do
		section "private_key_file = \"$trash/keys/rsa.pem\""
		edit "/^$word =/d"
		get
		expect_status 1
		expect_stdout
		expect_stderr <<-END
		$helper: connection "k": $word is missing, which the token needs
		END
	done
'

test_case 'another lifetime' '
	section "private_key_file = \"$trash/keys/rsa.pem\""
	echo connection=k >request
	for seconds in 60 3540; do
		run at_time $now "$helper" --lifetime $seconds get <request
		expect_status 0
		expect_stdout_match \
			"^password_expiry_utc=$((now + seconds))\$"
		part 2 >claims
		grep -q "\"exp\":$((now + seconds))}" claims || fail "exp"
	done
	for seconds in 59 3541 -1 1h ""; do
		run "$helper" "--lifetime=$seconds" get <request
		expect_status 2
		expect_stdout
	done
'

# --- through the front -----------------------------------------------------

test_case 'get through coco-credential; nothing is stored' '
	section "private_key_file = \"$trash/keys/rsa.pem\"" "role = \"R\""
	run coco-credential get <<-END
	capability[]=authtype
	connection=k

	END
	expect_status 0
	expect_stderr
	expect_stdout_match "^username=Alice\$" "^token_type=KEYPAIR_JWT\$" \
		"^ephemeral=1\$" "^authenticator=SNOWFLAKE_JWT\$"
	expect_equal "$(find "$HOME/.local" -type f ! -name audit.jsonl \
		2>lib/null)" ""
	silent_about keys/rsa.pem
'

test_case 'check' '
	run coco-credential -c k check
	expect_status 0
	expect_stderr
	expect_stdout_match "^authenticator: +SNOWFLAKE_JWT\$" \
		"^stack: +jwt\$" "^from: +built-in jwt\$" "^  get +.* jwt\$"
'

test_case 'status' '
	run "$helper" status <<-END
	connection=k

	END
	expect_status 0
	expect_stderr
	expect_stdout <<-END
	kind=mint
	location=private_key_file $trash/keys/rsa.pem
	encrypted=no
	result=success
	token_type=KEYPAIR_JWT
	public_key=SHA256:$(print_of rsa)
	detail=RSA 2048 key, SHA256:$(print_of rsa), tokens of 3540 s
	END
	run coco-credential -c k status
	expect_status 0
	expect_stderr
	expect_stdout_match "^jwt:\$"
	grep -qF "SHA256:$(print_of rsa)" lib/stdout || fail "no fingerprint"
	silent_about keys/rsa.pem
'

test_case 'status of a key that cannot be read' '
	section "private_key_file = \"$trash/keys/scrypt.p8\"" \
		"private_key_passphrase = \"$secret\""
	run "$helper" status <<-END
	connection=k

	END
	expect_status 1
	expect_stderr
	expect_stdout <<-END
	kind=mint
	location=private_key_file $trash/keys/scrypt.p8
	result=error
	detail=private_key_file $trash/keys/scrypt.p8 is encrypted by a \
scheme that cannot be read here (scrypt, aes-256-cbc)
	END
'

test_case 'token tells what is wrong' '
	run coco-credential -c k token
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: private_key_file $trash/keys/scrypt.p8 is encrypted by a \
scheme that cannot be read here (scrypt, aes-256-cbc)
	$helper: hint: $convert
	coco-credential: no token for connection "k": jwt: error
	coco-credential: hint: coco-credential -c k check
	END
'

test_case 'a stack of ones own may ask for another lifetime' '
	section "private_key_file = \"$trash/keys/rsa.pem\"" \
		"credential_helper = \"short\""
	put_file "$XDG_CONFIG_HOME/coco/stack.d/short" <<-END
	get required jwt --lifetime 120
	END
	run at_time $now coco-credential get <<-END
	connection=k

	END
	expect_status 0
	expect_stdout_match "^password_expiry_utc=$((now + 120))\$"
'

test_done
