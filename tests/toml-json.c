/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decoder that toml-test asks for: TOML on stdin becomes its tagged JSON
 * on stdout, status 0; or "line:column: reason" on stderr, status 1.
 *
 *	toml-json <file.toml
 */
#include "coco.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "esc.h"
#include "io.h"
#include "toml.h"

/* A node costs at most 64 bytes of punctuation and what is written of it at
 * most six times its bytes. */
#define JSON_MAX (TOML_MAX_NODES * 64 + TOML_MAX * 6)

static int add_value(struct buf *b, const struct toml_node *node);

/* The shortest text that reads back as the same number. */
static int
add_number(struct buf *b, double d)
{
	char text[40];
	int digits;

	if (isnan(d))
		return buf_adds(b, "nan");
	if (isinf(d))
		return buf_adds(b, d < 0 ? "-inf" : "inf");
	for (digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	if (strpbrk(text, ".e") == NULL)
		return buf_addf(b, "%s.0", text);
	return buf_adds(b, text);
}

static int
add_scalar(struct buf *b, const struct toml_node *node)
{
	const char *s = "";
	size_t len = 0;
	int64_t n = 0;
	double d = 0;
	bool truth = false;
	int r;

	switch (toml_kind(node)) {
	case TOML_INTEGER:
		(void)toml_int(node, &n);
		return buf_addf(b, "\"%lld\"", (long long)n);
	case TOML_BOOL:
		(void)toml_bool(node, &truth);
		return buf_adds(b, truth ? "\"true\"" : "\"false\"");
	case TOML_STRING:
		(void)toml_string(node, &s, &len);
		return esc_json(b, s, len);
	case TOML_FLOAT:
		(void)toml_float(node, &d);
		r = buf_addc(b, '"');
		if (r == 0)
			r = add_number(b, d);
		return r != 0 ? r : buf_addc(b, '"');
	default:
		(void)toml_datetime(node, &s);
		return esc_json(b, s, strlen(s));
	}
}

static int
add_member(struct buf *b, const struct toml_node *node)
{
	size_t len;
	const char *key = toml_key(node, &len);
	int r;

	r = esc_json(b, key, len);
	if (r == 0)
		r = buf_adds(b, ": ");
	return r != 0 ? r : add_value(b, node);
}

static int
add_list(struct buf *b, const struct toml_node *list)
{
	bool is_table = toml_kind(list) == TOML_TABLE;
	const struct toml_node *node;
	int r;

	r = buf_addc(b, is_table ? '{' : '[');
	for (node = toml_first(list); r == 0 && node != NULL;
	     node = toml_next(node)) {
		r = is_table ? add_member(b, node) : add_value(b, node);
		if (r == 0 && toml_next(node) != NULL)
			r = buf_adds(b, ", ");
	}
	return r != 0 ? r : buf_addc(b, is_table ? '}' : ']');
}

/* NOLINTNEXTLINE(misc-no-recursion): TOML_MAX_DEPTH limits it */
static int
add_value(struct buf *b, const struct toml_node *node)
{
	enum toml_kind kind = toml_kind(node);
	int r;

	if (kind == TOML_TABLE || kind == TOML_ARRAY)
		return add_list(b, node);
	r = buf_addf(b, "{\"type\": \"%s\", \"value\": ", toml_kind_name(kind));
	if (r == 0)
		r = add_scalar(b, node);
	return r != 0 ? r : buf_addc(b, '}');
}

static int
convert(const struct buf *in, struct buf *out)
{
	struct toml_error err;
	struct toml *doc = NULL;
	int r;

	r = toml_parse(buf_str(in), in->len, &err, &doc);
	if (r != 0) {
		fprintf(stderr, "%zu:%zu: %s\n", err.line, err.column,
		    err.reason);
		return r;
	}
	r = add_value(out, toml_root(doc));
	if (r == 0)
		r = buf_addc(out, '\n');
	if (r != 0)
		fprintf(stderr, "the JSON is longer than %d bytes\n", JSON_MAX);
	toml_free(doc);
	return r;
}

int
main(void)
{
	struct buf in = BUF_INIT(TOML_MAX + 1);
	struct buf out = BUF_INIT(JSON_MAX);
	int r;

	r = io_read_all(STDIN_FILENO, &in);
	if (r == -EMSGSIZE)
		r = 0; /* what was read is too long for toml_parse() as well */
	if (r != 0)
		fprintf(stderr, "stdin: %s\n", strerror(-r));
	if (r == 0)
		r = convert(&in, &out);
	if (r == 0)
		r = io_write_all(STDOUT_FILENO, buf_str(&out), out.len);
	buf_wipe(&in);
	buf_wipe(&out);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
