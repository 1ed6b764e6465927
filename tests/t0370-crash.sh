# SPDX-License-Identifier: GPL-3.0-or-later
# t0370 - SIGKILL, a full disk, a read-only one and a broken one at each step
# of a refresh, with the store in a file.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/crash.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require python3
. "$srcdir/tests/crash.sh"

put_file "$XDG_CONFIG_HOME/coco/stack.d/one" <<END
get    sufficient  file
get    required    oauth
store  required    file
erase  required    file
END
crash_start one

test_case 'killed before each step' 'crash_case before killed-before 5'
test_case 'killed after each step' 'crash_case after killed-after 5'
test_case 'ENOSPC at each step' 'crash_case 28 ENOSPC 1'
test_case 'EROFS at each step' 'crash_case 30 EROFS 1'
test_case 'EIO at each step' 'crash_case 5 EIO 1'
# From then on no write succeeds anywhere, not even to memory or stdout: what
# was redeemed before has no place to be.
test_case 'ENOSPC that lasts' 'crash_case 28 full-disk 4 lasts'
test_case 'nothing is left over, nothing was used twice' crash_end

test_done
