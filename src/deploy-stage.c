/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is mounted rather than copied: Snowflake's files in a directory of ours
 * (rundir.h), for a container that is not there yet.
 */
#include "coco.h"

#include <string.h>

#include "clock.h"
#include "deploy-run.h"
#include "log.h"
#include "result.h"

static int
add_directory(struct job *j, const char *path)
{
	struct place *place;
	int r;

	r = places_add(&j->now, path, &place);
	if (r == 0) {
		place->kind = PLACE_DIRECTORY;
		place->mode = 0700;
		place->uid = j->user.uid;
		place->gid = j->user.gid;
	}
	return r;
}

/* Only what is in the mounted directory can be written: the rest is in an image
 * that nobody has unpacked. */
static int
check_places(const struct job *j)
{
	const struct plan_step *step;
	size_t i;

	for (i = 0; i < j->plan.len; i++) {
		step = &j->plan.v[i];
		if (place_is_below(step->after.path, DEPLOY_RUN_HOME))
			continue;
		log_warn("a provider wants %s, which cannot be put into a "
			 "container before it is there",
		    step->after.path);
		log_hint("start it without, and then: coco-deploy apply");
		return result_exit(RESULT_UNSUPPORTED);
	}
	return 0;
}

/* What is to be written, as the host counts users. */
static int
map_places(const struct job *j, uid_t uid, gid_t gid, struct places *changes)
{
	size_t i;
	int r;

	r = plan_places(&j->plan, changes);
	for (i = 0; i < changes->len; i++) {
		changes->v[i].uid = uid;
		changes->v[i].gid = gid;
	}
	return r;
}

static int
write_files(const struct job *j, const struct rundir *dir, uid_t uid, gid_t gid,
    struct buf *why)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	struct places changes = PLACES_INIT;
	struct rootdir root = ROOTDIR_INIT;
	int r;

	r = rundir_make_root(dir, DEPLOY_RUN_HOME, uid, gid, why);
	if (r == 0)
		r = rundir_path(dir, "root", &path);
	if (r == 0)
		r = rootdir_open(buf_str(&path), why, &root);
	if (r == 0)
		r = map_places(j, uid, gid, &changes);
	if (r == 0)
		r = rootdir_write(&root, &changes, why);
	rootdir_close(&root);
	places_wipe(&changes);
	buf_wipe(&path);
	return r;
}

int
stage_plan(struct job *j)
{
	int status;

	if (add_directory(j, buf_str(&j->user.home)) != 0 ||
	    add_directory(j, DEPLOY_RUN_HOME) != 0)
		return result_exit(RESULT_ERROR);
	status = job_plan(j);
	return status != 0 ? status : check_places(j);
}

/* The record comes first: by it what is left of an interrupted one is found. */
int
stage_write(struct job *j, const struct rundir *dir, uid_t uid, gid_t gid)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int r;

	job_fill_record(j);
	traces_add_former(&j->d.traces, &j->plan.traces);
	j->d.applied_utc = clock_utc();
	r = deployment_save(&j->d, &why);
	if (r == 0)
		r = write_files(j, dir, uid, gid, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}
