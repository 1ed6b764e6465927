#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0410 - the README says what is: every block of it is in the table below, with
# the test that runs it, and those of the host run here; its table of threats
# names tests that there are, and a page is named for each manual.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/readme.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require openssl python3 curl git
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/readme.sh"
may_hold_secrets '*.pem' readme.config token
may_print_secrets 'sh -e readme.run'

# --- what runs where -------------------------------------------------------

# "text" is no command: a file, whose test puts it where it says, or a picture.
test_case 'every block is known, and run by some test' '
	readme_blocks | cut -f 1,2 | uniq >blocks
	expect_file blocks <<-END
	Five minutes	1
	Install	1
	Install	2
	Install	3
	Install	4
	Install	5
	How it works	1
	Snowflake'\''s tools on the host	1
	Snowflake'\''s tools on the host	2
	Snowflake'\''s tools on the host	3
	Snowflake'\''s tools on the host	4
	Snowflake'\''s tools on the host	5
	Snowflake'\''s tools on the host	6
	Snowflake'\''s tools on the host	7
	Snowflake'\''s tools in a container	1
	Snowflake'\''s tools in a container	2
	Snowflake'\''s tools in a container	3
	Snowflake'\''s tools in a container	4
	Snowflake'\''s tools in a container	5
	Snowflake'\''s tools in a container	6
	git, and others with helpers	1
	git, and others with helpers	2
	git, and others with helpers	3
	Where secrets are kept	1
	Where secrets are kept	2
	Tests	1
	END
	while IFS="	" read -r section n; do
		case $section$n in
		"Install3" | "How it works1") continue ;; # text
		"Five minutes1" | "Install1" | "Install4") by=check-fresh ;;
		"Install2" | "Install5" | *host6) by=check-packages.sh ;;
		"Tests1") continue ;; # what runs this
		*container[1-46]) by=t0690-readme-containers.sh ;;
		*) by=t0410-readme.sh ;;
		esac
		case $section in
		"$readme_host") section="\$readme_host" ;;
		"$readme_container") section="\$readme_container" ;;
		esac
		grep -Fq "\"$section\" $n" "$srcdir/tests/$by" ||
			fail "$by does not run block $n of \"$section\""
	done <blocks
'

test_case 'the tests that the table of threats names are there' '
	sed -n "/^Security\$/,/^What it does not do\$/p" "$srcdir/README" >table
	for name in $(grep -o "\<t[0-9][0-9][0-9][0-9]\>" table | sort -u); do
		ls "$srcdir/tests/$name"-*.sh >lib/null 2>&1 ||
			fail "there is no $name"
	done
	test "$(grep -c "^  [a-z].* \(t[0-9]\{4\}\|attacks\)" table)" -ge 20 ||
		fail "few rows: $(cat table)"
'

test_case 'every page of the manual is named' '
	for page in "$srcdir"/man/*.[1-8]; do
		name=${page##*/}
		grep -Fq "${name%.*}(${name##*.})" "$srcdir/README" ||
			fail "$name is not named"
	done
'

test_case 'the shell to try things in has a Snowflake, and leaves nothing' '
	mkdir worlds
	TMPDIR=$trash/worlds SHELL=/bin/sh run sh "$srcdir/tests/demo.sh" \
		shell <<-\END
	coco-credential -c demo login &&
	coco-credential -c demo token | cut -c 1-11 &&
	coco-credential -c demo logout
	END
	expect_status 0
	expect_stdout_match "^# A Snowflake" "^ver:1-hint:$"
	expect_stderr_match "logged in to 127.0.0.1:[0-9]* as ALICE" \
		"logged out of connection \"demo\""
	expect_equal "$(ls worlds)" "" "what is left"
'

# --- a machine with a Snowflake --------------------------------------------

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2 \
	-keyout key.pem -out cert.pem >openssl.log 2>&1 ||
	note 'openssl made no certificate'
start_fake --tls "$trash/cert.pem" "$trash/key.pem"
BROWSER="python3 $srcdir/tests/fake/browser.py"
SSL_CERT_FILE=$trash/cert.pem
CURL_CA_BUNDLE=$SSL_CERT_FILE
COCO_TEST_CA=$SSL_CERT_FILE
export BROWSER SSL_CERT_FILE CURL_CA_BUNDLE COCO_TEST_CA

# a snow that asks who it is, with the token that it finds as the real one does
mkdir programs
cat >programs/snow <<-END
	#!/bin/sh
	test "\$*" = "sql -q select current_user()" || exit 2
	file=\$(sed -n 's/^token_file_path = .\(.*\).\$/\1/p' \\
		"\$SNOWFLAKE_HOME/connections.toml")
	{
		printf 'Authorization: Bearer '
		cat "\$file"
	} | curl -sS -H @- -H 'Content-Type: application/json' \\
		-d '{"statement": "select current_user()"}' \\
		$fake_url/api/v2/statements
END
chmod +x programs/snow
PATH=$trash/programs:$PATH
here="s|https://myorg-dev.snowflakecomputing.com|$fake_url|"

test_case 'a connection, and a login' '
	mkdir -m 700 "$HOME/.snowflake"
	{
		readme_block "$readme_host" 1
		printf "host = \"127.0.0.1\"\nport = %s\n" "$fake_port"
	} >"$HOME/.snowflake/connections.toml"
	chmod 600 "$HOME/.snowflake/connections.toml"
	run_readme "$readme_host" 2
	expect_status 0
	expect_stderr_match "logged in to 127.0.0.1:[0-9]* as ALICE" \
		"hint: it is kept in a file that is not encrypted; "
'

test_case 'tokens, a query by snow, what there is' '
	run_readme "$readme_host" 3
	expect_status 0
	expect_stdout_match "^ver:1-hint:" "\"data\": \[\[\"ALICE\"\]\]" \
		"^stack: +oauth$" "^connection: +dev$" "^file: .*credentials"
'

test_case 'a query by curl' '
	run_readme "$readme_host" 4 "$here"
	expect_status 0
	expect_stdout_match "\"data\": \[\[\"ALICE\"\]\]"
'

# The daemon is asked by whoever finds it; COCO_TEST_NOW is no business of curl.
test_case 'the metrics of the daemon' '
	start_tokend
	coco-credential -c dev token >token
	run_readme "$readme_host" 7 "s|SOCKET|$tokend_dir/tokend.sock|"
	expect_status 0
	expect_stdout_match "^coco_tokend_"
'

test_case 'a grant is made, seen and revoked' '
	run_readme "$readme_container" 5
	stop_tokend
	expect_status 0
	expect_stdout_match "^directory +$tokend_dir/grants/" "^ends +in 8 h"
	expect_stderr_match "revoked"
'

# No login is taken over in the place of one that is there (t0361 has the rest).
test_case 'import moves nothing over a login, logout takes all' '
	run_readme "$readme_host" 5 "s/^\(.* import .*\)/\1 || :/"
	expect_status 0
	expect_stderr_match "logged in already; nothing was moved" \
		"logged out of connection"
	run coco-credential -c dev token
	expect_status 4
'

# --- git -------------------------------------------------------------------

test_case 'git asks coco from then on' '
	run_readme "git, and others with helpers" 1
	expect_status 0
	printf "%s\n" protocol=https host=git.example.com username=u \
		password=git-password "" | git credential approve || fail approve
	run git credential fill <<-END
	protocol=https
	host=git.example.com

	END
	expect_status 0
	expect_stdout_match "^password=git-password$"
	git config --global --unset credential.helper
'

test_case 'a stack for git, and what is said of it' '
	mkdir -p "$XDG_CONFIG_HOME/coco/stack.d"
	readme_block "git, and others with helpers" 2 |
		put_file "$XDG_CONFIG_HOME/coco/stack.d/other"
	run_readme "git, and others with helpers" 3
	expect_status 0
	expect_stdout_match "^  get .* /usr/lib/git-core/git-credential-cache$"
	rm "$XDG_CONFIG_HOME/coco/stack.d/other"
'

# --- sealed ----------------------------------------------------------------

test_case 'a key, a stack with it, and a login that is encrypted' '
	helpers=$(dirname "$(command -v coco-credential-sealed)")
	coco-credential -c dev login 2>login.log || fail login
	run_readme "Where secrets are kept" 1 "s|/usr/libexec/coco/|$helpers/|"
	expect_status 0
	expect_stderr_match "logged out of connection"
	expect_mode "$HOME/.keys/coco" 600
	readme_block "Where secrets are kept" 2 |
		put_file "$XDG_CONFIG_HOME/coco/stack.d/oauth"
	run_readme "$readme_host" 2
	expect_status 0
	run coco-credential list
	expect_status 0
	expect_stdout_match "^sealed: .*credentials.sealed$" "^  dev +ALICE "
'

test_done
