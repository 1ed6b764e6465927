/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A deployment: what we have put into which target, for which connection, and
 * the grant that goes with it.  The record of it, on the host, alone decides
 * what is ours in a target (THREATS.md T11).
 *
 * A record is a file of its own, ID.json (0600) in
 * $XDG_STATE_HOME/coco/deploy (0700), written before anything is done to the
 * target, and again when that is finished.  It has hashes, no secrets, but for
 * SAVED: while a file that others write is being changed by a copy that an
 * interruption might cut, its former content is kept here.
 *
 *	struct deployment d = DEPLOYMENT_INIT;
 *
 *	r = deployment_lock("podman:web", deadline_ms, &why, &lock);
 *	r = deployment_find("podman:web", id, "dev", &d, &why);
 *	...
 *	r = deployment_save(&d, &why);
 *	deployment_clear(&d);
 *	lock_release(lock);
 */
#ifndef DEPLOYMENT_H
#define DEPLOYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "place.h"
#include "strv.h"
#include "trace.h"

#define DEPLOYMENT_VERSION 1
#define DEPLOYMENT_ID_LEN  16      /* lower-case hexadecimal digits */
#define DEPLOYMENT_MAX     1048576 /* bytes of a record */
#define DEPLOYMENT_MAX_WHY 2048

/* Strings that are not known are NULL. */
struct deployment {
	char id[DEPLOYMENT_ID_LEN + 1];
	char *target;    /* as it was named: "podman:web" */
	char *container; /* its id: another container has the name later */
	char *connection;
	char *role; /* that was asked for, instead of the connection's */
	char *user;
	char *home;
	char *snowflake_home; /* "" for HOME/.snowflake */
	uint32_t uid;
	uint32_t gid;
	struct strv providers;
	char *grant;      /* its id */
	char *way;        /* how tokens get there */
	char *reach;      /* COCO_TOKEND in the target */
	char *directory;  /* on the host, that is mounted */
	char *token_file; /* in the target, that a process there keeps fresh */
	char *capability; /* SHA-256 of the grant's, in hexadecimal */
	bool exposed;
	bool is_borrowed; /* the grant was there before us, and stays */
	bool is_run;      /* the container was started with it: rundir.h */
	int64_t created_utc;
	int64_t applied_utc; /* 0: not finished yet */
	struct traces traces;
	struct places saved;
};

#define DEPLOYMENT_INIT                                        \
	{                                                      \
		.providers = STRV_INIT, .traces = TRACES_INIT, \
		.saved = PLACES_INIT                           \
	}

/*
 * Keep others away from TARGET, a container's id or a directory's name, until
 * lock_release(), waiting until clock_ms() reaches DEADLINE_MS.  Returns 0,
 * -ETIMEDOUT when somebody else works there, or negative errno with the reason
 * in WHY.
 */
int deployment_lock(const char *target, int64_t deadline_ms, struct buf *why,
    int *ret_lock);

/* Whether the first LEN bytes of TEXT, which ends with a NUL, can be the id of
 * a deployment. */
bool deployment_is_id(const char *text, size_t len);

/* Give D a new id.  Returns 0 or -EIO. */
int deployment_new_id(struct deployment *d);

/* Write the record of D.  Returns 0 or negative errno with the reason in
 * WHY. */
int deployment_save(const struct deployment *d, struct buf *why);

/*
 * Read the record ID.  Returns 0; -ENOENT, without a reason, when there is
 * none; or negative errno with the reason in WHY.  RET as for
 * deployment_find().
 */
int deployment_load(const char *id, struct deployment *ret, struct buf *why);

/* Append the directory of the records; MAKE it where it is missing. */
int deployment_directory(struct buf *b, bool make, struct buf *why);

/* Remove the record ID; one that is not there is fine. */
int deployment_forget(const char *id, struct buf *why);

/*
 * Find the record for TARGET, by its CONTAINER's id, unless that is NULL, or
 * else by its name, and for CONNECTION, which is NULL when any will do.
 * Returns 0; -ENOENT when there is none; -EEXIST when there are several; or
 * negative errno, with the reason in WHY.  RET must be as DEPLOYMENT_INIT and
 * is to be cleared in any case.
 */
int deployment_find(const char *target, const char *container,
    const char *connection, struct deployment *ret, struct buf *why);

/*
 * Call FN for each record, in the order of their ids, until it returns other
 * than 0.  D is FN's: it ends with deployment_clear().  What cannot be read
 * goes to WHY, a line each.  Returns what FN did, or negative errno.
 */
int deployment_each(int (*fn)(void *ctx, struct deployment *d), void *ctx,
    struct buf *why);

/* Append D as it is in its record.  Returns 0; -EINVAL when a string of it is
 * not UTF-8, and would be another one in there; or -EMSGSIZE. */
int deployment_format(const struct deployment *d, struct buf *b);

/* Understand LEN bytes of a record.  Returns 0, -EBADMSG, -EMSGSIZE, or
 * -EPROTONOSUPPORT for a newer version. */
int deployment_parse(const char *text, size_t len, struct deployment *ret,
    struct buf *why);

void deployment_clear(struct deployment *d);

#endif
