/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private keys that sign, by wolfSSL: RSA of 2048 to 4096 bits, and EC on the
 * curves P-256, P-384 and P-521.  What a key file may look like is said in
 * keytext.h.  All memory that held the key is wiped.
 *
 *	struct key *k;
 *	r = key_load(text, len, passphrase, &why, &k);
 *	r = key_sign(k, data, len, &signature);
 *	key_free(k);
 */
#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "keytext.h"

#define KEY_MAX_SIGNATURE  512 /* RSA of 4096 bits, the most of wolfSSL */
#define KEY_MAX_PASSPHRASE 256

struct key;

/*
 * Read a key from the LEN bytes of TEXT (at most KEYTEXT_MAX); PASSPHRASE is
 * NULL when there is none, and not looked at when the key is not encrypted.
 * Returns 0 and a key that the caller frees; -ENOKEY when it is encrypted and
 * there is no passphrase; -EKEYREJECTED when the passphrase is wrong;
 * -EBADMSG, -EMSGSIZE when it is no key; -ENOTSUP for keys that we do not
 * take; -EIO when wolfSSL fails.  The reason is appended to WHY, in the form
 * that keytext.h tells.
 */
int key_load(const char *text, size_t len, const char *passphrase,
    struct buf *why, struct key **ret_key);

/*
 * The same up to where the key is DER that is not encrypted, which is appended
 * to RET_DER; what it is, is not looked at, and behind a key that was encrypted
 * there may be padding.  A wrong passphrase may be taken, once in 256 times.
 */
int key_open(const char *text, size_t len, const char *passphrase,
    struct buf *why, struct buf *ret_der);

/* Wipe and free; NULL is fine. */
void key_free(struct key *k);

/* The JWS algorithm: RS256, ES256, ES384 or ES512 (RFC 7518 3.1). */
const char *key_alg(const struct key *k);

/* Whether a passphrase was needed. */
bool key_was_encrypted(const struct key *k);

/* For people: "RSA 2048", "EC P-256". */
const char *key_name(const struct key *k);

/*
 * "SHA256:" and the SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280 4.1) in
 * padded base64: what Snowflake shows as RSA_PUBLIC_KEY_FP (snowflake.md 2).
 */
const char *key_fingerprint(const struct key *k);

/*
 * Append the JWS signature of LEN bytes: RSASSA-PKCS1-v1_5 (RFC 7518 3.3), or
 * r and s of ECDSA side by side in the curve's width (RFC 7518 3.4).  It is
 * verified before it is given away, so that a key whose parts do not belong
 * together, or a fault, is an error and leaks nothing.  Returns 0, -EIO, or
 * -EMSGSIZE when RET_SIGNATURE is full.
 */
int key_sign(struct key *k, const void *data, size_t len,
    struct buf *ret_signature);

#endif
