/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run: start a container with everything in it.  All goes in by mounts, so that
 * the engine need not be asked more than once: the directory of a grant, one of
 * ours with Snowflake's files, and the client.  When any of it fails nothing is
 * started, and when the container has ended nothing is left.
 */
#include "coco.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deploy-run.h"
#include "exec-child.h"
#include "hex.h"
#include "io.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "result.h"

#define CLIENT_FAILED  125 /* and above: of the engine's client itself */
#define NOT_EXECUTABLE 126
#define NOT_FOUND      127

#define CONTAINER_ID_LEN 64

/* How often the id of the container is looked for: it is there soon, or there
 * is much to be fetched first. */
#define LOOK_MS      10
#define LOOK_LATE_MS 200
#define SOON_MS      2000

/* --- what the line says --------------------------------------------------- */

static int
refuse(const char *text)
{
	log_warn("%s", text);
	return result_exit(RESULT_USAGE);
}

/* An engine elsewhere has neither our files nor our sockets. */
static int
check_engine(const struct run *r)
{
	const char *name = r->line.engine == RUNLINE_DOCKER ? "DOCKER_HOST" :
							      "CONTAINER_HOST";
	const char *host = getenv(name);

	if (host == NULL || host[0] == '\0' || strncmp(host, "unix://", 7) == 0)
		return 0;
	log_warn("%s is not on this host, so nothing of this host can be "
		 "mounted there",
	    name);
	log_hint("start the container without coco-deploy, on a network with "
		 "an address here, and then: coco-deploy apply");
	return result_exit(RESULT_UNSUPPORTED);
}

/* Whether the line mounts something at PATH, or, ABOVE, at a directory that it
 * is in and that is somebody's. */
static bool
mounts(const struct runline *line, const char *path, bool above)
{
	const char *target;
	size_t i;

	for (i = 0; i < line->targets.len; i++) {
		target = line->targets.v[i];
		if (!above && strcmp(target, path) == 0)
			return true;
		if (above && place_is_below(path, target) &&
		    !strv_has(&line->tmpfs, target))
			return true;
	}
	return false;
}

static int
check_line(const struct run *r)
{
	static const char *const ours[] = { DEPLOY_MOUNT_POINT,
		DEPLOY_RUN_HOME };
	const struct runline *line = &r->line;
	size_t i;

	if (line->has_globals)
		return refuse("options before \"run\" cannot be used here: "
			      "what they say has to be in the environment or "
			      "the engine's configuration");
	if (line->name != NULL && !container_is_name(line->name))
		return refuse("--name is no name of a container");
	if (line->cidfile != NULL && access(line->cidfile, F_OK) == 0)
		return refuse("the file of --cidfile is there already");
	for (i = 0; i < ARRAY_LEN(ours); i++) {
		if (!mounts(line, ours[i], false) &&
		    !mounts(line, ours[i], true))
			continue;
		log_warn("what the container is given goes to %s, and the line "
			 "mounts something there or above",
		    ours[i]);
		return result_exit(RESULT_USAGE);
	}
	return check_engine(r);
}

static int
read_line(struct run *r)
{
	struct buf why = BUF_INIT(RUNLINE_MAX_WHY);
	int status = 0;

	if (runline_parse(r->j.o->words, &why, &r->line) != 0) {
		log_warn("%s", buf_str(&why));
		log_hint("coco-deploy run -- podman run --rm IMAGE COMMAND");
		status = result_exit(RESULT_USAGE);
	}
	buf_wipe(&why);
	return status != 0 ? status : check_line(r);
}

/* --- what goes in --------------------------------------------------------- */

static int
get_grant(struct run *r)
{
	const struct reach by_socket = {
		.is_owned = true, .uid = r->host_uid, .gid = r->host_gid
	};

	return r->j.o->expose ? 0 : job_reach(&r->j, &by_socket);
}

static int
put_in(struct run *r)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY);
	struct job *j = &r->j;
	int status = 0;
	int e_no;

	e_no = rundir_make(j->d.id, &why, &r->dir);
	if (e_no != 0)
		status = deploy_fail(&why, e_no);
	buf_wipe(&why);
	if (status == 0)
		status = get_grant(r);
	if (status == 0)
		status = stage_plan(j);
	return status != 0 ? status :
			     stage_write(j, &r->dir, r->host_uid, r->host_gid);
}

/* --- the line as it is run ------------------------------------------------ */

/* The engines do not agree on how such a path would be quoted. */
static int
add_mount(struct strv *extra, const char *source, const char *target,
    bool is_read_only)
{
	if (strpbrk(source, ",\"\n") != NULL) {
		log_warn("%s cannot be mounted: there is a comma, a quote or a "
			 "newline in its name",
		    source);
		return result_exit(RESULT_UNSUPPORTED);
	}
	strv_add(extra, "--mount");
	strv_addf(extra, "type=bind,source=%s,target=%s%s", source, target,
	    is_read_only ? ",readonly" : "");
	return 0;
}

static int
add_client(const struct run *r, struct strv *extra)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	const char *arch;
	int status = 0;
	int e_no;

	if (r->j.o->expose || mounts(&r->line, DEPLOY_CLIENT, false))
		return 0;
	/* its mount point would be made in what is somebody's */
	if (mounts(&r->line, DEPLOY_CLIENT, true)) {
		log_warn("the line mounts something above %s, so that is not "
			 "put there",
		    DEPLOY_CLIENT);
		return 0;
	}
	arch = r->arch[0] != '\0' ? r->arch : NULL;
	e_no = job_client_file(arch, &path);
	if (e_no == 0 && access(buf_str(&path), R_OK) != 0)
		e_no = -errno;
	if (e_no == 0) {
		status = add_mount(extra, buf_str(&path), DEPLOY_CLIENT, true);
	} else {
		job_tell_no_client(arch, buf_str(&path), e_no);
		status = result_exit(RESULT_UNSUPPORTED);
	}
	buf_wipe(&path);
	return status;
}

static int
add_mounts(const struct run *r, struct strv *extra)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	int status;

	(void)rundir_path(&r->dir, "root" DEPLOY_RUN_HOME, &path);
	status = add_mount(extra, buf_str(&path), DEPLOY_RUN_HOME, false);
	if (status == 0 && !r->j.o->expose)
		status = add_mount(extra, r->j.d.directory, DEPLOY_MOUNT_POINT,
		    true);
	buf_wipe(&path);
	return status != 0 ? status : add_client(r, extra);
}

/* What we say comes first, so that what the user says wins. */
static int
build_line(struct run *r, struct strv *argv)
{
	struct strv extra = STRV_INIT;
	size_t i;
	int status;

	if (r->line.name == NULL) {
		strv_add(&extra, "--name");
		strv_add(&extra, r->j.target.engine.container);
	}
	if (r->line.cidfile != NULL) {
		(void)buf_adds(&r->cidfile, r->line.cidfile);
	} else {
		(void)rundir_path(&r->dir, "cid", &r->cidfile);
		strv_add(&extra, "--cidfile");
		strv_add(&extra, buf_str(&r->cidfile));
	}
	status = add_mounts(r, &extra);
	for (i = 0; i < r->j.environment.len; i++) {
		strv_add(&extra, "--env");
		strv_add(&extra, r->j.environment.v[i]);
	}
	runline_build(&r->line, &extra, argv);
	strv_clear(&extra);
	return status;
}

/* --- while it runs -------------------------------------------------------- */

/* Once the engine has written its id: write that down, and let nobody but this
 * container be heard (THREATS.md T14). */
static void
bind_grant(struct run *r)
{
	struct buf id = BUF_INIT(CONTAINER_ID_LEN + 1);
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY);
	struct deployment *d = &r->j.d;
	int e_no = 0;

	if (r->is_bound || io_read_file(buf_str(&r->cidfile), &id) != 0 ||
	    strspn(buf_str(&id), HEX_DIGITS) < CONTAINER_ID_LEN)
		goto out;
	buf_truncate(&id, CONTAINER_ID_LEN);
	r->is_bound = true;
	xstrset(&d->container, buf_str(&id));
	if (d->grant != NULL)
		e_no = granting_update(d->grant, d->container, 0, NULL, &why);
	if (e_no == 0)
		e_no = deployment_save(d, &why);
	if (e_no != 0)
		log_warn("%s is not bound to its container: %s", d->target,
		    buf_str(&why));
out:
	buf_wipe(&id);
	buf_wipe(&why);
}

/* What is secret is in the files by now, and we may live long. */
static void
drop_secrets(struct job *j)
{
	buf_wipe(&j->key);
	buf_wipe(&j->pat);
	buf_wipe(&j->grant.capability);
	desired_wipe(&j->desired);
	plan_wipe(&j->plan);
	conn_free(j->conn);
	j->conn = NULL;
	j->layout.conn = NULL;
	lock_release(j->lock);
	j->lock = -1;
}

static int
prepare(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Returns 0 or the exit status of what could not be started; RET_STATUS is as
 * waitpid() has it. */
static int
attend(struct run *r, char *const *argv, int *ret_status)
{
	int64_t soon = clock_ms() + SOON_MS;
	int e_no;

	e_no = exec_child_start(argv, prepare, NULL);
	if (e_no != 0) {
		log_warn("%s: %s", argv[0],
		    e_no == -ENOENT ? "command not found" : strerror(-e_no));
		return e_no == -ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
	}
	if (r->j.d.grant != NULL)
		job_ask_login(&r->j);
	while (!exec_child_ended(ret_status)) {
		(void)exec_child_wait(r->is_bound ? -1 :
			clock_ms() < soon         ? LOOK_MS :
						    LOOK_LATE_MS,
		    -1);
		bind_grant(r);
		if (r->is_bound)
			job_warn_of_login(&r->j);
	}
	bind_grant(r);
	return 0;
}

/* --- signals -------------------------------------------------------------- */

static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* What is begun, or cleaned up, is not to be interrupted.  SIGCHLD is as
 * proc_init() has it, also when exec_child_start() has changed that. */
static void
hold_signals(sigset_t *ret_former)
{
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	for (i = 0; i < ARRAY_LEN(held); i++)
		(void)sigaddset(&set, held[i]);
	(void)sigprocmask(SIG_BLOCK, &set, ret_former);
}

/* The signal that came meanwhile, or 0. */
static int
held_signal(void)
{
	sigset_t set;
	size_t i;

	if (sigpending(&set) != 0)
		return 0;
	for (i = 0; i < ARRAY_LEN(held); i++)
		if (sigismember(&set, held[i]) == 1)
			return held[i];
	return 0;
}

/* --- from beginning to end ------------------------------------------------ */

/* All that can fail without anything having been made. */
static int
find_out(struct run *r)
{
	struct job *j = &r->j;
	int status;

	status = job_open_run(j, j->o,
	    r->line.engine == RUNLINE_DOCKER ? ENGINE_DOCKER : ENGINE_PODMAN,
	    r->line.name);
	if (status == 0)
		status = job_check_exposure(j);
	if (status == 0)
		status = run_find_user(r);
	if (status == 0)
		status = job_begin_layout(j);
	if (status == 0 && j->o->expose)
		status = job_expose(j);
	return status;
}

/* The container may have outlived the client, or was to. */
static void
end(struct run *r)
{
	const struct deployment *d = &r->j.d;
	enum run_state state = RUN_GONE;

	if (d->container != NULL && !r->has_ended)
		state = run_look(d);
	if (state == RUN_ALIVE || state == RUN_UNKNOWN)
		run_watch(d, &r->dir);
	else
		run_clean_up(d, &r->dir);
}

static int
start(struct run *r)
{
	struct strv argv = STRV_INIT;
	sigset_t former;
	sigset_t ignored;
	int ended = 0;
	int status;
	int sig;

	hold_signals(&former);
	status = put_in(r);
	if (status == 0)
		status = build_line(r, &argv);
	sig = held_signal();
	if (status == 0 && sig == 0) {
		drop_secrets(&r->j);
		(void)sigprocmask(SIG_SETMASK, &former, NULL);
		status = attend(r, argv.v, &ended);
		hold_signals(&ignored);
	}
	/* without a terminal there are no keys to detach by */
	r->has_ended = status == 0 && sig == 0 && WIFEXITED(ended) &&
	    WEXITSTATUS(ended) < CLIENT_FAILED && r->line.rm &&
	    !r->line.detach && !r->line.tty;
	end(r);
	(void)sigprocmask(SIG_SETMASK, &former, NULL);
	if (status == 0 && WIFSIGNALED(ended))
		sig = WTERMSIG(ended);
	if (sig != 0)
		exec_child_die(sig);
	strv_clear(&argv);
	return status != 0 ? status : WEXITSTATUS(ended);
}

int
deploy_run(const struct deploy_options *o)
{
	struct run r = { .line = RUNLINE_INIT,
		.dir = RUNDIR_INIT,
		.cidfile = BUF_INIT(PLACE_MAX_PATH) };
	int status;

	r.j.o = o;
	r.j.lock = -1;
	status = read_line(&r);
	if (status == 0) {
		run_sweep();
		status = find_out(&r);
		if (status == 0)
			status = start(&r);
		job_close(&r.j);
	}
	runline_clear(&r.line);
	rundir_close(&r.dir);
	buf_wipe(&r.cidfile);
	return status;
}
