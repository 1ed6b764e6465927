# SPDX-License-Identifier: GPL-3.0-or-later
# t0350 - exec: what the command is given, to the byte; a token that stays
# fresh; signals and exit statuses; and that nothing is left behind, whoever is
# killed (T18).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets minter needle 'seen/*' was toml inner nested.out
# what the command does with its token is its own affair
may_print_secrets '* exec *'

if ! test -r /proc/self/environ; then
	skip_all 'needs /proc'
fi
private=/dev/shm/coco-$(id -u)
test -d /dev/shm || private=/var/tmp/coco-$(id -u)
export BROWSER="python3 $srcdir/tests/fake/browser.py"
store=$XDG_DATA_HOME/coco/credentials
stacks=$XDG_CONFIG_HOME/coco/stack.d
mkdir -p "$stacks"

start_fake
make_connection dev
make_connection full 'role = "A \"quoted\" \\ one"' 'warehouse = "WH"' \
	'database = "DÄTA"' 'schema = "S"' 'region = "eu-1"' \
	'password = "canary-kennwort"' 'token = "canary-alt"' 'private_key_file = "/k"'
make_connection '"two words"'
cat >>"$HOME/.snowflake/connections.toml" <<END
[pat]
account = "my-org"
user = "ALICE"
authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
token = "canary-pat-secret"

[pass]
account = "my-org"
user = "ALICE"
password = "canary-kennwort"

[key]
account = "my-org"
user = "ALICE"
authenticator = "SNOWFLAKE_JWT"

[exec]
account = "my-org"
user = "ALICE"
authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
token = "canary-pat-of-exec"
END

# children PID: its child processes
children() {
	grep -l "^PPid:[[:blank:]]*$1\$" /proc/[0-9]*/status 2>/dev/null |
		sed 's,/proc/\([0-9]*\)/.*,\1,'
}

# start NAME SCRIPT [OPTION...]: exec in the background, with SCRIPT as its
# command; when this returns the command runs, NAME.dir has its directory,
# NAME.pid its process, and $coco is coco-credential
start() {
	name=$1
	script=$2
	shift 2
	rm -f "$name".*
	coco-credential "${@:--cdev}" exec -- sh -c "
		echo \"\$SNOWFLAKE_HOME\" >$name.dir
		echo \$\$ >$name.pid
		$script" >"$name.out" 2>"$name.err" &
	coco=$!
	wait_for_file "$name.pid"
	dir=$(cat "$name.dir")
}

# finish STATUS: of the one that was started
finish() {
	status=0
	wait "$coco" 2>/dev/null || status=$?
	expect_status "$1"
}

# what the commands wait for, also where a case ends early
on_exit ': >stop'

watch_execs

test_case 'without a login: what token says, and no directory' '
	run coco-credential -c dev token
	stderr >want
	run coco-credential -c dev exec true
	expect_status 4
	expect_stdout </dev/null
	expect_stderr <want
	run coco-credential -c nobody exec true
	expect_status 3
	expect_stderr_match "connection \"nobody\" not found"
'

for name in dev full 'two words'; do
	coco-credential -c "$name" login >login.log 2>&1 || cat login.log
done

test_case 'connections.toml, config.toml, token and header' '
	run coco-credential -c full exec -- sh -c "
		cp -p \"\$SNOWFLAKE_HOME\"/* seen/ &&
		ls \"\$SNOWFLAKE_HOME\" && echo \"\$SNOWFLAKE_HOME\" &&
		stat -c \"%a %U\" \"\$SNOWFLAKE_HOME\""
	expect_stdout </dev/null
	mkdir seen
	run coco-credential -c full exec -- sh -c "
		cp -p \"\$SNOWFLAKE_HOME\"/* seen/ &&
		ls \"\$SNOWFLAKE_HOME\" && echo \"\$SNOWFLAKE_HOME\" &&
		stat -c %a \"\$SNOWFLAKE_HOME\""
	expect_status 0
	expect_stderr </dev/null
	dir=$(stdout | grep "^$private/exec-......$")
	expect_stdout <<-END
	config.toml
	connections.toml
	header
	token
	$dir
	700
	END
	expect_file seen/connections.toml <<-END
	[full]
	account = "fake-account"
	user = "ALICE"
	host = "127.0.0.1"
	port = $fake_port
	protocol = "http"
	region = "eu-1"
	role = "A \\"quoted\\" \\\\ one"
	warehouse = "WH"
	database = "DÄTA"
	schema = "S"
	authenticator = "OAUTH"
	token_file_path = "$dir/token"
	END
	expect_file seen/config.toml <<-\END
	default_connection_name = "full"
	END
	token=$(coco-credential -c full token)
	printf %s "$token" | cmp - seen/token || fail "token: not to the byte"
	expect_file seen/header <<-END
	Authorization: Bearer $token
	X-Snowflake-Authorization-Token-Type: OAUTH
	END
	for file in seen/*; do
		expect_mode "$file" 600
	done
	is_gone "$dir" || fail "it is still there"
	"$builddir/tests/toml-json" <seen/connections.toml >json || fail toml
	grep -q "A .\"quoted.\" .. one" json || fail "role: $(cat json)"
'

test_case 'whatever the umask is' '
	(umask 0; exec coco-credential -c dev exec -- sh -c "
		stat -c %a \"\$SNOWFLAKE_HOME\" \"\$SNOWFLAKE_HOME\"/*
		umask") >out
	expect_equal "$(sort -u out | tr "\n" " ")" "0000 600 700 "
'

test_case 'a name with a blank, a role of its own' '
	run coco-credential -c "two words" exec -- \
		sh -c "cat \"\$SNOWFLAKE_HOME\"/*.toml; echo \$COCO_CONNECTION"
	expect_status 0
	expect_stdout_match "^\[\"two words\"\]$" "^two words$" \
		"^default_connection_name = \"two words\"$"
	coco-credential -c dev --role R2 login 2>login.log || cat login.log
	run coco-credential -c dev --role R2 exec -- \
		sh -c "cat \"\$SNOWFLAKE_HOME\"/connections.toml"
	expect_stdout_match "^role = \"R2\"$"
'

test_case 'a programmatic access token' '
	run coco-credential -c pat exec -- sh -c "
		cat \"\$COCO_TOKEN_FILE\"; echo
		cat \"\$COCO_HEADER_FILE\" \"\$SNOWFLAKE_HOME/connections.toml\""
	expect_status 0
	expect_stderr </dev/null
	dir=$(stdout | sed -n "s,^token_file_path = \"\(.*\)/token\"\$,\1,p")
	expect_stdout <<-END
	canary-pat-secret
	Authorization: Bearer canary-pat-secret
	X-Snowflake-Authorization-Token-Type: PROGRAMMATIC_ACCESS_TOKEN
	[pat]
	account = "my-org"
	user = "ALICE"
	authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
	token_file_path = "$dir/token"
	END
'

test_case 'the audit log has a line for it' '
	audit=$XDG_STATE_HOME/coco/audit.jsonl
	rm -f "$audit"
	coco-credential -c pat exec true
	grep "\"event\":\"answer\"" "$audit" >lines
	expect_equal "$(wc -l <lines)" 1 answers
	expect_equal "$(json_field verb <lines)" exec
	expect_equal "$(json_field connection <lines)" pat
'

test_case 'a password is refused' '
	for option in --timeout=60 --env; do
		run coco-credential -c pass $option exec echo started
		expect_status 6
		expect_stdout </dev/null
		expect_stderr <<-END
		coco-credential: connection "pass" has a password, and \
passwords are not put into files
		coco-credential: hint: use a login (authenticator = \
"OAUTH_AUTHORIZATION_CODE") or a programmatic access token
		END
	done
'

test_case 'a JWT: the header file only' '
	put_file minter 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	echo password=canary-ey.a.jwt
	END
	echo "get required $trash/minter" >"$stacks/minted"
	run coco-credential -c key --stack minted exec -- sh -c "
		cd \"\$SNOWFLAKE_HOME\" && ls && cat header connections.toml &&
		env | grep -c COCO_TOKEN_FILE"
	expect_status 1
	expect_stdout <<-\END
	config.toml
	connections.toml
	header
	Authorization: Bearer canary-ey.a.jwt
	X-Snowflake-Authorization-Token-Type: KEYPAIR_JWT
	[key]
	account = "my-org"
	user = "ALICE"
	authenticator = "SNOWFLAKE_JWT"
	0
	END
'

# no shim in it
unwatch_execs

test_case 'the environment, exactly' '
	if test -n "$under"; then
		skip "valgrind adds variables"
		return
	fi
	KEEP="as it is" SNOWFLAKE_WAREHOUSE=KEPT SNOWFLAKE_ACCOUNT=kept
	SNOWFLAKE_REGION=elsewhere SNOWFLAKE_TOKEN=t SNOWFLAKE_PASSWORD=p
	SNOWFLAKE_CONNECTIONS="[x]" SNOWFLAKE_CONNECTIONS_X_TOKEN=t
	SNOWFLAKE_CONNECTIONS_DEV_DATABASE=FROM_ENV SNOWFLAKE_PRIVATE_KEY_RAW=k
	SNOWFLAKE_PRIVATE_KEY_FILE=/k PRIVATE_KEY_PASSPHRASE=s SNOWSQL_PWD=p
	SNOWFLAKE_TOKEN_FILE_PATH=/x SNOWFLAKE_AUTHENTICATOR=oauth
	SNOWFLAKE_OAUTH_CLIENT_SECRET=s SNOWFLAKE_CONNECTION=x
	SNOWFLAKE_SESSION_TOKEN=t SNOWFLAKE_MASTER_TOKEN=t
	SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER=AWS
	INSPECT_COCO_SNOWFLAKE_CONNECTION=dev
	PAT_OTHER_ACCOUNT=t PATH_KEPT=p SNOWFLAKE_ROLE=R SNOWFLAKE_DATABASE=KEPT
	SNOWFLAKE_CLI_CONFIG_V2_ENABLED=1 SNOWFLAKE_RUNNING_INSIDE_SPCS=1
	SNOWFLAKE_OAUTH_TOKEN_HOST=token-proxy SNOWSQL_HOST=h SNOWSQL_ACCOUNT=a
	SNOWSQL_USER=u SNOWSQL_ROLE=r SNOWSQL_WAREHOUSE=KEPT
	mine="KEEP SNOWFLAKE_WAREHOUSE SNOWFLAKE_ACCOUNT SNOWFLAKE_REGION
		SNOWFLAKE_TOKEN SNOWFLAKE_PASSWORD SNOWFLAKE_CONNECTIONS
		SNOWFLAKE_CONNECTIONS_X_TOKEN SNOWFLAKE_CONNECTIONS_DEV_DATABASE
		SNOWFLAKE_PRIVATE_KEY_RAW SNOWFLAKE_PRIVATE_KEY_FILE
		PRIVATE_KEY_PASSPHRASE SNOWSQL_PWD SNOWFLAKE_TOKEN_FILE_PATH
		SNOWFLAKE_AUTHENTICATOR SNOWFLAKE_OAUTH_CLIENT_SECRET
		SNOWFLAKE_CONNECTION SNOWFLAKE_SESSION_TOKEN
		SNOWFLAKE_MASTER_TOKEN SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER
		INSPECT_COCO_SNOWFLAKE_CONNECTION PAT_OTHER_ACCOUNT PATH_KEPT
		SNOWFLAKE_ROLE SNOWFLAKE_DATABASE SNOWSQL_HOST SNOWSQL_ACCOUNT
		SNOWFLAKE_CLI_CONFIG_V2_ENABLED SNOWFLAKE_RUNNING_INSIDE_SPCS
		SNOWFLAKE_OAUTH_TOKEN_HOST SNOWSQL_USER SNOWSQL_ROLE
		SNOWSQL_WAREHOUSE"
	export $mine
	unset_account="PAT_FAKE-ACCOUNT=t"
	env "$unset_account" env | grep -v "^_=" | sort >before
	run env "$unset_account" coco-credential -c dev exec -- env
	unset $mine
	expect_status 0
	expect_stderr </dev/null
	stdout | grep -v "^_=" | sort >after
	dir=$(sed -n "s/^SNOWFLAKE_HOME=//p" after)
	diff before after | grep "^[<>]" | sort >diff
	expect_file diff <<-END
	< INSPECT_COCO_SNOWFLAKE_CONNECTION=dev
	< PAT_FAKE-ACCOUNT=t
	< PAT_OTHER_ACCOUNT=t
	< PRIVATE_KEY_PASSPHRASE=s
	< SNOWFLAKE_AUTHENTICATOR=oauth
	< SNOWFLAKE_CLI_CONFIG_V2_ENABLED=1
	< SNOWFLAKE_CONNECTION=x
	< SNOWFLAKE_CONNECTIONS=[x]
	< SNOWFLAKE_CONNECTIONS_DEV_DATABASE=FROM_ENV
	< SNOWFLAKE_CONNECTIONS_X_TOKEN=t
	< SNOWFLAKE_MASTER_TOKEN=t
	< SNOWFLAKE_OAUTH_CLIENT_SECRET=s
	< SNOWFLAKE_OAUTH_TOKEN_HOST=token-proxy
	< SNOWFLAKE_PASSWORD=p
	< SNOWFLAKE_PRIVATE_KEY_FILE=/k
	< SNOWFLAKE_PRIVATE_KEY_RAW=k
	< SNOWFLAKE_REGION=elsewhere
	< SNOWFLAKE_ROLE=R
	< SNOWFLAKE_RUNNING_INSIDE_SPCS=1
	< SNOWFLAKE_SESSION_TOKEN=t
	< SNOWFLAKE_TOKEN=t
	< SNOWFLAKE_TOKEN_FILE_PATH=/x
	< SNOWFLAKE_WORKLOAD_IDENTITY_PROVIDER=AWS
	< SNOWSQL_ACCOUNT=a
	< SNOWSQL_HOST=h
	< SNOWSQL_PWD=p
	< SNOWSQL_ROLE=r
	< SNOWSQL_USER=u
	> COCO_CONNECTION=dev
	> COCO_HEADER_FILE=$dir/header
	> COCO_TOKEN_FILE=$dir/token
	> SNOWFLAKE_DEFAULT_CONNECTION_NAME=dev
	> SNOWFLAKE_HOME=$dir
	END
'

watch_execs

test_case 'what the environment overrides is in the file' '
	SNOWFLAKE_CONNECTIONS_DEV_DATABASE=FROM_ENV
	export SNOWFLAKE_CONNECTIONS_DEV_DATABASE
	run coco-credential -c dev exec -- \
		sh -c "cat \"\$SNOWFLAKE_HOME\"/connections.toml"
	unset SNOWFLAKE_CONNECTIONS_DEV_DATABASE
	expect_stdout_match "^database = \"FROM_ENV\"$"
'

test_case 'T18: the token is in no argument and no environment' '
	token=$(coco-credential -c dev token)
	printf %s "$token" >needle
	run coco-credential -c dev exec -- sh -c "
		cmp -s needle \"\$COCO_TOKEN_FILE\" || echo another token
		grep -laFf needle /proc/[0-9]*/environ /proc/[0-9]*/cmdline \
			2>/dev/null
		grep -qa coco-credential /proc/\$PPID/cmdline && echo looked"
	expect_stdout <<-\END
	looked
	END
'

unwatch_execs

test_case '--env: the token itself, with a warning' '
	run coco-credential -c dev --env exec -- \
		sh -c "printf %s \"\$SNOWFLAKE_TOKEN\""
	expect_status 0
	expect_equal "$(stdout)" "$(coco-credential -c dev token)" token
	expect_stderr <<-END
	coco-credential: SNOWFLAKE_TOKEN holds the token itself and does not \
stay fresh; what runs as you can read it
	coco-credential: hint: the file that COCO_TOKEN_FILE names stays fresh
	END
	run coco-credential -c key --stack minted --env exec -- \
		sh -c "echo \$SNOWFLAKE_TOKEN"
	expect_stdout <<-\END
	canary-ey.a.jwt
	END
	expect_stderr_match "hint: the file that COCO_HEADER_FILE names"
'

watch_execs

test_case 'no descriptor of ours, and those of the caller' '
	ls /proc/self/fd >without 3<needle
	run coco-credential -c dev exec ls /proc/self/fd 3<needle
	# that of the directory itself moves, so only their number counts
	test -n "$under" ||
		expect_equal "$(stdout | wc -l)" "$(wc -l <without)" number
	printf input >input
	expect_equal "$(coco-credential -c dev exec cat <input)" input stdin
	run coco-credential -c dev exec cat /proc/self/fd/3 3<needle
	expect_equal "$(stdout)" "$(cat needle)" "descriptor 3"
'

test_case 'signals are as they were' '
	grep "^Sig[BI]" /proc/self/status >without
	run coco-credential -c dev exec grep "^Sig[BI]" /proc/self/status
	expect_equal "$(stdout)" "$(cat without)" masks
'

test_case 'and so is the limit of core dumps; ours is none' '
	if ! test -r /proc/self/limits || test -n "$under"; then
		skip "no /proc, or valgrind reads it"
		return
	fi
	hard=$(ulimit -H -c)
	if test "$hard" = 0; then
		skip "no core may be dumped here"
		return
	fi
	put_file limits 700 <<-\END
	#!/bin/sh
	ulimit -S -c
	ulimit -H -c
	sed -n "s/^Max core file size *\([0-9]*\) .*/\1/p" /proc/$PPID/limits
	END
	for soft in 0 "$hard"; do
		# a sanitizer has limits of its own
		(ulimit -S -c "$soft"
		ASAN_OPTIONS=${ASAN_OPTIONS-}:disable_coredump=0
		export ASAN_OPTIONS
		run coco-credential -c pat exec ./limits)
		expect_stdout <<-END
		$soft
		$hard
		1
		END
	done
'

test_case 'a token of within: the same, from the file' '
	run coco-credential -c dev exec coco-credential token
	expect_status 0
	expect_stderr </dev/null
	expect_equal "$(stdout)" "$(cat needle)" token
'

# --- the command line ------------------------------------------------------

test_case 'words behind exec are the command' '
	run coco-credential exec -c dev -- true
	expect_status 2
	expect_stderr_match "^coco-credential: -c: options go before exec$"
	run coco-credential -c pat exec echo -c dev -- --env --help
	expect_status 0
	expect_stdout <<-\END
	-c dev -- --env --help
	END
	run coco-credential -c pat exec -- echo -- -n
	expect_stdout <<-\END
	-- -n
	END
	run coco-credential -c pat exec exec
	expect_status 127
	run coco-credential -c exec exec sh -c "cat \$COCO_TOKEN_FILE"
	expect_equal "$(stdout)" canary-pat-of-exec token
	run coco-credential -c exec -n token
	expect_equal "$(stdout)" canary-pat-of-exec token
	run coco-credential token -c exec -n
	expect_equal "$(stdout)" canary-pat-of-exec token
'

test_case 'no command is a usage error' '
	for words in exec "exec --" "-c pat exec" "token exec"; do
		run coco-credential $words
		expect_status 2
		expect_stdout </dev/null
		expect_stderr_match "exec: a command is missing" "^usage:"
	done
'

test_case 'a command that is not there, or is none' '
	run coco-credential -c pat exec no-such-command-here
	expect_status 127
	expect_stderr <<-\END
	coco-credential: no-such-command-here: command not found
	END
	: >plain
	run coco-credential -c pat exec ./plain
	expect_status 126
	expect_stderr <<-\END
	coco-credential: ./plain: Permission denied
	END
	run coco-credential -c pat exec /
	expect_status 126
	put_file script 700 <<-\END
	echo no interpreter line
	END
	run coco-credential -c pat exec ./script
	expect_status 0
	expect_stdout <<-\END
	no interpreter line
	END
'

# --- the end ---------------------------------------------------------------

test_case 'the exit status of the command' '
	for want in 0 1 2 7 126 255; do
		run coco-credential -c pat exec sh -c "exit $want"
		expect_status $want
		expect_stderr </dev/null
	done
'

# How a process ended, as waitpid() has it.
how='import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:])
_, status = os.waitpid(child.pid, 0)
print(os.WIFSIGNALED(status) and os.WTERMSIG(status), os.WCOREDUMP(status))'

test_case 'a command that dies by a signal: we do, too, without a core' '
	if test -n "$under"; then
		skip "valgrind minds"
		return
	fi
	for signal in KILL:9 TERM:15 SEGV:11 HUP:1 INT:2 PIPE:13; do
		run "$lib_python" -c "$how" coco-credential -c pat exec -- \
			sh -c "echo \$SNOWFLAKE_HOME >died
				kill -${signal%:*} \$\$"
		expect_stdout <<-END
		${signal#*:} False
		END
		expect_stderr </dev/null
		is_gone "$(cat died)" || fail "the directory is there"
	done
'

test_case 'all that the command left is removed, links are not followed' '
	mkdir -p outside
	echo mine >outside/file
	run coco-credential -c pat exec -- sh -c "
		cd \"\$SNOWFLAKE_HOME\" && pwd >\"$trash/where\" &&
		mkdir -p cortex/a/b logs/in && echo x >cortex/a/b/c &&
		ln -s \"$trash/outside\" out && ln -s \"$trash/outside\" logs/out &&
		mkfifo logs/fifo && chmod 500 cortex/a && chmod 0 logs/in logs"
	expect_status 0
	expect_equal "$(cat outside/file)" mine
	is_gone "$(cat where)" ||
		fail "still there: $(ls -R "$(cat where)")"
	is_gone "$(cat where)/token" || fail "the token is there"
'

# --- signals ---------------------------------------------------------------

# Start the words behind the first as a session leader with default signals;
# send it alone the signals of the first word one by one, each when the
# command has noted the one before in "got".
send='import os, signal, subprocess, sys, time
def reset():
    os.setsid()
    for name in sys.argv[1].split():
        signal.signal(getattr(signal, "SIG" + name), signal.SIG_DFL)
def wait(count):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if len(open("got").readlines()) >= count:
                return
        except OSError:
            pass
        time.sleep(0.01)
    sys.exit("waited in vain for line %d" % count)
child = subprocess.Popen(sys.argv[2:], preexec_fn=reset)
wait(1)
for count, name in enumerate(sys.argv[1].split()):
    child.send_signal(getattr(signal, "SIG" + name))
    wait(count + 2)
sys.exit(child.wait())'

put_file noting 700 <<'END'
#!/bin/sh
for signal in TERM HUP INT QUIT USR1 USR2 WINCH CONT ALRM VTALRM PROF XCPU \
	TSTP TTIN TTOU; do
	trap "echo $signal >>got" "$signal"
done
trap 'echo USR2 >>got; exit 9' USR2
echo ready >>got
while :; do
	sleep 0.02
done
END

# The same for signals that sh has no names for, the last two with a value.
rare='import ctypes, os, signal, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def wait(count):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if os.path.exists("got") and len(open("got").readlines()) >= count:
            return
        time.sleep(0.01)
    sys.exit("waited in vain for line %d" % count)
child = subprocess.Popen(sys.argv[1:])
wait(1)
child.send_signal(signal.SIGIO)
wait(2)
child.send_signal(signal.SIGPWR)
wait(3)
libc.sigqueue(child.pid, int(signal.SIGRTMIN), ctypes.c_void_p(7))
wait(4)
libc.sigqueue(child.pid, int(signal.SIGRTMAX), ctypes.c_void_p(8))
sys.exit(child.wait())'
values='import ctypes, signal, sys
names = ["IO", "PWR", "RTMIN", "RTMAX"]
wanted = {getattr(signal, "SIG" + name): name for name in names}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
libc = ctypes.CDLL(None)
info = (ctypes.c_int * 32)()
mask = (ctypes.c_ulong * 16)(sum(1 << (int(s) - 1) for s in wanted))
with open("got", "a", buffering=1) as got:
    print("ready", file=got)
    for name in names:
        sig = libc.sigwaitinfo(mask, info)
        queued = ctypes.c_int(info[2]).value == -1
        print(wanted[sig], *([info[6]] if queued else []), file=got)
sys.exit(9)'

test_case 'signals to us alone reach the command, once' '
	rm -f got
	run "$lib_python" -c "$send" "TERM HUP INT QUIT USR1 WINCH CONT ALRM \
VTALRM PROF XCPU TSTP TTIN TTOU USR2" coco-credential -c pat exec ./noting
	expect_status 9
	expect_stderr </dev/null
	expect_file got <<-\END
	ready
	TERM
	HUP
	INT
	QUIT
	USR1
	WINCH
	CONT
	ALRM
	VTALRM
	PROF
	XCPU
	TSTP
	TTIN
	TTOU
	USR2
	END
'

test_case 'real-time signals, too, with their values, and those of Linux' '
	if test "$(uname) $(getconf LONG_BIT)" != "Linux 64" ||
		test -n "$under"; then
		skip "a siginfo of another form, or used by valgrind"
		return
	fi
	rm -f got
	run "$lib_python" -c "$rare" coco-credential -c pat exec \
		"$lib_python" -c "$values"
	expect_status 9
	expect_file got <<-END
	ready
	IO
	PWR
	RTMIN 7
	RTMAX 8
	END
'

test_case 'an alarm that was set before is for the command' '
	if test -n "$under"; then
		skip "too slow"
		return
	fi
	run "$lib_python" -c "import os, signal, sys
signal.setitimer(signal.ITIMER_REAL, 2)
os.execvp(sys.argv[1], sys.argv[1:])" coco-credential -c pat exec -- \
		sh -c "trap \"exit 9\" ALRM; while :; do sleep 0.02; done"
	expect_status 9
	expect_stderr </dev/null
'

# A shell with job control: its jobs are groups of their own in its session.
# "job" starts one; "stops" waits until it stops, "ends" until it ends.
jobs='import os, signal, sys, time
groups = []
def until(what, true):
    end = time.monotonic() + 60
    while not true():
        if time.monotonic() > end:
            for group in groups:
                os.killpg(group, signal.SIGKILL)
            sys.exit("waited in vain for " + what)
        time.sleep(0.01)
def wait(what, pid, options):
    status = []
    def came():
        got, how = os.waitpid(pid, options | os.WNOHANG)
        status.append(how)
        return got == pid
    until(what, came)
    return status[-1]
def state(pid):
    return open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0]
def job(leader):
    pid = os.fork()
    if pid == 0:
        os.setsid() if leader else os.setpgid(0, 0)
        for name in "TSTP", "TTIN", "TTOU", "CONT":
            signal.signal(getattr(signal, "SIG" + name), signal.SIG_DFL)
        os.execvp(sys.argv[1], sys.argv[1:])
    groups.append(pid)
    until("the command", lambda: os.path.exists("job.pid"))
    command = int(open("job.pid").read())
    os.remove("job.pid")
    return pid, command
def stops(pid, command):
    status = wait("a stop", pid, os.WUNTRACED)
    print(os.WIFSTOPPED(status) and signal.Signals(os.WSTOPSIG(status)).name)
    until("the stopped command", lambda: state(command) == "T")
def ends(pid):
    print(os.waitstatus_to_exitcode(wait("the end", pid, 0)))
    groups.remove(pid)
os.setsid()
'

test_case 'a command that stops: we do, too, and continue it' '
	put_file stopping 700 <<-\END
	#!/bin/sh
	echo $$ >job.new
	mv job.new job.pid
	kill -${1:-TSTP} $$
	exit 7
	END
	run "$lib_python" -c "$jobs
pid, command = job(False)
stops(pid, command)
os.killpg(pid, signal.SIGCONT)
ends(pid)
pid, command = job(False)
stops(pid, command)
os.kill(pid, signal.SIGCONT)
ends(pid)" coco-credential -c pat exec ./stopping
	expect_status 0
	expect_stdout <<-\END
	SIGTSTP
	7
	SIGTSTP
	7
	END
	expect_stderr </dev/null
'

test_case 'where nobody would continue us, we go on' '
	put_file apart 700 <<-\END
	import os, sys
	os.setpgid(0, 0)
	os.execv("./stopping", ["stopping"])
	END
	run "$lib_python" -c "$jobs
pid, command = job(True)
until(\"the stop\", lambda: state(command) == \"T\")
os.kill(command, signal.SIGCONT)
ends(pid)" coco-credential -c pat exec "$lib_python" apart
	expect_status 0
	expect_stdout <<-\END
	7
	END
'

# It starts no process while it waits: a shell that does is in vfork(), and
# never stops when the new one has before its exec.
test_case 'SIGTSTP to us or to the group stops both' '
	put_file waiting 700 <<-\END
	#!/bin/sh
	echo $$ >job.new
	mv job.new job.pid
	read -r line <end
	exit 7
	END
	mkfifo end
	run "$lib_python" -c "$jobs
end = os.open(\"end\", os.O_RDWR)
pid, command = job(False)
os.kill(pid, signal.SIGTSTP)
stops(pid, command)
os.kill(pid, signal.SIGCONT)
until(\"the command\", lambda: state(command) != \"T\")
os.killpg(pid, signal.SIGTSTP)
stops(pid, command)
os.killpg(pid, signal.SIGCONT)
until(\"the command\", lambda: state(command) != \"T\")
os.write(end, b\"\\n\")
ends(pid)" coco-credential -c pat exec ./waiting
	expect_status 0
	expect_stdout <<-\END
	SIGTSTP
	SIGTSTP
	7
	END
	expect_stderr </dev/null
'

test_case 'who stops and continues the command alone does not stop us' '
	run "$lib_python" -c "$jobs
end = os.open(\"end\", os.O_RDWR)
pid, command = job(False)
for n in range(50):
    os.kill(command, signal.SIGSTOP)
    until(\"the stop\", lambda: state(command) == \"T\")
    os.kill(command, signal.SIGCONT)
    until(\"the command\", lambda: state(command) != \"T\")
os.write(end, b\"\\n\")
ends(pid)" coco-credential -c pat exec ./waiting
	expect_status 0
	expect_stdout <<-\END
	7
	END
	expect_stderr </dev/null
'

test_case 'but ^Z does, while the command is stopped' '
	run "$lib_python" -c "$jobs
import fcntl, termios
terminal, inside = os.openpty()
fcntl.ioctl(inside, termios.TIOCSCTTY, 0)
pid, command = job(False)
os.tcsetpgrp(inside, pid)
until(\"the stop\", lambda: state(command) == \"T\")
def has_stopped():
    os.write(terminal, b\"\\x1a\")
    return state(pid) == \"T\"
until(\"ours\", has_stopped)
stops(pid, command)
# the last ^Z may come late
ended = []
def has_ended():
    os.killpg(pid, signal.SIGCONT)
    ended[:] = os.waitpid(pid, os.WNOHANG)
    return ended[0] == pid
until(\"the end\", has_ended)
print(os.waitstatus_to_exitcode(ended[1]))" coco-credential -c pat exec \
		./stopping STOP
	expect_status 0
	expect_stdout <<-\END
	SIGTSTP
	7
	END
	expect_stderr </dev/null
'

test_case 'what was ignored stays ignored, for both' '
	run sh -c "trap \"\" HUP USR1; exec coco-credential -c pat exec -- \
		sh -c \"kill -HUP \\\$PPID \\\$\\\$; kill -USR1 \\\$PPID \\\$\\\$;
		echo alive\""
	expect_status 0
	expect_stdout <<-\END
	alive
	END
	(trap "" HUP PIPE; grep "^SigIgn" /proc/self/status >without
	run coco-credential -c pat exec grep "^SigIgn" /proc/self/status)
	expect_equal "$(stdout)" "$(cat without)" ignored
'

# A terminal of its own: ^C, ^\ and a new size reach the group from there.
# While it does, coco-credential is stopped, so that what it would pass on comes
# when the command has noted the first.
terminal='import fcntl, os, pty, struct, sys, termios, time
def wait(count):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if len(open("got").readlines()) >= count:
                return
        except OSError:
            pass
        time.sleep(0.01)
    sys.exit("waited in vain for line %d" % count)
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
wait(1)
os.kill(pid, 19)
os.waitpid(pid, os.WUNTRACED)
os.write(fd, b"\x03")
wait(2)
os.write(fd, b"\x1c")
wait(3)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 9, 9, 9, 9))
wait(4)
os.kill(pid, 18)
os.kill(pid, 12)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))'

# As noting, but quick enough to see two signals of a kind apart.
quick='import signal, sys
wanted = {signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH, signal.SIGUSR2}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
with open("got", "a", buffering=1) as got:
    print("ready", file=got)
    name = ""
    while name != "USR2":
        name = signal.Signals(signal.sigwait(wanted)).name[3:]
        print(name, file=got)
sys.exit(9)'

test_case 'what the terminal sends reaches the command once' '
	rm -f got
	run "$lib_python" -c "$terminal" coco-credential -c pat exec \
		"$lib_python" -c "$quick"
	expect_status 9
	expect_file got <<-\END
	ready
	INT
	QUIT
	WINCH
	USR2
	END
'

# --- nothing is left behind ------------------------------------------------

test_case 'SIGKILL of coco-credential: the directory goes' '
	start killed "exec sleep 1000"
	test -s "$dir/token" || fail "no token"
	kill -KILL "$coco"
	finish 137
	until_true "the end of $dir" is_gone "$dir"
	kill -0 "$(cat killed.pid)" || fail "the command died with us"
	kill "$(cat killed.pid)"
'

test_case 'SIGKILL of the guard, too: the next exec sweeps, and spares us' '
	rm -f stop
	start alive "rm -f \"\$SNOWFLAKE_HOME/lock\"
		until test -e stop; do sleep 0.02; done"
	alive=$coco
	alive_dir=$dir
	start swept "exec sleep 1000"
	for pid in $(children "$coco"); do
		test "$pid" = "$(cat swept.pid)" || guard=$pid
	done
	kill -KILL "$guard" || fail "no guard"
	kill -KILL "$coco"
	finish 137
	kill "$(cat swept.pid)"
	mkdir "$private/exec-nolock$$"
	coco-credential -c pat exec true || fail "exec"
	is_gone "$dir" || fail "not swept"
	is_gone "$private/exec-nolock$$" || fail "no lock, and not swept"
	test -s "$alive_dir/token" || fail "a living one was swept"
	: >stop
	coco=$alive
	finish 0
	is_gone "$alive_dir" || fail "it is there"
'

test_case 'the guard holds nothing of ours and hears no signal' '
	rm -f stop
	start guarded "until test -e stop; do sleep 0.02; done"
	for pid in $(children "$coco"); do
		test "$pid" = "$(cat guarded.pid)" || guard=$pid
	done
	if test -z "$under"; then
		expect_equal "$(readlink "/proc/$guard/fd/0" \
			"/proc/$guard/fd/1" "/proc/$guard/fd/2" | sort -u)" \
			/dev/null "standard descriptors"
		expect_equal "$(find "/proc/$guard/fd" -type l | wc -l)" 4 \
			descriptors
	fi
	expect_equal "$(readlink "/proc/$guard/cwd")" / directory
	kill -TERM "$guard" && kill -HUP "$guard" && kill -INT "$guard"
	kill -0 "$guard" || fail "the guard died"
	: >stop
	finish 0
	has_ended "$guard" || fail "the guard lives"
	is_gone "$dir"
'

test_case 'a signal before the command runs: the directory goes' '
	if test -n "$under"; then
		skip "valgrind minds"
		return
	fi
	put_file slow 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	ls -d "$PRIVATE"/exec-* | sort >dirs
	echo up >slow.up
	until test -e stop; do sleep 0.02; done
	END
	echo "get required $trash/slow" >"$stacks/slow"
	rm -f stop
	PRIVATE=$private coco-credential -c pat --stack slow exec true 2>err &
	coco=$!
	wait_for_file slow.up
	mine=
	for dir in $(cat dirs); do
		test -e "$dir/token" || mine="$mine $dir"
	done
	test -n "$mine" || fail "no directory"
	kill -TERM $coco
	finish 143
	for dir in $mine; do
		until_true "the end of $dir" is_gone "$dir"
	done
	: >stop
'

# --- fresh -----------------------------------------------------------------

# The life of a token that is waited out, in seconds, and how long the server
# takes when it is slow, in milliseconds.
life=3
slow=4000
if test -n "$under"; then
	life=20
	slow=12000
fi

test_case 'an old token is refreshed before the start' '
	run at_time +700 coco-credential -c dev exec -- \
		sh -c "cat \"\$COCO_TOKEN_FILE\""
	expect_status 0
	expect_equal "$(stdout)" \
		"$(sed -n "s/^password=//p" "$store" | tail -n 1)" token
	test "$(stdout)" != "$(cat needle)" || fail "the old one"
'

put_file watching 700 <<'END'
#!/bin/sh
# until the token was replaced twice
for n in 1 2; do
	cp "$COCO_TOKEN_FILE" was
	while cmp -s was "$COCO_TOKEN_FILE"; do
		sleep 0.02
	done
done
# the header is written behind the token
until grep -qFf "$COCO_TOKEN_FILE" "$COCO_HEADER_FILE"; do
	test -e "$COCO_TOKEN_FILE" || exit
	sleep 0.02
done
cat "$COCO_TOKEN_FILE"
echo
stat -c %a "$COCO_TOKEN_FILE" "$COCO_HEADER_FILE"
cat "$COCO_HEADER_FILE"
ls "$SNOWFLAKE_HOME"
END

test_case 'while the command runs, the token stays fresh' '
	control "{\"access_ttl\": $life}" >/dev/null
	coco-credential -c dev login 2>login.log
	run coco-credential -c dev exec ./watching
	expect_status 0
	expect_stderr </dev/null
	token=$(stdout | sed -n 1p)
	expect_stdout <<-END
	$token
	600
	600
	Authorization: Bearer $token
	X-Snowflake-Authorization-Token-Type: OAUTH
	config.toml
	connections.toml
	header
	token
	END
'

refreshes() {
	control | python3 -c 'import json, sys
print(json.load(sys.stdin)["counters"]["token"].get("refresh_token", 0))'
}

more_refreshes() {
	test "$(refreshes)" -gt "$1"
}

test_case 'a refresh that fails: the old token stays, and it is said once' '
	rm -f stop
	coco-credential -c dev login 2>login.log
	start failing "cp \"\$COCO_TOKEN_FILE\" was
		until test -e stop; do sleep 0.02; done"
	control "{\"token_error\": \"503\"}" >/dev/null
	wait_for_file failing.err
	count=$(refreshes)
	until_true "two more tries" more_refreshes $((count + 1))
	cmp was "$dir/token" || fail "the file changed"
	control "{\"token_error\": null}" >/dev/null
	until_true "a new token" sh -c "! cmp -s was \"$dir/token\""
	until_true "the good news" grep -q "fresh again" failing.err
	: >stop
	finish 0
	expect_equal "$(grep -c "could not be refreshed" failing.err)" 1 said
	expect_equal "$(grep -c "no token for connection" failing.err)" 1 said
	expect_equal "$(grep -c "fresh again" failing.err)" 1 said
	cp failing.err lib/stderr
	expect_no_match "ver:[12]-"
'

# The process that refreshes: a child of coco-credential in a session of its
# own that is neither the guard nor the command.
refresher() {
	for pid in $(children "$coco"); do
		case " $known " in
		*" $pid "*) ;;
		*) test "$(awk "{ print \$6 }" "/proc/$pid/stat")" = "$pid" &&
			echo "$pid" && return 0 ;;
		esac
	done
	return 1
}

test_case 'the end does not wait for a refresh, and none is lost' '
	control "{\"access_ttl\": $life, \"single_use\": true}" >/dev/null
	coco-credential -c dev login 2>login.log
	rm -f stop
	start hanging "until test -e stop; do sleep 0.02; done"
	known=$(children "$coco" | tr "\n" " ")
	control "{\"latency_ms\": $slow}" >/dev/null
	until_true "a refresh" refresher >/dev/null
	pid=$(refresher) || fail "it is over"
	before=$(cksum <"$store")
	: >stop
	finish 0
	is_gone "$dir" || fail "the directory is there"
	kill -0 "$pid" || fail "the refresh did not outlive us"
	control "{\"latency_ms\": 0, \"access_ttl\": 600}" >/dev/null
	until_true "its end" has_ended "$pid"
	test "$(cksum <"$store")" != "$before" || fail "nothing was stored"
	expect_file hanging.err </dev/null
	run at_time +700 coco-credential -c dev token
	expect_status 0
	expect_stderr </dev/null
'

test_case 'stdout is not held open by it' '
	control "{\"access_ttl\": $life}" >/dev/null
	coco-credential -c dev login 2>login.log
	control "{\"latency_ms\": $slow}" >/dev/null
	begin=$(date +%s)
	out=$(coco-credential -c dev exec -- sh -c "
		cat \"\$COCO_TOKEN_FILE\" >was
		n=1000
		until test \$((n -= 1)) = 0 || test \"\$(grep -l \"^PPid:.*[[:blank:]]\$PPID\$\" \
			/proc/[0-9]*/status 2>/dev/null | wc -l)\" -gt 2
		do sleep 0.02; done
		date +%s" 2>&1)
	end=$(date +%s)
	control "{\"latency_ms\": 0, \"access_ttl\": 600}" >/dev/null
	test $((end - out)) -lt $((slow / 1000 - 1)) ||
		fail "it took $((end - out)) s to end"
'

test_case 'that the login ends soon is said as by token, and once' '
	control "{\"access_ttl\": $life, \"single_use\": false, \
\"refresh_ttl\": 864000}" >/dev/null
	now=$(date +%s)
	at_time $((now - 8 * 86400 - 3600)) coco-credential -c dev login \
		2>login.log
	run coco-credential -c dev token
	stderr >want
	expect_stderr_match "the login ends on .* UTC, and cannot be prolonged"
	run coco-credential -c dev exec ./watching
	expect_status 0
	expect_stderr <want
	at_time $((now - 8 * 86400 - 3600)) coco-credential -c dev login \
		2>login.log
	run coco-credential -c dev exec true
	expect_stderr_match "the login ends on .* UTC, and cannot be prolonged"
	control "{\"access_ttl\": 600, \"refresh_ttl\": 7776000}" >/dev/null
'

# --- what others do --------------------------------------------------------

# looked MARK: whether a look that began after MARK, the time of the directory,
# is over
looked() {
	test "$(stat -c %y "$dir")" != "$1" &&
		test "$(children "$coco" | wc -l)" -eq 2
}

# look: wake it, which makes it look what the stores have, and wait
look() {
	mark=$(stat -c %y "$dir")
	kill -CONT "$coco"
	until_true "a look" looked "$mark"
}

# has TOKEN: whether the file holds it
has() {
	test "$(cat "$dir/token")" = "$1"
}

test_case 'another process refreshes or logs in: the files follow' '
	control "{\"access_ttl\": 600, \"single_use\": true}" >/dev/null
	coco-credential -c dev login 2>login.log
	rm -f stop
	start other "until test -e stop; do sleep 0.02; done"
	was=$(cat "$dir/token")
	printf "connection=dev\npassword=%s\n" "$was" |
		coco-credential erase || fail erase
	new=$(coco-credential -c dev token)
	test "$new" != "$was" || fail "no new token"
	has "$was" || fail "already"
	kill -CONT "$coco"
	until_true "the new token" has "$new"
	until_true "the header" grep -qF "$new" "$dir/header"
	coco-credential -c dev logout
	coco-credential -c dev login 2>login.log
	new=$(coco-credential -c dev token)
	kill -CONT "$coco"
	until_true "that of the login" has "$new"
	: >stop
	finish 0
	expect_file other.err </dev/null
'

test_case 'nothing new: nothing is asked, written or logged' '
	rm -f stop
	start quiet "until test -e stop; do sleep 0.02; done"
	count=$(refreshes)
	inode=$(stat -c %i "$dir/token" "$dir/header" | tr "\n" " ")
	look
	coco-credential -c dev logout
	rm -f "$XDG_STATE_HOME/coco/audit.jsonl"
	look
	expect_equal "$(stat -c %i "$dir/token" "$dir/header" | tr "\n" " ")" \
		"$inode" files
	expect_equal "$(refreshes)" "$count" refreshes
	test ! -e "$XDG_STATE_HOME/coco/audit.jsonl" || fail "a line"
	coco-credential -c dev login 2>login.log
	: >stop
	finish 0
	expect_file quiet.err </dev/null
'

test_case 'a helper that mints is not asked by a look' '
	put_file minter 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	echo >>minted
	echo password=minted
	END
	rm -f stop minted
	start minting "until test -e stop; do sleep 0.02; done" -cpat \
		--stack minted
	look
	expect_equal "$(wc -l <minted)" 1 calls
	: >stop
	finish 0
'

test_case 'nor does a look run a command for a key, or ask for one' '
	coco-credential-sealed keygen >key
	put_file keycmd 700 <<-END
	#!/bin/sh
	echo >>$trash/keyed
	cat $trash/key
	END
	cat >"$stacks/keyed" <<-END
	get    sufficient  sealed key-command=$trash/keycmd
	get    required    oauth
	store  required    sealed key-command=$trash/keycmd
	erase  required    sealed key-command=$trash/keycmd
	END
	make_connection keyed "credential_helper = \"keyed\""
	coco-credential -c keyed login 2>login.log || cat login.log
	rm -f stop
	start unasked "until test -e stop; do sleep 0.02; done" -ckeyed
	test -s keyed || fail "not run at the start"
	rm keyed
	look
	test ! -e keyed || fail "run by a look"
	: >stop
	finish 0
	expect_file unasked.err </dev/null
'

test_case 'an exec within follows that around it' '
	rm -f stop outer
	start nested "coco-credential exec sh -c '\''
		cp \"\$COCO_TOKEN_FILE\" inner; echo \$PPID >inner.pid
		n=3000
		until grep -q new \"\$COCO_TOKEN_FILE\" ||
		    test \$((n -= 1)) = 0; do sleep 0.02; done
		cat \"\$COCO_TOKEN_FILE\"'\''" -cpat
	wait_for_file inner.pid
	expect_equal "$(cat inner)" canary-pat-secret "inner token"
	sed "s/pat-secret/pat-new/" "$HOME/.snowflake/connections.toml" >toml
	cp toml "$HOME/.snowflake/connections.toml"
	kill -CONT "$coco"
	until_true "the new token" has canary-pat-new
	kill -CONT "$(cat inner.pid)"
	finish 0
	expect_equal "$(cat nested.out)" canary-pat-new "inner token"
	sed "s/pat-new/pat-secret/" "$HOME/.snowflake/connections.toml" >toml
	cp toml "$HOME/.snowflake/connections.toml"
'

test_case 'what was removed is made again' '
	rm -f stop
	start removed "until test -e stop; do sleep 0.02; done"
	token=$(cat "$dir/token")
	rm -rf "$dir"
	kill -CONT "$coco"
	until_true "the token" sh -c "test -s \"$dir/header\""
	has "$token" || fail "another token"
	expect_mode "$dir" 700
	expect_equal "$(ls "$dir" | tr "\n" " ")" \
		"config.toml connections.toml header token " files
	grep -q "^token_file_path = \"$dir/token\"$" "$dir/connections.toml" ||
		fail "connections.toml: $(cat "$dir/connections.toml")"
	for file in header token connections.toml config.toml; do
		rm "$dir/$file"
		kill -CONT "$coco"
		until_true "$file" test -s "$dir/$file"
		expect_mode "$dir/$file" 600
	done
	coco-credential -c pat exec true
	has "$token" || fail "swept"
	expect_file removed.err </dev/null
	kill -KILL "$coco"
	finish 137
	until_true "the end of $dir" is_gone "$dir"
	: >stop
'

test_case 'and where that cannot be, the reason is told, once' '
	rm -f stop
	start blocked "until test -e stop; do sleep 0.02; done"
	rm -rf "$dir"
	: >"$dir"
	kill -CONT "$coco"
	wait_for_file blocked.err
	until_true "the message" grep -q "goes on trying" blocked.err
	rm "$dir"
	kill -CONT "$coco"
	until_true "the token" test -s "$dir/token"
	until_true "the good news" grep -q "fresh again" blocked.err
	: >stop
	finish 0
	expect_file blocked.err <<-END
	coco-credential: cannot start a refresh: cannot make $dir again: \
Permission denied
	coco-credential: the token could not be refreshed; the command keeps \
the old one, and coco-credential goes on trying
	coco-credential: the token is fresh again
	END
'

test_case 'what a refresh that was killed has sent is not used' '
	if ! test -r /proc/self/wchan || test -n "$under"; then
		skip "needs /proc/PID/wchan"
		return
	fi
	put_file minter 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	cd "$trash"
	echo >>minted
	if test $(wc -l <minted) -eq 2; then
		echo up >minter.up
		until test -e go; do sleep 0.02; done
		echo password=second
		for n in 1 2 3; do
			printf "state[]=foreign%60000d\n" $n
		done
	else
		echo password=other
	fi
	echo password_expiry_utc=$(($(date +%s) + 122))
	END
	rm -f stop minted go minter.up
	start cut "until test -e stop; do sleep 0.02; done" -cpat --stack minted
	known=$(children "$coco" | tr "\n" " ")
	wait_for_file minter.up
	pid=$(refresher) || fail "no refresh"
	kill -STOP "$coco"
	: >go
	until_true "its answer" grep -q pipe_write "/proc/$pid/wchan"
	kill -KILL "$pid"
	kill -CONT "$coco"
	until_true "the message" grep -q "could not be refreshed" cut.err
	has other || fail "$(cat "$dir/token")"
	: >stop
	finish 0
'

test_done
