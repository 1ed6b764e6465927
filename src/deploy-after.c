/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * After `run': what is left of a container that has ended is removed by who
 * started it; by a process that he leaves behind when it outlives him; or, when
 * that was killed as well, by the next coco-deploy that comes along.
 */
#include "coco.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deploy-run.h"
#include "exec-child.h"
#include "log.h"

#define LOOK_MS 30000

/* How long one that was stopped may take to be started again: `restart', or a
 * policy of the engine's. */
#define RESTART_MS 3000
#define PAUSE_MS   250

/* The engine may be restarted. */
#define TRIES        60
#define TRY_PAUSE_MS 5000

/* --- what is known -------------------------------------------------------- */

static struct engine
engine_of(const struct deployment *d)
{
	struct engine e = { .container = "" };

	(void)target_engine(d->target, clock_ms() + LOOK_MS, &e);
	if (d->container != NULL)
		e.container = d->container;
	return e;
}

enum run_state
run_look(const struct deployment *d)
{
	struct engine e = engine_of(d);
	struct container c;
	struct buf why = BUF_INIT(ENGINE_MAX_WHY);
	enum run_state state;
	int r;

	memset(&c, 0, sizeof(c));
	r = engine_inspect(&e, &why, &c);
	state = r == -ENOENT            ? RUN_GONE :
	    r != 0                      ? RUN_UNKNOWN :
	    c.is_running || c.is_paused ? RUN_ALIVE :
					  RUN_STOPPED;
	container_clear(&c);
	buf_wipe(&why);
	return state;
}

/* --- cleaning up ---------------------------------------------------------- */

/* The directory last: what is interrupted is found by it. */
void
run_clean_up(const struct deployment *d, const struct rundir *dir)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY);
	int r = 0;

	if (!d->is_borrowed)
		job_revoke_former(d->grant);
	if (d->id[0] != '\0')
		r = deployment_forget(d->id, &why);
	if (r == 0 && dir->fd >= 0)
		r = rundir_remove(dir, &why);
	if (r != 0)
		log_warn("%s", buf_str(&why));
	buf_wipe(&why);
}

/* --- a container that outlives us ----------------------------------------- */

static void
pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

/* It has stopped, as it seems: give it the time to be started again. */
static enum run_state
look_again(const struct deployment *d)
{
	int64_t end = clock_ms() + RESTART_MS;
	enum run_state state = run_look(d);

	while (state == RUN_STOPPED && clock_ms() < end) {
		pause_ms(PAUSE_MS);
		state = run_look(d);
	}
	return state;
}

/* Wait for the end of the container.  Returns whether it has ended, as far as
 * that can be found out. */
static bool
wait_for_end(const struct deployment *d)
{
	struct buf why = BUF_INIT(ENGINE_MAX_WHY);
	enum run_state state = RUN_UNKNOWN;
	struct engine e;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		e = engine_of(d);
		(void)engine_wait(&e, &why);
		buf_clear(&why);
		state = look_again(d);
		if (state == RUN_GONE || state == RUN_STOPPED)
			break;
		if (state == RUN_ALIVE)
			tries = 0;
		pause_ms(state == RUN_ALIVE ? PAUSE_MS : TRY_PAUSE_MS);
	}
	buf_wipe(&why);
	return state == RUN_GONE || state == RUN_STOPPED;
}

void
run_watch(const struct deployment *d, const struct rundir *dir)
{
	pid_t pid = fork();

	if (pid < 0)
		log_warn("%s: what was put there is removed by the next "
			 "coco-deploy that runs after it has ended",
		    d->target);
	if (pid != 0)
		return;
	exec_child_detach(dir->fd, -1);
	/* no directory is to be in use because of us */
	if (chdir("/") == 0 && wait_for_end(d))
		run_clean_up(d, dir);
	_exit(0);
}

/* --- what others have left ------------------------------------------------ */

static int
sweep_one(void *ctx, const char *id)
{
	struct rundir dir = RUNDIR_INIT;
	struct deployment d = DEPLOYMENT_INIT;
	struct buf *why = ctx;
	enum run_state state;
	int r;

	if (rundir_take(id, why, &dir) == 0) {
		r = deployment_load(id, &d, why);
		/* without a record nothing was started */
		state = r == -ENOENT                          ? RUN_GONE :
		    r != 0 || !d.is_run || job_is_compose(&d) ? RUN_UNKNOWN :
								run_look(&d);
		if (state == RUN_GONE || state == RUN_STOPPED)
			run_clean_up(&d, &dir);
	}
	deployment_clear(&d);
	rundir_close(&dir);
	return 0;
}

void
run_sweep(void)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);

	/* what cannot be read is told by who needs it */
	(void)rundir_each(sweep_one, &why, &why);
	buf_wipe(&why);
}
