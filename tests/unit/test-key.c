/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private keys in every form, made by OpenSSL (tests/data/key; the passphrase
 * is "secret"), and all that is refused, with its reason.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "crypt.h"
#include "esc.h"
#include "io.h"
#include "key.h"
#include "mem.h"
#include "tap.h"

/* Of OpenSSL, over the DER of the public key. */
#define RSA_PRINT  "SHA256:fKSUl3IW4M7SnNlx9Pvl9Gx/Jl9kVLbNRFNlVDLvDlw="
#define P256_PRINT "SHA256:u76WCCDGzvtYX00uaCgbirjUuXxIN5C8VJikPXNu3QU="
#define P384_PRINT "SHA256:yHP9tDqkghFO/LElJ7FkcZGJyP57jSiuD/5rqbsii+k="
#define P521_PRINT "SHA256:s+xYUUMuYAWe9lnnwsAeNQY5oCiL5dQwKBLbLvzRWP0="

#define CONVERT                                                \
	"\nhint: openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf " \
	"hmacWithSHA256 -in OLD -out NEW"
#define WRONG                                                          \
	"cannot be decrypted: the passphrase is wrong, or the key is " \
	"damaged"

static void
read_key(const char *name, struct buf *b)
{
	const char *srcdir = getenv("srcdir");
	struct buf path = BUF_INIT(4096);

	(void)buf_addf(&path, "%s/tests/data/key/%s.pem",
	    srcdir != NULL ? srcdir : ".", name);
	if (io_read_file(buf_str(&path), b) != 0)
		bail("cannot read a key of tests/data/key");
	buf_wipe(&path);
}

static void
loads(const struct buf *text, const char *passphrase, const char *alg,
    const char *name, const char *print, const char *what)
{
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct key *k = NULL;

	is_int(key_load(buf_str(text), text->len, passphrase, &why, &k), 0,
	    "%s is a key", what);
	is_str(buf_str(&why), "", "no reason");
	if (k != NULL) {
		is_str(key_alg(k), alg, "its algorithm");
		is_str(key_name(k), name, "its name");
		if (passphrase == NULL)
			ok(!key_was_encrypted(k), "it was not encrypted");
		is_str(key_fingerprint(k), print, "its fingerprint");
	}
	key_free(k);
	buf_wipe(&why);
}

static void
fails(const struct buf *text, const char *passphrase, int error,
    const char *reason, const char *what)
{
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct key *k = NULL;

	is_int(key_load(buf_str(text), text->len, passphrase, &why, &k), error,
	    "%s is refused", what);
	is_str(buf_str(&why), reason, "and why");
	ok(k == NULL, "there is no key");
	key_free(k);
	buf_wipe(&why);
}

static void
test_files(void)
{
	static const struct {
		const char *file;
		const char *passphrase;
		const char *alg;
		const char *name;
		const char *print;
	} good[] = {
		{ "rsa", NULL, "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa", "unused", "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa-pkcs1", NULL, "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa-lines-aes256", "secret", "RS256", "RSA 2048",
		    RSA_PRINT },
		{ "rsa-lines-des3", "secret", "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa-des3", "secret", "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa-aes256", "secret", "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa-aes128-sha1", "secret", "RS256", "RSA 2048", RSA_PRINT },
		{ "rsa-v1-3des", "secret", "RS256", "RSA 2048", RSA_PRINT },
		{ "p256", NULL, "ES256", "EC P-256", P256_PRINT },
		{ "p256-sec1", NULL, "ES256", "EC P-256", P256_PRINT },
		{ "p384", NULL, "ES384", "EC P-384", P384_PRINT },
		{ "p384-no-public", NULL, "ES384", "EC P-384", P384_PRINT },
		{ "p521", NULL, "ES512", "EC P-521", P521_PRINT },
		{ "p521-lines", "secret", "ES512", "EC P-521", P521_PRINT },
	};
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++) {
		buf_clear(&text);
		read_key(good[i].file, &text);
		loads(&text, good[i].passphrase, good[i].alg, good[i].name,
		    good[i].print, good[i].file);
	}
	buf_wipe(&text);
}

static void
test_refused(void)
{
	static const struct {
		const char *file;
		const char *passphrase;
		int error;
		const char *why;
	} bad[] = {
		{ "rsa-aes256", NULL, -ENOKEY,
		    "is encrypted, and there is no passphrase" },
		{ "rsa-lines-aes256", NULL, -ENOKEY,
		    "is encrypted, and there is no passphrase" },
		{ "rsa-aes256", "wrong", -EKEYREJECTED, WRONG },
		{ "rsa-des3", "Secret", -EKEYREJECTED, WRONG },
		/* what these decrypt to begins like DER, by chance */
		{ "rsa-aes256", "wrong759", -EKEYREJECTED, WRONG },
		{ "rsa-des3", "wrong1816", -EKEYREJECTED, WRONG },
		{ "rsa-v1-3des", "wrong2254", -EKEYREJECTED, WRONG },
		{ "rsa-lines-aes256", "wrong", -EKEYREJECTED, WRONG },
		{ "p521-lines", "wrong", -EKEYREJECTED, WRONG },
		{ "rsa-scrypt", "secret", -ENOTSUP,
		    "is encrypted by a scheme that cannot be read here "
		    "(scrypt, aes-256-cbc)" CONVERT },
		{ "rsa-aes192", "secret", -ENOTSUP,
		    "is encrypted by a scheme that cannot be read here "
		    "(PBKDF2, hmacWithSHA256, aes-192-cbc)" CONVERT },
		{ "rsa-sha512", "secret", -ENOTSUP,
		    "is encrypted by a scheme that cannot be read here "
		    "(PBKDF2, hmacWithSHA512, aes-256-cbc)" CONVERT },
		{ "rsa1024", NULL, -ENOTSUP,
		    "is an RSA key of 1024 bits; at least 2048, at most 4096, "
		    "are needed" },
		{ "rsa8192", NULL, -ENOTSUP,
		    "is an RSA key of 8192 bits; at least 2048, at most 4096, "
		    "are needed" },
		{ "k256", NULL, -ENOTSUP,
		    "is an EC key on a curve other than P-256, P-384 and "
		    "P-521" },
		{ "p256-explicit", NULL, -ENOTSUP,
		    "is an EC key that does not name its curve\nhint: openssl "
		    "ec -param_enc named_curve -in OLD -out NEW" },
		{ "ed25519", NULL, -ENOTSUP,
		    "is a key for Ed25519, neither RSA nor EC" },
		{ "rsa-public", NULL, -EBADMSG,
		    "holds \"PUBLIC KEY\", and no private key in PEM\nhint: "
		    "openssl pkey -in OLD -out NEW" },
	};
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&text);
		read_key(bad[i].file, &text);
		fails(&text, bad[i].passphrase, bad[i].error, bad[i].why,
		    bad[i].file);
	}
	buf_wipe(&text);
}

/* Copy TEXT with every newline replaced by GAP. */
static void
join(const struct buf *text, const char *gap, struct buf *to)
{
	const char *s;

	buf_clear(to);
	for (s = buf_str(text); *s != '\0'; s++)
		if (*s == '\n')
			(void)buf_adds(to, gap);
		else
			(void)buf_addc(to, *s);
}

static void
test_normalised(void)
{
	static const char *const gaps[] = { "", " ", "\r\n", "\\n", "\n\n",
		"\t ", "\\r\\n" };
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf other = BUF_INIT(KEYTEXT_MAX);
	size_t i;

	for (i = 0; i < ARRAY_LEN(gaps); i++) {
		struct buf shown = BUF_INIT(64);

		(void)esc_visible(&shown, gaps[i], strlen(gaps[i]));
		buf_clear(&text);
		read_key("rsa", &text);
		join(&text, gaps[i], &other);
		loads(&other, NULL, "RS256", "RSA 2048", RSA_PRINT,
		    buf_str(&shown));
		buf_clear(&text);
		read_key("p521-lines", &text);
		join(&text, gaps[i], &other);
		loads(&other, "secret", "ES512", "EC P-521", P521_PRINT,
		    buf_str(&shown));
		buf_wipe(&shown);
	}
	buf_clear(&other);
	(void)buf_adds(&other,
	    "\n# a comment\n-----BEGIN EC PARAMETERS-----\n"
	    "BggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n\n");
	read_key("p256-sec1", &other);
	(void)buf_adds(&other, "and more\n");
	loads(&other, NULL, "ES256", "EC P-256", P256_PRINT,
	    "a key among other text");
	buf_wipe(&text);
	buf_wipe(&other);
}

static void
test_der(void)
{
	static const char *const names[] = { "rsa", "rsa-pkcs1", "rsa-aes256" };
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf coded = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct keytext kt = KEYTEXT_INIT;

		buf_clear(&text);
		read_key(names[i], &text);
		is_int(keytext_parse(buf_str(&text), text.len, &kt, &why), 0,
		    "%s", names[i]);
		loads(&kt.der, "secret", "RS256", "RSA 2048", RSA_PRINT, "DER");
		buf_clear(&coded);
		(void)b64_encode(&coded, text.data, text.len);
		loads(&coded, "secret", "RS256", "RSA 2048", RSA_PRINT,
		    "base64 of PEM");
		buf_clear(&coded);
		(void)b64_encode(&coded, kt.der.data, kt.der.len);
		loads(&coded, "secret", "RS256", "RSA 2048", RSA_PRINT,
		    "base64");
		buf_clear(&coded);
		(void)b64_encode_url(&coded, kt.der.data, kt.der.len);
		(void)buf_addc(&coded, '\n');
		loads(&coded, "secret", "RS256", "RSA 2048", RSA_PRINT,
		    "base64url");
		(void)buf_addc(&kt.der, '\0');
		fails(&kt.der, NULL, -EBADMSG, "is not a private key",
		    "a byte after it");
		keytext_wipe(&kt);
	}
	buf_wipe(&text);
	buf_wipe(&coded);
	buf_wipe(&why);
}

static void
fails_text(const char *text, int error, const char *reason, const char *what)
{
	struct buf b = BUF_INIT(4096);

	(void)buf_adds(&b, text);
	fails(&b, NULL, error, reason, what);
	buf_wipe(&b);
}

static void
test_nonsense(void)
{
	struct buf text = BUF_INIT(2 * KEYTEXT_MAX);

	fails_text("", -EBADMSG, "is empty", "nothing");
	fails_text("\n", -EBADMSG, "is not a private key", "a newline");
	fails_text("hello, world", -EBADMSG,
	    "is neither PEM nor DER nor base64", "text");
	fails_text("aGVsbG8=", -EBADMSG, "is not a private key",
	    "base64 of text");
	fails_text("LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUU=", -EBADMSG,
	    "is PEM without its END line", "base64 of half a file");
	/* once is enough */
	fails_text(
	    "TFMwdExTMUNSVWRKVGlCUVVrbFdRVlJGSUV0RldTMHRMUzB0Q2sxSlNVVT0=",
	    -EBADMSG, "is not a private key", "base64 of base64");
	fails_text("-----BEGIN PRIVATE KEY-----\nMIIE", -EBADMSG,
	    "is PEM without its END line", "half a file");
	fails_text("-----BEGIN PRIVATE KEY-----\nMI*E\n"
		   "-----END PRIVATE KEY-----",
	    -EBADMSG, "is PEM with damaged base64", "another character");
	fails_text("-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n"
		   "-----END PRIVATE KEY-----",
	    -EBADMSG, "is not a private key", "a short sequence");
	fails_text("-----BEGIN X\033-----\nMAMCAQA=\n-----END X\033-----",
	    -EBADMSG,
	    "holds \"X\\x1b\", and no private key in PEM\nhint: openssl pkey "
	    "-in OLD -out NEW",
	    "a hostile label");
	fails_text("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		   "DEK-Info: RC4,00\n\nAAAA\n-----END RSA PRIVATE KEY-----",
	    -ENOTSUP,
	    "is encrypted by a cipher that cannot be read here" CONVERT,
	    "another cipher in the headers");
	fails_text("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		   "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEE"
		   "-----END RSA PRIVATE KEY-----",
	    -EBADMSG, "is a damaged private key", "a vector that is cut");
	while (buf_adds(&text, "AAAA") == 0)
		;
	fails(&text, NULL, -EMSGSIZE, "is too long for a key", "64 KiB");
	buf_wipe(&text);
}

static void
test_cuts(void)
{
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct keytext kt = KEYTEXT_INIT;
	struct key *k = NULL;
	bool refused = true;
	size_t n;

	read_key("p256", &text);
	(void)keytext_parse(buf_str(&text), text.len, &kt, &why);
	for (n = 0; n < kt.der.len; n++)
		if (key_load(kt.der.data, n, NULL, &why, &k) == 0)
			refused = false;
	ok(refused, "DER that is cut short is no key");
	keytext_wipe(&kt);
	buf_wipe(&text);
	buf_wipe(&why);
}

static void
hash_is(const struct buf *b, const char *want, const char *what)
{
	unsigned char hash[CRYPT_SHA256_SIZE];
	struct buf hex = BUF_INIT(64);
	size_t i;

	(void)crypt_sha256(buf_str(b), b->len, hash);
	for (i = 0; i < sizeof(hash); i++)
		(void)buf_addf(&hex, "%02x", hash[i]);
	is_str(buf_str(&hex), want, "%s", what);
	buf_wipe(&hex);
}

static void
test_sign(void)
{
	static const struct {
		const char *file;
		size_t size;
	} keys[] = { { "rsa", 256 }, { "p256", 64 }, { "p384", 96 },
		{ "p384-no-public", 96 }, { "p521", 132 } };
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct buf sig = BUF_INIT(KEY_MAX_SIGNATURE);
	struct buf small = BUF_INIT(63);
	struct key *k = NULL;
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++) {
		buf_clear(&text);
		buf_clear(&sig);
		read_key(keys[i].file, &text);
		if (key_load(buf_str(&text), text.len, NULL, &why, &k) != 0)
			bail("a key cannot be loaded");
		is_int(key_sign(k, "some bytes", 10, &sig), 0, "%s signs",
		    keys[i].file);
		is_int((intmax_t)sig.len, (intmax_t)keys[i].size,
		    "a signature of the right size");
		is_int(key_sign(k, "some bytes", 10, &small), -EMSGSIZE,
		    "no room for it");
		if (i == 0)
			hash_is(&sig,
			    "8801f7621ccffca0dd422a443447711f"
			    "c0daf2db831a81c7b52d7e939d4cf0e4",
			    "the one that OpenSSL makes");
		key_free(k);
	}
	buf_wipe(&text);
	buf_wipe(&why);
	buf_wipe(&sig);
	buf_wipe(&small);
}

/* The public half of another key beside the private one: what is signed would
 * not verify, and a faulty signature may tell the key. */
static void
test_mismatch(void)
{
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct buf sig = BUF_INIT(KEY_MAX_SIGNATURE);
	struct keytext one = KEYTEXT_INIT;
	struct keytext two = KEYTEXT_INIT;
	struct key *k = NULL;

	read_key("p256", &text);
	(void)keytext_parse(buf_str(&text), text.len, &one, &why);
	buf_clear(&text);
	read_key("p256-other", &text);
	(void)keytext_parse(buf_str(&text), text.len, &two, &why);
	is_int((intmax_t)one.der.len, (intmax_t)two.der.len, "alike");
	memcpy(one.der.data + one.der.len - 64, two.der.data + two.der.len - 64,
	    64);
	if (key_load(one.der.data, one.der.len, NULL, &why, &k) == 0)
		is_int(key_sign(k, "x", 1, &sig), -EIO,
		    "halves that do not match sign nothing");
	else
		ok(true, "halves that do not match are no key");
	is_int((intmax_t)sig.len, 0, "nothing came out");
	key_free(k);
	keytext_wipe(&one);
	keytext_wipe(&two);
	buf_wipe(&text);
	buf_wipe(&why);
	buf_wipe(&sig);
}

int
main(void)
{
	test_files();
	test_refused();
	test_normalised();
	test_der();
	test_nonsense();
	test_cuts();
	test_sign();
	test_mismatch();
	key_free(NULL);
	return done_testing();
}
