/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: a text is masked as TOML and as JSON, alone and in view of
 * itself and of another one.  What can be read can be read when it is masked,
 * too, and nothing is new in view of itself.
 */
#include "coco.h"

#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "jsonmask.h"
#include "jsonscan.h"
#include "mask.h"
#include "toml.h"
#include "tomlmask.h"

static const char toml_old[] = "a.token = 1\n[[b]]\nc = 'x://u@h'\n";
static const char json_old[] = "{\"a\":{\"token\":1},\"b\":[\"x://u@h\"]}";

/* Whether a text is TOML, or is none only because names with different secrets
 * in them are the same when they are masked, or because that made it longer. */
static bool
is_toml(const char *text, size_t len, bool is_masked)
{
	struct toml_error err;
	struct toml *doc = NULL;
	int r;

	r = toml_parse(text, len, &err, &doc);
	toml_free(doc);
	return r == 0 ||
	    (is_masked &&
		(r == -EMSGSIZE || strncmp(err.reason, "duplicate", 9) == 0));
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(buf_str(a), buf_str(b), a->len) == 0;
}

static void
try_toml(const char *text, size_t len, struct buf *a, struct buf *b)
{
	int r;

	r = tomlmask(text, len, a);
	assert(r == 0);
	assert(is_toml(text, len, false) ? is_toml(buf_str(a), a->len, true) :
					   buf_equals(a, TOMLMASK_NOT_SHOWN));
	r = tomlmask_since(text, len, text, len, b);
	assert(r == 0 && is_same(a, b));
	buf_clear(b);
	r = tomlmask_since(toml_old, strlen(toml_old), text, len, b);
	assert(r == 0 && b->len >= a->len);
}

static void
try_json(const char *text, size_t len, struct buf *a, struct buf *b)
{
	int r;

	r = jsonmask(text, len, a);
	assert(r == 0);
	assert(jsonscan_same(text, len, text, len) ?
		jsonscan_same(buf_str(a), a->len, buf_str(a), a->len) :
		buf_equals(a, JSONMASK_NOT_SHOWN));
	r = jsonmask_since(json_old, strlen(json_old), text, len, b);
	assert(r == 0 && b->len >= a->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = size != 0 ? (const char *)data : "";
	struct buf a = BUF_INIT(6 * MASK_GROWTH * size + 1024);
	struct buf b = BUF_INIT(6 * MASK_GROWTH * size + 1024);

	try_toml(text, size, &a, &b);
	buf_clear(&a);
	buf_clear(&b);
	try_json(text, size, &a, &b);
	buf_wipe(&a);
	buf_wipe(&b);
	return 0;
}
