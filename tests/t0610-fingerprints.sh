# SPDX-License-Identifier: GPL-3.0-or-later
# t0610 - fingerprints: that each long-lived secret of connections and stores is
# found by them, no other, that what cannot be looked at is noted, and that no
# byte of a secret is in what is printed.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require openssl base64
may_hold_secrets '*.pem' 'keys/*' entries request 'box*' pat

store=$XDG_DATA_HOME/coco/credentials
stacks=$XDG_CONFIG_HOME/coco/stack.d
toml=$HOME/.snowflake/connections.toml
now=1790000000
prints=$trash/prints
unset PRIVATE_KEY_PASSPHRASE

# the built-in stacks without the keyring, which a machine may have or not
mkdir -p "$stacks"
for name in oauth other pat; do
	echo "get required file" >"$stacks/$name"
done

mkdir keys
{
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out keys/rsa.pem
	openssl rsa -in keys/rsa.pem -traditional -out keys/pkcs1.pem
	openssl pkcs8 -topk8 -v2 aes-256-cbc -in keys/rsa.pem \
		-passout pass:canary-passphrase -out keys/sealed.pem
	for curve in 256 384; do
		openssl genpkey -algorithm EC \
			-pkeyopt ec_paramgen_curve:P-$curve \
			-out keys/p$curve.pem
	done
	openssl genpkey -algorithm ED25519 -out keys/ed25519.pem
	openssl pkey -in keys/rsa.pem -pubout -out keys/rsa.pub
	openssl pkey -in keys/p256.pem -pubout -out keys/p256.pub
} >openssl.log 2>&1 || skip_all "openssl makes no keys"
# openssl 1.1 writes PKCS#1 without being told
test -s keys/pkcs1.pem ||
	openssl rsa -in keys/rsa.pem -out keys/pkcs1.pem 2>openssl.log

# connection NAME [LINE...]: add one to connections.toml
connection() {
	mkdir -p "${toml%/*}"
	printf '[%s]\naccount = "acme-%s"\nuser = "ALICE"\n' "$1" "$1" >>"$toml"
	shift
	printf '%s\n' "$@" '' >>"$toml"
}

# takes_prints [COMMAND...]: run it, and keep what it prints; nothing in it may
# be a secret, which lib.sh looks for as well
takes_prints() {
	test $# -ne 0 || set -- coco-credential fingerprints
	run "$@"
	expect_status 0
	stdout >"$prints"
	expect_no_match canary "PRIVATE KEY"
	expect_equal "$(sed 1q "$prints")" "coco-fingerprints 1"
	expect_equal "$(sed -n "\$p" "$prints")" end
}

# Records of other tests, and of this user, may be on their way to a store.
unknowns() {
	sed -n "s/^unknown //p" "$prints" | grep -v "/dev/shm/"
}

# finds FILE LINE...: these secrets are in the file, and no other
finds() {
	finds_file=$1
	shift
	run "$builddir/tests/look-for" "$prints" <"$finds_file"
	expect_status 0
	# a name is cut where the tests lie deep, as in `make distcheck'
	expect_equal "$(stdout | sed 's/: .*//' | cut -c 1-120 | sort -u)" \
		"$(printf '%s\n' "$@" | cut -c 1-120 | sort -u)" "in $finds_file"
}

test_case 'nothing is there' '
	takes_prints
	expect_equal "$(grep -c "^print .*connection" "$prints")" 0
	expect_equal "$(unknowns)" ""
'

echo ' pat-in-a-file-canary-1234567890 ' >pat
connection pass 'password = "pass-w\"ord-canary"'
connection pat 'authenticator = "PROGRAMMATIC_ACCESS_TOKEN"' \
	'token = "pat-itself-canary-1234567890"'
connection patfile 'authenticator = "PROGRAMMATIC_ACCESS_TOKEN"' \
	"token_file_path = \"$trash/pat\""
connection fresh 'authenticator = "OAUTH"' "token_file_path = \"$trash/pat\""
connection idp 'authenticator = "OAUTH_AUTHORIZATION_CODE"' \
	'oauth_client_secret = "client-canary-secret"'
connection rsa "private_key_file = \"$trash/keys/rsa.pem\""
connection sealed "private_key_path = \"$trash/keys/sealed.pem\"" \
	'private_key_file_pwd = "canary-passphrase"'
connection ec "private_key_raw = \"\"\"$(cat keys/p256.pem)\"\"\""
in_pass='password of connection pass'
in_rsa='private key of connection rsa'
in_sealed='private key of connection sealed'
in_ec='private key of connection ec'

test_case 'variables' '
	export SNOWFLAKE_CONNECTIONS_PASS_PASSWORD=over-canary-ridden
	export PRIVATE_KEY_PASSPHRASE=canary-passphrase
	takes_prints env PAT_ACME-PASS=pat-canary-of-variable \
		coco-credential fingerprints
	unset SNOWFLAKE_CONNECTIONS_PASS_PASSWORD PRIVATE_KEY_PASSPHRASE
	echo over-canary-ridden pat-canary-of-variable >box
	finds box "$in_pass" \
		"programmatic access token in the environment of connection pass"
'

# what a test puts into variables, it would see
watch_execs

test_case 'what connections hold or name' '
	takes_prints
	expect_stderr
	expect_equal "$(unknowns)" ""
	finds "$toml" "$in_pass" "token of connection pat" \
		"OAuth client secret of connection idp" "$in_ec" \
		"passphrase of the private key of connection sealed"
	finds pat "token file of connection patfile"
'

test_case 'keys in any wrapping' '
	for form in pem pkcs1; do
		test $form = pem || finds keys/pkcs1.pem "$in_rsa" "$in_sealed"
		finds keys/rsa.pem "$in_rsa" "$in_sealed"
	done
	finds keys/sealed.pem "$in_sealed"
	finds keys/p256.pem "$in_ec"
	openssl pkey -in keys/rsa.pem -outform DER -out keys/rsa.der
	finds keys/rsa.der "$in_rsa" "$in_sealed"
	tr "\n" "~" <keys/rsa.pem | sed "s/~/\\\\n/g" >keys/escaped
	finds keys/escaped "$in_rsa" "$in_sealed"
	base64 keys/rsa.pem >keys/twice
	finds keys/twice "$in_rsa" "$in_sealed"
	base64 keys/p256.pem >keys/twice
	finds keys/twice "$in_ec"
	tar cf keys/tar keys/rsa.pem keys/p256.pem
	finds keys/tar "$in_rsa" "$in_sealed" "$in_ec"
'

test_case 'what is public, or somebody else'\''s, is not found' '
	finds keys/rsa.pub
	finds keys/p256.pub
	finds keys/p384.pem
	finds "$builddir/coco-credential"
	printf "pass-w\"ord-canarx pass-w\"ord" >box
	finds box
'

test_case 'forms of a password' '
	for text in "{\"p\": \"pass-w\\\"ord-canary\"}" \
	    "u:pass-w%22ord-canary@h" \
	    "$(printf "u:pass-w\"ord-canary" | base64)"; do
		printf "%s\n" "$text" >box
		finds box "$in_pass"
	done
'

test_case 'what cannot be looked at is noted' '
	cp "$toml" saved.toml
	connection short "password = \"1234567\""
	connection odd "private_key_file = \"$trash/keys/ed25519.pem\""
	connection open "private_key_file = \"$trash/keys/p384.pem\""
	connection wrong "private_key_file = \"$trash/keys/sealed.pem\"" \
		"private_key_pwd = \"another-canary\""
	printf "[bad]\npassword = \"canary-of-bad\"\n" >>"$toml"
	printf "[connections.hidden]\n" >"${toml%/*}/config.toml"
	chmod 666 keys/p384.pem
	takes_prints
	unknowns >got
	stderr | sed -n "s/.*not looked for: //p" >told
	diff got told >told.diff || fail "$(cat told.diff)"
	sed "s/: .*//" got >names
	expect_file names <<-END
	password of connection short
	private key of connection odd
	private key of connection open
	private key of connection wrong
	secrets of connection bad
	connections of config.toml
	END
	finds keys/sealed.pem "$in_sealed" "private key of connection wrong"
	chmod 600 keys/p384.pem
	rm "${toml%/*}/config.toml"
	mv saved.toml "$toml"
'

test_case 'a file of connections that cannot be read' '
	mv "$toml" saved.toml
	put_file "$toml" <<-\END
	[dev
	END
	takes_prints
	expect_equal "$(unknowns | sed "s/: .*//")" "secrets of connections"
	mv saved.toml "$toml"
'

put_file entries <<END
# coco credentials 1
protocol=https
host=acme.snowflakecomputing.com
username=ALICE
password=canary-access-token-of-dev
password_expiry_utc=$((now + 600))
oauth_refresh_token=canary-refresh-token-of-dev
connection=dev
issued_utc=$now

protocol=https
host=acme.snowflakecomputing.com
username=ALICE
password=canary-access-token-of-old
password_expiry_utc=$((now - 600))
oauth_refresh_token=canary-refresh-token-of-old
connection=old
issued_utc=$((now - 1200))

protocol=https
host=git.example.org
username=bob
password=canary-password-of-bob

protocol=https
host=git.example.org
username=carol
password=canary-password-of-carol
password_expiry_utc=$((now + 8640000))

protocol=https
host=two.example.org
path=a
username=dave
password=canary-password-of-dave-a

protocol=https
host=two.example.org
username=dave
password=canary-password-of-dave

END

test_case 'what a file store keeps' '
	mkdir -p "${store%/*}"
	cp entries "$store"
	takes_prints at_time $now coco-credential fingerprints
	in_store="in the file store $store"
	finds entries "refresh token of connection dev $in_store" \
		"refresh token of connection old $in_store" \
		"password or token of bob at git.example.org $in_store" \
		"password or token of carol at git.example.org $in_store" \
		"password or token of dave at two.example.org $in_store"
	# a request without a path could be answered by the one with
	expect_equal "$(unknowns | cut -c 1-120)" "$(
		echo "secrets of dave at two.example.org $in_store: another entry" |
			cut -c 1-120)"
'

test_case 'each store of all stacks; a sealed one and its key' '
	head -c 32 /dev/urandom | base64 >keys/seal
	(umask 077 && head -c 32 /dev/urandom | base64 >"$HOME/seal")
	cat >"$stacks/mine" <<-END
	get  sufficient  sealed key-file=$trash/keys/seal file=$trash/box.sealed
	get  sufficient  sealed key-file=~/seal file=$trash/box.other
	get  required    file --file=$trash/box.second
	END
	printf "%s\n" protocol=https host=s.example username=u \
		password=canary-in-sealed "" >request
	coco-credential-sealed --key-file="$trash/keys/seal" \
		--file="$trash/box.sealed" store <request
	sed s/in-sealed/in-second/ request |
		coco-credential-file --file="$trash/box.second" store
	takes_prints
	echo canary-in-sealed >box
	finds box "password or token of u at s.example in the sealed store \
$trash/box.sealed"
	echo canary-in-second >box
	finds box "password or token of u at s.example in the file store \
$trash/box.second"
	finds keys/seal "key-file $trash/keys/seal"
	finds "$HOME/seal" "key-file ~/seal"
'

test_case 'stores that cannot be asked are noted' '
	echo other >keys/seal
	chmod 644 box.second
	echo "get required /bin/foreign" >"$stacks/foreign"
	echo "get nonsense file" >"$stacks/faulty"
	takes_prints
	unknowns | sed "s/:.*//" | sort >names
	grep -v dave names >got
	expect_file got <<-END
	key-file $trash/keys/seal
	the file store $trash/box.second
	the sealed store $trash/box.sealed
	what helper /bin/foreign keeps
	what stack faulty keeps
	END
	rm "$stacks/foreign" "$stacks/faulty" "$stacks/mine"
'

test_case 'what is on its way to a store' '
	mkdir -p "$XDG_STATE_HOME/coco/spool"
	chmod 700 "$XDG_STATE_HOME/coco" "$XDG_STATE_HOME/coco/spool"
	put_file "$XDG_STATE_HOME/coco/spool/0123456789abcdef" <<-END
	protocol=https
	host=acme.snowflakecomputing.com
	connection=dev
	oauth_refresh_token=canary-refresh-in-spool
	END
	put_file "$XDG_STATE_HOME/coco/spool/0123456789abcdee" <<-END
	nonsense
	END
	takes_prints
	echo canary-refresh-in-spool >box
	finds box "refresh token of connection dev in \
$XDG_STATE_HOME/coco/spool/0123456789abcdef"
	unknowns | grep -q "^what is in .*/spool/0123456789abcdee: " ||
		fail "nothing is said of what is no record"
	rm -r "$XDG_STATE_HOME/coco/spool"
'

test_case 'no two sets are alike' '
	takes_prints
	cp "$prints" first
	takes_prints
	sort first "$prints" | grep "^[kp]" | uniq -d >same
	expect_file same </dev/null
'

test_case 'the program itself, and its usage' '
	takes_prints coco-credential-fingerprints --timeout 20
	finds keys/p256.pem "$in_ec"
	run coco-credential-fingerprints get
	expect_status 2
	run coco-credential-fingerprints --timeout 0
	expect_status 2
	expect_stdout
	run env COCO_TOKEND=tcp:127.0.0.1:1 coco-credential fingerprints
	expect_no_match "^print"
'

test_case 'who cannot write says so' '
	run sh -c "coco-credential fingerprints >/dev/full"
	expect_status 75
	run sh -c "coco-credential-fingerprints >/dev/full"
	expect_status 1
	expect_stderr_match "there are no fingerprints"
'

test_done
