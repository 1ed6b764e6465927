/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986: the
 * plain one, which keeps for each number of changes how far it led.
 */
#include "coco.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "fnv.h"
#include "linediff.h"
#include "mem.h"

/* With the newline, which the last one may not have. */
struct line {
	const char *s;
	size_t len;
	uint64_t hash;
	bool changed;
};

/* One text, without the lines at start and end that both have. */
struct side {
	const char *s;
	size_t len;
	size_t before;     /* lines before S */
	int32_t count;     /* of lines */
	struct line *line; /* COUNT of them */
};

/*
 * How far D changes lead on diagonal K, which is lines taken from the old text
 * less those taken from the new one, is at[D * D + K + D]: lines of the old
 * text.  K goes from -D to D.
 */
struct reach {
	int32_t *at;
	int32_t room; /* values of D that there is room for */
};

static bool
is_line_start(const char *s, size_t at)
{
	return at == 0 || s[at - 1] == '\n';
}

/* How many bytes the first line of S has, with its newline. */
static size_t
line_len(const char *s, size_t len)
{
	const char *end = len != 0 ? memchr(s, '\n', len) : NULL;

	return end != NULL ? (size_t)(end - s) + 1 : len;
}

static size_t
count_lines(const char *s, size_t len)
{
	size_t count = 0;
	size_t n;

	for (; len > 0; s += n, len -= n, count++)
		n = line_len(s, len);
	return count;
}

/* Drop the lines at the start that are the same. */
static void
trim_start(struct side *a, struct side *b)
{
	size_t n = 0;

	while (n < a->len && n < b->len && a->s[n] == b->s[n])
		n++;
	/* where one of them ends, a line may go on in the other */
	if (n != a->len || n != b->len)
		while (!is_line_start(a->s, n))
			n--;
	a->before = count_lines(a->s, n);
	b->before = a->before;
	a->s += n;
	b->s += n;
	a->len -= n;
	b->len -= n;
}

/* Drop the lines at the end that are the same. */
static void
trim_end(struct side *a, struct side *b)
{
	size_t n = 0;

	while (n < a->len && n < b->len &&
	    a->s[a->len - n - 1] == b->s[b->len - n - 1])
		n++;
	if (!is_line_start(a->s, a->len - n) ||
	    !is_line_start(b->s, b->len - n))
		n -= line_len(a->s + a->len - n, n);
	a->len -= n;
	b->len -= n;
}

/* Find the lines; false when there are too many. */
static bool
split(struct side *side)
{
	size_t count = count_lines(side->s, side->len);
	const char *s = side->s;
	size_t left = side->len;
	struct line *line;

	if (count > LINEDIFF_MAX_LINES)
		return false;
	side->line = xcalloc(count + 1, sizeof(*side->line));
	side->count = (int32_t)count;
	for (line = side->line; left > 0; line++) {
		line->s = s;
		line->len = line_len(s, left);
		line->hash = fnv_add(FNV_START, s, line->len);
		s += line->len;
		left -= line->len;
	}
	/* one more, which is empty, so that each line has one after it */
	line->s = s;
	return true;
}

static bool
same_line(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && a->len == b->len &&
	    memcmp(a->s, b->s, a->len) == 0;
}

static int32_t *
reach_at(const struct reach *r, int32_t d, int32_t k)
{
	return &r->at[(size_t)d * (size_t)d + (size_t)(k + d)];
}

static void
reach_grow(struct reach *r, int32_t d)
{
	size_t room;

	if (d < r->room)
		return;
	r->room = r->room != 0 ? 2 * r->room : 16;
	room = (size_t)r->room;
	r->at = xreallocarray(r->at, room * room, sizeof(*r->at));
}

/* Whether the last of D changes on the way to diagonal K adds a line; else it
 * removes one. */
static bool
is_added(const struct reach *r, int32_t d, int32_t k)
{
	return k == -d ||
	    (k != d && *reach_at(r, d - 1, k - 1) < *reach_at(r, d - 1, k + 1));
}

/* Where D changes lead on diagonal K. */
static int32_t
follow(const struct reach *r, const struct side *a, const struct side *b,
    int32_t d, int32_t k)
{
	int32_t x = 0;

	if (d != 0)
		x = is_added(r, d, k) ? *reach_at(r, d - 1, k + 1) :
					*reach_at(r, d - 1, k - 1) + 1;
	while (x < a->count && x - k < b->count &&
	    same_line(&a->line[x], &b->line[x - k]))
		x++;
	return x;
}

/* The fewest changes that lead to the end of both; -1 when there are more than
 * LINEDIFF_MAX_CHANGES. */
static int32_t
search(struct reach *r, const struct side *a, const struct side *b)
{
	int32_t d;
	int32_t k;
	int32_t x;

	for (d = 0; d <= LINEDIFF_MAX_CHANGES; d++) {
		reach_grow(r, d);
		for (k = -d; k <= d; k += 2) {
			x = follow(r, a, b, d, k);
			*reach_at(r, d, k) = x;
			if (x == a->count && x - k == b->count)
				return d;
		}
	}
	return -1;
}

/* Mark the lines that are changed on the way that took D changes. */
static void
mark(const struct reach *r, const struct side *a, const struct side *b,
    int32_t d)
{
	int32_t k = a->count - b->count;
	int32_t x;

	for (; d > 0; d--) {
		if (is_added(r, d, k)) {
			k++;
			x = *reach_at(r, d - 1, k);
			assert(x - k >= 0 && x - k < b->count);
			b->line[x - k].changed = true;
		} else {
			k--;
			x = *reach_at(r, d - 1, k);
			assert(x >= 0 && x < a->count);
			a->line[x].changed = true;
		}
	}
}

/* Append lines with a SIGN before each. */
static int
add_lines(struct buf *b, char sign, const char *s, size_t len)
{
	static const char unended[] = "\n\\ No newline at end of file";
	bool is_ended;
	size_t n;
	int r = 0;

	for (; r == 0 && len > 0; s += n, len -= n) {
		n = line_len(s, len);
		is_ended = s[n - 1] == '\n';
		r = buf_addc(b, sign);
		if (r == 0)
			r = esc_visible(b, s, is_ended ? n - 1 : n);
		if (r == 0 && !is_ended)
			r = buf_adds(b, unended);
		if (r == 0)
			r = buf_addc(b, '\n');
	}
	return r;
}

/* Append a hunk of LEN bytes at S of the one and T of the other, before which
 * there are so many lines. */
static int
add_hunk(struct buf *b, size_t s_before, const char *s, size_t s_len,
    size_t t_before, const char *t, size_t t_len)
{
	size_t s_count = count_lines(s, s_len);
	size_t t_count = count_lines(t, t_len);
	int r;

	r = buf_addf(b, "@@ -%zu,%zu +%zu,%zu @@\n",
	    s_before + (s_count != 0 ? 1 : 0), s_count,
	    t_before + (t_count != 0 ? 1 : 0), t_count);
	if (r == 0)
		r = add_lines(b, '-', s, s_len);
	return r != 0 ? r : add_lines(b, '+', t, t_len);
}

/* The first line from I on that is not changed, or the end. */
static int32_t
unchanged(const struct side *side, int32_t i)
{
	while (i < side->count && side->line[i].changed)
		i++;
	return i;
}

/* Append a hunk for each group of lines that are marked. */
static int
add_marked(struct buf *ret, const struct side *a, const struct side *b)
{
	int32_t i = 0;
	int32_t j = 0;
	int r = 0;

	while (r == 0 && (i < a->count || j < b->count)) {
		int32_t i_end = unchanged(a, i);
		int32_t j_end = unchanged(b, j);
		const char *s = a->line[i].s;
		const char *t = b->line[j].s;

		if (i_end != i || j_end != j)
			r = add_hunk(ret, a->before + (size_t)i, s,
			    (size_t)(a->line[i_end].s - s),
			    b->before + (size_t)j, t,
			    (size_t)(b->line[j_end].s - t));
		i = i_end + 1;
		j = j_end + 1;
	}
	return r;
}

/* Append what is different between two sides, neither of which begins or ends
 * as the other. */
static int
add_sides(struct buf *ret, struct side *a, struct side *b)
{
	struct reach reach = { NULL, 0 };
	int32_t d = -1;
	int r;

	if (split(a) && split(b))
		d = search(&reach, a, b);
	if (d >= 0) {
		mark(&reach, a, b, d);
		r = add_marked(ret, a, b);
	} else {
		r = add_hunk(ret, a->before, a->s, a->len, b->before, b->s,
		    b->len);
	}
	free(reach.at);
	free(a->line);
	free(b->line);
	return r;
}

int
linediff(const char *old, size_t old_len, const char *new, size_t new_len,
    struct buf *ret)
{
	struct side a = { old, old_len, 0, 0, NULL };
	struct side b = { new, new_len, 0, 0, NULL };
	size_t before = ret->len;
	int r;

	trim_start(&a, &b);
	trim_end(&a, &b);
	r = a.len == 0 && b.len == 0 ? 0 : add_sides(ret, &a, &b);
	if (r != 0)
		buf_truncate(ret, before);
	return r;
}
