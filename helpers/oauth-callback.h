/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loopback listener that the browser comes back to (RFC 8252 7.3).  It
 * faces every process of the machine and every page in the browser, so it
 * knows two paths only: a one-shot one that sends the browser to the login,
 * and the redirect's.  What does not carry our state gets an error page and is
 * forgotten (THREATS.md T16); a client that stalls holds up nobody.
 *
 *	r = oauth_callback_open(port, &why, &cb);
 *	oauth_callback_expect(cb, path, state);
 *	oauth_callback_one_shot(cb, authorize_url, &start_url);
 *	r = oauth_callback_wait(cb, deadline_ms, &reply);
 *	oauth_callback_answer(cb, 200, html);
 *	oauth_callback_free(cb);
 */
#ifndef OAUTH_CALLBACK_H
#define OAUTH_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "oauth-client.h"

#define OAUTH_CALLBACK_CLIENTS   16    /* connections at a time */
#define OAUTH_CALLBACK_CLIENT_MS 10000 /* until a request must be there */

struct oauth_callback;

/* Bind PORT (0: any) of 127.0.0.1, without listening yet: so nobody else can
 * have it.  Returns 0, or negative errno with the reason in WHY. */
int
oauth_callback_open(int port, struct buf *why, struct oauth_callback **ret_cb);

int oauth_callback_port(const struct oauth_callback *cb);

/* What the redirect must look like; the strings are borrowed. */
void oauth_callback_expect(struct oauth_callback *cb, const char *path,
    const char *state);

/* Make a path that redirects to URL (borrowed) once, and append its address.
 * Returns 0 or negative errno. */
int oauth_callback_one_shot(struct oauth_callback *cb, const char *url,
    struct buf *ret_url);

/* Whether the one-shot path was used. */
bool oauth_callback_was_visited(const struct oauth_callback *cb);

/*
 * Serve until a redirect with our state comes, and hold its connection.
 * Returns 0, -ETIMEDOUT at clock_ms() UNTIL_MS (call again to go on), or
 * negative errno.
 */
int oauth_callback_wait(struct oauth_callback *cb, int64_t until_ms,
    struct oauth_reply *ret_reply);

/* Answer the connection that is held, and let it go. */
void oauth_callback_answer(struct oauth_callback *cb, int status,
    const struct buf *html);

/* Close everything; NULL is fine. */
void oauth_callback_free(struct oauth_callback *cb);

#endif
