/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request to coco-tokend (coco-http(7)), over its control socket, or from a
 * sandbox: one connection, one request, one answer.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdint.h>

#include "buf.h"
#include "endpoint.h"
#include "result.h"

#define CLIENT_MAX_BODY     262144
#define CLIENT_MAX_QUESTION 32000 /* the daemon takes no longer message */

/* The field that tells the daemon whose configuration a request is about. */
#define CLIENT_HOME_FIELD "Coco-Home"

/* What to say when client_ask() returns -ENOENT. */
#define CLIENT_NO_DAEMON "no coco-tokend is running"
#define CLIENT_START_IT \
	"systemctl --user start coco-tokend.socket, or run coco-tokend"

/* What the daemon says to a sandbox before a command that helps. */
#define CLIENT_ON_HOST "; on the host: "

/* The field with the name of the result. */
#define CLIENT_RESULT_FIELD "Coco-Result"

struct client_request {
	const char *method;
	const char *target;     /* with its query */
	const struct buf *body; /* NULL: none */
	int64_t deadline_ms;    /* clock_ms() */
	const char *socket;     /* NULL: by sock_control_path() */
	/* in a sandbox, instead of a control socket: */
	const struct endpoint *endpoint; /* NULL: a control socket */
	const char *capability;          /* NULL or "": none */
};

struct client_answer {
	int status;
	enum result result; /* by Coco-Result; where there is none, by status */
	struct buf body;
};

#define CLIENT_ANSWER_INIT                                 \
	{                                                  \
		0, RESULT_ERROR, BUF_INIT(CLIENT_MAX_BODY) \
	}

/*
 * Ask the daemon.  Returns 0; -ENOENT when there is none to be asked; -EACCES
 * when what is there is not to be trusted, and nothing was sent; -EINVAL when
 * COCO_TOKEND cannot be understood; -ETIMEDOUT; -EPROTO when the answer is
 * none; or negative errno.  The reason goes to WHY, but for -ENOENT.
 */
int client_ask(const struct client_request *q, struct client_answer *ret_answer,
    struct buf *why);

/*
 * Ask for a body that has no end, and write what comes to OUT until the daemon
 * ends it; the deadline is for its head.  Errors as of client_ask(), those of
 * writing to OUT, and -EBUSY when the daemon has no room for one more.
 */
int client_follow(const struct client_request *q, int out, struct buf *why);

/*
 * A number that is the same for two processes whose environment leads to the
 * same configuration and stores: home and XDG directories, certificates, and
 * all variables of Snowflake's.  The daemon answers only those for whom it is
 * the same.
 */
uint64_t client_home(void);

#endif
