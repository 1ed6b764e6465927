#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual is clean mdoc.
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"
need mandoc

for page in man/*.[1-8]; do
	# References to pages of other packages need not be installed.
	mandoc -Tlint -Wwarning "$page" 2>&1 |
		grep -v 'referenced manual not found' | complain
done

verdict 'mandoc -Tlint has nothing to say'
