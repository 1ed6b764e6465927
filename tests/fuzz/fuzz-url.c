/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for url.c.  Beyond memory safety: what was read and put together
 * again reads as the same, and what was encoded decodes to the same.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mem.h"
#include "url.h"

static void
fuzz_parse(const char *s)
{
	struct buf again = BUF_INIT(2 * URL_MAX);
	struct buf value = BUF_INIT(URL_MAX);
	struct url u = URL_INIT;
	struct url v = URL_INIT;

	if (url_parse(s, &u) != 0) {
		check(u.scheme == NULL);
		return;
	}
	check(u.port >= 1 && u.port <= 65535 && u.path[0] == '/');
	check(url_is_hostport(u.host));
	check(url_origin(&u, &again) == 0);
	check(buf_addf(&again, "%s?%s", u.path, u.query) == 0);
	/* the port may be written out, so it may have become longer */
	if (again.len <= URL_MAX) {
		check(url_parse(buf_str(&again), &v) == 0);
		check(strcmp(u.scheme, v.scheme) == 0 && u.port == v.port &&
		    strcmp(u.host, v.host) == 0 &&
		    strcmp(u.path, v.path) == 0 &&
		    strcmp(u.query, v.query) == 0);
		check(url_is_loopback(&u) == url_is_loopback(&v));
	}
	(void)url_get_param(u.query, "code", &value);
	url_clear(&u);
	url_clear(&v);
	buf_wipe(&again);
	buf_wipe(&value);
}

static void
fuzz_coding(const char *s, size_t len)
{
	struct buf plain = BUF_INIT(len);
	struct buf coded = BUF_INIT(3 * len);
	struct buf again = BUF_INIT(len);

	if (url_decode(&plain, s, len) == 0) {
		check(url_encode(&coded, buf_str(&plain), plain.len) == 0);
		check(url_decode(&again, buf_str(&coded), coded.len) == 0);
		check(again.len == plain.len &&
		    buf_equals(&again, buf_str(&plain)));
	}
	buf_wipe(&plain);
	buf_wipe(&coded);
	buf_wipe(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = xstrndup(size != 0 ? (const char *)data : "", size);

	fuzz_parse(s);
	fuzz_coding(s, size);
	(void)url_is_hostport(s);
	free(s);
	return 0;
}
