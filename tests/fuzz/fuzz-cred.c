/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The credential reader: whatever it accepts it can write, and what it wrote
 * it reads again to the same text.
 */
#include "coco.h"

#include <stdlib.h>

#include "cred.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT(2 * CRED_MAX_MESSAGE);
	struct buf second = BUF_INIT(2 * CRED_MAX_MESSAGE);
	struct buf why = BUF_INIT(4096);
	struct cred c = CRED_INIT;
	struct cred again = CRED_INIT;

	(void)cred_is_complete((const char *)data, size);
	if (cred_parse((const char *)data, size, &c, &why) == 0) {
		if (cred_format(&c, &first) != 0 ||
		    cred_parse(buf_str(&first), first.len, &again, &why) != 0 ||
		    cred_format(&again, &second) != 0 ||
		    !buf_equals(&second, buf_str(&first)))
			abort();
		if (!cred_matches(&c, &again) || !cred_same_key(&c, &again) ||
		    !cred_same_secret(&c, &again))
			abort();
	} else if (why.len == 0) {
		abort();
	}
	cred_wipe(&c);
	cred_wipe(&again);
	buf_wipe(&first);
	buf_wipe(&second);
	buf_wipe(&why);
	return 0;
}
