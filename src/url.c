/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "hex.h"
#include "mem.h"
#include "num.h"
#include "url.h"

/* By hand, because <ctype.h> depends on the locale. */
static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_unreserved(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static char *
dup_lower(const char *s, size_t len)
{
	char *p = xstrndup(s, len);
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = ascii_lower(p[i]);
	return p;
}

/* Length of the host at the start of S: a name, an address or "[...]"; 0 when
 * there is none. */
static size_t
host_span(const char *s, size_t len)
{
	size_t n = 0;

	if (len > 0 && s[0] == '[') {
		for (n = 1; n < len && s[n] != ']'; n++)
			if (strchr("0123456789abcdefABCDEF:.", s[n]) == NULL)
				return 0;
		return n < len && n > 2 ? n + 1 : 0;
	}
	while (n < len && is_unreserved(s[n]) && s[n] != '~')
		n++;
	return n;
}

/* Split host[:port]; PORT stays as it is when there is none. */
static int
parse_authority(const char *s, size_t len, size_t *ret_host, int *ret_port)
{
	size_t n = host_span(s, len);
	int64_t port;
	int r;

	if (n == 0)
		return -EBADMSG;
	if (n < len) {
		if (s[n] != ':' || len - n > 6)
			return -EBADMSG;
		r = num_parse(s + n + 1, len - n - 1, 1, 65535, &port);
		if (r != 0)
			return -EBADMSG;
		*ret_port = (int)port;
	}
	*ret_host = n;
	return 0;
}

static bool
is_url_text(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f ||
		    strchr("\\\"<>^`{|}", *s) != NULL)
			return false;
	return true;
}

int
url_parse(const char *s, struct url *ret_url)
{
	struct url u = URL_INIT;
	size_t authority;
	size_t host = 0;
	size_t path;
	bool https;
	int r;

	if (strlen(s) > URL_MAX)
		return -EMSGSIZE;
	if (!is_url_text(s))
		return -EBADMSG;
	https = strncasecmp(s, "https://", 8) == 0;
	if (!https && strncasecmp(s, "http://", 7) != 0)
		return -EBADMSG;
	u.scheme = xstrdup(https ? "https" : "http");
	u.port = https ? 443 : 80;
	s += strlen(u.scheme) + 3;
	authority = strcspn(s, "/?#");
	r = parse_authority(s, authority, &host, &u.port);
	if (r != 0) {
		url_clear(&u);
		return r;
	}
	u.host = dup_lower(s, host);
	s += authority;
	path = strcspn(s, "?#");
	u.path = path != 0 ? xstrndup(s, path) : xstrdup("/");
	s += path;
	if (*s == '?')
		s++;
	u.query = xstrndup(s, strcspn(s, "#"));
	*ret_url = u;
	return 0;
}

void
url_clear(struct url *u)
{
	if (u == NULL)
		return;
	free(u->scheme);
	free(u->host);
	free(u->path);
	if (u->query != NULL)
		freezero(u->query, strlen(u->query));
	*u = (struct url)URL_INIT;
}

int
url_origin(const struct url *u, struct buf *b)
{
	int usual = strcmp(u->scheme, "https") == 0 ? 443 : 80;

	if (u->port == usual)
		return buf_addf(b, "%s://%s", u->scheme, u->host);
	return buf_addf(b, "%s://%s:%d", u->scheme, u->host, u->port);
}

/* Four numbers below 256, the first of them 127. */
static bool
is_loopback_ipv4(const char *s)
{
	int64_t n;
	size_t len;
	int i;

	for (i = 0; i < 4; i++) {
		len = strcspn(s, ".");
		if (len > 3 || num_parse(s, len, 0, 255, &n) != 0 ||
		    (i == 0 && n != 127) || (s[len] == '.') != (i < 3))
			return false;
		s += len + 1;
	}
	return true;
}

bool
url_is_loopback(const struct url *u)
{
	return strcmp(u->host, "localhost") == 0 ||
	    strcmp(u->host, "[::1]") == 0 || is_loopback_ipv4(u->host);
}

bool
url_is_hostport(const char *host)
{
	size_t n;
	int port = 0;

	return parse_authority(host, strlen(host), &n, &port) == 0;
}

int
url_encode(struct buf *b, const char *s, size_t len)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		if (is_unreserved(s[i]))
			r = buf_addc(b, s[i]);
		else
			r = buf_addf(b, "%%%02X", (unsigned char)s[i]);
	}
	return r;
}

int
url_decode(struct buf *b, const char *s, size_t len)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		char c = s[i] == '+' ? ' ' : s[i];

		if (c == '%') {
			int high = len - i > 2 ? hex_value(s[i + 1]) : -1;
			int low = len - i > 2 ? hex_value(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return -EBADMSG;
		r = buf_addc(b, c);
	}
	return r;
}

int
url_add_param(struct buf *b, const char *name, const char *value)
{
	int r = 0;

	if (b->len != 0)
		r = buf_addc(b, '&');
	if (r == 0)
		r = url_encode(b, name, strlen(name));
	if (r == 0)
		r = buf_addc(b, '=');
	if (r == 0)
		r = url_encode(b, value, strlen(value));
	return r;
}

int
url_get_param(const char *query, const char *name, struct buf *b)
{
	const char *value = NULL;
	size_t name_len = strlen(name);
	size_t value_len = 0;
	size_t len;

	for (; *query != '\0'; query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		if (len <= name_len || query[name_len] != '=' ||
		    memcmp(query, name, name_len) != 0)
			continue;
		if (value != NULL)
			return -EBADMSG;
		value = query + name_len + 1;
		value_len = len - name_len - 1;
	}
	if (value == NULL)
		return -ENOENT;
	return url_decode(b, value, value_len);
}
