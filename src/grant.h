/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A grant: what one sandbox may have, for how long, and how it is reached.
 * Connections with the roles that may be asked for, hosts with the stack that
 * answers for them, listeners, and who may speak there.
 *
 * A grant comes as JSON from the control socket (grant_parse_request()), lies
 * as JSON in a file of its own (grantstore.h), and is described as JSON in
 * lists.  This module knows what is well formed; it opens nothing and grants
 * nothing.
 *
 * The capability is the only secret, and it is not here: 65 bytes, "coco_", the
 * id of the grant, "_", and 43 characters of base64url for 32 random bytes.
 * What is kept is SHA-256 of the whole text; so much randomness needs no salt
 * and no slow hash.
 *
 *	struct grant g = GRANT_INIT;
 *
 *	r = grant_parse_request(body, len, clock_utc(), &g, &why);
 *	r = grant_new_capability(&g, &capability);
 *	r = grant_format_state(&g, &text);
 *	...
 *	grant_clear(&g);
 */
#ifndef GRANT_H
#define GRANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "strv.h"

#define GRANT_VERSION 1

#define GRANT_ID_SIZE         16 /* lower-case hex digits */
#define GRANT_HASH_SIZE       32
#define GRANT_CAPABILITY_SIZE 65
#define GRANT_CONTAINER_SIZE  64 /* lower-case hex digits */

#define GRANT_MAX_CONNECTIONS 64
#define GRANT_MAX_ROLES       64 /* of one connection */
#define GRANT_MAX_HOSTS       64
#define GRANT_MAX_LISTEN      16
#define GRANT_MAX_SUBNETS     16
#define GRANT_MAX_NAME        255   /* bytes of a name of any kind */
#define GRANT_MAX_REQUEST     49152 /* bytes of a request; a state has more */
#define GRANT_MAX_STATE       65536 /* bytes of a state file */
#define GRANT_MAX_DESCRIPTION 81920 /* bytes of what grant_describe() makes */
#define GRANT_MAX_WHY         1024

#define GRANT_MIN_TTL     60 /* seconds */
#define GRANT_DEFAULT_TTL (8 * 3600)
#define GRANT_MAX_TTL     (366 * 86400)

/* The listener that is a unix socket in the grant's directory. */
#define GRANT_LISTEN_UNIX "unix"

/* What is not known of a connection is NULL. */
struct grant_connection {
	char *name;
	struct strv roles; /* the first is the default; none: name no role */
	char *protocol;
	char *host;
	char *username;
};

struct grant_host {
	char *host; /* lower case, with a port where that is not 443 */
	char *stack;
};

struct grant {
	char id[GRANT_ID_SIZE + 1];
	unsigned char hash[GRANT_HASH_SIZE]; /* of the capability */
	int64_t created_utc;
	int64_t expires_utc;
	bool paused;
	bool expose; /* also what lives longer than an hour (T2) */
	bool allow_unauthenticated;
	bool token_file;
	int64_t owner_uid; /* -1: none */
	int64_t owner_gid;
	char container[GRANT_CONTAINER_SIZE + 1]; /* "": none */
	struct strv subnets;
	struct strv listen; /* "unix", "10.88.0.1:0", "[fd00::1]:80" */
	struct grant_connection *connections;
	size_t connection_count;
	struct grant_host *hosts;
	size_t host_count;
};

#define GRANT_INIT                                                       \
	{                                                                \
		.owner_uid = -1, .owner_gid = -1, .subnets = STRV_INIT,  \
		.listen = STRV_INIT, .connections = NULL, .hosts = NULL, \
	}

/* What PATCH changes: only what HAS says. */
struct grant_changes {
	bool has_roles;
	struct strv roles;
	bool has_ttl;
	int64_t ttl; /* seconds from now */
	bool has_paused;
	bool paused;
	char container[GRANT_CONTAINER_SIZE + 1]; /* "": as it is */
};

#define GRANT_CHANGES_INIT                   \
	{                                    \
		.roles = STRV_INIT, .ttl = 0 \
	}

/* What of a grant only the daemon knows, for grant_describe(). */
struct grant_live {
	const char *directory;  /* NULL: none */
	const char *socket;     /* NULL: none */
	const char *capability; /* NULL but in the answer to who made it */
	bool listening;
	uint64_t uses;
};

/* Free what G / C owns; as GRANT_INIT / GRANT_CHANGES_INIT afterwards.  NULL is
 * fine. */
void grant_clear(struct grant *g);
void grant_changes_clear(struct grant_changes *c);

/*
 * Understand LEN bytes of a POST /grants.  Whatever is not understood is
 * refused: an unknown member, a wrong type, a member that is there twice.
 * Defaults are filled in: "listen" is ["unix"], a loopback address without
 * subnets gets its own, "ttl" is GRANT_DEFAULT_TTL.  RET_GRANT must be as
 * GRANT_INIT; the caller ends with grant_clear().  It has no id and no hash
 * yet.
 *
 * Returns 0, or -EBADMSG or -EMSGSIZE with the member and its fault appended to
 * WHY ("\"ttl\" must be ..."); RET_GRANT is then untouched.
 */
int grant_parse_request(const char *text, size_t len, int64_t now_utc,
    struct grant *ret_grant, struct buf *why);

/* The same for a PATCH /grants/ID.  RET_CHANGES must be as GRANT_CHANGES_INIT;
 * the caller ends with grant_changes_clear(). */
int grant_parse_update(const char *text, size_t len,
    struct grant_changes *ret_changes, struct buf *why);

/*
 * Change G: "roles" become those of each connection, "ttl" counts from NOW_UTC.
 * A container can be named once: its id is known only when it is there, and it
 * needs the grant's directory before that.  Returns 0, or -EMSGSIZE when it
 * would not fit into a state file, -EBADMSG when there are roles and no
 * connection, or a container that cannot be named; then G is as it was and the
 * reason is in WHY.
 */
int grant_apply_update(struct grant *g, const struct grant_changes *changes,
    int64_t now_utc, struct buf *why);

/*
 * Understand LEN bytes of a state file.  As grant_parse_request(), but also
 * -EPROTONOSUPPORT for a version above GRANT_VERSION, which is not corrupt:
 * a newer daemon wrote it.  A file that was cut, at whatever byte, is -EBADMSG.
 */
int grant_parse_state(const char *text, size_t len, struct grant *ret_grant,
    struct buf *why);

/* Append the state file of G, which has an id.  Returns 0 or -EMSGSIZE;
 * GRANT_MAX_STATE is always enough for what was parsed or updated here. */
int grant_format_state(const struct grant *g, struct buf *b);

/*
 * Append G as one JSON object for who is at the control socket: the state
 * without the hash, "expires_in" (seconds, not below 0), and what LIVE has.
 * Returns 0 or -EMSGSIZE.
 */
int grant_describe(const struct grant *g, int64_t now_utc,
    const struct grant_live *live, struct buf *b);

/* The same for who is inside of the sandbox: "id", "connections" with "name"
 * and "roles", "hosts", "expires_in", "expose". */
int
grant_describe_inside(const struct grant *g, int64_t now_utc, struct buf *b);

/* The same as lines for people: "connection:       dev". */
int grant_explain(const struct grant *g, int64_t now_utc, struct buf *b);

/* Whether TEXT is an id: it may come from a path of a request or of a file. */
bool grant_is_id(const char *text, size_t len);

/* The connection NAME, the first one for NULL; NULL when it is not granted.
 * The pointer lasts until G changes. */
const struct grant_connection *
grant_find_connection(const struct grant *g, const char *name);

/* A name of a host as it is compared: lower case, without ":443".  The caller
 * frees. */
char *grant_fold_host(const char *host);

/* The granted host, "h" or "h:8443" in any case; NULL when it is not granted
 * or PROTOCOL is not https. */
const struct grant_host *
grant_find_host(const struct grant *g, const char *protocol, const char *host);

/*
 * The role to ask for, when ASKED (NULL: no word of it) was asked for.
 * *RET_ROLE is NULL when no role is to be named, and belongs to C.  Returns 0,
 * or -EACCES for a role that is not granted.
 */
int grant_pick_role(const struct grant_connection *c, const char *asked,
    const char **ret_role);

/*
 * Give G a new id and the hash of a new capability, and append that to
 * RET_TEXT, which the caller wipes.  Returns 0, -EIO without randomness, or
 * -EMSGSIZE; then G is as it was.
 */
int grant_new_capability(struct grant *g, struct buf *ret_text);

/* Whether LEN bytes of TEXT are the capability of G, in a time that tells
 * nothing about it. */
bool grant_has_capability(const struct grant *g, const char *text, size_t len);

/* Whether G has ended. */
bool grant_is_over(const struct grant *g, int64_t now_utc);

/* Whether one of the listeners is a unix socket / is not. */
bool grant_listens_on_unix(const struct grant *g);
bool grant_listens_on_tcp(const struct grant *g);

/* Set the listener INDEX: its port is known once it is bound. */
void grant_set_listen(struct grant *g, size_t index, const char *text);

#endif
