# SPDX-License-Identifier: GPL-3.0-or-later
# t0220 - real git over HTTPS from a local server, with credential.helper=coco.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
require git python3 openssl
may_hold_secrets '*.key' askpass password
test -x "$(git --exec-path)/git-remote-https" ||
	skip_all 'this git has no HTTPS'
test -x "$(git --exec-path)/git-http-backend" ||
	skip_all 'this git has no http-backend'

store=$XDG_DATA_HOME/coco/credentials
GIT_CEILING_DIRECTORIES=$(dirname "$trash")
GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com
GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com
export GIT_CEILING_DIRECTORIES GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
	GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
put_file "$HOME/.gitconfig" <<END
[credential]
	helper = coco
[init]
	defaultBranch = main
END

make_repository() {
	mkdir -p repos
	git init -q --bare repos/x.git
	git -C repos/x.git config http.receivepack true
	git init -q work
	echo hello >work/file
	git -C work add file
	git -C work commit -q -m one
	git -C work push -q ../repos/x.git HEAD:refs/heads/main
	git -C repos/x.git symbolic-ref HEAD refs/heads/main
}

# make_certificate NAME
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj "/CN=$1" -addext 'subjectAltName=IP:127.0.0.1' \
		-keyout "$1.key" -out "$1.pem" 2>openssl.log
}

start_server() {
	printf 'canary-right\n' >password
	"$lib_python" "$srcdir/tests/fake/githttp.py" --root repos \
		--cert server.pem --key server.key --user alice \
		--password-file password --ready-file ready --log requests \
		>server.log 2>&1 &
	server_pid=$!
	on_exit 'kill $server_pid 2>/dev/null; wait $server_pid 2>/dev/null'
	wait_for_file ready || {
		echo 'Bail out!  the git server did not start'
		exit 1
	}
	host=127.0.0.1:$(cat ready)
	url=https://$host/x.git
}

make_repository
make_certificate server
make_certificate stranger
start_server
GIT_SSL_CAINFO=$trash/server.pem
export GIT_SSL_CAINFO

# approve PASSWORD
approve() {
	printf 'url=%s\nusername=alice\npassword=%s\n' "$url" "$1" |
		git credential approve
}

# clone [OPTION...]
clone() {
	rm -rf copy
	: >requests
	run git clone -q "$@" "$url" copy
}

# stored: what coco now has for the server
stored() {
	printf 'protocol=https\nhost=%s\n' "$host" >request
	run coco-credential get <request
}

test_case 'without a credential there is no clone' '
	clone
	expect_status 128
	expect_stderr_match "could not read Username"
	expect_no_match coco
	test ! -e copy/file || fail "there is a copy"
'

test_case 'with the stored one there is' '
	approve canary-right
	clone
	expect_status 0
	expect_stderr
	expect_equal "$(cat copy/file)" hello
	head -n 1 requests | grep -q " 401 -$" || fail "no challenge"
	grep -q "^POST /x.git/git-upload-pack 200 alice$" requests ||
		fail "no authenticated request"
'

test_case 'and it is still stored' '
	stored
	expect_status 0
	expect_stdout <<-\END
	username=alice
	password=canary-right
	END
	expect_equal "$(grep -c ^password= "$store")" 1 entries
'

test_case 'fetch and push' '
	git -C copy commit -q --allow-empty -m two
	: >requests
	run git -C copy push -q origin HEAD:main
	expect_status 0
	expect_stderr
	grep -q "^POST /x.git/git-receive-pack 200 alice$" requests ||
		fail "no authenticated request"
	run git -C copy fetch -q
	expect_status 0
	expect_stderr
	expect_equal "$(git -C repos/x.git rev-parse main)" \
	    "$(git -C copy rev-parse HEAD)" "commit"
'

test_case 'a wrong password is erased and the clone fails' '
	rm -f "$store"
	approve canary-wrong
	clone
	expect_status 128
	expect_stderr_match "Authentication failed|could not read Username"
	expect_no_match canary-wrong coco
	test ! -e copy/file || fail "there is a copy"
	stored
	expect_status 3
	expect_stdout
	expect_stderr
	grep -q canary-wrong "$store" && fail "it is still in the file"
	:
'

test_case 'only that one is erased' '
	printf "protocol=https\nhost=b.example\nusername=u\npassword=canary-p\n" |
		git credential approve
	approve canary-wrong
	clone
	expect_status 128
	printf "protocol=https\nhost=b.example\n" >request
	run coco-credential get <request
	expect_status 0
	expect_stdout_match "^password=canary-p$"
'

test_case 'what a person types once is stored by git' '
	put_file askpass 700 <<-\END
	#!/bin/sh
	case $1 in
	Username*) echo alice ;;
	*) echo canary-right ;;
	esac
	END
	GIT_ASKPASS=$trash/askpass
	export GIT_ASKPASS
	clone
	unset GIT_ASKPASS
	expect_status 0
	expect_stderr
	stored
	expect_stdout_match "^password=canary-right$"
	clone
	expect_status 0
	expect_stderr
'

test_case 'many clones at once' '
	for i in 1 2 3 4 5 6; do
		git clone -q "$url" "copy.$i" >"out.$i" 2>&1 &
		pids="${pids-} $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "a clone failed"
	done
	cat out.? >out
	expect_file out
	stored
	expect_status 0
	expect_equal "$(grep -c "^host=127" "$store")" 1 entries
'

test_case 'a server that git does not trust gets nothing' '
	GIT_SSL_CAINFO=$trash/stranger.pem
	clone
	expect_status 128
	GIT_SSL_CAINFO=$trash/server.pem
	expect_file requests
	stored
	expect_status 0
'

test_case 'the same host by another port gets nothing' '
	printf "protocol=https\nhost=127.0.0.1\n" >request
	run coco-credential get <request
	expect_status 3
	expect_stdout
'

test_done
