# SPDX-License-Identifier: GPL-3.0-or-later
# t0390 - two hundred callers at once over three stores, some of them killed:
# one refresh for each credential, and never two live families of tokens.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC1091,SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
require python3
. "$srcdir/tests/keyring.sh"
start_keyring

many=200
test -z "$under" || many=12
head -c 32 /dev/urandom >"$trash/key"
start_fake --set single_use=true
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"

# connection NAME HELPER...: one that is kept by this helper alone
connection() {
	name=$1
	shift
	put_file "$XDG_CONFIG_HOME/coco/stack.d/$name" <<-END
	get    [success=done not_found=ignore expired=ignore default=die]  $*
	get    required  oauth
	store  required  $*
	erase  required  $*
	END
	make_connection "$name" "credential_helper = \"$name\"" \
		'oauth_enable_single_use_refresh_tokens = true'
	coco-credential -c "$name" login 2>>login.log || fail "no login"
}

connection one file
connection two sealed "key-file=$trash/key"
connection three libsecret
now=0

state() {
	control | "$lib_python" -c 'import json, sys
state = json.load(sys.stdin)
print({"families": state["live_families"],
       "replays": state["counters"]["replays"],
       "refreshes": state["counters"]["token"].get("refresh_token", 0)
       }[sys.argv[1]])' "$1"
}

stampede() {
	now=$((now + 1000))
	"$lib_python" "$srcdir/tests/stampede.py" $many "$1" +$now \
		one two three >result || fail "no result"
	sed 's/^/# /' result
}

test_case 'all live: one refresh for each, one token for all' '
	before=$(state refreshes)
	stampede 0
	expect_equal "$(($(state refreshes) - before))" 3 refreshes
	while read -r name lived tokens different; do
		expect_equal "$tokens" "$lived" "$name: tokens"
		expect_equal "$different" 1 "$name: different tokens"
	done <result
	expect_equal "$(state families)" 3 families
	expect_equal "$(state replays)" 0 replays
	expect_equal "$(cat stampede.err)" "" messages
'

for round in 1 2 3; do
	test_case "every fourth is killed somewhere, round $round" '
		stampede 4
		test "$(state families)" -le 3 || fail "too many families"
		for name in one two three; do
			run at_time +$now coco-credential -c $name token
			if test "$status" -eq 4; then
				note "$name: a login is needed"
				expect_stderr_match "hint: .* -c $name login"
				coco-credential -c $name login 2>>login.log
				run at_time +$now coco-credential -c $name token
			fi
			expect_status 0
		done
		expect_equal "$(state families)" 3 families
	'
done

test_case 'nothing is left over' '
	expect_equal "$(find "$HOME" -name "*.tmp" -o -path "*/spool/*")" "" files
'

keyring_done
