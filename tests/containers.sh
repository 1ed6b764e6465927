# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2154
# tests/containers.sh - networks and containers for a test, sourced after
# tests/lib.sh.  All is in a network and a mount namespace of the test's own:
# no name, address or rule of the machine can be met, and nothing stays.

# enter_netns [ARGUMENT...]: start the test again in such namespaces, with
# loopback and an empty /run; with own_pids=1 in one of processes as well: /proc
# has those of the test, and of its containers, alone
own_pids=
enter_netns() {
	if test -n "${in_netns-}"; then
		return 0
	fi
	test "$(id -u)" -eq 0 || skip_all 'needs root'
	require unshare ip mount
	unshare --net --mount sh -c 'ip link set lo up &&
		mount -t tmpfs -o mode=755 tmpfs /run' 2>lib/null ||
		skip_all 'needs network and mount namespaces'
	exec unshare --net --mount \
		${own_pids:+--pid --fork --kill-child --mount-proc} \
		sh -c 'ip link set lo up
		mount -t tmpfs -o mode=755 tmpfs /run
		in_netns=1 exec sh "$@"' sh "$lib_script" "$@"
}

# what a container has of the host: Debian's own Python, not that of a version
# manager
inner_python=/usr/bin/python3

# podman_conf: the configuration of podman
podman_conf() {
	cat <<-END
	[containers]
	default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
	[engine]
	runtime = "runc"
	cgroup_manager = "cgroupfs"
	events_logger = "none"
	[network]
	network_backend = "netavark"
	END
}

# prepare_podman: that nothing of it stays
prepare_podman() {
	podman_conf >containers.conf
	mkdir podman podman/net
	on_exit stop_podman
}

# need_podman: skip where no container can be started
need_podman() {
	require podman runc
	"$inner_python" -c '' 2>lib/null || skip_all "needs $inner_python"
	prepare_podman
	start_container try --network=none >podman.log 2>&1 ||
		skip_all "no container can be started: $(tail -n 1 podman.log)"
}

# podman_ ARGUMENT...: podman with a state of the test's own
podman_() {
	CONTAINERS_CONF=$trash/containers.conf timeout 120 podman \
		--root "$trash/podman/root" --runroot /run/podman \
		--tmpdir /run/podman.tmp \
		--network-config-dir "$trash/podman/net" "$@"
}

stop_podman() {
	podman_ rm --force --all --time 0 >/dev/null 2>&1
	podman_ network prune --force >/dev/null 2>&1
}

# make_network NAME SUBNET
make_network() {
	podman_ network create --disable-dns --subnet "$2" "$1" >>podman.log
}

# start_container NAME [OPTION...]: one that waits, its root is roots/NAME and
# has the host's /usr
start_container() {
	container_name=$1
	shift
	container_root=$trash/roots/$container_name
	(
		umask 022
		mkdir -p "$container_root"
		cd "$container_root" || exit
		mkdir -p usr etc proc sys dev tmp run/coco root var/tmp world \
			shared
		for link in bin sbin lib lib32 lib64; do
			test ! -L "/$link" || ln -s "usr/$link" "$link"
		done
		echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
	)
	chmod 755 "$trash/roots"
	podman_ run --detach --name "$container_name" --volume /usr:/usr:ro \
		"$@" --rootfs "$container_root" /bin/sleep 900 >/dev/null
}

# in_container NAME COMMAND...
in_container() {
	podman_ exec "$@"
}

# container_field NAME TEMPLATE: of podman inspect
container_field() {
	podman_ inspect "$1" --format "$2"
}

# container_ip NAME NETWORK
container_ip() {
	container_field "$1" "{{.NetworkSettings.Networks.$2.IPAddress}}"
}

# --- grants ----------------------------------------------------------------

# make_grant NAME <<END: the JSON of a grant to the daemon; the answer is in
# grants/NAME.json, the capability in grants/NAME.cap; sets grant_id and
# grant_dir, and grant_port where it listens by TCP
make_grant() {
	mkdir -p grants
	cat >"grants/$1.request"
	ask_tokend /grants --fail-with-body -o "grants/$1.json" \
		-H 'Content-Type: application/json' \
		--data-binary "@grants/$1.request" 2>grant.log || {
		cat grant.log "grants/$1.json"
		return 1
	} >&2
	json_field capability <"grants/$1.json" >"grants/$1.cap"
	find_grant "$1"
}

# find_grant NAME: sets grant_id, grant_dir and grant_port
find_grant() {
	grant_id=$(json_field id <"grants/$1.json")
	grant_dir=$tokend_dir/grants/$grant_id
	grant_port=$(json_field listen <"grants/$1.json" |
		sed -n 's/.*:\([0-9]*\)".*/\1/p')
}

# change_grant NAME METHOD [JSON]
change_grant() {
	find_grant "$1"
	ask_tokend "/grants/$grant_id" -X "$2" --fail-with-body \
		-o change.json ${3+--data-binary "$3"} 2>grant.log || {
		cat grant.log change.json
		return 1
	} >&2
}

# --- images ----------------------------------------------------------------

# clients: podman, and docker where it is installed, which then talks to podman;
# ${clients##* } is another one than podman if there is one
clients=podman
if command -v docker >/dev/null; then
	clients='podman docker'
fi

client_count=$(echo "$clients" | wc -w)

# each_client COMMANDS: with $client, and $target and $name, which is $image with
# the client behind it
each_client() {
	for client in $clients; do
		name=${image-}-$client
		target=$client:$name
		eval "$1"
	done
}

# shape NAME: the whole file system of a container but times, in one text
shape() {
	podman export "$1" | "$lib_python" "$srcdir/tests/tarshape.py"
}

# wrap_podman: podman, and docker if it is there, have the state of the test
wrap_podman() {
	require podman runc busybox
	prepare_podman
	mkdir programs
	cat >programs/podman <<-END
	#!/bin/sh
	export CONTAINERS_CONF='$trash/containers.conf'
	exec '$(command -v podman)' --root '$trash/podman/root' \\
		--runroot /run/podman --tmpdir /run/podman.tmp \\
		--network-config-dir '$trash/podman/net' "\$@"
	END
	chmod +x programs/podman
	PATH=$trash/programs:$PATH
	DOCKER_HOST=unix:///run/podman.sock
	export DOCKER_HOST
}

# need_engines: the clients, a network `two', and images `busy', which has
# busybox and a user, and `bare', which has one program that waits; skip where
# none can be started
need_engines() {
	wrap_podman
	if ! make_images >podman.log 2>&1 || ! podman run --rm --network none \
		bare /bin/sleep 0 >>podman.log 2>&1; then
		skip_all "no container can be started: $(tail -n 1 podman.log)"
	fi
	podman network create --disable-dns --subnet 10.99.1.0/24 \
		two >>podman.log 2>&1
	serve_podman
}

# serve_podman: for docker
serve_podman() {
	podman system service --time=0 "$DOCKER_HOST" >service.log 2>&1 &
	engine_service=$!
	on_exit 'kill $engine_service'
	until_true 'the service' test -S /run/podman.sock
}

make_images() (
	umask 022
	mkdir -p images/busy/bin images/busy/etc images/busy/tmp \
		images/busy/root images/busy/home/u images/bare/bin \
		images/bare/root images/bare/etc
	cp "$(command -v busybox)" images/busy/bin/busybox
	cp "$(command -v busybox)" images/bare/bin/sleep
	for name in sh sleep ls cat rm id env sed echo dd ln mkfifo mkdir mv \
		true; do
		ln -s busybox "images/busy/bin/$name"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh \
		u:x:1000:1001::/home/u:/bin/sh >images/busy/etc/passwd
	cp images/busy/etc/passwd images/bare/etc/passwd
	chown 1000:1001 images/busy/home/u
	for name in busy bare; do
		tar -C images/$name -c . | podman import - $name || return
	done
)

# start_engine NAME IMAGE [OPTION...]: a container that waits
start_engine() {
	engine_name=$1
	engine_image=$2
	shift 2
	podman run --detach --name "$engine_name" "$@" "$engine_image" \
		/bin/sleep 900 >>podman.log 2>&1
}
