/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client that shows who it is by its private key: a short-lived JSON Web
 * Token instead of a secret (RFC 7523 2.2; OpenID Connect Core 9,
 * private_key_jwt).  The key never leaves this process.
 */
#ifndef OAUTH_ASSERT_H
#define OAUTH_ASSERT_H

#include <stdint.h>

#include "buf.h"
#include "oauth-config.h"

#define OAUTH_ASSERT_LIFE 60 /* seconds */

/* What client_assertion_type is (RFC 7523 2.2). */
#define OAUTH_ASSERT_TYPE \
	"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/*
 * Append an assertion for the token endpoint of C, made at NOW_UTC with the
 * key in C's key_file, which must be ours or root's and closed to writers.
 * Returns 0; -EACCES when the file may not be used or its passphrase is
 * missing or wrong; another negative errno when it cannot be read or is no
 * key; the reason is appended to WHY.  After 0, WHY may hold a warning.
 */
int oauth_assert(const struct oauth_config *c, int64_t now_utc,
    struct buf *ret_token, struct buf *why);

#endif
