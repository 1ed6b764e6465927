/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP URLs, strictly: split, origin, percent coding, query parameters.
 *
 * Only absolute http and https URLs without user information are read.  The
 * parts point into memory that the struct owns; url_clear() frees it.  Scheme
 * and host are lower case, the port is always set.
 */
#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define URL_MAX 8192

struct url {
	char *scheme; /* "http" or "https" */
	char *host;   /* name or address; IPv6 keeps its brackets */
	int port;     /* 1 to 65535 */
	char *path;   /* starts with '/', still percent-encoded */
	char *query;  /* after '?', still percent-encoded; "" when none */
};

#define URL_INIT                          \
	{                                 \
		NULL, NULL, 0, NULL, NULL \
	}

/*
 * Read a whole string as URL (RFC 3986 3, RFC 9110 4.2).  Refuses blanks,
 * control and non-ASCII bytes, backslashes, user information, an empty host, a
 * port outside 1 to 65535; a fragment is dropped.  Returns 0, -EBADMSG, or
 * -EMSGSIZE above URL_MAX.
 */
int url_parse(const char *s, struct url *ret_url);

void url_clear(struct url *u);

/* Append "scheme://host[:port]" (RFC 6454 6.2): the default port is left out,
 * so that equal origins are equal strings. */
int url_origin(const struct url *u, struct buf *b);

/* Whether the host is localhost, [::1] or in 127.0.0.0/8 (RFC 8252 8.3). */
bool url_is_loopback(const struct url *u);

/* Whether HOST is a plausible name, IPv4 address or bracketed IPv6 address
 * with an optional port in range, as in git's host attribute. */
bool url_is_hostport(const char *host);

/* Append LEN bytes, percent-encoded but for unreserved (RFC 3986 2.3). */
int url_encode(struct buf *b, const char *s, size_t len);

/*
 * Append the decoded bytes of LEN bytes of form or query text; '+' is a blank
 * (WHATWG URL, application/x-www-form-urlencoded).  Returns -EBADMSG for a bad
 * escape, a NUL or a control byte in the result.
 */
int url_decode(struct buf *b, const char *s, size_t len);

/* Append "&name=value" ("name=value" when B is empty), both encoded. */
int url_add_param(struct buf *b, const char *name, const char *value);

/*
 * Append the decoded value of parameter NAME of a query.  Returns 0, -ENOENT,
 * or -EBADMSG when it occurs twice or is badly encoded (RFC 6749 3.1: a
 * parameter must not be included more than once).
 */
int url_get_param(const char *query, const char *name, struct buf *b);

#endif
