/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "mem.h"
#include "plan-priv.h"

#define MAX_LINE 4096

/* Room for what the planner knows while it works. */
struct planner {
	const struct traces *traces;
	const struct places *now;
	struct plan *plan;
	struct buf *why;
};

/* --- what is said --------------------------------------------------------- */

/* Append "PATH: ..." so that nothing in it can harm a terminal. */
static void
add_line(struct buf *b, const char *path, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT(MAX_LINE);

	(void)buf_addf(&line, "%s: ", path);
	(void)buf_addv(&line, fmt, ap);
	(void)esc_visible(b, buf_str(&line), line.len);
	buf_wipe(&line);
}

void
plan_explain(struct buf *why, const char *path, const char *fmt, ...)
{
	va_list ap;

	if (why->len != 0)
		(void)buf_addc(why, '\n');
	va_start(ap, fmt);
	add_line(why, path, fmt, ap);
	va_end(ap);
}

void
plan_note(struct strv *notes, const char *path, const char *fmt, ...)
{
	struct buf b = BUF_INIT(4 * MAX_LINE);
	va_list ap;

	va_start(ap, fmt);
	add_line(&b, path, fmt, ap);
	va_end(ap);
	strv_add(notes, buf_str(&b));
	buf_wipe(&b);
}

int
plan_add_name(struct buf *b, const struct strv *key)
{
	size_t i;
	int r = 0;

	for (i = 0; i < key->len && r == 0; i++) {
		if (i != 0)
			r = buf_addc(b, '.');
		if (r == 0)
			r = buf_adds(b, key->v[i]);
	}
	return r;
}

/* --- members -------------------------------------------------------------- */

bool
plan_is_desired(const struct merge *m, const struct strv *key)
{
	const struct strv *other;
	size_t i;
	size_t k;

	for (i = 0; m->item != NULL && i < m->item->count; i++) {
		other = &m->item->keys[i].path;
		for (k = 0; k < key->len && k < other->len; k++)
			if (strcmp(key->v[k], other->v[k]) != 0)
				break;
		if (k == key->len && k == other->len)
			return true;
	}
	return false;
}

bool
plan_is_ours(const struct merge *m, const struct strv *key, const char *hash)
{
	const struct trace_key *was = m->was != NULL ?
	    trace_find(m->was, key->v) :
	    NULL;

	return was != NULL && trace_key_is(was, hash);
}

int
plan_keep(const struct merge *m, const struct desired_key *key)
{
	const struct trace_key *was = m->was != NULL ?
	    trace_find(m->was, key->path.v) :
	    NULL;
	struct buf name = BUF_INIT(MAX_LINE);

	(void)plan_add_name(&name, &key->path);
	if (key->rule == DESIRED_MUST && was != NULL)
		plan_explain(m->why, m->path,
		    "%s was changed since: take that back, or remove and "
		    "apply again",
		    buf_str(&name));
	else if (key->rule == DESIRED_MUST)
		plan_explain(m->why, m->path,
		    "%s is there with another value, not ours", buf_str(&name));
	else if (was == NULL)
		plan_note(m->notes, m->path,
		    "%s is there with another value; it stays", buf_str(&name));
	else
		plan_note(m->notes, m->path, "%s was changed since; it stays",
		    buf_str(&name));
	buf_wipe(&name);
	if (key->rule == DESIRED_MUST)
		return -EEXIST;
	if (was != NULL)
		trace_set(m->is, was->path.v, was->hash, false);
	return 0;
}

/* --- steps ---------------------------------------------------------------- */

/* All of FROM but its content. */
static struct place
without_content(const struct place *from)
{
	struct place p = *from;

	p.path = xstrdup(from->path);
	p.content = (struct buf)BUF_INIT(PLACE_MAX_CONTENT);
	return p;
}

/* A step from NOW, which is copied, to what the caller makes of AFTER, which
 * begins as the same without content; valid until the next call.  NULL when it
 * is too long. */
static struct plan_step *
add_step(struct plan *p, enum desired_kind kind, const struct place *now)
{
	struct plan_step *step;

	p->v = xreallocarray(p->v, p->len + 1, sizeof(*p->v));
	step = &p->v[p->len++];
	*step = (struct plan_step){ .kind = kind,
		.before = without_content(now),
		.after = without_content(now) };
	return buf_add(&step->before.content, buf_str(&now->content),
		   now->content.len) == 0 ?
	    step :
	    NULL;
}

/* What is at PATH, also when nobody has looked. */
static struct place
place_now(const struct planner *p, const char *path)
{
	const struct place *found = places_find(p->now, path);

	if (found != NULL)
		return *found;
	return (struct place){ .path = (char *)(uintptr_t)path,
		.kind = PLACE_ABSENT,
		.content = BUF_INIT(PLACE_MAX_CONTENT) };
}

/* Whether what is at the place can be looked into; says why not. */
static int
check_kind(const struct planner *p, const struct place *now,
    enum place_kind wanted)
{
	if (now->kind == PLACE_ABSENT || now->kind == wanted)
		return 0;
	plan_explain(p->why, now->path, "it is %s, where %s is to be",
	    now->kind == PLACE_ODD           ? now->odd :
		now->kind == PLACE_DIRECTORY ? "a directory" :
					       "a file",
	    wanted == PLACE_DIRECTORY ? "a directory" : "a file");
	return -EEXIST;
}

/* --- directories ---------------------------------------------------------- */

static int
plan_directory(struct planner *p, const struct desired_item *item)
{
	const struct trace *was = traces_find(p->traces, item->path);
	struct place now = place_now(p, item->path);
	struct plan_step *step;
	int r;

	r = check_kind(p, &now, PLACE_DIRECTORY);
	if (r != 0)
		return r;
	if (now.kind == PLACE_ABSENT && item->must_exist) {
		plan_explain(p->why, item->path, "there is no such directory");
		return -ENOENT;
	}
	if (now.kind == PLACE_ABSENT) {
		step = add_step(p->plan, DESIRED_DIRECTORY, &now);
		if (step == NULL)
			return -EMSGSIZE;
		step->after.kind = PLACE_DIRECTORY;
		step->after.mode = item->mode;
		step->after.uid = item->uid;
		step->after.gid = item->gid;
	} else if (!item->must_exist && now.uid != item->uid && now.uid != 0) {
		plan_explain(p->why, item->path,
		    "it belongs to uid %u, not to uid %u",
		    (unsigned int)now.uid, (unsigned int)item->uid);
		return -EEXIST;
	} else if (!item->must_exist && (now.mode & 0022 & ~item->mode) != 0) {
		plan_explain(p->why, item->path,
		    "others can write into it (mode %04o); chmod %04o",
		    (unsigned int)now.mode, (unsigned int)item->mode);
		return -EEXIST;
	}
	if (now.kind == PLACE_ABSENT || (was != NULL && was->made))
		traces_add(&p->plan->traces, TRACE_DIRECTORY, item->path)
		    ->made = true;
	return 0;
}

/* --- whole files ---------------------------------------------------------- */

static int
write_file(struct planner *p, const struct desired_item *item,
    const struct place *now)
{
	struct plan_step *step = add_step(p->plan, DESIRED_FILE, now);

	if (step == NULL)
		return -EMSGSIZE;
	step->is_secret = item->is_secret;
	step->after.kind = PLACE_FILE;
	step->after.mode = item->mode;
	step->after.uid = item->uid;
	step->after.gid = item->gid;
	return buf_add(&step->after.content, buf_str(&item->content),
	    item->content.len);
}

static bool
is_as_desired(const struct desired_item *item, const struct place *now)
{
	return now->kind == PLACE_FILE && now->mode == item->mode &&
	    now->uid == item->uid && now->gid == item->gid &&
	    now->content.len == item->content.len &&
	    memcmp(buf_str(&now->content), buf_str(&item->content),
		item->content.len) == 0;
}

/* A file that we did not put there, or that was changed since. */
static int
meet_others(struct planner *p, const struct desired_item *item,
    const struct trace *was)
{
	struct trace *is;

	if (was != NULL) {
		plan_note(&p->plan->notes, item->path,
		    "it was changed since; it stays");
		is = traces_add(&p->plan->traces, TRACE_FILE, item->path);
		is->made = true;
		memcpy(is->hash, was->hash, sizeof(is->hash));
		return 0;
	}
	if (item->keep_others) {
		plan_note(&p->plan->notes, item->path,
		    "it is there already, and not ours; it stays");
		return 0;
	}
	plan_explain(p->why, item->path, "it is there already, and not ours");
	return -EEXIST;
}

/* Whether the file of the trace WAS is still ours with this HASH. */
static bool
is_whole_ours(const struct trace *was, const char *hash)
{
	return was != NULL && (trace_is(was, hash) || was->may_be_cut);
}

static int
plan_file(struct planner *p, const struct desired_item *item)
{
	const struct trace *was = traces_find(p->traces, item->path);
	struct place now = place_now(p, item->path);
	char hash[TRACE_HASH_LEN + 1] = "";
	char want[TRACE_HASH_LEN + 1] = "";
	struct trace *is;
	int r;

	r = check_kind(p, &now, PLACE_FILE);
	if (r == 0)
		r = trace_hash(buf_str(&now.content), now.content.len, hash);
	if (r == 0)
		r = trace_hash(buf_str(&item->content), item->content.len,
		    want);
	if (r != 0)
		return r;
	if (now.kind == PLACE_FILE && !is_whole_ours(was, hash)) {
		if (!is_as_desired(item, &now))
			return meet_others(p, item, was);
		/* somebody else wants the same: it is theirs */
		if (was == NULL)
			return 0;
	}
	if (!is_as_desired(item, &now))
		r = write_file(p, item, &now);
	is = traces_add(&p->plan->traces, TRACE_FILE, item->path);
	is->made = true;
	memcpy(is->hash, want, sizeof(want));
	if (now.kind == PLACE_FILE && strcmp(hash, want) != 0)
		memcpy(is->other, hash, sizeof(hash));
	return r;
}

/* --- files that are merged ------------------------------------------------ */

/* The step for the text that came of it, if there is anything to do. */
static int
finish_merge(struct planner *p, const struct merge *m, const struct place *now)
{
	enum place_kind kind = now->kind;
	mode_t mode = now->mode;
	struct plan_step *step;

	if (m->item != NULL) {
		kind = PLACE_FILE;
		mode = m->is->mode;
	} else if (m->is->made && m->text.len == 0) {
		kind = PLACE_ABSENT;
	} else if (m->is->made) {
		plan_note(m->notes, m->path,
		    "it has what others wrote; it stays");
	} else if (m->was != NULL && now->mode == m->was->mode) {
		mode = m->was->old_mode;
	}
	if (kind == now->kind && mode == now->mode &&
	    m->text.len == now->content.len &&
	    memcmp(buf_str(&m->text), buf_str(&now->content), m->text.len) == 0)
		return 0;
	step = add_step(p->plan,
	    m->is->kind == TRACE_TOML ? DESIRED_TOML : DESIRED_JSON, now);
	if (step == NULL)
		return -EMSGSIZE;
	step->after.kind = kind;
	step->after.mode = mode;
	if (now->kind == PLACE_ABSENT && m->item != NULL) {
		step->after.uid = m->item->uid;
		step->after.gid = m->item->gid;
	}
	return buf_add(&step->after.content, buf_str(&m->text), m->text.len);
}

/* A file that clients would not take, and that we must not take for theirs. */
static int
check_owner(struct planner *p, const struct desired_item *item,
    const struct place *now)
{
	if (item == NULL || now->kind == PLACE_ABSENT || now->uid == item->uid)
		return 0;
	plan_explain(p->why, now->path, "it belongs to uid %u, not to uid %u",
	    (unsigned int)now->uid, (unsigned int)item->uid);
	return -EEXIST;
}

/* Say what is known of the file beside its members.  A mode that others have is
 * never widened, and one that they gave it since is theirs. */
static void
begin_merge(const struct merge *m, const struct place *now)
{
	const struct trace *was = m->was;
	bool there = now->kind != PLACE_ABSENT;
	bool found = there && (was == NULL || !was->made);

	m->is->made = !found;
	m->is->was_empty = was != NULL ? was->was_empty :
					 found && now->content.len == 0;
	m->is->mode = m->item == NULL ? now->mode :
	    found                     ? now->mode & m->item->mode :
					m->item->mode;
	m->is->old_mode = found && was != NULL && now->mode == was->mode ?
	    was->old_mode :
	    now->mode;
}

static int
merge(struct planner *p, enum trace_kind kind, const char *path,
    const struct desired_item *item)
{
	struct place now = place_now(p, path);
	struct trace own = { .kind = kind, .path = (char *)(uintptr_t)path };
	struct merge m = { .path = path,
		.item = item,
		.was = traces_find(p->traces, path),
		.is = &own,
		.text = BUF_INIT(PLACE_MAX_CONTENT),
		.notes = &p->plan->notes,
		.why = p->why };
	struct traces one = { &own, 1 };
	int r;

	if (item == NULL && now.kind != PLACE_FILE) {
		if (now.kind != PLACE_ABSENT)
			plan_note(m.notes, m.path,
			    "it was changed since; it stays");
		return 0;
	}
	r = check_kind(p, &now, PLACE_FILE);
	if (r == 0)
		r = check_owner(p, item, &now);
	begin_merge(&m, &now);
	if (r == 0)
		r = buf_add(&m.text, buf_str(&now.content), now.content.len);
	if (r == 0)
		r = kind == TRACE_TOML ? plan_merge_toml(&m) :
					 plan_merge_json(&m);
	if (r == 0)
		r = finish_merge(p, &m, &now);
	if (r == 0 && item != NULL &&
	    (own.count != 0 || (!own.made && own.mode != own.old_mode)))
		traces_add_former(&p->plan->traces, &one);
	while (own.count != 0)
		strv_clear(&own.keys[--own.count].path);
	free(own.keys);
	buf_wipe(&m.text);
	return r;
}

/* --- what is not desired any more ----------------------------------------- */

static int
remove_whole(struct planner *p, const struct trace *was)
{
	struct place now = place_now(p, was->path);
	char hash[TRACE_HASH_LEN + 1];
	struct plan_step *step;
	int r;

	if (now.kind == PLACE_ABSENT)
		return 0;
	r = trace_hash(buf_str(&now.content), now.content.len, hash);
	if (r != 0)
		return r;
	if (was->kind == TRACE_DIRECTORY ?
		now.kind != PLACE_DIRECTORY :
		now.kind != PLACE_FILE || !is_whole_ours(was, hash)) {
		plan_note(&p->plan->notes, was->path,
		    "it was changed since; it stays");
		return 0;
	}
	step = add_step(p->plan,
	    was->kind == TRACE_DIRECTORY ? DESIRED_DIRECTORY : DESIRED_FILE,
	    &now);
	if (step == NULL)
		return -EMSGSIZE;
	step->is_secret = true;
	step->after.kind = PLACE_ABSENT;
	return 0;
}

/* Whether something that is desired is in the directory PATH. */
static bool
holds_desired(const struct desired *d, const char *path)
{
	size_t i;

	for (i = 0; d != NULL && i < d->len; i++)
		if (place_is_below(d->v[i].path, path))
			return true;
	return false;
}

static int
remove_undesired(struct planner *p, const struct desired *d)
{
	const struct trace *was;
	size_t i;
	int r = 0;

	for (i = 0; i < p->traces->len && r == 0; i++) {
		was = &p->traces->v[i];
		if (d != NULL && desired_find(d, was->path) != NULL)
			continue;
		if (was->kind == TRACE_DIRECTORY && holds_desired(d, was->path))
			traces_add(&p->plan->traces, TRACE_DIRECTORY, was->path)
			    ->made = true;
		else if (was->kind == TRACE_TOML || was->kind == TRACE_JSON)
			r = merge(p, was->kind, was->path, NULL);
		else
			r = remove_whole(p, was);
	}
	return r;
}

/* --- the plan ------------------------------------------------------------- */

static int
plan_item(struct planner *p, const struct desired_item *item)
{
	switch (item->kind) {
	case DESIRED_DIRECTORY:
		return plan_directory(p, item);
	case DESIRED_FILE:
		return plan_file(p, item);
	default:
		return merge(p,
		    item->kind == DESIRED_TOML ? TRACE_TOML : TRACE_JSON,
		    item->path, item->count != 0 ? item : NULL);
	}
}

int
plan_make(const struct desired *d, const struct traces *traces,
    const struct places *now, struct plan *ret_plan, struct buf *why)
{
	struct planner p = { traces, now, ret_plan, why };
	int first = 0;
	size_t i;
	int r;

	for (i = 0; d != NULL && i < d->len; i++) {
		r = plan_item(&p, &d->v[i]);
		if (first == 0)
			first = r;
	}
	return first != 0 ? first : remove_undesired(&p, d);
}

int
plan_places(const struct plan *p, struct places *changes)
{
	size_t i;
	int r = 0;

	for (i = 0; i < p->len && r == 0; i++)
		if (p->v[i].after.kind != PLACE_ABSENT)
			r = places_add_copy(changes, &p->v[i].after);
	return r;
}

void
plan_removals(const struct plan *p, struct strv *paths)
{
	struct strv dirs = STRV_INIT;
	const struct plan_step *step;
	size_t i;

	for (i = 0; i < p->len; i++) {
		step = &p->v[i];
		if (step->after.kind != PLACE_ABSENT)
			continue;
		strv_add(step->before.kind == PLACE_DIRECTORY ? &dirs : paths,
		    step->after.path);
	}
	/* what is in a directory sorts behind it, and goes before it */
	strv_sort(&dirs);
	for (i = dirs.len; i-- > 0;)
		strv_add(paths, dirs.v[i]);
	strv_clear(&dirs);
}

void
plan_wipe(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->len; i++) {
		free(p->v[i].before.path);
		free(p->v[i].after.path);
		buf_wipe(&p->v[i].before.content);
		buf_wipe(&p->v[i].after.content);
	}
	free(p->v);
	strv_clear(&p->notes);
	traces_clear(&p->traces);
	*p = (struct plan)PLAN_INIT;
}
