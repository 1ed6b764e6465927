# SPDX-License-Identifier: GPL-3.0-or-later
# t0212 - git's expectations (git-battery.sh), with the keyring behind.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/keyring.sh
# shellcheck source=tests/git-battery.sh
# shellcheck disable=SC2034,SC2317 # used by the battery

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/keyring.sh"
start_keyring

battery_rule='libsecret timeout=60'

forget_all() {
	secret-tool clear xdg:schema org.coco.Credential || :
}

remains() {
	secret-tool search --all xdg:schema org.coco.Credential 2>&1
}

. "$srcdir/tests/git-battery.sh"

keyring_done
