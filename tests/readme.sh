# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# tests/readme.sh - the blocks of the top README, sourced after tests/lib.sh: in
# which test each runs is said by the table in t0410.

# sections whose names have a quote in them
readme_host="Snowflake's tools on the host"
readme_container="Snowflake's tools in a container"

# readme_blocks: each block, that is lines in from the margin by four, of each
# section, as "SECTION N LINE" with tabs between them
readme_blocks() {
	awk '
		/^=+$/ { section = last; n = 0 }
		/^    / && before == "" { on = 1; n++ }
		!/^    / { on = 0 }
		on { print section "\t" n "\t" substr($0, 5) }
		{ before = last = $0 }' "$srcdir/README"
}

# readme_block SECTION N: the Nth block of a section
readme_block() {
	readme_blocks | awk -F '\t' -v section="$1" -v n="$2" '
		$1 == section && $2 == n {
			sub(/^[^\t]*\t[^\t]*\t/, "")
			print
			found = 1
		}
		END { exit !found }'
}

# run_readme SECTION N [SED-SCRIPT]: as it is written, but for what is of this
# machine
run_readme() {
	readme_block "$1" "$2" >readme.block || fail "no block $2 in \"$1\""
	sed -e "${3-}" readme.block >readme.run
	run sh -e readme.run
}
