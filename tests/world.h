/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A target in memory, for tests of the planner: what is at which path, plans
 * that are carried out there step by step, and a record that goes through JSON
 * as one on disk does.
 *
 *	struct world w = WORLD_INIT;
 *
 *	world_directory(&w, "/home/u", 0755);
 *	world_file(&w, "/home/u/a.toml", 0644, "x = 1\n");
 *	r = world_change(&w, &desired, STOP_NEVER);
 *	...
 *	world_clear(&w);
 */
#ifndef WORLD_H
#define WORLD_H

#include <errno.h>
#include <string.h>

#include "deployment.h"
#include "mem.h"
#include "plan.h"
#include "tap.h"

#define STOP_NEVER 1000

struct world {
	struct places p;
	struct deployment d;
	bool cuts;        /* an interruption cuts the file that is written */
	size_t steps;     /* of the last change */
	struct buf notes; /* and what it told */
	struct buf why;
	struct buf printed;
};

#define WORLD_INIT                                                       \
	{                                                                \
		.p = PLACES_INIT, .d = DEPLOYMENT_INIT,                  \
		.notes = BUF_INIT(65536), .why = BUF_INIT(PLAN_MAX_WHY), \
		.printed = BUF_INIT(PLAN_MAX_PRINT)                      \
	}

static inline struct place *
world_put(struct world *w, const char *path, enum place_kind kind, mode_t mode,
    const char *content)
{
	struct place *p = NULL;

	if (places_add(&w->p, path, &p) != 0)
		bail("no place");
	p->kind = kind;
	p->mode = mode;
	p->uid = p->gid = 1000;
	buf_clear(&p->content);
	(void)buf_adds(&p->content, content);
	return p;
}

static inline void
world_directory(struct world *w, const char *path, mode_t mode)
{
	world_put(w, path, PLACE_DIRECTORY, mode, "");
}

/* A CONTENT of NULL: no file. */
static inline void
world_file(struct world *w, const char *path, mode_t mode, const char *content)
{
	if (content != NULL)
		world_put(w, path, PLACE_FILE, mode, content);
}

/* The content at PATH, "" for none. */
static inline const char *
world_text(const struct world *w, const char *path)
{
	const struct place *p = places_find(&w->p, path);

	return p != NULL && p->kind == PLACE_FILE ? buf_str(&p->content) : "";
}

static inline void
world_copy(const struct world *from, struct world *to)
{
	const struct place *p;
	size_t i;

	places_wipe(&to->p);
	for (i = 0; i < from->p.len; i++) {
		p = &from->p.v[i];
		*world_put(to, p->path, p->kind, p->mode,
		    buf_str(&p->content)) = (struct place){ to->p.v[i].path,
			p->kind, p->odd, p->mode, p->uid, p->gid,
			to->p.v[i].content };
	}
}

/* What differs at a place, or NULL. */
static inline const char *
world_differs_at(const struct place *p, const struct world *w)
{
	const struct place *q = places_find(&w->p, p->path);

	if (q == NULL)
		return p->kind == PLACE_ABSENT ? NULL : "kind";
	if (p->kind != q->kind)
		return "kind";
	if (p->kind == PLACE_ABSENT)
		return NULL;
	if (p->mode != q->mode)
		return "mode";
	if (p->uid != q->uid || p->gid != q->gid)
		return "owner";
	return buf_equals(&p->content, buf_str(&q->content)) ? NULL : "content";
}

/* Whether two worlds are the same; says what is not. */
static inline bool
world_is(const struct world *a, const struct world *b)
{
	const char *what = NULL;
	size_t i;

	for (i = 0; i < a->p.len && what == NULL; i++) {
		what = world_differs_at(&a->p.v[i], b);
		if (what == NULL)
			continue;
		printf("# %s: another %s\n", a->p.v[i].path, what);
		tap_show("got ", world_text(a, a->p.v[i].path),
		    strlen(world_text(a, a->p.v[i].path)));
		tap_show("want", world_text(b, a->p.v[i].path),
		    strlen(world_text(b, a->p.v[i].path)));
	}
	for (i = 0; i < b->p.len && what == NULL; i++) {
		what = world_differs_at(&b->p.v[i], a);
		if (what != NULL)
			printf("# %s: another %s\n", b->p.v[i].path, what);
	}
	return what == NULL;
}

/* The record as it is read again. */
static inline void
world_save(struct world *w)
{
	struct buf text = BUF_INIT(DEPLOYMENT_MAX);
	struct deployment back = DEPLOYMENT_INIT;

	xstrset(&w->d.target, "dir:/t");
	xstrset(&w->d.connection, "dev");
	xstrset(&w->d.home, "/home/u");
	xstrset(&w->d.snowflake_home, "");
	memcpy(w->d.id, "0123456789abcdef", sizeof(w->d.id));
	if (deployment_format(&w->d, &text) != 0 ||
	    deployment_parse(buf_str(&text), text.len, &back, &w->why) != 0)
		bail("the record cannot be read");
	deployment_clear(&w->d);
	w->d = back;
	buf_wipe(&text);
}

/* One step of the writer.  HALF: a file gets half of its content. */
static inline void
world_write(struct world *w, const struct place *p, bool half)
{
	struct place *q = world_put(w, p->path, p->kind, p->mode, "");

	q->uid = p->uid;
	q->gid = p->gid;
	(void)buf_add(&q->content, buf_str(&p->content),
	    half ? p->content.len / 2 : p->content.len);
}

static inline void
world_remove(struct world *w, const char *path)
{
	struct place *p = places_find(&w->p, path);
	size_t len = strlen(path);
	size_t i;

	for (i = 0; i < w->p.len; i++)
		if (strncmp(w->p.v[i].path, path, len) == 0 &&
		    w->p.v[i].path[len] == '/' &&
		    w->p.v[i].kind != PLACE_ABSENT)
			return;
	if (p != NULL) {
		p->kind = PLACE_ABSENT;
		buf_clear(&p->content);
	}
}

/* Do what PLAN says, but for what comes after STOP steps.  Returns whether it
 * was all of it. */
static inline bool
world_carry_out(struct world *w, const struct plan *plan, size_t stop)
{
	struct places changes = PLACES_INIT;
	struct strv removals = STRV_INIT;
	size_t i;

	(void)plan_places(plan, &changes);
	plan_removals(plan, &removals);
	w->steps = changes.len + removals.len;
	for (i = 0; i < changes.len && i < stop; i++)
		world_write(w, &changes.v[i], false);
	if (i < changes.len && w->cuts && changes.v[i].kind == PLACE_FILE &&
	    traces_find(&w->d.traces, changes.v[i].path)->may_be_cut)
		world_write(w, &changes.v[i], true);
	for (i = 0; i < removals.len && changes.len + i < stop; i++)
		world_remove(w, removals.v[i]);
	places_wipe(&changes);
	strv_clear(&removals);
	return stop >= w->steps;
}

/* As deploy-apply.c writes the record before anything is done. */
static inline void
world_write_ahead(struct world *w, const struct plan *plan)
{
	struct traces both = TRACES_INIT;
	size_t i;

	traces_add_former(&both, &plan->traces);
	traces_add_former(&both, &w->d.traces);
	traces_clear(&w->d.traces);
	w->d.traces = both;
	for (i = 0; i < plan->len && w->cuts; i++)
		if (plan->v[i].kind == DESIRED_FILE &&
		    plan->v[i].after.kind == PLACE_FILE)
			traces_find(&both, plan->v[i].after.path)
			    ->may_be_cut = true;
	world_save(w);
}

/*
 * Make W as D says, NULL: as without us; but stop after STOP steps.  Returns
 * what plan_make() did.
 */
static inline int
world_change(struct world *w, const struct desired *d, size_t stop)
{
	struct plan plan = PLAN_INIT;
	size_t i;
	int r;

	buf_clear(&w->notes);
	buf_clear(&w->why);
	buf_clear(&w->printed);
	w->steps = 0;
	r = plan_make(d, &w->d.traces, &w->p, &plan, &w->why);
	for (i = 0; i < plan.notes.len; i++)
		(void)buf_addf(&w->notes, "%s\n", plan.notes.v[i]);
	if (r == 0) {
		(void)plan_print(&plan, &w->printed);
		world_write_ahead(w, &plan);
		if (world_carry_out(w, &plan, stop)) {
			traces_clear(&w->d.traces);
			traces_add_former(&w->d.traces, &plan.traces);
			traces_arrive(&w->d.traces);
			world_save(w);
		}
	}
	plan_wipe(&plan);
	return r;
}

static inline void
world_clear(struct world *w)
{
	places_wipe(&w->p);
	deployment_clear(&w->d);
	buf_wipe(&w->notes);
	buf_wipe(&w->why);
	buf_wipe(&w->printed);
}

#endif
