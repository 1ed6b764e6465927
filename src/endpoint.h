/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon as a sandbox sees it: where it is, and what is shown to it there
 * (coco-sandbox(7)).
 *
 *	$COCO_TOKEND		"http://HOST:PORT", or "unix:PATH" where
 *				either COCO_CAPABILITY_FILE is set or the
 *				directory is open to all for passing through,
 *				as that of a grant is and that of a control
 *				socket never is
 *	$COCO_CAPABILITY_FILE	a file with the capability, and maybe a newline
 *
 * Everything else is a host (sock.h).
 *
 *	struct endpoint e = ENDPOINT_INIT;
 *	if (endpoint_find(&e) == 0)
 *		r = endpoint_connect(&e, deadline_ms, &why, &fd);
 *	endpoint_clear(&e);
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdint.h>

#include "buf.h"
#include "url.h"

/* "coco_", 16 hexadecimal digits, "_", 43 characters of base64url. */
#define ENDPOINT_CAPABILITY_LEN 65

struct endpoint {
	const char *told;            /* COCO_TOKEND, for messages */
	const char *path;            /* of the unix socket; NULL: by TCP */
	struct url url;              /* otherwise */
	const char *capability_file; /* NULL: none is shown */
};

#define ENDPOINT_INIT                      \
	{                                  \
		NULL, NULL, URL_INIT, NULL \
	}

/* What -EINVAL of endpoint_find() means. */
#define ENDPOINT_NOT_UNDERSTOOD                                \
	"COCO_TOKEND is neither \"off\", \"unix:/PATH\" nor, " \
	"in a sandbox, \"http://HOST:PORT\""

/* Read the environment, which must stay as it is while E is used.  Returns 0
 * when this is a sandbox, -ENOENT when it is a host, -EINVAL when COCO_TOKEND
 * is nothing that can be understood. */
int endpoint_find(struct endpoint *ret_endpoint);

void endpoint_clear(struct endpoint *e);

/*
 * Connect, waiting until clock_ms() reaches DEADLINE_MS; to look up a name may
 * take as long as the C library likes.  Returns 0 or negative errno, with the
 * reason in WHY where that says more.
 */
int endpoint_connect(const struct endpoint *e, int64_t deadline_ms,
    struct buf *why, int *ret_fd);

/* Append the value of the field Host. */
int endpoint_host(const struct endpoint *e, struct buf *b);

/*
 * Append the capability, which B has room for; nothing when there is no file.
 * The file must be ours or root's and not writable by others.  Returns 0, with
 * a warning in WHY when others can read it, or negative errno with the reason
 * there.
 */
int
endpoint_capability(const struct endpoint *e, struct buf *b, struct buf *why);

#endif
