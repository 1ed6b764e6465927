#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git server over HTTPS with Basic authentication.  Standard library only.

    python3 githttp.py --root DIR --cert PEM --key PEM --user NAME
        --password-file F --ready-file F --log F

It listens on 127.0.0.1 only, serves the repositories below DIR by `git
http-backend', and writes its port to the ready file when it is ready.  The
log has a line for each request: method, path, status, and the user whose
name and password were right, or "-".
"""

import argparse
import base64
import hmac
import http.server
import os
import ssl
import subprocess
import threading
from urllib.parse import urlsplit

BODY_MAX = 64 * 1024 * 1024


class BadRequest(Exception):
    """A body that cannot be read."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of git."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def setup(self):
        # here and not in accept(), so that one slow client stops no other
        self.request = self.server.tls.wrap_socket(
            self.request, server_side=True)
        super().setup()

    def log_message(self, *args):
        """Nothing on stderr: the log has it."""

    def user(self):
        """The name that came with the right password, or None."""
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        want = base64.b64encode(self.server.login).decode()
        if not hmac.compare_digest(value.strip(), want):
            return None
        return self.server.login.split(b":")[0].decode()

    def read_chunked(self):
        """A body in chunks, as git sends one that is long."""
        body = b""
        while True:
            size = int(self.rfile.readline(64).split(b";")[0], 16)
            if len(body) + size > BODY_MAX:
                raise BadRequest
            body += self.rfile.read(size)
            self.rfile.readline(64)
            if size == 0:
                return body

    def read_body(self):
        """The whole body of the request."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            return self.read_chunked()
        size = int(self.headers.get("Content-Length", "0"))
        if size > BODY_MAX:
            raise BadRequest
        return self.rfile.read(size)

    def environment(self, user, body):
        """What RFC 3875 and git-http-backend(1) want there."""
        url = urlsplit(self.path)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": self.server.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": url.path,
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": user,
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_PROTOCOL": self.request_version,
        }
        for name in ("Content-Encoding", "Git-Protocol", "Accept-Encoding"):
            if name in self.headers:
                key = "HTTP_" + name.upper().replace("-", "_")
                env[key] = self.headers[name]
        return env

    def run_backend(self, user, body):
        """Returns status, headers and body of git http-backend's answer."""
        done = subprocess.run(["git", "http-backend"], input=body,
                              stdout=subprocess.PIPE, check=True,
                              stderr=subprocess.DEVNULL,
                              env=self.environment(user, body))
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        return status, headers, answer

    def answer(self):
        """Both methods."""
        user = self.user()
        try:
            body = self.read_body()
            if user is None:
                realm = ("WWW-Authenticate", 'Basic realm="coco test"')
                status, headers, text = 401, [realm], b""
            else:
                status, headers, text = self.run_backend(user, body)
        except (BadRequest, ValueError, subprocess.CalledProcessError):
            status, headers, text = 500, [("Connection", "close")], b""
        self.server.note(self.command, self.path, status, user)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = answer
    do_POST = answer


class Server(http.server.ThreadingHTTPServer):
    """What all connections share."""

    daemon_threads = True

    def __init__(self, args):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root = os.path.abspath(args.root)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(args.cert, args.key)
        with open(args.password_file, "rb") as file:
            self.login = args.user.encode() + b":" + file.read().strip()
        self.log_path = args.log
        self.log_lock = threading.Lock()

    def note(self, method, path, status, user):
        """One line, written before the answer is."""
        with self.log_lock, open(self.log_path, "a", encoding="utf-8") as log:
            log.write(f"{method} {path} {status} {user or '-'}\n")

    def handle_error(self, request, client_address):
        """A client that went away, or would not have our certificate."""


def main():
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    for name in ("root", "cert", "key", "user", "password-file",
                 "ready-file", "log"):
        parser.add_argument("--" + name, required=True)
    args = parser.parse_args()
    server = Server(args)
    with open(args.ready_file + ".new", "w", encoding="utf-8") as ready:
        ready.write(f"{server.server_address[1]}\n")
    os.rename(args.ready_file + ".new", args.ready_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
