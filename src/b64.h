/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Base64 (RFC 4648): the standard alphabet with padding for HTTP Basic, and
 * base64url without padding for PKCE, tokens and random names.
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

/*
 * Append what LEN characters stand for, in either alphabet.  Blanks and
 * newlines are skipped and padding may be left out; all else that an encoder
 * would not have written, such as bits that are left over, is -EBADMSG.
 * -EMSGSIZE when B is full; on failure B is as it was.
 */
int b64_decode(struct buf *b, const char *s, size_t len);

#endif
