/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private keys as people keep them, up to the point where a library takes
 * over: from PEM (RFC 7468, RFC 1421), base64, base64url or DER to DER, and
 * what that DER is.  It is told from the bytes, not from the label, because
 * wolfSSL 5.5 takes PKCS#8 keys on curves that it does not look at for P-256,
 * and cannot tell a wrong passphrase from a cipher that it does not know.
 *
 * Reasons are written so that the name of the key can stand before them, as in
 * "FILE is empty"; a second line in them is a hint.  They hold nothing
 * of the key.
 */
#ifndef KEYTEXT_H
#define KEYTEXT_H

#include <stddef.h>

#include "buf.h"

#define KEYTEXT_MAX     32768
#define KEYTEXT_MAX_WHY 1024

/* The command that makes a form that we read of any other; -v2prf because its
 * default changed with OpenSSL 3. */
#define KEYTEXT_CONVERT                                \
	"openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf " \
	"hmacWithSHA256 -in OLD -out NEW"

enum keytext_form {
	KEYTEXT_PLAIN,           /* PKCS#8, PKCS#1 or SEC 1 */
	KEYTEXT_ENCRYPTED,       /* PKCS#8 EncryptedPrivateKeyInfo */
	KEYTEXT_ENCRYPTED_LINES, /* encrypted by the headers of its PEM */
};

struct keytext {
	enum keytext_form form;
	struct buf der;     /* for ENCRYPTED_LINES what DER is encrypted to */
	const char *cipher; /* ENCRYPTED_LINES: as "AES-256-CBC" */
	struct buf iv;      /* ENCRYPTED_LINES: in hexadecimal */
};

#define KEYTEXT_INIT                                                     \
	{                                                                \
		KEYTEXT_PLAIN, BUF_INIT(KEYTEXT_MAX), NULL, BUF_INIT(64) \
	}

/* What a plain private key is for. */
enum keytext_kind {
	KEYTEXT_KEY_RSA,
	KEYTEXT_KEY_P256,
	KEYTEXT_KEY_P384,
	KEYTEXT_KEY_P521,
};

/*
 * Read LEN bytes: PEM, DER, or base64 of one of them.  Text before the key,
 * and other PEM blocks before it, are passed over; newlines of a PEM may be
 * missing, be blanks, or be written as "\n".  Returns 0; -EBADMSG when it is
 * no private key; -ENOTSUP when it is encrypted in a way that wolfSSL does not
 * read; -EMSGSIZE above KEYTEXT_MAX.
 * The reason is appended to WHY.  The caller wipes *RET_KT, which must be
 * initialised and is untouched on failure.
 */
int keytext_parse(const char *text, size_t len, struct keytext *ret_kt,
    struct buf *why);

/*
 * Tell what the LEN bytes of DER at DATA, a private key, are for, and how many
 * of them the key takes: after the decryption of ENCRYPTED_LINES padding
 * follows.  Returns 0; -EBADMSG when it is no such key; -ENOTSUP for other
 * algorithms and curves.  The reason is appended to WHY.
 */
int keytext_kind(const void *data, size_t len, enum keytext_kind *ret_kind,
    size_t *ret_used, struct buf *why);

void keytext_wipe(struct keytext *kt);

#endif
