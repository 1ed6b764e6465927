/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One walk over each text.  A path is a hash, so that deep texts with long
 * names cost no memory; where two collide, a secret can fail to be shown as
 * new, no more.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "fnv.h"
#include "jsonmask.h"
#include "jsonscan.h"
#include "mask.h"
#include "mem.h"

/* A name, a scalar, or a secret as a whole. */
struct part {
	struct jsonscan_token token;
	uint64_t path; /* 0 for a name */
	bool secret;
};

/* An object or array that is open. */
struct level {
	uint64_t path;
	size_t count; /* of elements */
};

struct walk {
	struct jsonscan scan;
	struct level level[JSONSCAN_MAX_DEPTH + 1];
	bool is_named; /* what comes next: */
	uint64_t path;
	bool secret;
};

/* The parts of a text, sorted by path. */
struct parts {
	const char *text;
	struct part *v;
	size_t len;
	size_t room;
};

static void
begin(struct walk *w, const char *text, size_t len)
{
	memset(w, 0, sizeof(*w));
	jsonscan_begin(&w->scan, text, len);
	w->level[0].path = FNV_START;
}

/* Take a name for what comes next. */
static int
take_name(struct walk *w, const struct jsonscan_token *token)
{
	struct buf name = BUF_INIT(token->len);
	struct level *level = &w->level[w->scan.depth];
	int r;

	r = jsonscan_decode(w->scan.text + token->at, token->len, &name);
	if (r == 0) {
		w->is_named = true;
		w->secret = mask_is_secret_name(buf_str(&name), name.len);
		w->path = fnv_add(level->path, ".", 1);
		/* with its NUL */
		w->path = fnv_add(w->path, buf_str(&name), name.len + 1);
	}
	buf_wipe(&name);
	return r;
}

/* Find the path of what comes next, at a depth. */
static void
take_place(struct walk *w, size_t depth)
{
	struct level *level = &w->level[depth];

	if (!w->is_named) {
		w->path = fnv_add(level->path, "[", 1);
		w->path = fnv_add(w->path, &level->count, sizeof(level->count));
		w->secret = false;
		level->count++;
	}
	w->is_named = false;
}

/* Go into what TOKEN opens, or over it if it is secret. */
static int
take_open(struct walk *w, struct jsonscan_token *token)
{
	take_place(w, w->scan.depth - 1);
	if (w->secret)
		return jsonscan_whole(&w->scan, token);
	w->level[w->scan.depth] = (struct level){ w->path, 0 };
	return 0;
}

static bool
is_secret(const struct walk *w, const struct jsonscan_token *token)
{
	return w->secret && token->kind != JSONSCAN_WORD;
}

/* The next part, or the end of the text.  Returns what jsonscan_next() does. */
static int
next_part(struct walk *w, struct part *ret_part)
{
	struct jsonscan_token token;
	int r;

	do {
		r = jsonscan_next(&w->scan, &token);
		if (r == 0 && token.kind == JSONSCAN_OPEN)
			r = take_open(w, &token);
	} while (r == 0 &&
	    (token.kind == JSONSCAN_CLOSE ||
		(token.kind == JSONSCAN_OPEN && !w->secret)));
	if (r != 0)
		return r;
	ret_part->token = token;
	ret_part->path = 0;
	ret_part->secret = false;
	if (token.kind == JSONSCAN_NAME)
		return take_name(w, &token);
	if (token.kind == JSONSCAN_END)
		return 0;
	if (token.kind != JSONSCAN_OPEN)
		take_place(w, w->scan.depth);
	ret_part->path = w->path;
	ret_part->secret = is_secret(w, &token);
	return 0;
}

static int
compare_parts(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;

	if (x->path != y->path)
		return x->path < y->path ? -1 : 1;
	return x->token.at < y->token.at ? -1 : x->token.at > y->token.at;
}

static void
parts_add(struct parts *p, const struct part *part)
{
	if (p->len == p->room) {
		p->room = p->room != 0 ? 2 * p->room : 64;
		p->v = xreallocarray(p->v, p->room, sizeof(*p->v));
	}
	p->v[p->len++] = *part;
}

/* Find what may be a secret in the old text: none when it is no JSON. */
static void
parts_read(struct parts *p, const char *text, size_t len)
{
	struct part part;
	struct walk w;
	int r;

	p->text = text;
	begin(&w, text, len);
	r = next_part(&w, &part);
	while (r == 0 && part.token.kind != JSONSCAN_END) {
		if (part.secret || part.token.kind == JSONSCAN_STRING)
			parts_add(p, &part);
		r = next_part(&w, &part);
	}
	if (r != 0)
		p->len = 0;
	if (p->len != 0)
		qsort(p->v, p->len, sizeof(*p->v), compare_parts);
}

/* The last part under PATH, or NULL. */
static const struct part *
parts_find(const struct parts *p, uint64_t path)
{
	size_t low = 0;
	size_t high = p->len;
	size_t middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (p->v[middle].path <= path)
			low = middle + 1;
		else
			high = middle;
	}
	return low != 0 && p->v[low - 1].path == path ? &p->v[low - 1] : NULL;
}

/* What stands for a secret of PART.  OLD is NULL when nothing is compared. */
static const char *
mark_of(const char *text, const struct part *part, const struct parts *old)
{
	const struct part *was;

	if (old == NULL)
		return MASK_SAME;
	was = parts_find(old, part->path);
	if (was != NULL && was->secret == part->secret &&
	    jsonscan_same(text + part->token.at, part->token.len,
		old->text + was->token.at, was->token.len))
		return MASK_SAME;
	return MASK_NEW;
}

/* The same for what is secret in S, which the string PART means. */
static const char *
text_mark_of(const struct buf *s, const struct part *part,
    const struct parts *old)
{
	const struct part *was = old != NULL ? parts_find(old, part->path) :
					       NULL;
	const char *mark = MASK_NEW;
	struct buf t;

	if (old == NULL || part->token.kind == JSONSCAN_NAME)
		return MASK_SAME;
	if (was == NULL || was->token.kind != JSONSCAN_STRING)
		return MASK_NEW;
	t = (struct buf)BUF_INIT(was->token.len);
	if (jsonscan_decode(old->text + was->token.at, was->token.len, &t) ==
		0 &&
	    mask_hides_same(buf_str(s), s->len, buf_str(&t), t.len))
		mark = MASK_SAME;
	buf_wipe(&t);
	return mark;
}

/* Append a string or name, with what is secret in it masked. */
static int
add_string(struct buf *out, const char *text, const struct part *part,
    const struct parts *old)
{
	size_t len = part->token.len;
	struct buf s = BUF_INIT(len);
	struct buf shown = BUF_INIT(MASK_GROWTH * len);
	struct buf hidden = BUF_INIT(2 * len);
	int r;

	r = jsonscan_decode(text + part->token.at, len, &s);
	if (r == 0 && mask_hides_same(buf_str(&s), s.len, "", 0)) {
		r = buf_add(out, text + part->token.at, len);
	} else if (r == 0) {
		r = mask_text(buf_str(&s), s.len, text_mark_of(&s, part, old),
		    &shown, &hidden);
		if (r == 0)
			r = esc_json(out, buf_str(&shown), shown.len);
	}
	buf_wipe(&hidden);
	buf_wipe(&shown);
	buf_wipe(&s);
	return r;
}

static int
add_part(struct buf *out, const char *text, const struct part *part,
    const struct parts *old)
{
	if (part->secret)
		return buf_addf(out, "\"%s\"", mark_of(text, part, old));
	if (part->token.kind == JSONSCAN_STRING ||
	    part->token.kind == JSONSCAN_NAME)
		return add_string(out, text, part, old);
	return buf_add(out, text + part->token.at, part->token.len);
}

/* Append the masked text.  Returns 0, what next_part() does, or -ENOSPC when it
 * does not fit into OUT. */
static int
add_parts(struct buf *out, const char *text, size_t len,
    const struct parts *old)
{
	struct part part;
	struct walk w;
	size_t at = 0;
	int r;

	begin(&w, text, len);
	for (;;) {
		r = next_part(&w, &part);
		if (r != 0)
			return r;
		if (buf_add(out, text + at, part.token.at - at) != 0)
			return -ENOSPC;
		if (part.token.kind == JSONSCAN_END)
			return 0;
		if (add_part(out, text, &part, old) != 0)
			return -ENOSPC;
		at = part.token.at + part.token.len;
	}
}

static int
add_masked(const char *text, size_t len, const struct parts *old,
    struct buf *ret)
{
	size_t before = ret->len;
	int r;

	r = add_parts(ret, text, len, old);
	if (r == 0)
		return 0;
	buf_truncate(ret, before);
	return r == -ENOSPC ? -EMSGSIZE : buf_adds(ret, JSONMASK_NOT_SHOWN);
}

int
jsonmask(const char *text, size_t len, struct buf *ret)
{
	return add_masked(text, len, NULL, ret);
}

int
jsonmask_since(const char *old, size_t old_len, const char *text, size_t len,
    struct buf *ret)
{
	struct parts parts = { NULL, NULL, 0, 0 };
	int r;

	parts_read(&parts, old, old_len);
	r = add_masked(text, len, &parts, ret);
	free(parts.v);
	return r;
}
