#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0621 - coco-deploy: two connections in one target, which go in either order
# and leave it as it was before both.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2154

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
require python3 curl
test "$(id -u)" -eq 0 || skip_all 'needs root, for files of other users'
need_static_client
start_logged_in 'role = "ANALYST"'
make_connection two 'role = "OTHER"'
coco-credential -c two login 2>login.log
may_hold_secrets 'run/coco/grants/*' 'roots/*'

root=dir:$trash/roots
config='[connections.x]\naccount = "x"\n\n[log]\nlevel = "info"\n'

# make_root NAME: one in which somebody has files already
make_root() (
	umask 022
	mkdir -p "roots/$1/etc" "roots/$1/root/.snowflake/cortex"
	echo root:x:0:0:root:/root:/bin/sh >"roots/$1/etc/passwd"
	printf '[other]\naccount = "x"' \
		>"roots/$1/root/.snowflake/connections.toml"
	printf '{"theme": "dark"}\n' \
		>"roots/$1/root/.snowflake/cortex/settings.json"
)

# make_empty NAME: one in which nobody has
make_empty() (
	umask 022
	mkdir -p "roots/$1/etc" "roots/$1/root"
	echo root:x:0:0:root:/root:/bin/sh >"roots/$1/etc/passwd"
)

# make_config NAME: one with config.toml alone
make_config() (
	make_empty "$1"
	mkdir "roots/$1/root/.snowflake"
	printf %b "$config" >"roots/$1/root/.snowflake/config.toml"
)

# shape DIRECTORY: all that is in it but times, in one text
shape() {
	(cd "$1" && find . -printf '%p %y %m %U:%G %l\n' | sort &&
		find . -type f -exec sha256sum {} + | sort)
}

# both NAME FIRST SECOND: apply dev, then two; remove FIRST, then SECOND
both() {
	shape "roots/$1" >before
	for c in dev two; do
		run coco-deploy -c "$c" apply "$root/$1"
		expect_status 0
	done
	run coco-deploy -c dev plan "$root/$1"
	expect_status 0
	grep -rh token_file_path "roots/$1/root/.snowflake" >lib/paths
	test "$(sort -u lib/paths | wc -l)" = 2 ||
		fail "they have one token: $(cat lib/paths)"
	run coco-deploy remove "$root/$1"
	expect_status 1
	expect_stderr_match 'there are several connections there: say -c NAME'
	run coco-deploy -c "$2" remove "$root/$1"
	expect_status 0
	expect_stderr
	grep -rq "^\[.*$3\]" "roots/$1/root/.snowflake" || fail "$3 is gone"
	test -x "roots/$1/usr/local/bin/coco-credential" || fail 'no client'
	run coco-deploy -c "$3" apply "$root/$1"
	expect_status 0
	run coco-deploy -c "$3" remove "$root/$1"
	expect_status 0
	expect_stderr
	shape "roots/$1" >now
	expect_file now <before
}

for order in 'dev two' 'two dev'; do
	for kind in root empty config; do
		test_case "$kind, without $order" "
			make_$kind \"$kind\${order%% *}\"
			both \"$kind\${order%% *}\" $order
		"
	done
done

test_done
