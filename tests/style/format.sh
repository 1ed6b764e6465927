#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# C is formatted as .clang-format says; `make format' does it.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"
need clang-format

case $(clang-format --version) in
*'version 14.'*) ;;
*)
	echo '1..0 # SKIP other versions than clang-format 14 differ'
	exit 0
	;;
esac

files c | xargs clang-format --dry-run 2>&1 | grep 'warning:' |
	sed 's/ warning: .*/ not as clang-format does it/' | complain

verdict 'C is formatted'
