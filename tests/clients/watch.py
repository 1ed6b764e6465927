#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shows a secret: in its arguments or in its environment.

    watch.py READY FOUND SEEN [FILE...]

Looks at all processes in /proc, again and again, until SIGTERM; READY is
made after the first time.  A secret is each long line of the FILEs, and
what PATTERNS below knows.  Writes to FOUND, a line each, what shows which
one, without the secret itself, and at the end to SEEN the names of the
programs that it has seen.  What lives for less than a round escapes it.
"""

import os
import re
import signal
import sys
import time

PATTERNS = {
    "a token or password": rb"[Cc][Aa][Nn][Aa][Rr][Yy]",
    "one in a Basic header": rb"Y2FuYXJ5|NhbmFye|jYW5hcn",
    "a private key": rb"PRIVATE KEY-----",
    "a signed token": rb"eyJ[\w-]{8,}\.[\w-]+\.[\w-]",
    "a capability": rb"coco_[0-9a-f]{16}_[\w-]{16}",
}
LONG = 16
PAUSE = 0.001


def read_secrets(paths):
    """The patterns, and the lines of the files."""
    secrets = {name: re.compile(text) for name, text in PATTERNS.items()}
    for path in paths:
        with open(path, "rb") as file:
            lines = [line.strip() for line in file]
        long = [re.escape(line) for line in lines if len(line) >= LONG]
        secrets[os.path.basename(path)] = re.compile(b"|".join(long))
    return secrets


def read_proc(pid, name):
    """What is there; nothing when the process has ended."""
    try:
        with open("/proc/%s/%s" % (pid, name), "rb") as file:
            return file.read()
    except OSError:
        return b""


def look(secrets, seen, before):
    """The findings of one round, in what is not as it was BEFORE."""
    own = str(os.getpid())
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == own:
            continue
        words = read_proc(pid, "cmdline")
        program = os.path.basename(words.split(b"\0")[0]).decode("ascii",
                                                                 "replace")
        seen.add(program)
        for where, text in (("arguments", words),
                            ("environment", read_proc(pid, "environ"))):
            if before.get((pid, where)) == text:
                continue
            before[pid, where] = text
            for name, pattern in secrets.items():
                if pattern.search(text) is not None:
                    yield "%s: %s in its %s" % (program, name, where)


def main(ready, found, seen_path, *paths):
    secrets = read_secrets(paths)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    seen, told, before = set(), set(), {}
    with open(found, "w", encoding="utf-8") as out:
        while not ended:
            for line in look(secrets, seen, before):
                if line not in told:
                    told.add(line)
                    print(line, file=out, flush=True)
            if ready is not None:
                with open(ready, "w", encoding="ascii") as file:
                    file.write("ready\n")
                ready = None
            time.sleep(PAUSE)
    with open(seen_path, "w", encoding="utf-8") as out:
        print("\n".join(sorted(seen)), file=out)


if __name__ == "__main__":
    main(*sys.argv[1:])
