# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# tests/lib.sh - what the shell tests share: TAP, a private world, captured
# runs with expectations, the stand-in for Snowflake.  tests/README has the
# words; each function below says how it is called.
#
#	. "${srcdir:-.}/tests/lib.sh"
#	test_case 'finds nothing for a stranger' '
#		run coco-credential get <<-\END
#		protocol=https
#		host=example.com
#
#		END
#		expect_status 0
#		expect_stdout
#		expect_stderr
#	'
#	test_done
#
# Each secret that a test plants has `canary' in it.  test_done finds it where
# it does not belong: in what was written, in files, their names and modes.
#
# Variables for tests: srcdir and builddir (absolute), trash (the private
# directory, also the working directory), status (of the last run), under
# (valgrind, or empty).

srcdir=$(cd "${srcdir:-.}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
export srcdir builddir
if ! test -x "$builddir/coco-credential"; then
	echo "Bail out!  no coco-credential in $builddir (set builddir)"
	exit 1
fi

# shellcheck disable=SC2034 # for containers.sh, which starts it again
lib_script=$(cd "$(dirname "$0")" && pwd)/${0##*/}
lib_name=$(basename "$0" .sh)
lib_count=0
lib_failures=0
lib_on_exit=
lib_done=
lib_wrapper=${COCO_TEST_WRAPPER-}
# The interpreter itself: what a version manager puts into PATH may want the
# HOME that is changed below.
lib_python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)
under=${lib_wrapper:+valgrind}
export under

# --- the private world -----------------------------------------------------

# Nothing of the caller's own configuration may reach a test.
# shellcheck disable=SC2046 # names of variables have no blanks
unset $(env | sed -n \
	-e 's/^\(SNOWFLAKE_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(INSPECT_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(COCO_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(GIT_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(XDG_[A-Za-z0-9_]*\)=.*/\1/p' \
	-e 's/^\(SSL_CERT_[A-Z]*\)=.*/\1/p' \
	-e 's/^\([A-Za-z_]*_[Pp][Rr][Oo][Xx][Yy]\)=.*/\1/p') \
	CURL_CA_BUNDLE BROWSER DISPLAY WAYLAND_DISPLAY LD_PRELOAD MAKEFLAGS \
	DBUS_SESSION_BUS_ADDRESS CREDENTIALS_DIRECTORY PRIVATE_KEY_PASSPHRASE \
	MAKELEVEL CDPATH ENV

umask 077
trash=$builddir/tests/trash.$lib_name
rm -rf "$trash"
mkdir -p "$trash/home" "$trash/run" "$trash/lib" || exit 1
: >"$trash/lib/said"
: >"$trash/lib/holders"
: >"$trash/lib/printers"
cd "$trash" || exit 1
HOME=$trash/home
XDG_CONFIG_HOME=$HOME/.config
XDG_DATA_HOME=$HOME/.local/share
XDG_STATE_HOME=$HOME/.local/state
XDG_CACHE_HOME=$HOME/.cache
XDG_RUNTIME_DIR=$trash/run
GIT_CONFIG_NOSYSTEM=1
GIT_TERMINAL_PROMPT=0
PYTHONDONTWRITEBYTECODE=1
LC_ALL=C
TZ=UTC
PATH=$builddir:$PATH
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME \
	XDG_RUNTIME_DIR GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT \
	PYTHONDONTWRITEBYTECODE LC_ALL TZ PATH trash
exec </dev/null

# Under `make check-valgrind' a directory of small scripts comes before the
# programs in PATH.  The helpers that a program starts are traced too; system
# programs and the scripts of tests are not.  Each process logs to a file of
# its own, so that stderr stays the program's.
if test -n "$lib_wrapper"; then
	mkdir -p "$trash/lib/wrap" "$trash/lib/valgrind"
	for lib_program in "$builddir"/coco-credential* git-credential-coco
	do
		lib_program=${lib_program##*/}
		test "$lib_program" != coco-credential.static || continue
		cat >"$trash/lib/wrap/$lib_program" <<-END
		#!/bin/sh
		: >'$trash/lib/started.'\$\$
		exec $lib_wrapper --trace-children=yes \\
		  --trace-children-skip='/usr/*,/bin/*,/lib*,$trash/*' \\
		  --log-file='$trash/lib/valgrind/$lib_program.%p' \\
		  '$builddir/$lib_program' "\$@"
		END
		chmod +x "$trash/lib/wrap/$lib_program"
	done
	PATH=$trash/lib/wrap:$PATH
fi

# --- TAP -------------------------------------------------------------------

# note TEXT...: a diagnostic line
note() {
	printf '# %s\n' "$*"
}

# lib_show LABEL FILE: a file as diagnostics
lib_show() {
	printf '# --- %s\n' "$1"
	sed 's/^/# /' "$2"
}

# fail TEXT...: mark the running case as failed, and say why.  A file carries
# the mark, so that it also works in a subshell or a pipe.
fail() {
	: >"$trash/lib/failed"
	note "$@"
	return 1
}

# test_case TITLE BODY: one test; BODY is shell text or a function's name.  It
# fails when an expectation in it does, or when it ends with a status not 0.
test_case() {
	lib_count=$((lib_count + 1))
	lib_skip=
	status=
	rm -f "$trash/lib/failed"
	: >"$trash/lib/stdout"
	: >"$trash/lib/stderr"
	lib_body "$2"
	lib_r=$?
	if test -n "$lib_skip"; then
		echo "ok $lib_count - $1 # SKIP $lib_skip"
		return 0
	fi
	if test "$lib_r" -eq 0 && ! test -e "$trash/lib/failed"; then
		echo "ok $lib_count - $1"
		return 0
	fi
	lib_failures=$((lib_failures + 1))
	echo "not ok $lib_count - $1"
	note "status of the body: $lib_r; of the last run: ${status:-none}"
	lib_show "stdout of the last run" "$trash/lib/stdout"
	lib_show "stderr of the last run" "$trash/lib/stderr"
	return 0
}

# A function of its own, so that `return' in a body ends the body.
lib_body() {
	eval "$1"
}

# skip REASON: inside a case, as `skip "no clang"; return'
skip() {
	lib_skip=$*
}

# skip_all REASON: instead of any case
skip_all() {
	echo "1..0 # SKIP $*"
	lib_done=1
	exit 0
}

# require COMMAND...: skip the whole file where one of them is missing
require() {
	for lib_command in "$@"; do
		command -v "$lib_command" >/dev/null ||
			skip_all "needs $lib_command"
	done
}

# lib_valgrind_bad LOG: did valgrind complain, or was a descriptor left open
# that the process had not inherited?  The latter is asked of what the test
# started itself only: a fork that could not exec ends with all that it has.
lib_valgrind_bad() {
	lib_mine=0
	test ! -e "$trash/lib/started.${1##*.}" || lib_mine=1
	awk -v mine=$lib_mine '
		/definitely lost|possibly lost|ERROR SUMMARY: [1-9]/ { bad = 1 }
		/Invalid |uninitialised|Mismatched/ { bad = 1 }
		/Process terminating with default action/ { bad = 1 }
		open != "" { if (mine && $0 !~ /inherited from parent/) bad = 1 }
		{ open = "" }
		/Open (file descriptor|AF_).* [0-9]+:/ { open = $0 }
		END { exit !bad }' "$1"
}

# --- secrets ---------------------------------------------------------------

# How a secret is known: `canary' itself, in base64 at each of its three
# alignments (a Basic header) and in hexadecimal; a private key; a signed token.
lib_canary='[Cc][Aa][Nn][Aa][Rr][Yy]|Y2FuYXJ5|NhbmFye|jYW5hcn|63616e617279'
lib_canary="$lib_canary|PRIVATE KEY-----"
lib_canary="$lib_canary|eyJ[A-Za-z0-9_-]{8,}[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]"

# may_hold_secrets PATTERN...: files, as in a case, seen from $trash, that are
# the test's own: its requests, answers and helpers
may_hold_secrets() {
	printf '%s\n' "$@" >>"$trash/lib/holders"
}

# may_print_secrets PATTERN...: a run of such a command prints secrets on stdout,
# for that is what it is for
may_print_secrets() {
	printf '%s\n' "$@" >>"$trash/lib/printers"
}

# lib_prints COMMAND...: is it one of our programs, or git, with a verb that is
# for printing secrets?  It may stand behind at_time and env; words of other
# commands are not looked at.
lib_prints() {
	while test $# -gt 0; do
		case $1 in
		at_time | timeout)
			shift
			;;
		env | *=*)
			;;
		*)
			break
			;;
		esac
		shift
	done
	lib_program=${1##*/}
	test $# -eq 0 || shift
	while test $# -gt 1; do
		case $1 in
		*=*)
			;;
		-[cCft] | --connection | --stack | --role | --format | \
		    --timeout | --file | --lifetime | --key-* | \
		    --passphrase-file | --passphrase-command)
			shift
			;;
		-*)
			;;
		*)
			break
			;;
		esac
		shift
	done
	case $lib_program:${1-} in
	git:credential)
		test "${2-}" = fill
		;;
	coco-credential*:get | git-credential-coco:get | \
	    coco-credential:token | coco-credential.static:token | \
	    coco-credential-oauth:login | coco-credential-oauth:confirm)
		return 0
		;;
	*)
		return 1
		;;
	esac
}

# lib_matches TEXT FILE: does one of the patterns in FILE?
lib_matches() {
	while IFS= read -r lib_pattern; do
		# shellcheck disable=SC2254 # it is a pattern
		case $1 in
		$lib_pattern)
			return 0
			;;
		esac
	done <"$2"
	return 1
}

# watch_execs: from here on each process that a run starts, and each that
# these start, has its arguments and environment searched as well;
# unwatch_execs: no longer
watch_execs() {
	lib_execs=$trash/lib/execs
	: >>"$lib_execs"
}

unwatch_execs() {
	lib_execs=
}
unwatch_execs

lib_shm=/dev/shm/coco-$(id -u)

# lib_is_open FILE: can others get at it?  One that is gone they cannot.
lib_is_open() {
	lib_at=$1
	lib_mode=600
	while test "$lib_at" != "${lib_shm%/*}"; do
		lib_got=$(stat -c %a "$lib_at" 2>/dev/null) || return 1
		test "$lib_got" = $lib_mode || return 0
		lib_at=${lib_at%/*}
		lib_mode=700
	done
	return 1
}

# lib_keep COMMAND...: keep what it has written
lib_keep() {
	test ! -s "$trash/lib/stderr" ||
		sed "s/^/case $lib_count, stderr: /" "$trash/lib/stderr" \
			>>"$trash/lib/said"
	test ! -s "$trash/lib/stdout" ||
		lib_prints "$@" || lib_matches "$*" "$trash/lib/printers" ||
		sed "s/^/case $lib_count, stdout: /" "$trash/lib/stdout" \
			>>"$trash/lib/said"
}

# lib_leaks: print each place that has a secret and should not
lib_leaks() {
	cd "$trash" || return
	grep -aE -e "$lib_canary" lib/said
	test ! -e lib/execs || grep -aE -e "$lib_canary" lib/execs |
		sort -u | sed 's/^/argument or environment: /'
	find . "$lib_shm" 2>/dev/null | grep -E -e "$lib_canary" |
		sed 's/^/name of a file: /'
	{
		find "$lib_shm" -type f -perm /077
		grep -rlaE -D skip -e "$lib_canary" "$lib_shm" |
		while read -r lib_file; do
			! lib_is_open "$lib_file" || echo "$lib_file"
		done
	} 2>/dev/null | sort -u | sed 's/^/open to others: /'
	grep -rlaE -D skip -e "$lib_canary" . 2>/dev/null |
	while read -r lib_file; do
		lib_file=${lib_file#./}
		! lib_matches "$lib_file" lib/holders || continue
		case $lib_file in
		lib/*)
			continue
			;;
		home/.local/share/coco/credentials | \
		    home/.local/share/coco/credentials.tmp | \
		    home/.snowflake/*.toml)
			# the plain store and the configuration
			;;
		*)
			echo "in a file: $lib_file"
			;;
		esac
		find "$lib_file" -perm /077 | sed 's/^/open to others: /'
	done
}

# lib_case WHAT FILE: a case that holds when FILE is empty
lib_case() {
	lib_count=$((lib_count + 1))
	if test ! -s "$2"; then
		echo "ok $lib_count - $1"
		return
	fi
	lib_failures=$((lib_failures + 1))
	echo "not ok $lib_count - $1"
	cut -c 1-300 "$2" | sed 's/^/# /'
}

# test_done: the plan; every test file ends with it
test_done() {
	if test -n "$lib_wrapper"; then
		lib_count=$((lib_count + 1))
		lib_bad=0
		for lib_log in "$trash"/lib/valgrind/*; do
			if test -e "$lib_log" && lib_valgrind_bad "$lib_log"
			then
				lib_show "${lib_log##*/}" "$lib_log"
				lib_bad=1
			fi
		done
		test $lib_bad -eq 0 || printf 'not '
		echo "ok $lib_count - valgrind has nothing to say"
		lib_failures=$((lib_failures + lib_bad))
	fi
	lib_leaks >"$trash/lib/leaks"
	lib_case 'no secret is where it does not belong' "$trash/lib/leaks"
	echo "1..$lib_count"
	lib_done=1
	test "$lib_failures" -eq 0
	exit
}

# on_exit COMMAND: run it when the test file ends, however it ends; the last
# one given runs first
on_exit() {
	lib_on_exit="$1
$lib_on_exit"
}

lib_exit() {
	lib_r=$?
	trap - EXIT
	eval "$lib_on_exit"
	cd / || exit 1
	if test -z "$lib_done"; then
		note "the test file ended before test_done"
		test "$lib_r" -ne 0 || lib_r=1
	fi
	if test "$lib_r" -eq 0 && test "$lib_failures" -eq 0; then
		rm -rf "$trash"
		exit 0
	fi
	for lib_log in "$trash"/*.log; do
		test -e "$lib_log" && lib_show "${lib_log##*/}" "$lib_log"
	done
	note "kept for you: $trash"
	exit "$lib_r"
}
trap lib_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- runs and expectations -------------------------------------------------

# run COMMAND...: keep its stdout, stderr and exit status for the
# expectations.  stdin is the here-document given to run, or empty.
run() {
	status=0
	lib_preload=${LD_PRELOAD-}
	if test -n "$lib_execs"; then
		COCO_TEST_EXECS=$lib_execs
		LD_PRELOAD=$builddir/tests/shim/exec.so${lib_preload:+:$lib_preload}
		export COCO_TEST_EXECS LD_PRELOAD
	fi
	"$@" >"$trash/lib/stdout" 2>"$trash/lib/stderr" || status=$?
	if test -n "$lib_execs"; then
		unset COCO_TEST_EXECS LD_PRELOAD
		test -z "$lib_preload" || export LD_PRELOAD="$lib_preload"
	fi
	lib_keep "$@"
	return 0
}

# expect_status N
expect_status() {
	test "$status" = "$1" || fail "exit status $status, want $1"
}

# lib_compare WHAT: stdin is what it should be, to the byte
lib_compare() {
	cat >"$trash/lib/want.$1"
	cmp -s "$trash/lib/want.$1" "$trash/lib/$1" && return 0
	fail "$1 is not as wanted (-want +got)"
	diff -u "$trash/lib/want.$1" "$trash/lib/$1" | sed -e 1,2d -e 's/^/# /'
	return 1
}

# expect_stdout <<END, expect_stderr <<END: exactly this text; without a
# here-document exactly nothing
expect_stdout() {
	lib_compare stdout
}

expect_stderr() {
	lib_compare stderr
}

# expect_stdout_match REGEX...: each extended expression matches some line
expect_stdout_match() {
	lib_match stdout "$@"
}

expect_stderr_match() {
	lib_match stderr "$@"
}

lib_match() {
	lib_file=$1
	shift
	for lib_regex in "$@"; do
		grep -Eq -e "$lib_regex" "$trash/lib/$lib_file" ||
			fail "$lib_file has no line like: $lib_regex"
	done
	! test -e "$trash/lib/failed"
}

# expect_no_match REGEX...: neither stdout nor stderr has such a line
expect_no_match() {
	for lib_regex in "$@"; do
		! grep -Eq -e "$lib_regex" "$trash/lib/stdout" \
		    "$trash/lib/stderr" ||
			fail "there is a line like: $lib_regex"
	done
	! test -e "$trash/lib/failed"
}

# expect_equal GOT WANT [WHAT]
expect_equal() {
	test "$1" = "$2" || fail "${3:-value}: got '$1', want '$2'"
}

# expect_file PATH <<END: the file is exactly this
expect_file() {
	cat >"$trash/lib/want.file"
	cmp -s "$trash/lib/want.file" "$1" && return 0
	fail "$1 is not as wanted (-want +got)"
	diff -u "$trash/lib/want.file" "$1" | sed -e 1,2d -e 's/^/# /'
	return 1
}

# expect_mode PATH MODE, as in: expect_mode "$HOME/x" 600
expect_mode() {
	expect_equal "$(stat -c %a "$1")" "$2" "mode of $1"
}

# stdout, stderr: what the last run printed
stdout() {
	cat "$trash/lib/stdout"
}

stderr() {
	cat "$trash/lib/stderr"
}

# at_time WHEN COMMAND...: with another wall clock: seconds since 1970, where
# it then stands still, or +SECONDS or -SECONDS from now
at_time() {
	lib_when=$1
	shift
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 \
		COCO_TEST_NOW=$lib_when \
		LD_PRELOAD=$builddir/tests/shim/clock.so${LD_PRELOAD:+:$LD_PRELOAD} \
		"$@"
}

# wait_for_file PATH [SECONDS]: until it is there and not empty
wait_for_file() {
	lib_tries=$((${2:-20} * 50))
	until test -s "$1"; do
		lib_tries=$((lib_tries - 1))
		test $lib_tries -gt 0 || {
			fail "$1 did not appear"
			return 1
		}
		sleep 0.02
	done
}

# until_true WHAT COMMAND...: until the command has status 0, at most 60 s
until_true() {
	lib_what=$1
	shift
	lib_end=$(($(date +%s) + 60))
	until "$@"; do
		test "$(date +%s)" -lt $lib_end || {
			fail "waited in vain for $lib_what"
			return 1
		}
		sleep 0.02
	done
}

# is_gone PATH: is there no such file?
is_gone() {
	! test -e "$1"
}

# has_ended PID: is there no such process?  One that nobody has waited for
# (state Z) has ended as well: not every PID 1 waits for what it inherits.
has_ended() {
	lib_state=$(sed -n 's/^State:[[:blank:]]*\(.\).*/\1/p' \
		"/proc/$1/status" 2>/dev/null)
	case $lib_state in
	'' | Z | X) return 0 ;;
	esac
	return 1
}

# put_file PATH [MODE] <<END: write a file (mode 600) and its directories
put_file() {
	mkdir -p "$(dirname "$1")"
	cat >"$1"
	chmod "${2:-600}" "$1"
}

# --- Snowflake's stand-in --------------------------------------------------

# json_field NAME: of the JSON object on stdin; nothing when it is not there
json_field() {
	"$lib_python" -c '
import json, sys
value = json.load(sys.stdin).get(sys.argv[1])
if value is not None:
    print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# start_fake [OPTION...]: start tests/fake/snowflake.py; sets fake_port and
# fake_url.  It ends with the test file, or by stop_fake.
start_fake() {
	test -n "$lib_python" || skip_all 'needs python3'
	fake_log=$trash/fake.log
	rm -f "$trash/fake.ready"
	"$lib_python" "$srcdir/tests/fake/snowflake.py" --control \
		--ready-file "$trash/fake.ready" --log "$fake_log" "$@" \
		>"$trash/fake.out.log" 2>&1 &
	fake_pid=$!
	on_exit stop_fake
	if ! wait_for_file "$trash/fake.ready"; then
		echo "Bail out!  the stand-in for Snowflake did not start"
		exit 1
	fi
	fake_url=$(json_field url <"$trash/fake.ready")
	fake_port=${fake_url##*:}
}

stop_fake() {
	test -n "${fake_pid-}" || return 0
	kill "$fake_pid" 2>/dev/null
	wait "$fake_pid" 2>/dev/null
	fake_pid=
}

# control [JSON]: turn the stand-in's knobs, or with none read them and its
# counters; prints its answer
control() {
	"$lib_python" -c '
import ssl, sys, urllib.request
url, body = sys.argv[1] + "/__control", sys.argv[2:]
tls = ssl.create_default_context()
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=tls))
request = urllib.request.Request(
    url, data=body[0].encode() if body else None,
    headers={"Content-Type": "application/json"})
try:
    with opener.open(request, timeout=20) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.exit("control: %s %s" % (error.code, error.read().decode()))
' "$fake_url" "$@"
}

# make_connection NAME [LINE...]: add a connection to the stand-in to
# connections.toml; each LINE is TOML, as 'role = "R"'.  It is a login in the
# browser unless $fake_authenticator says otherwise; $fake_host is another
# address of the stand-in's.
make_connection() {
	mkdir -p "$HOME/.snowflake"
	cat >>"$HOME/.snowflake/connections.toml" <<-END
	[$1]
	account = "fake-account"
	user = "${fake_user:-ALICE}"
	host = "${fake_host:-127.0.0.1}"
	port = $fake_port
	protocol = "${fake_url%%:*}"
	authenticator = "${fake_authenticator:-OAUTH_AUTHORIZATION_CODE}"
	END
	shift
	for lib_line in "$@"; do
		printf '%s\n' "$lib_line"
	done >>"$HOME/.snowflake/connections.toml"
	echo >>"$HOME/.snowflake/connections.toml"
}
