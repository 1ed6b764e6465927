/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <string.h>

#include "crypt.h"
#include "esc.h"
#include "io.h"
#include "jwt.h"
#include "oauth-assert.h"
#include "path.h"

/* Random bytes of a jti: nobody else will ever draw the same. */
#define JTI_BYTES 24

/* Who can replace the file decides as whom we speak. */
static int
read_text(const char *path, struct buf *text, struct buf *why)
{
	const char *note;
	int r = io_read_secret(path, false, text, &note);

	if (note != NULL)
		(void)buf_adds(why, note);
	else if (r != 0)
		(void)buf_addf(why, "cannot be read: %s", strerror(-r));
	return r;
}

static int
load(const struct oauth_config *c, const struct buf *text, struct buf *why,
    struct key **ret_key)
{
	struct buf reason = BUF_INIT(KEYTEXT_MAX_WHY);
	int r;

	r = key_load(buf_str(text), text->len, c->key_password, &reason,
	    ret_key);
	if (r != 0)
		buf_clear(why);
	if (r == -ENOKEY)
		(void)buf_adds(why,
		    "is encrypted, and "
		    "oauth_client_private_key_file_pwd is not set");
	else if (r == -EKEYREJECTED)
		(void)buf_adds(why,
		    "is encrypted with another passphrase than "
		    "oauth_client_private_key_file_pwd");
	else if (r != 0)
		(void)buf_adds(why, buf_str(&reason));
	buf_wipe(&reason);
	return r == -ENOKEY || r == -EKEYREJECTED ? -EACCES : r;
}

/* Load the key; WHY gets what may come after its name. */
static int
load_file(const struct oauth_config *c, struct buf *why, struct key **ret_key)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	int r;

	r = path_expand(&path, c->key_file);
	if (r != 0)
		(void)buf_adds(why, "is no usable path");
	else
		r = read_text(buf_str(&path), &text, why);
	if (r == 0)
		r = load(c, &text, why, ret_key);
	buf_wipe(&path);
	buf_wipe(&text);
	return r;
}

/* RFC 7523 3: the client is issuer and subject; the audience is the token
 * endpoint. */
static int
sign(const struct oauth_config *c, struct key *key, int64_t now_utc,
    struct buf *ret_token)
{
	const struct jwt_member header[] = { { "kid", c->key_id, 0 } };
	struct buf jti = BUF_INIT(64);
	int r = crypt_random_text(&jti, JTI_BYTES);
	const struct jwt_member claims[] = {
		{ "iss", c->client_id, 0 },
		{ "sub", c->client_id, 0 },
		{ "aud", buf_str(&c->token_url), 0 },
		{ "jti", buf_str(&jti), 0 },
		{ "iat", NULL, now_utc },
		{ "exp", NULL, now_utc + OAUTH_ASSERT_LIFE },
	};

	if (r == 0)
		r = jwt_sign(key, header, c->key_id != NULL ? 1 : 0, claims,
		    ARRAY_LEN(claims), ret_token);
	buf_wipe(&jti);
	return r;
}

int
oauth_assert(const struct oauth_config *c, int64_t now_utc,
    struct buf *ret_token, struct buf *why)
{
	struct buf reason = BUF_INIT(2 * KEYTEXT_MAX_WHY);
	struct key *key = NULL;
	int r;

	r = load_file(c, &reason, &key);
	if (reason.len != 0) {
		(void)buf_adds(why, "oauth_client_private_key_file ");
		(void)esc_visible(why, c->key_file, strlen(c->key_file));
		(void)buf_addf(why, " %s", buf_str(&reason));
	}
	if (r == 0) {
		r = sign(c, key, now_utc, ret_token);
		if (r != 0)
			(void)buf_adds(why,
			    "the client's private key cannot sign");
	}
	key_free(key);
	buf_wipe(&reason);
	return r;
}
