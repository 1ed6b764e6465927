/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An HTTP/1.1 server (RFC 9112) on the event loop: connections, deadlines,
 * limits, and requests that may be answered later.  http1.h does the parsing;
 * what a request means is its user's business.
 *
 * A connection that has nothing to say costs its two small structs and no
 * buffer.  A client that is slow, silent or greedy has deadlines and limits
 * and delays nobody (THREATS.md T21).  Requests and answers may hold secrets:
 * all that is copied is wiped.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http1.h"
#include "loop.h"

#define HTTPD_MAX_BODY 65536

/* A connection, and the request on it that is being answered. */
struct httpd_exchange;

/* Valid only while handle() runs. */
struct httpd_request {
	const struct http1_request *head;
	struct http1_span path;
	struct http1_span query; /* after '?'; empty when there is none */
	const char *body;
	size_t body_len;
};

struct httpd_answer {
	int status;
	const char *type;   /* Content-Type; NULL: none */
	const char *fields; /* more header lines, each with CRLF; NULL: none */
	const char *body;
	size_t len;
	bool close; /* the connection ends with it, whatever waits there */
};

struct httpd_ops {
	/* whether the other end of FD may speak at all; asked before anything
	 * is read */
	bool (*admit)(void *ctx, int fd);
	/* deal with a request: answer now or later, once */
	void (*handle)(void *ctx, struct httpd_exchange *x,
	    const struct httpd_request *q);
};

struct httpd_limits {
	size_t connections;
	size_t leavers; /* requests whose clients are gone, until answered */
	int64_t request_ms; /* from the first byte to the last of a request */
	int64_t idle_ms;    /* between requests, and for taking an answer */
};

struct httpd;

struct httpd *httpd_new(struct loop *l, const struct httpd_limits *limits,
    const struct httpd_ops *ops, void *ctx);

/* Serve connections of the socket FD, which then belongs to H.  Returns 0 or
 * negative errno. */
int httpd_listen(struct httpd *h, int fd);

/* Other limits from now on. */
void httpd_set_limits(struct httpd *h, const struct httpd_limits *limits);

/* Take no more connections, and close each when it is not busy. */
void httpd_stop(struct httpd *h);

/* Close everything.  Exchanges that are not answered are gone.  NULL is
 * fine. */
void httpd_free(struct httpd *h);

/* Close all connections, also those that wait for an answer; new ones are
 * taken.  Not to be called from H's own handle(). */
void httpd_drop_all(struct httpd *h);

/*
 * Close everything at once, and free H: it lives until the exchanges that are
 * busy have been answered, though nobody hears that.  Not to be called from
 * H's own handle().  NULL is fine.
 */
void httpd_abandon(struct httpd *h);

/* Open connections. */
size_t httpd_connections(const struct httpd *h);

/* The descriptor of the connection, to ask whose it is; -1: it is gone. */
int httpd_fd(const struct httpd_exchange *x);

/* Answer.  X must not be used after that. */
void httpd_answer(struct httpd_exchange *x, const struct httpd_answer *a);

/*
 * Answer with a body without an end: send what httpd_send() gets, until the
 * client leaves or H stops; GONE is called then, once, and X must not be used
 * after that.
 */
void httpd_begin(struct httpd_exchange *x, const char *type,
    void (*gone)(void *ctx, const struct httpd_exchange *x), void *ctx);

/* Send more.  A client that does not keep up is dropped. */
void httpd_send(struct httpd_exchange *x, const char *data, size_t len);

#endif
