/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "hex.h"
#include "io.h"
#include "sock.h"

#define BASE64URL                    \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789_-"

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Whether everybody can go through the directory of PATH, but nobody else can
 * change it. */
static bool
is_shared(const char *path)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	struct stat st;
	bool is;

	is = sock_directory(path, &dir) == 0 &&
	    lstat(buf_str(&dir), &st) == 0 && S_ISDIR(st.st_mode) &&
	    (st.st_mode & 001) != 0 && (st.st_mode & 022) == 0;
	buf_wipe(&dir);
	return is;
}

static int
find_url(const char *told, struct endpoint *e)
{
	int r = url_parse(told, &e->url);

	if (r == 0 &&
	    (strcmp(e->url.scheme, "http") != 0 ||
		strcmp(e->url.path, "/") != 0 || e->url.query[0] != '\0'))
		r = -EINVAL;
	return r == 0 ? 0 : -EINVAL;
}

int
endpoint_find(struct endpoint *ret_endpoint)
{
	struct endpoint e = ENDPOINT_INIT;
	int r = -ENOENT;

	e.told = variable("COCO_TOKEND");
	e.capability_file = variable("COCO_CAPABILITY_FILE");
	if (e.told != NULL && strncmp(e.told, "http:", 5) == 0) {
		r = find_url(e.told, &e);
	} else if (e.told != NULL && strncmp(e.told, "unix:/", 6) == 0) {
		e.path = e.told + 5;
		if (e.capability_file != NULL || is_shared(e.path))
			r = 0;
	} else if (e.told != NULL && strcmp(e.told, "off") != 0) {
		r = -EINVAL;
	}
	if (r != 0)
		endpoint_clear(&e);
	else
		*ret_endpoint = e;
	return r;
}

void
endpoint_clear(struct endpoint *e)
{
	url_clear(&e->url);
	*e = (struct endpoint)ENDPOINT_INIT;
}

/* The addresses of the host, the brackets of IPv6 left out. */
static int
look_up(const struct url *url, struct buf *why, struct addrinfo **ret_list)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct buf host = BUF_INIT(URL_MAX);
	struct buf port = BUF_INIT(16);
	size_t len = strlen(url->host);
	bool is_v6 = url->host[0] == '[';
	int r;

	(void)buf_add(&host, url->host + (is_v6 ? 1 : 0),
	    is_v6 ? len - 2 : len);
	(void)buf_addf(&port, "%d", url->port);
	r = getaddrinfo(buf_str(&host), buf_str(&port), &hints, ret_list);
	if (r != 0)
		(void)buf_addf(why, "%s: %s", buf_str(&host), gai_strerror(r));
	buf_wipe(&port);
	buf_wipe(&host);
	return r == 0 ? 0 : -EHOSTUNREACH;
}

/* The first address that answers. */
static int
connect_tcp(const struct url *url, int64_t deadline_ms, struct buf *why,
    int *ret_fd)
{
	struct addrinfo *list = NULL;
	const struct addrinfo *a;
	int r;

	r = look_up(url, why, &list);
	if (r != 0)
		return r;
	r = -EHOSTUNREACH;
	for (a = list; a != NULL && r != 0; a = a->ai_next)
		r = sock_reach(a->ai_addr, a->ai_addrlen, deadline_ms, ret_fd);
	freeaddrinfo(list);
	return r;
}

int
endpoint_connect(const struct endpoint *e, int64_t deadline_ms, struct buf *why,
    int *ret_fd)
{
	if (e->path != NULL)
		return sock_reach_unix(e->path, deadline_ms, ret_fd);
	return connect_tcp(&e->url, deadline_ms, why, ret_fd);
}

int
endpoint_host(const struct endpoint *e, struct buf *b)
{
	if (e->path != NULL)
		return buf_adds(b, "localhost");
	return buf_addf(b, "%s:%d", e->url.host, e->url.port);
}

/* Whether S looks like "coco_<16 hexadecimal digits>_<43 of base64url>". */
static bool
is_capability(const char *s)
{
	return strlen(s) == ENDPOINT_CAPABILITY_LEN &&
	    strncmp(s, "coco_", 5) == 0 && strspn(s + 5, HEX_DIGITS) >= 16 &&
	    s[21] == '_' && s[22 + strspn(s + 22, BASE64URL)] == '\0';
}

int
endpoint_capability(const struct endpoint *e, struct buf *b, struct buf *why)
{
	const char *note;
	int r;

	if (e->capability_file == NULL)
		return 0;
	r = io_read_secret(e->capability_file, false, b, &note);
	if (r == 0 && b->len != 0 && buf_str(b)[b->len - 1] == '\n')
		buf_truncate(b, b->len - 1);
	if (r == -EMSGSIZE ||
	    (r == 0 &&
		(strlen(buf_str(b)) != b->len || !is_capability(buf_str(b))))) {
		note = "does not hold a capability";
		r = -EBADMSG;
	}
	if (r != 0 || note != NULL)
		(void)buf_addf(why, "COCO_CAPABILITY_FILE: %s%s%s",
		    e->capability_file, note != NULL ? " " : ": ",
		    note != NULL ? note : strerror(-r));
	return r;
}
