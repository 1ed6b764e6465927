#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0631 - coco-deploy against containers that have prepared themselves, stop
# half-way or are full, and names that nobody expects (T11, T12): a clear error,
# nothing outside touched, nothing lost.
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
start_logged_in
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' outside/file
mkdir outside
echo outside >outside/file

# prepared NAME COMMAND [OPTION...]: a container in which COMMAND was run
prepared() {
	prepared_name=$1
	prepared_command=$2
	shift 2
	start_engine "$prepared_name" busy --network two "$@"
	podman exec "$prepared_name" sh -c "$prepared_command"
	shape "$prepared_name" >"$prepared_name.before"
}

# refuses NAME REASON [STATUS]: apply ends with that, by each client
refuses() {
	for client in $clients; do
		run coco-deploy -c dev apply "$client:$1"
		expect_status "${3:-1}"
		expect_stderr_match "$2"
	done
	shape "$1" >"$1.now"
	expect_file "$1.now" <"$1.before"
	expect_file outside/file <<-END
	outside
	END
	test -z "$(coco-tokend grants)" || fail "there is a grant"
	podman rm --force --time 0 "$1" >>podman.log
}

test_case 'T12: .snowflake is a link' '
	prepared link "ln -s /tmp /root/.snowflake"
	refuses link "/root/.snowflake: it is a symbolic link"
	prepared mounted "ln -s /outside /root/.snowflake" \
		--volume "$trash/outside:/outside"
	refuses mounted "/root/.snowflake: it is a symbolic link"
'

test_case 'T12: a file is a link, a FIFO, a directory, has two names' '
	prepared file "mkdir -m 700 /root/.snowflake
		ln -s /etc/passwd /root/.snowflake/connections.toml"
	refuses file "connections.toml: it is a symbolic link"
	prepared fifo "mkdir -m 700 /root/.snowflake
		mkfifo /root/.snowflake/config.toml"
	refuses fifo "config.toml: it is a FIFO"
	prepared directory "mkdir -m 700 /root/.snowflake
		mkdir /root/.snowflake/connections.toml"
	refuses directory "connections.toml: it is a directory"
	prepared twice "mkdir -m 700 /root/.snowflake
		echo >/root/.snowflake/a
		ln /root/.snowflake/a /root/.snowflake/connections.toml"
	refuses twice "connections.toml: it is a file with several links"
'

test_case 'T12: the home of a user leads out' '
	prepared dots "echo x:x:1:1::/root/../../outside:/bin/sh >>/etc/passwd"
	run coco-deploy -c dev --user x apply podman:dots
	expect_status 1
	expect_stderr_match "the home directory of user x is not known"
	expect_file outside/file <<-END
	outside
	END
	test -z "$(coco-tokend grants)" || fail "there is a grant"
	shape dots >dots.now
	expect_file dots.now <dots.before
	podman rm --force --time 0 dots >>podman.log
'

test_case 'files that are no TOML and no JSON stay as they are' '
	prepared toml "mkdir -m 700 /root/.snowflake
		echo \"[dev\" >/root/.snowflake/connections.toml"
	refuses toml "connections.toml: line 1, column 5: "
	prepared json "mkdir -p -m 700 /root/.snowflake/cortex
		echo \"{]\" >/root/.snowflake/cortex/settings.json"
	refuses json "settings.json: it is no JSON object"
'

test_case 'T11: nothing in the target says what is ours' '
	prepared forged "mkdir -m 700 /root/.snowflake"
	run coco-deploy -c dev apply podman:forged
	expect_status 0
	podman exec forged sh -c "rm /root/.snowflake/coco-dev.env
		ln -s /etc/passwd /root/.snowflake/coco-dev.env
		mv /usr/local/bin /usr/local/was
		ln -s /bin /usr/local/bin"
	run coco-deploy remove podman:forged
	expect_status 0
	expect_stderr_match "coco-dev.env: it was changed since; it stays"
	run podman exec forged ls /bin/busybox /etc/passwd
	expect_status 0
	podman rm --force --time 0 forged >>podman.log
'

test_case 'a full disk: nothing of the user is lost' '
	prepared full "echo \"[x]\" >/home/u/.keep
		mkdir -m 700 /home/u/.snowflake
		echo \"# mine\" >/home/u/.snowflake/connections.toml
		dd if=/dev/zero of=/home/u/fill bs=1k count=60 2>/dev/null" \
		--tmpfs /home/u:size=76k
	run coco-deploy -c dev --user 0 --home /home/u apply podman:full
	test $status -ne 0 || fail "it ended with 0"
	expect_stderr_match "[Nn]o space left"
	run podman exec full cat /home/u/.snowflake/connections.toml
	expect_stdout <<-END
	# mine
	END
	podman exec full rm /home/u/fill
	run coco-deploy -c dev --user 0 --home /home/u apply podman:full
	expect_status 0
	run coco-deploy remove podman:full
	expect_status 0
	run podman exec full cat /home/u/.snowflake/connections.toml
	expect_stdout <<-END
	# mine
	END
	podman rm --force --time 0 full >>podman.log
'

test_case 'a container that stops half-way' '
	prepared stops "mkdir -m 700 /root/.snowflake"
	"$lib_python" -c "
import os, subprocess, sys
job = subprocess.Popen([\"coco-deploy\", \"-c\", \"dev\", \"apply\", \"podman:stops\"],
                       stderr=open(\"stops.err\", \"w\"))
while not os.path.isdir(sys.argv[1]) or not os.listdir(sys.argv[1]):
    if job.poll() is not None:
        break
subprocess.run([\"podman\", \"kill\", \"stops\"], stdout=subprocess.DEVNULL)
print(job.wait())" "$XDG_STATE_HOME/coco/deploy" >stops.status
	podman start stops >>podman.log
	run coco-deploy -c dev apply podman:stops
	expect_status 0
	run coco-deploy exec podman:stops -- coco-credential status
	expect_status 0
	run coco-deploy remove podman:stops
	expect_status 0
	shape stops >stops.now
	expect_file stops.now <stops.before
	podman rm --force --time 0 stops >>podman.log
'

test_case 'killed at any time, a second apply finishes' '
	for at in 1 2 3 4 5 6; do
		prepared killed "mkdir -m 700 /root/.snowflake
			echo \"# mine\" >/root/.snowflake/connections.toml"
		timeout -s KILL "0.$at" coco-deploy -c dev apply \
			podman:killed 2>>killed.log
		run coco-deploy -c dev apply podman:killed
		expect_status 0
		run coco-deploy exec podman:killed -- coco-credential status
		expect_status 0
		timeout -s KILL "0.$at" coco-deploy remove podman:killed \
			2>>killed.log
		run coco-deploy remove podman:killed
		test $status -eq 0 || test $status -eq 3 || fail "$status"
		shape killed >killed.now
		expect_file killed.now <killed.before
		podman rm --force --time 0 killed >>podman.log
	done
	test -z "$(coco-deploy list)" || fail "a record"
'

test_case 'two at once' '
	prepared both "mkdir -m 700 /root/.snowflake"
	coco-deploy -c dev apply podman:both 2>one.err &
	one=$!
	coco-deploy -c dev apply ${clients##* }:both 2>two.err &
	two=$!
	wait $one || fail "$(cat one.err)"
	wait $two || fail "$(cat two.err)"
	test "$(coco-deploy list | wc -l)" = 1 || fail "$(coco-deploy list)"
	run coco-deploy exec podman:both -- coco-credential status
	expect_status 0
	run coco-deploy remove ${clients##* }:both
	expect_status 0
	shape both >both.now
	expect_file both.now <both.before
	podman rm --force --time 0 both >>podman.log
'

test_case 'names with quotes, newlines and more' '
	cat >>"$HOME/.snowflake/connections.toml" <<-END

	["o\"dd/../na me]'"'"'"]
	account = "fake-account"
	user = "AL\"ICE"
	role = "R'"'"'\"\$(x)"
	database = "D\nb"
	host = "127.0.0.1"
	port = $fake_port
	protocol = "http"
	authenticator = "OAUTH_CLIENT_CREDENTIALS"
	END
	run coco-deploy -c "$(printf "o\ndd")" apply podman:nosuch
	expect_stderr_match "has no container"
	run coco-deploy -c "$(printf "o\ndd")" plan "dir:$trash"
	test $status -ne 0 || fail "it ended with 0"
	expect_no_match "^dd"
	name="o\"dd/../na me]'"'"'"
	prepared odd "mkdir -m 700 /root/.snowflake"
	run coco-deploy -c "$name" apply podman:odd
	expect_status 0
	run podman exec odd ls -A /root/.snowflake
	expect_stdout <<-END
	coco-o_dd____na_me__.capability
	coco-o_dd____na_me__.env
	config.toml
	connections.toml
	cortex
	END
	run podman exec odd sh -c ". /root/.snowflake/coco-o_dd____na_me__.env
		env"
	expect_stdout_match "^SNOWFLAKE_USER=AL\"ICE"
	expect_stdout_match "^SNOWFLAKE_DATABASE=D$"
	expect_stdout_match "^b$"
	expect_stdout_match "^SNOWFLAKE_ROLE=R..[$].x.$"
	run coco-deploy -c "$name" apply podman:odd --env-format docker
	expect_status 1
	expect_stderr_match "the environment cannot be written like that"
	run coco-deploy -c "$name" remove podman:odd
	expect_status 0
	shape odd >odd.now
	expect_file odd.now <odd.before
	podman rm --force --time 0 odd >>podman.log
'

test_done
