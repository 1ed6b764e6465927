#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# 80 columns (100 in tests that are scripts, where a request is one string), no
# blanks at the end of a line or before a tab, a newline at the
# end of each file, and an SPDX line at its top.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"

# shellcheck disable=SC2046 # our file names have no blanks
awk '
# Columns: a tab goes to the next multiple of 8; the bytes that continue a
# UTF-8 character take none.
function width(text,    n, i, part) {
	gsub(/[\200-\277]/, "", text)
	n = split(text, part, "\t")
	text = 0
	for (i = 1; i < n; i++)
		text = int((text + length(part[i])) / 8) * 8 + 8
	return text + length(part[n])
}
FNR <= 3 && /SPDX-License-Identifier: GPL-3.0-or-later/ { spdx[FILENAME] = 1 }
FNR == 1 { seen[FILENAME] = 1 }
width($0) > (FILENAME ~ /tests\/.*\.sh$/ ? 100 : 80) {
	print FILENAME ":" FNR ": " width($0) " columns"
}
/[ \t]$/ { print FILENAME ":" FNR ": blanks at the end" }
/ \t/ { print FILENAME ":" FNR ": blank before a tab" }
END {
	for (file in seen)
		if (!(file in spdx) && file !~ /(^|\/)(README|\.gitignore)$/)
			print file ": no SPDX line"
}' $(files text) | sort | complain
for file in $(files text); do
	test -z "$(tail -c 1 "$file")" ||
		echo "$file: no newline at the end" | complain
done

verdict 'columns, blanks, SPDX lines'
