/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exec: a command in a container, as who the deployment is for and with its
 * environment, which has paths and names but no secrets (THREATS.md T18).
 */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "deploy.h"
#include "log.h"
#include "result.h"

/* The environment is that of the plan. */
static int
find_environment(struct job *j)
{
	bool gets_tokens = false;
	int r;

	r = job_recall(j, &gets_tokens);
	if (r == 0 && !gets_tokens)
		r = job_tell_no_tokens(j);
	return r != 0 ? r : job_plan(j);
}

/* Become the client that runs it; returns only when that fails. */
static int
become(const struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct buf user = BUF_INIT(32);
	struct strv argv = STRV_INIT;
	struct strv env = STRV_INIT;
	struct engine_command command = { .env = &env, .argv = &argv };
	int i;
	int r;

	(void)buf_addf(&user, "%u:%u", j->d.uid, j->d.gid);
	command.user = buf_str(&user);
	/* who was not asked for it has the one that the engine finds */
	if (strcmp(j->d.home, j->d.snowflake_home) != 0)
		strv_addf(&env, "HOME=%s", j->d.home);
	strv_add_all(&env, &j->environment);
	for (i = 1; i < j->o->count; i++)
		strv_add(&argv, j->o->words[i]);
	r = deploy_fail(&why, engine_become(&j->target.engine, &command, &why));
	strv_clear(&argv);
	strv_clear(&env);
	buf_wipe(&user);
	buf_wipe(&why);
	return r;
}

int
deploy_exec(const struct deploy_options *o)
{
	struct job j = { .o = o };
	int r;

	r = job_open(&j, o, o->words[0], JOB_RECORD);
	if (r == 0 && j.target.kind != TARGET_CONTAINER) {
		log_warn("%s is no container: nothing can be run in it",
		    j.target.spec);
		r = result_exit(RESULT_USAGE);
	}
	if (r == 0)
		r = find_environment(&j);
	if (r == 0)
		r = become(&j);
	job_close(&j);
	return r;
}
