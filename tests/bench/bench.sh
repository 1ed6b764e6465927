#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench.sh - what a whole `get' costs, beside git's own helpers and beside the
# least that a process can cost.  `make bench' runs it; README in this
# directory says how to read what it prints.  It proves nothing and fails only
# when something cannot be measured.
#
#	builddir=build sh tests/bench/bench.sh
#
# ROUNDS (400) is how often each command is run.
set -u

srcdir=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
rounds=${ROUNDS-400}
entries=21

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

# --- a private world -------------------------------------------------------

umask 077
world=$(mktemp -d "${TMPDIR:-/tmp}/coco-bench.XXXXXX") || exit 1
cache=
clean_up() {
	test -z "$cache" || "$cache" --socket "$world/cache/socket" exit
	cd / && rm -rf "$world"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck disable=SC2046 # names of variables have no blanks
unset $(env | sed -n 's/^\(\(GIT\|COCO\|XDG\)_[A-Za-z0-9_]*\)=.*/\1/p') \
	LD_PRELOAD
cd "$world" || exit 1
mkdir home cache || exit 1
HOME=$world/home
GIT_CONFIG_NOSYSTEM=1
LC_ALL=C
export HOME GIT_CONFIG_NOSYSTEM LC_ALL

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

# compile NAME COMPILER... (which may bring flags): NAME.c to NAME
compile() {
	name=$1
	shift
	"$@" -std=gnu11 -O2 -o "$name" "$name.c" || die "cannot compile $name.c"
}

# contestant LABEL EXPECTED PROGRAM [ARGUMENT...]
contestant() {
	(
		IFS=$tab
		printf '%s\n' "$*"
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

# One in the middle: git searches from one end, coco from the other.
wanted=$((entries / 2))
message $wanted | sed '/^username/d; /^password/d' >request
secret=password=$(message $wanted | sed -n 's/^password=//p')

store=$git_path/git-credential-store
if test -x "$store"; then
	fill "$store" --file "$world/store"
	contestant git-credential-store "$secret" \
		"$store" --file "$world/store" get
fi
if test -x "$git_path/git-credential-cache"; then
	cache=$git_path/git-credential-cache
	fill "$cache" --socket "$world/cache/socket" --timeout 3600
	contestant git-credential-cache "$secret" \
		"$cache" --socket "$world/cache/socket" get
fi

mkdir -p home/.config/coco/stack.d || exit 1
printf '%s required file\n' get store erase \
	>home/.config/coco/stack.d/bench
fill "$coco" --stack bench
contestant coco-credential "$secret" "$coco" --stack bench get
if test -x "$coco.static"; then
	contestant coco-credential.static "$secret" \
		"$coco.static" --stack bench get
fi
contestant coco-credential-file "$secret" "$coco-file" get

# --- the result ------------------------------------------------------------

./spawn commands request "$rounds" >result || die 'nothing was measured'

echo "get, $entries entries, $rounds rounds; ms from posix_spawn to waitpid"
echo
awk -F '\t' '
function row(label, ratio_nothing, ratio_store) {
	printf "%-24s %7.3f %7.3f %7.3f %10s %8s\n", label,
	    median[label] / 1000, p95[label] / 1000, least[label] / 1000,
	    ratio_nothing, ratio_store
}
function ratio(label, base) {
	if (!(base in median))
		return "-"
	return sprintf("%.2f", median[label] / median[base])
}
function budget(what, of, allowed, got) {
	allowed = of["git-credential-store"] + of["nothing (libc)"]
	got = of["coco-credential"]
	printf "budget by %s: coco-credential %.3f, allowed %.3f: %s " \
	    "(%.0f%%)\n", what, got / 1000, allowed / 1000,
	    got <= allowed ? "kept" : "MISSED", 100 * got / allowed
}
{
	order[NR] = $1
	median[$1] = $2
	p95[$1] = $3
	least[$1] = $4
}
END {
	nothing = "nothing (libc)"
	store = "git-credential-store"
	printf "%-24s %7s %7s %7s %10s %8s\n", "", "median", "p95", "min",
	    "x nothing", "x store"
	for (i = 1; i <= NR; i++)
		row(order[i], ratio(order[i], nothing),
		    ratio(order[i], store))
	if (!(store in median))
		exit
	print ""
	budget("medians", median)
	budget("minima", least)
}' result
