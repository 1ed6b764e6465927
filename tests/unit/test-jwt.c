/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens to the byte; that others can verify them is for t0340. */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "io.h"
#include "jwt.h"
#include "tap.h"

static struct key *
load(const char *name)
{
	const char *srcdir = getenv("srcdir");
	struct buf path = BUF_INIT(4096);
	struct buf text = BUF_INIT(KEYTEXT_MAX);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct key *k = NULL;

	(void)buf_addf(&path, "%s/tests/data/key/%s.pem",
	    srcdir != NULL ? srcdir : ".", name);
	if (io_read_file(buf_str(&path), &text) != 0 ||
	    key_load(buf_str(&text), text.len, NULL, &why, &k) != 0)
		bail("cannot load a key of tests/data/key");
	buf_wipe(&path);
	buf_wipe(&text);
	buf_wipe(&why);
	return k;
}

/* Decode part N of TOKEN. */
static void
part(const struct buf *token, int n, struct buf *to)
{
	const char *s = buf_str(token);

	for (; n > 0; n--)
		s = strchr(s, '.') + 1;
	buf_clear(to);
	if (b64_decode(to, s, strcspn(s, ".")) != 0)
		bail("a part is not base64url");
}

static void
test_tokens(void)
{
	static const struct jwt_member kid[] = { { "kid", "a\"b", 0 } };
	static const struct jwt_member claims[] = { { "iss", "A.\xc3\x84", 0 },
		{ "iat", NULL, 1700000000 }, { "n", NULL, -1 } };
	struct buf token = BUF_INIT(JWT_MAX);
	struct buf got = BUF_INIT(JWT_MAX);
	struct key *k = load("rsa");

	(void)buf_adds(&token, "");
	is_int(jwt_sign(k, NULL, 0, claims, 3, &token), 0, "a token");
	part(&token, 0, &got);
	is_str(buf_str(&got), "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
	    "its header");
	part(&token, 1, &got);
	is_str(buf_str(&got),
	    "{\"iss\":\"A.\xc3\x84\",\"iat\":1700000000,\"n\":-1}",
	    "its claims");
	part(&token, 2, &got);
	is_int((intmax_t)got.len, 256, "its signature");
	is_int((intmax_t)strspn(buf_str(&token),
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		   "abcdefghijklmnopqrstuvwxyz0123456789-_."),
	    (intmax_t)token.len, "no padding, no other character");
	key_free(k);

	k = load("p384");
	buf_clear(&token);
	is_int(jwt_sign(k, kid, 1, NULL, 0, &token), 0, "with a key id");
	part(&token, 0, &got);
	is_str(buf_str(&got),
	    "{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"a\\\"b\"}",
	    "which comes last");
	part(&token, 1, &got);
	is_str(buf_str(&got), "{}", "no claims");
	part(&token, 2, &got);
	is_int((intmax_t)got.len, 96, "its signature");
	key_free(k);
	buf_wipe(&token);
	buf_wipe(&got);
}

static void
test_refused(void)
{
	static const struct jwt_member latin[] = { { "iss", "\xc4", 0 } };
	struct jwt_member large = { "iss", NULL, 0 };
	struct buf token = BUF_INIT(JWT_MAX);
	struct buf small = BUF_INIT(100);
	struct key *k = load("p256");
	char text[JWT_MAX];

	(void)buf_adds(&token, "before");
	is_int(jwt_sign(k, NULL, 0, latin, 1, &token), -EBADMSG,
	    "text that is not UTF-8");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	large.text = text;
	is_int(jwt_sign(k, NULL, 0, &large, 1, &token), -EMSGSIZE,
	    "claims that are too long");
	is_str(buf_str(&token), "before", "nothing was added");
	is_int(jwt_sign(k, NULL, 0, NULL, 0, &small), -EMSGSIZE, "no room");
	is_int((intmax_t)small.len, 0, "nothing was added");
	key_free(k);
	buf_wipe(&token);
	buf_wipe(&small);
}

int
main(void)
{
	test_tokens();
	test_refused();
	return done_testing();
}
