# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the stand-in that uses tokens: login, query, SQL API.

Written from facts/snowflake.md 1.6, 1.8, 2 (headers), 3, 4 and 10: enough
for the stock drivers to log in and read one row, and for curl to see that
a token is accepted.
"""

import re
import uuid

from snowflake_oauth import Answer, json_answer
from snowflake_state import MASTER_TTL, Refused

TOKEN_TYPES = ("OAUTH", "PROGRAMMATIC_ACCESS_TOKEN")
SESSION_HEADER = re.compile(r'Snowflake Token="([^"]+)"')
SELECT = re.compile(r"\s*select\s+(.+?)\s*;?\s*", re.I | re.S)
USE_ROLE = re.compile(r'\s*use\s+role\s+"?([^";\s]+)"?\s*;?\s*', re.I)
ALTER_SESSION = re.compile(r"\s*alter\s+session\s+.+", re.I | re.S)


def success(data):
    return json_answer({"data": data, "code": None, "message": None,
                        "success": True})


def failure(refused, data=None):
    """HTTP 200, success false: how drivers are told (1.6)."""
    return json_answer({"data": data, "code": refused.code,
                        "message": _message(refused), "success": False,
                        "headers": None}, result=refused.code)


def _message(refused):
    return "%s [%s]" % (refused.message, uuid.uuid4())


# -- login --------------------------------------------------------------

def login(state, request):
    """POST /session/v1/login-request (1.8, 3, 4)."""
    state.bump("login")
    document = request.json()
    data = document.get("data")
    if not isinstance(data, dict):
        return failure(Refused("390100", "No login data."))
    request.note(_fields(data))
    method = _method(data)
    error = state.knob("login_error")
    if error in ("html", "503"):
        return Answer(503 if error == "503" else 200, b"<html></html>\n",
                      "text/html", result=error)
    try:
        if error is not None:
            raise Refused(error, "As asked.")
        user, role = _authenticate(state, method, data)
    except Refused as refused:
        return failure(refused, {"nextAction": "RETRY_LOGIN",
                                 "authnMethod": method,
                                 "signInOptions": {}})
    state.bump("login_ok")
    return success(_login_data(state, state.new_session(user, role)))


def _fields(data):
    """What the log may tell: the texts, and the tag of the session."""
    fields = {k: v for k, v in data.items() if isinstance(v, str)}
    parameters = data.get("SESSION_PARAMETERS")
    if isinstance(parameters, dict):
        tag = parameters.get("QUERY_TAG")
        if isinstance(tag, str):
            fields["QUERY_TAG"] = tag
    return fields


def _method(data):
    """AUTHENTICATOR; Go leaves it out of its native OAuth flows (1.8)."""
    method = data.get("AUTHENTICATOR")
    if method is None:
        return "OAUTH" if "TOKEN" in data else "SNOWFLAKE"
    return method.upper() if isinstance(method, str) else "UNKNOWN"


def _authenticate(state, method, data):
    account = state.knob("account")
    if account is not None and (
            str(data.get("ACCOUNT_NAME", "")).upper() != account.upper()):
        raise Refused("390201", "Unknown account.")
    name = data.get("LOGIN_NAME") or ""
    if not isinstance(name, str):
        raise Refused("390100", "LOGIN_NAME is not a string.")
    if method in TOKEN_TYPES:
        user, role = state.bearer(data.get("TOKEN"), method)
        if name and name.upper() != user.upper():
            raise Refused("390309", "The user you were trying to "
                          "authenticate as differs from the user tied to "
                          "the access token.")
        return user, role
    if method == "SNOWFLAKE_JWT":
        user = state.keypair(data.get("TOKEN"))
        if name.upper() != user.upper():
            raise Refused("390144", "JWT token is invalid: LOGIN_NAME.")
        return user, None
    if method == "SNOWFLAKE":
        return _password(state, name, data.get("PASSWORD")), None
    raise Refused("390190", "Authenticator is not supported.")


def _password(state, name, password):
    """A password, or a PAT in its place (3)."""
    if not isinstance(password, str):
        password = ""
    for user, expected in state.passwords.items():
        if user.upper() == name.upper() and password == expected:
            return user
    owner = state.pats.get(password)
    if owner is not None and owner.upper() == name.upper():
        return owner
    raise Refused("390100", "Incorrect username or password was specified.")


def _login_data(state, session):
    return {
        "token": session.token,
        "masterToken": session.master,
        "validityInSeconds": state.knob("session_ttl"),
        "masterValidityInSeconds": MASTER_TTL,
        "displayUserName": state.knob("login_as") or session.user,
        "serverVersion": "9.0.0",
        "firstLogin": False,
        "remMeToken": None,
        "remMeValidityInSeconds": 0,
        "healthCheckInterval": 45,
        "newClientForUpgrade": None,
        "sessionId": session.number,
        "parameters": [],
        "sessionInfo": {"databaseName": None, "schemaName": None,
                        "warehouseName": None,
                        "roleName": state.knob("login_role")
                        or session.role or "PUBLIC"},
        "idToken": None,
        "mfaToken": None,
        "responseData": None,
    }


# -- sessions -----------------------------------------------------------

def _session_token(request):
    """The driver's header (2): Authorization: Snowflake Token="..."."""
    match = SESSION_HEADER.fullmatch(
        request.headers.get("Authorization", ""))
    if match is None:
        raise Refused("390101", "Authorization header not found.")
    return match.group(1)


def renew(state, request):
    """POST /session/token-request, with the master token."""
    if request.json().get("requestType") not in ("RENEW", "CLONE", "ISSUE"):
        return failure(Refused("390000", "Unknown request type."))
    try:
        session = state.renew_session(_session_token(request))
    except Refused as refused:
        return failure(refused)
    return success({"sessionToken": session.token,
                    "validityInSecondsST": state.knob("session_ttl"),
                    "masterToken": session.master,
                    "validityInSecondsMT": MASTER_TTL,
                    "sessionId": session.number})


def logout(state, request):
    """DELETE /session, or what drivers send: POST /session?delete=true."""
    if (request.method == "POST"
            and "delete=true" not in (request.query or "").split("&")):
        return failure(Refused("390000", "Nothing to do."))
    try:
        state.end_session(state.session(_session_token(request)))
    except Refused as refused:
        return failure(refused)
    return success(None)


def session_ping(state, request):
    """Heartbeat and telemetry: only the session is looked at."""
    try:
        state.session(_session_token(request))
    except Refused as refused:
        return failure(refused)
    return success(None)


# -- queries ------------------------------------------------------------

def evaluate(text, user, role):
    """(column names, one row) for a statement, or Refused.

    A SELECT list of current_user(), current_role(), numbers and quoted
    strings is understood; anything else in it comes back as its own text.
    """
    match = SELECT.fullmatch(text)
    if match is None:
        if USE_ROLE.fullmatch(text) or ALTER_SESSION.fullmatch(text):
            return ["status"], ["Statement executed successfully."]
        raise Refused("001003", "SQL compilation error: syntax error.")
    known = {"CURRENT_USER()": user, "CURRENT_ROLE()": role or "PUBLIC"}
    names, row = [], []
    for item in match.group(1).split(","):
        item = item.strip()
        names.append(item.upper())
        if re.fullmatch(r"'[^']*'", item):
            row.append(item[1:-1])
        else:
            row.append(known.get(item.upper(), item))
    return names, row


def _row_type(names):
    return [{"name": name, "type": "text", "length": 16777216,
             "byteLength": 16777216, "precision": None, "scale": None,
             "nullable": True, "database": "", "schema": "", "table": "",
             "collation": None} for name in names]


def query(state, request):
    """POST /queries/v1/query-request: the drivers' result shape."""
    state.bump("query")
    text = request.json().get("sqlText")
    try:
        session = state.session(_session_token(request))
        if not isinstance(text, str):
            raise Refused("000900", "No SQL text.")
        names, row = evaluate(text, session.user, session.role)
    except Refused as refused:
        return failure(refused, {"sqlState": "42000"})
    match = USE_ROLE.fullmatch(text)
    if match is not None:
        session.role = match.group(1)
    state.bump("query_ok")
    return success({
        "parameters": [], "rowtype": _row_type(names), "rowset": [row],
        "total": 1, "returned": 1, "queryId": str(uuid.uuid4()),
        "databaseProvider": None, "finalDatabaseName": None,
        "finalSchemaName": None, "finalWarehouseName": None,
        "finalRoleName": session.role or "PUBLIC", "numberOfBinds": 0,
        "arrayBindSupported": False, "statementTypeId": 4096, "version": 1,
        "sendResultTime": int(state.now() * 1000),
        "queryResultFormat": "json"})


def statements(state, request):
    """POST /api/v2/statements: the SQL API, by bearer token (2)."""
    state.bump("query")
    try:
        user, role = _bearer(state, request)
    except Refused as refused:
        return json_answer({"code": refused.code,
                            "message": _message(refused)}, 401,
                           result=refused.code)
    text = request.json().get("statement")
    try:
        if not isinstance(text, str):
            raise Refused("391911", "No statement.")
        names, row = evaluate(text, user, role)
    except Refused as refused:
        return json_answer({"code": refused.code, "sqlState": "42000",
                            "message": refused.message}, 422,
                           result=refused.code)
    state.bump("query_ok")
    handle = str(uuid.uuid4())
    return json_answer({
        "resultSetMetaData": {
            "numRows": 1, "format": "jsonv2",
            "partitionInfo": [{"rowCount": 1, "uncompressedSize": 16}],
            "rowType": _row_type(names)},
        "data": [row], "code": "090001", "statementStatusUrl":
            "/api/v2/statements/" + handle,
        "requestId": str(uuid.uuid4()), "sqlState": "00000",
        "statementHandle": handle,
        "message": "Statement executed successfully.",
        "createdOn": int(state.now() * 1000)})


def _bearer(state, request):
    """Without the type header every kind is tried, OAuth's error wins."""
    invalid = Refused("390303", "Invalid OAuth access token.")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or token == "":
        raise invalid
    kind = request.headers.get("X-Snowflake-Authorization-Token-Type")
    if kind == "KEYPAIR_JWT" or kind is None and token.count(".") == 2:
        return state.keypair(token), None
    if kind is None:
        kind = "PROGRAMMATIC_ACCESS_TOKEN" if token in state.pats else "OAUTH"
    if kind not in TOKEN_TYPES:
        raise invalid
    return state.bearer(token, kind)
