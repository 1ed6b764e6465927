#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0680 - coco-deploy where things have changed since: the connection, its role,
# whether its secret is handed out, and which container has the name.
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
may_print_secrets 'coco-deploy *token*'
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' 'roots/*' \
	home/.snowflake/connections.toml
connections=$HOME/.snowflake/connections.toml
cp "$connections" connections.before
records=$XDG_STATE_HOME/coco/deploy
mkdir -p roots/a/root
root=dir:$trash/roots/a

# roles WANTED: of the one grant
roles() {
	coco-tokend grants | sed -n "s/^connection  *//p" >roles
	expect_file roles <<-END
	$1
	END
}

# apply_ ARGUMENT...
apply_() {
	run coco-deploy "$@"
	expect_status 0
}

test_case 'another role: the grant has that one and no other' '
	apply_ -c dev --role OTHER --home /root apply $root
	roles "dev as OTHER"
	run coco-deploy status $root
	expect_status 0
	apply_ apply $root
	roles "dev as OTHER"
	grep -q "^role = .OTHER.$" roots/a/root/.snowflake/connections.toml ||
		fail "it was forgotten"
	apply_ --role THIRD apply $root
	roles "dev as THIRD"
	apply_ remove $root
	apply_ -c dev --home /root apply $root
	sed -i s/ANALYST/NARROW/ "$connections"
	apply_ apply $root
	roles "dev as NARROW"
	sed -i /NARROW/d "$connections"
	apply_ apply $root
	roles "dev"
'

test_case 'another user: another grant' '
	former=$(coco-tokend grants | sed -n "s/^id  *//p")
	sed -i s/ALICE/BOB/ "$connections"
	run coco-deploy status $root
	expect_status 4
	apply_ apply $root
	test "$(coco-tokend grants | grep -c "^id ")" = 1 || fail "grants"
	! coco-tokend grants | grep -q $former || fail "the former grant"
	cp connections.before "$connections"
	apply_ apply $root
'

test_case 'T2: a secret that is handed out ends the grant, and back' '
	sed -i "s/OAUTH_AUTHORIZATION_CODE/PROGRAMMATIC_ACCESS_TOKEN/
		s/^account/token = \"pat-canary-x\"\n&/" "$connections"
	apply_ --expose apply $root
	test -z "$(coco-tokend grants)" || fail "there is a grant"
	run coco-deploy list --json
	expect_stdout_match "\"exposed\":true"
	cp connections.before "$connections"
	apply_ apply $root
	! grep -q canary roots/a/root/.snowflake/connections.toml ||
		fail "it is there"
	run coco-deploy list --json
	expect_stdout_match "\"exposed\":false"
	run coco-deploy status $root
	expect_status 0
	apply_ verify $root
'

test_case 'a private key that others can read is handed out, and that is said' '
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out key.pem 2>openssl.log
	fake_authenticator=SNOWFLAKE_JWT
	make_connection key "private_key_file = \"$trash/key.pem\""
	mkdir -p roots/b/root
	chmod 600 key.pem
	run coco-deploy -c key --expose --home /root plan dir:$trash/roots/b
	expect_status 10
	expect_stderr
	chmod 644 key.pem
	run coco-deploy -c key --expose --home /root plan dir:$trash/roots/b
	expect_status 10
	expect_stderr_match "^coco-deploy: connection .key.: private_key_file \
$trash/key.pem can be read by others: make its mode 600\$"
	rm key.pem
	unset fake_authenticator
	cp connections.before "$connections"
'

test_case 'a plan changes no grant' '
	ask_tokend /grants | grep -o "expires_utc.:[0-9]*" >before
	test -s before || fail "no grant"
	run coco-deploy --ttl 1m plan $root
	expect_status 0
	ask_tokend /grants | grep -o "expires_utc.:[0-9]*" >now
	expect_file now <before
'

test_case 'a grant that cannot be ended is not forgotten' '
	stop_tokend
	run coco-deploy remove $root
	expect_status 75
	expect_stderr_match "is not revoked: no coco-tokend is running"
	test -n "$(coco-deploy list)" || fail "no record"
	start_tokend
	apply_ remove $root
	test -z "$(coco-tokend grants)" || fail "there is a grant"
	test -z "$(coco-deploy list)" || fail "a record"
	find roots/a -mindepth 2 >left
	expect_file left </dev/null
'

test_case 'T11: what was in a container does not go into the next' '
	start_engine web busy --network two
	podman exec web sh -c "mkdir -m 700 /root/.snowflake
		echo \"# of the first\" >/root/.snowflake/connections.toml"
	apply_ -c dev apply podman:web
	"$lib_python" -c "
import glob, json, sys
path, = glob.glob(sys.argv[1] + \"/*.json\")
record = json.load(open(path))
record[\"saved\"] = [{\"path\": \"/root/.snowflake/connections.toml\",
    \"mode\": 0o600, \"uid\": 0, \"gid\": 0, \"content\": \"# of the first\\n\"}]
record[\"applied_utc\"] = 0
open(path, \"w\").write(json.dumps(record))" "$records" || fail "not forged"
	podman rm --force --time 0 web >>podman.log
	start_engine web busy --network two
	apply_ -c dev apply podman:web
	run podman exec web cat /root/.snowflake/connections.toml
	expect_no_match "of the first"
	podman rm --force --time 0 web >>podman.log
'

test_case 'the next one of that name has another user' '
	start_engine web busy --network two --user u
	apply_ -c dev apply podman:web
	run coco-deploy exec podman:web -- id
	expect_stdout_match "^uid=1000.*gid=1001"
	apply_ remove podman:web
	podman rm --force --time 0 web >>podman.log
'

test_case 'another way by a new grant: the former one is taken out' '
	start_engine web busy --network two
	apply_ -c dev --provider cortex apply podman:web
	run podman exec web ls /root/.snowflake/coco-dev.token
	expect_status 0
	coco-tokend revoke "$(coco-tokend grants | sed -n "s/^id  *//p")" \
		2>revoke.log || fail "$(cat revoke.log)"
	apply_ -c dev --provider snowflake apply podman:web
	run podman exec web ls /root/.snowflake/coco-dev.token
	test $status -ne 0 || fail "the token is left"
	run podman top web args
	expect_no_match token-file
	run coco-deploy exec podman:web -- coco-credential token
	expect_status 0
	apply_ remove podman:web
	podman rm --force --time 0 web >>podman.log
'

test_case 'one that was renamed keeps what it has' '
	start_engine web busy --network two
	apply_ -c dev apply podman:web
	podman rename web old
	start_engine web busy --network two
	run coco-deploy status podman:web
	expect_status 3
	apply_ -c dev apply podman:web
	for name in web old; do
		run coco-deploy exec podman:$name -- coco-credential token
		expect_status 0
		expect_stdout_match Canary
	done
	apply_ remove podman:web
	podman rm --force --time 0 web >>podman.log
	apply_ remove podman:web
	run podman exec old ls -A /root
	expect_stdout </dev/null
	test -z "$(coco-deploy list)" || fail "a record"
	test -z "$(coco-tokend grants)" || fail "there is a grant"
	podman rm --force --time 0 old >>podman.log
'

test_case 'of one that is gone only its own is removed, by what list says' '
	start_engine web busy --network two
	apply_ -c dev apply podman:web
	podman rename web old
	start_engine web busy --network two
	apply_ -c dev apply podman:web
	podman rm --force --time 0 old >>podman.log
	run coco-deploy list
	expect_status 0
	expect_equal "$(stdout | grep -c "  gone$")" 1 gone
	expect_stderr_match "podman:web is gone"
	command=$(sed -n "s/.*hint: coco-deploy //p" lib/stderr)
	apply_ $command
	run coco-deploy list
	expect_stderr </dev/null
	expect_equal "$(stdout | wc -l)" 1 left
	expect_equal "$(coco-tokend grants | grep -c "^id ")" 1 grants
	apply_ remove podman:web
	podman rm --force --time 0 web >>podman.log
'

test_case 'two runs of one name: each has its own' '
	coco-deploy -c dev run -- podman run --rm --name same --network none \
		busy sh -c "sleep 1; coco-credential token" >one.out 2>one.err &
	one=$!
	coco-deploy -c dev run -- podman run --rm --name same --network none \
		busy sh -c "sleep 1; coco-credential token" >two.out 2>two.err
	two=$?
	wait $one
	test $?:$two = 0:0 || fail "$(cat one.err two.err)"
	grep -q Canary one.out && grep -q Canary two.out || fail "no token"
	rm one.out two.out
	test -z "$(coco-deploy list)" || fail "a record"
	test -z "$(coco-tokend grants)" || fail "there is a grant"
'

test_case 'a provider says nothing of how to log in' '
	mkdir -p "$XDG_CONFIG_HOME/coco/providers"
	cat >"$XDG_CONFIG_HOME/coco/providers/mine.toml" <<-END
	version = 1
	summary = "x"
	tokens = ["file"]
	[connection]
	token = "x"
	END
	run coco-deploy -c dev --home /root --provider mine apply $root
	expect_status 1
	expect_stderr_match "provider mine: .token. says how to log in"
	test -z "$(coco-tokend grants)" || fail "there is a grant"
'

test_done
