#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal, who types a line whenever one is asked for.

    typist.py REQUEST ANSWER [LINE]... -- COMMAND [ARG]...

Runs COMMAND with a pseudo-terminal of its own as controlling terminal and
stderr, the file REQUEST as stdin and the file ANSWER as stdout.  Whenever the
screen ends with ": " the next LINE is typed: "^C" and "^D" are those keys.
What was on the terminal is printed, then whether it still echoes, and the exit
status is the command's, 128 and the signal's number when one ended it.
"""

import os
import pty
import sys
import termios

KEYS = {"^C": b"\x03", "^D": b"\x04"}


def converse(terminal, lines):
    """Feed the terminal until its other side is closed; all it showed."""
    screen = b""
    lines = list(lines)
    echo = True
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            return screen, echo
        if not data:
            return screen, echo
        screen += data
        if screen.endswith(b": "):
            if not lines:
                return screen + b"(no more lines)\n", echo
            line = lines.pop(0)
            os.write(terminal, KEYS.get(line, line.encode() + b"\n"))
        elif screen.endswith(b"\n"):
            echo = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def main(argv):
    split = argv.index("--")
    request, answer = argv[1:3]
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(os.open(request, os.O_RDONLY), 0)
        os.dup2(os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                        0o600), 1)
        os.execvp(argv[split + 1], argv[split + 1:])
    screen, echo = converse(terminal, argv[3:split])
    sys.stdout.write(screen.decode().replace("\r\n", "\n"))
    print("echo is", "on" if echo else "off")
    os.close(terminal)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
