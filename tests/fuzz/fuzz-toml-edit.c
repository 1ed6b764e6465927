/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: a path, a value and a text, changed in each way that there is.
 * The first line is the path, names with blanks between them, the second the
 * value, "|" being a newline there, the rest the text.  Whatever is refused
 * changes nothing and has a reason; whatever was added and is removed again
 * leaves the text as it was.
 */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "toml-edit.h"

#define MAX_PARTS 16

struct input {
	struct buf names;
	const char *path[MAX_PARTS];
	struct buf value;
	const char *text;
	size_t len;
};

static void
read_input(struct input *in)
{
	size_t n = 0;
	char *s;

	take_line(&in->text, &in->len, &in->names);
	take_line(&in->text, &in->len, &in->value);
	for (s = in->value.data; s != NULL && *s != '\0'; s++)
		if (*s == '|')
			*s = '\n';
	s = in->names.data;
	while (s != NULL && *s != '\0' && n + 1 < MAX_PARTS) {
		in->path[n++] = s;
		s += strcspn(s, " ");
		if (*s != '\0')
			*s++ = '\0';
	}
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
check_result(const struct input *in, const struct buf *b, int r,
    const struct toml_error *err)
{
	struct toml_error ignored;
	struct toml *doc = NULL;
	size_t len;

	if (r == 0) {
		r = toml_parse(buf_str(b), b->len, &ignored, &doc);
		check(r == 0);
		toml_free(doc);
		return;
	}
	check(r == -EINVAL || r == -ENOENT || r == -EBADMSG || r == -EMSGSIZE);
	check(is_same(in, b));
	check(err->line >= 1 && err->column >= 1);
	check(err->line <= in->len + 1);
	len = strnlen(err->reason, sizeof(err->reason));
	check(len > 0 && len < sizeof(err->reason));
	for (; len > 0; len--)
		check((unsigned char)err->reason[len - 1] >= ' ');
}

static bool
is_there(const struct input *in)
{
	const struct toml_node *node;
	struct toml_error err;
	struct toml *doc = NULL;
	size_t i;
	bool is;

	if (toml_parse(in->text, in->len, &err, &doc) != 0)
		return false;
	node = toml_root(doc);
	for (i = 0; in->path[i] != NULL; i++)
		node = toml_get(node, in->path[i]);
	is = node != NULL;
	toml_free(doc);
	return is;
}

static void
try_key(const struct input *in, struct buf *b)
{
	bool was_there = is_there(in);
	struct toml_error err;
	int r;

	reset(in, b);
	r = toml_edit_set(b, in->path, buf_str(&in->value), &err);
	check_result(in, b, r, &err);
	if (r == 0 && !was_there) {
		r = toml_edit_remove(b, in->path, &err);
		check(r == 0 && is_same(in, b));
	}
	reset(in, b);
	r = toml_edit_remove(b, in->path, &err);
	check_result(in, b, r, &err);
}

static void
try_table(const struct input *in, struct buf *b)
{
	enum toml_edit_made made = TOML_EDIT_NOTHING;
	struct toml_error err;
	int r;

	reset(in, b);
	r = toml_edit_add_table(b, in->path, &made, &err);
	check_result(in, b, r, &err);
	if (r == 0) {
		r = toml_edit_remove_table(b, in->path, made, &err);
		check(r == 0 && is_same(in, b));
	}
	reset(in, b);
	r = toml_edit_remove_table(b, in->path, TOML_EDIT_BLANK_AND_TABLE,
	    &err);
	check_result(in, b, r, &err);
}

static void
try_element(const struct input *in, struct buf *b, size_t i)
{
	struct toml_error err;
	int r;

	reset(in, b);
	r = toml_edit_insert_element(b, in->path, i, buf_str(&in->value), &err);
	check_result(in, b, r, &err);
	if (r == 0) {
		r = toml_edit_remove_element(b, in->path, i, &err);
		check(r == 0 && is_same(in, b));
	}
	reset(in, b);
	r = toml_edit_remove_element(b, in->path, i, &err);
	check_result(in, b, r, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT(size + TOML_MAX);
	struct input in = { BUF_INIT(size), { NULL }, BUF_INIT(size),
		(const char *)data, size };
	size_t i;

	if (size != 0)
		read_input(&in);
	try_key(&in, &b);
	try_table(&in, &b);
	for (i = 0; i < 4; i++)
		try_element(&in, &b, i);
	buf_wipe(&in.names);
	buf_wipe(&in.value);
	buf_wipe(&b);
	return 0;
}
