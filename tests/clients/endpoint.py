#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token endpoint and a token file for one connection, by coco-credential.

    endpoint.py CONNECTION ROLE[,ROLE] CAPABILITY-FILE TOKEN-FILE READY-FILE

Serves POST /oauth/token-request on 127.0.0.1, client_credentials and
refresh_token (RFC 6749 4.4, 6), as strictly as it can; CAPABILITY-FILE has
the client secret.  Keeps the live token of the first role in TOKEN-FILE.
"""

import base64
import binascii
import hmac
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qsl, unquote, unquote_plus

FORM = "application/x-www-form-urlencoded"
PLACE = "/oauth/token-request"
KNOWN = {"grant_type", "scope", "client_id", "client_secret",
         "refresh_token"}
LOCAL = "LOCAL_APPLICATION"
TICK = 0.1


class Refused(Exception):
    """An error of RFC 6749 5.2."""

    def __init__(self, error, status=400):
        super().__init__(error)
        self.error = error
        self.status = status


class Grant:
    """What the endpoint gives, and to whom."""

    def __init__(self, connection, roles, capability):
        self.connection = connection
        self.roles = roles
        self.capability = capability
        self.lock = threading.Lock()

    def token(self, role):
        """(access token, seconds that it has left)."""
        with self.lock:
            done = subprocess.run(
                ["coco-credential", "--no-daemon", "-c", self.connection,
                 "--role", role, "--format", "json", "token"],
                stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stderr.decode())
            raise Refused("temporarily_unavailable", 503)
        answer = json.loads(done.stdout)
        return answer["access_token"], answer["expires_in"]

    def is_capability(self, text):
        return hmac.compare_digest(text.encode(), self.capability.encode())


def form_of(body):
    """Each field once, and only known ones."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True,
                          strict_parsing=True)
    except ValueError:
        raise Refused("invalid_request") from None
    form = dict(pairs)
    if len(form) != len(pairs) or not set(form) <= KNOWN:
        raise Refused("invalid_request")
    return form


def client_of(form, header):
    """(client_id, client_secret), either None: of the header or the body."""
    if header is None:
        return form.get("client_id"), form.get("client_secret")
    if "client_secret" in form:
        raise Refused("invalid_request")
    scheme, _, text = header.partition(" ")
    try:
        client, colon, secret = base64.b64decode(
            text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Refused("invalid_client", 401) from None
    if scheme.lower() != "basic" or not colon:
        raise Refused("invalid_client", 401)
    return unquote_plus(client), unquote_plus(secret)


def role_of(grant, scope):
    roles = []
    for word in scope.split():
        if word == "session:role:" or word == "refresh_token":
            continue
        if word.startswith("session:role:"):
            roles.append(word[len("session:role:"):])
        elif word.startswith("session:role-encoded:"):
            roles.append(unquote(word[len("session:role-encoded:"):]))
        else:
            raise Refused("invalid_scope")
    if len(roles) > 1 or not set(roles) <= set(grant.roles):
        raise Refused("invalid_scope")
    return roles[0] if roles else grant.roles[0]


def token_request(grant, body, header):
    """The members of a good answer, or Refused."""
    form = form_of(body)
    client, secret = client_of(form, header)
    if form.get("grant_type") == "client_credentials":
        if client != grant.connection or not grant.is_capability(secret or ""):
            raise Refused("invalid_client", 401)
    elif form.get("grant_type") == "refresh_token":
        right = (client == LOCAL and secret in (None, LOCAL)
                 or client in (None, LOCAL, grant.connection)
                 and (secret is None or grant.is_capability(secret)))
        if not right:
            raise Refused("invalid_client", 401)
        if not grant.is_capability(form.get("refresh_token", "")):
            raise Refused("invalid_grant")
    else:
        raise Refused("unsupported_grant_type")
    role = role_of(grant, form.get("scope", ""))
    token, left = grant.token(role)
    return {"access_token": token, "token_type": "Bearer", "expires_in": left,
            "scope": "session:role:" + role}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def log_message(self, format, *args):
        """Quiet."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        try:
            if self.path != PLACE or kind.strip() != FORM:
                raise Refused("invalid_request")
            self.answer(200, token_request(self.server.grant, body,
                                           self.headers.get("Authorization")))
        except Refused as refused:
            self.answer(refused.status, {"error": refused.error})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="coco"')
        self.end_headers()
        self.wfile.write(body)


def put(path, text):
    """Write a file whole, 0600 by the umask."""
    temporary = path + ".new"
    with open(temporary, "w", encoding="ascii") as file:
        file.write(text)
    os.rename(temporary, path)


def keep_token_file(grant, path):
    """For ever: the file has the live token of the first role."""
    last = None
    while True:
        token = grant.token(grant.roles[0])[0]
        if token != last:
            put(path, token)
            last = token
        time.sleep(TICK)


def main(connection, roles, capability_file, token_file, ready_file):
    with open(capability_file, encoding="ascii") as file:
        grant = Grant(connection, roles.split(","), file.read().strip())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.grant = grant
    threading.Thread(target=keep_token_file, args=(grant, token_file),
                     daemon=True).start()
    put(ready_file, "http://127.0.0.1:%d\n" % server.server_address[1])
    server.serve_forever()


if __name__ == "__main__":
    os.umask(0o077)
    main(*sys.argv[1:])
