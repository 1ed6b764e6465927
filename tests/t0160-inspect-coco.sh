# SPDX-License-Identifier: GPL-3.0-or-later
# t0160 - a login of inspect-coco is taken over from its file and from the
# keyring, and only what was taken over is deleted; what others made or could
# have changed is refused (T19).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/keyring.sh
# shellcheck disable=SC2016,SC2034,SC2059,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets want real.json
may_print_secrets '* import'

inspect=coco-credential-inspect-coco
file=$HOME/.snowflake/inspect-coco-oauth.json
request='protocol=https\nhost=my-org-dev.snowflakecomputing.com\nconnection=dev\n'
token='oauth_refresh_token=canary-rt-1\n'

put_file "$HOME/.snowflake/connections.toml" <<-\END
	[dev]
	account = "my_org-dev"
	user = "ALICE"
	authenticator = "OAUTH_AUTHORIZATION_CODE"

	[url]
	account = "https://My_Org-Dev.snowflakecomputing.com/"
	user = "ALICE"
	authenticator = "OAUTH_AUTHORIZATION_CODE"

	[full]
	account = "my_org-dev.snowflakecomputing.com"
	user = "ALICE"
	authenticator = "OAUTH_AUTHORIZATION_CODE"

	[other]
	account = "otherorg-dev"
	user = "ALICE"
	authenticator = "OAUTH_AUTHORIZATION_CODE"
END

# inspect_coco_wrote [ROLE]: as its save_tokens() does, but 0600 at once; ROLE
# is JSON
inspect_coco_wrote() {
	rm -rf "$file"
	put_file "$file" <<-END
	{
	  "access_token": "canary-at-1",
	  "refresh_token": "canary-rt-1",
	  "expires_at": 1764000000.25,
	  "account": "my-org-dev",
	  "role": ${1-null}
	}
	END
}

# ask VERB REQUEST: of $helper; REQUEST is a printf format
ask() {
	printf "$2" >request
	# shellcheck disable=SC2086 # a helper and its arguments
	run timeout 120 $helper "$1" <request
}

# imports REQUEST ANSWER
imports() {
	ask import "$1"
	expect_status 0
	expect_stderr
	printf "$2" >want
	expect_stdout <want
}

imports_nothing() {
	ask import "$1"
	expect_status 3
	expect_stdout
	expect_stderr
}

# refuses REGEX [STATUS]: neither imported nor deleted
refuses() {
	for verb in import import-erase; do
		ask "$verb" "$request$token"
		expect_status "${2-5}"
		expect_stdout
		expect_stderr_match "$1"
		expect_no_match canary-rt-1 canary-at-1
	done
	ls -d "$file" >/dev/null || fail 'it is gone'
}

# --- the file --------------------------------------------------------------

helper=$inspect

test_case 'no file: nothing is found in silence' '
	imports_nothing "$request"
	imports_nothing "protocol=https\nhost=github.com\n"
	ask import-erase "$request$token"
	expect_status 3
	expect_stderr
'

test_case 'the user and the refresh token, and nothing else' '
	inspect_coco_wrote
	imports "$request" "username=ALICE\n$token"
	imports "${request}username=BOB\nrole=R1\n" "username=BOB\n$token"
'

test_case 'and the role, if there is one' '
	inspect_coco_wrote "\"ANALYST\""
	imports "$request" "username=ALICE\n${token}role=ANALYST\n"
	inspect_coco_wrote "\"\""
	imports "$request" "username=ALICE\n$token"
'

test_case 'accounts are compared as inspect-coco writes them' '
	inspect_coco_wrote
	imports "connection=url\n" "username=ALICE\n$token"
	imports "connection=full\n" "username=ALICE\n$token"
	imports_nothing "connection=other\n"
	imports_nothing "host=my-org-dev.snowflakecomputing.com\nprotocol=https\n"
	ask import-erase "connection=other\n$token"
	expect_status 3
	test -e "$file" || fail "it is gone"
'

test_case 'a connection that is not there' '
	ask import "connection=nix\n"
	expect_status 3
	expect_stdout
	expect_stderr_match "nix"
'

test_case 'SNOWFLAKE_HOME says where' '
	mkdir -p -m 700 elsewhere
	mv "$file" elsewhere/
	cp "$HOME/.snowflake/connections.toml" elsewhere/
	imports_nothing "$request"
	(
		SNOWFLAKE_HOME=$trash/elsewhere
		export SNOWFLAKE_HOME
		imports "$request" "username=ALICE\n$token"
	)
	mv elsewhere/inspect-coco-oauth.json "$file"
'

test_case 'deleted is what was taken over, by its token' '
	ask import-erase "$request"
	expect_status 5
	expect_stderr_match "nothing is deleted without"
	ask import-erase "${request}oauth_refresh_token=canary-rt-2\n"
	expect_status 3
	expect_stderr_match "has another refresh token by now, and stays"
	ask import-erase "${request}oauth_refresh_token=canary-rt-11\n"
	expect_status 3
	test -e "$file" || fail "it is gone"
	ask import-erase "$request$token"
	expect_status 0
	expect_stdout
	expect_stderr
	test ! -e "$file" || fail "it is still there"
	imports_nothing "$request"
'

test_case 'T19: links are refused' '
	inspect_coco_wrote
	mv "$file" real.json
	ln -s "$trash/real.json" "$file"
	refuses "inspect-coco-oauth.json is a symbolic link"
	rm "$file"
	ln real.json "$file"
	refuses "inspect-coco-oauth.json has another name"
	rm "$file"
	expect_equal "$(grep -c canary-rt-1 real.json)" 1
'

test_case 'T19: a FIFO or a directory is refused, and not waited for' '
	mkfifo -m 600 "$file"
	refuses "is not a regular file"
	rm "$file"
	mkdir "$file"
	refuses "is not a regular file"
	rmdir "$file"
'

foreign_owner() {
	if test "$(id -u)" -ne 0; then
		skip 'needs root'
		return
	fi
	inspect_coco_wrote
	chown 65534 "$file"
	refuses 'inspect-coco-oauth.json belongs to another user'
}
test_case 'T19: the file of another user is refused' foreign_owner

test_case 'T19: writable by others is refused, readable is a warning' '
	inspect_coco_wrote
	for mode in 620 602 666; do
		chmod $mode "$file"
		refuses "inspect-coco-oauth.json is writable by group or others"
	done
	for mode in 640 604 644; do
		chmod $mode "$file"
		ask import "$request"
		expect_status 0
		expect_stdout_match "^oauth_refresh_token=canary-rt-1$"
		expect_stderr_match "could be read by others"
	done
'

test_case 'T19: a directory that others can write to is refused' '
	inspect_coco_wrote
	chmod 770 "$HOME/.snowflake"
	refuses "writable by group or others"
	chmod 700 "$HOME/.snowflake"
'

test_case 'T19: only strict JSON is read' '
	for text in "" "[]" "{" "{\"refresh_token\": \"canary-rt-1\",}" \
	    "{\"account\": \"my-org-dev\", \"refresh_token\": \"canary-rt-1\"} x" \
	    "{\"account\": \"x\", \"account\": \"my-org-dev\", \"refresh_token\": \"canary-rt-1\"}"
	do
		printf "%s" "$text" | put_file "$file"
		refuses "is not one JSON object" 1
	done
	head -c 140000 /dev/zero | tr "\000" " " | put_file "$file"
	refuses "is too long" 1
'

test_case 'T19: a login without token or account is none' '
	for text in "{}" "{\"account\": \"my-org-dev\"}" \
	    "{\"refresh_token\": \"canary-rt-1\"}" \
	    "{\"account\": 5, \"refresh_token\": \"canary-rt-1\"}" \
	    "{\"account\": \"my-org-dev\", \"refresh_token\": 5}"
	do
		printf "%s" "$text" | put_file "$file"
		imports_nothing "$request"
	done
'

test_case 'T19: no value forges another attribute' '
	printf "%s" "{\"account\": \"my-org-dev\", \
\"refresh_token\": \"canary-rt-1\\nhost=evil\"}" |
		put_file "$file"
	ask import "$request"
	expect_status 1
	expect_stdout
	expect_stderr_match "control characters"
	inspect_coco_wrote "\"R\\nhost=evil\""
	ask import "$request"
	expect_status 1
	expect_stdout
	expect_stderr_match "control characters"
	inspect_coco_wrote
	rm "$file"
'

test_case 'it is no store and no source for git' '
	ask get "$request"
	expect_status 6
	expect_stdout
	run $inspect capability
	expect_stdout_match "^capability coco-import$" \
		"^capability coco-import-erase$"
'

# --- the keyring -----------------------------------------------------------

for program in dbus-daemon gdbus gnome-keyring-daemon secret-tool \
    coco-credential-libsecret; do
	if ! command -v $program >/dev/null; then
		note "the keyring is not tested: no $program"
		test_done
	fi
done
. "$srcdir/tests/keyring.sh"
start_keyring
helper='coco-credential-libsecret timeout=60'

# keyring_put SERVICE USER TEXT: as python-keyring does
keyring_put() {
	printf "$3" >text
	secret-tool store --label="Password for '$2' on '$1'" \
		application 'Python keyring library' service "$1" \
		username "$2" <text
}

has_item() {
	secret-tool lookup service "$1" username "$2" >/dev/null
}

service=my-org-dev.inspect-coco

test_case 'keyring: nothing is found in silence' '
	imports_nothing "$request"
	ask import-erase "$request$token"
	expect_status 3
	expect_stderr
'

test_case 'keyring: the token, and the role of its metadata' '
	keyring_put $service refresh_token canary-rt-1
	imports "$request" "username=ALICE\n$token"
	keyring_put $service token_metadata \
		"{\"access_token\": \"canary-at-1\", \"expires_at\": 1764000000.25, \
\"role\": \"ANALYST\"}"
	imports "$request" "username=ALICE\n${token}role=ANALYST\n"
	imports "connection=url\nusername=BOB\n" \
		"username=BOB\n${token}role=ANALYST\n"
	imports_nothing "connection=other\n"
	keyring_put $service token_metadata \
		"{\"access_token\": \"canary-at-1\", \"expires_at\": 5, \"role\": null}"
	imports "$request" "username=ALICE\n$token"
'

test_case 'keyring: deleted is what was taken over, and nothing else' '
	keyring_put otherorg-dev.inspect-coco refresh_token canary-rt-o
	keyring_put $service another-user x
	secret-tool store --label=x xdg:schema org.coco.Credential \
		username refresh_token service x <text
	ask import-erase "$request"
	expect_status 5
	ask import-erase "${request}oauth_refresh_token=canary-rt-2\n"
	expect_status 3
	expect_stderr_match "has another refresh token by now, and stays"
	has_item $service refresh_token || fail "the token is gone"
	has_item $service token_metadata || fail "the metadata is gone"
	ask import-erase "$request$token"
	expect_status 0
	expect_stdout
	expect_stderr
	has_item $service refresh_token && fail "the token is still there"
	has_item $service token_metadata && fail "the metadata is still there"
	has_item $service another-user || fail "another user is gone"
	has_item otherorg-dev.inspect-coco refresh_token ||
		fail "another account is gone"
	has_item x refresh_token || fail "an item of coco is gone"
	imports_nothing "$request"
'

test_case 'keyring: what is no token or no metadata is refused' '
	keyring_put $service refresh_token "canary-rt-1\nhost=evil"
	ask import "$request"
	expect_status 1
	expect_stdout
	expect_stderr_match "control characters"
	keyring_put $service refresh_token "canary-rt-1\000x"
	ask import "$request"
	expect_status 1
	expect_stdout
	expect_no_match canary-rt-1
	keyring_put $service refresh_token canary-rt-1
	keyring_put $service token_metadata "no JSON"
	ask import "$request"
	expect_status 1
	expect_stdout
	expect_stderr_match "is no JSON object"
'

test_case 'keyring: locked' '
	keyring_put $service token_metadata "{}"
	lock_keyring
	ask import "$request"
	expect_status 75
	expect_stdout
	expect_stderr_match "the keyring is locked" "hint: unlock it with"
	ask import-erase "$request$token"
	expect_status 75
	unlock_keyring
	imports "$request" "username=ALICE\n$token"
'

test_case 'keyring: not there' '
	stop_daemon
	ask import "$request"
	expect_status 75
	expect_stdout
	expect_stderr
'

keyring_done
