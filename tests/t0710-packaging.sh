#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0710 - what goes into packages says what is: /etc/coco is what is built in,
# commented, and the versions are one.  The packages themselves are built and
# installed by `make check-packages'.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"

etc=$srcdir/packaging/etc
mkdir -p "$XDG_CONFIG_HOME/coco/stack.d"

# rules STACK: as check prints them, without where they are from
rules() {
	coco-credential --stack "$1" check 2>lib/null | grep '^  '
}

test_case 'there is a file for each stack that is built in, and it is the same' '
	for name in connections jwt oauth other pat; do
		rules $name >want
		test -s want || fail "no rules of $name"
		cp "$etc/stack.d/$name" "$XDG_CONFIG_HOME/coco/stack.d/$name"
		run coco-credential --stack $name check
		expect_stdout_match "^from: .*/stack.d/$name$"
		rules $name >got
		rm "$XDG_CONFIG_HOME/coco/stack.d/$name"
		expect_file got <want
	done
	expect_equal "$(cd "$etc/stack.d" && echo *)" \
		"connections jwt oauth other pat"
'

# uncomment FILE: what it would set
uncomment() {
	sed "s/^#\([a-z_]* = \)/\1/" "$1"
}

test_case 'coco.toml shows the defaults, and sets nothing' '
	"$builddir/tests/show-settings" >want
	cp "$etc/coco.toml" "$XDG_CONFIG_HOME/coco/coco.toml"
	! grep "^[a-z]" "$etc/coco.toml" || fail "it sets something"
	run "$builddir/tests/show-settings"
	expect_status 0
	expect_stdout <want
	uncomment "$etc/coco.toml" >"$XDG_CONFIG_HOME/coco/coco.toml"
	grep -v "^#" want >want.values
	grep -v "^#" "$XDG_CONFIG_HOME/coco/coco.toml" | sed "1{/^$/d}" \
		>got.values
	expect_file got.values <want.values
	run "$builddir/tests/show-settings"
	expect_status 0
	expect_stdout <want
'

# That it can be read is in test-policy: it is read from one place only.
test_case 'policy.toml limits nothing, and has each key of the manual' '
	! grep "^[a-z]" "$etc/policy.toml" || fail "it limits something"
	uncomment "$etc/policy.toml" |
		sed -n "s/^\([a-z_]*\) = .*/\1/p" | sort >got
	sed -n "s/^\.It Ic //p" "$srcdir/man/coco-policy.5" | sed "s/ , /\n/" |
		sort >want
	expect_file got <want
'

test_case 'the packages have the version of configure' '
	version=$(coco-credential --version | cut -d " " -f 2)
	run sed -n "s/^Version: *//p" "$srcdir/packaging/rpm/coco.spec"
	expect_stdout <<-END
	$version
	END
	run sed -n "1s/^coco (\([0-9.]*\)-[^)]*).*/\1/p" \
		"$srcdir/packaging/debian/changelog"
	expect_stdout <<-END
	$version
	END
'

# The newest entries are of one day, for both make all times of their packages.
test_case 'the changelogs of both kinds of packages have the same day' '
	deb=$(sed -n "s/^ -- .*>  //p" "$srcdir/packaging/debian/changelog" |
		head -n 1)
	rpm=$(sed -n "s/^\* \(.*20[0-9][0-9]\) .*/\1/p" \
		"$srcdir/packaging/rpm/coco.spec" | head -n 1)
	expect_equal "$(date -u -d "$rpm" +%F)" "$(date -u -d "$deb" +%F)"
'

test_done
