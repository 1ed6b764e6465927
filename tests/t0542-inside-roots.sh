#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0542 - coco-credential in roots such as containers have: an empty one with
# the static client alone, one of busybox as Alpine's, and this machine's own
# files with the program that is linked to its libc.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/sandbox.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/sandbox.sh"
test "$(id -u)" -eq 0 || skip_all 'needs root'
require chroot unshare
chroot=$(command -v chroot)
chroot / true 2>/dev/null || skip_all 'needs to be allowed to chroot'
root=$trash/root
mkdir -p "$root/run"
chmod 755 "$root" "$root/run"
start_sandbox "$root/run/coco"
cp capability "$root/capability"
chown 65534:65534 "$root/capability"
may_hold_secrets 'root/*'
may_print_secrets 'in_subshell *'

# inside COMMAND...: in the root, as nobody, with an empty environment; it
# becomes the process that calls it
told=unix:/run/coco/tokend.sock
inside() {
	exec env -i COCO_TOKEND="$told" COCO_CAPABILITY_FILE=/capability \
		PATH=/bin:/usr/bin HOME=/ \
		"$chroot" --userspec=65534:65534 "$root" "$@"
}

# run_inside COMMAND...: the same by run
run_inside() {
	run in_subshell "$@"
}

in_subshell() (
	inside "$@"
)

# all_verbs: what a sandbox is for
all_verbs() {
	for told in $sandbox_http unix:/run/coco/tokend.sock; do
		run_inside "$1" token
		expect_status 0
		expect_stderr </dev/null
		expect_stdout <<-\END
		ver:1-canary-dev
		END
		run_inside "$1" get <<-\END
		protocol=https
		host=git.example
		END
		expect_status 0
		expect_stderr </dev/null
		expect_stdout_match "^password=canary-git$"
		run_inside "$1" status
		expect_status 0
		expect_stdout_match "^connection: +plain$"
	done
	run_inside "$1" login
	expect_status 6
	run env -i COCO_TOKEND=unix:/nothing/s COCO_CAPABILITY_FILE=/capability \
		"$chroot" --userspec=65534:65534 "$root" "$1" token
	expect_status 75
}

# watched PROGRAM DIRECTORY: a file that is kept there
watched() {
	mkdir -p "$root$2"
	chown 65534:65534 "$root$2"
	inside "$1" token-file "$2/tok" --watch 2>watch.err &
	coco=$!
	on_exit "kill $coco 2>/dev/null"
	wait_for_file "$root$2/tok" || cat watch.err
	expect_equal "$(stat -c "%a %u" "$root$2/tok")" "600 65534" mode
	set_state "state[\"answers\"][\"dev\"][\"password\"] = \"canary-2\""
	kill -CONT $coco
	tries=500
	until grep -q canary-2 "$root$2/tok"; do
		tries=$((tries - 1))
		if test $tries -eq 0; then
			fail "not the new one"
			break
		fi
		sleep 0.02
	done
	kill $coco
	status=0
	wait $coco || status=$?
	expect_status 0
	expect_equal "$(ls -A "$root$2")" "" "left over"
	expect_file watch.err </dev/null
	fresh_state
}

if test -x "$builddir/coco-credential.static"; then
	cp "$builddir/coco-credential.static" "$root/coco-credential"
	chmod 755 "$root/coco-credential"
fi

no_static() {
	test ! -x "$root/coco-credential" &&
		skip 'configured with --disable-static-client'
}

test_case 'an empty root: nothing but the static client' '
	no_static && return
	expect_equal "$(ls -A "$root" | tr "\n" " ")" \
		"capability coco-credential run " files
	all_verbs /coco-credential
'

test_case 'an empty root: token-file, without a place for a lock' '
	no_static && return
	watched /coco-credential /data
'

test_case 'busybox, as in Alpine: the shell uses the static client' '
	no_static && return
	busybox=$(command -v busybox) || busybox=
	if test -z "$busybox" || readelf -d "$busybox" | grep -q NEEDED; then
		skip "needs busybox-static"
		return
	fi
	mkdir -p "$root/bin" "$root/dev/shm" "$root/tmp"
	chmod 755 "$root/bin" "$root/dev"
	chmod 1777 "$root/dev/shm" "$root/tmp"
	cp "$busybox" "$root/bin/busybox"
	chmod 755 "$root/bin/busybox"
	mknod -m 666 "$root/dev/null" c 1 3 2>/dev/null
	ln -s busybox "$root/bin/sh"
	ln -s busybox "$root/bin/cat"
	mv "$root/coco-credential" "$root/bin/coco-credential"
	all_verbs /bin/coco-credential
	watched /bin/coco-credential /data
	mkdir -p "$root/.snowflake"
	printf "[dev]\naccount = \"a\"\nuser = \"ALICE\"\n" \
		>"$root/.snowflake/connections.toml"
	chmod 600 "$root/.snowflake/connections.toml"
	chown -R 65534:65534 "$root/.snowflake"
	run_inside /bin/sh -c "coco-credential -c dev exec sh -c \
		'\''cat \$COCO_TOKEN_FILE'\''"
	expect_status 0
	expect_equal "$(stdout)" ver:1-canary-dev token
	expect_equal "$(ls -A "$root/dev/shm/coco-65534" | grep exec-)" "" \
		"left over"
'

test_case 'the files of this machine: the program linked to its libc' '
	if test -n "$under" || readelf -Ws "$builddir/coco-credential" |
	    grep -q __asan_init; then
		skip "the program needs more than libc here"
		return
	fi
	cp "$builddir/coco-credential" "$root/run/coco-credential"
	chmod 755 "$root/run/coco-credential"
	mkdir -p "$root/usr"
	for name in lib lib64; do
		test ! -L /$name || ln -s "usr/$name" "$root/$name"
	done
	if ! unshare -m mount --bind /usr "$root/usr" 2>/dev/null ||
	    ! test -L /lib; then
		skip "needs to be allowed to mount, and a merged /usr"
		return
	fi
	run unshare -m sh -c "mount --bind -o ro /usr $root/usr &&
		env -i COCO_TOKEND=unix:/run/coco/tokend.sock \
		COCO_CAPABILITY_FILE=/capability \
		$chroot --userspec=65534:65534 $root \
		/run/coco-credential token >dynamic.out 2>&1"
	expect_status 0
	expect_equal "$(cat dynamic.out)" ver:1-canary-dev token
'
may_hold_secrets dynamic.out

test_done
