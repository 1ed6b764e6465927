# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile HTTP (T20), and what is the host's alone (T7)."""

import importlib.util
import io
import sys

from attack import (Broken, Succeeded, ask, attack, control, each, git,
                    nothing, own_tokens, post_form, refused, request, send)

CONTROL = (
    ("GET", "/grants", ""), ("GET", "/status", ""), ("GET", "/metrics", ""),
    ("GET", "/events", ""), ("POST", "/reload", ""), ("POST", "/shutdown", ""),
    ("POST", "/credential/forget", "protocol=https\n\n"),
    ("POST", "/grants", '{"connections":[{"name":"prod","roles":[]}]}'),
    ("DELETE", "/grants", ""),
)


# --- T7 ----------------------------------------------------------------------
#
# Seen to succeed with: /grants, //grants and DELETE and PATCH of /grants/ID
# among the routes (control_paths, path_spellings, widen_own_grant,
# revoke_neighbour), peer_check() that lets all in (mounted_control), a
# X-HTTP-Method-Override that is obeyed (method_override).

@attack("T7", "each path of the control socket, through our own listeners")
def control_paths(world):
    control(world)
    results = []
    for where in world.places():
        for method, target, body in CONTROL:
            results.append(refused(ask(world, where, method, target, body),
                                   target))
    return each(results)


@attack("T7", "make the own grant longer, wider, and lively again")
def widen_own_grant(world):
    identity = world.capability()[5:21]
    results = []
    for where in world.places():
        for body in ('{"ttl":31536000}', '{"paused":false}',
                     f'{{"roles":["{world.forbidden_role}"]}}'):
            for method in ("PATCH", "POST", "PUT"):
                results.append(refused(ask(
                    world, where, method, f"/grants/{identity}", body), body))
    return each(results)


@attack("T7", "revoke the grant of a neighbour")
def revoke_neighbour(world):
    identity = world.capability("neighbour")[5:21]
    return each(refused(ask(world, where, method, f"/grants/{identity}"))
                for where in world.places() for method in ("DELETE", "POST"))


@attack("T7", "spellings of the paths of the control socket")
def path_spellings(world):
    results = []
    for target in ("/token/../grants", "/token/%2e%2e/grants", "//grants",
                   "/./grants", "/token/..;/grants", "/%67rants", "/grants/",
                   "/GRANTS", "/grants%00", "/grants%3f",
                   "/token%2f..%2fgrants",
                   "/grants#/token", "\\grants", "/token?/../grants",
                   "http://localhost/grants", "http://localhost//grants",
                   "*", "/health/../metrics", "/%2e/status"):
        for method in ("GET", "POST"):
            for where in world.places():
                answer = ask(world, where, method, target)
                if target.startswith("/token?") and method == "GET":
                    results.append("a question of /token")
                    continue
                results.append(refused(answer, target))
    return each(results)


@attack("T7", "a method in a field, and methods that nobody has")
def method_override(world):
    identity = world.capability("neighbour")[5:21]
    results = []
    for fields in (["X-HTTP-Method-Override: DELETE"],
                   ["X-HTTP-Method: DELETE"], ["X-Method-Override: DELETE"],
                   ["X-Original-URL: /grants"], ["X-Rewrite-URL: /grants"]):
        for target in ("/grants", f"/grants/{identity}"):
            results.append(refused(ask(world, "unix", "POST", target,
                                       fields=fields)))
        answer = ask(world, "unix", "GET", "/health", fields=fields)
        if b"grants" in answer.body:
            raise Succeeded(f"{fields[0]}: a list of grants")
    for method in ("OPTIONS", "TRACE", "PROPFIND", "DELETE", "PUT", "PATCH",
                   "get", "BREW"):
        answer = ask(world, "tcp", method, "/token")
        results.append(refused(answer, method))
    return each(results)


@attack("T7", "the control socket itself, mounted by mistake")
def mounted_control(world):
    results = []
    for target in ("/token?connection=" + world.foreign, "/grants", "/health"):
        try:
            answer = ask(world, world.control_socket, "GET", target,
                         capability=None)
        except FileNotFoundError as fault:
            raise Broken("it is not mounted") from fault
        results.append(refused(answer, target))
    results.append(refused(git(world, world.control_socket, [
        f"connection={world.foreign}"], capability=None)))
    return each(results)


# --- T20 ---------------------------------------------------------------------
#
# Seen to succeed with: a refused request that does not end the connection
# (after_refusal), two lengths that are no fault (table, smuggling),
# is_our_name(), is_forwarded() and reply_is_from_browser() that see nothing
# (rebinding, forwarded, browser), 200 for CONNECT (proxying), answers without
# no-store (caching), no look at Content-Type (ambiguous_forms).  splitting and
# too_much, which the parser stops: weak.py only.

@attack("T20", "every hostile request of tests/data/http1, on our socket")
def table(world):
    spec = importlib.util.spec_from_file_location(
        "load", f"{world.tests}/tokend-load.py")
    load = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load)
    out, sys.stdout = sys.stdout, io.StringIO()
    try:
        bad = load.rows(world.unix, f"{world.tests}/data/http1/requests.txt")
        said = sys.stdout.getvalue()
    finally:
        sys.stdout = out
    if bad:
        raise Succeeded(said[:200])
    return "each is refused as the table says"


def smuggled(world, hidden):
    """A request within another, by all that parsers read differently."""
    size = len(hidden)
    head = (b"POST /credential/erase HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer %s\r\n" % world.capability().encode())
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (size, hidden)
    yield head + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" \
        b"0\r\n\r\n" % (size + 5) + hidden
    yield head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" \
        + chunk
    yield head + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % size \
        + hidden
    yield head + b"Content-Length: 0, %d\r\n\r\n" % size + hidden
    yield head + b"Content-Length: +0\r\n\r\n" + hidden
    yield head + b"Content-Length: 0x0\r\n\r\n" + hidden
    yield head + b"Content-Length: -1\r\n\r\n" + hidden
    yield head + b"Content-Length : 0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: xchunked\r\n\r\n" + b"0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" \
        + hidden
    yield head + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + hidden
    yield head + b"X: y\n\n" + hidden
    yield head + b"X: y\r\n Content-Length: 0\r\n\r\n" + hidden
    yield head + b"Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n" + hidden
    yield head + b"Transfer-Encoding: chunked\r\n\r\n" \
        b"ffffffffffffffff1\r\n" + hidden


@attack("T20", "a request smuggled behind another that is not well made")
def smuggling(world):
    control(world)
    hidden = request("GET", "/token", capability=world.capability())
    count = 0
    for data in smuggled(world, hidden):
        answer = send(world, "tcp", data)
        if b'"access_token"' in answer:
            raise Succeeded(f"form {count} is read as two")
        count += 1
    return f"{count} forms, none is read as two"


@attack("T20", "what follows a refused request on the same connection")
def after_refusal(world):
    good = request("GET", "/token", capability=world.capability())
    results = []
    for bad in (b"GARBAGE\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\0\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                b"GET /token HTTP/1.1\nHost: localhost\n\n"):
        data = send(world, "tcp", bad + good)
        if b'"access_token"' in data:
            raise Succeeded(f"{bad[:12]!r} does not end the connection")
        results.append(data[9:12].decode("latin-1") or "closed")
    return each(results)


@attack("T20", "names of other hosts (DNS rebinding)")
def rebinding(world):
    control(world)
    results = []
    for host in ("evil.example", "localhost.evil.example", "localhost:80@evil",
                 "evil.example:80", "127.0.0.1.evil.example", "0.0.0.0",
                 "127.1", "2130706433", "[::]", "localhost, evil", "", "*",
                 "169.254.169.254", "10.0.0.1", "localhost\tevil",
                 "tokenproxy", "token-proxy.evil.example"):
        for where in world.places():
            results.append(refused(ask(world, where, "GET", "/token",
                                       host=host), host))
    answer = send(world, "tcp", request(
        "GET", "/token", capability=world.capability(),
        fields=["Host: evil.example"]))
    if b'"access_token"' in answer:
        raise Succeeded("two Host fields")
    for line in ("HTTP/1.0", "HTTP/1.1"):
        answer = send(world, "tcp", (
            f"GET /token {line}\r\n"
            f"Authorization: Bearer {world.capability()}\r\n\r\n").encode())
        if b'"access_token"' in answer:
            raise Succeeded(f"{line} without Host")
    answer = send(world, "tcp", (
        f"GET http://evil.example/token HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {world.capability()}\r\n\r\n").encode())
    if b'"access_token"' in answer:
        raise Succeeded("a target with another authority than Host")
    return each(results)


@attack("T20", "a page in a browser of the sandbox or of the host")
def browser(world):
    results = []
    for field in ("Origin: http://localhost", "Origin: null",
                  "Origin: http://evil.example", "Sec-Fetch-Site: cross-site",
                  "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none",
                  "oRiGiN: http://localhost"):
        for where in world.places():
            answer = ask(world, where, "GET", "/token", fields=[field])
            results.append(refused(answer, field))
            if any(name.startswith("access-control-")
                   for name in answer.fields):
                raise Succeeded(f"{field}: it allows other origins")
            results.append(refused(post_form(world, where, {
                "grant_type": "refresh_token",
                "refresh_token": world.capability()}, fields=[field])))
    return each(results)


@attack("T20", "fields by which a proxy would speak for another address")
def forwarded(world):
    results = []
    for field in (f"X-Forwarded-For: {world.neighbour_ip}",
                  "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1",
                  "x-forwarded-for: "):
        for where in ("tcp", world.neighbour_tcp):
            results.append(refused(ask(world, where, "GET", "/token",
                                       fields=[field]), field))
    for field in ("X-Real-IP: 127.0.0.1", "X-Client-IP: 127.0.0.1",
                  "True-Client-IP: 127.0.0.1", "Via: 1.1 localhost"):
        results.append(refused(ask(world, world.neighbour_tcp, "GET", "/token",
                                   fields=[field]), field))
    return each(results)


@attack("T20", "use it as a proxy, or speak another protocol")
def proxying(world):
    results = []
    for target in (f"{world.neighbour_tcp[0]}:{world.neighbour_tcp[1]}",
                   "127.0.0.1:22", "localhost:443"):
        answer = ask(world, "tcp", "CONNECT", target)
        results.append(refused(answer, f"CONNECT {target}"))
    for fields in (["Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
                   ["Upgrade: websocket", "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]):
        answer = ask(world, "tcp", "GET", "/token", close=False,
                     fields=["Connection: Upgrade"] + fields)
        if answer.status == 101:
            raise Succeeded(f"{fields[0]} is accepted")
        results.append(answer.short())
    return each(results)


@attack("T20", "header fields and lines of ours in what comes back")
def splitting(world):
    results = []
    for target in ("/token?connection=x%0d%0aSet-Cookie:%20a=b",
                   "/token?role=x%0d%0a%0d%0aHTTP/1.1%20200%20OK",
                   "/nowhere%0d%0aX-Evil:%20yes", "/token?connection=%0a"):
        answer = ask(world, "tcp", "GET", target)
        if "set-cookie" in answer.fields or "x-evil" in answer.fields or \
                answer.raw.count(b"HTTP/1.1 ") > 1:
            raise Succeeded(target)
        results.append(nothing(answer))
    answer = git(world, "unix", [f"connection={world.connection}",
                                 "username=x\r\rCoco-Result: success"])
    results.append(nothing(answer))
    for answer in (post_form(world, "tcp", "grant_type=%0d%0aX-Evil:%20y"),
                   post_form(world, "tcp", "grant_type=client_credentials"
                             "&client_id=%0d%0aX-Evil:%20y&client_secret=z")):
        if "x-evil" in answer.fields or b"X-Evil" in answer.raw:
            raise Succeeded("it repeats what it was told")
        results.append(refused(answer))
    return each(results)


@attack("T20", "answers that a cache on the way would keep")
def caching(world):
    kept = []
    answers = [ask(world, "tcp", "GET", target) for target in
               ("/token", "/health", "/grant", "/nowhere", "/token?role=x")]
    answers.append(ask(world, "tcp", "GET", "/token", capability="x"))
    answers.append(ask(world, "tcp", "GET", "/token", host="evil"))
    answers.append(post_form(world, "tcp", {"grant_type": "x"}))
    answers.append(git(world, "unix", [f"connection={world.connection}"]))
    for answer in answers:
        if answer.fields.get("cache-control") != ["no-store"]:
            kept.append(str(answer.status))
    if kept:
        raise Succeeded(f"without no-store: {each(kept)}")
    return f"{len(answers)} answers, each no-store"


@attack("T20", "token requests that are ambiguous or not forms")
def ambiguous_forms(world):
    capability = world.capability()
    name = world.connection
    own = own_tokens(world)
    results = []
    good = (f"grant_type=client_credentials&client_id={name}"
            f"&client_secret={capability}")
    for form, fields in (
            (good + "&grant_type=refresh_token", []),
            (good + f"&client_secret={capability}x", []),
            (good + "&scope=session:role:X&scope=session:role:Y", []),
            (good, ["Authorization: Basic eDp5"]),
            (good, [f"Authorization: Bearer {capability}x"]),
            (good.replace("grant_type=", "grant_type=%"), []),
            (good + "%00", []), (good.replace("client_", "Client_"), []),
            (good.replace("=client_credentials", "=password"), []),
            (good.replace("=client_credentials", "=authorization_code"), []),
            (good.replace("=client_credentials", "="), []),
            ("", []), ("&&&", []), ("=" * 5000, [])):
        answer = post_form(world, "tcp", form, fields=fields)
        if answer.secret() and answer.secret() not in own:
            raise Succeeded(form.replace(capability, "CAPABILITY"))
        results.append(refused(answer, form.replace(capability, "CAPABILITY")))
    for kind in ("text/plain", "application/json", "multipart/form-data"):
        answer = ask(world, "tcp", "POST", "/oauth/token-request", good,
                     fields=[f"Content-Type: {kind}"], capability=None)
        results.append(refused(answer, kind))
    results.append(refused(ask(world, "tcp", "GET",
                               f"/oauth/token-request?{good}",
                               capability=None), "in the query of a GET"))
    return each(results)


@attack("T20", "bodies and headers that are too large or never end")
def too_much(world):
    results = []
    for data in (
            request("GET", "/token", fields=["X: " + "y" * 70000]),
            request("GET", "/" + "x" * 70000),
            request("GET", "/token", fields=[f"X{i}: y" for i in range(500)]),
            request("POST", "/credential/get", "x=" + "y" * 70000 + "\n\n",
                    capability=world.capability()),
            b"POST /credential/get HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 99999999999999\r\n\r\nx",
            b"POST /credential/get HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 18446744073709551616\r\n\r\nx",
            b"POST /credential/get HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200000):
        answer = send(world, "tcp", data)
        status = answer[9:12].decode("latin-1") or "closed"
        if status.startswith("2"):
            raise Succeeded(f"{data[:40]!r} is taken")
        results.append(status)
    control(world)
    return each(results)
