/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Grants for targets: asking the daemon for them and about them, by its control
 * socket (coco-http(7)).
 *
 *	struct granting g = GRANTING_INIT;
 *
 *	r = granting_make(&q, &g, &why);
 *	...
 *	granting_clear(&g);
 */
#ifndef GRANTING_H
#define GRANTING_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "conn.h"
#include "grant.h"
#include "strv.h"

#define GRANTING_MAX_WHY 2048

struct granting_request {
	const struct conn *conn;
	const struct strv *roles;
	int64_t ttl;           /* seconds; 0: what the daemon likes */
	const char *also;      /* listen there, too; NULL: nowhere */
	const char *listen;    /* "10.88.0.1:0"; NULL: a unix socket */
	const char *subnet;    /* of who may come by TCP; NULL: see grant.h */
	const char *container; /* NULL: not known yet */
	bool token_file;
	bool allow_unauthenticated;
	int64_t owner_uid; /* -1: none */
	int64_t owner_gid;
};

/* What is not known is NULL or empty. */
struct granting {
	char id[GRANT_ID_SIZE + 1];
	char *directory;
	char *listen; /* "10.88.0.1:40123" */
	char *container;
	char *connection; /* the first, as it was then */
	char *protocol;
	char *host;
	char *username;
	struct strv roles;
	struct buf capability; /* of a new one only */
	int64_t expires_in;    /* seconds */
	bool paused;
	bool listening;
	bool has_token_file;
};

#define GRANTING_INIT                                                    \
	{                                                                \
		.capability = BUF_INIT(GRANT_CAPABILITY_SIZE), .id = "", \
		.roles = STRV_INIT                                       \
	}

/*
 * Ask for a grant.  Returns 0; -EHOSTUNREACH when no daemon runs; -EACCES when
 * it refuses; -EPROTO; or negative errno; with the reason in WHY.  RET must be
 * as GRANTING_INIT and is to be cleared in any case.
 */
int granting_make(const struct granting_request *q, struct granting *ret,
    struct buf *why);

/* Ask about the grant ID.  Returns as granting_make(), and -ESRCH when there is
 * none. */
int granting_find(const char *id, struct granting *ret, struct buf *why);

/* Whether the grant is for the connection as it is now; roles aside. */
bool granting_is_for(const struct granting *g, const struct conn *conn);

/* Bind the grant to a container, give it so many seconds from now, or other
 * roles; NULL and 0 change nothing. */
int granting_update(const char *id, const char *container, int64_t ttl,
    const struct strv *roles, struct buf *why);

/* End the grant ID; one that is not there is fine. */
int granting_revoke(const char *id, struct buf *why);

void granting_clear(struct granting *g);

#endif
