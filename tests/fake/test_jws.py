#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of jws.py, by tokens that OpenSSL signed, and of key-pair login.

tests/data/key/tokens: one by each of rsa.pem, p256.pem, p384.pem, p521.pem.
"""

import base64
import json
import os
import sys
import time
import unittest

sys.dont_write_bytecode = True    # the source tree may be read-only
import jws                                                  # noqa: E402
from fake_client import FakeTest, HERE                      # noqa: E402

KEYS = os.path.join(HERE, "..", "data", "key")
NAMES = ("rsa", "p256", "p384", "p521")
IAT = 1790000000


def read(name):
    with open(os.path.join(KEYS, name), encoding="ascii") as file:
        return file.read()


PEMS = {name: read(name + "-public.pem") for name in NAMES}
TOKENS = dict(zip(NAMES, read("tokens").split()))


def encode(document):
    text = json.dumps(document).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


class JwsTest(unittest.TestCase):
    def refused(self, token, pem):
        with self.assertRaises(jws.BadToken):
            jws.verify(token, pem)

    def test_good(self):
        for name, alg in zip(NAMES, ("RS256", "ES256", "ES384", "ES512")):
            header, claims = jws.verify(TOKENS[name], PEMS[name])
            self.assertEqual(header, {"alg": alg, "typ": "JWT"})
            self.assertEqual(claims["iat"], IAT)
            self.assertTrue(claims["iss"].endswith(
                "." + jws.fingerprint(PEMS[name])))

    def test_other_key(self):
        for name in NAMES:
            for other in NAMES:
                if other != name:
                    self.refused(TOKENS[name], PEMS[other])

    def test_changed(self):
        for name in NAMES:
            head, claims, signature = TOKENS[name].split(".")
            size = len(signature)
            for at in (0, size // 3, size // 2 + 1, size - 6):
                other = "A" if signature[at] != "A" else "B"
                self.refused(".".join((head, claims, signature[:at] + other
                                       + signature[at + 1:])), PEMS[name])
            self.refused(".".join((head, encode({"iat": 1}), signature)),
                         PEMS[name])
            self.refused(".".join((encode({"alg": "none"}), claims,
                                   signature)), PEMS[name])
            self.refused(".".join((head, claims, "")), PEMS[name])
            self.refused(TOKENS[name] + "=", PEMS[name])
            self.refused(TOKENS[name] + ".x", PEMS[name])

    def test_keys(self):
        for pem in ("", "x", PEMS["rsa"].replace("PUBLIC", "PRIVATE"),
                    PEMS["p256"].replace("AE", "AF")):
            self.refused(TOKENS["rsa"], pem)


class KeypairTest(FakeTest):
    def setUp(self):
        super().setUp()
        self.at(10)
        self.fake.control(public_keys={"alice": PEMS["rsa"],
                                       "BOB": PEMS["p384"]})

    def at(self, seconds):
        self.fake.control(time_offset=IAT + seconds - time.time())

    def code(self, name="rsa", **headers):
        status, answer = self.fake.statement(TOKENS[name], **headers)
        return "" if status == 200 else answer["code"]

    def test_statement(self):
        kind = {"X_Snowflake_Authorization_Token_Type": "KEYPAIR_JWT"}
        self.assertEqual(self.code(**kind), "")
        self.assertEqual(self.code(), "")
        self.assertEqual(self.code("p521"), "390144")    # not registered
        self.assertEqual(self.code("p384"), "390144")    # BOB's, says ALICE
        kind["X_Snowflake_Authorization_Token_Type"] = "OAUTH"
        self.assertEqual(self.code(**kind), "390303")

    def test_times(self):
        for seconds, code in ((-3600, "390144"), (0, ""), (3590, ""),
                              (3601, "390144")):
            self.at(seconds)
            self.assertEqual(self.code(), code, seconds)

    def test_account(self):
        self.fake.control(account="myorg-acct")
        self.assertEqual(self.code(), "")
        self.fake.control(account="acct")
        self.assertEqual(self.code(), "390144")

    def test_login(self):
        def login(name):
            return self.fake.login(AUTHENTICATOR="SNOWFLAKE_JWT",
                                   TOKEN=TOKENS["rsa"], LOGIN_NAME=name)
        self.assertTrue(login("Alice")["success"])
        self.assertEqual(login("BOB")["code"], "390144")
        self.assertEqual(login("")["code"], "390144")


if __name__ == "__main__":
    unittest.main()
