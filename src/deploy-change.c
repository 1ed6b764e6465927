/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a job changes: planned, and carried out so that whoever is interrupted
 * leaves a record of it.
 */
#include "coco.h"

#include "clock.h"
#include "deploy.h"
#include "log.h"
#include "mem.h"
#include "result.h"

/* --- planning ------------------------------------------------------------- */

int
job_plan(struct job *j)
{
	struct buf why = BUF_INIT(PLAN_MAX_WHY);
	int r;

	desired_wipe(&j->desired);
	strv_clear(&j->environment);
	plan_wipe(&j->plan);
	/* a hook has made it */
	if (j->mount.len != 0 &&
	    traces_find(&j->d.traces, buf_str(&j->mount)) != NULL &&
	    !strv_has(&j->parents, buf_str(&j->mount)))
		strv_add(&j->parents, buf_str(&j->mount));
	j->layout.parents = &j->parents;
	/* so that what is done in Snowflake can be traced to who may do it */
	if (j->grant.id[0] != '\0')
		j->layout.id = j->grant.id;
	r = layout_make(&j->layout, &j->desired, &j->environment, &why);
	if (r == 0)
		r = plan_make(&j->desired, &j->d.traces, &j->now, &j->plan,
		    &why);
	r = r != 0 ? deploy_fail(&why, r) : job_share(j);
	buf_wipe(&why);
	return r;
}

int
job_plan_removal(struct job *j)
{
	struct buf why = BUF_INIT(PLAN_MAX_WHY);
	int r;

	plan_wipe(&j->plan);
	r = job_leave_shared(j);
	if (r != 0)
		return r;
	r = plan_make(NULL, &j->d.traces, &j->now, &j->plan, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}

void
job_tell_notes(const struct job *j)
{
	size_t i;

	for (i = 0; i < j->plan.notes.len; i++)
		log_warn("%s", j->plan.notes.v[i]);
}

/* --- doing ---------------------------------------------------------------- */

/* Keep what others wrote into the files that are about to change, where a copy
 * that is interrupted would cut them. */
static int
save_contents(struct job *j)
{
	const struct place *before;
	size_t i;
	int r = 0;

	places_wipe(&j->d.saved);
	for (i = 0; i < j->plan.len && r == 0; i++) {
		before = &j->plan.v[i].before;
		if (target_is_atomic(&j->target) ||
		    before->kind != PLACE_FILE || before->content.len == 0 ||
		    (j->plan.v[i].kind != DESIRED_TOML &&
			j->plan.v[i].kind != DESIRED_JSON))
			continue;
		r = places_add_copy(&j->d.saved, before);
	}
	return r;
}

/* What is not replaced whole may be found in part, which no hash tells. */
static void
mark_cuts(struct job *j)
{
	const struct plan_step *step;
	size_t i;

	for (i = 0; i < j->plan.len && !target_is_atomic(&j->target); i++) {
		step = &j->plan.v[i];
		if (step->kind == DESIRED_FILE &&
		    step->after.kind == PLACE_FILE)
			traces_find(&j->d.traces, step->after.path)
			    ->may_be_cut = true;
	}
}

/* The record for a target that is anywhere between what it was and what it is
 * to be. */
static int
write_ahead(struct job *j, struct buf *why)
{
	struct traces both = TRACES_INIT;
	int r;

	traces_add_former(&both, &j->plan.traces);
	traces_add_former(&both, &j->d.traces);
	traces_clear(&j->d.traces);
	j->d.traces = both;
	mark_cuts(j);
	j->d.applied_utc = 0;
	r = save_contents(j);
	return r != 0 ? r : deployment_save(&j->d, why);
}

static int
write_behind(struct job *j, struct buf *why)
{
	traces_clear(&j->d.traces);
	traces_add_former(&j->d.traces, &j->plan.traces);
	traces_arrive(&j->d.traces);
	places_wipe(&j->d.saved);
	j->d.applied_utc = clock_utc();
	return deployment_save(&j->d, why);
}

/* A file that others wrote and that could not be written back whole is worse
 * than the failure itself. */
static void
undo_cut(struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);

	if (j->d.saved.len != 0 &&
	    target_write(&j->target, &j->d.saved, &why) != 0)
		log_hint("what was in the files that were being changed is "
			 "kept: run the same command again");
	buf_wipe(&why);
}

static const char *
removal_helper(const struct job *j, struct buf *b)
{
	if (j->target.kind == TARGET_CONTAINER && j->target.is_read_only) {
		(void)buf_addf(b, "%s/.coco-deploy-remove", j->d.home);
		return buf_str(b);
	}
	return ENGINE_HELPER;
}

static int
change(struct job *j, struct buf *why)
{
	struct buf helper = BUF_INIT(PLACE_MAX_PATH);
	struct places changes = PLACES_INIT;
	struct strv removals = STRV_INIT;
	int r;

	r = plan_places(&j->plan, &changes);
	if (r == 0)
		r = target_write(&j->target, &changes, why);
	if (r != 0)
		undo_cut(j);
	/* what a process of ours keeps there; the directory goes after it */
	if (j->conn == NULL && j->d.token_file != NULL)
		strv_add(&removals, j->d.token_file);
	if (j->stale != NULL)
		strv_add(&removals, j->stale);
	plan_removals(&j->plan, &removals);
	if (r == 0)
		r = target_remove(&j->target, &removals,
		    removal_helper(j, &helper), why);
	if (r == -ENOTEMPTY) {
		log_lines(buf_str(why));
		buf_clear(why);
		r = 0;
	}
	places_wipe(&changes);
	strv_clear(&removals);
	buf_wipe(&helper);
	return r;
}

/* All but the traces. */
void
job_fill_record(struct job *j)
{
	size_t i;

	/* by the name that it was given first */
	if (j->d.target == NULL)
		xstrset(&j->d.target, j->target.spec);
	xstrset(&j->d.container,
	    j->target.container.id[0] != '\0' ? j->target.container.id : NULL);
	if (j->conn == NULL)
		return;
	xstrset(&j->d.connection, conn_name(j->conn));
	if (j->o->role != NULL)
		xstrset(&j->d.role, j->o->role);
	j->d.exposed = j->o->expose;
	if (j->o->user != NULL)
		xstrset(&j->d.user, j->o->user);
	xstrset(&j->d.home, buf_str(&j->user.home));
	xstrset(&j->d.snowflake_home, buf_str(&j->snowflake_home));
	j->d.uid = j->user.uid;
	j->d.gid = j->user.gid;
	strv_clear(&j->d.providers);
	for (i = 0; i < j->provider_count; i++)
		strv_add(&j->d.providers, j->providers[i].name);
	if (j->d.created_utc == 0)
		j->d.created_utc = clock_utc();
}

/* What somebody who was interrupted has left beside the files. */
static int
tidy(struct job *j, struct buf *why)
{
	struct strv files = STRV_INIT;
	size_t i;
	int r;

	for (i = 0; i < j->d.traces.len; i++)
		if (j->d.traces.v[i].kind != TRACE_DIRECTORY)
			strv_add(&files, j->d.traces.v[i].path);
	r = target_tidy(&j->target, &files, why);
	strv_clear(&files);
	return r;
}

/* Nothing is begun that cannot be done. */
static int
check_running(const struct job *j, struct buf *why)
{
	struct strv removals = STRV_INIT;
	int r = 0;

	plan_removals(&j->plan, &removals);
	if (removals.len != 0 && j->target.kind == TARGET_CONTAINER &&
	    j->target.engine.is_stopped) {
		(void)buf_addf(why,
		    "%s does not run; its files can be removed only while it "
		    "runs: %s start",
		    j->target.spec, engine_name(j->target.engine.kind));
		r = -EHOSTUNREACH;
	}
	strv_clear(&removals);
	return r;
}

int
job_carry_out(struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int r;

	r = check_running(j, &why);
	if (r == 0)
		job_fill_record(j);
	if (r == 0 && j->d.applied_utc == 0)
		r = tidy(j, &why);
	if (r == 0 && j->plan.len != 0) {
		r = write_ahead(j, &why);
		if (r == 0)
			r = change(j, &why);
	}
	if (r == 0)
		r = write_behind(j, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}
