/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for seal.c: a head that is taken is written again as it was read
 * and within its bounds, and what was not sealed with the key does not open.
 */
#include "coco.h"

#include <string.h>

#include "fuzz.h"
#include "seal.h"

static void
check_head(const struct seal_head *h, const char *data, size_t head_len)
{
	struct buf again = BUF_INIT(SEAL_MAX_HEAD);

	check(!h->passphrase ||
	    (h->cost.log2_n >= SEAL_MIN_LOG2_N &&
		h->cost.log2_n <= SEAL_MAX_LOG2_N && h->cost.r == SEAL_R &&
		h->cost.p >= 1 && h->cost.p <= SEAL_MAX_P));
	check(seal_add_head(h, &again) == 0 && again.len == head_len &&
	    memcmp(again.data, data, head_len) == 0);
	buf_wipe(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct buf why = BUF_INIT(256);
	struct buf secret = BUF_INIT(64);
	struct buf text = BUF_INIT(size);
	struct seal_head h;
	size_t head_len;

	if (seal_read_head(s, size, &h, &head_len, &why) == 0) {
		check(head_len <= size && why.len == 0);
		check_head(&h, s, head_len);
		(void)buf_adds(&secret, "0123456789abcdef0123456789abcdef");
		check(seal_open(&h, head_len, s, size, &secret, &text) ==
		    -EBADMSG);
		check(text.len == 0);
	} else {
		check(why.len != 0);
	}
	buf_wipe(&why);
	buf_wipe(&secret);
	buf_wipe(&text);
	return 0;
}
