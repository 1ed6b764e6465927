/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random bytes and hashes, by wolfSSL.  Nothing is kept between calls, so a
 * fork cannot make two processes draw the same bytes.  When one of these fails
 * the caller must give up: there is no weaker substitute.
 */
#ifndef CRYPT_H
#define CRYPT_H

#include <stddef.h>

#include "buf.h"

#define CRYPT_SHA256_SIZE 32

/* Fill LEN bytes with cryptographic randomness.  Returns 0 or -EIO (then the
 * bytes are zero). */
int crypt_random(void *data, size_t len);

/* Append BYTES random bytes as base64url without padding: states, verifiers
 * (RFC 7636 4.1: 32 bytes make 43 characters), one-shot paths.  Returns 0,
 * -EIO, or -EMSGSIZE when B is full. */
int crypt_random_text(struct buf *b, size_t bytes);

/* SHA-256 (FIPS 180-4) of LEN bytes.  Returns 0 or -EIO. */
int crypt_sha256(const void *data, size_t len,
    unsigned char ret_hash[CRYPT_SHA256_SIZE]);

#endif
