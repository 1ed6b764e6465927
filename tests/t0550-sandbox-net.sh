# SPDX-License-Identifier: GPL-3.0-or-later
# t0550 - a grant as another network and another user see it: by the unix
# socket and by an address, from network namespaces and from a container; and
# whoever it is not for gets nothing (T13, T14, T15).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
# curl takes no path of more than 107 bytes, and tests may lie deep; /run is ours
XDG_RUNTIME_DIR=/run/user
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
enter_netns "$@"
mkdir -m 700 /run/user
require python3 curl setpriv
may_hold_secrets answer token 'run/coco/grants/*'

# box NAME NETWORK: a network namespace, linked to us: it has NETWORK.2 and we
# have NETWORK.1, once link_box was called
box() {
	ip netns add "$1" 2>lib/null || skip_all 'needs ip netns'
	ip -n "$1" link set lo up
}

link_box() {
	ip link add "$1" type veth peer name eth0 netns "$1"
	ip address add "$2.1/24" dev "$1"
	ip link set "$1" up
	ip -n "$1" address add "$2.2/24" dev eth0
	ip -n "$1" link set eth0 up
	ip -n "$1" route add default via "$2.1"
}

# in_box NAME COMMAND...
in_box() {
	in_box=$1
	shift
	ip netns exec "$in_box" "$@"
}

# get GRANT CURL-ARGUMENT...: what it has gives, as "status", and the answer
get() {
	get_cap=$1
	shift
	printf 'Authorization: Bearer %s\n' "$(cat "grants/$get_cap.cap")" \
		>header
	"$@" -sS --max-time 10 -H @header -o answer -w '%{http_code}\n'
}

# grant NAME OPTION...: make one; its JSON is in grants/NAME.json, the
# capability in grants/NAME.cap
grant() {
	grant_name=$1
	shift
	mkdir -p grants
	coco-tokend grant --json --capability-file "grants/$grant_name.cap" \
		"$@" >"grants/$grant_name.json"
}

# has_token: the last answer, one of ours
has_token() {
	json_field access_token <answer >token
	grep -q -i canary token || fail "no token: $(tr -d '\n' <answer)"
	rm -f answer token
}

has_none() {
	test ! -s answer || ! grep -i canary answer || fail 'there is a token'
	rm -f answer
}

start_fake --set access_ttl=3000
make_connection dev 'role = "ANALYST"'
make_connection prod
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
start_tokend
for name in dev prod; do
	coco-credential -c $name login 2>>login.log
done
box one 10.89.66
box two 10.89.67

one=10.89.66
test_case 'a grant for an address that does not exist yet' '
	run grant one --connection dev --role ANALYST --listen unix \
		--listen "$one.1:0" --subnet "$one.0/24" --token-file
	expect_status 0
	expect_stderr
	find_grant one
	test -n "$grant_port" || fail "no port"
	expect_mode "$tokend_dir/grants" 700
	expect_mode "$grant_dir" 711
	expect_mode "$grant_dir/tokend.sock" 666
	run grant other --connection prod --listen unix \
		--listen "$one.1:0" --subnet "$one.0/24"
	expect_status 0
	link_box one $one
	link_box two 10.89.67
'

test_case 'by the address, with the capability' '
	find_grant one
	run get one in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	200
	END
	has_token
'

test_case 'by the unix socket, with the capability and without' '
	find_grant one
	for how in one none; do
		: >grants/none.cap
		if test $how = one; then
			run get one in_box one curl http://localhost/token \
				--unix-socket "$grant_dir/tokend.sock"
		else
			run in_box one curl -sS http://localhost/token \
				-o answer -w "%{http_code}\n" \
				--unix-socket "$grant_dir/tokend.sock"
		fi
		expect_stdout <<-END
		200
		END
		has_token
	done
	rm grants/none.cap
'

test_case 'T13: by the address without the capability' '
	find_grant one
	run in_box one curl -sS "http://$one.1:$grant_port/token" -o answer \
		-D headers -w "%{http_code}\n"
	expect_stdout <<-END
	401
	END
	grep -qi "^WWW-Authenticate: Bearer realm=\"coco\"" headers ||
		fail "$(cat headers)"
	has_none
'

test_case 'T13: with the capability from another subnet: not a word' '
	find_grant one
	run get one in_box two curl "http://$one.1:$grant_port/token"
	# empty reply, or reset
	test $status -eq 52 || test $status -eq 56 || fail "status $status"
	expect_stdout <<-END
	000
	END
	has_none
	# there is a way: the same address answers what is not for a subnet
	in_box two "$lib_python" -c "
import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)" \
		$one.1 "$grant_port" || fail "no way there"
'

test_case 'T15: with the capability of another grant' '
	find_grant one
	run get other in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	401
	END
	has_none
	run get other in_box one curl http://localhost/token \
		--unix-socket "$grant_dir/tokend.sock"
	expect_stdout <<-END
	401
	END
	has_none
	find_grant other
	run get other in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	200
	END
	has_token
'

# curl_as_user UID: the token at /run/box; options on stdin
curl_as_user() {
	setpriv --reuid "$1" --regid "$1" --clear-groups \
		curl -sS --max-time 10 --unix-socket /run/box/tokend.sock \
		--config - http://localhost/token
}

test_case 'T14: a grant for a user, and another user' '
	run grant owned --connection dev --owner 4711
	expect_status 0
	find_grant owned
	mkdir -p /run/box
	mount --bind "$grant_dir" /run/box
	for uid in 4711 4712 0; do
		# the capability does not help
		printf "header = \"Authorization: Bearer %s\"\n" \
			"$(cat grants/owned.cap)" >config
		curl_as_user $uid <config >answer 2>lib/null
		case $uid in
		4711)
			has_token
			;;
		*)
			has_none
			;;
		esac
	done
	umount /run/box
'

test_case 'a paused grant gives nothing, a resumed one does again' '
	find_grant one
	run coco-tokend grant update "$grant_id" --pause
	expect_status 0
	for where in "http://$one.1:$grant_port/token" \
	    "http://localhost/token --unix-socket $grant_dir/tokend.sock"; do
		run get one in_box one curl $where
		expect_stdout <<-END
		403
		END
		has_none
	done
	test ! -e "$grant_dir/token" || fail "its token file is there"
	run coco-tokend grant update "$grant_id" --resume
	expect_status 0
	run get one in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	200
	END
	has_token
'

test_case 'the interface comes and goes: it listens' '
	find_grant one
	ip link delete one
	link_box one $one
	run get one in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	200
	END
	has_token
'

test_case 'after a restart: the same port, directory and capability' '
	find_grant one
	inode=$(stat -c %i "$grant_dir")
	stop_tokend
	start_tokend
	run get one in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	200
	END
	has_token
	expect_equal "$(stat -c %i "$grant_dir")" "$inode" directory
	run get one in_box one curl http://localhost/token \
		--unix-socket "$grant_dir/tokend.sock"
	expect_stdout <<-END
	200
	END
	has_token
'

cat >in.py <<'END'
import http.client
import socket
import sys

with open("/cap") as file:
    bearer = {"Authorization": "Bearer " + file.read().strip()}


def ask(connection, fields):
    connection.request("GET", "/token", headers=fields)
    return connection.getresponse().status


def tcp():
    return http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=10)


def unix():
    made = http.client.HTTPConnection("localhost", timeout=10)
    made.sock = socket.socket(socket.AF_UNIX)
    made.sock.connect("/run/coco/tokend.sock")
    return made


with open("/run/coco/token") as file:
    found = "a token" if "anary" in file.read() else "nothing"
print(ask(tcp(), bearer), ask(unix(), {}), ask(tcp(), {}), found)
END

test_case 'from a container: by the address and by the mounted socket' '
	if ! command -v podman runc >lib/null || ! test -x $inner_python; then
		skip "needs podman, runc and $inner_python"
		return 0
	fi
	prepare_podman
	make_network red 10.89.68.0/24 || fail "no network"
	run grant red --connection dev --listen unix \
		--listen 10.89.68.1:0 --subnet 10.89.68.0/24 --token-file
	expect_status 0
	find_grant red
	if ! start_container red --network red \
	    --volume "$grant_dir:/run/coco:ro"; then
		skip "no container can be started"
		return 0
	fi
	cp grants/red.cap roots/red/cap
	cp in.py roots/red/
	in_container red $inner_python /in.py 10.89.68.1 "$grant_port" \
		>in.out 2>in.log || fail "$(cat in.log)"
	expect_equal "$(cat in.out)" "200 200 401 a token" inside
'

cat >unix.py <<'END'
import http.client
import socket

made = http.client.HTTPConnection("localhost", timeout=10)
made.sock = socket.socket(socket.AF_UNIX)
made.sock.connect("/run/coco/tokend.sock")
try:
    made.request("GET", "/token")
    print(made.getresponse().status)
except (OSError, http.client.HTTPException):
    print("closed")
END

test_case 'T14: from now on for a container, and for no other' '
	if ! test -s in.out; then
		skip "no container runs"
		return 0
	fi
	run grant late --connection dev
	expect_status 0
	find_grant late
	for name in red2 blue2; do
		start_container $name --network none \
			--volume "$grant_dir:/run/coco:ro" || fail "no $name"
		cp unix.py roots/$name/
		in_container $name $inner_python /unix.py >>before.out
	done
	expect_equal "$(tr "\n" " " <before.out)" "200 200 " before
	run coco-tokend grant update "$grant_id" \
		--container "$(container_field red2 "{{.Id}}")"
	expect_status 0
	# once is enough
	run coco-tokend grant update "$grant_id" \
		--container "$(container_field blue2 "{{.Id}}")"
	expect_status 2
	expect_stderr_match "another one already"
	for name in red2 blue2; do
		in_container $name $inner_python /unix.py >>after.out
	done
	expect_equal "$(tr "\n" " " <after.out)" "200 closed " after
'

cat >kept.py <<'END'
import http.client
import sys

with open("header") as file:
    name, value = file.read().strip().split(": ")
kept = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=20)


def ask():
    kept.request("GET", "/token", headers={name: value})
    answer = kept.getresponse()
    answer.read()
    return answer.status


print(ask(), flush=True)
kept.auto_open = 0
sys.stdin.read()
try:
    print(ask())
except (OSError, http.client.HTTPException):
    print("closed")
END

test_case 'a revoked grant gives nothing, and its connections end' '
	find_grant one
	printf "Authorization: Bearer %s\n" "$(cat grants/one.cap)" >header
	mkfifo go
	in_box one "$lib_python" kept.py "$one.1" "$grant_port" <go \
		>kept.out 2>kept.log &
	kept=$!
	exec 7>go
	wait_for_file kept.out
	run coco-tokend revoke "$grant_id"
	expect_status 0
	exec 7>&-
	wait $kept
	expect_equal "$(tr "\n" " " <kept.out)" "200 closed " "a kept connection"
	run get one in_box one curl "http://$one.1:$grant_port/token"
	test $status -ne 0 || fail "it still answers"
	has_none
	test ! -e "$grant_dir/token" || fail "its token file is there"
	test ! -e "$grant_dir/tokend.sock" || fail "its socket is there"
'

test_case 'an expired grant gives nothing' '
	run grant short --connection dev --listen unix --ttl 1m \
		--listen "$one.1:0" --subnet "$one.0/24"
	expect_status 0
	find_grant short
	run get short in_box one curl "http://$one.1:$grant_port/token"
	expect_stdout <<-END
	200
	END
	has_token
	stop_tokend
	start_tokend +120
	run get short in_box one curl "http://$one.1:$grant_port/token"
	test $status -ne 0 || fail "it still answers"
	has_none
'

test_done
