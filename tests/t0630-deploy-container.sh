#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0630 - coco-deploy for containers, through podman and through docker's client
# in front of podman's service: with busybox and without any program, read-only,
# without a network, with the host's.
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
may_print_secrets 'coco-deploy exec *' 'podman exec *'
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' '*.tar' token \
	'home/.snowflake/*'

grants() {
	coco-tokend grants | grep -c "^id "
}

# T18: nothing that is started, here or there, has a secret in its arguments or
# its environment
watch_execs

image=busy
each_client 'start_engine $name busy --network two; shape $name >$name.before'

test_case 'apply, and it works inside' '
	each_client "
		run coco-deploy -c dev apply \$target
		expect_status 0
		expect_stdout </dev/null
		expect_stderr
		run coco-deploy exec \$target -- coco-credential token
		expect_status 0
		expect_stdout_match Canary
		run coco-deploy exec \$target -- id
		expect_stdout_match ^uid=0
	"
	test "$(grants)" = "$client_count" || fail "$(grants) grants"
'

test_case 'T18: no copy of it is left on the host' '
	test -z "$(find /var/tmp /tmp -maxdepth 2 -newer login.log -type f \
		-exec grep -l -a oauth_client_secret {} + 2>lib/null)" ||
		fail "podman has left a copy"
	# other tests have containers of their own
	for id in busy-podman $(podman inspect --format {{.Id}} busy-podman); do
		test ! -e "/dev/shm/coco-$(id -u)/cp-$id" ||
			fail "a directory is left"
	done
'

test_case 'what went in' '
	run podman exec busy-podman cat /root/.snowflake/connections.toml
	port=$(sed -n "s/^oauth_token_request_url.*:\([0-9]*\).*/\1/p" lib/stdout)
	capability=$(podman exec busy-podman cat /root/.snowflake/coco-dev.capability)
	id=$(coco-deploy status --json podman:busy-podman | json_field grant)
	expect_stdout <<-END
	[dev]
	account = "fake-account"
	user = "ALICE"
	host = "127.0.0.1"
	port = "$fake_port"
	protocol = "http"
	role = "ANALYST"
	authenticator = "OAUTH_CLIENT_CREDENTIALS"
	oauth_client_id = "dev"
	oauth_client_secret = "$capability"
	oauth_token_request_url = "http://10.99.1.1:$port/oauth/token-request"
	oauth_http_allowed = true
	query_tag = "coco:$id"
	END
	run podman exec busy-podman ls -ln /root/.snowflake
	expect_stdout_match "^-rw------- .*0 *0 .* connections.toml"
	expect_stdout_match "^-rw------- .*0 *0 .* coco-dev.capability"
	expect_stdout_match "^drwx------ .* cortex"
	expect_no_match canary
'

test_case 'a plan shows no secret' '
	podman exec busy-podman sed -i /query_tag/d \
		/root/.snowflake/connections.toml
	run coco-deploy plan podman:busy-podman
	expect_status 10
	expect_stdout_match "^.query_tag = "
	run coco-deploy apply podman:busy-podman
	expect_status 0
'

test_case 'again: nothing to do' '
	each_client "
		shape \$name >\$name.applied
		run coco-deploy plan \$target
		expect_status 0
		expect_stdout </dev/null
		run coco-deploy apply \$target
		expect_status 0
		shape \$name >\$name.now
		expect_file \$name.now <\$name.applied
	"
	test "$(grants)" = "$client_count" || fail "$(grants) grants"
'

test_case 'started again, it is ready' '
	each_client "
		podman restart --time 0 \$name >>podman.log 2>&1
		run podman exec --env COCO_CONNECTION=dev \$name sh -c \
			\". /root/.snowflake/coco-dev.env; coco-credential token\"
		expect_status 0
		expect_stdout_match Canary
	"
'

test_case 'what a user changed stays; the rest is as it was' '
	each_client "
		podman exec \$name sh -c \"echo x >/root/.snowflake/own\"
		run coco-deploy remove \$target
		expect_status 0
		expect_stderr_match \"/root/.snowflake: \"
		podman exec \$name rm -r /root/.snowflake
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
	test -z "$(coco-deploy list)" || fail "a record"
	test "$(grants)" = 0 || fail "$(grants) grants"
'

image=bare
each_client 'start_engine $name bare --network two; shape $name >$name.before'
test_case 'without any program inside, and out again' '
	each_client "
		run coco-deploy -c dev apply \$target
		expect_status 0
		expect_stderr
		run coco-deploy exec \$target -- /usr/local/bin/coco-credential token
		expect_status 0
		expect_stdout_match Canary
		run coco-deploy remove \$target
		expect_status 0
		expect_stderr
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
'

image=user
each_client 'start_engine $name busy --network two --user 1000:1001
	shape $name >$name.before'
test_case 'for who is not root there' '
	each_client "
		run coco-deploy -c dev apply \$target
		expect_status 0
		run coco-deploy exec \$target -- sh -c \"id -u; echo \\\$HOME
			ls -ln \\\$HOME/.snowflake/coco-dev.capability\"
		expect_stdout_match ^1000
		expect_stdout_match ^/home/u
		expect_stdout_match \"^-rw------- .* 1000 *1001 \"
		run coco-deploy exec \$target -- coco-credential token
		expect_status 0
		run coco-deploy remove \$target
		expect_status 0
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
'

image=ro
each_client 'start_engine $name busy --network two --read-only --tmpfs /root:exec
	shape $name >$name.before'
test_case 'read-only, with a home that can be written' '
	each_client "
		run coco-deploy -c dev apply \$target
		expect_status 0
		expect_stderr
		run coco-deploy exec \$target -- /root/.local/bin/coco-credential token
		expect_status 0
		expect_stdout_match Canary
		run coco-deploy remove \$target
		expect_status 0
		run podman exec \$name ls -A /root
		expect_stdout </dev/null
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
'

image=none
each_client 'start_engine $name busy --network none; shape $name >$name.before'
test_case 'without a network: what could be done is said' '
	each_client "
		run coco-deploy -c dev apply \$target
		expect_status 75
		expect_stderr_match \"cannot reach this host\"
		expect_stderr_match \"coco-deploy -c dev run -- \$client run\"
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
	test "$(grants)" = 0 || fail "$(grants) grants"
'

image=host
each_client 'start_engine $name busy --network host'
test_case 'with the network of the host' '
	each_client "
		run coco-deploy -c dev apply \$target
		expect_status 0
		run coco-deploy exec \$target -- coco-credential token
		expect_status 0
		run coco-deploy remove \$target
		expect_status 0
	"
'

image=cortex
each_client 'start_engine $name busy --network two; shape $name >$name.before'
test_case 'a client that takes a file only: a token is kept fresh there' '
	each_client "
		run coco-deploy -c dev --provider cortex apply \$target
		expect_status 0
		expect_stderr
		run podman exec \$name cat /root/.snowflake/connections.toml
		expect_stdout_match \"^token_file_path = ./root/.snowflake/coco-dev.token.\"
		run podman exec \$name cat /root/.snowflake/coco-dev.token
		expect_stdout_match Canary
		run podman exec \$name ls -ln /root/.snowflake/coco-dev.token
		expect_stdout_match \"^-rw------- \"
		run podman top \$name args
		expect_stdout_match \"coco-credential token-file --watch\"
		run coco-deploy plan \$target
		expect_status 0
		run coco-deploy apply \$target
		expect_status 0
		test \"\$(podman top \$name args | grep -c token-file)\" = 1 ||
			fail \"\$(podman top \$name args)\"
		podman restart --time 0 \$name >>podman.log 2>&1
		run coco-deploy apply \$target
		expect_status 0
		expect_stderr
		run podman exec \$name cat /root/.snowflake/coco-dev.token
		expect_stdout_match Canary
		run coco-deploy remove \$target
		expect_status 0
		expect_stderr
		run podman top \$name args
		expect_no_match token-file
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
'

image=stopped
test_case 'one that does not run' '
	podman create --name stopped-podman --network two busy /bin/sleep 9 \
		>>podman.log
	run coco-deploy -c dev apply podman:stopped-podman
	expect_status 75
	expect_stderr_match "start it first"
	test -z "$(coco-deploy list | grep stopped)" || fail "a record"
'

test_case 'a port that is closed: another way, or none' '
	iptables -I INPUT -s 10.99.1.0/24 -p tcp -j REJECT 2>lib/null || {
		skip "needs iptables"
		return
	}
	image=closed
	each_client "
		start_engine \$name busy --network two
		shape \$name >\$name.before
		run coco-deploy -c dev apply \$target
		expect_status 75
		expect_stderr_match \"cannot reach this host\"
		shape \$name >\$name.now
		expect_file \$name.now <\$name.before
	"
	iptables -F INPUT
	test "$(grants)" = 0 || fail "$(grants) grants"
'

test_case 'of two networks, the one that works; and another later' '
	podman network create --disable-dns --subnet 10.99.2.0/24 three \
		>>podman.log
	start_engine both busy --network two
	podman network connect three both
	shape both >both.before
	block() {
		iptables -F INPUT && iptables -I INPUT -d "$1" -p tcp -j REJECT
	}
	block 10.99.1.1 2>lib/null || {
		skip "needs iptables"
		return
	}
	for works in 10.99.2.1 10.99.1.1; do
		run coco-deploy -c dev apply podman:both
		expect_status 0
		run podman exec both cat /root/.snowflake/connections.toml
		expect_stdout_match "^oauth_token_request_url = .http://$works:"
		test "$(grep -c http:// lib/stdout)" = 1 || fail "$(stdout)"
		run coco-deploy exec podman:both -- coco-credential token
		expect_status 0
		test "$(grants)" = 1 || fail "$(grants) grants"
		block 10.99.2.1
		podman exec both rm /root/.snowflake/coco-dev.env
	done
	iptables -F INPUT
	run coco-deploy remove podman:both
	expect_status 0
	shape both >both.now
	expect_file both.now <both.before
'

test_case 'exposed and back' '
	start_engine exposed busy --network two
	shape exposed >exposed.before
	run coco-deploy -c dev apply podman:exposed
	expect_status 0
	cp "$HOME/.snowflake/connections.toml" toml.before
	sed -i "s/OAUTH_AUTHORIZATION_CODE/PROGRAMMATIC_ACCESS_TOKEN\"\ntoken = \"patcanary/" \
		"$HOME/.snowflake/connections.toml"
	run coco-deploy -c dev apply podman:exposed
	expect_status 5
	expect_stderr_match "a target that gets it has it for good"
	run coco-deploy -c dev --expose apply podman:exposed
	expect_status 0
	test "$(grants)" = 0 || fail "$(grants) grants"
	run podman exec exposed cat /root/.snowflake/connections.toml
	expect_stdout_match "^token = .patcanary.$"
	expect_no_match oauth_
	expect_no_match token_file_path
	cp toml.before "$HOME/.snowflake/connections.toml"
	run coco-deploy -c dev apply podman:exposed
	expect_status 0
	run podman exec exposed cat /root/.snowflake/connections.toml
	expect_no_match patcanary
	run coco-deploy remove podman:exposed
	expect_status 0
	shape exposed >exposed.now
	expect_file exposed.now <exposed.before
'

test_case 'there is no such container, and no such target' '
	run coco-deploy -c dev apply podman:nosuch
	expect_status 3
	expect_stderr_match "nosuch"
	run coco-deploy -c dev apply lxc:nosuch
	expect_status 1
	expect_stderr_match "\"lxc:nosuch\" is no target"
	run coco-deploy -c dev apply "podman:--help"
	expect_status 1
'

test_done
