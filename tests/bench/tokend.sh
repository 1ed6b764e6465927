# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with bench.sh
# tests/bench/tokend.sh - what bench.sh measures of coco-tokend: a get that it
# answers from memory, the same while something hangs, answers over HTTP beside
# those of nginx and Python, memory, and grants.  Sourced by bench.sh and after
# peers.sh, whose functions it uses.
#
# There are two daemons with the same configuration.  Nothing disturbs the one
# in $quiet; for the one in $troubled a refresh hangs, one client sends a byte a
# second and one nothing.

quiet=$world/run/coco/tokend.sock
troubled=$world/troubled/tokend.sock
wrk_rounds=5
wrk_seconds=2

# Each answer wakes wrk up, often on the server's own CPU, and would stop the
# server there and then; as a batch job wrk waits for its turn.
batch=
! command -v chrt >/dev/null || batch='chrt -b 0'

has_tokend() {
	for command in python3 curl; do
		if ! command -v $command >/dev/null; then
			note "no $command: nothing with coco-tokend"
			return 1
		fi
	done
}

# --- daemons ---------------------------------------------------------------

# ask SOCKET PATH [CURL OPTION...]
ask() {
	ask_socket=$1
	ask_path=$2
	shift 2
	curl -sS --fail --max-time 60 --unix-socket "$ask_socket" "$@" \
		"http://localhost$ask_path"
}

# start_tokend SOCKET: sets tokend_pid
start_tokend() {
	mkdir -p "${1%/*}" || exit 1
	"$builddir/coco-tokend" --socket "$1" 2>>tokend.log &
	tokend_pid=$!
	at_end "kill $tokend_pid 2>/dev/null"
	wait_until ask "$1" /status || die "no coco-tokend: $(cat tokend.log)"
}

# status_of PID FIELD: as VmRSS, in kB
status_of() {
	sed -n "s/^$2:[^0-9]*\\([0-9]*\\) kB/\\1/p" "/proc/$1/status"
}

# child_of PID: the first one
child_of() {
	cut -d ' ' -f 1 "/proc/$1/task/$1/children"
}

# control JSON: turn the knobs of the stand-in for Snowflake
control() {
	curl -sS --fail -o /dev/null -H 'Content-Type: application/json' \
		--data "$1" "$fake_url/__control" ||
		die 'the stand-in for Snowflake does not obey'
}

# The stand-in for Snowflake, and a login for each of two connections.
start_snowflake() {
	python=$(python3 -c 'import sys; print(sys.executable)')
	"$python" "$srcdir/tests/fake/snowflake.py" --control \
		--set access_ttl=86400 --ready-file "$world/fake.ready" \
		>fake.log 2>&1 &
	at_end "kill $! 2>/dev/null"
	wait_until test -s fake.ready ||
		die "no stand-in for Snowflake: $(cat fake.log)"
	fake_url=$("$python" -c 'import json, sys
print(json.load(sys.stdin)["url"])' <fake.ready)
	mkdir -p home/.snowflake || exit 1
	for name in dev hangs; do
		printf '%s\n' "[$name]" 'account = "fake-account"' \
			'user = "ALICE"' 'host = "127.0.0.1"' \
			"port = ${fake_url##*:}" 'protocol = "http"' \
			"role = \"$name\"" \
			'authenticator = "OAUTH_AUTHORIZATION_CODE"'
	done >home/.snowflake/connections.toml
	for name in dev hangs; do
		BROWSER="$python $srcdir/tests/fake/browser.py" \
			"$coco" -c $name login 2>login.log ||
			die "no login: $(cat login.log)"
	done
}

# --- get, from posix_spawn to waitpid --------------------------------------

# warm LABEL REQUEST EXPECTED ARGUMENT...: both builds of coco-credential
warm() {
	warm_label=$1
	request=$2
	warm_secret=$3
	shift 3
	contestant "$warm_label" "$warm_secret" "$coco" "$@"
	test ! -x "$coco.static" || contestant "$warm_label, static" \
		"$warm_secret" "$coco.static" "$@"
	request=$world/request
}

# The daemon's part of the first table.
tokend_contestants() {
	start_snowflake
	start_tokend "$quiet"
	quiet_pid=$tokend_pid
	printf 'connection=dev\n\n' >request.dev
	"$coco" --no-daemon get <request.dev >answer ||
		die 'no token of the connection'
	token=$(grep ^password= answer)
	warm 'tokend, host' "$world/request" "$secret" --stack bench get
	warm 'tokend, connection' "$world/request.dev" "$token" get
}

# --- get, while something hangs --------------------------------------------

start_trouble() {
	start_tokend "$troubled"
	"$python" "$srcdir/tests/bench/drip.py" "$troubled" \
		"$world/drip.ready" >drip.log 2>&1 &
	at_end "kill $! 2>/dev/null"
	wait_until test -s drip.ready || die "$(cat drip.log)"
	ask "$troubled" '/token?connection=dev' >/dev/null ||
		die 'no token before the trouble'
	printf 'connection=hangs\n\n' >request.hangs
	"$coco" --no-daemon get <request.hangs >answer || die 'no token'
	{
		sed '/^$/d' request.hangs
		grep ^password= answer
		echo
	} >erase.hangs
	"$coco" --no-daemon -c hangs erase <erase.hangs || die 'not erased'
	control '{"latency_ms": 60000}'
	COCO_TOKEND=unix:$troubled "$coco" -c hangs token >/dev/null \
		2>hangs.log &
	hangs=$!
	at_end "kill $hangs 2>/dev/null"
	wait_until hangs_now || die "no refresh hangs: $(cat hangs.log)"
}

hangs_now() {
	ask "$troubled" /status | grep -Eq '"running": ?1[,}]'
}

measure_trouble() {
	start_trouble
	mv commands commands.warm || exit 1
	for name in quiet troubled; do
		eval "socket=\$$name"
		warm "$name" "$world/request.dev" "$token" get
		sed "s|$tab$coco|${tab}COCO_TOKEND=unix:$socket&|" \
			commands >>commands.trouble
		rm commands
	done
	./spawn commands.trouble "$rounds" >result.trouble ||
		die 'nothing was measured'
	hangs_now || note 'the refresh that hangs did not hang long enough'
	control '{"latency_ms": 0}'
}

# --- answers over HTTP -----------------------------------------------------

# The port is free a moment before nginx takes it.
start_nginx() {
	port=$("$python" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	mkdir nginx || exit 1
	cat >nginx.conf <<-END
	daemon off;
	worker_processes 1;
	pid nginx/pid;
	error_log stderr;
	events { worker_connections 1024; }
	http {
		access_log off;
		keepalive_requests 1000000000;
		client_body_temp_path nginx/1;
		proxy_temp_path nginx/2;
		fastcgi_temp_path nginx/3;
		uwsgi_temp_path nginx/4;
		scgi_temp_path nginx/5;
		default_type application/json;
		server {
			listen 127.0.0.1:$port;
			listen unix:$world/nginx.sock;
			location / { return 200 '$(cat body)'; }
		}
	}
	END
	"$nginx" -p "$world" -c "$world/nginx.conf" -e stderr \
		2>nginx.log &
	nginx_pid=$!
	at_end "kill $nginx_pid 2>/dev/null"
	wait_until curl -sf -o /dev/null --unix-socket nginx.sock \
		http://localhost/ || die "no nginx: $(cat nginx.log)"
	nginx_pid=$(child_of $nginx_pid)
}

start_plain() {
	"$python" "$srcdir/tests/bench/plain.py" body port >plain.log 2>&1 &
	plain_pid=$!
	at_end "kill $plain_pid 2>/dev/null"
	wait_until test -s port || die "no server: $(cat plain.log)"
}

# cpu_of PID: what it has used, in clock ticks
cpu_of() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# load LABEL PID URL [SOCKET]: one run of wrk, a line in result.wrk
load() {
	load_label=$1
	load_pid=$2
	url=$3
	shift 3
	if test $# = 1; then
		set -- env BENCH_UNIX_PORT=1 BENCH_UNIX_SOCKET="$1" \
			LD_PRELOAD="$world/unix.so"
	fi
	ticks=$(cpu_of "$load_pid")
	# shellcheck disable=SC2086 # words
	"$@" $batch wrk -t1 -c64 "-d$wrk_seconds" \
		-s "$srcdir/tests/bench/wrk.lua" "$url" >wrk.log 2>&1 ||
		die "$load_label: $(cat wrk.log)"
	ticks=$(($(cpu_of "$load_pid") - ticks))
	sed -n "s/^result$tab\\(.*\\)/$load_label$tab\\1$tab$ticks/p" wrk.log \
		>>result.wrk
}

load_all() {
	load coco-tokend "$quiet_pid" \
		'http://127.0.0.1:1/token?connection=dev' "$quiet"
	if test -n "$nginx"; then
		load 'nginx, unix socket' "$nginx_pid" http://127.0.0.1:1/ \
			"$world/nginx.sock"
		load 'nginx, TCP' "$nginx_pid" "http://127.0.0.1:$port/"
	fi
	load 'Python http.server, TCP' "$plain_pid" \
		"http://127.0.0.1:$(cat port)/"
}

measure_load() {
	if ! command -v wrk >/dev/null; then
		note 'no wrk: nothing about many requests'
		return
	fi
	cp "$srcdir/tests/bench/unix.c" . || exit 1
	# shellcheck disable=SC2086 # flags
	${CC:-cc} -std=gnu11 -O2 -shared -fPIC -o unix.so unix.c ||
		die 'cannot compile unix.c'
	ask "$quiet" '/token?connection=dev' >body || die 'no token'
	# what lies in sbin is not in the PATH of everybody
	nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx) || nginx=
	if test -n "$nginx"; then
		start_nginx
	else
		note 'no nginx to compare with'
	fi
	start_plain
	n=0
	load_all
	rm result.wrk # that was to get warm
	while test "$n" -lt $wrk_rounds; do
		load_all
		n=$((n + 1))
	done
	{
		printf 'coco-tokend\t%s\n' "$(status_of "$quiet_pid" VmHWM)"
		printf 'Python http.server, TCP\t%s\n' \
			"$(status_of "$plain_pid" VmHWM)"
		test -z "$nginx" || for name in 'unix socket' TCP; do
			printf 'nginx, %s\t%s\n' "$name" \
				"$(status_of "$nginx_pid" VmHWM)"
		done
	} >result.hwm
}

# --- memory ----------------------------------------------------------------

connections() {
	ask "$1" /metrics | sed -n 's/^coco_tokend_connections //p'
}

# has_connections SOCKET N, besides the one that asks
has_connections() {
	test "$(connections "$1")" -gt "$2"
}

# A daemon of its own, that has answered one question.  VmRSS counts the pages
# that the process has mapped, so what the kernel keeps for a socket is not in
# it; what libuv keeps is.
measure_memory() {
	socket=$world/memory/tokend.sock
	start_tokend "$socket"
	ask "$socket" '/token?connection=dev' >/dev/null || die 'no token'
	before=$(status_of "$tokend_pid" VmRSS)
	idle=$("$python" -c 'import resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
print(5000 if hard == resource.RLIM_INFINITY else min(5000, hard - 200))')
	mkfifo end.idle || exit 1
	"$python" "$srcdir/tests/tokend-load.py" "$socket" idle "$idle" \
		"$world/idle.ready" <end.idle >idle.log 2>&1 &
	exec 7>end.idle
	wait_until test -s idle.ready || die "idle clients: $(cat idle.log)"
	wait_until has_connections "$socket" "$idle" ||
		die 'coco-tokend does not take the connections'
	after=$(status_of "$tokend_pid" VmRSS)
	exec 7>&-
	launcher=$(status_of "$(child_of "$tokend_pid")" VmRSS)
	value 'idle daemon, RSS' "$before" "$before" kB
	value 'launcher, RSS' "$launcher" "$launcher" kB
	each=$(((after - before) * 1024 / idle))
	value 'idle client' $each $each B
}

# --- grants ----------------------------------------------------------------

# Of the first daemon, for one alone may have grants.
measure_grants() {
	before=$(status_of "$quiet_pid" VmRSS)
	start=$(date +%s%N)
	"$python" "$srcdir/tests/grants-load.py" "$quiet" make 1000 \
		"$world/grants.json" >grants.log 2>&1 ||
		die "no grants: $(cat grants.log)"
	taken=$((($(date +%s%N) - start) / 1000000))
	after=$(status_of "$quiet_pid" VmRSS)
	value 'grants, made' $taken $taken ms
	each=$(((after - before) * 1024 / 1000))
	value 'grant, memory' $each $each B
	"$python" "$srcdir/tests/bench/latency.py" "$quiet" 1000 \
		>>"$values" || die 'no latency'
}

# --- the result ------------------------------------------------------------

print_trouble() {
	echo "get for a connection, ms from posix_spawn to waitpid, of a daemon" \
		"with nothing else"
	echo "to do and of one with a refresh that hangs and slow clients"
	echo
	print_times result.trouble
}

# wrk_table: of each server the median and the best of the runs
wrk_table() {
	awk -F '\t' -v hz="$(getconf CLK_TCK)" '
	function sort(list, count, i, j, x) {
		for (i = 2; i <= count; i++) {
			x = list[i]
			for (j = i - 1; j > 0 && list[j] > x; j--)
				list[j + 1] = list[j]
			list[j + 1] = x
		}
	}
	# median and best of what is in V for S; WANT: the first or the last
	function pick(v, s, want, i, list) {
		for (i = 1; i <= n[s]; i++)
			list[i] = v[s, i]
		sort(list, n[s])
		best = list[want == "least" ? 1 : n[s]]
		return list[int((n[s] + 1) / 2)]
	}
	FILENAME == "result.hwm" { hwm[$1] = $2; next }
	{
		if (!($1 in n))
			order[++servers] = $1
		i = ++n[$1]
		rate[$1, i] = $2 / $3
		p50[$1, i] = $4 / 1000
		p99[$1, i] = $5 / 1000
		failed[$1] += $6
		cpu[$1, i] = $8 / hz / $2 * 1e6
	}
	END {
		for (k = 1; k <= servers; k++) {
			s = order[k]
			printf "%s", s
			m = pick(rate, s, "most")
			printf "\t%.0f\t%.0f", m, best
			m = pick(p50, s, "least")
			printf "\t%.3f\t%.3f", m, best
			m = pick(p99, s, "least")
			printf "\t%.3f\t%.3f", m, best
			m = pick(cpu, s, "least")
			printf "\t%.1f\t%.1f\t%d\t%d\n", m, best, hwm[s],
			    failed[s]
		}
	}' result.hwm result.wrk
}

print_load() {
	echo "$(wc -c <body | tr -d ' ') bytes of JSON, wrk -t1 -c64," \
		"$wrk_rounds runs of $wrk_seconds s; median and best;" \
		"p50 and p99 in ms," && echo "CPU of the server in us a request"
	echo
	awk -F '\t' '
	NR == 1 {
		printf "%-23s %7s %7s %6s %6s %6s %6s %5s %5s %6s %4s\n", "",
		    "req/s", "best", "p50", "best", "p99", "best", "CPU",
		    "best", "RSS kB", "fail"
	}
	{
		printf "%-23s %7d %7d %6.2f %6.2f %6.2f %6.2f %5.1f %5.1f " \
		    "%6d %4d\n", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
	}' table.wrk
}

# values_of_load: of table.wrk
values_of_load() {
	awk -F '\t' '{
		printf "%s, rate\t%d\t%d\t/s\n", $1, $2, $3
		printf "%s, p99\t%.3f\t%.3f\tms\n", $1, $6, $7
		printf "%s, CPU\t%.1f\t%.1f\tus\n", $1, $8, $9
		printf "%s, RSS\t%d\t%d\tkB\n", $1, $10, $10
	}' table.wrk >>"$values"
}
