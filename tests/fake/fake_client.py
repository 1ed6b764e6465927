# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the stand-in for Snowflake share: a client for it.

The stand-in is driven as a separate process over its sockets.
"""

import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import unittest
from urllib.parse import parse_qs, urlencode, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"    # RFC 7636 B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REDIRECT = "http://127.0.0.1:9/"
BASIC = ("Basic TE9DQUxfQVBQTElDQVRJT046"
         "TE9DQUxfQVBQTElDQVRJT04=")                        # facts 1.4


class Fake:
    """One running stand-in; close() ends it and checks its silence."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "snowflake.py"),
             "--ready-file", "-", "--control", "--die-with-stdin", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.ready = json.loads(self.process.stdout.readline())
        self.port = self.ready["port"]
        self.tls = None
        if "ca_file" in self.ready:
            self.tls = ssl.create_default_context(
                cafile=self.ready["ca_file"])

    def close(self):
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err

    def ask(self, method, target, body=None, headers=()):
        """(status, headers, body) of one request."""
        if self.tls is not None:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=20, context=self.tls)
        else:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask_json(self, target, document, **headers):
        headers["Content-Type"] = "application/json"
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        status, _, body = self.ask("POST", target, json.dumps(document),
                                   headers)
        return status, json.loads(body)

    def control(self, **document):
        status, answer = self.ask_json("/__control", document)
        if status != 200:
            raise ValueError(answer["error"])
        return answer

    def state(self):
        return json.loads(self.ask("GET", "/__control")[2])

    def authorize(self, **changes):
        """The answer to a good authorize request with changes; None drops."""
        fields = {"client_id": "LOCAL_APPLICATION", "response_type": "code",
                  "redirect_uri": REDIRECT,
                  "scope": "refresh_token session:role:ANALYST",
                  "state": "s" * 43, "code_challenge": CHALLENGE,
                  "code_challenge_method": "S256"}
        fields.update(changes)
        fields = {k: v for k, v in fields.items() if v is not None}
        return self.ask("GET", "/oauth/authorize?" + urlencode(fields))

    def redirected(self, **changes):
        status, headers, _ = self.authorize(**changes)
        assert status == 302, status
        return {k: v[0] for k, v in parse_qs(
            urlsplit(headers["Location"]).query).items()}

    def token(self, fields, path="/oauth/token-request", **headers):
        """(status, JSON) of a token request; a header of None is dropped."""
        sent = {"Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json", "Authorization": BASIC}
        sent.update({k.replace("_", "-"): v for k, v in headers.items()})
        body = fields if isinstance(fields, str) else urlencode(fields)
        status, _, answer = self.ask(
            "POST", path, body,
            {k: v for k, v in sent.items() if v is not None})
        return status, json.loads(answer)

    def exchange(self, **changes):
        fields = {"grant_type": "authorization_code",
                  "code": self.redirected()["code"],
                  "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        fields.update(changes)
        return self.token(fields)

    def refresh(self, token, **more):
        return self.token(dict(more, grant_type="refresh_token",
                               refresh_token=token))

    def mint(self, **wish):
        return self.control(mint=wish)["minted"]

    def statement(self, token, sql="select current_user()", **headers):
        return self.ask_json("/api/v2/statements", {"statement": sql},
                             Authorization="Bearer " + token, **headers)

    def login(self, **data):
        return self.ask_json("/session/v1/login-request?requestId=1",
                             {"data": data})[1]


class FakeTest(unittest.TestCase):
    options = ()

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.directory.name, "log")
        self.fake = Fake("--log", self.log, *self.options)
        self.addCleanup(self.directory.cleanup)
        self.addCleanup(self.end)

    def end(self):
        self.assertEqual(self.fake.close(), (0, b"", b""))

    def assert_error(self, answer, name):
        status, document = answer
        self.assertEqual((status, document["error"]), (400, name))
        return document

    def log_lines(self):
        with open(self.log, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
