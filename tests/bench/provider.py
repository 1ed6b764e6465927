#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least OpenID provider with which oidc-agent sets an account up.

    provider.py TOKEN URL_FILE

Serves on a free port of 127.0.0.1 whose address it writes to URL_FILE; every
token that it issues is TOKEN.
"""

import http.server
import json
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = self.server.url
        self.answer({
            "issuer": url,
            "authorization_endpoint": url + "/authorize",
            "token_endpoint": url + "/token",
            "scopes_supported": ["openid", "offline_access"],
            "grant_types_supported": ["refresh_token"],
            "response_types_supported": ["code"]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"access_token": self.server.token,
                     "token_type": "Bearer", "expires_in": 86400,
                     "refresh_token": "refresh"})

    def log_message(self, *_args):
        pass


def main(argv):
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.token = argv[1]
    server.url = "http://127.0.0.1:%d" % server.server_port
    with open(argv[2] + ".new", "w", encoding="ascii") as file:
        file.write(server.url)
    os.rename(argv[2] + ".new", argv[2])
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv)
