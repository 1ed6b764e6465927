#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# codespell, where there is one.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"
need codespell

# shellcheck disable=SC2046 # our file names have no blanks
codespell -q 3 $(files text) 2>&1 | complain

verdict 'codespell has nothing to say'
