# SPDX-License-Identifier: GPL-3.0-or-later
# t0500 - coco-tokend: coco-credential asks it first, it answers from memory,
# what is stored, erased, logged in or out keeps that true, and without it
# everything works as before.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_hold_secrets token with without entry saved watched
may_print_secrets 'ask_tokend */token*' 'ask_tokend */credential/get*' '* exec *'

start_fake --set single_use=true
make_connection dev 'role = "ANALYST"' \
	'oauth_enable_single_use_refresh_tokens = true'
make_connection other
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
store=$XDG_DATA_HOME/coco/credentials

put_file question <<-END
protocol=https
host=git.example

END

refreshes() {
	control | "$lib_python" -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token"].get("refresh_token", 0))'
}

test_case 'without a daemon all is as before' '
	run coco-tokend status
	expect_status 75
	expect_stdout
	expect_stderr_match "no coco-tokend is running" "hint: "
	run coco-credential get <question
	expect_status 3
	expect_stdout
	expect_stderr
'

test_case 'it starts, and says so' '
	start_tokend
	expect_mode "$tokend_dir" 700
	expect_mode "$tokend_sock" 600
	grep -qx "READY=1" ready || fail "$(cat ready)"
	run coco-tokend status
	expect_status 0
	expect_stderr
	expect_stdout_match "^socket +$tokend_sock" "^running +0" \
		"^confinement .*landlock: "
	run coco-tokend status --json
	expect_status 0
	expect_equal "$(stdout | json_field pid)" "$tokend_pid" pid
'

test_case 'one daemon for each socket' '
	run coco-tokend
	expect_status 75
	expect_stdout
	expect_stderr <<-END
	coco-tokend: another coco-tokend serves $tokend_sock
	END
	expect_equal "$(metric connections)" 1 connections
'

test_case 'a login is seen at once' '
	run coco-credential -c dev token
	expect_status 4
	expect_stdout
	expect_stderr <<-END
	coco-credential: no token for connection "dev": coco-tokend: expired
	coco-credential: hint: coco-credential -c dev login
	END
	run coco-credential -c dev login
	expect_status 0
	run coco-credential -c dev token
	expect_status 0
	expect_stderr
	stdout >token
	grep -q "^password=$(sed "s/[][+.*/]/./g" token)\$" "$store" ||
		fail "it is another than the one that is stored"
'

test_case 'a second question is answered from memory' '
	before=$(metric searches_begun_total)
	mv "$store" saved
	run coco-credential -c dev token
	mv saved "$store"
	expect_status 0
	expect_stdout <token
	expect_equal "$(metric searches_begun_total)" "$before" searches
	expect_equal "$(ask_tokend /status | json_field running)" 0 running
'

test_case 'the forms are the same with it and without' '
	for form in git token json header; do
		run coco-credential -c dev --format=$form token
		expect_status 0
		stdout | sed "s/\"expires_in\":[0-9]*/\"expires_in\":N/" >with
		run coco-credential -c dev --no-daemon --format=$form token
		expect_status 0
		stdout | sed "s/\"expires_in\":[0-9]*/\"expires_in\":N/" \
			>without
		cmp with without || fail "$form: $(diff with without)"
	done
	put_file q <<-END
	connection=dev

	END
	run coco-credential get <q
	stdout >with
	run coco-credential --no-daemon get <q
	expect_stdout <with
'

test_case 'another role is another question' '
	before=$(metric searches_begun_total)
	run coco-credential -c dev --role OTHER token
	expect_status 4
	expect_equal "$(metric searches_begun_total)" "$((before + 1))" searches
	put_file q <<-END
	connection=dev
	role=OTHER

	END
	run coco-credential get <q
	expect_status 3
	expect_stdout
	expect_stderr
'

test_case 'GET /token gives what inspect-coco gave' '
	run ask_tokend "/token?connection=dev"
	expect_status 0
	expect_equal "$(stdout | json_field access_token)" "$(cat token)" token
	expect_equal "$(stdout | json_field token_type)" Bearer type
	test "$(stdout | json_field expires_in)" -gt 500 || fail "$(stdout)"
	run ask_tokend "/token?connection=dev&role=NONE" -w " %{http_code}\n"
	expect_stdout <<-END
	{"error":"no_tokens","message":"A login is needed."} 503
	END
	run ask_tokend /token -w " %{http_code}"
	expect_stdout_match "invalid_request.* 400\$"
'

test_case 'health' '
	run ask_tokend /health
	stdout | grep -qx "{\"status\":\"ok\"}" || fail "$(stdout)"
'

test_case 'a git credential: stored, found, erased' '
	run coco-credential get <question
	expect_status 3
	put_file entry <<-END
	protocol=https
	host=git.example
	username=u
	password=p

	END
	run coco-credential store <entry
	expect_status 0
	run coco-credential get <question
	expect_status 0
	expect_stdout <<-END
	username=u
	password=p
	END
	mv "$store" saved
	run coco-credential get <question
	mv saved "$store"
	expect_status 0
	run coco-credential erase <entry
	run coco-credential get <question
	expect_status 3
	expect_stdout
	expect_stderr
'

test_case 'a refresh token of git: never through the daemon' '
	put_file entry <<-END
	protocol=https
	host=rt.example
	username=u
	password=p
	oauth_refresh_token=canary-refresh

	END
	run coco-credential store <entry
	expect_status 0
	put_file q <<-END
	protocol=https
	host=rt.example

	END
	run coco-credential get <q
	expect_status 0
	expect_stdout_match "^oauth_refresh_token=canary-refresh\$"
	run ask_tokend /credential/get --data-binary @q -D -
	expect_stdout_match "^HTTP/1.1 501 " "^Coco-Result: unsupported"
	expect_no_match canary
	run ask_tokend /credential/store --data-binary @entry -D -
	expect_stdout_match "^HTTP/1.1 501 "
'

test_case 'over HTTP: get, store, erase' '
	put_file entry <<-END
	protocol=https
	host=http.example
	username=u
	password=p

	END
	run ask_tokend /credential/store --data-binary @entry -D -
	expect_stdout_match "^HTTP/1.1 200 " "^Coco-Result: success"
	run ask_tokend "/credential/get?stack=other" --data-binary @- <<-END
	protocol=https
	host=http.example

	END
	expect_stdout_match "^password=p\$"
	run ask_tokend /credential/erase --data-binary @entry -D -
	expect_stdout_match "^HTTP/1.1 200 "
	run ask_tokend /credential/get --data-binary @- -D - <<-END
	protocol=https
	host=http.example

	END
	expect_stdout_match "^HTTP/1.1 404 " "^Coco-Result: not_found" \
		"^Cache-Control: no-store"
'

test_case 'what is no question is refused' '
	run ask_tokend "/credential/get?stack=../x" --data-binary @q -D -
	expect_stdout_match "^HTTP/1.1 400 "
	run ask_tokend /credential/get --data-binary "nonsense" -D -
	expect_stdout_match "^HTTP/1.1 400 "
	run ask_tokend /credential/get -D -
	expect_stdout_match "^HTTP/1.1 405 " "^Allow: POST"
	run ask_tokend /nothing -D -
	expect_stdout_match "^HTTP/1.1 404 "
	run ask_tokend /health -H "Origin: http://x.example" -D -
	expect_stdout_match "^HTTP/1.1 403 "
'

test_case 'a client with another configuration works by itself' '
	before=$(metric searches_begun_total)
	mkdir -p elsewhere
	run env HOME="$trash/elsewhere" coco-credential get <q
	expect_status 0
	run env SNOWFLAKE_HOME="$trash/elsewhere" coco-credential get <question
	expect_status 3
	expect_equal "$(metric searches_begun_total)" "$before" searches
'

test_case 'COCO_TOKEND' '
	run env COCO_TOKEND=off coco-credential -c dev token
	expect_status 0
	expect_stdout <token
	run env COCO_TOKEND=nonsense coco-credential -c dev token
	expect_status 1
	expect_stdout
	expect_stderr_match "COCO_TOKEND is neither"
	run env COCO_TOKEND="unix:$tokend_sock" coco-credential -c dev token
	expect_status 0
'

test_case 'it refreshes once, and never twice' '
	now=1000
	stop_tokend
	expect_equal "$tokend_status" 0 "its status"
	start_tokend +$now
	before=$(refreshes)
	run at_time +$now coco-credential -c dev token
	expect_status 0
	test "$(stdout)" != "$(cat token)" || fail "the old one"
	stdout >token
	run at_time +$now coco-credential -c dev token
	expect_stdout <token
	expect_equal "$(($(refreshes) - before))" 1 refreshes
'

test_case 'a local refresh is told to the daemon' '
	printf "connection=dev\npassword=%s\n\n" "$(cat token)" >entry
	run at_time +$now coco-credential --no-daemon erase <entry
	expect_status 0
	run at_time +$now coco-credential -c dev --no-daemon token
	expect_status 0
	stdout >token
	run at_time +$now coco-credential -c dev token
	expect_stdout <token
'

test_case 'reload forgets and reads the settings' '
	put_file "$XDG_CONFIG_HOME/coco/coco.toml" <<-END
	[cache]
	max_entries = 0
	END
	run coco-tokend reload
	expect_status 1
	expect_stderr_match "coco.toml:2:15: "
	put_file "$XDG_CONFIG_HOME/coco/coco.toml" <<-END
	[daemon]
	max_connections = 100
	END
	run coco-tokend reload
	expect_status 0
	expect_equal "$(ask_tokend /status | json_field max_connections)" 100 \
		connections
	expect_equal "$(metric cache_entries)" 0 entries
	kill -HUP "$tokend_pid"
	run at_time +$now coco-credential -c dev token
	expect_status 0
'

test_case 'exec goes through it' '
	run at_time +$now coco-credential -c dev exec -- \
		sh -c "cat \$COCO_TOKEN_FILE; echo"
	expect_status 0
	expect_stdout <token
'

test_case 'a logout is seen at once' '
	run coco-credential -c dev logout
	expect_status 0
	run at_time +$now coco-credential -c dev token
	expect_status 4
	expect_stdout
'

test_case 'events tell that a login is needed' '
	ask_tokend /events --no-buffer >events.out 2>/dev/null &
	listener=$!
	until_true "a listener" metric_is event_listeners -eq 1
	run coco-credential -c other token
	expect_status 4
	run coco-credential -c other --role "A B" token
	expect_status 4
	run coco-tokend reload
	wait_for_file events.out
	kill $listener
	grep -q "\"event\":\"login_needed\".*\"command\":\"coco-credential -c \
other login\"" events.out || fail "$(cat events.out)"
	grep -q "other --role .A B. login" events.out ||
		fail "$(cat events.out)"
	grep -q canary events.out && fail "a secret"
	:
'

test_case 'it stops within two seconds, and leaves nothing' '
	run coco-tokend stop
	expect_status 0
	tokend_status=0
	wait "$tokend_pid" || tokend_status=$?
	tokend_pid=
	expect_equal "$tokend_status" 0 "its status"
	test ! -e "$tokend_sock" || fail "the socket is still there"
	run coco-credential get <question
	expect_status 3
	expect_stderr
'

test_case 'the service manager makes the socket' '
	rm -f "$tokend_sock"
	tokend_by="$lib_python $srcdir/tests/activate.py $tokend_sock"
	start_tokend
	tokend_by=
	run coco-tokend status
	expect_status 0
	expect_stdout_match "^socket +$tokend_sock$"
	run coco-tokend status --json
	expect_status 0
	expect_stdout_match "\"socket\":\"$tokend_sock\""
	run coco-credential get <question
	expect_status 3
	stop_tokend
	expect_equal "$tokend_status" 0 "its status"
	test -S "$tokend_sock" || fail "the socket is not ours to remove"
	rm -f "$tokend_sock"
'

test_case 'the watchdog is fed' '
	export WATCHDOG_USEC=200000
	tokend_until=WATCHDOG=1
	start_tokend
	tokend_until=READY=1
	unset WATCHDOG_USEC
	grep -qx "READY=1" ready || fail "$(cat ready)"
	stop_tokend
	expect_equal "$tokend_status" 0 "its status"
'

test_case 'journald gets priorities' '
	: >journal
	"$lib_python" -c "
import os, sys
log = os.open(\"journal\", os.O_WRONLY | os.O_APPEND)
st = os.fstat(log)
os.environ[\"JOURNAL_STREAM\"] = \"%d:%d\" % (st.st_dev, st.st_ino)
os.dup2(log, 2)
os.execvp(\"coco-tokend\", [\"coco-tokend\"])" &
	tokend_pid=$!
	wait_for_file journal
	grep -qx "<6>serving $tokend_sock" journal || fail "$(cat journal)"
	stop_tokend
'

test_case 'a socket that is left over is replaced' '
	start_tokend
	kill -9 "$tokend_pid"
	wait "$tokend_pid" 2>lib/null
	tokend_pid=
	test -S "$tokend_sock" || fail "nothing is left over"
	run coco-credential get <question
	expect_status 3
	expect_stderr
	start_tokend
	run coco-tokend status
	expect_status 0
	stop_tokend
'

test_case 'token-file --watch: another login is seen behind its back' '
	start_tokend
	coco-credential -c dev login 2>login.log
	coco-credential -c dev token-file watched --watch 2>watch.err &
	watcher=$!
	on_exit "kill $watcher 2>/dev/null"
	until_true "the file" test -s watched
	was=$(cat watched)
	coco-credential -c dev login 2>login.log
	kill -CONT $watcher
	until_true "the new one" sh -c "! grep -q \"$was\" watched"
	kill $watcher
	wait $watcher || fail "status $?"
	expect_file watch.err </dev/null
	stop_tokend
'

test_case 'without coco-credential it cannot begin' '
	mkdir -p bin
	cp "$builddir/coco-tokend" bin/
	run bin/coco-tokend
	test "$status" -ne 0 || fail "it did"
	expect_stderr_match "bin/coco-credential: No such file"
'

test_case 'help, version, mistakes' '
	run coco-tokend --help
	expect_status 0
	expect_stdout_match "status +show" "coco-tokend\\(8\\)"
	run coco-tokend --version
	expect_stdout_match "^coco-tokend [0-9]"
	run coco-tokend frobnicate
	expect_status 2
	run coco-tokend --socket relative
	expect_status 2
	run coco-tokend --check
	expect_status 0
	expect_stdout_match "^max_connections = 100"
'

test_done
