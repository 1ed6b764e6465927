/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several connections in one target: what they share is there once, and stays
 * until the last of them goes.
 */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "deploy.h"
#include "log.h"

/* Whether D is another deployment in the same target. */
static bool
is_neighbour(const struct job *j, const struct deployment *d)
{
	const char *id = j->target.container.id;

	if (strcmp(d->id, j->d.id) == 0)
		return false;
	return d->container != NULL ? strcmp(d->container, id) == 0 :
				      strcmp(d->target, j->target.spec) == 0;
}

/* --- a place to mount at -------------------------------------------------- */

struct taken {
	const struct job *j;
	bool is;
};

static int
look_at_mount(void *ctx, struct deployment *d)
{
	struct taken *t = ctx;

	if (is_neighbour(t->j, d) && d->reach != NULL &&
	    strcmp(d->reach, "unix:" DEPLOY_MOUNT_POINT "/tokend.sock") == 0)
		t->is = true;
	deployment_clear(d);
	return 0;
}

int
job_choose_mount(struct job *j)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	struct taken t = { j, false };
	int r;

	/* what `run' and `compose' start has one connection */
	r = j->d.is_run ? 0 : deployment_each(look_at_mount, &t, &why);
	buf_clear(&j->mount);
	if (r == 0)
		r = buf_adds(&j->mount, DEPLOY_MOUNT_POINT);
	if (r == 0 && t.is)
		r = buf_addf(&j->mount, "-%s", j->d.id);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}

/* --- taking a share ------------------------------------------------------- */

/* A file that a neighbour has put there, and that is as we want it, is ours as
 * well. */
static void
share_files(struct job *j, const struct deployment *d)
{
	const struct trace *theirs;
	struct trace *ours;
	size_t i;

	for (i = 0; i < d->traces.len; i++) {
		theirs = &d->traces.v[i];
		if (theirs->kind != TRACE_FILE ||
		    desired_find(&j->desired, theirs->path) == NULL ||
		    traces_find(&j->plan.traces, theirs->path) != NULL)
			continue;
		ours = traces_add(&j->plan.traces, TRACE_FILE, theirs->path);
		ours->made = theirs->made;
		memcpy(ours->hash, theirs->hash, sizeof(ours->hash));
	}
}

static int
share(void *ctx, struct deployment *d)
{
	struct job *j = ctx;

	if (is_neighbour(j, d))
		share_files(j, d);
	deployment_clear(d);
	return 0;
}

int
job_share(struct job *j)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	int r;

	r = deployment_each(share, j, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}

/* --- leaving it ----------------------------------------------------------- */

/* Whether a trace of D is below the directory PATH. */
static bool
is_used(const struct deployment *d, const char *path)
{
	size_t i;

	for (i = 0; i < d->traces.len; i++)
		if (place_is_below(d->traces.v[i].path, path))
			return true;
	return false;
}

/* Give the neighbour what is known of the file or directory before any of us,
 * if he has something there.  Returns whether he has. */
static bool
give(struct trace *ours, struct deployment *d)
{
	struct trace *theirs = traces_find(&d->traces, ours->path);

	if (ours->kind == TRACE_DIRECTORY) {
		if (!is_used(d, ours->path))
			return false;
		traces_add(&d->traces, TRACE_DIRECTORY, ours->path)
		    ->made = true;
		return true;
	}
	if (theirs == NULL)
		return false;
	theirs->made = theirs->made || ours->made;
	theirs->was_empty = theirs->was_empty || ours->was_empty;
	/* who came later has found the mode that the first one gave it */
	if (!ours->made && ours->old_mode != ours->mode)
		theirs->old_mode = ours->old_mode;
	/* as far as we are concerned it was there, and as it is now */
	ours->made = false;
	ours->was_empty = false;
	ours->old_mode = ours->mode;
	return true;
}

struct leaving {
	struct job *j;
	struct buf *why;
};

static int
leave(void *ctx, struct deployment *d)
{
	struct leaving *l = ctx;
	struct traces *ours = &l->j->d.traces;
	bool changed = false;
	size_t i;
	int r = 0;

	for (i = 0; is_neighbour(l->j, d) && i < ours->len;) {
		if (!give(&ours->v[i], d)) {
			i++;
			continue;
		}
		changed = true;
		if (ours->v[i].kind == TRACE_DIRECTORY ||
		    ours->v[i].kind == TRACE_FILE)
			traces_drop(ours, i);
		else
			i++;
	}
	if (changed)
		r = deployment_save(d, l->why);
	deployment_clear(d);
	return r;
}

int
job_leave_shared(struct job *j)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	struct leaving l = { j, &why };
	int r;

	r = deployment_each(leave, &l, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}
