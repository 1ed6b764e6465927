# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What the checks of this directory share.  Each is one TAP test: it prints its
# complaints, one a line, through `complain', and ends with `verdict'.

LC_ALL=C
export LC_ALL
srcdir=$(cd "${srcdir:-.}" && pwd) || exit 1
builddir=$(cd "${builddir:-.}" && pwd) || exit 1
export srcdir builddir
cd "$srcdir" || exit 1
name=$(basename "$0" .sh)
complaints=$(mktemp) || exit 1
trap 'rm -f "$complaints"' EXIT

# need TOOL: skip the check where it is missing
need() {
	command -v "$1" >/dev/null && return 0
	echo "1..0 # SKIP needs $1"
	exit 0
}

# files KIND: see files.sh
files() {
	sh "$srcdir/tests/style/files.sh" "$1"
}

# complain: take the lines of stdin as complaints
complain() {
	cat >>"$complaints"
}

verdict() {
	echo 1..1
	if test -s "$complaints"; then
		echo "not ok 1 - $name: $1"
		sed 's/^/# /' "$complaints"
		exit 1
	fi
	echo "ok 1 - $name: $1"
	exit 0
}
