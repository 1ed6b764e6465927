/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Base64 encoding (RFC 4648): the standard alphabet with padding for HTTP
 * Basic, and base64url without padding for PKCE and random names.
 */
#ifndef B64_H
#define B64_H

#include <stddef.h>

#include "buf.h"

/* Append LEN bytes in the standard alphabet, padded (RFC 4648 4). */
int b64_encode(struct buf *b, const void *data, size_t len);

/* Append LEN bytes in the URL-safe alphabet, unpadded (RFC 4648 5, RFC 7636
 * appendix A). */
int b64_encode_url(struct buf *b, const void *data, size_t len);

#endif
