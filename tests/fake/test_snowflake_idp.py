#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the stand-in's second identity provider and its grants.

    python3 -m unittest test_snowflake_idp
"""

import sys
import unittest

sys.dont_write_bytecode = True
from fake_client import BASIC, FakeTest                     # noqa: E402

TOKEN = "/idp/token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class MachineTest(FakeTest):
    def setUp(self):
        super().setUp()
        self.fake.control(clients={
            "m": {"secret": "s", "user": "SERVICE"}, "pub": None})

    def machine(self, path=TOKEN, **changes):
        fields = {"grant_type": "client_credentials", "client_id": "m",
                  "client_secret": "s"}
        fields.update(changes)
        return self.fake.token(fields, path, Authorization=None)

    def test_good(self):
        status, answer = self.machine(scope="session:role:R")
        self.assertEqual(status, 200)
        self.assertEqual(answer["expires_in"], 600)
        for name in ("refresh_token", "username"):
            self.assertNotIn(name, answer)
        login = self.fake.login(AUTHENTICATOR="OAUTH", LOGIN_NAME="service",
                                TOKEN=answer["access_token"])
        self.assertTrue(login["success"])
        self.assertEqual(login["data"]["sessionInfo"]["roleName"], "R")

    def test_refused(self):
        self.assert_error(self.machine("/oauth/token-request"),
                          "unsupported_grant_type")
        for name, changes in (
                ("invalid_client", {"client_secret": "x"}),
                ("unauthorized_client",
                 {"client_id": "pub", "client_secret": ""}),
                ("invalid_scope", {"scope": "refresh_token"}),
                ("invalid_scope", {"scope": "session:role:ACCOUNTADMIN"}),
                ("invalid_request", {"refresh_token": "x"})):
            with self.subTest(changes=changes):
                if changes.get("client_secret") == "":
                    answer = self.fake.token(
                        {"grant_type": "client_credentials",
                         "client_id": "pub"}, TOKEN, Authorization=None)
                else:
                    answer = self.machine(**changes)
                self.assert_error(answer, name)

    def test_a_refresh_token_nobody_asked_for(self):
        self.fake.control(machine_refresh=True)
        self.assertIn("refresh_token", self.machine()[1])


class DeviceTest(FakeTest):
    def setUp(self):
        super().setUp()
        self.fake.control(clients={"pub": None, "m": "s"})

    def codes(self, **changes):
        fields = {"client_id": "pub", "scope": "refresh_token"}
        fields.update(changes)
        return self.fake.token(fields, "/idp/device", Authorization=None)

    def poll(self, code, client_id="pub"):
        return self.fake.token(
            {"grant_type": DEVICE, "device_code": code,
             "client_id": client_id}, TOKEN, Authorization=None)

    def test_good(self):
        self.fake.control(device_interval=0)
        status, answer = self.codes()
        self.assertEqual((status, answer["interval"]), (200, 0))
        code = answer["device_code"]
        self.assertIn(answer["user_code"],
                      answer["verification_uri_complete"])
        self.assert_error(self.poll(code), "authorization_pending")
        self.fake.control(device={"user": "BOB"})
        status, tokens = self.poll(code)
        self.assertEqual((status, tokens["username"]), (200, "BOB"))
        self.assertIn("refresh_token", tokens)
        self.assert_error(self.poll(code), "invalid_grant")

    def test_haste(self):
        self.fake.control(device_interval=1)
        code = self.codes()[1]["device_code"]
        self.assert_error(self.poll(code), "slow_down")
        self.assertEqual(self.fake.state()["counters"]["device_hasty"], 1)
        self.fake.control(device={}, time_offset=6.5)
        self.assertEqual(self.poll(code)[0], 200)

    def test_refused(self):
        self.fake.control(device_interval=0)
        code = self.codes()[1]["device_code"]
        self.assert_error(self.poll("dev-x"), "invalid_grant")
        self.assert_error(self.poll(code, "m"), "invalid_client")
        self.fake.control(device={"denied": True})
        self.assert_error(self.poll(code), "access_denied")
        self.fake.control(device_answers=["slow_down"])
        self.assert_error(self.poll(code), "slow_down")
        self.fake.control(time_offset=600)
        self.assert_error(self.poll(code), "expired_token")
        self.assert_error(self.codes(scope="offline_access"),
                          "invalid_scope")
        self.assert_error(self.codes(grant_type=DEVICE), "invalid_request")
        self.assert_error(self.codes(client_id="nobody"), "invalid_client")

    def test_knobs(self):
        self.fake.control(device_interval=None)
        self.assertNotIn("interval", self.codes()[1])
        self.fake.control(device_error="error:invalid_scope", device_count=1)
        self.assert_error(self.codes(), "invalid_scope")
        self.fake.control(device_error="no_complete", device_count=1)
        self.assertNotIn("verification_uri_complete", self.codes()[1])


class LoginTest(FakeTest):
    def test_what_a_login_may_claim(self):
        token = self.fake.mint(scope="session:role:R")["access_token"]
        self.fake.control(login_as="EVE", login_role="S")
        data = self.fake.login(AUTHENTICATOR="OAUTH", TOKEN=token)["data"]
        self.assertEqual((data["displayUserName"],
                          data["sessionInfo"]["roleName"]), ("EVE", "S"))
        self.fake.control(login_error="390318")
        self.assertEqual(self.fake.login(AUTHENTICATOR="OAUTH",
                                         TOKEN=token)["code"], "390318")


class ErrorTest(FakeTest):
    def test_any_error(self):
        self.fake.control(token_error="error:unauthorized_client", count=1)
        self.assert_error(self.fake.exchange(), "unauthorized_client")
        self.fake.control(token_error="number:390302", count=1)
        self.assertEqual(self.fake.exchange(), (200, {
            "data": None, "message": "As asked.", "code": "390302",
            "success": False}))
        self.fake.control(authorize_error="error:390302", authorize_count=1)
        self.assertEqual(self.fake.redirected()["error"], "390302")

    def test_how_long_a_login_lasts_may_stay_untold(self):
        self.fake.control(refresh_ttl=500)
        self.assertEqual(self.fake.mint()["refresh_token_expires_in"], 500)
        self.fake.control(refresh_life_told=False)
        self.assertNotIn("refresh_token_expires_in", self.fake.mint())

    def test_an_assertion_is_looked_at(self):
        fields = {"grant_type": "client_credentials",
                  "client_assertion": "e30.e30.AAAA"}
        for kind, basic, name in ((None, None, "invalid_client"),
                                  ("wrong", None, "invalid_client"),
                                  (ASSERTION, None, "invalid_client"),
                                  (ASSERTION, BASIC, "invalid_request")):
            with self.subTest(kind=kind, basic=basic):
                if kind is not None:
                    fields["client_assertion_type"] = kind
                self.assert_error(self.fake.token(
                    fields, TOKEN, Authorization=basic), name)


if __name__ == "__main__":
    unittest.main()
