#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for Snowflake: OAuth, login, query.  Standard library only.

    python3 snowflake.py --ready-file F [--tls CERT KEY] [--log F]
        [--control] [--set NAME=VALUE]... [--die-with-stdin]

It listens on 127.0.0.1 only, unless --everywhere, prints nothing, and is
ready when the ready file is there.  It is written from facts/snowflake.md
and shares nothing with our C code, so that both can be wrong only
independently.  The control path (with --control, from loopback) reads and
turns the knobs listed in snowflake_state.KNOBS and ACTIONS.
"""

import argparse
import hashlib
import http.server
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
import zlib

sys.dont_write_bytecode = True    # the source tree may be read-only
import snowflake_oauth as oauth                             # noqa: E402
import snowflake_sql as sql                                 # noqa: E402
from snowflake_oauth import Answer, json_answer             # noqa: E402
from snowflake_state import BadControl, State               # noqa: E402

BODY_MAX = 1024 * 1024
LOGGED_HEADERS = ("Host", "Accept", "Content-Type", "Content-Encoding",
                  "User-Agent", "X-Snowflake-Authorization-Token-Type")
SINGLE_HEADERS = ("Host", "Content-Length", "Content-Type", "Authorization",
                  "Content-Encoding", "Transfer-Encoding")
SECRET_FIELDS = ("refresh_token", "code", "code_verifier", "client_secret",
                 "client_assertion", "device_code", "TOKEN", "PASSWORD")

ROUTES = {
    "/oauth/authorize": {"GET": oauth.authorize},
    "/oauth/token-request": {"POST": oauth.token_request},
    "/idp/token": {"POST": oauth.idp_token},
    "/idp/device": {"POST": oauth.device},
    "/session/v1/login-request": {"POST": sql.login},
    "/session/token-request": {"POST": sql.renew},
    "/session/heartbeat": {"POST": sql.session_ping},
    "/session": {"POST": sql.logout, "DELETE": sql.logout},
    "/queries/v1/query-request": {"POST": sql.query},
    "/api/v2/statements": {"POST": sql.statements},
    "/telemetry/send": {"POST": sql.session_ping},
}


class BadRequest(Exception):
    """A request refused before any route has seen it."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def secret_print(text):
    """A name for a secret that may be logged: sha256, first 12 digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection; each answer is one write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def setup(self):
        """The handshake is done here, by the connection's own thread."""
        if self.server.tls is not None:
            self.request.settimeout(self.timeout)
            self.request = self.server.tls.wrap_socket(
                self.request, server_side=True)
        super().setup()

    def finish(self):
        super().finish()
        self.connection.close()

    def log_message(self, format, *args):
        """Quiet: only --log tells what happened."""

    # -- reading --------------------------------------------------------

    def _read(self):
        """Split the target, check the framing, read the body."""
        self.fields, self.body = {}, b""
        self.method = self.command
        self.route, mark, query = self.path.partition("?")
        self.query = query if mark else None
        if not self.path.startswith("/") or not self.path.isascii():
            raise BadRequest(400, "target is not in origin form")
        for name in SINGLE_HEADERS:
            if len(self.headers.get_all(name, [])) > 1:
                raise BadRequest(400, "duplicate header " + name)
        if self.headers.get("Host") not in self.server.names:
            raise BadRequest(421, "wrong Host")
        if "Transfer-Encoding" in self.headers:
            raise BadRequest(411, "Content-Length wanted")
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise BadRequest(400, "bad Content-Length")
        if int(length) > BODY_MAX:
            raise BadRequest(413, "body too large")
        self.body = self.rfile.read(int(length))
        if len(self.body) < int(length):
            raise BadRequest(400, "body cut short")

    def json(self):
        """The body as a JSON object; drivers may have gzipped it."""
        ctype = self.headers.get("Content-Type", "").partition(";")[0]
        if ctype.strip().lower() != "application/json":
            raise BadRequest(415, "Content-Type is not application/json")
        try:
            document = json.loads(self._plain_body().decode("utf-8"))
        except ValueError:
            raise BadRequest(400, "body is not JSON") from None
        if not isinstance(document, dict):
            raise BadRequest(400, "body is not an object")
        return document

    def _plain_body(self):
        coding = self.headers.get("Content-Encoding")
        if coding is None:
            return self.body
        if coding.lower() != "gzip":
            raise BadRequest(415, "unknown Content-Encoding")
        inflate = zlib.decompressobj(wbits=31)
        try:
            plain = inflate.decompress(self.body, BODY_MAX)
        except zlib.error:
            raise BadRequest(400, "bad gzip body") from None
        if not inflate.eof or inflate.unused_data:
            raise BadRequest(400, "bad gzip body")
        return plain

    def note(self, fields):
        """What the log may tell of the request's fields."""
        self.fields = fields

    # -- answering ------------------------------------------------------

    def _dispatch(self):
        try:
            self._read()
            if self.route == "/__control" and self.server.control:
                self._send(self._control())
                return
            self.server.state.bump("requests")
            answer = self._route()
        except BadRequest as bad:
            answer = json_answer({"error": str(bad)}, bad.status,
                                 result=str(bad))
            self.close_connection = True
        self.server.record(self, answer)
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _dispatch

    def _route(self):
        methods = ROUTES.get(self.route)
        if methods is None:
            raise BadRequest(404, "no such path")
        if self.method not in methods:
            raise BadRequest(405, "method not allowed")
        return methods[self.method](self.server.state, self)

    def _control(self):
        state = self.server.state
        if self.client_address[0] != "127.0.0.1":
            raise BadRequest(403, "loopback only")
        if self.method == "GET":
            return json_answer(state.snapshot())
        if self.method != "POST":
            raise BadRequest(405, "method not allowed")
        try:
            result = state.control(self.json())
        except BadControl as bad:
            raise BadRequest(400, str(bad)) from None
        return json_answer(dict(state.snapshot(), **result))

    def _send(self, answer):
        if answer.misbehave == "hang":
            self._hang()
            return
        reason = self.responses.get(answer.status, ("Status",))[0]
        lines = ["HTTP/1.1 %d %s" % (answer.status, reason),
                 "Date: " + self.date_time_string(),
                 "Content-Type: " + answer.ctype,
                 "Content-Length: %d" % len(answer.body)]
        lines += ["%s: %s" % pair for pair in answer.headers]
        body = b"" if self.command == "HEAD" else answer.body
        if answer.misbehave == "close_early":
            body = body[:len(body) // 2]
            self.close_connection = True
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines) + "\r\n\r\n"
        self.wfile.write(head.encode("latin-1") + body)

    def _hang(self):
        """Say nothing until the client or the server goes away."""
        self.close_connection = True
        self.connection.settimeout(0.2)
        while not self.server.state.stopping.is_set():
            try:
                if self.connection.recv(1) == b"":
                    return
            except (TimeoutError, socket.timeout):
                continue

    def send_error(self, code, message=None, explain=None):
        """Syntax errors found by the base class, in one write as well."""
        self.close_connection = True
        self._send(json_answer({"error": message or "bad request"}, code))


class Server(http.server.ThreadingHTTPServer):
    """Listens, on loopback as a rule; holds what the connections share."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, options, state):
        address = "0.0.0.0" if options.everywhere else "127.0.0.1"
        super().__init__((address, options.port), Handler)
        self.state = state
        self.control = options.control
        self.log = None
        if options.log is not None:
            self.log = os.open(options.log, os.O_WRONLY | os.O_APPEND
                               | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.tls = None
        if options.tls is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
            self.tls.load_cert_chain(*options.tls)
        port = self.server_address[1]
        hosts = ["127.0.0.1", "localhost"] + options.name
        self.names = {"%s:%d" % (host, port) for host in hosts}

    def server_bind(self):
        """As the base class, without its look-up of our own name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name = self.server_address[0]
        self.server_port = self.server_address[1]

    def handle_error(self, request, client_address):
        """Clients that go away or dislike our certificate: counted only."""
        kind, error = sys.exc_info()[:2]
        if kind is not None and issubclass(kind, ssl.SSLError):
            self.state.bump("tls_errors")
        elif not issubclass(kind, OSError):
            print("fake snowflake: %r" % error, file=sys.stderr)

    def record(self, request, answer):
        """One line in the log, before the client gets its answer."""
        if self.log is None:
            return
        fields = request.fields
        line = {
            "time": round(time.time(), 3),
            "method": request.method,
            "path": request.route,
            "headers": _logged_headers(request.headers),
            "fields": sorted(fields),
            "secrets": {name: secret_print(fields[name])
                        for name in SECRET_FIELDS if name in fields},
            "status": answer.status,
            "result": answer.result,
        }
        for name in ("grant_type", "QUERY_TAG"):
            if name in fields:
                line[name.lower()] = fields[name]
        os.write(self.log, json.dumps(line).encode() + b"\n")


def _logged_headers(headers):
    logged = {name.lower(): headers[name] for name in LOGGED_HEADERS
              if name in headers}
    if "Authorization" in headers:
        scheme, _, value = headers["Authorization"].partition(" ")
        logged["authorization"] = "%s %s" % (scheme, secret_print(value))
    return logged


def parse_options(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--everywhere", action="store_true",
                        help="on all addresses; --name says which are ours")
    parser.add_argument("--ready-file", metavar="PATH",
                        help="JSON: host port url pid [ca_file]; - is "
                        "stdout")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--ca", metavar="FILE",
                        help="ca_file of the ready file, if not CERT")
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--user", metavar="NAME",
                        help="short for --set user=NAME")
    parser.add_argument("--name", metavar="HOST", action="append",
                        default=[], help="one more Host to answer to")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append",
                        default=[], help="a control key; VALUE is JSON "
                        "or else text")
    parser.add_argument("--die-with-stdin", action="store_true")
    return parser.parse_args(argv)


def apply_settings(state, options):
    """--user and --set go the way of a control document."""
    settings = list(options.set)
    if options.user is not None:
        settings.append("user=" + options.user)
    for setting in settings:
        name, equals, text = setting.partition("=")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if name in ("token_error", "user", "account") and text != "null":
            value = text
        if not equals:
            raise BadControl("--set wants NAME=VALUE")
        state.control({name: value})


def write_ready(server, options):
    """Tell where we listen; whoever sees the file sees it whole.

    With "-" it is one line on stdout: a parent can wait for that without
    polling.
    """
    host, port = "127.0.0.1", server.server_address[1]
    scheme = "https" if options.tls else "http"
    ready = {"host": host, "port": port, "pid": os.getpid(),
             "url": "%s://%s:%d" % (scheme, host, port)}
    if options.tls:
        ready["ca_file"] = os.path.abspath(options.ca or options.tls[0])
    line = json.dumps(ready) + "\n"
    if options.ready_file == "-":
        print(line, end="", flush=True)
        return
    temporary = "%s.%d" % (options.ready_file, os.getpid())
    with open(temporary, "w", encoding="ascii") as file:
        file.write(line)
    os.rename(temporary, options.ready_file)


def _watch_stdin(stopping):
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    stopping.set()


def main(argv=None):
    options = parse_options(argv)
    state = State()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: state.stopping.set())
    try:
        apply_settings(state, options)
        server = Server(options, state)
    except (BadControl, OSError) as error:
        print("fake snowflake: %s" % error, file=sys.stderr)
        return 2
    threading.Thread(target=server.serve_forever, args=(0.05,),
                     daemon=True).start()
    if options.ready_file is not None:
        write_ready(server, options)
    if options.die_with_stdin:
        threading.Thread(target=_watch_stdin, args=(state.stopping,),
                         daemon=True).start()
    state.stopping.wait()
    server.shutdown()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
