#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the programs need at run time: coco-credential libc and nothing else,
# the static client nothing at all, the sealed helper wolfSSL, and only the
# oauth helper the rest.

# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
require readelf

needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | sort
}

sanitized() {
	readelf -Ws "$1" | grep -q __asan_init
}

libc_only() {
	if sanitized "$builddir/$1"; then
		skip 'built with sanitizers'
		return
	fi
	run needed "$builddir/$1"
	expect_stdout <<-END
	$(needed "$(command -v env)" | grep '^libc\.')
	END
}

for program in coco-credential coco-credential-file \
    coco-credential-connections; do
	test_case "$program needs libc and nothing else" "libc_only $program"
done

wolfssl_only() {
	if sanitized "$builddir/$1"; then
		skip 'built with sanitizers'
		return
	fi
	needed "$builddir/$1" | sed 's/\.so.*//' >libraries
	expect_file libraries <<-\END
	libc
	libwolfssl
	END
}
test_case 'coco-credential-sealed needs wolfSSL and libc' \
	'wolfssl_only coco-credential-sealed'

# A word of its own for the skip: a build may be without the static client.
static_needs_nothing() {
	if ! test -e "$builddir/coco-credential.static"; then
		skip 'configured with --disable-static-client'
		return
	fi
	run needed "$builddir/coco-credential.static"
	expect_stdout
	run readelf -l "$builddir/coco-credential.static"
	expect_status 0
	expect_no_match 'INTERP'
}
test_case 'coco-credential.static needs nothing' static_needs_nothing

static_runs() {
	if ! test -e "$builddir/coco-credential.static"; then
		skip 'configured with --disable-static-client'
		return
	fi
	run "$builddir/coco-credential.static" capability
	expect_status 0
	expect_stderr
	stdout >static.out
	run coco-credential capability
	expect_stdout <static.out
}
test_case 'coco-credential.static answers like the other' static_runs

test_case 'git-credential-coco is the same program' '
	expect_equal "$(readlink "$builddir/git-credential-coco")" \
		coco-credential
'

test_done
