# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in for Snowflake remembers: knobs, clients, tokens, sessions.

Nothing here speaks HTTP.  One State is shared by all the server's threads;
its public methods take the lock, and none sleeps while holding it.  The
rules are those of facts/snowflake.md; each docstring names the section.
"""

import base64
import hashlib
import re
import secrets
import threading
import time
from urllib.parse import unquote

import jws

LOCAL_APPLICATION = "LOCAL_APPLICATION"
CODE_TTL = 600
MASTER_TTL = 14400

TOKEN_ERRORS = (
    # answered before anything is redeemed
    "500", "html", "empty", "hang", "invalid_client", "invalid_grant", "echo",
    # the redeemed answer, spoilt
    "close_early", "big", "bad_json", "newline_token", "no_access_token",
    "missing_expires", "no_refresh_token",
)
TOKEN_ERROR_FORMS = (
    re.compile(r"[45][0-9][0-9]"),
    re.compile(r"error:[a-z_]+"),
    re.compile(r"number:[0-9]{6}"),
    re.compile(r"wrong_user:[A-Za-z0-9_.@-]+"),
    re.compile(r"redirect:https?://[!-~]+"),
)
ACCOUNT_NAME = re.compile(r"[A-Z0-9_-]+")
DEVICE_ERRORS = ("escape", "bad_uri", "no_complete", "message")
AUTHORIZE_ERRORS = ("deny", "wrong_state")


class Refused(Exception):
    """A request that is refused with one of Snowflake's codes or names."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class BadControl(ValueError):
    """A control document (or --set option) that we do not understand."""


def _number(low, high, kinds=(int,)):
    def check(value):
        return (type(value) in kinds) and low <= value <= high
    return check


def _text(value):
    return isinstance(value, str) and value != ""


def _texts(value):
    return isinstance(value, list) and all(_text(v) for v in value)


def _flag(value):
    return isinstance(value, bool)


def _token_error(value):
    if value is None:
        return True
    if not isinstance(value, str):
        return False
    return (value in TOKEN_ERRORS
            or any(form.fullmatch(value) for form in TOKEN_ERROR_FORMS))


def _authorize_error(value):
    return value is None or isinstance(value, str) and (
        value in AUTHORIZE_ERRORS
        or re.fullmatch(r"error:[a-z_0-9]+", value) is not None)


# name: (default, check)
KNOBS = {
    "access_ttl": (600, _number(1, 86400)),
    "refresh_ttl": (90 * 86400, _number(1, 90 * 86400)),
    "refresh_life_told": (True, _flag),
    "session_ttl": (3600, _number(1, 86400)),
    "single_use": (False, _flag),
    "latency_ms": (0, _number(0, 600000)),
    "answer_latency_ms": (0, _number(0, 600000)),
    "token_error": (None, _token_error),
    "count": (0, _number(0, 1000000)),
    "time_offset": (0, _number(-10**9, 10**9, (int, float))),
    "machine_refresh": (False, _flag),
    "device_interval": (1, lambda v: v is None or _number(0, 600)(v)),
    "device_ttl": (600, _number(1, 86400)),
    "device_answers": ([], _texts),
    "device_error": (None, lambda v: v is None or v in DEVICE_ERRORS
                     or re.fullmatch(r"error:[a-z_]+", str(v))),
    "device_count": (0, _number(0, 1000000)),
    "user": ("ALICE", _text),
    "login_as": (None, lambda v: v is None or _text(v)),
    "login_role": (None, lambda v: v is None or _text(v)),
    "login_error": (None, lambda v: v is None or re.fullmatch(
        r"[0-9]{6}|html|503", str(v))),
    "account": (None, lambda v: v is None or _text(v)),
    "authorize_error": (None, _authorize_error),
    "authorize_count": (0, _number(0, 1000000)),
    "deny_description": ("User denied access", _text),
    "blocked_roles": (["ACCOUNTADMIN", "ORGADMIN", "GLOBALORGADMIN",
                       "SECURITYADMIN"], _texts),
}
ACTIONS = ("clients", "pats", "passwords", "public_keys", "revoke_all",
           "revoke_access", "revoke_sessions", "reset_counters", "mint",
           "device")
MINT_KEYS = {"user": _text, "client_id": _text, "single_use": _flag,
             "scope": lambda value: isinstance(value, str)}


class Family:
    """All tokens that descend from one authorization (1.7)."""

    def __init__(self, client_id, user, scopes, single_use):
        self.client_id = client_id
        self.user = user
        self.scopes = scopes
        self.single_use = single_use
        self.generation = 0
        self.live = True


class Issued:
    """An access or refresh token: whose, which generation, until when."""

    def __init__(self, family, scopes, expires):
        self.family = family
        self.generation = family.generation
        self.scopes = scopes
        self.expires = expires

    def is_current(self):
        return self.family.live and self.generation == self.family.generation


class Session:
    """A session token and its master token; it outlives the OAuth token."""

    def __init__(self, user, role, now, ttl):
        self.user = user
        self.role = role
        self.number = secrets.randbelow(10**15)
        self.token = token_text("ver:3-hint:%d-" % self.number)
        self.master = token_text("ver:3-hint:%d-" % self.number)
        self.expires = now + ttl
        self.master_expires = now + MASTER_TTL


def token_text(prefix):
    """Opaque text with all the awkward characters of real ones (1.5).

    The canary is for tests/lib.sh, which searches for it.
    """
    body = base64.b64encode(secrets.token_bytes(94)).decode()
    return prefix + "ETMsDgAAAZ+/Canary/" + body


def scopes_role(scopes):
    """The role that a set of scopes names, percent-decoded, or None (1.3)."""
    for scope in scopes:
        if scope.startswith("session:role:"):
            return scope[len("session:role:"):]
        if scope.startswith("session:role-encoded:"):
            return unquote(scope[len("session:role-encoded:"):])
    return None


def s256(verifier):
    """RFC 7636 section 4.2."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class State:
    """Everything that the server knows; see the module's text."""

    def __init__(self):
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.knobs = {name: row[0] for name, row in KNOBS.items()}
        self.clients = {LOCAL_APPLICATION: {
            "secret": LOCAL_APPLICATION, "public": True,
            "redirect_uris": None, "user": None, "key": None}}
        self.pats = {}
        self.passwords = {}
        self.public_keys = {}
        self.assertions = set()
        self.devices = {}
        self.codes = {}
        self.access = {}
        self.refresh = {}
        self.sessions = {}
        self.families = []
        self.counters = {}
        self.reset_counters()

    # -- knobs ----------------------------------------------------------

    def knob(self, name):
        with self.lock:
            return self.knobs[name]

    def now(self):
        """The server's clock, which a test moves by time_offset."""
        return time.time() + self.knob("time_offset")

    def pause(self, name):
        """Sleep for a latency knob: until its time is over, it is turned back,
        or the server ends."""
        end = time.monotonic() + self.knob(name) / 1000
        while time.monotonic() < end and self.knob(name) > 0:
            if self.stopping.wait(0.01):
                break

    def take_fault(self, name, count_name):
        """The fault for this request; the last counted one clears it."""
        with self.lock:
            fault = self.knobs[name]
            if fault is not None and self.knobs[count_name] > 0:
                self.knobs[count_name] -= 1
                if self.knobs[count_name] == 0:
                    self.knobs[name] = None
            return fault

    def control(self, document):
        """Apply a control document whole or, if any of it is bad, not."""
        if not isinstance(document, dict):
            raise BadControl("not an object")
        for name, value in document.items():
            if name in KNOBS:
                if not KNOBS[name][1](value):
                    raise BadControl("bad value for %s" % name)
            elif name in ACTIONS:
                self._check_action(name, value)
            else:
                raise BadControl("unknown key %s" % name)
        with self.lock:
            for name, value in document.items():
                if name in KNOBS:
                    self.knobs[name] = value
            return self._act(document)

    def _check_action(self, name, value):
        if name in ("clients", "pats", "passwords", "public_keys"):
            good = isinstance(value, dict) and all(
                _text(k) and (_text(v) or (name == "clients"
                              and self._is_client(v)))
                for k, v in value.items())
        elif name == "device":
            good = (isinstance(value, dict)
                    and set(value) <= {"user", "denied"}
                    and _text(value.get("user", "x"))
                    and _flag(value.get("denied", True)))
        elif name == "mint":
            good = isinstance(value, dict) and all(
                k in MINT_KEYS and MINT_KEYS[k](v) for k, v in value.items())
        else:
            good = value is True
        if not good:
            raise BadControl("bad value for %s" % name)

    @staticmethod
    def _is_client(value):
        if value is None:
            return True
        return (isinstance(value, dict)
                and set(value) <= {"secret", "redirect_uris", "user", "key",
                                   "kid"}
                and all(value.get(name) is None or _text(value[name])
                        for name in ("secret", "user", "key", "kid"))
                and _texts(value.get("redirect_uris", [])))

    def _act(self, document):
        result = {}
        for name, value in document.get("clients", {}).items():
            entry = value if isinstance(value, dict) else {"secret": value}
            secret = entry.get("secret")
            self.clients[name] = {
                "secret": secret,
                "public": secret is None and entry.get("key") is None,
                "redirect_uris": entry.get("redirect_uris"),
                "user": entry.get("user"), "key": entry.get("key"),
                "kid": entry.get("kid")}
        for user, token in document.get("pats", {}).items():
            self.pats[token] = user
        self.passwords.update(document.get("passwords", {}))
        self.public_keys.update(document.get("public_keys", {}))
        if "device" in document:
            self._answer_devices(document["device"])
        if "revoke_all" in document:
            self._revoke_all()
        if "revoke_access" in document:
            self.access.clear()
        if "revoke_sessions" in document:
            self.sessions.clear()
        if "reset_counters" in document:
            self.reset_counters()
        if "mint" in document:
            result["minted"] = self._mint(document["mint"])
        return result

    def _answer_devices(self, wish):
        """Somebody enters each code that waits: as a user, or to say no."""
        for record in self.devices.values():
            record["denied"] = wish.get("denied", False)
            record["user"] = wish.get("user", self.knobs["user"])

    def new_device(self, client_id, scopes, where):
        """The answer of RFC 8628 3.2."""
        code = token_text("dev-")
        user_code = "%04d-%04d" % (secrets.randbelow(10**4),
                                   secrets.randbelow(10**4))
        with self.lock:
            now = self.now()
            ttl = self.knobs["device_ttl"]
            interval = self.knobs["device_interval"]
            self.devices[code] = {
                "client_id": client_id, "scopes": scopes, "user": None,
                "denied": False, "expires": now + ttl, "asked": now,
                "interval": 5 if interval is None else interval}
        document = {"device_code": code, "user_code": user_code,
                    "verification_uri": where,
                    "verification_uri_complete":
                        "%s?user_code=%s" % (where, user_code),
                    "expires_in": ttl}
        if interval is not None:
            document["interval"] = interval
        return document

    def poll_device(self, client_id, code):
        """The tokens, or Refused with an error of RFC 8628 3.5.

        Whoever asks sooner than told is counted, and told to slow down.
        """
        with self.lock:
            record = self.devices.get(code)
            if record is None or record["client_id"] != client_id:
                raise Refused("invalid_grant", "Unknown device code.")
            now = self.now()
            hasty = now - record["asked"] < record["interval"] - 0.1
            record["asked"] = now
            if hasty:
                self.counters["device_hasty"] += 1
            if self.knobs["device_answers"]:
                error = self.knobs["device_answers"][0]
                self.knobs["device_answers"] = (
                    self.knobs["device_answers"][1:])
                raise Refused(error, "As asked.")
            if now >= record["expires"]:
                raise Refused("expired_token", "The code has expired.")
            if hasty:
                record["interval"] += 5
                raise Refused("slow_down", "Too often.")
            if record["denied"]:
                raise Refused("access_denied", "The user said no.")
            if record["user"] is None:
                raise Refused("authorization_pending", "Nobody yet.")
            del self.devices[code]
            return self.new_family(client_id, record["user"],
                                   record["scopes"], False)

    def _revoke_all(self):
        for family in self.families:
            family.live = False
        self.codes.clear()
        self.access.clear()
        self.sessions.clear()
        self.pats.clear()

    def _mint(self, wish):
        scopes = tuple(wish.get("scope", "refresh_token").split())
        return self.new_family(
            wish.get("client_id", LOCAL_APPLICATION),
            wish.get("user", self.knobs["user"]), scopes,
            wish.get("single_use", False))

    # -- counters -------------------------------------------------------

    def reset_counters(self):
        with self.lock:
            self.counters = {
                "requests": 0, "authorize": 0, "token": {}, "token_ok": 0,
                "login": 0, "login_ok": 0, "query": 0, "query_ok": 0,
                "replays": 0, "tls_errors": 0, "device_hasty": 0}

    def bump(self, name):
        with self.lock:
            self.counters[name] += 1

    def bump_grant(self, grant):
        with self.lock:
            by_grant = self.counters["token"]
            by_grant[grant] = by_grant.get(grant, 0) + 1

    def snapshot(self):
        """What GET /__control shows.  No token is in it."""
        with self.lock:
            now = self.now()
            count = dict(self.counters, token=dict(self.counters["token"]))
            count["token_total"] = sum(count["token"].values())
            return {
                "now": now,
                "knobs": dict(self.knobs),
                "counters": count,
                "live_families": sum(f.live for f in self.families),
                "live_access_tokens": sum(
                    t.is_current() and t.expires > now
                    for t in self.access.values()),
                "live_sessions": sum(
                    s.expires > now for s in set(self.sessions.values())),
                "clients": sorted(self.clients),
            }

    # -- tokens ---------------------------------------------------------

    def new_code(self, **record):
        """A single-use authorization code (1.2, RFC 6749 4.1.2)."""
        code = "CANARY" + secrets.token_hex(17).upper()
        with self.lock:
            record["expires"] = self.now() + CODE_TTL
            self.codes[code] = record
        return code

    def take_code(self, code):
        """The code's record, which is gone from now on, or None."""
        with self.lock:
            record = self.codes.pop(code, None)
            if record is not None and record["expires"] <= self.now():
                return None
            return record

    def new_family(self, client_id, user, scopes, single_use):
        """The answer to a code exchange (1.5): username is in it."""
        with self.lock:
            family = Family(client_id, user, scopes, single_use)
            self.families.append(family)
            answer = self._issue(family, scopes)
            if "refresh_token" in scopes:
                answer.update(self._issue_refresh(family))
            answer["username"] = user
            return answer

    def redeem(self, client_id, token, scopes):
        """The answer to a refresh (1.5, 1.7), or None for a dead token."""
        with self.lock:
            held = self.refresh.get(token)
            if held is None or held.family.client_id != client_id:
                return None
            family = held.family
            if held.generation != family.generation:
                self.counters["replays"] += 1
                family.live = False
            if not family.live or held.expires <= self.now():
                return None
            if scopes is None:
                scopes = family.scopes
            elif not set(scopes) <= set(family.scopes):
                raise Refused("invalid_scope", "Scope exceeds the grant.")
            if not (family.single_use or self.knobs["single_use"]):
                return self._issue(family, scopes)
            family.generation += 1
            answer = self._issue(family, scopes)
            answer.update(self._issue_refresh(family))
            return answer

    def _issue(self, family, scopes):
        ttl = self.knobs["access_ttl"]
        token = token_text("ver:1-hint:%d-" % secrets.randbelow(10**12))
        self.access[token] = Issued(family, scopes, self.now() + ttl)
        return {"access_token": token, "token_type": "Bearer",
                "expires_in": ttl, "scope": " ".join(scopes),
                "idpInitiated": False}

    def _issue_refresh(self, family):
        ttl = self.knobs["refresh_ttl"]
        hint = secrets.randbelow(10**12)
        token = token_text("ver:2-hint:%d-did:" % hint)
        self.refresh[token] = Issued(family, family.scopes, self.now() + ttl)
        answer = {"refresh_token": token}
        if self.knobs["refresh_life_told"]:
            answer["refresh_token_expires_in"] = ttl
        return answer

    def bearer(self, token, kind):
        """(user, role) of an OAuth token or PAT, or Refused (1.6, 3).

        A token that is not even a string is as invalid as any.

        kind is OAUTH or PROGRAMMATIC_ACCESS_TOKEN.  394400 is the code of
        a refused PAT in the Python driver's fixtures.
        """
        if not isinstance(token, str):
            token = ""
        with self.lock:
            if kind == "PROGRAMMATIC_ACCESS_TOKEN":
                if token not in self.pats:
                    raise Refused("394400",
                                  "Programmatic access token is invalid.")
                return self.pats[token], None
            held = self.access.get(token)
            if held is None or not held.is_current():
                raise Refused("390303", "Invalid OAuth access token.")
            if held.expires <= self.now():
                raise Refused("390318", "OAuth access token expired.")
            return held.family.user, scopes_role(held.scopes)

    def assertion(self, token, audience):
        """The client id of a client assertion (RFC 7523 3), or ValueError.

        Strict: a life of a minute, a jti that was never used, and of the
        other claims exactly those.
        """
        with self.lock:
            clients = dict(self.clients)
        for client_id, client in clients.items():
            if client["key"] is None:
                continue
            try:
                header, claims = jws.verify(token, client["key"])
            except jws.BadToken:
                continue
            self._check_assertion(claims, client_id, audience)
            if header.get("kid") != client["kid"]:
                raise ValueError("kid")
            return client_id
        raise ValueError("nobody's signature")

    def _check_assertion(self, claims, client_id, audience):
        now = self.now()
        jti = claims.get("jti")
        if set(claims) != {"iss", "sub", "aud", "jti", "iat", "exp"}:
            raise ValueError("claims")
        if not (claims["iss"] == claims["sub"] == client_id
                and claims["aud"] == audience):
            raise ValueError("parties")
        if not (type(claims["iat"]) is int and type(claims["exp"]) is int
                and claims["iat"] <= now + 5 and now < claims["exp"]
                and claims["exp"] == claims["iat"] + 60):
            raise ValueError("times")
        with self.lock:
            if (not isinstance(jti, str) or len(jti) < 22
                    or jti in self.assertions):
                raise ValueError("jti")
            self.assertions.add(jti)

    def keypair(self, token):
        """The user of a key-pair JWT, or Refused (2).

        Strict: the claims are those of the SQL API's documentation (and
        the nbf of the Go driver), and the whole of them has to fit.
        """
        with self.lock:
            keys = dict(self.public_keys)
            account = self.knobs["account"]
        for user, pem in keys.items():
            try:
                _, claims = jws.verify(token, pem)
            except jws.BadToken:
                continue
            self._check_claims(claims, account, user, pem)
            return user
        raise Refused("390144", "JWT token is invalid.")

    def _check_claims(self, claims, account, user, pem):
        subject = claims.get("sub")
        start, stop = claims.get("iat"), claims.get("exp")
        if (not set(claims) <= {"iss", "sub", "iat", "exp", "nbf"}
                or type(start) is not int or type(stop) is not int
                or not isinstance(subject, str)):
            raise Refused("390144", "JWT token is invalid: claims.")
        name, _, login = subject.partition(".")
        if (login != user.upper() or not ACCOUNT_NAME.fullmatch(name)
                or account is not None and name != account.upper()
                or claims.get("iss") != "%s.%s" % (subject,
                                                   jws.fingerprint(pem))):
            raise Refused("390144", "JWT token is invalid: iss, sub.")
        if start > 10**11:
            start, stop = start / 1000, stop / 1000
        if not start - 60 <= self.now() < stop <= start + 3600:
            raise Refused("390144", "JWT token is invalid: iat, exp.")

    # -- sessions -------------------------------------------------------

    def new_session(self, user, role):
        """A session for a login; both its tokens lead to it."""
        with self.lock:
            session = Session(user, role, self.now(),
                              self.knobs["session_ttl"])
            self.sessions[session.token] = session
            self.sessions[session.master] = session
            return session

    def session(self, token):
        """The session of a session token, or Refused (1.6)."""
        with self.lock:
            session = self.sessions.get(token)
            if session is None or token != session.token:
                raise Refused("390111", "Session no longer exists.")
            if session.expires <= self.now():
                raise Refused("390112", "Your session has expired.")
            return session

    def renew_session(self, master):
        """New session token for a master token, or Refused (1.6)."""
        with self.lock:
            session = self.sessions.get(master)
            if session is None or master != session.master:
                raise Refused("390115", "Master token is invalid.")
            if session.master_expires <= self.now():
                raise Refused("390114", "Master token has expired.")
            del self.sessions[session.token]
            session.token = token_text("ver:3-hint:%d-" % session.number)
            session.expires = self.now() + self.knobs["session_ttl"]
            self.sessions[session.token] = session
            return session

    def end_session(self, session):
        with self.lock:
            self.sessions.pop(session.token, None)
            self.sessions.pop(session.master, None)
