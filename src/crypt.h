/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random bytes, hashes, key derivation and encryption, by wolfSSL.  Nothing is
 * kept between calls, so a fork cannot make two processes draw the same bytes.
 * When one of these fails the caller must give up: there is no weaker
 * substitute.
 */
#ifndef CRYPT_H
#define CRYPT_H

#include <stddef.h>

#include "buf.h"

#define CRYPT_SHA256_SIZE 32
#define CRYPT_KEY_SIZE    32 /* of AES-256 */
#define CRYPT_NONCE_SIZE  12 /* the size that GCM takes as it is */
#define CRYPT_TAG_SIZE    16

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

/*
 * HKDF with SHA-256 (RFC 5869): make LEN bytes, at most 255 * 32, of the key
 * material IKM, which must be hard to guess as it is.  Returns 0 or -EIO (then
 * the bytes are zero).
 */
int crypt_hkdf(const struct buf *ikm, const struct buf *salt, const char *info,
    void *ret_key, size_t len);

/*
 * scrypt (RFC 7914): append LEN bytes made of a passphrase, with N = 1 <<
 * LOG2_N.  It takes 128 * N * R bytes of memory, which the caller bounds.
 * Returns 0; -EIO, also when there is not so much memory; or -EMSGSIZE.
 */
struct crypt_scrypt {
	int log2_n;
	int r;
	int p;
};
int crypt_scrypt(const struct buf *passphrase, const struct buf *salt,
    const struct crypt_scrypt *cost, struct buf *ret_key, size_t len);

/*
 * AES-256 in Galois/Counter Mode (NIST SP 800-38D).  A pair of key and nonce
 * must never be used for two messages.  AAD is what is not encrypted but
 * protected all the same.
 */
struct crypt_gcm {
	unsigned char key[CRYPT_KEY_SIZE];
	unsigned char nonce[CRYPT_NONCE_SIZE];
	const void *aad;
	size_t aad_len;
};

/* Append PLAIN encrypted, and the tag.  Returns 0, -EIO or -EMSGSIZE. */
int crypt_encrypt(const struct crypt_gcm *g, const struct buf *plain,
    struct buf *b);

/* Append what LEN bytes, the tag among them, were made of.  Returns 0;
 * -EBADMSG when key, nonce, AAD or bytes are not those of the encryption, and
 * then B is as it was; -EIO or -EMSGSIZE. */
int crypt_decrypt(const struct crypt_gcm *g, const void *data, size_t len,
    struct buf *b);

#endif
