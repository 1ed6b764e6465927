# SPDX-License-Identifier: GPL-3.0-or-later
# t0371 - the same as t0370 with the encrypted store.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets out token.out
. "$srcdir/tests/crash.sh"

head -c 32 /dev/urandom >"$trash/key"
put_file "$XDG_CONFIG_HOME/coco/stack.d/one" <<END
get    sufficient  sealed key-file=$trash/key
get    required    oauth
store  required    sealed key-file=$trash/key
erase  required    sealed key-file=$trash/key
END
crash_start one
crash_all
test_done
