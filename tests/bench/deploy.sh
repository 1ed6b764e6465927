#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# deploy.sh - what coco-deploy costs beside the engine that it works with: `run'
# to the first token beside a bare `podman run', and `apply' beside the five
# `podman exec' that a provisioner by shell commands takes.  As root, with podman;
# `make bench' runs it.
#
#	srcdir=. builddir=build sh tests/bench/deploy.sh
#
# ROUNDS (15) is how often each is done, in turn.
# shellcheck shell=sh
# shellcheck source=tests/lib.sh
# shellcheck source=tests/tokend.sh
# shellcheck source=tests/containers.sh
# shellcheck disable=SC2154 # set by lib.sh

srcdir=${srcdir:-$(dirname "$0")/../..}
. "$srcdir/tests/lib.sh"
. "$srcdir/tests/tokend.sh"
. "$srcdir/tests/containers.sh"
if test "$(id -u)" -ne 0; then
	lib_done=1
	echo 'not root: nothing with containers' >>"$builddir/bench/notes"
	exit 0
fi
enter_netns
lib_done=1
need_engines
start_logged_in || exit 1
coco-credential -c dev token >first-token
start_engine waits busy --network two

test ! -t 2 || echo '  containers ...' >&2
mkdir -p "$builddir/bench"
"$lib_python" - "${ROUNDS:-15}" "$builddir/bench/values" <<'END'
import statistics
import subprocess
import sys
import time

NULL = subprocess.DEVNULL
BARE = ["podman", "run", "--rm", "--network", "none", "busy"]


def first(*words):
    """Run a command until it has written something.  Returns the time."""
    start = time.monotonic()
    with subprocess.Popen(words, stdin=NULL, stdout=subprocess.PIPE,
                          stderr=NULL) as process:
        if not process.stdout.read(1):
            sys.exit("nothing came from " + " ".join(words))
        taken = time.monotonic() - start
        process.stdout.read()
    return taken


def do(*words):
    """Run a command to its end; it must succeed."""
    subprocess.run(words, check=True, stdin=NULL, stdout=NULL,
                   stderr=NULL)


def five():
    """What a provisioner by shell commands does at least."""
    for _ in range(5):
        do("podman", "exec", "waits", "/bin/true")


def apply():
    """An apply, to a container that has nothing or has all of it."""
    do("coco-deploy", "-c", "dev", "apply", "podman:waits")


def remove():
    """Back to nothing."""
    do("coco-deploy", "remove", "podman:waits")


ROWS = [
    ("podman run, to the first word",
     lambda: first(*BARE, "/bin/echo", "x"), None),
    ("coco-deploy run, to a token",
     lambda: first("coco-deploy", "-c", "dev", "run", "--", *BARE,
                   "coco-credential", "token"), None),
    ("podman exec true, five times", five, None),
    ("coco-deploy apply", apply, None),
    ("coco-deploy apply, again", apply, remove),
]
times = {name: [] for name, _, _ in ROWS}
for turn in range(int(sys.argv[1])):
    for name, work, after in ROWS:
        start = time.monotonic()
        taken = work()
        times[name].append(taken or time.monotonic() - start)
        if after:
            after()
with open(sys.argv[2], "a", encoding="utf-8") as values:
    for name, taken in times.items():
        print("%s\t%.1f\t%.1f\tms" % (name, 1000 * statistics.median(taken),
                                      1000 * min(taken)), file=values)
END
