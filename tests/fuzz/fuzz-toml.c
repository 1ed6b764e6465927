/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: any bytes as TOML.  What is accepted must be consistent: each
 * node is where it says it is, every getter agrees with the kind, lookup finds
 * what iteration shows, and a value alone reads as it did in its place.
 */
#include "coco.h"

#include <assert.h>
#include <string.h>

#include "buf.h"
#include "fuzz.h"
#include "toml.h"

/* Above this the quadratic check of values would only be slow. */
#define SMALL 512

static void check_node(const struct toml *doc, const struct toml_node *node);

static uint32_t
end_of(struct toml_span span)
{
	return span.at + span.len;
}

static void
check_spans(const struct toml *doc, const struct toml_node *node)
{
	struct toml_span key = toml_key_span(node);
	struct toml_span value = toml_value_span(node);
	struct toml_span statement = toml_statement_span(node);
	const char *text;
	size_t lines = 1;
	size_t len;
	size_t i;

	text = toml_text(doc, &len);
	assert(statement.len > 0 && end_of(statement) <= len);
	assert(end_of(statement) == len || text[end_of(statement) - 1] == '\n');
	if (key.len > 0)
		assert(key.at >= statement.at &&
		    end_of(key) <= end_of(statement));
	if (value.len > 0)
		assert(value.at >= statement.at &&
		    end_of(value) <= end_of(statement));
	if (key.len > 0 && value.len > 0)
		assert(end_of(key) < value.at);
	if (toml_kind(node) < TOML_ARRAY)
		assert(value.len > 0);
	if (len > SMALL || key.len == 0)
		return;
	for (i = 0; i < key.at; i++)
		lines += text[i] == '\n' ? 1 : 0;
	assert(lines == toml_line(node));
}

/* Each getter but the one for its kind refuses a node. */
static void
check_getters(const struct toml_node *node)
{
	enum toml_kind kind = toml_kind(node);
	const char *s = NULL;
	size_t len = 0;
	int64_t n;
	double d;
	bool b;

	assert((toml_string(node, &s, &len) == 0) == (kind == TOML_STRING));
	if (s != NULL)
		assert(s[len] == '\0');
	assert((toml_int(node, &n) == 0) == (kind == TOML_INTEGER));
	assert((toml_float(node, &d) == 0) == (kind == TOML_FLOAT));
	assert((toml_bool(node, &b) == 0) == (kind == TOML_BOOL));
	s = NULL;
	assert((toml_datetime(node, &s) == 0) ==
	    (kind >= TOML_DATETIME && kind <= TOML_TIME));
	if (s != NULL)
		assert(strlen(s) >= sizeof("00:00:00") - 1);
	(void)toml_kind_name(kind);
}

/* The text of a value behind "x = " is the same value. */
static void
check_value_alone(const struct toml *doc, const struct toml_node *node)
{
	struct toml_span value = toml_value_span(node);
	struct buf b = BUF_INIT(SMALL + 16);
	struct toml *alone = NULL;
	struct toml_error err;
	const struct toml_node *same;
	const char *text;
	size_t len;
	int r;

	text = toml_text(doc, &len);
	if (len > SMALL || value.len == 0)
		return;
	r = buf_adds(&b, "x = ");
	assert(r == 0);
	r = buf_add(&b, text + value.at, value.len);
	assert(r == 0);
	r = toml_parse(buf_str(&b), b.len, &err, &alone);
	assert(r == 0);
	same = toml_get(toml_root(alone), "x");
	assert(same != NULL && toml_kind(same) == toml_kind(node));
	assert(toml_count(same) == toml_count(node));
	assert(toml_value_span(same).len == value.len);
	toml_free(alone);
	buf_wipe(&b);
}

static void
check_list(const struct toml *doc, const struct toml_node *list)
{
	const struct toml_node *node;
	size_t count = 0;
	const char *key;
	size_t len;

	for (node = toml_first(list); node != NULL; node = toml_next(node)) {
		key = toml_key(node, &len);
		assert(key[len] == '\0');
		if (toml_kind(list) == TOML_TABLE && strlen(key) == len)
			assert(toml_get(list, key) == node);
		check_node(doc, node);
		count++;
	}
	assert(count == toml_count(list));
}

/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static void
check_node(const struct toml *doc, const struct toml_node *node)
{
	check_spans(doc, node);
	check_getters(node);
	check_value_alone(doc, node);
	check_list(doc, node);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toml_error err;
	struct toml *doc = NULL;
	const char *text;
	size_t len;
	int r;

	memset(&err, 0, sizeof(err));
	r = toml_parse((const char *)data, size, &err, &doc);
	if (r == 0) {
		text = toml_text(doc, &len);
		assert(len == size);
		assert(size == 0 || memcmp(text, data, size) == 0);
		check_list(doc, toml_root(doc));
		toml_free(doc);
		return 0;
	}
	assert(r == -EBADMSG || r == -EMSGSIZE);
	assert(doc == NULL);
	assert(err.line >= 1 && err.column >= 1 && err.line <= size + 1);
	len = strnlen(err.reason, sizeof(err.reason));
	assert(len > 0 && len < sizeof(err.reason));
	for (; len > 0; len--)
		assert((unsigned char)err.reason[len - 1] >= ' ');
	return 0;
}
