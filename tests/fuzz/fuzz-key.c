/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for keytext.c, der.c and b64_decode().  Beyond memory safety:
 * DER that came out of any text is read again as the same, and whatever has a
 * kind has it within its bytes.
 */
#include "coco.h"

#include <string.h>

#include "fuzz.h"
#include "keytext.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	struct keytext kt = KEYTEXT_INIT;
	struct keytext again = KEYTEXT_INIT;
	enum keytext_kind kind;
	size_t used;
	int r;

	r = keytext_parse((const char *)data, size, &kt, &why);
	check((r == 0) == (why.len == 0));
	if (r == 0 && kt.form != KEYTEXT_ENCRYPTED_LINES) {
		check(keytext_parse(kt.der.data, kt.der.len, &again, &why) ==
		    0);
		check(again.form == kt.form && again.der.len == kt.der.len &&
		    memcmp(again.der.data, kt.der.data, kt.der.len) == 0);
	}
	if (r == 0 &&
	    keytext_kind(kt.der.data, kt.der.len, &kind, &used, &why) == 0)
		check(used <= kt.der.len && kind <= KEYTEXT_KEY_P521);
	keytext_wipe(&kt);
	keytext_wipe(&again);
	buf_wipe(&why);
	return 0;
}
