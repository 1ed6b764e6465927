# SPDX-License-Identifier: GPL-3.0-or-later
"""Harm to the host and to neighbours: stores (T3), refreshes (T6), what is
written to the log, and exhaustion (T21).  tests/check-attacks judges most of
these on the host, for the sandbox does not see what it has done."""

import os
import random
import socket
import time

from attack import (Answer, Broken, Succeeded, ask, attack, connect, control,
                    each, git, nothing, own_tokens, request, send_once, until)


def held(world, name):
    """Tell the host that all is in place."""
    with open(f"{world.shared}/{name}.held", "w", encoding="ascii") as file:
        file.write("yes\n")


def has_looked(world, name):
    return os.path.exists(f"{world.shared}/{name}.go")


@attack("-", "what was granted")
def served(world):
    """No attack: is this sandbox served, at once, while another attacks?"""
    slowest = 0
    for _ in range(10):
        for where in world.places():
            begun = time.monotonic()
            answer = Answer(send_once(world, where, request(
                "GET", "/token", capability=world.capability())))
            if answer.status != 200:
                raise Succeeded(f"/token by {where}: {answer.short()}")
            slowest = max(slowest, time.monotonic() - begun)
    if slowest > 2:
        raise Succeeded(f"it waits for {slowest:.1f} s")
    return f"it is served within {slowest * 1000:.0f} ms"


# --- T3 ----------------------------------------------------------------------
#
# Seen to succeed with an erase that is passed on to a stack (erase_*).

@attack("T3", "erase: log the host out of what is granted")
def erase_own(world):
    results = []
    for where in world.places():
        for token in [None] + sorted(own_tokens(world)):
            lines = [f"connection={world.connection}"]
            lines += [f"password={token}"] if token else []
            results.append(nothing(git(world, where, lines, "erase")))
    control(world)
    return each(results)


@attack("T3", "erase: the password of a host, granted and not")
def erase_hosts(world):
    results = []
    for host in (world.lasting_host, world.foreign_host):
        for lines in (["protocol=https", f"host={host}"], [f"host={host}"],
                      ["protocol=https", f"host={host}", "username=bob"],
                      ["protocol=https"]):
            results.append(nothing(git(world, "unix", lines, "erase")))
    return each(results)


@attack("T3", "erase: the login of a neighbour, or everything")
def erase_foreign(world):
    results = []
    for lines in ([f"connection={world.foreign}"], [], ["protocol=http"],
                  [f"connection={world.foreign}", "username=ALICE"],
                  [f"connection={world.connection}",
                   f"connection={world.foreign}"]):
        for where in world.places():
            results.append(nothing(git(world, where, lines, "erase")))
    return each(results)


@attack("T3", "store: a login of the attacker's in place of the host's")
def store_own(world):
    results = []
    for lines in ([f"connection={world.connection}"],
                  [f"connection={world.foreign}"],
                  ["protocol=https", f"host={world.lasting_host}"],
                  ["protocol=https", "host=planted.example"]):
        lines += ["username=mallory", "password=planted",
                  "password_expiry_utc=4102444800",
                  "oauth_refresh_token=planted"]
        for where in world.places():
            results.append(nothing(git(world, where, lines, "store")))
    for answer in (git(world, "unix", ["protocol=https",
                                       "host=planted.example"]),
                   ask(world, "tcp", "GET", "/token")):
        if answer.secret() == "planted":
            raise Succeeded("what was planted is given out")
    return each(results)


# --- T6 ----------------------------------------------------------------------
#
# Seen to succeed with a cache_renew() that looks neither at the token
# (erase_stale) nor at its age and the last renewal (erase_flood).

@attack("T6", "erase of tokens that are not the current one")
def erase_stale(world):
    results = []
    for token in ("x", "ver:1-hint:1-x", "", "A" * 300):
        for _ in range(10):
            answer = git(world, "unix", [f"connection={world.connection}",
                                         f"password={token}"], "erase")
            results.append(nothing(answer))
    control(world)
    return each(results)


@attack("T6", "200 times erase of the token that was just got")
def erase_flood(world):
    results = []
    for _ in range(100):
        for token in sorted(own_tokens(world))[:2]:
            answer = git(world, "unix", [f"connection={world.connection}",
                                         f"password={token}"], "erase")
            results.append(nothing(answer))
    control(world)
    return each(results)


@attack("T6", "times of the sandbox's own in a question")
def force_times(world):
    results = []
    name = f"connection={world.connection}"
    for line in ("issued_utc=9999999999", "issued_utc=0",
                 "password_expiry_utc=1", "password_expiry_utc=9999999999",
                 "state[]=oauth:coco:refused=1", "quit=true", "continue=1",
                 "wwwauth[]=Bearer error=\"invalid_token\"", "ephemeral=true"):
        for _ in range(3):
            answer = git(world, "unix", [name, line])
            results.append(answer.short())
    control(world)
    return each(results)


# --- T20: the log ------------------------------------------------------------
#
# The parser stops all of it; that the judge sees such lines is seen by
# judges_see() of check-attacks.

NASTY = "\x1b[2J\x1b]0;x\x07"


@attack("T20", "lines and escapes of ours in the log of the host")
def forge_log(world):
    forged = '{"forged":true}'
    results = []
    for target in (f"/{NASTY}", "/%1b%5b2J%0aforged-line", "/\xff\xfe",
                   "/token?connection=%0aforged-line%0a%1b%5b2J",
                   f"/token?role=%0a{forged}%0a".replace('"', "%22")):
        results.append(nothing(ask(world, "unix", "GET", target)))
    for field in (f"User-Agent: {NASTY}", f"X: y\n{forged}",
                  "User-Agent: %0aforged-line"):
        results.append(nothing(ask(world, "unix", "GET", "/nowhere",
                                   fields=[field])))
    for line in (f"connection={NASTY}forged-line", "username=\x1b[31mforged",
                 f"host={forged}"):
        results.append(nothing(git(world, "unix", [line])))
    return each(results)


@attack("T18", "a token that no line of the audit log tells of")
def unlogged(world):
    """What is written of one sandbox in a minute is limited; the host looks
    for the role that we have last."""
    first, last = world.roles
    for i in range(150):
        nothing(ask(world, "unix", "GET", f"/token?connection=none{i}"))
        ask(world, "unix", "GET", f"/token?role={first}")
    answer = ask(world, "unix", "GET", f"/token?role={last}")
    if not answer.secret():
        raise Broken(f"/token: {answer.short()}")
    return "150 misses, 150 times one token, and then another"


# --- T21 ---------------------------------------------------------------------
#
# Seen to succeed with: no bound of lines in the audit log (log_volume), none of
# requests and of what waits to be taken (greedy), make_room() that drops none
# (crowd), what the sandbox says in the question (questions).

def flood(world, name, once, least=1, first=3):
    """Again and again, until the host has looked, which it does after the
    first rounds; once() says how often it was answered.  That we ourselves
    must wait after that is no harm."""
    control(world)
    rounds = answers = 0
    end = time.monotonic() + 60
    while rounds < least or not has_looked(world, name):
        answers += once(rounds)
        rounds += 1
        if rounds == first:
            held(world, name)
        if time.monotonic() > end:
            raise Broken("the host did not look")
    if not until(60, lambda: is_served(world)):
        raise Broken("nothing is served any more")
    return f"{answers} answers in {rounds} rounds, and others are served"


def is_served(world):
    try:
        control(world)
    except (Broken, OSError):
        return False
    return True


def answered(data):
    return data.count(b"HTTP/1.1 ")


@attack("T21", "refused requests without end: to fill the host's log")
def log_volume(world):
    text = request("GET", "/token", capability="x" * 65, close=False) * 25 \
        + request("GET", "/nowhere", close=False) * 25
    return flood(world, "log_volume", lambda i: answered(
        send_once(world, world.places()[i % 2], text)), 60)


@attack("T21", "different questions without end: a process of the host for "
        "each")
def questions(world):
    def once(i):
        text = b"".join(request(
            "POST", "/credential/get",
            f"connection={world.connection}\nusername=u{i}x{j}\n"
            f"path=/{j}\nwwwauth[]=x{j}\n\n", close=False,
            capability=world.capability()) for j in range(25))
        text += b"".join(request(
            "GET", f"/token?connection=c{i}x{j}&role=r{j}", close=False,
            capability=world.capability()) for j in range(25))
        return answered(send_once(world, "unix", text))
    return flood(world, "questions", once, 60)


@attack("T21", "connections that ask without end")
def endless(world):
    text = request("GET", "/health", close=False,
                   capability=world.capability()) * 100

    def once(_):
        got = 0
        with connect(world, "unix", 30) as sock:
            try:
                while got < 2000:
                    sock.sendall(text)
                    piece = sock.recv(65536)
                    if not piece:
                        break
                    got += answered(piece)
            except OSError:
                pass
        return got
    return flood(world, "endless", once)


@attack("T21", "connections that are reset at once, without end")
def resets(world):
    linger = b"\1\0\0\0\0\0\0\0"

    def once(i):
        for j in range(500):
            try:
                sock = connect(world, world.places()[j % 2], 3)
            except OSError:
                continue
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            try:
                if (i + j) % 3:
                    sock.send(b"GET /tok")
            except OSError:
                pass
            sock.close()
        return 0
    return flood(world, "resets", once, 10)


@attack("T21", "what is no request, without end")
def garbage(world):
    kinds = (b"\0" * 64, b"GET / HTTP/9.9\r\n\r\n", b"x" * 20000,
             b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -\r\n\r\n")
    return flood(world, "garbage", lambda i: sum(answered(send_once(
        world, world.places()[i % 2], kind)) for kind in kinds), 100)


@attack("T21", "bodies of 20000 chunks that come byte by byte: to be read "
        "anew each time")
def dribble(world):
    text = request("POST", "/credential/get", close=False,
                   capability=world.capability()).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked")
    text += b"1\r\nx\r\n" * 20000
    slow = b"1\r\nx\r\n" * 1000
    socks = []

    def fresh():
        sock = connect(world, world.places()[len(socks) % 2], 3)
        # what comes in one piece of 64 KiB is not read on
        for at in range(0, len(text), 30000):
            sock.sendall(text[at:at + 30000])
            time.sleep(0.005)
        return [sock, 0]

    def once(_):
        while len(socks) < 60:
            socks.append(fresh())
        for one in socks[:]:
            try:
                one[0].send(slow[one[1]:one[1] + 1])
                one[1] += 1
            except OSError:
                socks.remove(one)
                one[0].close()
        return 0
    try:
        return flood(world, "dribble", once, 100)
    finally:
        for sock, _ in socks:
            sock.close()


@attack("T21", "questions that nobody waits for: to be kept in memory")
def abandoned(world):
    """The provider is slow; the host counts its memory."""
    text = request("POST", "/credential/get",
                   f"connection={world.troubled}\n" + "".join(
                       f"wwwauth[]={i}{'x' * 900}\n" for i in range(32))
                   + "\n", capability=world.capability())

    def once(_):
        for _ in range(100):
            try:
                with connect(world, "unix", 10) as sock:
                    sock.sendall(text)
            except OSError:
                pass
        return 0
    return flood(world, "abandoned", once, first=300)


@attack("T21", "questions to the listener of a neighbour, without end")
def starve(world):
    """We are in its subnet; without its capability."""
    text = request("GET", "/token", capability=None, close=False) * 50
    return flood(world, "starve", lambda _: answered(
        send_once(world, world.neighbour_tcp, text)), first=30)


def hold(world, name, make, places=None):
    """Open connections until no more can be had; the host looks; then how
    many of them were ended by the daemon."""
    control(world)
    places = places or world.places()
    socks = []
    for i in range(1000):
        try:
            sock = connect(world, places[i % len(places)], 3)
        except OSError:
            break
        sock.settimeout(0.5)
        try:
            make(sock, i)
        except OSError:
            pass
        socks.append(sock)
    if len(socks) < 20:
        raise Broken(f"only {len(socks)} connections")
    held(world, name)
    if not until(60, lambda: has_looked(world, name)):
        raise Broken("the host did not look")
    ended = 0
    for sock in socks:
        sock.setblocking(False)
        try:
            while sock.recv(65536):
                pass
            ended += 1
        except BlockingIOError:
            pass
        except OSError:
            ended += 1
        sock.close()
    return f"{len(socks)} connections, {ended} of them ended by it"


@attack("T21", "1000 connections to the listener of a neighbour")
def crowd(world):
    """We are in its subnet; without its capability."""
    return hold(world, "crowd", lambda sock, i: sock.sendall(
        b"GET /token HTTP/1.1\r\nHost: lo"[:i % 30]), [world.neighbour_tcp])


@attack("T21", "1000 silent connections")
def silent(world):
    return hold(world, "silent", lambda sock, i: None)


@attack("T21", "1000 halves of a request")
def halves(world):
    text = request("POST", "/credential/get", "x" * 900, close=False,
                   capability=world.capability())
    return hold(world, "halves", lambda sock, i: sock.sendall(
        text[:random.Random(i).randrange(1, len(text))]))


@attack("T21", "1000 clients that ask for much and read nothing")
def greedy(world):
    text = request("GET", "/grant", close=False,
                   capability=world.capability()) * 200

    def make(sock, _):
        sock.setblocking(False)
        try:
            while True:
                sock.send(text)
        except BlockingIOError:
            pass
    return hold(world, "greedy", make)


@attack("T21", "1000 bodies that are announced and never sent")
def announced(world):
    text = request("POST", "/credential/get", capability=world.capability(),
                   close=False).replace(b"Content-Length: 0",
                                        b"Content-Length: 32000")
    return hold(world, "announced", lambda sock, i: sock.sendall(
        text + b"x" * 31000))


@attack("T21", "descriptors: 200 messages that pass files along")
def descriptors(world):
    """SCM_RIGHTS: what is not taken must be closed."""
    with open("/dev/null", "rb") as null:
        rights = [null.fileno()] * 200
        for _ in range(20):
            with connect(world, "unix") as sock:
                socket.send_fds(sock, [b"GET /health HTTP/1.1\r\nHo"], rights)
                sock.sendall(b"st: localhost\r\nConnection: close\r\n\r\n")
                sock.recv(4096)
    control(world)
    return "4000 files were passed"
