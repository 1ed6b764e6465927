#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0660 - coco-deploy as an OCI hook: podman calls it at each start of a
# container, which is ready then, or does not start.
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
# the daemon answers none but who has the same
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
start_logged_in
may_print_secrets 'hooked *token*' 'podman *token*' 'podman start *'
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*'
mkdir hooks
coco-deploy hook --print >hooks/coco.json
sed -i "s,exec '\(.*\)podman' ,&--hooks-dir '$trash/hooks' ," programs/podman

marker=$XDG_STATE_HOME/coco/deploy/hook
hooked() {
	podman run --annotation coco.connection=dev \
		--volume "$marker:/run/coco:ro" "$@"
}

test_case 'the description of the hook' '
	run coco-deploy hook --print
	expect_status 0
	tr "," "\n" <lib/stdout >hook.lines
	expect_file hook.lines <<-END
	{"version":"1.0.0"
	"hook":{"path":"$builddir/coco-deploy"
	"args":["coco-deploy"
	"hook"]
	"env":["PATH=/usr/local/bin:/usr/bin:/bin"
	"HOME=$HOME"
	"XDG_CONFIG_HOME=$XDG_CONFIG_HOME"
	"XDG_DATA_HOME=$XDG_DATA_HOME"
	"XDG_STATE_HOME=$XDG_STATE_HOME"
	"XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR"
	"SSL_CERT_FILE=$SSL_CERT_FILE"]}
	"when":{"always":true}
	"stages":["createRuntime"]}
	END
'

test_case 'a container that wants nothing starts as ever' '
	run podman run --rm --network none busy ls -A /root
	expect_status 0
	expect_stdout </dev/null
	expect_stderr
	test -z "$(coco-deploy list)" || fail "a record"
'

test_case 'one that asks for a connection has it, without a network' '
	run hooked --name h1 --network none \
		busy sh -c ". /root/.snowflake/coco-dev.env; coco-credential token"
	expect_status 0
	expect_stderr
	expect_stdout_match Canary
	run coco-deploy list
	expect_stderr </dev/null
	expect_stdout_match \
		"^podman:[0-9a-f]*  dev  token_file  grant [0-9a-f]*$"
'

test_case 'started again, it has a live token still' '
	run podman start --attach h1
	expect_status 0
	expect_stdout_match Canary
	test "$(coco-deploy list | wc -l)" = 1 || fail "$(coco-deploy list)"
	test "$(coco-tokend grants | grep -c "^id ")" = 1 || fail "grants"
'

test_case 'for its own user, read-only, with the token file' '
	run hooked --rm --network none --user 1000:1001 busy \
		sh -c "id -u; ls -ln /run/coco/token; cat /run/coco/token"
	expect_status 0
	expect_stdout_match "^1000$"
	expect_stdout_match "^-rw------- *1 1000 "
	expect_stdout_match Canary
	run hooked --rm --network none busy sh -c "echo x >/run/coco/y"
	expect_status 1
	expect_stderr_match "Read-only file system"
'

test_case 'what somebody took out is there again at the next start' '
	start_engine again busy --network two
	run coco-deploy -c dev apply podman:again
	expect_status 0
	podman exec again rm /root/.snowflake/connections.toml \
		/usr/local/bin/coco-credential
	podman restart --time 0 again >>podman.log 2>&1
	run podman exec again sh -c \
		". /root/.snowflake/coco-dev.env; coco-credential token"
	expect_status 0
	expect_stdout_match Canary
	podman rm --force --time 0 again >>podman.log
'

test_case 'a container does not start when it cannot be made ready' '
	stop_tokend
	run hooked --rm --network none busy sh -c "echo started"
	test $status -ne 0 || fail "it ended with 0"
	expect_no_match started
	expect_stderr_match "no coco-tokend is running"
	expect_stderr_match "the container does not start"
	run podman start --attach h1
	test $status -ne 0 || fail "it ended with 0"
	start_tokend
	run podman run --rm --annotation coco.connection=nosuch \
		--volume "$marker:/run/coco:ro" --network none busy echo started
	test $status -ne 0 || fail "it ended with 0"
	expect_no_match started
'

test_case 'an image cannot ask for itself' '
	run podman run --rm --annotation coco.connection=dev \
		--network none busy echo started
	test $status -ne 0 || fail "it ended with 0"
	expect_no_match started
	expect_stderr_match "the annotation coco.connection may be the image"
	mkdir elsewhere
	run podman run --rm --annotation coco.connection=dev \
		--volume "$trash/elsewhere:/run/coco" --network none \
		busy echo started
	test $status -ne 0 || fail "it ended with 0"
	expect_no_match started
'

test_case 'a container that is gone: record and grant go by remove' '
	target=$(podman inspect --format "podman:{{.Id}}" h1)
	run coco-deploy list --json
	expect_stdout_match "\"target\":\"$target\",.*\"gone\":false"
	grants=$(coco-tokend grants | grep -c "^id ")
	podman rm --force --all --time 0 >>podman.log
	run coco-deploy list
	expect_status 0
	expect_stdout_match "^$target  dev  token_file  grant [0-9a-f]*  gone$"
	expect_stderr_match "$target is gone, and its record is still here$" \
		"hint: coco-deploy -c dev remove $target$"
	run coco-deploy list --json
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "\"target\":\"$target\",.*\"gone\":true"
	run coco-deploy remove "$target"
	expect_status 0
	expect_stderr_match "is gone: its record is removed, too"
	test "$(coco-tokend grants | grep -c "^id ")" -lt $grants ||
		fail "the grant is there"
	run coco-deploy remove "$target"
	expect_status 3
	expect_stderr_match "podman has no container"
'

test_case 'a root that leads elsewhere: it does not start, nothing is touched' '
	podman run --name evil --network none busy \
		ln -s /tmp /root/.snowflake >>podman.log
	podman commit evil evil >>podman.log 2>&1
	podman rm evil >>podman.log
	run hooked --rm --network none evil ls /tmp
	test $status -ne 0 || fail "it ended with 0"
	expect_stderr_match "/root/.snowflake: it is a symbolic link"
'

test_case 'hostile words on stdin' '
	for words in "" "{" "{}" "{\"id\":\"x\",\"pid\":1,\"bundle\":\"/\"}" \
		"[]" "{\"id\":\"$(printf %064d 0)\",\"pid\":-1,\"bundle\":\"/\"}"
	do
		printf "%s" "$words" >words
		run sh -c "coco-deploy hook <words"
		expect_status 1
		expect_stderr_match "the container does not start"
	done
'

test_done
