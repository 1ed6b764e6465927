/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of coco-deploy share: the command line, and a job, which is
 * one connection for one target.
 *
 * A job goes like this, and remove and status go part of the way:
 *
 *	job_open()	find target, record, connection, providers, user
 *	job_find_client()	the program that goes in
 *	job_read()	look at all places of the target that matter
 *	job_reach()	choose how its tokens get there, and get a grant
 *	job_plan()	lay out what is desired, and plan
 *	job_carry_out()	write the record, change the target, write it again
 *	job_try()	ask for a token from inside
 *	job_close()
 *
 * All print what is wrong themselves and return an exit status (result.h).
 */
#ifndef DEPLOY_H
#define DEPLOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "conn.h"
#include "deployment.h"
#include "desired.h"
#include "granting.h"
#include "layout.h"
#include "plan.h"
#include "proc.h"
#include "provider.h"
#include "strv.h"
#include "target.h"

/* The exit status of plan when there is something to do. */
#define DEPLOY_CHANGES 10

struct deploy_options {
	const char *connection; /* NULL: see job_open() */
	const char *role;
	const char *user;
	const char *home;
	struct strv providers;
	const char *ttl;
	int64_t ttl_s; /* what TTL says; 0: nothing */
	const char *env_format;
	enum layout_format format;
	const char *output;
	struct strv services;
	bool expose;
	bool json;
	bool print;
	bool strict;
	bool help;
	bool version;
	unsigned long given; /* the options, a bit each */

	/* what follows the verb */
	char **words;
	int count;
};

/* A question to coco-credential that is being answered. */
struct asking {
	struct strv argv;
	struct proc proc;
	struct proc_child child;
	bool is_running;
};

struct job {
	const struct deploy_options *o;
	int lock;
	struct target target;
	struct deployment d;
	bool is_known;  /* there was a record */
	bool is_former; /* of another container, which is gone */
	bool has_no_daemon;
	bool needs_login; /* the connection has tokens by a login only */
	char *stale;      /* a token file that nobody needs any more */
	struct conn *conn;
	struct provider *providers;
	size_t provider_count;
	struct target_user user;
	struct granting grant;
	bool is_new_grant;
	struct asking login;

	struct layout layout; /* its strings are below, or elsewhere in here */
	struct buf mount;     /* where the grant's directory is, or goes */
	struct buf snowflake_home;
	struct buf token_file;
	struct buf endpoint;
	struct buf tokend;
	struct buf capability;
	struct buf capability_file;
	struct buf proxy_host;
	struct buf proxy_port;
	struct buf client;
	struct buf client_content;
	struct buf key;
	struct buf pat;
	struct strv parents;

	struct places now;
	struct desired desired;
	struct strv environment;
	struct plan plan;
};

#define DEPLOY_MAX_TEXT 2048

/* For all that is done with one target. */
#define DEPLOY_TARGET_MS 300000

/* How much is needed of what job_open() finds. */
enum job_need {
	JOB_ANY,    /* a record need not be there */
	JOB_RECORD, /* it has to be there */
	JOB_REMOVAL /* and the connection need not */
};

/* --- deploy-job.c --------------------------------------------------------- */

/*
 * Find the target SPEC, keep others away from it, and read its record and the
 * connection: -c, else that of the record, else the default one.  RET must be
 * zeroed; job_close() in any case.
 */
int job_open(struct job *ret, const struct deploy_options *o, const char *spec,
    enum job_need need);

/* The same for a target that is open already, and is RET's from now on. */
int job_open_target(struct job *ret, const struct deploy_options *o,
    const struct target *target, enum job_need need);

/*
 * The same for a container of the engine KIND that is to be started as NAME, or
 * by a name of ours when that is NULL: who runs in it is not known yet, and
 * job_begin_layout() follows when it is.
 */
int job_open_run(struct job *ret, const struct deploy_options *o,
    enum engine_kind kind, const char *name);
int job_begin_layout(struct job *j);

/*
 * The same for the services of the compose file PATH.  What was made for them
 * before goes to RET_FORMER, to be ended when the new is there.
 */
int job_open_compose(struct job *ret, const struct deploy_options *o,
    const char *path, struct deployment *ret_former);

/* Whether D is for the services of a compose file. */
bool job_is_compose(const struct deployment *d);
#define DEPLOY_COMPOSE "compose:"

void job_close(struct job *j);

/* Look at the places.  What an interrupted change has cut is put back first. */
int job_read(struct job *j);

/* Print WHY, or the error R where that is empty.  Returns an exit status. */
int deploy_fail(const struct buf *why, int r);

/* Print B, which is cut if ERROR is a negative errno, to stdout.  Returns an
 * exit status, and has told what is wrong unless that is 0. */
int deploy_print(const struct buf *b, int error);

/* --- deploy-reach.c: how tokens get there --------------------------------- */

/* A way by which the target might reach the daemon. */
struct reach {
	char listen[64]; /* for the grant: "10.88.0.1:0"; "" a unix socket */
	char also[64];   /* beside the unix socket: the same, or "" */
	char subnet[64];
	/* whose the unix socket is, as the host counts; else it is found out */
	bool is_owned;
	uint32_t uid;
	uint32_t gid;
};

/*
 * Set the layout to what the record of a deployment says that is in order: its
 * grant is there and what it needs is in the target.  Returns whether it is.
 */
bool job_reach_again(struct job *j);

/* Set the layout to the directory of a grant that the container has mounted
 * already.  Returns whether there is one. */
bool job_reach_mounted(struct job *j);

/* Give the grant that was there the role, the container and the time that are
 * asked for, after one of the two that find it. */
int job_renew(struct job *j);

/* Look at all that the record says: read, with the secret or the client, and
 * job_reach_again(). */
int job_recall(struct job *j, bool *ret_gets_tokens);

/* Say so where it gets none.  Returns an exit status. */
int job_tell_no_tokens(const struct job *j);

/* The ways to try, the best first.  Returns how many. */
size_t job_reaches(const struct job *j, struct reach *ret, size_t max);

/* Get a grant for the way R and set the layout to it. */
int job_reach(struct job *j, const struct reach *r);

/* Set the layout to what R would be like, for plan. */
void job_reach_only_planned(struct job *j, const struct reach *r);

/* Write into the record how clients log in by the layout; what only a former
 * way needed is ended. */
void job_note_way(struct job *j);

/* Revoke the grant of the deployment, if it is ours. */
int job_revoke(const struct job *j);

/* Revoke the grant ID, which nobody needs any more; NULL is fine. */
void job_revoke_former(const char *id);

/* --- deploy-secret.c: what may be handed out ------------------------------ */

/* Whether the connection needs --expose; says why, and what else could be
 * done. */
int job_check_exposure(const struct job *j);

/* Set the layout to the secret itself, for --expose. */
int job_expose(struct job *j);

/* A login that ends before the grant does leaves the target without tokens
 * then: have its end looked up while other things are done, and warn. */
void job_ask_login(struct job *j);
void job_warn_of_login(struct job *j);
void job_drop_login(struct job *j);

/* --- deploy-client.c: the static client ----------------------------------- */

/* Where it goes, and what it is.  What that means for the target is settled
 * once the places are read, by job_read(). */
int job_find_client(struct job *j);
int job_settle_client(struct job *j, struct buf *why);

/* Where that is in a target, and the file for ARCH, as uname(2) has it, or
 * NULL for this machine's. */
#define DEPLOY_CLIENT "/usr/local/bin/coco-credential"
int job_client_file(const char *arch, struct buf *path);

/* Say that the file PATH, for ARCH, cannot be used because of the errno R. */
void job_tell_no_client(const char *arch, const char *path, int r);

/* Have the directories above PATH that are missing made. */
int job_find_parents(struct job *j, const char *path, struct buf *why);

/*
 * Run it with WORDS in the target, as `exec' would: as who the target is for
 * and with what job_plan() has laid out as environment.  It has MS milliseconds
 * and ends as engine_exec(); without OUT it is left running, as by
 * engine_start().
 */
int job_run_client(const struct job *j, const char *const *words, int64_t ms,
    struct buf *out, struct buf *why, int *ret_status);

/* Whether a process in the target, the watcher, has to keep a token fresh in a
 * file; whether it is seen not to be there; end it. */
bool job_needs_watcher(const struct job *j);
bool job_lacks_watcher(const struct job *j);
void job_end_watcher(const struct job *j);

/* Ask the daemon from inside, by the watcher where there has to be one.
 * Returns 0 when it answers. */
int job_try(const struct job *j, struct buf *why);

/* Whether that has to be done. */
bool job_needs_try(const struct job *j);

/* --- deploy-share.c: several connections in one target -------------------- */

/* Where the directory of a grant is mounted in a target; for a second
 * connection there job_choose_mount() sets another one. */
#define DEPLOY_MOUNT_POINT "/run/coco"
int job_choose_mount(struct job *j);

/* After job_plan() has laid out and planned, have a share in what neighbours
 * have put there; before anything is planned for a removal, leave them what
 * they need. */
int job_share(struct job *j);
int job_leave_shared(struct job *j);

/* --- deploy-change.c: what is changed ------------------------------------- */

/* Lay out and plan, with job_share(); or plan to take all out again, with
 * job_leave_shared(). */
int job_plan(struct job *j);
int job_plan_removal(struct job *j);

/* Write into the record what was found out and chosen. */
void job_fill_record(struct job *j);

/* Do what is planned. */
int job_carry_out(struct job *j);

/* Tell what was left as it is. */
void job_tell_notes(const struct job *j);

/* Snowflake's directory in a container that `run' has started: mounted, so that
 * nothing has to be copied. */
#define DEPLOY_RUN_HOME "/run/snowflake"

/* --- the verbs ------------------------------------------------------------ */

/* deploy-apply.c */
int deploy_plan(const struct deploy_options *o);
int deploy_apply(const struct deploy_options *o);
int deploy_remove(const struct deploy_options *o);

/* deploy-list.c */
int deploy_list(const struct deploy_options *o);
int deploy_status(const struct deploy_options *o);

/* each in a file of its own */
int deploy_exec(const struct deploy_options *o);
int deploy_hook(const struct deploy_options *o);
int deploy_run(const struct deploy_options *o);
int deploy_verify(const struct deploy_options *o);

/* deploy-compose.c; the second is remove, for a compose file */
int deploy_compose(const struct deploy_options *o);
int deploy_compose_remove(const struct deploy_options *o);

#endif
