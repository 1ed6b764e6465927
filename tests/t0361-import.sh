# SPDX-License-Identifier: GPL-3.0-or-later
# t0361 - import inspect-coco: its login is confirmed, stored, read back, and
# then deleted where it was; a hostile or stale one stays and harms nothing
# (T19).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/keyring.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets entry json.newer
. "$srcdir/tests/keyring.sh"

json=$HOME/.snowflake/inspect-coco-oauth.json
store=$XDG_DATA_HOME/coco/credentials
put_file "$XDG_CONFIG_HOME/coco/stack.d/one" <<END
get    [success=done not_found=ignore expired=ignore default=die]  file
get    required  oauth
store  required  file
erase  required  file
END
start_fake --set account=FAKE-ACCOUNT
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
make_connection dev 'role = "ANALYST"' 'credential_helper = "one"'
make_connection other 'role = "OTHER"' 'credential_helper = "one"'
make_connection pat 'credential_helper = "pat"'

# mint [USER [ROLE]]: a single-use refresh token, in $token
mint() {
	token=$(control "{\"mint\": {\"user\": \"${1:-ALICE}\", \
		\"single_use\": true, \
		\"scope\": \"refresh_token session:role:${2:-ANALYST}\"}}" |
		python3 -c 'import json, sys
print(json.load(sys.stdin)["minted"]["refresh_token"])')
}

# left_file [ROLE]: what inspect-coco leaves without a keyring
left_file() {
	put_file "$json" <<-END
	{
	  "access_token": "at-1",
	  "refresh_token": "$token",
	  "expires_at": 1764000000.25,
	  "account": "fake-account",
	  "role": "${1:-ANALYST}"
	}
	END
}

left_keyring() {
	printf '%s' "$token" | secret-tool store --label=x \
		service fake-account.inspect-coco username refresh_token \
		application 'Python keyring library'
}

# of NAME: a number of the stand-in's
of() {
	control | python3 -c 'import json, sys
state = json.load(sys.stdin)
print({"refreshes": state["counters"]["token"].get("refresh_token", 0),
       "replays": state["counters"]["replays"],
       "sessions": state.get("sessions", 0)}[sys.argv[1]])' "$1"
}

import() {
	run coco-credential -c "${1:-dev}" import inspect-coco
}

# The login is still where it was, and we have none.
expect_untouched() {
	grep -q "$token" "$json" || fail "it is gone from the file"
	! grep -q oauth_refresh_token "$store" 2>lib/null || fail "it was stored"
}

watch_execs

test_case 'how to call it' '
	run coco-credential import
	expect_status 2
	expect_stderr_match "import inspect-coco"
	run coco-credential -c dev import keepass
	expect_status 2
	expect_stderr <<-\END
	coco-credential: keepass: logins of that program are not known here
	coco-credential: hint: coco-credential import inspect-coco
	END
	run coco-credential -c dev import inspect-coco more
	expect_status 2
'

test_case 'nothing to import' '
	import
	expect_status 3
	expect_stdout
	expect_stderr_match "left no login for connection \"dev\""
'

test_case 'a connection without a login' '
	import pat
	expect_status 6
	expect_stderr_match "has no login that could be moved"
'

test_case 'a login in the file is moved' '
	mint
	left_file
	import
	expect_status 0
	expect_stdout
	expect_stderr_match "\"dev\" is logged in with what was in inspect-coco"
	expect_no_match "$token"
	test ! -e "$json" || fail "the file is still there"
	for event in "refresh.*confirm" "erase.*import-erase"; do
		grep -q "\"event\":\"$event" "$XDG_STATE_HOME/coco/audit.jsonl" ||
			fail "no $event in the audit log"
	done
	run coco-credential -c dev token
	expect_status 0
	expect_equal "$(of refreshes)" 1 "refreshes"
	run at_time +1000 coco-credential -c dev token
	expect_status 0
	expect_equal "$(of replays)" 0 replays
'

test_case 'a login that we have is worth more' '
	mint
	left_file
	import
	expect_status 5
	expect_stderr_match "logged in already; nothing was moved" \
		"hint: .*coco-credential -c dev logout"
	grep -q "$token" "$json" || fail "it is gone"
	run coco-credential -c dev logout
	expect_status 0
'

test_case 'T19: the login of another user' '
	mint MALLORY
	left_file
	import
	expect_status 5
	expect_stderr_match "was not moved \(denied\)"
	expect_untouched
	run coco-credential -c dev token
	expect_status 4
'

test_case 'T19: another role, said by the file' '
	mint ALICE OTHER
	left_file OTHER
	before=$(of refreshes)
	import
	expect_status 5
	expect_stderr_match "is for role OTHER, .* role is ANALYST"
	expect_equal "$(of refreshes)" "$before" refreshes
	expect_untouched
'

test_case 'T19: another role, not said by the file' '
	left_file ANALYST
	import
	expect_status 5
	expect_untouched
'

test_case 'T19: a dead refresh token' '
	mint
	control "{\"revoke_all\": true}" >/dev/null
	left_file
	import
	test "$status" -ne 0 || fail "imported"
	expect_stderr_match "was not moved"
	expect_untouched
'

test_case 'T19: a link, and a file that others could have written' '
	mint
	left_file
	before=$(of refreshes)
	mv "$json" real
	ln -s "$PWD/real" "$json"
	import
	expect_status 5
	expect_equal "$(of refreshes)" "$before" refreshes
	rm "$json"
	mv real "$json"
	chmod 620 "$json"
	import
	expect_status 5
	expect_equal "$(of refreshes)" "$before" refreshes
	chmod 600 "$json"
	expect_untouched
'

test_case 'T19: a file of somebody else' '
	if test "$(id -u)" -ne 0; then
		skip "needs root"
		return
	fi
	before=$(of refreshes)
	chown 65534 "$json"
	import
	expect_status 5
	expect_equal "$(of refreshes)" "$before" refreshes
	chown 0 "$json"
	expect_untouched
'

test_case 'a store that cannot be written: nothing is redeemed' '
	before=$(of refreshes)
	rm -f "$store.lock"
	mkdir "$store.lock"
	import
	expect_status 75
	expect_equal "$(of refreshes)" "$before" refreshes
	rmdir "$store.lock"
	expect_untouched
'

test_case 'what a killed import leaves behind is no login' '
	mint
	left_file
	printf "connection=dev\nprotocol=http\nhost=127.0.0.1:%s\n%s\n\n" \
		"$fake_port" "role=ANALYST
username=ALICE
oauth_refresh_token=$token" >entry
	coco-credential-file store <entry
	run coco-credential -c dev token
	expect_status 5
	import
	expect_status 0
	run coco-credential -c dev token
	expect_status 0
	run coco-credential -c dev logout
	expect_status 0
'

# while_importing NAME: a connection to the stand-in during whose import, between the
# look at the file and its end, the script NAME runs
while_importing() {
	put_file "$XDG_CONFIG_HOME/coco/stack.d/$1" <<-END
	get    [success=done not_found=ignore expired=ignore default=die]  file
	get    required  oauth
	store  required  file
	store  optional  !cat >/dev/null; sh $trash/$1; :
	erase  required  file
	END
	make_connection "$1" "role = \"ANALYST\"" "credential_helper = \"$1\""
}

# front_said <<END: what else than the helpers, and of the keyring, was said
front_said() {
	grep -v -e "^coco-credential-" -e "libsecret cannot be looked at" \
		lib/stderr >front
	cp front lib/stderr
	expect_stderr
}

test_case 'a login that inspect-coco makes meanwhile stays' '
	while_importing newer
	mint
	left_file
	mint
	newer=$token
	sed "s|ver:2-[^\"]*|$token|" "$json" >json.newer
	echo "cp $trash/json.newer $json" >"$trash/newer"
	import newer
	expect_status 0
	expect_stdout
	front_said <<-END
	coco-credential: connection "newer" is logged in with what was in inspect-coco
	coco-credential: inspect-coco has logged in anew meanwhile: that login \
stays in inspect-coco, and connection "newer" has the one from before
	coco-credential: hint: to use the new one instead: coco-credential -c \
newer logout; coco-credential -c newer import inspect-coco
	END
	grep -qF "$newer" "$json" || fail "the newer one is gone"
	run coco-credential -c newer token
	expect_status 0
	# and the hint is right
	echo : >"$trash/newer"
	run coco-credential -c newer logout
	import newer
	expect_status 0
	test ! -e "$json" || fail "the file is still there"
	run coco-credential -c newer token
	expect_status 0
'

test_case 'nothing is wrong with one that is gone by itself' '
	while_importing gone
	echo "rm -f $json" >"$trash/gone"
	mint
	left_file
	import gone
	expect_status 0
	front_said <<-\END
	coco-credential: connection "gone" is logged in with what was in inspect-coco
	END
'

start_keyring

test_case 'a login in the keyring is moved' '
	rm -f "$json"
	mint
	left_keyring
	import
	expect_status 0
	expect_stderr_match "is logged in with what was in libsecret"
	run secret-tool lookup service fake-account.inspect-coco \
		username refresh_token
	expect_stdout
	run coco-credential -c dev token
	expect_status 0
'

keyring_done
