# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of coco-tokend's control socket, many or nasty ones.

tokend-load.py SOCKET stampede N CONNECTION   N clients ask at once; prints how
                                              many answers and tokens there were
tokend-load.py SOCKET rows FILE               send the requests of
                                              tests/data/http1 and compare
tokend-load.py SOCKET slow READY              silent, dripping and greedy
                                              clients, until stdin ends
tokend-load.py SOCKET idle N READY            N silent ones, until stdin ends
tokend-load.py SOCKET pipeline N              N requests in one write
tokend-load.py SOCKET half-close N            the same, and end writing before
                                              the first answer
tokend-load.py SOCKET leave N CONNECTION      N clients ask, and leave when
                                              stdin ends
tokend-load.py SOCKET oversized N             N clients send far too much;
                                              prints how many heard so
"""

import re
import resource
import selectors
import socket
import sys


def connect(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # with a timeout it would not wait for room in the queue
    sock.connect(path)
    sock.settimeout(60)
    return sock


def read_all(sock):
    data = b""
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionError:
            return data
        if not piece:
            return data
        data += piece


def request(method, target, body=b"", close=True):
    return (f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {len(body)}\r\n"
            + ("Connection: close\r\n" if close else "") + "\r\n"
            ).encode() + body


def raise_limit(n):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(n, hard - 100)


def stampede(path, count, connection):
    count = raise_limit(int(count))
    body = f"connection={connection}\ncapability[]=authtype\n\n".encode()
    text = request("POST", "/credential/get", body)
    selector = selectors.DefaultSelector()
    for _ in range(count):
        sock = connect(path)
        sock.sendall(text)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, [])
    statuses, tokens, left = {}, set(), count
    while left:
        for key, _ in selector.select(60):
            try:
                piece = key.fileobj.recv(65536)
            except ConnectionError:
                piece = b""
            if piece:
                key.data.append(piece)
                continue
            selector.unregister(key.fileobj)
            key.fileobj.close()
            left -= 1
            answer = b"".join(key.data)
            status = answer[9:12].decode() or "none"
            statuses[status] = statuses.get(status, 0) + 1
            tokens.update(re.findall(rb"^password=(.*)$", answer, re.M))
    for status in sorted(statuses):
        count_of = statuses[status]
        print(f"{status}: {'all' if count_of == count else count_of}")
    print(f"tokens: {len(tokens)}")


ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def unescape(text):
    out, i = b"", 0
    while i < len(text):
        if text[i] != "\\":
            out += text[i].encode("latin-1")
            i += 1
        elif text[i + 1] == "x":
            out += bytes([int(text[i + 2:i + 4], 16)])
            i += 4
        elif text[i + 1] == "{":
            end = text.index("}", i)
            count, piece = text[i + 2:end].split(":", 1)
            out += int(count) * unescape(piece)
            i = end + 1
        else:
            out += ESCAPES[text[i + 1]]
            i += 2
    return out


def statuses_of(data):
    """The statuses of the answers in data, whose bodies tell their length."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        status = head[9:12].decode()
        length = re.search(rb"^Content-Length: (\d+)", head, re.M)
        if status != "100":
            found.append(status)
        data = rest[int(length.group(1)):] if length else rest
    return found


def rows(path, name):
    bad = run = 0
    with open(name, encoding="latin-1") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            title, expected, text = (line.rstrip("\n") + " ").split(" ", 2)
            text = text[:-1]
            sock = connect(path)
            try:
                sock.sendall(unescape(text))
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass        # it has seen enough
            got = statuses_of(read_all(sock))
            sock.close()
            run += 1
            refused = [s for s in got
                       if s in ("400", "413", "414", "417", "431", "501",
                                "505")]
            if expected in ("ok", "more"):
                # served or not: none of them is refused as malformed, but
                # for bodies that are no messages
                fine = not refused or set(refused) == {"400"} and \
                    "credential" in text
            else:
                fine = bool(got) and got[-1] == expected
            if not fine:
                bad += 1
                print(f"{title}: got {got}, want {expected}")
    print("all of them pass" if bad == 0 else f"{bad} of them fail")
    return bad or run < 100


def ready(name):
    with open(name, "w", encoding="ascii") as file:
        file.write("yes\n")


def slow(path, name):
    silent = connect(path)
    dripping = connect(path)
    greedy = connect(path)
    pieces = iter(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
    dripping.send(bytes([next(pieces)]))
    # asks for much and reads nothing
    greedy.setblocking(False)
    try:
        while True:
            greedy.send(request("GET", "/metrics", close=False) * 100)
    except OSError:
        pass
    ready(name)
    for _ in sys.stdin:
        dripping.send(bytes([next(pieces)]))
    silent.close()
    greedy.close()


def idle(path, count, name):
    count = raise_limit(int(count))
    kept = [connect(path) for _ in range(count)]
    ready(name)
    sys.stdin.read()
    del kept


def pipeline(path, count):
    count = int(count)
    sock = connect(path)
    text = b"".join(request("GET", "/health", close=i == count - 1)
                    for i in range(count))
    sock.sendall(text)
    got = statuses_of(read_all(sock))
    print(f"{len(got)} answers, all 200: {set(got) == {'200'}}")


def half_close(path, count):
    sock = connect(path)
    sock.sendall(int(count) * request("GET", "/metrics", close=False))
    sock.shutdown(socket.SHUT_WR)
    got = statuses_of(read_all(sock))
    print(f"{len(got)} answers, all 200: {set(got) == {'200'}}")


def leave(path, count, connection):
    body = f"connection={connection}\ncapability[]=authtype\n\n".encode()
    socks = [connect(path) for _ in range(int(count))]
    for sock in socks:
        sock.sendall(request("POST", "/credential/get", body))
    sys.stdin.read()
    for sock in socks:
        sock.close()


def oversized(path, count):
    heard = 0
    for _ in range(int(count)):
        sock = connect(path)
        try:
            sock.sendall(request("POST", "/credential/get", b"x" * 300000))
        except OSError:
            pass
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
            heard += answer.startswith(b"HTTP/1.1 413 ")
        except OSError:
            pass
    print(heard)


VERBS = {"stampede": stampede, "rows": rows, "slow": slow, "idle": idle,
         "pipeline": pipeline, "half-close": half_close, "leave": leave,
         "oversized": oversized}

if __name__ == "__main__":
    sys.exit(VERBS[sys.argv[2]](sys.argv[1], *sys.argv[3:]))
