#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the programs need at run time: coco-credential libc and nothing else,
# the static client nothing at all, and the libraries only those helpers that
# are made for them.

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

# needs PROGRAM LIBRARIES: besides libc
needs() {
	if ! test -e "$builddir/$1"; then
		skip "configured without $1"
		return
	fi
	if sanitized "$builddir/$1"; then
		skip 'built with sanitizers'
		return
	fi
	run needed "$builddir/$1"
	expect_equal "$(stdout | sed -e '/^libc\./d' -e 's/\.so.*//' |
	    tr '\n' ' ')" "$2"
}
test_case 'coco-credential-libsecret needs libsecret, GLib and jansson' '
	needs coco-credential-libsecret \
		"libgio-2.0 libglib-2.0 libgobject-2.0 libjansson libsecret-1 "
'
test_case 'coco-credential-sealed needs wolfSSL' '
	needs coco-credential-sealed "libwolfssl "
'
test_case 'coco-credential-inspect-coco needs jansson' '
	needs coco-credential-inspect-coco "libjansson "
'
test_case 'coco-credential-fingerprints needs wolfSSL' '
	needs coco-credential-fingerprints "libwolfssl "
'

test_case 'no other program knows the keyring' '
	for program in "$builddir"/coco-credential*; do
		test "${program##*/}" != coco-credential-libsecret || continue
		needed "$program" 2>/dev/null | grep -E "secret|glib|gio" &&
			fail "${program##*/} does"
	done
	:
'

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
