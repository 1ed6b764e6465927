#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the daemon as a sandbox sees it: one grant, on a unix socket
and a TCP port.  Written from the text of the interface, not from the C, and
strict: what a client of ours would never send is answered with 400, and noted.

    tokend.py --state FILE --log FILE --ready-file FILE [--unix PATH]

FILE of --state is JSON, read anew for each request:

    capability   the only one
    connections  [{"name", "roles", "protocol", "host", "username"}]
    hosts        [{"host", "stack"}]
    answers      {NAME of a connection or host: {attribute: value}}; the values
                 "expires_in" and "age" become password_expiry_utc and
                 issued_utc
    result       null, or what every /credential/get ends with
    reason       the text for that
    paused       bool
    expires_in, expose, id   of GET /grant

The log has a JSON object for each request: what came, and the status.
"""

import argparse
import http.server
import json
import os
import re
import socket
import socketserver
import sys
import threading
import time

MAX_BODY = 32 * 1024
PATHS = {
    "/health": "GET",
    "/grant": "GET",
    "/credential/get": "POST",
    "/credential/store": "POST",
    "/credential/erase": "POST",
}
STATUS = {
    "success": 200, "usage": 400, "denied": 403, "expired": 403,
    "not_found": 404, "unsupported": 501, "unavailable": 503, "error": 500,
}
HOSTS = {"localhost", "127.0.0.1", "[::1]", "token-proxy",
         "host.containers.internal", "host.docker.internal"}
FORBIDDEN = ("Origin", "Sec-Fetch-Site", "X-Forwarded-For", "Forwarded")
EXPECTED = {"host", "connection", "authorization", "content-length"}
# what a question may have; the rest is an answer's, or a helper's business
QUESTION = {"protocol", "host", "path", "username", "connection", "role",
            "capability[]", "wwwauth[]"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "stand-in"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", fields=(), kind="text/plain"):
        if isinstance(body, str):
            body = body.encode()
        with self.server.lock, open(self.server.options.log, "a") as log:
            print(json.dumps({
                "by": self.server.name, "method": self.command,
                "target": self.path, "fields": dict(self.headers.items()),
                "body": self.body, "status": status}), file=log)
        self.send_response(status)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def result(self, name, text, status=None):
        self.answer(status or STATUS[name], text, [("Coco-Result", name)])

    def refuse(self, status, error, fields=()):
        """401, 403 and 421, as the path wants it."""
        if self.is_credential():
            self.answer(status, error + "\n",
                        [("Coco-Result", "denied"), *fields])
        else:
            self.answer(status, json.dumps({"error": error}), fields,
                        "application/json")

    def is_credential(self):
        return self.path.startswith("/credential/")

    def read_body(self):
        self.body = ""
        if self.command != "POST":
            return "Content-Length" not in self.headers
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]+", length) or int(length) > MAX_BODY:
            return False
        self.body = self.rfile.read(int(length)).decode("utf-8", "replace")
        return True

    def is_plain(self):
        """Only what a client of ours sends, and each once."""
        names = [name.lower() for name in self.headers.keys()]
        return (self.request_version == "HTTP/1.1" and
                set(names) <= EXPECTED and len(names) == len(set(names)) and
                self.headers.get("Connection") == "close")

    def handle_one(self):
        self.state = json.loads(open(self.server.options.state).read())
        self.body = ""
        host = self.headers.get("Host", "")
        host = re.sub(":[0-9]+$", "", host)
        path, _, self.query = self.path.partition("?")
        if host not in HOSTS:
            self.refuse(421, "misdirected")
        elif any(name in self.headers for name in FORBIDDEN):
            self.refuse(403, "forbidden")
        elif path not in PATHS:
            self.answer(404, '{"error":"not_found"}')
        elif PATHS[path] != self.command:
            self.answer(405, "", [("Allow", PATHS[path])])
        elif not self.is_capable():
            self.refuse(401, "unauthorized",
                        [("WWW-Authenticate", 'Bearer realm="coco"')])
        elif self.state.get("paused"):
            self.refuse(403, "the grant is paused; on the host: coco-tokend "
                        "grant update %s --resume" % self.state["id"])
        elif not self.read_body() or not self.is_plain():
            self.answer(400, "not what a client of ours sends\n")
        else:
            getattr(self, "do" + path.replace("/", "_"))()

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    def is_capable(self):
        shown = self.headers.get("Authorization")
        if shown is None:
            return self.server.name == "unix"
        return shown == "Bearer " + self.state["capability"]

    def do_health(self):
        self.answer(200, '{"status":"ok"}', (), "application/json")

    def do_grant(self):
        state = self.state
        if "raw_grant" in state:
            self.answer(200, state["raw_grant"], (), "application/json")
            return
        if self.query == "form=text":
            self.answer(200, self.grant_lines(), ())
            return
        self.answer(200, json.dumps({
            "id": state["id"],
            "connections": [{"name": c["name"], "roles": c["roles"]}
                            for c in state["connections"]],
            "hosts": state["hosts"], "expires_in": state["expires_in"],
            "expose": state["expose"]}), (), "application/json")

    def grant_lines(self):
        state = self.state
        lines = [("grant:", state["id"])]
        for connection in state["connections"]:
            lines.append(("connection:", connection["name"]))
            lines += [("  role:", role) for role in connection["roles"]]
        lines += [("host:", host["host"]) for host in state["hosts"]]
        lines += [("ends:", "in %d h" % (state["expires_in"] // 3600)),
                  ("long-lived:", "yes" if state["expose"] else "no")]
        return "".join("%-17s %s\n" % line for line in lines)

    def message(self):
        """The request as {key: value}, lists under "key[]"."""
        message = {}
        for line in self.body.split("\n"):
            if line == "":
                break
            key, equals, value = line.partition("=")
            if not equals or not key:
                return None
            if key.endswith("[]"):
                message.setdefault(key, []).append(value)
            else:
                message[key] = value
        return message

    def find(self, message):
        """The answer's name and role, or None."""
        state = self.state
        name = message.get("connection")
        if name is None and "host" not in message:
            if self.query != "default=1" or not state["connections"]:
                return None
            name = state["connections"][0]["name"]
        if name is None:
            for host in state["hosts"]:
                if message.get("protocol") == "https" and \
                        host["host"] == message["host"]:
                    return host["host"], None
            return None
        for known in state["connections"]:
            if known["name"] != name:
                continue
            for key in ("protocol", "host", "username"):
                if key in message and message[key] != known.get(key):
                    return None
            roles = known["roles"]
            role = message.get("role", roles[0] if roles else None)
            return None if role is not None and role not in roles else \
                (name, role)
        return None

    def do_credential_get(self):
        message = self.message()
        if message is None or not set(message) <= QUESTION or \
                self.query not in ("", "default=1"):
            self.result("usage", "the request is malformed\n")
            return
        found = self.find(message)
        if self.state.get("result"):
            self.result(self.state["result"],
                        self.state.get("reason", "fixed text") + "\n")
            return
        if found is None or found[0] not in self.state["answers"]:
            self.result("not_found", "there is nothing\n")
            return
        answer = dict(self.state["answers"][found[0]])
        username = answer.get("username")
        if message.get("username", username) != username:
            self.result("not_found", "there is nothing\n")
            return
        now = int(time.time())
        if "age" in answer:
            answer["issued_utc"] = now - answer.pop("age")
        if "expires_in" in answer:
            answer["password_expiry_utc"] = now + answer.pop("expires_in")
        if found[1] is not None:
            answer["role"] = found[1]
        if "authtype" not in message.get("capability[]", []):
            answer.pop("authtype", None)
            answer.pop("credential", None)
        elif "credential" in answer:
            answer = {"capability[]": "authtype", **answer}
        self.result("success", "".join(
            "%s=%s\n" % item for item in answer.items()))

    def do_credential_store(self):
        self.result("success", "")

    def do_credential_erase(self):
        message = self.message()
        if message is None or \
                not set(message) <= QUESTION | {"password", "credential"}:
            self.result("usage", "the request is malformed\n")
            return
        self.result("success", "")


class Tcp(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    name = "tcp"


class Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    name = "unix"

    def get_request(self):
        request, _ = super().get_request()
        return request, ("unix", 0)


class Tcp6(Tcp):
    address_family = socket.AF_INET6


def main():
    parser = argparse.ArgumentParser()
    for name in ("--state", "--log", "--ready-file", "--unix"):
        parser.add_argument(name)
    options = parser.parse_args()
    servers = [Tcp(("127.0.0.1", 0), Handler)]
    try:
        servers.append(Tcp6(("::1", 0), Handler))
    except OSError:
        pass
    if options.unix:
        os.makedirs(os.path.dirname(options.unix), exist_ok=True)
        servers.append(Unix(options.unix, Handler))
        os.chmod(options.unix, 0o666)
        os.chmod(os.path.dirname(options.unix), 0o711)
    lock = threading.Lock()
    for server in servers:
        server.options = options
        server.lock = lock
        threading.Thread(target=server.serve_forever, args=(0.05,),
                         daemon=True).start()
    ports = {("port6" if isinstance(s, Tcp6) else "port"): s.server_address[1]
             for s in servers if s.name == "tcp"}
    with open(options.ready_file + ".part", "w") as ready:
        json.dump(ports, ready)
    os.rename(options.ready_file + ".part", options.ready_file)
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
