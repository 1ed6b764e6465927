#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0650 - coco-deploy run: containers that are started with everything in them,
# by podman and by docker's client in front of podman's service, and of which
# nothing is left when they have ended.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
enter_netns "$@"
require python3 curl
need_static_client
need_engines
start_logged_in 'role = "ANALYST"'
may_print_secrets 'coco-deploy * run -- *' 'coco-deploy exec *' 'podman exec *'
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' token
deploy_dir=$XDG_STATE_HOME/coco/deploy

# an image with another user, by his name
{
	podman container create --name model busy sh
	podman commit --change 'USER u' model named
	podman rm model
} >>podman.log 2>&1

other=${clients##* }

# coco_run OPTION... -- LINE: coco-deploy run for connection dev
coco_run() {
	run coco-deploy -c dev run -- "$@"
}

# is_clean: is there nothing that a run has left?
is_clean() {
	test -z "$(ls -A "$deploy_dir" 2>/dev/null)" &&
		test -z "$(coco-tokend grants)" &&
		test -z "$(ls -A "$tokend_dir/grants")"
}

expect_clean() {
	is_clean || {
		fail 'something is left'
		find "$deploy_dir" | sed 's/^/# /'
		coco-tokend grants | sed 's/^/# /'
	}
}

# token_file: the program for a container that prints its token as drivers get
# it: by the file that connections.toml names
token_file='cat "$(sed -n "s/^token_file_path = .\(.*\).$/\1/p" \
	"$SNOWFLAKE_HOME/connections.toml")"'

watch_execs

test_case 'a token, by the client and by the file, and nothing is left' '
	each_client "
		coco_run \$client run --rm busy coco-credential token
		expect_status 0
		expect_stderr
		expect_stdout_match Canary
		cp lib/stdout token
		coco_run \$client run --rm busy sh -c \"\$token_file\"
		expect_status 0
		expect_stderr
		expect_equal \"\$(cat token)\" \"\$(stdout)\"
		expect_clean
	"
'

test_case 'without a network' '
	each_client "
		coco_run \$client run --rm --network none busy \
			coco-credential token
		expect_status 0
		expect_stdout_match Canary
	"
'

test_case 'read-only, without any program but the client' '
	each_client "
		coco_run \$client run --rm --network none --read-only bare \
			/usr/local/bin/coco-credential token
		expect_status 0
		expect_stdout_match Canary
	"
	expect_clean
'

test_case 'what is where' '
	coco_run podman run --rm busy sh -c "
		ls -ln /run/snowflake/ /run/coco; env
		cat /run/snowflake/connections.toml
		echo >/run/snowflake/own; echo >/run/coco/own"
	expect_stdout_match "^-rw------- .* 0 *0 .* connections.toml" \
		"^-rw------- .* 0 *0 .* config.toml" \
		"^drwx------ .* 0 *0 .* cortex" \
		"^srw-rw-rw- .* tokend.sock" \
		"^SNOWFLAKE_HOME=/run/snowflake" \
		"^SNOWFLAKE_CONNECTION_NAME=dev" \
		"^COCO_TOKEND=unix:/run/coco/tokend.sock" \
		"^authenticator = \"OAUTH\"" \
		"^token_file_path = \"/run/coco/token\""
	expect_stderr_match "/run/coco/own: Read-only"
	expect_no_match [Cc]anary
	expect_clean
'

test_case 'for who is not root, by number or by a name of the image' '
	show="id -u; id -g; ls -ln /run/snowflake/connections.toml"
	for who in "podman run --user 1000:1001 busy" \
	    "$other run -u 1000:1001 busy" "podman run -uu busy" \
	    "podman run named" "$other run named"; do
		coco_run ${who% *} --rm ${who##* } sh -c \
			"$show; coco-credential token"
		expect_status 0
		expect_stderr
		expect_stdout_match ^1000 ^1001 \
			"^-rw------- .* 1000 *1001 " Canary
	done
	run podman ps --all --format "{{.Names}}"
	expect_stdout </dev/null
	expect_clean
'

test_case 'other users of the container are not heard' '
	coco_run podman run --rm --user 1000 busy sh -c "coco-credential token"
	expect_status 0
	run coco-deploy -c dev --user 0 run -- podman run --rm --user 1000 \
		busy coco-credential token
	test "$status" -ne 0 || fail "was heard"
	expect_clean
'

test_case 'the status is that of the line' '
	coco_run podman run --rm busy sh -c "exit 7"
	expect_status 7
	coco_run podman run --rm busy /no/such
	expect_status 127
	# podman 4.3 does not tell docker how a container with --rm ended
	got=0
	$other run --rm busy sh -c "exit 7" >>podman.log 2>&1 || got=$?
	coco_run $other run --rm busy sh -c "exit 7"
	expect_status $got
	expect_clean
'

test_case 'stdin and names are those of the line' '
	echo hello >hello
	each_client "
		coco_run \$client run -i --rm --name mine \
			-e SNOWFLAKE_ROLE=OTHER busy sh -c \
			\"cat; echo \\\$SNOWFLAKE_ROLE\" <hello
		expect_status 0
		expect_stdout <<-END
		hello
		OTHER
		END
		expect_clean
	"
'

test_case 'detached: what is left goes when it ends' '
	each_client "
		coco_run \$client run -d --rm --name back-\$client busy \
			sleep 900
		expect_status 0
		expect_stderr
		target=\$client:back-\$client
		run coco-deploy list
		expect_stdout_match \"^\$target  dev  token_file  grant \"
		run coco-deploy status \$target
		expect_status 0
		run coco-deploy plan \$target
		expect_status 0
		expect_stdout </dev/null
		run coco-deploy exec \$target -- coco-credential token
		expect_status 0
		expect_stdout_match Canary
		run coco-deploy verify \$target
		expect_status 0
		test \"\$(coco-tokend grants | grep -c ^container)\" = 1 ||
			fail \"the grant is not bound\"
		\$client rm --force back-\$client >>podman.log 2>&1
		until_true \"the end\" is_clean
	"
'

test_case 'restarted, it is ready again' '
	coco_run podman run -d --name again busy sleep 900
	podman restart --time 0 again >>podman.log 2>&1
	run podman exec again coco-credential token
	expect_status 0
	run coco-deploy status podman:again
	expect_status 0
'

test_case 'removed by remove, it has nothing; the name can be used again' '
	run coco-deploy remove podman:again
	expect_status 0
	expect_stderr
	run podman exec again ls -A /run/snowflake
	expect_stdout </dev/null
	run podman exec again coco-credential -c dev token
	test "$status" -ne 0 || fail "still gets tokens"
	podman rm --force --time 0 again >>podman.log 2>&1
	coco_run podman run --rm --name again busy coco-credential token
	expect_status 0
	until_true "the end" is_clean
'

test_case 'another container cannot use the mounted socket' '
	coco_run podman run -d --rm --name owner busy sleep 900
	directory=$(coco-deploy status --json podman:owner |
		json_field directory)
	run podman run --rm --network none -v "$directory:/run/coco" \
		-v "$builddir/coco-credential.static:/c" \
		-e COCO_TOKEND=unix:/run/coco/tokend.sock busy /c token
	test "$status" -ne 0 || fail "was heard"
	expect_no_match Canary
	coco_run podman run --rm --name owner busy coco-credential token
	expect_status 1
	expect_stderr_match "there is a container podman:owner"
	run coco-deploy exec podman:owner -- coco-credential token
	expect_status 0
	podman rm --force --time 0 owner >>podman.log 2>&1
	until_true "the end" is_clean
'

test_case 'two at once' '
	coco-deploy -c dev run -- podman run --rm busy coco-credential token \
		>token 2>two.log &
	coco_run $other run --rm busy coco-credential token
	expect_status 0
	wait $! || fail "the other one: $?"
	expect_stdout_match Canary
	expect_clean
'

test_case 'a signal ends the container' '
	coco-deploy -c dev run -- podman run --rm --name sig busy sh -c \
		"trap \"exit 9\" TERM; echo up; while :; do sleep 0.1; done" \
		>up 2>sig.log &
	pid=$!
	wait_for_file up
	kill -TERM $pid
	got=0
	wait $pid || got=$?
	expect_equal $got 9
	expect_clean
'

test_case 'killed, and swept by the next one' '
	coco-deploy -c dev run -- podman run --rm --name lost busy \
		sh -c "echo up; sleep 900" >up2 2>lost.log &
	pid=$!
	wait_for_file up2
	kill -KILL $pid
	wait $pid
	run coco-deploy list
	expect_stdout_match "^podman:lost "
	podman rm --force --time 0 lost >>podman.log 2>&1
	run coco-deploy list
	expect_status 0
	expect_stdout </dev/null
	expect_clean
'

test_case 'the watcher killed, and swept likewise' '
	coco_run podman run -d --rm --name lost busy sleep 900
	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		! tr "\0" " " 2>lib/null <"/proc/$pid/cmdline" |
			grep -q "^coco-deploy .*--name lost " || kill -KILL $pid
	done
	podman rm --force --time 0 lost >>podman.log 2>&1
	until_true "the sweep" eval "coco-deploy list >list.log; is_clean"
'

test_case 'what a container has made there is removed, and no more' '
	mkdir out
	echo keep >out/file
	coco_run podman run --rm busy sh -c "
		ln -s $trash/out /run/snowflake/link
		mkdir -p /run/snowflake/a/b/c
		mkfifo /run/snowflake/a/fifo
		echo >/run/snowflake/a/b/c/x"
	expect_status 0
	expect_stderr
	expect_clean
	expect_file out/file <<-END
	keep
	END
'

test_case 'nothing is started when anything fails' '
	mkdir started
	line="podman run --rm -v $trash/started:/s busy touch /s/x"
	run coco-deploy -c nosuch run -- $line
	expect_status 3
	fake_authenticator=PROGRAMMATIC_ACCESS_TOKEN make_connection pat \
		"token = \"pat-canary\""
	fake_authenticator=
	run coco-deploy -c pat run -- $line
	expect_status 5
	expect_stderr_match "itself"
	coco_run podman run --rm --user nosuch -v $trash/started:/s busy \
		dd of=/s/x
	test "$status" -ne 0 || fail "there is such a user"
	coco_run podman run --rm --uidmap 0:1000:10 busy dd of=/s/x
	expect_status 1
	expect_stderr_match "user namespace"
	run env DOCKER_HOST=ssh://elsewhere coco-deploy -c dev run -- docker \
		run busy id
	expect_stderr_match "DOCKER_HOST is not on this host"
	for line in "podman" "podman ps" "nerdctl run busy" "podman run" \
	    "podman --log-level=debug run busy" "podman run --name -x busy" \
	    "podman run -v $trash:/run/coco busy" \
	    "podman run -v $trash:/run busy" \
	    "podman run --cidfile podman.log busy"; do
		coco_run $line
		expect_status 2
	done
	coco_run podman run --pull never --rm nosuchimage id
	test "$status" -ne 0 || fail "there is such an image"
	run ls -A started
	expect_stdout </dev/null
	expect_clean
'

test_case 'the token itself, when it is said' '
	run coco-deploy -c pat --expose run -- podman run --rm busy \
		cat /run/snowflake/connections.toml
	expect_status 0
	expect_stdout_match "^token = \"pat-canary\""
	expect_clean
'

test_case 'without a daemon nothing is started' '
	stop_tokend
	coco_run podman run --rm -v $trash/started:/s busy dd of=/s/x
	test "$status" -ne 0 || fail "was started"
	expect_stderr_match "no coco-tokend is running"
	run ls -A started
	expect_stdout </dev/null
	run ls -A "$deploy_dir"
	expect_stdout </dev/null
'

unwatch_execs
test_done
