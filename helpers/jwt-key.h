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

#endif
