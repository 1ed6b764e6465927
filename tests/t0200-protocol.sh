# SPDX-License-Identifier: GPL-3.0-or-later
# t0200 - the wire format against those who bend it: bytes that it does not
# have, requests about nothing, ports, limits, and entries of connections.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2059,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"

put_file "$XDG_CONFIG_HOME/coco/stack.d/filestack" <<END
get    required  file
store  required  file
erase  required  file
END
put_file "$HOME/.snowflake/connections.toml" <<END
[dev]
account = "myorg-acct"
user = "ALICE"
authenticator = "OAUTH_AUTHORIZATION_CODE"
END
store=$XDG_DATA_HOME/coco/credentials
a='protocol=https\nhost=a.example\n'

# ask VERB REQUEST [OPTION...]: REQUEST is a printf format
ask() {
	ask_verb=$1
	printf "$2" >request
	shift 2
	run coco-credential --stack filestack "$@" "$ask_verb" <request
}

# fresh: a store with one entry, https://alice:secret1@a.example
fresh() {
	rm -f "$store"
	ask store "${a}username=alice\npassword=canary-secret1\n"
	expect_status 0
	expect_silence
}

expect_silence() {
	expect_stdout
	expect_stderr
}

# expect_nothing: not found, in silence
expect_nothing() {
	expect_status 3
	expect_silence
}

# expect_secret1: the answer is the one of fresh
expect_secret1() {
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	username=alice
	password=canary-secret1
	END
}

# expect_refused WHY
expect_refused() {
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	coco-credential: the request is refused: $1
	END
}

# refused VERB REQUEST WHY: and nothing in the store changes
refused() {
	cp "$store" before
	ask "$1" "$2"
	expect_refused "$3"
	cmp -s before "$store" || fail "the store has changed"
}

# value_of_size N: so many bytes x
value_of_size() {
	head -c "$1" /dev/zero | tr '\000' x
}

# --- questions about nothing -----------------------------------------------

test_case 'an empty get exits 0 with nothing' '
	fresh
	ask get ""
	expect_status 0
	expect_silence
	ask get "\n"
	expect_status 0
	expect_silence
'

test_case 'what follows a blank line is not read' '
	ask get "\n$a\n"
	expect_status 0
	expect_silence
	ask get "$a\nhost=b.example\n"
	expect_secret1
'

test_case 'get without protocol or without host finds nothing' '
	ask get "protocol=https\n"
	expect_nothing
	ask get "host=a.example\n"
	expect_nothing
	ask get "username=alice\n"
	expect_nothing
	ask get "protocol=\nhost=\n"
	expect_nothing
	ask get "protocol=https\nhost=\n"
	expect_nothing
'

test_case 'erase without host is refused' '
	for request in "" "\n" "protocol=https\n" "host=a.example\n" \
	    "username=alice\n" "password=canary-secret1\n"; do
		ask erase "$request"
		expect_status 5
		expect_stdout
		expect_stderr <<-\END
		coco-credential: nothing is to be erased without protocol and host
		END
	done
	ask get "$a"
	expect_secret1
'

test_case 'store without host is refused' '
	cp "$store" before
	ask store "protocol=https\nusername=u\npassword=canary-p\n"
	expect_status 5
	expect_stderr <<-\END
	coco-credential: nothing is to be stored without protocol and host
	END
	cmp -s before "$store" || fail "the store has changed"
'

test_case 'the helper alone is no softer' '
	run coco-credential-file get </dev/null
	expect_nothing
	printf "protocol=https\n" >request
	run coco-credential-file get <request
	expect_nothing
	run coco-credential-file erase <request
	expect_status 5
	expect_stdout
	expect_stderr <<-\END
	coco-credential-file: nothing is erased without protocol and host
	END
	ask get "$a"
	expect_secret1
'

# --- bytes -----------------------------------------------------------------

test_case 'NUL is refused wherever it is' '
	nul="a NUL byte in a line"
	refused get "protocol=https\nhost=a.example\000.evil\n" "$nul"
	refused get "protocol=https\nho\000st=a.example\n" "$nul"
	refused get "${a}x\000=1\n" "$nul"
	refused store "${a}username=alice\npassword=canary-p\000q\n" "$nul"
	refused erase "${a}password=\000\n" "$nul"
	printf "protocol=https\nhost=a.example\000\n" >request
	run coco-credential-file get <request
	expect_status 1
	expect_stdout
'

test_case 'CR inside a value is refused' '
	cr="a carriage return in a line"
	refused get "protocol=https\nhost=a.example\r.evil\n" "$cr"
	refused get "protocol=https\nhost=a.example\r\r\n" "$cr"
	refused store "${a}username=alice\npassword=canary-p\rq\n" "$cr"
	refused store "${a}username=al\rice\npassword=canary-p\n" "$cr"
	refused get "${a}any\rthing=1\n" "$cr"
	refused get "protocol=https\nhost=a.example\r" "$cr"
'

test_case 'CRLF ends a line as LF does' '
	ask get "protocol=https\r\nhost=a.example\r\n\r\nhost=b\r\n"
	expect_secret1
'

test_case 'a line without = is refused whole' '
	refused get "${a}nonsense\n" "a line without '\''='\''"
	refused get "${a}  \n" "a line without '\''='\''"
	refused store "${a}password=canary-p\nnonsense\n" "a line without '\''='\''"
	refused get "${a}=value\n" "a line without a key"
'

test_case 'the last line needs no LF' '
	ask get "protocol=https\nhost=a.example"
	expect_secret1
'

test_case 'an answer never has a control byte of ours or a CR' '
	rm -f "$store"
	ask store "${a}username=al\033[31mice\npassword= p=q \t\377\n"
	expect_status 0
	ask get "$a"
	expect_status 0
	printf "username=al\033[31mice\npassword= p=q \t\377\n" >want
	expect_stdout <want
'

# --- attributes ------------------------------------------------------------

test_case 'unknown keys are ignored, url= is one of them' '
	fresh
	ask get "frobnicate=1\n${a}x[]=y\n"
	expect_secret1
	ask get "url=https://a.example/\n"
	expect_status 0
	expect_silence
	ask get "protocol=https\nhost=b.example\nurl=https://a.example/\n"
	expect_nothing
	ask get "${a}url=https://b.example/\n"
	expect_secret1
'

test_case 'of a plain key the last one counts' '
	ask get "protocol=http\nhost=b.example\n$a"
	expect_secret1
	ask get "${a}host=b.example\n"
	expect_nothing
'

test_case 'nothing is folded, cut or matched in part' '
	for host in A.EXAMPLE a.exampl a.example. a.example.evil .a.example \
	    "a.example " "*" "%%"; do
		ask get "protocol=https\nhost=$host\n"
		expect_nothing
	done
	for protocol in HTTPS http httpss "https " ; do
		ask get "protocol=$protocol\nhost=a.example\n"
		expect_nothing
	done
	ask get "${a}username=Alice\n"
	expect_nothing
	ask get "${a}path=x\n"
	expect_nothing
'

test_case 'an empty key[] clears the list' '
	rm -f "$store"
	ask store "capability[]=authtype\n${a}authtype=Bearer\ncredential=c1\n"
	expect_status 0
	ask get "capability[]=authtype\n$a"
	expect_status 0
	expect_stdout <<-\END
	capability[]=authtype
	authtype=Bearer
	credential=c1
	END
	ask get "capability[]=authtype\ncapability[]=\n$a"
	expect_nothing
	ask get "capability[]=\ncapability[]=authtype\n$a"
	expect_status 0
	expect_stdout_match "^credential=c1$"
'

test_case 'a capability is echoed to who has it, nothing else comes back' '
	fresh
	ask get "capability[]=authtype\ncapability[]=state\n${a}state[]=x:1
wwwauth[]=Basic realm=x\nquit=0\n"
	expect_secret1
'

test_case 'booleans and numbers are what git takes for such' '
	bad="has a value that it cannot have"
	refused get "${a}quit=perhaps\n" "quit $bad"
	refused get "${a}ephemeral=2x\n" "ephemeral $bad"
	refused store "${a}password=canary-p\npassword_expiry_utc=soon\n" \
	    "password_expiry_utc $bad"
	refused store "${a}password=canary-p\npassword_expiry_utc=-1\n" \
	    "password_expiry_utc $bad"
	for never in 0 99999999999999999999999; do
		ask store "${a}username=alice\npassword=canary-secret1\n\
password_expiry_utc=$never\n"
		expect_status 0
		ask get "$a"
		expect_secret1
	done
'

# --- ports -----------------------------------------------------------------

test_case 'a port is part of the host' '
	rm -f "$store"
	ask store "protocol=https\nhost=a.example:8443\npassword=canary-p\n"
	expect_status 0
	ask get "$a"
	expect_nothing
	ask get "protocol=https\nhost=a.example:443\n"
	expect_nothing
	ask get "protocol=https\nhost=a.example:8443\n"
	expect_status 0
	expect_stdout_match "^password=canary-p$"
	ask erase "$a"
	expect_status 0
	ask get "protocol=https\nhost=a.example:8443\n"
	expect_status 0
'

test_case 'what is no port is refused' '
	for port in 99999 65536 0 -1 +1 x 8x "" " 80" 0x50 184467440737095616; do
		refused get "protocol=https\nhost=a.example:$port\n" \
		    "host has a value that it cannot have"
		refused store "protocol=https\nhost=a.example:$port\npassword=canary-p\n" \
		    "host has a value that it cannot have"
	done
	refused get "protocol=https\nhost=[::1]:99999\n" \
	    "host has a value that it cannot have"
'

test_case 'a port does not wrap around' '
	rm -f "$store"
	ask store "protocol=https\nhost=a.example:34463\npassword=canary-p\n"
	expect_status 0
	refused get "protocol=https\nhost=a.example:99999\n" \
	    "host has a value that it cannot have"
'

test_case 'IPv6 addresses, with and without port' '
	rm -f "$store"
	ask store "protocol=https\nhost=[::1]:8443\npassword=canary-p1\n"
	expect_status 0
	ask store "protocol=https\nhost=[::1]\npassword=canary-p2\n"
	expect_status 0
	ask get "protocol=https\nhost=[::1]:8443\n"
	expect_stdout_match "^password=canary-p1$"
	ask get "protocol=https\nhost=[::1]\n"
	expect_stdout_match "^password=canary-p2$"
'

# --- life ------------------------------------------------------------------

test_case 'of an expired entry the password is gone' '
	rm -f "$store"
	ask store "${a}username=alice\npassword=canary-old1\npassword_expiry_utc=1000000000\n"
	expect_status 0
	ask get "$a"
	expect_status 4
	expect_silence
	ask get "${a}username=bob\n"
	expect_nothing
'

test_case 'and its refresh token is left for the next helper of git' '
	rm -f "$store"
	ask store "${a}username=alice\npassword=canary-old1
password_expiry_utc=1000000000\noauth_refresh_token=canary-r1\n"
	expect_status 0
	ask get "$a"
	expect_status 4
	expect_stderr
	expect_stdout <<-\END
	username=alice
	oauth_refresh_token=canary-r1
	END
'

test_case 'a live entry does not hide behind an expired one' '
	ask store "${a}username=bob\npassword=canary-new1\npassword_expiry_utc=4000000000\n"
	expect_status 0
	ask store "${a}username=carol\npassword=canary-old2\npassword_expiry_utc=1000000000\n"
	expect_status 0
	ask get "$a"
	expect_status 0
	expect_stdout <<-\END
	username=bob
	password=canary-new1
	password_expiry_utc=4000000000
	END
'

test_case 'what is ephemeral is not stored' '
	for yes in 1 true yes on 17; do
		rm -rf "$XDG_DATA_HOME"
		ask store "${a}username=u\npassword=canary-p\nephemeral=$yes\n"
		expect_status 0
		expect_silence
		ask store "capability[]=authtype\n${a}authtype=Bearer
credential=c\nephemeral=$yes\n"
		expect_status 0
		expect_silence
		test ! -e "$XDG_DATA_HOME" || fail "something was stored"
	done
	ask store "${a}username=u\npassword=canary-p\nephemeral=0\n"
	ask get "$a"
	expect_status 0
	expect_stdout_match "^password=canary-p$"
'

# --- invocation ------------------------------------------------------------

test_case 'no verb is a usage error' '
	run coco-credential
	expect_status 2
	expect_stdout
	expect_stderr_match "^coco-credential: a verb is missing$" "^[Uu]sage: "
	run git-credential-coco --stack filestack
	expect_status 2
	run coco-credential-file
	expect_status 2
	expect_stdout
'

test_case 'an unknown verb is met with silence' '
	for verb in frob approve GET get2 ""; do
		ask "$verb" "$a"
		expect_status 0
		expect_silence
		run coco-credential-file "$verb" <request
		expect_status 0
		expect_silence
	done
'

test_case 'unknown options are a usage error' '
	fresh
	ask get "$a" --frob
	expect_status 2
	expect_stdout
	ask get "$a" --stack ../filestack
	expect_status 2
	expect_stdout
	ask get "$a" --format xml
	expect_status 2
	expect_stdout
'

test_case 'a role that is none is a usage error' '
	newline="A
B"
	for role in "" "$newline" "$(printf "A\033B")" "$(printf "A\177")"; do
		run coco-credential --role "$role" get <request
		expect_status 2
		expect_stdout
		case $role in
		"") want="is empty; leave it out for the connection.s role" ;;
		*) want="must not hold control characters" ;;
		esac
		expect_stderr_match "^coco-credential: --role $want$" \
			"^usage: "
		expect_no_match "A.*B"
	done
	# any other is one
	run coco-credential --role "Überrolle \"x\"" get </dev/null
	expect_status 0
	expect_stderr
'

test_case 'the name git-credential-coco is the same program' '
	printf "$a" >request
	run git-credential-coco --stack filestack get <request
	expect_secret1
'

test_case 'capability' '
	run coco-credential capability
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	version 0
	capability authtype
	capability state
	END
'

test_case 'answers after the blank line though stdin stays open' '
	rm -f fifo
	mkfifo fifo
	timeout 60 coco-credential --stack filestack get <fifo \
	    >lib/stdout 2>lib/stderr &
	exec 3>fifo
	printf "$a\n" >&3
	status=0
	wait $! || status=$?
	exec 3>&-
	expect_secret1
'

test_case 'a caller that does not listen does no harm' '
	{ coco-credential --stack filestack get <request 2>err; echo $? >rc; } |
		:
	test "$(cat rc)" -le 1 || fail "status $(cat rc)"
	ask get "$a"
	expect_secret1
'

# --- limits ----------------------------------------------------------------

test_case 'a line of 65,535 bytes with its LF passes' '
	rm -f "$store"
	{
		printf "${a}username=u\npassword="
		value_of_size 65525
		echo
	} >request
	run coco-credential --stack filestack store <request
	expect_status 0
	expect_silence
	ask get "$a"
	expect_status 0
	expect_equal "$(wc -c <lib/stdout | tr -d " ")" 65546 "bytes"
	{
		printf "${a}other="
		value_of_size 65528
		echo
	} >request
	run coco-credential --stack filestack get <request
	expect_status 0
'

test_case 'one of 65,536 is refused' '
	cp "$store" before
	{
		printf "${a}username=u\npassword="
		value_of_size 65526
		echo
	} >request
	run coco-credential --stack filestack store <request
	expect_refused "a line over 65535 bytes"
	run coco-credential-file store <request
	expect_status 1
	{
		printf "${a}other="
		value_of_size 65529
		echo
	} >request
	run coco-credential --stack filestack get <request
	expect_refused "a line over 65535 bytes"
	cmp -s before "$store" || fail "the store has changed"
'

test_case 'one without an end too' '
	{
		printf "${a}other="
		value_of_size 2097152
	} >request
	run coco-credential --stack filestack get <request
	expect_status 1
	expect_stdout
	expect_stderr_match "the request is refused: a .* over "
'

test_case 'a message over 1 MiB is refused' '
	value_of_size 65000 >long
	{
		printf "$a"
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
			printf "x%s=" "$i"
			cat long
			echo
		done
	} >request
	run coco-credential --stack filestack get <request
	expect_refused "a message over 1 MiB"
'

test_case 'more values of a list than anybody has are refused' '
	{
		printf "$a"
		i=0
		while test $i -lt 1000; do
			echo "wwwauth[]=Basic"
			i=$((i + 1))
		done
	} >request
	run coco-credential --stack filestack get <request
	expect_status 1
	expect_stdout
	expect_stderr_match "refused: more than [0-9]* values of wwwauth\[\]$"
'

# --- connections -----------------------------------------------------------

host=myorg-acct.snowflakecomputing.com
entry="protocol=https\nhost=$host\n"

test_case 'an entry of a connection is found by who names it' '
	rm -f "$store"
	ask store "password=canary\noauth_refresh_token=canary-r\n" -c dev
	expect_status 0
	expect_silence
	ask get "" -c dev
	expect_status 0
	expect_stdout <<-\END
	username=ALICE
	password=canary
	authenticator=OAUTH_AUTHORIZATION_CODE
	END
	ask get "connection=dev\n"
	expect_status 0
	expect_stdout_match "^password=canary$"
	expect_no_match r$
'

test_case 'and by nobody else' '
	ask get "$entry"
	expect_nothing
	ask get "${entry}username=ALICE\n"
	expect_nothing
	ask get "${entry}username=ALICE\nconnection=\n"
	test "$status" -ne 0 || fail "found"
	expect_no_match canary
	ask get "${entry}username=ALICE\nconnection=DEV\n"
	test "$status" -ne 0 || fail "found"
	expect_no_match canary
	ask get "${entry}connection=dev\nrole=OTHER\n"
	expect_nothing
	ask get "connection=dev\n" -c other
	expect_nothing
	ask get "$entry" --role R
	expect_nothing
'

test_case 'the default connection is no answer to git' '
	SNOWFLAKE_DEFAULT_CONNECTION_NAME=dev COCO_CONNECTION=dev
	export SNOWFLAKE_DEFAULT_CONNECTION_NAME COCO_CONNECTION
	ask get "$entry"
	expect_nothing
	ask get "protocol=https\nhost=github.com\n"
	expect_nothing
	ask get ""
	expect_status 0
	expect_silence
	ask erase ""
	expect_status 5
	ask store "password=canary-evil\n"
	expect_status 5
	unset SNOWFLAKE_DEFAULT_CONNECTION_NAME COCO_CONNECTION
'

test_case '-c with another host on stdin finds nothing' '
	ask get "protocol=https\nhost=github.com\n" -c dev
	expect_nothing
	ask get "protocol=http\nhost=$host\n" -c dev
	expect_nothing
	ask get "protocol=https\nhost=$host:8443\n" -c dev
	expect_nothing
	ask get "username=MALLORY\n" -c dev
	expect_nothing
	ask get "protocol=https\nhost=github.com\nconnection=dev\n"
	expect_nothing
	ask get "$entry" -c dev
	expect_status 0
	expect_stdout_match "^password=canary$"
'

test_case 'erase by host alone leaves it' '
	ask erase "$entry"
	expect_status 0
	ask erase "${entry}username=ALICE\npassword=canary\n"
	expect_status 0
	ask get "" -c dev
	expect_status 0
	expect_stdout_match "^password=canary$"
'

test_case 'erase of an equal token marks it expired, of another not' '
	ask erase "password=canary-other\n" -c dev
	expect_status 0
	ask get "" -c dev
	expect_status 0
	ask erase "password=canary\n" -c dev
	expect_status 0
	ask get "" -c dev
	expect_status 4
	expect_silence
	grep -q "^oauth_refresh_token=canary-r$" "$store" || fail "no refresh token"
'

test_case 'a git entry is not found by a connection' '
	rm -f "$store"
	ask store "${entry}username=ALICE\npassword=canary-gits\n"
	expect_status 0
	ask get "" -c dev
	expect_nothing
'

test_done
