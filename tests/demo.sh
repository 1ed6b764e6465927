#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# demo.sh - the life of a token in half a minute of reading: login, a query,
# the daemon, expiry, a silent refresh, a command with a token in files, logout.
# `./bootstrap demo' runs it.
#
# The Snowflake in it is a stand-in on this machine and the browser is a
# script, but each command is the real one, and each answer is checked: the
# demo ends with "demo: ok", or with what went wrong and status 1.  All of it
# happens in a directory of its own that is gone at the end.
#
#	builddir=build sh tests/demo.sh
#	builddir=build sh tests/demo.sh shell	# no story: a shell in that world
set -u

die() {
	printf 'demo: FAILED: %s\n' "$*" >&2
	exit 1
}

srcdir=$(cd "${srcdir:-$(dirname "$0")/..}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
fake=$srcdir/tests/fake
shim=$builddir/tests/shim/clock.so
test -x "$builddir/coco-credential" ||
	die "no coco-credential in $builddir (set builddir)"
for command in python3 openssl; do
	command -v $command >/dev/null || die "$command is needed"
done
# what a version manager puts first in PATH may want the HOME that we change
python=$(python3 -c 'import sys; print(sys.executable)') || exit 1

# --- a world of its own ----------------------------------------------------

# shellcheck disable=SC2046 # names of variables have no blanks
unset $(env | sed -n \
	-e 's/^\(SNOWFLAKE_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(INSPECT_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(COCO_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(SSL_CERT_[A-Z]*\)=.*/\1/p' \
	-e 's/^\([A-Za-z_]*_[Pp][Rr][Oo][Xx][Yy]\)=.*/\1/p') \
	CURL_CA_BUNDLE REQUESTS_CA_BUNDLE LD_PRELOAD

umask 077
world=$(mktemp -d "${TMPDIR:-/tmp}/coco-demo.XXXXXX") || exit 1
server=
tokend=
shift_clock=

# Locks of coco are kept in memory, beside those of other logins.  Ours are
# taken before they are removed, as the rule for such files is; a directory
# that was not there before goes too.
locks=/dev/shm/coco-$(id -u)
test -d /dev/shm || locks=/var/tmp/coco-$(id -u)
had_locks=no
test ! -d "$locks" || had_locks=yes
list_locks() {
	ls -A "$locks" 2>/dev/null
}
list_locks >"$world/locks"
remove_locks='
import fcntl, os, sys
directory, before, had = sys.argv[1:]
with open(before, encoding="utf-8") as file:
    known = set(file.read().splitlines())
for name in set(os.listdir(directory)) - known:
    path = os.path.join(directory, name)
    if os.path.isdir(path):     # of an exec that others have started
        continue
    fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    except BlockingIOError:
        pass
    os.close(fd)
if had == "no" and not os.listdir(directory):
    os.rmdir(directory)'

clean_up() {
	for pid in $tokend $server; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	test ! -d "$locks" || "$python" -c "$remove_locks" \
		"$locks" "$world/locks" $had_locks
	cd / && rm -rf "$world"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cd "$world" || exit 1
mkdir home run || exit 1
HOME=$world/home
XDG_CONFIG_HOME=$HOME/.config
XDG_DATA_HOME=$HOME/.local/share
XDG_STATE_HOME=$HOME/.local/state
XDG_CACHE_HOME=$HOME/.cache
XDG_RUNTIME_DIR=$world/run
PYTHONDONTWRITEBYTECODE=1
LC_ALL=C
TZ=UTC
BROWSER="$python $fake/browser.py"
SSL_CERT_FILE=$world/cert.pem
COCO_TEST_CA=$SSL_CERT_FILE
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME \
	XDG_RUNTIME_DIR PYTHONDONTWRITEBYTECODE LC_ALL TZ BROWSER \
	SSL_CERT_FILE COCO_TEST_CA

# --- the stand-in for Snowflake --------------------------------------------

# Python that the steps below run.  What is secret comes on stdin.
ask='
import json, os, ssl, sys, urllib.error, urllib.request
url = os.environ["fake_url"]
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(
        context=ssl.create_default_context(cafile=os.environ["COCO_TEST_CA"])))
def post(path, document, headers):
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(
        url + path, None if document is None else json.dumps(document).encode(),
        headers)
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
'
query="$ask"'
headers = dict(line.rstrip("\n").split(": ", 1) for line in sys.stdin)
status, answer = post("/api/v2/statements",
                      {"statement": "select current_user()"}, headers)
print(status, answer["data"][0][0] if status == 200 else answer["code"])'
control="$ask"'
state = post("/__control", json.loads(sys.argv[1]), {})[1]
print(state["counters"]["token"].get("refresh_token", 0))'

# The milliseconds that a command takes, the best of five.
timing='
import subprocess, sys, time
times = []
for _ in range(5):
    start = time.monotonic()
    subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    times.append(time.monotonic() - start)
print("%.1f ms" % (min(times) * 1000))'

start_server() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -days 2 -subj '/CN=coco demo' \
		-addext 'subjectAltName=IP:127.0.0.1' \
		-keyout key.pem -out cert.pem >openssl.out 2>&1 ||
		die "openssl made no certificate: $(cat openssl.out)"
	"$python" "$fake/snowflake.py" --ready-file ready --control \
		--tls cert.pem key.pem >server.out 2>&1 &
	server=$!
	tries=100
	until test -s ready; do
		tries=$((tries - 1))
		if test $tries -eq 0 || ! kill -0 $server 2>/dev/null; then
			die "the stand-in does not start: $(cat server.out)"
		fi
		sleep 0.1
	done
	fake_url=$("$python" -c 'import json, sys
print(json.load(sys.stdin)["url"])' <ready) || exit 1
	export fake_url
}

write_connection() {
	mkdir home/.snowflake || exit 1
	cat >home/.snowflake/connections.toml <<-END
	[demo]
	account = "demo-account"
	user = "ALICE"
	host = "127.0.0.1"
	port = ${fake_url##*:}
	authenticator = "OAUTH_AUTHORIZATION_CODE"
	END
}

# --- what the steps are made of --------------------------------------------

say() {
	echo
	printf '# %s\n' "$@"
}

# coco OPTION...: run coco-credential at the demo's time of day
coco() {
	if test -z "$shift_clock"; then
		"$builddir/coco-credential" "$@"
		return
	fi
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 \
		COCO_TEST_NOW=$shift_clock LD_PRELOAD=$shim \
		"$builddir/coco-credential" "$@"
}

# show OPTION...: show the command and what it prints; it must succeed.  Its
# output is in the file "out", too.
show() {
	printf '$ coco-credential %s\n' "$*"
	coco "$@" >out 2>&1 </dev/null
	status=$?
	sed "s:$world/home:~:g" out
	test $status -eq 0 || die "coco-credential $* has status $status"
}

# show_exec SCRIPT: show the command and what it prints.  Its output is in the
# file "out", too.
show_exec() {
	printf "$ coco-credential -c demo exec -- sh -c '%s'\n" "$1"
	coco -c demo exec -- sh -c "$1" >out 2>&1 </dev/null
	status=$?
	cat out
	test $status -eq 0 || die "coco-credential exec has status $status"
}

# show_token: show the command and the beginning of the token; it is in $token
show_token() {
	printf '$ coco-credential -c demo token\n'
	token=$(coco -c demo token) || die 'there is no token'
	case $token in
	ver:1-hint:*) ;;
	*) die 'this is no token of the stand-in' ;;
	esac
	# shellcheck disable=SC3057
	printf '%.24s... (%s characters)\n' "$token" "${#token}"
}

# show_query WANT: ask Snowflake who we are, by the token's header
show_query() {
	printf '$ coco-credential -c demo --format header token |\n'
	printf "    query 'select current_user()'\n"
	coco -c demo --format header token | check_query "$1" || exit 1
}

# check_query WANT: do it with the header on stdin
check_query() {
	answer=$("$python" -c "$query") || die 'no answer from the stand-in'
	printf '%s\n' "$answer"
	test "$answer" = "$1" || die "the answer is '$answer', not '$1'"
}

# start_tokend: as a person would in another terminal; its log is tokend.out
start_tokend() {
	printf '$ coco-tokend &\n'
	"$builddir/coco-tokend" >tokend.out 2>&1 &
	tokend=$!
	tries=100
	until "$builddir/coco-tokend" status >out 2>&1; do
		tries=$((tries - 1))
		if test $tries -eq 0 || ! kill -0 $tokend 2>/dev/null; then
			die "coco-tokend does not start: $(cat tokend.out)"
		fi
		sleep 0.1
	done
}

# show_timing OPTION...: show the command and how long it takes
show_timing() {
	printf '$ time coco-credential %s\n' "$*"
	"$python" -c "$timing" "$builddir/coco-credential" "$@" ||
		die "coco-credential $* fails"
}

# show_tokend ARGUMENT...: show the command and what it prints; it must succeed.
# Its output is in the file "out", too.
show_tokend() {
	printf '$ coco-tokend %s\n' "$*"
	"$builddir/coco-tokend" "$@" >out 2>&1
	status=$?
	# shellcheck disable=SC2016 # it is to be read
	sed "s:$world/run:\$XDG_RUNTIME_DIR:g
		s:\(coco_[0-9a-f]\{16\}_\).*:\1...:" out
	test $status -eq 0 || die "coco-tokend $1 has status $status"
}

# make_sandbox DIRECTORY: an empty root with our client, DIRECTORY at /run/coco,
# and how to run a command in it: in namespaces of its own where that is
# possible here, else only with nothing of ours in its environment.
make_sandbox() {
	mkdir -p sandbox/run/coco
	client=$builddir/coco-credential.static
	test -x "$client" || client=$builddir/coco-credential
	cp "$client" sandbox/coco-credential || exit 1
	inside='mount --bind "$1" "$2/run/coco" && shift && cd "$1" &&
		exec env -i COCO_TOKEND=unix:/run/coco/tokend.sock \
			"$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)" "$@"'
	for how in '--map-root-user --user' ''; do
		# shellcheck disable=SC2086 # words
		if enter="unshare $how --mount --net --pid --fork" && $enter \
		    sh -c "$inside" sh "$1" "$PWD/sandbox" /coco-credential \
		    --version >out 2>&1; then
			granted=$1
			return
		fi
	done
	enter=
	granted=$1
	echo '(No namespaces can be made here, so it is only a process.)'
}

# show_inside OPTION...: show the command and what it prints
show_inside() {
	printf 'sandbox$ coco-credential %s\n' "$*"
	if test -n "$enter"; then
		# shellcheck disable=SC2086 # words
		$enter sh -c "$inside" sh "$granted" "$PWD/sandbox" \
			/coco-credential "$@" >out 2>&1 </dev/null
	else
		env -i COCO_TOKEND="unix:$granted/tokend.sock" \
			sandbox/coco-credential "$@" >out 2>&1 </dev/null
	fi
	status=$?
	sed 's/^\(ver:1-hint:.\{12\}\).*/\1.../' out
	return $status
}

stop_tokend() {
	show_tokend stop
	wait "$tokend"
	status=$?
	tokend=
	test $status -eq 0 || die "coco-tokend ends with status $status"
}

# refreshes [JSON]: how many refreshes Snowflake has seen, after turning its
# knobs by JSON
refreshes() {
	"$python" -c "$control" "${1-{\}}" || die 'the stand-in is gone'
}

# Later: both clocks go an hour ahead, ours by the tests' shim.  Where that is
# not built the token is reported as rejected, which has the same effect.
let_expire() {
	refreshes '{"time_offset": 3600}' >/dev/null
	if test -e "$shim"; then
		shift_clock=+3600
	else
		coco -c demo get </dev/null | coco -c demo erase ||
			die 'the token cannot be reported as rejected'
	fi
}

# --- the story -------------------------------------------------------------

start_server
write_connection

# As a person would use it; the world is gone when the shell ends.
if test "${1-}" = shell; then
	say "A Snowflake, a browser that clicks by itself, and a home with a" \
		"connection \"demo\", all of them gone when this shell ends:" \
		"  coco-credential -c demo login" \
		"  coco-credential -c demo token" \
		"  coco-tokend &"
	PATH=$builddir:$PATH
	export PATH
	cd home || exit 1
	"${SHELL:-/bin/sh}"
	exit
fi

say 'Here is a connections.toml, as every Snowflake client has one:'
cat home/.snowflake/connections.toml

say 'Log in, once.  It opens the browser; a script clicks for us today.'
show -c demo login

say 'From now on there is a token, for whoever asks:'
show_token
first=$token

say 'Snowflake takes it.  The header goes from program to program, never' \
	'through a command line:'
show_query '200 ALICE'

say 'Where many ask, a daemon has the token in memory; coco-credential asks it' \
	'when it is there, and does the work itself when it is not:'
start_tokend
show_token
test "$token" = "$first" || die 'the daemon has another token'
show_timing -c demo token
show_timing -c demo --no-daemon token
show_tokend status
grep -q '^credential  *demo: live, ' out || die 'it is not in memory'

say 'A container may have tokens, too, but nothing that they are made of.  A' \
	'grant says which and for how long; its directory is all that the' \
	'container needs:'
show_tokend grant --connection demo --ttl 1h
grant=$(sed -n 's/^id  *//p' out)
make_sandbox "$world/run/coco/grants/$grant"

say 'Here is one: no file of the host, no network, only our static client and' \
	"the grant's directory:"
show_inside -c demo token
test "$(cat out)" = "$first" || die 'the sandbox has another token'
show_inside status
show_inside -c other token && die 'the sandbox has what was not granted'

say 'It can be paused, and when the work is done it is revoked:'
show_tokend grant update "$grant" --pause
show_inside -c demo token && die 'a paused grant gives a token'
show_tokend revoke "$grant"
stop_tokend

say 'An hour later this token has expired, and Snowflake says so:'
let_expire
printf 'Authorization: Bearer %s\n' "$first" | check_query '401 390318'

say 'No matter: coco-credential sees it and gets a new one in silence.'
before=$(refreshes) || exit 1
show_token
test "$token" != "$first" || die 'it is the same token'
after=$(refreshes) || exit 1
test $((after - before)) -eq 1 ||
	die "$((after - before)) refreshes, there should be one"
show_query '200 ALICE'
test "$(refreshes)" = "$after" || die 'there was one more refresh'

say 'There was one refresh; the token is kept for the next who asks:'
show -c demo status
grep -q '^  result  *success$' out || die 'status shows no live token'

say 'A command gets the token in a file that stays fresh while it runs.  The' \
	'directory is in memory, closed to others, and gone afterwards; the' \
	'environment has paths only:'
# shellcheck disable=SC2016 # for the shell that exec starts
show_exec 'ls -l "$SNOWFLAKE_HOME"
env | grep -E "^(SNOWFLAKE|COCO_TOKEN|COCO_HEADER)_"'
test "$(grep -c '^-rw------- ' out)" -eq "$(grep -c '^-' out)" ||
	die 'a file is open to others'
home_of_exec=$(sed -n 's/^SNOWFLAKE_HOME=//p' out)
test -n "$home_of_exec" || die 'exec sets no SNOWFLAKE_HOME'
test ! -e "$home_of_exec" || die "$home_of_exec is still there"
token=$(coco -c demo token) || die 'there is no token'
# by the shell itself, so that the token is in no command line
# shellcheck disable=SC2016
printf '%s' "$token" | coco -c demo exec -- sh -c '
	read -r token || :
	test -n "$token" || exit 2
	case $(env) in *"$token"*) exit 1 ;; esac' ||
	die 'the token is in the environment'

say 'What is stored, and where; no secret is shown:'
show list
grep -q 'demo' out || die 'list does not show the login'

say 'And when it is enough:'
show -c demo logout
printf '$ coco-credential -c demo token\n'
coco -c demo token >out 2>&1 && die 'there is still a token'
cat out
grep -q 'coco-credential -c demo login' out ||
	die 'it does not say how to go on'

printf '\ndemo: ok\n'
