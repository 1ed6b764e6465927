/* SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs: what is read, what is refused, origins, loopback, parameters. */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "tap.h"
#include "url.h"

static void
test_good(void)
{
	static const struct {
		const char *s;
		const char *origin;
		const char *path;
		const char *query;
		bool is_loopback;
	} rows[] = {
		{ "https://h", "https://h", "/", "", false },
		{ "HTTPS://h/", "https://h", "/", "", false },
		{ "https://H.Example.COM:443/A/b?Q=1#frag",
		    "https://h.example.com", "/A/b", "Q=1", false },
		{ "http://h:443/", "http://h:443", "/", "", false },
		{ "https://h:80?x", "https://h:80", "/", "x", false },
		{ "https://h#f?x", "https://h", "/", "", false },
		{ "https://h?a=b/c#d", "https://h", "/", "a=b/c", false },
		{ "http://localhost:8080/x", "http://localhost:8080", "/x", "",
		    true },
		{ "http://127.0.0.1/", "http://127.0.0.1", "/", "", true },
		{ "http://127.255.0.9/", "http://127.255.0.9", "/", "", true },
		{ "http://[::1]:9/", "http://[::1]:9", "/", "", true },
		{ "http://[::2]/", "http://[::2]", "/", "", false },
		{ "http://128.0.0.1/", "http://128.0.0.1", "/", "", false },
		{ "http://127.0.0/", "http://127.0.0", "/", "", false },
		{ "http://127.0.0.256/", "http://127.0.0.256", "/", "", false },
		{ "http://127.0.0.1.evil/", "http://127.0.0.1.evil", "/", "",
		    false },
		{ "http://localhost.evil/", "http://localhost.evil", "/", "",
		    false },
		{ "http://2130706433/", "http://2130706433", "/", "", false },
	};
	struct buf b = BUF_INIT(URL_MAX);
	struct url u = URL_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (!is_int(url_parse(rows[i].s, &u), 0, "%s", rows[i].s))
			continue;
		buf_clear(&b);
		is_int(url_origin(&u, &b), 0, "origin");
		is_str(buf_str(&b), rows[i].origin, "origin of %s", rows[i].s);
		is_str(u.path, rows[i].path, "path of %s", rows[i].s);
		is_str(u.query, rows[i].query, "query of %s", rows[i].s);
		is_int(url_is_loopback(&u), rows[i].is_loopback,
		    "loopback or not: %s", rows[i].s);
		url_clear(&u);
	}
	url_clear(NULL);
	buf_wipe(&b);
}

static void
test_refused(void)
{
	static const char *const rows[] = {
		"",
		"h",
		"//h/",
		"ftp://h/",
		"https:/h",
		"https://",
		"https:///p",
		"https://:1/",
		"https://u@h/",
		"https://u:p@h/",
		"https://h:/",
		"https://h:0/",
		"https://h:65536/",
		"https://h:-1/",
		"https://h:1x/",
		"https://h:000001/",
		"https://h x/",
		"https://h/ ",
		"https://h/\t",
		"https://h/\n",
		"https://h\\@evil/",
		"https://h/\\",
		"https://h/\x7f",
		"https://h/\xc3\xa4",
		"https://\xc3\xa4/",
		"https://h%2e/",
		"https://[::1/",
		"https://[]/",
		"https://[g]/",
		"https://[::1]x/",
		"https://[::1%25lo]/",
		"https://h/<",
		"https://h/{x}",
		"https://h/\"",
		" https://h/",
	};
	char *longest = xmalloc(URL_MAX + 2);
	struct url u = URL_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(url_parse(rows[i], &u), -EBADMSG, "refused: row %zu", i);
	memset(longest, 'a', URL_MAX + 1);
	memcpy(longest, "https://h/", 10);
	longest[URL_MAX + 1] = '\0';
	is_int(url_parse(longest, &u), -EMSGSIZE, "too long");
	ok(u.scheme == NULL && u.host == NULL, "untouched by failures");
	longest[URL_MAX] = '\0';
	is_int(url_parse(longest, &u), 0, "the longest");
	url_clear(&u);
	free(longest);
}

static void
test_hostport(void)
{
	ok(url_is_hostport("h.example.com"), "a name");
	ok(url_is_hostport("h_1:8443"), "a name with port");
	ok(url_is_hostport("[::1]:1"), "an address with port");
	ok(!url_is_hostport(""), "nothing");
	ok(!url_is_hostport("h:"), "an empty port");
	ok(!url_is_hostport("h:70000"), "a port too large");
	ok(!url_is_hostport("h/x"), "a path");
	ok(!url_is_hostport("u@h"), "a user");
	ok(!url_is_hostport("h\n"), "a newline");
}

static void
test_coding(void)
{
	static const char *const bad[] = {
		"%",
		"%4",
		"%zz",
		"a%0",
		"%00",
		"%0a",
		"%0D",
		"a\nb",
		"%7f",
	};
	struct buf b = BUF_INIT(64);
	size_t i;

	is_int(url_encode(&b, "aZ09-._~ /?&=%+\xc3\0", 17), 0, "encode");
	is_str(buf_str(&b), "aZ09-._~%20%2F%3F%26%3D%25%2B%C3%00", "encoded");
	buf_clear(&b);
	is_int(url_decode(&b, "a+b%2Bc%c3%A4%", 13), 0, "decode");
	is_str(buf_str(&b), "a b+c\xc3\xa4", "decoded");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		is_int(url_decode(&b, bad[i], strlen(bad[i])), -EBADMSG,
		    "refused: %zu", i);
	buf_wipe(&b);
}

static void
test_params(void)
{
	static const struct {
		const char *query;
		int r;
		const char *value;
	} rows[] = {
		{ "code=x", 0, "x" },
		{ "a=1&code=x%20y&b=2", 0, "x y" },
		{ "code=", 0, "" },
		{ "code=a=b", 0, "a=b" },
		{ "&&code=x&&", 0, "x" },
		{ "", -ENOENT, "" },
		{ "xcode=x&codex=y&code", -ENOENT, "" },
		{ "Code=x", -ENOENT, "" },
		{ "code=x&code=x", -EBADMSG, "" },
		{ "code=x&a=1&code=", -EBADMSG, "" },
		{ "code=%0a", -EBADMSG, "" },
	};
	struct buf b = BUF_INIT(64);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		is_int(url_get_param(rows[i].query, "code", &b), rows[i].r,
		    "\"%s\"", rows[i].query);
		is_str(buf_str(&b), rows[i].value, "its value");
	}
	buf_clear(&b);
	is_int(url_add_param(&b, "a", "x y"), 0, "a parameter");
	is_int(url_add_param(&b, "b&", "="), 0, "another");
	is_str(buf_str(&b), "a=x%20y&b%26=%3D", "both");
	buf_wipe(&b);
}

int
main(void)
{
	test_good();
	test_refused();
	test_hostport();
	test_coding();
	test_params();
	return done_testing();
}
