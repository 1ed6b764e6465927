#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The test library itself: what should fail does, and says why.

# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# inner NAME <<END: a test file of this text, run as one of its own
inner() {
	{
		# shellcheck disable=SC2016 # for the inner script to expand
		echo '. "$srcdir/tests/lib.sh"'
		cat
	} >"$trash/$1.sh"
	run env builddir="$trash/build" sh "$trash/$1.sh"
}
mkdir -p "$trash/build/tests"
ln -s "$builddir/coco-credential" "$trash/build/coco-credential"
ln -s "$builddir/tests/shim" "$trash/build/tests/shim"

test_case 'a case that holds' '
	inner holds <<-\END
	test_case "speaks" "
		run printf \"a\\\\nb\\\\n\"
		expect_status 0
		printf \"a\\\\nb\\\\n\" | expect_stdout
		expect_stderr
	"
	test_done
	END
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	ok 1 - speaks
	ok 2 - no secret is where it does not belong
	1..2
	END
	test ! -e build/tests/trash.holds
'

for wrong in 'run false; expect_status 0; true' \
    'run echo a; expect_stdout </dev/null; true' \
    'run echo a; echo b | expect_stdout; true' \
    'run echo a; expect_stderr_match a; true' \
    'run echo a; expect_no_match a; true' \
    'expect_equal a b; true' \
    'false'; do
	test_case "seen to fail: $wrong" '
		inner wrong <<-END
		test_case "wrong" "$wrong"
		test_done
		END
		expect_status 1
		expect_stdout_match "^not ok 1 - wrong$" "^1\.\.2$" "^# kept"
		test -d build/tests/trash.wrong
	'
done

# leaks WHAT COMMAND: after COMMAND the search finds WHAT, and nothing else
leaks() {
	inner leaks <<-END
	test_case leaky '$2'
	test_done
	END
	expect_status 1
	expect_stdout_match '^ok 1 - leaky$' '^not ok 2 - no secret is where' \
		"^# $1\$"
	expect_equal "$(stdout | grep -c '^# ')" 2 'lines of diagnostics'
}
# shellcheck disable=SC2034 # test_case evaluates later
bird=canary
may_hold_secrets leaks.sh holds.sh 'build/*'
may_print_secrets '*/leaks.sh'

test_case 'a secret on stderr is found, whatever the command' '
	leaks "case 1, stderr: a $bird" \
		"run sh -c \"echo a $bird >&2\" get"
'

test_case 'and on stdout, but where it has to be' '
	leaks "case 1, stdout: a $bird" "run echo a $bird"
	inner holds <<-END
	may_print_secrets "* bread"
	test_case bread "run echo $bird bread"
	test_done
	END
	expect_status 0
'

test_case 'where it has to be: a verb of ours or of git, not any word' '
	for command in "sh -c \"echo a $bird\" x get y" \
	    "echo a $bird get" "env A=b echo a $bird token" \
	    "./coco-credential -c get list a $bird" \
	    "./git log a $bird credential fill"; do
		leaks "case 1, stdout: .*a $bird.*" "
			printf \"#!/bin/sh\\necho \\\$*\\n\" >coco-credential
			chmod +x coco-credential
			ln -s coco-credential git
			run $command"
	done
	for command in "coco-credential get" "coco-credential -c a token" \
	    "coco-credential-sealed key-file=a get" \
	    "coco-credential-sealed --key-file=a -f b get" \
	    "git -c a.b=c credential fill"; do
		inner holds <<-END
		test_case "prints" "
			mkdir bin
			printf \"#!/bin/sh\\necho a $bird\\n\" >bin/${command%% *}
			chmod +x bin/*
			may_hold_secrets \"bin/*\"
			run at_time 1 env A=b ./bin/$command"
		test_done
		END
		expect_status 0
	done
'

test_case 'and in the stand-ins tokens, in base64 and in a key' '
	leaks "case 1, stdout: Y2FuYXJ5" "run echo Y2FuYXJ5"
	leaks "case 1, stdout: -*BEGIN.*" \
		"run sed 1q $srcdir/tests/data/key/rsa.pem"
	leaks "case 1, stdout: eyJhbGciOi.*" \
		"run echo eyJhbGciOiJub25lIn0.eyJpc3MiOiJYIn0.c2lnbmF0dXJl"
'

test_case 'and in a file' '
	leaks "in a file: home/x" "echo $bird >home/x"
	inner holds <<-END
	may_hold_secrets home/x
	test_case "holds" "echo $bird >home/x"
	test_done
	END
	expect_status 0
'

test_case 'and in the audit log' '
	leaks "in a file: home/.local/state/coco/audit.jsonl" \
		"echo $bird | put_file home/.local/state/coco/audit.jsonl"
'

test_case 'and in the name of a file' '
	leaks "name of a file: ./home/$bird" ": >home/$bird"
'

test_case 'and in a store that others can use' '
	leaks "open to others: home/.local/share/coco/credentials" \
		"echo $bird | put_file home/.local/share/coco/credentials 640"
'

test_case 'and in the sealed store, in whatever mode' '
	leaks "in a file: home/.local/share/coco/credentials.sealed" \
		"echo $bird | put_file home/.local/share/coco/credentials.sealed"
	leaks "in a file: home/.local/share/coco/other" \
		"echo $bird | put_file home/.local/share/coco/other"
	inner holds <<-END
	test_case "holds" "
		echo $bird | put_file home/.local/share/coco/credentials
		echo $bird | put_file home/.local/share/coco/credentials.tmp"
	test_done
	END
	expect_status 0
'

test_case 'and in shared memory that others can get at' '
	mkdir -p shm/exec
	for mode in 644 400 700; do
		leaks "open to others: .*/shm/exec/token" "
			lib_shm=$trash/shm
			chmod 700 \$lib_shm/exec
			echo $bird | put_file \$lib_shm/exec/token $mode"
	done
	leaks "open to others: .*/shm/exec/token" "
		lib_shm=$trash/shm
		echo $bird | put_file \$lib_shm/exec/token
		chmod 711 \$lib_shm/exec"
	inner holds <<-END
	test_case "holds" "
		lib_shm=$trash/shm
		chmod 700 \\\$lib_shm/exec
		echo $bird | put_file \\\$lib_shm/exec/token"
	test_done
	END
	expect_status 0
	rm -r shm
'

test_case 'and in an argument, however deep' '
	leaks "argument or environment: $bird" \
		"watch_execs; run sh -c \"env true can\\\$1\" x ary"
'

test_case 'and in the environment' '
	leaks "argument or environment: A=$bird" \
		"watch_execs; A=$bird; export A; run env true; unset A"
	leaks "argument or environment: A=$bird" "watch_execs
		A=$bird; export A; run env true; unset A; unwatch_execs"
	inner holds <<-END
	test_case "not watched" "
		watch_execs; unwatch_execs; run env A=$bird true"
	test_done
	END
	expect_status 0
'

test_case 'no plan when the file ends early' '
	inner early <<-\END
	test_case "fine" true
	exit 0
	END
	expect_status 1
	expect_no_match "^1\.\."
'

test_case 'a skip inside a case, and of a whole file' '
	inner some <<-\END
	test_case "other" "skip no luck; return; false"
	test_done
	END
	expect_status 0
	expect_stdout_match "^ok 1 - other # SKIP no luck$"
	inner all <<-\END
	require no-such-command-anywhere
	END
	expect_status 0
	expect_stdout_match "^1\.\.0 # SKIP needs no-such-command-anywhere$"
'

test_case 'the environment of the caller stays outside' '
	COCO_CONNECTION=x SNOWFLAKE_HOME=/x GIT_DIR=/x https_proxy=x \
		XDG_CONFIG_DIRS=/x inner clean <<-\END
	env
	skip_all "done"
	END
	expect_no_match "^COCO_CONNECTION=" "^SNOWFLAKE_" "^GIT_DIR=" \
		"_proxy=" "^XDG_CONFIG_DIRS="
	expect_stdout_match "^HOME=.*/trash.clean/home$"
'

test_case 'the clock shim' '
	run at_time 1700000000 date +%s
	expect_stdout <<-\END
	1700000000
	END
	expect_stderr
	before=$(date +%s)
	after=$(at_time +86400 date +%s)
	test "$((after - before - 86400))" -ge 0
	test "$((after - before - 86400))" -lt 60
	watch_execs
	at_time 1700000000 run date +%s
	unwatch_execs
	expect_stdout <<-\END
	1700000000
	END
'

test_done
