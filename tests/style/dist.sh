#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every file that git knows goes into the tarball.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"

if ! test -e .git || ! command -v git >/dev/null; then
	echo '1..0 # SKIP not a git checkout'
	exit 0
fi

unset MAKEFLAGS MAKELEVEL MFLAGS
make -s --no-print-directory -C "$builddir" print-dist |
	sed -e "s,^$srcdir/,," -e 's,^\(\.\./\)*,,' |
	while IFS= read -r file; do
		if test -d "$file"; then
			find "$file" -type f
		else
			echo "$file"
		fi
	done | sort -u >"$complaints.dist"
git -c safe.directory='*' ls-files | grep -v '^\.gitignore$' | sort |
	comm -23 - "$complaints.dist" | sed 's/$/: not in the tarball/' |
	complain
rm -f "$complaints.dist"

verdict 'the tarball is complete'
