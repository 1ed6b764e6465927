/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list and status: what was put where, and how it is now.
 */
#include "coco.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deploy-run.h"
#include "esc.h"
#include "jsonout.h"
#include "log.h"
#include "result.h"

#define MAX_OUTPUT 1048576

/* --- list ----------------------------------------------------------------- */

struct listing {
	struct buf b;
	struct jsonout j;
	bool as_json;
	int error;
};

/* What of a record is for others to see. */
static void
add_record(struct jsonout *j, const struct deployment *d)
{
	jsonout_text(j, "id", d->id);
	jsonout_text(j, "target", d->target);
	jsonout_text(j, "container", d->container);
	jsonout_text(j, "connection", d->connection);
	jsonout_text(j, "home", d->home);
	jsonout_texts(j, "providers", &d->providers);
	jsonout_text(j, "way", d->way);
	jsonout_text(j, "tokend", d->reach);
	jsonout_text(j, "grant", d->grant);
	jsonout_text(j, "directory", d->directory);
	jsonout_flag(j, "exposed", d->exposed);
	jsonout_flag(j, "finished", d->applied_utc != 0);
	jsonout_number(j, "created_utc", d->created_utc);
}

/* Of one that was started by `run' the record goes by itself. */
static bool
is_gone(const struct deployment *d)
{
	return d->container != NULL && !d->is_run && run_look(d) == RUN_GONE;
}

/* By its id, for another container may have the name by now. */
static void
tell_gone(const struct deployment *d)
{
	log_warn("%s is gone, and its record is still here", d->target);
	log_hint("coco-deploy -c %s remove %.*s:%s", d->connection,
	    (int)strcspn(d->target, ":"), d->target, d->container);
}

static int
list_one(void *ctx, struct deployment *d)
{
	struct listing *l = ctx;
	bool gone = is_gone(d);

	if (l->as_json) {
		jsonout_begin(&l->j, NULL);
		jsonout_put(&l->j, "{");
		add_record(&l->j, d);
		jsonout_flag(&l->j, "gone", gone);
		jsonout_put(&l->j, "}");
		l->error = l->j.error;
	} else {
		l->error = esc_visible(&l->b, d->target, strlen(d->target));
		if (l->error == 0)
			l->error = buf_adds(&l->b, "  ");
		if (l->error == 0)
			l->error = esc_visible(&l->b, d->connection,
			    strlen(d->connection));
		if (l->error == 0)
			l->error = buf_addf(&l->b, "  %s%s%s%s\n",
			    d->way != NULL ? d->way : "?",
			    d->grant != NULL ? "  grant " : "",
			    d->grant != NULL ? d->grant : "",
			    gone ? "  gone" : "");
		if (gone)
			tell_gone(d);
	}
	deployment_clear(d);
	return l->error;
}

int
deploy_list(const struct deploy_options *o)
{
	struct listing l = { .b = BUF_INIT(MAX_OUTPUT), .as_json = o->json };
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	int r;

	run_sweep();
	l.j = (struct jsonout)JSONOUT_INIT(&l.b);
	if (o->json) {
		jsonout_put(&l.j, "{");
		jsonout_begin(&l.j, "deployments");
		jsonout_put(&l.j, "[");
	}
	r = deployment_each(list_one, &l, &why);
	if (o->json)
		jsonout_put(&l.j, "]}\n");
	if (r == 0 || l.error != 0)
		r = deploy_print(&l.b, l.error != 0 ? l.error : l.j.error);
	if (why.len != 0)
		log_lines(buf_str(&why));
	else if (r == 0 && l.b.len == 0 && isatty(STDERR_FILENO))
		log_warn("nothing was put anywhere");
	/* one that cannot be read is not passed over in silence */
	r = r != 0 || why.len != 0 ? result_exit(RESULT_ERROR) : 0;
	buf_wipe(&l.b);
	buf_wipe(&why);
	return r;
}

/* --- status --------------------------------------------------------------- */

static void
add_line(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	(void)buf_addf(b, "%-12s ", name);
	(void)esc_visible(b, value, strlen(value));
	(void)buf_addc(b, '\n');
}

/* The grant of the record: how long it lasts, or why it is of no use. */
static void
look_at_grant(struct job *j, struct buf *state)
{
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);

	if (j->d.grant == NULL)
		(void)buf_adds(state, "none");
	else if (granting_find(j->d.grant, &j->grant, &why) != 0)
		(void)buf_adds(state, buf_str(&why));
	else if (j->grant.paused)
		(void)buf_adds(state, "paused");
	else if (!j->grant.listening)
		(void)buf_adds(state, "not served");
	else
		(void)buf_addf(state, "ends in %" PRId64 " h %02" PRId64 " min",
		    j->grant.expires_in / 3600,
		    j->grant.expires_in % 3600 / 60);
	buf_wipe(&why);
}

static void
status_lines(const struct job *j, const struct buf *grant, struct buf *b)
{
	struct buf changes = BUF_INIT(64);

	add_line(b, "target", j->target.spec);
	add_line(b, "connection", j->d.connection);
	add_line(b, "id", j->d.id);
	add_line(b, "home", j->d.home);
	add_line(b, "way", j->d.way);
	add_line(b, "tokend", j->d.reach);
	add_line(b, "directory", j->d.directory);
	add_line(b, "grant", j->d.grant);
	add_line(b, "", buf_str(grant));
	if (j->d.applied_utc == 0)
		add_line(b, "unfinished", "apply was interrupted: do it again");
	if (j->plan.len != 0)
		(void)buf_addf(&changes,
		    "%zu changes to make: see coco-deploy plan", j->plan.len);
	else if (job_lacks_watcher(j))
		(void)buf_adds(&changes,
		    "nothing keeps its token fresh: coco-deploy apply");
	else
		(void)buf_adds(&changes, "as it was put there");
	add_line(b, "state", buf_str(&changes));
	buf_wipe(&changes);
}

static int
status_json(const struct job *j, const struct buf *grant, struct buf *b)
{
	struct jsonout out = JSONOUT_INIT(b);

	jsonout_put(&out, "{");
	add_record(&out, &j->d);
	jsonout_text(&out, "grant_state", buf_str(grant));
	if (j->grant.expires_in > 0)
		jsonout_number(&out, "expires_in", j->grant.expires_in);
	jsonout_number(&out, "changes", (int64_t)j->plan.len);
	jsonout_texts(&out, "notes", &j->plan.notes);
	jsonout_put(&out, "}\n");
	return out.error;
}

int
deploy_status(const struct deploy_options *o)
{
	struct buf b = BUF_INIT(MAX_OUTPUT);
	struct buf grant = BUF_INIT(GRANTING_MAX_WHY);
	struct job j = { .o = o };
	bool in_order = false;
	int r;

	r = job_open(&j, o, o->words[0], JOB_RECORD);
	if (r == 0)
		r = job_recall(&j, &in_order);
	if (r == 0)
		look_at_grant(&j, &grant);
	if (r == 0 && in_order)
		r = job_plan(&j);
	if (r == 0) {
		if (!o->json)
			status_lines(&j, &grant, &b);
		r = deploy_print(&b, o->json ? status_json(&j, &grant, &b) : 0);
		if (!o->json)
			job_tell_notes(&j);
	}
	if (r == 0 && !in_order) {
		r = job_tell_no_tokens(&j);
	} else if (r == 0 && (j.plan.len != 0 || job_lacks_watcher(&j))) {
		r = DEPLOY_CHANGES;
	}
	buf_wipe(&b);
	buf_wipe(&grant);
	job_close(&j);
	return r;
}
