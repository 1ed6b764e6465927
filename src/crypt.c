/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <string.h>

#include <wolfssl/options.h>
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
