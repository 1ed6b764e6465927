/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON Web Tokens (RFC 7519) as compact JWS (RFC 7515 3.1): what Snowflake
 * takes for a key pair, and what OAuth servers take as a client assertion (RFC
 * 7523).  Only made here, never read.
 *
 *	const struct jwt_member claims[] = {
 *		{ "iss", issuer, 0 },
 *		{ "exp", NULL, now + 60 },
 *	};
 *	r = jwt_sign(key, NULL, 0, claims, ARRAY_LEN(claims), &token);
 */
#ifndef JWT_H
#define JWT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "key.h"

#define JWT_MAX 16384

/* A member of the header or of the claims: a string or a number. */
struct jwt_member {
	const char *name; /* ASCII that needs no escape */
	const char *text; /* UTF-8; NULL for a number */
	int64_t number;
};

/*
 * Append the token.  The header is alg and typ, in this order, and what HEADER
 * has after them, as "kid"; the claims are those given, in their order, with no
 * blanks between.  Returns 0; -EBADMSG when a text is not UTF-8; -EMSGSIZE when
 * the token passes JWT_MAX or RET_TOKEN is full; -EIO when signing fails.
 */
int jwt_sign(struct key *k, const struct jwt_member *header, size_t header_len,
    const struct jwt_member *claims, size_t claims_len, struct buf *ret_token);

#endif
