# SPDX-License-Identifier: GPL-3.0-or-later
# t0520 - attackers of coco-tokend: peers of other namespaces and users (T7),
# planted sockets (T8), hostile HTTP (T20), exhaustion (T21), and who looks into
# its memory (T22).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2094,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_hold_secrets token 'core*' key.p8

start_fake --set single_use=true
make_connection dev 'oauth_enable_single_use_refresh_tokens = true'
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
settings=$XDG_CONFIG_HOME/coco/coco.toml

load() {
	run "$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" "$@"
}

# reload LINE...: with these settings
reload() {
	printf '%s\n' "$@" | put_file "$settings"
	coco-tokend reload 2>reload.log || fail "$(cat reload.log)"
}

start_tokend
coco-credential -c dev login 2>login.log
coco-credential -c dev token >token

# --- T7 --------------------------------------------------------------------

for how in '--mount' '--user --map-root-user' '--pid --fork' \
    '--user --map-current-user --mount'; do
	test_case "T7: a peer of our uid behind unshare $how" "
		if ! unshare $how true 2>lib/null; then
			skip 'no such namespace here'
			return 0
		fi
		before=\$(metric peers_refused_total)
		run unshare $how curl -sS --max-time 10 --unix-socket \
			'$tokend_sock' 'http://localhost/token?connection=dev'
		test \$status -ne 0 || fail 'it was answered'
		expect_stdout
		expect_equal \"\$(metric peers_refused_total)\" \
			\"\$((before + 1))\" refused
	"
done

test_case 'T7: switched off, a container is served' '
	if ! unshare --mount true 2>lib/null; then
		skip "no such namespace here"
		return 0
	fi
	reload "[daemon]" "check_namespaces = false"
	run unshare --mount curl -sS --max-time 10 --unix-socket \
		"$tokend_sock" http://localhost/health
	expect_status 0
	reload "[daemon]" "check_namespaces = true"
'

test_case 'T7: another user, even where the socket is open' '
	chmod 711 "$trash" "$trash/run" "$tokend_dir"
	if test "$(id -u)" -ne 0 || ! setpriv --reuid 65534 --clear-groups \
	    ls -d "$tokend_sock" >lib/null 2>&1; then
		chmod 700 "$tokend_dir" "$trash/run" "$trash"
		skip "needs root, and a way for others to come here"
		return 0
	fi
	before=$(metric peers_refused_total)
	chmod 777 "$tokend_sock"
	"$lib_python" -c "
import os, socket, sys
os.setgroups([])
os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b\"GET /token?connection=dev HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n\")
    print(s.recv(4096).decode())
except ConnectionError:
    print()" "$tokend_sock" >other.out 2>&1
	expect_equal "$(cat other.out)" "" answer
	expect_equal "$(metric peers_refused_total)" "$((before + 1))" refused
	chmod 600 "$tokend_sock"
	chmod 700 "$tokend_dir" "$trash/run" "$trash"
'

# --- T8 --------------------------------------------------------------------

cat >planted.py <<'END'
import os, socket, sys
path, uid = sys.argv[1], int(sys.argv[2])
server = socket.socket(socket.AF_UNIX)
server.bind(path)
os.chmod(path, 0o777)
if uid != os.getuid():
    os.setgroups([])
    os.setuid(uid)
# whose the socket is, is decided by who listens
server.listen(8)
print("ready", flush=True)
peer, _ = server.accept()
peer.settimeout(5)
try:
    print(len(peer.recv(65536)), flush=True)
except TimeoutError:
    print("timeout", flush=True)
END

put_file store.request <<END
protocol=https
host=planted.example
username=u
password=canary-planted

END

test_case 'T8: a socket that another user serves gets no byte' '
	if test "$(id -u)" -ne 0; then
		skip "needs root"
		return 0
	fi
	mkdir -m 700 planted
	"$lib_python" planted.py planted/s 65534 >planted.out 2>planted.err &
	planted=$!
	wait_for_file planted.out
	run env COCO_TOKEND="unix:$trash/planted/s" coco-credential -c dev token
	expect_status 0
	expect_stdout <token
	expect_stderr_match "planted/s is served by uid 65534" \
		"hint: coco-tokend is not asked"
	wait $planted
	expect_equal "$(sed 1d planted.out)" 0 bytes
'
may_hold_secrets store.request

test_case 'T8: one in a directory that others can write to is not tried' '
	mkdir -m 777 open
	chmod 777 open
	"$lib_python" planted.py open/s "$(id -u)" >open.out 2>&1 &
	planted=$!
	wait_for_file open.out
	run env COCO_TOKEND="unix:$trash/open/s" coco-credential store \
		<store.request
	expect_status 0
	expect_stderr_match "open is not a directory that only you can use"
	kill $planted
	wait $planted 2>/dev/null
	expect_equal "$(sed 1d open.out)" "" "what came"
	run coco-credential erase <store.request
'

# --- T20 -------------------------------------------------------------------

test_case 'T20: every hostile request of the table, on the wire' '
	load rows "$srcdir/tests/data/http1/requests.txt"
	expect_status 0
	expect_stdout <<-END
	all of them pass
	END
	run ask_tokend /health
	expect_status 0
'

test_case 'T20: too much is refused, not read' '
	"$lib_python" -c "print(\"x=\" + \"y\" * 70000)" >big
	run ask_tokend /credential/get --data-binary @big -D - -o lib/null
	expect_stdout_match "^HTTP/1.1 413 " "^Connection: close"
	run ask_tokend /health -H "X: $(printf "%17000s" "" | tr " " y)" -D - \
		-o lib/null
	expect_stdout_match "^HTTP/1.1 431 "
'

test_case 'T20: who still sends too much hears that it is refused' '
	run "$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" oversized 50
	expect_status 0
	expect_stdout <<-END
	50
	END
'

# --- T21 -------------------------------------------------------------------

test_case 'T21: more connections than are allowed: the idle ones go' '
	reload "[daemon]" "max_connections = 50"
	mkfifo hold
	"$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" idle 200 \
		idle.ready <hold &
	idle=$!
	exec 7>hold
	wait_for_file idle.ready
	run coco-credential -c dev token
	expect_status 0
	test "$(metric connections)" -le 50 || fail "$(metric connections)"
	exec 7>&-
	wait $idle
'

test_case 'T21: half a request has a deadline' '
	reload "[daemon]" "header_timeout = 1"
	run "$lib_python" -c "
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b\"GET /health HTT\")
s.settimeout(20)
print(s.recv(4096).split(b\"\\r\\n\")[0].decode())
print(len(s.recv(4096)))" "$tokend_sock"
	expect_stdout_match "^HTTP/1.1 408 "
	reload "[daemon]"
'

test_case 'T21: out of descriptors, it goes on' '
	if ! command -v prlimit >lib/null; then
		skip "needs prlimit"
		return 0
	fi
	limit=$(awk "/Max open files/ { print \$4 }" "/proc/$tokend_pid/limits")
	open=$(ls "/proc/$tokend_pid/fd" | wc -l)
	# without looking into /proc, which needs a descriptor as well
	reload "[daemon]" "check_namespaces = false"
	prlimit --pid "$tokend_pid" --nofile="$((open + 2)):$limit"
	mkfifo hold2
	"$lib_python" "$srcdir/tests/tokend-load.py" "$tokend_sock" idle 50 \
		idle2.ready <hold2 &
	idle=$!
	exec 7>hold2
	wait_for_file idle2.ready
	exec 7>&-
	wait $idle
	prlimit --pid "$tokend_pid" --nofile="$limit:$limit"
	reload "[daemon]"
	run coco-credential -c dev token
	expect_status 0
	expect_stdout <token
'

# --- T22 -------------------------------------------------------------------

test_case 'T22: not dumpable, no core, no new privileges, confined' '
	grep -qx "NoNewPrivs:	1" "/proc/$tokend_pid/status" || fail "privileges"
	grep -Eq "^Max core file size +[01] " "/proc/$tokend_pid/limits" ||
		fail "core"
	run coco-tokend status
	expect_stdout_match "landlock: ABI|landlock: not available"
	if test "$(id -u)" -ne 0; then
		expect_equal "$(stat -c %u "/proc/$tokend_pid/mem")" 0 owner
	fi
'

# Whether it is built with a sanitizer: mlock() does nothing then, and a dump
# has terabytes.
has_sanitizer() {
	grep -q libasan "/proc/$tokend_pid/maps"
}

test_case 'T22: what is locked is locked' '
	if has_sanitizer; then
		skip "with a sanitizer nothing is"
		return 0
	fi
	grep -q "^VmLck:	 *0 kB" "/proc/$tokend_pid/status" &&
		test "$(metric secrets_unlocked)" = 0 && fail "nothing is locked"
	:
'

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.p8 \
	2>key.log
cat >>"$HOME/.snowflake/connections.toml" <<END
[key]
account = "fake-account"
user = "ALICE"
authenticator = "SNOWFLAKE_JWT"
private_key_file = "$trash/key.p8"
END

test_case 'T22: a memory dump has neither refresh token nor private key' '
	if ! command -v gcore >lib/null || test "$(id -u)" -ne 0 ||
	    has_sanitizer; then
		skip "needs gcore, root, and no sanitizer"
		return 0
	fi
	run coco-credential -c key token
	expect_status 0
	run coco-credential -c dev token
	expect_status 0
	gcore -o core "$tokend_pid" >gcore.log 2>&1 || fail "$(cat gcore.log)"
	refresh=$(sed -n "s/^oauth_refresh_token=//p" \
		"$XDG_DATA_HOME/coco/credentials" | head -n 1)
	test -n "$refresh" || fail "there is no refresh token to look for"
	run grep -c -a -F -e "$refresh" core.*
	expect_stdout <<-END
	0
	END
	run grep -c -a -F -e "$(sed -n 5p key.p8)" core.*
	expect_stdout <<-END
	0
	END
	# the key itself, as it would be after it was read
	openssl pkey -in key.p8 -outform DER -out key.der 2>>key.log
	"$lib_python" - core.* <<-END || fail "the private key is in memory"
	import sys
	with open("key.der", "rb") as file:
	    key = file.read()
	with open(sys.argv[1], "rb") as file:
	    core = file.read()
	sys.exit(any(key[i:i + 24] in core for i in range(300, len(key) - 24, 50)))
	END
	# pages of cached tokens are left out of it
	run grep -c -a -F -e "$(cat token)" core.*
	expect_stdout <<-END
	0
	END
	rm -f core.*
'

test_case 'the log has no secret, and tells who was refused once' '
	grep -q "a peer is refused: " tokend.log || skip "nobody was refused"
	expect_equal "$(grep -c "a peer is refused: " tokend.log)" 1 lines
'

test_done
