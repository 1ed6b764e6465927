# SPDX-License-Identifier: GPL-3.0-or-later
"""How long GET /token takes, of the daemon's control socket and of a grant's,
in turn; each answer is waited for before the next request.

    latency.py CONTROL-SOCKET ROUNDS

Prints for each the median and the least, in microseconds.
"""

import json
import os
import re
import socket
import statistics
import sys
import time


def connect(path):
    # a path may be longer than an address can be
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect("/proc/self/fd/%d/%s" % (directory, os.path.basename(path)))
    os.close(directory)
    return client


def is_whole(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return end and length and len(body) >= int(length[1])


def ask(client, request):
    """One answer, and the microseconds until it was there whole."""
    start = time.perf_counter_ns()
    client.sendall(request)
    answer = client.recv(65536)
    while not is_whole(answer):
        piece = client.recv(65536)
        if not piece:
            sys.exit("it hung up")
        answer += piece
    taken = (time.perf_counter_ns() - start) / 1000
    if not answer.startswith(b"HTTP/1.1 200 "):
        sys.exit(answer.decode())
    return answer.partition(b"\r\n\r\n")[2], taken


def main(control, rounds):
    request = "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    client = connect(control)
    # the token lives for a day, so that it lasts as long as this does
    wish = json.dumps({"connections": [{"name": "dev", "roles": ["dev"]}],
                       "listen": ["unix"], "expose": True})
    answer, _ = ask(client, (request % ("POST /grants", "Content-Length: %d\r\n"
                                        % len(wish)) + wish).encode())
    grant = json.loads(answer)
    clients = {
        "control": (client, request % ("GET /token?connection=dev", "")),
        "grant": (connect(grant["socket"]), request % (
            "GET /token",
            "Authorization: Bearer %s\r\n" % grant["capability"])),
    }
    times = {name: [] for name in clients}
    for _ in range(int(rounds)):
        for name, (client, text) in clients.items():
            times[name].append(ask(client, text.encode())[1])
    for name, taken in times.items():
        print("%s, p50\t%.1f\t%.1f\tus" %
              (name, statistics.median(taken), min(taken)))


main(*sys.argv[1:])
