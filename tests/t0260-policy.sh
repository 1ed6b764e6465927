# SPDX-License-Identifier: GPL-3.0-or-later
# t0260 - T9: /etc/coco/policy.toml is above all files of the user's, and one
# that cannot be used forbids everything.  It is the real file: the test has a
# mount namespace of its own, in which /etc is a directory of the test's.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2317 # test_case evaluates later

if test "${1-}" != inside && command -v unshare >/dev/null; then
	for how in -m -rm; do
		unshare $how true 2>/dev/null && exec unshare $how sh "$0" inside
	done
fi

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets 'etc/*' entry 'tools/*' home/.snowflake/token

test "${1-}" = inside || skip_all 'needs a mount namespace'
mkdir -m 755 etc
for name in alternatives group ld.so.cache ld.so.conf ld.so.conf.d \
    nsswitch.conf passwd; do
	test ! -e "/etc/$name" || (umask 022 && cp -RP "/etc/$name" etc/)
done
mount --bind "$trash/etc" /etc 2>mount.log ||
	skip_all 'needs the right to mount'

stacks=$XDG_CONFIG_HOME/coco/stack.d
store=$XDG_DATA_HOME/coco/credentials
policy=/etc/coco/policy.toml
says="coco-credential: policy ($policy):"
mend="coco-credential: hint: everything is refused until the policy is \
mended, see coco-policy(5)"
mkdir -p "$stacks" tools

put_file request <<END
protocol=https
host=a.example

END
sed '$d' request >entry
printf 'username=u\npassword=canary\n\n' >>entry
put_file tools/helper 700 <<END
#!/bin/sh
cat >/dev/null
echo "\$*" >>'$trash/ran'
echo password=canary-x
END
put_file "$HOME/.snowflake/connections.toml" <<END
[dev]
account = "myorg-acct"
user = "ALICE"
authenticator = "OAUTH_AUTHORIZATION_CODE"
END

# put_policy LINE...: the policy, as an administrator would write it
put_policy() {
	rm -rf /etc/coco
	mkdir -m 755 /etc/coco
	for policy_line in "$@"; do
		printf '%s\n' "$policy_line"
	done >$policy
	chmod 644 $policy
}

# put_stack LINE...: the stack s
put_stack() {
	for stack_line in "$@"; do
		printf '%s\n' "$stack_line"
	done >"$stacks/s"
}

# walk [VERB [FILE]]: with the stack s
walk() {
	rm -f ran
	run coco-credential --stack s "${1:-get}" <"${2:-request}"
}

# expect_answer: the helper ran and its answer is there
expect_answer() {
	expect_status 0
	expect_stderr
	grep -qx password=canary-x lib/stdout || fail 'no answer'
	test -e ran || fail 'the helper was not run'
}

# expect_denied REASON: and nothing was run
expect_denied() {
	expect_status 5
	expect_stdout
	expect_stderr <<-END_REASON
	$says $1
	END_REASON
	test ! -e ran || fail 'a helper was run'
}

# broken PLACE-AND-REASON: everything is refused, in one message
broken() {
	for verb in get store erase; do
		walk $verb entry
		expect_status 5
		expect_stdout
		expect_stderr <<-END_REASON
		coco-credential: $policy$1
		$mend
		END_REASON
		test ! -e ran || fail "$verb ran a helper"
	done
}

put_stack "get required $trash/tools/helper"
walk
test "$status" -eq 0 || skip_all 'needs a / that belongs to root'

# --- what it allows --------------------------------------------------------

test_case 'without a policy everything is allowed' '
	for dir in none some; do
		test $dir = none || mkdir -m 755 /etc/coco
		put_stack "get required $trash/tools/helper"
		walk
		expect_answer
		put_stack "get required !$trash/tools/helper"
		walk
		expect_answer
		put_stack "store required file"
		walk store entry
		expect_status 0
		grep -qx password=canary "$store" || fail "not stored"
	done
'

test_case 'and with an empty one, too' '
	put_policy "# nothing yet"
	put_stack "get required !$trash/tools/helper"
	walk
	expect_answer
'

test_case 'only what it lists is run' '
	put_policy "helpers = [\"file\", \"$trash/tools/helper\"]"
	put_stack "get required $trash/tools/helper"
	walk
	expect_answer
	put_stack "get required file"
	walk
	expect_status 0
	expect_stdout_match "^password=canary$"
	put_policy "helpers = [\"file\"]"
	put_stack "get required $trash/tools/helper"
	walk
	expect_denied "helper \"$trash/tools/helper\" is not allowed"
	put_policy "helpers = []"
	put_stack "get required file"
	walk
	expect_denied "helper \"file\" is not allowed"
	for verb in store erase; do
		put_stack "$verb required file"
		walk $verb entry
		expect_denied "helper \"file\" is not allowed"
	done
	grep -qx password=canary "$store" || fail "it was erased"
'

test_case 'a denial is a result like others' '
	put_policy "helpers = [\"file\"]"
	put_stack "get sufficient connections" "get required file"
	walk
	expect_status 0
	expect_stdout_match "^password=canary$"
	expect_stderr <<-END
	$says helper "connections" is not allowed
	END
	put_stack "get [denied=die default=ignore] connections" \
	    "get required file"
	walk
	expect_denied "helper \"connections\" is not allowed"
'

test_case '"-" does not hide it' '
	put_stack "-get required connections"
	walk
	expect_denied "helper \"connections\" is not allowed"
	put_stack "-get required nowhere"
	walk
	expect_denied "helper \"nowhere\" is not allowed"
'

test_case 'commands can be forbidden' '
	put_policy "commands = false"
	put_stack "get required !$trash/tools/helper canary"
	walk
	expect_denied "the command of $stacks/s:1 is not allowed"
	put_stack "get required $trash/tools/helper"
	walk
	expect_answer
	put_policy "commands = true"
	put_stack "get required !$trash/tools/helper"
	walk
	expect_answer
'

test_case 'a list of helpers forbids commands, unless they are allowed' '
	put_policy "helpers = [\"file\"]"
	walk
	expect_denied "the command of $stacks/s:1 is not allowed"
	put_policy "helpers = [\"file\"]" "commands = true"
	walk
	expect_answer
'

test_case 'a weak store stores nothing' '
	rm -f "$store"
	for least in encrypted keyring; do
		put_policy "store_strength = \"$least\""
		put_stack "store required file"
		walk store entry
		expect_denied "helper \"file\" is not allowed to store: it is \
plain, the least is $least"
		put_stack "store required $trash/tools/helper"
		walk store entry
		expect_denied "helper \"$trash/tools/helper\" is not allowed \
to store: it is plain, the least is $least"
		put_stack "store required !$trash/tools/helper"
		walk store entry
		expect_denied "the command of $stacks/s:1 is not allowed to \
store: it is plain, the least is $least"
	done
	put_policy "store_strength = \"keyring\""
	put_stack "store required sealed"
	walk store entry
	expect_denied "helper \"sealed\" is not allowed to store: it is \
encrypted, the least is keyring"
	test ! -e "$store" || fail "there is a store"
'

test_case 'but what it has can be read and erased' '
	put_policy "store_strength = \"plain\""
	put_stack "store required file" "get required file" \
	    "erase required file"
	walk store entry
	expect_status 0
	put_policy "store_strength = \"keyring\""
	walk
	expect_stdout_match "^password=canary$"
	walk erase
	expect_status 0
	! grep -q canary "$store" || fail "it was not erased"
'

test_case 'a command in an argument is a command' '
	put_policy "commands = false"
	for word in key-command=id --key-command=id --key-co=id key-com=id \
	    passphrase-command=id --passphrase-c=id; do
		printf "%s required sealed $word\n" get store \
			>"$stacks/commanding"
		printf "protocol=https\nhost=a.example\n\n" >question
		run coco-credential --stack commanding get <question
		expect_status 5
		expect_stdout
		expect_stderr_match "\"sealed\" is not allowed to run a command"
	done
	printf "get required sealed key-credential=x\n" >"$stacks/commanding"
	run coco-credential --stack commanding get <question
	expect_no_match "not allowed"
'

test_case 'list is denied, too' '
	put_policy "helpers = []"
	run coco-credential list
	expect_status 5
	expect_stdout_match "^file: denied$"
	expect_equal "$(stdout | grep -v ": denied$")" "" "what is not denied"
	expect_stderr_match "helper \"file\" is not allowed"
	put_policy "helpers = "
	run coco-credential list
	expect_status 5
	expect_stdout
	expect_equal "$(stderr | grep -c policy.toml)" 1 messages
	put_policy "commands = false"
'

# the built-in stack without the keyring, which would be a line more each time
put_file "$stacks/oauth" <<END
get    [success=done not_found=ignore expired=ignore default=die]  file
get    required    oauth
store  required    file
erase  required    file
END

test_case 'check tells which rules it forbids' '
	put_policy "helpers = [\"file\"]" "store_strength = \"encrypted\""
	run coco-credential -c dev check
	expect_status 1
	expect_stdout_match "^  get .* oauth$"
	expect_stderr <<-END
	$says helper "oauth" is not allowed
	$says helper "file" is not allowed to store: it is plain, \
the least is encrypted
	coco-credential: 2 faults found
	END
	put_policy "helpers = [\"file\", \"oauth\"]"
	run coco-credential -c dev check
	expect_status 0
	expect_stderr
'

test_case 'login, logout, token and status are denied as well' '
	put_policy "helpers = []"
	run coco-credential -c dev login
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	$says helper "file" is not allowed
	coco-credential: the login could not be kept anywhere
	coco-credential: hint: coco-credential -c dev check
	END
	put_policy "helpers = [\"file\"]"
	run coco-credential -c dev login
	expect_denied "helper \"oauth\" is not allowed"
	put_policy "helpers = []"
	run coco-credential -c dev logout
	expect_status 5
	expect_stderr <<-END
	$says helper "file" is not allowed
	coco-credential: connection "dev" could not be logged out (denied)
	END
	run coco-credential -c dev token
	expect_status 5
	expect_stdout
	expect_stderr_match "helper \"file\" is not allowed$"
	run coco-credential -c dev status
	expect_stderr <<-END
	$says helper "file" is not allowed
	$says helper "oauth" is not allowed
	END
'

test_case 'a login that no store may keep is not begun' '
	put_policy "store_strength = \"encrypted\""
	mkdir -p "$XDG_CONFIG_HOME/coco/stack.d"
	printf "%s\n" "get required file" "get required oauth" \
		"store required file" >"$XDG_CONFIG_HOME/coco/stack.d/oauth"
	BROWSER=false run coco-credential -c dev login --no-browser --timeout 1
	expect_status 5
	expect_stdout </dev/null
	expect_stderr_match "\"file\" is not allowed to store: it is plain" \
		"the login could not be kept anywhere" "hint: .* -c dev check"
	expect_no_match "open this address"
	rm "$XDG_CONFIG_HOME/coco/stack.d/oauth"
'

# --- what it says of the audit log -----------------------------------------

log=$XDG_STATE_HOME/coco/audit.jsonl
refusal="coco-credential: hint: the policy lets no secret out without a line \
in the audit log, see coco-audit(5)"

test_case 'audit = "off": there is no log' '
	rm -rf "$XDG_STATE_HOME"
	put_policy "audit = \"off\""
	put_stack "get required $trash/tools/helper"
	walk
	expect_answer
	run coco-credential -c dev check
	expect_status 0
	test ! -e "$XDG_STATE_HOME" || fail "there is one"
'

test_case 'audit = "required": an answer is written down' '
	put_policy "audit = \"required\""
	walk
	expect_answer
	grep -q "\"event\":\"answer\",\"result\":\"success\"" "$log" ||
		fail "no line"
'

# no_answer WHY...: nothing left
no_answer() {
	expect_status 75
	expect_stdout
	expect_stderr <<-END_REASON
	coco-credential: the audit log cannot be written: $1
	$refusal
	END_REASON
}

test_case 'or it does not leave' '
	rm "$log"
	mkdir "$log"
	walk
	no_answer "$log Is a directory"
	rmdir "$log"
	ln -s "$trash/victim" "$log"
	walk
	no_answer "$log is not a plain file that only you can use"
	test ! -e victim || fail "the link was followed"
	rm "$log"
	chmod 755 "$XDG_STATE_HOME/coco"
	walk
	no_answer "$XDG_STATE_HOME/coco is not a directory that only you can use"
	chmod 700 "$XDG_STATE_HOME/coco"
	run env -u XDG_STATE_HOME -u HOME \
	    coco-credential --stack s get <request
	no_answer "HOME is not set"
	ln -s /dev/full "$log"
	walk
	no_answer "$log is not a plain file that only you can use"
	rm "$log"
'

test_case 'nor does a token, nor a refresh token that is left over' '
	put_policy "audit = \"required\""
	mkdir "$log"
	put_stack "get required connections"
	sed -e "s/^authenticator.*/authenticator = \"OAUTH\"/" \
	    -e "\$a token = \"canary\"" -i "$HOME/.snowflake/connections.toml"
	for form in token json header git; do
		run coco-credential -c dev --stack s --format $form token
		no_answer "$log Is a directory"
	done
	cat >tools/expired <<-\END
	#!/bin/sh
	cat >/dev/null
	echo oauth_refresh_token=canary
	exit 4
	END
	chmod 700 tools/expired
	put_stack "get required $trash/tools/expired"
	walk
	expect_status 4
	expect_stdout
	rmdir "$log"
	walk
	expect_status 4
	expect_stdout_match "^oauth_refresh_token=canary$"
	run coco-credential -c dev --stack connections token
	expect_status 0
	expect_stdout_match "^canary$"
	! grep -q canary "$log" || fail "a secret is in the log"
'

test_case 'a policy that forbids is written down' '
	put_policy "helpers = []"
	put_stack "get required file"
	rm -f "$log"
	walk
	expect_status 5
	grep -q "\"event\":\"policy\",\"result\":\"denied\",\"verb\":\"get\",\
\"stack\":\"s\",\"helper\":\"file\"" "$log" || fail "$(cat "$log")"
'

# --- one that cannot be used -----------------------------------------------

put_stack "get required $trash/tools/helper" "store required file" \
    "erase required file"

test_case 'a syntax error refuses everything' '
	put_policy "commands = true" "helpers = [\"file\""
	broken ":3:1: expected \",\" or \"]\" in the array"
'

test_case 'an unknown key does' '
	put_policy "# a typo" "  helper = [\"file\"]"
	broken ":2:3: unknown key \"helper\""
	put_policy "[policy]" "commands = false"
	broken ":1:2: unknown key \"policy\""
'

test_case 'a wrong value does' '
	put_policy "commands = \"no\""
	broken ":1:12: commands must be true or false"
	put_policy "audit = \"yes\""
	broken ":1:9: audit must be \"off\", \"on\" or \"required\""
'

test_case 'for every verb, and without a second message' '
	for verb in login logout token status check; do
		run coco-credential -c dev $verb
		expect_status 5
		expect_equal "$(grep -c "^coco-credential: $policy:1:9: " \
		    lib/stderr)" 1 "$verb: messages"
		test $verb = check || expect_stdout
	done
	run git-credential-coco get <request
	expect_status 5
	expect_stdout
'

only=": the policy and all that it is in must belong to root and be \
writable by root alone"

test_case 'one that others can write does' '
	for mode in 666 664 646; do
		put_policy "# allows all"
		chmod $mode $policy
		broken " is writable by group or others$only"
	done
	chmod 644 $policy
	walk
	expect_answer
'

# refuses PATH FAULT: for a fault of another path than the policy
refuses() {
	walk
	expect_status 5
	expect_stdout
	expect_stderr <<-END_REASON
	coco-credential: $1 $2$only
	$mend
	END_REASON
	test ! -e ran || fail 'a helper was run'
}

test_case 'one in a directory that others can write does' '
	put_policy "# allows all"
	chmod 777 /etc/coco
	refuses /etc/coco "is writable by group or others"
'

test_case 'one that does not belong to root does' '
	put_policy "# allows all"
	if ! chown 65534 $policy 2>/dev/null; then
		skip "needs a second uid"
		return
	fi
	broken " belongs to another user$only"
	put_policy "# allows all"
	chown 65534 /etc/coco
	refuses /etc/coco "belongs to another user"
'

test_case 'a link is as good as what it leads through' '
	put_policy "helpers = []"
	mkdir -m 755 /etc/elsewhere
	mv $policy /etc/elsewhere/p
	ln -s /etc/elsewhere/p $policy
	walk
	expect_denied "helper \"$trash/tools/helper\" is not allowed"
	chmod 777 /etc/elsewhere
	refuses /etc/elsewhere "is writable by group or others"
	rm -r /etc/elsewhere
	broken ": No such file or directory"
	ln -sfn policy.toml $policy
	broken ": Too many levels of symbolic links"
'

test_case 'what is no file does, at once' '
	rm -rf /etc/coco
	mkdir -m 755 /etc/coco
	mkdir $policy
	broken ": is no plain file"
	rmdir $policy
	mkfifo -m 644 $policy
	broken ": is no plain file"
	rm -r /etc/coco
	: >/etc/coco
	chmod 644 /etc/coco
	broken ": Not a directory"
	rm /etc/coco
'

test_case 'one that is too long does' '
	put_policy "$(head -c 65536 /dev/zero | tr "\0" "#")"
	broken ": longer than 64 KiB"
	put_policy "$(head -c 65535 /dev/zero | tr "\0" "#")"
	walk
	expect_answer
'

# --- a user who wants around it --------------------------------------------

# A user of the machine, if there can be one; the home directory is where this
# user comes to.
as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
shm=/dev/shm/coco-65534
test -e $shm || on_exit "rm -rf $shm"
mkdir -m 755 /etc/home /etc/tools
sed 's|>>.*|>>/etc/home/ran|' tools/helper >/etc/tools/helper
chmod 755 /etc/tools/helper
if ! (cd / && $as_user "$builddir/coco-credential" --version) \
    >lib/null 2>&1; then
	note 'there is no other user: the user is root'
	as_user=
fi
home=/etc/home/.config/coco/stack.d

# attack [WORD...]: as the user, with those variables and options
attack() {
	test -z "$as_user" || chown -R 65534 /etc/home
	rm -f /etc/home/ran
	status=0
	(cd / && exec env HOME=/etc/home XDG_CONFIG_HOME= XDG_DATA_HOME= \
	    XDG_STATE_HOME= "$@") \
	    <request >lib/stdout 2>lib/stderr || status=$?
}

# expect_stopped REASON
expect_stopped() {
	expect_status 5
	expect_stdout
	expect_stderr <<-END_REASON
	$says $1
	END_REASON
	test ! -e /etc/home/ran || fail 'the helper was run'
}

mine="helper \"/etc/tools/helper\" is not allowed"
mkdir -p $home
coco=$builddir/coco-credential

test_case 'T9: what the policy allows, the user can do' '
	put_policy "helpers = [\"/etc/tools/helper\"]"
	echo "get required /etc/tools/helper" >$home/s
	attack $as_user $coco --stack s get
	expect_status 0
	expect_stdout_match "^password=canary-x$"
	test -e /etc/home/ran || fail "the helper was not run"
'

test_case 'T9: a stack of the user is bound by it' '
	put_policy "helpers = [\"file\"]"
	attack $as_user $coco --stack s get
	expect_stopped "$mine"
	echo "get required !/etc/tools/helper" >$home/s
	attack $as_user $coco --stack s get
	expect_stopped "the command of $home/s:1 is not allowed"
	for path in /etc/tools/../tools/helper //etc/tools/helper /bin/sh; do
		echo "get required $path" >$home/s
		attack $as_user $coco --stack s get
		expect_stopped "helper \"$path\" is not allowed"
	done
'

test_case 'T9: so are what it includes, and substacks' '
	echo "get required /etc/tools/helper" >$home/t
	echo "get include t" >$home/s
	attack $as_user $coco --stack s get
	expect_stopped "$mine"
	echo "get substack t" >$home/s
	attack $as_user $coco --stack s get
	expect_stopped "$mine"
	printf "get [denied=1 default=bad] oauth\nget required oauth\n" >$home/s
	echo "get required /etc/tools/helper" >>$home/s
	attack $as_user $coco --stack s get
	expect_status 5
	expect_stdout
	test ! -e /etc/home/ran || fail "the helper was run"
'

test_case 'T9: other directories, names and verbs change nothing' '
	mkdir -p /etc/home/x/coco/stack.d
	echo "get required /etc/tools/helper" >/etc/home/x/coco/stack.d/s
	cp /etc/home/x/coco/stack.d/s /etc/home/x/coco/stack.d/other
	echo "# allows all" >/etc/home/x/coco/policy.toml
	cp /etc/home/x/coco/policy.toml /etc/home/.config/coco/
	attack XDG_CONFIG_HOME=/etc/home/x $as_user $coco --stack s get
	expect_stopped "$mine"
	attack XDG_CONFIG_HOME=/etc/home/x XDG_CONFIG_DIRS=/etc/home/x \
	    COCO_POLICY=/etc/home/x/coco/policy.toml $as_user $coco get
	expect_stopped "$mine"
	mkdir -p /etc/home/.snowflake
	sed "s/^user.*/&\ncredential_helper = \"t\"/" \
	    "$HOME/.snowflake/connections.toml" \
	    >/etc/home/.snowflake/connections.toml
	chmod 600 /etc/home/.snowflake/connections.toml
	attack $as_user $coco -c dev token
	expect_status 5
	expect_stdout
	grep -Fqx "$says $mine" lib/stderr || fail "not denied by the policy"
	test ! -e /etc/home/ran || fail "the helper was run"
'

test_case 'T9: the policy cannot be the work of the user' '
	if test -z "$as_user"; then
		skip "needs a second uid"
		return
	fi
	echo "get required /etc/tools/helper" >$home/s
	put_policy "# allows all"
	chown 65534 $policy
	attack $as_user $coco --stack s get
	expect_status 5
	expect_stderr_match "$policy belongs to another user$only$"
	put_policy "# allows all"
	chown 65534 /etc/coco
	attack $as_user $coco --stack s get
	expect_status 5
	expect_stderr_match "/etc/coco belongs to another user$only$"
	test ! -e /etc/home/ran || fail "the helper was run"
'

test_case 'T9: one that the user may not read is not passed over' '
	if test -z "$as_user"; then
		skip "needs a second uid"
		return
	fi
	put_policy "# allows all"
	chmod 600 $policy
	attack $as_user $coco --stack s get
	expect_status 5
	expect_stderr_match "^coco-credential: $policy: Permission denied$"
	chmod 644 $policy
	chmod 700 /etc/coco
	attack $as_user $coco --stack s get
	expect_status 5
	expect_stderr_match "^coco-credential: $policy: Permission denied$"
	test ! -e /etc/home/ran || fail "the helper was run"
'

# --- /dev/shm that is no memory ----------------------------------------------

put_file "$HOME/.snowflake/token" <<END
canary-pat
END
put_file "$HOME/.snowflake/connections.toml" <<END
[pat]
account = "myorg-acct"
user = "ALICE"
authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
token_file_path = "$HOME/.snowflake/token"
END

on_disk() {
	mkdir -m 1777 shm || return 1
	test "$(stat -c %d shm)" = "$(stat -c %d /)" &&
		mount --bind shm /dev/shm
}

test_case 'exec on a disk: said, and denied where the policy forbids it' '
	if ! on_disk; then
		skip "cannot put a directory of / at /dev/shm"
		return 0
	fi
	rm -rf /etc/coco
	run coco-credential -c pat exec -- echo ran
	expect_status 0
	expect_stdout_match "^ran\$"
	expect_stderr_match "is on a disk"
	put_policy "store_strength = \"encrypted\""
	run coco-credential -c pat exec -- echo ran
	expect_status 5
	expect_stdout
	expect_stderr_match "is on a disk" "hint: the policy wants no secret there"
	expect_equal "$(ls /dev/shm/coco-"$(id -u)" | grep -c exec-)" 0 "left over"
	umount /dev/shm
'

test_done
