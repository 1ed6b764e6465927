# SPDX-License-Identifier: GPL-3.0-or-later
# t0250 - T18: secrets are in no argument, no environment, no file name, no
# message, and in no file but one that only its owner can read; T22: no core.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets bad 'store.*' request question other urls out secrets helper

stacks=$XDG_CONFIG_HOME/coco/stack.d
store=$XDG_DATA_HOME/coco/credentials
shm=/dev/shm/coco-$(id -u)
TMPDIR=$trash/tmp
BROWSER="python3 $srcdir/tests/fake/browser.py"
COCO_TEST_BROWSER_URLS=$trash/urls
export TMPDIR BROWSER COCO_TEST_BROWSER_URLS
mkdir -p "$stacks" "$TMPDIR"
put_file "$stacks/filestack" <<END
get    required  file
store  required  file
erase  required  file
END
start_fake
make_connection dev
watch_execs
canary=canary
: >secrets
: >said

# traced COMMAND...: run it, and gather what it says
traced() {
	run "$@"
	stderr >>said
}

# learn: the secrets that the store and the login have now
learn() {
	{
		echo "$canary"
		sed -n -e 's/^password=//p' -e 's/^credential=//p' \
			-e 's/^oauth_refresh_token=//p' "$store"
		test ! -e urls || grep -Eo '[?&](code|state|code_challenge)=[^&]*' \
			urls | sed 's/.*=//'
	} >>secrets
}

put_file request <<END
protocol=https
host=a.example
username=u
password=$canary
oauth_refresh_token=$canary-refresh
END
sed '/^password/d' request >question

test_case 'store and get' '
	traced coco-credential --stack filestack store <request
	expect_status 0
	learn
	traced coco-credential --stack filestack get <question
	expect_status 0
	expect_stdout_match "^password=$canary$"
	traced git-credential-coco --stack filestack get <question
	expect_status 0
'

test_case 'through a foreign helper, too' '
	put_file helper 700 <<-END
	#!/bin/sh
	cat >/dev/null
	echo password=$canary-foreign
	echo password_expiry_utc=9999999999
	END
	cat >"$stacks/foreign" <<-END
	get    sufficient  !cat >/dev/null; :
	get    required    $trash/helper
	store  required    file
	END
	printf "protocol=https\nhost=b.example\npassword=%s\n" "$canary" >other
	traced coco-credential --stack foreign get <other
	expect_status 0
	expect_stdout_match "^password=$canary-foreign$"
	grep -q "^password=$canary-foreign$" "$store" || fail "not stored"
	learn
'

test_case 'login' '
	rm -f urls
	traced coco-credential -c dev login
	expect_status 0
	wait_for_file urls
	learn
	test "$(sort -u secrets | wc -l)" -ge 8 || fail "too few secrets known"
'

test_case 'token' '
	traced coco-credential -c dev token
	expect_status 0
	expect_equal "$(stdout)" "$(sed -n "s/^password=//p" "$store" | tail -n 1)"
'

test_case 'a refresh' '
	before=$(stdout)
	at_time +700 env coco-credential -c dev token >lib/stdout
	traced at_time +1500 coco-credential -c dev token
	expect_status 0
	test "$(stdout)" != "$before" || fail "the same token"
	learn
'

test_case 'exec hands on paths only' '
	traced at_time +1500 coco-credential -c dev exec -- \
	    sh -c "env; ls -lR \$SNOWFLAKE_HOME"
	expect_status 0
	stdout >>said
	expect_stdout_match "^COCO_TOKEN_FILE=$shm/exec-[^/]*/" \
		"^-rw------- .* token\$"
'

test_case 'an encrypted store' '
	head -c 32 /dev/urandom >"$trash/key"
	printf "%s required sealed key-file=$trash/key\n" get store erase \
		>"$stacks/sealedstack"
	traced coco-credential --stack sealedstack store <request
	expect_status 0
	traced coco-credential --stack sealedstack get <question
	expect_status 0
	expect_stdout_match "^password=$canary$"
	traced coco-credential --stack sealedstack list
	expect_status 0
	stdout >>said
'

test_case 'list says nothing of it' '
	for form in "" --json; do
		# shellcheck disable=SC2086 # words
		traced coco-credential $form list
		stdout >>said
	done
	grep -q "ALICE" said || fail "nothing was listed"
'

test_case 'status and check say nothing of it' '
	for verb in status "status --json" check; do
		# shellcheck disable=SC2086 # words
		traced coco-credential -c dev ${verb#* } ${verb% *}
		stdout >>said
	done
	traced coco-credential -c dev status --json
	expect_status 0
	stdout >>said
	expect_stdout_match "\"refresh_token\":\"yes\""
'

test_case 'errors say nothing of it' '
	for text in "password=$canary\rx" "$canary" "host=$canary:99999" \
	    "$canary=1" "quit=$canary" "password_expiry_utc=$canary" \
	    "connection=dev\nrole=x\r$canary"; do
		printf "protocol=https\n%b\n" "$text" >bad
		for verb in get store erase; do
			traced coco-credential --stack filestack $verb <bad
			stdout >>said
		done
	done
	traced coco-credential --stack filestack erase <request
'

test_case 'erase and logout' '
	learn
	traced coco-credential --stack filestack store <request
	cp "$store" store.before
	traced coco-credential --stack filestack erase <request
	expect_status 0
	traced coco-credential -c dev logout
	expect_status 0
	cp "$store" store.after
	cp store.before "$store"
'

sort -u secrets | grep . >all
mv all secrets

test_case 'no secret was ever in an argument or an environment' '
	for program in coco-credential-oauth coco-credential-file \
	    coco-credential-sealed "$trash/helper" sh; do
		grep -q "$program$" "$lib_execs" ||
			fail "$program was not watched"
	done
	grep -Ff secrets "$lib_execs" >found && fail "$(cut -c 1-400 found)"
	:
'

test_case 'nor in a message' '
	test -s said || fail "nothing was said at all"
	grep -Ff secrets said >found && fail "$(cat found)"
	:
'

test_case 'nor in the name of a file' '
	find "$HOME" "$XDG_RUNTIME_DIR" "$TMPDIR" "$shm" 2>/dev/null >names
	grep -q credentials names || fail "no files"
	grep -Ff secrets names >found && fail "$(cat found)"
	:
'

test_case 'nor in a file but the store' '
	grep -rlFf secrets "$HOME" "$XDG_RUNTIME_DIR" "$TMPDIR" "$shm" \
	    >found 2>/dev/null
	expect_file found <<-END
	$store
	END
	expect_mode "$store" 600
	expect_mode "$(dirname "$store")" 700
'

test_case 'whatever the umask is' '
	rm -rf "$XDG_DATA_HOME" "$XDG_STATE_HOME"
	(umask 0 && exec coco-credential --stack filestack store <request)
	(umask 0 && exec coco-credential --stack sealedstack store <request)
	(umask 0 && exec coco-credential -c dev login 2>lib/null)
	learn
	sort -u secrets >all && mv all secrets
	expect_mode "$store" 600
	expect_mode "$(dirname "$store")" 700
	expect_mode "$XDG_STATE_HOME/coco/audit.jsonl" 600
	# the bus of another test that runs now is not ours
	expect_equal "$(find "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$shm" \
		-path "$shm/test.*" -prune -o -perm /077 -print)" "" \
		"what others can use"
	coco-credential -c dev logout 2>lib/null
'

test_case 'nothing stays of an erased secret' '
	coco-credential --stack filestack erase <request
	grep -rlFf secrets "$HOME" "$XDG_RUNTIME_DIR" "$TMPDIR" "$shm" \
	    >found 2>/dev/null
	expect_file found
'

test_case 'no core is dumped, by us or by who we start' '
	if ! test -r /proc/self/limits; then
		skip "no /proc"
		return
	fi
	put_file helper 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	grep "core file" "/proc/$PPID/limits" /proc/self/limits |
		sed "s/.*size *\([0-9a-z]*\) .*/username=\1/" |
		sort -u
	echo password=canary-x
	END
	printf "get required %s\n" "$trash/helper" >"$stacks/foreign"
	(ulimit -S -c "$(ulimit -H -c)" &&
		exec coco-credential --stack foreign get <question) >out
	expect_file out <<-\END
	username=1
	password=canary-x
	END
'

test_done
