/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <ctype.h>
#include <string.h>

#include "esc.h"
#include "hex.h"
#include "oauth-secret.h"

/* Bytes of a text that are looked at: enough that a secret which begins where
 * the text is cut is seen. */
#define LOOK (2 * OAUTH_MAX_SHOWN)

#define SECRET_MAX 131072

void
oauth_secrets_add(struct oauth_secrets *all, const char *secret)
{
	size_t i;

	for (i = 0; i < OAUTH_SECRETS; i++) {
		if (all->text[i] != NULL)
			continue;
		all->text[i] = secret;
		return;
	}
}

/* Append the letters and digits of S. */
static void
squeeze(struct buf *b, const char *s, size_t len, bool decode)
{
	size_t i;
	int c;

	for (i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if (decode && c == '%' && len - i > 2 &&
		    hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
			c = hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]);
			i += 2;
		}
		if (c < 0x80 && isalnum(c) != 0)
			(void)buf_addc(b, (char)c);
	}
}

/* Whether the squeezed TEXT has part of SECRET, squeezed with or without
 * decoding: a secret may itself look encoded. */
static bool
has_part(const struct buf *text, const char *secret, bool decode)
{
	struct buf b = BUF_INIT(SECRET_MAX);
	size_t run = OAUTH_SECRET_RUN;
	bool has = false;
	size_t i;

	squeeze(&b, secret, strlen(secret), decode);
	if (b.len < run)
		run = b.len;
	for (i = 0; run != 0 && !has && i + run <= b.len; i++)
		has = memmem(buf_str(text), text->len, b.data + i, run) != NULL;
	buf_wipe(&b);
	return has;
}

bool
oauth_secrets_in(const struct oauth_secrets *known, const char *text)
{
	struct buf squeezed = BUF_INIT(LOOK);
	bool has = false;
	size_t i;

	squeeze(&squeezed, text, strnlen(text, LOOK), true);
	for (i = 0; i < OAUTH_SECRETS && !has; i++) {
		const char *secret = known->text[i];

		/* the last is for one without a letter or digit */
		has = secret != NULL && secret[0] != '\0' &&
		    (has_part(&squeezed, secret, true) ||
			has_part(&squeezed, secret, false) ||
			strstr(text, secret) != NULL);
	}
	buf_wipe(&squeezed);
	return has;
}

void
oauth_show(const char *text, struct buf *b)
{
	size_t start = b->len;
	size_t len = strlen(text);
	size_t i = 0;
	size_t n;

	while (i < len) {
		if (b->len - start >= OAUTH_MAX_SHOWN - 3) {
			(void)buf_adds(b, "...");
			break;
		}
		n = esc_utf8(text + i, len - i);
		n = n != 0 ? n : 1;
		(void)esc_visible(b, text + i, n);
		i += n;
	}
}
