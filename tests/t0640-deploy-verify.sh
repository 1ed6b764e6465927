#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0640 - coco-deploy verify: a deployment as it was made, with a token that
# comes, passes; each lasting secret of this host is found wherever it was left,
# and neither shown nor taken into the container to find it (T4).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
enter_netns "$@"
require python3 curl openssl base64
need_static_client
need_engines
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' 'plain/*' 'roots/*'

# no stack with the keyring, which a machine may have or not
mkdir -p "$XDG_CONFIG_HOME/coco/stack.d"
for name in oauth:oauth pat:connections other:; do
	{
		echo "store required file"
		echo "get sufficient file"
		test -z "${name#*:}" || echo "get required ${name#*:}"
	} >"$XDG_CONFIG_HOME/coco/stack.d/${name%%:*}"
done
start_fake --set access_ttl=3000
make_connection dev 'role = "ANALYST"'
fake_authenticator=PROGRAMMATIC_ACCESS_TOKEN
make_connection pat 'token = "pat-canary-0123456789-abcdefgh"'
mkdir plain
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
	-out plain/key.pem 2>openssl.log || skip_all "openssl makes no keys"
fake_authenticator=SNOWFLAKE_JWT
make_connection key "private_key_file = \"$trash/plain/key.pem\""
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
start_tokend
coco-credential -c dev login 2>login.log

# the secrets, as files to be piped
sed -n 's/^oauth_refresh_token=//p' "$XDG_DATA_HOME/coco/credentials" |
	tr -d '\n' >plain/refresh
printf '{"t":"%s"}' pat-canary-0123456789-abcdefgh | base64 >plain/pat64
grep -v -e ----- plain/key.pem | tr -d '\n' | fold -w 76 >plain/key76
in_refresh='refresh token of connection dev'
in_pat='token of connection pat'
in_key='private key of connection key'

# verified STATUS TARGET [OPTION...]: and no secret is shown
verified() {
	verified_status=$1
	shift
	run coco-deploy verify "$@"
	expect_status "$verified_status"
	for secret in refresh pat64 key76; do
		! stdout | grep -qF -e "$(head -n 1 plain/$secret)" ||
			fail "$secret is shown"
	done
	expect_no_match canary Canary
}

# plant NAME SECRET PATH: a secret in a container's file
plant() {
	podman exec -i "$1" sh -c "cat >$3" <"plain/$2"
}

# tells SECRET FORM PLACE: that this was found there
tells() {
	expect_stdout_match "^FOUND +$1.*, $2, in $3"
}

# finds TARGET SECRET FORM PLACE
finds() {
	verified 1 $1
	tells "$2" "$3" "$4"
	expect_stdout_match "^result +secrets of this host"
}

start_engine box busy --network two --volume data:/data --tmpfs /mem
start_engine dock busy --network two --volume data2:/data --tmpfs /mem

test_case 'there is nothing to verify' '
	run coco-deploy verify podman:box
	expect_status 3
	expect_stdout </dev/null
	run coco-deploy verify podman:nosuch
	expect_status 3
	run coco-deploy verify --ttl 1h podman:box
	expect_status 2
	run coco-deploy status --strict podman:box
	expect_status 2
'

run coco-deploy -c dev apply podman:box
dock=${clients##* }:dock
run coco-deploy -c dev apply $dock

test_case 'as it was made' '
	for target in podman:box $dock; do
		verified 0 $target --strict
		expect_stderr
		expect_stdout_match "^deployment +as it was put there" \
			"^token +one came, as 0:0" \
			"^searched +the file system \(" \
			"^searched +volume at /data \(" \
			"^searched +tmpfs at /mem \(" \
			"^searched +other mounts \(" \
			"^searched +how it was started" \
			"^searched +its processes \([0-9]+ processes" \
			"^result +no secret of this host is in the target"
		expect_no_match "not searched" FOUND
	done
	verified 0 podman:box --json
	expect_equal "$(stdout | json_field ok)" true
	expect_equal "$(stdout | json_field found)" "[]"
	expect_equal "$(stdout | json_field whole)" true
'

test_case 'secrets in files' '
	plant box refresh /tmp/x
	plant box pat64 /data/x
	plant box key76 /mem/x
	plant box refresh /dev/shm/x
	verified 1 podman:box
	tells "$in_refresh" "as it is" "the file system: /tmp/x, its content"
	tells "$in_pat" "in base64" "volume at /data: /data/x, its content"
	tells "$in_key" "in base64" "tmpfs at /mem: /mem/x, its content"
	tells "$in_refresh" "as it is" "other mounts: /dev/shm/x, its content"
	expect_equal "$(stdout | grep -c ^FOUND)" 4 finds
	podman exec box rm /tmp/x /data/x /mem/x /dev/shm/x
	verified 0 podman:box
'

test_case 'the same by docker'\''s client, and as JSON' '
	plant dock key76 /root/x
	plant dock refresh /data/x
	plant dock pat64 /mem/x
	verified 1 $dock --json
	stdout | json_field found | "$lib_python" -c "
import json, sys
for f in json.load(sys.stdin):
    print(f[\"secret\"].split(\" in \")[0], f[\"form\"], f[\"place\"],
          f[\"path\"], f[\"part\"], f[\"on_purpose\"], sep=\"|\")" |
		sort >plain/found
	expect_file plain/found <<-END
	$in_key|in base64|the file system|/root/x|its content|False
	$in_refresh|as it is|volume at /data|/data/x|its content|False
	$in_pat|in base64|tmpfs at /mem|/mem/x|its content|False
	END
	podman exec dock rm /root/x /data/x /mem/x
'

test_case 'in names, and where links lead' '
	podman exec -i box sh -c "mkdir /data/d; cd /data/d; read -r x; echo >\$x
		mkdir y; ln -s \$x y/link" <<-END
	pat-canary-0123456789-abcdefgh
	END
	verified 1 podman:box
	expect_stdout_match \
		"^FOUND +$in_pat.*: /data/d/\.\.\., its name" \
		"^FOUND +$in_pat.*: /data/d/y/link, where it leads"
	podman exec box rm -r /data/d
'

test_case 'in the environment, of the container and of a process' '
	printf "X=%s\n" "$(cat plain/refresh)" >plain/env
	start_engine told busy --network two --env-file plain/env
	coco-deploy -c dev apply podman:told
	finds podman:told "$in_refresh" "as it is" "how it was started, "
	expect_stdout_match "in its processes: process [0-9]+, its environment"
	coco-deploy remove podman:told
	podman rm --force --time 0 told >>podman.log 2>&1
	podman exec -i box sh -c "read -r X; export X; exec sleep 300" \
		<plain/env &
	child=$!
	until_true "the process" sh -c "podman exec box sh -c \
		\"cat /proc/[0-9]*/cmdline\" | tr \"\\0\" \" \" |
		grep -q \"sleep 300\""
	finds podman:box "$in_refresh" "as it is" \
		"its processes: process [0-9]*, its environment"
	kill $child
	wait $child
	podman exec box sh -c "cd /proc; for p in [0-9]*; do
		case \$(cat \$p/cmdline) in sleep*300*) kill \$p;; esac; done"
'

test_case 'a token file' '
	directory=$(coco-tokend grant --connection dev --role ANALYST \
		--listen unix --token-file --owner 0:0 --json |
		json_field directory)
	start_engine mounted busy --network none \
		--volume "$directory:/run/coco:ro"
	coco-deploy -c dev apply podman:mounted
	verified 0 podman:mounted
	expect_stdout_match "^token +one came, as 0:0" \
		"^token file +/run/coco/token: one is in it, for 0 alone" \
		"^searched +bind at /run/coco \("
	echo >>"$directory/token"
	verified 75 podman:mounted
	expect_stdout_match "^token file +/run/coco/token: it ends with" \
		"^result +no token comes through"
	chmod 644 "$directory/token"
	verified 75 podman:mounted
	expect_stdout_match "^token file +/run/coco/token: its mode is not 0600"
	chmod 600 "$directory/token"
	podman rm --force --time 0 mounted >>podman.log 2>&1
'

test_case 'drift, and no token' '
	podman exec box sed -i "/query_tag/d" /root/.snowflake/connections.toml
	verified 1 podman:box
	expect_stdout_match "^deployment +not as it was put there: 1 change" \
		"^result +the deployment is not in order"
	coco-deploy apply podman:box
	stop_tokend
	verified 75 podman:box
	expect_stdout_match "^token +not tried: it gets none any more"
'

test_case 'what cannot be looked for is no proof' '
	start_tokend
	coco-deploy apply podman:box
	cp "$HOME/.snowflake/connections.toml" plain/saved
	printf "[short]\naccount = \"a\"\nuser = \"b\"\npassword = \"1234\"\n" \
		>>"$HOME/.snowflake/connections.toml"
	verified 0 podman:box
	expect_stdout_match "^not searched for +password of connection short" \
		"^result +nothing was found of what could be looked for"
	verified 1 podman:box --strict
	cp plain/saved "$HOME/.snowflake/connections.toml"
'

test_case 'what is large needs no memory' '
	podman exec box dd if=/dev/zero of=/big bs=1 count=0 seek=1G \
		2>lib/null
	run "$lib_python" -c "
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(\"peak\", \"small\" if peak < 300000 else peak)
sys.exit(status)" coco-deploy verify podman:box
	expect_status 0
	expect_stdout_match "^peak small" "^searched +the file system .* 1[0-9]{6} KiB"
	podman exec box rm /big
'

test_case 'T4: what runs inside sees nothing of the search' '
	podman exec -i box sh -c "cat >/bin/spy" <<-\END
	#!/bin/busybox sh
	{
		echo "ran $0 $*"
		/bin/busybox env
		/bin/busybox cat
	} >>/spied
	echo token
	END
	podman exec box busybox chmod 755 /bin/spy
	podman exec box busybox sh -c "for p in sh ls cat rm id env sed echo dd \
		ln mkdir mv tar cp; do busybox ln -sf spy /bin/\$p; done
		busybox cp /bin/spy /usr/local/bin/coco-credential"
	run coco-deploy verify podman:box
	podman cp box:/spied plain/spied
	grep -c ^ran plain/spied >plain/count
	expect_file plain/count <<-END
	1
	END
	grep -q "^ran /usr/local/bin/coco-credential token" plain/spied ||
		fail "the client was not run"
	! grep -qF -f plain/refresh plain/spied || fail "a secret was seen"
	! grep -q "^print\|^key \|fingerprints" plain/spied ||
		fail "fingerprints were seen"
	podman rm --force --time 0 box >>podman.log 2>&1
'

test_case 'what was handed out on purpose' '
	start_engine open busy --network none
	for connection in pat key; do
		coco-deploy -c $connection --expose apply podman:open
		verified 0 podman:open -c $connection
		expect_stdout_match "^on purpose .*/root/.snowflake/" \
			"^token +not tried: the secret itself"
		expect_no_match FOUND
		podman exec open sh -c "cat /root/.snowflake/[cp]*.* >/tmp/all"
		finds "podman:open -c $connection" \
			".*of connection $connection" ".*" \
			"the file system: /tmp/all, its content"
		podman exec open rm /tmp/all
		coco-deploy -c $connection remove podman:open
	done
'

test_case 'a directory' '
	mkdir -p roots/a/etc roots/a/root roots/a/usr/local/bin roots/a/deep
	echo root:x:0:0:root:/root:/bin/sh >roots/a/etc/passwd
	coco-deploy -c dev apply "dir:$trash/roots/a"
	verified 0 "dir:$trash/roots/a"
	expect_stdout_match "^token +not tried: nothing runs there" \
		"^searched +the directory \(" \
		"^result +no secret of this host is in the target"
	cp plain/key76 roots/a/deep/x
	ln -s "$trash/plain" roots/a/deep/out
	mkfifo roots/a/deep/fifo
	mount -t tmpfs tmpfs roots/a/etc
	cp plain/refresh roots/a/etc/x
	verified 1 "dir:$trash/roots/a"
	expect_stdout_match \
		"^FOUND +$in_key.*, in the directory: /deep/x, its content" \
		"^not searched +/etc: a mount"
	expect_no_match "$in_refresh"
	umount roots/a/etc
'

test_done
