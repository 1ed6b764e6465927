# SPDX-License-Identifier: GPL-3.0-or-later
# t0360 - list: what is stored where, in all stacks, without secrets.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
may_hold_secrets entries second

store=$XDG_DATA_HOME/coco/credentials
stacks=$XDG_CONFIG_HOME/coco/stack.d
now=1700000000
mkdir -p "$stacks"
# the built-in stacks without the keyring, which a machine may have or not
for name in oauth other pat; do
	echo "get required file" >"$stacks/$name"
done

# member EXPRESSION: of the JSON on stdin, as "d['stores'][0]['helper']"
member() {
	"$lib_python" -c '
import json, sys
d = json.load(sys.stdin)
print(json.dumps(eval(sys.argv[1]), sort_keys=True))' "$1"
}

watch_execs

test_case 'an empty store' '
	run coco-credential list
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-END
	file: $store (not encrypted)
	  nothing is stored
	END
	run coco-credential list --json
	expect_status 0
	expect_stdout <<-END
	{"stores":[{"helper":"file","location":"$store","encrypted":false,\
"result":"success","entries":[]}]}
	END
'

put_file entries <<END
# coco credentials 1
protocol=https
host=acme.snowflakecomputing.com
username=ALICE
password=canary-canary-1
password_expiry_utc=$((now + 600))
oauth_refresh_token=canary-canary-2
connection=dev
role=ANALYST
authenticator=OAUTH
issued_utc=$now
state[]=coco:client_id=canary-3

protocol=https
host=acme.snowflakecomputing.com
username=ALICE
password=canary-canary-4
password_expiry_utc=$((now - 1))
connection=old
issued_utc=$((now - 600))

protocol=https
host=acme.snowflakecomputing.com
username=ALICE
password=canary-canary-7
password_expiry_utc=$((now + 600))
oauth_refresh_token=canary-canary-8
connection=over
issued_utc=$now
state[]=coco:refused=$now

protocol=https
host=git.example.org
path=a/b
username=bob
password=canary-canary-5

protocol=http
host=a-host-with-a-long-name.example.org:8080
username=somebody.with.a.long.name
password=canary-canary-6
password_expiry_utc=$((now + 864000))

END

mkdir -p "${store%/*}"
cp entries "$store"
chmod 600 "$store"

test_case 'people get a table of 80 columns' '
	run at_time $now coco-credential list
	expect_status 0
	expect_stderr </dev/null
	expect_stdout <<-END
	file: $store (not encrypted)
	  CONNECTION OR HOST         USER           ROLE           EXPIRES   REFRESH
	  dev                        ALICE          ANALYST        in 10 min yes
	  old                        ALICE          -              expired   no
	  over                       ALICE          -              in 10 min refused
	  git.example.org/a/b        bob            -              never     no
	  http://a-host-with-a-long-name.example.org:8080
	                             somebody.with.a.long.name
	                                            -              in 10 d   no
	END
	expect_equal "$(stdout | sed 1d | awk "length > 80")" "" "wide lines"
'

test_case 'programs get JSON' '
	run at_time $now coco-credential --json list
	expect_status 0
	expect_stderr </dev/null
	expect_equal "$(stdout | member "len(d[\"stores\"])")" 1
	expect_equal "$(stdout | member "[e.get(\"connection\") for e in \
		d[\"stores\"][0][\"entries\"]]")" "[\"dev\", \"old\", \"over\", null, null]"
	stdout | member "d[\"stores\"][0][\"entries\"][0]" >got
	expect_file got <<-END
	{"authenticator": "OAUTH", "connection": "dev", \
"host": "acme.snowflakecomputing.com", "issued_utc": $now, \
"password_expiry_utc": $((now + 600)), "protocol": "https", \
"refresh_token": true, "result": "success", "role": "ANALYST", \
"secret": true, "username": "ALICE"}
	END
	expect_equal "$(stdout | member "[(e[\"refresh_token\"], \
		e.get(\"refused\")) for e in d[\"stores\"][0][\"entries\"]][:3]")" \
		"[[true, null], [false, null], [false, true]]"
'

test_case 'no secret is in it' '
	for options in "" --json; do
		run coco-credential $options list
		expect_no_match canary
	done
'

test_case 'hostile bytes neither steer the terminal nor break JSON' '
	printf "# coco credentials 1\nprotocol=https\nhost=x\nusername=%b\n" \
		"\033]0;x\007\"\\\\\303\244\377\nconnection=\033[2J" >"$store"
	printf "password=canary-p\n\n" >>"$store"
	run coco-credential list
	expect_status 0
	expect_stdout_match "^  .x1b\[2J  .* .x1b\]0;x.x07\".ä.xff$"
	run coco-credential list --json
	expect_status 0
	stdout | member "d[\"stores\"][0][\"entries\"][0][\"username\"]" >got
	expect_file got <<-\END
	"\u001b]0;x\u0007\"\\\u00e4\ufffd"
	END
	LC_ALL=C tr -d "[:print:]\n\303\244\357\277\275" <lib/stdout >rest
	expect_file rest </dev/null
	cp entries "$store"
'

test_case 'each store of all stacks once, also one that only stores' '
	cat >"$stacks/mine" <<-END
	get    sufficient  connections
	get    required    file --file=$trash/second
	store  required    file --file=$trash/second
	store  optional    file --file=$trash/third
	get    sufficient  !echo foreign >>$trash/asked
	get    sufficient  $trash/foreign
	END
	put_file foreign 700 <<-END
	#!/bin/sh
	echo foreign >>$trash/asked
	END
	echo "get required file --file=$trash/second" >"$stacks/again"
	run coco-credential list --json
	expect_status 0
	expect_stderr </dev/null
	expect_equal "$(stdout | member "sorted(s[\"location\"] for s in \
		d[\"stores\"])" | tr " " "\n" | sed "s/[][\",]//g" | sort)" \
		"$(printf "%s\n" "$store" "$trash/second" "$trash/third" |
		sort)" locations
	test ! -e asked || fail "a foreign helper was run"
'

test_case '--stack: only those of one' '
	run coco-credential --stack again list
	expect_status 0
	expect_stdout <<-END
	file: $trash/second (not encrypted)
	  nothing is stored
	END
	rm "$stacks/again"
'

test_case 'one that is not available does not fail the others' '
	cp entries second
	chmod 644 second
	run coco-credential list
	expect_status 0
	expect_stdout_match "^file: $trash/second \(not encrypted\), denied$" \
		"^file: $store \(not encrypted\)$" "^  dev  .* yes$"
	expect_stderr_match "second: can be used by others"
	run coco-credential list --json
	expect_equal "$(stdout | member "sorted(s[\"result\"] for s in \
		d[\"stores\"])")" "[\"denied\", \"success\", \"success\"]"
'

test_case 'when none answers, that is the result' '
	echo "get required file --file=$trash/second" >"$stacks/bad"
	run coco-credential --stack bad list
	expect_status 5
	expect_stdout <<-END
	file: $trash/second (not encrypted), denied
	END
	run coco-credential --stack bad list --json
	expect_status 5
	expect_equal "$(stdout | member "d[\"stores\"][0][\"result\"]")" \
		"\"denied\""
	rm "$stacks/bad"
'

# end_readers FIFO: end those who wait for a writer, by being one: opened for
# both it waits for nobody
end_readers() {
	: <>"$1"
}

test_case 'one that hangs leaves the others their time' '
	mkfifo hung
	on_exit "end_readers hung"
	cat >"$stacks/hanging" <<-END
	get  optional  sealed [key-command=cat $trash/hung] file=$trash/sealed
	get  optional  file
	get  optional  file --file=$trash/third
	END
	head -c 32 /dev/zero >key
	printf "protocol=https\nhost=a.example\npassword=canary\n\n" |
		coco-credential-sealed --key-file="$trash/key" \
		    --file="$trash/sealed" store
	run coco-credential --timeout 3 --stack hanging list
	expect_status 0
	expect_stdout_match "^sealed: unavailable$" "^  dev  " \
		"^file: $trash/third "
	expect_stderr_match "helper sealed did not answer in time"
	rm "$stacks/hanging"
'

test_case 'one that cannot even say what it can is not left out' '
	cat >"$stacks/wrong" <<-END
	get  optional  file --nonsense
	get  optional  file
	END
	run coco-credential --stack wrong list
	expect_status 0
	expect_stdout_match "^file: usage$" "^  dev  "
	run coco-credential --stack wrong --json list
	expect_equal "$(stdout | member "[s[\"result\"] for s in \
		d[\"stores\"]]")" "[\"usage\", \"success\"]"
	rm "$stacks/wrong"
'

test_case 'a name that is cut shows it' '
	for name in "$(printf "%01100d" 0)" \
	    "0$(printf "%0600d" 0 | sed "s/0/$(printf "\303\244")/g")"; do
		sed "s/^connection=dev/connection=$name/" entries >"$store"
		run coco-credential --stack oauth list
		expect_status 0
		expect_stdout_match "^  0.*[.][.][.]$"
		# whole characters, and not more than a cell has
		expect_equal "$(stdout | sed -n "s/^  \(0.*\)[.][.][.]$/\1/p" |
			"$lib_python" -c "import sys
print(len(sys.stdin.buffer.read().decode().strip().encode()))")" 1021
	done
	cp entries "$store"
'

test_case 'no block that is cut is shown as if it were whole' '
	awk "BEGIN {
		print \"# coco credentials 1\"
		for (i = 0; i < 4000; i++)
			printf \"protocol=https\\nhost=%0400d.example\\n\" \
			    \"username=u%0400dEND\\npassword=canary\\n\\n\", i, i
	}" >"$store"
	run coco-credential --stack oauth --json list
	expect_status 1
	expect_stderr_match "answered more than 1 MiB"
	expect_equal "$(stdout | member "d[\"stores\"][0][\"result\"]")" \
		"\"error\""
	expect_equal "$(stdout | member "[len(d[\"stores\"][0][\"entries\"]) > 900, \
		[e for e in d[\"stores\"][0][\"entries\"] if \
		not e.get(\"username\", \"\").endswith(\"END\") or \
		\"refresh_token\" not in e]]")" "[true, []]"
	cp entries "$store"
'

test_case 'no store at all' '
	run coco-credential --stack connections list
	expect_status 3
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-credential: no stack has a store that can tell what it keeps
	END
	run coco-credential --stack connections --json list
	expect_status 3
	expect_stdout <<-\END
	{"stores":[]}
	END
'

test_case 'a stack with a fault is told, and the others are listed' '
	echo "get nonsense file" >"$stacks/faulty"
	run coco-credential list
	expect_status 0
	expect_stderr_match "faulty:1:5: "
	expect_stdout_match "^  dev  "
	run coco-credential --stack faulty list
	expect_status 1
	expect_stdout </dev/null
	rm "$stacks/faulty"
'

test_done
