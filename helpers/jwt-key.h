/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private key of a connection, under whichever name a Snowflake client
 * would look for it, and its passphrase likewise (snowflake.md 2).
 */
#ifndef JWT_KEY_H
#define JWT_KEY_H

#include "buf.h"
#include "conn.h"
#include "key.h"
#include "result.h"

#define JWT_KEY_MAX_TEXT 16384

struct jwt_key {
	struct key *key;
	struct buf where;  /* "private_key_file /home/a/key.p8", for people */
	struct buf detail; /* what is wrong, or worth a warning; has lines */
};

#define JWT_KEY_INIT                                                         \
	{                                                                    \
		NULL, BUF_INIT(JWT_KEY_MAX_TEXT), BUF_INIT(JWT_KEY_MAX_TEXT) \
	}

/*
 * Load the key.  Where several keys of the section give one, they must all
 * give the same.  Returns success; not_found when the section names none, or a
 * file that is not there; denied when its owner or mode forbid it, or its
 * passphrase is missing or wrong; error when it cannot be used.  RET_JK, which
 * must be initialised, is filled in any case.
 */
enum result jwt_key_find(const struct conn *c, struct jwt_key *ret_jk);

void jwt_key_wipe(struct jwt_key *jk);

/* The keys of a section that can have the passphrase; NULL ends them. */
extern const char *const jwt_key_passphrases[];

/*
 * Tell FN of each private key that the section or, where that has none, the
 * environment names, usable or not.  NAME is as WHERE above; TEXT is what was
 * read, empty when RESULT is not success, and WHY tells why.  PASSPHRASE is
 * NULL when there is none, or more than one.
 */
struct jwt_key_text {
	const char *name;
	enum result result;
	const struct buf *text;
	const char *why;
	const char *passphrase;
};
typedef void (*jwt_key_fn)(void *ctx, const struct jwt_key_text *t);
void jwt_key_each(const struct conn *c, jwt_key_fn fn, void *ctx);

#endif
