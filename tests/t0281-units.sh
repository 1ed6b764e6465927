# SPDX-License-Identifier: GPL-3.0-or-later
# t0281 - the systemd units of a user's daemon: systemd understands them, they
# name the installed program, and the service stays in the user's namespaces.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"

service=$builddir/packaging/systemd/coco-tokend.service
socket=$srcdir/packaging/systemd/coco-tokend.socket

# expect_setting FILE NAME REGEX: the setting is there once, with such a value
expect_setting() {
	expect_equal "$(grep -c "^$2=" "$1")" 1 "number of $2="
	grep -Eqx "$2=$3" "$1" || fail "$(grep "^$2=" "$1")"
}

test_case 'the service names the program by its installed path' '
	expect_setting "$service" ExecStart "/.*/coco-tokend"
	! grep "@" "$service"
'

test_case 'the socket is where the client looks, and for its user only' '
	expect_setting "$socket" ListenStream %t/coco/tokend.sock
	expect_setting "$socket" DirectoryMode 0700
	expect_setting "$socket" SocketMode 0600
'

test_case 'a refresh under way is not killed with the daemon' '
	expect_setting "$service" KillMode process
'

# Each of these gives a user service namespaces of its own, and the daemon would
# refuse its user (THREATS.md T7).
test_case 'the service needs no namespace' '
	words="Private|Protect|Read|Inaccessible|Bind|Temporary|Root|Mount"
	run grep -E "^($words|Dynamic|NoExec)[A-Za-z]*=" "$service"
	expect_status 1
	expect_stdout </dev/null
'

# systemd's filter for it answers openat2() with ENOSYS; the grants need it.
test_case 'the service leaves openat2() alone' '
	run grep -E "^(RestrictSUIDSGID|SystemCallFilter)=" "$service"
	expect_status 1
	expect_stdout </dev/null
'

test_case 'systemd-analyze finds no fault' '
	if ! command -v systemd-analyze >/dev/null; then
		skip "no systemd-analyze"
		return
	fi
	mkdir -p verify
	cp "$socket" verify
	# the program must be there
	echo "#!/bin/sh" >verify/coco-tokend
	chmod +x verify/coco-tokend
	sed "s,^ExecStart=.*/,ExecStart=$trash/verify/," "$service" \
		>verify/coco-tokend.service
	run systemd-analyze --user --man=no verify \
		"$trash/verify/coco-tokend.service" \
		"$trash/verify/coco-tokend.socket"
	expect_status 0
	expect_no_match coco-tokend
'

test_done
