/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is ours in a target: as JSON and back, and on the way from one state to
 * the next. */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "place.h"
#include "tap.h"
#include "trace.h"

#define ABC                                \
	"ba7816bf8f01cfea414140de5dae2223" \
	"b00361a396177a9cb410ff61f20015ad"

static char *one[] = { (char *)(uintptr_t) "t", (char *)(uintptr_t) "k", NULL };
static char *table[] = { (char *)(uintptr_t) "t", NULL };

/* A hash that 64 times C is. */
static const char *
hash(char c)
{
	static char text[4][TRACE_HASH_LEN + 1];
	static unsigned int next;
	char *s = text[next++ % 4];

	memset(s, c, TRACE_HASH_LEN);
	return s;
}

static void
set_hash(struct trace *t, char c)
{
	memcpy(t->hash, hash(c), sizeof(t->hash));
}

static void
format(const struct traces *t, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);

	buf_clear(b);
	jsonout_put(&j, "{");
	traces_format(t, "t", &j);
	jsonout_put(&j, "}");
}

static void
test_round(void)
{
	struct buf text = BUF_INIT(8192);
	struct buf again = BUF_INIT(8192);
	struct traces t = TRACES_INIT;
	struct traces back = TRACES_INIT;
	struct json *j = NULL;
	struct trace *f;

	traces_add(&t, TRACE_DIRECTORY, "/d")->made = true;
	f = traces_add(&t, TRACE_FILE, "/d/\"\n");
	f->made = f->may_be_cut = true;
	set_hash(f, 'a');
	memcpy(f->other, hash('b'), sizeof(f->other));
	f = traces_add(&t, TRACE_TOML, "/d/t");
	f->old_mode = 07644;
	f->mode = 0600;
	trace_set(f, table, NULL, true);
	memcpy(trace_set(f, one, hash('c'), false)->other, hash('d'),
	    TRACE_HASH_LEN + 1);
	f = traces_add(&t, TRACE_JSON, "/j");
	f->was_empty = true;
	format(&t, &text);
	is_int(json_parse(buf_str(&text), text.len, &j), 0, "it is JSON");
	is_int(traces_parse(j, "t", &back), 0, "and read again");
	format(&back, &again);
	is_str(buf_str(&again), buf_str(&text), "as it was");
	is_int(back.v[2].old_mode, 07644, "a mode");
	ok(trace_find(&back.v[2], table)->has_blank, "a table");
	ok(back.v[1].may_be_cut && back.v[3].was_empty, "flags");
	json_free(j);
	traces_clear(&t);
	traces_clear(&back);
	buf_wipe(&text);
	buf_wipe(&again);
}

#define FILE_OF(more) "{\"kind\":\"file\",\"path\":\"/a\"" more "}"
#define KEY_OF(more)                                                     \
	"{\"kind\":\"toml\",\"path\":\"/a\",\"made\":true,\"members\":[" \
	"{" more "}]}"

static void
test_refused(void)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{ "", 0 },
		{ FILE_OF(",\"made\":true"), 0 },
		{ FILE_OF(",\"old_mode\":420,\"mode\":384"), 0 },
		{ KEY_OF("\"path\":[\"a\"]"), 0 },
		{ KEY_OF("\"path\":[\"a\"],\"sha256\":\"" ABC "\""), 0 },
		{ "1", -EBADMSG },
		{ "{}", -EBADMSG },
		{ FILE_OF(""), -EBADMSG },
		{ FILE_OF(",\"old_mode\":420"), -EBADMSG },
		{ FILE_OF(",\"old_mode\":4096,\"mode\":0"), -EBADMSG },
		{ FILE_OF(",\"old_mode\":-1,\"mode\":0"), -EBADMSG },
		{ FILE_OF(",\"old_mode\":0,\"mode\":4096"), -EBADMSG },
		{ FILE_OF(",\"made\":true,\"sha256\":\"a\""), -EBADMSG },
		{ FILE_OF(",\"made\":true,\"sha256\":\"" ABC "0\""), -EBADMSG },
		{ FILE_OF(",\"made\":true,\"other_sha256\":\"\""), -EBADMSG },
		{ FILE_OF(",\"made\":true") "," FILE_OF(",\"made\":true"),
		    -EBADMSG },
		{ "{\"kind\":\"link\",\"path\":\"/a\",\"made\":true}",
		    -EBADMSG },
		{ "{\"path\":\"/a\",\"made\":true}", -EBADMSG },
		{ "{\"kind\":\"file\",\"path\":\"/a/../b\",\"made\":true}",
		    -EBADMSG },
		{ "{\"kind\":\"file\",\"path\":\"a\",\"made\":true}",
		    -EBADMSG },
		{ "{\"kind\":\"file\",\"made\":true}", -EBADMSG },
		{ KEY_OF(""), -EBADMSG },
		{ KEY_OF("\"path\":[]"), -EBADMSG },
		{ KEY_OF("\"path\":[1]"), -EBADMSG },
		{ KEY_OF("\"path\":[\"a\"],\"sha256\":\"x\""), -EBADMSG },
	};
	struct buf b = BUF_INIT(8192);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct traces t = TRACES_INIT;
		struct json *j = NULL;

		buf_clear(&b);
		(void)buf_addf(&b, "{\"t\":[%s]}", rows[i].text);
		if (json_parse(buf_str(&b), b.len, &j) != 0)
			bail(buf_str(&b));
		is_int(traces_parse(j, "t", &t), rows[i].r, "%s", rows[i].text);
		json_free(j);
		traces_clear(&t);
	}
	buf_wipe(&b);
}

static void
test_limits(void)
{
	struct buf b = BUF_INIT(65536);
	struct traces t = TRACES_INIT;
	struct json *j = NULL;
	int i;

	(void)buf_adds(&b, "{\"t\":[");
	for (i = 0; i <= PLACE_MAX; i++)
		(void)buf_addf(&b,
		    "%s{\"kind\":\"file\",\"path\":\"/%d\",\"made\":true}",
		    i == 0 ? "" : ",", i);
	(void)buf_adds(&b, "]}");
	is_int(json_parse(buf_str(&b), b.len, &j), 0, "many traces");
	is_int(traces_parse(j, "t", &t), -EMSGSIZE, "too many");
	json_free(j);
	traces_clear(&t);
	buf_wipe(&b);
}

static void
test_hash(void)
{
	char text[TRACE_HASH_LEN + 1];

	is_int(trace_hash("abc", 3, text), 0, "hashed");
	is_str(text, ABC, "SHA-256 of FIPS 180-2, B.1");
}

/* From A to B, which does not end, and on to C: what may be there is ours. */
static void
test_way(void)
{
	struct traces a = TRACES_INIT;
	struct traces b = TRACES_INIT;
	struct traces c = TRACES_INIT;

	set_hash(traces_add(&a, TRACE_FILE, "/f"), 'a');
	trace_set(traces_add(&a, TRACE_TOML, "/t"), one, hash('a'), false);
	traces_add(&a, TRACE_FILE, "/gone")->made = true;
	set_hash(traces_add(&b, TRACE_FILE, "/f"), 'b');
	trace_set(traces_add(&b, TRACE_TOML, "/t"), one, hash('b'), false);
	traces_add_former(&b, &a);
	ok(trace_is(&b.v[0], hash('a')) && trace_is(&b.v[0], hash('b')),
	    "a file of before and of after");
	ok(traces_find(&b, "/gone") != NULL && b.len == 3, "one that goes");
	/* the same once more: it may still be as it was at first */
	set_hash(traces_add(&c, TRACE_FILE, "/f"), 'b');
	trace_set(traces_add(&c, TRACE_TOML, "/t"), one, hash('b'), false);
	traces_add_former(&c, &b);
	ok(trace_is(&c.v[0], hash('a')) && trace_is(&c.v[0], hash('b')),
	    "still");
	ok(trace_key_is(&c.v[1].keys[0], hash('a')) &&
		trace_key_is(&c.v[1].keys[0], hash('b')),
	    "a member as well");
	c.v[0].may_be_cut = true;
	traces_arrive(&c);
	ok(!c.v[0].may_be_cut, "nothing is cut any more");
	ok(!trace_is(&c.v[0], hash('a')) && trace_is(&c.v[0], hash('b')) &&
		!trace_key_is(&c.v[1].keys[0], hash('a')),
	    "when it has ended there is one");
	traces_clear(&a);
	traces_clear(&b);
	traces_clear(&c);
}

/* What the planner has seen counts more than what was in the record. */
static void
test_seen(void)
{
	struct traces was = TRACES_INIT;
	struct traces is = TRACES_INIT;
	struct trace *t = traces_add(&was, TRACE_FILE, "/f");

	set_hash(t, 'b');
	memcpy(t->other, hash('a'), sizeof(t->other));
	t = traces_add(&is, TRACE_FILE, "/f");
	set_hash(t, 'c');
	memcpy(t->other, hash('a'), sizeof(t->other));
	traces_add_former(&is, &was);
	ok(trace_is(t, hash('a')) && trace_is(t, hash('c')), "seen and to be");
	ok(!trace_is(t, hash('b')), "not what never was there");
	ok(!trace_is(t, ""), "and not nothing");
	traces_drop(&is, 0);
	is_int(is.len, 0, "dropped");
	traces_clear(&was);
	traces_clear(&is);
}

int
main(void)
{
	test_round();
	test_refused();
	test_limits();
	test_hash();
	test_way();
	test_seen();
	return done_testing();
}
