/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base64: the vectors of RFC 4648 10, and where the two alphabets differ. */
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
	return done_testing();
}
