# SPDX-License-Identifier: GPL-3.0-or-later
# t0240 - T9: rules and helpers are taken only from where nobody else can
# write, nothing from connections.toml is run, and foreign helpers see and say
# no more than git's own helpers do.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2059,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets more entry 'tools/*' answer

stacks=$XDG_CONFIG_HOME/coco/stack.d
store=$XDG_DATA_HOME/coco/credentials
mkdir -p "$stacks" tools

put_file request <<END
protocol=https
host=a.example

END

# A helper that tells that it ran, keeps its request, and answers.
put_file tools/helper 700 <<END
#!/bin/sh
echo "\$*" >>'$trash/ran'
cat >'$trash/seen'
echo password=canary-x
END

# put_stack LINE...: the stack s
put_stack() {
	rm -f "$stacks/s"
	for put_line in "$@"; do
		printf '%s\n' "$put_line"
	done >"$stacks/s"
}

# walk [VERB] [OPTION...]
walk() {
	walk_verb=${1:-get}
	test $# -eq 0 || shift
	rm -f ran seen
	run coco-credential --stack s "$@" "$walk_verb" <request
}

# expect_refused STATUS PATH [WHY]: the path is named, and nothing was run
expect_refused() {
	expect_status "$1"
	expect_stdout
	grep -Fq "$2 ${3-}" lib/stderr || fail "$2 ${3-} is not named"
	test ! -e ran || fail 'a helper was run'
}

# needs_root: inside a case, as `needs_root || return 0'
needs_root() {
	test "$(id -u)" -eq 0 && return 0
	skip 'only root can give files away'
	return 1
}

open='is writable by group or others'
foreign='belongs to another user'

# --- stack files -----------------------------------------------------------

test_case 'a stack file of mine is used' '
	put_stack "get required $trash/tools/helper"
	walk
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	password=canary-x
	END
	expect_file ran <<-\END
	get
	END
'

test_case 'a stack file that others can write is not' '
	for mode in 666 620 602; do
		chmod $mode "$stacks/s"
		walk
		expect_refused 5 "$stacks/s" "$open"
	done
	chmod 644 "$stacks/s"
	walk
	expect_status 0
'

test_case 'nor one in a directory that others can write' '
	for dir in "$stacks" "$XDG_CONFIG_HOME/coco" "$XDG_CONFIG_HOME"; do
		for mode in 777 720 1777; do
			chmod $mode "$dir"
			test $mode = 1777 && test "$(id -u)" -eq 0 && continue
			walk
			expect_refused 5 "$dir" "$open"
		done
		chmod 700 "$dir"
	done
	walk
	expect_status 0
'

test_case 'nor one that is included' '
	put_stack "get include t"
	printf "get required %s\n" "$trash/tools/helper" >"$stacks/t"
	walk
	expect_status 0
	chmod 666 "$stacks/t"
	walk
	expect_refused 5 "$stacks/t" "$open"
	rm "$stacks/t"
'

test_case 'nor one behind a link that leads to where others can write' '
	mkdir -p tmp
	chmod 777 tmp
	printf "get required %s\n" "$trash/tools/helper" >tmp/s
	ln -sf "$trash/tmp/s" "$stacks/s"
	walk
	expect_refused 5 "$trash/tmp" "$open"
	rm "$stacks/s"
'

test_case 'nor one that belongs to another' '
	needs_root || return 0
	put_stack "get required $trash/tools/helper"
	chown 65534 "$stacks/s"
	walk
	expect_refused 5 "$stacks/s" "$foreign"
	chown 0 "$stacks/s"
	chown 65534 "$stacks"
	walk
	expect_refused 5 "$stacks" "$foreign"
	chown 0 "$stacks"
	walk
	expect_status 0
'

test_case 'the built-in stack does not stand in for a bad file' '
	put_stack "get required $trash/tools/helper"
	mv "$stacks/s" "$stacks/other"
	chmod 666 "$stacks/other"
	rm -f ran
	run coco-credential get <request
	expect_refused 5 "$stacks/other" "$open"
	rm "$stacks/other"
'

test_case 'check of a stack alone needs no connection' '
	mv "$HOME/.snowflake" away 2>lib/null || mkdir away
	run coco-credential --stack other check
	expect_status 0
	expect_stdout <<-\END
	stack:            other
	from:             built-in other
	  -get   [success=done error=die default=ignore] libsecret
	  get    required   file
	  -store sufficient libsecret
	  store  required   file
	  -erase [success=ok error=bad default=ignore] libsecret
	  erase  [success=ok not_found=ignore unsupported=ignore default=bad] file
	END
	expect_no_match "^connection:"
	expect_stderr
	run coco-credential --stack nix check
	expect_status 1
	expect_stderr_match "there is no stack \"nix\": \"other\" is used"
	mv away "$HOME/.snowflake"
'

test_case 'check tells it' '
	put_file "$HOME/.snowflake/connections.toml" <<-\END
	[dev]
	account = "myorg-acct"
	user = "ALICE"
	END
	put_stack "get required $trash/tools/helper"
	chmod 666 "$stacks/s"
	rm -f ran
	run coco-credential -c dev --stack s check
	test "$status" -ne 0 || fail "check is content"
	expect_stderr_match "^coco-credential: $stacks/s $open"
	chmod 600 "$stacks/s"
	chmod 722 tools/helper
	run coco-credential -c dev --stack s check
	test "$status" -ne 0 || fail "check is content"
	expect_stderr_match "$trash/tools/helper $open"
	chmod 700 tools/helper
	run coco-credential -c dev --stack s check
	expect_status 0
	expect_stderr
	test ! -e ran || fail "check ran a helper"
'

test_case 'a syntax error refuses the file whole' '
	for bad in "get frobnicate $trash/tools/helper" "get required" "get" \
	    "fetch required file" "get [success=frob] file" \
	    "get [success=9] file" "get [success=ok file" \
	    "get required ../x" "get required a/b" "get include nowhere" \
	    "get include ../s" "get required x.y" "get [frob=ok] file"; do
		put_stack "# first" "get required $trash/tools/helper" "$bad"
		walk
		expect_status 1
		expect_stdout
		grep -Eq "^coco-credential: $stacks/s:[23]:[0-9]+: ." \
		    lib/stderr || fail "$bad: no place"
		test ! -e ran || fail "$bad: a helper was run"
	done
	put_stack "get required $trash/tools/helper" "  get  frob  file"
	walk
	expect_status 1
	expect_stderr <<-END
	coco-credential: $stacks/s:2:8: "frob" is no control
	coco-credential: hint: coco-stack(5) tells the form of stack files
	END
'

test_case 'also for the other verbs, and in what is included' '
	put_stack "get required $trash/tools/helper" "erase frob file"
	for verb in get store erase; do
		walk $verb
		expect_status 1
		expect_stderr_match "^coco-credential: $stacks/s:2:7: "
		test ! -e ran || fail "a helper was run"
	done
	put_stack "get required $trash/tools/helper" "get include t"
	echo "get frob file" >"$stacks/t"
	walk
	expect_status 1
	expect_stderr_match "^coco-credential: $stacks/t:1:5: "
	test ! -e ran || fail "a helper was run"
	rm "$stacks/t"
'

test_case 'a stack has a name, not a path' '
	for name in ../s ./s "$stacks/s" "!id" "a b" ""; do
		run coco-credential --stack "$name" get <request
		expect_status 2
		expect_stdout
	done
'

# --- helpers ---------------------------------------------------------------

test_case 'a helper that others can write is not run' '
	put_stack "get required $trash/tools/helper"
	for mode in 777 720 702; do
		chmod $mode tools/helper
		walk
		expect_refused 5 "$trash/tools/helper" "$open"
	done
	chmod 755 tools/helper
	walk
	expect_status 0
	chmod 700 tools/helper
'

test_case 'nor one in a directory that others can write' '
	chmod 777 tools
	walk
	expect_refused 5 "$trash/tools" "$open"
	chmod 700 tools
'

test_case 'nor one of another user' '
	needs_root || return 0
	chown 65534 tools/helper
	walk
	expect_refused 5 "$trash/tools/helper" "$foreign"
	chown 0 tools/helper
	chown 65534 tools
	walk
	expect_refused 5 "$trash/tools" "$foreign"
	chown 0 tools
	walk
	expect_status 0
'

test_case 'nor a link to such' '
	mkdir -p links
	ln -sf "$trash/tools/helper" links/helper
	put_stack "get required $trash/links/helper"
	walk
	expect_status 0
	chmod 777 tools/helper
	walk
	expect_refused 5 "$trash/tools/helper" "$open"
	chmod 700 tools/helper
	chmod 777 tools
	walk
	expect_refused 5 "$trash/tools" "$open"
	chmod 700 tools
'

test_case 'nor a link that others could turn elsewhere' '
	chmod 777 links
	walk
	expect_refused 5 "$trash/links" "$open"
	chmod 700 links
	ln -sfn "$trash/tmp" dir
	ln -sf "$trash/tools/helper" tmp/helper
	put_stack "get required $trash/dir/helper"
	walk
	expect_refused 5 "$trash/tmp" "$open"
'

test_case 'nor one behind a loop of links' '
	ln -sf loop loop
	put_stack "get required $trash/loop"
	walk
	expect_status 1
	expect_stdout
	expect_stderr_match "$trash/loop"
'

test_case 'the refusal of one helper is not hidden by "-"' '
	chmod 777 tools/helper
	put_stack "-get required $trash/tools/helper"
	walk
	expect_refused 5 "$trash/tools/helper" "$open"
	chmod 700 tools/helper
'

test_case 'a missing helper is told, unless "-" is there' '
	put_stack "get required $trash/nowhere"
	walk
	expect_status 1
	expect_stderr_match "there is no $trash/nowhere \($stacks/s:1\)$"
	put_stack "-get optional $trash/nowhere" \
	    "get required $trash/tools/helper"
	walk
	expect_status 0
	expect_stderr
'

test_case 'with "-" its result is unavailable, else error' '
	put_stack "-get [unavailable=ignore default=die] $trash/nowhere" \
	    "get required $trash/tools/helper"
	walk
	expect_status 0
	expect_stderr
	put_stack "get [unavailable=ignore default=die] nowhere" \
	    "get required $trash/tools/helper"
	walk
	expect_status 1
	test ! -e ran || fail "it went on"
	put_stack "-get required nowhere"
	walk
	expect_status 75
	expect_stdout
	expect_stderr
'

test_case 'a bare name is looked for in our directory only' '
	cp tools/helper tools/coco-credential-evil
	cp tools/helper tools/git-credential-evil
	put_stack "get required evil"
	PATH=$trash/tools:$PATH
	walk
	PATH=${PATH#*:}
	expect_status 1
	expect_stdout
	test ! -e ran || fail "it was run from PATH"
'

test_case '!cmd in a stack file is what it is for git' '
	put_stack "get required !f() { $trash/tools/helper one \"\$@\"; }; f"
	walk
	expect_status 0
	expect_stdout <<-\END
	password=canary-x
	END
	expect_file ran <<-\END
	one get
	END
'

test_case 'our own store is refused when others can use it' '
	put_stack "get required file" "store required file"
	printf "protocol=https\nhost=a.example\npassword=canary-p\n" >entry
	run coco-credential --stack s store <entry
	expect_status 0
	chmod 640 "$store"
	walk
	expect_refused 5 "coco-credential-file: $store:" "can be used by others"
	run coco-credential --stack s store <entry
	expect_status 5
	chmod 600 "$store"
	mv "$store" "$store.real"
	ln -s "$store.real" "$store"
	walk
	test "$status" -ne 0 || fail "a link is read"
	expect_stdout
	mv "$store.real" "$store"
	chmod 755 "$XDG_DATA_HOME/coco"
	run coco-credential --stack s store <entry
	expect_status 5
	expect_stderr_match "chmod 700 $XDG_DATA_HOME/coco"
	chmod 700 "$XDG_DATA_HOME/coco"
	walk
	expect_status 0
	rm "$store"
'

# --- connections.toml ------------------------------------------------------

test_case 'nothing in connections.toml is run' '
	put_stack "get required $trash/tools/helper"
	for value in "!touch $trash/ran" "$trash/tools/helper" "./s" "../s" \
	    "s s" "s;touch $trash/ran" "\$(touch $trash/ran)" "~/x"; do
		put_file "$HOME/.snowflake/connections.toml" <<-END
		[dev]
		account = "myorg-acct"
		user = "ALICE"
		credential_helper = "$value"
		END
		for verb in get token login logout status check; do
			rm -f ran
			run coco-credential -c dev $verb
			expect_status 1
			expect_no_match password=
			expect_stderr_match "dev.*credential_helper is no stack name"
			test ! -e ran || fail "$verb ran $value"
		done
	done
'

test_case 'a stack by its name is, and coco means the default' '
	for value in s coco coco-credential; do
		put_file "$HOME/.snowflake/connections.toml" <<-END
		[dev]
		account = "myorg-acct"
		user = "ALICE"
		password = "canary-pw"
		credential_helper = "$value"
		END
		run coco-credential -c dev token
		expect_status 0
		expect_stderr
		case $value in
		s) want=canary-x ;;
		*) want=canary-pw ;;
		esac
		expect_equal "$(stdout)" "$want" "$value"
	done
'

test_case 'connections.toml that others can write is not used' '
	for mode in 666 620; do
		chmod $mode "$HOME/.snowflake/connections.toml"
		rm -f ran
		run coco-credential -c dev token
		expect_refused 5 "$HOME/.snowflake/connections.toml" "$open"
	done
	chmod 600 "$HOME/.snowflake/connections.toml"
	chmod 777 "$HOME/.snowflake"
	run coco-credential -c dev token
	expect_refused 5 "$HOME/.snowflake" "$open"
	chmod 700 "$HOME/.snowflake"
	run coco-credential -c dev token
	expect_status 0
'

# --- what foreign helpers see and say --------------------------------------

test_case 'a foreign helper sees what git would send, no more' '
	put_file "$HOME/.snowflake/connections.toml" <<-\END
	[dev]
	account = "myorg-acct"
	user = "ALICE"
	role = "ANALYST"
	END
	put_stack "get sufficient file" "get required $trash/tools/helper" \
	    "store required file"
	cat >entry <<-\END
	protocol=https
	host=myorg-acct.snowflakecomputing.com
	username=ALICE
	connection=dev
	role=ANALYST
	authenticator=OAUTH
	token_type=OAUTH
	issued_utc=1000000000
	password_expiry_utc=1000000600
	password=canary-old
	oauth_refresh_token=canary-refresh
	state[]=coco:token_origin=https://myorg-acct.snowflakecomputing.com
	state[]=coco:client_id=LOCAL_APPLICATION
	END
	run coco-credential-file store <entry
	expect_status 0
	cat >request <<-\END
	capability[]=authtype
	capability[]=state
	state[]=other:1
	state[]=coco:client_id=EVIL
	wwwauth[]=Bearer
	END
	walk get -c dev
	expect_status 0
	grep -Ev "^(capability|wwwauth|state)\[\]=|^(protocol|host|username)=|^$" \
	    seen >more
	expect_file more <<-\END
	oauth_refresh_token=canary-refresh
	END
	grep -q "coco:" seen && fail "it sees our states"
	grep -q "^host=myorg-acct.snowflakecomputing.com$" seen ||
		fail "no host"
	expect_no_match refresh coco: issued_utc
'

test_case 'so with store and erase' '
	put_stack "store required $trash/tools/helper" \
	    "erase required $trash/tools/helper"
	printf "password=canary-new\nissued_utc=5\nauthenticator=A\ntoken_type=T\n" \
	    >request
	printf "state[]=coco:x=1\n" >>request
	for verb in store erase; do
		walk $verb -c dev
		expect_status 0
		expect_stdout
		expect_file seen <<-\END
		protocol=https
		host=myorg-acct.snowflakecomputing.com
		username=ALICE
		password=canary-new

		END
		expect_file ran <<-END
		$verb
		END
	done
'

test_case 'logout is erase for it, and status never reaches it' '
	walk logout -c dev
	expect_status 0
	expect_file ran <<-\END
	erase
	END
	put_stack "get required $trash/tools/helper"
	walk status -c dev
	expect_status 0
	test ! -e ran || fail "it was asked for its status"
	walk login -c dev
	test "$status" -ne 0 || fail "it was to log in"
	test ! -e ran || fail "it was run"
'

test_case 'a foreign helper sets no address and no word of ours' '
	put_file request <<-\END
	capability[]=authtype
	capability[]=state
	protocol=https
	host=a.example
	END
	put_file tools/liar 700 <<-\END
	#!/bin/sh
	cat >/dev/null
	cat <<-\EOT
	capability[]=authtype
	capability[]=state
	protocol=http
	host=evil.example
	url=https://evil.example/
	connection=dev
	role=ACCOUNTADMIN
	authenticator=OAUTH
	token_type=OAUTH
	issued_utc=1
	username=u
	password=canary-p
	state[]=coco:token_origin=https://evil.example
	state[]=coco:home=evil
	state[]=mine:1
	EOT
	END
	put_stack "get required $trash/tools/liar"
	walk
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	capability[]=state
	username=u
	password=canary-p
	state[]=mine:1
	END
'

test_case 'nor for the helpers behind it' '
	put_stack "get required $trash/tools/liar" \
	    "get required $trash/tools/helper"
	walk
	expect_status 0
	grep -q "^host=a.example$" seen || fail "another host"
	grep -q "^protocol=https$" seen || fail "another protocol"
	grep -Eq "evil|connection|role|coco:" seen && fail "it got through"
	:
'

test_case 'nor in what is stored back' '
	rm -f "$store"
	sed -e "s/^password=canary-p$/&\\
password_expiry_utc=9999999999/" tools/liar >tools/liar2
	chmod 700 tools/liar2
	put_stack "get sufficient file" "get required $trash/tools/liar2" \
	    "store required file"
	walk
	expect_status 0
	expect_stderr
	grep -q "^host=a.example$" "$store" || fail "nothing stored"
	grep -Eq "evil|connection|role|coco:|issued" "$store" &&
		fail "it got through"
	:
'

test_case 'nonsense from a helper is no answer' '
	for text in "password=canary-p\nnonsense\n" "password=canary-p\000q\n" \
	    "password=canary-p\rq\n" "quit=perhaps\npassword=canary-p\n" \
	    "password=canary-p\npassword_expiry_utc=x\n"; do
		printf "$text" >answer
		put_file tools/mad 700 <<-END
		#!/bin/sh
		cat "$trash/answer"
		END
		put_stack "get required $trash/tools/mad"
		walk
		expect_status 1
		expect_stdout
		expect_stderr_match "helper $trash/tools/mad answered nonsense"
	done
'

test_case 'nor is more than anybody has to say' '
	put_file tools/mad 700 <<-END
	#!/bin/sh
	head -c 3000000 /dev/zero | tr "\\000" "\\n"
	END
	walk
	expect_status 1
	expect_stdout
	expect_stderr_match "answered more than 1 MiB$"
'

test_case 'nor is the answer of one that fails or is killed' '
	for end in "exit 1" "exit 99" "kill -9 \$\$"; do
		put_file tools/mad 700 <<-END
		#!/bin/sh
		echo password=canary-p
		$end
		END
		walk
		expect_status 1
		expect_stdout
	done
	expect_stderr_match "helper $trash/tools/mad was killed by signal 9$"
'

test_case 'a helper that does not end is ended' '
	put_file tools/mad 700 <<-\END
	#!/bin/sh
	exec sleep 600
	END
	walk get --timeout 1
	expect_status 75
	expect_stdout
	expect_stderr_match "helper $trash/tools/mad did not answer in time$"
'

test_done
