/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "rolescope.h"
#include "url.h"

#define ROLE         "session:role:"
#define ENCODED_ROLE "session:role-encoded:"

/* Roles of these bytes are written as they are. */
#define PLAIN                                                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789-_"

int
rolescope_add(struct buf *b, const char *role)
{
	int r;

	if (role[strspn(role, PLAIN)] == '\0')
		return buf_addf(b, ROLE "%s", role);
	r = buf_adds(b, ENCODED_ROLE);
	return r != 0 ? r : url_encode(b, role, strlen(role));
}

/* Scopes that name no role: a refresh token is asked for as a matter of course
 * and never given, and gosnowflake asks for no role in these words. */
static bool
is_nothing(const char *s, size_t len)
{
	static const char *const nothing[] = { "refresh_token", ROLE };
	size_t i;

	for (i = 0; i < ARRAY_LEN(nothing); i++)
		if (len == strlen(nothing[i]) &&
		    memcmp(s, nothing[i], len) == 0)
			return true;
	return false;
}

/* One token of a scope.  ROLE gets what it names; -EACCES for what names
 * anything else. */
static int
read_token(const char *s, size_t len, struct buf *role)
{
	static const struct {
		const char *prefix;
		bool is_encoded;
	} forms[] = { { ROLE, false }, { ENCODED_ROLE, true } };
	size_t i;
	size_t n;

	if (is_nothing(s, len))
		return 0;
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		n = strlen(forms[i].prefix);
		if (len <= n || memcmp(s, forms[i].prefix, n) != 0)
			continue;
		/* one role in a session */
		if (role->len != 0)
			return -EACCES;
		/* '+' is no blank here: RFC 3986 coding within a form's */
		if (forms[i].is_encoded && memchr(s, '+', len) == NULL)
			return url_decode(role, s + n, len - n);
		return forms[i].is_encoded ? -EACCES :
					     buf_add(role, s + n, len - n);
	}
	return -EACCES;
}

int
rolescope_read(const char *scope, struct buf *role)
{
	size_t len;
	int r = 0;

	while (r == 0 && *scope != '\0') {
		len = strcspn(scope, " ");
		if (len != 0)
			r = read_token(scope, len, role);
		scope += len;
		scope += strspn(scope, " ");
	}
	return r;
}
