#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Print the names of the files that a check looks at, from the top of the
# source tree: `files.sh c' our C, `files.sh shell' the shell scripts, `files.sh
# text' every text that we write by hand.  By name and not by git, so that it
# also works in a released tarball and before `git add'.
cd "$(dirname "$0")/../.." || exit 1

case ${1-} in
c)
	find src helpers tests -name '*.[ch]'
	;;
shell)
	echo bootstrap
	echo .ci/run
	find tests packaging -type f ! -path 'tests/data/*' \
		! -path '*/corpus/*' 2>/dev/null |
		while IFS= read -r file; do
			case $file in
			*.sh) echo "$file" ;;
			*)
				line=
				IFS= read -r line <"$file" 2>/dev/null
				case $line in
				'#!/bin/sh'*) echo "$file" ;;
				esac
				;;
			esac
		done
	;;
text)
	ls README bootstrap configure.ac Makefile.am .ci/run .gitignore \
		2>/dev/null
	find src helpers tests man packaging -type f \( -name '*.[chsS1578]' \
		-o -name '*.sh' -o -name '*.awk' -o -name '*.py' \
		-o -name '*.js' -o -name '*.mk' -o -name README -o -name check-fresh \
		-o -name check-attacks \
		-o -name analyze \
		-o -name '*.service.in' -o -name '*.socket' \) ! -path 'tests/data/*' \
		! -path '*/corpus/*' 2>/dev/null
	;;
*)
	echo 'usage: files.sh c|shell|text' >&2
	exit 2
	;;
esac | LC_ALL=C sort
