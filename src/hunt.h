/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Find out whether secrets are in a stream of bytes, without having them: the
 * stream is hostile, and the process that reads it is given fingerprints only
 * (THREATS.md T4).  Who has the secrets makes them:
 *
 *	r = hunt_make(&set);
 *	r = hunt_add(&set, "password of connection dev", secret, len);
 *	r = hunt_format(&set, &text);
 *
 * and who has the stream uses them:
 *
 *	r = hunt_parse(text, len, &set, &why);
 *	h = hunt_new(&set);
 *	hunt_begin(h, found, ctx);
 *	r = hunt_feed(h, data, n);	(as often as need be)
 *	hunt_end(h);
 *	hunt_free(h);
 *
 * A fingerprint is of a secret in one form, such as base64, or of a piece of
 * it where lines may be broken.  It has a hash of the whole, and a mark: 24
 * bits of another hash, of the last 32, 16 or 8 bytes, which is cheap enough to
 * be computed at each byte of the stream.  Both have a key, which is drawn for
 * each set, so that a stream cannot be made to have the marks.  The end and not
 * the beginning, because many secrets begin alike.
 *
 * What a set gives away: who has it can try a guess of a secret, or of a piece.
 * A mark is of as many bytes as there are, so that no part of a secret of 16
 * bytes can be guessed by less than eight at a time.  So random tokens and keys
 * are safe, short passwords are not: a set is passed by a pipe and not kept.
 *
 * What is not found: anything that is compressed or encrypted, and forms that
 * hunt_add() does not list.
 */
#ifndef HUNT_H
#define HUNT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "keytext.h"
#include "strv.h"

#define HUNT_MIN         8   /* bytes; less would be found everywhere */
#define HUNT_MAX         512 /* of longer ones the last 512 count */
#define HUNT_MAX_SECRET  65536
#define HUNT_MAX_NAME    256 /* with its NUL */
#define HUNT_MAX_PRINTS  32768
#define HUNT_MAX_UNKNOWN 4096
#define HUNT_MAX_TEXT    (32 * 1024 * 1024)
#define HUNT_MAX_WHY     256

#define HUNT_KEY_SIZE  64
#define HUNT_HASH_SIZE 32

enum hunt_form {
	HUNT_PLAIN,
	HUNT_BASE64,
	HUNT_PERCENT,
	HUNT_JSON,
	HUNT_HEX,
	HUNT_UTF16,
	HUNT_FORMS
};

/* Of exactly LEN bytes. */
struct hunt_print {
	char *name; /* "password of connection dev"; no control characters */
	enum hunt_form form;
	size_t len; /* from HUNT_MIN to HUNT_MAX */
	uint32_t mark;
	unsigned char hash[HUNT_HASH_SIZE];
};

struct hunt_set {
	unsigned char key[HUNT_KEY_SIZE];
	struct hunt_print *v;
	size_t len;
	size_t room;
	/* what is not looked for, and why, for people; the set proves nothing
	 * about that */
	struct strv unknown;
};

#define HUNT_SET_INIT                         \
	{                                     \
		{ 0 }, NULL, 0, 0, STRV_INIT, \
	}

/* "in base64": how a form is called in a sentence; "as it is" is one, too. */
const char *hunt_form_name(enum hunt_form form);

/* --- making a set --------------------------------------------------------- */

/* Draw a key for the empty set SET.  Returns 0 or -EIO. */
int hunt_make(struct hunt_set *set);

/*
 * Add the fingerprints of LEN bytes of SECRET: as it is, in base64 and
 * base64url at each of the three places that it may have in a longer text (and
 * broken into lines of 48 characters or more), percent-encoded, escaped for
 * JSON, in hexadecimal digits of either case, and in UTF-16LE if it is ASCII.
 * NAME is escaped, and cut when it is too long.  One that is too short is noted
 * in SET->unknown.  Returns 0, -EIO, or -EMSGSIZE when it or the set is too
 * long; then some forms may have been added.
 */
int hunt_add(struct hunt_set *set, const char *name, const void *secret,
    size_t len);

/*
 * Add a private key: parts of its private numbers, of RSA d and p, as bytes, in
 * hexadecimal, and in base64, which is also that of PEM and JWK; of that again
 * base64, and what URLs and JSON make of it.  A key that is encrypted is looked
 * for as that; who has the passphrase adds the plain one as well (key_open()).
 * Returns as hunt_add(), or as keytext_kind() with its reason in WHY when it is
 * no key of ours.
 */
int hunt_add_key(struct hunt_set *set, const char *name,
    const struct keytext *kt, struct buf *why);

/*
 * Add the fingerprint of LEN bytes, of the last HUNT_MAX if there are more.
 * One that is there under this NAME already is not added again, one of less
 * than HUNT_MIN bytes not at all.  Returns 0, -EIO or -EMSGSIZE.
 */
int hunt_put(struct hunt_set *set, const char *name, enum hunt_form form,
    const void *data, size_t len);

/* Note that NAME is not looked for, and WHY.  Returns 0 or -EMSGSIZE. */
int hunt_note(struct hunt_set *set, const char *name, const char *why);

/* --- as text -------------------------------------------------------------- */

/* Append the set as lines; there is no secret in it.  Returns 0 or
 * -EMSGSIZE. */
int hunt_format(const struct hunt_set *set, struct buf *b);

/*
 * Read LEN bytes that hunt_format() wrote; anything else is -EBADMSG or
 * -EMSGSIZE, with the reason appended to WHY.  RET_SET must be initialised,
 * and is untouched on failure; the caller wipes it.
 */
int hunt_parse(const char *text, size_t len, struct hunt_set *ret_set,
    struct buf *why);

void hunt_wipe(struct hunt_set *set);

/* --- looking -------------------------------------------------------------- */

struct hunt;

/* PRINT, of the set, was found; its first byte is OFFSET bytes behind the
 * beginning of the stream. */
typedef void (*hunt_fn)(void *ctx, const struct hunt_print *print,
    uint64_t offset);

/* Prepare to look for what is in SET, which must not change any more and must
 * live longer.  Never NULL; the caller frees it. */
struct hunt *hunt_new(const struct hunt_set *set);

/* Begin a stream, of which FN is told what is found, each print once. */
void hunt_begin(struct hunt *h, hunt_fn fn, void *ctx);

/* Go on with LEN bytes.  Returns 0, or -EIO when wolfSSL fails: then nothing is
 * known of the stream. */
int hunt_feed(struct hunt *h, const void *data, size_t len);

/* Forget the stream's bytes.  All has been found by then. */
void hunt_end(struct hunt *h);

/* NULL is fine. */
void hunt_free(struct hunt *h);

#endif
