# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2086,SC2119,SC2120,SC2154
# tests/tokend.sh - a coco-tokend for a test, sourced after tests/lib.sh.

tokend_dir=$XDG_RUNTIME_DIR/coco
tokend_sock=$tokend_dir/tokend.sock
tokend_pid=

# start_tokend [WHEN [OPTION...]]: start it, WHEN as for at_time; its log is
# tokend.log.  Ready is when it says so: nothing is waited for by time.
#
# tokend_until: what the manager waits for, READY=1; tokend_by: a command that
# starts it
tokend_until=READY=1
tokend_by=
start_tokend() {
	tokend_when=${1:-+0}
	test $# -eq 0 || shift
	rm -f "$trash/notify" "$trash/ready"
	"$lib_python" "$srcdir/tests/notify.py" "$trash/notify" \
		"$trash/listening" "$trash/ready" "$tokend_until" &
	tokend_notified=$!
	wait_for_file "$trash/listening" || return 1
	# not at_time: its process would be another
	NOTIFY_SOCKET=$trash/notify COCO_TEST_NOW=$tokend_when \
		LD_PRELOAD=$builddir/tests/shim/clock.so \
		$tokend_by coco-tokend "$@" >>"$trash/tokend.log" 2>&1 &
	tokend_pid=$!
	on_exit stop_tokend
	wait_for_file "$trash/ready" || return 1
	rm -f "$trash/listening"
	wait $tokend_notified
}

# start_logged_in [LINE...]: a Snowflake whose tokens live for 3000 s, connection
# dev with the LINEs, the daemon, and a login
start_logged_in() {
	start_fake --set access_ttl=3000
	make_connection dev "$@"
	export BROWSER="$lib_python $srcdir/tests/fake/browser.py"
	start_tokend
	coco-credential -c dev login 2>login.log
}

# need_static_client: skip where it was not built (--disable-static-client)
need_static_client() {
	test -x "$builddir/coco-credential.static" ||
		skip_all 'needs the static client'
}

# stop_tokend: as a service manager would; sets tokend_status
stop_tokend() {
	test -n "$tokend_pid" || return 0
	kill "$tokend_pid" 2>/dev/null
	tokend_status=0
	wait "$tokend_pid" || tokend_status=$?
	tokend_pid=
}

# ask_tokend PATH [CURL OPTIONS...]: over the control socket
ask_tokend() {
	tokend_path=$1
	shift
	curl -sS --max-time 20 --unix-socket "$tokend_sock" \
		"$@" "http://localhost$tokend_path"
}

# metric NAME: one number of the metrics
metric() {
	ask_tokend /metrics | sed -n "s/^coco_tokend_$1 //p"
}

# metric_is NAME TEST NUMBER, as in metric_is children -eq 1, and status_is
# FIELD VALUE: for until_true; not, where it does not answer
metric_is() {
	tokend_metric=$(metric "$1" 2>/dev/null)
	test -n "$tokend_metric" && test "$tokend_metric" "$2" "$3"
}

status_is() {
	test "$(ask_tokend /status 2>/dev/null | json_field "$1" 2>/dev/null)" \
		= "$2"
}

# ask_sandbox ID PATH [CURL OPTIONS...]: over the socket of a grant; curl takes
# no long path of a socket.  A status of 400 and more is curl's 22.
ask_sandbox() {
	tokend_id=$1
	tokend_path=$2
	shift 2
	(cd "$tokend_dir/grants/$tokend_id" &&
		curl -sS --max-time 20 --fail-with-body \
			--unix-socket tokend.sock "$@" \
			"http://localhost$tokend_path")
}

# ask_tcp PORT FILE PATH [CURL OPTIONS...]: with the capability in FILE
ask_tcp() {
	tokend_port=$1
	tokend_cap=$2
	tokend_path=$3
	shift 3
	printf 'header = "Authorization: Bearer %s"\n' "$(cat "$tokend_cap")" |
		curl -sS --max-time 20 --fail-with-body -K - "$@" \
			"http://127.0.0.1:$tokend_port$tokend_path"
}
