# SPDX-License-Identifier: GPL-3.0-or-later
"""The OAuth half of the stand-in: /oauth/authorize, /oauth/token-request.

/idp/token is the endpoint of another identity provider, whose tokens
Snowflake takes as well (External OAuth): it serves client_credentials, and
with /idp/device the login by a code (RFC 8628).

Written from facts/snowflake.md section 1, RFC 6749 and RFC 7636, and
stricter than Snowflake where that catches a client's mistake: parameters
must be form-encoded, known and single.
"""

import base64
import binascii
import html
import json
import re
from urllib.parse import unquote_to_bytes, urlencode

from snowflake_state import LOCAL_APPLICATION, Refused, s256, scopes_role

FORM_TYPE = "application/x-www-form-urlencoded"
BIG_BODY = 10 * 1024 * 1024

FORM_WORD = re.compile(rb"(?:[A-Za-z0-9*._~+-]|%[0-9A-Fa-f]{2})*")
REDIRECT = re.compile(
    r"http://127\.0\.0\.1(?::([1-9][0-9]{0,4}))?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?")
PLAIN_ROLE = re.compile(r"session:role:[-_A-Za-z0-9]+")
ENCODED_ROLE = re.compile(
    r"session:role-encoded:(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
STATE_MAX = 2048

AUTHORIZE_FIELDS = {"client_id", "response_type", "redirect_uri", "scope",
                    "state", "code_challenge", "code_challenge_method"}
CLIENT_FIELDS = {"grant_type", "client_id", "client_secret",
                 "client_assertion", "client_assertion_type"}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANT_FIELDS = {
    "authorization_code": {"code", "redirect_uri", "code_verifier", "scope",
                           "enable_single_use_refresh_tokens"},
    "refresh_token": {"refresh_token", "scope"},
    "client_credentials": {"scope"},
    "urn:ietf:params:oauth:grant-type:device_code": {"device_code"},
}
SNOWFLAKE_GRANTS = ("authorization_code", "refresh_token")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
IDP_GRANTS = SNOWFLAKE_GRANTS + ("client_credentials", DEVICE_GRANT)


class Answer:
    """An HTTP answer; misbehave is None, "hang" or "close_early"."""

    def __init__(self, status, body=b"", ctype="application/json",
                 headers=(), result="ok", misbehave=None):
        self.status = status
        self.body = body
        self.ctype = ctype
        self.headers = headers
        self.result = result
        self.misbehave = misbehave


def json_answer(document, status=200, result="ok", headers=()):
    return Answer(status, json.dumps(document).encode(), headers=headers,
                  result=result)


def parse_form(data):
    """Fields of form-encoded bytes (RFC 6749 appendix B), or Refused."""
    fields = {}
    for pair in data.split(b"&") if data else []:
        name, equals, value = pair.partition(b"=")
        if not (equals and name and FORM_WORD.fullmatch(name)
                and FORM_WORD.fullmatch(value)):
            raise Refused("invalid_request", "Not form-encoded.")
        name, value = _decode_word(name), _decode_word(value)
        if name in fields:
            raise Refused("invalid_request",
                          "Duplicate parameter: %s." % name)
        fields[name] = value
    return fields


def _decode_word(word):
    try:
        return unquote_to_bytes(word.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("invalid_request", "Not UTF-8.") from None


# -- authorize ----------------------------------------------------------

def authorize(state, request):
    """GET /oauth/authorize (1.2): a redirect, or an error page.

    Nothing is redirected to an address that was not checked.  The user is
    logged in already, as the knob `user`.
    """
    state.bump("authorize")
    try:
        fields = parse_form(request.query.encode("ascii", "replace"))
        request.note(fields)
        _check_authorize(state, fields)
    except Refused as refused:
        return _error_page(refused)
    fault = state.take_fault("authorize_error", "authorize_count")
    if fault == "deny":
        return _back(fields, "access_denied",
                     error="access_denied",
                     error_description=state.knob("deny_description"))
    if fault is not None and fault.startswith("error:"):
        return _back(fields, fault, error=fault[6:])
    try:
        scopes = parse_scope(state, fields.get("scope"),
                             fields["client_id"])
    except Refused as refused:
        return _back(fields, "invalid_scope", error="invalid_scope",
                     error_description=refused.message)
    code = state.new_code(
        client_id=fields["client_id"], scopes=scopes,
        redirect_uri=fields["redirect_uri"], user=state.knob("user"),
        challenge=fields["code_challenge"])
    if fault == "wrong_state":
        fields = dict(fields, state="not-" + fields["state"])
    return _back(fields, "code", code=code, scope=" ".join(scopes))


def _check_authorize(state, fields):
    """Refuse with the numbers of 1.6."""
    unknown = set(fields) - AUTHORIZE_FIELDS
    if unknown:
        raise Refused("invalid_request",
                      "Unknown parameter: %s." % sorted(unknown)[0])
    client = state.clients.get(fields.get("client_id"))
    if client is None:
        raise Refused("390306", "Invalid client id.")
    if not is_redirect(client, fields.get("redirect_uri", "")):
        raise Refused("390307", "Invalid redirect URI.")
    if fields.get("response_type") != "code":
        raise Refused("390304", "Invalid response type.")
    given = fields.get("state", "")
    if not (given.isascii() and given.isprintable()
            and 0 < len(given) <= STATE_MAX):
        raise Refused("390305", "Invalid state.")
    if (fields.get("code_challenge_method") != "S256"
            or not CHALLENGE.fullmatch(fields.get("code_challenge", ""))):
        raise Refused("390311", "Invalid code challenge.")


def is_redirect(client, uri):
    """127.0.0.1 over http only (1.1), or one of those registered."""
    if client["redirect_uris"] is not None:
        return uri in client["redirect_uris"]
    match = REDIRECT.fullmatch(uri)
    return match is not None and int(match.group(1) or 80) <= 65535


def parse_scope(state, text, client_id):
    """The scopes of a request as a tuple (1.3), or Refused."""
    if text is None or text == "":
        return ()
    scopes = tuple(text.split(" "))
    roles = 0
    for scope in scopes:
        if scope == "refresh_token":
            continue
        roles += 1
        if scope == "session:role-any" and client_id != LOCAL_APPLICATION:
            continue
        if not (PLAIN_ROLE.fullmatch(scope) or _is_encoded_role(scope)):
            raise Refused("invalid_scope",
                          "The requested scope is invalid.")
    if roles > 1 or len(set(scopes)) != len(scopes):
        raise Refused("invalid_scope", "The requested scope is invalid.")
    if scopes_role(scopes) in state.knob("blocked_roles"):
        raise Refused("invalid_scope", "The requested role is blocked.")
    return scopes


def _is_encoded_role(scope):
    if not ENCODED_ROLE.fullmatch(scope):
        return False
    try:
        unquote_to_bytes(scope).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _back(fields, outcome, **answer):
    """Redirect with code, state, scope, or error..., state (1.2)."""
    items = list(answer.items())
    items.insert(1 if "code" in answer else len(items),
                 ("state", fields["state"]))
    joint = "&" if "?" in fields["redirect_uri"] else "?"
    where = fields["redirect_uri"] + joint + urlencode(items)
    return Answer(302, b"", "text/html; charset=utf-8",
                  [("Location", where), ("Cache-Control", "no-store")],
                  result=outcome)


def _error_page(refused):
    page = "<!DOCTYPE html><title>Error</title><h1>%s</h1><p>%s</p>\n" % (
        html.escape(refused.code), html.escape(refused.message))
    return Answer(400, page.encode(), "text/html; charset=utf-8",
                  result=refused.code)


# -- token --------------------------------------------------------------

def token_request(state, request):
    """POST /oauth/token-request: Snowflake's own two grants (1.4)."""
    return _token(state, request, SNOWFLAKE_GRANTS)


def idp_token(state, request):
    """POST /idp/token: another provider, with more grants."""
    return _token(state, request, IDP_GRANTS)


def _token(state, request, grants):
    """A token request, with the knobs' faults."""
    fault = state.take_fault("token_error", "count")
    fields = {}
    try:
        fields = parse_form(request.body)
    except Refused as refused:
        state.bump_grant("none")
        return _token_error(refused)
    request.note(fields)
    state.bump_grant(fields.get("grant_type", "none"))
    state.pause("latency_ms")
    answer = _early_fault(fault, fields)
    if answer is not None:
        return answer
    try:
        _check_request(request)
        document = _grant(state, request, fields, grants, fault)
    except Refused as refused:
        return _token_error(refused)
    state.bump("token_ok")
    state.pause("answer_latency_ms")
    return _late_fault(fault, document)


def _early_fault(fault, fields):
    """Faults that leave the grant as it was; None for the others."""
    if fault is None:
        return None
    if fault == "html":
        return Answer(200, b"<html><body>Please log in to the network."
                      b"</body></html>\n", "text/html", result=fault)
    if fault == "empty":
        return Answer(400, result=fault)
    if fault == "hang":
        return Answer(200, misbehave="hang", result=fault)
    if fault == "invalid_client":
        return _token_error(
            Refused("invalid_client", "This is an invalid client."))
    if fault == "invalid_grant":
        return _token_error(_dead_grant())
    if fault.startswith("error:"):
        return _token_error(Refused(fault[6:], "As asked."))
    if fault.startswith("number:"):
        return json_answer({"data": None, "message": "As asked.",
                            "code": fault[7:], "success": False},
                           result=fault)
    if fault == "echo":
        told = [fields[name] for name in
                ("refresh_token", "code", "code_verifier", "client_secret",
                 "client_assertion", "device_code")
                if name in fields]
        return _token_error(
            Refused("invalid_request", "Cannot use " + " ".join(told)))
    if fault.startswith("redirect:"):
        return Answer(307, headers=[("Location", fault[9:])], result=fault)
    if fault.isdigit():
        return Answer(int(fault), b"Service trouble\n", "text/plain",
                      result=fault)
    return None


def _late_fault(fault, document):
    """The good answer, or the good answer spoilt: it *was* redeemed."""
    headers = [("Cache-Control", "no-store"), ("Pragma", "no-cache")]
    if fault == "newline_token":
        document["access_token"] += "\nusername=MALLORY\n"
    elif fault == "no_access_token":
        del document["access_token"]
    elif fault == "missing_expires":
        del document["expires_in"]
    elif fault == "no_refresh_token":
        document.pop("refresh_token", None)
        document.pop("refresh_token_expires_in", None)
    elif fault == "big":
        document["padding"] = "x" * BIG_BODY
    answer = json_answer(document, headers=headers, result=fault or "ok")
    if fault == "bad_json":
        answer.body = answer.body[:len(answer.body) // 2]
    elif fault == "close_early":
        answer.misbehave = "close_early"
    return answer


def _token_error(refused):
    """Both body shapes of 1.6: Snowflake's own and RFC 6749's."""
    if refused.code == "invalid_client":
        document = {"data": None, "message": refused.message, "code": None,
                    "success": False, "error": refused.code}
    else:
        document = {"error": refused.code,
                    "error_description": refused.message}
    return json_answer(document, 400, result=refused.code)


def _dead_grant():
    return Refused("invalid_grant", "Unknown or invalid refresh token.")


def _check_request(request):
    """Media types and URL of 1.4."""
    if request.query is not None:
        raise Refused("invalid_request", "No query string is allowed.")
    ctype = request.headers.get("Content-Type", "")
    kind, _, rest = ctype.partition(";")
    if (kind.strip().lower() != FORM_TYPE
            or rest.strip().lower() not in ("", "charset=utf-8")):
        raise Refused("invalid_request", "Wrong Content-Type.")
    accepted = [item.partition(";")[0].strip().lower() for item
                in request.headers.get("Accept", "").split(",")]
    if "application/json" not in accepted:
        raise Refused("invalid_request", "Accept lacks application/json.")


def _client(state, request, fields):
    """The authenticated client's id (1.4, RFC 6749 2.3.1), or Refused."""
    invalid = Refused("invalid_client", "This is an invalid client.")
    header = request.headers.get("Authorization")
    client_id = fields.get("client_id")
    secret = fields.get("client_secret")
    if "client_assertion" in fields or "client_assertion_type" in fields:
        if header is not None or secret is not None:
            raise Refused("invalid_request",
                          "Two ways of client authentication.")
        return _asserted(state, request, fields)
    if header is not None:
        if secret is not None:
            raise Refused("invalid_request",
                          "Two ways of client authentication.")
        try:
            basic_id, secret = _basic(header)
        except ValueError:
            raise invalid from None
        if client_id not in (None, basic_id):
            raise invalid
        client_id = basic_id
    client = state.clients.get(client_id)
    if client is None:
        raise invalid
    if secret is None:
        if not client["public"]:
            raise invalid
    elif secret != client["secret"]:
        raise invalid
    return client_id


def _asserted(state, request, fields):
    """The client id that a client assertion proves, or Refused."""
    scheme = "https" if request.server.tls is not None else "http"
    audience = "%s://%s%s" % (scheme, request.headers["Host"],
                              "/idp/token" if request.route == "/idp/device"
                              else request.route)
    try:
        if fields.get("client_assertion_type") != ASSERTION_TYPE:
            raise ValueError("type")
        client_id = state.assertion(fields.get("client_assertion", ""),
                                    audience)
        if fields.get("client_id", client_id) != client_id:
            raise ValueError("client_id")
    except ValueError as error:
        raise Refused("invalid_client",
                      "Bad assertion: %s." % error) from None
    return client_id


def _basic(header):
    """base64(urlencode(id) ":" urlencode(secret)), strictly."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise ValueError("not Basic")
    try:
        pair = base64.b64decode(value.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64") from None
    words = pair.split(b":")
    if len(words) != 2 or not all(FORM_WORD.fullmatch(w) for w in words):
        raise ValueError("not form-encoded")
    try:
        return tuple(_decode_word(word) for word in words)
    except Refused:
        raise ValueError("not UTF-8") from None


def _grant(state, request, fields, grants, fault):
    grant = fields.get("grant_type")
    if grant is None:
        raise Refused("invalid_request", "grant_type is missing.")
    client_id = _client(state, request, fields)
    if grant not in grants:
        raise Refused("unsupported_grant_type",
                      "Only %s." % " and ".join(grants))
    unknown = set(fields) - CLIENT_FIELDS - GRANT_FIELDS[grant]
    if unknown:
        raise Refused("invalid_request",
                      "Unknown parameter: %s." % sorted(unknown)[0])
    if grant == "refresh_token":
        return _refresh(state, client_id, fields)
    if grant == DEVICE_GRANT:
        return _device_token(state, client_id, fields)
    if grant == "client_credentials":
        return _machine(state, client_id, fields)
    return _exchange(state, client_id, fields, fault)


def _exchange(state, client_id, fields, fault):
    """authorization_code: the code dies with its first use, good or bad."""
    for name in ("code", "redirect_uri", "code_verifier"):
        if not fields.get(name):
            raise Refused("invalid_request", "%s is missing." % name)
    single_use = fields.get("enable_single_use_refresh_tokens", "false")
    if single_use not in ("true", "false"):
        raise Refused("invalid_request",
                      "enable_single_use_refresh_tokens is not a boolean.")
    record = state.take_code(fields["code"])
    if (record is None or record["client_id"] != client_id
            or record["redirect_uri"] != fields["redirect_uri"]):
        raise Refused("invalid_grant",
                      "Unknown or invalid authorization code.")
    verifier = fields["code_verifier"]
    if (not VERIFIER.fullmatch(verifier)
            or s256(verifier) != record["challenge"]):
        raise Refused("invalid_grant", "PKCE verification failed.")
    user = record["user"]
    if fault is not None and fault.startswith("wrong_user:"):
        user = fault.partition(":")[2]
    return state.new_family(client_id, user, record["scopes"],
                            single_use == "true")


def _refresh(state, client_id, fields):
    """refresh_token: scope only within what was granted (RFC 6749 6)."""
    token = fields.get("refresh_token")
    if not token:
        raise Refused("invalid_request", "refresh_token is missing.")
    scopes = None
    if fields.get("scope"):
        scopes = parse_scope(state, fields["scope"], client_id)
    document = state.redeem(client_id, token, scopes)
    if document is None:
        raise _dead_grant()
    return document


def _machine(state, client_id, fields):
    """client_credentials (RFC 6749 4.4): for clients that can keep a secret,
    and without a refresh token unless a knob makes the server that wrong."""
    client = state.clients[client_id]
    if client["public"]:
        raise Refused("unauthorized_client", "A public client has no user.")
    scopes = parse_scope(state, fields.get("scope"), client_id)
    if "refresh_token" in scopes:
        raise Refused("invalid_scope", "The requested scope is invalid.")
    if state.knob("machine_refresh"):
        scopes = ("refresh_token",) + tuple(scopes)
    document = state.new_family(client_id, client["user"] or client_id,
                                scopes, False)
    del document["username"]
    return document


# -- the login by a code (RFC 8628) --------------------------------------

def device(state, request):
    """POST /idp/device: the codes (3.1, 3.2), with the knobs' faults."""
    fault = state.take_fault("device_error", "device_count")
    try:
        fields = parse_form(request.body)
        request.note(fields)
        _check_request(request)
        client_id = _client(state, request, fields)
        unknown = set(fields) - CLIENT_FIELDS - {"scope"} | (
            set(fields) & {"grant_type"})
        if unknown:
            raise Refused("invalid_request",
                          "Unknown parameter: %s." % sorted(unknown)[0])
        if fault is not None and fault.startswith("error:"):
            raise Refused(fault[6:], "As asked.")
        scopes = parse_scope(state, fields.get("scope"), client_id)
    except Refused as refused:
        return _token_error(refused)
    where = "http://%s/idp/activate" % request.headers["Host"]
    document = state.new_device(client_id, scopes, where)
    if fault == "escape":
        document["user_code"] = "AB\033[2J"
    elif fault == "bad_uri":
        document["verification_uri"] = "javascript:alert(1)"
    elif fault == "no_complete":
        del document["verification_uri_complete"]
    elif fault == "message":
        document["message"] = "To sign in, open the page."
    return json_answer(document, headers=[("Cache-Control", "no-store")],
                       result=fault or "ok")


def _device_token(state, client_id, fields):
    """The grant (3.4) and its four errors (3.5)."""
    code = fields.get("device_code")
    if not code:
        raise Refused("invalid_request", "device_code is missing.")
    return state.poll_device(client_id, code)
