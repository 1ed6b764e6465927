# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# tests/git-battery.sh - what real git expects of a helper, in our own words:
# fill, approve and reject with nothing but one store behind.  What a git
# before 2.46 cannot carry (expiry, refresh tokens, authtype) is put to the
# helper directly.
#
# t021N-git-STORE.sh sources it after lib.sh, and says before that what is
# under test:
#
#	battery_rule='file'	the rule in a stack file, after the control
#	forget_all() { ... }	empty the store
#	remains() { ... }	print all that the store still holds, itself
#				or as the verb list says it
#
# Each case here runs as it is sourced; test_done is the caller's.
# shellcheck disable=SC2016,SC2034,SC2059,SC2154,SC2317

require git
may_hold_secrets want out askpass

put_file "$XDG_CONFIG_HOME/coco/stack.d/battery" <<END
get    required  $battery_rule
store  required  $battery_rule
erase  required  $battery_rule
END
put_file "$XDG_CONFIG_HOME/coco/stack.d/quitter" <<END
get    required  $trash/quit
END
put_file quit 700 <<\END
#!/bin/sh
echo quit=1
END
# It answers always, so that "nothing stored" is told from "stored".
put_file askpass 700 <<END
#!/bin/sh
printf '%s\n' "\$1" >>'$trash/asked'
case \$1 in
Username*) echo asked-user ;;
*) echo canary-asked-password ;;
esac
END
GIT_ASKPASS=$trash/askpass
GIT_CEILING_DIRECTORIES=$(dirname "$trash")
export GIT_ASKPASS GIT_CEILING_DIRECTORIES
helper='coco --stack battery'
a='protocol=https\nhost=a.example\n'

# git_credential VERB REQUEST: REQUEST is a printf format.  git never hears
# anything from us on stderr, and it shows what it hears.
git_credential() {
	rm -f asked
	printf "$2" >request
	run git -c credential.helper="$helper" credential "$1" <request
	expect_status 0
	expect_stderr
}

approve() {
	git_credential approve "$1"
	expect_stdout
}

reject() {
	git_credential reject "$1"
	expect_stdout
}

# fill REQUEST ANSWER: the answer comes from the store
fill() {
	git_credential fill "$1"
	printf "$2" >want
	expect_stdout <want
	test ! -e asked || fail "git had to ask: $(cat asked)"
}

# unknown REQUEST: the store has no password for it
unknown() {
	git_credential fill "$1"
	expect_stdout_match '^password=canary-asked-password$'
	grep -q '^Password' asked || fail 'git did not ask'
}

# direct VERB REQUEST: as git calls a helper
direct() {
	printf "$2" >request
	run git-credential-coco --stack battery "$1" <request
	expect_stderr
}

# gives REQUEST ANSWER
gives() {
	direct get "$1"
	expect_status 0
	printf "$2" >want
	expect_stdout <want
}

gives_nothing() {
	direct get "$1"
	expect_status 3
	expect_stdout
}

stores() {
	direct store "$1"
	expect_status 0
	expect_stdout
}

erases() {
	direct erase "$1"
	expect_status 0
	expect_stdout
}

# --- names and passwords ---------------------------------------------------

test_case 'at first there is nothing' '
	git_credential fill "$a"
	expect_stdout <<-\END
	protocol=https
	host=a.example
	username=asked-user
	password=canary-asked-password
	END
'

test_case 'a password is stored' '
	approve "${a}username=u1\npassword=canary-p1\n"
'

test_case 'and found again' '
	fill "$a" "${a}username=u1\npassword=canary-p1\n"
'

test_case 'by its user too' '
	fill "${a}username=u1\n" "${a}username=u1\npassword=canary-p1\n"
'

test_case 'another protocol, host, user or path has none' '
	unknown "protocol=http\nhost=a.example\n"
	unknown "protocol=https\nhost=b.example\n"
	unknown "protocol=https\nhost=a.example:444\n"
	unknown "${a}username=u2\n"
	unknown "protocol=cert\nhost=a.example\npath=p1\n"
'

test_case 'a new password replaces the old one' '
	approve "${a}username=u1\npassword=canary-p2\n"
	fill "$a" "${a}username=u1\npassword=canary-p2\n"
	reject "${a}username=u1\npassword=canary-p2\n"
	unknown "$a"
'

test_case 'a host is forgotten' '
	approve "${a}username=u1\npassword=canary-p1\n"
	reject "$a"
	unknown "$a"
'

test_case 'two users of a host' '
	forget_all
	approve "${a}username=u1\npassword=canary-p1\n"
	approve "${a}username=u2\npassword=canary-p2\n"
	fill "${a}username=u1\n" "${a}username=u1\npassword=canary-p1\n"
	fill "${a}username=u2\n" "${a}username=u2\npassword=canary-p2\n"
'

test_case 'the newest is taken when none is named' '
	fill "$a" "${a}username=u2\npassword=canary-p2\n"
'

test_case 'one user is forgotten' '
	reject "${a}username=u1\n"
	unknown "${a}username=u1\n"
'

test_case 'the other one is not' '
	fill "${a}username=u2\n" "${a}username=u2\npassword=canary-p2\n"
'

test_case 'a password that is not the stored one erases nothing' '
	reject "${a}username=u2\npassword=canary-other\n"
	fill "${a}username=u2\n" "${a}username=u2\npassword=canary-p2\n"
	reject "${a}password=canary-other\n"
	fill "${a}username=u2\n" "${a}username=u2\npassword=canary-p2\n"
'

test_case 'all users of a host are forgotten' '
	forget_all
	approve "${a}username=u1\npassword=canary-p1\n"
	approve "${a}username=u2\npassword=canary-p2\n"
	approve "protocol=https\nhost=b.example\nusername=u3\npassword=canary-p3\n"
	reject "$a"
	unknown "${a}username=u1\n"
	unknown "${a}username=u2\n"
	fill "protocol=https\nhost=b.example\n" \
	    "protocol=https\nhost=b.example\nusername=u3\npassword=canary-p3\n"
'

test_case 'an empty username is one' '
	forget_all
	approve "${a}username=\npassword=canary-p1\n"
	fill "$a" "${a}username=\npassword=canary-p1\n"
	fill "${a}username=\n" "${a}username=\npassword=canary-p1\n"
	unknown "${a}username=u1\n"
'

test_case 'an empty password is one' '
	forget_all
	stores "${a}username=u1\npassword=\n"
	gives "$a" "username=u1\npassword=\n"
'

test_case 'bytes of all kinds' '
	forget_all
	approve "${a}username=\303\244\\\\\"u\047\$ =\npassword= p=\140#%%;\t\376 \n"
	fill "$a" "${a}username=\303\244\\\\\"u\047\$ =\npassword= p=\140#%%;\t\376 \n"
'

test_case 'a long password' '
	forget_all
	long=$(head -c 60000 /dev/zero | tr "\000" x)
	approve "${a}username=u1\npassword=$long\n"
	fill "$a" "${a}username=u1\npassword=$long\n"
'

test_case 'many hosts' '
	forget_all
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		stores "protocol=https\nhost=h$i.example\nusername=u$i\npassword=canary-p$i\n"
	done
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		gives "protocol=https\nhost=h$i.example\n" \
		    "username=u$i\npassword=canary-p$i\n"
	done
'

# --- paths -----------------------------------------------------------------

test_case 'a path is matched where git sends one' '
	forget_all
	c="protocol=cert\nhost=\n"
	approve "${c}path=/one.pem\nusername=u\npassword=canary-p1\n"
	approve "${c}path=/two.pem\nusername=u\npassword=canary-p2\n"
	fill "${c}path=/one.pem\n" "${c}path=/one.pem\nusername=u\npassword=canary-p1\n"
	fill "${c}path=/two.pem\n" "${c}path=/two.pem\nusername=u\npassword=canary-p2\n"
	unknown "${c}path=/three.pem\nusername=u\n"
'

test_case 'and only that one is forgotten' '
	reject "${c}path=/one.pem\nusername=u\n"
	unknown "${c}path=/one.pem\nusername=u\n"
	fill "${c}path=/two.pem\n" "${c}path=/two.pem\nusername=u\npassword=canary-p2\n"
'

test_case 'a request without path finds an entry with one' '
	forget_all
	stores "${a}path=x.git\nusername=u\npassword=canary-p\n"
	gives "$a" "username=u\npassword=canary-p\n"
	gives_nothing "${a}path=y.git\n"
'

test_case 'credential.useHttpPath' '
	forget_all
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.useHttpPath
	GIT_CONFIG_VALUE_0=true
	export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
	approve "url=https://u:canary-p@a.example/x.git\n"
	fill "url=https://a.example/x.git\n" \
	    "${a}path=x.git\nusername=u\npassword=canary-p\n"
	unknown "url=https://u@a.example/y.git\n"
	unset GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
'

# --- several helpers -------------------------------------------------------

test_case 'a miss is silent and the next helper is asked' '
	forget_all
	git -c credential.helper="$helper" \
	    -c credential.helper="!f() { echo username=n; echo password=canary-x; }; f" \
	    credential fill <<-\END >out 2>err
	protocol=https
	host=a.example

	END
	expect_equal $? 0 status
	expect_file err
	expect_file out <<-\END
	protocol=https
	host=a.example
	username=n
	password=canary-x
	END
'

test_case 'quit from a helper in our stack ends the chain of git' '
	rm -f asked
	printf "$a" >request
	run git -c credential.helper="coco --stack quitter" credential fill \
	    <request
	expect_status 128
	expect_stdout
	expect_stderr_match "told us to quit"
	test ! -e asked || fail "git asked all the same"
'

# --- expiry and refresh tokens ---------------------------------------------

test_case 'password_expiry_utc is kept' '
	forget_all
	stores "${a}username=u\npassword=canary-p\npassword_expiry_utc=9999999999\n"
	gives "$a" "username=u\npassword=canary-p\npassword_expiry_utc=9999999999\n"
'

test_case 'and gone with the next password that has none' '
	stores "${a}username=u\npassword=canary-p2\n"
	gives "$a" "username=u\npassword=canary-p2\n"
'

test_case 'what has expired is not given' '
	stores "${a}username=u\npassword=canary-p3\npassword_expiry_utc=5\n"
	direct get "$a"
	expect_no_match p3
	unknown "${a}username=u\n"
'

test_case 'oauth_refresh_token is kept' '
	forget_all
	stores "${a}username=u\npassword=canary-p\noauth_refresh_token=canary-r\n"
	gives "$a" "username=u\npassword=canary-p\noauth_refresh_token=canary-r\n"
'

test_case 'and erased with its password' '
	erases "${a}username=u\npassword=canary-p\n"
	gives_nothing "$a"
	remains >left
	! grep -Eq "oauth_refresh_token|^refresh_token=yes" left || fail "it is still there"
'

# --- authtype and credential -----------------------------------------------

can='capability[]=authtype\n'

test_case 'authtype and credential are kept' '
	forget_all
	stores "${can}${a}authtype=Bearer\ncredential=canary-c1\n"
	gives "$can$a" "${can}authtype=Bearer\ncredential=canary-c1\n"
'

test_case 'but not given to who cannot use them' '
	gives_nothing "$a"
'

test_case 'a new credential replaces the old one' '
	stores "${can}${a}authtype=Token\ncredential=canary-c2\n"
	gives "$can$a" "${can}authtype=Token\ncredential=canary-c2\n"
'

test_case 'a username may go with it' '
	forget_all
	stores "${can}${a}username=u\nauthtype=Bearer\ncredential=canary-c3\n"
	gives "$can${a}username=u\n" \
	    "${can}username=u\nauthtype=Bearer\ncredential=canary-c3\n"
	gives_nothing "$can${a}username=v\n"
'

test_case 'another credential does not erase it, the same one does' '
	erases "${can}${a}username=u\nauthtype=Bearer\ncredential=other\n"
	direct get "$can$a"
	expect_status 0
	erases "${can}${a}username=u\nauthtype=Bearer\ncredential=canary-c3\n"
	gives_nothing "$can$a"
'

test_case 'what is ephemeral is not kept' '
	forget_all
	stores "${can}${a}authtype=Bearer\ncredential=canary-c4\nephemeral=1\n"
	gives_nothing "$can$a"
'

test_case 'an ephemeral username and password neither' '
	stores "${can}${a}username=u\npassword=canary-p\nephemeral=1\n"
	gives_nothing "$a"
	gives_nothing "$can$a"
'

test_case 'expiry goes with a credential as well' '
	stores "${can}${a}authtype=Bearer\ncredential=canary-c5\npassword_expiry_utc=9999999999\n"
	gives "$can$a" \
	    "${can}authtype=Bearer\ncredential=canary-c5\npassword_expiry_utc=9999999999\n"
	stores "${can}${a}authtype=Bearer\ncredential=canary-c6\npassword_expiry_utc=5\n"
	direct get "$can$a"
	expect_status 4
	expect_stdout
'
