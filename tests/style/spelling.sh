#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# codespell, where there is one.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"
need codespell

# mdoc's Nd, HTTP's TE, the FO of RFC 4648's vectors, Snowflake's keypair, a
# name of ours, and words that tests have wrong or short on purpose.
words=nd,te,fo,keypair,upto,sucess,oce,nulll

# shellcheck disable=SC2046 # our file names have no blanks
codespell -q 3 -L "$words" $(files text) 2>&1 | complain

verdict 'codespell has nothing to say'
