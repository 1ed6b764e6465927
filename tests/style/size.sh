#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# No function of more than 80 lines, no file of more than 900.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"

# shellcheck disable=SC2046 # our file names have no blanks
awk '
function file_ends() {
	if (lines > 900)
		print file ": " lines " lines"
}
FNR == 1 {
	file_ends()
	file = FILENAME
	start = 0
}
{ lines = FNR }
/^\{/ { start = FNR }
/^\}/ && start {
	if (FNR - start - 1 > 80)
		print FILENAME ":" start ": function of " FNR - start - 1 \
		    " lines"
	start = 0
}
END { file_ends() }' $(files c) | complain

verdict 'functions and files are short'
