#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Calls that we do not make: because nothing bounds them, because they cannot
# report an error, because they go through a shell, or because a module of
# ours does it better (src/mem.h for memory; src/wipe.c is what libraries get
# instead of malloc).
# shellcheck source=tests/style/style.sh
. "${srcdir:-.}/tests/style/style.sh"

unsafe='strcpy|strcat|stpcpy|sprintf|vsprintf|strncpy|strncat|strtok|gets'
unsafe="$unsafe|v?[fs]?scanf|atoi|atol|atoll|atof|system|popen|alloca"
unsafe="$unsafe|getpass|tmpnam|tempnam|mktemp|tmpfile|rand|srand|random"
unsafe="$unsafe|signal|localtime|gmtime|ctime|asctime"
memory='malloc|calloc|realloc|reallocarray|strdup|strndup|v?asprintf'
tasks='TODO|FIXME|XXX|HACK'

# calls NAMES: the stripped lines of stdin that call one of them
calls() {
	grep -E "(^|[^A-Za-z0-9_.>])($1)[[:blank:]]*\("
}

# shellcheck disable=SC2046 # our file names have no blanks
awk -f tests/style/strip.awk $(files c | grep -E '^(src|helpers)/') |
	tee "$complaints.code" | calls "$unsafe" | complain
grep -vE '^src/(mem|wipe)\.c:' "$complaints.code" | calls "$memory" | complain
rm -f "$complaints.code"
# shellcheck disable=SC2046
grep -nE "(^|[^A-Za-z])($tasks)([^A-Za-z]|$)" $(files c) /dev/null | complain
# shellcheck disable=SC2046
grep -nE '^[^"]*//' $(files c) /dev/null |
	grep -vE '^[^:]*:[0-9]*:.*(/\*|\*).*//' | complain

verdict 'no call that the house forbids'
