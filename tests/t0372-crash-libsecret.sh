# SPDX-License-Identifier: GPL-3.0-or-later
# t0372 - the same as t0370 with the keyring.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets out token.out
. "$srcdir/tests/crash.sh"

. "$srcdir/tests/keyring.sh"
start_keyring
put_file "$XDG_CONFIG_HOME/coco/stack.d/one" <<END
get    sufficient  libsecret
get    required    oauth
store  required    libsecret
erase  required    libsecret
END
crash_start one
crash_all
keyring_done
