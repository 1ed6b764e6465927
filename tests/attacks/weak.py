# SPDX-License-Identifier: GPL-3.0-or-later
"""weak.py UNIX ADDRESS READY: the sandbox API without one check.

Whatever an attack asks for, it gets: `check-attacks --weak' runs the attackers
against this, and each that asks by HTTP must succeed.  So one that cannot
succeed is found before it proves anything.
"""

import json
import os
import re
import socket
import sys
import threading
import urllib.parse


def answer(status, body, fields=()):
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    return "\r\n".join(head + list(fields)).encode("latin-1") + b"\r\n\r\n" \
        + body


def body_for(path, query, body):
    """A token that tells for what it is, as the daemon's are different."""
    form = dict(urllib.parse.parse_qsl(query))
    form.update(urllib.parse.parse_qsl(body.decode("latin-1")))
    if path.startswith("/credential"):
        form.update(line.split("=", 1) for line in
                    body.decode("latin-1").splitlines() if "=" in line)
        return (f"password=canary-{form.get('connection')}"
                f"-{form.get('role')}\nauthtype=Bearer\ncredential=canary\n"
                "oauth_refresh_token=canary\nstate[]=x\n\n").encode()
    role = form.get("role") or form.get("scope", "session:role:ANALYST")
    role = role.replace("session:role:", "")
    name = form.get("client_id") or form.get("connection") or "dev"
    return json.dumps({"access_token": f"canary-{name}-{role}",
                       "token_type": "Bearer", "refresh_token": "canary",
                       "expires_in": 540, "more": "/"}).encode()


def serve(sock):
    sock.settimeout(20)
    data = b""
    try:
        while True:
            while b"\n\n" not in data.replace(b"\r", b""):
                piece = sock.recv(65536)
                if not piece:
                    return
                data += piece
            end = re.search(rb"\r?\n\r?\n", data)
            head, data = data[:end.start()].decode("latin-1"), data[end.end():]
            lengths = re.findall(r"(?im)^content-length *: *(\d+)", head)
            size = min(int(lengths[0]) if lengths else 0, 1 << 20)
            while len(data) < size:
                piece = sock.recv(65536)
                if not piece:
                    break
                data += piece
            body, data = data[:size], data[size:]
            target = (head.split(" ") + ["/", "/"])[1]
            path, _, query = target.partition("?")
            fields = [f"X-Echo: {urllib.parse.unquote(target)}",
                      "Access-Control-Allow-Origin: *"]
            sock.sendall(answer(200, body_for(path, query, body), fields))
    except OSError:
        pass
    finally:
        sock.close()


def listen(server):
    while True:
        sock, _ = server.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


def main(path, address, ready):
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(path)
    os.chmod(path, 0o666)
    tcp = socket.create_server((address, 0), backlog=2000)
    unix.listen(2000)
    for server in (unix, tcp):
        threading.Thread(target=listen, args=(server,), daemon=True).start()
    with open(ready, "w", encoding="ascii") as file:
        file.write(f"{tcp.getsockname()[1]}\n")
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
