/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for chunked bodies.  The first two bytes are the limit, the third
 * is the size of the pieces in which the rest is read a second time.  Both
 * times must give the same bytes and the same end or failure; the bytes lie
 * inside of what was given and never pass the limit; every call makes progress.
 */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "http1.h"

#define LIMIT_MAX 65535

/* What became of a body: 0 when it waits, 1 at its end, or an error. */
static int
decode(const char *s, size_t len, size_t piece, int64_t limit, struct buf *body,
    size_t *ret_used)
{
	struct http1_chunks c = HTTP1_CHUNKS_INIT((uint64_t)limit);
	struct http1_span data;
	bool end = false;
	size_t at = 0;
	size_t give;
	ssize_t n;

	while (!end && at < len) {
		give = len - at < piece ? len - at : piece;
		n = http1_chunks_read(&c, s + at, give, &data, &end);
		if (n < 0) {
			check(n == -EBADMSG || n == -EFBIG);
			check(http1_chunks_read(&c, "0\r\n\r\n", 5, &data,
				  &end) == n);
			return (int)n;
		}
		check(n > 0 && (size_t)n <= give);
		check(data.s >= s + at && data.s + data.len <= s + at + n);
		check(buf_add(body, data.s, data.len) == 0);
		at += (size_t)n;
	}
	check(body->len <= (size_t)limit);
	*ret_used = at;
	return end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(LIMIT_MAX);
	struct buf parts = BUF_INIT(LIMIT_MAX);
	const char *s = (const char *)data + 3;
	size_t used[2] = { 0, 0 };
	int64_t limit;
	size_t piece;
	int r;

	if (size < 3)
		return 0;
	limit = data[0] * 256 + data[1];
	piece = data[2] == 0 ? 1 : data[2];
	size -= 3;
	r = decode(s, size, SIZE_MAX, limit, &whole, &used[0]);
	check(decode(s, size, piece, limit, &parts, &used[1]) == r);
	check(used[0] == used[1] && whole.len == parts.len);
	check(whole.len == 0 || memcmp(whole.data, parts.data, whole.len) == 0);
	if (r == 1)
		check(memcmp(s + used[0] - 5, "0\r\n\r\n", 5) == 0);
	buf_wipe(&whole);
	buf_wipe(&parts);
	return 0;
}
