/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths of a target, and lists of what is there. */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <string.h>

#include "place.h"
#include "tap.h"

static void
test_paths(void)
{
	static const struct {
		const char *path;
		bool is;
	} rows[] = { { "/a", true }, { "/a/b.c/..d/...", true },
		{ "/a b/\xc3\xa4\n", true }, { "", false }, { "/", false },
		{ "a", false }, { "a/b", false }, { "/a/", false },
		{ "//a", false }, { "/a//b", false }, { "/.", false },
		{ "/..", false }, { "/a/.", false }, { "/a/..", false },
		{ "/./a", false }, { "/../a", false }, { "/a/../b", false },
		{ "/a/./b", false }, { "./a", false }, { "~/a", false } };
	char path[PLACE_MAX_PATH + 2];
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(place_is_path(rows[i].path), rows[i].is, "path \"%s\"",
		    rows[i].path);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[PLACE_MAX_PATH] = '\0';
	ok(place_is_path(path), "the longest path");
	path[PLACE_MAX_PATH] = 'a';
	path[PLACE_MAX_PATH + 1] = '\0';
	ok(!place_is_path(path), "a longer one");
}

static void
test_parents(void)
{
	static const char *const rows[][2] = { { "/a", "/" }, { "/a/b", "/a" },
		{ "/a/b/c", "/a/b" } };
	struct buf b = BUF_INIT(PLACE_MAX_PATH);
	struct buf small = BUF_INIT(2);
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&b);
		is_int(place_parent(rows[i][0], &b), 0, "parent of %s",
		    rows[i][0]);
		is_str(buf_str(&b), rows[i][1], "it is");
	}
	is_int(place_parent("/abc/d", &small), -EMSGSIZE, "no room");
	buf_wipe(&b);
	buf_wipe(&small);
}

static void
test_below(void)
{
	static const struct {
		const char *path;
		const char *dir;
		bool below;
		bool within;
	} rows[] = { { "/a/b", "/a", true, true },
		{ "/a/b/c", "/a", true, true }, { "/a/b", "/a/", true, true },
		{ "/a", "/a", false, true }, { "/a", "/a/", false, true },
		{ "/ab", "/a", false, false }, { "/ab/c", "/a", false, false },
		{ "/a", "/a/b", false, false }, { "/a", "/", true, true } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		is_int(place_is_below(rows[i].path, rows[i].dir), rows[i].below,
		    "%s is below %s", rows[i].path, rows[i].dir);
		is_int(place_is_within(rows[i].path, rows[i].dir),
		    rows[i].within, "or it is that");
	}
}

static void
test_list(void)
{
	struct places p = PLACES_INIT;
	struct place *one = NULL;
	struct place *other = NULL;
	char path[16];
	int i;

	is_int(places_add(&p, "/a/../b", &one), -EINVAL, "no path");
	ok(one == NULL && p.len == 0, "nothing is added");
	is_int(places_add(&p, "/a", &one), 0, "a place");
	is_int(one->kind, PLACE_ABSENT, "is absent at first");
	is_int(buf_adds(&one->content, "secret"), 0, "its content");
	is_int(places_add(&p, "/a", &other), 0, "again");
	ok(other == one && p.len == 1, "is the same");
	ok(places_find(&p, "/a") == one, "found");
	ok(places_find(&p, "/a/b") == NULL, "another is not");
	for (i = 1; i < PLACE_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/%d", i);
		if (places_add(&p, path, NULL) != 0)
			break;
	}
	is_int(i, PLACE_MAX, "all that there can be");
	is_int(places_add(&p, "/more", NULL), -EMSGSIZE, "one more");
	is_int(places_add(&p, "/1", NULL), 0, "one that is there");
	places_wipe(&p);
	ok(p.v == NULL && p.len == 0, "wiped");
}

static void
test_odd(void)
{
	static const struct {
		mode_t type;
		const char *name;
	} rows[] = { { S_IFLNK, "a symbolic link" }, { S_IFIFO, "a FIFO" },
		{ S_IFSOCK, "a socket" }, { S_IFCHR, "a device" },
		{ S_IFBLK, "a device" },
		{ S_IFREG | 0644, "a file with several links" },
		{ 0, "something odd" } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_str(place_odd_name(rows[i].type), rows[i].name, "type %o",
		    rows[i].type);
}

int
main(void)
{
	test_paths();
	test_parents();
	test_below();
	test_list();
	test_odd();
	return done_testing();
}
