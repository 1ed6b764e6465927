#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""glewlwyd, a real OAuth 2 server, in a directory of its own.

    glewlwyd.py DIR

Makes an sqlite database of the packaged schema in DIR, a certificate and a
configuration, starts glewlwyd on a free port of 127.0.0.1 with TLS, and sets
up over its administration API: one scope, the person in PERSON, and the
clients of clients().  Then it writes DIR/ready, a JSON object with all that a
test has to know, and stays until it gets SIGTERM or glewlwyd ends.  What
glewlwyd says is in DIR/glewlwyd.log.
"""

import gzip
import http.cookiejar
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

SCHEMA = "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"
MODULES = "/usr/lib/glewlwyd"
ADMIN = {"username": "admin", "password": "password"}   # of the schema
PERSON = {"username": "alice", "password": "correct horse battery staple"}
SCOPE = "session:role:ANALYST"    # as Snowflake wants it of a provider
TRIES = 5
START_SECONDS = 20

CONFIGURATION = """\
port = %(port)d
bind_address = "127.0.0.1"
external_url = "%(url)s"
login_url = "login.html"
api_prefix = "api"
log_mode = "file"
log_level = "INFO"
log_file = "%(dir)s/glewlwyd.log"
cookie_secure = 1
user_module_path = "%(modules)s/user"
client_module_path = "%(modules)s/client"
user_auth_scheme_module_path = "%(modules)s/scheme"
plugin_module_path = "%(modules)s/plugin"
use_secure_connection = true
secure_connection_key_file = "%(dir)s/key.pem"
secure_connection_pem_file = "%(dir)s/cert.pem"
hash_algorithm = "SHA512"
database =
{
  type = "sqlite3"
  path = "%(dir)s/database"
};
"""

PLUGIN = {
    "module": "oidc",
    "name": "oidc",
    "display_name": "oidc",
    "enabled": True,
    "parameters": {
        "jwt-type": "sha",
        "jwt-key-size": "256",
        "code-duration": 60,
        "access-token-duration": 600,
        "refresh-token-duration": 3600,
        "refresh-token-rolling": True,
        "refresh-token-one-use": "always",
        "allow-non-oidc": True,
        "auth-type-code-enabled": True,
        "auth-type-code-revoke-replayed": True,
        "auth-type-token-enabled": False,
        "auth-type-password-enabled": False,
        "auth-type-client-enabled": True,
        "auth-type-device-enabled": True,
        "auth-type-refresh-enabled": True,
        "request-parameter-allow": True,
        "request-maximum-exp": 120,
        "client-pubkey-parameter": "pubkey",
        "pkce-allowed": True,
        "pkce-method-plain-allowed": False,
        "pkce-required": True,
        "pkce-required-public-client": True,
        "device-authorization-expiration": 60,
        "device-authorization-interval": 1,
        "session-cookie-name": "GLEWLWYD2_OIDC_SESSION_ID",
        "session-cookie-expiration": 600,
    },
}


class Trouble(Exception):
    """What ends the program with a message."""


def free_port():
    """A port that nobody has, and that the kernel gives to nobody by itself,
    so that it stays free until it is bound."""
    with open("/proc/sys/net/ipv4/ip_local_port_range",
              encoding="ascii") as file:
        first = int(file.read().split()[0])
    while True:
        port = random.randrange(first // 2, first)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Browser:
    """HTTP with cookies; redirects are not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_args):
            return None

    def __init__(self, ca):
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.HTTPSHandler(
                context=ssl.create_default_context(cafile=ca)),
            self.Stay())

    def ask(self, method, url, body=None, headers=None):
        """(status, headers, text); body is sent as JSON."""
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self.send(urllib.request.Request(
            url, data=body, headers=headers, method=method))

    def post_form(self, url, fields):
        """The same for a form; the Content-Type is urllib's default."""
        return self.send(urllib.request.Request(
            url, data=urllib.parse.urlencode(fields).encode()))

    def send(self, request):
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def must(self, method, url, body=None):
        status, _, text = self.ask(method, url, body)
        if status != 200:
            raise Trouble("%s %s: %d %s" % (method, url, status, text))
        return text


def make_database(path):
    with gzip.open(SCHEMA, "rt", encoding="utf-8") as schema, \
            sqlite3.connect(path) as database:
        database.executescript(schema.read())


def make_certificate(where):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=glewlwyd in a test",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", where + "/key.pem", "-out", where + "/cert.pem"],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


def make_key(path):
    """A key of a client; returns its public half."""
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-out", path],
        check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return subprocess.run(
        ["openssl", "pkey", "-in", path, "-pubout"], check=True,
        stdout=subprocess.PIPE).stdout.decode()


def start(where, port):
    """glewlwyd at the port, or None when it ended instead of answering."""
    url = "https://127.0.0.1:%d" % port
    with open(where + "/glewlwyd.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION % {"port": port, "url": url, "dir": where,
                                    "modules": MODULES})
    with open(where + "/glewlwyd.out", "ab") as out:
        process = subprocess.Popen(
            ["glewlwyd", "--config-file=" + where + "/glewlwyd.conf"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    browser = Browser(where + "/cert.pem")
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            browser.ask("GET", url + "/config")
            return process
        except OSError:
            time.sleep(0.02)
    stop(process)
    return None


def stop(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def clients(redirect_uri, secret, public_key):
    """A person's program, a machine with a secret and one with a key, and a
    program without a browser."""
    return [
        {"client_id": "desktop", "confidential": False,
         "redirect_uri": [redirect_uri],
         "authorization_type": ["code", "refresh_token"]},
        {"client_id": "machine", "confidential": True,
         "client_secret": secret, "scope": [SCOPE],
         "token_endpoint_auth_method": ["client_secret_basic"],
         "authorization_type": ["client_credentials"]},
        {"client_id": "signer", "confidential": True,
         "pubkey": public_key, "scope": [SCOPE],
         "token_endpoint_auth_method": ["private_key_jwt"],
         "authorization_type": ["client_credentials"]},
        {"client_id": "device", "confidential": False,
         "authorization_type": ["device_authorization", "refresh_token"]},
    ]


def set_up(url, where, redirect_uri, secret):
    admin = Browser(where + "/cert.pem")
    admin.must("POST", url + "/api/auth/", ADMIN)
    admin.must("POST", url + "/api/scope/",
               {"name": SCOPE, "password_required": True,
                "password_max_age": 0})
    admin.must("POST", url + "/api/user/",
               dict(PERSON, enabled=True,
                    scope=["g_profile", "openid", SCOPE]))
    public_key = make_key(where + "/signer.pem")
    for client in clients(redirect_uri, secret, public_key):
        admin.must("POST", url + "/api/client/",
                   dict(client, name=client["client_id"], enabled=True))
    plugin = dict(PLUGIN, parameters=dict(
        PLUGIN["parameters"], iss=url, key=secrets.token_hex(32)))
    admin.must("POST", url + "/api/mod/plugin/", plugin)


def write_ready(where, ready):
    """Through a rename, so that who sees it sees it all."""
    with open(where + "/ready.new", "w", encoding="ascii") as file:
        json.dump(ready, file)
    os.rename(where + "/ready.new", where + "/ready")


def interrupted(*_args):
    raise Trouble("asked to end")


def serve(where):
    make_database(where + "/database")
    make_certificate(where)
    process = None
    for _ in range(TRIES):
        port = free_port()
        process = start(where, port)
        if process is not None:
            break
    if process is None:
        raise Trouble("glewlwyd does not start; see %s" % where)
    try:
        url = "https://127.0.0.1:%d" % port
        redirect_uri = "http://127.0.0.1:%d/" % free_port()
        secret = secrets.token_urlsafe(24)
        set_up(url, where, redirect_uri, secret)
        write_ready(where, {
            "url": url, "api": url + "/api/oidc", "ca": where + "/cert.pem",
            "redirect_uri": redirect_uri, "machine_secret": secret,
            "signer_key": where + "/signer.pem", "scope": SCOPE,
            "person": PERSON})
        process.wait()
        raise Trouble("glewlwyd ended by itself")
    finally:
        stop(process)


def main(argv):
    if len(argv) != 2:
        print("usage: glewlwyd.py DIR", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, interrupted)
    try:
        serve(os.path.abspath(argv[1]))
    except (Trouble, OSError, subprocess.SubprocessError) as error:
        print("glewlwyd.py: %s" % error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
