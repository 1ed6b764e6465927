/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64: the vectors of RFC 4648 10, where the two alphabets
 * differ, and what no encoder writes. */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "tap.h"

static void
check(const char *data, size_t len, const char *plain, const char *url)
{
	struct buf b = BUF_INIT(64);

	is_int(b64_encode(&b, data, len), 0, "encode %zu bytes", len);
	is_str(buf_str(&b), plain, "%zu bytes are %s", len, plain);
	buf_clear(&b);
	is_int(b64_encode_url(&b, data, len), 0, "the same for a URL");
	is_str(buf_str(&b), url, "%zu bytes are %s", len, url);
	buf_wipe(&b);
}

static void
decodes(const char *text, const char *want, size_t len)
{
	struct buf b = BUF_INIT(64);

	is_int(b64_decode(&b, text, strlen(text)), 0, "decode \"%s\"", text);
	is_mem(buf_str(&b), b.len, want, len, "\"%s\" decoded", text);
	buf_wipe(&b);
}

static void
refused(const char *text)
{
	struct buf b = BUF_INIT(64);

	(void)buf_adds(&b, "x");
	is_int(b64_decode(&b, text, strlen(text)), -EBADMSG, "\"%s\"", text);
	is_str(buf_str(&b), "x", "nothing was added");
	buf_wipe(&b);
}

static void
test_decode(void)
{
	static const char *const bad[] = { "Z",
		"Zg=", "Zg===", "Zg====", "Zm9vZ",
		"Zh==", "Zm9=", "Z*8=", "Zg==Zg==", "Zg=x", "=",
		"====", "Zm9v=", "Zm9v====", "Zg=\001" };
	struct buf small = BUF_INIT(2);
	struct buf all = BUF_INIT(1024);
	struct buf again = BUF_INIT(256);
	char bytes[256];
	size_t i;

	decodes("", "", 0);
	decodes("Zg==", "f", 1);
	decodes("Zg", "f", 1);
	decodes("Zm8=", "fo", 2);
	decodes("Zm9vYmFy", "foobar", 6);
	decodes("+//+", "\xfb\xff\xfe", 3);
	decodes("-__-", "\xfb\xff\xfe", 3);
	decodes(" Zm9v\r\n\tYg = =\n", "foob", 4);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i]);
	is_int(b64_decode(&small, "Zm9v", 4), -EMSGSIZE, "no room");
	is_int((intmax_t)small.len, 0, "nothing was added");
	for (i = 0; i < 256; i++)
		bytes[i] = (char)i;
	(void)b64_encode(&all, bytes, 256);
	is_int(b64_decode(&again, buf_str(&all), all.len), 0, "all bytes");
	is_mem(again.data, again.len, bytes, 256, "there and back");
	buf_wipe(&small);
	buf_wipe(&all);
	buf_wipe(&again);
}

int
main(void)
{
	struct buf small = BUF_INIT(3);

	check("", 0, "", "");
	check("f", 1, "Zg==", "Zg");
	check("fo", 2, "Zm8=", "Zm8");
	check("foo", 3, "Zm9v", "Zm9v");
	check("foob", 4, "Zm9vYg==", "Zm9vYg");
	check("fooba", 5, "Zm9vYmE=", "Zm9vYmE");
	check("foobar", 6, "Zm9vYmFy", "Zm9vYmFy");
	check("\xfb\xff\xfe", 3, "+//+", "-__-");
	check("\0\0", 2, "AAA=", "AAA");
	is_int(b64_encode(&small, "f", 1), -EMSGSIZE, "no room");
	buf_wipe(&small);
	test_decode();
	return done_testing();
}
