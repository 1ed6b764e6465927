#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0540 - coco-credential in a sandbox: where the daemon is, what is sent to it
# and what is not, every verb, every way in which it can fail, and that nothing
# here is looked at instead.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/sandbox.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/sandbox.sh"
start_sandbox

# What would be found here if it were looked at: it must not be.
put_file "$HOME/.snowflake/connections.toml" <<'END'
[dev]
account = "trap"
user = "TRAP"
authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
token = "canary-trap"
END
mkdir -p "$XDG_CONFIG_HOME/coco/stack.d"
echo 'get required !echo password=canary-trap' \
	>"$XDG_CONFIG_HOME/coco/stack.d/other"
may_hold_secrets home/.config/coco/stack.d/other

COCO_TOKEND=$sandbox_unix
COCO_CAPABILITY_FILE=$trash/capability
export COCO_TOKEND COCO_CAPABILITY_FILE

grant_hint="hint: the grant of this sandbox may be over, paused or revoked; \
on the host: coco-tokend grants, and for a new one coco-tokend grant"

# reset: as at first, with no request yet
reset() {
	fresh_state
	: >requests.log
}

# silent: nothing was said, and nothing was asked
silent() {
	expect_stdout </dev/null
	expect_stderr </dev/null
	expect_equal "$(requests)" "" requests
}

# --- get -------------------------------------------------------------------

put_file get.dev <<'END'
connection=dev

END

put_file get.git <<'END'
protocol=https
host=git.example

END

test_case 'get: a connection, by the unix socket' '
	reset
	run coco-credential get <get.dev
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^password=ver:1-canary-dev$" "^username=ALICE$" \
		"^connection=dev$" "^role=ANALYST$" "^token_type=OAUTH$" \
		"^password_expiry_utc=[0-9]+$"
	expect_equal "$(requests)" "unix POST /credential/get 200" requests
	expect_equal "$(requests body)" "connection=dev" body
'

test_case 'the capability is shown, and nothing of the environment' '
	reset
	run env SNOWFLAKE_ACCOUNT=x coco-credential get <get.dev
	expect_status 0
	expect_equal "$(requests fields)" "{'\''Host'\'': '\''localhost'\'', \
'\''Authorization'\'': '\''Bearer $capability'\'', \
'\''Connection'\'': '\''close'\'', '\''Content-Length'\'': '\''15'\''}" fields
'

test_case 'get: by TCP, by IPv6, by name' '
	for told in $sandbox_http $sandbox_http6 \
	    http://localhost:$sandbox_port $sandbox_http/; do
		reset
		run env COCO_TOKEND="$told" coco-credential get <get.dev
		expect_status 0
		expect_stdout_match "^password=ver:1-canary-dev$"
		expect_equal "$(requests)" "tcp POST /credential/get 200" \
			"$told"
	done
'

test_case 'get: -c and --role are lines of the request' '
	reset
	run coco-credential -c dev --role LOADER get </dev/null
	expect_status 0
	expect_stdout_match "^role=LOADER$"
	expect_equal "$(requests body)" "connection=dev
role=LOADER" body
'

test_case 'get: what contradicts them is not found, and not asked' '
	reset
	run coco-credential -c other get <get.dev
	expect_status 3
	silent
	run coco-credential --role LOADER get <<-\END
	connection=dev
	role=ANALYST
	END
	expect_status 3
	silent
'

test_case 'get: nothing asked, and nobody named' '
	reset
	run coco-credential get </dev/null
	expect_status 0
	silent
	run coco-credential get <<-\END
	protocol=https
	END
	expect_status 3
	silent
	run coco-credential get <<-\END
	username=x
	END
	expect_status 3
	silent
'

test_case 'get: a host, as git asks' '
	reset
	run coco-credential get <get.git
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-\END
	protocol=https
	host=git.example
	username=alice
	password=canary-git
	END
	run coco-credential get <<-\END
	capability[]=authtype
	capability[]=state
	protocol=https
	host=git.example
	END
	expect_stdout_match "^authtype=Bearer$" "^credential=canary-bearer$"
	expect_equal "$(requests body)" "protocol=https
host=git.example
capability[]=authtype
protocol=https
host=git.example" body
'

test_case 'get: git itself, with the helper' '
	if ! command -v git >/dev/null; then
		skip "needs git"
		return
	fi
	reset
	run git -c credential.helper=coco credential fill <get.git
	expect_status 0
	expect_stdout_match "^password=canary-git$"
	run git -c credential.helper=coco credential approve <<-\END
	protocol=https
	host=git.example
	username=alice
	password=canary-git
	END
	expect_status 0
	expect_stderr </dev/null
	expect_equal "$(requests | tail -n 1)" \
		"unix POST /credential/get 200" requests
'

test_case 'get: what the caller has of answers and notes stays here' '
	reset
	run coco-credential get <<-\END
	protocol=https
	host=git.example
	username=alice
	password=canary-mine
	oauth_refresh_token=canary-refresh
	authtype=Basic
	credential=canary-basic
	state[]=other:canary-note
	password_expiry_utc=1
	END
	expect_status 0
	expect_equal "$(requests body)" "protocol=https
host=git.example
username=alice" body
'

test_case 'get: a refresh token or a note in the answer goes no further' '
	reset
	set_state "state[\"answers\"][\"git.example\"].update({
		\"oauth_refresh_token\": \"canary-refresh\",
		\"state[]\": \"x:canary-note\"})"
	run coco-credential get <<-\END
	capability[]=state
	protocol=https
	host=git.example
	END
	expect_status 0
	expect_no_match refresh state
'

test_case 'get: not granted is not found, in silence' '
	reset
	for line in connection=prod role=ADMIN host=other.example \
	    username=MALLORY; do
		case $line in
		role=*|username=*) printf "connection=dev\n%s\n" $line ;;
		host=*) printf "protocol=https\n%s\n" $line ;;
		*) echo $line ;;
		esac >question
		run coco-credential get <question
		expect_status 3
		expect_stdout </dev/null
		expect_stderr </dev/null
	done
	expect_equal "$(requests | sort | uniq -c | sed "s/^ *//")" \
		"4 unix POST /credential/get 404" requests
'

test_case 'get --format' '
	reset
	run coco-credential -c dev --format token get
	expect_stdout <<-\END
	ver:1-canary-dev
	END
	run coco-credential -c dev --format header get
	expect_stdout <<-\END
	Authorization: Bearer ver:1-canary-dev
	X-Snowflake-Authorization-Token-Type: OAUTH
	END
	run coco-credential -c dev --format json get
	expect_stdout_match "^[{]\"access_token\":\"ver:1-canary-dev\""
'

# --- token -----------------------------------------------------------------

test_case 'token: -c, else the variables, else the first of the grant' '
	reset
	run coco-credential -c plain token
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-\END
	ver:1-canary-plain
	END
	run env SNOWFLAKE_DEFAULT_CONNECTION_NAME=plain coco-credential token
	expect_stdout <<-\END
	ver:1-canary-plain
	END
	run coco-credential -n token
	expect_status 0
	expect_equal "$(stdout)" ver:1-canary-dev token
	expect_equal "$(requests)" "unix POST /credential/get 200
unix POST /credential/get 200
unix POST /credential/get?default=1 200" requests
	expect_equal "$(requests body)" "capability[]=authtype
connection=plain
capability[]=authtype
connection=plain
capability[]=authtype" body
'

test_case 'token: what is not granted' '
	reset
	run coco-credential -c prod --role X token
	expect_status 3
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-credential: no token for connection "prod", role X: not_found
	coco-credential: hint: coco-credential status shows what this sandbox \
may have; on the host: coco-tokend grant --connection prod --role X
	END
'

test_case 'token: the login of the host is over' '
	reset
	set_state "state[\"result\"] = \"expired\""
	run coco-credential -c dev token
	expect_status 4
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-credential: coco-tokend: fixed text
	coco-credential: hint: on the host: coco-credential -c dev login
	coco-credential: no token for connection "dev": expired
	END
'

test_case 'every other result is the exit status' '
	for pair in usage:2 unavailable:75 unsupported:6 error:1; do
		reset
		set_state "state[\"result\"] = \"${pair%:*}\""
		run coco-credential -c dev token
		expect_status ${pair#*:}
		expect_stdout </dev/null
		expect_stderr <<-END
		coco-credential: coco-tokend: fixed text
		coco-credential: no token for connection "dev": ${pair%:*}
		END
		run coco-credential get <get.dev
		expect_status ${pair#*:}
		expect_stdout </dev/null
	done
'

test_case 'hostile words of the daemon do not steer the terminal' '
	reset
	set_state "state[\"result\"] = \"error\"" \
		"state[\"reason\"] = \"\\x1b[2J\\u202e\" + 5000 * \"x\""
	run coco-credential -c dev token
	expect_status 1
	expect_stderr_match "coco-tokend: .x1b\[2J"
	expect_no_match "$(printf "\033")" "x{2000}"
'

# --- refused ---------------------------------------------------------------

test_case 'a wrong capability, on both listeners, with every verb' '
	reset
	sed "s/1234*$/999/" capability >wrong
	chmod 600 wrong
	for told in $sandbox_unix $sandbox_http; do
		COCO_TOKEND=$told
		run env COCO_CAPABILITY_FILE=wrong coco-credential -c dev token
		expect_status 5
		expect_stdout </dev/null
		expect_stderr <<-END
		coco-credential: coco-tokend: unauthorized
		coco-credential: $grant_hint --connection dev
		coco-credential: no token for connection "dev": denied
		END
		run env COCO_CAPABILITY_FILE=wrong coco-credential get <get.git
		expect_status 5
		expect_stderr <<-END
		coco-credential: coco-tokend: unauthorized
		coco-credential: $grant_hint --host git.example --stack NAME
		END
		run env COCO_CAPABILITY_FILE=wrong coco-credential erase \
			<get.dev
		expect_status 5
		run env COCO_CAPABILITY_FILE=wrong coco-credential status
		expect_status 5
		expect_stderr_match "what this sandbox may have: denied" \
			"on the host: coco-tokend grants"
	done
	COCO_TOKEND=$sandbox_unix
	may_hold_secrets wrong
'

test_case 'a paused grant' '
	reset
	set_state "state[\"paused\"] = True"
	run coco-credential -c dev token
	expect_status 5
	expect_stderr <<-END
	coco-credential: coco-tokend: the grant is paused; on the host: \
coco-tokend grant update 0123456789abcdef --resume
	coco-credential: no token for connection "dev": denied
	END
'

test_case 'none by TCP: refused; on the unix socket none is needed' '
	reset
	unset COCO_CAPABILITY_FILE
	run coco-credential -c dev token
	expect_status 0
	expect_equal "$(requests fields | grep -c Authorization)" 0 shown
	COCO_TOKEND=$sandbox_http
	run coco-credential -c dev token
	expect_status 5
	COCO_TOKEND=$sandbox_unix
	COCO_CAPABILITY_FILE=$trash/capability
	export COCO_CAPABILITY_FILE
'

# no_capability FILE REGEX: it is not used, and nothing is asked
no_capability() {
	: >requests.log
	run env COCO_CAPABILITY_FILE="$1" coco-credential -c dev token
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "COCO_CAPABILITY_FILE: $1 ?$2" \
		"hint: it is what coco-tokend grant --capability-file wrote"
	expect_equal "$(requests)" "" requests
}

test_case 'a file that holds none, or that others could have made' '
	mkdir bad
	may_hold_secrets "bad/*"
	cd bad || return
	cp ../capability two-newlines && echo >>two-newlines
	printf "%s" "$capability" >whole
	sed "s/^coco/COCO/" ../capability >case
	sed "s/^coco_0/coco_g/" ../capability >hex
	sed "s/_canary/+canary/" ../capability >sign
	sed "s/123\$/12/" ../capability >short
	sed "s/123\$/12=/" ../capability >padded
	sed "s/123\$/1234/" ../capability >long
	{ cat ../capability; cat ../capability; } >twice
	printf "coco_0123456789abcdef\0%s\n" "$capability" >nul
	: >empty
	cp ../capability open
	chmod 600 -- *
	chmod 622 open
	cd ..
	for name in two-newlines case hex sign short padded long twice nul \
	    empty; do
		no_capability bad/$name "does not hold a capability"
	done
	no_capability bad/open "is writable by group or others"
	no_capability bad "is no regular file"
	no_capability bad/nothing ": No such file or directory"
	run env COCO_CAPABILITY_FILE=bad/whole coco-credential -c dev token
	expect_status 0
	expect_stderr </dev/null
'

test_case 'another user has made it' '
	if test "$(id -u)" -ne 0; then
		skip "needs root"
		return
	fi
	cp capability foreign
	chown 65534 foreign
	may_hold_secrets foreign
	no_capability foreign "belongs to another user"
'

test_case 'others can read it: a warning' '
	cp capability readable
	chmod 644 readable
	run env COCO_CAPABILITY_FILE=readable coco-credential -c dev token
	expect_status 0
	expect_stderr <<-END
	coco-credential: COCO_CAPABILITY_FILE: readable can be read by others: \
make its mode 600
	END
	rm readable
'

test_case 'the capability is in no argument and no environment' '
	reset
	watch_execs
	run coco-credential -c dev token
	expect_status 0
	run coco-credential -c plain token-file "$trash/tok"
	expect_status 0
	unwatch_execs
	rm tok
'

# --- no daemon -------------------------------------------------------------

# away COCO_TOKEND MESSAGE: what is said and done when there is none
away() {
	COCO_TOKEND=$1
	shift
	for verb in token get erase status check; do
		run coco-credential -c dev "$verb" <get.dev
		expect_status 75
		expect_stderr_match "coco-tokend at $COCO_TOKEND: $1" \
			"hint: COCO_TOKEND says that it is there, and nothing \
else is asked in a sandbox; a grant that is revoked has no socket; on the \
host: coco-tokend grants"
		expect_no_match canary
	done
	COCO_TOKEND=$sandbox_unix
}

test_case 'nobody listens: unavailable, and nothing is done here instead' '
	away unix:$trash/nothing/tokend.sock \
		"No such file or directory"
	mkdir -m 711 shut
	"$lib_python" -c "import socket
socket.socket(socket.AF_UNIX).bind(\"shut/s\")"
	away unix:$trash/shut/s "Connection refused"
	free=$("$lib_python" -c "import socket
s = socket.socket()
s.bind((\"127.0.0.1\", 0))
print(s.getsockname()[1])")
	away http://127.0.0.1:$free "Connection refused"
'

test_case 'a name that is none' '
	run env COCO_TOKEND=http://nowhere.invalid:1 coco-credential -c dev token
	expect_status 75
	expect_stderr_match "coco-credential: nowhere.invalid: " \
		"hint: COCO_TOKEND says"
'

put_file deaf.py <<'END'
import socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
with open("deaf.port", "w") as f:
    print(server.getsockname()[1], file=f)
while True:
    peer, _ = server.accept()
    if sys.argv[1] == "close":
        peer.close()
        continue
    peer.recv(65536)
    if sys.argv[1] == "half":
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n"
                     b"Coco-Result: success\r\n\r\npassword=canary-half\n")
        peer.close()
    else:
        held = peer
END

test_case 'one that is silent, or hangs up, or stops half-way' '
	for how in close half hang; do
		rm -f deaf.port
		"$lib_python" deaf.py $how &
		deaf=$!
		wait_for_file deaf.port
		run env COCO_TOKEND=http://127.0.0.1:$(cat deaf.port) \
			coco-credential --timeout 1 -c dev token
		kill $deaf
		wait $deaf 2>/dev/null
		expect_status 75
		expect_stdout </dev/null
		case $how in
		hang) expect_stderr_match "Connection timed out" ;;
		half) expect_stderr_match "without a whole answer" ;;
		close) expect_stderr_match \
			"without a whole answer|does not listen to this process" ;;
		esac
	done
	may_hold_secrets deaf.py
'

# --- where -----------------------------------------------------------------

test_case 'what COCO_TOKEND may not be' '
	for told in https://127.0.0.1:1 http://127.0.0.1:1/x \
	    "http://127.0.0.1:1/?q" http://u:p@127.0.0.1:1 http: http://:1 \
	    http://127.0.0.1:0 http://127.0.0.1:65536 "http://a b:1" \
	    unix:relative 127.0.0.1:1; do
		run env COCO_TOKEND="$told" coco-credential -c dev token
		expect_status 1
		expect_stdout </dev/null
		expect_stderr_match "COCO_TOKEND is neither \"off\", \
\"unix:/PATH\" nor, in a sandbox, \"http://HOST:PORT\""
	done
'

test_case 'with one, a private directory is a sandbox, too' '
	reset
	chmod 700 grant
	run coco-credential -c dev token
	expect_stdout <<-\END
	ver:1-canary-dev
	END
	chmod 711 grant
'

# --- the other verbs -------------------------------------------------------

test_case 'store: success, and nothing is sent' '
	reset
	run coco-credential store <<-\END
	protocol=https
	host=git.example
	username=alice
	password=canary-mine
	END
	expect_status 0
	silent
	run coco-credential store <<-\END
	password=canary-mine
	END
	expect_status 5
	expect_stderr_match "nothing is to be stored without protocol and host"
	run coco-credential -c dev store </dev/null
	expect_status 0
'

test_case 'erase: the daemon is told what was refused, and no more' '
	reset
	run coco-credential erase <<-\END
	protocol=https
	host=git.example
	username=alice
	password=canary-git
	oauth_refresh_token=canary-refresh
	state[]=x:y
	END
	expect_status 0
	expect_stdout </dev/null
	expect_stderr </dev/null
	expect_equal "$(requests)" "unix POST /credential/erase 200" requests
	expect_equal "$(requests body)" "protocol=https
host=git.example
username=alice
password=canary-git" body
'

test_case 'capability' '
	reset
	run coco-credential capability
	expect_status 0
	expect_stdout <<-\END
	version 0
	capability authtype
	capability state
	END
	expect_equal "$(requests)" "" requests
'

test_case 'login, logout, list, import: that is for the host' '
	reset
	for verb in login logout; do
		run coco-credential -c dev --role R $verb
		expect_status 6
		expect_stdout </dev/null
		expect_stderr <<-END
		coco-credential: $verb: this is a sandbox (COCO_TOKEND is \
$COCO_TOKEND), and no credential is kept here
		coco-credential: hint: on the host: coco-credential -c dev --role R $verb
		END
	done
	run coco-credential list
	expect_status 6
	expect_stderr_match "hint: on the host: coco-credential list$"
	run coco-credential -c dev import inspect-coco
	expect_status 6
	expect_stderr_match \
		"hint: on the host: coco-credential -c dev import inspect-coco$"
	expect_equal "$(requests)" "" requests
'

test_case 'status and check: what the sandbox may have' '
	for verb in status check; do
		reset
		run coco-credential $verb
		expect_status 0
		expect_stderr </dev/null
		expect_stdout <<-END
		tokend:           $sandbox_unix
		capability:       $trash/capability
		grant:            0123456789abcdef
		connection:       dev
		  role:           ANALYST
		  role:           LOADER
		connection:       plain
		host:             git.example
		ends:             in 8 h
		long-lived:       no
		END
		expect_equal "$(requests)" "unix GET /grant?form=text 200" requests
	done
'

test_case 'status --json' '
	reset
	run env COCO_TOKEND=$sandbox_http coco-credential --json status
	expect_status 0
	expect_equal "$(stdout | "$lib_python" -c "
import json, sys
s = json.load(sys.stdin)
print(s[\"tokend\"], s[\"capability_file\"], s[\"grant\"][\"id\"],
      s[\"grant\"][\"connections\"][0][\"roles\"][1])")" \
		"$sandbox_http $trash/capability 0123456789abcdef LOADER" JSON
'

test_case 'status: an answer that is none' '
	for raw in "" "{" "[]x" "nonsense"; do
		reset
		set_state "state[\"raw_grant\"] = \"$raw\""
		run coco-credential --json status
		expect_status 1
		expect_stderr <<-\END
		coco-credential: coco-tokend answers what is none
		END
		expect_stdout <<-END
		{"tokend":"$sandbox_unix","capability_file":"$trash/capability","grant":null}
		END
	done
'

test_case 'a question that is too long is not put' '
	reset
	{
		echo connection=dev
		"$lib_python" -c "print(\"wwwauth[]=\" + 40000 * \"x\")"
	} >long
	run coco-credential get <long
	expect_status 1
	expect_stderr_match "it is too long for coco-tokend"
	expect_equal "$(requests)" "" requests
'

# --- exec ------------------------------------------------------------------

may_print_secrets '*coco-credential* exec *'
may_hold_secrets follow first

test_case 'exec: with a section here, and the token of the daemon' '
	reset
	put_file inside/connections.toml <<-\END
	[dev]
	account = "myorg-dev"
	user = "ALICE"
	role = "LOADER"
	authenticator = "OAUTH"
	token_file_path = "/nowhere"
	END
	run env SNOWFLAKE_HOME="$trash/inside" coco-credential -c dev exec \
		sh -c "cat \"\$COCO_TOKEN_FILE\"; echo
			cat \"\$SNOWFLAKE_HOME/connections.toml\""
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^ver:1-canary-dev$" "^account = \"myorg-dev\"$" \
		"^role = \"LOADER\"$" "^authenticator = \"OAUTH\"$"
	expect_equal "$(requests body)" "capability[]=authtype
connection=dev
role=LOADER" body
'
test_case 'exec: without one it says what it needs' '
	reset
	mkdir -p empty
	run env SNOWFLAKE_HOME="$trash/empty" coco-credential -c dev exec true
	expect_status 3
	expect_stderr_match "hint: exec needs a section with account and user \
here; token and token-file need none"
	expect_equal "$(requests)" "" requests
'

test_case 'exec: the files follow what the daemon has' '
	reset
	set_state "state[\"answers\"][\"dev\"][\"password\"] = \"ver:1-canary-a\""
	cat >follow <<-\END
	cat "$COCO_TOKEN_FILE" >first
	until grep -q canary-b "$COCO_TOKEN_FILE"; do
		test $((tries += 1)) -lt 3000 || exit
		sleep 0.02
	done
	END
	SNOWFLAKE_HOME=$trash/inside coco-credential -c dev exec sh follow \
		2>exec.err &
	coco=$!
	wait_for_file first
	set_state "state[\"answers\"][\"dev\"][\"password\"] = \"ver:1-canary-b\""
	kill -CONT $coco
	wait $coco
	expect_equal $? 0 status
	expect_file exec.err </dev/null
'

test_case 'nothing of this machine was looked at or written' '
	test ! -e "$XDG_STATE_HOME/coco" || fail "$(ls "$XDG_STATE_HOME/coco")"
	test ! -e "$XDG_DATA_HOME/coco" || fail "$(ls "$XDG_DATA_HOME/coco")"
'

# --- or is it a host? ------------------------------------------------------

test_case 'without a capability the mode of the directory says what it is' '
	unset COCO_CAPABILITY_FILE
	reset
	for mode in 711 751 755 701; do
		chmod $mode grant
		run coco-credential -c dev token
		expect_status 0
		expect_stdout <<-\END
		ver:1-canary-dev
		END
	done
	expect_equal "$(requests | wc -l)" 4 requests
	: >requests.log
	for mode in 777 733 731 713 710 750; do
		chmod $mode grant
		run coco-credential -c dev token
		expect_stderr_match "is not a directory that only you can use"
		expect_stdout <<-\END
		canary-trap
		END
	done
	expect_equal "$(requests)" "" requests
	chmod 711 grant
	COCO_CAPABILITY_FILE=$trash/capability
	export COCO_CAPABILITY_FILE
'

test_case 'who asks for the work to be done here gets that' '
	reset
	run coco-credential --no-daemon -c dev token
	expect_status 0
	expect_stdout <<-\END
	canary-trap
	END
	run env COCO_TOKEND=off coco-credential -c dev token
	expect_stdout <<-\END
	canary-trap
	END
	run coco-credential --no-daemon -c dev erase </dev/null
	expect_stderr </dev/null
	expect_equal "$(requests)" "" requests
'

test_done
