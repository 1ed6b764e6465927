/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tables of tests/data/http1: what becomes of malformed and smuggled
 * requests and responses, given whole, byte by byte, and in two pieces cut at
 * each place.
 */
#include "coco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "http1.h"
#include "mem.h"
#include "num.h"
#include "tap.h"

#define BODY_MAX 65536 /* as requests.txt says */
#define ROW_MAX  (1024 * 1024)
#define LINE_MAX 4096

/* Verdicts; any other is the status of a refusal. */
enum {
	ACCEPTED,
	WAITS,
	UNTIL_CLOSE
};

/* One side of a connection. */
struct stream {
	bool responses;
	size_t used; /* bytes that are done with */
	size_t messages;
	enum http1_body body; /* what is being read; NO_BODY: a head */
	uint64_t left;        /* of a body with a length */
	struct http1_chunks chunks;
	int error;
};

/* Parse the head in LEN bytes, in a block of their own, so that a sanitizer
 * sees a read past the end. */
static ssize_t
parse_head(struct stream *c, const char *data, size_t len, int64_t *ret_length)
{
	static struct http1_response p;
	static struct http1_request q;
	char *copy = xmalloc(len);
	ssize_t n;

	memcpy(copy, data, len);
	if (c->responses)
		n = http1_parse_response(copy, len, &p);
	else
		n = http1_parse_request(copy, len, &q);
	if (n > 0) {
		c->body = c->responses ? p.body : q.body;
		*ret_length = c->responses ? p.length : q.length;
	}
	free(copy);
	return n;
}

static ssize_t
read_head(struct stream *c, const char *data, size_t len)
{
	int64_t length = 0;
	ssize_t n;

	n = parse_head(c, data, len, &length);
	if (n <= 0)
		return n == -EAGAIN ? 0 : n;
	c->messages++;
	if (length > BODY_MAX)
		return -EFBIG;
	c->left = (uint64_t)length;
	c->chunks = (struct http1_chunks)HTTP1_CHUNKS_INIT(BODY_MAX);
	return n;
}

static ssize_t
read_chunks(struct stream *c, const char *data, size_t len)
{
	struct http1_span body;
	char *copy = xmalloc(len);
	bool end = false;
	ssize_t n;

	memcpy(copy, data, len);
	n = http1_chunks_read(&c->chunks, copy, len, &body, &end);
	free(copy);
	if (end)
		c->body = HTTP1_NO_BODY;
	return n;
}

static ssize_t
read_some(struct stream *c, const char *data, size_t len)
{
	size_t n = len;

	switch (c->body) {
	case HTTP1_LENGTH:
		n = c->left < len ? (size_t)c->left : len;
		c->left -= n;
		if (c->left == 0)
			c->body = HTTP1_NO_BODY;
		return (ssize_t)n;
	case HTTP1_CHUNKED:
		return read_chunks(c, data, len);
	case HTTP1_UNTIL_CLOSE:
		return (ssize_t)len;
	default:
		return read_head(c, data, len);
	}
}

/* Go on with what has come so far: LEN bytes from the start. */
static void
feed(struct stream *c, const char *data, size_t len)
{
	ssize_t n = 1;

	while (c->error == 0 && n > 0 && c->used < len) {
		n = read_some(c, data + c->used, len - c->used);
		if (n < 0)
			c->error = (int)n;
		else
			c->used += (size_t)n;
	}
}

static int
verdict(const struct stream *c, size_t len)
{
	if (c->error != 0)
		return c->responses ? 400 : http1_status(c->error);
	if (c->body == HTTP1_UNTIL_CLOSE)
		return UNTIL_CLOSE;
	if (c->messages > 0 && c->body == HTTP1_NO_BODY && c->used == len)
		return ACCEPTED;
	return WAITS;
}

static int
judge(bool responses, const char *data, size_t first, size_t len)
{
	struct stream c = { .responses = responses };

	feed(&c, data, first);
	feed(&c, data, len);
	return verdict(&c, len);
}

/* Every byte of a short row, some hundred of a long one, and its last ones. */
static size_t
next_cut(size_t i, size_t len)
{
	return i + (len > 1024 && len - i > len / 128 ? len / 97 : 1);
}

/* Byte by byte: each start must say the same when it comes at once, and once
 * refused is refused for good. */
static size_t
find_odd_start(bool responses, const struct buf *b, int want)
{
	struct stream c = { .responses = responses };
	size_t i;
	int got;

	for (i = 1; i <= b->len; i = next_cut(i, b->len)) {
		feed(&c, b->data, i);
		got = verdict(&c, i);
		if (got != judge(responses, b->data, 0, i) ||
		    (got >= 100 && got != want))
			return i;
	}
	return 0;
}

static size_t
find_odd_cut(bool responses, const struct buf *b, int want)
{
	size_t i;

	for (i = 1; i < b->len; i = next_cut(i, b->len))
		if (judge(responses, b->data, i, b->len) != want)
			return i;
	return 0;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c == '\0' ? NULL : strchr(digits, c);

	if (p == NULL)
		bail("a bad \\x in a table");
	return (int)(p - digits);
}

static const char *unescape(struct buf *b, const char *s, char stop);

/* Behind "\{": COUNT:TEXT} */
static const char *
repeat(struct buf *b, const char *s)
{
	struct buf text = BUF_INIT(LINE_MAX);
	size_t digits = strspn(s, "0123456789");
	int64_t count = 0;

	if (num_parse(s, digits, 1, ROW_MAX, &count) != 0 || s[digits] != ':')
		bail("a bad count in a table");
	s = unescape(&text, s + digits + 1, '}') + 1;
	while (count-- > 0)
		if (buf_add(b, text.data, text.len) != 0)
			bail("a row is too long");
	buf_wipe(&text);
	return s;
}

/* Append what is escaped in S up to STOP; returns where that is. */
static const char *
unescape(struct buf *b, const char *s, char stop)
{
	static const char names[] = "rnt\\0";
	static const char bytes[] = "\r\n\t\\\0";
	const char *p;

	while (*s != stop) {
		if (*s == '\0')
			bail("no } in a table");
		if (*s != '\\') {
			(void)buf_addc(b, *s++);
			continue;
		}
		s++;
		p = *s == '\0' ? NULL : strchr(names, *s);
		if (p != NULL) {
			(void)buf_addc(b, bytes[p - names]);
			s++;
		} else if (*s == 'x') {
			(void)buf_addc(b,
			    (char)(hex_digit(s[1]) * 16 + hex_digit(s[2])));
			s += 3;
		} else if (*s == '{') {
			s = repeat(b, s + 1);
		} else {
			bail("a bad escape in a table");
		}
	}
	return s;
}

static int
read_verdict(const char *s)
{
	static const struct {
		const char *name;
		int verdict;
	} names[] = {
		{ "ok", ACCEPTED },
		{ "more", WAITS },
		{ "close", UNTIL_CLOSE },
		{ "bad", 400 },
	};
	int64_t status = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(s, names[i].name) == 0)
			return names[i].verdict;
	if (num_parse(s, strlen(s), 400, 599, &status) != 0)
		bail("a bad verdict in a table");
	return (int)status;
}

static void
test_row(bool responses, char *line)
{
	struct buf bytes = BUF_INIT(ROW_MAX);
	char *name = strsep(&line, " ");
	char *expected = strsep(&line, " ");
	int want;

	if (expected == NULL)
		bail(name);
	want = read_verdict(expected);
	if (line != NULL)
		(void)unescape(&bytes, line, '\0');
	is_int(judge(responses, bytes.data, 0, bytes.len), want, "%s", name);
	is_int((intmax_t)find_odd_start(responses, &bytes, want), 0,
	    "%s, byte by byte", name);
	is_int((intmax_t)find_odd_cut(responses, &bytes, want), 0,
	    "%s, cut in two", name);
	buf_wipe(&bytes);
}

static void
test_table(const char *file, bool responses, int least)
{
	const char *srcdir = getenv("srcdir");
	char line[LINE_MAX];
	char path[LINE_MAX];
	int rows = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/http1/%s",
	    srcdir == NULL ? "." : srcdir, file);
	f = fopen(path, "re");
	if (f == NULL)
		bail(path);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		test_row(responses, line);
		rows++;
	}
	fclose(f);
	ok(rows >= least, "%s has %d rows", file, rows);
}

int
main(void)
{
	test_table("requests.txt", false, 400);
	test_table("responses.txt", true, 70);
	return done_testing();
}
