#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0670 - coco-deploy compose: an override file for the services of a compose
# file, and what it mounts.  There is no compose here: podman does what the file
# says.
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
may_hold_secrets 'run/coco/grants/*' 'home/.local/state/coco/deploy/*' \
	'podman/*' 'lib/std*'
may_print_secrets 'podman run *'
mkdir app
cat >app/compose.yaml <<-END
services:
  web:
    image: busy
  jobs:
    image: busy
    networks: [default]
END

# value KEY: of the override, the first
value() {
	sed -n "s/^ *-* *$1: *//p" app/compose.coco.yaml | head -n 1 |
		tr -d "\"'"
}

test_case 'the override file' '
	run coco-deploy -c dev compose app/compose.yaml
	expect_status 0
	expect_stdout </dev/null
	expect_stderr
	expect_mode app/compose.coco.yaml 600
	run cat app/compose.coco.yaml
	expect_stdout_match "^# .*docker compose -f app/compose.yaml"
	expect_stdout_match "^  .*web.*:$"
	expect_stdout_match "^  .*jobs.*:$"
	expect_stdout_match "SNOWFLAKE_HOME.*: .*/run/snowflake"
	expect_stdout_match "COCO_TOKEND.*: .*unix:/run/coco/tokend.sock"
	expect_stdout_match "SNOWFLAKE_OAUTH_TOKEN_HOST.*: .*token-proxy"
	expect_stdout_match "token-proxy:10[.][0-9]*[.][0-9]*[.]1"
	expect_stdout_match "subnet.*: .*10[.][0-9]*[.][0-9]*[.]0/24"
	expect_no_match "host-gateway"
	run coco-deploy list
	expect_stdout_match "^compose:$trash/app/compose.yaml  dev  token_file  grant"
'

test_case 'a container by it has a token, by the socket and by the address' '
	subnet=$(value subnet)
	gateway=$(value gateway)
	port=$(sed -n "s/.*TOKEN_PROXY_PORT.*: *\"*\([0-9]*\).*/\1/p" \
		app/compose.coco.yaml | head -n 1)
	podman network create --disable-dns --subnet "$subnet" \
		--gateway "$gateway" project >>podman.log
	sed -n "s/^ *-* *source: *//p" app/compose.coco.yaml |
		tr -d "\"" | head -n 3 >sources
	grant=$(sed -n 1p sources)
	home=$(sed -n 2p sources)
	client=$(sed -n 3p sources)
	program=/usr/local/bin/coco-credential
	by_file() {
		run podman run --rm --network project \
			--volume "$grant:/run/coco:ro" \
			--volume "$home:/run/snowflake" \
			--volume "$client:$program:ro" \
			--add-host "token-proxy:$gateway" "$@"
		expect_status 0
		expect_stdout_match Canary
	}
	by_file --env COCO_TOKEND=unix:/run/coco/tokend.sock busy \
		coco-credential token
	by_file busy cat /run/coco/token
	run podman run --rm --network project \
		--volume "$client:$program:ro" \
		--add-host "token-proxy:$gateway" \
		--env "COCO_TOKEND=http://token-proxy:$port" busy \
		coco-credential token
	expect_status 5
	run podman run --rm --network project \
		--volume "$home:/run/snowflake" busy \
		cat /run/snowflake/connections.toml
	expect_stdout_match "^token_file_path = ./run/coco/token.$"
'

test_case 'again: a new grant, and the former is ended' '
	run coco-deploy compose app/compose.yaml --service jobs
	expect_status 0
	expect_stderr_match "start services that run again"
	run cat app/compose.coco.yaml
	expect_stdout_match "COCO_TOKEND.*: .*unix:/run/coco/tokend.sock"
	test "$(coco-tokend grants | grep -c "^id ")" = 1 || fail "grants"
	test "$(coco-deploy list | wc -l)" = 1 || fail "records"
	expect_no_match "^  .*web.*:$"
	test ! -e "$grant" || fail "the former directory is there"
'

test_case 'a compose file is no target: what can be done is said' '
	for verb in plan apply status verify; do
		run coco-deploy $verb compose:app/compose.yaml
		expect_status 1
		expect_stdout </dev/null
		expect_stderr <<-END
		coco-deploy: compose:app/compose.yaml: what was made for a \
compose file can be listed and removed
		coco-deploy: hint: coco-deploy remove compose:app/compose.yaml
		END
	done
'

test_case 'remove takes all of it away' '
	run coco-deploy remove compose:app/compose.yaml
	expect_status 0
	expect_stderr
	test ! -e app/compose.coco.yaml || fail "it is there"
	test -z "$(coco-tokend grants)" || fail "a grant"
	test -z "$(coco-deploy list)" || fail "a record"
	test -z "$(ls "$XDG_STATE_HOME/coco/deploy")" || fail "left over"
	run coco-deploy remove compose:app/compose.yaml
	expect_status 3
'

test_case 'remove after a compose that was killed before it ended the former' '
	coco-deploy -c dev compose app/compose.yaml 2>/dev/null
	record=$(ls home/.local/state/coco/deploy/*.json)
	id=$(basename "$record" .json)
	sed "s/$id/ffffffffffffffff/; s/\\(\"sha256\":\"\\)[0-9a-f]\\{8\\}/\\100000000/" \
		"$record" >home/.local/state/coco/deploy/ffffffffffffffff.json
	chmod 600 home/.local/state/coco/deploy/*.json
	run coco-deploy remove compose:app/compose.yaml
	expect_status 0
	expect_stderr
	test ! -e app/compose.coco.yaml || fail "the override is there"
	test -z "$(ls home/.local/state/coco/deploy)" || fail "a record is there"
'

test_case 'an override that somebody changed stays' '
	run coco-deploy -c dev compose app/compose.yaml -o app/mine.yaml
	expect_status 0
	echo "# mine" >>app/mine.yaml
	run coco-deploy remove compose:app/compose.yaml
	expect_status 0
	expect_stderr_match "mine.yaml was changed since; it stays"
	test -e app/mine.yaml || fail "it is gone"
'

test_case 'what is not ours is not replaced' '
	cp app/compose.yaml source.yaml
	run coco-deploy -c dev compose -o app/compose.yaml app/compose.yaml
	expect_status 1
	expect_stderr_match "is there already, and not as coco-deploy wrote it"
	expect_file app/compose.yaml <source.yaml
	echo mine >app/compose.coco.yaml
	run coco-deploy -c dev compose app/compose.yaml
	expect_status 1
	expect_file app/compose.coco.yaml <<-END
	mine
	END
	rm app/compose.coco.yaml
	test -z "$(coco-tokend grants)" || fail "a grant"
'

test_case 'a compose file that is gone' '
	cp source.yaml app/gone.yaml
	run coco-deploy -c dev compose app/gone.yaml
	expect_status 0
	rm app/gone.yaml
	run coco-deploy remove "compose:$trash/app/gone.yaml"
	expect_status 0
	test -z "$(coco-deploy list)" || fail "a record"
	test ! -e app/gone.coco.yaml || fail "it is there"
'

test_case 'an ordinary user can do it for services that run as he' '
	user="unshare --user --map-user=1000 --map-group=1000"
	$user true 2>lib/null || { skip "no user namespace"; return; }
	printf "services:\n  a: {image: x}\n" >app/root.yaml
	run $user coco-deploy -c dev compose app/root.yaml
	# root is nobody there, so that even a sticky directory is not trusted
	if grep -q "is writable by group or others" lib/stderr; then
		skip "below /tmp or the like"
		return
	fi
	expect_status 6
	expect_stderr_match "run as another user than you" "hint: say user: "
	test ! -e app/root.coco.yaml || fail "it is there"
	run $user coco-deploy -c dev compose --user 1000 app/root.yaml
	expect_stderr_match "^coco-deploy: "
	expect_no_match "another user than you"
'

test_case 'what cannot be done is said, and nothing is left' '
	printf "services:\n  a: {image: x, user: \"1\"}\n  b: {image: x}\n" \
		>app/users.yaml
	run coco-deploy -c dev compose app/users.yaml
	expect_status 6
	expect_stderr_match "the services run as different users"
	run coco-deploy -c dev compose app/users.yaml --service c
	expect_status 3
	expect_stderr_match "there is no service \"c\""
	printf "services: [\n" >app/bad.yaml
	run coco-deploy -c dev compose app/bad.yaml
	expect_status 1
	expect_stderr_match "app/bad.yaml:[0-9]*:[0-9]*: "
	run coco-deploy -c dev compose app/nosuch.yaml
	expect_status 3
	stop_tokend
	run coco-deploy -c dev compose app/compose.yaml
	expect_status 75
	expect_stderr_match "no coco-tokend is running"
	test ! -e app/compose.coco.yaml || fail "it is there"
	test -z "$(ls "$XDG_STATE_HOME/coco/deploy")" || fail "left over"
'

test_done
