/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The form of a sealed file: a head in plain text, then the text encrypted by
 * AES-256-GCM, then the tag.  No I/O but for random bytes.
 *
 *	coco sealed 1
 *	kdf=hkdf-sha256		or  kdf=scrypt n=17 r=8 p=1 salt=BASE64
 *	salt=BASE64		32 bytes
 *	nonce=BASE64		12 bytes
 *				(an empty line)
 *
 * The whole head is authenticated with the text.  What encrypts is
 * HKDF-SHA256(secret, salt, "coco sealed 1"), and salt and nonce are drawn for
 * each file that is written, so a key never meets a nonce twice, however often
 * a store changes.  The secret is a key as it is, or what scrypt makes of a
 * passphrase.
 *
 * A head has one spelling only; anything else is refused, so that nothing in
 * it can be ignored.
 */
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "crypt.h"

#define SEAL_SALT_SIZE 32
#define SEAL_MAX_HEAD  256

/* What a key or a passphrase may have. */
#define SEAL_MAX_SECRET 4096

/*
 * What scrypt may cost, as a head says: 16 MiB to 1 GiB, so that a damaged head
 * cannot exhaust a machine.  SEAL_LOG2_N with p = 1 is what new files get: 128
 * MiB, the first choice of OWASP's Password Storage Cheat Sheet.
 */
#define SEAL_MIN_LOG2_N 14
#define SEAL_MAX_LOG2_N 20
#define SEAL_LOG2_N     17
#define SEAL_R          8
#define SEAL_MAX_P      4

struct seal_head {
	bool passphrase; /* scrypt makes the secret; else these are not used: */
	struct crypt_scrypt cost;
	unsigned char scrypt_salt[SEAL_SALT_SIZE];

	unsigned char salt[SEAL_SALT_SIZE];
	unsigned char nonce[CRYPT_NONCE_SIZE];
};

/*
 * Read the head of a file of LEN bytes; *RET_LEN is its length.  Returns 0, or
 * -EBADMSG with what is wrong in WHY ("is not a sealed file").
 */
int seal_read_head(const char *data, size_t len, struct seal_head *ret_head,
    size_t *ret_len, struct buf *why);

/* Append the head, at most SEAL_MAX_HEAD bytes. */
int seal_add_head(const struct seal_head *h, struct buf *b);

/* Append the head's kdf as it is written there, without its salt. */
int seal_add_kdf(const struct seal_head *h, struct buf *b);

/* Give the head a scrypt of today's cost with a salt of its own.  Returns 0 or
 * -EIO. */
int seal_renew_scrypt(struct seal_head *h);

/* Whether it has today's cost. */
bool seal_is_current(const struct seal_head *h);

/* Append the secret that the head's scrypt makes of PASSPHRASE.  Returns 0,
 * -EIO (also for want of memory), or -EMSGSIZE. */
int seal_stretch(const struct seal_head *h, const struct buf *passphrase,
    struct buf *ret_secret);

/*
 * Append the text of a file of LEN bytes whose head H has HEAD_LEN of them.
 * Returns 0; -EBADMSG when the secret is not the one or the file is damaged,
 * which cannot be told apart; -EIO or -EMSGSIZE.
 */
int seal_open(const struct seal_head *h, size_t head_len, const char *data,
    size_t len, const struct buf *secret, struct buf *ret_text);

/* Append the file with TEXT in it; salt and nonce of H are drawn.  Returns 0,
 * -EIO or -EMSGSIZE. */
int seal_close(struct seal_head *h, const struct buf *secret,
    const struct buf *text, struct buf *ret_data);

#endif
