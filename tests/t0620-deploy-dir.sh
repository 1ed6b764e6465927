#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0620 - coco-deploy for the root directory of something that will run there:
# plan, apply, status, list and remove; what others wrote stays (T11), and
# nothing leads out (T12).
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
require python3 curl
test "$(id -u)" -eq 0 || skip_all 'needs root, for files of other users'
need_static_client
start_logged_in 'role = "ANALYST"' 'warehouse = "WH"'
may_hold_secrets 'run/coco/grants/*' 'roots/*' 'lib/std*' lib/head joe.toml

# make_root NAME: a root directory with two users
make_root() {
	(
		umask 022
		mkdir -p "roots/$1/etc" "roots/$1/root" "roots/$1/home/joe" \
			"roots/$1/usr/local/bin"
		cat >"roots/$1/etc/passwd" <<-END
		root:x:0:0:root:/root:/bin/sh
		joe:x:1000:1001::/home/joe:/bin/sh
		END
		chown 1000:1001 "roots/$1/home/joe"
	)
}

# shape DIRECTORY: all that is in it but times, in one text
shape() {
	(cd "$1" && find . -printf '%p %y %m %U:%G %l\n' | sort &&
		find . -type f -exec sha256sum {} + | sort)
}

root=dir:$trash/roots
home=roots/a/root/.snowflake
make_root a
shape roots/a >a.before

test_case 'nothing is there: that is told to a person only' '
	run coco-deploy list
	expect_status 0
	expect_stdout </dev/null
	expect_stderr </dev/null
	run "$lib_python" "$srcdir/tests/fake/typist.py" /dev/null answer -- \
		coco-deploy list
	expect_status 0
	expect_stdout_match "^coco-deploy: nothing was put anywhere"
	expect_file answer </dev/null
	run "$lib_python" "$srcdir/tests/fake/typist.py" /dev/null answer -- \
		coco-deploy list --json
	expect_status 0
	expect_no_match "nothing was put"
'

# refused MESSAGE: a mistake in the line, with the hint at --help
refused() {
	expect_status 2
	expect_stdout </dev/null
	expect_stderr <<-END
	coco-deploy: $1
	usage: coco-deploy [options] verb [TARGET] [-- command]
	coco-deploy: hint: coco-deploy --help tells more
	END
}

test_case 'what is not understood is repeated' '
	run coco-deploy fly
	refused "there is no verb \"fly\""
	run coco-deploy --ttl 2y apply $root/a
	refused "--ttl is a length of time from a minute to 366 days, as \
45m, 8h or 2d, not \"2y\""
	run coco-deploy --env-format xml apply $root/a
	refused "--env-format is sh, docker or json, not \"xml\""
'

test_case 'plan says what there is to do, and does nothing' '
	run coco-deploy -c dev plan $root/a
	expect_status 10
	expect_stderr
	expect_stdout_match "create directory /root/.snowflake 0700 0:0"
	expect_stdout_match \
		"create file /usr/local/bin/coco-credential 0755 0:0"
	expect_stdout_match "create file /root/.snowflake/connections.toml"
	expect_stdout_match "^.authenticator = \"OAUTH\""
	shape roots/a >a.now
	expect_file a.now <a.before
	test -z "$(coco-deploy list)" || fail "there is a record"
	test "$(coco-tokend grants)" = "" || fail "there is a grant"
'

test_case 'apply' '
	run coco-deploy -c dev apply $root/a
	expect_status 0
	expect_stdout </dev/null
	expect_stderr
	expect_mode $home 700
	for file in connections.toml config.toml coco-dev.env cortex/settings.json
	do
		expect_mode $home/$file 600
	done
	expect_mode roots/a/usr/local/bin/coco-credential 755
	cmp roots/a/usr/local/bin/coco-credential \
		"$builddir/coco-credential.static" || fail "another client"
	grant=$(coco-tokend grants | sed -n "s/^id  *//p")
	id=$(coco-deploy status --json $root/a | json_field grant)
	expect_file $home/connections.toml <<-END
	[dev]
	account = "fake-account"
	user = "ALICE"
	host = "127.0.0.1"
	port = "$fake_port"
	protocol = "http"
	role = "ANALYST"
	warehouse = "WH"
	authenticator = "OAUTH"
	token_file_path = "/run/coco/token"
	query_tag = "coco:$id"
	END
	expect_file $home/config.toml <<-END
	default_connection_name = "dev"
	END
	expect_file $home/cortex/settings.json <<-END
	{
	  "cortexAgentConnectionName": "dev",
	  "autoUpdate": false
	}
	END
	test "$(stat -c %u run/coco/grants/$grant/token)" = 0 || fail "no token"
'

test_case 'the environment, in each form' '
	run coco-deploy -c dev apply $root/a --env-format sh
	expect_status 0
	expect_file $home/coco-dev.env <lib/stdout
	expect_stdout_match "^export SNOWFLAKE_ACCOUNT=.fake-account.$"
	expect_stdout_match "^export COCO_TOKEND=.unix:/run/coco/tokend.sock.$"
	run coco-deploy -c dev apply $root/a --env-format docker
	expect_stdout_match "^SNOWFLAKE_ROLE=ANALYST$"
	run coco-deploy -c dev apply $root/a --env-format json
	expect_stdout_match "\"SNOWFLAKE_WAREHOUSE\":\"WH\""
	run coco-deploy -c dev apply $root/a --env-format xml
	expect_status 2
'

test_case 'again: nothing to do' '
	shape roots/a >a.applied
	run coco-deploy -c dev plan $root/a
	expect_status 0
	expect_stdout </dev/null
	run coco-deploy apply $root/a
	expect_status 0
	expect_stderr
	shape roots/a >a.now
	expect_file a.now <a.applied
	test "$(coco-tokend grants | grep -c "^id ")" = 1 || fail "grants"
	run coco-deploy status $root/a
	expect_status 0
	expect_stdout_match "^state *as it was put there"
	run coco-deploy list
	expect_stdout <<-END
	$root/a  dev  token_file  grant $grant
	END
'

test_case 'remove leaves it as it was' '
	run coco-deploy remove $root/a
	expect_status 0
	expect_stderr
	shape roots/a >a.now
	expect_file a.now <a.before
	test -z "$(coco-deploy list)" || fail "there is a record"
	test "$(coco-tokend grants)" = "" || fail "there is a grant"
	run coco-deploy remove $root/a
	expect_status 3
	expect_stderr_match "nothing of coco.s is in dir:"
'

test_case 'a login that ends before the grant, and none at all' '
	run coco-deploy -c dev --ttl 200d apply $root/a
	expect_status 0
	expect_stderr_match \
		"the login of connection \"dev\" ends in [0-9]* h, before the grant"
	coco-deploy remove $root/a
	coco-credential -c dev logout 2>>login.log
	run coco-deploy -c dev apply $root/a
	expect_status 0
	expect_stderr <<-END
	coco-deploy: $root/a is ready, but gets no token yet: there is no \
login for connection "dev"
	coco-deploy: hint: coco-credential -c dev login
	END
	coco-deploy remove $root/a
	coco-credential -c dev login 2>>login.log
'

# --- files that others have written ----------------------------------------

make_root b
mkdir -m 700 roots/b/home/joe/.snowflake roots/b/home/joe/.snowflake/cortex
cat >roots/b/home/joe/.snowflake/connections.toml <<-END
# mine
[other]   # keep
password = "joescanary"
account = 'x'
END
printf '{"theme": "dark"}' >roots/b/home/joe/.snowflake/cortex/settings.json
chmod 644 roots/b/home/joe/.snowflake/cortex/settings.json
chown -R 1000:1001 roots/b/home/joe
cp roots/b/home/joe/.snowflake/connections.toml joe.toml
shape roots/b >b.before
joe=roots/b/home/joe/.snowflake

test_case 'merged into what is there, for another user, and out again' '
	run coco-deploy -c dev --user joe plan $root/b
	expect_status 10
	expect_no_match joescanary
	run coco-deploy -c dev --user joe apply $root/b
	expect_status 0
	expect_stderr
	head -n 4 $joe/connections.toml >lib/head
	expect_file lib/head <joe.toml
	printf "%s" "{\"theme\": \"dark\", " \
		"\"cortexAgentConnectionName\": \"dev\", " \
		"\"autoUpdate\": false}" >want
	expect_file $joe/cortex/settings.json <want
	expect_mode $joe/cortex/settings.json 600
	test "$(stat -c %u:%g $joe/coco-dev.env)" = 1000:1001 || fail "owner"
	run coco-deploy plan $root/b
	expect_status 0
	run coco-deploy remove $root/b
	expect_status 0
	expect_stderr
	shape roots/b >b.now
	expect_file b.now <b.before
'

test_case 'what a user changed stays, and is told' '
	run coco-deploy -c dev --user joe apply $root/b
	expect_status 0
	sed -i "s/\"WH\"/\"MINE\"/" $joe/connections.toml
	echo "# a note" >>$joe/coco-dev.env
	run coco-deploy apply $root/b
	expect_status 0
	expect_stderr_match "connections.toml: dev.warehouse was changed since; it stays"
	expect_stderr_match "coco-dev.env: it was changed since; it stays"
	run coco-deploy remove $root/b
	expect_status 0
	expect_stderr_match "connections.toml: \[dev\] has other keys; they stay"
	test "$(tail -n 2 $joe/connections.toml)" = \
		"$(printf "[dev]\nwarehouse = \"MINE\"")" ||
		fail "$(cat $joe/connections.toml)"
	test -e $joe/coco-dev.env || fail "it is gone"
'

test_case 'a section of somebody else is no place for ours' '
	make_root c
	mkdir -m 700 roots/c/root/.snowflake
	cat >roots/c/root/.snowflake/connections.toml <<-END
	[dev]
	account = "another"
	password = "hiscanary"
	END
	shape roots/c >c.before
	run coco-deploy -c dev apply $root/c
	expect_status 1
	expect_stderr_match "\[dev\] has \"password\", which is not ours"
	expect_stderr_match "dev.account is there with another value, not ours"
	shape roots/c >c.now
	expect_file c.now <c.before
	test "$(coco-tokend grants)" = "" || fail "there is a grant"
'

test_case 'config.toml where that alone is in use' '
	make_root d
	mkdir -m 700 roots/d/root/.snowflake
	printf "[connections.a]\naccount = \"x\"\n\n[log]\nlevel = \"info\"\n" \
		>roots/d/root/.snowflake/config.toml
	shape roots/d >d.before
	run coco-deploy -c dev apply $root/d
	expect_status 0
	test ! -e roots/d/root/.snowflake/connections.toml || fail "both"
	grep -q "^\[connections.dev\]" roots/d/root/.snowflake/config.toml ||
		fail "$(cat roots/d/root/.snowflake/config.toml)"
	run coco-deploy remove $root/d
	expect_status 0
	shape roots/d >d.now
	expect_file d.now <d.before
'

# --- hostile roots ---------------------------------------------------------

# refuses NAME REASON [STATUS]: apply does nothing there, and says why
refuses() {
	shape roots/$1 >before
	run coco-deploy -c dev apply $root/$1
	expect_status ${3:-1}
	expect_stderr_match "$2"
	shape roots/$1 >now
	expect_file now <before
	test "$(coco-tokend grants)" = "" || fail "there is a grant"
}

test_case 'T12: links, FIFOs, devices, files with two names' '
	mkdir outside
	: >outside/file
	shape outside >outside.before
	make_root l1
	ln -s "$trash/outside" roots/l1/root/.snowflake
	refuses l1 "/root/.snowflake: it is a symbolic link"
	make_root l2
	mkdir -m 700 roots/l2/root/.snowflake
	ln -s ../../../../outside/file roots/l2/root/.snowflake/connections.toml
	refuses l2 "connections.toml: it is a symbolic link"
	make_root l3
	mkdir -m 700 roots/l3/root/.snowflake
	mkfifo roots/l3/root/.snowflake/config.toml
	refuses l3 "config.toml: it is a FIFO"
	make_root l4
	mkdir -m 700 roots/l4/root/.snowflake
	ln outside/file roots/l4/root/.snowflake/connections.toml
	refuses l4 "connections.toml: it is a file with several links"
	make_root l5
	rmdir roots/l5/root
	ln -s "$trash/outside" roots/l5/root
	refuses l5 "root: it is a symbolic link"
	make_root l6
	mkdir -m 700 roots/l6/root/.snowflake
	mkdir roots/l6/root/.snowflake/connections.toml
	refuses l6 "connections.toml: it is a directory, where a file is to be"
	make_root l7
	mkdir -m 777 roots/l7/root/.snowflake
	chmod 777 roots/l7/root/.snowflake
	refuses l7 ".snowflake: others can write into it"
	rm roots/l4/root/.snowflake/connections.toml
	shape outside >outside.now
	expect_file outside.now <outside.before
'

test_case 'a home that is not there, a user who is not' '
	make_root h
	rmdir roots/h/root
	refuses h "/root: there is no such directory" 3
	run coco-deploy -c dev --user nobody apply $root/h
	expect_status 3
	expect_stderr_match "there is no user \"nobody\" in dir:"
	run coco-deploy -c dev --home relative apply $root/h
	expect_status 1
	expect_stderr_match "say --home PATH"
'

test_case 'a full disk: nothing of the user is lost' '
	mkdir roots/full
	mount -t tmpfs -o size=64k tmpfs roots/full 2>lib/null || {
		skip "needs mount"
		return
	}
	on_exit "umount $trash/roots/full"
	make_root full
	mkdir -m 700 roots/full/root/.snowflake
	echo "[x]" >roots/full/root/.snowflake/connections.toml
	shape roots/full >full.before
	run coco-deploy -c dev apply $root/full
	expect_status 75
	expect_stderr_match "No space left on device"
	expect_file roots/full/root/.snowflake/connections.toml <<-END
	[x]
	END
	run coco-deploy remove $root/full
	expect_status 0
	shape roots/full >full.now
	expect_file full.now <full.before
	umount roots/full
'

test_done
