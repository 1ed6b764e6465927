# SPDX-License-Identifier: GPL-3.0-or-later
# t0270 - the audit log: a line for each login, refresh, store, erase and
# answer, names and results only, in a file that is ours alone.  What a policy
# makes of it is in t0260.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets urls secrets helper entry
may_print_secrets 'without_home coco-credential * get'
test ! -e /etc/coco/policy.toml || skip_all 'this machine has a policy'

stacks=$XDG_CONFIG_HOME/coco/stack.d
store=$XDG_DATA_HOME/coco/credentials
log=$XDG_STATE_HOME/coco/audit.jsonl
TMPDIR=$trash/tmp
BROWSER="python3 $srcdir/tests/fake/browser.py"
COCO_TEST_BROWSER_URLS=$trash/urls
export TMPDIR BROWSER COCO_TEST_BROWSER_URLS
mkdir -p "$stacks" "$TMPDIR"
start_fake
make_connection dev
# the built-in stack without the keyring, which would be a line more each time
put_file "$stacks/oauth" <<END
get    [success=done not_found=ignore expired=ignore default=die]  file
get    required    oauth
store  required    file
erase  required    file
END
: >secrets

# learn: the secrets that there are now
learn() {
	echo canary
	sed -n -e 's/^password=//p' -e 's/^credential=//p' \
		-e 's/^oauth_refresh_token=//p' "$store"
	test ! -e urls || grep -Eo '[?&](code|state|code_challenge)=[^&]*' urls |
		sed 's/.*=//'
}

# put_stack LINE...: the stack s
put_stack() {
	for stack_line in "$@"; do
		printf '%s\n' "$stack_line"
	done >"$stacks/s"
}

# Print what is in a log, without what is of this process alone, which is
# checked: each line is one JSON object, with pid, ppid, uid and, where there
# is a /proc, the name of the parent, which is this shell.
cat >events.py <<'END'
import json, os, re, sys
shell = int(sys.argv[2])
for line in open(sys.argv[1], "rb").read().decode().split("\n")[:-1]:
    assert len(line) < 4096, line[-400:]
    seen = []
    def members(pairs):
        seen.extend(pairs)
        return dict(pairs)
    event = json.loads(line, object_pairs_hook=members)
    assert len(seen) == len(event), "a member twice: " + line
    assert isinstance(event.pop("pid"), int), line
    assert event.pop("ppid") == shell, line
    assert event.pop("uid") == os.getuid(), line
    if os.path.exists("/proc/self/comm"):
        comm = open("/proc/%d/comm" % shell).read()
        assert event.pop("parent") + "\n" == comm, line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert all(isinstance(v, str) for v in event.values()), line
    if not event["time"].startswith("2026-01-01T"):
        del event["time"]
    print(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
END

# events: of all that was logged since the last time; the log is kept for the
# search of secrets
events() {
	test -e "$log" || return 0
	python3 events.py "$log" $$ || fail 'not as it must be'
	cat "$log" >>all.jsonl
	rm "$log"
}

# expect_events <<END
expect_events() {
	events >events.now
	expect_file events.now
}

put_file request <<END
protocol=https
host=a.example

END
put_file entry <<END
protocol=https
host=a.example
path=x/y.git?t=canary
username=u
password=canary-password
oauth_refresh_token=canary-refresh

END

# --- what is written -------------------------------------------------------

test_case 'store, get and erase' '
	put_stack "store required file" "get required file" \
	    "erase required file"
	run at_time 1767225600 coco-credential --stack s store <entry
	expect_status 0
	run at_time 1767225601 coco-credential --stack s get <entry
	expect_status 0
	learn >>secrets
	run at_time 1767225602 coco-credential --stack s erase <request
	expect_status 0
	expect_events <<-END
	{"time":"2026-01-01T00:00:00Z","event":"store","result":"success",\
"verb":"store","stack":"s","helper":"file","rule":"$stacks/s:1",\
"protocol":"https","host":"a.example","path":"x/y.git","username":"u"}
	{"time":"2026-01-01T00:00:01Z","event":"answer","result":"success",\
"verb":"get","stack":"s","protocol":"https","host":"a.example",\
"path":"x/y.git","username":"u"}
	{"time":"2026-01-01T00:00:02Z","event":"erase","result":"success",\
"verb":"erase","stack":"s","helper":"file","rule":"$stacks/s:3",\
"protocol":"https","host":"a.example"}
	END
'

test_case 'nothing when nothing is found, asked or changed' '
	run coco-credential --stack s get <request
	expect_status 3
	run coco-credential --stack s get </dev/null
	expect_status 0
	run coco-credential capability
	run coco-credential -c dev status
	run coco-credential --stack s get <<-\END
	host=a.example

	END
	expect_status 3
	expect_events </dev/null
'

about='"connection":"dev","protocol":"http","host":"127.0.0.1:'$fake_port'",\
"username":"ALICE","authenticator":"OAUTH_AUTHORIZATION_CODE"'
about=$(printf '%s' "$about" | tr -d '\\\n')
# what a login makes is a token for OAUTH
about_stored=${about%_AUTHORIZATION_CODE*}\"

test_case 'login' '
	run coco-credential -c dev login
	expect_status 0
	learn >>secrets
	expect_events <<-END
	{"event":"login","result":"success","verb":"login","stack":"oauth",\
"helper":"oauth","rule":"$stacks/oauth:2",$about}
	{"event":"store","result":"success","verb":"store","stack":"oauth",\
"helper":"file","rule":"$stacks/oauth:3",$about_stored}
	END
'

test_case 'token, and get for a connection' '
	run coco-credential -c dev token
	expect_status 0
	run coco-credential get <<-\END
	connection=dev

	END
	expect_status 0
	expect_events <<-END
	{"event":"answer","result":"success","verb":"token","stack":"oauth",\
$about}
	{"event":"answer","result":"success","verb":"get","stack":"oauth",\
$about}
	END
'

test_case 'refresh, and that it was stored' '
	run at_time +3600 coco-credential -c dev token
	expect_status 0
	learn >>secrets
	events >events.now
	grep -v "\"event\":\"store\",\"result\":\"success\"" events.now \
	    >events.rest
	expect_file events.rest <<-END
	{"event":"refresh","result":"success","verb":"get","stack":"oauth",\
"helper":"oauth","rule":"$stacks/oauth:2",$about}
	{"event":"answer","result":"success","verb":"token","stack":"oauth",\
$about}
	END
	grep -q "\"event\":\"store\"" events.now || fail "no store"
'

test_case 'a refresh that fails' '
	stop_fake
	run at_time +7200 coco-credential -c dev token
	expect_status 75
	events | grep -v "\"event\":\"store\"" >events.now
	expect_file events.now <<-END
	{"event":"refresh","result":"unavailable","verb":"get",\
"stack":"oauth","helper":"oauth","rule":"$stacks/oauth:2",$about}
	END
'

test_case 'logout' '
	run coco-credential -c dev logout
	expect_status 0
	run coco-credential -c dev logout
	expect_status 3
	expect_events <<-END
	{"event":"logout","result":"success","verb":"logout","stack":"oauth",\
"helper":"file","rule":"$stacks/oauth:4",$about}
	{"event":"logout","result":"not_found","verb":"logout",\
"stack":"oauth","helper":"file","rule":"$stacks/oauth:4",$about}
	END
'

test_case 'foreign helpers; a command is named by its place' '
	put_file helper 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	echo username=canary-not
	echo password=canary-foreign
	END
	put_stack "get sufficient !: canary-text; false" \
	    "get required $trash/helper canary-word"
	run coco-credential --stack s get <request
	expect_status 0
	events >events.now
	sed -i "s/canary-not/NAME/" all.jsonl events.now
	expect_file events.now <<-END
	{"event":"refresh","result":"error","verb":"get","stack":"s",\
"helper":"!command","rule":"$stacks/s:1","protocol":"https",\
"host":"a.example"}
	{"event":"refresh","result":"success","verb":"get","stack":"s",\
"helper":"$trash/helper","rule":"$stacks/s:2","protocol":"https",\
"host":"a.example","username":"NAME"}
	{"event":"answer","result":"success","verb":"get","stack":"s",\
"protocol":"https","host":"a.example","username":"NAME"}
	END
'

test_case 'a refresh token that is left over is an answer' '
	put_stack "get required !cat >/dev/null; echo \
oauth_refresh_token=canary-left; exit 4; :"
	run coco-credential --stack s get <request
	expect_status 4
	expect_stdout_match "^oauth_refresh_token=canary-left$"
	expect_events <<-END
	{"event":"refresh","result":"expired","verb":"get","stack":"s",\
"helper":"!command","rule":"$stacks/s:1","protocol":"https",\
"host":"a.example"}
	{"event":"answer","result":"expired","verb":"get","stack":"s",\
"protocol":"https","host":"a.example"}
	END
'

# --- what cannot be written into it ----------------------------------------

test_case 'nobody can forge a line' '
	put_stack "store required !cat >/dev/null; :"
	printf "protocol=https\nhost=a\"},{\"b\n" >evil
	printf "path=\\\\\\033[2J\nusername=u\\001\\177\\377\\303\\251\n\n" \
	    >>evil
	run coco-credential --role "R\"},{\"event\":\"login" --stack s store <evil
	events >events.now
	expect_equal "$(wc -l <events.now | tr -d " ")" 1 lines
	python3 - events.now <<-\END || fail "$(cat events.now)"
	import json, sys
	event = json.load(open(sys.argv[1]))
	assert event["host"] == "a\"},{\"b"
	assert event["path"] == "\\\x1b[2J"
	assert event["username"] == "u\x01\x7f\ufffd\xe9"
	assert event["role"] == "R\"},{\"event\":\"login"
	END
'

test_case 'long values are cut' '
	long=$(head -c 60000 /dev/zero | tr "\0" "x")
	for name in protocol host path username; do
		printf "%s=%s\n" $name "$long"
	done >evil
	run coco-credential --role "$long" --stack s store <evil
	python3 - "$log" <<-\END || fail "$(cut -c 1-400 "$log")"
	import json, sys
	event = json.loads(open(sys.argv[1]).read())
	for name in "protocol", "host", "path", "username", "role":
	    assert event[name] == 255 * "x" + "...", name
	END
	events >events.now
'

# --- the file --------------------------------------------------------------

put_stack "store required file" "get required file" "erase required file"
coco-credential --stack s store <entry
learn >>secrets
events >events.now

test_case 'it is ours alone, whatever the umask is' '
	rm -rf "$XDG_STATE_HOME"
	(umask 0 && exec coco-credential --stack s get <request >lib/null)
	expect_mode "$log" 600
	expect_mode "$XDG_STATE_HOME/coco" 700
	expect_mode "$XDG_STATE_HOME" 700
'

# unwritten WHY: the answer is there, in silence; check says why
unwritten() {
	run coco-credential --stack s get <request
	expect_status 0
	expect_stderr
	expect_stdout_match '^password=canary-password$'
	run coco-credential -c dev check
	expect_status 1
	expect_stderr <<-END_WHY
	coco-credential: the audit log cannot be written: $1
	coco-credential: 1 fault found
	END_WHY
}

plain="$log is not a plain file that only you can use"

test_case 'a link is not followed' '
	rm "$log"
	ln -s "$trash/victim" "$log"
	unwritten "$plain"
	: >victim
	unwritten "$plain"
	expect_file victim </dev/null
	rm "$log"
'

test_case 'nor is a file used that is open to others' '
	for mode in 640 604 620 666; do
		: >"$log"
		chmod $mode "$log"
		unwritten "$plain"
		expect_file "$log" </dev/null
	done
	rm "$log"
'

test_case 'nor one of somebody else' '
	if test "$(id -u)" -ne 0; then
		skip "only root can give files away"
		return
	fi
	: >"$log"
	chown 65534 "$log"
	unwritten "$plain"
	rm "$log"
	chown 65534 "$XDG_STATE_HOME/coco"
	unwritten "$XDG_STATE_HOME/coco is not a directory that only you can use"
	chown 0 "$XDG_STATE_HOME/coco"
'

test_case 'nor anything else, and nobody waits' '
	mkdir "$log"
	unwritten "$log Is a directory"
	rmdir "$log"
	mkfifo "$log"
	unwritten "$log is not a plain file that only you can use"
	rm "$log"
	chmod 750 "$XDG_STATE_HOME/coco"
	unwritten "$XDG_STATE_HOME/coco is not a directory that only you can use"
	chmod 700 "$XDG_STATE_HOME/coco"
'

test_case 'without HOME there is none' '
	without_home() {
		env -u HOME -u XDG_STATE_HOME \
		    SNOWFLAKE_HOME="$HOME/.snowflake" "$@"
	}
	run without_home coco-credential --stack s get <request
	expect_status 0
	expect_stderr
	run without_home coco-credential -c dev check
	expect_status 1
	expect_stderr <<-\END
	coco-credential: the audit log cannot be written: HOME is not set
	coco-credential: 1 fault found
	END
'

test_case 'check is content with a good one' '
	run coco-credential -c dev check
	expect_status 0
	expect_stderr
'

test_case 'a full one gets another name' '
	rm -f "$log"
	truncate -s 8388606 "$log"
	echo >>"$log"
	chmod 600 "$log"
	run coco-credential --stack s get <request
	expect_status 0
	test ! -e "$log.1" || fail "it was not full"
	run coco-credential --stack s get <request
	expect_status 0
	expect_mode "$log" 600
	expect_mode "$log.1" 600
	expect_equal "$(wc -l <"$log.1" | tr -d " ")" 2 "lines of the old log"
	expect_equal "$(wc -l <"$log" | tr -d " ")" 1 "lines of the new one"
	truncate -s 9000000 "$log"
	run coco-credential --stack s get <request
	expect_equal "$(stat -c %s "$log.1")" 9000000 "size of the old log"
	expect_equal "$(ls "$XDG_STATE_HOME/coco" | tr "\n" " ")" \
	    "audit.jsonl audit.jsonl.1 " files
	rm "$log.1"
	events >events.now
'

test_case 'a torn line does not take the next one with it' '
	printf "{\"time\":" >"$log"
	run coco-credential --stack s get <request
	expect_equal "$(sed -n 1p "$log")" "{\"time\":"
	sed -i 1d "$log"
	events >events.now
	expect_equal "$(wc -l <events.now)" 1 lines
'

test_case 'many at once do not mix their lines' '
	if test -n "$under"; then
		skip "takes too long under $under"
		return
	fi
	n=0
	while test $n -lt 200; do
		coco-credential --stack s get <request >lib/null &
		n=$((n + 1))
	done
	wait
	events | sort | uniq -c >events.now
	expect_file events.now <<-END
	    200 {"event":"answer","result":"success","verb":"get",\
"stack":"s","protocol":"https","host":"a.example","username":"u"}
	END
'

test_case 'no secret was ever in it' '
	test "$(wc -l <all.jsonl)" -gt 20 || fail "there was nothing in it"
	test "$(sort -u secrets | wc -l)" -gt 5 || fail "no secrets are known"
	! grep -Ff secrets all.jsonl >found || fail "$(cut -c 1-400 found)"
'

test_done
