/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "b64.h"
#include "der.h"
#include "keypem.h"
#include "keytext.h"

#define COLUMNS 64

/* AlgorithmIdentifier: rsaEncryption (RFC 8017 A.1), and id-ecPublicKey on a
 * curve (RFC 5480 2.1.1). */
#define RSA "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
#define EC  "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"

static const struct {
	const char *bytes;
	size_t len;
} algorithms[] = {
	[KEYTEXT_KEY_RSA] = { RSA, sizeof(RSA) - 1 },
	[KEYTEXT_KEY_P256] = { "\x30\x13" EC
			       "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
	    21 },
	[KEYTEXT_KEY_P384] = { "\x30\x10" EC "\x06\x05\x2b\x81\x04\x00\x22",
	    18 },
	[KEYTEXT_KEY_P521] = { "\x30\x10" EC "\x06\x05\x2b\x81\x04\x00\x23",
	    18 },
};

/* Append TAG and LEN, in the shortest form (X.690 10.1). */
static int
add_head(struct buf *b, unsigned char tag, size_t len)
{
	unsigned char head[4] = { tag, (unsigned char)len };
	size_t size = 2;

	if (len > 0xffff)
		return -EMSGSIZE;
	if (len > 0xff) {
		head[1] = 0x82;
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
		size = 4;
	} else if (len > 0x7f) {
		head[1] = 0x81;
		head[2] = (unsigned char)len;
		size = 3;
	}
	return buf_add(b, head, size);
}

/* PrivateKeyInfo of a key in the form of its algorithm. */
static int
wrap(enum keytext_kind kind, const void *der, size_t len, struct buf *b)
{
	static const unsigned char version[] = { DER_INTEGER, 1, 0 };
	struct buf body = BUF_INIT(KEYTEXT_MAX);
	int r;

	r = buf_add(&body, version, sizeof(version));
	if (r == 0)
		r = buf_add(&body, algorithms[kind].bytes,
		    algorithms[kind].len);
	if (r == 0)
		r = add_head(&body, DER_OCTETS, len);
	if (r == 0)
		r = buf_add(&body, der, len);
	if (r == 0)
		r = add_head(b, DER_SEQUENCE, body.len);
	if (r == 0)
		r = buf_add(b, buf_str(&body), body.len);
	buf_wipe(&body);
	return r;
}

/* Whether it is a PrivateKeyInfo already: behind the version comes the
 * algorithm. */
static bool
is_pkcs8(const void *der, size_t len)
{
	struct der in = { der, len };
	struct der body;
	struct der next;

	return der_take(&in, DER_SEQUENCE, &body) == 0 &&
	    der_take(&body, DER_INTEGER, &next) == 0 &&
	    der_take(&body, DER_SEQUENCE, &next) == 0;
}

static int
add_pem(const struct buf *der, struct buf *pem)
{
	struct buf text = BUF_INIT(2 * KEYTEXT_MAX);
	size_t at;
	int r;

	r = b64_encode(&text, buf_str(der), der->len);
	if (r == 0)
		r = buf_adds(pem, "-----BEGIN PRIVATE KEY-----\n");
	for (at = 0; at < text.len && r == 0; at += COLUMNS)
		r = buf_addf(pem, "%.*s\n", COLUMNS, buf_str(&text) + at);
	buf_wipe(&text);
	return r != 0 ? r : buf_adds(pem, "-----END PRIVATE KEY-----\n");
}

int
keypem(const void *der, size_t len, struct buf *ret_pem, struct buf *why)
{
	struct buf b = BUF_INIT(KEYTEXT_MAX);
	enum keytext_kind kind;
	size_t used = 0;
	int r;

	r = keytext_kind(der, len, &kind, &used, why);
	if (r == 0)
		r = is_pkcs8(der, used) ? buf_add(&b, der, used) :
					  wrap(kind, der, used, &b);
	if (r == 0)
		r = add_pem(&b, ret_pem);
	buf_wipe(&b);
	return r;
}
