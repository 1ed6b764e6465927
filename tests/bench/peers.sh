# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with bench.sh
# tests/bench/peers.sh - what bench.sh measures beside coco besides git's own
# helpers: those that keep secrets in the Secret Service (the keyring), and
# oidc-agent.  Sourced by bench.sh, whose functions it uses.  What a machine
# lacks is said in a note and left out.

# wait_until COMMAND...: for ten seconds
wait_until() {
	tries=500
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		test $tries -gt 0 || return 1
		sleep 0.02
	done
}

has_keyring() {
	dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.NameHasOwner \
		string:org.freedesktop.secrets | grep -q true
}

# An unlocked keyring on the bus that bench.sh started this script under.  It
# has to be there before anyone asks for it, or the bus starts a locked one.
start_keyring() {
	if ! command -v gnome-keyring-daemon >/dev/null; then
		note 'no gnome-keyring-daemon: nothing with a keyring'
		return 1
	fi
	if test -z "${BENCH_BUS-}"; then
		note 'no dbus-run-session or dbus-send: nothing with a keyring'
		return 1
	fi
	echo >newline
	gnome-keyring-daemon --unlock --foreground --components=secrets \
		<newline >keyring.log 2>&1 &
	at_end "kill $!"
	wait_until has_keyring || die 'gnome-keyring-daemon does not start'
}

# git's helper for the keyring, which Debian ships as a source.
git_libsecret() {
	source=/usr/share/doc/git/contrib/credential/libsecret
	source=$source/git-credential-libsecret.c
	if ! test -e $source || ! pkg-config --exists libsecret-1 glib-2.0; then
		note 'no git-credential-libsecret: needs its source in' \
			'/usr/share/doc/git and libsecret-1-dev'
		return
	fi
	# shellcheck disable=SC2046,SC2086 # flags
	${CC:-cc} -O2 -o git-credential-libsecret $source \
		$(pkg-config --cflags --libs libsecret-1 glib-2.0) ||
		die 'cannot compile git-credential-libsecret'
	fill "$world/git-credential-libsecret" >/dev/null
	contestant git-credential-libsecret "$secret" \
		"$world/git-credential-libsecret" get
}

secret_tool() {
	if ! command -v secret-tool >/dev/null; then
		note 'no secret-tool (libsecret-tools)'
		return
	fi
	n=0
	while test "$n" -lt "$entries"; do
		field "$n" password | secret-tool store --label=bench \
			bench "$(field "$n" host)" ||
			die 'secret-tool does not store'
		n=$((n + 1))
	done
	contestant 'secret-tool lookup' "${secret#password=}" \
		"$(command -v secret-tool)" lookup bench \
		"$(field "$wanted" host)"
}

docker_secretservice() {
	program=docker-credential-secretservice
	if ! command -v $program >/dev/null; then
		note "no $program (golang-docker-credential-helpers)"
		return
	fi
	n=0
	while test "$n" -lt "$entries"; do
		printf '{"ServerURL":"https://%s","Username":"%s",' \
			"$(field "$n" host)" "$(field "$n" username)" >json
		printf '"Secret":"%s"}' "$(field "$n" password)" >>json
		$program store <json || die "$program does not store"
		n=$((n + 1))
	done
	printf 'https://%s\n' "$(field "$wanted" host)" >request.docker
	request=$world/request.docker
	contestant docker-credential-secret "${secret#password=}" \
		"$(command -v $program)" get
	request=$world/request
}

# Our store for the keyring, alone and in a stack.
coco_libsecret() {
	if ! test -x "$coco-libsecret"; then
		note 'no coco-credential-libsecret in this build'
		return
	fi
	printf '%s required libsecret\n' get store erase \
		>home/.config/coco/stack.d/libsecret
	fill "$coco" --stack libsecret
	contestant 'coco-credential, keyring' "$secret" \
		"$coco" --no-daemon --stack libsecret get
	contestant coco-credential-libsecret "$secret" "$coco-libsecret" get
}

# An agent that holds one account with a token that is good for a day.  Its
# provider is a stand-in, and the token is asked for once.
oidc_token() {
	if ! command -v oidc-gen >/dev/null || ! command -v python3 >/dev/null
	then
		note 'no oidc-token (oidc-agent-cli; needs python3 here)'
		return
	fi
	mkdir -p home/.config/oidc-agent oidc || exit 1
	python3 "$srcdir/tests/bench/provider.py" "${secret#password=}" \
		"$world/oidc/url" &
	at_end "kill $!"
	OIDC_SOCK=$world/oidc/agent
	export OIDC_SOCK
	oidc-agent --console -a "$OIDC_SOCK" >oidc/log 2>&1 &
	at_end "kill $!"
	wait_until test -S "$OIDC_SOCK" || die 'oidc-agent does not start'
	wait_until test -s oidc/url || die 'its provider does not start'
	oidc-gen --prompt=none --confirm-default --pw-cmd='echo bench' -m \
		--issuer="$(cat oidc/url)" --client-id=bench \
		--client-secret=bench --redirect-uri=http://localhost:8080 \
		--scope='openid offline_access' --rt=refresh bench \
		</dev/null >oidc/gen 2>&1 || die "$(cat oidc/gen)"
	contestant 'oidc-token (agent)' "${secret#password=}" \
		"$(command -v oidc-token)" bench
}

peers() {
	if start_keyring; then
		git_libsecret
		secret_tool
		docker_secretservice
		coco_libsecret
	fi
	oidc_token
}
