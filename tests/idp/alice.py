#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The person at glewlwyd, with a browser: BROWSER="python3 /abs/alice.py".

    alice.py URL

Follows redirects from URL.  Where glewlwyd shows its login page she logs in
over the API that the page uses, grants the client what it asks for, and goes
on.  Exits 0 when the last page is 200, as the one of our callback, or when
glewlwyd says that a device was let in.  Environment:

    COCO_TEST_IDP        the file that glewlwyd.py wrote
    COCO_TEST_IDP_URLS   file for the visited URLs, one per line
"""

import http.client
import json
import os
import sys
from urllib.parse import parse_qs, urljoin, urlsplit

sys.dont_write_bytecode = True    # the source tree may be read-only
from glewlwyd import Browser, Trouble                       # noqa: E402

REDIRECTS_MAX = 10


def log_in(browser, idp, page):
    """What the login page does; where it sends the browser next."""
    asked = {name: values[0] for name, values
             in parse_qs(urlsplit(page).query).items()}
    if "callback_url" not in asked:
        raise Trouble("glewlwyd has no use for this: " + page)
    browser.must("POST", idp["url"] + "/api/auth/", idp["person"])
    browser.must("PUT", idp["url"] + "/api/auth/grant/" + asked["client_id"],
                 {"scope": asked["scope"]})
    where = asked["callback_url"]
    return where + ("&" if "?" in where else "?") + "g_continue"


def browse(address, idp, visited):
    browser = Browser(idp["ca"])
    while True:
        visited.append(address)
        if len(visited) > REDIRECTS_MAX:
            raise Trouble("too many redirects")
        if address.startswith(idp["url"] + "/login.html?"):
            if "prompt=deviceComplete" in address:
                return
            address = log_in(browser, idp, address)
            continue
        status, headers, text = browser.ask("GET", address)
        if status == 200:
            return
        if status != 302:
            raise Trouble("%d %s" % (status, text))
        address = urljoin(address, headers["Location"])


def main(argv):
    if len(argv) != 2:
        print("usage: alice.py URL", file=sys.stderr)
        return 2
    with open(os.environ["COCO_TEST_IDP"], encoding="ascii") as file:
        idp = json.load(file)
    visited = []
    try:
        browse(argv[1], idp, visited)
    except (Trouble, OSError, ValueError, http.client.HTTPException) as error:
        print("alice: %s" % error, file=sys.stderr)
        return 1
    finally:
        if "COCO_TEST_IDP_URLS" in os.environ:
            with open(os.environ["COCO_TEST_IDP_URLS"], "w",
                      encoding="utf-8") as file:
                file.writelines(url + "\n" for url in visited)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
