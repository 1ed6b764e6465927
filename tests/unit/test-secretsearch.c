/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a search keeps: every find once, and no secret of a path. */
#include "coco.h"

#include <string.h>

#include "secretsearch.h"
#include "tap.h"

#define ONE "0123456789-the-first"
#define TWO "0123456789-the-second"

/* A search for both; they are of connections "a" and "ab", and ONE of "b"
 * too. */
static void
start(struct search *s)
{
	static const char *const names[] = { "token of connection a",
		"token of connection ab in a file", "key of connection b" };
	static const char *const secrets[] = { ONE, TWO, ONE };
	struct buf text = BUF_INIT(HUNT_MAX_TEXT);
	struct buf why = BUF_INIT(HUNT_MAX_WHY);
	struct hunt_set set = HUNT_SET_INIT;
	size_t i;

	*s = (struct search)SEARCH_INIT;
	if (hunt_make(&set) != 0)
		bail("there is no randomness");
	for (i = 0; i < ARRAY_LEN(names); i++)
		ok(hunt_add(&set, names[i], secrets[i], strlen(secrets[i])) ==
			0,
		    "%s", names[i]);
	ok(hunt_format(&set, &text) == 0, "a text of them");
	is_int(search_start(s, buf_str(&text), text.len, &why), 0, "begin");
	hunt_wipe(&set);
	buf_wipe(&text);
}

static void
feed(struct search *s, const char *text)
{
	is_int(search_feed(s, text, strlen(text)), 0, "feed");
}

static void
test_contents(void)
{
	struct search s;

	start(&s);
	search_place(&s, "here");
	is_int(search_path(&s, "/etc/x"), 0, "a path");
	search_part(&s, "its content");
	feed(&s, "..." TWO "..." TWO);
	search_part(&s, "its content");
	feed(&s, "nothing");
	search_done(&s, "files");
	is_int((intmax_t)s.len, 1, "found once");
	is_int((intmax_t)s.found, 1, "counted once");
	is_str(s.v[0].secret, "token of connection ab in a file", "which");
	is_int(s.v[0].form, HUNT_PLAIN, "how");
	is_str(s.v[0].place, "here", "where");
	is_str(s.v[0].path, "/etc/x", "in which file");
	is_str(s.v[0].part, "its content", "in what of it");
	is_str(s.searched.v[0], "here (1 files, 1 KiB)", "what was searched");
	search_finish(&s);
	search_wipe(&s);
}

static void
test_paths(void)
{
	struct search s;

	start(&s);
	search_place(&s, "volume at /" TWO);
	is_str(s.place, "volume at /...", "a place with a secret");
	is_int(search_path(&s, "/a\n/b" TWO "/c"), 0, "a path");
	is_int((intmax_t)s.len, 0, "found before, in the name above");
	is_int(search_path(&s, "/a\n/b" TWO), 0, "the name above");
	is_int((intmax_t)s.len, 1, "found there");
	is_str(s.v[0].path, "/a\\x0a/...", "not shown");
	is_str(s.v[0].part, "its name", "in its name");
	search_missed(&s, false, "/x/" TWO "/y", "cannot open /x/" TWO "/y");
	is_str(s.missed.v[0], "/x/...: cannot open /x/", "nor when missed");
	search_missed(&s, true, "/z", "gone");
	is_str(s.failed.v[0], "/z: gone", "what failed");
	feed(&s, ONE);
	is_int((intmax_t)s.found, 3,
	    "what follows is looked at, for both names");
	search_finish(&s);
	search_wipe(&s);
}

static void
test_exposed(void)
{
	struct search s;

	start(&s);
	search_expose(&s, "a", "/f");
	search_place(&s, "here");
	is_int(search_path(&s, "/f"), 0, "where it may be");
	search_part(&s, "its content");
	feed(&s, ONE);
	is_int((intmax_t)s.len, 2, "it has two names");
	ok(s.v[0].is_exposed && s.v[1].is_exposed, "both are on purpose");
	is_int((intmax_t)s.found, 0, "they do not count");
	search_part(&s, "its content");
	feed(&s, TWO);
	is_int((intmax_t)s.found, 1, "that of another connection does");
	is_int(search_path(&s, "/g"), 0, "elsewhere");
	search_part(&s, "its content");
	feed(&s, ONE);
	is_int((intmax_t)s.found, 3, "it counts");
	search_finish(&s);
	search_wipe(&s);
}

static void
test_many(void)
{
	struct buf path = BUF_INIT(SEARCH_MAX_PATH + 64);
	struct search s;
	size_t i;

	start(&s);
	search_place(&s, "here");
	for (i = 0; i < SEARCH_MAX_FINDS + 10; i++) {
		(void)search_path(&s, "/f");
		search_part(&s, "its content");
		(void)search_feed(&s, TWO, strlen(TWO));
	}
	is_int((intmax_t)s.len, SEARCH_MAX_FINDS, "so many are kept");
	is_int((intmax_t)s.found, SEARCH_MAX_FINDS + 10, "all are counted");
	while (path.len <= SEARCH_MAX_PATH)
		(void)buf_adds(&path, "/x");
	is_int(search_path(&s, buf_str(&path)), -ENAMETOOLONG, "a long path");
	search_finish(&s);
	search_wipe(&s);
	buf_wipe(&path);
}

int
main(void)
{
	test_contents();
	test_paths();
	test_exposed();
	test_many();
	return done_testing();
}
