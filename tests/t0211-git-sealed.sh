# SPDX-License-Identifier: GPL-3.0-or-later
# t0211 - git's expectations of a helper (git-battery.sh), of the sealed store.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2034,SC2317 # the battery uses them

. "${srcdir:-.}/tests/lib.sh"

coco-credential-sealed key-file="$trash/key" keygen >/dev/null ||
	note 'keygen made no key'
battery_rule="sealed [key-file=$trash/key]"

forget_all() {
	rm -f "$XDG_DATA_HOME/coco/credentials.sealed"
}

remains() {
	coco-credential-sealed key-file="$trash/key" list </dev/null
}

# shellcheck source=tests/git-battery.sh
. "$srcdir/tests/git-battery.sh"
test_done
