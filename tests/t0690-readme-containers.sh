#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0690 - the commands of the README about containers, in such: an image that
# has a `snow', which gets its token as the real one would.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck source=tests/readme.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2119,SC2154,SC2317

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
. "$srcdir/tests/readme.sh"
enter_netns "$@"
require python3 curl
need_static_client
need_engines
# the daemon answers none but who has the same
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
start_logged_in
may_print_secrets 'sh -e readme.run'
may_hold_secrets 'run/coco/grants/*' 'podman/*' 'lib/std*' \
	'home/.local/state/coco/deploy/*'

# It prints its token, by the file or by the endpoint that connections.toml has.
cat >images/busy/bin/snow <<-\END
	#!/bin/sh
	test "$*" = "sql -q select current_user()" || exit 2
	file=${SNOWFLAKE_HOME:-$HOME/.snowflake}/connections.toml
	value() {
		sed -n "s/^$1 = \"\(.*\)\"$/\1/p" "$file"
	}
	if test -n "$(value token_file_path)"; then
		cat "$(value token_file_path)"
	else
		wget -q -O - --post-data "grant_type=client_credentials&client_id=$(
			value oauth_client_id)&client_secret=$(
			value oauth_client_secret)" \
			"$(value oauth_token_request_url)"
	fi
END
chmod 755 images/busy/bin/snow
ln -s busybox images/busy/bin/wget
tar -C images/busy -c . | podman import \
	--change 'CMD ["/bin/snow", "sql", "-q", "select current_user()"]' \
	- my-image >>podman.log 2>&1
start_engine web my-image --network two

test_case 'one that is started with it' '
	run_readme "$readme_container" 1
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
	test -z "$(coco-tokend grants)" || fail "a grant is left"
'

test_case 'one that runs is made ready, and left as it was' '
	shape web >before
	run_readme "$readme_container" 2 \
		"s/ plan podman:web/& || test \$? -eq 10/"
	expect_status 0
	expect_stdout_match "^create directory /root/.snowflake 0700 " \
		"access_token.*ver:1-hint:.*Canary" "^token +one came" \
		"^state +as it was put there$" "^podman:web  dev  endpoint  grant"
	shape web >now
	expect_file now <before
	test -z "$(coco-tokend grants)" || fail "a grant is left"
'

# docker compose itself is tried where it is
test_case 'one that has the directory of a grant' '
	run coco-tokend grant --connection dev --ttl 8h
	directory=$(stdout | sed -n "s/^directory *//p")
	run_readme "$readme_container" 6 "s|DIRECTORY|$directory|
		s|/usr/libexec/coco/|$builddir/|"
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
	coco-tokend revoke --all 2>lib/null
'

test_case 'services of a compose file' '
	printf "%s\n" services: "  web:" "    image: my-image" >compose.yaml
	with=
	docker compose version >lib/null 2>&1 || with="/^docker compose /d"
	run_readme "$readme_container" 3 "$with"
	expect_status 0
	test -e compose.coco.yaml || fail "no override file"
	run coco-deploy remove compose:compose.yaml
	expect_status 0
	test ! -e compose.coco.yaml || fail "the override file is left"
	test -z "$(coco-tokend grants)" || fail "a grant is left"
'

test_case 'whenever it starts' '
	run_readme "$readme_container" 4
	expect_status 0
	expect_stdout_match "^ver:1-hint:.*Canary"
'

test_done
