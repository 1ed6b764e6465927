# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# tests/sandbox.sh - the inside of a sandbox for a test, sourced after
# tests/lib.sh: tests/fake/tokend.py stands in for the daemon outside.

capability=coco_0123456789abcdef_canarycanarycanarycanarycanarycanarycana123
may_hold_secrets capability state.json requests.log

# set_state [PYTHON...]: change the state of the stand-in, as in
# set_state 'state["paused"] = True'
set_state() {
	"$lib_python" -c '
import json, os, sys
state = json.load(open("state.json"))
for line in sys.argv[1:]:
    exec(line)
json.dump(state, open("state.part", "w"))
os.rename("state.part", "state.json")' "$@"
}

# fresh_state: the state at first
fresh_state() {
	cat >state.json <<-END
	{"id": "0123456789abcdef", "capability": "$capability",
	 "connections": [
	  {"name": "dev", "roles": ["ANALYST", "LOADER"], "protocol": "https",
	   "host": "myorg-dev.snowflakecomputing.com", "username": "ALICE"},
	  {"name": "plain", "roles": []}],
	 "hosts": [{"host": "git.example", "stack": "other"}],
	 "answers": {
	  "dev": {"protocol": "https", "username": "ALICE",
	   "host": "myorg-dev.snowflakecomputing.com",
	   "password": "ver:1-canary-dev", "expires_in": 600, "age": 0,
	   "connection": "dev", "authenticator": "OAUTH",
	   "token_type": "OAUTH"},
	  "plain": {"username": "BOB", "password": "ver:1-canary-plain",
	   "expires_in": 600, "age": 0, "connection": "plain",
	   "token_type": "OAUTH"},
	  "git.example": {"protocol": "https", "host": "git.example",
	   "username": "alice", "password": "canary-git",
	   "authtype": "Bearer", "credential": "canary-bearer"}},
	 "result": null, "paused": false, "expires_in": 28800,
	 "expose": false}
	END
}

# start_sandbox [DIRECTORY]: start it, its socket in $trash/grant or DIRECTORY;
# sets sandbox_unix and sandbox_http, what COCO_TOKEND may be, and sandbox_http6
# where there is IPv6
start_sandbox() {
	sandbox_dir=${1:-$trash/grant}
	test -n "$lib_python" || skip_all 'needs python3'
	fresh_state
	: >requests.log
	printf '%s\n' "$capability" >capability
	"$lib_python" "$srcdir/tests/fake/tokend.py" --state state.json \
		--log requests.log --ready-file sandbox.ready \
		--unix "$sandbox_dir/tokend.sock" >sandbox.log 2>&1 &
	sandbox_pid=$!
	on_exit stop_sandbox
	if ! wait_for_file sandbox.ready; then
		echo "Bail out!  the stand-in for coco-tokend did not start"
		exit 1
	fi
	sandbox_unix=unix:$sandbox_dir/tokend.sock
	sandbox_port=$(json_field port <sandbox.ready)
	sandbox_http=http://127.0.0.1:$sandbox_port
	sandbox_port6=$(json_field port6 <sandbox.ready)
	sandbox_http6=${sandbox_port6:+http://[::1]:$sandbox_port6}
}

stop_sandbox() {
	test -n "$sandbox_pid" || return 0
	kill "$sandbox_pid" 2>/dev/null
	wait "$sandbox_pid" 2>/dev/null
	sandbox_pid=
}

# requests [FIELD]: what came since `: >requests.log', a line each: method,
# target and status, or one other field of the log
requests() {
	"$lib_python" -c '
import json, sys
for line in open("requests.log"):
    one = json.loads(line)
    if len(sys.argv) > 1:
        print(one[sys.argv[1]], end="")
    else:
        print(one["by"], one["method"], one["target"], one["status"])' "$@"
}
