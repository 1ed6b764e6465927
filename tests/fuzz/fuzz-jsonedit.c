/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: a name, a value and a text, changed in each way that there is.
 * The first line is the name, the second the value, "|" being a newline there,
 * the rest the text.  Whatever is refused changes nothing; what was added and
 * is removed again leaves the text as it was, in either order of two members;
 * the result can be read.
 */
#include "coco.h"

#include <string.h>

#include "fuzz.h"
#include "jsonedit.h"
#include "jsonscan.h"

#define OTHER_NAME  "other of two"
#define OTHER_VALUE "[1, {}]"

struct input {
	struct buf name;
	struct buf value;
	const char *text;
	size_t len;
};

static void
read_input(struct input *in)
{
	char *s;

	take_line(&in->text, &in->len, &in->name);
	take_line(&in->text, &in->len, &in->value);
	for (s = in->value.data; s != NULL && *s != '\0'; s++)
		if (*s == '|')
			*s = '\n';
}

/* A text to change, which is IN's. */
static void
reset(const struct input *in, struct buf *b)
{
	int r;

	buf_clear(b);
	r = buf_add(b, in->text, in->len);
	check(r == 0);
}

static bool
is_same(const struct input *in, const struct buf *b)
{
	return b->len == in->len &&
	    (b->len == 0 || memcmp(buf_str(b), in->text, b->len) == 0);
}

/* R came of a change of B. */
static void
check_result(const struct input *in, const struct buf *b, int r)
{
	struct jsonscan_token token = { JSONSCAN_OPEN, 0, 0 };
	struct jsonscan s;

	if (r != 0) {
		check(r == -EINVAL || r == -ENOENT || r == -EBADMSG ||
		    r == -EMSGSIZE);
		check(is_same(in, b));
		return;
	}
	jsonscan_begin(&s, buf_str(b), b->len);
	while (token.kind != JSONSCAN_END) {
		r = jsonscan_next(&s, &token);
		check(r == 0);
	}
}

/* What is at SPAN has one canonical form, which is JSON for the same. */
static void
check_canonical(const char *text, struct jsonedit_span span)
{
	struct jsonedit_span all = { 0, 0 };
	struct buf once = BUF_INIT(6 * span.len);
	struct buf again = BUF_INIT(6 * span.len);
	int r;

	r = jsonedit_canonical(text, span, &once);
	if (r == 0) {
		check(jsonedit_same(text, span, buf_str(&once)));
		all.len = once.len;
		r = jsonedit_canonical(buf_str(&once), all, &again);
		check(r == 0 && buf_equals(&again, buf_str(&once)));
	} else {
		check(text[span.at] == '{' || text[span.at] == '[');
	}
	buf_wipe(&once);
	buf_wipe(&again);
}

/* The value in B is the one that was set. */
static void
check_value(const struct input *in, const struct buf *b)
{
	const char *value = buf_str(&in->value);
	struct jsonedit_span span;
	int r;

	r = jsonedit_find(buf_str(b), b->len, buf_str(&in->name), &span);
	check(r == 0);
	check(jsonedit_same(buf_str(b), span, value) ||
	    (span.len == strlen(value) &&
		memcmp(buf_str(b) + span.at, value, span.len) == 0));
	check_canonical(buf_str(b), span);
}

static void
try_set(const struct input *in, struct buf *b)
{
	const char *name = buf_str(&in->name);
	struct jsonedit_span span;
	bool was_there;
	int r;

	reset(in, b);
	was_there = jsonedit_find(in->text, in->len, name, &span) == 0;
	r = jsonedit_set(b, name, buf_str(&in->value));
	check_result(in, b, r);
	if (r != 0)
		return;
	check_value(in, b);
	if (!was_there) {
		r = jsonedit_remove(b, name);
		check(r == 0 && is_same(in, b));
	}
}

static void
try_remove(const struct input *in, struct buf *b)
{
	int r;

	reset(in, b);
	r = jsonedit_remove(b, buf_str(&in->name));
	check_result(in, b, r);
}

/* Add two members, and remove FIRST before SECOND. */
static void
try_two(const struct input *in, struct buf *b, const char *first,
    const char *second)
{
	const char *name = buf_str(&in->name);
	struct jsonedit_span span;
	int r;

	reset(in, b);
	if (jsonedit_find(in->text, in->len, name, &span) != -ENOENT ||
	    jsonedit_find(in->text, in->len, OTHER_NAME, &span) != -ENOENT ||
	    strcmp(name, OTHER_NAME) == 0 ||
	    jsonedit_set(b, name, buf_str(&in->value)) != 0)
		return;
	r = jsonedit_set(b, OTHER_NAME, OTHER_VALUE);
	check(r == 0);
	r = jsonedit_remove(b, first);
	check(r == 0);
	r = jsonedit_remove(b, second);
	check(r == 0 && is_same(in, b));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT(20 * size + 1024);
	struct input in = { BUF_INIT(size), BUF_INIT(size), (const char *)data,
		size };

	if (size != 0)
		read_input(&in);
	try_set(&in, &b);
	try_remove(&in, &b);
	try_two(&in, &b, buf_str(&in.name), OTHER_NAME);
	try_two(&in, &b, OTHER_NAME, buf_str(&in.name));
	buf_wipe(&in.name);
	buf_wipe(&in.value);
	buf_wipe(&b);
	return 0;
}
