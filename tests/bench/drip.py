#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two clients that take their time: one says nothing, one a byte a second.

    drip.py SOCKET READY

READY is made when both are connected and the first byte is sent; it goes on
until it is killed.  That the server gives one of them up is no error.
"""

import socket
import sys
import time

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: "


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(path)
    return sock


def main(argv):
    silent = connect(argv[1])
    assert silent.fileno() >= 0     # it is kept by its name only
    dripping = connect(argv[1])
    dripping.send(REQUEST[:1])
    with open(argv[2], "w", encoding="ascii") as file:
        file.write("yes\n")
    sent = 1
    while True:
        time.sleep(1)
        try:
            dripping.send(REQUEST[sent:sent + 1] or b"x")
            sent += 1
        except OSError:
            dripping.close()
            dripping, sent = connect(argv[1]), 0


if __name__ == "__main__":
    main(sys.argv)
