/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan, apply and remove: a job from its beginning to its end.
 */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deploy.h"
#include "jsonout.h"
#include "log.h"
#include "mem.h"
#include "result.h"

#define MAX_REACHES 8

/* --- what is printed ------------------------------------------------------ */

static void
print_steps(const struct job *j, struct jsonout *out)
{
	size_t i;

	jsonout_begin(out, "changes");
	jsonout_put(out, "[");
	for (i = 0; i < j->plan.len; i++) {
		jsonout_begin(out, NULL);
		jsonout_put(out, "{");
		jsonout_text(out, "action", plan_verb(&j->plan.v[i]));
		jsonout_text(out, "path", j->plan.v[i].after.path);
		jsonout_put(out, "}");
	}
	jsonout_put(out, "]");
	jsonout_texts(out, "notes", &j->plan.notes);
}

static int
print_json(const struct job *j)
{
	struct buf b = BUF_INIT(PLAN_MAX_PRINT);
	struct jsonout out = JSONOUT_INIT(&b);
	int r;

	jsonout_put(&out, "{");
	jsonout_text(&out, "target", j->target.spec);
	jsonout_text(&out, "connection", j->d.connection);
	jsonout_text(&out, "id", j->d.id);
	jsonout_text(&out, "grant", j->d.grant);
	jsonout_text(&out, "tokend",
	    j->tokend.len != 0 ? buf_str(&j->tokend) : NULL);
	jsonout_text(&out, "directory", j->d.directory);
	print_steps(j, &out);
	jsonout_put(&out, "}\n");
	r = deploy_print(&b, out.error);
	buf_wipe(&b);
	return r;
}

static int
print_environment(const struct job *j)
{
	struct buf b = BUF_INIT(PLAN_MAX_PRINT);
	int r;

	r = layout_print(&j->environment, j->o->format, &b);
	if (r == 0) {
		r = deploy_print(&b, 0);
	} else {
		log_warn("the environment cannot be written like that");
		log_hint("--env-format sh and json can say every value");
		r = result_exit(RESULT_ERROR);
	}
	buf_wipe(&b);
	return r;
}

static int
print_plan(const struct job *j)
{
	struct buf b = BUF_INIT(PLAN_MAX_PRINT);
	int r;

	r = deploy_print(&b, plan_print(&j->plan, &b));
	buf_wipe(&b);
	return r;
}

/* --- plan ----------------------------------------------------------------- */

/* Up to where plan and apply differ. */
static int
begin(struct job *j, const char *spec)
{
	int r;

	r = job_open(j, j->o, spec, JOB_ANY);
	if (r == 0)
		r = job_check_exposure(j);
	j->d.exposed = j->o->expose;
	if (r == 0 && j->o->expose)
		r = job_expose(j);
	if (r == 0 && !j->o->expose)
		r = job_find_client(j);
	return r != 0 ? r : job_read(j);
}

static int
no_way(const struct job *j)
{
	if (j->target.kind == TARGET_CONTAINER && j->target.engine.is_stopped) {
		log_warn("%s does not run, so where it can reach this host is "
			 "not known",
		    j->target.spec);
		log_hint("start it first");
		return result_exit(RESULT_UNAVAILABLE);
	}
	log_warn("%s cannot reach this host: it has no network with an address "
		 "here",
	    j->target.spec);
	log_hint("start it by `coco-deploy -c %s run -- %s run ...', which "
		 "mounts the directory of a grant",
	    conn_name(j->conn),
	    j->target.kind == TARGET_CONTAINER ?
		engine_name(j->target.engine.kind) :
		"podman");
	return result_exit(RESULT_UNAVAILABLE);
}

int
deploy_plan(const struct deploy_options *o)
{
	struct reach ways[MAX_REACHES];
	struct job j = { .o = o };
	int r;

	r = begin(&j, o->words[0]);
	if (r == 0 && !o->expose && !job_reach_again(&j) &&
	    !job_reach_mounted(&j)) {
		if (job_reaches(&j, ways, MAX_REACHES) == 0)
			r = no_way(&j);
		else
			job_reach_only_planned(&j, &ways[0]);
	}
	if (r == 0)
		r = job_plan(&j);
	if (r == 0 && o->json)
		r = print_json(&j);
	else if (r == 0)
		r = print_plan(&j);
	if (r == 0 && !o->json)
		job_tell_notes(&j);
	if (r == 0 && !o->expose && j.is_known && job_lacks_watcher(&j)) {
		log_warn("nothing keeps the token fresh in %s: coco-deploy "
			 "apply",
		    j.token_file.data);
		r = DEPLOY_CHANGES;
	}
	if (r == 0 && j.plan.len != 0)
		r = DEPLOY_CHANGES;
	job_close(&j);
	return r;
}

/* --- apply ---------------------------------------------------------------- */

/* Take out again what was put there for a way that does not work. */
static int
take_back(struct job *j)
{
	int r;

	job_end_watcher(j);
	r = job_read(j);
	if (r == 0)
		r = job_plan_removal(j);
	if (r == 0)
		r = job_carry_out(j);
	(void)job_revoke(j);
	return r != 0 ? r : job_read(j);
}

/* Whether the way works, as far as it can be tried. */
static int
try_it(struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int r;

	if (j->target.kind == TARGET_DIRECTORY || j->layout.client == NULL)
		return 0;
	if (!job_needs_try(j))
		return 0;
	if (j->target.engine.is_stopped) {
		log_warn("%s does not run, so the way to the daemon was not "
			 "tried",
		    j->target.spec);
		return 0;
	}
	r = job_try(j, &why);
	if (r == -ENOEXEC) {
		log_warn("coco-credential cannot be run in %s, so the way to "
			 "the daemon was not tried",
		    j->target.spec);
		r = 0;
	}
	buf_wipe(&why);
	return r;
}

static int
apply_by(struct job *j, const struct reach *way, bool *ret_works)
{
	int r = 0;

	if (way != NULL)
		r = job_reach(j, way);
	else if (!j->o->expose)
		job_note_way(j);
	if (r == 0)
		r = job_plan(j);
	if (r == 0)
		r = job_carry_out(j);
	if (r != 0 && j->is_new_grant)
		(void)job_revoke(j);
	*ret_works = r == 0 && try_it(j) == 0;
	return r;
}

/* Nothing is there any more of what was tried. */
static int
forget_failed(const struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);

	if (j->d.traces.len == 0 && deployment_forget(j->d.id, &why) != 0)
		log_lines(buf_str(&why));
	buf_wipe(&why);
	return no_way(j);
}

static int
apply_somehow(struct job *j)
{
	struct reach ways[MAX_REACHES];
	size_t count = job_reaches(j, ways, MAX_REACHES);
	char *former = NULL;
	bool works = false;
	size_t i;
	int r = 0;

	if (count == 0)
		return no_way(j);
	if (!j->d.is_borrowed)
		xstrset(&former, j->d.grant);
	for (i = 0; i < count && r == 0 && !works; i++) {
		r = apply_by(j, &ways[i], &works);
		if (r == 0 && !works)
			r = take_back(j);
	}
	if (r == 0)
		job_revoke_former(former);
	if (r == 0 && !works)
		r = forget_failed(j);
	free(former);
	return r;
}

/* What is to be done so that it works, where that is not our part. */
static void
tell_mount(const struct job *j)
{
	if (j->target.kind != TARGET_DIRECTORY || j->grant.directory == NULL ||
	    !isatty(STDERR_FILENO))
		return;
	log_hint("mount %s there at %s, read-only", j->grant.directory,
	    buf_str(&j->mount));
}

static void
tell_done(const struct job *j)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (j->plan.len == 0)
		log_warn("%s has all of it already", j->target.spec);
	else
		log_warn("%s is ready for connection \"%s\"", j->target.spec,
		    conn_name(j->conn));
}

/* With the secret itself: a grant that was there before is for nothing. */
static int
apply_exposed(struct job *j)
{
	char *former = NULL;
	bool works;
	int r;

	job_end_watcher(j);
	xstrset(&j->stale, j->d.token_file);
	if (!j->d.is_borrowed)
		xstrset(&former, j->d.grant);
	xstrset(&j->d.grant, NULL);
	xstrset(&j->d.capability, NULL);
	xstrset(&j->d.reach, NULL);
	xstrset(&j->d.directory, NULL);
	xstrset(&j->d.token_file, NULL);
	j->d.is_borrowed = false;
	r = apply_by(j, NULL, &works);
	if (r == 0)
		job_revoke_former(former);
	free(former);
	return r;
}

static int
apply(struct job *j)
{
	bool works = false;
	int r = 0;

	if (j->o->expose)
		return apply_exposed(j);
	if (job_reach_again(j) || job_reach_mounted(j)) {
		r = job_renew(j);
		if (r == 0)
			r = apply_by(j, NULL, &works);
		if (r != 0 || works)
			return r;
		/* it is not there any more, whatever the record says */
		r = job_read(j);
	}
	return r != 0 ? r : apply_somehow(j);
}

int
deploy_apply(const struct deploy_options *o)
{
	struct job j = { .o = o };
	int r;

	r = begin(&j, o->words[0]);
	if (r == 0)
		r = apply(&j);
	if (r == 0) {
		job_warn_of_login(&j);
		job_tell_notes(&j);
		tell_mount(&j);
		tell_done(&j);
	}
	if (r == 0 && o->json)
		r = print_json(&j);
	else if (r == 0 && o->env_format != NULL)
		r = print_environment(&j);
	job_close(&j);
	return r;
}

/* --- remove --------------------------------------------------------------- */

/* End the grant.  As long as that cannot be done the record stays, for the
 * grant would serve again once a daemon runs. */
static int
end_grant(const struct job *j)
{
	int r = job_revoke(j);

	if (r != 0)
		log_hint("do it again when that can be done: the record stays "
			 "until then");
	return r;
}

/* The container that had the name has another one now. */
static int
open_renamed(const struct deploy_options *o, struct target *ret_target,
    struct buf *ret_why)
{
	struct deployment d = DEPLOYMENT_INIT;
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct buf spec = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = deployment_find(o->words[0], NULL, o->connection, &d, &why);
	if (r == 0 && d.container == NULL)
		r = -ENOENT;
	if (r == 0)
		r = buf_addf(&spec, "%.*s:%s", (int)strcspn(d.target, ":"),
		    d.target, d.container);
	if (r == 0)
		r = target_open(buf_str(&spec), clock_ms() + DEPLOY_TARGET_MS,
		    &why, ret_target);
	/* of one that is not there either, the name that was asked for */
	if (r != 0 && r != -ENOENT)
		buf_move(ret_why, &why);
	deployment_clear(&d);
	buf_wipe(&why);
	buf_wipe(&spec);
	return r;
}

/* The container is gone, and all in it: what is left is on the host. */
static int
forget_gone(const struct deploy_options *o, struct buf *why)
{
	struct buf reason = BUF_INIT(TARGET_MAX_WHY);
	const char *colon = strchr(o->words[0], ':');
	struct job j = { .o = o, .d = DEPLOYMENT_INIT };
	int r;

	/* it may be named by its id, as list does */
	r = deployment_find(o->words[0], colon != NULL ? colon + 1 : NULL,
	    o->connection, &j.d, &reason);
	if (r != 0) {
		buf_wipe(&reason);
		return deploy_fail(why, -ENOENT);
	}
	r = end_grant(&j);
	if (r == 0 && deployment_forget(j.d.id, &reason) != 0)
		r = deploy_fail(&reason, -EIO);
	if (r == 0)
		log_warn("%s is gone: its record is removed, too", j.d.target);
	deployment_clear(&j.d);
	buf_wipe(&reason);
	return r;
}

static int
take_out(struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int r;

	job_end_watcher(j);
	r = job_read(j);
	if (r == 0)
		r = job_plan_removal(j);
	if (r == 0)
		r = job_carry_out(j);
	if (r == 0) {
		job_tell_notes(j);
		r = end_grant(j);
	}
	if (r == 0 && deployment_forget(j->d.id, &why) != 0)
		r = deploy_fail(&why, -EIO);
	if (r == 0 && j->o->json)
		r = print_json(j);
	buf_wipe(&why);
	return r;
}

int
deploy_remove(const struct deploy_options *o)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct target target = TARGET_INIT;
	struct job j = { .o = o };
	int r;

	if (strncmp(o->words[0], DEPLOY_COMPOSE, strlen(DEPLOY_COMPOSE)) == 0)
		return deploy_compose_remove(o);
	r = target_open(o->words[0], clock_ms() + DEPLOY_TARGET_MS, &why,
	    &target);
	if (r == -ENOENT) {
		target_close(&target);
		r = open_renamed(o, &target, &why);
	}
	if (r == -ENOENT) {
		r = forget_gone(o, &why);
		target_close(&target);
	} else if (r != 0) {
		r = deploy_fail(&why, r);
		target_close(&target);
	} else {
		r = job_open_target(&j, o, &target, JOB_REMOVAL);
		if (r == 0)
			r = take_out(&j);
		job_close(&j);
	}
	buf_wipe(&why);
	return r;
}
