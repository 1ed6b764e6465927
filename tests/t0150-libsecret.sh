# SPDX-License-Identifier: GPL-3.0-or-later
# t0150 - the keyring as a store: what an item is, that entries never mix, that
# what others planted is refused, and that a keyring which is locked, dead or
# silent costs a bounded time and no question.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/keyring.sh
# shellcheck disable=SC2016,SC2034,SC2059,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets want got was found
. "$srcdir/tests/keyring.sh"
require python3 timeout
start_keyring

libsecret=coco-credential-libsecret
schema='xdg:schema org.coco.Credential'
a='protocol=https\nhost=a.example\n'
dev='protocol=https\nhost=acme.example\nconnection=dev\nusername=ALICE\n'

# ask VERB REQUEST [OPTION...]: REQUEST is a printf format
ask() {
	printf "$2" >request
	ask_verb=$1
	shift 2
	run timeout 120 "$libsecret" timeout=60 "$@" "$ask_verb" <request
}

stores() {
	ask store "$1"
	expect_status 0
	expect_stdout
	expect_stderr
}

# gives REQUEST ANSWER
gives() {
	ask get "$1"
	expect_status 0
	expect_stderr
	printf "$2" >want
	expect_stdout <want
}

gives_nothing() {
	ask get "$1"
	expect_status 3
	expect_stdout
	expect_stderr
}

forget_all() {
	# shellcheck disable=SC2086 # two words
	secret-tool clear $schema || :
}

# items [ATTRIBUTE VALUE...]: how many there are
items() {
	# shellcheck disable=SC2086
	secret-tool search --all $schema "$@" 2>/dev/null | grep -c '^\['
}

# item ATTRIBUTE VALUE...: one of them, as secret-tool prints it, but without
# its times and its number, and the attributes in order
item() {
	# shellcheck disable=SC2086
	secret-tool search --all $schema "$@" >found 2>found.attributes
	sed -e '/^\[/d' -e '/^created = /d' -e '/^modified = /d' found
	sort found.attributes
}

# plant TEXT ATTRIBUTE VALUE...: an item that others made
plant() {
	printf "$1" >planted
	shift
	# shellcheck disable=SC2086
	secret-tool store --label=planted $schema "$@" <planted
}

# --- one entry -------------------------------------------------------------

test_case 'nothing is found in silence' '
	gives_nothing "$a"
	ask get ""
	expect_status 3
	ask erase "$a"
	expect_status 0
	expect_stderr
	ask logout "$a"
	expect_status 3
	expect_stderr
'

test_case 'what is stored is found' '
	stores "${a}username=u\npassword=canary-p\n"
	gives "$a" "username=u\npassword=canary-p\n"
	gives "${a}username=u\n" "username=u\npassword=canary-p\n"
	gives_nothing "${a}username=v\n"
	gives_nothing "protocol=http\nhost=a.example\n"
'

test_case 'an item has attributes to search by and a label to read' '
	at_time 1764000000 $libsecret timeout=60 store <<-\END
	protocol=https
	host=acme.example:444
	path=x
	username=ALICE
	connection=dev
	role=R1
	password=canary-p1
	issued_utc=1764000000
	password_expiry_utc=1764000600
	oauth_refresh_token=canary-r1
	state[]=coco:token_origin=https://acme.example

	END
	item connection dev >got
	expect_file got <<-\END
	label = coco: ALICE at acme.example:444/x (connection dev) (role R1)
	secret = stored=1764000000000
	protocol=https
	host=acme.example:444
	path=x
	username=ALICE
	password=canary-p1
	password_expiry_utc=1764000600
	oauth_refresh_token=canary-r1
	connection=dev
	role=R1
	issued_utc=1764000000
	state[]=coco:token_origin=https://acme.example

	schema = org.coco.Credential
	attribute.connection = dev
	attribute.host = acme.example:444
	attribute.path = x
	attribute.protocol = https
	attribute.role = R1
	attribute.username = ALICE
	END
'

test_case 'a user that is empty is none that is absent' '
	forget_all
	stores "${a}password=canary-absent\n"
	stores "${a}username=\npassword=canary-empty\n"
	item host a.example username "" | grep attribute.username >got
	expect_equal "$(cat got)" "attribute.username = "
	expect_equal "$(items host a.example)" 2
	gives "${a}username=\n" "username=\npassword=canary-empty\n"
	ask erase "${a}username=\n"
	gives "$a" "password=canary-absent\n"
	gives_nothing "${a}username=\n"
'

test_case 'bytes that D-Bus has no string for' '
	forget_all
	stores "${a}username=\376\303\244\npassword=\377\001\n"
	gives "$a" "username=\376\303\244\npassword=\377\001\n"
	stores "${a}username=\376\303\244\npassword=canary-q\n"
	expect_equal "$(items)" 1
	item >got
	grep -Fqx "attribute.username = \\xfe?" got || fail "$(cat got)"
'

test_case 'a credential of 60000 bytes' '
	forget_all
	long=$(head -c 60000 /dev/zero | tr "\000" x)
	stores "${a}username=u\npassword=$long\n"
	gives "$a" "username=u\npassword=$long\n"
'

test_case 'a connection: refresh token, expiry, role and states are kept' '
	forget_all
	expiry="password_expiry_utc=4000000600\n"
	token="oauth_refresh_token=canary-r1\n"
	more="authenticator=OAUTH_AUTHORIZATION_CODE\nissued_utc=1700000000\n"
	states="state[]=coco:token_origin=https://acme.example\n"
	states="${states}state[]=coco:client_id=LOCAL_APPLICATION\n"
	stores "${dev}password=canary-t1\n$expiry$token$more$states"
	gives "$dev" "capability[]=state\nusername=ALICE\npassword=canary-t1\n\
$expiry$token$more$states"
'

test_case 'expired: what a refresh needs, without the token' '
	printf "$dev" >request
	run at_time 4000000601 $libsecret timeout=60 get <request
	expect_status 4
	expect_stderr
	expect_stdout_match "^oauth_refresh_token=canary-r1$" \
		"^state..=coco:client_id=LOCAL_APPLICATION$"
	expect_no_match "^password"
'

test_case 'list and status show no secret' '
	ask list ""
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	kind=store
	location=default keyring of the Secret Service
	encrypted=yes
	result=success

	result=success
	secret=yes
	refresh_token=yes
	protocol=https
	host=acme.example
	username=ALICE
	connection=dev
	authenticator=OAUTH_AUTHORIZATION_CODE
	password_expiry_utc=4000000600
	issued_utc=1700000000
	END
	ask status "$dev"
	expect_status 0
	expect_stdout_match "^result=success$" "^refresh_token=yes$" \
		"^password_expiry_utc=4000000600$"
	expect_no_match t1 r1
'

test_case 'erase marks the entry of a connection, logout removes it' '
	ask erase "${dev}password=canary-t1\n"
	expect_status 0
	ask get "$dev"
	expect_status 4
	expect_stdout_match "^oauth_refresh_token=canary-r1$"
	expect_equal "$(items)" 1
	ask logout "$dev"
	expect_status 0
	expect_stderr
	gives_nothing "$dev"
	expect_equal "$(items)" 0
'

test_case 'an unchanged entry of a connection is written all the same' '
	stores "${dev}password=canary-t1\noauth_refresh_token=canary-r1\n"
	before=$(stat -c "%i %y" "$XDG_DATA_HOME/keyrings/login.keyring")
	item >was
	ask get "$dev"
	expect_equal "$(stat -c "%i %y" \
	    "$XDG_DATA_HOME/keyrings/login.keyring")" "$before"
	stores "${dev}password=canary-t1\noauth_refresh_token=canary-r1\n"
	stores "${dev}password=canary-t1\n"
	test "$(stat -c "%i %y" "$XDG_DATA_HOME/keyrings/login.keyring")" != \
		"$before" || fail "nothing was written"
	expect_equal "$(items)" 1
	gives "$dev" \
	    "username=ALICE\npassword=canary-t1\noauth_refresh_token=canary-r1\n"
'

test_case 'what is ephemeral is not kept' '
	forget_all
	stores "${a}username=u\npassword=canary-p\nephemeral=1\n"
	expect_equal "$(items)" 0
'

# --- several ---------------------------------------------------------------

test_case 'ports, users and roles of a host never mix' '
	forget_all
	stores "${a}username=u\npassword=canary-p1\n"
	stores "protocol=https\nhost=a.example:444\nusername=u\npassword=canary-p2\n"
	stores "${a}username=v\npassword=canary-p3\n"
	stores "${a}username=u\nconnection=dev\npassword=canary-p4\n"
	stores "${a}username=u\nconnection=dev\nrole=R1\npassword=canary-p5\n"
	stores "${a}username=u\nconnection=dev\nrole=R2\npassword=canary-p6\n"
	stores "${a}username=u\nconnection=prod\nrole=R1\npassword=canary-p7\n"
	expect_equal "$(items)" 7
	gives "${a}username=u\n" "username=u\npassword=canary-p1\n"
	gives "protocol=https\nhost=a.example:444\n" "username=u\npassword=canary-p2\n"
	gives "${a}username=v\n" "username=v\npassword=canary-p3\n"
	gives "${a}connection=dev\n" "username=u\npassword=canary-p4\n"
	gives "${a}connection=dev\nrole=R1\n" "username=u\npassword=canary-p5\n"
	gives "${a}connection=dev\nrole=R2\n" "username=u\npassword=canary-p6\n"
	gives "connection=prod\nrole=R1\n" "username=u\npassword=canary-p7\n"
	gives_nothing "${a}role=R1\n"
	gives_nothing "${a}connection=prod\n"
	ask logout "${a}username=u\nconnection=dev\nrole=R1\n"
	expect_equal "$(items)" 6
	gives "${a}connection=dev\nrole=R2\n" "username=u\npassword=canary-p6\n"
'

# A clock that stands still has no newest by time.
test_case 'the newest is given, also of those stored in one second' '
	forget_all
	for u in u1 u2 u3 u1; do
		printf "${a}username=$u\npassword=canary-p\n" |
			at_time 1764000000 $libsecret timeout=60 store
	done
	gives "$a" "username=u1\npassword=canary-p\n"
	printf "${a}username=u2\npassword=canary-p\n" |
		at_time 1763000000 $libsecret timeout=60 store
	gives "$a" "username=u2\npassword=canary-p\n"
	expect_equal "$(items)" 3
'

test_case 'twenty stores at once all arrive' '
	forget_all
	for i in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20
	do
		printf "${a}username=u$i\npassword=canary-p$i\n" |
			timeout 120 "$libsecret" timeout=100 store &
		pids="${pids-} $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "a store ended with $?"
	done
	expect_equal "$(items)" 20
	gives "${a}username=u01\n" "username=u01\npassword=canary-p01\n"
	gives "${a}username=u20\n" "username=u20\npassword=canary-p20\n"
'

test_case 'and of one key, stored at once, there is one item' '
	forget_all
	pids=
	for i in 01 02 03 04 05 06 07 08 09 10; do
		printf "${a}username=u\npassword=canary-p$i\n" |
			timeout 120 "$libsecret" timeout=100 store &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "a store ended with $?"
	done
	expect_equal "$(items)" 1
'

test_case 'of two items with one key the newer counts, the other goes' '
	forget_all
	text="protocol=https\nhost=a.example\nusername=u\n"
	plant "stored=5\n${text}password=canary-new\n" \
		protocol https host a.example username u by one
	plant "stored=4\n${text}password=canary-old\n" \
		protocol https host a.example username u by two
	expect_equal "$(items)" 2
	gives "$a" "username=u\npassword=canary-new\n"
	expect_equal "$(items)" 2 "after a get"
	ask list ""
	expect_equal "$(stdout | grep -c "^username=u$")" 1 "entries in a list"
	stores "${a}username=v\npassword=canary-p\n"
	expect_equal "$(items)" 2 "after a store"
	gives "${a}username=u\n" "username=u\npassword=canary-new\n"
'

# --- what others put there -------------------------------------------------

# refuses REASON: the item that was planted gives nothing, and survives
refuses() {
	ask get "$a"
	expect_status 3
	expect_stdout
	expect_stderr_match "^$libsecret: keyring item /[^ ]* is damaged.*: .*$1" \
		"hint: .*secret-tool search"
	stores_with_warning "${a}username=mine\npassword=canary-p\n"
	expect_equal "$(items by other)" 1
	ask get "$a"
	expect_status 0
	expect_stdout_match '^username=mine$'
	ask erase "$a"
	expect_status 0
	expect_equal "$(items)" 1
	expect_equal "$(items by other)" 1
	forget_all
}

stores_with_warning() {
	ask store "$1"
	expect_status 0
	expect_stdout
	expect_stderr_match 'is damaged and not used'
}

here='protocol https host a.example by other'
text='stored=1\nprotocol=https\nhost=a.example\n'
# shellcheck disable=SC2086
{
	forget_all
	test_case 'a secret that is no entry of ours' '
		plant "sesame" $here
		refuses stamp
	'
	test_case 'a stamp that is no number' '
		plant "stored=-1\nprotocol=https\nhost=a.example\npassword=canary-p\n" \
			$here
		refuses stamp
		plant "stored=99999999999999999999\n${text#*n}password=canary-p\n" $here
		refuses stamp
	'
	test_case 'NUL bytes' '
		plant "${text}password=canary-p\000q\n" $here
		refuses "NUL"
	'
	test_case 'carriage returns' '
		plant "${text}password=canary-p\r\n" $here
		refuses "carriage return"
	'
	test_case 'a second entry behind the first' '
		plant "${text}password=canary-p\n\nprotocol=https\nhost=b.example\n" \
			$here
		refuses "2 entries"
	'
	test_case 'the text of an entry of another host' '
		plant "stored=1\nprotocol=https\nhost=b.example\npassword=canary-p\n" \
			$here
		refuses "attributes"
	'
	test_case 'a user that only the text has' '
		plant "${text}username=u\npassword=canary-p\n" $here
		refuses "attributes"
	'
	test_case 'newlines in attributes' '
		plant "${text}password=canary-p\n" $here username "x
password=canary-evil"
		refuses "attributes"
	'
	test_case 'an entry that is not addressed, or empty' '
		plant "stored=1\npassword=canary-p\n" $here
		refuses "without protocol and host"
		plant "stored=1\n" $here
		refuses "0 entries"
	'
}

# --- a keyring that is locked ----------------------------------------------

# is_locked: what the last run said about a locked keyring
is_locked() {
	expect_status 75
	expect_stdout
	expect_stderr <<-END
	$libsecret: the keyring is locked
	$libsecret: hint: unlock it with: $builddir/$libsecret unlock
	END
}

test_case 'locked: unavailable at once, with what to do' '
	forget_all
	stores "${a}username=u\npassword=canary-p\n"
	stores "${dev}password=canary-t1\noauth_refresh_token=canary-r1\n"
	lock_keyring || fail "it is not locked"
	ask get "$a"
	is_locked
	ask get "protocol=https\nhost=unknown.example\n"
	is_locked
	ask store "${a}username=u\npassword=canary-p2\n"
	is_locked
	ask store "${dev}password=canary-t1\n"
	is_locked
	ask store "protocol=https\nhost=new.example\nusername=u\npassword=canary-p2\n"
	is_locked
	ask erase "$a"
	is_locked
	ask logout "$dev"
	is_locked
'

test_case 'locked: status and list say so' '
	ask status "$a"
	expect_status 0
	expect_stdout_match "^detail=the keyring is locked$" \
		"^result=unavailable$"
	ask list ""
	expect_status 75
	expect_stdout_match "^detail=the keyring is locked$" \
		"^result=unavailable$"
'

test_case 'locked: unlock asks, and says when there is nobody' '
	run timeout 60 "$libsecret" timeout=20 unlock
	expect_status 5
	expect_stdout
	expect_stderr_match "the keyring stays locked"
'

test_case 'after a restart and unlocked all is there again' '
	unlock_keyring
	gives "$a" "username=u\npassword=canary-p\n"
	gives "$dev" "username=ALICE\npassword=canary-t1\noauth_refresh_token=canary-r1\n"
	run timeout 60 "$libsecret" timeout=20 unlock
	expect_status 0
	expect_stderr
'

# --- a keyring that is not there -------------------------------------------

# is_absent DETAIL: unavailable in silence, for all verbs
is_absent() {
	for verb in get store erase logout; do
		ask "$verb" "${a}username=u\npassword=canary-p\n"
		expect_status 75
		expect_stdout
		expect_stderr
	done
	ask status "$a"
	expect_status 0
	expect_stderr
	expect_stdout_match "^detail=$1" '^result=unavailable$'
	ask list ''
	expect_status 75
	expect_stderr
	expect_stdout_match "^detail=$1" '^result=unavailable$'
	run timeout 60 "$libsecret" unlock
	expect_status 75
	expect_stderr_match "$1"
}

test_case 'no session bus' '
	(
		unset DBUS_SESSION_BUS_ADDRESS
		is_absent "no D-Bus session: .* is not set"
		unset XDG_RUNTIME_DIR
		is_absent "no D-Bus session: neither"
	)
'

test_case 'no bus is started by dbus-launch' '
	(
		DISPLAY=:99
		export DISPLAY
		unset DBUS_SESSION_BUS_ADDRESS
		is_absent "no D-Bus session"
		DBUS_SESSION_BUS_ADDRESS=autolaunch:
		export DBUS_SESSION_BUS_ADDRESS
		is_absent "no D-Bus session: .*autolaunch"
	)
'

test_case 'a bus that has gone' '
	(
		DBUS_SESSION_BUS_ADDRESS=unix:path=$trash/nowhere
		is_absent "no D-Bus session: "
		python3 -c "import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])" dead
		DBUS_SESSION_BUS_ADDRESS=unix:path=$trash/dead
		is_absent "no D-Bus session: "
		DBUS_SESSION_BUS_ADDRESS="no address"
		is_absent "no D-Bus session: "
	)
'

test_case 'a stack goes on to the file in silence' '
	put_file "$XDG_CONFIG_HOME/coco/stack.d/both" <<-\END
	get    sufficient  libsecret timeout=30
	get    required    file
	store  sufficient  libsecret timeout=30
	store  required    file
	erase  required    file
	END
	(
		unset DBUS_SESSION_BUS_ADDRESS
		printf "${a}username=f\npassword=canary-in-file\n" >request
		run coco-credential --stack both store <request
		expect_status 0
		expect_stderr
		printf "$a" >request
		run coco-credential --stack both get <request
		expect_status 0
		expect_stdout_match "^password=canary-in-file$"
		expect_stderr
	)
'

# silent_bus: a socket that accepts and never says anything
silent_bus() {
	python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(8)
with open(sys.argv[2], "w") as f:
    f.write("ready")
kept = []
while True:
    kept.append(s.accept())' "$keyring_dir/silent" silent.ready &
	silent_pid=$!
	on_exit 'kill $silent_pid 2>/dev/null; wait $silent_pid'
	wait_for_file silent.ready
}

# times_out: within the deadline, and says so
times_out() {
	printf "${a}username=u\npassword=canary-p\n" >request
	for verb in get store status; do
		run timeout 60 "$libsecret" timeout=1 "$verb" <request
		expect_status 75
		expect_stdout
		expect_stderr <<-END
		$libsecret: the Secret Service did not answer within 1 s
		END
	done
}

test_case 'a bus that accepts and never answers' '
	silent_bus
	(
		DBUS_SESSION_BUS_ADDRESS=unix:path=$keyring_dir/silent
		times_out
	)
'

test_case 'a service that does not answer' '
	kill -STOP "$keyring_pid"
	times_out
	kill -CONT "$keyring_pid"
	gives "$a" "username=u\npassword=canary-p\n"
'

test_case 'the deadline holds with SIGALRM blocked or ignored' '
	kill -STOP "$keyring_pid"
	printf "$a" >request
	run timeout 60 python3 -c "import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
signal.signal(signal.SIGALRM, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])" "$libsecret" timeout=1 get <request
	kill -CONT "$keyring_pid"
	expect_status 75
'

test_case 'a bus without a Secret Service' '
	stop_daemon
	is_absent "no Secret Service: "
'

test_case 'the bus dies, and another one takes its place' '
	stop_bus
	is_absent "no D-Bus session: "
	start_keyring
	gives "$a" "username=u\npassword=canary-p\n"
'

test_case 'a bus that dies while it is asked' '
	kill -STOP "$keyring_pid"
	printf "$a" >request
	(
		timeout 60 "$libsecret" timeout=30 get <request >out 2>err
		echo $? >rc
	) &
	asking=$!
	tries=1500
	until gdbus call --session -d org.freedesktop.DBus -o / \
	    -m org.freedesktop.DBus.ListNames | tr , "\n" |
	    grep -c ":1" >count && test "$(cat count)" -ge 3; do
		tries=$((tries - 1))
		test $tries -gt 0 || break
		sleep 0.02
	done
	stop_bus
	wait $asking
	kill -CONT "$keyring_pid"
	stop_daemon
	start_keyring
	expect_equal "$(cat rc)" 75
	expect_file out
'

test_case 'a keyring that was never made: found nothing, cannot store' '
	stop_daemon
	XDG_DATA_HOME=$trash/other XDG_RUNTIME_DIR=$keyring_dir \
		gnome-keyring-daemon --start --components=secrets \
		--foreground >>daemon.log 2>&1 &
	keyring_pid=$!
	gdbus wait --session --timeout 20 org.freedesktop.secrets
	gives_nothing "$a"
	ask store "${a}username=u\npassword=canary-p\n"
	expect_status 75
	expect_stdout
	expect_stderr_match "there is no default keyring yet" "hint: .* unlock$"
	unlock_keyring
'

# --- how it is called ------------------------------------------------------

test_case 'GLib has no say in what is printed' '
	(
		G_MESSAGES_DEBUG=all G_DBUS_DEBUG=all
		export G_MESSAGES_DEBUG G_DBUS_DEBUG
		gives "$a" "username=u\npassword=canary-p\n"
		gives_nothing "${a}username=v\n"
	)
'

test_case 'no variable chooses another backend' '
	(
		SECRET_BACKEND=file SECRET_SERVICE_BUS_NAME=org.example
		export SECRET_BACKEND SECRET_SERVICE_BUS_NAME
		gives "$a" "username=u\npassword=canary-p\n"
	)
'

test_case 'a timeout of 1 to 600 seconds' '
	for n in 0 601 -1 1s "" 99999999999999999999; do
		printf "$a" >request
		run $libsecret --timeout="$n" get <request
		expect_status 2
		expect_stdout
	done
	ask get "$a" -t 600
	expect_status 0
'

test_case 'its verbs are announced' '
	run $libsecret capability
	expect_status 0
	expect_stdout_match "^capability coco-unlock$" \
		"^capability coco-import$" "^capability coco-import-erase$" \
		"^capability coco-list$"
'

keyring_done
