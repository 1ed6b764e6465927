# SPDX-License-Identifier: GPL-3.0-or-later
# t0510 - coco-tokend under load and in trouble: one refresh however many ask,
# nobody waits for another's, a provider that misbehaves loses nothing, and
# kill -9 needs no login.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_hold_secrets token 'load.*'

start_fake --set single_use=true
make_connection a 'oauth_enable_single_use_refresh_tokens = true'
make_connection b 'role = "B"'
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
now=0

counter() {
	control | "$lib_python" -c 'import json, sys
counters = json.load(sys.stdin)["counters"]
print(counters["replays"] if sys.argv[1] == "replays"
      else counters["token"].get(sys.argv[1], 0))' "$1"
}

# later: the daemon, when what it has given out is no longer fresh
later() {
	stop_tokend
	now=$((now + 1000))
	start_tokend +$now "$@"
}

token() {
	run at_time +$now coco-credential -c "$1" token
}

load() {
	run "$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" "$@"
}

start_tokend
coco-credential -c a login 2>login.log
coco-credential -c b login 2>>login.log

test_case '10,000 ask for a token that has to be refreshed: one refresh' '
	put_file "$XDG_CONFIG_HOME/coco/coco.toml" <<-END
	[daemon]
	max_connections = 12000
	END
	later
	before=$(counter refresh_token)
	control "{\"answer_latency_ms\": 1000}" >/dev/null
	load stampede 10000 a
	control "{\"answer_latency_ms\": 0}" >/dev/null
	expect_stdout <<-END
	200: all
	tokens: 1
	END
	expect_equal "$(($(counter refresh_token) - before))" 1 refreshes
	expect_equal "$(metric searches_begun_total)" 1 searches
'

test_case 'what is cached is answered while another refresh hangs' '
	token b
	expect_status 0
	stdout >token
	printf "connection=a\n\n" >request
	ask_tokend /credential/forget --data-binary @request
	printf "connection=a\npassword=x\n\n" | at_time +$now coco-credential \
		--no-daemon -c a token >load.a
	printf "connection=a\npassword=%s\n\n" "$(cat load.a)" |
		at_time +$now coco-credential -c a erase
	before=$(counter refresh_token)
	control "{\"latency_ms\": 60000}" >/dev/null
	at_time +$now coco-credential -c a token >load.out 2>load.err &
	hangs=$!
	until_true "a search" status_is running 1
	token b
	expect_status 0
	expect_stdout <token
	kill -0 $hangs || fail "the other one did not hang"
	control "{\"latency_ms\": 0}" >/dev/null
	wait $hangs || fail "$(cat load.err)"
'

test_case 'nor do the silent, the slow and the greedy delay anybody' '
	mkfifo drip
	"$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" slow \
		slow.ready <drip &
	slow=$!
	exec 7>drip
	wait_for_file slow.ready
	for i in 1 2 3; do
		echo >&7
		token b
		expect_status 0
		expect_stdout <token
	done
	exec 7>&-
	wait $slow
'

test_case 'requests in one write are answered one by one' '
	load pipeline 1000
	expect_stdout <<-END
	1000 answers, all 200: True
	END
	load half-close 1
	expect_stdout <<-END
	1 answers, all 200: True
	END
	load half-close 200
	expect_stdout <<-END
	200 answers, all 200: True
	END
'

test_case 'a store while a search is under way is seen by the next get' '
	put_file "$XDG_CONFIG_HOME/coco/stack.d/slow" <<-END
	get required !cat >/dev/null; cat $trash/now; echo >$trash/began; \
	    cat $trash/go; :
	END
	mkfifo go
	put_file question <<-END
	protocol=https
	host=slow.example

	END
	put_file now <<-END
	password=canary-before
	END
	coco-credential --stack slow get <question >load.before 2>load.err &
	before=$!
	wait_for_file began
	put_file now <<-END
	password=canary-after
	END
	ask_tokend /credential/forget --data-binary @question
	rm -f began
	coco-credential --stack slow get <question >load.after 2>>load.err &
	after=$!
	# it waits for the lock that the first one has
	until_true "the second search" status_is running 2
	: >go
	wait $before
	wait_for_file began
	: >go
	wait $after
	expect_equal "$(cat load.err)" "" stderr
	expect_equal "$(cat load.before load.after)" \
		"password=canary-before
password=canary-after" answers
'
may_hold_secrets now 'home/.config/coco/stack.d/short'

test_case 'clients that ask and leave do not keep others out' '
	put_file "$XDG_CONFIG_HOME/coco/coco.toml" <<-END
	[daemon]
	max_connections = 16
	END
	coco-tokend reload 2>reload.log
	control "{\"latency_ms\": 60000}" >/dev/null
	printf "connection=b\npassword=%s\n\n" "$(cat token)" >load.request
	at_time +$now coco-credential -c b erase <load.request
	before=$(metric searches_begun_total)
	mkfifo leaving
	"$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" \
		leave 16 b <leaving &
	leave=$!
	exec 7>leaving
	# for those who have left already it would not search
	until_true "a search" metric_is searches_begun_total -gt "$before"
	exec 7>&-
	wait $leave || fail "status $?"
	until_true "the end of the connections" status_is connections 1
	run coco-tokend status
	expect_status 0
	control "{\"latency_ms\": 0}" >/dev/null
	until_true "the end of the search" status_is running 0
	put_file "$XDG_CONFIG_HOME/coco/coco.toml" </dev/null
	coco-tokend reload 2>reload.log
	token b
	expect_status 0
	stdout >token
'

test_case 'what is too long for the daemon is done without it' '
	put_file "$XDG_CONFIG_HOME/coco/stack.d/long" <<-END
	get required !cat >/dev/null; printf password=; head -c 65520 /dev/zero | \
	    tr "\\\\0" x; echo
	END
	put_file question <<-END
	protocol=https
	host=long.example

	END
	run coco-credential --stack long --no-daemon get <question
	expect_status 0
	stdout >load.want
	run coco-credential --stack long get <question
	expect_status 0
	cmp lib/stdout load.want || fail "it is cut"
	{ sed "\$d" question
	for i in 1 2 3 4; do
		printf "wwwauth[]=%s\n" "$(head -c 20000 /dev/zero | tr "\0" w)"
	done; echo; } >load.long
	put_file "$XDG_CONFIG_HOME/coco/stack.d/short" <<-END
	get required !cat >/dev/null; echo password=canary-s
	END
	run coco-credential --stack short get <load.long
	expect_status 0
'

# trouble NAME STATUS REGEX: a refresh that meets it, once
trouble() {
	printf 'connection=b\npassword=%s\n\n' "$(cat token)" >load.request
	at_time +$now coco-credential -c b erase <load.request
	control "{\"token_error\": \"$1\", \"count\": 1}" >/dev/null
	token b
	expect_status "$2"
	expect_stderr_match "$3" "coco-tokend: "
	control '{"token_error": null}' >/dev/null
	at_time +$now coco-tokend reload 2>reload.log
	token b
	if test "$status" -ne 0; then
		# the answer that was spoilt had used the token up
		coco-credential -c b login 2>login.log
		token b
	fi
	expect_status 0
	stdout >token
}

for row in '500 75 500' '503 75 503' 'html 75 .' 'close_early 75 .' \
    'big 1 .' 'bad_json 1 .' 'newline_token 75 .'; do
	set -- $row
	test_case "the provider answers $1" "trouble $1 $2 $3"
done

test_case 'the provider does not answer at all' '
	stop_tokend
	put_file "$XDG_CONFIG_HOME/coco/coco.toml" <<-END
	[daemon]
	request_timeout = 1
	END
	start_tokend +$now
	printf "connection=b\npassword=%s\n\n" "$(cat token)" >load.request
	at_time +$now coco-credential -c b erase <load.request
	control "{\"token_error\": \"hang\", \"count\": 1}" >/dev/null
	run at_time +$now coco-credential -c b --timeout 2 token
	test "$status" -ne 0 || fail "a token"
	expect_stdout
	expect_stderr_match "coco-tokend"
	control "{\"token_error\": null}" >/dev/null
	rm "$XDG_CONFIG_HOME/coco/coco.toml"
'

test_case 'a failure is kept for a moment, and forgotten by reload' '
	stop_tokend
	start_tokend +$now
	control "{\"token_error\": \"500\", \"count\": 1000}" >/dev/null
	make_connection c "role = \"C\""
	coco-credential -c c login 2>login.log
	token c
	before=$(metric searches_begun_total)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		token c
	done
	test "$(($(metric searches_begun_total) - before))" -le 3 ||
		fail "it is asked again and again"
	control "{\"token_error\": null}" >/dev/null
'

test_case 'who still waits when it stops is told' '
	rm -f go-on began
	on_exit ": >go-on"
	put_file "$XDG_CONFIG_HOME/coco/stack.d/slow" <<-END
	get required !cat >/dev/null; echo >$trash/began; \
	    until test -e $trash/go-on; do sleep 0.02; done; :
	END
	coco-credential --stack slow get <question >load.out 2>load.err &
	waits=$!
	wait_for_file began
	stop_tokend
	expect_equal "$tokend_status" 0 "its status"
	status=0
	wait $waits || status=$?
	expect_status 75
	expect_equal "$(cat load.err)" "coco-credential: coco-tokend stops" why
	: >go-on
	start_tokend +$now
'

test_case 'kill -9 under load, five times: no login is needed' '
	stop_tokend
	coco-credential -c a login 2>login.log
	before=$(counter replays)
	for i in 1 2 3 4 5; do
		now=$((now + 1000))
		start_tokend +$now
		"$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" \
			stampede 100 a >"load.$i" 2>&1 &
		load=$!
		until_true "a search" metric_is searches_begun_total -ge 1
		kill -9 "$tokend_pid"
		wait "$tokend_pid" 2>/dev/null
		tokend_pid=
		wait $load
	done
	start_tokend +$now
	token a
	expect_status 0
	expect_equal "$(counter replays)" "$before" replays
'

test_done
