/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the control API and the sandbox API have in common: finding the route
 * of a request, and the usual answers.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "httpd.h"
#include "result.h"

#define REPLY_JSON "application/json"
#define REPLY_TEXT "text/plain"

struct reply_route {
	const char *method; /* GET stands for HEAD as well */
	const char *path;   /* one that ends with '/' is a prefix */
	void (*fn)(void *ctx, struct httpd_exchange *x,
	    const struct httpd_request *q);
};

/* The route of Q among COUNT, or NULL. */
const struct reply_route *reply_find(const struct reply_route *routes,
    size_t count, const struct httpd_request *q);

/* Answer a request that has none: 404 in inspect-coco's form, or 405 with the
 * methods that the path has (RFC 9110 15.5.6). */
void reply_no_route(const struct reply_route *routes, size_t count,
    struct httpd_exchange *x, const struct httpd_request *q);

/* A page in a browser can make it connect to a name that leads here, but not
 * leave the fields out that this looks for. */
bool reply_is_from_browser(const struct httpd_request *q);

/* Answer with a result of coco-http(7) and a body of its kind. */
void reply_result(struct httpd_exchange *x, enum result result,
    const char *text, size_t len);

/* The same, with a sentence as the body. */
void
reply_why(struct httpd_exchange *x, enum result result, const char *sentence);

/* Answer with STATUS and a body of TYPE. */
void reply_text(struct httpd_exchange *x, int status, const char *type,
    const char *text);

/* The same, with more header lines, each with CRLF; NULL: none. */
void reply_with(struct httpd_exchange *x, int status, const char *fields,
    const char *type, const char *text);

/* Answer 429 (RFC 6585 4), and end the connection: what is waiting on it is not
 * even read. */
void reply_too_many(struct httpd_exchange *x);

#endif
