#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Shell scripts are POSIX and clean under shellcheck.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"
need shellcheck

# The bodies of test cases are text in single quotes, and the functions that
# they name look unreachable.
for script in $(files shell); do
	dialect='sh'
	case $script in
	.ci/run) dialect='bash' ;;
	esac
	shellcheck -s $dialect -x -f gcc \
		-e SC2016,SC2119,SC2120,SC2317 "$script" 2>&1 | complain
done

verdict 'shellcheck has nothing to say'
