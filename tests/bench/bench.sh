#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench.sh - what a whole `get' costs, beside other helpers and beside the
# least that a process can cost, and what coco-tokend does and takes.  `make
# bench' runs it, and makes a table of the values that it leaves; README in this
# directory says how to read that.  It proves nothing and fails only when
# something cannot be measured.
#
#	builddir=build sh tests/bench/bench.sh
#
# ROUNDS (400) is how often each command is run.
set -u

srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
results=$builddir/bench
values=$results/values
rounds=${ROUNDS-400}
entries=21

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# say TEXT...: how far it is, on a terminal
say() {
	test ! -t 2 || printf '  %s ...\n' "$*" >&2
}

# note TEXT...: something to say below the table
note() {
	printf '%s\n' "$*" >>"$world/notes"
}

# --- a private world -------------------------------------------------------

# It is made first; then this script runs once more in it, where possible on a
# D-Bus of its own, so that no keyring but an empty one can be reached.
if test -z "${BENCH_WORLD-}"; then
	umask 077
	BENCH_WORLD=$(mktemp -d "${TMPDIR:-/tmp}/coco-bench.XXXXXX") || exit 1
	export BENCH_WORLD srcdir builddir
	trap 'cd / && rm -rf "$BENCH_WORLD"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# shellcheck disable=SC2046 # names of variables have no blanks
	unset $(env | sed -n 's/^\(\(GIT\|COCO\|XDG\|DBUS\|OIDC\)_[A-Z0-9_]*\)=.*/\1/p') \
		LD_PRELOAD DISPLAY WAYLAND_DISPLAY
	mkdir "$BENCH_WORLD/home" "$BENCH_WORLD/run" || exit 1
	mkdir -p "$results" || exit 1
	HOME=$BENCH_WORLD/home
	XDG_RUNTIME_DIR=$BENCH_WORLD/run
	GIT_CONFIG_NOSYSTEM=1
	LC_ALL=C
	export HOME XDG_RUNTIME_DIR GIT_CONFIG_NOSYSTEM LC_ALL
	script=$srcdir/tests/bench/bench.sh
	if command -v dbus-run-session >/dev/null &&
	    command -v dbus-send >/dev/null; then
		BENCH_BUS=1 dbus-run-session -- sh "$script" 2>"$BENCH_WORLD/err"
		status=$?
		grep -v '^dbus-daemon\[' "$BENCH_WORLD/err" >&2
		exit $status
	fi
	sh "$script"
	exit
fi

world=$BENCH_WORLD
cd "$world" || exit 1
mkdir cache || exit 1

# at_end COMMAND: what was started is ended here
ends=
at_end() {
	ends="$1
$ends"
}
trap 'eval "$ends"; wait' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the contestants -------------------------------------------------------

coco=$builddir/coco-credential
test -x "$coco" || die "no coco-credential in $builddir (set builddir)"
git_path=$(git --exec-path) || die 'git is needed'
tab=$(printf '\t')

# message N: the Nth credential.  All have the same length.
message() {
	printf 'protocol=https\nhost=host-%02d.example.com\n' "$1"
	printf 'username=user-%02d\npassword=secret-%02d-secret\n\n' "$1" "$1"
}

# field N NAME: of the Nth credential
field() {
	message "$1" | sed -n "s/^$2=//p"
}

# compile NAME COMPILER... (which may bring flags): NAME.c to NAME
compile() {
	name=$1
	shift
	"$@" -std=gnu11 -O2 -o "$name" "$name.c" || die "cannot compile $name.c"
}

# contestant LABEL EXPECTED PROGRAM [ARGUMENT...]: it gets the file $request
contestant() {
	label=$1
	shift
	(
		IFS=$tab
		printf '%s\n' "$label$tab$request$tab$*"
	) >>commands
}

# fill PROGRAM [ARGUMENT...]: store all entries by it
fill() {
	n=0
	while test $n -lt $entries; do
		message $n | "$@" store || die "$1 does not store"
		n=$((n + 1))
	done
}

# One in the middle: git searches from one end, coco from the other.
wanted=$((entries / 2))
request=$world/request
message $wanted | sed '/^username/d; /^password/d' >request
secret=password=$(field $wanted password)

echo 'int main(void) { return 0; }' >nothing.c
cp nothing.c nothing-static.c
cp "$srcdir/tests/bench/spawn.c" . || exit 1
# shellcheck disable=SC2086 # it may come with flags
compile spawn ${CC:-cc}
# shellcheck disable=SC2086
compile nothing ${CC:-cc}
contestant 'nothing (libc)' - "$world/nothing"
if command -v musl-gcc >/dev/null; then
	compile nothing-static musl-gcc -static
	contestant 'nothing (static, musl)' - "$world/nothing-static"
fi

store=$git_path/git-credential-store
if test -x "$store"; then
	fill "$store" --file "$world/store"
	contestant git-credential-store "$secret" \
		"$store" --file "$world/store" get
fi
if test -x "$git_path/git-credential-cache"; then
	cache=$git_path/git-credential-cache
	at_end '"$cache" --socket "$world/cache/socket" exit'
	fill "$cache" --socket "$world/cache/socket" --timeout 3600
	contestant git-credential-cache "$secret" \
		"$cache" --socket "$world/cache/socket" get
fi

mkdir -p home/.config/coco/stack.d || exit 1
printf '%s required file\n' get store erase \
	>home/.config/coco/stack.d/bench
fill "$coco" --stack bench
contestant coco-credential "$secret" "$coco" --no-daemon --stack bench get
if test -x "$coco.static"; then
	contestant coco-credential.static "$secret" \
		"$coco.static" --no-daemon --stack bench get
fi
contestant coco-credential-file "$secret" "$coco-file" get

# shellcheck source=tests/bench/peers.sh
. "$srcdir/tests/bench/peers.sh"
# shellcheck source=tests/bench/tokend.sh
. "$srcdir/tests/bench/tokend.sh"
peers
tokend=no
if has_tokend; then
	tokend=yes
	tokend_contestants
fi

# --- the result ------------------------------------------------------------

value() {
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$values"
}

# values_of RESULT: what spawn has printed, in ms
values_of() {
	awk -F '\t' '{
		printf "%s\t%.3f\t%.3f\tms\n", $1, $2 / 1000, $4 / 1000
	}' "$1" >>"$values"
}

# print_times RESULT: the same for people
print_times() {
	awk -F '\t' '
	NR == 1 { printf "%-25s %7s %7s %7s\n", "", "median", "p95", "min" }
	{
		printf "%-25s %7.3f %7.3f %7.3f\n", $1, $2 / 1000, $3 / 1000,
		    $4 / 1000
	}' "$1"
}

say "get, $rounds rounds"
./spawn commands "$rounds" >result || die 'nothing was measured'
values_of result
{
	echo "get, $entries entries, $rounds rounds; ms from posix_spawn to waitpid"
	echo
	print_times result
} >"$results/get.txt"

if test $tokend = yes; then
	say 'get while a refresh hangs'
	measure_trouble
	values_of result.trouble
	print_trouble >"$results/trouble.txt"
	say 'GET /token'
	measure_load
	if test -e result.wrk; then
		wrk_table >table.wrk
		print_load >"$results/load.txt"
		values_of_load
	fi
	say 'memory, and grants'
	measure_memory
	measure_grants
fi
if test -e notes; then
	cat notes >>"$results/notes"
fi
