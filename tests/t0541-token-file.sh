#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0541 - token-file: a live token in a file, once or kept fresh there, on the
# host and in a sandbox; and what must not be left behind.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/sandbox.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/sandbox.sh"
start_sandbox
start_fake
make_connection dev
may_hold_secrets tok '*.tok' dir/tok
export BROWSER="python3 $srcdir/tests/fake/browser.py"
store=$XDG_DATA_HOME/coco/credentials
outside=off
inside=$sandbox_unix

COCO_CAPABILITY_FILE=$trash/capability
export COCO_CAPABILITY_FILE

# watch WHERE [OPTION...]: start one that stays, in sandbox or host; its
# process is $coco, what it says is in watch.err
watch() {
	told=$1
	shift
	: >watch.err
	# a shell has its background jobs ignore INT, and nohup HUP
	COCO_TOKEND=$told env --default-signal=INT,HUP \
		coco-credential "$@" token-file tok --watch \
		>watch.out 2>watch.err &
	coco=$!
	on_exit "kill $coco 2>/dev/null"
}

# finish STATUS: wait for it
finish() {
	status=0
	wait "$coco" || status=$?
	expect_status "$1"
	expect_file watch.out </dev/null
}

has() {
	test "$(cat tok 2>/dev/null)" = "$1"
}

# nothing_left: the file and what it was written with are gone
nothing_left() {
	expect_equal "$(find . -maxdepth 1 -name "tok*" | tr "\n" " ")" "" "left over"
}

new_token() {
	set_state "state[\"answers\"][\"dev\"][\"password\"] = \"ver:1-$1\""
}

# --- once ------------------------------------------------------------------

test_case 'usage' '
	run coco-credential token-file
	expect_status 2
	expect_stdout </dev/null
	expect_stderr_match \
		"token-file: where to[?] coco-credential token-file PATH"
	run coco-credential token-file a b
	expect_status 2
	run coco-credential token-file ""
	expect_status 2
	run env COCO_TOKEND=$inside coco-credential token-file
	expect_status 2
'

test_case 'in a sandbox: the token, no newline, 0600, whatever the umask' '
	umask 000
	run env COCO_TOKEND=$inside coco-credential token-file tok
	umask 077
	expect_status 0
	expect_stdout </dev/null
	expect_stderr </dev/null
	printf "ver:1-canary-dev" | cmp - tok || fail "content"
	expect_mode tok 600
	expect_equal "$(ls tok*)" tok files
	rm tok
'

test_case 'on the host, with a login' '
	coco-credential -c dev login 2>login.log
	run env COCO_TOKEND=$outside coco-credential -c dev token-file dir/tok
	expect_status 1
	expect_stderr <<-\END
	coco-credential: dir/tok: No such file or directory
	END
	mkdir dir
	run env COCO_TOKEND=$outside coco-credential -c dev token-file dir/tok
	expect_status 0
	expect_stderr </dev/null
	expect_equal "$(cat dir/tok)" \
		"$(sed -n "s/^password=//p" "$store" | tail -n 1)" token
	grep -q "\"verb\":\"token-file\"" "$XDG_STATE_HOME/coco/audit.jsonl" ||
		fail "no line in the audit log"
	rm dir/tok
'

test_case 'what is there is replaced, not followed or written into' '
	printf "precious" >other
	ln -s other tok
	printf "left" >tok.tmp
	run env COCO_TOKEND=$inside coco-credential token-file "$trash/tok"
	expect_status 0
	test ! -L tok || fail "it is a link"
	has ver:1-canary-dev || fail "content"
	expect_equal "$(cat other)" precious other
	expect_equal "$(find . -maxdepth 1 -name "tok*")" ./tok files
	rm tok
	mkdir tok
	run env COCO_TOKEND=$inside coco-credential token-file tok
	expect_status 1
	expect_stderr_match "coco-credential: tok: Is a directory"
	rmdir tok
	nothing_left
'

test_case 'no token: as token says it, and no file' '
	for result in expired:4 denied:5 unavailable:75 not_found:3; do
		set_state "state[\"result\"] = \"${result%:*}\""
		run env COCO_TOKEND=$inside coco-credential -c dev token
		stderr >want
		run env COCO_TOKEND=$inside coco-credential -c dev \
			token-file tok
		expect_status ${result#*:}
		expect_stderr <want
		nothing_left
	done
	fresh_state
'

test_case 'a password is not put into a file' '
	cat >>"$HOME/.snowflake/connections.toml" <<-\END
	[pw]
	account = "a"
	user = "u"
	password = "canary-password"
	END
	for watch in "" --watch; do
		run env COCO_TOKEND=$outside coco-credential -c pw \
			token-file tok $watch
		expect_status 6
		expect_stderr_match "passwords are not put into files"
		nothing_left
	done
'

test_case 'many at once: one of them is there, whole' '
	pids=
	for n in 1 2 3 4 5 6 7 8; do
		COCO_TOKEND=$inside coco-credential token-file tok &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "status $?"
	done
	has ver:1-canary-dev
	expect_equal "$(find . -maxdepth 1 -name "tok*")" ./tok files
	rm tok
'

# --- kept fresh ------------------------------------------------------------

for signal in TERM INT HUP; do
	test_case "--watch: $signal removes the file, exit 0" '
		watch $inside
		until_true "the file" has ver:1-canary-dev
		expect_mode tok 600
		kill -$signal $coco
		finish 0
		expect_file watch.err </dev/null
		nothing_left
	'
done

test_case '--watch: it follows what the daemon has, in one step' '
	watch $inside -c dev
	until_true "the file" has ver:1-canary-dev
	inode=$(stat -c %i tok)
	new_token canary-two
	kill -CONT $coco
	until_true "the new one" has ver:1-canary-two
	test "$(stat -c %i tok)" != "$inode" || fail "written into"
	expect_mode tok 600
	: >requests.log
	inode=$(stat -c %i tok)
	kill -CONT $coco
	until_true "a look" test -s requests.log
	expect_equal "$(stat -c %i tok)" "$inode" "the same is not written"
	kill $coco
	finish 0
	expect_file watch.err </dev/null
	fresh_state
'

test_case '--watch: a file that somebody removes is written again' '
	watch $inside
	until_true "the file" has ver:1-canary-dev
	rm tok
	kill -CONT $coco
	until_true "the file" has ver:1-canary-dev
	kill $coco
	finish 0
	nothing_left
'

test_case '--watch: asked anew at the skew' '
	set_state "state[\"answers\"][\"dev\"].update(expires_in=6)"
	watch $inside -c dev
	until_true "the file" has ver:1-canary-dev
	new_token canary-three
	until_true "the new one" has ver:1-canary-three
	kill $coco
	finish 0
	nothing_left
	fresh_state
'

test_case '--watch: on the host, at the skew, by a refresh' '
	coco-credential -c dev login 2>login.log
	# three seconds before the token is stale, two minutes more before it
	# is over
	COCO_TEST_NOW=+477
	LD_PRELOAD=$builddir/tests/shim/clock.so
	export COCO_TEST_NOW LD_PRELOAD
	watch $outside -c dev
	unset COCO_TEST_NOW LD_PRELOAD
	until_true "the file" test -s tok
	was=$(cat tok)
	until_true "a new one" sh -c "test -s tok && ! grep -q \"$was\" tok"
	kill $coco
	finish 0
	expect_file watch.err </dev/null
	nothing_left
'

test_case '--watch: a failure is said once, and the old token stays' '
	set_state "state[\"answers\"][\"dev\"].update(expires_in=20, age=100)"
	watch $inside -c dev
	until_true "the file" has ver:1-canary-dev
	: >requests.log
	set_state "state[\"result\"] = \"unavailable\""
	until_true "two tries" sh -c "test \$(wc -l <requests.log) -ge 2"
	has ver:1-canary-dev || fail "it did not stay"
	set_state "state[\"result\"] = \"expired\""
	until_true "the other reason" grep -q "login" watch.err
	has ver:1-canary-dev || fail "it did not stay"
	set_state "state[\"result\"] = None" \
		"state[\"answers\"][\"dev\"].update(expires_in=600, age=0)" \
		"state[\"answers\"][\"dev\"][\"password\"] = \"ver:1-canary-x\""
	until_true "a new one" has ver:1-canary-x
	until_true "the good news" grep -q "fresh again" watch.err
	kill $coco
	finish 0
	expect_file watch.err <<-\END
	coco-credential: coco-tokend: fixed text
	coco-credential: no token for connection "dev": unavailable
	coco-credential: the token could not be refreshed
	coco-credential: coco-tokend: fixed text
	coco-credential: hint: on the host: coco-credential -c dev login
	coco-credential: no token for connection "dev": expired
	coco-credential: the token is fresh again
	END
	nothing_left
	fresh_state
'

test_case '--watch: a token that is over is removed' '
	set_state "state[\"answers\"][\"dev\"].update(expires_in=3, age=100)"
	watch $inside -c dev
	until_true "the file" has ver:1-canary-dev
	set_state "state[\"result\"] = \"unavailable\""
	until_true "its end" is_gone tok
	kill -0 $coco || fail "it did not stay"
	set_state "state[\"result\"] = None" \
		"state[\"answers\"][\"dev\"].update(expires_in=600, age=0)"
	until_true "a new one" has ver:1-canary-dev
	kill $coco
	finish 0
	expect_equal "$(grep -c "the token is over, and tok is removed" \
		watch.err)" 1 said
	nothing_left
	fresh_state
'

test_case '--watch: refused: removed at the next look, and there again' '
	watch $inside -c dev
	until_true "the file" has ver:1-canary-dev
	set_state "state[\"capability\"] = \"another\""
	kill -CONT $coco
	until_true "its end" is_gone tok
	kill -0 $coco || fail "it did not stay"
	fresh_state
	kill -CONT $coco
	until_true "the file" has ver:1-canary-dev
	kill $coco
	finish 0
	nothing_left
	cp watch.err lib/stderr
	expect_stderr_match "coco-tokend: unauthorized" \
		"on the host: coco-tokend grants" \
		"no token for connection \"dev\": denied"
	fresh_state
'

test_case '--watch: refused at the start: exit 5, what was there stays' '
	printf "ver:1-canary-old" >tok
	set_state "state[\"paused\"] = True"
	watch $inside -c dev
	finish 5
	has ver:1-canary-old || fail "another file"
	rm tok
	nothing_left
	fresh_state
'

test_case '--watch: what others put there is left alone' '
	watch $inside -c dev
	until_true "the file" has ver:1-canary-dev
	printf "ver:1-canary-other" >tok
	kill $coco
	finish 0
	has ver:1-canary-other || fail "another file"
	rm tok
	nothing_left
'

test_case '--watch: no token yet: it waits for one' '
	set_state "state[\"result\"] = \"unavailable\""
	watch $inside -c dev
	until_true "the message" grep -q "tok is written when there is one" \
		watch.err
	set_state "state[\"result\"] = None"
	until_true "the file" has ver:1-canary-dev
	kill $coco
	finish 0
	nothing_left
	fresh_state
'

test_case '--watch: the host: a login of another process is seen' '
	coco-credential -c dev logout 2>login.log
	watch $outside -c dev
	until_true "the message" grep -q "tok is written when" watch.err
	coco-credential -c dev login 2>login.log
	until_true "the file" test -s tok
	kill $coco
	finish 0
	nothing_left
'

test_case '--watch: killed while it asks, what it asked is not lost' '
	control "{\"access_ttl\": 3, \"single_use\": true}" >/dev/null
	coco-credential -c dev login 2>login.log
	watch $outside -c dev
	until_true "the file" test -s tok
	was=$(cksum <"$store")
	control "{\"latency_ms\": 1500}" >/dev/null
	until_true "a refresh" sh -c "grep -l \"^PPid:.*[[:blank:]]$coco\$\" \
		/proc/[0-9]*/status 2>/dev/null | grep -q ."
	kill $coco
	finish 0
	nothing_left
	control "{\"latency_ms\": 0, \"access_ttl\": 600}" >/dev/null
	until_true "what it got" sh -c \
		"test \"\$(cksum <\"$store\")\" != \"$was\""
	run env COCO_TOKEND=off coco-credential -c dev token
	expect_status 0
	expect_stderr </dev/null
'

test_case '--watch: nohup, and no descriptor of ours in the way' '
	nohup sh -c "COCO_TOKEND=$inside exec coco-credential token-file tok \
		--watch" >watch.out 2>watch.err &
	coco=$!
	until_true "the file" has ver:1-canary-dev
	kill -HUP $coco
	new_token canary-hup
	kill -CONT $coco
	until_true "the new one" has ver:1-canary-hup
	kill $coco
	status=0
	wait $coco || status=$?
	expect_status 0
	nothing_left
	fresh_state
'

test_case 'nothing is left in memory but locks' '
	expect_equal "$(find "/dev/shm/coco-$(id -u)" -name "said-*")" "" files
'

test_done
