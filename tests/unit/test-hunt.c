/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Secrets found by their fingerprints: each form, each way to cut a stream,
 * random data against memmem(3), keys of tests/data/key in other wrappings,
 * and sets that nobody of ours has written.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "esc.h"
#include "hunt.h"
#include "io.h"
#include "key.h"
#include "tap.h"
#include "url.h"

#define MAX_STREAM (256 * 1024)

/* A refresh token as Snowflake's look. */
#define TOKEN                                                               \
	"ver:1-hint:1234-ETMsDgAAAZq/+x8bABRBRVMvQ0JDL1BLQ1M1UGFkZGluZwEAA" \
	"BAAEIGh8QZ2cH+7/xXqkYb1rPMAAABQn7s0kq4TzGk1m6jPpZ0hV4Qw9Xo2dL3yR"  \
	"tUeBfNcKiSgHv=="

static struct hunt_set
make_set(void)
{
	struct hunt_set set = HUNT_SET_INIT;

	if (hunt_make(&set) != 0)
		bail("there is no randomness");
	return set;
}

/* What was found of a stream. */
struct found {
	size_t count;
	enum hunt_form form;
	uint64_t offset;
	const char *name;
};

static void
note(void *ctx, const struct hunt_print *print, uint64_t offset)
{
	struct found *f = ctx;

	f->count++;
	f->form = print->form;
	f->offset = offset;
	f->name = print->name;
}

/* Look through LEN bytes, STEP at a time. */
static struct found
look(struct hunt *h, const char *data, size_t len, size_t step)
{
	struct found f = { 0, HUNT_FORMS, 0, "" };
	size_t at;
	size_t n;

	hunt_begin(h, note, &f);
	for (at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		if (hunt_feed(h, data + at, n) != 0)
			bail("a hash cannot be made");
	}
	hunt_end(h);
	return f;
}

static struct found
look_once(const struct hunt_set *set, const struct buf *b)
{
	struct hunt *h = hunt_new(set);
	struct found f = look(h, buf_str(b), b->len, MAX_STREAM);

	hunt_free(h);
	return f;
}

/* The same numbers each time: a test that fails now and then is worth little.
 * From Knuth's MMIX. */
static unsigned int
draw(uint64_t *state, unsigned int below)
{
	*state = *state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned int)(*state >> 33) % below;
}

/* --- forms ---------------------------------------------------------------- */

/* Whether B, which has TOKEN in some form, is seen to have it. */
static void
finds(const struct hunt_set *set, struct buf *b, enum hunt_form form,
    const char *what, size_t i)
{
	struct found f = look_once(set, b);

	if (!ok(f.count != 0, "found %s, %zu", what, i))
		printf("# in: %s\n", buf_str(b));
	else
		is_int(f.form, form, "in the form that it is");
	buf_clear(b);
}

/* Break what is after FROM into lines of WIDTH, with BREAK between them. */
static void
wrap(struct buf *to, const char *s, size_t len, size_t first, size_t width,
    const char *newline)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (i != 0 && (i + first) % width == 0)
			(void)buf_adds(to, newline);
		(void)buf_addc(to, s[i]);
	}
}

static void
test_base64(const struct hunt_set *set, const char *secret)
{
	static const size_t widths[] = { 48, 60, 64, 70, 76, 1000000 };
	struct buf plain = BUF_INIT(MAX_STREAM);
	struct buf text = BUF_INIT(MAX_STREAM);
	struct buf b = BUF_INIT(MAX_STREAM);
	size_t i;
	size_t w;

	for (w = 0; w < ARRAY_LEN(widths); w++)
		for (i = 0; i < 60; i++) {
			/* what is too short for pieces is not found broken */
			if (strlen(secret) < 30 && widths[w] < 1000)
				continue;
			buf_clear(&plain);
			buf_clear(&text);
			(void)buf_addf(&plain, "%.*s%s%.*s", (int)i,
			    "user:xyuser:xyuser:xyuser:xyuser:xyuser:xyuser:xy"
			    "user:xyuser:xy",
			    secret, (int)(i / 3), "suffix, and more of it");
			(void)b64_encode(&text, plain.data, plain.len);
			wrap(&b, text.data, text.len, 0, widths[w], "\n");
			finds(set, &b, HUNT_BASE64, "base64", i);
			buf_clear(&text);
			(void)b64_encode_url(&text, plain.data, plain.len);
			wrap(&b, text.data, text.len, 0, widths[w], "\\n");
			finds(set, &b, HUNT_BASE64, "base64url", i);
		}
	buf_wipe(&plain);
	buf_wipe(&text);
	buf_wipe(&b);
}

static void
add_hex(struct buf *b, const char *s, size_t len, bool upper)
{
	for (; len > 0; s++, len--)
		(void)buf_addf(b, upper ? "%02X" : "%02x", (unsigned char)*s);
}

static void
test_forms(const char *secret)
{
	struct hunt_set set = make_set();
	struct buf b = BUF_INIT(MAX_STREAM);
	struct buf text = BUF_INIT(MAX_STREAM);
	size_t len = strlen(secret);
	size_t i;

	is_int(hunt_add(&set, "it", secret, len), 0, "a secret is added");
	is_int(set.unknown.len, 0, "and can be looked for");
	(void)buf_addf(&b, "TOKEN=%s\n", secret);
	finds(&set, &b, HUNT_PLAIN, "as it is", 0);
	add_hex(&b, secret, len, false);
	finds(&set, &b, HUNT_HEX, "hexadecimal", 0);
	add_hex(&b, secret, len, true);
	finds(&set, &b, HUNT_HEX, "hexadecimal in upper case", 0);
	add_hex(&text, secret, len, false);
	wrap(&b, buf_str(&text), text.len, 0, 60, "\n");
	if (len < 32)
		buf_clear(&b);
	else
		finds(&set, &b, HUNT_HEX, "hexadecimal of xxd -p", 0);
	(void)buf_addc(&b, 'x');
	for (i = 0; i < len; i++)
		(void)buf_add(&b, (char[]){ secret[i], 0 }, 2);
	finds(&set, &b, HUNT_UTF16, "UTF-16", 0);
	test_base64(&set, secret);
	(void)buf_addf(&b, "%.*s", (int)len - 1, secret);
	is_int(look_once(&set, &b).count, 0, "without its end it is not it");
	buf_clear(&b);
	(void)buf_adds(&b, secret + 1);
	if (len < HUNT_MAX)
		is_int(look_once(&set, &b).count, 0, "nor without its start");
	hunt_wipe(&set);
	buf_wipe(&text);
	buf_wipe(&b);
}

/* What only some secrets look different in. */
static void
test_escapes(void)
{
	static const char secret[] = "p\"a\\s/s<w>o&r d'(!)*~+%";
	static const struct {
		const char *text;
		enum hunt_form form;
	} rows[] = {
		{ "%22a%5Cs%2Fs%3Cw%3Eo%26r%20d%27%28%21%29%2A~%2B%25",
		    HUNT_PERCENT },
		{ "%22a%5cs%2fs%3cw%3eo%26r%20d%27%28%21%29%2a~%2b%25",
		    HUNT_PERCENT },
		{ "%22a%5Cs/s%3Cw%3Eo%26r%20d%27%28%21%29%2A~%2B%25",
		    HUNT_PERCENT },
		{ "%22a%5Cs%2Fs%3Cw%3Eo%26r%20d'(!)*~%2B%25", HUNT_PERCENT },
		{ "\\\"a\\\\s/s<w>o&r d'(!)*~+%", HUNT_JSON },
		{ "\\\"a\\\\s\\/s<w>o&r d'(!)*~+%", HUNT_JSON },
		{ "\\\"a\\\\s/s\\u003cw\\u003eo\\u0026r d'(!)*~+%", HUNT_JSON },
	};
	struct hunt_set set = make_set();
	struct buf b = BUF_INIT(MAX_STREAM);
	size_t i;

	is_int(hunt_add(&set, "it", secret, strlen(secret)), 0, "added");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		(void)buf_addf(&b, "{\"password\": \"p%s\"}", rows[i].text);
		finds(&set, &b, rows[i].form, rows[i].text, 0);
	}
	(void)url_encode(&b, secret, strlen(secret));
	finds(&set, &b, HUNT_PERCENT, "url_encode()'s", 0);
	(void)esc_json(&b, secret, strlen(secret));
	finds(&set, &b, HUNT_JSON, "esc_json()'s", 0);
	hunt_wipe(&set);
	set = make_set();
	(void)hunt_add(&set, "it", "\303\244\303\266\303\274\"123", 10);
	(void)buf_adds(&b, "\303\244\303\266\303\274\\\"123");
	finds(&set, &b, HUNT_JSON, "JSON in UTF-8", 0);
	hunt_wipe(&set);
	set = make_set();
	(void)hunt_add(&set, "it", "\377\376\"1234567", 10);
	(void)buf_adds(&b, "\377\376\"1234567");
	finds(&set, &b, HUNT_PLAIN, "what is no text", 0);
	hunt_wipe(&set);
	buf_wipe(&b);
}

static void
test_lengths(void)
{
	struct hunt_set set = make_set();
	struct buf b = BUF_INIT(MAX_STREAM);
	uint64_t state = 1;
	struct found f;
	size_t i;

	is_int(hunt_add(&set, "PIN\033 of a", "1234567", 7), 0, "seven bytes");
	is_int(set.len, 0, "have no fingerprint");
	is_int(set.unknown.len, 1, "and are noted");
	is_str(set.unknown.v[0],
	    "PIN\\x1b of a: shorter than 8 bytes, it would be found everywhere",
	    "with their name");
	(void)hunt_add(&set, "PIN\033 of a", "1234567", 7);
	is_int(set.unknown.len, 1, "once");
	for (i = 0; i < HUNT_MAX_SECRET; i++)
		(void)buf_addc(&b, (char)(' ' + draw(&state, 90)));
	is_int(hunt_add(&set, "long", b.data, HUNT_MAX_SECRET), 0,
	    "64 KiB are added");
	(void)buf_addc(&b, 'x');
	f = look_once(&set, &b);
	ok(f.count != 0, "and found");
	is_int(f.offset, HUNT_MAX_SECRET - HUNT_MAX, "by their end");
	is_int(hunt_add(&set, "long", b.data, HUNT_MAX_SECRET + 1), -EMSGSIZE,
	    "more is refused");
	buf_clear(&b);
	for (i = 0; i < 300; i++)
		(void)buf_adds(&b, "\303\244");
	(void)hunt_put(&set, buf_str(&b), HUNT_PLAIN, "12345678", 8);
	is_int(strlen(set.v[set.len - 1].name), 254, "a long name is cut");
	hunt_wipe(&set);
	buf_wipe(&b);
}

/* --- streams -------------------------------------------------------------- */

static void
test_splits(void)
{
	static const size_t lengths[] = { 8, 9, 15, 16, 17, 31, 32, 33, 100,
		HUNT_MAX };
	struct hunt_set set = make_set();
	struct buf b = BUF_INIT(MAX_STREAM);
	uint64_t state = 2;
	struct hunt *h;
	size_t wrong = 0;
	size_t i;
	size_t step;

	for (i = 0; i < HUNT_MAX; i++)
		(void)buf_addc(&b, (char)('!' + draw(&state, 90)));
	/* each ends where the next one does, so that all overlap */
	for (i = 0; i < ARRAY_LEN(lengths); i++)
		(void)hunt_put(&set, "it", HUNT_PLAIN,
		    b.data + b.len - lengths[i], lengths[i]);
	is_int(set.len, ARRAY_LEN(lengths), "ten prints that overlap");
	h = hunt_new(&set);
	for (step = 1; step <= b.len + 1; step++)
		if (look(h, b.data, b.len, step).count != set.len)
			wrong++;
	is_int(wrong, 0, "are found in a stream of nothing else, however cut");
	(void)buf_addf(&b, "%s", "behind");
	is_int(look(h, b.data, HUNT_MAX - 1, 7).count, 0,
	    "not without the end");
	is_int(look(h, b.data + 1, HUNT_MAX - 1, 7).count, set.len - 1,
	    "the longest not without its start");
	is_int(look(h, b.data + HUNT_MAX - 8, 8, 3).count, 1,
	    "a stream of eight bytes");
	is_int(look(h, "", 0, 1).count, 0, "an empty one");
	/* not into memory that moves */
	(void)buf_space(&b, b.len);
	(void)buf_add(&b, b.data, b.len);
	is_int(look(h, b.data, b.len, 999).count, set.len, "each once");
	hunt_free(h);
	hunt_wipe(&set);
	buf_wipe(&b);
}

/* A stream that is larger than what is kept of it. */
static void
test_large(void)
{
	struct hunt_set set = make_set();
	struct buf b = BUF_INIT(MAX_STREAM);
	struct hunt *h;
	struct found f;
	size_t at;
	size_t wrong = 0;

	(void)hunt_put(&set, "it", HUNT_PLAIN, TOKEN, strlen(TOKEN));
	h = hunt_new(&set);
	memset(buf_space(&b, 140000), 'x', 140000);
	buf_grew(&b, 140000);
	/* around each place where the past is dropped */
	for (at = 64000; at < 68000; at++) {
		memcpy(b.data + at, TOKEN, strlen(TOKEN));
		f = look(h, b.data + 60000, 10000, 4096);
		wrong += f.count != 1 || f.offset != at - 60000;
		f = look(h, b.data, 70000, at % 2 == 0 ? 70000 : 65536);
		wrong += f.count != 1 || f.offset != at;
		memset(b.data + at, 'x', strlen(TOKEN));
	}
	is_int(wrong, 0, "found at each place");
	memcpy(b.data + 140000 - strlen(TOKEN), TOKEN, strlen(TOKEN));
	is_int(look(h, b.data, b.len, 1000).offset, 140000 - strlen(TOKEN),
	    "at the end");
	hunt_free(h);
	hunt_wipe(&set);
	buf_wipe(&b);
}

/* Few different bytes, so that much looks alike: what memmem(3) finds first is
 * found, and nothing else. */
static void
test_against_memmem(void)
{
	struct hunt_set set;
	uint64_t state = 4711;
	char secret[64];
	char data[4096];
	size_t wrong = 0;
	size_t hits = 0;
	unsigned int round;
	unsigned int i;

	for (round = 0; round < 400; round++) {
		size_t len = 8 + draw(&state, sizeof(secret) - 8);
		const char *want;
		struct found f;
		struct hunt *h;

		for (i = 0; i < sizeof(data); i++)
			data[i] = (char)('a' + (draw(&state, 40) == 0));
		/* one that is there, or one that is nearly */
		memcpy(secret, data + draw(&state, sizeof(data) - 64), len);
		if (draw(&state, 2) == 0)
			secret[draw(&state, (unsigned int)len)] ^= 3;
		set = make_set();
		(void)hunt_put(&set, "it", HUNT_PLAIN, secret, len);
		h = hunt_new(&set);
		f = look(h, data, sizeof(data), 1 + draw(&state, 700));
		want = memmem(data, sizeof(data), secret, len);
		wrong += f.count != (want != NULL);
		if (want != NULL)
			wrong += f.offset != (size_t)(want - data);
		hits += want != NULL;
		hunt_free(h);
		hunt_wipe(&set);
	}
	is_int(wrong, 0, "as memmem(3) says, %zu of 400 times there", hits);
	ok(hits > 100 && hits < 390, "both were there");
}

/* --- keys ----------------------------------------------------------------- */

static void
read_key(const char *name, struct buf *b)
{
	const char *srcdir = getenv("srcdir");
	struct buf path = BUF_INIT(4096);

	buf_clear(b);
	(void)buf_addf(&path, "%s/tests/data/key/%s.pem",
	    srcdir != NULL ? srcdir : ".", name);
	if (io_read_file(buf_str(&path), b) != 0)
		bail("cannot read a key of tests/data/key");
	buf_wipe(&path);
}

/* The keys of FILE: as it is and, with PASSPHRASE, what it is encrypted of. */
static struct hunt_set
key_set(const char *file, const char *passphrase)
{
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct keytext kt = KEYTEXT_INIT;
	struct keytext plain = KEYTEXT_INIT;
	struct hunt_set set = make_set();
	int r;

	read_key(file, &text);
	r = keytext_parse(text.data, text.len, &kt, &why);
	if (r == 0)
		r = hunt_add_key(&set, file, &kt, &why);
	if (r == 0 && passphrase != NULL)
		r = key_open(text.data, text.len, passphrase, &why, &plain.der);
	if (r == 0 && passphrase != NULL)
		r = hunt_add_key(&set, "plain", &plain, &why);
	is_int(r, 0, "%s is added", file);
	is_str(buf_str(&why), "", "without a reason");
	keytext_wipe(&kt);
	keytext_wipe(&plain);
	buf_wipe(&why);
	buf_wipe(&text);
	return set;
}

static void
has_key(struct hunt *h, const struct buf *b, bool has, const char *what)
{
	struct found f = look(h, buf_str(b), b->len, 5000);

	is_int(f.count != 0, has, "%s has %s key", what, has ? "the" : "no");
}

/* The file OTHER in many wrappings. */
static void
check_wrappings(const struct hunt_set *set, const char *other, bool has)
{
	static const struct {
		size_t width;
		const char *newline;
	} ways[] = { { 48, "\n" }, { 60, "\n" }, { 64, "\n" }, { 64, "\r\n" },
		{ 64, "\\n" }, { 64, "\\\\n" }, { 64, "%0A" }, { 70, "\n    " },
		{ 76, "\n" }, { 1000000, "\n" } };
	struct buf pem = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct buf body = BUF_INIT(KEYTEXT_MAX);
	struct buf b = BUF_INIT(MAX_STREAM);
	struct buf inner = BUF_INIT(MAX_STREAM);
	struct keytext kt = KEYTEXT_INIT;
	struct hunt *h = hunt_new(set);
	size_t i;

	read_key(other, &pem);
	has_key(h, &pem, has, other);
	(void)keytext_parse(pem.data, pem.len, &kt, &why);
	has_key(h, &kt.der, has, "its DER");
	(void)b64_encode(&body, kt.der.data, kt.der.len);
	for (i = 0; i < ARRAY_LEN(ways); i++) {
		buf_clear(&b);
		wrap(&b, body.data, body.len, 0, ways[i].width,
		    ways[i].newline);
		has_key(h, &b, has, "rewrapped PEM");
	}
	buf_clear(&b);
	(void)b64_encode_url(&b, kt.der.data, kt.der.len);
	has_key(h, &b, has, "base64url");
	buf_clear(&b);
	(void)url_encode(&b, pem.data, pem.len);
	has_key(h, &b, has, "a URL");
	buf_clear(&b);
	(void)b64_encode(&b, pem.data, pem.len);
	has_key(h, &b, has, "base64 of PEM");
	wrap(&inner, b.data, b.len, 0, 76, "\n");
	has_key(h, &inner, has, "base64 of PEM in lines");
	buf_clear(&b);
	add_hex(&b, kt.der.data, kt.der.len, false);
	has_key(h, &b, has, "a dump");
	keytext_wipe(&kt);
	hunt_free(h);
	buf_wipe(&pem);
	buf_wipe(&why);
	buf_wipe(&body);
	buf_wipe(&inner);
	buf_wipe(&b);
}

static void
test_keys(void)
{
	static const struct {
		const char *file;
		const char *passphrase;
		const char *in;
		bool has;
	} rows[] = {
		{ "rsa", NULL, "rsa", true },
		{ "rsa", NULL, "rsa-pkcs1", true },
		{ "rsa-pkcs1", NULL, "rsa", true },
		{ "rsa-aes256", NULL, "rsa-aes256", true },
		{ "rsa-aes256", NULL, "rsa", false },
		{ "rsa-aes256", "secret", "rsa", true },
		{ "rsa-lines-aes256", NULL, "rsa-lines-aes256", true },
		{ "rsa-lines-aes256", "secret", "rsa-pkcs1", true },
		{ "p256", NULL, "p256", true },
		{ "p256", NULL, "p256-sec1", true },
		{ "p256-sec1", NULL, "p256", true },
		{ "p256", NULL, "p256-other", false },
		{ "p384", NULL, "p384", true },
		{ "p384", NULL, "p384-no-public", true },
		{ "p521", NULL, "p521", true },
		{ "p521", NULL, "p384", false },
		{ "p521-lines", "secret", "p521", true },
		{ "rsa", NULL, "p256", false },
		/* what is public is no secret */
		{ "rsa", NULL, "rsa-public", false },
		{ "p256", NULL, "p256-public", false },
		{ "p384", NULL, "p384-public", false },
		{ "p521", NULL, "p521-public", false },
	};
	struct buf pem = BUF_INIT(KEYTEXT_MAX);
	struct hunt_set set;
	struct hunt *h;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		set = key_set(rows[i].file, rows[i].passphrase);
		h = hunt_new(&set);
		read_key(rows[i].in, &pem);
		has_key(h, &pem, rows[i].has, rows[i].in);
		if (strstr(rows[i].in, "public") == NULL)
			check_wrappings(&set, rows[i].in, rows[i].has);
		hunt_free(h);
		hunt_wipe(&set);
	}
	buf_wipe(&pem);
}

static void
test_other_keys(void)
{
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct keytext kt = KEYTEXT_INIT;
	struct hunt_set set = make_set();

	read_key("ed25519", &text);
	is_int(keytext_parse(text.data, text.len, &kt, &why), 0, "another key");
	is_int(hunt_add_key(&set, "x", &kt, &why), -ENOTSUP, "is not added");
	is_str(buf_str(&why), "is a key for Ed25519, neither RSA nor EC",
	    "and why");
	buf_clear(&why);
	buf_truncate(&kt.der, 10);
	is_int(hunt_add_key(&set, "x", &kt, &why), -EBADMSG, "half a key");
	ok(why.len != 0, "and why");
	is_int(set.len, 0, "nothing is added");
	keytext_wipe(&kt);
	hunt_wipe(&set);
	buf_wipe(&text);
	buf_wipe(&why);
}

/* --- as text -------------------------------------------------------------- */

static void
test_text(void)
{
	struct hunt_set set = make_set();
	struct hunt_set copy = HUNT_SET_INIT;
	struct buf text = BUF_INIT(HUNT_MAX_TEXT);
	struct buf again = BUF_INIT(HUNT_MAX_TEXT);
	struct buf why = BUF_INIT(HUNT_MAX_WHY);
	struct buf b = BUF_INIT(MAX_STREAM);
	struct found f;
	size_t refused = 0;
	size_t i;

	(void)hunt_add(&set, "refresh token of connection dev\n", TOKEN,
	    strlen(TOKEN));
	(void)hunt_note(&set, "key of ci\n", "is not there");
	is_int(hunt_format(&set, &text), 0, "written");
	ok(strstr(buf_str(&text), "ETMs") == NULL, "without the secret");
	is_int(hunt_parse(text.data, text.len, &copy, &why), 0, "read");
	is_int(hunt_format(&copy, &again), 0, "written again");
	is_str(buf_str(&again), buf_str(&text), "and the same");
	is_int(copy.len, set.len, "as many");
	is_str(copy.unknown.v[0], "key of ci\\x0a: is not there", "the note");
	(void)buf_addf(&b, "xx%s", TOKEN);
	f = look_once(&copy, &b);
	is_int(f.count, 1, "what is read finds it");
	is_int(f.offset, 2, "where it is");
	is_str(f.name, "refresh token of connection dev\\x0a", "by its name");
	is_str(hunt_form_name(f.form), "as it is", "and its form");
	hunt_wipe(&copy);
	for (i = 0; i < text.len; i++)
		refused += hunt_parse(text.data, i, &copy, &why) == -EBADMSG;
	is_int(refused, text.len, "cut anywhere it is none");
	is_int(copy.len, 0, "and nothing is returned");
	hunt_wipe(&set);
	buf_wipe(&text);
	buf_wipe(&again);
	buf_wipe(&why);
	buf_wipe(&b);
}

#define HEX8   "01234567"
#define HEX64  HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8
#define HEX128 HEX64 HEX64
#define HEAD   "coco-fingerprints 1\nkey " HEX128 "\n"

static void
test_hostile(void)
{
	static const struct {
		const char *text;
		bool is_good;
	} rows[] = {
		{ HEAD "end\n", true },
		{ HEAD "print hex 8 abcdef " HEX64 " a b\nend\n", true },
		{ HEAD "unknown a\nprint hex 512 abcdef " HEX64 " a\nend\n",
		    true },
		{ "", false },
		{ HEAD, false },
		{ HEAD "end", false },
		{ HEAD "end\n\n", false },
		{ HEAD "end\nend\n", false },
		{ HEAD "\nend\n", false },
		{ HEAD "other\nend\n", false },
		{ "coco-fingerprints 2\nkey " HEX128 "\nend\n", false },
		{ "coco-fingerprints 1\nend\n", false },
		{ "coco-fingerprints 1\nkey " HEX64 "\nend\n", false },
		{ "coco-fingerprints 1\nkey " HEX128 "0\nend\n", false },
		{ HEAD "print hex 7 abcdef " HEX64 " a\nend\n", false },
		{ HEAD "print hex 513 abcdef " HEX64 " a\nend\n", false },
		{ HEAD "print hex 08 abcdef " HEX64 " a\nend\n", false },
		{ HEAD "print hex -8 abcdef " HEX64 " a\nend\n", false },
		{ HEAD "print hex 99999999999999999999 abcdef " HEX64
		       " a\nend\n",
		    false },
		{ HEAD "print hexx 8 abcdef " HEX64 " a\nend\n", false },
		{ HEAD "print  8 abcdef " HEX64 " a\nend\n", false },
		{ HEAD "print hex 8 abcde " HEX64 " a\nend\n", false },
		{ HEAD "print hex 8 ABCDEF " HEX64 " a\nend\n", false },
		{ HEAD "print hex 8 abcdef  " HEX64 " a\nend\n", false },
		{ HEAD "print hex 8 abcdef " HEX64 "\nend\n", false },
		{ HEAD "print hex 8 abcdef " HEX64 " \nend\n", false },
		{ HEAD "print hex 8 abcdef " HEX64 "0 a\nend\n", false },
		{ HEAD "print hex 8 abcdef " HEX64 " a\033\nend\n", false },
		{ HEAD "print hex 8 abcdef " HEX64 " a\r\nend\n", false },
		{ HEAD "print hex 8 abcdef " HEX64 " a\377\nend\n", false },
		{ HEAD "unknown \nend\n", false },
		{ HEAD "unknown a\007\nend\n", false },
	};
	struct buf why = BUF_INIT(HUNT_MAX_WHY);
	struct buf b = BUF_INIT(HUNT_MAX_TEXT + 1);
	struct hunt_set set = HUNT_SET_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&why);
		is_int(hunt_parse(rows[i].text, strlen(rows[i].text), &set,
			   &why),
		    rows[i].is_good ? 0 : -EBADMSG, "text %zu", i);
		is_str(buf_str(&why),
		    rows[i].is_good ? "" : "the fingerprints are damaged",
		    "the reason");
		hunt_wipe(&set);
	}
	(void)buf_adds(&b, HEAD);
	for (i = 0; i < HUNT_MAX_PRINTS; i++)
		(void)buf_adds(&b, "print hex 8 abcdef " HEX64 " a\n");
	(void)buf_adds(&b, "end\n");
	is_int(hunt_parse(b.data, b.len, &set, &why), 0, "as many as may be");
	hunt_wipe(&set);
	buf_truncate(&b, b.len - 4);
	(void)buf_adds(&b, "print hex 8 abcdef " HEX64 " a\nend\n");
	is_int(hunt_parse(b.data, b.len, &set, &why), -EMSGSIZE, "one more");
	buf_wipe(&b);
	buf_wipe(&why);
}

int
main(void)
{
	test_forms(TOKEN);
	test_forms("a-PASSword");
	test_forms("12345678");
	test_forms("16-bytes-of-them");
	test_forms("twenty-bytes-of-them");
	test_forms("thirty-two-bytes-of-text+more///");
	test_escapes();
	test_lengths();
	test_splits();
	test_large();
	test_against_memmem();
	test_keys();
	test_other_keys();
	test_text();
	test_hostile();
	return done_testing();
}
