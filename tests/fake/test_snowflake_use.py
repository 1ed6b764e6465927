#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the stand-in for Snowflake: faults, sessions, HTTP, browser."""

import gzip
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

sys.dont_write_bytecode = True    # the source tree may be read-only
from fake_client import (BASIC, CHALLENGE, HERE, VERIFIER,      # noqa: E402
                         Fake, FakeTest)


class FaultTest(FakeTest):
    FORM = {"Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json", "Authorization": BASIC}

    def raw(self, token):
        return self.fake.ask("POST", "/oauth/token-request", urlencode(
            {"grant_type": "refresh_token", "refresh_token": token}),
            self.FORM)

    def fault(self, name, **more):
        self.fake.control(token_error=name, count=1, **more)

    def test_before_redeeming(self):
        token = self.fake.mint(single_use=True)["refresh_token"]
        for name, status, piece in (
                ("500", 500, b"trouble"), ("html", 200, b"<html>"),
                ("429", 429, b""), ("empty", 400, b""),
                ("invalid_client", 400, b"invalid_client"),
                ("invalid_grant", 400, b"Unknown or invalid"),
                ("redirect:http://127.0.0.1:9/x", 307, b""),
                ("echo", 400, token.encode())):
            self.fault(name)
            got, headers, body = self.raw(token)
            self.assertEqual(got, status, name)
            self.assertIn(piece, body)
            if name.startswith("redirect:"):
                self.assertEqual(headers["Location"], name[9:])
        self.assertIn("refresh_token", self.fake.refresh(token)[1])

    def test_after_redeeming(self):
        token = self.fake.mint()["refresh_token"]
        self.fault("newline_token")
        self.assertIn("\nusername=MALLORY\n",
                      self.fake.refresh(token)[1]["access_token"])
        self.fault("no_access_token")
        self.assertNotIn("access_token", self.fake.refresh(token)[1])
        self.fault("missing_expires")
        self.assertNotIn("expires_in", self.fake.refresh(token)[1])
        self.fault("bad_json")
        with self.assertRaises(ValueError):
            self.fake.refresh(token)
        self.fault("close_early")
        with self.assertRaises(http.client.IncompleteRead):
            self.fake.refresh(token)
        self.fault("big")
        self.assertGreater(len(self.raw(token)[2]), 10 * 1024 * 1024)
        self.fault("no_refresh_token")
        self.assertNotIn("refresh_token", self.fake.exchange()[1])
        self.fault("wrong_user:BOB")
        _, answer = self.fake.exchange()
        self.assertEqual(answer["username"], "BOB")
        self.assertEqual(self.fake.statement(answer["access_token"])[1]
                         ["data"], [["BOB"]])
        self.assertEqual(self.fake.refresh(token)[0], 200)

    def test_count(self):
        token = self.fake.mint()["refresh_token"]
        self.fake.control(token_error="500", count=2)
        self.assertEqual([self.raw(token)[0] for _ in range(3)],
                         [500, 500, 200])
        self.fake.control(token_error="500", count=0)
        self.assertEqual([self.raw(token)[0] for _ in range(3)], [500] * 3)

    def test_hang_ends_with_the_server(self):
        token = self.fake.mint()["refresh_token"]
        self.fault("hang")
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(self.raw, token)
            while not self.log_lines():
                pass
            self.fake.process.send_signal(signal.SIGTERM)
            with self.assertRaises((OSError, http.client.HTTPException)):
                future.result(10)

    def test_control_is_strict(self):
        for document in ({"nope": 1}, {"token_error": "zzz"}, {"count": -1},
                         {"single_use": 1}, {"access_ttl": True},
                         {"revoke_all": 1}, {"mint": {"x": 1}},
                         {"clients": {"a": {"x": 1}}}, {"pats": {"A": 1}}):
            with self.assertRaises(ValueError):
                self.fake.control(user="EVE", **document)
        self.assertEqual(self.fake.state()["knobs"]["user"], "ALICE")


class SessionTest(FakeTest):
    def query(self, token, sql="select current_user(), 'x'"):
        return self.fake.ask_json(
            "/queries/v1/query-request", {"sqlText": sql},
            Authorization='Snowflake Token="%s"' % token)[1]

    def test_login_query_logout(self):
        minted = self.fake.mint(scope="session:role:R")
        answer = self.fake.login(
            AUTHENTICATOR="OAUTH", TOKEN=minted["access_token"],
            LOGIN_NAME="alice", ACCOUNT_NAME="acct")
        self.assertTrue(answer["success"])
        self.assertIsNone(answer["code"])
        data = answer["data"]
        self.assertEqual(data["sessionInfo"]["roleName"], "R")
        self.fake.control(revoke_access=True)
        self.assertEqual(self.query(data["token"])["data"]["rowset"],
                         [["ALICE", "x"]])
        self.assertFalse(self.query(data["masterToken"])["success"])
        self.assertEqual(self.query(data["token"], "drop x")["code"],
                         "001003")
        self.fake.control(time_offset=3600)
        self.assertEqual(self.query(data["token"])["code"], "390112")
        _, renewed = self.fake.ask_json(
            "/session/token-request", {"requestType": "RENEW"},
            Authorization='Snowflake Token="%s"' % data["masterToken"])
        token = renewed["data"]["sessionToken"]
        self.assertTrue(self.query(token)["success"])
        self.fake.ask("POST", "/session?delete=true", headers={
            "Authorization": 'Snowflake Token="%s"' % token})
        self.assertEqual(self.query(token)["code"], "390111")

    def test_login_errors(self):
        minted = self.fake.mint()
        token = minted["access_token"]
        login = self.fake.login
        self.fake.control(pats={"ALICE": "pat-1"}, passwords={"ALICE": "pw"})
        self.assertEqual(login(TOKEN=token, LOGIN_NAME="BOB")["code"],
                         "390309")
        self.assertEqual(login(TOKEN=token + "\n")["code"], "390303")
        self.assertEqual(login(TOKEN=["x"])["code"], "390303")
        self.assertEqual(login(AUTHENTICATOR="NONSENSE")["code"], "390190")
        self.assertEqual(login(AUTHENTICATOR="PROGRAMMATIC_ACCESS_TOKEN",
                               TOKEN=token)["code"], "394400")
        self.assertEqual(login(LOGIN_NAME="ALICE", PASSWORD="no")["code"],
                         "390100")
        for data in ({"TOKEN": token},
                     {"AUTHENTICATOR": "PROGRAMMATIC_ACCESS_TOKEN",
                      "TOKEN": "pat-1"},
                     {"LOGIN_NAME": "alice", "PASSWORD": "pw"},
                     {"LOGIN_NAME": "alice", "PASSWORD": "pat-1"}):
            self.assertTrue(login(**data)["success"], data)
        self.fake.control(time_offset=600)
        answer = login(AUTHENTICATOR="OAUTH", TOKEN=token)
        self.assertRegex(answer.pop("message"),
                         r"\AOAuth access token expired\. \[.+\]\Z")
        self.assertEqual(answer, {
            "data": {"nextAction": "RETRY_LOGIN", "authnMethod": "OAUTH",
                     "signInOptions": {}},
            "code": "390318", "success": False, "headers": None})

    def test_gzip(self):
        token = self.fake.mint()["access_token"]
        body = gzip.compress(json.dumps({"data": {"TOKEN": token}}).encode())
        headers = {"Content-Type": "application/json",
                   "Content-Encoding": "gzip"}
        for data, expected in ((body, 200), (body[:-1], 400),
                               (b"{}", 400)):
            status, _, _ = self.fake.ask(
                "POST", "/session/v1/login-request", data, headers)
            self.assertEqual(status, expected)

    def test_sql_api(self):
        self.fake.control(pats={"CAROL": "pat-1"})
        token = self.fake.mint()["access_token"]
        kind = "X_Snowflake_Authorization_Token_Type"
        pat = "PROGRAMMATIC_ACCESS_TOKEN"
        for bearer, headers, user in (
                (token, {}, "ALICE"), (token, {kind: "OAUTH"}, "ALICE"),
                ("pat-1", {}, "CAROL"), ("pat-1", {kind: pat}, "CAROL"),
                (token, {kind: pat}, None), ("pat-1", {kind: "OAUTH"}, None),
                (token, {kind: "oauth"}, None), (token + "x", {}, None)):
            status, answer = self.fake.statement(bearer, **headers)
            if user is None:
                self.assertEqual(status, 401)
                continue
            self.assertEqual(status, 200)
            self.assertEqual(answer["data"], [[user]])
            self.assertEqual(answer["code"], "090001")


class ServerTest(FakeTest):
    def test_framing(self):
        for method, target, headers, status in (
                ("GET", "/nope", {}, 404), ("PUT", "/oauth/authorize", {}, 405),
                ("GET", "/oauth/token-request", {}, 405),
                ("GET", "http://127.0.0.1/oauth/authorize", {}, 400),
                ("GET", "/oauth/authorize", {"Host": "evil"}, 421),
                ("POST", "/oauth/token-request",
                 {"Transfer-Encoding": "chunked"}, 411),
                ("POST", "/oauth/token-request",
                 {"Content-Length": "9999999"}, 413),
                ("BREW", "/", {}, 501)):
            with self.subTest(method=method, target=target):
                self.assertEqual(self.fake.ask(
                    method, target, headers=headers)[0], status)

    def test_log_tells_no_secret(self):
        _, answer = self.fake.exchange()
        self.fake.refresh(answer["refresh_token"])
        self.fake.login(TOKEN=answer["access_token"])
        with open(self.log, encoding="utf-8") as file:
            text = file.read()
        for secret in (answer["access_token"], answer["refresh_token"],
                       VERIFIER, BASIC.partition(" ")[2]):
            self.assertNotIn(secret, text)
        lines = self.log_lines()
        self.assertEqual([line.get("grant_type") for line in lines],
                         [None, "authorization_code", "refresh_token", None])
        self.assertEqual([line["result"] for line in lines],
                         ["code", "ok", "ok", "ok"])
        self.assertRegex(lines[2]["secrets"]["refresh_token"],
                         r"\A[0-9a-f]{12}\Z")

    def test_no_control_unless_asked(self):
        process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "snowflake.py"),
             "--ready-file", "-", "--set", "token_error=500", "--set",
             "single_use=true"], stdout=subprocess.PIPE)
        with process:
            port = json.loads(process.stdout.readline())["port"]
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/__control")
            self.assertEqual(connection.getresponse().status, 404)
            connection.close()
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 0)


class Callback(http.server.BaseHTTPRequestHandler):
    """Stands for our product's side of a login."""

    def do_GET(self):
        self.server.seen.append(self.path)
        where = self.server.start if self.path == "/go" else None
        self.send_response(302 if where else
                           404 if self.path == "/favicon.ico" else 200)
        if where:
            self.send_header("Location", where)
        self.send_header("Content-Length", "0" if where else "5")
        self.end_headers()
        self.wfile.write(b"" if where else b"done\n")

    def log_message(self, format, *args):
        pass


class BrowserTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Callback)
        self.server.seen = []
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def browse(self, fake, **environment):
        own = "http://127.0.0.1:%d/" % self.server.server_port
        self.server.start = fake.ready["url"] + "/oauth/authorize?" + (
            urlencode({"client_id": "LOCAL_APPLICATION", "state": "S",
                       "redirect_uri": own, "response_type": "code",
                       "code_challenge": CHALLENGE,
                       "code_challenge_method": "S256"}))
        return subprocess.run(
            [sys.executable, os.path.join(HERE, "browser.py"), own + "go"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=dict(os.environ, COCO_TEST_BROWSER_OUT=self.path("out"),
                     COCO_TEST_BROWSER_URLS=self.path("urls"),
                     COCO_TEST_BROWSER_FAVICON="1", **environment))

    def test_over_tls(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=fake", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
             self.path("key"), "-out", self.path("cert")],
            check=True, capture_output=True)
        fake = Fake("--tls", self.path("cert"), self.path("key"))
        done = self.browse(fake, COCO_TEST_CA=self.path("cert"))
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, "", ""))
        self.assertEqual(self.server.seen[:2], ["/go", "/favicon.ico"])
        self.assertIn("state=S", self.server.seen[2])
        with open(self.path("out"), encoding="ascii") as file:
            text = file.read()
        self.assertTrue(text.startswith("HTTP/1.1 200 OK\n"), text)
        self.assertTrue(text.endswith("\n\ndone\n"), text)
        with open(self.path("urls"), encoding="ascii") as file:
            urls = file.read().split()
        self.assertEqual(len(urls), 3)
        self.assertTrue(urls[0].endswith("/go"))
        done = self.browse(fake)
        self.assertEqual(done.returncode, 1)
        self.assertIn("CERTIFICATE_VERIFY_FAILED", done.stderr)
        self.assertEqual(fake.state()["counters"]["tls_errors"], 1)
        self.assertEqual(fake.close(), (0, b"", b""))

    def test_refusals(self):
        for url, reason in (
                ("http://example.invalid/", "plain http to example.invalid"),
                ("http://localhost:1/", "plain http to localhost"),
                ("ftp://127.0.0.1/", "scheme ftp"),
                ("http://u@127.0.0.1/", "refused URL"),
                ("x", "refused URL")):
            done = subprocess.run(
                [sys.executable, os.path.join(HERE, "browser.py"), url],
                capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, "browser: %s\n" % reason)


if __name__ == "__main__":
    unittest.main()
