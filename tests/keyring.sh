# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# tests/keyring.sh - a Secret Service for tests: gnome-keyring on a session bus
# of its own, both gone when the test file ends.  Sourced after lib.sh; skips
# the test file where something that it needs is missing.
#
#	. "$srcdir/tests/keyring.sh"
#	start_keyring
#	test_case ...
#	keyring_done
#
# keyring_done takes the place of test_done.
# start_keyring sets DBUS_SESSION_BUS_ADDRESS.  The keyring is unlocked and
# empty at first; it is kept in the private XDG_DATA_HOME.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh, and for tests

require dbus-daemon gdbus gnome-keyring-daemon secret-tool
if ! test -x "$builddir/coco-credential-libsecret"; then
	skip_all 'configured with --without-libsecret'
fi

# Sockets have short paths only, and build directories may be deep.
keyring_base=/dev/shm/coco-$(id -u)
mkdir -p "$keyring_base"
keyring_dir=$(mktemp -d "$keyring_base/test.XXXXXX") || exit 1
on_exit 'rm -rf "$keyring_dir"'

# For valgrind: GLib's thread runs until the end, and keeps its stack and its
# descriptors.  lib.sh asks for descriptors where it finds such marks.
VALGRIND_OPTS=--suppressions=$srcdir/tests/keyring.supp
export VALGRIND_OPTS

keyring_done() {
	rm -f "$trash"/lib/started.*
	test_done
}

# start_bus: a bus that starts no services by itself
start_bus() {
	cat >"$keyring_dir/bus.conf" <<-END
	<!DOCTYPE busconfig PUBLIC
	 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
	 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
	<busconfig>
	  <type>session</type>
	  <listen>unix:path=$keyring_dir/bus</listen>
	  <policy context="default">
	    <allow send_destination="*" eavesdrop="true"/>
	    <allow eavesdrop="true"/>
	    <allow own="*"/>
	  </policy>
	</busconfig>
	END
	rm -f "$keyring_dir/bus" "$keyring_dir/address"
	dbus-daemon --config-file="$keyring_dir/bus.conf" --nofork --nopidfile \
		--print-address=3 3>"$keyring_dir/address" \
		>>"$trash/bus.log" 2>&1 &
	bus_pid=$!
	on_exit stop_bus
	wait_for_file "$keyring_dir/address" || return
	DBUS_SESSION_BUS_ADDRESS=unix:path=$keyring_dir/bus
	export DBUS_SESSION_BUS_ADDRESS
}

stop_bus() {
	test -n "${bus_pid-}" || return 0
	kill "$bus_pid" 2>/dev/null
	wait "$bus_pid" 2>/dev/null
	bus_pid=
}

# keyring_call OBJECT METHOD [ARGUMENT...]: below /org/freedesktop/secrets and
# org.freedesktop
keyring_call() {
	keyring_object=/org/freedesktop/secrets$1
	keyring_method=org.freedesktop.$2
	shift 2
	gdbus call --session --timeout 20 --dest org.freedesktop.secrets \
		--object-path "$keyring_object" --method "$keyring_method" "$@"
}

# start_daemon: gnome-keyring on the bus that runs, unlocked; the same keyring
# when there was one before
start_daemon() {
	printf 'the-password' |
		XDG_RUNTIME_DIR=$keyring_dir gnome-keyring-daemon --unlock \
			--components=secrets --foreground \
			>>"$trash/daemon.log" 2>&1 &
	keyring_pid=$!
	on_exit stop_daemon
	gdbus wait --session --timeout 20 org.freedesktop.secrets || return
	keyring_tries=500
	until keyring_is locked false; do
		keyring_tries=$((keyring_tries - 1))
		test $keyring_tries -gt 0 || return
		sleep 0.02
	done
}

stop_daemon() {
	test -n "${keyring_pid-}" || return 0
	kill "$keyring_pid" 2>/dev/null
	wait "$keyring_pid" 2>/dev/null
	keyring_pid=
}

start_keyring() {
	if ! start_bus || ! start_daemon; then
		echo 'Bail out!  no keyring to test with'
		exit 1
	fi
}

# keyring_is locked true|false
keyring_is() {
	keyring_call /aliases/default DBus.Properties.Get \
		org.freedesktop.Secret.Collection Locked 2>/dev/null |
		grep -q "<$2>"
}

lock_keyring() {
	keyring_call '' Secret.Service.Lock \
		"['/org/freedesktop/secrets/aliases/default']" \
		>>"$trash/daemon.log" 2>&1
	keyring_is locked true
}

unlock_keyring() {
	stop_daemon
	start_daemon
}
