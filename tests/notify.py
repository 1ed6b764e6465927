# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for a word of a service, as a service manager does.

notify.py SOCKET LISTENING READY WORD: bind SOCKET, write LISTENING, and write
all messages up to the one with WORD (READY=1) to READY.
"""

import os
import socket
import sys


def main():
    path, listening, ready, word = sys.argv[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.settimeout(60)
        with open(listening, "w", encoding="ascii") as file:
            file.write("yes\n")
        messages = ""
        while word not in messages.splitlines():
            messages += sock.recv(4096).decode() + "\n"
    os.unlink(path)
    with open(ready + ".new", "w", encoding="ascii") as file:
        file.write(messages)
    os.rename(ready + ".new", ready)


main()
