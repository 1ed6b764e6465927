/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/signature.h>
#include <wolfssl/wolfcrypt/wc_encrypt.h>

#include "b64.h"
#include "crypt.h"
#include "key.h"
#include "mem.h"
#include "wipe.h"

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS (8 * KEY_MAX_SIGNATURE)
#define MAX_SPKI     (KEY_MAX_SIGNATURE + 128)
#define MAX_TEXT     64
#define MAX_WIDTH    66 /* bytes of r and of s on P-521 */

struct key {
	enum keytext_kind kind;
	bool was_encrypted;
	RsaKey rsa; /* only the one of the kind is initialised */
	ecc_key ec;
	struct buf name;
	struct buf fingerprint;
};

/* What hangs on the kind, by RFC 7518 3.1. */
static const struct {
	const char *alg;
	const char *curve;
	int curve_id;
	enum wc_HashType hash;
	size_t width; /* bytes of r and of s */
} kinds[] = {
	[KEYTEXT_KEY_RSA] = { "RS256", NULL, 0, WC_HASH_TYPE_SHA256, 0 },
	[KEYTEXT_KEY_P256] = { "ES256", "P-256", ECC_SECP256R1,
	    WC_HASH_TYPE_SHA256, 32 },
	[KEYTEXT_KEY_P384] = { "ES384", "P-384", ECC_SECP384R1,
	    WC_HASH_TYPE_SHA384, 48 },
	[KEYTEXT_KEY_P521] = { "ES512", "P-521", ECC_SECP521R1,
	    WC_HASH_TYPE_SHA512, MAX_WIDTH },
};

static int
refuse(struct buf *why, int error, const char *text)
{
	(void)buf_adds(why, text);
	return error;
}

/* --- reading ------------------------------------------------------------ */

/* Decrypt in place; what is left is DER, with padding after it at times.
 * wolfSSL cannot tell a wrong passphrase from damage. */
static int
decrypt(struct keytext *kt, const char *passphrase)
{
	unsigned char *der = (unsigned char *)kt->der.data;
	int pass_len = (int)strlen(passphrase);
	EncryptedInfo info;
	int n;

	if (kt->form == KEYTEXT_ENCRYPTED) {
		n = wc_DecryptPKCS8Key(der, (word32)kt->der.len, passphrase,
		    pass_len);
		if (n <= 0 || (size_t)n > kt->der.len)
			return -EKEYREJECTED;
		buf_truncate(&kt->der, (size_t)n);
		return 0;
	}
	memset(&info, 0, sizeof(info));
	if (kt->iv.len > sizeof(info.iv) ||
	    wc_EncryptedInfoGet(&info, kt->cipher) != 0)
		return -EKEYREJECTED;
	memcpy(info.iv, kt->iv.data, kt->iv.len);
	info.ivSz = (word32)kt->iv.len;
	/* MD5 is what this old form derives its keys by, whatever else */
	n = wc_BufferKeyDecrypt(&info, der, (word32)kt->der.len,
	    (const unsigned char *)passphrase, pass_len, WC_MD5);
	mem_wipe(&info, sizeof(info));
	return n == 0 ? 0 : -EKEYREJECTED;
}

static int
open_text(struct keytext *kt, const char *passphrase, struct buf *why)
{
	int r;

	if (kt->form == KEYTEXT_PLAIN)
		return 0;
	if (passphrase == NULL)
		return refuse(why, -ENOKEY,
		    "is encrypted, and there is no passphrase");
	if (strlen(passphrase) > KEY_MAX_PASSPHRASE)
		return refuse(why, -EKEYREJECTED,
		    "is encrypted, and the passphrase is too long");
	r = decrypt(kt, passphrase);
	return r == 0 ? 0 :
			refuse(why, r,
			    "cannot be decrypted: the passphrase is wrong, or "
			    "the key is damaged");
}

static int
load_rsa(struct key *k, const unsigned char *der, size_t len, struct buf *why)
{
	word32 at = 0;
	int bits;

	if (wc_InitRsaKey(&k->rsa, NULL) != 0)
		return refuse(why, -EIO, "cannot be read: wolfSSL failed");
	if (wc_RsaPrivateKeyDecode(der, &at, &k->rsa, (word32)len) != 0)
		return refuse(why, -EBADMSG, "is a damaged RSA key");
	bits = mp_count_bits(&k->rsa.n);
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS) {
		(void)buf_addf(why,
		    "is an RSA key of %d bits; at least %d, at most %d, "
		    "are needed",
		    bits, RSA_MIN_BITS, RSA_MAX_BITS);
		return -ENOTSUP;
	}
	return buf_addf(&k->name, "RSA %d", bits);
}

/* SEC 1 leaves the public half out at will. */
static int
make_public(struct key *k)
{
	WC_RNG rng;
	int failed;

	if (k->ec.type != ECC_PRIVATEKEY_ONLY)
		return 0;
	if (wc_InitRng(&rng) != 0)
		return -EIO;
	failed = wc_ecc_make_pub_ex(&k->ec, NULL, &rng);
	(void)wc_FreeRng(&rng);
	return failed == 0 ? 0 : -EBADMSG;
}

static int
load_ec(struct key *k, const unsigned char *der, size_t len, struct buf *why)
{
	word32 at = 0;

	if (wc_ecc_init(&k->ec) != 0)
		return refuse(why, -EIO, "cannot be read: wolfSSL failed");
	if (wc_EccPrivateKeyDecode(der, &at, &k->ec, (word32)len) != 0 ||
	    wc_ecc_get_curve_id(k->ec.idx) != kinds[k->kind].curve_id ||
	    make_public(k) != 0)
		return refuse(why, -EBADMSG, "is a damaged EC key");
	return buf_addf(&k->name, "EC %s", kinds[k->kind].curve);
}

static int
make_fingerprint(struct key *k)
{
	unsigned char hash[CRYPT_SHA256_SIZE];
	unsigned char spki[MAX_SPKI];
	int len;
	int r;

	if (k->kind == KEYTEXT_KEY_RSA)
		len = wc_RsaKeyToPublicDer(&k->rsa, spki, sizeof(spki));
	else
		len = wc_EccPublicKeyToDer(&k->ec, spki, sizeof(spki), 1);
	if (len <= 0)
		return -EIO;
	r = crypt_sha256(spki, (size_t)len, hash);
	if (r == 0)
		r = buf_adds(&k->fingerprint, "SHA256:");
	return r != 0 ? r : b64_encode(&k->fingerprint, hash, sizeof(hash));
}

static int
load_der(const struct buf *der, bool padded, struct buf *why,
    struct key **ret_key)
{
	const unsigned char *data = (const unsigned char *)buf_str(der);
	enum keytext_kind kind;
	struct key *k;
	size_t used;
	int r;

	r = keytext_kind(data, der->len, &kind, &used, why);
	if (r != 0)
		return r;
	if (used != der->len && !padded)
		return refuse(why, -EBADMSG, "is a damaged private key");
	k = xcalloc(1, sizeof(*k));
	k->kind = kind;
	k->name = (struct buf)BUF_INIT(MAX_TEXT);
	k->fingerprint = (struct buf)BUF_INIT(MAX_TEXT);
	r = kind == KEYTEXT_KEY_RSA ? load_rsa(k, data, used, why) :
				      load_ec(k, data, used, why);
	if (r == 0 && make_fingerprint(k) != 0)
		r = refuse(why, -EIO, "cannot be used: wolfSSL failed");
	if (r != 0)
		key_free(k);
	else
		*ret_key = k;
	return r;
}

int
key_open(const char *text, size_t len, const char *passphrase, struct buf *why,
    struct buf *ret_der)
{
	struct keytext kt = KEYTEXT_INIT;
	int r;

	/* what wolfSSL copies is wiped as well */
	(void)wolfSSL_SetAllocators(wipe_malloc, wipe_free, wipe_realloc);
	r = keytext_parse(text, len, &kt, why);
	if (r == 0)
		r = open_text(&kt, passphrase, why);
	if (r == 0)
		r = buf_add(ret_der, kt.der.data, kt.der.len);
	keytext_wipe(&kt);
	return r;
}

int
key_load(const char *text, size_t len, const char *passphrase, struct buf *why,
    struct key **ret_key)
{
	struct keytext kt = KEYTEXT_INIT;
	size_t before = why->len;
	int r;

	/* what wolfSSL copies is wiped as well */
	(void)wolfSSL_SetAllocators(wipe_malloc, wipe_free, wipe_realloc);
	r = keytext_parse(text, len, &kt, why);
	if (r == 0)
		r = open_text(&kt, passphrase, why);
	if (r == 0)
		r = load_der(&kt.der, kt.form == KEYTEXT_ENCRYPTED_LINES, why,
		    ret_key);
	if (r == -EBADMSG && kt.form != KEYTEXT_PLAIN) {
		/* padding came out right by chance, as once in 256 times */
		buf_truncate(why, before);
		(void)buf_adds(why,
		    "cannot be decrypted: the passphrase is wrong, or the key "
		    "is damaged");
		r = -EKEYREJECTED;
	}
	if (r == 0)
		(*ret_key)->was_encrypted = kt.form != KEYTEXT_PLAIN;
	keytext_wipe(&kt);
	return r;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	if (k->kind == KEYTEXT_KEY_RSA)
		(void)wc_FreeRsaKey(&k->rsa);
	else
		(void)wc_ecc_free(&k->ec);
#ifdef FP_ECC
	/* the tables of points that it keeps from one signature to the next */
	wc_ecc_fp_free();
#endif
	buf_wipe(&k->name);
	buf_wipe(&k->fingerprint);
	freezero(k, sizeof(*k));
}

const char *
key_alg(const struct key *k)
{
	return kinds[k->kind].alg;
}

bool
key_was_encrypted(const struct key *k)
{
	return k->was_encrypted;
}

const char *
key_name(const struct key *k)
{
	return buf_str(&k->name);
}

const char *
key_fingerprint(const struct key *k)
{
	return buf_str(&k->fingerprint);
}

/* --- signing ------------------------------------------------------------ */

/* From the DER of wolfSSL to r and s side by side. */
static int
add_r_and_s(const struct key *k, const unsigned char *sig, word32 len,
    struct buf *b)
{
	size_t width = kinds[k->kind].width;
	unsigned char pair[2 * MAX_WIDTH] = { 0 };
	unsigned char r[MAX_WIDTH + 1];
	unsigned char s[MAX_WIDTH + 1];
	word32 r_len = sizeof(r);
	word32 s_len = sizeof(s);

	if (wc_ecc_sig_to_rs(sig, len, r, &r_len, s, &s_len) != 0 ||
	    r_len > width || s_len > width)
		return -EIO;
	memcpy(pair + width - r_len, r, r_len);
	memcpy(pair + 2 * width - s_len, s, s_len);
	return buf_add(b, pair, 2 * width);
}

int
key_sign(struct key *k, const void *data, size_t len, struct buf *ret_signature)
{
	bool is_rsa = k->kind == KEYTEXT_KEY_RSA;
	unsigned char sig[KEY_MAX_SIGNATURE];
	word32 sig_len;
	WC_RNG rng;
	int failed;

	if (len > KEYTEXT_MAX || wc_InitRng(&rng) != 0)
		return -EIO;
	sig_len = (word32)wc_SignatureGetSize(is_rsa ?
		WC_SIGNATURE_TYPE_RSA_W_ENC :
		WC_SIGNATURE_TYPE_ECC,
	    is_rsa ? (const void *)&k->rsa : (const void *)&k->ec,
	    is_rsa ? sizeof(k->rsa) : sizeof(k->ec));
	/* the last argument: verify what was made */
	failed = sig_len > sizeof(sig) ||
	    wc_SignatureGenerate_ex(kinds[k->kind].hash,
		is_rsa ? WC_SIGNATURE_TYPE_RSA_W_ENC : WC_SIGNATURE_TYPE_ECC,
		data, (word32)len, sig, &sig_len,
		is_rsa ? (const void *)&k->rsa : (const void *)&k->ec,
		is_rsa ? sizeof(k->rsa) : sizeof(k->ec), &rng, 1) != 0;
	(void)wc_FreeRng(&rng);
	if (failed)
		return -EIO;
	return is_rsa ? buf_add(ret_signature, sig, sig_len) :
			add_r_and_s(k, sig, sig_len, ret_signature);
}
