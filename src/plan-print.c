/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plan for people: what changes, line by line, without secrets.
 */
#include "coco.h"

#include <string.h>

#include "esc.h"
#include "jsonmask.h"
#include "linediff.h"
#include "plan.h"
#include "tomlmask.h"

const char *
plan_verb(const struct plan_step *step)
{
	if (step->before.kind == PLACE_ABSENT)
		return "create";
	return step->after.kind == PLACE_ABSENT ? "remove" : "change";
}

/* The headline: "create file PATH 0600 0:0". */
static int
print_head(const struct plan_step *step, struct buf *b)
{
	const struct place *p = step->after.kind == PLACE_ABSENT ?
	    &step->before :
	    &step->after;
	int r;

	r = buf_addf(b, "%s %s ", plan_verb(step),
	    p->kind == PLACE_DIRECTORY ? "directory" : "file");
	if (r == 0)
		r = esc_visible(b, p->path, strlen(p->path));
	if (r == 0 && step->after.kind != PLACE_ABSENT)
		r = buf_addf(b, " %04o %u:%u", (unsigned int)p->mode,
		    (unsigned int)p->uid, (unsigned int)p->gid);
	if (r == 0 && step->before.kind == step->after.kind &&
	    step->before.mode != step->after.mode)
		r = buf_addf(b, " (was %04o)", (unsigned int)step->before.mode);
	return r != 0 ? r : buf_addc(b, '\n');
}

/* Whether the content is text that can be shown. */
static bool
is_text(const struct buf *content)
{
	return memchr(buf_str(content), '\0', content->len) == NULL;
}

static int
mask(const struct plan_step *step, struct buf *before, struct buf *after)
{
	const struct buf *old = &step->before.content;
	const struct buf *new = &step->after.content;
	int r;

	if (step->kind == DESIRED_TOML) {
		r = tomlmask(buf_str(old), old->len, before);
		return r != 0 ? r :
				tomlmask_since(buf_str(old), old->len,
				    buf_str(new), new->len, after);
	}
	if (step->kind == DESIRED_JSON && old->len != 0) {
		r = jsonmask(buf_str(old), old->len, before);
		if (r != 0)
			return r;
	}
	if (step->kind == DESIRED_JSON)
		return new->len == 0 ? 0 :
				       jsonmask_since(buf_str(old), old->len,
					   buf_str(new), new->len, after);
	r = buf_add(before, buf_str(old), old->len);
	return r != 0 ? r : buf_add(after, buf_str(new), new->len);
}

static int
print_content(const struct plan_step *step, struct buf *b)
{
	struct buf before = BUF_INIT(PLAN_MAX_PRINT);
	struct buf after = BUF_INIT(PLAN_MAX_PRINT);
	int r;

	if (step->is_secret || !is_text(&step->before.content) ||
	    !is_text(&step->after.content))
		return step->after.kind == PLACE_FILE ?
		    buf_addf(b, "  (%zu bytes, not shown)\n",
			step->after.content.len) :
		    0;
	r = mask(step, &before, &after);
	if (r == 0)
		r = linediff(buf_str(&before), before.len, buf_str(&after),
		    after.len, b);
	buf_wipe(&before);
	buf_wipe(&after);
	return r;
}

int
plan_print(const struct plan *p, struct buf *b)
{
	size_t i;
	int r = 0;

	for (i = 0; i < p->len && r == 0; i++) {
		r = print_head(&p->v[i], b);
		if (r == 0 && p->v[i].before.kind != PLACE_DIRECTORY &&
		    p->v[i].after.kind != PLACE_DIRECTORY)
			r = print_content(&p->v[i], b);
	}
	return r;
}
