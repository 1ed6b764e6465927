/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forms that a secret may have, as fingerprints (hunt.h). */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "der.h"
#include "esc.h"
#include "hex.h"
#include "hunt.h"

/* JSON makes up to six bytes of one. */
#define MAX_FORM (6 * HUNT_MAX_SECRET + 2)

/* Pieces of what may be broken into lines: up to three, side by side at the
 * end.  A piece of 32 is whole in one of them when lines have 48 or more. */
#define PIECES      3
#define PIECE       32
#define LEAST_B64   20 /* characters of a piece: 15 bytes */
#define LEAST_HEX   32 /* 16 bytes */
#define NESTED_STEP 2
#define KEY_REGION  80 /* bytes of a private number: three pieces of base64 */
#define KEY_PLAIN   32

/* What is being added, and the first error. */
struct maker {
	struct hunt_set *set;
	const char *name;
	bool nested; /* what is in base64 may be so again, or in a URL, ... */
	int r;
};

static void
put(struct maker *m, enum hunt_form form, const char *s, size_t len)
{
	if (m->r == 0)
		m->r = hunt_put(m->set, m->name, form, s, len);
}

/* Put B if it is another text than the LEN bytes at S. */
static void
put_if_other(struct maker *m, enum hunt_form form, const struct buf *b,
    const char *s, size_t len)
{
	if (b->len != len || memcmp(buf_str(b), s, len) != 0)
		put(m, form, buf_str(b), b->len);
}

/* --- text in text --------------------------------------------------------- */

#define UPPER "0123456789ABCDEF"
#define LOWER HEX_DIGITS

static void
add_hex(struct buf *b, char c, const char *digits)
{
	(void)buf_addc(b, digits[(unsigned char)c >> 4]);
	(void)buf_addc(b, digits[(unsigned char)c & 15]);
}

/* Percent-encode (RFC 3986 2.1) but for letters, digits and SAFE. */
static void
add_percent(struct buf *b, const char *s, size_t len, const char *safe,
    const char *digits)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr(safe, c) != NULL)) {
			(void)buf_addc(b, c);
		} else {
			(void)buf_addc(b, '%');
			add_hex(b, c, digits);
		}
	}
}

static void
put_percent(struct maker *m, const char *s, size_t len)
{
	static const struct {
		const char *safe;
		const char *digits;
	} ways[] = {
		{ "-._~", UPPER },      /* RFC 3986 */
		{ "-._~", LOWER },      /* the same in lower case */
		{ "-._~/", UPPER },     /* Python's quote() */
		{ "-._~!*'()", UPPER }, /* encodeURIComponent() */
		{ "-._*", UPPER },      /* HTML's forms */
	};
	struct buf b = BUF_INIT(MAX_FORM);
	size_t i;

	for (i = 0; i < ARRAY_LEN(ways); i++) {
		buf_clear(&b);
		add_percent(&b, s, len, ways[i].safe, ways[i].digits);
		put_if_other(m, HUNT_PERCENT, &b, s, len);
	}
	buf_wipe(&b);
}

/* Some escape the solidus, and some what means something to HTML. */
static void
add_json(struct buf *b, const char *s, size_t len, bool solidus, bool html)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (solidus && s[i] == '/')
			(void)buf_adds(b, "\\/");
		else if (html && strchr("<>&", s[i]) != NULL)
			(void)buf_addf(b, "\\u%04x", s[i]);
		else
			(void)buf_addc(b, s[i]);
	}
}

static void
put_json(struct maker *m, const char *s, size_t len)
{
	struct buf quoted = BUF_INIT(MAX_FORM);
	struct buf b = BUF_INIT(MAX_FORM);
	int way;

	if (esc_is_utf8_len(s, len) && esc_json(&quoted, s, len) == 0)
		for (way = 0; way < 3; way++) {
			buf_clear(&b);
			add_json(&b, quoted.data + 1, quoted.len - 2, way == 1,
			    way == 2);
			put_if_other(m, HUNT_JSON, &b, s, len);
		}
	buf_wipe(&quoted);
	buf_wipe(&b);
}

/* ASCII only; what else a password may have is left to its other forms. */
static void
put_utf16(struct maker *m, const char *s, size_t len)
{
	struct buf b = BUF_INIT(MAX_FORM);
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x80) {
			buf_clear(&b);
			break;
		}
		(void)buf_addc(&b, s[i]);
		(void)buf_addc(&b, '\0');
	}
	put(m, HUNT_UTF16, buf_str(&b), b.len);
	buf_wipe(&b);
}

/* --- what may be broken into lines ---------------------------------------- */

static void put_base64(struct maker *m, const char *s, size_t len);

static void
put_piece(struct maker *m, enum hunt_form form, const char *s, size_t len)
{
	struct maker inner = { m->set, m->name, false, m->r };

	put(m, form, s, len);
	if (!m->nested || form != HUNT_BASE64)
		return;
	put_percent(&inner, s, len);
	put_json(&inner, s, len);
	put_base64(&inner, s, len);
	m->r = m->r != 0 ? m->r : inner.r;
}

/*
 * Put the end of a text in pieces of at least LEAST, or whole if it is too
 * short for two.  Where lines are broken twice, as in base64 of PEM, two or
 * three short pieces could all be hit, so there are more, which overlap.
 */
static void
put_pieces(struct maker *m, enum hunt_form form, const char *s, size_t len,
    size_t least)
{
	size_t count = len / least < PIECES ? len / least : PIECES;
	size_t piece;
	size_t step;
	size_t at;

	/* cppcheck-suppress knownConditionTrueFalse */
	if (count < 2) {
		put_piece(m, form, s, len);
		return;
	}
	piece = len / count < PIECE ? len / count : PIECE;
	step = piece;
	at = len - count * piece;
	if (m->nested && piece < PIECE) {
		piece = least;
		step = NESTED_STEP;
		at = (len - piece) % step;
	}
	for (; at + piece <= len; at += step)
		put_piece(m, form, s + at, piece);
}

static void
put_base64url(struct maker *m, const char *s, size_t len)
{
	struct buf b = BUF_INIT(MAX_FORM);
	size_t i;

	for (i = 0; i < len; i++)
		(void)buf_addc(&b,
		    (char)(s[i] == '+'  ? '-' :
			    s[i] == '/' ? '_' :
					  s[i]));
	put_pieces(m, HUNT_BASE64, buf_str(&b), b.len, LEAST_B64);
	buf_wipe(&b);
}

/*
 * In base64 a byte is in one of three places of a group, by what is before it.
 * Only the characters count that hang on these bytes alone.
 */
static void
put_base64(struct maker *m, const char *s, size_t len)
{
	struct buf bytes = BUF_INIT(HUNT_MAX_SECRET + 2);
	struct buf text = BUF_INIT(MAX_FORM);
	size_t before;
	size_t begin;
	size_t end;

	for (before = 0; before < 3; before++) {
		buf_clear(&bytes);
		buf_clear(&text);
		(void)buf_add(&bytes, "\0\0", before);
		(void)buf_add(&bytes, s, len);
		(void)b64_encode(&text, bytes.data, bytes.len);
		begin = before == 0 ? 0 : before + 1;
		end = bytes.len * 8 / 6;
		put_pieces(m, HUNT_BASE64, text.data + begin, end - begin,
		    LEAST_B64);
		put_base64url(m, text.data + begin, end - begin);
	}
	buf_wipe(&bytes);
	buf_wipe(&text);
}

static void
put_hex(struct maker *m, const char *s, size_t len)
{
	static const char *const digits[] = { LOWER, UPPER };
	struct buf b = BUF_INIT(MAX_FORM);
	size_t way;
	size_t i;

	for (way = 0; way < ARRAY_LEN(digits); way++) {
		buf_clear(&b);
		for (i = 0; i < len; i++)
			add_hex(&b, s[i], digits[way]);
		put_pieces(m, HUNT_HEX, buf_str(&b), b.len, LEAST_HEX);
	}
	buf_wipe(&b);
}

int
hunt_add(struct hunt_set *set, const char *name, const void *secret, size_t len)
{
	struct maker m = { set, name, false, 0 };
	const char *s = secret;
	const char *tail = s;
	size_t tail_len = len;

	if (len > HUNT_MAX_SECRET)
		return -EMSGSIZE;
	if (len < HUNT_MIN)
		return hunt_note(set, name,
		    "shorter than 8 bytes, it would be found everywhere");
	/* these look at the end only */
	if (len > HUNT_MAX) {
		tail = s + len - HUNT_MAX;
		tail_len = HUNT_MAX;
	}
	put(&m, HUNT_PLAIN, s, len);
	put_percent(&m, s, len);
	put_json(&m, s, len);
	put_base64(&m, tail, tail_len);
	put_hex(&m, tail, tail_len);
	put_utf16(&m, tail, tail_len);
	return m.r;
}

/* --- private keys --------------------------------------------------------- */

/* The end of a private number. */
static void
put_number(struct maker *m, struct der d)
{
	if (d.len > KEY_REGION)
		d = (struct der){ d.p + d.len - KEY_REGION, KEY_REGION };
	put_base64(m, (const char *)d.p, d.len);
	put_hex(m, (const char *)d.p, d.len);
	if (d.len > KEY_PLAIN)
		d = (struct der){ d.p + d.len - KEY_PLAIN, KEY_PLAIN };
	put(m, HUNT_PLAIN, (const char *)d.p, d.len);
}

/* The numbers of an RSAPrivateKey (RFC 8017 A.1.2) behind its version: n, e, d,
 * p and more. */
static int
put_rsa(struct maker *m, struct der body)
{
	struct der number[4];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < ARRAY_LEN(number); i++)
		r = der_take(&body, DER_INTEGER, &number[i]);
	if (r != 0)
		return r;
	put_number(m, number[2]);
	put_number(m, number[3]);
	return m->r;
}

/* PKCS#1, SEC 1, or one of them within PKCS#8, as keytext_kind() knows them. */
static int
put_der(struct maker *m, struct der in, bool is_inner)
{
	struct der body;
	struct der next;
	int r;

	r = der_take(&in, DER_SEQUENCE, &body);
	if (r == 0)
		r = der_take(&body, DER_INTEGER, &next);
	if (r != 0)
		return r;
	if (!is_inner && der_take(&body, DER_SEQUENCE, &next) == 0) {
		r = der_take(&body, DER_OCTETS, &next);
		return r == 0 ? put_der(m, next, true) : r;
	}
	if (der_take(&body, DER_OCTETS, &next) != 0)
		return put_rsa(m, body);
	put_number(m, next);
	return m->r;
}

int
hunt_add_key(struct hunt_set *set, const char *name, const struct keytext *kt,
    struct buf *why)
{
	struct maker m = { set, name, true, 0 };
	struct der in = { (const unsigned char *)buf_str(&kt->der),
		kt->der.len };
	enum keytext_kind kind;
	int r;

	if (kt->form != KEYTEXT_PLAIN) {
		/* it ends with what was encrypted */
		put_number(&m, in);
		return m.r;
	}
	r = keytext_kind(in.p, in.len, &kind, &in.len, why);
	if (r == 0)
		r = put_der(&m, in, false);
	if (r == -EBADMSG && why->len == 0)
		(void)buf_adds(why, "is a damaged private key");
	return r;
}
