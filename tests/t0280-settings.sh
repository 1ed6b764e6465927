# SPDX-License-Identifier: GPL-3.0-or-later
# t0280 - coco.toml: the user's file is over the system's key by key, a file
# with a fault or that others could have written is refused whole, and all that
# is wrong is told.  The system's is the real one, /etc/coco/coco.toml: the
# test has a mount namespace of its own, in which /etc/coco is the test's.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2317 # test_case evaluates later

if test "${1-}" != inside && command -v unshare >/dev/null; then
	for how in -m -rm; do
		unshare $how true 2>/dev/null && exec unshare $how sh "$0" inside
	done
fi

. "${srcdir:-.}/tests/lib.sh"

test "${1-}" = inside || skip_all 'needs a mount namespace'
mkdir -m 755 etc
for name in alternatives group ld.so.cache ld.so.conf ld.so.conf.d \
    nsswitch.conf passwd; do
	test ! -e "/etc/$name" || (umask 022 && cp -RP "/etc/$name" etc/)
done
mount --bind "$trash/etc" /etc 2>mount.log ||
	skip_all 'needs the right to mount'
# the user of a namespace is not the root whose / it is
test "$(stat -c %u /)" -eq 0 || skip_all 'needs a / that belongs to root'

system=/etc/coco/coco.toml
user=$XDG_CONFIG_HOME/coco/coco.toml
who='the settings and all that they are in must belong to root or to you and'
who="$who be writable by nobody else"

# put_system LINE..., put_user LINE...: the one or the other file
put_system() {
	(umask 022 && mkdir -p /etc/coco)
	put_lines $system "$@"
}

put_user() {
	mkdir -p "${user%/*}"
	put_lines "$user" "$@"
}

put_lines() {
	put_path=$1
	shift
	rm -rf "$put_path"
	for put_line in "$@"; do
		printf '%s\n' "$put_line"
	done >"$put_path"
	chmod 644 "$put_path"
}

# show: the settings without the comments; a FIFO must not stop it
show() {
	run timeout 60 "$builddir/tests/show-settings"
	grep -v '^#' lib/stdout >lib/values
	mv lib/values lib/stdout
}

# expect_values NAME=VALUE...: status 0, and these settings
expect_values() {
	expect_status 0
	expect_stderr
	for expected in "$@"; do
		grep -Fqx "${expected%%=*} = ${expected#*=}" lib/stdout ||
			fail "not so: $expected"
	done
}

# expect_faults <<END: status 1, these lines on stderr behind the program's name
expect_faults() {
	sed 's/^/show-settings: /' >want
	expect_status 1
	expect_stdout </dev/null
	expect_stderr <want
}

test_case 'without a file there are the presets' '
	show
	expect_status 0
	expect_stderr
	expect_stdout <<-\END
	[daemon]
	socket = ""
	max_connections = 8192
	header_timeout = 10
	idle_timeout = 300
	request_timeout = 60
	max_children = 16
	check_namespaces = true

	[cache]
	max_entries = 1024
	max_age = 900
	refresh_ahead = true

	[sandbox]
	max_grants = 2048
	max_connections = 4096
	max_per_grant = 64
	idle_timeout = 60

	[log]
	level = "info"
	END
'

test_case 'the file of the system alone' '
	put_system "[daemon]" "max_children = 2" "[log]" "level = \"debug\""
	show
	expect_values max_children=2 level=\"debug\" max_connections=8192
'

test_case 'the file of the user is over it, key by key' '
	put_user "[daemon]" "socket = \"~/s\"" "max_children = 3"
	show
	expect_values max_children=3 level=\"debug\" socket=\"~/s\"
'

test_case 'the file of the user alone' '
	rm $system
	show
	expect_values max_children=3 level=\"info\"
'

test_case 'without a home there is only the file of the system' '
	put_system "daemon.max_children = 2"
	(
		unset HOME XDG_CONFIG_HOME
		show
		expect_values max_children=2 socket=\"\"
	)
'

test_case 'what is printed is a file that says the same' '
	put_system "log.level = \"error\""
	put_user "daemon.socket = \"/a \\\"b\\\"\"" "cache.max_age = 7"
	run "$builddir/tests/show-settings"
	expect_status 0
	cp lib/stdout first
	rm $system
	cp first "$user"
	run "$builddir/tests/show-settings"
	expect_stdout <first
	expect_values socket="\"/a \\\"b\\\"\"" max_age=7 level=\"error\"
'

test_case 'all faults of both files are told' '
	put_system "[log]" "lebel = 1" "[log.level]"
	put_user "[cache]" "  max_age = 1000"
	show
	expect_faults <<-END
	$system:2:1: unknown key "log.lebel"; the nearest is "log.level"
	$system:3:6: log.level must be "error", "warning", "info" or "debug"
	$user:2:13: cache.max_age must be a number of seconds from 1 to 900
	END
'

test_case 'a good file does not make up for a bad one' '
	put_system "log.level = \"debug\""
	show
	expect_faults <<-END
	$user:2:13: cache.max_age must be a number of seconds from 1 to 900
	END
	put_system "log.level = 1"
	put_user "log.level = \"debug\""
	show
	expect_faults <<-END
	$system:1:13: log.level must be "error", "warning", "info" or "debug"
	END
	rm $system
'

test_case 'what is no TOML is refused' '
	put_user "[log]" "level = info"
	show
	expect_faults <<-END
	$user:2:9: not a valid value; text must be in quotes
	END
'

test_case 'a file that others can write is refused' '
	put_user "cache.max_age = 9"
	for mode in 666 620 602; do
		chmod $mode "$user"
		show
		expect_faults <<-END
		$user: $user is writable by group or others: $who
		END
	done
	chmod 644 "$user"
	show
	expect_values max_age=9
'

test_case 'so is one in a directory that others can write' '
	chmod 777 "${user%/*}"
	show
	expect_faults <<-END
	$user: ${user%/*} is writable by group or others: $who
	END
	chmod 755 "${user%/*}"
	put_system "log.level = \"debug\""
	chmod 775 /etc/coco
	show
	expect_faults <<-END
	$system: /etc/coco is writable by group or others: $who
	END
	chmod 755 /etc/coco
	rm $system
'

test_case 'so is one of somebody else' '
	if ! chown 12345 "$user" 2>chown.log; then
		skip "only root can give files away"
		return
	fi
	show
	expect_faults <<-END
	$user: $user belongs to another user: $who
	END
	chown 0 "$user"
'

test_case 'a link is followed, and both its ends must be safe' '
	mkdir -p elsewhere
	echo "cache.max_age = 8" >elsewhere/f
	ln -sf "$trash/elsewhere/f" "$user"
	show
	expect_values max_age=8
	chmod 722 elsewhere
	show
	expect_faults <<-END
	$user: $trash/elsewhere is writable by group or others: $who
	END
	chmod 700 elsewhere
'

test_case 'a link that leads nowhere is not a missing file' '
	rm elsewhere/f
	show
	expect_faults <<-END
	$user: No such file or directory
	END
'

test_case 'nor is a directory that cannot be searched' '
	if test "$(id -u)" -eq 0; then
		skip "root can search any"
		return
	fi
	chmod 000 "${user%/*}"
	show
	expect_faults <<-END
	$user: Permission denied
	END
	chmod 755 "${user%/*}"
'

test_case 'what is no plain file is refused at once' '
	rm -rf "$user"
	mkdir "$user"
	show
	expect_faults <<-END
	$user: is no plain file
	END
	rmdir "$user"
	mkfifo -m 600 "$user"
	show
	expect_faults <<-END
	$user: is no plain file
	END
'

test_case 'a file of more than 64 KiB is refused' '
	rm "$user"
	head -c 65536 /dev/zero | tr "\\0" "\\n" >"$user"
	show
	expect_values max_age=900
	echo >>"$user"
	show
	expect_faults <<-END
	$user: longer than 64 KiB
	END
'

test_case 'a name cannot forge a line' '
	XDG_CONFIG_HOME="$trash/a
b"
	mkdir -p "$XDG_CONFIG_HOME/coco"
	echo "log=1" >"$XDG_CONFIG_HOME/coco/coco.toml"
	show
	expect_faults <<-END
	$trash/a\\x0ab/coco/coco.toml:1:5: log must be a table
	END
'

test_done
