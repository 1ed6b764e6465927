/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sealed files: there and back, what is no head, and that neither a byte nor
 * the end of a file can be changed. */
#include "coco.h"

#include <string.h>

#include "mem.h"
#include "seal.h"
#include "tap.h"

#define SALT  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define NONCE "AAECAwQFBgcICQoL"
#define REST  "salt=" SALT "\nnonce=" NONCE "\n\n"
#define KEYED "coco sealed 1\nkdf=hkdf-sha256\n" REST
#define TYPED "coco sealed 1\nkdf=scrypt n=14 r=8 p=2 salt=" SALT "\n" REST

static const char text[] = "# coco credentials 1\npassword=sesame\n\n";

static int
read_head(const char *data, size_t len, struct seal_head *h, struct buf *why)
{
	size_t head_len = 0;
	int r;

	buf_clear(why);
	r = seal_read_head(data, len, h, &head_len, why);
	if (r == 0 && head_len > len)
		bail("a head beyond its end");
	return r;
}

static void
test_head(void)
{
	struct seal_head h;
	struct buf why = BUF_INIT(256);
	struct buf again = BUF_INIT(SEAL_MAX_HEAD);
	struct buf kdf = BUF_INIT(64);
	size_t len = 0;

	is_int(seal_read_head(KEYED "tail", strlen(KEYED) + 4, &h, &len, &why),
	    0, "a head with a key");
	is_int((intmax_t)len, (intmax_t)strlen(KEYED), "its length");
	ok(!h.passphrase && !seal_is_current(&h), "no scrypt");
	ok(h.salt[31] == 31 && h.nonce[11] == 11, "salt and nonce");
	is_int(read_head(TYPED, strlen(TYPED), &h, &why), 0,
	    "a head with a passphrase");
	ok(h.passphrase && h.cost.log2_n == 14 && h.cost.r == 8 &&
		h.cost.p == 2 && h.scrypt_salt[31] == 31,
	    "its scrypt");
	ok(!seal_is_current(&h), "is not today's");
	is_int(seal_add_head(&h, &again), 0, "written");
	is_str(buf_str(&again), TYPED, "it is the same");
	is_int(seal_add_kdf(&h, &kdf), 0, "its kdf");
	is_str(buf_str(&kdf), "scrypt n=14 r=8 p=2", "without the salt");
	is_int(seal_renew_scrypt(&h), 0, "renewed");
	ok(seal_is_current(&h), "it is today's");
	buf_clear(&again);
	is_int(seal_add_head(&h, &again), 0, "the longest head fits");
	buf_wipe(&why);
	buf_wipe(&again);
	buf_wipe(&kdf);
}

static void
refuse(const char *head, const char *want)
{
	struct buf why = BUF_INIT(256);
	struct seal_head h;

	is_int(read_head(head, strlen(head), &h, &why), -EBADMSG, "refused: %s",
	    head);
	ok(strstr(buf_str(&why), want) != NULL, "because it %s", want);
	if (strstr(buf_str(&why), want) == NULL)
		printf("# but: %s\n", buf_str(&why));
	buf_wipe(&why);
}

static void
test_no_head(void)
{
	static const struct {
		const char *head;
		const char *why;
	} bad[] = {
		{ "", "is not a sealed file" },
		{ "# coco credentials 1\n", "is not a sealed file" },
		{ "coco sealed 1", "is not a sealed file" },
		{ "coco sealed 2\nkdf=hkdf-sha256\n" REST, "version 2;" },
		{ "coco sealed \n" REST, "version ;" },
		{ "coco sealed 11\n" REST, "version 11;" },
		{ "coco sealed 1 \n" REST, "version 1 ;" },
		{ "coco sealed 1\r\nkdf=hkdf-sha256\r\n", "version" },
		{ "coco sealed 1\nkdf=hkdf-sha512\n" REST, "the kdf" },
		{ "coco sealed 1\nkdf=hkdf-sha256 \n" REST, "the kdf" },
		{ "coco sealed 1\nKDF=hkdf-sha256\n" REST, "the kdf" },
		{ "coco sealed 1\n" REST, "the kdf" },
#define SCRYPT(words) "coco sealed 1\nkdf=scrypt " words "\n" REST
		{ SCRYPT("n=13 r=8 p=1 salt=" SALT), "the kdf" },
		{ SCRYPT("n=21 r=8 p=1 salt=" SALT), "the kdf" },
		{ SCRYPT("n=99999999999999999999 r=8 p=1 salt=" SALT),
		    "the kdf" },
		{ SCRYPT("n=-17 r=8 p=1 salt=" SALT), "the kdf" },
		{ SCRYPT("n= r=8 p=1 salt=" SALT), "the kdf" },
		{ SCRYPT("n=017 r=8 p=1 salt=" SALT), "the end" },
		{ SCRYPT("n=17 r=9 p=1 salt=" SALT), "the kdf" },
		{ SCRYPT("n=17 r=8 p=0 salt=" SALT), "the kdf" },
		{ SCRYPT("n=17 r=8 p=5 salt=" SALT), "the kdf" },
		{ SCRYPT("n=17 r=8 p=1"), "the kdf" },
		{ SCRYPT("n=17 r=8 p=1 salt="), "the kdf" },
		{ SCRYPT("n=17 r=8 p=1 salt=" NONCE), "the kdf" },
		{ SCRYPT("n=17 r=8 p=1 salt=" SALT " x=1"), "the kdf" },
		{ SCRYPT("n=17  r=8 p=1 salt=" SALT), "the kdf" },
#define SHORT "coco sealed 1\nkdf=hkdf-sha256\n"
		{ SHORT "salt=" NONCE "\nnonce=" NONCE "\n\n", "the salt" },
		{ SHORT "salt=" SALT "AAAA\nnonce=" NONCE "\n\n", "the salt" },
		{ SHORT "nonce=" NONCE "\nsalt=" SALT "\n\n", "the salt" },
		{ SHORT "salt=" SALT "\nsalt=" SALT "\n\n", "the nonce" },
		{ SHORT "salt=" SALT "\nnonce=" SALT "\n\n", "the nonce" },
		{ SHORT "salt=" SALT "\nnonce=AAEC AwQFBgcICQoL\n\n",
		    "the end" },
		{ SHORT "salt=" SALT "\nnonce=" NONCE "\nnew=1\n\n",
		    "the end" },
		{ SHORT "salt=" SALT "\nnonce=" NONCE "\n", "the end" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		refuse(bad[i].head, bad[i].why);
}

/* As the helper opens a file.  Returns what it comes to. */
static int
open_data(const char *data, size_t len, const struct buf *secret,
    struct buf *ret_text)
{
	struct buf why = BUF_INIT(256);
	struct seal_head h;
	size_t head_len;
	int r;

	r = seal_read_head(data, len, &h, &head_len, &why);
	if (r == 0)
		r = seal_open(&h, head_len, data, len, secret, ret_text);
	buf_wipe(&why);
	return r;
}

/* Each bit of each byte, and each length. */
static void
check_tampering(struct buf *data, const struct buf *secret)
{
	struct buf got = BUF_INIT(1024);
	int opened = 0;
	int cut = 0;
	size_t i;
	int bit;

	for (i = 0; i < data->len; i++) {
		for (bit = 0; bit < 8; bit++) {
			data->data[i] = (char)(data->data[i] ^ 1 << bit);
			opened += open_data(data->data, data->len, secret,
				      &got) != -EBADMSG;
			data->data[i] = (char)(data->data[i] ^ 1 << bit);
		}
		cut += open_data(data->data, i, secret, &got) != -EBADMSG;
	}
	is_int(opened, 0, "each bit of %zu bytes counts", data->len);
	is_int(cut, 0, "each of them must be there");
	is_int((intmax_t)got.len, 0, "nothing was given");
	is_int(open_data(data->data, data->len, secret, &got), 0,
	    "it opens when all is as it was");
	is_mem(got.data, got.len, text, strlen(text), "with what was in it");
	buf_clear(&got);
	(void)buf_addc(data, '\0');
	is_int(open_data(data->data, data->len, secret, &got), -EBADMSG,
	    "nothing may be added");
	buf_wipe(&got);
}

static void
test_seal(void)
{
	struct seal_head h = { .passphrase = false };
	struct buf secret = BUF_INIT(64);
	struct buf other = BUF_INIT(64);
	struct buf plain = BUF_INIT(1024);
	struct buf data = BUF_INIT(2048);
	struct buf again = BUF_INIT(2048);
	struct buf small = BUF_INIT(140);
	struct buf got = BUF_INIT(1024);

	(void)buf_adds(&secret, "0123456789abcdef0123456789abcdef");
	(void)buf_adds(&other, "0123456789abcdef0123456789abcdeg");
	(void)buf_adds(&plain, text);
	is_int(seal_close(&h, &secret, &plain, &data), 0, "sealed");
	ok(memmem(data.data, data.len, "sesame", 6) == NULL, "nothing to see");
	is_int(seal_close(&h, &secret, &plain, &again), 0, "and once more");
	ok(data.len == again.len &&
		memcmp(data.data + 34, again.data + 34, 44) != 0 &&
		memcmp(data.data + 85, again.data + 85, 16) != 0,
	    "with another salt and another nonce");
	is_int(open_data(data.data, data.len, &other, &got), -EBADMSG,
	    "another key");
	is_int(seal_close(&h, &secret, &plain, &small), -EMSGSIZE, "no room");
	is_int((intmax_t)small.len, 0, "leaves nothing");
	check_tampering(&data, &secret);
	buf_wipe(&secret);
	buf_wipe(&other);
	buf_wipe(&plain);
	buf_wipe(&data);
	buf_wipe(&again);
	buf_wipe(&small);
	buf_wipe(&got);
}

static void
test_empty(void)
{
	struct seal_head h = { .passphrase = false };
	struct buf secret = BUF_INIT(64);
	struct buf plain = BUF_INIT(1);
	struct buf data = BUF_INIT(1024);

	(void)buf_adds(&secret, "0123456789abcdef0123456789abcdef");
	is_int(seal_close(&h, &secret, &plain, &data), 0, "an empty text");
	is_int(open_data(data.data, data.len, &secret, &plain), 0, "opens");
	is_int((intmax_t)plain.len, 0, "and is empty");
	buf_wipe(&secret);
	buf_wipe(&plain);
	buf_wipe(&data);
}

static void
test_passphrase(void)
{
	struct seal_head h;
	struct buf why = BUF_INIT(256);
	struct buf passphrase = BUF_INIT(64);
	struct buf secret = BUF_INIT(64);
	struct buf other = BUF_INIT(64);
	struct buf plain = BUF_INIT(1024);
	struct buf data = BUF_INIT(2048);

	(void)buf_adds(&passphrase, "correct horse");
	(void)buf_adds(&plain, text);
	is_int(read_head(TYPED, strlen(TYPED), &h, &why), 0, "a cheap scrypt");
	is_int(seal_stretch(&h, &passphrase, &secret), 0, "stretched");
	is_int((intmax_t)secret.len, CRYPT_KEY_SIZE, "to a key");
	h.scrypt_salt[0] ^= 1;
	is_int(seal_stretch(&h, &passphrase, &other), 0, "with another salt");
	ok(mem_differ(secret.data, other.data, CRYPT_KEY_SIZE) != 0,
	    "it is another key");
	h.scrypt_salt[0] ^= 1;
	is_int(seal_close(&h, &secret, &plain, &data), 0, "sealed");
	check_tampering(&data, &secret);
	buf_wipe(&why);
	buf_wipe(&passphrase);
	buf_wipe(&secret);
	buf_wipe(&other);
	buf_wipe(&plain);
	buf_wipe(&data);
}

int
main(void)
{
	test_head();
	test_no_head();
	test_seal();
	test_empty();
	test_passphrase();
	return done_testing();
}
