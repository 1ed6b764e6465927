#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The stand-in for Snowflake refuses and grants what facts/snowflake.md says:
# one TAP line for its Python unit tests, their output as diagnostics.

dir=$(cd "$(dirname "$0")/fake" && pwd) || exit 1

echo 1..1
if output=$(cd "$dir" && python3 -B -m unittest test_jws test_snowflake \
    test_snowflake_use test_snowflake_idp 2>&1); then
	echo 'ok 1 - stand-in for Snowflake and scripted browser'
else
	printf '%s\n' "$output" | sed 's/^/# /'
	echo 'not ok 1 - stand-in for Snowflake and scripted browser'
	exit 1
fi
