#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# coco-credential-connections: which secret it finds for which authenticator,
# from the section, a token file, the environment; and what it refuses.
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2317 # test_case evaluates its text later

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets home/token before

helper=coco-credential-connections
toml=$HOME/.snowflake/connections.toml

# get NAME [LINE...]: ask for a connection's secret
get() {
	get_name=$1
	shift
	for get_line in "connection=$get_name" "$@"; do
		printf '%s\n' "$get_line"
	done >"$trash/request"
	run "$helper" get <"$trash/request"
}

# section LINE...: connections.toml is [a] with an account and these lines
section() {
	{
		echo '[a]'
		echo 'account = "my_org"'
		for section_line in "$@"; do
			printf '%s\n' "$section_line"
		done
	} | put_file "$toml"
}

test_case 'a token for OAUTH' '
	section "user = \"ALICE\"" "authenticator = \"oauth\"" \
		"token = \"canary-ver:1-x=/+\""
	get a
	expect_status 0
	expect_stdout <<-END
	username=ALICE
	password=canary-ver:1-x=/+
	ephemeral=1
	authenticator=OAUTH
	token_type=OAUTH
	END
	expect_stderr
'

test_case 'a token file wins over the token, its ends are stripped' '
	section "authenticator = \"OAUTH\"" "token = \"canary-loser\"" \
		"token_file_path = \"~/token\""
	printf " canary-winner\r\n\n" | put_file "$HOME/token"
	get a
	expect_status 0
	expect_stdout <<-END
	password=canary-winner
	ephemeral=1
	authenticator=OAUTH
	token_type=OAUTH
	END
	expect_stderr
'

test_case 'a relative token file is relative to the working directory' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	echo canary-local | put_file here
	get a
	expect_status 0
	expect_stdout_match "^password=canary-local\$"
'

test_case 'a token file that is a FIFO' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"pipe\""
	mkfifo pipe
	echo canary-piped >pipe &
	get a
	kill $! 2>/dev/null # only where nobody read it
	rm pipe
	expect_status 0
	expect_stdout_match "^password=canary-piped\$"
'

test_case 'a token file that is missing does not fall back to the token' '
	section "authenticator = \"OAUTH\"" "token = \"canary-loser\"" \
		"token_file_path = \"missing\""
	get a
	expect_status 3
	expect_stdout
	expect_stderr <<-END
	$helper: missing: No such file or directory
	END
'

test_case 'an empty token file' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	echo | put_file here
	get a
	expect_status 3
	expect_stdout
	expect_stderr <<-END
	$helper: here: is empty
	END
'

test_case 'a token file of two lines' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	printf "one\ntwo" | put_file here
	get a
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: here: holds more than one line of text
	END
'

test_case 'a token file that is too large' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	head -c 65537 /dev/zero | tr "\\000" x | put_file here
	get a
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: here: is larger than 64 KiB
	END
'

test_case 'a token file that others can write' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	echo canary-x | put_file here 620
	get a
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	$helper: here: is writable by group or others
	END
'

test_case 'a token file that others can read' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	echo canary-x | put_file here 640
	get a
	expect_status 0
	expect_stdout_match "^password=canary-x\$"
	expect_stderr <<-END
	$helper: here: can be read by others: make its mode 600
	END
'

test_case 'a token file that is a directory or a device' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"/dev/null\""
	get a
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	$helper: /dev/null: is neither a regular file nor a FIFO
	END
'

test_case 'a programmatic access token: token, then the variable' '
	section "authenticator = \"programmatic_access_token\"" \
		"token = \"canary-pat\""
	get a
	expect_stdout <<-END
	password=canary-pat
	ephemeral=1
	authenticator=PROGRAMMATIC_ACCESS_TOKEN
	token_type=PROGRAMMATIC_ACCESS_TOKEN
	END
	section "authenticator = \"programmatic_access_token\"" \
		"password = \"canary-word\""
	PAT_MY_ORG=canary-variable
	export PAT_MY_ORG
	get a
	unset PAT_MY_ORG
	expect_status 0
	expect_stdout_match "^password=canary-variable\$"
	get a
	expect_status 0
	expect_stdout_match "^password=canary-word\$" \
		"^token_type=PROGRAMMATIC_ACCESS_TOKEN\$"
	expect_stderr
'

test_case 'a password' '
	section "user = \"BOB\"" "password = \"canary-pass word\"" "token = \"canary-t\""
	get a
	expect_status 0
	expect_stdout <<-END
	username=BOB
	password=canary-pass word
	ephemeral=1
	authenticator=SNOWFLAKE
	END
	expect_stderr
'

test_case 'a token without an authenticator is a programmatic access token' '
	section "token = \"canary-t\""
	get a
	expect_status 0
	expect_stdout_match "^password=canary-t\$" \
		"^token_type=PROGRAMMATIC_ACCESS_TOKEN\$"
	section "token = \"canary-t\"" "authenticator = \"snowflake\""
	get a
	expect_status 3
	expect_stdout
	expect_stderr
'

test_case 'authenticators whose secret is elsewhere find nothing' '
	for name in OAUTH_AUTHORIZATION_CODE SNOWFLAKE_JWT externalbrowser; do
		section "token = \"canary-t\"" "password = \"canary-p\"" \
			"authenticator = \"$name\""
		get a
		expect_status 3
		expect_stdout
		expect_stderr
	done
'

test_case 'the environment overrides a key' '
	section "authenticator = \"OAUTH\"" "token = \"canary-loser\""
	SNOWFLAKE_CONNECTIONS_A_TOKEN=canary-winner
	export SNOWFLAKE_CONNECTIONS_A_TOKEN
	get a
	unset SNOWFLAKE_CONNECTIONS_A_TOKEN
	expect_status 0
	expect_stdout_match "^password=canary-winner\$"
'

test_case 'a value with a newline never leaves' '
	section "authenticator = \"OAUTH\"" "token = \"canary-a\\nhost=evil\""
	get a
	expect_status 1
	expect_stdout
	expect_stderr <<-END
	$helper: token: holds more than one line
	END
'

test_case 'another host, protocol or user finds nothing' '
	section "user = \"ALICE\"" "password = \"canary-p\""
	for line in host=github.com protocol=http username=BOB; do
		get a "$line"
		expect_status 3
		expect_stdout
		expect_stderr
	done
	get a protocol=https host=my-org.snowflakecomputing.com username=alice
	expect_status 0
	expect_stdout_match "^password=canary-p\$"
'

test_case 'a request without a connection finds nothing, in silence' '
	section "password = \"canary-p\""
	run "$helper" get <<-END
	protocol=https
	host=my-org.snowflakecomputing.com

	END
	expect_status 3
	expect_stdout
	expect_stderr
'

test_case 'a connection that does not exist' '
	section "password = \"canary-p\""
	get b
	expect_status 3
	expect_stdout
	expect_stderr <<-END
	$helper: connection "b" not found in $toml (named by -c)
	$helper: available connections: a
	$helper: hint: say -c NAME, or set COCO_CONNECTION, or \
default_connection_name in $toml
	END
'

test_case 'connections.toml that others can write' '
	section "password = \"canary-p\""
	chmod 660 "$toml"
	get a
	expect_status 5
	expect_stdout
	expect_stderr <<-END
	$helper: $toml is writable by group or others
	$helper: hint: chmod go-w $toml
	END
'

test_case 'it stores and erases nothing' '
	section "password = \"canary-p\""
	cp "$toml" before
	for verb in store erase; do
		run "$helper" $verb <<-END
		connection=a
		password=canary-x

		END
		expect_status 6
		expect_stdout
		expect_stderr
	done
	expect_file "$toml" <before
'

test_case 'status names the place, never the secret' '
	section "authenticator = \"OAUTH\"" "token = \"canary-hidden\""
	run "$helper" status <<-END
	connection=a

	END
	expect_status 0
	expect_stdout <<-END
	kind=source
	location=$toml (token)
	encrypted=no
	result=success
	token_type=OAUTH
	END
	expect_stderr
'

test_case 'status of a token file that is refused' '
	section "authenticator = \"OAUTH\"" "token_file_path = \"here\""
	echo hidden | put_file here 606
	run "$helper" status <<-END
	connection=a

	END
	expect_status 5
	expect_stdout <<-END
	kind=source
	location=here
	encrypted=no
	result=denied
	detail=here: is writable by group or others
	END
	expect_stderr
'

test_case 'status announces itself' '
	run "$helper" capability
	expect_status 0
	expect_stdout_match "^capability coco-status\$"
	expect_stderr
'

test_done
