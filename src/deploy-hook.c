/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hook: at each start of a container, before its first process runs, have all
 * in order that was put there, or the container does not start.  As a
 * createRuntime hook of the OCI runtime specification: the mounts are there,
 * and the engine must not be asked, for it waits for us.
 */
#include "coco.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "deploy.h"
#include "io.h"
#include "jsonout.h"
#include "log.h"
#include "mem.h"
#include "mountin.h"
#include "ocibundle.h"
#include "path.h"
#include "result.h"

#define MAX_STATE   65536
#define ALL_IDS     "4294967295"
#define MAX_UID_MAP 4096

/* The directory whose mount says that who starts the container wants it: no
 * image can have a directory of the host's mounted. */
static int
marker_directory(struct buf *b, struct buf *why)
{
	int r;

	r = deployment_directory(b, true, why);
	if (r == 0)
		r = buf_adds(b, "/hook");
	return r != 0 ? r : path_make_private(buf_str(b));
}

/* --- the hook's own description ------------------------------------------- */

/* For podman's --hooks-dir: without these variables, which it would not hand
 * on, neither records nor the daemon would be found, or the daemon would take
 * us for another home's (client_home()).  What holds a secret stays out. */
static int
print_hook(const struct deploy_options *o)
{
	static const char *const names[] = { "HOME", "XDG_CONFIG_HOME",
		"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
		"SNOWFLAKE_HOME", "SNOWFLAKE_DEFAULT_CONNECTION_NAME",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "CREDENTIALS_DIRECTORY" };
	struct buf b = BUF_INIT(MAX_STATE);
	struct buf program = BUF_INIT(PLACE_MAX_PATH);
	struct jsonout j = JSONOUT_INIT(&b);
	struct strv args = STRV_INIT;
	struct strv env = STRV_INIT;
	struct strv stages = STRV_INIT;
	struct buf marker = BUF_INIT(PLACE_MAX_PATH);
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY);
	size_t i;
	int r;

	/* so that it can be mounted */
	if (marker_directory(&marker, &why) != 0)
		log_lines(buf_str(&why));
	buf_wipe(&marker);
	buf_wipe(&why);
	(void)path_program("coco-deploy", &program);
	strv_add(&args, "coco-deploy");
	for (i = 0; i < o->providers.len; i++)
		strv_addf(&args, "--provider=%s", o->providers.v[i]);
	if (o->ttl != NULL)
		strv_addf(&args, "--ttl=%s", o->ttl);
	strv_add(&args, "hook");
	strv_add(&env, "PATH=/usr/local/bin:/usr/bin:/bin");
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (getenv(names[i]) != NULL)
			strv_addf(&env, "%s=%s", names[i], getenv(names[i]));
	strv_add(&stages, "createRuntime");
	jsonout_put(&j, "{");
	jsonout_text(&j, "version", "1.0.0");
	jsonout_begin(&j, "hook");
	jsonout_put(&j, "{");
	jsonout_text(&j, "path", buf_str(&program));
	jsonout_texts(&j, "args", &args);
	jsonout_texts(&j, "env", &env);
	jsonout_put(&j, "}");
	jsonout_begin(&j, "when");
	jsonout_put(&j, "{");
	jsonout_flag(&j, "always", true);
	jsonout_put(&j, "}");
	jsonout_texts(&j, "stages", &stages);
	jsonout_put(&j, "}\n");
	r = deploy_print(&b, j.error);
	strv_clear(&args);
	strv_clear(&env);
	strv_clear(&stages);
	buf_wipe(&b);
	buf_wipe(&program);
	return r;
}

/* --- what the runtime says ------------------------------------------------ */

static int
read_named(const char *path, struct buf *text, struct buf *why)
{
	int r = io_read_file(path, text);

	if (r != 0)
		(void)buf_addf(why, "%s: %s", path, strerror(-r));
	return r;
}

static int
read_bundle(struct ocibundle *b, struct buf *why)
{
	struct buf text = BUF_INIT(OCIBUNDLE_MAX);
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = io_read_all(STDIN_FILENO, &text);
	if (r != 0)
		(void)buf_addf(why, "what the runtime says: %s", strerror(-r));
	if (r == 0)
		r = ocibundle_parse_state(buf_str(&text), text.len, b, why);
	buf_clear(&text);
	if (r == 0)
		r = buf_addf(&path, "%s/config.json", b->bundle);
	if (r == 0)
		r = read_named(buf_str(&path), &text, why);
	if (r == 0)
		r = ocibundle_parse_config(buf_str(&text), text.len, b, why);
	buf_wipe(&text);
	buf_wipe(&path);
	return r;
}

/* What is to be there: a record that is there already, or a connection that an
 * annotation asks for. */
struct wish {
	char *connection;
	char *target; /* of the record, or NULL */
	char *user;   /* "1000:1000" */
	char *home;   /* or NULL */
	bool exposed;
};

struct wishes {
	const struct ocibundle *b;
	struct wish *v;
	size_t len;
};

static struct wish *
add_wish(struct wishes *w, const char *connection, uint32_t uid, uint32_t gid,
    const char *home)
{
	struct strv user = STRV_INIT;
	struct wish *one;

	strv_addf(&user, "%u:%u", uid, gid);
	w->v = xreallocarray(w->v, w->len + 1, sizeof(*w->v));
	one = &w->v[w->len++];
	*one = (struct wish){ .connection = xstrdup(connection),
		.user = xstrdup(user.v[0]) };
	xstrset(&one->home, home);
	strv_clear(&user);
	return one;
}

static int
take_record(void *ctx, struct deployment *d)
{
	struct wishes *w = ctx;
	struct wish *one;

	if (d->container != NULL && strcmp(d->container, w->b->id) == 0) {
		one = add_wish(w, d->connection, d->uid, d->gid, d->home);
		one->target = xstrdup(d->target);
		one->exposed = d->exposed;
	}
	deployment_clear(d);
	return 0;
}

static int
check_marker(const struct ocibundle *b, struct buf *why)
{
	struct buf dir = BUF_INIT(PLACE_MAX_PATH);
	struct strv want = STRV_INIT;
	int r;

	r = marker_directory(&dir, why);
	strv_addf(&want, "%s:" DEPLOY_MOUNT_POINT, buf_str(&dir));
	if (r == 0 && !strv_has(&b->binds, want.v[0])) {
		(void)buf_addf(why,
		    "the annotation " OCIBUNDLE_CONNECTION
		    " may be the image's: start the container with "
		    "--volume %s:" DEPLOY_MOUNT_POINT ":ro as well",
		    buf_str(&dir));
		r = -EACCES;
	}
	strv_clear(&want);
	buf_wipe(&dir);
	return r;
}

static int
find_wishes(struct wishes *w, struct buf *why)
{
	const struct ocibundle *b = w->b;
	size_t i;
	int r;

	r = deployment_each(take_record, w, why);
	for (i = 0; b->connection != NULL && i < w->len; i++)
		if (strcmp(w->v[i].connection, b->connection) == 0)
			return r;
	if (r == 0 && b->connection != NULL)
		r = check_marker(b, why);
	if (r == 0 && b->connection != NULL)
		(void)add_wish(w, b->connection, b->uid, b->gid, b->home);
	return r;
}

static void
clear_wishes(struct wishes *w)
{
	size_t i;

	for (i = 0; i < w->len; i++) {
		free(w->v[i].connection);
		free(w->v[i].target);
		free(w->v[i].user);
		free(w->v[i].home);
	}
	free(w->v);
}

/* --- doing it ------------------------------------------------------------- */

/* Owners are written as the host counts them here, which is as the container
 * does only without a user namespace of its own. */
static int
check_users(const struct ocibundle *b, struct buf *why)
{
	struct buf path = BUF_INIT(64);
	struct buf map = BUF_INIT(MAX_UID_MAP);
	const char *at;
	int r;

	(void)buf_addf(&path, "/proc/%" PRId64 "/uid_map", b->pid);
	r = read_named(buf_str(&path), &map, why);
	at = buf_str(&map) + strspn(buf_str(&map), " ");
	if (r == 0 && (*at != '0' || strstr(at, ALL_IDS) == NULL)) {
		(void)buf_adds(why,
		    "a container with a user namespace of its own cannot be "
		    "made ready by the hook: use coco-deploy run or apply");
		r = -ENOTSUP;
	}
	buf_wipe(&path);
	buf_wipe(&map);
	return r;
}

/* The root of the container, in its own mount namespace. */
static int
open_root(const struct ocibundle *b, const struct wish *w,
    struct target *ret_target, struct buf *why)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH * 4);
	struct strv spec = STRV_INIT;
	int r;

	r = buf_addf(&path, "/proc/%" PRId64 "/root%s", b->pid, b->root);
	if (r == 0)
		r = rootdir_open(buf_str(&path), why, &ret_target->root);
	ret_target->root.has_mounts = true;
	ret_target->kind = TARGET_DIRECTORY;
	ret_target->is_read_only = b->is_read_only;
	memcpy(ret_target->container.id, b->id,
	    sizeof(ret_target->container.id));
	strv_addf(&spec, "podman:%s", b->id);
	ret_target->spec = xstrdup(w->target != NULL ? w->target : spec.v[0]);
	strv_clear(&spec);
	buf_wipe(&path);
	return r;
}

/* The grant's directory goes where the layout says that it is. */
static int
mount_grant(const struct job *j, const struct ocibundle *b, struct buf *why)
{
	const char *mount = buf_str(&j->mount);
	int parent;
	int dir;
	int r;

	if (j->grant.directory == NULL || j->grant.listen != NULL)
		return 0;
	parent = rootdir_open_parent(&j->target.root, mount);
	dir = parent < 0 ? parent :
			   beneath_open(parent, strrchr(mount, '/') + 1,
			       O_PATH | O_DIRECTORY, 0);
	r = dir < 0 ? dir : mountin(b->pid, j->grant.directory, dir, why);
	if (dir < 0)
		(void)buf_addf(why, "%s in the container: %s", mount,
		    strerror(-r));
	io_close(parent);
	io_close(dir);
	return r;
}

/* The directory to mount on is made where it is missing, and stays ours where
 * we made it before. */
static int
add_mount_point(struct job *j, struct buf *why)
{
	const char *mount = buf_str(&j->mount);
	const struct place *now = places_find(&j->now, mount);
	struct buf inside = BUF_INIT(PLACE_MAX_PATH);
	int r = 0;

	if (now == NULL || now->kind == PLACE_ABSENT) {
		r = buf_addf(&inside, "%s/.", mount);
		if (r == 0)
			r = job_find_parents(j, buf_str(&inside), why);
	} else {
		strv_add(&j->parents, mount);
	}
	buf_wipe(&inside);
	return r;
}

static int
reconcile(struct job *j, const struct ocibundle *b)
{
	static const struct reach by_directory = { .listen = "" };
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	bool exposed = j->o->expose;
	char *former = NULL;
	int r;

	r = exposed ? job_expose(j) : job_find_client(j);
	if (r == 0)
		r = job_read(j);
	/* no process of ours runs in there yet that could keep a token fresh */
	if (r == 0 && !exposed &&
	    (j->d.token_file != NULL || !job_reach_again(j))) {
		if (!j->d.is_borrowed)
			xstrset(&former, j->d.grant);
		r = job_reach(j, &by_directory);
	} else if (r == 0 && !exposed) {
		r = job_renew(j);
	}
	if (r == 0 && !exposed && j->grant.listen == NULL)
		r = add_mount_point(j, &why);
	if (r == 0)
		r = job_plan(j);
	if (r == 0)
		r = job_carry_out(j);
	if (r == 0 && !exposed)
		r = mount_grant(j, b, &why);
	if (r < 0)
		r = deploy_fail(&why, r);
	if (r != 0 && j->is_new_grant)
		(void)job_revoke(j);
	else if (r == 0)
		job_revoke_former(former);
	free(former);
	buf_wipe(&why);
	return r;
}

static int
fulfil(const struct deploy_options *o, const struct ocibundle *b,
    const struct wish *w)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct deploy_options mine = *o;
	struct target target = TARGET_INIT;
	struct job j = { .o = o };
	int r;

	mine.connection = w->connection;
	mine.user = w->user;
	mine.home = w->home;
	mine.expose = w->exposed;
	r = check_users(b, &why);
	if (r == 0)
		r = open_root(b, w, &target, &why);
	if (r != 0)
		r = deploy_fail(&why, r);
	else
		r = job_open_target(&j, &mine, &target, JOB_ANY);
	if (r == 0)
		r = job_check_exposure(&j);
	if (r == 0)
		r = reconcile(&j, b);
	if (j.o == &mine)
		job_close(&j);
	else
		target_close(&target);
	buf_wipe(&why);
	return r;
}

int
deploy_hook(const struct deploy_options *o)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct ocibundle b = { 0 };
	struct wishes w = { &b, NULL, 0 };
	size_t i;
	int r;

	if (o->print)
		return print_hook(o);
	r = read_bundle(&b, &why);
	if (r == 0)
		r = find_wishes(&w, &why);
	/* a record that cannot be read may have been this container's */
	if (r == 0 && why.len != 0)
		log_lines(buf_str(&why));
	r = r != 0 ? deploy_fail(&why, r) : 0;
	for (i = 0; i < w.len && r == 0; i++)
		r = fulfil(o, &b, &w.v[i]);
	if (r != 0)
		log_warn("the container does not start");
	clear_wishes(&w);
	ocibundle_clear(&b);
	buf_wipe(&why);
	return r;
}
