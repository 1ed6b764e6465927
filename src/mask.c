/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "ascii.h"
#include "mask.h"

/* More than any has; without a limit, many URLs in one word took long. */
#define MAX_USERINFO 8192

/* As mask_is_secret_name() sees them: letters and digits alone. */
static const char *const secret_words[] = {
	"accesskey",
	"apikey",
	"authorization",
	"bearer",
	"cookie",
	"credential",
	"passcode",
	"passphrase",
	"passwd",
	"password",
	"privatekey",
	"pwd",
	"secret",
	"token",
};

/* Names that are secret when they are one of these, or end in it after
 * something else than a letter: inside of others they mean nothing. */
static const char *const secret_last_words[] = {
	"auth",
	"pat",
	"sig",
};

/* Ends of names that have such a word in them, and are of places, of switches
 * and of numbers of Snowflake's drivers and of OAuth. */
static const char *const public_ends[] = {
	"authorizationendpoint",
	"authorizationuri",
	"authorizationurl",
	"clientrequestmfatoken",
	"credentialfile",
	"credentialpath",
	"credentialsfile",
	"credentialspath",
	"enablerefreshtokens",
	"enablesingleuserefreshtokens",
	"maxoutputtokens",
	"maxtokens",
	"passcodeinpassword",
	"passphrasefile",
	"passwordfile",
	"privatekeyfile",
	"privatekeyfilepath",
	"privatekeypath",
	"secretfile",
	"storetemporarycredential",
	"tokenendpoint",
	"tokenfile",
	"tokenfilepath",
	"tokenpath",
	"tokenrequesturl",
	"tokentype",
	"tokenuri",
	"tokenurl",
};

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

/* Append the letters and digits of NAME, small. */
static int
add_bare(struct buf *b, const char *name, size_t len)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		char c = ascii_lower(name[i]);

		if (is_alnum(c))
			r = buf_addc(b, c);
	}
	return r;
}

static bool
ends_in(const struct buf *b, const char *end)
{
	size_t len = strlen(end);

	return b->len >= len &&
	    memcmp(buf_str(b) + b->len - len, end, len) == 0;
}

static bool
ends_in_any(const struct buf *b, const char *const *ends, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ends_in(b, ends[i]))
			return true;
	return false;
}

static bool
has_secret_word(const struct buf *b)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(secret_words); i++)
		if (strstr(buf_str(b), secret_words[i]) != NULL)
			return true;
	return false;
}

static bool
is_secret_last_word(const char *name, size_t len)
{
	struct buf b = BUF_INIT(len);
	size_t start;
	size_t i;
	bool is = false;

	while (len > 0 && !is_alnum(name[len - 1]))
		len--;
	start = len;
	while (start > 0 && is_alnum(name[start - 1]))
		start--;
	if (add_bare(&b, name + start, len - start) == 0)
		for (i = 0; !is && i < ARRAY_LEN(secret_last_words); i++)
			is = buf_equals(&b, secret_last_words[i]);
	buf_wipe(&b);
	return is;
}

bool
mask_is_secret_name(const char *name, size_t len)
{
	struct buf b = BUF_INIT(len);
	bool is;

	is = add_bare(&b, name, len) != 0 ||
	    (has_secret_word(&b) &&
		!ends_in_any(&b, public_ends, ARRAY_LEN(public_ends))) ||
	    is_secret_last_word(name, len);
	buf_wipe(&b);
	return is;
}

static bool
is_number(const char *s, const char *end)
{
	while (s < end && *s >= '0' && *s <= '9')
		s++;
	return s == end;
}

/*
 * How long the user information at S is, which is what comes after "://"; 0
 * when there is none.  A password may have in it what should have been escaped:
 * then the last @ of the word ends it, unless what is before looks like a host
 * with a port.
 */
static size_t
userinfo_len(const char *s, size_t len)
{
	size_t authority = 0;
	size_t word;
	const char *at;
	const char *colon;

	if (len > MAX_USERINFO)
		len = MAX_USERINFO;
	while (authority < len && !is_blank(s[authority]) &&
	    strchr("/?#\\", s[authority]) == NULL)
		authority++;
	at = memrchr(s, '@', authority);
	if (at != NULL)
		return (size_t)(at - s);
	colon = memrchr(s, ':', authority);
	if (colon == NULL || *s == '[' || is_number(colon + 1, s + authority))
		return 0;
	word = authority;
	while (word < len && !is_blank(s[word]))
		word++;
	at = memrchr(s, '@', word);
	return at != NULL ? (size_t)(at - s) : 0;
}

/* How long the value at S is, which is what comes after "=". */
static size_t
assigned_len(const char *s, size_t len)
{
	const char *end;
	size_t n = 0;

	if (len != 0 && (*s == '"' || *s == '\'')) {
		end = memchr(s + 1, *s, len - 1);
		return end != NULL ? (size_t)(end - s) + 1 : len;
	}
	while (n < len && !is_blank(s[n]) && s[n] != '&' && s[n] != ';')
		n++;
	return n;
}

/* Whether what ends before byte AT of S is the name of a secret. */
static bool
is_secret_before(const char *s, size_t at)
{
	size_t start = at;

	while (start > 0 &&
	    (is_alnum(s[start - 1]) || strchr("_-.%", s[start - 1]) != NULL) &&
	    s[start - 1] != '\0')
		start--;
	return mask_is_secret_name(s + start, at - start);
}

/* How long the secret is that begins at byte AT of S; 0 when none does. */
static size_t
secret_len(const char *s, size_t len, size_t at)
{
	if (at >= 3 && memcmp(s + at - 3, "://", 3) == 0)
		return userinfo_len(s + at, len - at);
	if (at >= 2 && s[at - 1] == '=' && is_secret_before(s, at - 1))
		return assigned_len(s + at, len - at);
	return 0;
}

static int
hide(const char *s, size_t len, const char *mark, struct buf *ret_shown,
    struct buf *ret_hidden)
{
	int r;

	r = buf_adds(ret_shown, mark);
	if (r == 0)
		r = buf_add(ret_hidden, s, len);
	/* so that two of them cannot run together */
	return r != 0 ? r : buf_addc(ret_hidden, '\0');
}

int
mask_text(const char *s, size_t len, const char *mark, struct buf *ret_shown,
    struct buf *ret_hidden)
{
	static const char pem[] = "PRIVATE KEY-----";
	size_t at = 0;
	size_t n;
	int r = 0;

	if (memmem(s, len, pem, sizeof(pem) - 1) != NULL)
		return hide(s, len, mark, ret_shown, ret_hidden);
	while (r == 0 && at < len) {
		n = secret_len(s, len, at);
		if (n != 0) {
			r = hide(s + at, n, mark, ret_shown, ret_hidden);
			at += n;
		} else {
			r = buf_addc(ret_shown, s[at++]);
		}
	}
	return r;
}

/* Append the secrets alone. */
static int
collect(const char *s, size_t len, struct buf *ret_hidden)
{
	struct buf ignored = BUF_INIT(MASK_GROWTH * len);
	int r;

	r = mask_text(s, len, MASK_SAME, &ignored, ret_hidden);
	buf_wipe(&ignored);
	return r;
}

bool
mask_hides_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct buf x = BUF_INIT(2 * a_len);
	struct buf y = BUF_INIT(2 * b_len);
	bool same;

	same = collect(a, a_len, &x) == 0 && collect(b, b_len, &y) == 0 &&
	    x.len == y.len && memcmp(buf_str(&x), buf_str(&y), x.len) == 0;
	buf_wipe(&x);
	buf_wipe(&y);
	return same;
}
