#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal, who pastes the address where a login ended.

    person.py REQUEST ANSWER [WRONG]... -- COMMAND [ARG]...

Runs COMMAND with a pseudo-terminal of its own as controlling terminal and
stderr, the file REQUEST as stdin and the file ANSWER as stdout.  When it asks
for an address, each WRONG is pasted first (one for each time it asks), then
the one to which the printed login address redirects.  What was on the
terminal is printed, and the exit status is the command's.
"""

import os
import pty
import re
import sys
from urllib.parse import urlsplit

sys.dont_write_bytecode = True    # the source tree may be read-only
from browser import fetch                                   # noqa: E402

PROMPT = b"where it ends: "
ADDRESS = re.compile(rb"^(https?://\S+/oauth/authorize\?\S+)\r?$", re.M)


def redirected(screen):
    """Where the login address on the screen leads to."""
    address = ADDRESS.search(screen).group(1).decode()
    answer, _ = fetch(urlsplit(address))
    return answer.getheader("Location")


def converse(terminal, pastes):
    """Feed the terminal until its other side is closed; all it showed."""
    screen = b""
    asked = 0
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            return screen
        if not data:
            return screen
        screen += data
        while screen.count(PROMPT) > asked:
            text = (pastes[asked] if asked < len(pastes)
                    else redirected(screen))
            asked += 1
            os.write(terminal, text.encode() + b"\n")


def main(argv):
    split = argv.index("--")
    request, answer = argv[1:3]
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(os.open(request, os.O_RDONLY), 0)
        os.dup2(os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                        0o600), 1)
        os.execvp(argv[split + 1], argv[split + 1:])
    screen = converse(terminal, argv[3:split])
    sys.stdout.write(screen.decode().replace("\r\n", "\n"))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv))
