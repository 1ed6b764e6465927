# SPDX-License-Identifier: GPL-3.0-or-later
# t0140 - the sealed store: where keys come from and when they are refused, what
# is in the file, and that a file that cannot be opened is never replaced.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets 'request*' answer sealed/stdout passphrase

file=$XDG_DATA_HOME/coco/credentials.sealed
a='protocol=https\nhost=a.example\n'
c="${a}connection=dev\n"
canary='canary-sesame-7f3a'

# scrypt is made to be slow, and valgrind makes it slower by far; test-seal.c
# has it with a smaller cost.
verbs='get store erase logout list'
test -z "$under" || verbs=store
need_speed() {
	test -z "$under" && return
	skip 'too slow under valgrind'
	return 1
}

# sealed VERB REQUEST [OPTION...]: REQUEST is a printf format
sealed() {
	sealed_verb=$1
	# shellcheck disable=SC2059 # it is a format
	printf "$2\n" >request
	shift 2
	run coco-credential-sealed "$@" "$sealed_verb" <request
}

# keeps [OPTION...]: what is stored is found again, and only sealed
keeps() {
	rm -f "$file"
	sealed store "${a}username=u\npassword=$canary\n" "$@"
	expect_status 0
	expect_stdout
	expect_stderr
	sealed get "$a" "$@"
	expect_status 0
	expect_stdout <<-END
	username=u
	password=$canary
	END
	expect_stderr
	! grep -aqi -e "$canary" -e a.example "$file" ||
		fail 'the file is not sealed'
}

# unchanged: the file is what it was in `before'
unchanged() {
	cmp -s before "$file" || fail 'the file was changed'
	ls "$XDG_DATA_HOME/coco" >names
	expect_file names <<-\END
	credentials.sealed
	credentials.sealed.lock
	END
}

# refuses STATUS REGEX OPTION...: whatever is asked, the file stays
refuses() {
	refuses_status=$1
	refuses_regex=$2
	shift 2
	cp "$file" before
	for verb in $verbs; do
		sealed "$verb" "${c}username=u\npassword=canary-new\n" "$@"
		expect_status "$refuses_status"
		expect_stderr_match "$refuses_regex"
		expect_no_match "$canary" '^password='
		unchanged
	done
}

# --- key files -------------------------------------------------------------

k="key-file=$trash/key"

test_case 'keygen makes a key file' '
	run coco-credential-sealed "$k" keygen
	expect_status 0
	expect_stderr
	expect_stdout <<-END
	key_file=$trash/key
	END
	expect_mode key 600
	expect_equal "$(wc -c <key | tr -d " ") $(wc -l <key | tr -d " ")" \
		"45 1"
	expect_equal "$(ls -d key*)" key
'

test_case 'keygen never replaces one' '
	cp key old
	run coco-credential-sealed "$k" keygen
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	coco-credential-sealed: $trash/key: is there already; it was left as it is
	END
	cmp key old
	ln -s nowhere link
	run coco-credential-sealed key-file="$trash/link" keygen
	expect_status 5
	test ! -e nowhere || fail "the link was followed"
	expect_equal "$(ls -d key* nowhere* link* 2>lib/null | tr "\n" " ")" \
		"key link "
	rm link
'

test_case 'keygen without a file prints a key, another one each time' '
	run coco-credential-sealed keygen
	expect_status 0
	expect_stderr
	expect_stdout_match "^[A-Za-z0-9+/]{43}=\$"
	stdout >one
	run coco-credential-sealed keygen
	! cmp -s one lib/stdout || fail "the same key"
'

test_case 'keygen takes no other place, and needs a directory' '
	run coco-credential-sealed key-command=true keygen
	expect_status 2
	expect_stdout
	run coco-credential-sealed key-file="$trash/no/key" keygen
	expect_status 75
	expect_stdout
	expect_stderr_match "no/key: No such file" "hint: .*mkdir -p -m 700"
'

test_case 'a key file' '
	keeps "$k"
	expect_mode "$file" 600
	expect_mode "$XDG_DATA_HOME/coco" 700
'

test_case 'the file has a head of text' '
	head -c 24 "$file" >head
	printf "coco sealed 1\nkdf=hkdf-s" | cmp - head
	head -n 5 "$file" | grep -aEq "^salt=[A-Za-z0-9+/]{43}=\$" ||
		fail "no salt"
	head -n 5 "$file" | grep -aEq "^nonce=[A-Za-z0-9+/]{16}\$" ||
		fail "no nonce"
'

test_case 'each write has a salt and a nonce of its own' '
	for i in 1 2 3 4 5; do
		sealed store "${a}username=u\npassword=canary-p\n" "$k"
		head -n 4 "$file" | tail -n 2
	done | sort | uniq -d >twice
	expect_file twice
'

test_case 'status and list say that it is encrypted, and how' '
	keeps "$k"
	sealed status "$a" "$k"
	expect_status 0
	expect_stderr
	expect_stdout <<-END
	kind=store
	location=$file
	encrypted=yes
	detail=key-file, aes-256-gcm, hkdf-sha256
	result=success
	refresh_token=no
	END
	sealed list "" "$k"
	expect_status 0
	expect_stdout_match "^encrypted=yes$" "^host=a.example$" "^secret=yes$"
	expect_no_match "$canary"
'

test_case 'the key may be 32 raw bytes, one of them a newline' '
	printf "0123456789abcdef0123456789abcde\n" >raw
	keeps key-file="$trash/raw"
	cp "$file" before
	printf "0123456789abcdef0123456789abcdef\n" >line
	keeps key-file="$trash/line"
	printf "0123456789abcdef0123456789abcdef" >line
	sealed get "$a" key-file="$trash/line"
	expect_status 0
	expect_stdout_match "$canary"
'

test_case 'a leading ~/ is the home directory' '
	cp key "$HOME/key"
	sealed get "$a" key-file="~/line"
	expect_status 75
	keeps key-file="~/key"
'

test_case 'a key that is too short, or too long' '
	keeps "$k"
	printf "0123456789abcdef0123456789abcde" >short
	refuses 1 "key-file: the key has 31 bytes and needs 32" \
		key-file="$trash/short"
	: >short
	refuses 1 "key-file: the key has 0 bytes" key-file="$trash/short"
	head -c 5000 /dev/zero >long
	refuses 1 "long: is too long" key-file="$trash/long"
'

test_case 'a key file that others can use' '
	for mode in 640 604 620 602 610 601 666; do
		chmod $mode key
		refuses 5 "$trash/key: can be used by others" "$k"
		expect_stderr_match "hint: .*chmod 600 $trash/key"
	done
	chmod 400 key
	sealed get "$a" "$k"
	expect_status 0
	chmod 600 key
'

test_case 'a key file that is a link, a directory, a FIFO' '
	ln -s key link
	refuses 5 "link: is a symbolic link" key-file="$trash/link"
	mkdir -m 700 directory
	refuses 5 "is not a regular file" key-file="$trash/directory"
	mkfifo -m 600 fifo
	refuses 5 "is not a regular file" key-file="$trash/fifo"
'

test_case 'a key file of another user' '
	test "$(id -u)" -eq 0 || { skip "not root"; return; }
	cp key foreign
	chown 12345 foreign
	refuses 5 "foreign: belongs to another user" key-file="$trash/foreign"
'

test_case 'no key file' '
	refuses 75 "none: No such file" key-file="$trash/none"
	expect_stderr_match "hint: .*with that key alone: put it back; if it is lost"
	rm -f "$file"
	sealed store "${a}username=u\npassword=canary-p\n" key-file="$trash/none"
	expect_status 75
	expect_stderr_match "hint: .* /.*/coco-credential-sealed key-file=$trash/none keygen"
	test ! -e "$file" || fail "something was stored"
'

test_case 'another key' '
	keeps "$k"
	coco-credential-sealed key-file="$trash/other" keygen >lib/null
	refuses 1 "the key is not the right one, or the file is damaged" \
		key-file="$trash/other"
	sealed get "$a" "$k"
	expect_status 0
'

# --- which place -----------------------------------------------------------

test_case 'one place of the key must be named' '
	refuses 2 "it is not said where the key is"
	expect_stderr_match "hint: .*key-file.*key-command.*key-credential" \
		"hint: .*passphrase-file.*passphrase-command.*terminal"
	refuses 2 "more than one place" "$k" key-command="cat key"
	refuses 2 "more than one place" "$k" "$k"
	rm -f "$file"
	sealed get "$a"
	expect_status 2
	sealed status "$a"
	expect_stdout_match "^encrypted=yes$" "^result=usage$"
'

test_case 'capability needs none' '
	run coco-credential-sealed capability
	expect_status 0
	expect_stdout_match "^capability coco-keygen$" "^capability coco-list$"
'

# --- commands --------------------------------------------------------------

test_case 'key-command' '
	keeps key-command="cat \"\$HOME/key\""
	sealed get "$a" "$k"
	expect_status 0
'

test_case 'a command that fails, prints nothing or too much, or dies' '
	refuses 75 "key-command: the command ended with status 7" \
		key-command="cat key; exit 7"
	refuses 1 "key-command: the key has 0 bytes and needs 32" \
		key-command=true
	refuses 1 "key-command: the command printed too much" \
		key-command="head -c 5000 /dev/zero"
	refuses 75 "key-command: the command ended with status 143" \
		key-command="kill -TERM \$\$"
'

test_case 'passphrase-command, and what the command says' '
	need_speed || return
	keeps passphrase-command="echo correct canary battery"
	head -n 2 "$file" | tail -n 1 | grep -Eq \
		"^kdf=scrypt n=17 r=8 p=1 salt=[A-Za-z0-9+/]{43}=\$" ||
		fail "no scrypt"
	sealed get "$a" passphrase-command="echo hello >&2; exit 1"
	expect_status 75
	expect_stderr <<-\END
	hello
	coco-credential-sealed: passphrase-command: the command ended with status 1
	END
'

# --- credentials of a service ----------------------------------------------

test_case 'key-credential' '
	mkdir -p service
	cp key service/coco
	chmod 440 service/coco
	CREDENTIALS_DIRECTORY=$trash/service
	export CREDENTIALS_DIRECTORY
	keeps key-credential=coco
	sealed get "$a" "$k"
	expect_status 0
	refuses 75 "service/none: No such file" key-credential=none
	chmod 444 service/coco
	refuses 5 "service/coco: can be used by others" key-credential=coco
	for name in ../key /etc/passwd . .. ""; do
		refuses 2 "is not the name of a credential" \
			key-credential="$name"
	done
	unset CREDENTIALS_DIRECTORY
'

test_case 'outside of a service' '
	refuses 75 "CREDENTIALS_DIRECTORY is not set" key-credential=coco
	expect_stderr_match \
		"hint: .*LoadCredential=coco:.*SetCredentialEncrypted=coco:"
	CREDENTIALS_DIRECTORY=service
	export CREDENTIALS_DIRECTORY
	refuses 75 "CREDENTIALS_DIRECTORY is not set" key-credential=coco
	unset CREDENTIALS_DIRECTORY
'

# --- passphrases -----------------------------------------------------------

p="passphrase-file=$trash/passphrase"

test_case 'a key does not stand in for a passphrase' '
	echo correct canary battery >passphrase
	keeps "$k"
	refuses 1 "is sealed with a key, not with a passphrase" "$p"
	expect_stderr_match "hint: passphrase-file gives a passphrase"
'

test_case 'passphrase-file' '
	need_speed || return
	keeps "$p"
	sealed status "$a" "$p"
	expect_stdout_match \
		"^detail=passphrase-file, aes-256-gcm, scrypt n=17 r=8 p=1$"
'

test_case 'nor a passphrase for a key' '
	need_speed || return
	refuses 1 "is sealed with a passphrase, not with a key" "$k"
	expect_stderr_match "hint: key-file gives a key"
'

test_case 'another passphrase, a short one, one that others know' '
	need_speed || return
	cp "$file" before
	echo correct horse batterz >other
	sealed store "${a}username=u\npassword=canary-p\n" \
		passphrase-file="$trash/other"
	expect_status 1
	expect_stderr_match "the passphrase is not the right one, or the file"
	unchanged
	echo 12345678901 >short
	refuses 1 "the passphrase has 11 bytes and needs 12" \
		passphrase-file="$trash/short"
	chmod 644 passphrase
	refuses 5 "passphrase: can be used by others" "$p"
	chmod 600 passphrase
'

test_case 'scrypt keeps its salt from write to write, the file does not' '
	need_speed || return
	head -n 3 "$file" >before
	sealed store "${a}username=v\npassword=canary-p\n" "$p"
	expect_status 0
	head -n 3 "$file" >after
	expect_equal "$(sed -n 2p after)" "$(sed -n 2p before)"
	! cmp -s before after || fail "the same salt"
'

# types LINE... -- COMMAND...: at a terminal; the request is in `request'
types() {
	run "$lib_python" "$srcdir/tests/fake/typist.py" request answer "$@"
}

need_person() {
	need_speed || return
	test -n "$lib_python" && return
	skip 'needs python3'
	return 1
}

t=--passphrase-terminal

test_case 'passphrase-terminal asks twice for a new file' '
	need_person || return
	rm -f "$file"
	printf "${a}username=u\npassword=$canary\n\n" >request
	types "at the terminal" "at the terminal" -- \
		coco-credential-sealed $t store
	expect_status 0
	stdout | sed "s/ \$//" >screen
	expect_file screen <<-\END
	New passphrase of the sealed store:
	The same again:
	echo is on
	END
	test -s "$file"
'

test_case 'and once for an old one' '
	need_person || return
	printf "$a\n" >request
	types "at the terminal" -- coco-credential-sealed $t get
	expect_status 0
	stdout | sed "s/ \$//" >screen
	expect_file screen <<-\END
	Passphrase of the sealed store:
	echo is on
	END
	expect_file answer <<-END
	username=u
	password=$canary
	END
	printf "${a}username=u\npassword=canary-p2\n\n" >request
	types "at the terminal" -- coco-credential-sealed $t store
	expect_status 0
	echo at the terminal >passphrase
	sealed get "$a" "$p"
	expect_stdout_match "^password=canary-p2$"
'

test_case 'two that differ, and a wrong one' '
	need_person || return
	cp "$file" before
	printf "${a}username=u\npassword=canary-p3\n\n" >request
	types "at a terminal!" -- coco-credential-sealed $t store
	expect_status 1
	expect_stdout_match "the passphrase is not the right one" "echo is on"
	unchanged
	rm "$file"
	types "at the terminal" "at a terminal!" -- \
		coco-credential-sealed $t store
	expect_status 1
	expect_stdout_match "the two are not the same; nothing was stored"
	test ! -e "$file" || fail "something was stored"
	mv before "$file"
'

test_case 'a person who goes away leaves the terminal as it was' '
	need_person || return
	cp "$file" before
	printf "${a}username=u\npassword=canary-p3\n\n" >request
	types "^C" -- coco-credential-sealed $t store
	expect_status 130
	expect_stdout_match "echo is on"
	unchanged
	types "^D" -- coco-credential-sealed $t store
	expect_status 75
	expect_stdout_match "no passphrase was typed: the input ended" \
		"echo is on"
	unchanged
'

test_case 'no terminal' '
	command -v setsid >lib/null || { skip "needs setsid"; return; }
	rm -f "$file"
	printf "${a}username=u\npassword=canary-p\n\n" >request
	run setsid -w coco-credential-sealed $t store <request
	expect_status 75
	test ! -e "$file" || fail "something was stored"
	expect_stdout
	expect_stderr <<-\END
	coco-credential-sealed: there is no terminal to ask for the passphrase
	END
'

# --- damage ----------------------------------------------------------------

test_case 'a damaged file is refused and left alone' '
	keeps "$k"
	cp "$file" whole
	size=$(wc -c <whole)
	for length in 0 5 14 30 80 $((size - 1)); do
		head -c "$length" whole >"$file"
		refuses 1 "is not a sealed file|damaged" "$k"
	done
	for at in 15 60 $((size - 20)) $((size - 1)); do
		cp whole "$file"
		printf "\001" | dd of="$file" bs=1 seek="$at" conv=notrunc \
			2>lib/null
		refuses 1 "damaged" "$k"
	done
	{ cat whole; echo; } >"$file"
	refuses 1 "damaged" "$k"
'

test_case 'so is one of another form' '
	printf "# coco credentials 1\n" >"$file"
	refuses 1 "$file: is not a sealed file" "$k"
	sed 1s/1/2/ whole >"$file"
	refuses 1 "$file: is a sealed file of version 2; this program knows 1" \
		"$k"
	sed "3i x=y" whole >"$file"
	refuses 1 "$file: is damaged: the salt of its head" "$k"
	sed "2s/.*/kdf=scrypt n=40 r=8 p=1 salt=/" whole >"$file"
	refuses 1 "$file: is damaged: the kdf of its head" "$k"
	cp whole "$file"
'

test_case 'one that others can use, or that is a link' '
	chmod 640 "$file"
	refuses 5 "credentials.sealed: can be used by others" "$k"
	chmod 600 "$file"
	mv "$file" elsewhere
	ln -s "$trash/elsewhere" "$file"
	sealed store "${a}username=u\npassword=canary-p\n" "$k"
	expect_status 5
	expect_stderr_match "is a symbolic link"
	cmp whole elsewhere
	rm "$file"
'

test_case 'another place of the file' '
	mkdir -m 700 mine
	sealed store "${a}username=u\npassword=canary-p\n" "$k" file="$trash/mine/s"
	expect_status 0
	test ! -e "$file" || fail "it is in the usual place"
	sealed get "$a" "$k" -f "$trash/mine/s"
	expect_stdout_match "^password=canary-p$"
'

test_case 'a relative place of the file is refused' '
	printf "${a}username=u\npassword=canary\n\n" >request
	for store in "sealed $k" file; do
		for place in s ./s "~me/s" ""; do
			# shellcheck disable=SC2086 # words
			run coco-credential-$store -f "$place" store <request
			expect_status 2
			expect_stdout
			expect_stderr <<-END
			coco-credential-${store%% *}: file=$place: \
the path does not begin with / or ~/
			END
		done
	done
	test ! -e s || fail "something was stored"
'

# --- entries of a connection -----------------------------------------------

token="${c}username=u\npassword=canary-t1\noauth_refresh_token=$canary\n\
password_expiry_utc=9999999999\n"

# The same requests to the plain and the sealed store, and the same answers.
same() {
	sealed "$1" "$2" "$k"
	rm -rf sealed
	mkdir sealed
	cp lib/stdout lib/stderr sealed
	sealed_status=$status
	run coco-credential-file "$1" <request
	expect_status "$sealed_status"
	expect_stdout <sealed/stdout
	sed "s/^coco-credential-sealed:/coco-credential-file:/" \
		sealed/stderr >sealed/want
	expect_stderr <sealed/want
}

test_case 'a connection is kept as in the plain file' '
	rm -f "$file"
	same get "$c"
	same store "$token"
	same get "$c"
	expect_stdout_match "^password=canary-t1$" "^oauth_refresh_token=$canary$"
	same store "${c}username=u\npassword=canary-t1\n"
	same get "$c"
	same store "${c}username=u\npassword=canary-other\n"
	same get "$c"
	same erase "${c}username=u\npassword=canary-wrong\n"
	same get "$c"
	same erase "${c}username=u\npassword=canary-t1\n"
	same get "$c"
	expect_status 4
	expect_stdout_match "^oauth_refresh_token=$canary$"
	! grep -aq "$canary" "$file" || fail "the refresh token can be read"
	same logout "$c"
	same get "$c"
	expect_status 3
	same logout "$c"
	same erase "protocol=https\n"
	expect_status 5
'

test_case 'a token that has gone stale' '
	same store "${c}username=u\npassword=canary-t1\n\
oauth_refresh_token=canary-r\npassword_expiry_utc=1000\n"
	same get "$c"
	expect_status 4
	expect_stdout_match "^oauth_refresh_token=canary-r$"
'

test_case 'writers take turns' '
	rm -f "$file"
	pids=
	for i in 1 2 3 4 5 6 7 8; do
		printf "protocol=https\nhost=h$i\nusername=u\npassword=canary-p$i\n\n" \
			>request.$i
		coco-credential-sealed "$k" store <request.$i &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "a store failed"
	done
	sealed list "" "$k"
	expect_equal "$(stdout | grep -c "^host=h[1-8]$")" 8
'

# --- in a stack ------------------------------------------------------------

test_case 'in a stack its arguments are written as those of PAM' '
	rm -f "$file"
	put_file "$XDG_CONFIG_HOME/coco/stack.d/s" <<-END
	get    required  sealed [key-command=cat "$trash/key"] file=~/.box/s
	store  required  sealed key-file=$trash/key file=~/.box/s
	END
	mkdir -m 700 "$HOME/.box"
	printf "${a}username=u\npassword=canary-p\n\n" >request
	run coco-credential --stack s store <request
	expect_status 0
	expect_stderr
	printf "$a\n" >request
	run coco-credential --stack s get <request
	expect_status 0
	expect_stdout_match "^password=canary-p$"
	test -s "$HOME/.box/s"
'

test_done
