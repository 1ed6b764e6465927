/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/pwdbased.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include "b64.h"
#include "crypt.h"
#include "mem.h"

/* Most that wolfSSL gives in one call (RNG_MAX_BLOCK_LEN, by its hash DRBG). */
#define RANDOM_CHUNK 4096

int
crypt_random(void *data, size_t len)
{
	unsigned char *p = data;
	size_t done = 0;
	WC_RNG rng;
	int failed;

	if (wc_InitRng(&rng) != 0) {
		mem_wipe(data, len);
		return -EIO;
	}
	do {
		size_t left = len - done;
		size_t n = left < RANDOM_CHUNK ? left : RANDOM_CHUNK;

		failed = wc_RNG_GenerateBlock(&rng, p + done, (word32)n);
		done += n;
	} while (failed == 0 && done < len);
	(void)wc_FreeRng(&rng);
	if (failed == 0)
		return 0;
	mem_wipe(data, len);
	return -EIO;
}

int
crypt_random_text(struct buf *b, size_t bytes)
{
	struct buf raw = BUF_INIT(bytes);
	struct buf text = BUF_INIT(2 * bytes + 4);
	char *to = buf_space(&raw, bytes);
	int r;

	r = to != NULL ? crypt_random(to, bytes) : -EIO;
	if (r != 0)
		goto out;
	r = b64_encode_url(&text, to, bytes);
	if (r == 0)
		r = buf_add(b, text.data, text.len);
out:
	/* buf_wipe() wipes the whole block, used or not */
	buf_wipe(&raw);
	buf_wipe(&text);
	return r;
}

int
crypt_sha256(const void *data, size_t len,
    unsigned char ret_hash[CRYPT_SHA256_SIZE])
{
	unsigned char hash[CRYPT_SHA256_SIZE];
	const unsigned char *p = data;
	wc_Sha256 sha;
	int failed;

	if (wc_InitSha256(&sha) != 0)
		return -EIO;
	do {
		size_t n = len < INT_MAX ? len : INT_MAX;

		failed = wc_Sha256Update(&sha, p, (word32)n);
		p += n;
		len -= n;
	} while (failed == 0 && len > 0);
	if (failed == 0)
		failed = wc_Sha256Final(&sha, hash);
	wc_Sha256Free(&sha);
	if (failed == 0)
		memcpy(ret_hash, hash, sizeof(hash));
	mem_wipe(hash, sizeof(hash));
	return failed == 0 ? 0 : -EIO;
}

/* The content as wolfSSL wants it, which refuses NULL where it need not. */
static const byte *
bytes_of(const struct buf *b)
{
	return (const byte *)buf_str(b);
}

int
crypt_hkdf(const struct buf *ikm, const struct buf *salt, const char *info,
    void *ret_key, size_t len)
{
	if (wc_HKDF(WC_SHA256, bytes_of(ikm), (word32)ikm->len, bytes_of(salt),
		(word32)salt->len, (const byte *)info, (word32)strlen(info),
		ret_key, (word32)len) == 0)
		return 0;
	mem_wipe(ret_key, len);
	return -EIO;
}

int
crypt_scrypt(const struct buf *passphrase, const struct buf *salt,
    const struct crypt_scrypt *cost, struct buf *ret_key, size_t len)
{
	char *to = buf_space(ret_key, len);

	if (to == NULL)
		return -EMSGSIZE;
	if (wc_scrypt((byte *)to, bytes_of(passphrase), (int)passphrase->len,
		bytes_of(salt), (int)salt->len, cost->log2_n, cost->r, cost->p,
		(int)len) != 0) {
		mem_wipe(to, len);
		return -EIO;
	}
	buf_grew(ret_key, len);
	return 0;
}

/* Ready AES for the key.  wc_AesFree() wipes what it holds. */
static int
set_key(Aes *aes, const struct crypt_gcm *g)
{
	if (wc_AesInit(aes, NULL, INVALID_DEVID) != 0)
		return -EIO;
	if (wc_AesGcmSetKey(aes, g->key, CRYPT_KEY_SIZE) == 0)
		return 0;
	wc_AesFree(aes);
	return -EIO;
}

int
crypt_encrypt(const struct crypt_gcm *g, const struct buf *plain, struct buf *b)
{
	size_t len = plain->len;
	char *to = buf_space(b, len + CRYPT_TAG_SIZE);
	Aes aes;
	int failed;

	if (to == NULL)
		return -EMSGSIZE;
	if (set_key(&aes, g) != 0)
		return -EIO;
	failed = wc_AesGcmEncrypt(&aes, (byte *)to, bytes_of(plain),
	    (word32)len, g->nonce, CRYPT_NONCE_SIZE, (byte *)to + len,
	    CRYPT_TAG_SIZE, g->aad, (word32)g->aad_len);
	wc_AesFree(&aes);
	mem_wipe(&aes, sizeof(aes));
	if (failed == 0)
		buf_grew(b, len + CRYPT_TAG_SIZE);
	else
		mem_wipe(to, len + CRYPT_TAG_SIZE);
	return failed == 0 ? 0 : -EIO;
}

int
crypt_decrypt(const struct crypt_gcm *g, const void *data, size_t len,
    struct buf *b)
{
	const byte *from = data;
	size_t plain_len = len - CRYPT_TAG_SIZE;
	char *to;
	Aes aes;
	int failed;

	if (len < CRYPT_TAG_SIZE)
		return -EBADMSG;
	to = buf_space(b, plain_len);
	if (to == NULL)
		return -EMSGSIZE;
	if (set_key(&aes, g) != 0)
		return -EIO;
	failed = wc_AesGcmDecrypt(&aes, (byte *)to, from, (word32)plain_len,
	    g->nonce, CRYPT_NONCE_SIZE, from + plain_len, CRYPT_TAG_SIZE,
	    g->aad, (word32)g->aad_len);
	wc_AesFree(&aes);
	mem_wipe(&aes, sizeof(aes));
	if (failed == 0) {
		buf_grew(b, plain_len);
		return 0;
	}
	/* it may have decrypted before it saw that the tag is wrong */
	mem_wipe(to, plain_len);
	return failed == AES_GCM_AUTH_E ? -EBADMSG : -EIO;
}
