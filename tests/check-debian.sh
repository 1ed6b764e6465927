#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# check-debian.sh - coco-deploy with a whole Debian in the container, made by
# debootstrap, through podman and docker's client: apply, verify, use, again,
# a user's edit, remove.  `make check-debian' runs it, as root; it takes minutes.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck source=tests/debianroot.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
. "$srcdir/tests/debianroot.sh"

# The root is made out here, where there is a mirror; it is kept for the next
# time.
base=$builddir/debian-root.tar
if test -z "${in_netns-}" && ! test -e "$base"; then
	require debootstrap
	debian_base "$base" "$builddir/debian-cache" ||
		skip_all "debootstrap: $(tail -n 1 "$base.log")"
fi
enter_netns "$@"
require python3 curl
need_engines
podman import "$base" debian >>podman.log 2>&1
start_fake --set access_ttl=3000
make_connection dev
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
start_tokend
coco-credential -c dev login 2>login.log
may_print_secrets 'coco-deploy exec *'
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' now before

shape() {
	podman export "$1" | "$lib_python" "$srcdir/tests/tarshape.py"
}

for client in podman docker; do
	name=debian-$client
	target=$client:$name
	start_engine $name debian --network two
	shape $name >before
	test_case "$client: apply, verify, use" '
		run coco-deploy -c dev apply $target
		expect_status 0
		expect_stderr
		run coco-deploy verify $target
		expect_status 0
		expect_stdout_match "^token +one came"
		run coco-deploy exec $target -- bash -c \
			"test -n \"\$SNOWFLAKE_ACCOUNT\" && coco-credential token"
		expect_status 0
		expect_stdout_match Canary
	'
	test_case "$client: again, a user edit, remove" '
		run coco-deploy plan $target
		expect_status 0
		podman exec $name sh -c "echo # mine >>/root/.snowflake/config.toml"
		run coco-deploy apply $target
		expect_status 0
		podman exec $name sed -i /mine/d /root/.snowflake/config.toml
		podman exec $name sed -i "/^$/d" /root/.snowflake/config.toml
		run coco-deploy remove $target
		expect_status 0
		expect_stderr
		shape $name >now
		expect_file now <before
	'
done

test_done
