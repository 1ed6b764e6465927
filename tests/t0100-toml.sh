# SPDX-License-Identifier: GPL-3.0-or-later
# t0100 - toml-json over our corpus of TOML: what every valid file means, and
# where and why every invalid one is refused.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2317 # test_case evaluates its text later

. "${srcdir:-.}/tests/lib.sh"
may_print_secrets '*/toml-json'

toml_json=$builddir/tests/toml-json
data=$srcdir/tests/data/toml

# each FUNCTION FILE...: call it with the name of each file, without .toml
each() {
	each_call=$1
	shift
	for each_file in "$@"; do
		"$each_call" "${each_file%.toml}"
	done
}

check_valid() {
	run "$toml_json" <"$1.toml"
	expect_status 0 || note "in $1.toml"
	expect_stderr || note "in $1.toml"
	cmp -s "$1.json" "$trash/lib/stdout" || fail "$1.toml is not as $1.json"
}

# The line that the file "errors" has for it: what is on stderr, or how else
# it went wrong.
show_invalid() {
	run "$toml_json" <"$1.toml"
	test "$status" = 1 || echo "status $status"
	test ! -s "$trash/lib/stdout" || echo 'something on stdout'
	printf '%s: %s\n' "${1##*/}" "$(stderr)"
}

test_case 'valid documents' '
	each check_valid "$data"/valid/*.toml
'

test_case 'invalid documents' '
	each show_invalid "$data"/invalid/*.toml >errors
	expect_file errors <"$data/invalid/errors"
'

test_case 'nothing but comments is an empty table' '
	run "$toml_json" <<-\END
	# nobody home
	END
	expect_status 0
	expect_stdout <<-\END
	{}
	END
	expect_stderr
'

test_case 'a document of 1 MiB is read' '
	{
		printf "a = \""
		head -c 1048568 /dev/zero | tr "\\000" x
		printf "\"\\n"
	} >large.toml
	expect_equal "$(wc -c <large.toml | tr -d " ")" 1048575
	echo >>large.toml
	run "$toml_json" <large.toml
	expect_status 0
	expect_stderr
'

test_case 'one byte more is not' '
	echo >>large.toml
	run "$toml_json" <large.toml
	expect_status 1
	expect_stdout
	expect_stderr <<-\END
	1:1: longer than 1048576 bytes
	END
'

test_done
