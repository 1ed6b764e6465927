#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted browser for login tests: BROWSER="python3 /abs/browser.py".

    browser.py URL

Follows redirects from the one-shot loopback URL over the authorization
server to the callback; exits 0 when the last status is 200.  Plain http is
spoken to 127.0.0.1 only, https with the CA in COCO_TEST_CA.  Environment:

    COCO_TEST_CA               PEM file to verify https servers with
    COCO_TEST_BROWSER_OUT      file for the last answer (status line,
                               headers, blank line, body)
    COCO_TEST_BROWSER_URLS     file for the visited URLs, one per line; the
                               first is what was in argv
    COCO_TEST_BROWSER_FAVICON  1: ask the callback's port for /favicon.ico
                               before the callback, as browsers may
"""

import http.client
import os
import ssl
import sys
from urllib.parse import parse_qs, urljoin, urlsplit

REDIRECTS_MAX = 10
BODY_MAX = 16 * 1024 * 1024
TIMEOUT = 30
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) coco-test-browser",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
}


class Trouble(Exception):
    """Something a browser would show an error page for."""


def connect(url):
    """A connection that the rules of the module's text allow."""
    if url.username is not None or url.hostname is None:
        raise Trouble("refused URL")
    if url.scheme == "http":
        if url.hostname != "127.0.0.1":
            raise Trouble("plain http to " + url.hostname)
        return http.client.HTTPConnection(url.hostname, url.port or 80,
                                          timeout=TIMEOUT)
    if url.scheme == "https":
        context = ssl.create_default_context(
            cafile=os.environ.get("COCO_TEST_CA"))
        return http.client.HTTPSConnection(url.hostname, url.port or 443,
                                           timeout=TIMEOUT, context=context)
    raise Trouble("scheme " + url.scheme)


def fetch(url, target=None):
    """(answer, body) of one GET; target replaces the URL's own."""
    if target is None:
        target = url.path or "/"
        if url.query:
            target += "?" + url.query
    connection = connect(url)
    try:
        connection.request("GET", target, headers=HEADERS)
        answer = connection.getresponse()
        return answer, answer.read(BODY_MAX)
    finally:
        connection.close()


def is_callback(url):
    keys = parse_qs(url.query)
    return (url.scheme == "http" and "state" in keys
            and ("code" in keys or "error" in keys))


def write_whole(name, data):
    """Through a rename, so that a test that sees the file sees it all."""
    path = os.environ.get(name)
    if not path:
        return
    temporary = "%s.%d" % (path, os.getpid())
    with open(temporary, "wb") as file:
        file.write(data)
    os.rename(temporary, path)


def browse(address, visited):
    """The last answer and its body; visited collects the URLs."""
    favicon = os.environ.get("COCO_TEST_BROWSER_FAVICON") == "1"
    while True:
        visited.append(address)
        if len(visited) > REDIRECTS_MAX + 1:
            raise Trouble("too many redirects")
        url = urlsplit(address)
        if favicon and is_callback(url):
            fetch(url, "/favicon.ico")
        answer, body = fetch(url)
        where = answer.getheader("Location")
        if answer.status not in (301, 302, 303, 307, 308) or where is None:
            return answer, body
        address = urljoin(address, where)


def main(argv):
    if len(argv) != 2:
        print("usage: browser.py URL", file=sys.stderr)
        return 2
    visited = []
    try:
        answer, body = browse(argv[1], visited)
    except (Trouble, OSError, ValueError, http.client.HTTPException) as error:
        print("browser: %s" % error, file=sys.stderr)
        return 1
    finally:
        write_whole("COCO_TEST_BROWSER_URLS",
                    "".join(url + "\n" for url in visited).encode())
    head = "HTTP/1.1 %d %s\n" % (answer.status, answer.reason)
    head += "".join("%s: %s\n" % pair for pair in answer.getheaders())
    write_whole("COCO_TEST_BROWSER_OUT", head.encode() + b"\n" + body)
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
