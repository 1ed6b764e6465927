#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Python program gives out a token with, when nobody is looking.

    plain.py BODY_FILE PORT_FILE

http.server with a thread for each connection, which it keeps, on a free port
of 127.0.0.1 that it writes to PORT_FILE; every answer is what BODY_FILE holds.
"""

import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # head and body in one write
    wbufsize = -1

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


def main(argv):
    server = Server(("127.0.0.1", 0), Handler)
    with open(argv[1], "rb") as file:
        server.body = file.read()
    with open(argv[2] + ".new", "w", encoding="ascii") as file:
        file.write("%d\n" % server.server_port)
    os.rename(argv[2] + ".new", argv[2])
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv)
