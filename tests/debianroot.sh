# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# tests/debianroot.sh - a minimal Debian 12 in a directory, made by debootstrap
# from the mirror of this machine; sourced.

# The files of this machine's apt that speak of Debian itself, so that the new
# root uses the same mirror.
debian_sources() {
	grep -l -s -e 'debian\.org' -e '/debian[/ ]' /etc/apt/sources.list \
		/etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources
}

debian_mirror() {
	debian_sources | xargs cat /dev/null |
		sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' \
			-e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\).*/\2/p' |
		grep -v security | head -n 1
}

# debian_base FILE CACHE: the root as a tar file, and for the next time the
# packages in the directory CACHE.  What debootstrap says is in FILE.log.
# The islands go, for their name is what tests look for.
debian_base() (
	umask 022
	mkdir -p "$2"
	url=$(debian_mirror)
	debootstrap --variant=minbase --cache-dir="$2" bookworm "$1.root" \
		"${url:-http://deb.debian.org/debian}" >"$1.log" 2>&1 &&
		find "$1.root/usr/share/zoneinfo" -name Canary -delete &&
		tar -C "$1.root" -cf "$1.new" . && mv "$1.new" "$1"
	status=$?
	rm -rf --one-file-system "$1.root"
	exit $status
)

# debian_unpack FILE ROOT: with the sources and the names of this machine
debian_unpack() {
	mkdir -p "$2" && tar -C "$2" -xf "$1" || return
	if test -n "$(debian_sources)"; then
		rm -f "$2/etc/apt/sources.list"
		for file in $(debian_sources); do
			cp "$file" "$2$file"
		done
	fi
	grep -l -s '^Acquire::' /etc/apt/apt.conf.d/* |
		while IFS= read -r file; do
			cp "$file" "$2$file"
		done
	cp -L /etc/resolv.conf /etc/hosts "$2/etc/"
}

# debian_run ROOT COMMAND...: in it; only what apt may need comes in from the
# environment
debian_run() {
	debian_root=$1
	shift
	chroot "$debian_root" /usr/bin/env -i HOME=/root TERM=dumb \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive \
		${http_proxy+"http_proxy=$http_proxy"} \
		${https_proxy+"https_proxy=$https_proxy"} \
		"$@" </dev/null
}
