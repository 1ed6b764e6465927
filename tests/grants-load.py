# SPDX-License-Identifier: GPL-3.0-or-later
"""Make many grants, and see that each of them is served.

    grants-load.py SOCKET make N FILE   make N, by unix socket and by TCP in
                                        turn; what is needed to use them goes
                                        into FILE
    grants-load.py SOCKET use N FILE    ask each of them for its own id
"""

import http.client
import json
import os
import socket
import sys


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        # a path may be longer than an address can be
        directory = os.open(os.path.dirname(self.path), os.O_RDONLY)
        try:
            self.sock.connect("/proc/self/fd/%d/%s" %
                              (directory, os.path.basename(self.path)))
        finally:
            os.close(directory)


def make(control, count, path):
    grants = []
    connection = UnixConnection(control)
    for i in range(count):
        wish = {"connections": [{"name": "dev", "roles": ["ANALYST"]}],
                "listen": ["127.0.0.1:0" if i % 2 else "unix"]}
        connection.request("POST", "/grants", json.dumps(wish))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit("%d: %d %s" % (i, answer.status, text))
        grants.append(json.loads(text))
    with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600),
              encoding="utf-8") as file:
        json.dump(grants, file)
    return 0


def is_served(grant):
    if grant["listen"] == ["unix"]:
        connection = UnixConnection(grant["socket"])
    else:
        host, port = grant["listen"][0].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
    headers = {"Authorization": "Bearer " + grant["capability"]}
    connection.request("GET", "/grant", headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status == 200 and json.loads(text)["id"] == grant["id"]


def use(count, path):
    with open(path, encoding="utf-8") as file:
        grants = json.load(file)
    served = sum(is_served(grant) for grant in grants[:count])
    print("%d of %d are served" % (served, count))
    return 0 if served == count else 1


def main():
    control, verb, count, path = sys.argv[1:]
    if verb == "make":
        return make(control, int(count), path)
    return use(int(count), path)


sys.exit(main())
