#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What glewlwyd itself knows of tokens, for the tests to compare.

    ask.py tokens           alice's refresh tokens: client_id, "live" or
                            "dead", in order of the alphabet
    ask.py userinfo         is the access token on stdin live?  Prints the
                            HTTP status
    ask.py claims NAME...   of the access token on stdin, a JWT; not verified
    ask.py redeem CLIENT    the refresh token on stdin, as a thief without
                            our client would; prints the HTTP status and the
                            error

COCO_TEST_IDP is the file that glewlwyd.py wrote.
"""

import base64
import json
import os
import sys

sys.dont_write_bytecode = True    # the source tree may be read-only
from glewlwyd import Browser                                # noqa: E402


def tokens(idp):
    browser = Browser(idp["ca"])
    browser.must("POST", idp["url"] + "/api/auth/", idp["person"])
    answer = json.loads(browser.must("GET", idp["api"] + "/token"))
    for line in sorted(token["client_id"] +
                       (" live" if token["enabled"] else " dead")
                       for token in answer):
        print(line)


def userinfo(idp):
    print(Browser(idp["ca"]).ask(
        "GET", idp["api"] + "/userinfo",
        headers={"Authorization": "Bearer " + sys.stdin.read().strip()})[0])


def claims(names):
    payload = sys.stdin.read().split(".")[1]
    payload += "=" * (-len(payload) % 4)
    values = json.loads(base64.urlsafe_b64decode(payload))
    for name in names:
        print(name + "=" + str(values.get(name)))


def redeem(idp, client):
    status, _, text = Browser(idp["ca"]).post_form(
        idp["api"] + "/token",
        {"grant_type": "refresh_token", "client_id": client,
         "refresh_token": sys.stdin.read().strip()})
    print(status, json.loads(text).get("error") if text else None)


def main(argv):
    with open(os.environ["COCO_TEST_IDP"], encoding="ascii") as file:
        idp = json.load(file)
    if argv[1:] == ["tokens"]:
        tokens(idp)
    elif argv[1:] == ["userinfo"]:
        userinfo(idp)
    elif argv[1:2] == ["claims"]:
        claims(argv[2:])
    elif argv[1:2] == ["redeem"] and len(argv) == 3:
        redeem(idp, argv[2])
    else:
        print("usage: ask.py tokens|userinfo|claims NAME...|redeem CLIENT",
              file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
