/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit tests of linediff: hunks, the fewest lines, limits. */
#include "coco.h"

#include "linediff.h"
#include "tap.h"

#define MAX_TEXT  4096
#define MAX_LINES 12

static void
is_diff(const char *old, const char *new, const char *want)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	is_int(linediff(old, strlen(old), new, strlen(new), &b), 0,
	    "a difference");
	is_str(buf_str(&b), want, "is shown");
	buf_wipe(&b);
}

#define UNENDED "\\ No newline at end of file\n"

static void
test_hunks(void)
{
	is_diff("", "", "");
	is_diff("a\nb", "a\nb", "");
	is_diff("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
	is_diff("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
	is_diff("", "\n\n", "@@ -0,0 +1,2 @@\n+\n+\n");
	is_diff("a\nb\n", "a\nx\nb\n", "@@ -1,0 +2,1 @@\n+x\n");
	is_diff("a\nb\nc\n", "a\nc\n", "@@ -2,1 +1,0 @@\n-b\n");
	is_diff("a\nb\nc\n", "a\nx\ny\nc\n", "@@ -2,1 +2,2 @@\n-b\n+x\n+y\n");
	is_diff("a\nb\nc\nd\ne\n", "x\nb\nc\nd\ny\nz\n",
	    "@@ -1,1 +1,1 @@\n-a\n+x\n@@ -5,1 +5,2 @@\n-e\n+y\n+z\n");
	is_diff("x\n", "y\nx\n", "@@ -0,0 +1,1 @@\n+y\n");
	is_diff("x\ny\n", "x\n", "@@ -2,1 +1,0 @@\n-y\n");
	is_diff("ax\n", "bx\n", "@@ -1,1 +1,1 @@\n-ax\n+bx\n");
	is_diff("a\na\n", "a\na\na\n", "@@ -2,0 +3,1 @@\n+a\n");
}

static void
test_ends(void)
{
	is_diff("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n" UNENDED "+a\n");
	is_diff("a\n", "a", "@@ -1,1 +1,1 @@\n-a\n+a\n" UNENDED);
	is_diff("a", "b", "@@ -1,1 +1,1 @@\n-a\n" UNENDED "+b\n" UNENDED);
	is_diff("a\nb", "x\nb", "@@ -1,1 +1,1 @@\n-a\n+x\n");
	is_diff("a", "a\nb",
	    "@@ -1,1 +1,2 @@\n-a\n" UNENDED "+a\n+b\n" UNENDED);
	is_diff("", "a", "@@ -0,0 +1,1 @@\n+a\n" UNENDED);
	is_diff("ab", "b", "@@ -1,1 +1,1 @@\n-ab\n" UNENDED "+b\n" UNENDED);
}

static void
test_bytes(void)
{
	struct buf b = BUF_INIT(MAX_TEXT);

	is_diff("a\n", "a\r\n", "@@ -1,1 +1,1 @@\n-a\n+a\\x0d\n");
	is_diff("\n", "\033[2J\t\xff\n",
	    "@@ -1,1 +1,1 @@\n-\n+\\x1b[2J\\x09\\xff\n");
	is_int(linediff("a\0b\n", 4, "a\0c\n", 4, &b), 0, "a NUL");
	is_str(buf_str(&b), "@@ -1,1 +1,1 @@\n-a\\x00b\n+a\\x00c\n",
	    "is a byte as others are");
	buf_wipe(&b);
}

static void
test_no_room(void)
{
	struct buf b = BUF_INIT(20);

	(void)buf_adds(&b, "x");
	is_int(linediff("a\n", 2, "b\nc\n", 4, &b), -EMSGSIZE, "no room");
	is_str(buf_str(&b), "x", "nothing is appended then");
	buf_wipe(&b);
}

/* COUNT lines from SEED, of three kinds. */
static size_t
make_lines(char *s, unsigned int *seed)
{
	size_t count;
	size_t i;

	*seed = *seed * 1103515245 + 12345;
	count = (*seed >> 16) % (MAX_LINES + 1);
	for (i = 0; i < count; i++) {
		*seed = *seed * 1103515245 + 12345;
		s[2 * i] = (char)('a' + (*seed >> 16) % 3);
		s[2 * i + 1] = '\n';
	}
	s[2 * count] = '\0';
	return count;
}

/* How many lines two texts have in common at most, by the textbook. */
static size_t
common(const char *a, size_t a_count, const char *b, size_t b_count)
{
	size_t most[MAX_LINES + 1][MAX_LINES + 1] = { { 0 } };
	size_t i;
	size_t j;

	for (i = 1; i <= a_count; i++)
		for (j = 1; j <= b_count; j++) {
			most[i][j] = most[i - 1][j] > most[i][j - 1] ?
			    most[i - 1][j] :
			    most[i][j - 1];
			if (a[2 * i - 2] == b[2 * j - 2])
				most[i][j] = most[i - 1][j - 1] + 1;
		}
	return most[a_count][b_count];
}

/*
 * Do what DIFF says to OLD, whose lines have two bytes each; false when it does
 * not fit.  RET_CHANGES counts its lines.
 */
static bool
patch(const char *old, const char *diff, char *ret_new, size_t *ret_changes)
{
	size_t l, n, m, k;
	size_t at = 0;
	size_t to = 0;

	*ret_changes = 0;
	while (*diff != '\0') {
		if (sscanf(diff, "@@ -%zu,%zu +%zu,%zu @@", &l, &n, &m, &k) !=
		    4)
			return false;
		diff = strchr(diff, '\n') + 1;
		l -= n != 0 ? 1 : 0;
		m -= k != 0 ? 1 : 0;
		while (at < l) {
			memcpy(ret_new + 2 * to++, old + 2 * at++, 2);
		}
		if (at != l || to != m)
			return false;
		*ret_changes += n + k;
		for (; n > 0; n--, at++, diff += 3)
			if (*diff != '-' || memcmp(diff + 1, old + 2 * at, 2))
				return false;
		for (; k > 0; k--, to++, diff += 3) {
			if (*diff != '+')
				return false;
			memcpy(ret_new + 2 * to, diff + 1, 2);
		}
	}
	memcpy(ret_new + 2 * to, old + 2 * at, strlen(old + 2 * at) + 1);
	return true;
}

/* Texts at random: the hunks make the one of the other, and are minimal. */
static void
test_minimal(void)
{
	char a[2 * MAX_LINES + 1];
	char b[2 * MAX_LINES + 1];
	char made[4 * MAX_LINES + 1];
	struct buf diff = BUF_INIT(MAX_TEXT);
	unsigned int seed = 1;
	size_t changes;
	size_t bad = 0;
	size_t n, m;
	size_t i;

	for (i = 0; i < 5000; i++) {
		n = make_lines(a, &seed);
		m = make_lines(b, &seed);
		buf_clear(&diff);
		if (linediff(a, 2 * n, b, 2 * m, &diff) != 0 ||
		    !patch(a, buf_str(&diff), made, &changes) ||
		    strcmp(made, b) != 0 ||
		    changes != n + m - 2 * common(a, n, b, m))
			bad++;
	}
	is_int((intmax_t)bad, 0, "hunks are right and minimal");
	buf_wipe(&diff);
}

static void
add_numbers(struct buf *b, size_t count, size_t step)
{
	size_t i;

	for (i = 0; i < count; i++)
		(void)buf_addf(b, "%zu\n", i * step);
}

/* Compare texts whose first and last lines differ, with COUNT lines between
 * them of which those of the new one count by STEP.  Returns how many hunks
 * there are. */
static size_t
count_hunks(size_t count, size_t step)
{
	struct buf old = BUF_INIT(1048576);
	struct buf new = BUF_INIT(1048576);
	struct buf diff = BUF_INIT(4194304);
	const char *s;
	size_t hunks = 0;

	(void)buf_adds(&old, "start\na\n");
	(void)buf_adds(&new, "start\nb\n");
	add_numbers(&old, count, 1);
	add_numbers(&new, count, step);
	(void)buf_adds(&old, "c\nend\n");
	(void)buf_adds(&new, "d\nend\n");
	if (linediff(buf_str(&old), old.len, buf_str(&new), new.len, &diff) !=
	    0)
		bail("a difference is too long");
	for (s = buf_str(&diff); s != NULL; s = strstr(s + 1, "@@ -"))
		hunks++;
	ok(strstr(buf_str(&diff), "start") == NULL &&
		strstr(buf_str(&diff), "end") == NULL,
	    "what is the same at the ends is not there");
	buf_wipe(&diff);
	buf_wipe(&new);
	buf_wipe(&old);
	return hunks;
}

static void
test_limits(void)
{
	is_int((intmax_t)count_hunks(LINEDIFF_MAX_LINES - 2, 1), 2,
	    "as many lines as may be");
	is_int((intmax_t)count_hunks(LINEDIFF_MAX_LINES - 1, 1), 1, "one more");
	ok(count_hunks(LINEDIFF_MAX_CHANGES / 2, 2) > 2,
	    "as many changes as may be");
	is_int((intmax_t)count_hunks(LINEDIFF_MAX_CHANGES, 2), 1, "too many");
}

int
main(void)
{
	test_hunks();
	test_ends();
	test_bytes();
	test_no_room();
	test_minimal();
	test_limits();
	return done_testing();
}
