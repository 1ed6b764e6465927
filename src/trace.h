/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What we have put into a target, so that it can be told from what others put
 * there, and taken out again: whole files, directories, and members of files
 * that others have written as well.  Contents are not here, only SHA-256 of
 * them: what still has the hash is ours (THREATS.md T11).
 *
 *	struct traces t = TRACES_INIT;
 *	struct trace *one = traces_add(&t, TRACE_FILE, path);
 *	...
 *	traces_clear(&t);
 *
 * Part of a record on the host (deployment.h), as JSON there.
 */
#ifndef TRACE_H
#define TRACE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "crypt.h"
#include "json.h"
#include "jsonout.h"
#include "strv.h"

#define TRACE_HASH_LEN (2 * CRYPT_SHA256_SIZE)
#define TRACE_MAX_KEYS 64 /* of one file */

enum trace_kind {
	TRACE_DIRECTORY,
	TRACE_FILE, /* all of it */
	TRACE_TOML, /* members of it */
	TRACE_JSON
};

/* A member; tables have no hash. */
struct trace_key {
	struct strv path;               /* the names from the root on */
	char hash[TRACE_HASH_LEN + 1];  /* "" for a table */
	char other[TRACE_HASH_LEN + 1]; /* what it may have as well, or "" */
	bool has_blank; /* of a table: a blank line came with its header */
};

struct trace {
	enum trace_kind kind;
	char *path;
	bool made;       /* nothing was there before us */
	mode_t old_mode; /* when it was not made by us: its mode before */
	mode_t mode;     /* and the one that we gave it */
	bool was_empty;  /* and there was not a byte in it */
	/* it is written in a way that an interruption might cut: it is ours,
	 * whatever is in it */
	bool may_be_cut;
	char hash[TRACE_HASH_LEN + 1]; /* of TRACE_FILE */
	char other[TRACE_HASH_LEN + 1];
	struct trace_key *keys;
	size_t count;
};

struct traces {
	struct trace *v;
	size_t len;
};

#define TRACES_INIT     \
	{               \
		NULL, 0 \
	}

/* A trace of KIND at PATH; the one that is there already, or a new one.  Valid
 * until the next call. */
struct trace *
traces_add(struct traces *t, enum trace_kind kind, const char *path);

/* The trace at PATH, or NULL. */
struct trace *traces_find(const struct traces *t, const char *path);

/* The member of T at PATH, which ends with NULL; NULL when there is none. */
struct trace_key *trace_find(const struct trace *t, char *const *path);

/* Add the member PATH, or change it; valid until the next call.  HASH is NULL
 * for a table. */
struct trace_key *
trace_set(struct trace *t, char *const *path, const char *hash, bool has_blank);

/* Write the SHA-256 of LEN bytes in hexadecimal.  Returns 0 or -EIO. */
int trace_hash(const void *data, size_t len, char ret[TRACE_HASH_LEN + 1]);

/* Append the traces as the member NAME, an array. */
void traces_format(const struct traces *t, const char *name, struct jsonout *j);

/* Read the member NAME of J.  Returns 0, -EBADMSG or -EMSGSIZE; RET_TRACES,
 * which must be as TRACES_INIT, is to be cleared in any case. */
int
traces_parse(const struct json *j, const char *name, struct traces *ret_traces);

/* Whether HASH is that of T, or of its member KEY, or the other one. */
bool trace_is(const struct trace *t, const char *hash);
bool trace_key_is(const struct trace_key *key, const char *hash);

/*
 * Add what FORMER has and T has not; where T has it with another hash, keep
 * that as well, unless T knows what else there may be.  So T covers a target
 * that is on its way from FORMER to T, and may have got to any point of it.
 */
void traces_add_former(struct traces *t, const struct traces *former);

/* The target has got there: T is all that there can be. */
void traces_arrive(struct traces *t);

/* Forget trace number I, from 0. */
void traces_drop(struct traces *t, size_t i);

void traces_clear(struct traces *t);

#endif
