#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server and proxy that behaves well or badly, for test-fetch.

    fetch_server.py [CERT-AND-KEY.pem]

Listens on loopback, with TLS as well when it is given a certificate, prints
the ports ("PORT TLS-PORT", the second 0 without TLS) and serves until its
stdin ends.  The path says what it does; see Handler.answer.  As a proxy it
connects any name to its own TLS port, except "refused.test".
"""

import socket
import socketserver
import ssl
import sys
import threading

LONG_SLEEP = threading.Event()


class Handler(socketserver.StreamRequestHandler):
    """One connection, one request."""

    def handle(self):
        if self.rfile.peek(1)[:1] == b"\x16":
            self.wfile.write(b"this is no TLS\r\n")
            return
        line = self.rfile.readline().decode("latin-1")
        fields = []
        length = 0
        while True:
            field = self.rfile.readline().decode("latin-1")
            if field in ("\r\n", ""):
                break
            fields.append(field)
            if field.lower().startswith("content-length:"):
                length = int(field.split(":")[1])
        body = self.rfile.read(length).decode("latin-1")
        method, target = (line.split() + ["", ""])[:2]
        if method == "CONNECT":
            self.connect(target)
        else:
            self.answer(target, line + "".join(fields) + "\r\n" + body)

    def send(self, status, body, extra=""):
        """A whole answer."""
        head = "HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (
            status, len(body), extra)
        self.wfile.write((head + body).encode("latin-1"))

    def answer(self, target, request):
        """Do what the path says."""
        path, _, arg = target.split("?")[0].lstrip("/").partition("/")
        if path == "echo":
            self.send("200 OK", request)
        elif path == "status":
            self.send(arg + " As You Like", "status " + arg)
        elif path == "big":
            self.send("200 OK", "x" * int(arg))
        elif path == "chunked":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n"
                             b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        elif path == "fields":
            self.send("200 OK", "", "X: %s\r\n" % ("y" * 1000) * int(arg))
        elif path == "redirect":
            self.send("302 Found", "moved", "Location: /echo\r\n")
        elif path == "garbage":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        elif path == "short":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n"
                             b"Content-Length: 100\r\n\r\nhalf")
        elif path == "silent":
            LONG_SLEEP.wait()
        # anything else: close without an answer

    def connect(self, target):
        """Be a proxy."""
        if target.startswith("refused.test:"):
            self.send("407 Proxy Authentication Required", "")
            return
        port = self.server.tls_port
        with socket.create_connection(("127.0.0.1", port)) as other:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(
                target=pump, args=(other, self.connection), daemon=True)
            back.start()
            pump(self.connection, other)
            back.join()


def pump(source, sink):
    """Copy until the end, and hand on the end."""
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(socketserver.ThreadingTCPServer):
    """Listens at once, on a port that the kernel chooses."""

    daemon_threads = True
    request_queue_size = 16
    tls_port = 0
    tls = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]

    def finish_request(self, request, client_address):
        try:
            if self.tls is not None:
                request = self.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            if self.tls is not None:
                request.unwrap()
        except OSError:
            pass  # the client's refusals are what is tested


def main():
    """Serve until stdin ends."""
    plain = Server()
    servers = [plain]
    if len(sys.argv) > 1:
        secure = Server()
        secure.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.tls.load_cert_chain(sys.argv[1])
        plain.tls_port = secure.port
        servers.append(secure)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("%d %d" % (plain.port, plain.tls_port), flush=True)
    sys.stdin.read()
    LONG_SLEEP.set()


if __name__ == "__main__":
    main()
