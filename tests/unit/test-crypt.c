/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes by the vectors of FIPS 180 and RFC 7636, and random bytes. */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "crypt.h"
#include "mem.h"
#include "tap.h"

static void
check_sha256(const char *data, size_t len, const char *want, const char *name)
{
	unsigned char hash[CRYPT_SHA256_SIZE];
	struct buf hex = BUF_INIT(64);
	size_t i;

	is_int(crypt_sha256(data, len, hash), 0, "hash %s", name);
	for (i = 0; i < sizeof(hash); i++)
		(void)buf_addf(&hex, "%02x", hash[i]);
	is_str(buf_str(&hex), want, "SHA-256 of %s", name);
	buf_wipe(&hex);
}

static void
test_sha256(void)
{
	static const char
	    two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char *million = xmalloc(1000000);

	check_sha256("", 0,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855",
	    "nothing");
	check_sha256("abc", 3,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad",
	    "one block");
	check_sha256(two, sizeof(two) - 1,
	    "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1",
	    "two blocks");
	memset(million, 'a', 1000000);
	check_sha256(million, 1000000,
	    "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0",
	    "a million a");
	free(million);
}

/* RFC 7636 appendix B. */
static void
test_pkce(void)
{
	static const char
	    verifier[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	unsigned char hash[CRYPT_SHA256_SIZE];
	struct buf b = BUF_INIT(64);

	is_int(crypt_sha256(verifier, sizeof(verifier) - 1, hash), 0,
	    "hash the verifier");
	is_int(b64_encode_url(&b, hash, sizeof(hash)), 0, "encode it");
	is_str(buf_str(&b), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
	    "the S256 challenge of RFC 7636");
	buf_wipe(&b);
}

/* Chances of a failure by accident: below 2^-100. */
static void
test_random(void)
{
	unsigned char seen[256] = { 0 };
	unsigned char *data = xcalloc(1, 10000);
	struct buf a = BUF_INIT(43);
	struct buf b = BUF_INIT(43);
	int kinds = 0;
	size_t i;

	is_int(crypt_random(data, 10000), 0, "more than one block of the DRBG");
	for (i = 0; i < 10000; i++)
		seen[data[i]] = 1;
	for (i = 0; i < 256; i++)
		kinds += seen[i];
	ok(kinds > 250, "all kinds of bytes");
	ok(mem_differ(data, data + 5000, 5000) != 0, "no repetition");
	free(data);
	is_int(crypt_random_text(&a, 32), 0, "32 bytes as text");
	is_int(crypt_random_text(&b, 32), 0, "and again");
	is_int((intmax_t)a.len, 43, "are 43 characters");
	is_int((intmax_t)strspn(buf_str(&a),
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "abcdefghijklmnopqrstuvwxyz0123456789-_"),
	    43, "of base64url");
	ok(!buf_equals(&a, buf_str(&b)), "that differ");
	is_int(crypt_random_text(&a, 1), -EMSGSIZE, "no room");
	is_int((intmax_t)a.len, 43, "changes nothing");
	buf_wipe(&a);
	buf_wipe(&b);
}

int
main(void)
{
	test_sha256();
	test_pkce();
	test_random();
	return done_testing();
}
