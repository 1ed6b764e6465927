/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of `coco-deploy run' share: one container that is to be
 * started, and what is left when it has ended.
 *
 *	deploy-run.c	from the line to the end
 *	deploy-runas.c	who runs in it, and who that is on the host
 *	deploy-stage.c	its files
 *	deploy-after.c	looking after it, and cleaning up
 */
#ifndef DEPLOY_RUN_H
#define DEPLOY_RUN_H

#include <sys/types.h>

#include <stdbool.h>

#include "deploy.h"
#include "rundir.h"
#include "runline.h"

struct run {
	struct job j; /* its target is there only when the container is */
	struct runline line;
	struct rundir dir;
	struct buf cidfile;
	char arch[32];  /* of the image, as uname(2) has it; "": ours */
	uid_t host_uid; /* whom the host takes the container's user for */
	gid_t host_gid;
	bool has_ended; /* with its client: nobody can have left it running */
	bool is_bound;  /* nothing is to be done about its id any more */
};

/*
 * Find out who runs in the container and where he is at home, and who that is
 * on the host; the image is fetched where it is missing.  Returns 0 or an exit
 * status, having said why.
 */
int run_find_user(struct run *r);

/* --- deploy-stage.c: files for a container that is not there yet ---------- */

/* Plan what is to be in DEPLOY_RUN_HOME of the job's container. */
int stage_plan(struct job *j);

/* Write the record, and the files below DIR, for the user whom the host knows
 * as UID and GID. */
int stage_write(struct job *j, const struct rundir *dir, uid_t uid, gid_t gid);

/* --- deploy-after.c ------------------------------------------------------- */

/* What is known of a container. */
enum run_state {
	RUN_GONE,
	RUN_STOPPED,
	RUN_ALIVE,
	RUN_UNKNOWN /* the engine does not say */
};

enum run_state run_look(const struct deployment *d);

/* The container has ended: revoke the grant, remove the record and what was
 * mounted.  DIR has the lock. */
void run_clean_up(const struct deployment *d, const struct rundir *dir);

/* Leave a process behind that does that when the container ends, which holds
 * nothing of ours but the lock. */
void run_watch(const struct deployment *d, const struct rundir *dir);

/* Clean up after those who could not do it themselves. */
void run_sweep(void);

#endif
