# SPDX-License-Identifier: GPL-3.0-or-later
# t0400 - the manual says what is: every program has a page with all its verbs
# and options, tables and built-in stacks are those of the code, and the
# examples run.
#
# An example runs when these lines come before it in the page's source; COMMAND
# are programs without which it is skipped:
#
#	.\" run: [COMMAND...]
#	.\" expect: REGEX
#	.Bd -literal
#
# For the command `tokend' there is a coco-tokend while it runs.
# It ends with 0 under `sh -e', and a line of stdout matches REGEX.  In it
# https://myorg-dev.snowflakecomputing.com is the stand-in for Snowflake, where
# the connection "dev" is logged in, and /usr/local/libexec/coco the directory
# of our helpers.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2013 # words are what is wanted
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require openssl python3
. "$srcdir/tests/tokend.sh"
may_hold_secrets '*.pem' 'home/.snowflake/*.p8'
# examples show what they print
may_print_secrets 'sh -e *'

man=$srcdir/man

# --- the pages and the programs --------------------------------------------

programs='coco-credential coco-tokend coco-deploy'
for source in "$srcdir"/helpers/coco-credential-*.c; do
	programs="$programs $(basename "$source" .c)"
done

# mentions PAGE REGEX WHAT: some line of the page's source matches
mentions() {
	grep -Eq -e "$2" "$1" || fail "${1##*/} does not describe $3"
}

# check_page PROGRAM: what --help names is in the page, and the other way round
check_page() {
	page=$man/$1.1
	test -e "$page" || page=$man/$1.8
	if test "$1" = coco-credential-libsecret && ! command -v "$1" >lib/null
	then
		skip "configured without $1"
		return
	fi
	run "$1" --help
	expect_status 0
	mentions "$page" "^\\.Nm $1( ,)?\$" "$1" || return
	# two ways to write long options
	items=$1.items
	sed 's/Fl Fl /Fl -/g' "$page" >"$items"
	for word in $(stdout |
	    sed -n '/^Verbs:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'); do
		mentions "$items" "^\\.It Cm $word\$" "verb $word"
	done
	for word in $(stdout | sed -n -e 's/^  -\([a-zA-Z]\), .*/\1/p' \
	    -e 's/^  -[a-zA-Z], -\(-[a-z-]*\).*/\1/p' \
	    -e 's/^      -\(-[a-z-]*\).*/\1/p'); do
		mentions "$items" "^\\.It (.* )?Fl $word( |\$)" "-$word"
	done
	for word in $(grep '^\.It Fl' "$items" | grep -o 'Fl --*[a-z-]*' |
	    cut -d ' ' -f 2) $(sed -n 's/^\.It Cm \([a-z]*\)$/\1/p' \
	    "$items"); do
		grep -Eq -e "^  (.*-)?$word( |\$)" lib/stdout ||
			fail "--help does not know $word"
	done
}

for program in $programs; do
	test_case "the page of $program has the verbs and options of --help" \
		"check_page $program"
done

test_case 'git-credential-coco is in the page that it is a name of' '
	mentions "$man/coco-credential.1" "^\\.Nm git-credential-coco$" it
'

test_case 'every page is installed' '
	for page in "$man"/*.[1-8]; do
		grep -q "man/${page##*/}" "$man/local.mk" ||
			fail "man/local.mk does not have ${page##*/}"
	done
'

# --- what is printed in them -----------------------------------------------

# The rules in stackfile.c, as NAME: RULE.
stacks_of_source() {
	python3 -c '
import re, sys
text = sys.stdin.read()
macros = {}
joined = text.replace("\\\n", " ")
for name, value in re.findall(r"#define (\w+) (.*)", joined):
    macros[name] = re.sub(r"\b[A-Z_]+\b(?=[ \"]|$)",
                          lambda m: macros.get(m[0], m[0]), value)
table = re.search(r"builtins\[\] = \{\n(.*?)\n\};", text, re.S)[1]
table = re.sub(r"\b[A-Z_]+\b", lambda m: macros.get(m[0], m[0]), table)
for entry in re.findall(r"\{\s*(\".*?\")\s*\}", table, re.S):
    name, *parts = re.findall(r"\"([^\"]*)\"", entry)
    for rule in "".join(parts).split("\\n")[:-1]:
        print(name + ": " + rule)' <"$srcdir/src/stackfile.c"
}

stacks_of_page() {
	awk '
		/^\.\\" built-in: / { name = $3; next }
		name != "" && /^\.Bd/ { on = 1; next }
		/^\.Ed/ { on = 0; name = "" }
		on { print name ": " $0 }' "$man/coco-stack.5"
}

test_case 'coco-stack(5) prints the built-in stacks' '
	stacks_of_source >want
	expect_equal "$(cut -d: -f1 want | uniq | tr "\n" " ")" \
		"connections jwt oauth other pat "
	stacks_of_page >got
	diff -u want got >stacks.diff || fail "$(cat stacks.diff)"
'

# Settings as SECTION.NAME = DEFAULT (WHAT IT MUST BE).
settings_of_program() {
	"$builddir/tests/show-settings" | awk '
		/^\[/ { section = substr($0, 2, length($0) - 2) }
		/^# / { domain = $0; sub(/^[^:]*: /, "", domain) }
		/ = / { print section "." $0 " (" domain ")" }'
}

settings_of_page() {
	sed -e 's/\\(dq/"/g' "$man/coco.toml.5" | awk '
		/^\.Ss Table/ { section = substr($3, 2, length($3) - 2) }
		/^\.Ss Files/ { exit }
		item != "" {
			sub(/\.$/, "")
			print item " (" tolower(substr($0, 1, 1)) substr($0, 2) ")"
			item = ""
		}
		/^\.It Ic / { item = section "." $3 " = " $6 }'
}

test_case 'coco.toml(5) has all settings, with defaults and ranges' '
	settings_of_program >want
	expect_equal "$(wc -l <want | tr -d " ")" 15
	settings_of_page >got
	diff -u want got >settings.diff || fail "$(cat settings.diff)"
'

settings_example() {
	awk '
		/^\.\\" coco.toml:/ { marked = 1; next }
		marked && /^\.Bd/ { on = 1; marked = 0; next }
		/^\.Ed/ { on = 0 }
		on' "$man/coco.toml.5"
}

test_case 'the file in coco.toml(5) has no fault' '
	mkdir -p "$XDG_CONFIG_HOME/coco"
	settings_example >"$XDG_CONFIG_HOME/coco/coco.toml"
	run "$builddir/tests/show-settings"
	expect_status 0
	expect_stderr </dev/null
	expect_stdout_match "^max_children = 4$" "^level = .warning.$"
	rm "$XDG_CONFIG_HOME/coco/coco.toml"
'

# Results with their statuses: those in the table of reply.c, else 500.
statuses_of_source() {
	"$lib_python" -c '
import re, sys
results, reply = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
table = dict(re.findall(r"\{ (RESULT_\w+), (\d+) \}", reply))
for result, name in re.findall(r"\[(RESULT_\w+)\] = \{ \"(\w+)\"", results):
    print(name, table.pop(result, 500))
assert not table' "$srcdir/src/result.c" "$srcdir/src/reply.c" | sort
}

test_case 'coco-http(7) has every result, and its status' '
	statuses_of_source >want
	expect_equal "$(wc -l <want | tr -d " ")" 10
	sed -n "s/^\.It \([a-z_]*\) Ta \([1-5][0-9][0-9]\)$/\1 \2/p" \
		"$man/coco-http.7" | sort >got
	diff -u want got >http.diff || fail "$(cat http.diff)"
'

# endpoints_of_page METHOD: paths of the list, one each
endpoints_of_page() {
	sed -n "/^\.Ss Endpoints/,/^\.Ss Results/s/^\.It Ic $1 //p" \
		"$man/coco-http.7" | tr -s " ," "\n"
}

test_case 'coco-http(7) has every endpoint' '
	for method in GET POST; do
		sed -n "/reply_route routes/,/^};/p" "$srcdir/src/control.c" |
			grep -o "\"$method\", \"[a-z/]*\"" |
			cut -d "\"" -f 4 | sort >want
		test "$(wc -l <want)" -ge 5 || fail "$(cat want)"
		endpoints_of_page $method | sort >got
		diff -u want got >endpoints.diff || fail "$(cat endpoints.diff)"
	done
'

test_case 'coco-http(7) has every member of the status' '
	start_tokend
	coco-credential get >lib/null <<-END
	protocol=https
	host=status.example

	END
	ask_tokend /status >status.json
	stop_tokend
	"$lib_python" -c "
import json
status = json.load(open(\"status.json\"))
for name in list(status) + list(status[\"entries\"][0]):
    print(name)" >words
	test "$(wc -l <words)" -ge 15 || fail "$(cat words)"
	sed -n "/^\.It Ic GET .status/,/^\.It Ic GET .metrics/p" \
		"$man/coco-http.7" | grep -v "^\.It" >status.page
	while read -r word; do
		grep -Eq "(^|[ (])$word( |\$)" status.page ||
			fail "it does not describe $word"
	done <words
'

test_case 'coco-protocol(7) has the results and their statuses' '
	sed -n "s/.*\[RESULT_.*{ \"\([a-z_]*\)\", \([0-9]*\) }.*/\1 \2/p" \
		"$srcdir/src/result.c" | sort >want
	expect_equal "$(wc -l <want | tr -d " ")" 10
	sed -n "s/^\.It \([a-z_]*\) Ta \([0-9]*\) Ta .*/\1 \2/p" \
		"$man/coco-protocol.7" | sort >got
	diff -u want got >results.diff || fail "$(cat results.diff)"
'

test_case 'coco-protocol(7) has every attribute' '
	sed -n "/^} attrs/,/^};/s/.*{ \"\([a-z_]*\)\".*/\1/p
	    s/^	\[CRED_.*\"\([a-z]*\)\[\]\",/\1[[][]]/p" \
		"$srcdir/src/cred.c" >words
	expect_equal "$(wc -l <words | tr -d " ")" 20
	while read -r word; do
		mentions "$man/coco-protocol.7" \
			"^\\.It Ic ([a-z_]+ , )*$word( |$)" "$word"
	done <words
'

# What providers can have: keys of the top and of files, placeholders.
provider_words() {
	sed -n 's/.*strcmp(key, "\([a-z]*\)") == 0.*/\1/p' \
		"$srcdir/src/provider.c"
	sed -n '/^find_value/,/^}/p' "$srcdir/src/layout.c" |
		sed -n 's/{ "\([a-z_]*\)"/\n\1\n/gp' |
		sed -n 's/^[a-z_]*$/[{]&[}]/p'
}

test_case 'coco-provider(5) has every key and every placeholder' '
	provider_words >words
	expect_equal "$(wc -l <words | tr -d " ")" 27
	sed -e "s/^\.Ss Tables* \[*\([a-z]*\)\]*$/.It Ic \1/" -e :more \
		-e "/[\\]$/N" -e "s/[\\]\n//" -e tmore \
		"$man/coco-provider.5" >provider.page
	while read -r word; do
		mentions provider.page "^\\.It I?[cQl]+ (.* )?$word( |\$)" \
			"$word"
	done <words
'

test_case 'coco-provider(5) has the providers that come with coco' '
	for file in "$srcdir"/providers/*.toml; do
		mentions "$man/coco-provider.5" \
			"^\.It Ql $(basename "$file" .toml)\$" "$file"
	done
'

# --- the examples ----------------------------------------------------------

# take_examples PAGE: into files example.N.sh, .needs, .expect, .title
take_examples() {
	awk -v n="$examples" -v page="${1##*/}" '
		/^\.\\" run:/ {
			needs = $0
			sub(/^[^:]*: */, "", needs)
			pending = 1
		}
		/^\.\\" expect: / {
			expect = $0
			sub(/^[^:]*: */, "", expect)
		}
		pending && /^\.Bd -literal/ {
			name = "example." ++n
			print needs >(name ".needs")
			print expect >(name ".expect")
			print page ":" NR + 1 >(name ".title")
			pending = 0
			on = 1
			next
		}
		/^\.Ed/ { on = 0 }
		on {
			gsub(/\\&/, "")
			gsub(/\\e/, "\\")
			print >(name ".sh")
		}
		END { print n }' "$1" >examples.count
	read -r examples <examples.count
}

run_example() {
	with=
	for command in $(cat "$1.needs"); do
		if test "$command" = tokend; then
			with=tokend
		elif ! command -v "$command" >lib/null; then
			skip "needs $command"
			return
		fi
	done
	coco-credential -c dev token >lib/null 2>&1 ||
		coco-credential -c dev login || return
	sed -e "s|https://myorg-dev.snowflakecomputing.com|$fake_url|g" \
		-e "s|myorg-dev.snowflakecomputing.com|${fake_url#*//}|" \
		-e "s|/usr/local/libexec/coco/|$helpers/|g" "$1.sh" >"$1.now"
	test -z "$with" || start_tokend
	run sh -e "$1.now"
	test -z "$with" || stop_tokend
	expect_status 0
	expect_stdout_match "$(cat "$1.expect")"
	# one that it has started it has to stop
	if test -S "$tokend_sock"; then
		coco-tokend stop
		fail "a coco-tokend is left"
	fi
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2 \
	-keyout key.pem -out cert.pem >openssl.log 2>&1 ||
	note 'openssl made no certificate'
start_fake --tls "$trash/cert.pem" "$trash/key.pem"
make_connection dev
cat >>"$HOME/.snowflake/connections.toml" <<-\END
	[pat]
	account = "myorg-dev"
	user = "ALICE"
	authenticator = "PROGRAMMATIC_ACCESS_TOKEN"
	token_file_path = "~/.snowflake/pat"
	[key]
	account = "myorg-dev"
	user = "ALICE"
	authenticator = "SNOWFLAKE_JWT"
	private_key_file = "~/.snowflake/key.p8"
END
put_file "$HOME/.snowflake/pat" <<-\END
	a-programmatic-access-token
END
chmod 600 "$HOME/.snowflake/connections.toml"
BROWSER="python3 $srcdir/tests/fake/browser.py"
SSL_CERT_FILE=$trash/cert.pem
CURL_CA_BUNDLE=$SSL_CERT_FILE
COCO_TEST_CA=$SSL_CERT_FILE
export BROWSER SSL_CERT_FILE CURL_CA_BUNDLE COCO_TEST_CA
helpers=$(dirname "$(command -v coco-credential-file)")

examples=0
for page in "$man"/*.[1-8]; do
	before=$examples
	take_examples "$page"
	test_case "${page##*/} has examples that run" \
		'test "$examples" -gt "$before"'
done
example=0
while test $example -lt "$examples"; do
	example=$((example + 1))
	test_case "example at $(cat example.$example.title)" \
		"run_example example.$example"
done

test_done
