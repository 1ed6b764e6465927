#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The test library itself: what should fail does, and says why.

# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# inner NAME <<END: a test file of this text, run as one of its own
inner() {
	{
		# shellcheck disable=SC2016 # for the inner script to expand
		echo '. "$srcdir/tests/lib.sh"'
		cat
	} >"$trash/$1.sh"
	run env builddir="$trash/build" sh "$trash/$1.sh"
}
mkdir -p "$trash/build/tests"
ln -s "$builddir/coco-credential" "$trash/build/coco-credential"
ln -s "$builddir/tests/shim" "$trash/build/tests/shim"

test_case 'a case that holds' '
	inner holds <<-\END
	test_case "speaks" "
		run printf \"a\\\\nb\\\\n\"
		expect_status 0
		printf \"a\\\\nb\\\\n\" | expect_stdout
		expect_stderr
	"
	test_done
	END
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	ok 1 - speaks
	1..1
	END
	test ! -e build/tests/trash.holds
'

for wrong in 'run false; expect_status 0; true' \
    'run echo a; expect_stdout </dev/null; true' \
    'run echo a; echo b | expect_stdout; true' \
    'run echo a; expect_stderr_match a; true' \
    'run echo a; expect_no_match a; true' \
    'expect_equal a b; true' \
    'false'; do
	test_case "seen to fail: $wrong" '
		inner wrong <<-END
		test_case "wrong" "$wrong"
		test_done
		END
		expect_status 1
		expect_stdout_match "^not ok 1 - wrong$" "^1\.\.1$" "^# kept"
		test -d build/tests/trash.wrong
	'
done

test_case 'no plan when the file ends early' '
	inner early <<-\END
	test_case "fine" true
	exit 0
	END
	expect_status 1
	expect_no_match "^1\.\."
'

test_case 'a skip inside a case, and of a whole file' '
	inner some <<-\END
	test_case "other" "skip no luck; return; false"
	test_done
	END
	expect_status 0
	expect_stdout_match "^ok 1 - other # SKIP no luck$"
	inner all <<-\END
	require no-such-command-anywhere
	END
	expect_status 0
	expect_stdout_match "^1\.\.0 # SKIP needs no-such-command-anywhere$"
'

test_case 'the environment of the caller stays outside' '
	COCO_CONNECTION=x SNOWFLAKE_HOME=/x GIT_DIR=/x https_proxy=x \
		XDG_CONFIG_DIRS=/x inner clean <<-\END
	env
	skip_all "done"
	END
	expect_no_match "^COCO_CONNECTION=" "^SNOWFLAKE_" "^GIT_DIR=" \
		"_proxy=" "^XDG_CONFIG_DIRS="
	expect_stdout_match "^HOME=.*/trash.clean/home$"
'

test_case 'the clock shim' '
	run at_time 1700000000 date +%s
	expect_stdout <<-\END
	1700000000
	END
	expect_stderr
	before=$(date +%s)
	after=$(at_time +86400 date +%s)
	test "$((after - before - 86400))" -ge 0
	test "$((after - before - 86400))" -lt 60
'

test_done
