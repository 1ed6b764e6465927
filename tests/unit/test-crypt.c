/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hashes by the vectors of FIPS 180 and RFC 7636, HKDF by those of RFC 5869,
 * scrypt by those of RFC 7914, AES-GCM by those of its submission to NIST, and
 * random bytes.
 */
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

static int
nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void
add_hex(struct buf *b, const char *hex)
{
	for (; *hex != '\0'; hex += 2)
		(void)buf_addc(b, (char)(nibble(hex[0]) << 4 | nibble(hex[1])));
}

static void
is_hex(const void *got, size_t len, const char *want, const char *name)
{
	struct buf b = BUF_INIT(256);

	add_hex(&b, want);
	is_mem(got, len, buf_str(&b), b.len, "%s", name);
	buf_wipe(&b);
}

/* RFC 5869 A.1 and A.3; the info of A.1 is no string, so that of A.3, which is
 * empty, and that of ours are what can be asked for. */
static void
test_hkdf(void)
{
	struct buf ikm = BUF_INIT(64);
	struct buf salt = BUF_INIT(64);
	unsigned char out[42];

	add_hex(&ikm, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	is_int(crypt_hkdf(&ikm, &salt, "", out, sizeof(out)), 0, "HKDF");
	is_hex(out, sizeof(out),
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8",
	    "RFC 5869 A.3");
	add_hex(&salt, "000102030405060708090a0b0c");
	is_int(crypt_hkdf(&ikm, &salt,
		   "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out,
		   sizeof(out)),
	    0, "HKDF with salt and info");
	is_hex(out, sizeof(out),
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865",
	    "RFC 5869 A.1");
	buf_wipe(&ikm);
	buf_wipe(&salt);
}

/* RFC 7914 12, the first and the third. */
static void
test_scrypt(void)
{
	const struct crypt_scrypt least = { 4, 1, 1 };
	const struct crypt_scrypt interactive = { 14, 8, 1 };
	const struct crypt_scrypt wrong = { 0, 8, 1 };
	struct buf none = BUF_INIT(1);
	struct buf passphrase = BUF_INIT(64);
	struct buf salt = BUF_INIT(64);
	struct buf out = BUF_INIT(64);

	is_int(crypt_scrypt(&none, &none, &least, &out, 64), 0, "scrypt");
	is_hex(out.data, out.len,
	    "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
	    "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
	    "RFC 7914, N = 16, r = 1, p = 1");
	is_int(crypt_scrypt(&none, &none, &least, &out, 1), -EMSGSIZE,
	    "no room");
	buf_clear(&out);
	(void)buf_adds(&passphrase, "pleaseletmein");
	(void)buf_adds(&salt, "SodiumChloride");
	is_int(crypt_scrypt(&passphrase, &salt, &interactive, &out, 64), 0,
	    "scrypt with 16 MiB");
	is_hex(out.data, out.len,
	    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
	    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
	    "RFC 7914, N = 16384, r = 8, p = 1");
	buf_clear(&out);
	is_int(crypt_scrypt(&passphrase, &salt, &wrong, &out, 64), -EIO,
	    "no N of 1");
	is_int((intmax_t)out.len, 0, "and no key");
	buf_wipe(&passphrase);
	buf_wipe(&salt);
	buf_wipe(&out);
}

/* One of the vectors: with the tag behind, as it is stored. */
static void
check_gcm(struct crypt_gcm *g, const char *plain_hex, const char *want,
    const char *name)
{
	struct buf plain = BUF_INIT(128);
	struct buf sealed = BUF_INIT(128);
	struct buf again = BUF_INIT(128);

	add_hex(&plain, plain_hex);
	is_int(crypt_encrypt(g, &plain, &sealed), 0, "encrypt %s", name);
	is_hex(sealed.data, sealed.len, want, name);
	is_int(crypt_decrypt(g, sealed.data, sealed.len, &again), 0,
	    "decrypt %s", name);
	is_mem(buf_str(&again), again.len, buf_str(&plain), plain.len,
	    "%s comes back", name);
	buf_clear(&again);
	sealed.data[sealed.len - 1] ^= 1;
	is_int(crypt_decrypt(g, sealed.data, sealed.len, &again), -EBADMSG,
	    "another tag");
	is_int(crypt_decrypt(g, sealed.data, CRYPT_TAG_SIZE - 1, &again),
	    -EBADMSG, "no tag");
	is_int((intmax_t)again.len, 0, "and nothing is given");
	buf_wipe(&plain);
	buf_wipe(&sealed);
	buf_wipe(&again);
}

/* Test cases 13, 14 and 16 of McGrew and Viega's submission of GCM. */
static void
test_gcm(void)
{
	struct crypt_gcm g = { { 0 }, { 0 }, NULL, 0 };
	struct buf hex = BUF_INIT(128);
	struct buf full = BUF_INIT(CRYPT_TAG_SIZE - 1);

	check_gcm(&g, "", "530f8afbc74536b9a963b4f1c4cb738b", "nothing");
	check_gcm(&g, "00000000000000000000000000000000",
	    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
	    "a block");
	is_int(crypt_encrypt(&g, &hex, &full), -EMSGSIZE, "no room");
	add_hex(&hex,
	    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
	    "cafebabefacedbaddecaf888feedfacedeadbeeffeedfacedeadbeefabaddad2");
	memcpy(g.key, hex.data, CRYPT_KEY_SIZE);
	memcpy(g.nonce, hex.data + 32, CRYPT_NONCE_SIZE);
	g.aad = hex.data + 44;
	g.aad_len = 20;
	check_gcm(&g,
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	    "76fc6ece0f4e1768cddf8853bb2d551b",
	    "60 bytes with AAD");
	buf_wipe(&hex);
	buf_wipe(&full);
}

int
main(void)
{
	test_sha256();
	test_pkce();
	test_random();
	test_hkdf();
	test_scrypt();
	test_gcm();
	return done_testing();
}
