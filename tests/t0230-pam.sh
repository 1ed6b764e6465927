# SPDX-License-Identifier: GPL-3.0-or-later
# t0230 - the answers of the real libpam (tests/data/pam), through the command
# line: a stack file for each line, with helpers that return each status.  The
# unit test of the stack has all lines; here is every so-manyth of generated.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2317 # test_case evaluates its text later

. "${srcdir:-.}/tests/lib.sh"
may_hold_secrets helpers/success

data=$srcdir/tests/data/pam
stacks=$XDG_CONFIG_HOME/coco/stack.d
helpers=$trash/helpers
mkdir -p "$stacks" "$helpers"
put_file request <<END
protocol=https
host=a.example

END
every=4
test -z "$under" || every=200

# make_helper NAME STATUS: a helper that logs its name and ends so
make_helper() {
	cat >"$helpers/$1" <<-END
	#!/bin/sh
	printf '%s ' $1 >>'$trash/ran'
	${3:+echo $3}
	exit $2
	END
	chmod 700 "$helpers/$1"
}

# The names of libpam's results and what they are with us (data/pam/README).
make_helper success 0 password=canary-x
make_helper auth_err 5
make_helper perm_denied 3
make_helper user_unknown 3
make_helper authinfo_unavail 75
make_helper ignore 7

# pick FILE EVERY: the lines to try, without those of new_authtok_reqd, which
# has no counterpart.  Of each the name, the rules, the exit status and the
# helpers that ran; the status is "refused" for a file that is refused whole.
pick() {
	awk -F '|' -v every="$2" '
	BEGIN {
		status["success"] = 0
		status["auth_err"] = 5
		status["perm_denied"] = 3
		status["user_unknown"] = 3
		status["authinfo_unavail"] = 75
		status["module_unknown"] = 1
		refused["bad-control"] = refused["unknown-action"] = 1
		refused["jump-zero"] = refused["jump-too-far"] = 1
		refused["include-missing-file"] = 1
	}
	/new_authtok_reqd/ || n++ % every { next }
	$1 in refused { print $1 "|" $2 "|refused|"; next }
	# there libpam goes on to "other"
	$1 == "empty-stack" { print $1 "||3|"; next }
	{ print $1 "|" $2 "|" status[$3] "|" $4 }' "$1"
}

# write_stacks FILE: the stack file of each line, all at once, for a process
# for each rule takes too long
write_stacks() {
	awk -F '|' -v dir="$stacks" -v helpers="$helpers" '
	{
		file = dir "/" $1
		printf "" >file
		n = split($2, rule, ";")
		for (i = 1; i <= n; i++) {
			at = match(rule[i], /[a-z_-]*$/)
			if (rule[i] !~ /^(include|substack) /)
				sub(/[a-z_]*$/, helpers "/&", rule[i])
			print "get " rule[i] >file
		}
		close(file)
	}' "$1"
}

# one NAME STATUS HELPERS: run it, complain when it is not so
one() {
	: >ran
	got=0
	coco-credential --stack "$1" get <request >out 2>err || got=$?
	helpers_ran=
	IFS= read -r helpers_ran <ran || :
	said=
	IFS= read -r said <err || :
	case $2 in
	refused)
		case $said in
		"coco-credential: $stacks/"*:[1-9]*:[1-9]*': '?*) want=1 ;;
		*) want='1 and file:line:column' ;;
		esac ;;
	*)
		want=$2 ;;
	esac
	if test "$got" != "$want" || test "$helpers_ran" != "$3"; then
		fail "$1: status $got, want $want; ran '$helpers_ran', want '$3'"
		sed "s/^/#   /" "$stacks/$1" err
	fi
	case $want in
	0) test -s out ;;
	*) test ! -s out ;;
	esac || fail "$1: wrong to be on stdout: '$(cat out)'"
}

# some FILE FROM TO: those lines of what pick printed
some() {
	sed -n "$2,$3p" "$1" >part
	while IFS='|' read -r name rules status_want helpers_want; do
		one "$name" "$status_want" "$helpers_want"
	done <part
}

cat >included <<END
sub-suff|sufficient success;required auth_err
sub-fail|requisite auth_err;required success
sub-empty|
END
pick "$data/basic.txt" 1 >basic
pick "$data/generated.txt" $every >generated
write_stacks included
write_stacks basic
write_stacks generated

test_case 'the data is there' '
	test "$(wc -l <basic)" -ge 35 || fail "basic.txt is short"
	test "$(wc -l <generated)" -ge 10 || fail "generated.txt is short"
'

test_case 'named cases of libpam' '
	some basic 1 1000
'

# libpam says no more than that the stack fails once it is there.
test_case 'a jump cannot leave its substack' '
	echo "deep|[success=1 default=ignore] success" >deep
	echo "outer|substack deep;required success;required success" >>deep
	write_stacks deep
	one outer refused ""
'

at=1
total=$(wc -l <generated | tr -d ' ')
while test $at -le "$total"; do
	test_case "generated cases $at to $((at + 99)), each ${every}th line" '
		some generated $at $((at + 99))
	'
	at=$((at + 100))
done

test_done
