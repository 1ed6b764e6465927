# SPDX-License-Identifier: GPL-3.0-or-later
# t0532 - T9: what the administrator's policy says of grants holds for the
# operator, for grants that were there before, and for each answer.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

# a namespace of a user's own will not do: / belongs to nobody there, and the
# policy would not be trusted
if test "${1-}" != inside && unshare -m true 2>/dev/null; then
	exec unshare -m sh "$0" inside
fi

. "${srcdir:-.}/tests/lib.sh"
require python3 curl
. "$srcdir/tests/tokend.sh"
may_print_secrets 'ask_sandbox *'

test "${1-}" = inside || skip_all 'needs root and a mount namespace'
mkdir -m 755 etc
for name in alternatives group ld.so.cache ld.so.conf ld.so.conf.d \
    nsswitch.conf passwd; do
	test ! -e "/etc/$name" || (umask 022 && cp -RP "/etc/$name" etc/)
done
mount --bind "$trash/etc" /etc 2>mount.log ||
	skip_all 'needs the right to mount'

start_fake
make_connection dev 'role = "ANALYST"'
make_connection prod
export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
state=$XDG_STATE_HOME/coco/tokend
coco-credential -c dev login 2>login.log

# with_policy LINE...: a daemon under it
with_policy() {
	stop_tokend
	rm -rf /etc/coco
	mkdir -m 755 /etc/coco
	printf '%s\n' "$@" >/etc/coco/policy.toml
	chmod 644 /etc/coco/policy.toml
	start_tokend
}

# forbids KEY OPTION...: such a grant is refused, and the reason names the key
forbids() {
	forbidden=$1
	shift
	run coco-tokend grant "$@"
	expect_status 5
	expect_stdout
	expect_stderr_match "policy.*/etc/coco/policy.toml.*$forbidden"
}

test_case 'each limit is enforced, and named' '
	with_policy "[grants]" "max_ttl = \"2h\"" "expose = false" \
		"tcp = false" "unauthenticated = false" "max = 1" \
		"connections = [\"dev\"]"
	forbids max_ttl --connection dev --ttl 3h
	forbids expose --connection dev --ttl 1h --expose
	forbids tcp --connection dev --ttl 1h --listen 127.0.0.1:0
	forbids connections --connection prod --ttl 1h
	run coco-tokend grant --connection dev --ttl 1h
	expect_status 0
	id=$(stdout | sed -n "s/^id *//p")
	forbids max --connection dev --ttl 1h
	run ask_sandbox "$id" /token
	expect_status 0
'

test_case 'an update cannot widen what the policy forbids' '
	run coco-tokend grant update "$id" --ttl 3h
	expect_status 5
	expect_stdout
	expect_stderr_match max_ttl
	run coco-tokend grants
	expect_stdout_match "^ends +in (1 h 00|0 h 59) min$"
'

test_case 'to pause one is always allowed' '
	with_policy "[grants]" "max = 0" "max_ttl = 60"
	run coco-tokend grant update "$id" --pause
	expect_status 0
	with_policy "[grants]" "max_ttl = \"2h\"" "connections = [\"dev\"]"
	run coco-tokend grant update "$id" --resume
	expect_status 0
'

test_case 'what was refused is in the audit log' '
	grep -q "\"event\":\"grant\",\"result\":\"denied\",\"connection\":\"prod\"" \
		"$state/audit.jsonl" || fail "$(cat "$state/audit.jsonl")"
'

test_case 'a grant that the policy now forbids is not served' '
	with_policy "[grants]" "connections = [\"prod\"]"
	grep -q "grant $id is not served: .*connections" tokend.log ||
		fail "$(cat tokend.log)"
	run ask_sandbox "$id" /token
	expect_status 7
	with_policy "# nothing is forbidden"
	run ask_sandbox "$id" /token
	expect_status 0
'

test_case 'where a line is required, there is no answer without one' '
	with_policy "audit = \"required\""
	run ask_sandbox "$id" /token
	expect_status 0
	rm "$state/audit.jsonl"
	mkdir "$state/audit.jsonl"
	run ask_sandbox "$id" /token
	expect_status 22
	expect_stdout_match token_error
	rmdir "$state/audit.jsonl"
	run ask_sandbox "$id" /token
	expect_status 0
'

# change_policy LINE...: under the daemon that runs
change_policy() {
	printf '%s\n' "$@" >/etc/coco/policy.toml
	run coco-tokend reload
}

test_case 'a policy that was changed holds after a reload' '
	with_policy "# nothing is forbidden"
	run coco-tokend grant --connection dev --ttl 8h
	expect_status 0
	kept=$(stdout | sed -n "s/^id *//p")
	change_policy "[grants]" "max_ttl = \"10h\""
	expect_status 0
	forbids max_ttl --connection dev --ttl 11h
	run ask_sandbox "$kept" /token
	expect_status 0
	change_policy "[grants]" "max_ttl = \"1h\""
	expect_status 0
	forbids max_ttl --connection dev --ttl 2h
	run coco-tokend grants
	expect_no_match "$kept"
	grep -q "grant $kept is revoked: .*max_ttl" tokend.log ||
		fail "$(cat tokend.log)"
'

test_case 'one that cannot be used is told at a reload, and allows nothing' '
	run coco-tokend grant --connection dev --ttl 1h
	expect_status 0
	kept=$(stdout | sed -n "s/^id *//p")
	change_policy "[grunts]"
	expect_status 1
	expect_stderr_match "/etc/coco/policy.toml:1:2: unknown"
	run coco-tokend grant --connection dev --ttl 1h
	expect_status 5
	expect_stderr_match "/etc/coco/policy.toml:1:2: unknown"
	run coco-tokend grants
	expect_stdout_match "$kept"
	change_policy "# nothing is forbidden"
	expect_status 0
	run ask_sandbox "$kept" /token
	expect_status 0
'

test_case 'a policy that cannot be used lets no daemon start' '
	stop_tokend
	echo nonsense >/etc/coco/policy.toml
	run coco-tokend
	expect_status 5
	expect_stdout
	expect_stderr_match "/etc/coco/policy.toml:1:"
'

test_done
