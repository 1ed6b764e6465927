#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the stand-in for Snowflake: OAuth.

What it must refuse is tested as carefully as what it must grant: a lenient
stand-in would hide our own mistakes.
"""

import base64
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode

sys.dont_write_bytecode = True    # the source tree may be read-only
from fake_client import (BASIC, CHALLENGE, REDIRECT, VERIFIER,  # noqa: E402
                         FakeTest)


class AuthorizeTest(FakeTest):
    def test_good(self):
        for uri in ("http://127.0.0.1", "http://127.0.0.1:9", REDIRECT,
                    "http://127.0.0.1/a/b"):
            _, headers, _ = self.fake.authorize(redirect_uri=uri)
            where, _, query = headers["Location"].partition("?")
            self.assertEqual(where, uri)
            fields = parse_qs(query, strict_parsing=True)
            self.assertEqual(list(fields), ["code", "state", "scope"])
            self.assertEqual(fields["state"], ["s" * 43])

    def test_error_pages(self):
        cases = [
            ("390306", {"client_id": "OTHER"}), ("390306", {"client_id": None}),
            ("390304", {"response_type": "token"}),
            ("390305", {"state": None}), ("390305", {"state": ""}),
            ("390305", {"state": "s" * 2049}), ("390305", {"state": "\xe9"}),
            ("390311", {"code_challenge": None}),
            ("390311", {"code_challenge": CHALLENGE + "="}),
            ("390311", {"code_challenge_method": "plain"}),
            ("invalid_request", {"nonce": "1"}),
        ]
        cases += [("390307", {"redirect_uri": uri}) for uri in (
            None, "http://localhost:9/", "https://127.0.0.1:9/",
            "http://127.0.0.1:9/?x=1", "http://127.0.0.1:9/#f",
            "http://127.0.0.1:70000/", "http://127.0.0.1:09/",
            "http://127.0.0.1:9@evil/", "http://127.0.0.1.evil/",
            "http://127.0.0.2:9/", "http://127.0.0.1:9/a b")]
        for code, changes in cases:
            with self.subTest(changes=changes):
                status, headers, body = self.fake.authorize(**changes)
                self.assertEqual(status, 400)
                self.assertIn(code.encode(), body)
                self.assertNotIn("Location", headers)

    def test_duplicate_and_raw(self):
        for tail in ("&state=a&state=b", "&client_id", "&a=b=c", "&a=%zz",
                     "&redirect_uri=http://127.0.0.1/"):
            status, _, body = self.fake.ask("GET", "/oauth/authorize?x=1"
                                            + tail)
            self.assertEqual(status, 400)
            self.assertIn(b"invalid_request", body)

    def test_scopes(self):
        for scope in ("refresh_token", "session:role:A-b_9", None,
                      "session:role-encoded:AUTH%20SNOWFLAKE",
                      "session:role-encoded:A%2FB refresh_token"):
            self.assertIn("code", self.fake.redirected(scope=scope))
        for scope in ("offline_access", "session:role:A B", "session:role:",
                      "session:role:A/B", "session:role-encoded:A/B",
                      "session:role-encoded:A%2", "session:role-any",
                      "session:role-encoded:%ff", "refresh_token  x",
                      "refresh_token refresh_token",
                      "session:role:ACCOUNTADMIN",
                      "session:role-encoded:ACCOUNT%41DMIN",
                      "session:role:A session:role:B"):
            with self.subTest(scope=scope):
                answer = self.fake.redirected(scope=scope)
                self.assertEqual(answer["error"], "invalid_scope")
                self.assertEqual(answer["state"], "s" * 43)
                self.assertNotIn("code", answer)

    def test_knobs(self):
        self.fake.control(authorize_error="deny", authorize_count=1,
                          deny_description="<b>no</b>")
        self.assertEqual(self.fake.redirected(), {
            "error": "access_denied", "error_description": "<b>no</b>",
            "state": "s" * 43})
        self.fake.control(authorize_error="wrong_state", authorize_count=1)
        self.assertNotEqual(self.fake.redirected()["state"], "s" * 43)
        self.assertEqual(self.fake.redirected()["state"], "s" * 43)
        self.assertEqual(self.fake.state()["counters"]["authorize"], 3)


class TokenTest(FakeTest):
    def test_exchange(self):
        status, answer = self.fake.exchange()
        self.assertEqual(status, 200)
        self.assertRegex(answer["access_token"], r"\Aver:1-hint:\d+-ETMs")
        self.assertRegex(answer["refresh_token"],
                         r"\Aver:2-hint:\d+-did:ETMs")
        for letter in ":-+/=":
            self.assertIn(letter, answer["access_token"])
        self.assertEqual(answer["username"], "ALICE")
        self.assertEqual(answer["expires_in"], 600)
        self.assertEqual(answer["scope"],
                         "refresh_token session:role:ANALYST")

    def test_no_refresh_token_without_scope(self):
        code = self.fake.redirected(scope="session:role:A")["code"]
        _, answer = self.fake.exchange(code=code)
        self.assertNotIn("refresh_token", answer)
        self.assertIn("access_token", answer)

    def test_code_rules(self):
        code = self.fake.redirected()["code"]
        self.assertEqual(self.fake.exchange(code=code)[0], 200)
        self.assert_error(self.fake.exchange(code=code), "invalid_grant")
        for name, changes in (
                ("invalid_grant", {"code": "nope"}),
                ("invalid_grant", {"redirect_uri": "http://127.0.0.1:9"}),
                ("invalid_grant", {"code_verifier": "x" * 43}),
                ("invalid_grant", {"code_verifier": "x" * 42}),
                ("invalid_request", {"code_verifier": ""}),
                ("invalid_request", {"refresh_token": "x"}),
                ("invalid_request", {"nonsense": "x"}),
                ("invalid_request",
                 {"enable_single_use_refresh_tokens": "yes"}),
                ("unsupported_grant_type",
                 {"grant_type": "client_credentials"})):
            with self.subTest(changes=changes):
                self.assert_error(self.fake.exchange(**changes), name)

    def test_code_dies_of_wrong_verifier_and_age(self):
        code = self.fake.redirected()["code"]
        self.assert_error(self.fake.exchange(
            code=code, code_verifier="x" * 43), "invalid_grant")
        self.assert_error(self.fake.exchange(code=code), "invalid_grant")
        code = self.fake.redirected()["code"]
        self.fake.control(time_offset=601)
        self.assert_error(self.fake.exchange(code=code), "invalid_grant")

    def test_client_authentication(self):
        self.fake.control(clients={"my id": "a:b", "pub": None})
        good = base64.b64encode(b"my+id:a%3Ab").decode()
        raw = base64.b64encode(b"my id:a:b").decode()
        swapped = base64.b64encode(b"my+id:wrong").decode()
        refresh = {"grant_type": "refresh_token", "refresh_token": "x"}
        post = dict(refresh, client_id="my id", client_secret="a:b")
        local = dict(refresh, client_id="LOCAL_APPLICATION")
        for name, fields, header in (
                ("invalid_grant", refresh, "Basic " + good),
                ("invalid_grant", post, None),
                ("invalid_grant", local, None),
                ("invalid_grant", local, BASIC),
                ("invalid_grant", dict(refresh, client_id="pub"), None),
                ("invalid_client", refresh, None),
                ("invalid_client", refresh, "Basic " + raw),
                ("invalid_client", refresh, "Basic " + swapped),
                ("invalid_client", refresh, "Basic !"),
                ("invalid_client", refresh, "Bearer x"),
                ("invalid_client", dict(refresh, client_id="my id"), None),
                ("invalid_client", dict(post, client_secret="c"), None),
                ("invalid_client", dict(local, client_id="my id"), BASIC),
                ("invalid_request", post, "Basic " + good)):
            with self.subTest(fields=fields, header=header):
                answer = self.fake.token(fields, Authorization=header)
                self.assert_error(answer, name)
        self.assertEqual(
            self.fake.token(refresh, Authorization=None)[1],
            {"data": None, "message": "This is an invalid client.",
             "code": None, "success": False, "error": "invalid_client"})

    def test_tokens_are_bound_to_the_client(self):
        self.fake.control(clients={"other": "s"})
        token = self.fake.mint()["refresh_token"]
        self.assert_error(self.fake.token(
            {"grant_type": "refresh_token", "refresh_token": token,
             "client_id": "other", "client_secret": "s"},
            Authorization=None), "invalid_grant")
        self.assertEqual(self.fake.refresh(token)[0], 200)

    def test_request_form(self):
        token = self.fake.mint()["refresh_token"]
        good = urlencode({"grant_type": "refresh_token",
                          "refresh_token": token})
        for body, headers in (
                ("grant_type=refresh_token&refresh_token=" + token, {}),
                (good + "&grant_type=refresh_token", {}),
                (good + "&", {}), ("{}", {}), ("", {}),
                ("grant_type=refresh_token", {}),
                ("refresh_token=x", {}),
                (good, {"Content_Type": "application/json"}),
                (good, {"Content_Type": None}),
                (good, {"Accept": "*/*"}), (good, {"Accept": None})):
            with self.subTest(body=body, headers=headers):
                self.assert_error(self.fake.token(body, **headers),
                                  "invalid_request")
        status, _, _ = self.fake.ask(
            "POST", "/oauth/token-request?a=b", good,
            {"Content-Type": "application/x-www-form-urlencoded",
             "Accept": "application/json", "Authorization": BASIC})
        self.assertEqual(status, 400)
        self.assertEqual(self.fake.token(good)[0], 200)


class RefreshTest(FakeTest):
    def test_plain(self):
        first = self.fake.mint(scope="refresh_token session:role:A")
        token = first["refresh_token"]
        status, again = self.fake.refresh(token)
        self.assertEqual(status, 200)
        self.assertNotIn("refresh_token", again)
        self.assertNotIn("username", again)
        self.assertNotEqual(again["access_token"], first["access_token"])
        for access in (first["access_token"], again["access_token"]):
            self.assertEqual(self.fake.statement(access)[0], 200)
        self.assertEqual(self.fake.refresh(token, scope="session:role:A")[0],
                         200)
        self.assert_error(self.fake.refresh(token, scope="session:role:B"),
                          "invalid_scope")

    def test_single_use(self):
        first = self.fake.mint(single_use=True)
        _, second = self.fake.refresh(first["refresh_token"])
        self.assertNotEqual(second["refresh_token"], first["refresh_token"])
        status, document = self.fake.statement(first["access_token"])
        self.assertEqual((status, document["code"]), (401, "390303"))
        self.assertEqual(self.fake.statement(second["access_token"])[0], 200)
        document = self.assert_error(
            self.fake.refresh(first["refresh_token"]), "invalid_grant")
        self.assertEqual(document["error_description"],
                         "Unknown or invalid refresh token.")
        self.assertEqual(self.fake.statement(second["access_token"])[0], 401)
        self.assert_error(self.fake.refresh(second["refresh_token"]),
                          "invalid_grant")
        state = self.fake.state()
        self.assertEqual(state["counters"]["replays"], 1)
        self.assertEqual(state["live_families"], 0)
        self.assertEqual(state["live_access_tokens"], 0)

    def test_single_use_by_client_or_administrator(self):
        _, answer = self.fake.exchange(
            enable_single_use_refresh_tokens="true")
        self.assertIn("refresh_token",
                      self.fake.refresh(answer["refresh_token"])[1])
        token = self.fake.mint()["refresh_token"]
        self.fake.control(single_use=True)
        self.assertIn("refresh_token", self.fake.refresh(token)[1])

    def test_parallel_replay_has_one_winner(self):
        token = self.fake.mint(single_use=True)["refresh_token"]
        self.fake.control(latency_ms=50)
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: self.fake.refresh(token)[0],
                                    range(50)))
        self.assertEqual(sorted(answers), [200] + [400] * 49)
        counters = self.fake.state()["counters"]
        self.assertEqual(counters["token"], {"refresh_token": 50})
        self.assertEqual(counters["token_ok"], 1)

    def test_clock_and_revocation(self):
        minted = self.fake.mint()
        self.fake.control(time_offset=599)
        self.assertEqual(self.fake.statement(minted["access_token"])[0], 200)
        self.fake.control(time_offset=600)
        status, document = self.fake.statement(minted["access_token"])
        self.assertEqual((status, document["code"]), (401, "390318"))
        self.assertEqual(self.fake.refresh(minted["refresh_token"])[0], 200)
        self.fake.control(time_offset=90 * 86400)
        self.assert_error(self.fake.refresh(minted["refresh_token"]),
                          "invalid_grant")
        minted = self.fake.mint()
        self.fake.control(revoke_access=True)
        self.assertEqual(self.fake.statement(minted["access_token"])[0], 401)
        self.assertEqual(self.fake.refresh(minted["refresh_token"])[0], 200)
        self.fake.control(revoke_all=True)
        self.assert_error(self.fake.refresh(minted["refresh_token"]),
                          "invalid_grant")


if __name__ == "__main__":
    unittest.main()
