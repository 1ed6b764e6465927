#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many callers at once, some of them killed.  Standard library only.

    stampede.py COUNT KILLED NOW CONNECTION...

Starts COUNT times `coco-credential -c CONNECTION token`, the connections in
turn, all at once and with the wall clock NOW; every KILLED-th of them is ended
by SIGKILL at some write, fsync, rename, unlink or child's end of its own
(tests/shim/fault.c).  Prints a line for each connection: its name, how many
callers lived and how many of those have a token, and how many different tokens
there are.  What the living say on stderr goes to the file stampede.err.
"""

import os
import random
import subprocess
import sys


def start(name, now, fault, errors):
    """One caller; FAULT is the event at which it dies, or None."""
    environment = dict(os.environ)
    shims = [os.environ["builddir"] + "/tests/shim/clock.so"]
    environment["COCO_TEST_NOW"] = now
    if fault is not None:
        counter = "counter.%d" % fault[0]
        with open(counter, "wb"):
            pass
        shims.append(os.environ["builddir"] + "/tests/shim/fault.so")
        environment["COCO_TEST_FAULT_FILE"] = os.path.abspath(counter)
        environment["COCO_TEST_FAULT_AT"] = str(fault[1])
        environment["COCO_TEST_FAULT"] = fault[2]
    environment["LD_PRELOAD"] = " ".join(shims)
    return subprocess.Popen(["coco-credential", "-c", name, "token"],
                            env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL if fault else errors)


def main(argv):
    count, killed, now = int(argv[1]), int(argv[2]), argv[3]
    names = argv[4:]
    random.seed(argv[3])
    callers = []
    with open("stampede.err", "ab") as errors:
        for i in range(count):
            fault = None
            if killed and i % killed == 0:
                fault = (i, random.randrange(1, 40),
                         random.choice(("before", "after")))
            name = names[i % len(names)]
            callers.append((name, fault, start(name, now, fault, errors)))
    lived = {name: [] for name in names}
    for name, fault, caller in callers:
        token = caller.communicate()[0]
        if fault is None:
            lived[name].append(token if caller.returncode == 0 else None)
    for name in names:
        tokens = [t for t in lived[name] if t]
        print(name, len(lived[name]), len(tokens), len(set(tokens)))


if __name__ == "__main__":
    main(sys.argv)
