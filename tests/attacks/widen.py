# SPDX-License-Identifier: GPL-3.0-or-later
"""More than was granted: secrets that last (T2), provider text (T5), roles,
connections, hosts and capabilities of others (T13, T14, T15)."""

import base64
import json
import re

from attack import (SECRET, Broken, Succeeded, ask, attack, beyond, control,
                    each, git, nothing, own_tokens, post_form, refused,
                    request, send)


def credentials(world, **more):
    """A form of grant_type=client_credentials with the own capability."""
    form = {"grant_type": "client_credentials",
            "client_id": world.connection,
            "client_secret": world.capability()}
    form.update(more)
    return form


# --- T2: what lasts longer than an hour --------------------------------------
#
# Seen to succeed with: is_short_lived() true (lasting_*), strip() that leaves
# a state (refresh_in_git), a refresh_token in sandbox_token_json()
# (refresh_token).  The daemon's answers have no authtype: weak.py only.

@attack("T2", "the PAT of a connection that is in the grant, by each way")
def lasting_pat(world):
    control(world)
    name = world.lasting
    return each(
        [nothing(ask(world, w, "GET", f"/token?connection={name}"))
         for w in world.places()]
        + [nothing(git(world, w, [f"connection={name}"]))
           for w in world.places()]
        + [nothing(post_form(world, w, credentials(world, client_id=name)))
           for w in world.places()])


@attack("T2", "the password of a host that is in the grant")
def lasting_password(world):
    return each(nothing(git(world, w, ["protocol=https",
                                       f"host={world.lasting_host}"]))
                for w in world.places())


@attack("T2", "a refresh token from the token endpoint")
def refresh_token(world):
    control(world)
    results = []
    for scope in ("refresh_token", "refresh_token offline_access",
                  f"refresh_token session:role:{world.roles[0]}"):
        answer = post_form(world, "tcp", credentials(world, scope=scope))
        if b"refresh_token" in answer.body:
            raise Succeeded(f"scope {scope}: a refresh token")
        results.append(answer.short())
    return each(results)


@attack("T2", "a refresh token, states and homes in git's form")
def refresh_in_git(world):
    answer = git(world, "unix", [
        f"connection={world.connection}", "capability[]=state",
        "capability[]=coco-whole", "state[]=oauth:coco:home=file",
        "state[]=coco:token_origin=https://evil.example",
        "oauth_refresh_token=x"])
    if b"refresh_token=" in answer.body or b"state[]=" in answer.body:
        raise Succeeded("a refresh token or a state")
    return answer.short()


@attack("T2", "the secret of a host without its capability authtype")
def authtype(world):
    text = f"connection={world.connection}\n\n"
    answer = ask(world, "unix", "POST", "/credential/get", text)
    if b"authtype=" in answer.body or b"\ncredential=" in answer.body:
        raise Succeeded("an authtype that was not asked for")
    return f"{answer.short()}, without authtype"


# --- T15: roles --------------------------------------------------------------
#
# Seen to succeed with: grant_pick_role() that takes any role (role_by_*),
# pick_role() that takes the second for none (no_role).

def scopes(world):
    role = world.forbidden_role
    own = world.roles[0]
    yield f"session:role:{role}"
    yield f"session:role-encoded:{role}"
    yield "session:role-encoded:" + "".join(f"%{ord(c):02X}" for c in role)
    yield "session:role-encoded:" + "".join(f"%25{ord(c):02X}" for c in role)
    yield "session:role-any"
    yield "session:role:ALL"
    yield "session:role-encoded:"
    yield f"session:role:{own} session:role:{role}"
    yield f"session:role:{role} session:role:{own}"
    yield f"session:role:{own}\tsession:role:{role}"
    yield f"session:role:{own}\nsession:role:{role}"
    yield f"session:role:{own}\0{role}"
    yield f"session:role:{own},{role}"
    yield f"session:role-encoded:{own}%20session%3Arole%3A{role}"
    yield f"session:role-encoded:{own}%00{role}"
    yield f"session:role-encoded:{own}%0Arole={role}"
    yield f"SESSION:ROLE:{role}"
    yield f"session:scope:session-role:{role}"
    yield f"openid session:role:{role}"
    yield "session:role:" + "A" * 5000


@attack("T15", "another role by each spelling of a scope")
def role_by_scope(world):
    control(world)
    results = []
    for scope in scopes(world):
        answer = post_form(world, "tcp", credentials(world, scope=scope))
        if answer.secret():
            raise Succeeded(f"a token for scope {scope[:60]!r}")
        results.append(nothing(answer))
    return each(results)


@attack("T15", "another role than the first by words that name none")
def no_role(world):
    """gosnowflake sends "session:role:" when it wants none."""
    first = ask(world, "tcp", "GET", f"/token?role={world.roles[0]}").secret()
    results = []
    if first is None:
        raise Broken("no token of the first role")
    for scope in ("", "session:role:", "refresh_token session:role:",
                  "session:role: session:role:", "  "):
        answer = post_form(world, "tcp", credentials(world, scope=scope))
        if answer.secret() is None:
            raise Broken(f"scope {scope!r}: {answer.short()}")
        results.append(beyond({first}, answer, f"scope {scope!r}"))
    for scope in (f"session:role: session:role:{world.forbidden_role}",
                  f"session:role:{world.forbidden_role} session:role:"):
        results.append(refused(post_form(world, "tcp", credentials(
            world, scope=scope)), f"scope {scope!r}"))
    return each(results)


@attack("T15", "another role by refresh_token and LOCAL_APPLICATION")
def role_by_refresh(world):
    form = {"grant_type": "refresh_token", "refresh_token": world.capability(),
            "scope": f"session:role:{world.forbidden_role}"}
    basic = base64.b64encode(b"LOCAL_APPLICATION:LOCAL_APPLICATION").decode()
    return each([
        refused(post_form(world, "tcp", form)),
        refused(post_form(world, "tcp", form, fields=[
            f"Authorization: Basic {basic}"])),
        refused(post_form(world, "tcp", dict(
            form, client_id="LOCAL_APPLICATION")))])


@attack("T15", "another role in the query of /token")
def role_by_query(world):
    role, own = world.forbidden_role, world.roles[0]
    name, own_ones = world.connection, own_tokens(world)
    results = []
    for query in (f"connection={name}&role={role}", f"role={role}",
                  f"role={own}&role={role}", f"role={role}&role={own}",
                  f"connection={name}%0Arole%3D{role}",
                  f"role={own}%0Arole%3D{role}", f"role={own}%00{role}",
                  f"role=%22{role}%22", f"role={role.lower()}",
                  f"connection={name}%3Frole%3D{role}",
                  f"ROLE={role}&role={role}", f"role={role}%20",
                  f"role=&role={role}"):
        for where in world.places():
            results.append(beyond(own_ones, ask(
                world, where, "GET", f"/token?{query}"), query))
    return each(results)


@attack("T15", "another role in a git message")
def role_by_git(world):
    role, own = world.forbidden_role, world.roles[0]
    name = f"connection={world.connection}"
    own_ones = own_tokens(world)
    return each(beyond(own_ones, git(world, "unix", lines), str(lines))
                for lines in (
        [name, f"role={role}"], [f"role={role}", name],
        [name, f"role={own}", f"role={role}"], [name, f"role=\"{role}\""],
        [name, f"role={role.lower()}"], [name, f"role={own}\r\rrole={role}"]))


# --- T15: connections and hosts ----------------------------------------------
#
# Seen to succeed with: grant_find_connection() that makes up a connection
# (foreign_connection, second_connection), grant_find_host() that takes any
# protocol, and any host (host_variants, foreign_host, attribute_bytes), a
# username of ours in the answer (inner_attributes), agrees() always true
# (connection_variants).

@attack("T15", "the connection of a neighbour, and whether there is one")
def foreign_connection(world):
    results = []
    for where in world.places():
        pairs = []
        for name in (world.foreign, world.nowhere):
            pairs.append([
                ask(world, where, "GET", f"/token?connection={name}"),
                git(world, where, [f"connection={name}"]),
                post_form(world, where, credentials(world, client_id=name)),
                git(world, where, [f"connection={name}"], "erase"),
            ])
        for there, not_there in zip(*pairs):
            nothing(there)
            if (there.status, there.body) != (not_there.status,
                                              not_there.body):
                raise Succeeded("a connection that is there is answered "
                                f"{there.short()}, one that is not "
                                f"{not_there.short()}")
            results.append(there.short())
    return each(results)


@attack("T15", "the connection of a neighbour behind one of our own")
def second_connection(world):
    own, other = world.connection, world.foreign
    own_ones = own_tokens(world)
    results = []
    for query in (f"connection={own}&connection={other}",
                  f"connection={other}&connection={own}",
                  f"connection={own}%0Aconnection%3D{other}",
                  f"connection={own}%00&connection={other}",
                  f"connection=./{other}", f"connection={other}%20",
                  f"connection=%22{other}%22", f"connection={other.upper()}"):
        answer = ask(world, "tcp", "GET", f"/token?{query}")
        results.append(beyond(own_ones, answer, query))
    for lines in ([f"connection={own}", f"connection={other}"],
                  [f"connection={other}", f"connection={own}"]):
        results.append(beyond(own_ones, git(world, "unix", lines),
                              str(lines)))
    form = (f"grant_type=client_credentials&client_id={own}&client_id={other}"
            f"&client_secret={world.capability()}")
    results.append(beyond(own_ones, post_form(world, "tcp", form)))
    results.append(beyond(own_ones, post_form(
        world, "tcp", credentials(world, connection=other, client_id=other))))
    basic = base64.b64encode(
        f"{own}:{world.capability()}".encode()).decode()
    results.append(beyond(own_ones, post_form(
        world, "tcp", credentials(world, client_id=other),
        fields=[f"Authorization: Basic {basic}"])))
    return each(results)


@attack("T15", "hosts that are not granted, and spellings of those that are")
def foreign_host(world):
    host = world.foreign_host
    results = []
    for lines in (
            ["protocol=https", f"host={host}"],
            ["protocol=http", f"host={host}"],
            ["protocol=https", f"host={host}."],
            ["protocol=https", f"host={host}:443"],
            ["protocol=https", f"host={host.upper()}"],
            ["protocol=https", "host=*"], ["protocol=https", "host="],
            ["protocol=https"], ["host=" + host], [],
            [f"url=https://{host}/"],
            ["protocol=https", f"host={world.lasting_host}", f"host={host}"],
            ["protocol=https", f"host={host}", "stack=file"],
            ["protocol=https", f"host={host}", f"path={world.lasting_host}"],
            [f"connection={world.connection}", f"host={host}"],
            [f"connection={world.connection}", "protocol=https",
             f"host={host}"]):
        results.append(refused(git(world, "unix", lines), str(lines)))
    return each(results)


@attack("T15", "a granted host with another protocol, user or stack")
def host_variants(world):
    host = f"host={world.lasting_host}"
    return each(refused(git(world, "unix", lines), str(lines)) for lines in (
        ["protocol=http", host], ["protocol=imap", host],
        ["protocol=https", host, "username=mallory"],
        ["protocol=https", f"{host}.evil.example"],
        ["protocol=https", host, "stack=file", "stack=default"],
        ["protocol=https", f"{host}@evil.example"]))


@attack("T15", "a connection of our own with another user or host")
def connection_variants(world):
    name = f"connection={world.connection}"
    return each(refused(git(world, "unix", [name] + more), str(more))
                for more in (["username=MALLORY"], ["protocol=gopher"],
                             ["host=evil.example"],
                             ["protocol=https", "host=evil.example"]))


@attack("T15", "attributes of connections.toml and of helpers, from outside")
def inner_attributes(world):
    """What says where a token is redeemed, for whom and by which stack."""
    own, results = own_tokens(world), []
    for lines in (["authenticator=none", "account=evil", "user=MALLORY"],
                  ["oauth_token_request_url=https://evil.example/t"],
                  ["token_origin=https://evil.example", "stack=evil"],
                  ["config=/tmp/evil.toml", "home=/root"],
                  [f"role-default={world.forbidden_role}",
                   f"session_role={world.forbidden_role}"],
                  ["state[]=oauth:coco:token_origin=https://evil.example"]):
        answer = git(world, "unix", [f"connection={world.connection}"] + lines)
        results.append(beyond(own, answer, str(lines)))
        if re.search(rb"evil|mallory|^state", answer.body, re.I | re.M):
            raise Succeeded(f"{lines[0]} is in the answer")
    return each(results) + ", as without them"


@attack("T15", "CR, LF and NUL in attributes")
def attribute_bytes(world):
    results = []
    for text in (b"connection=%s\nusername=x\0y\n\n",
                 b"connection=%s\rconnection=%s\n\n",
                 b"connection=%s\n\nconnection=%s\n\n", b"=x\n%s%s\n",
                 b"connection\n%s=%s\n\n"):
        body = text.replace(b"%s", world.foreign.encode())
        results.append(refused(ask(world, "unix", "POST", "/credential/get",
                                   body.decode("latin-1"))))
    return each(results)


# --- T13, T14, T15: capabilities ---------------------------------------------
#
# Seen to succeed with: any 65 characters as capability (guesses,
# foreign_capability, foreign_listener), none needed (no_capability, sticky,
# unauthenticated), one that is remembered of the connection (sticky),
# the end of any Authorization taken (misplaced_capability), sandbox_is_open()
# true (dead_capabilities), the state file as /grant (what_grant_tells).

def mutations(capability, identity):
    """What is nearly right."""
    yield ""
    yield "coco_"
    yield identity
    yield capability[:-1]
    yield capability + "A"
    yield capability + "="
    yield capability.upper()
    yield capability.lower()
    yield capability.replace("coco_", "", 1)
    yield capability[:22] + "A" * 43
    yield "coco_" + "0" * 16 + capability[21:]
    yield "A" * 65
    yield "A" * 8000
    for i in range(len(capability)):
        other = "A" if capability[i] != "A" else "B"
        yield capability[:i] + other + capability[i + 1:]


@attack("T15", "80 capabilities that are nearly right, one answer for all")
def guesses(world):
    control(world)
    answers, results = {}, []
    capability = world.capability()
    for guess in mutations(capability, capability[:21]):
        for where in world.places():
            answer = ask(world, where, "GET", "/token", capability=guess)
            results.append(refused(answer, repr(guess[:8])))
            answers.setdefault(where, set()).add((answer.status, answer.body))
    for where, seen in answers.items():
        if len(seen) > 1:
            raise Succeeded(f"{len(seen)} answers by {where} tell guesses "
                            "apart")
    return each(results)


@attack("T13", "no capability by TCP: every path that gives anything")
def no_capability(world):
    results = []
    for method, target in (("GET", "/token"), ("GET", "/grant"),
                           ("POST", "/credential/get"), ("GET", "/health"),
                           ("POST", "/credential/erase")):
        results.append(refused(ask(
            world, "tcp", method, target, f"connection={world.connection}\n\n"
            if method == "POST" else b"", capability=None), target))
    results.append(refused(post_form(world, "tcp", {
        "grant_type": "client_credentials", "client_id": world.connection,
        "client_secret": "LOCAL_APPLICATION"})))
    results.append(refused(post_form(world, "tcp", {
        "grant_type": "refresh_token", "refresh_token": "LOCAL_APPLICATION",
        "client_id": "LOCAL_APPLICATION"})))
    return each(results)


@attack("T13", "more than /token of a grant that needs no capability for it")
def unauthenticated(world):
    """That of a neighbour; what it gives to everybody is no success."""
    where = world.open_tcp
    free = ask(world, where, "GET", "/token", capability=None)
    if not free.secret():
        raise Broken(f"/token: {free.short()}")
    results = [refused(ask(world, where, "GET", target, capability=None),
                       target) for target in ("/grant", "/token/", "/grants")]
    for verb in ("get", "erase", "store"):
        results.append(refused(git(world, where, [
            f"connection={world.connection}"], verb, capability=None), verb))
    for capability in ("", "x" * 65, world.capability()):
        results.append(refused(ask(world, where, "GET", "/token",
                                   capability=capability), "a wrong one"))
        results.append(refused(post_form(world, where, credentials(
            world, client_secret=capability)), "a wrong client"))
    for query in (f"connection={world.foreign}",
                  f"role={world.forbidden_role}"):
        results.append(beyond({free.secret()}, ask(
            world, where, "GET", f"/token?{query}", capability=None), query))
    return each(results)


@attack("T13", "the capability where it does not belong")
def misplaced_capability(world):
    capability = world.capability()
    basic = base64.b64encode(f"x:{capability}".encode()).decode()
    results = []
    for fields, target in (
            ([], f"/token?capability={capability}"),
            ([], f"/token?access_token={capability}"),
            ([f"Authorization: Basic {basic}"], "/token"),
            ([f"Authorization: {capability}"], "/token"),
            ([f"Authorization: Bearer x, Bearer {capability}"], "/token"),
            (["Authorization: Bearer x",
              f"Authorization: Bearer {capability}"], "/token"),
            ([f"Proxy-Authorization: Bearer {capability}"], "/token"),
            ([f"X-Authorization: Bearer {capability}"], "/token"),
            ([f"Cookie: capability={capability}"], "/token")):
        results.append(refused(ask(world, "tcp", "GET", target, fields=fields,
                                   capability=None), str(fields)[:30]))
    return each(results)


@attack("T15", "the capability of a neighbour at our own listeners")
def foreign_capability(world):
    control(world)
    stolen = world.capability("neighbour")
    results = []
    for where in world.places():
        for target in ("/token", f"/token?connection={world.foreign}",
                       "/grant"):
            results.append(refused(ask(world, where, "GET", target,
                                       capability=stolen), target))
        results.append(refused(post_form(world, where, credentials(
            world, client_id=world.foreign, client_secret=stolen))))
        results.append(refused(git(world, where, [
            f"connection={world.foreign}"], capability=stolen)))
        # one in each place
        results.append(nothing(post_form(world, where, credentials(
            world, client_id=world.foreign), capability=stolen)))
    return each(results)


@attack("T14", "our own capability at the listener of a neighbour")
def foreign_listener(world):
    where = world.neighbour_tcp
    results = [refused(ask(world, where, "GET", "/token")),
               refused(ask(world, where, "GET",
                           f"/token?connection={world.foreign}")),
               refused(ask(world, where, "GET", "/token", capability=None)),
               refused(post_form(world, where, credentials(world))),
               refused(post_form(world, where, credentials(
                   world, client_id=world.foreign)))]
    return each(results)


@attack("T15", "revoked, expired and paused capabilities")
def dead_capabilities(world):
    names = [n for n in world.capabilities if n.startswith("dead")]
    if not names:
        raise Broken("there are none")
    results = []
    for name in names:
        dead = world.capability(name)
        places = world.places() + [world.neighbour_tcp]
        places += [tuple(p) for p in world.dead_tcp]
        for where in places:
            try:
                answer = ask(world, where, "GET", "/token", capability=dead)
            except ConnectionRefusedError:
                results.append("nobody listens")
                continue
            results.append(refused(answer, name))
    return each(results)


@attack("T15", "authorized once, used for whatever follows on the connection")
def sticky(world):
    first = request("GET", "/token", capability=world.capability(),
                    close=False)
    second = request("GET", "/token", capability=None)
    data = send(world, "tcp", first + second)
    found = data.count(b'"access_token"')
    if found == 0:
        raise Broken("the first one was refused, too")
    if found > 1:
        raise Succeeded("the second needed no capability")
    return "the second was refused"


@attack("T15", "the list of grants and other things that /grant may tell")
def what_grant_tells(world):
    control(world)
    answer = ask(world, "unix", "GET", "/grant")
    try:
        told = json.loads(answer.body)
    except ValueError as fault:
        raise Broken(f"/grant: {answer.short()}") from fault
    if set(told) - {"id", "connections", "hosts", "expires_in", "expose"}:
        raise Succeeded(f"more members: {sorted(told)}")
    text = answer.body.decode()
    for word in (world.foreign, world.foreign_host, "sha256", "capability",
                 "/"):
        if word in text.replace(world.capability()[5:21], ""):
            raise Succeeded(f"it tells {word}")
    return f"{answer.short()}, its own names only"


# --- T5 ----------------------------------------------------------------------
#
# Seen to succeed with the words of cache_answer in the answer.

@attack("T5", "the words of a provider that has trouble")
def provider_text(world):
    """The host has set the stand-in to echo the refresh token in an error."""
    results = []
    for where in world.places():
        for answer in (
                ask(world, where, "GET", f"/token?connection={world.troubled}"),
                git(world, where, [f"connection={world.troubled}"]),
                post_form(world, where, credentials(
                    world, client_id=world.troubled))):
            nothing(answer)
            if answer.status == 200:
                raise Broken("the provider has no trouble")
            for word in (b"echo", b"127.0.0.1", b"token-request", b"/home",
                         b"/root", b"Traceback", b"session:role"):
                if word in answer.raw:
                    raise Succeeded(f"{word.decode()} in {answer.short()}")
            if SECRET.search(answer.raw):
                raise Succeeded("a secret")
            results.append(answer.short())
    return each(results)
