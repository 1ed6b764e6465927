# SPDX-License-Identifier: GPL-3.0-or-later
"""How long GET /token takes, of the daemon's control socket and of a grant's,
in turn; each answer is waited for before the next request.

    latency.py CONTROL-SOCKET GRANTS ROUNDS

GRANTS is what grants-load.py has left.  Prints for each the median and the
least, in microseconds.
"""

import json
import os
import socket
import statistics
import sys
import time


def connect(path):
    # a path may be longer than an address can be
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    client = socket.socket(socket.AF_UNIX)
    client.connect("/proc/self/fd/%d/%s" % (directory, os.path.basename(path)))
    os.close(directory)
    return client


def ask(client, request):
    """One answer.  Returns the microseconds until it was there whole."""
    start = time.perf_counter_ns()
    client.sendall(request)
    answer = client.recv(65536)
    while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
        answer += client.recv(65536)
    taken = (time.perf_counter_ns() - start) / 1000
    if not answer.startswith(b"HTTP/1.1 200 "):
        sys.exit(answer.decode())
    return taken


def main(control, grants, rounds):
    with open(grants, encoding="utf-8") as file:
        grant = next(g for g in json.load(file) if g["listen"] == ["unix"])
    request = "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    clients = {
        "control": (connect(control),
                    request % ("/token?connection=dev", "")),
        "grant": (connect(grant["socket"]), request % (
            "/token", "Authorization: Bearer %s\r\n" % grant["capability"])),
    }
    times = {name: [] for name in clients}
    for _ in range(int(rounds)):
        for name, (client, text) in clients.items():
            times[name].append(ask(client, text.encode()))
    for name, taken in times.items():
        print("%s, p50\t%.1f\t%.1f\tus" %
              (name, statistics.median(taken), min(taken)))


main(*sys.argv[1:])
