# SPDX-License-Identifier: GPL-3.0-or-later
# t0370 - SIGKILL, a full disk, a read-only one and a broken one at each step
# of a refresh, with the store in a file.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets out token.out
. "$srcdir/tests/crash.sh"

put_file "$XDG_CONFIG_HOME/coco/stack.d/one" <<END
get    sufficient  file
get    required    oauth
store  required    file
erase  required    file
END
crash_start one

crash_all
test_done
