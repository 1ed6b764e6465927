# SPDX-License-Identifier: GPL-3.0-or-later
"""What the attackers share: the world they are in, HTTP by hand, verdicts.

An attack is a function of the world.  It returns why it has failed, or raises
Succeeded with what it got.  What it cannot do at all (no right to, nobody
listens) is Broken: then nothing is proved, and that is an error as well.  A
secret that was got is never printed, for the log is for everybody.
"""

import json
import re
import socket
import time
import urllib.parse

ATTACKS = []            # (module, rule, name, title, function)
SECRET = re.compile(rb"canary|PRIVATE KEY-----|refresh_token\"? *[:=]", re.I)


class Succeeded(Exception):
    """The sandbox got what it was not granted, or harmed another."""


class Broken(Exception):
    """The attack could not be carried out."""


def attack(rule, title):
    """Put a function on the list."""
    def add(function):
        ATTACKS.append((function.__module__, rule, function.__name__, title,
                        function))
        return function
    return add


class World:
    """world.json, as tests/containers.sh writes it."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.__dict__.update(json.load(file))

    def capability(self, name="own"):
        """One of the capabilities that this sandbox has, or has found."""
        with open(self.capabilities[name], encoding="ascii") as file:
            return file.read().strip()

    def places(self):
        """The listeners of the own grant."""
        found = []
        if self.unix:
            found.append("unix")
        if self.tcp:
            found.append("tcp")
        return found


class Answer:
    """One HTTP answer; status 0: the connection was closed without a word."""

    def __init__(self, data):
        self.raw = data
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        found = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
        self.status = int(found.group(1)) if found else 0
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields.setdefault(name.lower(), []).append(value.strip())

    def member(self, name):
        """Of a JSON body; None where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value.get(name) if isinstance(value, dict) else None

    def secret(self):
        """A token, or a secret in git's form."""
        token = self.member("access_token")
        if token:
            return token
        found = re.search(rb"^(?:password|credential)=(.+)$", self.body, re.M)
        return found.group(1).decode() if found else None

    def short(self):
        """For the log: nothing of the sandbox's own, nothing secret."""
        if self.status == 0:
            return "closed without a word"
        word = self.fields.get("coco-result", [None])[0] or \
            self.member("error")
        if word is None or not re.fullmatch(r"[a-z_]{1,40}", str(word)):
            return str(self.status)
        return f"{self.status} {word}"


def until(seconds, done, step=0.02):
    """Poll; for what ends by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(step)
    return False


def connect(world, where, timeout=20):
    """where: unix, tcp, a path, or (address, port)."""
    if where == "unix":
        where = world.unix
    elif where == "tcp":
        where = world.tcp
    if isinstance(where, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(timeout)
        sock.connect(where)
    else:
        sock = socket.create_connection(tuple(where), timeout)
    return sock


def read_all(sock):
    """Until the other end closes; what came before a reset counts."""
    data = b""
    while True:
        try:
            piece = sock.recv(65536)
        except ConnectionError:
            return data
        if not piece:
            return data
        data += piece


TOO_MANY = b"HTTP/1.1 429 "


def send_once(world, where, data, end=True):
    """Bytes there, and all that comes back."""
    with connect(world, where) as sock:
        try:
            sock.sendall(data)
            if end:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass        # it has seen enough
        return read_all(sock)


def send(world, where, data, end=True):
    """The same, and again while we have asked too often lately: an attack
    that was refused for that proves nothing."""
    answer = b""

    def is_heard():
        nonlocal answer
        answer = send_once(world, where, data, end)
        return TOO_MANY not in answer
    if not until(30, is_heard, 0.1):
        raise Broken("too many requests, for half a minute")
    return answer


def request(method, target, body=b"", fields=(), capability=None,
            host="localhost", close=True):
    """The bytes of a request; fields are lines without their end."""
    if isinstance(body, str):
        body = body.encode("latin-1")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    if capability is not None:
        lines.append(f"Authorization: Bearer {capability}")
    lines += fields
    if body or method in ("POST", "PATCH", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ask(world, where, method, target, body=b"", **more):
    """One request, one answer; the own capability unless told otherwise."""
    if "capability" not in more:
        more["capability"] = world.capability()
    return Answer(send(world, where, request(method, target, body, **more)))


def post_form(world, where, form, **more):
    """The token endpoint; form is a dict, a list of pairs, or text."""
    text = form if isinstance(form, str) else urllib.parse.urlencode(form)
    fields = list(more.pop("fields", ()))
    fields.append("Content-Type: application/x-www-form-urlencoded")
    more.setdefault("capability", None)
    return ask(world, where, "POST", "/oauth/token-request", text,
               fields=fields, **more)


def git(world, where, lines, verb="get", query="", **more):
    """A git message, with the capability authtype."""
    text = "\n".join(list(lines) + ["capability[]=authtype", "", ""])
    return ask(world, where, "POST", f"/credential/{verb}{query}", text,
               **more)


def nothing(answer, what="a secret"):
    """The answer must not have a secret; says how it was refused."""
    if answer.secret() or SECRET.search(answer.raw):
        raise Succeeded(f"got {what}: {answer.short()}")
    return answer.short()


def refused(answer, what="an answer"):
    """Neither a secret nor any success."""
    nothing(answer)
    if 200 <= answer.status < 300:
        raise Succeeded(f"got {what}: {answer.short()}")
    return answer.short()


def own_tokens(world):
    """All that the grant gives, by whatever way."""
    tokens = set()
    for role in [None] + world.roles:
        query = f"connection={world.connection}"
        if role:
            query += f"&role={role}"
        answer = ask(world, world.places()[0], "GET", f"/token?{query}")
        if answer.secret():
            tokens.add(answer.secret())
    if not tokens:
        raise Broken("no token of our own")
    return tokens


def beyond(own, answer, what="a secret"):
    """A token that is not one of our own; what is refused is fine, and so is
    what comes of the part that was granted."""
    token = answer.secret()
    if token is None:
        return nothing(answer, what)
    if token not in own:
        raise Succeeded(f"got {what}: {answer.short()}")
    return "our own token"


def each(results):
    """Several ways to do the same: how they were refused, in short."""
    return ", ".join(sorted(set(results)))


def control(world):
    """What was granted must work, or nothing that is refused says much."""
    for where in world.places():
        answer = ask(world, where, "GET", "/token")
        if answer.status != 200 or not answer.secret():
            raise Broken(f"/token by {where}: {answer.short()}")


