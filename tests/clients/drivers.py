#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drivers that are not installed here, as far as they ask for tokens.

    drivers.py WAY [--held FILE]    connect and ask who we are
    drivers.py WAY --renewals N     the same, when N tokens were refused
    drivers.py fetch FILE           put a token there, asked for as python does
    drivers.py refused FILE         log in with the token in FILE until it is
                                    refused

WAY is one of WAYS below; what each sends was read in the driver's source
(facts/snowflake.md 1.4, 7).  The connection is the one that
SNOWFLAKE_DEFAULT_CONNECTION_NAME says, of the connections.toml in
SNOWFLAKE_HOME.  With --held the token in FILE is tried first, as one that
was asked for earlier; like Python's connector, each way asks again once
when the server says that a token has expired.  Prints a line
"refused CODE" for each refusal, and "USER ROLE".
"""

import base64
import http.client
import json
import os
import sys
import time
import tomllib
from urllib.parse import quote_plus, urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"
EXPIRED = "390318"
PATIENCE = 60
PAUSE = 0.1


class Trouble(Exception):
    """What a driver would throw at its user."""


def post(url, body, headers):
    """(status, parsed JSON) of one request."""
    parts = urlsplit(url)
    kind = (http.client.HTTPSConnection if parts.scheme == "https"
            else http.client.HTTPConnection)
    connection = kind(parts.netloc, timeout=20)
    try:
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def basic(client, secret):
    pair = "%s:%s" % (client, secret)
    return "Basic " + base64.b64encode(pair.encode()).decode()


# -- the token request ----------------------------------------------------

def python(section):
    """Python: Basic as it is; no scope at all where there is no role."""
    role = section.get("role")
    yield ({"grant_type": "client_credentials",
            "scope": "session:role:" + role if role else ""},
           {"Authorization": basic(section["oauth_client_id"],
                                   section["oauth_client_secret"]),
            "Content-Type": FORM, "Accept": "application/json"})


def go_scope(section):
    """Go, unlike the others, names the role even where there is none."""
    return "session:role:" + section.get("role", "")


def go(section):
    """Go: Basic of escaped parts; if that is refused, both in the body."""
    client, secret = section["oauth_client_id"], section["oauth_client_secret"]
    form = {"grant_type": "client_credentials", "scope": go_scope(section)}
    yield (form, {"Authorization": basic(quote_plus(client),
                                         quote_plus(secret)),
                  "Content-Type": FORM})
    yield from go_body(section)


def go_body(section):
    """The second attempt of Go, which Node makes its first."""
    yield ({"client_id": section["oauth_client_id"],
            "client_secret": section["oauth_client_secret"],
            "grant_type": "client_credentials", "scope": go_scope(section)},
           {"Content-Type": FORM})


def go_refresh(section):
    """Go with a refresh token in its store: Basic as it is."""
    yield ({"grant_type": "refresh_token",
            "refresh_token": section["oauth_client_secret"],
            "scope": go_scope(section)},
           {"Authorization": basic(section["oauth_client_id"],
                                   section["oauth_client_secret"]),
            "Content-Type": FORM})


def jdbc(section):
    """JDBC: Basic of escaped parts, and a charset in the type."""
    yield ({"grant_type": "client_credentials",
            "scope": "session:role:" + section["role"]},
           {"Authorization": basic(
               quote_plus(section["oauth_client_id"]),
               quote_plus(section["oauth_client_secret"])),
            "Content-Type": FORM + "; charset=UTF-8", "Accept": "*/*"})


def public(section):
    """A public client: the refresh token is all that it has."""
    yield ({"grant_type": "refresh_token",
            "refresh_token": section["oauth_client_secret"],
            "client_id": "LOCAL_APPLICATION"},
           {"Content-Type": FORM})


WAYS = {"python": python, "go": go, "go-body": go_body,
        "go-refresh": go_refresh, "jdbc": jdbc, "public": public}


def fetch(way, section):
    """The access token, of the first attempt that is not refused."""
    for form, headers in WAYS[way](section):
        status, answer = post(section["oauth_token_request_url"],
                              urlencode(form), headers)
        if status == 200:
            break
        print("token request: %d %s" % (status, answer["error"]))
    else:
        raise Trouble("no token")
    if answer["token_type"] != "Bearer" or answer["expires_in"] <= 0:
        raise Trouble("answer: " + ", ".join(sorted(answer)))
    return answer["access_token"]


# -- the session ----------------------------------------------------------

def server(section, path):
    return "%s://%s:%d%s" % (section["protocol"], section["host"],
                             section["port"], path)


def login(way, section, token):
    """(session token, None) or (None, code of the refusal)."""
    data = {"ACCOUNT_NAME": section["account"],
            "LOGIN_NAME": section.get("user", ""), "TOKEN": token,
            "CLIENT_ENVIRONMENT": {"OAUTH_TYPE": "oauth_client_credentials"}}
    if not way.startswith("go"):
        data["AUTHENTICATOR"] = "OAUTH"
    _, answer = post(server(section, "/session/v1/login-request"),
                     json.dumps({"data": data}),
                     {"Content-Type": "application/json",
                      "Accept": "application/json"})
    if answer["success"]:
        return answer["data"]["token"], None
    return None, answer["code"]


def who(section, session):
    _, answer = post(
        server(section, "/queries/v1/query-request"),
        json.dumps({"sqlText": "select current_user(), current_role()"}),
        {"Content-Type": "application/json",
         "Authorization": 'Snowflake Token="%s"' % session})
    if not answer["success"]:
        raise Trouble("query: " + answer["code"])
    return " ".join(answer["data"]["rowset"][0])


def connect(way, section, held):
    token = held or fetch(way, section)
    session, code = login(way, section, token)
    if code is not None:
        print("refused " + code)
    if code == EXPIRED:
        session, code = login(way, section, fetch(way, section))
    if code is not None:
        raise Trouble("login: " + code)
    print(who(section, session))


def refused(section, token):
    """Log in until the server refuses; it must say why."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        _, code = login("python", section, token)
        if code is not None:
            print("refused " + code)
            return
        time.sleep(PAUSE)
    raise Trouble("the token does not expire")


def renewals(way, section, count):
    """As a program that runs for long: use each token to its end."""
    for _ in range(count):
        refused(section, fetch(way, section))
    connect(way, section, None)


def read_token(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def main(argv):
    with open(os.path.join(os.environ["SNOWFLAKE_HOME"],
                           "connections.toml"), "rb") as file:
        section = tomllib.load(file)[
            os.environ["SNOWFLAKE_DEFAULT_CONNECTION_NAME"]]
    if argv[:1] == ["fetch"] and len(argv) == 2:
        with open(argv[1], "w", encoding="ascii") as file:
            file.write(fetch("python", section))
    elif argv[:1] == ["refused"] and len(argv) == 2:
        refused(section, read_token(argv[1]))
    elif len(argv) == 1 and argv[0] in WAYS:
        connect(argv[0], section, None)
    elif argv[1:2] == ["--held"] and argv[0] in WAYS and len(argv) == 3:
        connect(argv[0], section, read_token(argv[2]))
    elif argv[1:2] == ["--renewals"] and argv[0] in WAYS and len(argv) == 3:
        renewals(argv[0], section, int(argv[2]))
    else:
        raise Trouble("usage: drivers.py WAY [--held FILE]"
                      "|fetch FILE|refused FILE")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Trouble as trouble:
        sys.exit("drivers.py: %s" % trouble)
