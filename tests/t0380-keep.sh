# SPDX-License-Identifier: GPL-3.0-or-later
# t0380 - keeping a refresh token: one home for each entry, the spool for what
# a store would not have, refused tokens, and a Ctrl-C at the wrong moment.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets one two new old request token

stacks=$XDG_CONFIG_HOME/coco/stack.d
spool=$XDG_STATE_HOME/coco/spool
mkdir -p "$stacks" "$trash/a" "$trash/b"
put_file "$stacks/two" <<END
get    sufficient  file file=$trash/a/store
get    sufficient  file file=$trash/b/store
get    required    oauth
store  sufficient  file file=$trash/a/store
store  required    file file=$trash/b/store
erase  [success=ok not_found=ignore default=bad]  file file=$trash/a/store
erase  [success=ok not_found=ignore default=bad]  file file=$trash/b/store
END
start_fake --set single_use=true
make_connection dev 'credential_helper = "two"' \
	'oauth_enable_single_use_refresh_tokens = true'
export BROWSER="python3 $srcdir/tests/fake/browser.py"
now=0

# Nobody can write to, or read from, a store that is a directory.
take_away() {
	mv "$1/store" "$1/saved" 2>/dev/null
	mkdir "$1/store"
}

bring_back() {
	rmdir "$1/store"
	mv "$1/saved" "$1/store" 2>/dev/null
	:
}

# later: a token when the last one is no longer fresh
later() {
	now=$((now + 1000))
	again
}

# again: the same without that time goes by
again() {
	run at_time +$now coco-credential -c dev token
}

counter() {
	control | python3 -c 'import json, sys
counters = json.load(sys.stdin)["counters"]
print(counters["replays"] if sys.argv[1] == "replays"
      else counters["token"].get(sys.argv[1], 0))' "$1"
}

refresh_token() {
	sed -n 's/^oauth_refresh_token=//p' "$1/store" 2>/dev/null
}

# --- one home --------------------------------------------------------------

test_case 'the first store that takes it is the home' '
	run coco-credential -c dev login
	expect_status 0
	test -n "$(refresh_token a)" || fail "not in a"
	expect_equal "$(refresh_token b)" "" "in b"
	expect_mode "$XDG_STATE_HOME/coco/home" 700
	for record in "$XDG_STATE_HOME"/coco/home/*; do
		expect_mode "$record" 600
		grep -qx "state\[\]=coco:home=file file=$trash/a/store" \
			"$record" || fail "$(cat "$record")"
		grep -q token "$record" && fail "more than it should be"
	done
	:
'

test_case 'while the home is away, nothing older or newer is made up' '
	take_away a
	later
	expect_status 5
	expect_stdout
	expect_stderr_match "a/store: is not a regular file" \
		"file: denied, oauth: expired" \
		"kept by file file=$trash/a/store, which cannot be asked"
	bring_back a
	again
	expect_status 0
'

test_case 'a login then goes to the next store' '
	take_away a
	run at_time +$now coco-credential -c dev login
	expect_status 0
	bring_back a
	test -n "$(refresh_token b)" || fail "not in b"
'

test_case 'and the one that returns is not asked any more' '
	test -n "$(refresh_token a)" || fail "a has lost it"
	again
	expect_status 0
	expect_equal "$(stdout)" "$(sed -n "s/^password=//p" b/store)" token
	expect_equal "$(counter replays)" 0 replays
'

test_case 'a refresh moves the entry to the better store, and empties the other' '
	later
	expect_status 0
	expect_stderr
	expect_equal "$(stdout)" "$(sed -n "s/^password=//p" a/store)" token
	expect_equal "$(refresh_token b)" "" "in b"
	later
	expect_status 0
	expect_equal "$(counter replays)" 0 replays
'

test_case 'a store of the stack that is gone from it does not count' '
	cp "$stacks/two" two.saved
	grep -v a/store two.saved >"$stacks/two"
	again
	expect_status 4
	cp two.saved "$stacks/two"
	again
	expect_status 0
'

test_case 'git stores and erases in the home only' '
	printf "password=%s\n\n" "$(stdout)" >request
	run at_time +$now coco-credential -c dev store <request
	expect_status 0
	expect_equal "$(sed -n "s/^password=//p" b/store)" "" "in b"
	run at_time +$now coco-credential -c dev erase <request
	expect_status 0
	old=$(sed -n "s/^password=//p" request)
	again
	expect_status 0
	test "$(stdout)" != "$old" || fail "not refreshed"
'

test_case 'a logout empties all' '
	run coco-credential -c dev logout
	expect_status 0
	expect_equal "$(cat a/store b/store | grep -c token)" 0 tokens
	expect_equal "$(ls "$XDG_STATE_HOME/coco/home")" "" records
	run coco-credential -c dev logout
	expect_status 3
'

test_case 'a home that is away cannot be logged out of' '
	coco-credential -c dev login 2>login.log
	take_away a
	run coco-credential -c dev logout
	expect_status 5
	expect_stderr_match "could not be logged out"
	bring_back a
	test -n "$(refresh_token a)" || fail "lost"
	run coco-credential -c dev logout
	expect_status 0
'

test_case 'a store that is away at the logout is not asked later' '
	coco-credential -c dev login 2>login.log
	take_away a
	run at_time +$now coco-credential -c dev login
	expect_status 0
	run coco-credential -c dev logout
	expect_status 5
	expect_equal "$(refresh_token b)" "" "in b"
	bring_back a
	test -n "$(refresh_token a)" || fail "a has lost it"
	again
	expect_status 4
	expect_stdout
	run at_time +$now coco-credential -c dev login
	again
	expect_status 0
	coco-credential -c dev logout 2>login.log
'

test_case 'a former home that cannot be emptied is emptied when it returns' '
	coco-credential -c dev login 2>login.log
	test -n "$(refresh_token a)" || fail "not in a"
	take_away a
	run at_time +$now coco-credential -c dev login
	expect_status 0
	set -- "$XDG_STATE_HOME"/coco/home/*
	grep -qx "state\[\]=coco:former=file file=$trash/a/store" "$1" ||
		fail "$(cat "$1")"
	bring_back a
	# not to move home again
	cp "$stacks/two" two.saved
	grep -v "^store.*a/store" two.saved >"$stacks/two"
	later
	expect_status 0
	expect_stderr
	expect_equal "$(refresh_token a)" "" "in a"
	grep -q former "$1" && fail "$(cat "$1")"
	cp two.saved "$stacks/two"
	coco-credential -c dev logout 2>login.log
'

test_case 'a state directory that cannot be made: no login is begun' '
	rm -rf "$XDG_STATE_HOME/coco/home"
	: >"$XDG_STATE_HOME/coco/home"
	before=$(counter authorization_code)
	run coco-credential -c dev login
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	coco-credential: where a login is stored cannot be recorded in \
$XDG_STATE_HOME/coco/home: not a directory that only you can use
	END
	expect_equal "$(counter authorization_code)" "$before" logins
	rm "$XDG_STATE_HOME/coco/home"
'

test_case 'a home that cannot be recorded: no refresh' '
	coco-credential -c dev login 2>login.log
	set -- "$XDG_STATE_HOME"/coco/home/*
	rm "$1"
	mkdir "$1.tmp"
	before=$(counter refresh_token)
	later
	expect_status 75
	expect_stdout
	expect_stderr_match "stored cannot be recorded in $1: " \
		"was not refreshed and nothing is lost"
	expect_equal "$(counter refresh_token)" "$before" refreshes
	rmdir "$1.tmp"
	again
	expect_status 0
	expect_stderr
	test -f "$1" || fail "still not recorded"
	expect_equal "$(counter replays)" 0 replays
	coco-credential -c dev logout 2>login.log
'

test_case 'a refused token of unknown home is marked where it was found' '
	cp "$stacks/two" two.saved
	grep -v "^store.*a/store" two.saved >"$stacks/two"
	coco-credential -c dev login 2>login.log
	cp two.saved "$stacks/two"
	rm -rf "$XDG_STATE_HOME/coco/home"
	control "{\"revoke_all\": true}" >/dev/null
	later
	expect_status 4
	before=$(counter refresh_token)
	again
	expect_status 4
	expect_stderr_match "it is not sent again"
	expect_equal "$(counter refresh_token)" "$before" refreshes
	coco-credential -c dev logout 2>login.log
'

test_case 'a record that others could have made: no store is asked' '
	coco-credential -c dev login 2>login.log
	set -- "$XDG_STATE_HOME"/coco/home/*
	chmod 644 "$1"
	before=$(counter refresh_token)
	later
	expect_status 5
	expect_stdout
	expect_stderr_match "$1: others could have made or read it"
	expect_equal "$(counter refresh_token)" "$before" refreshes
	chmod 600 "$1"
	again
	expect_status 0
	coco-credential -c dev logout 2>login.log
'

test_case 'a question cannot plant an answer, nor switch the probe off' '
	printf "connection=dev\noauth_refresh_token=canary-planted\n\n" >request
	run coco-credential get <request
	expect_status 4
	expect_stdout
	! grep -qs planted a/store b/store || fail "it was stored"
	coco-credential -c dev login 2>login.log
	rm -f a/store.lock b/store.lock
	mkdir a/store.lock b/store.lock
	before=$(counter refresh_token)
	now=$((now + 1000))
	printf "connection=dev\nephemeral=1\n\n" >request
	run at_time +$now coco-credential get <request
	expect_status 75
	expect_equal "$(counter refresh_token)" "$before" refreshes
	rmdir a/store.lock b/store.lock
	printf "connection=dev\npath=x.git\n\n" >request
	run at_time +$now coco-credential get <request
	expect_status 0
	coco-credential -c dev logout 2>login.log
'

test_case 'callers that name the user and callers that do not: one refresh' '
	make_connection anybody "credential_helper = \"two\"" \
		"oauth_enable_single_use_refresh_tokens = true"
	sed "/^\[anybody\]/,\$s/^user.*//" "$HOME/.snowflake/connections.toml" \
		>lib/toml
	put_file "$HOME/.snowflake/connections.toml" <lib/toml
	coco-credential -c anybody login 2>login.log
	before=$(counter refresh_token)
	now=$((now + 1000))
	printf "connection=anybody\nusername=ALICE\n\n" >request
	control "{\"answer_latency_ms\": 300}" >/dev/null
	at_time +$now coco-credential -c anybody token >one 2>one.err &
	at_time +$now coco-credential get <request >two 2>two.err
	wait $!
	control "{\"answer_latency_ms\": 0}" >/dev/null
	expect_equal "$(cat one)" "$(sed -n "s/^password=//p" two)" token
	test -n "$(cat one)" || fail "none"
	expect_equal "$(($(counter refresh_token) - before))" 1 refreshes
	coco-credential -c anybody logout 2>login.log
'

test_case 'two views of a connection, with a user and without: one refresh' '
	coco-credential -c anybody login 2>login.log
	before=$(counter refresh_token)
	replays=$(counter replays)
	now=$((now + 1000))
	control "{\"answer_latency_ms\": 300}" >/dev/null
	at_time +$now coco-credential -c anybody token >one 2>one.err &
	at_time +$now env SNOWFLAKE_CONNECTIONS_ANYBODY_USER=ALICE \
		coco-credential -c anybody token >two 2>two.err
	wait $!
	control "{\"answer_latency_ms\": 0}" >/dev/null
	expect_equal "$(cat one)" "$(cat two)" token
	test -s one || fail "none: $(cat one.err two.err)"
	expect_equal "$(($(counter refresh_token) - before))" 1 refreshes
	expect_equal "$(counter replays)" "$replays" replays
	coco-credential -c anybody logout 2>login.log
'

test_case 'a damaged record is told before a login is begun' '
	coco-credential -c dev login 2>login.log
	set -- "$XDG_STATE_HOME"/coco/home/*
	chmod 644 "$1"
	before=$(counter authorization_code)
	run coco-credential -c dev login
	expect_status 5
	expect_stderr_match "$1: others could have made or read it; a logout"
	expect_equal "$(counter authorization_code)" "$before" logins
	run coco-credential -c dev logout
	expect_status 0
	run coco-credential -c dev login
	expect_status 0
	coco-credential -c dev logout 2>login.log
'

# --- the spool -------------------------------------------------------------

# A store that works when it is tried, and not when it matters.
put_file "$trash/flaky" 700 <<END
#!/bin/sh
cat >/dev/null
echo x >>$trash/calls
test ! -e $trash/broken || test "\$(wc -l <$trash/calls)" -lt 2
END
put_file "$stacks/two" <<END
get    sufficient  file
get    required    oauth
store  requisite   $trash/flaky
store  required    file
erase  required    file
END
store=$XDG_DATA_HOME/coco/credentials

test_case 'a store that fails after a redeem: the token waits on disk' '
	coco-credential -c dev login 2>login.log
	rm -f calls
	: >broken
	later
	expect_status 0
	stdout >token
	set -- "$spool"/*
	expect_stderr <<-END
	coco-credential: the new token could not be stored (error); it waits \
in $1, and the next call stores it
	END
	expect_mode "$spool" 700
	expect_mode "$1" 600
	expect_equal "$(sed -n "s/^password=//p" "$1")" "$(cat token)" waiting
	test "$(sed -n "s/^password=//p" "$store")" != "$(cat token)" ||
		fail "it was stored"
'

test_case 'while it waits it is good to answer with' '
	again
	expect_status 0
	expect_equal "$(stdout)" "$(cat token)" token
	expect_stderr_match "waits in $spool"
'

test_case 'but not when coco-tokend says that it was refused' '
	printf "connection=dev\nissued_utc=99999999999\n\n" >request
	run at_time +$now coco-credential --for-tokend get <request
	expect_status 75
	expect_stdout </dev/null
'

test_case 'but it is not refreshed' '
	before=$(counter refresh_token)
	later
	expect_status 75
	expect_stdout
	expect_equal "$(counter refresh_token)" "$before" refreshes
	now=$((now - 1000))
'

test_case 'the next call stores it when it can' '
	rm broken
	again
	expect_status 0
	expect_stderr
	expect_equal "$(stdout)" "$(cat token)" token
	expect_equal "$(sed -n "s/^password=//p" "$store")" "$(cat token)" stored
	expect_equal "$(ls "$spool")" "" "left over"
	later
	expect_status 0
	expect_equal "$(counter replays)" 0 replays
'

test_case 'the state directory under another name is the same' '
	rm -f calls
	: >broken
	later
	expect_status 0
	stdout >token
	replays=$(counter replays)
	rm -f "/dev/shm/coco-$(id -u)"/spool-* broken
	ln -s "$XDG_STATE_HOME" other-name
	run at_time +$now env XDG_STATE_HOME="$trash/other-name/" \
		coco-credential -c dev token
	expect_status 0
	expect_stdout <token
	expect_equal "$(ls "$spool")" "" "left over"
	expect_equal "$(counter replays)" "$replays" replays
	expect_equal "$(ls "$XDG_STATE_HOME/coco/home" | wc -l)" 1 records
'

test_case 'what waits for another user is not lost' '
	make_connection anyone "credential_helper = \"two\"" \
		"oauth_enable_single_use_refresh_tokens = true"
	sed "/^\[anyone\]/,\$s/^user.*//" "$HOME/.snowflake/connections.toml" \
		>lib/toml
	put_file "$HOME/.snowflake/connections.toml" <lib/toml
	as() {
		SNOWFLAKE_CONNECTIONS_ANYONE_USER=$1
		export SNOWFLAKE_CONNECTIONS_ANYONE_USER
		shift
		run at_time +$now coco-credential -c anyone "$@"
	}
	as ALICE login
	expect_status 0
	control "{\"user\": \"BOB\"}" >/dev/null
	as BOB login
	expect_status 0
	control "{\"user\": \"ALICE\"}" >/dev/null
	rm -f calls
	: >broken
	now=$((now + 1000))
	as ALICE token
	expect_status 0
	expect_stderr_match "it waits in"
	waiting=$(cat "$spool"/*)
	as BOB token
	expect_status 75
	expect_stderr_match "a new token of another user of connection"
	expect_equal "$(cat "$spool"/*)" "$waiting" waiting
	rm broken
	as ALICE token
	expect_status 0
	as BOB token
	expect_status 0
	as ALICE logout
	as BOB logout
	unset SNOWFLAKE_CONNECTIONS_ANYONE_USER
'

test_case 'git erases what waits, too' '
	rm -f calls
	: >broken
	later
	expect_status 0
	old=$(stdout)
	rm broken
	printf "password=%s\n\n" "$old" >request
	run at_time +$now coco-credential -c dev erase <request
	expect_status 0
	again
	expect_status 0
	test "$(stdout)" != "$old" || fail "it is given out again"
	expect_equal "$(counter replays)" 0 replays
'

test_case 'a login that cannot be stored waits as well' '
	rm -f calls
	: >broken
	echo x >>calls
	run at_time +$now coco-credential -c dev login
	expect_status 1
	expect_stderr_match "waits in $spool"
	rm broken
	again
	expect_status 0
	expect_stderr
	expect_equal "$(ls "$spool")" "" "left over"
'

test_case 'a logout drops what waits' '
	rm -f calls
	: >broken
	later
	test -n "$(ls "$spool")" || fail "nothing waits"
	rm broken
	run coco-credential -c dev logout
	expect_status 0
	expect_equal "$(ls "$spool")" "" "left over"
	again
	expect_status 4
'

test_case 'what others could have put there is not taken' '
	coco-credential -c dev login 2>login.log
	rm -f calls
	: >broken
	later
	rm broken
	set -- "$spool"/*
	rm -f /dev/shm/coco-"$(id -u)"/spool-*
	chmod 644 "$1"
	before=$(counter refresh_token)
	again
	expect_status 5
	expect_stdout
	expect_stderr_match "$1: others could have made or read it" \
		"hint: coco-credential -c dev check"
	expect_equal "$(counter refresh_token)" "$before" refreshes
	chmod 600 "$1"
	again
	expect_status 0
'

# --- refused ---------------------------------------------------------------

put_file "$stacks/two" <<END
get    sufficient  file
get    required    oauth
store  required    file
erase  required    file
END

test_case 'a refused token is asked about once' '
	coco-credential -c dev login 2>login.log
	control "{\"revoke_all\": true}" >/dev/null
	before=$(counter refresh_token)
	later
	expect_status 4
	expect_stderr_match "invalid_grant" "hint: coco-credential -c dev login"
	expect_equal "$(($(counter refresh_token) - before))" 1 requests
	again
	expect_status 4
	expect_stdout
	expect_stderr <<-END
	coco-credential: the server has refused the refresh token that is \
stored, so it is not sent again
	coco-credential: no token for connection "dev": file: expired, oauth: expired
	coco-credential: hint: coco-credential -c dev login
	END
	expect_equal "$(($(counter refresh_token) - before))" 1 requests
'

test_case 'it is kept, marked with the time' '
	grep -q "^oauth_refresh_token=" "$store" || fail "it is gone"
	grep -Eqx "state\[\]=coco:refused=[0-9]+" "$store" || fail "no mark"
'

test_case 'a login heals it' '
	coco-credential -c dev login 2>login.log
	grep -q coco:refused "$store" && fail "still marked"
	later
	expect_status 0
'

test_case 'who loses a race takes the token of the winner' '
	cp "$store" old
	later
	cp "$store" new
	cp old "$store"
	now=$((now + 1000))
	put_file "$stacks/race" <<-END
	get    sufficient  file
	get    optional    !cat >/dev/null; cp $trash/new $store; :
	get    required    oauth
	store  required    file
	END
	# the stand-in takes the old one for a theft and would kill the family
	control "{\"token_error\": \"invalid_grant\", \"count\": 1}" >/dev/null
	run at_time +$now coco-credential -c dev --stack race token
	expect_status 0
	test -n "$(stdout)" || fail "no token"
	grep -q coco:refused "$store" && fail "the winner was marked"
	expect_equal "$(counter replays)" 0 replays
'

test_case 'transient trouble marks nothing' '
	for trouble in 500 503 html empty close_early invalid_client; do
		control "{\"token_error\": \"$trouble\", \"count\": 1}" \
			>/dev/null
		test $trouble != close_early || continue
		later
		test "$status" -ne 0 || fail "$trouble: a token"
	done
	control "{\"token_error\": null}" >/dev/null
	grep -q coco:refused "$store" && fail "marked"
	again
	expect_status 0
'

# --- a Ctrl-C --------------------------------------------------------------

# interrupt SIGNAL: send it to a refresh while the server thinks
interrupt() {
	control "{\"answer_latency_ms\": 60000}" >/dev/null
	now=$((now + 1000))
	before=$(counter refresh_token)
	rm -f asked killed
	"$lib_python" -c "
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)    # a job of sh ignores it
child = subprocess.Popen(sys.argv[2:], start_new_session=True,
                         stdout=subprocess.DEVNULL)
for _ in range(6000):
    if os.path.exists('$trash/asked'):
        break
    time.sleep(0.01)
os.killpg(child.pid, getattr(signal, sys.argv[1]))
with open('$trash/killed', 'w') as file:
    file.write('yes')
sys.exit(-child.wait())" "$1" env COCO_TEST_NOW=+$now \
		LD_PRELOAD="$builddir/tests/shim/clock.so" \
		coco-credential -c dev token &
	waiting=$!
	tries=200
	until test "$(counter refresh_token)" -gt "$before"; do
		tries=$((tries - 1))
		test $tries -gt 0 || break
	done
	test $tries -gt 0 || fail "the server was not asked"
	: >asked
	wait_for_file killed
	control "{\"answer_latency_ms\": 0}" >/dev/null
	status=0
	wait $waiting || status=$?
}

for signal in INT TERM HUP; do
	test_case "SIG$signal while the server thinks: the token is kept" "
		interrupt SIG$signal
		test \$status -ne 0 || fail 'not interrupted at all'
		test -z \"\$(ls \"\$spool\" 2>/dev/null)\" || fail 'it waits'
		again
		expect_status 0
		expect_equal \"\$(counter replays)\" 0 replays
		later
		expect_status 0
	"
done

# --- the clock -------------------------------------------------------------

test_case 'a clock that jumps by a day: one refresh each time' '
	now=$((now + 864000))
	again
	before=$(counter refresh_token)
	for jump in 86400 -86400 86400 -172800 172800; do
		now=$((now + jump))
		again
		expect_status 0
		again
		expect_status 0
	done
	expect_equal "$(($(counter refresh_token) - before))" 5 refreshes
	expect_equal "$(counter replays)" 0 replays
'

test_done
