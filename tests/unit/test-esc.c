/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Escaping for terminals, JSON, HTML and shells, and the UTF-8 that it rests
 * on. */
#include "coco.h"

#include <string.h>

#include "esc.h"
#include "tap.h"

typedef int (*esc_fn)(struct buf *b, const char *s, size_t len);

static void
check(esc_fn fn, const char *s, size_t len, const char *want, const char *name)
{
	struct buf b = BUF_INIT(256);

	is_int(fn(&b, s, len), 0, "%s is escaped", name);
	is_str(buf_str(&b), want, "%s becomes right", name);
	buf_wipe(&b);
}

#define CHECK(fn, s, want, name) check((fn), (s), sizeof(s) - 1, (want), (name))

static void
test_shell(void)
{
	static const struct {
		const char *s;
		const char *word;
		const char *quoted;
	} rows[] = { { "a-B/1.x_y+z,:@%", "a-B/1.x_y+z,:@%",
			 "'a-B/1.x_y+z,:@%'" },
		{ "", "''", "''" }, { "a b", "'a b'", "'a b'" },
		{ "it's", "'it'\\''s'", "'it'\\''s'" },
		{ "$(x)\n", "'$(x)\n'", "'$(x)\n'" }, { "~", "'~'", "'~'" } };
	struct buf small = BUF_INIT(3);
	struct buf b = BUF_INIT(64);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		is_int(esc_word(&b, rows[i].s), 0, "a word: %s", rows[i].s);
		is_str(buf_str(&b), rows[i].word, "it is");
		buf_clear(&b);
		is_int(esc_quoted(&b, rows[i].s), 0, "in quotes");
		is_str(buf_str(&b), rows[i].quoted, "it is");
	}
	is_int(esc_word(&small, "a b"), -EMSGSIZE, "no room for a word");
	buf_wipe(&small);
	buf_wipe(&b);
}

static void
test_utf8(void)
{
	static const struct {
		const char *s;
		size_t len;
		size_t want;
		const char *name;
	} rows[] = {
		{ "", 0, 0, "nothing" },
		{ "a", 1, 1, "ASCII" },
		{ "\0", 1, 1, "NUL" },
		{ "\xc3\xa4", 2, 2, "two bytes" },
		{ "\xe2\x82\xac", 3, 3, "three bytes" },
		{ "\xf0\x9f\x98\x80", 4, 4, "four bytes" },
		{ "\xf4\x8f\xbf\xbf", 4, 4, "U+10FFFF" },
		{ "\xf4\x90\x80\x80", 4, 0, "above U+10FFFF" },
		{ "\xf5\x80\x80\x80", 4, 0, "a start byte that is none" },
		{ "\xc0\x80", 2, 0, "overlong NUL" },
		{ "\xc1\xbf", 2, 0, "overlong ASCII" },
		{ "\xe0\x9f\xbf", 3, 0, "overlong in three" },
		{ "\xf0\x8f\xbf\xbf", 4, 0, "overlong in four" },
		{ "\xed\x9f\xbf", 3, 3, "before the surrogates" },
		{ "\xed\xa0\x80", 3, 0, "a surrogate" },
		{ "\xee\x80\x80", 3, 3, "after the surrogates" },
		{ "\x80", 1, 0, "a lone continuation" },
		{ "\xc3", 1, 0, "cut short" },
		{ "\xc3(", 2, 0, "no continuation" },
		{ "\xe2\x82", 2, 0, "cut short in three" },
		{ "\xe2\x82(", 3, 0, "no third byte" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int((intmax_t)esc_utf8(rows[i].s, rows[i].len),
		    (intmax_t)rows[i].want, "%s", rows[i].name);
}

int
main(void)
{
	struct buf small = BUF_INIT(3);

	test_utf8();
	test_shell();
	CHECK(esc_visible, "plain \xc3\xa4", "plain \xc3\xa4", "plain text");
	CHECK(esc_visible, "a\n\r\t\033[2J\x7f\0z",
	    "a\\x0a\\x0d\\x09\\x1b[2J\\x7f\\x00z", "control bytes");
	CHECK(esc_visible, "\xff\xc2\x9b\xc2\xa0", "\\xff\\xc2\\x9b\xc2\xa0",
	    "a bad byte and C1");
	CHECK(esc_visible, "a\u202eb\u200dc\ufeff\u2066\u2028\u061c",
	    "a\\xe2\\x80\\xaeb\\xe2\\x80\\x8dc\\xef\\xbb\\xbf"
	    "\\xe2\\x81\\xa6\\xe2\\x80\\xa8\\xd8\\x9c",
	    "what is not seen, or turns the line");
	CHECK(esc_visible,
	    "\u200a\u2010\u2027\u202f\u205f\u206a\u20ac\ufefe\u061b",
	    "\u200a\u2010\u2027\u202f\u205f\u206a\u20ac\ufefe\u061b",
	    "what stands beside them");
	CHECK(esc_json, "a\"\\/\n\r\t\x01\x7f",
	    "\"a\\\"\\\\/\\n\\r\\t\\u0001\\u007f\"", "JSON text");
	CHECK(esc_json, "\xe2\x82\xac\xff\0", "\"\xe2\x82\xac\\ufffd\\u0000\"",
	    "JSON text that is not UTF-8");
	CHECK(esc_json, "", "\"\"", "an empty JSON text");
	CHECK(esc_html, "<a href=\"x\" b='y'>&amp;",
	    "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;", "HTML");
	is_int(esc_visible(&small, "\n", 1), -EMSGSIZE, "no room");
	is_int(esc_json(&small, "ab", 2), -EMSGSIZE, "no room for a quote");
	is_int(esc_html(&small, "&", 1), -EMSGSIZE, "no room for an entity");
	buf_wipe(&small);
	return done_testing();
}
