# SPDX-License-Identifier: GPL-3.0-or-later
# t0530 - grants: made, listed, changed, paused, revoked, ended by time; they
# survive restarts, also a kill, and a damaged one takes no other with it.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_print_secrets 'ask_sandbox *' 'ask_tcp *'

start_fake
make_connection dev 'role = "ANALYST"'
make_connection plain
fake_authenticator=PROGRAMMATIC_ACCESS_TOKEN
make_connection pat 'token = "canary-pat"'
unset fake_authenticator
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
state=$XDG_STATE_HOME/coco/tokend

start_tokend
coco-credential -c dev login 2>login.log

# how_many: grants that the list has
how_many() {
	coco-tokend grants | grep -c '^id '
}

test_case 'no grants: that is told to a person only' '
	run coco-tokend grants
	expect_status 0
	expect_stdout </dev/null
	expect_stderr </dev/null
	run "$lib_python" "$srcdir/tests/fake/typist.py" /dev/null answer -- \
		coco-tokend grants
	expect_status 0
	expect_stdout_match "^coco-tokend: there are no grants"
	expect_file answer </dev/null
	run "$lib_python" "$srcdir/tests/fake/typist.py" /dev/null answer -- \
		coco-tokend grants --json
	expect_status 0
	expect_no_match "no grants"
'

test_case 'a verb that is none' '
	run coco-tokend fly
	expect_status 2
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-tokend: there is no verb "fly"
	usage: coco-tokend [options] [verb]
	coco-tokend: hint: coco-tokend --help tells more
	END
'

test_case 'a grant has an id, a capability, a directory and a socket' '
	run coco-tokend grant --connection dev
	expect_status 0
	expect_stderr
	expect_stdout_match "^id +[0-9a-f]{16}$" \
		"^capability +coco_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$" \
		"^connection +dev as ANALYST$" \
		"^directory +$tokend_dir/grants/[0-9a-f]{16}$" \
		"^socket +$tokend_dir/grants/[0-9a-f]{16}/tokend.sock$" \
		"^ends +in 8 h 00 min$"
	id=$(stdout | sed -n "s/^id *//p")
	expect_mode "$tokend_dir/grants" 700
	expect_mode "$tokend_dir/grants/$id" 711
	expect_mode "$tokend_dir/grants/$id/tokend.sock" 666
	expect_mode "$state" 700
	expect_mode "$state/grants" 700
	expect_mode "$state/grants/$id.json" 600
	run ask_sandbox "$id" /token
	expect_status 0
	expect_stdout_match "^[{]\"access_token\":\"ver:"
'

test_case 'its capability goes into a file, its port as well' '
	run coco-tokend grant -c dev --role B --role A \
		--listen 127.0.0.1:0 --capability-file cap --port-file port \
		--ttl 90m
	expect_status 0
	expect_stderr
	expect_stdout_match "^id +[0-9a-f]{16}$" "^connection +dev as B, A$" \
		"^url +http://127.0.0.1:$(cat port)$" "^ends +in 1 h 30 min$"
	! grep -q coco_ lib/stdout || fail "the capability is printed"
	expect_mode cap 600
	tcp=$(stdout | sed -n "s/^id *//p")
	expect_equal "$(wc -c <cap)" 65 bytes
	expect_equal "$(cut -c 6-21 cap)" "$tcp" "id in the capability"
'

test_case 'JSON, without the capability when that is in a file' '
	run coco-tokend grant --json --connection plain --listen unix \
		--listen 127.0.0.1:0 --listen "[::1]:0" --capability-file cap2
	expect_status 0
	expect_stderr
	stdout | "$lib_python" -c "
import json, sys
g = json.load(sys.stdin)
assert \"capability\" not in g, g
assert g[\"connections\"][0][\"roles\"] == [], g
assert g[\"listen\"][0] == \"unix\" and len(g[\"listen\"]) == 3, g
assert sorted(g[\"subnets\"]) == [\"127.0.0.0/8\", \"::1/128\"], g
assert g[\"listening\"] and not g[\"paused\"] and not g[\"expose\"], g
" || fail "$(cat lib/stdout)"
	run coco-tokend grant --json --connection plain
	stdout | json_field capability >cap3
	expect_equal "$(wc -c <cap3)" 66 bytes
'

test_case 'what makes no sense is refused, with the way out' '
	run coco-tokend grant
	expect_status 2
	expect_stdout
	expect_stderr <<-END
	coco-tokend: a grant of what? a connection or a host is missing
	coco-tokend: hint: coco-tokend grant --connection NAME
	END
	run coco-tokend grant --connection nowhere
	expect_status 3
	expect_stdout
	expect_stderr_match "\"nowhere\"" "hint: say -c NAME, or set "
	expect_no_match coco-credential
	run coco-tokend grant --connection dev --ttl 2y
	expect_status 2
	expect_stderr_match "--ttl 2y is no length of time" \
		"hint: .*45m, 8h or 2d"
	run coco-tokend grant --connection dev --owner root
	expect_status 2
	expect_stderr_match "--owner root is no UID or UID:GID"
	run coco-tokend grant --connection dev --host github.com
	expect_status 2
	expect_stderr_match "each --host needs its --stack"
	run coco-tokend grant --connection dev --listen 10.1.2.3:0
	expect_status 2
	expect_stderr_match subnet
	run coco-tokend grant --connection dev --listen nowhere:0
	expect_status 2
	expect_stderr_match listen
	run coco-tokend revoke
	expect_status 2
	expect_stderr_match "wants the id of a grant"
	run coco-tokend revoke 0123456789abcdef
	expect_status 3
	expect_stdout
	expect_stderr <<-END
	coco-tokend: there is no such grant
	END
	run coco-tokend revoke 0123
	expect_status 2
	expect_stderr_match "no id of a grant, which has 16 hexadecimal"
	run coco-tokend grant update "$id"
	expect_status 2
	expect_stderr_match "nothing is to be changed"
	run coco-tokend grant update "$id" --pause --listen unix
	expect_status 2
	expect_stderr_match "--listen is not for grant update$"
	run coco-tokend grant --connection dev --pause
	expect_status 2
	expect_stdout
	expect_stderr_match "--pause is not for grant$"
	run coco-tokend grant --connection dev --port-file p
	expect_status 2
	expect_stderr_match "are for TCP"
	run coco-tokend grant --connection dev --listen 127.0.0.1:0 \
		--capability-file p --port-file p
	expect_status 2
	expect_stderr_match "cannot be in one file"
	run coco-tokend status --ttl 3
	expect_status 2
	expect_stderr_match "--ttl is not for status$"
	run coco-tokend grant --connection dev --ttl 5s
	expect_status 2
	expect_stderr_match "from a minute to 366 days"
	run coco-tokend stop "$id"
	expect_status 2
'

test_case 'who has another configuration than the daemon makes no grant' '
	run env SNOWFLAKE_HOME="$HOME/.snowflake" coco-tokend grant \
		--connection dev
	expect_status 5
	expect_stdout
	expect_stderr_match "another HOME.*: restart it with yours"
'

test_case 'T2: a long-lived secret is not granted by accident' '
	run coco-tokend grant --connection pat
	expect_status 5
	expect_stdout
	expect_stderr_match "programmatic access token" "hint: .*--expose"
	run coco-tokend grant --connection pat --expose
	expect_status 0
	expect_stdout_match "^exposes +also what lives longer"
	run coco-tokend revoke "$(stdout | sed -n "s/^id *//p")"
	expect_status 0
	expect_stdout
	expect_stderr <<-END
	coco-tokend: it is revoked
	END
'

test_case 'it says who may come' '
	run coco-tokend grant --connection dev --owner 4711 --ttl 90d \
		--listen unix --listen 10.1.2.3:0 --subnet 10.1.0.0/16 \
		--subnet 10.2.0.0/16 --allow-unauthenticated
	expect_status 0
	expect_stdout_match "^who +uid 4711 only$" \
		"^subnets +10.1.0.0/16, 10.2.0.0/16$" \
		"^open +/token by TCP needs no capability$" \
		"^ends +in (90 d 0|89 d 23) h$"
	run coco-tokend revoke "$(stdout | sed -n "s/^id *//p")"
	expect_status 0
'

test_case 'a token file for another user can be given by root only' '
	if test "$(id -u)" -eq 0; then
		skip "root can"
		return 0
	fi
	run coco-tokend grant --connection dev --owner 4711 --token-file
	expect_status 5
	expect_stdout
	expect_stderr_match "only root can give a token file to another user"
'

test_case 'a file that cannot be written takes the grant back' '
	before=$(ls "$state/grants")
	run coco-tokend grant --connection dev --capability-file no/where
	expect_status 1
	expect_stdout
	expect_stderr_match "no/where: No such file" "revoked again"
	expect_equal "$(ls "$state/grants")" "$before" grants
'

test_case 'a capability file that is there is left alone' '
	before=$(ls "$state/grants")
	cp cap saved.cap
	run coco-tokend grant --connection dev --capability-file cap
	expect_status 1
	expect_stdout
	expect_stderr_match "cap: File exists" "hint: .*of another grant" \
		"revoked again"
	cmp cap saved.cap || fail "it was written to"
	expect_equal "$(ls "$state/grants")" "$before" grants
	rm saved.cap
'

test_case 'what was written for a grant that is taken back is gone' '
	run coco-tokend grant --connection dev --listen 127.0.0.1:0 \
		--capability-file gone.cap --port-file ./gone.cap
	expect_status 1
	expect_stderr_match "gone.cap has the capability" "revoked again"
	test ! -e gone.cap || fail "the file is there"
'

test_case 'the list has them all and no capability' '
	run coco-tokend grants
	expect_status 0
	expect_stderr
	expect_equal "$(grep -c "^id " lib/stdout)" 4 grants
	! grep -q coco_ lib/stdout || fail "a capability is shown"
	run coco-tokend grants --json
	expect_status 0
	stdout | "$lib_python" -c "
import json, sys
g = json.load(sys.stdin)[\"grants\"]
assert len(g) == 4 and sorted(x[\"id\"] for x in g) == [x[\"id\"] for x in g]
assert not any(\"capability\" in k for x in g for k in x), g
" || fail "$(cat lib/stdout)"
'

test_case 'no capability is on the disk, in the log or in the audit log' '
	for file in cap cap2 cap3; do
		secret=$(cut -c 23-65 $file)
		! grep -rq -e "$secret" "$XDG_STATE_HOME" tokend.log ||
			fail "$file is there"
	done
	grep -q "\"event\":\"grant\".*\"grant\":\"$tcp\"" "$state/audit.jsonl" ||
		fail "$(cat "$state/audit.jsonl")"
'

test_case 'a grant is for what its connection was' '
	cp "$HOME/.snowflake/connections.toml" saved.toml
	sed -i "1,/user/s/ALICE/BOB/" "$HOME/.snowflake/connections.toml"
	coco-tokend reload 2>/dev/null
	run ask_sandbox "$id" /token
	expect_status 22
	expect_stdout_match token_error
	grep -q "grant $id: the connection has changed" tokend.log ||
		fail "$(cat tokend.log)"
	cp saved.toml "$HOME/.snowflake/connections.toml"
	coco-tokend reload 2>/dev/null
	run ask_sandbox "$id" /token
	expect_status 0
'
may_hold_secrets saved.toml

test_case 'who asks for the default connection is told which needs a login' '
	coco-tokend grant --connection plain >plain.out
	plain=$(sed -n "s/^id *//p" plain.out)
	run env COCO_TOKEND="unix:$tokend_dir/grants/$plain/tokend.sock" \
		coco-credential token
	expect_status 4
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential: coco-tokend: a login is needed; on the host: \
coco-credential -c plain login
	coco-credential: no token for the default connection: expired
	END
	coco-tokend revoke "$plain" 2>/dev/null
'

test_case 'a grant without a role stays one, whatever comes later' '
	coco-credential -c plain login 2>>login.log
	coco-tokend grant --connection plain >plain.out
	plain=$(sed -n "s/^id *//p" plain.out)
	ask_sandbox "$plain" /token >plain.first
	cp "$HOME/.snowflake/connections.toml" saved.toml
	sed "s/^.plain.$/[plain]\nrole = \"ROOT\"/" saved.toml \
		>"$HOME/.snowflake/connections.toml"
	coco-tokend reload 2>/dev/null
	coco-credential -c plain login 2>>login.log
	run coco-credential -c plain -n token
	cp lib/stdout plain.root
	run ask_sandbox "$plain" /token
	expect_status 0
	! grep -qF "$(cat plain.root)" lib/stdout || fail "the token of ROOT"
	cp saved.toml "$HOME/.snowflake/connections.toml"
	coco-tokend reload 2>/dev/null
	coco-tokend revoke "$plain" 2>/dev/null
'
may_hold_secrets plain.first plain.root

test_case 'paused it gives nothing, resumed it does again' '
	run ask_tcp "$(cat port)" cap /health
	expect_status 0
	run coco-tokend grant update "$tcp" --pause
	expect_status 0
	expect_stdout_match "^ends .*, paused$"
	run ask_tcp "$(cat port)" cap /health
	expect_status 22
	expect_stdout_match "\"paused\""
	run env COCO_TOKEND="http://127.0.0.1:$(cat port)" \
		COCO_CAPABILITY_FILE="$trash/cap" coco-credential -c dev token
	expect_status 5
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential: coco-tokend: the grant is paused; on the host: \
coco-tokend grant update $tcp --resume
	coco-credential: no token for connection "dev": denied
	END
	run coco-tokend grant update "$tcp" --resume --ttl 2h
	expect_status 0
	expect_stdout_match "^ends +in 2 h 00 min$"
	run ask_tcp "$(cat port)" cap /health
	expect_status 0
	expect_stdout_match "status"
'

test_case 'other roles, from now on' '
	run coco-tokend grant update "$id" --role X --role ANALYST
	expect_status 0
	expect_stdout_match "^connection +dev as X, ANALYST$"
	run ask_sandbox "$id" "/token?role=ANALYST"
	expect_status 0
	expect_stdout_match access_token
'

test_case 'a grant that could not be told is taken back' '
	if ! test -c /dev/full; then
		skip "no /dev/full"
		return 0
	fi
	before=$(ls "$state/grants")
	coco-tokend grant --connection dev >&- 2>full.err
	expect_equal $? 1 status
	for option in "" --json; do
		coco-tokend grant --connection dev $option >/dev/full 2>full.err
		expect_equal $? 1 status
		grep -q "cannot write to stdout" full.err || fail "$(cat full.err)"
		grep -q "revoked again" full.err || fail "$(cat full.err)"
	done
	expect_equal "$(ls "$state/grants")" "$before" grants
'

test_case 'an update does not revoke, whatever is said with it' '
	run coco-tokend grant update "$tcp" --ttl 2h --capability-file x
	expect_status 2
	run coco-tokend grant update "$tcp" --ttl 2h --port-file x
	expect_status 2
	test -e "$state/grants/$tcp.json" || fail "it is gone"
	coco-tokend grant update "$tcp" --ttl 2h >/dev/full 2>full.err
	expect_equal $? 1 status
	test -e "$state/grants/$tcp.json" || fail "it is gone"
'

test_case 'a revocation that cannot be stored is not forgotten' '
	if test "$(id -u)" -ne 0 || ! unshare --mount true 2>/dev/null; then
		skip "needs root and a mount namespace"
		return 0
	fi
	coco-tokend grant --connection dev >ro.out
	ro=$(sed -n "s/^id *//p" ro.out)
	chattr +i "$state/grants/$ro.json" 2>/dev/null || {
		coco-tokend revoke "$ro" 2>/dev/null
		skip "no file can be made immutable here"
		return 0
	}
	run coco-tokend revoke "$ro"
	expect_status 1
	expect_stderr_match "$ro.json: Operation not permitted; it gets nothing"
	test ! -e "$tokend_dir/grants/$ro" || fail "it is served"
	run coco-tokend revoke "$ro"
	expect_status 1
	chattr -i "$state/grants/$ro.json"
	run coco-tokend revoke "$ro"
	expect_status 0
	test ! -e "$state/grants/$ro.json" || fail "its file is there"
	run coco-tokend revoke "$ro"
	expect_status 3
'

test_case 'what a newer daemon has granted can be revoked' '
	new=0123456789abcdef
	sed -e "s/\"version\":1/\"version\":2/" \
		-e "s/\"id\":\"[0-9a-f]*\"/\"id\":\"$new\"/" \
		"$state/grants/$tcp.json" >"$state/grants/$new.json"
	run coco-tokend revoke $new
	expect_status 0
	test ! -e "$state/grants/$new.json" || fail "its file is there"
'

test_case 'revoked, it is gone at once' '
	run coco-tokend revoke "$id"
	expect_status 0
	test ! -e "$tokend_dir/grants/$id" || fail "its directory is there"
	test ! -e "$state/grants/$id.json" || fail "its file is there"
	grep -q "\"event\":\"revoke\".*\"grant\":\"$id\"" "$state/audit.jsonl" ||
		fail "no line in the audit log"
	told=unix:$tokend_dir/grants/$id/tokend.sock
	run env COCO_TOKEND="$told" coco-credential token
	expect_status 3
	expect_stdout </dev/null
	head -n 2 lib/stderr >first
	expect_file first <<-END
	coco-credential: COCO_TOKEND is $told, and there is none: No such file \
or directory
	coco-credential: hint: its grant may be over or revoked: coco-tokend \
grants on the host tells; in a sandbox, mount the grant'\''s directory at \
$tokend_dir/grants/$id
	END
	expect_stderr_match "connection \"default\" not found"
	expect_no_match "cannot be entered"
'

test_case 'after a kill the rest is there, with the same port' '
	kill -9 "$tokend_pid"
	wait "$tokend_pid" 2>/dev/null
	tokend_pid=
	start_tokend
	run ask_tcp "$(cat port)" cap /health
	expect_status 0
	expect_equal "$(how_many)" 3 grants
'

test_case 'after a stop, too; its sockets are gone meanwhile' '
	other=$(coco-tokend grants | sed -n "s/^socket *//p" | head -n 1)
	test -S "$other" || fail "there was no socket"
	stop_tokend
	test ! -e "$other" || fail "the socket is still there"
	test -d "${other%/*}" || fail "a directory that may be mounted is gone"
	run ask_tcp "$(cat port)" cap /health
	expect_status 7
	start_tokend
	test -S "$other" || fail "the socket is not there again"
'

test_case 'a damaged file is set aside and told, the rest goes on' '
	stop_tokend
	file=$state/grants/$tcp.json
	size=$(wc -c <"$file")
	cp "$file" saved.grant
	head -c $((size / 2)) saved.grant >"$file"
	: >tokend.log
	start_tokend
	test ! -e "$file" || fail "it is still there"
	expect_mode "$file.bad" 600
	grep -q "$tcp.json: " tokend.log || fail "$(cat tokend.log)"
	expect_equal "$(how_many)" 2 grants
	stop_tokend
	mv saved.grant "$file"
	start_tokend
	run ask_tcp "$(cat port)" cap /health
	expect_status 0
'

test_case 'what is over is ended, also while nobody served' '
	stop_tokend
	start_tokend +7300
	expect_equal "$(how_many)" 2 grants
	test ! -e "$state/grants/$tcp.json" || fail "its file is there"
	grep -q "\"event\":\"expire\".*\"grant\":\"$tcp\"" \
		"$state/audit.jsonl" || fail "no line in the audit log"
	stop_tokend
	start_tokend
'

test_case 'the service manager is told the ports' '
	ports=$(coco-tokend grants | sed -n "s/^url .*://p" | tr "\n" " ")
	stop_tokend
	tokend_until="STATUS=serving; grants: 2; ports: ${ports% }"
	start_tokend
	tokend_until=READY=1
'

test_case 'a second daemon of the same user has no grants' '
	mkdir -m 700 second
	coco-tokend --socket "$trash/second/s" 2>second.log &
	second=$!
	tries=200
	until (cd second && curl -sS --unix-socket s http://localhost/health \
	    >/dev/null 2>&1) || test $tries = 0; do
		tries=$((tries - 1))
		sleep 0.05
	done
	run coco-tokend --socket "$trash/second/s" grant --connection dev
	expect_status 1
	expect_stderr_match "no grants"
	grep -q "there are no grants: " second.log || fail "$(cat second.log)"
	kill $second
	wait $second 2>/dev/null
'

test_case 'a port that somebody else took is waited for' '
	run coco-tokend grant --connection dev --listen 127.0.0.1:0 \
		--capability-file cap4 --port-file port4
	stop_tokend
	"$lib_python" -c "
import signal, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((\"127.0.0.1\", int(sys.argv[1])))
s.listen()
print(\"ready\", flush=True)
signal.pause()" "$(cat port4)" >taken &
	taken=$!
	wait_for_file taken
	start_tokend
	run coco-tokend grants
	expect_stdout_match "^not served +coco-tokend.s log says why$"
	kill $taken
	wait $taken 2>/dev/null
	tries=400
	until ask_tcp "$(cat port4)" cap4 /health >/dev/null 2>&1 ||
	    test $tries = 0; do
		tries=$((tries - 1))
		sleep 0.05
	done
	test $tries -gt 0 || fail "it is not served again"
'

test_case 'a thousand grants, used, killed, used again' '
	run timeout 120 "$lib_python" "$srcdir/tests/grants-load.py" \
		"$tokend_sock" make 1000 many.json
	expect_status 0
	expect_stderr
	run timeout 120 "$lib_python" "$srcdir/tests/grants-load.py" \
		"$tokend_sock" use 1000 many.json
	expect_status 0
	expect_stderr
	kill -9 "$tokend_pid"
	wait "$tokend_pid" 2>/dev/null
	tokend_pid=
	start_tokend
	run timeout 120 "$lib_python" "$srcdir/tests/grants-load.py" \
		"$tokend_sock" use 1000 many.json
	expect_status 0
	expect_stderr
	expect_stdout <<-END
	1000 of 1000 are served
	END
	run coco-tokend grants --json
	expect_equal "$(stdout | "$lib_python" -c "
import json, sys
print(len(json.load(sys.stdin)[\"grants\"]))")" 1003 grants
	"$lib_python" -c "
import json, os, sys
secrets = {g[\"capability\"][22:].encode() for g in json.load(open(sys.argv[1]))}
for path, _, files in os.walk(sys.argv[2]):
    for name in files:
        with open(os.path.join(path, name), \"rb\") as file:
            data = file.read()
        assert not any(s in data for s in secrets), name
" many.json "$XDG_STATE_HOME" || fail "a capability is on the disk"
'

test_case 'all of them can be ended' '
	run coco-tokend revoke --all
	expect_status 0
	expect_stdout
	expect_stderr <<-END
	coco-tokend: all grants are revoked
	END
	expect_equal "$(ls "$tokend_dir/grants")" "" directories
	expect_equal "$(find "$state/grants" -name "*.json")" "" files
	run coco-tokend grants
	expect_status 0
	expect_stdout
'

test_done
