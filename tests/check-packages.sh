#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# check-packages.sh - the packages: built twice of the same commit they are the
# same bytes, lintian and rpmlint have nothing to say, and those for Debian do
# their work in a Debian made by debootstrap: installed one by one, used by an
# ordinary user, upgraded, removed, purged.  systemd runs there where it can.
# `make check-packages' runs it, as root; it takes minutes.  With KEEP=1 it takes
# the packages that the last run has built, with BY_HAND=1 no systemd.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/containers.sh
# shellcheck source=tests/debianroot.sh
# shellcheck source=tests/readme.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/containers.sh"
. "$srcdir/tests/debianroot.sh"
. "$srcdir/tests/readme.sh"

work=$builddir/check-packages
root=$work/root
cache=$builddir/debian-cache
base=$builddir/debian-root.tar

# --- out here, where there is a mirror -------------------------------------

give_up() {
	# shellcheck disable=SC2086 # it may be two
	tail -n 20 $2 | sed 's/^/# /'
	echo "Bail out!  $1 (all of it: $2)"
	exit 1
}

# the tree as it was committed, or as it was released
pack_source() {
	if test -e "$srcdir/.git"; then
		git -c safe.directory='*' -C "$srcdir" archive \
			--prefix=coco/ HEAD >"$work/source.tar"
	else
		make -C "$builddir" dist &&
			xz -dc "$builddir"/coco-*.tar.xz >"$work/source.tar"
	fi
}

# build DIRECTORY: both kinds of packages, below it
build() (
	mkdir -p "$1/coco" &&
		tar -C "$1/coco" --strip-components=1 -xf "$work/source.tar" &&
		cd "$1/coco" && autoreconf -fi && mkdir build && cd build &&
		../configure && make && make deb DEB_BUILD_OPTIONS=nocheck &&
		make rpm RPM_FLAGS=--nocheck
)

# The second build has all else that a build could take notice of.
build_twice() (
	unset MAKEFLAGS MAKELEVEL MFLAGS
	(umask 022 && TZ=UTC LC_ALL=C build "$work/one") >"$work/one.log" 2>&1 &
	first=$!
	mkdir -p "$work/home"
	(
		umask 077
		TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME=$work/home
		export SOURCE_DATE_EPOCH=1000000000 CFLAGS=-O1 LDFLAGS=-s
		export TZ LC_ALL HOME
		build "$work/another/place"
	) >"$work/another.log" 2>&1
	status=$?
	wait $first && return $status
)

# Version 0.0.1 of the packages: what there was before.
make_former() (
	mkdir -p "$work/former" && cd "$work/former" || exit
	rm -f ./*.deb
	for deb in "$work"/one/coco/build/packages/*.deb; do
		case $deb in *-dbgsym_*) continue ;; esac
		rm -rf tree
		dpkg-deb -R "$deb" tree || exit
		sed -i 's/\(^Version: \|(= \)0\.[0-9.]*-0coco/\10.0.1-0coco/g' \
			tree/DEBIAN/control
		dpkg-deb -b tree . >/dev/null || exit
	done
	rm -rf tree
)

# what a stage of the installation brings: see `list_new'
stage() {
	name=$1
	shift
	debian_run "$root" sh -c "apt-get -o Dpkg::Use-Pty=0 install -y \
		--no-install-recommends $*" || return
	debian_run "$root" dpkg-query -f '${Package}\n' -W >"$work/has.$name"
}

# First the former packages, one after the other.
install_all() {
	rm -rf --one-file-system "$root"
	debian_unpack "$base" "$root" &&
		mkdir -p "$root/packages" &&
		cp "$work"/former/*.deb "$root/packages" &&
		mount -t proc proc "$root/proc" &&
		debian_run "$root" apt-get update &&
		stage base systemd libpam-systemd dbus-user-session \
			ca-certificates &&
		stage credential /packages/coco-credential_*.deb &&
		stage static /packages/coco-credential-static_*.deb &&
		stage tokend /packages/coco-tokend_*.deb &&
		stage deploy /packages/coco-deploy_*.deb &&
		stage libsecret /packages/coco-credential-libsecret_*.deb &&
		stage others git podman runc netavark iptables busybox-static
	status=$?
	umount "$root/proc"
	rm -f "$root"/packages/*
	cp "$work"/one/coco/build/packages/*.deb "$root/packages"
	rm -f "$root"/packages/*-dbgsym_*
	return $status
}

prepare() {
	require debootstrap git dpkg-buildpackage dh lintian rpmbuild rpmlint
	test -e "$base" || debian_base "$base" "$cache" ||
		give_up debootstrap "$base.log"
	test -n "${KEEP-}" || build_all
	make_former >"$work/former.log" 2>&1 ||
		give_up 'the former packages' "$work/former.log"
	install_all >"$work/install.log" 2>&1 ||
		give_up 'the installation' "$work/install.log"
}

build_all() {
	rm -rf --one-file-system "$work"
	mkdir -p "$work"
	pack_source >"$work/source.log" 2>&1 || give_up source "$work/source.log"
	build_twice || give_up 'a build' "$work/one.log $work/another.log"
}

test -n "${in_netns-}" || prepare
enter_netns "$@"
packages=$work/one/coco/build/packages
may_print_secrets 'alice *'
# it knows what keys look like
may_hold_secrets tree/usr/bin/coco-deploy

# --- the packages ----------------------------------------------------------

test_case 'two builds of a commit give the same bytes' '
	find "$packages" -name "*.deb" -o -name "*.rpm" -o -name "*.dsc" \
		-o -name "*.tar.xz" | sort >list
	test $(grep -c "\.deb$" list) -ge 5 || fail "$(cat list)"
	test $(grep -c "\.rpm$" list) -eq 5 || fail "$(cat list)"
	while IFS= read -r file; do
		cmp "$file" \
			"$work/another/place/coco/build/packages/${file##*/}" ||
			fail "${file##*/} differs"
	done <list
'

test_case 'lintian has nothing to say' '
	run lintian --allow-root --fail-on error,warning "$packages"/*.changes
	expect_status 0
	expect_stdout </dev/null
'

test_case 'rpmlint has nothing to say' '
	run rpmlint -c "$srcdir/packaging/rpm/rpmlint.toml" "$packages"/*.rpm \
		"$srcdir/packaging/rpm/coco.spec"
	expect_status 0
	expect_stdout_match " 0 errors, 0 warnings"
'

# What is in both kinds of packages, as "PACKAGE MODE PATH [-> TARGET]"; each
# distribution has pages, completions of zsh, and words on the package its own
# way.
one_way() {
	sed -e 's,\(/man[1-8]/[^ ]*\)\.gz,\1,g' -e 's,\.gz$,,' \
		-e 's,/zsh/vendor-completions/,/zsh/site-functions/,' |
		grep -v -e /usr/share/doc -e /usr/share/licenses \
			-e /usr/share/lintian -e '/usr/lib/\.build-id' | sort
}

list_debs() {
	for deb in "$packages"/*.deb; do
		name=${deb##*/}
		case $name in *-dbgsym_*) continue ;; esac
		dpkg-deb -c "$deb" | grep -v '^d' | awk -v name="${name%%_*}" '{
			sub(/^\./, "", $6)
			print name, $1, $2, $6, $7, $8
		}'
	done | sed 's/ *$//' | one_way
}

list_rpms() {
	for rpm in "$packages"/coco-*.rpm; do
		rpm -qlvp "$rpm" | grep -v '^d' |
			awk -v name="$(rpm -qp --qf '%{NAME}' "$rpm")" '{
				print name, $1, $3 "/" $4, $9, $10, $11
			}'
	done | sed 's/ *$//' | one_way
}

test_case 'both kinds of packages have the same files, modes and owners' '
	list_debs >debs
	list_rpms >rpms
	test $(wc -l <debs) -gt 40 || fail "$(cat debs)"
	expect_file rpms <debs
'

test_case 'every installed file is in one package' '
	mkdir tree
	make -s -C "$work/one/coco/build" install DESTDIR="$trash/tree" \
		prefix=/usr libexecdir=/usr/libexec >make.log 2>&1
	(cd tree && find . ! -type d) | sed "s,^\.,," | sort >want
	sed -n "s/^[^ ]* [^ ]* [^ ]* \(\/usr[^ ]*\).*/\1/p" debs | sort >got
	expect_file got <want
'

# 4755, say, or a directory that others can write
test_case 'nothing is set-uid, writable by others or of somebody else' '
	run grep -Ev "^[^ ]* ([-l]r.[-x]..[-x]..[-x]|lrwxrwxrwx) root/root " debs
	expect_stdout </dev/null
	run grep -E "^[^ ]* [^l]....w|^[^ ]* [^l].......w" debs
	expect_stdout </dev/null
'

test_case 'what holds secrets can be read by root alone' '
	grep -E "/usr/(bin|libexec)/" debs | grep -v -e "\.static$" -e " lrwx" |
		cut -d " " -f 2 | sort | uniq -c >modes
	expect_equal "$(cat modes)" "     11 -rwx--x--x"
'

# list_new STAGE BEFORE: the packages that it brought
list_new() {
	comm -13 "$work/has.$2" "$work/has.$1"
}

test_case 'a headless server gets no library of the desktop' '
	list_new deploy base >new
	grep -q "^coco-deploy$" new || fail "$(cat new)"
	run grep -E "secret|glib|gtk|x11|wayland|gnome" new
	expect_stdout </dev/null
	list_new libsecret deploy >new
	grep -q "^libsecret-1-0$" new || fail "$(cat new)"
'

test_case 'the static client needs nothing' '
	expect_equal "$(list_new static credential)" coco-credential-static
'

test_case 'the .rpm packages need what the .deb packages need' '
	for name in credential credential-libsecret credential-static tokend \
		deploy
	do
		rpm -qp --requires "$packages"/coco-$name-0*.rpm |
			grep -Ev "^(rpmlib|rtld|libc\.so|config)" |
			sed -e "s/(x86-64)//" -e "s/[(:].*//" -e "s/=.*/=/" |
			sort -u |
			sed "s/^/$name: /"
	done >needs
	expect_file needs <<-END
	credential: libcurl.so.4
	credential: libjansson.so.4
	credential: libwolfssl.so.35
	credential-libsecret: coco-credential =
	credential-libsecret: libgio-2.0.so.0
	credential-libsecret: libglib-2.0.so.0
	credential-libsecret: libgobject-2.0.so.0
	credential-libsecret: libjansson.so.4
	credential-libsecret: libsecret-1.so.0
	tokend: coco-credential =
	tokend: libjansson.so.4
	tokend: libuv.so.1
	tokend: libwolfssl.so.35
	deploy: coco-credential =
	deploy: coco-credential-static =
	deploy: coco-tokend =
	deploy: libarchive.so.13
	deploy: libjansson.so.4
	deploy: libwolfssl.so.35
	deploy: libyaml-0.so.2
	END
'

# Debian's rpm has no macros of systemd's; Fedora's spec says what it would run.
test_case 'the scripts of the .rpm packages are those of the unit alone' '
	for rpm in "$packages"/*.rpm; do
		run rpm -qp --scripts "$rpm"
		expect_status 0
		expect_stdout </dev/null
	done
	rpmspec -P --define "systemd_user_post() POST %*" \
		--define "systemd_user_preun() PREUN %*" \
		"$srcdir/packaging/rpm/coco.spec" |
		grep -A 1 -E "^%(pre|post|preun|postun|trigger[a-z]*)( |\$)" >scripts
	expect_file scripts <<-END
	%post -n coco-tokend
	POST coco-tokend.socket
	--
	%preun -n coco-tokend
	PREUN coco-tokend.service coco-tokend.socket
	END
	run rpm -qp --configfiles "$packages"/coco-credential-0*.rpm
	expect_status 0
	expect_stdout_match ^/etc/coco/policy.toml
	expect_stdout_match ^/etc/coco/stack.d/oauth
'

# --- the Debian that they are installed in ---------------------------------

# start_root INIT...: boot it, in namespaces of its own but with our network;
# sets root_pid
cgroups=/sys/fs/cgroup
start_root() {
	cat >boot <<-'END'
	set -e
	root=$1
	shift
	mount --make-rprivate /
	mount --bind "$root" "$root"
	cd "$root"
	mount -t proc proc proc
	mount -t sysfs -o ro sysfs sys
	mount -t tmpfs -o mode=755 tmpfs run
	mount -t tmpfs -o mode=1777 tmpfs tmp
	if test -d "$cgroups/systemd"; then
		mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
		mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
		mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
		mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
	else
		mount -t cgroup2 cgroup2 sys/fs/cgroup
	fi
	mount --rbind /dev dev
	mount -t tmpfs -o mode=1777 tmpfs dev/shm
	pivot_root . mnt
	exec chroot . /usr/bin/env -i container=lxc \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		sh -c 'umount -l /mnt; exec "$@"' sh "$@"
	END
	for directory in "$cgroups/systemd" "$cgroups/unified" "$cgroups"; do
		test -e "$directory/cgroup.procs" || continue
		mkdir -p "$directory/coco-$$"
		sh -c 'echo 0 >"$1"' sh "$directory/coco-$$/cgroup.procs"
	done
	cgroups=$cgroups unshare --mount --pid --uts --ipc --cgroup --fork \
		--kill-child=KILL sh boot "$root" "$@" >boot.log 2>&1 </dev/null &
	root_unshare=$!
	on_exit stop_root
	until_true 'a process in the root' has_child
	root_pid=${root_pid%% *}
	until_true 'the root to be its root' inside test -d /packages
}

has_child() {
	root_pid=$(cat "/proc/$root_unshare/task/$root_unshare/children")
	test -n "$root_pid"
}

stop_root() {
	kill -KILL "$root_unshare" 2>/dev/null
	wait "$root_unshare" 2>/dev/null
	for directory in "$cgroups/systemd" "$cgroups/unified" "$cgroups"; do
		test -d "$directory/coco-$$" || continue
		sh -c 'echo 0 >"$1"' sh "$directory/cgroup.procs"
		find "$directory/coco-$$" -depth -type d -exec rmdir {} \; \
			2>/dev/null
	done
}

# inside COMMAND...: as root; alice COMMANDS: as an ordinary user, as if she had
# logged in
inside() {
	nsenter --target $root_pid --mount --pid --uts --ipc --cgroup \
		--root --wd /usr/bin/env -i \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

alice() {
	inside runuser -l alice -c "XDG_RUNTIME_DIR=/run/user/1000; export XDG_RUNTIME_DIR
	CONTAINER_HOST=unix:///run/engine/podman.sock; export CONTAINER_HOST
	$1"
}

has_booted() {
	case $(inside systemctl is-system-running 2>lib/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

booted=no
if test -z "${BY_HAND-}"; then
	start_root /lib/systemd/systemd
	if until_true 'systemd' has_booted; then
		booted=yes
	else
		stop_root
	fi
fi
test $booted = yes || start_root /bin/sleep 3600
inside useradd -m -s /bin/bash alice
test "$(inside id -u alice)" -eq 1000 || {
	echo 'Bail out!  alice is not 1000'
	exit 1
}
if test $booted = yes; then
	inside loginctl enable-linger alice
	until_true 'the systemd of alice' \
		inside systemctl -q is-active user@1000.service
else
	inside install -d -o alice -g alice -m 700 /run/user/1000
fi

# readme_for_alice SECTION N [SED-SCRIPT]: she runs a block
readme_for_alice() {
	readme_block "$1" "$2" | sed -e "${3-}" >readme.run
	run alice "set -e
$(cat readme.run)"
}

start_fake --set access_ttl=3000

# --- used by alice, with the former packages -------------------------------

test_case 'all of the former packages are there' '
	run inside dpkg-query -W -f "\${Version}\n" "coco-*"
	expect_status 0
	expect_stdout <<-END
	0.0.1-0coco1
	0.0.1-0coco1
	0.0.1-0coco1
	0.0.1-0coco1
	0.0.1-0coco1
	END
	run inside sh -c "cd / && md5sum --quiet -c /var/lib/dpkg/info/coco-*.md5sums"
	expect_status 0
'

test_case 'programs say their version, and none can be read' '
	for program in coco-credential coco-tokend coco-deploy; do
		run alice "$program --version"
		expect_status 0
		expect_stdout_match "^$program [0-9.]+$"
		run alice "cat /usr/bin/$program"
		expect_status 1
	done
'

test_case 'a connection, a login and a token' '
	{
		readme_block "$readme_host" 1
		printf "host = \"127.0.0.1\"\nprotocol = \"http\"\nport = %s\n" \
			"$fake_port"
	} >connections.toml
	alice "mkdir -m 700 ~/.snowflake && umask 077 &&
		cat >~/.snowflake/connections.toml" <connections.toml
	alice "$(readme_block "$readme_host" 2 | sed "s/ #.*//; s/$/ --no-browser/;q")" \
		2>login.log &
	login=$!
	until_true "an address" grep -qs "^http://" login.log
	"$lib_python" "$srcdir/tests/fake/browser.py" \
		"$(grep "^http://" login.log)" || fail "the browser"
	wait $login || fail "login"
	grep -q "logged in to 127.0.0.1:$fake_port as ALICE" login.log || fail "who"
	run alice "coco-credential -c dev token"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
'

test_case 'git keeps a password by it' '
	readme_for_alice "git, and others with helpers" 1
	expect_status 0
	alice "printf \"%s\n\" protocol=https host=git.example.com username=u \
		password=git-password \"\" | git credential approve"
	run alice "printf \"%s\n\" protocol=https host=git.example.com \"\" |
		git credential fill"
	expect_status 0
	expect_stdout_match "^password=git-password$"
'

test_case 'the daemon is started by whoever asks' '
	test $booted = yes || {
		skip "systemd does not run here"
		return
	}
	run alice "systemctl --user is-active coco-tokend.socket"
	expect_stdout <<-END
	active
	END
	alice "coco-tokend stop" 2>lib/null
	run alice "coco-credential -c dev token && coco-tokend status"
	expect_status 0
	expect_stdout_match "^socket +/run/user/1000/coco/tokend.sock$" \
		"^credential +dev: live, "
	readme_for_alice "$readme_host" 6
	expect_status 0
	expect_stdout_match "^socket +/run/user/1000/coco/tokend.sock$"
'

test_case 'the daemon is started by hand' '
	test $booted = no ||
		alice "systemctl --user stop coco-tokend.socket coco-tokend.service" \
			2>lib/null
	alice coco-tokend >tokend.log 2>&1 &
	daemon=$!
	until_true "the daemon" alice "coco-tokend status >/dev/null 2>&1"
	run alice "coco-credential -c dev token && coco-tokend status"
	expect_status 0
	expect_stdout_match "^ver:1-hint:" "^credential +dev: live, "
	run alice "coco-tokend stop"
	expect_status 0
	wait $daemon
'

test_case 'a grant, used from another root' '
	if test $booted = yes; then
		alice "systemctl --user start coco-tokend.socket"
	else
		alice coco-tokend >>tokend.log 2>&1 &
		until_true "the daemon" alice "coco-tokend status >/dev/null 2>&1"
	fi
	run alice "coco-tokend grant --connection dev --ttl 8h"
	expect_status 0
	directory=$(stdout | sed -n "s/^directory *//p")
	run alice "COCO_TOKEND=unix:$directory/tokend.sock \
		/usr/libexec/coco/coco-credential.static token"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
	run alice "coco-tokend revoke --all"
	expect_status 0
'

# start_web: a container, by a podman whose service alice may use
start_web() {
	podman_conf | inside sh -c 'umask 022 && mkdir -p /etc/containers &&
		cat >/etc/containers/containers.conf' || return
	inside sh -e <<-\END || return
	umask 022
	mkdir -p /root/image/bin /root/image/etc \
		/root/image/root /run/engine
	cd /root/image
	cp /usr/bin/busybox bin/busybox
	for name in sh sleep cat test; do
		ln -s busybox bin/$name
	done
	echo root:x:0:0:root:/root:/bin/sh >etc/passwd
	tar -c . | podman import - my-image
	podman run -d --name web my-image /bin/sleep 3600
	END
	inside podman system service --time 0 \
		unix:///run/engine/podman.sock &
	until_true 'the service' inside test -S /run/engine/podman.sock
	inside sh -c 'chgrp alice /run/engine /run/engine/podman.sock &&
		chmod 750 /run/engine && chmod 660 /run/engine/podman.sock'
}

web=
test_case 'a container is made ready, used, and left as it was' '
	start_web >podman.log 2>&1 || {
		skip "no container can be started: $(tail -n 1 podman.log)"
		return
	}
	web=podman:web
	readme_for_alice "$readme_container" 2 \
		"s/ plan podman:web/& || test \$? -eq 10/
		s/-- snow .*/-- coco-credential token/"
	expect_status 0
	expect_stdout_match "^create directory /root/.snowflake 0700 " \
		"^ver:1-hint:.*Canary" "^token +one came" \
		"^state +as it was put there$" "^podman:web  dev  endpoint  grant"
	run inside podman exec web /bin/sh -c "test ! -e /root/.snowflake"
	expect_status 0
	alice "coco-deploy -c dev apply podman:web" || fail apply
'

# --- upgraded, removed, purged ---------------------------------------------

# what_alice_has: all of her files but what changes by being asked
what_alice_has() {
	inside sh -c 'cd /home/alice && find . -type f ! -name audit.jsonl \
		! -name .bash_history -exec sha256sum {} + &&
		find . ! -type f' | sort
}

# as README says, from the directory that it goes into
install_new() {
	{
		readme_block "Install" 2 |
			sed 's/^cd .*/cd \/packages/; s/sudo apt-get/apt-get -y/'
		echo 'apt-get -y install ./coco-credential-libsecret_*.deb'
	} >readme.run
	run inside env DEBIAN_FRONTEND=noninteractive sh -e -c "$(cat readme.run)"
}

test_case 'an upgrade leaves what alice has, and what root has changed' '
	inside sh -c "echo \"# mine\" >>/etc/coco/stack.d/oauth"
	what_alice_has >before
	grep -q "connections.toml" before || fail "$(cat before)"
	install_new
	expect_status 0
	run inside dpkg-query -W -f "\${Version}\n" "coco-*"
	expect_no_match "0\.0\.1"
	what_alice_has >now
	expect_file now <before
	run inside tail -n 1 /etc/coco/stack.d/oauth
	expect_stdout <<-END
	# mine
	END
'

test_case 'the daemon of before and one of now have a token' '
	run alice "coco-credential -c dev token"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
	alice "coco-tokend stop" 2>lib/null
	test $booted = yes || alice coco-tokend >>tokend.log 2>&1 &
	until_true "the daemon" alice "coco-tokend status >/dev/null 2>&1"
	run alice "coco-credential -c dev token"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
'

test_case 'a container of before has a token, and is left as it was' '
	test -n "$web" || {
		skip "no container can be started"
		return
	}
	run alice "coco-deploy exec $web -- coco-credential token"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
	run alice "coco-deploy remove $web"
	expect_status 0
	run inside podman exec web /bin/sh -c "test ! -e /root/.snowflake"
	expect_status 0
'

test_case 'removal leaves what alice has, and /etc/coco' '
	what_alice_has >before
	run inside apt-get remove -y "coco-*"
	expect_status 0
	what_alice_has >now
	expect_file now <before
	run inside sh -c "ls /etc/coco; ls /usr/bin/coco-* /usr/libexec/coco \
		/usr/lib/systemd/user/coco-* /usr/share/coco"
	expect_stdout <<-END
	coco.toml
	policy.toml
	stack.d
	END
'

test_case 'installed again, alice is still logged in' '
	install_new
	expect_status 0
	run alice "coco-credential -c dev --no-daemon token"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
'

test_case 'alice is rid of what is hers, as far as she wants' '
	test $booted = yes || alice coco-tokend >>tokend.log 2>&1 &
	until_true "the daemon" alice "coco-tokend status >/dev/null 2>&1"
	readme_block "Install" 5 | grep -v "^sudo" >readme.run
	test $booted = yes ||
		sed -i "/disable/d; s/^systemctl.*/coco-tokend stop/" readme.run
	run alice "set -e
$(cat readme.run)"
	expect_status 0
	expect_stderr_match "all grants are revoked" "logged out of connection"
	run inside sh -c "grep -l coco-tokend /proc/[0-9]*/comm"
	expect_stdout </dev/null
	run alice "coco-credential list; git config --global credential.helper"
	expect_no_match " dev "
'

test_case 'a purge takes /etc/coco, and leaves what alice has' '
	inside sh -c "echo \"get required file\" >/etc/coco/stack.d/mine
		mkdir /etc/coco/providers"
	what_alice_has >before
	readme_block "Install" 5 | sed -n "s/^sudo apt-get/apt-get -y/p" >readme.run
	run inside sh -e -c "$(cat readme.run)"
	expect_status 0
	run inside sh -c "ls -d /etc/coco; find / -xdev -name \"*coco*\" \
		! -path \"/home/*\" ! -path \"/packages*\" ! -path \"/sys/*\" \
		! -path \"/proc/*\" ! -path \"/tmp/*\" \
		! -path \"/var/log/*\""
	expect_stdout </dev/null
	what_alice_has >now
	expect_file now <before
'

test_done
