# SPDX-License-Identifier: GPL-3.0-or-later
# t0210 - git's expectations of a helper (git-battery.sh), of the file store.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2034,SC2317 # the battery uses them

. "${srcdir:-.}/tests/lib.sh"

battery_rule='file'

forget_all() {
	rm -f "$XDG_DATA_HOME/coco/credentials"
}

remains() {
	cat "$XDG_DATA_HOME/coco/credentials"
}

# shellcheck source=tests/git-battery.sh
. "$srcdir/tests/git-battery.sh"
test_done
