#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# t0600 - what coco-deploy sees and changes in containers through podman, and
# through docker's client in front of podman's service: roots with busybox and
# without any program, a read-only one, one that does not run.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/containers.sh
# shellcheck disable=SC2016,SC2034,SC2086,SC2154,SC2317 # test_case evaluates later

. "${srcdir:-.}/tests/lib.sh"
. "$srcdir/tests/containers.sh"
enter_netns "$@"
wrap_podman
may_hold_secrets 'podman/*'
may_print_secrets 'use-engine*'

# the client that is found in PATH has the state of the test; use-engine is
# where it finds the remover beside it
cp "$builddir/tests/use-engine" programs
remover=$builddir/coco-deploy-remove.static
if test -x "$remover"; then
	cp "$remover" programs
else
	remover=
fi

# make_images: "busy" has busybox, "bare" one program that only waits
make_images() (
	umask 022
	make_busy && make_bare
)

make_busy() (
	mkdir -p busy/bin busy/etc busy/tmp busy/var/home/u/.snowflake \
		busy/var/home/u/dotfiles busy/var/home/u/.many busy/opt busy/root
	cp "$(command -v busybox)" busy/bin/busybox
	for name in sh sleep ls cat rm cp id env dd; do
		ln -s busybox "busy/bin/$name"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >busy/etc/passwd
	cd busy/var/home/u || exit
	ln -s var/home ../../../home
	echo content >.snowflake/config.toml
	chmod 600 .snowflake/config.toml
	chmod 700 .snowflake
	ln -s /etc/passwd .snowflake/link
	ln -s ../dotfiles .snowflake/sub
	mkfifo .snowflake/fifo
	echo one >.snowflake/hard1
	ln .snowflake/hard1 .snowflake/hard2
	: >.snowflake/empty
	mkdir .snowflake/private
	echo x >.snowflake/'odd "name'\'':
	'
	echo linked >dotfiles/.gitconfig
	ln -s dotfiles/.gitconfig .gitconfig
	ln -s nowhere .dangling
	ln -s dotfiles .linked
	chown -R 1000:1001 .snowflake
	cd ../../..
	tar -c . | podman import --change 'ENV A="<a> b"' --change USER=7:8 \
		- busy >/dev/null
)

make_bare() {
	mkdir -p bare/bin bare/root
	cp "$(command -v busybox)" bare/bin/sleep
	tar -C bare -c . | podman import - bare >/dev/null
}
if ! make_images 2>podman.log || ! podman run --rm --network none bare \
	/bin/sleep 0 2>>podman.log; then
	skip_all "no container can be started: $(tail -n 1 podman.log)"
fi
serve_podman

start() {
	start_name=$1
	shift
	podman run --detach --name "$start_name" "$@" 900 >/dev/null
}
podman network create --disable-dns --subnet 10.99.1.0/24 --subnet fd99::/64 \
	two >/dev/null
start busy --network two --user 0 --tmpfs /tm busy /bin/sleep
start bare --network none bare /bin/sleep
start ro --network none --read-only --tmpfs /root bare /bin/sleep
podman create --name idle --network none busy /bin/sleep 900 >/dev/null


test_case 'inspect tells the same by both clients' '
	each_client "
		run use-engine \$client busy inspect
		expect_status 0
		expect_stderr </dev/null
		expect_stdout <<-\\END
		id 64 name busy user 0
		running 1 paused 0 read-only 0 pid 1
		network two 10.99.1.2/24 via 10.99.1.1
		mount tmpfs /tm 1
		A is <a> b
		END
		run use-engine \$client idle inspect
		expect_status 0
		expect_stdout <<-\\END
		id 64 name idle user 7:8
		running 0 paused 0 read-only 0 pid 0
		A is <a> b
		END
	"
'

test_case 'what a client says of its own failure is shown in lines' '
	mkdir failing
	cat >failing/podman <<-\END
	#!/bin/sh
	printf "Error: open %s\n\n\tError: a command \033[2J\nhint: x\n" \
		"\"/c\"" >&2
	exit 125
	END
	chmod 755 failing/podman
	run env PATH="$trash/failing:$PATH" "$trash/programs/use-engine" \
		podman busy inspect
	expect_status 1
	expect_stdout </dev/null
	expect_stderr <<-\END
	EIO: podman inspect: open "/c"
	  Error: a command \x1b[2J
	  hint: x
	END
	run env PATH="$trash/failing:$PATH" coco-deploy status podman:busy
	expect_status 75
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-deploy: podman inspect: open "/c"
	coco-deploy:   Error: a command \x1b[2J
	coco-deploy:   hint: x
	END
'

test_case 'what is not there is told' '
	each_client '\''
		run use-engine $client nono inspect
		expect_status 1
		expect_stdout </dev/null
		expect_stderr <<-END
		ENOENT: $client has no container "nono" ($client ps --all lists them)
		END
	'\''
	run use-engine podman nono read /etc/passwd
	expect_status 1
	expect_stderr <<-\END
	ENOENT: podman has no container "nono" (podman ps --all lists them)
	END
	for name in "" -x "a b" /x c:/y "a
	b"; do
		run use-engine podman "$name" inspect
		expect_status 1
		expect_stderr_match "^EINVAL: no name of a container: "
	done
	run env PATH=:relative:/nono "$trash/programs/use-engine" podman busy \
		inspect
	expect_status 1
	expect_stderr <<-\END
	EOPNOTSUPP: podman is not installed: there is none in PATH
	END
'

test_case 'an engine that does not run' '
	test "$clients" != podman || {
		skip "needs a docker client"
		return
	}
	run env DOCKER_HOST=unix:///run/nono use-engine docker busy inspect
	expect_status 1
	expect_stderr_match "^EHOSTUNREACH: docker cannot be reached: Cannot con"
'

test_case 'a client that hangs is given up' '
	mkdir hang
	printf "#!/bin/sh\nexec sleep 900\n" >hang/podman
	chmod +x hang/podman
	for verb in inspect "read /etc/passwd" "write f 600 0 0 /x y" \
		"exec 0 true"; do
		run env PATH="$trash/hang:$PATH" DEADLINE_MS=300 \
			use-engine podman busy $verb
		expect_status 1
		expect_stderr_match "^ETIMEDOUT: podman [a-z]* did not end in "
	done
'

test_case 'images are asked for' '
	each_client "
		run use-engine \$client busy arch localhost/busy:latest
		expect_status 0
		expect_equal \"\$(stdout)\" \"\$(podman image inspect \
			--format {{.Architecture}} busy)\" architecture
		run use-engine \$client busy arch nono
		expect_status 1
		expect_stderr_match \"^ENOENT: \"
	"
'

test_case 'a tree is read, links and all' '
	s=/home/u/.snowflake
	each_client "
		run use-engine \$client busy read -r $s $s/config.toml $s \
			$s/link $s/sub $s/sub/.gitconfig $s/fifo $s/fifo/x \
			$s/hard1 $s/hard2 $s/empty $s/private $s/private/no \
			$s/no $s/no/no $s/config.toml/no \"$s/odd \\\"name'\'':
	\"
		expect_status 0
		expect_stderr </dev/null
		expect_stdout <<-\\END
		$s/config.toml: file 600 8 content\\x0a
		$s: directory 700
		$s/link: a symbolic link
		$s/sub: a symbolic link
		$s/sub/.gitconfig: behind a link
		$s/fifo: a FIFO
		$s/fifo/x: below a file
		$s/hard1: a file with several links
		$s/hard2: a file with several links
		$s/empty: file 644
		$s/private: directory 755
		$s/private/no: absent
		$s/no: absent
		$s/no/no: absent
		$s/config.toml/no: below a file
		$s/odd \"name'\'':\\x0a\\x09: file 644 2 x\\x0a
		END
	"
'

test_case 'a link at the place itself, or at the root, is seen' '
	each_client "
		run use-engine \$client busy read -r /home/u/.linked \
			/home/u/.gitconfig /home/u/.dangling \
			/home/u/.linked/.gitconfig /home/u/.linked \
			/home/u/.linked/no /nono/x/y /etc/passwd /opt /bin/sh
		expect_status 0
		expect_stderr </dev/null
		expect_stdout <<-\\END
		/home/u/.gitconfig: a symbolic link
		/home/u/.dangling: a symbolic link
		/home/u/.linked/.gitconfig: behind a link
		/home/u/.linked: a symbolic link
		/home/u/.linked/no: behind a link
		/nono/x/y: absent
		/etc/passwd: file 644 30 root:x:0:0:root:/root:/bin/sh\\x0a
		/opt: directory 755
		/bin/sh: a symbolic link
		END
	"
'

test_case 'a large home is not read to its end' '
	podman exec --user 0 busy /bin/dd if=/dev/zero of=/home/u/.big bs=1M \
		count=200 2>>podman.log
	each_client "
		run use-engine \$client busy read -r /home/u/.snowflake \
			/home/u/.snowflake/config.toml /home/u/.zzz /home/u/.big
		expect_status 0
		expect_stdout <<-\\END
		/home/u/.snowflake/config.toml: file 600 8 content\\x0a
		/home/u/.zzz: absent
		/home/u/.big: a file of more than 16 MiB
		END
	"
	podman exec --user 0 busy /bin/rm /home/u/.big
'

test_case 'a container that does not run is read and written' '
	each_client "
		run env STOPPED=1 use-engine \$client idle read /etc/passwd \
			/home/u/.linked /home/u/.gitconfig
		expect_status 0
		expect_stderr </dev/null
		expect_stdout <<-\\END
		/etc/passwd: file 644 30 root:x:0:0:root:/root:/bin/sh\\x0a
		/home/u/.linked: a symbolic link
		/home/u/.gitconfig: a symbolic link
		END
		run env STOPPED=1 use-engine \$client idle write \
			f 640 5 6 /home/u/new \$client
		expect_status 0
		run env STOPPED=1 use-engine \$client idle read /home/u/new
		expect_stdout <<-END
		/home/u/new: file 640 6 \$client
		END
	"
	podman export idle | tar -tv --numeric-owner -f - var/home/u/new >listed
	expect_equal "$(cut -d " " -f 1,2 listed)" "-rw-r----- 5/6" owner
	podman mount >mounted
	expect_equal "$(grep -c "$(podman inspect --format "{{.Id}}" idle |
		cut -c 1-12)" mounted)" 0 "left mounted"
'

test_case 'files and directories are written as they are to be' '
	s=/root/.snowflake
	each_client "
		run use-engine \$client bare write d 700 1000 1001 $s \"\" \
			f 600 1000 1001 $s/a \"canary \$client\" \
			d 755 0 0 $s/sub \"\" f 4755 0 0 $s/sub/ü \"\"
		expect_status 0
		expect_stdout </dev/null
		expect_stderr </dev/null
		run use-engine \$client bare read -r $s $s $s/a $s/sub $s/sub/ü
		expect_status 0
		expect_stdout <<-END
		$s: directory 700
		$s/a: file 600 13 canary \$client
		$s/sub: directory 755
		$s/sub/ü: file 4755
		END
	"
	podman export bare | tar -tv --numeric-owner -f - root/.snowflake |
		sed "s/^\([^ ]*\) *\([^ ]*\) .*-.* /\1 \2 /" >listed
	expect_file listed <<-\END
	drwx------ 1000/1001 root/.snowflake/
	-rw------- 1000/1001 root/.snowflake/a
	drwxr-xr-x 0/0 root/.snowflake/sub/
	-rwsr-xr-x 0/0 root/.snowflake/sub/\303\274
	END
'

test_case 'what cannot be written is told' '
	each_client "
		run use-engine \$client ro write f 600 0 0 /bin/x x
		expect_status 1
		expect_stderr_match \"^EROFS: it is read-only there: \$client cp\"
		run use-engine \$client busy write d 700 0 0 /home/u/.linked \"\"
		expect_status 1
		expect_stderr_match \"^EEXIST: a link or a file is where a dir\"
		run use-engine \$client ro write f 600 0 0 /root/x x
		expect_status 0
		run use-engine \$client ro read /root/x
		expect_stdout <<-\\END
		/root/x: file 600 1 x
		END
	"
	run use-engine podman busy write f 600 4294967295 0 /root/x x
	expect_status 1
	expect_stderr <<-\END
	EINVAL: whose is /root/x to be?
	END
	start full --network none --tmpfs /root:size=64k bare /bin/sleep
	head -c 100000 /dev/zero | tr "\\0" x >large
	run use-engine podman full write f 600 0 0 /root/x "$(cat large)"
	expect_status 1
	expect_stderr_match "^ENOSPC: no space is left inside: podman cp: "
'

test_case 'a program is run, with what it reads and says' '
	each_client "
		printf %s input >input
		run use-engine \$client busy exec 1000:1001 /bin/sh -c \
			\"echo \\\$GREETING; id; cat; echo said >&2; exit 7\" <input
		expect_status 0
		expect_stdout <<-\\END
		hello world
		uid=1000 gid=1001
		inputstatus 7
		END
		expect_stderr <<-\\END
		said
		END
		run use-engine \$client busy exec \"\" /nono
		expect_status 0
		expect_stdout <<-\\END
		status 127
		END
		run use-engine \$client busy become 1000:1001 /bin/sh -c \
			\"echo \\\$GREETING; cat; echo; exit 7\" <input
		expect_status 7
		expect_stdout <<-\\END
		hello world
		input
		END
	"
'

# put_tree CONTAINER: something to remove
put_tree() {
	use-engine podman $1 write d 700 1000 1001 /root/r "" \
		f 600 0 0 /root/r/a a d 700 0 0 /root/r/d "" \
		f 600 0 0 /root/r/d/b b d 700 0 0 /root/r/full "" \
		f 600 0 0 /root/r/full/theirs x
}

test_case 'files are removed where there is no program at all' '
	test -n "$remover" || { skip "no static program"; return; }
	helper=/.coco-deploy-remove
	each_client "
		put_tree bare
		run use-engine \$client bare remove $helper /root/r/a /root/no \
			/no/no /root/r/d/b /root/r/d /root/r/full
		expect_status 1
		expect_stdout </dev/null
		expect_stderr <<-\\END
		ENOTEMPTY: /root/r/full: Directory not empty
		END
		run use-engine \$client bare read -r /root/r /root/r/a \
			/root/r/d /root/r/full /root/r/full/theirs $helper
		expect_stdout <<-\\END
		/root/r/a: absent
		/root/r/d: absent
		/root/r/full: directory 700
		/root/r/full/theirs: file 600 1 x
		$helper: absent
		END
	"
	put_tree ro
	run use-engine podman ro remove /root/.helper /root/r/a
	expect_status 0
	expect_stderr </dev/null
	run use-engine podman ro read /root/r/a /root/.helper
	expect_stdout <<-\END
	/root/r/a: absent
	/root/.helper: absent
	END
'

test_case 'no link of others leads the remover' '
	test -n "$remover" || { skip "no static program"; return; }
	podman exec --user 0 busy /bin/sh -c "
		cd /home/u && /bin/busybox ln -s /etc theirs &&
		/bin/busybox chown -h 1000 theirs && echo x >gone"
	run use-engine podman busy remove /.helper /home/u/theirs/passwd \
		/home/u/gone /home/u/.linked
	expect_status 1
	expect_stderr <<-\END
	ENOTEMPTY: /home/u/theirs/passwd: Not a directory
	END
	run use-engine podman busy read /etc/passwd /home/u/gone \
		/home/u/.linked /.helper
	expect_stdout <<-\END
	/etc/passwd: file 644 30 root:x:0:0:root:/root:/bin/sh\x0a
	/home/u/gone: absent
	/home/u/.linked: absent
	/.helper: absent
	END
'

test_case 'who runs the remover by hand is told what it is' '
	test -n "$remover" || { skip "no static program"; return; }
	run "$PWD/programs/${remover##*/}" --help
	expect_status 0
	expect_stdout_match "^usage: coco-deploy-remove.static " "^  *--version "
	expect_stderr </dev/null
	run "$PWD/programs/${remover##*/}" --version
	expect_status 0
	expect_stdout <<-END
	coco-deploy-remove.static $(coco-deploy --version | cut -d" " -f2)
	END
	run "$PWD/programs/${remover##*/}" --bogus
	expect_status 2
	expect_stdout </dev/null
	expect_stderr <<-\END
	coco-deploy-remove.static: --bogus: no such option
	usage: coco-deploy-remove.static [options] <paths
	END
'

test_case 'it removes itself only where it is a copy' '
	test -n "$remover" || { skip "no static program"; return; }
	mkdir full
	cp "$remover" .copy
	cp "$remover" original
	printf "%s\0" "$PWD/full" "$PWD/absent" >paths
	run "$PWD/original" <paths
	expect_status 0
	expect_equal "$(ls -d original full 2>/dev/null)" original "what is left"
	printf "%s\0" "$PWD/original" >paths
	run "$PWD/.copy" <paths
	expect_status 0
	expect_equal "$(ls -d .copy original 2>/dev/null)" "" "what is left"
'

test_case 'what cannot be removed is told' '
	test -n "$remover" || { skip "no static program"; return; }
	run use-engine podman idle remove /.helper /etc/passwd
	expect_status 1
	expect_stderr <<-\END
	ESRCH: it does not run; its files can be removed only while it runs: podman start idle
	END
	start noexec --network none --read-only --tmpfs /root:noexec busy \
		/bin/sleep
	run use-engine podman noexec remove /root/.helper /root/x
	expect_status 1
	expect_stderr_match "^ENOEXEC: no program can be run at /root/.helper: "
	run use-engine podman noexec read /root/.helper
	expect_stdout <<-\END
	/root/.helper: absent
	END
	run use-engine podman ro remove /.helper /root/x
	expect_status 1
	expect_stderr_match "^EROFS: it is read-only there: "
'

test_done
