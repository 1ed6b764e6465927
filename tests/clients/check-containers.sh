#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# check-containers - Snowflake's own Node driver in containers that coco-deploy
# has made ready: by each way for a token to get there, beyond the life of the
# first one and of the container, and with what lasts.  All the time a watcher
# looks at the arguments and environments of all processes, on both sides.
# `make check-clients' runs it, as root; it is no part of `make check'.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
sdk=$builddir/clients/node_modules
test -d "$sdk/snowflake-sdk" ||
	skip_all 'needs npm, for snowflake-sdk: make check-clients'
test -x "$builddir/coco-credential.static" || skip_all 'needs the static client'
own_pids=1
enter_netns "$@"
require python3 node curl docker openssl
need_engines

# So long does a token live, in seconds: as in check-clients.sh.
life=10

clients=$srcdir/tests/clients
may_hold_secrets 'podman/*' 'run/coco/grants/*' pair.p8 pat world.key first
may_print_secrets 'coco-deploy exec * coco-credential token'

# --- the host ----------------------------------------------------------------

# Snowflake is at an address that containers reach as well, so it speaks TLS
fake_host=10.99.9.1
ip addr add $fake_host/32 dev lo
mkdir world
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -subj /CN=$fake_host -days 2 \
		-addext subjectAltName=IP:$fake_host \
		-keyout world.key -out world/cert.pem
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
		-out pair.p8
	openssl pkey -in pair.p8 -pubout -out pair.pub
} >openssl.log 2>&1
if ! test -s world/cert.pem || ! test -s pair.pub; then
	skip_all 'openssl makes no keys'
fi
SSL_CERT_FILE=$trash/world/cert.pem
COCO_TEST_CA=$SSL_CERT_FILE
BROWSER="$lib_python $srcdir/tests/fake/browser.py"
export SSL_CERT_FILE COCO_TEST_CA BROWSER

start_fake --everywhere --name $fake_host --set access_ttl=$life \
	--tls "$SSL_CERT_FILE" "$trash/world.key"
make_connection dev 'role = "ANALYST"'
fake_authenticator=SNOWFLAKE_JWT
make_connection pair "private_key_file = \"$trash/pair.p8\""
fake_authenticator=PROGRAMMATIC_ACCESS_TOKEN
make_connection pat "token_file_path = \"$trash/pat\""
chmod 600 "$HOME/.snowflake/connections.toml"
printf 'canary-%s\n' 'of-a-programmatic-access-token' >pat
may_hold_secrets knowledge
"$lib_python" -c '
import json
with open("pat") as pat, open("pair.pub") as pub:
    print(json.dumps({"pats": {"ALICE": pat.read().strip()},
                      "public_keys": {"ALICE": pub.read()}}))' >knowledge

# watch NAME: look at all processes, until `unwatch'
watch() {
	"$lib_python" "$clients/watch.py" "$trash/$1.ready" "$trash/$1.found" \
		"$trash/$1.seen" pair.p8 pat 2>"$1.log" &
	watcher=$!
	wait_for_file "$1.ready"
}

unwatch() {
	kill "$watcher"
	wait "$watcher"
}

watch all
curl -sS -k -o lib/null -H 'Content-Type: application/json' \
	--data-binary @knowledge "$fake_url/__control"
start_tokend
if ! coco-credential -c dev login 2>login.log; then
	cat login.log
	echo 'Bail out!  the host cannot log in'
	exit 1
fi
coco-deploy hook --print >hook.json
mkdir hooks
mv hook.json hooks/coco.json

# --- the containers ----------------------------------------------------------

# make_node: an image for programs of the host's /usr, with a /usr/local of its
# own
make_node() (
	umask 022
	mkdir -p images/node/etc images/node/root images/node/tmp \
		images/node/usr/local/bin
	for link in bin sbin lib lib32 lib64; do
		test ! -L "/$link" || ln -s "usr/$link" "images/node/$link"
	done
	cp images/busy/etc/passwd images/node/etc/passwd
	tar -C images/node -c . | podman import - node >>podman.log 2>&1
)

usr=
for dir in bin lib lib32 lib64; do
	test ! -d "/usr/$dir" || usr="$usr --volume /usr/$dir:/usr/$dir:ro"
done
make_node || skip_all "no image: $(tail -n 1 podman.log)"

# start_node NAME [OPTION...]: a container with node and the driver; $hooks is
# for podman itself
hooks=
start_node() {
	node_name=$1
	shift
	podman $hooks run --detach --name "$node_name" --network two $usr \
		--volume "$builddir/clients:/clients:ro" \
		--volume "$clients:/tests:ro" --volume "$trash/world:/world:ro" \
		--env NODE_PATH=/clients/node_modules --env NODE_NO_WARNINGS=1 \
		--env SNOWFLAKE_DISABLE_MINICORE=true \
		--env NODE_EXTRA_CA_CERTS=/world/cert.pem "$@" \
		node /bin/sleep 900 >>podman.log 2>&1
}

# query TARGET WORD...: by the driver, in there
query() {
	query_target=$1
	shift
	run coco-deploy exec "$query_target" -- node /tests/query.js "$@"
}

# logins [FIELD]: what the stand-in has seen of them since `forget_logins', a
# line each: the token's name, and "ok" or the code; or the field instead
logins() {
	"$lib_python" -c '
import json, sys
for line in map(json.loads, sys.stdin):
    if line["path"] != "/session/v1/login-request":
        continue
    if sys.argv[1:]:
        print(line.get(sys.argv[1]))
    else:
        print(line["secrets"]["TOKEN"], line["result"])' "$@" <"$fake_log"
}

forget_logins() {
	: >"$fake_log"
}

# name_of FILE: of the token in it, as the stand-in calls it
name_of() {
	tr -d '\n' <"$1" | sha256sum | cut -c 1-12
}

# served TARGET [ROLE]: a query works there, and its session says whose it is
served() {
	forget_logins
	query "$1" once
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-END
	ALICE ${2:-ANALYST}
	END
	coco-deploy status --json "$1" >status.json
	id=$(json_field grant <status.json)
	test -n "$id" || id=$(json_field id <status.json)
	test -n "$id" || fail "no id"
	expect_equal "$(logins query_tag)" "coco:$id" "QUERY_TAG"
}

# --- each way for tokens -----------------------------------------------------

# Another way is one more target in one of these: with a token for each
# connection, or with one in a file.
by_endpoint='podman:p1 docker:d1'
by_file='podman:p2 docker:d2 podman:h1'
for name in p1 d1 p2 d2; do
	start_node $name
done

watch_execs

test_case 'the endpoint' '
	for target in $by_endpoint; do
		run coco-deploy -c dev apply $target
		expect_status 0
		expect_stderr </dev/null
		served $target
	done
'

test_case 'a token file that is kept fresh inside' '
	for target in podman:p2 docker:d2; do
		run coco-deploy -c dev --provider cortex apply $target
		expect_status 0
		expect_stderr </dev/null
		served $target
	done
'

test_case 'a token file of the host, mounted by the hook' '
	hooks="--hooks-dir $trash/hooks"
	start_node h1 --annotation coco.connection=dev \
		--volume "$XDG_STATE_HOME/coco/deploy/hook:/run/coco:ro"
	hooks=
	run podman exec h1 cat /root/.snowflake/connections.toml
	expect_stdout_match "^token_file_path = ./run/coco/token.$"
	served podman:h1
'

# first_is_used: the token of now is in `first', and somebody logged in with it
first_is_used() {
	coco-credential -c dev token >first
	logins >seen
	grep -q "^$(name_of first) ok" seen
}

# The programs connect all the time; one with a token file has pinned the first
# token and goes on until that is refused.
start_programs() {
	: >world/go
	programs=
	for target in $by_endpoint; do
		coco-deploy exec $target -- node /tests/query.js \
			while /world/go >${target#*:}.out 2>&1 &
		programs="$programs $!"
	done
	for target in $by_file; do
		coco-deploy exec $target -- node /tests/query.js \
			pinned >${target#*:}.out 2>&1 &
		programs="$programs $!"
	done
}

test_case 'programs that go on when the first token has expired' '
	forget_logins
	start_programs
	until_true "a login with the token" first_is_used
	run env SNOWFLAKE_HOME="$HOME/.snowflake" \
		SNOWFLAKE_DEFAULT_CONNECTION_NAME=dev \
		"$lib_python" "$clients/drivers.py" refused first
	expect_status 0
	expect_stdout <<-\END
	refused 390318
	END
	rm world/go
	for pid in $programs; do
		wait $pid || fail "a program failed"
	done
	for target in $by_endpoint; do
		expect_file ${target#*:}.out <<-\END
		ALICE ANALYST
		ALICE ANALYST
		END
	done
	for target in $by_file; do
		expect_file ${target#*:}.out <<-\END
		ALICE ANALYST
		refused 390318
		ALICE ANALYST
		ALICE ANALYST
		END
	done
'

test_case 'programs that start then, in a container that was restarted' '
	podman restart --time 0 p1 d1 p2 d2 >>podman.log 2>&1
	podman --hooks-dir "$trash/hooks" restart --time 0 h1 >>podman.log 2>&1
	# nothing inside keeps a token fresh any more, until this
	for target in podman:p2 docker:d2; do
		run coco-deploy apply $target
		expect_status 0
	done
	for target in $by_endpoint $by_file; do
		served $target
		test "$(logins)" != "$(name_of first) ok" ||
			fail "the first token again"
	done
'

# --- what lasts --------------------------------------------------------------

start_node k1
start_node k2

# exposed CONNECTION TARGET WHAT: only when somebody says so
exposed() {
	run coco-deploy -c $1 apply $2
	expect_status 5
	expect_stderr_match \
		"its clients want $3 itself, and a target that gets it has it"
	expect_stderr_match "login.: then it gets tokens that do not last"
	expect_stderr_match "say --expose to hand it out all the same"
	run podman exec ${2#*:} ls -A /root
	expect_no_match snowflake
	run coco-deploy -c $1 --expose apply $2
	expect_status 0
	expect_stderr </dev/null
	served $2 PUBLIC
	podman restart --time 0 ${2#*:} >>podman.log 2>&1
	served $2 PUBLIC
	run coco-deploy remove $2
	expect_status 0
	run podman exec ${2#*:} ls -A /root
	expect_no_match snowflake
}

test_case 'a key pair' 'exposed pair podman:k1 "the private key"'
test_case 'a programmatic access token' '
	exposed pat podman:k2 "the programmatic access token"
'

# --- who shows a secret ------------------------------------------------------

unwatch_execs
test_case 'no process has shown a secret' '
	unwatch
	expect_file all.found </dev/null
	for program in coco-credential coco-deploy coco-tokend conmon docker \
	    node podman runc sleep; do
		grep -q "^$program" all.seen || fail "$program was not seen"
	done
'

test_case 'the watcher sees it, on both sides' '
	watch some
	env COCO_TEST=canary-1 sleep 60 &
	shown=$!
	podman exec --env COCO_TEST=canary-2 p1 /bin/sh -c \
		"sleep 60; : $(sed -n 2p pair.p8)" >>podman.log 2>&1 &
	until_true "what the host shows" \
		grep -q "^sleep: .* environment$" some.found
	until_true "what a container shows" \
		grep -q "^sh: pair.p8 in its arguments$" some.found
	kill $shown
	unwatch
'

test_done
