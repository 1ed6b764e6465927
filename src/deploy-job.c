/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A job of coco-deploy: what it is about, and its places.
 */
#include "coco.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deploy.h"
#include "esc.h"
#include "io.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "result.h"
#include "rundir.h"
#include "toml.h"

#define LOCK_MS 60000

/* How long one that ends may take to clean up. */
#define STARTER_MS       3000
#define STARTER_PAUSE_MS 50

#define DEFAULT_PROVIDER "snowflake"

int
deploy_fail(const struct buf *why, int r)
{
	if (why->len != 0)
		log_lines(buf_str(why));
	else
		log_warn("%s", strerror(-r));
	if (r == -EEXIST || r == -EINVAL)
		return result_exit(RESULT_ERROR);
	return result_exit(result_of_errno(r));
}

int
deploy_print(const struct buf *b, int error)
{
	int r = error;

	if (r == 0)
		r = io_write_all(STDOUT_FILENO, buf_str(b), b->len);
	else
		log_warn("it is too long to be printed");
	if (r != 0 && error == 0)
		log_warn("cannot write to stdout: %s", strerror(-r));
	return r != 0 ? result_exit(RESULT_ERROR) : 0;
}

/* --- opening -------------------------------------------------------------- */

static void
init(struct job *j, const struct deploy_options *o)
{
	struct buf *const texts[] = { &j->mount, &j->snowflake_home,
		&j->token_file, &j->endpoint, &j->tokend, &j->capability,
		&j->capability_file, &j->proxy_host, &j->proxy_port,
		&j->client };
	size_t i;

	*j = (struct job){ .o = o,
		.lock = -1,
		.target = TARGET_INIT,
		.d = DEPLOYMENT_INIT,
		.user = TARGET_USER_INIT,
		.grant = GRANTING_INIT,
		.layout = LAYOUT_INIT,
		.client_content = BUF_INIT(PLACE_MAX_CONTENT),
		.key = BUF_INIT(DEPLOY_MAX_TEXT * 16),
		.pat = BUF_INIT(DEPLOY_MAX_TEXT * 4),
		.now = PLACES_INIT,
		.desired = DESIRED_INIT,
		.plan = PLAN_INIT };
	for (i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = (struct buf)BUF_INIT(DEPLOY_MAX_TEXT);
}

/* What we put into a container went with it; and what its user had there, which
 * is kept while a change is under way, is nothing for another one. */
static void
forget_content(struct deployment *d)
{
	traces_clear(&d->traces);
	places_wipe(&d->saved);
	xstrset(&d->token_file, NULL);
}

/* The record is that of another container, which has or had the name. */
static bool
is_of_another(const struct job *j)
{
	return j->d.container != NULL &&
	    strcmp(j->d.container, j->target.container.id) != 0;
}

/* Whether the container of the record D is there, whatever its name is now. */
static bool
is_there(const struct job *j, const struct deployment *d)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct engine e = j->target.engine;
	struct container c;
	int r;

	memset(&c, 0, sizeof(c));
	e.container = d->container;
	r = d->container != NULL ? engine_inspect(&e, &why, &c) : -ENOENT;
	container_clear(&c);
	buf_wipe(&why);
	return r != -ENOENT;
}

/* The record of this target.  Where another container had the name, it is still
 * that one's if it was renamed, and who started it by `run' cleans up. */
static int
find_record(struct job *j, enum job_need need, struct buf *why)
{
	const char *id = j->target.container.id[0] != '\0' ?
	    j->target.container.id :
	    NULL;
	int r;

	r = deployment_find(j->target.spec, id, j->o->connection, &j->d, why);
	j->is_former = r == 0 && is_of_another(j);
	if (j->is_former && (j->d.is_run || is_there(j, &j->d))) {
		deployment_clear(&j->d);
		j->is_former = false;
		r = -ENOENT;
	}
	if (r == -ENOENT && need != JOB_ANY) {
		(void)buf_adds(why, "nothing of coco's is in ");
		(void)esc_visible(why, j->target.spec, strlen(j->target.spec));
		if (j->o->connection != NULL) {
			(void)buf_adds(why, " for ");
			(void)esc_visible(why, j->o->connection,
			    strlen(j->o->connection));
		}
		return r;
	}
	j->is_known = r == 0;
	if (r == -ENOENT)
		return 0;
	if (j->is_former)
		forget_content(&j->d);
	return r;
}

static int
load_providers(struct job *j, struct buf *why)
{
	struct strv fallback = STRV_INIT;
	const struct strv *names = &j->o->providers;
	size_t i;
	int r = 0;

	strv_add(&fallback, DEFAULT_PROVIDER);
	if (names->len == 0)
		names = j->d.providers.len != 0 ? &j->d.providers : &fallback;
	j->providers = xcalloc(names->len, sizeof(*j->providers));
	for (i = 0; i < names->len && r == 0; i++)
		r = provider_load(names->v[i],
		    &j->providers[j->provider_count++], why);
	strv_clear(&fallback);
	return r;
}

/* For whom it was. */
static int
recall_user(struct job *j)
{
	j->user.uid = j->d.uid;
	j->user.gid = j->d.gid;
	return buf_adds(&j->user.home, j->d.home);
}

static int
find_user(struct job *j, struct buf *why)
{
	const char *name = j->o->user != NULL ? j->o->user : j->d.user;
	bool is_his = j->is_known && !j->is_former && j->o->user == NULL;
	const char *home = j->o->home != NULL ? j->o->home :
	    is_his                            ? j->d.home :
						NULL;

	if (is_his && j->o->home == NULL)
		return recall_user(j);
	return target_find_user(&j->target, name, home, &j->user, why);
}

/* What is known of the layout by now. */
static int
begin_layout(struct job *j)
{
	int r;

	if (j->d.is_run)
		j->layout.snowflake_home = DEPLOY_RUN_HOME;
	j->needs_login = strcmp(conn_authenticator(j->conn),
			     "OAUTH_AUTHORIZATION_CODE") == 0;
	j->layout.conn = j->conn;
	j->layout.providers = j->providers;
	j->layout.provider_count = j->provider_count;
	j->layout.id = j->d.id;
	j->layout.home = buf_str(&j->user.home);
	j->layout.uid = j->user.uid;
	j->layout.gid = j->user.gid;
	j->layout.root_uid = target_root_uid(&j->target);
	j->layout.root_gid = j->layout.root_uid == 0 ? 0 : j->user.gid;
	j->layout.role = j->o->role != NULL ? j->o->role :
	    j->d.role != NULL               ? j->d.role :
					      conn_role(j->conn);
	r = layout_home(&j->layout, &j->snowflake_home);
	return r;
}

/* The target is open. */
static int
begin(struct job *j, enum job_need need, struct buf *why)
{
	const char *name;
	int r;

	r = deployment_lock(target_key(&j->target), clock_ms() + LOCK_MS, why,
	    &j->lock);
	if (r == -ETIMEDOUT && why->len == 0)
		(void)buf_addf(why, "somebody else works on %s",
		    j->target.spec);
	if (r == 0)
		r = find_record(j, need, why);
	if (r == 0 && !j->is_known)
		r = deployment_new_id(&j->d);
	if (r == 0 && need == JOB_REMOVAL)
		return recall_user(j);
	name = j->o->connection != NULL ? j->o->connection : j->d.connection;
	if (r == 0)
		r = conn_load(name, why, &j->conn);
	if (r == 0)
		r = load_providers(j, why);
	if (r == 0)
		r = j->d.is_run ? recall_user(j) : find_user(j, why);
	return r != 0 ? r : begin_layout(j);
}

int
job_open_target(struct job *ret, const struct deploy_options *o,
    const struct target *target, enum job_need need)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int r;

	init(ret, o);
	ret->target = *target;
	r = begin(ret, need, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}

/* list shows it beside the targets. */
static int
refuse_compose(const char *spec, struct buf *why)
{
	(void)esc_visible(why, spec, strlen(spec));
	(void)buf_adds(why,
	    ": what was made for a compose file can be listed and removed\n"
	    "hint: coco-deploy remove ");
	(void)esc_visible(why, spec, strlen(spec));
	return -EINVAL;
}

int
job_open(struct job *ret, const struct deploy_options *o, const char *spec,
    enum job_need need)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	int r;

	init(ret, o);
	if (strncmp(spec, DEPLOY_COMPOSE, strlen(DEPLOY_COMPOSE)) == 0)
		r = refuse_compose(spec, &why);
	else
		r = target_open(spec, clock_ms() + DEPLOY_TARGET_MS, &why,
		    &ret->target);
	if (r == 0)
		r = begin(ret, need, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}

/* Whoever started the container holds its directory until all is cleaned up:
 * -EBUSY when he still does, and it may not be there yet. */
static int
wait_for_starter(const struct deployment *d, struct buf *why)
{
	int64_t end = clock_ms() + STARTER_MS;
	struct rundir dir = RUNDIR_INIT;
	int r;

	do {
		r = rundir_take(d->id, why, &dir);
		rundir_close(&dir);
		if (r == -EBUSY)
			(void)poll(NULL, 0, STARTER_PAUSE_MS);
	} while (r == -EBUSY && clock_ms() < end);
	return r == -ENOENT ? 0 : r;
}

/* Another container had this name, and what was for it is still on record;
 * or it is there, and then nothing is started. */
static int
forget_former(struct job *j, struct buf *why)
{
	struct deployment d = DEPLOYMENT_INIT;
	struct container c;
	int r;

	memset(&c, 0, sizeof(c));
	r = deployment_find(j->target.spec, NULL, NULL, &d, why);
	if (r != 0)
		return r == -ENOENT ? 0 : r;
	r = d.is_run ? wait_for_starter(&d, why) : 0;
	if (r == 0)
		r = engine_inspect(&j->target.engine, why, &c);
	if (r == 0 || r == -EBUSY) {
		(void)buf_addf(why,
		    "there is a container %s, for connection \"%s\"",
		    j->target.spec, d.connection);
		r = -EEXIST;
	} else if (r == -ENOENT && is_there(j, &d)) {
		/* it was renamed */
		buf_clear(why);
		r = 0;
	} else if (r == -ENOENT) {
		buf_clear(why);
		if (!d.is_borrowed)
			job_revoke_former(d.grant);
		r = deployment_forget(d.id, why);
	}
	container_clear(&c);
	deployment_clear(&d);
	return r;
}

int
job_open_run(struct job *ret, const struct deploy_options *o,
    enum engine_kind kind, const char *name)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct buf spec = BUF_INIT(PLACE_MAX_PATH);
	struct job *j = ret;
	int r;

	init(j, o);
	j->d.is_run = true;
	r = deployment_new_id(&j->d);
	if (r == 0)
		r = buf_addf(&spec, "%s:%s%s", engine_name(kind),
		    name != NULL ? name : "coco-", name != NULL ? "" : j->d.id);
	if (r == 0) {
		target_expect(buf_str(&spec), clock_ms() + DEPLOY_TARGET_MS,
		    &j->target);
		r = deployment_lock(j->target.spec, clock_ms() + LOCK_MS, &why,
		    &j->lock);
	}
	if (r == 0 && name != NULL)
		r = forget_former(j, &why);
	if (r == 0)
		r = conn_load(o->connection, &why, &j->conn);
	if (r == 0)
		r = load_providers(j, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&spec);
	buf_wipe(&why);
	return r;
}

/* "compose:" and the real path of the file. */
static int
expect_compose(struct job *j, const char *path, struct buf *why)
{
	char *real = realpath(path, NULL);
	struct strv spec = STRV_INIT;
	int r = 0;

	if (real == NULL) {
		r = -errno;
		(void)esc_visible(why, path, strlen(path));
		(void)buf_addf(why, ": %s", strerror(-r));
		return r;
	}
	strv_addf(&spec, DEPLOY_COMPOSE "%s", real);
	j->target.spec = xstrdup(spec.v[0]);
	strv_clear(&spec);
	free(real);
	return r;
}

bool
job_is_compose(const struct deployment *d)
{
	return d->target != NULL &&
	    strncmp(d->target, DEPLOY_COMPOSE, strlen(DEPLOY_COMPOSE)) == 0;
}

int
job_open_compose(struct job *ret, const struct deploy_options *o,
    const char *path, struct deployment *ret_former)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct job *j = ret;
	int r;

	init(j, o);
	j->d.is_run = true;
	r = deployment_new_id(&j->d);
	if (r == 0)
		r = expect_compose(j, path, &why);
	if (r == 0)
		r = deployment_lock(j->target.spec, clock_ms() + LOCK_MS, &why,
		    &j->lock);
	if (r == 0)
		r = deployment_find(j->target.spec, NULL, NULL, ret_former,
		    &why);
	/* several: somebody was killed before he had ended the former */
	if (r == -ENOENT || r == -EEXIST) {
		buf_clear(&why);
		r = 0;
	}
	if (r == 0 && o->connection == NULL && ret_former->connection != NULL)
		r = conn_load(ret_former->connection, &why, &j->conn);
	else if (r == 0)
		r = conn_load(o->connection, &why, &j->conn);
	if (r == 0)
		r = load_providers(j, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}

int
job_begin_layout(struct job *j)
{
	int r = begin_layout(j);

	return r != 0 ? deploy_fail(&(struct buf)BUF_INIT(1), r) : 0;
}

void
job_close(struct job *j)
{
	struct buf *const texts[] = { &j->mount, &j->snowflake_home,
		&j->token_file, &j->endpoint, &j->tokend, &j->capability,
		&j->capability_file, &j->proxy_host, &j->proxy_port, &j->client,
		&j->client_content, &j->key, &j->pat, &j->user.home };
	size_t i;

	job_drop_login(j);
	free(j->stale);
	for (i = 0; i < ARRAY_LEN(texts); i++)
		buf_wipe(texts[i]);
	for (i = 0; i < j->provider_count; i++)
		provider_clear(&j->providers[i]);
	free(j->providers);
	plan_wipe(&j->plan);
	desired_wipe(&j->desired);
	places_wipe(&j->now);
	strv_clear(&j->environment);
	strv_clear(&j->parents);
	granting_clear(&j->grant);
	conn_free(j->conn);
	deployment_clear(&j->d);
	target_close(&j->target);
	lock_release(j->lock);
}

/* --- looking -------------------------------------------------------------- */

static int
add_place(struct job *j, const char *dir, const char *name)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = buf_addf(&path, "%s/%s", dir, name);
	if (r == 0)
		r = places_add(&j->now, buf_str(&path), NULL);
	buf_wipe(&path);
	return r;
}

/* All that may be desired: the layout is made for its paths alone, so without
 * the client, which is large. */
static int
add_desired_places(struct job *j, struct buf *why)
{
	const struct buf nothing = BUF_INIT(1);
	struct layout trial = j->layout;
	struct desired d = DESIRED_INIT;
	struct strv environment = STRV_INIT;
	struct buf capability = BUF_INIT(PLACE_MAX_PATH);
	const char *dir = buf_str(&j->snowflake_home);
	size_t i;
	int r;

	trial.client_content = &nothing;
	r = layout_make(&trial, &d, &environment, why);
	for (i = 0; i < d.len && r == 0; i++)
		if (!d.v[i].must_exist)
			r = places_add(&j->now, d.v[i].path, NULL);
	if (r == 0)
		r = add_place(j, dir, "connections.toml");
	if (r == 0)
		r = add_place(j, dir, "config.toml");
	if (r == 0)
		r = layout_file(&j->layout, "capability", &capability);
	if (r == 0)
		r = places_add(&j->now, buf_str(&capability), NULL);
	buf_wipe(&capability);
	desired_wipe(&d);
	strv_clear(&environment);
	return r;
}

/* A look at a directory of a container costs as much as one at a file.  One
 * that we made is removed only if it is empty, so it need not be looked at. */
static bool
is_assumed(const struct job *j, const struct trace *t)
{
	return j->target.kind == TARGET_CONTAINER &&
	    t->kind == TRACE_DIRECTORY && places_find(&j->now, t->path) == NULL;
}

static int
assume_directory(struct job *j, const char *path)
{
	struct place *place;
	int r;

	r = places_add(&j->now, path, &place);
	if (r == 0)
		place->kind = PLACE_DIRECTORY;
	return r;
}

/* What is below the home directory proves that this is there; only where there
 * is nothing it has to be looked at itself. */
static int
look_at_home(struct job *j, struct buf *why)
{
	const char *home = buf_str(&j->user.home);
	struct places p = PLACES_INIT;
	struct strv roots = STRV_INIT;
	struct place *place;
	size_t i;
	int r;

	for (i = 0; i < j->now.len; i++)
		if (j->target.kind == TARGET_CONTAINER &&
		    j->now.v[i].kind != PLACE_ABSENT &&
		    place_is_below(j->now.v[i].path, home))
			return assume_directory(j, home);
	r = places_add(&p, home, &place);
	if (r == 0)
		r = target_read(&j->target, &roots, NULL, &p, why);
	if (r == 0)
		r = places_add(&j->now, home, NULL);
	if (r == 0 && place->kind == PLACE_DIRECTORY)
		r = assume_directory(j, home);
	else if (r == 0)
		places_find(&j->now, home)->kind = place->kind;
	if (r == 0)
		places_find(&j->now, home)->odd = place->odd;
	places_wipe(&p);
	return r;
}

static int
read_places(struct job *j, struct buf *why)
{
	struct strv roots = STRV_INIT;
	size_t i;
	int r = 0;

	places_wipe(&j->now);
	if (j->conn != NULL)
		r = add_desired_places(j, why);
	strv_add(&roots,
	    j->conn != NULL ? buf_str(&j->snowflake_home) :
			      j->d.snowflake_home);
	for (i = 0; i < j->d.traces.len && r == 0; i++)
		if (!is_assumed(j, &j->d.traces.v[i]))
			r = places_add(&j->now, j->d.traces.v[i].path, NULL);
	if (r == 0)
		r = target_read(&j->target, &roots, &j->user, &j->now, why);
	for (i = 0; i < j->d.traces.len && r == 0; i++)
		if (is_assumed(j, &j->d.traces.v[i]))
			r = assume_directory(j, j->d.traces.v[i].path);
	strv_clear(&roots);
	return r != 0 || j->conn == NULL ? r : look_at_home(j, why);
}

/* Whether the place has less than what was kept of it: it was being written
 * when somebody was interrupted. */
static bool
is_cut(const struct places *now, const struct place *saved)
{
	const struct place *place = places_find(now, saved->path);

	return saved->content.len != 0 &&
	    (place == NULL || place->kind == PLACE_ABSENT ||
		(place->kind == PLACE_FILE && place->content.len == 0));
}

static int
put_back(struct job *j, bool *ret_any, struct buf *why)
{
	struct places lost = PLACES_INIT;
	const struct place *saved;
	size_t i;
	int r = 0;

	for (i = 0; i < j->d.saved.len && r == 0; i++) {
		saved = &j->d.saved.v[i];
		if (!is_cut(&j->now, saved))
			continue;
		log_warn("%s was cut by an interrupted change: it is put back",
		    saved->path);
		r = places_add_copy(&lost, saved);
	}
	*ret_any = lost.len != 0;
	if (r == 0)
		r = target_write(&j->target, &lost, why);
	places_wipe(&lost);
	return r;
}

/* Whether config.toml is where the connections of the target are. */
static bool
uses_config(const struct job *j)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	const struct place *connections;
	const struct place *config;
	struct toml_error err;
	struct toml *doc = NULL;
	bool uses = false;

	(void)buf_addf(&path, "%s/connections.toml",
	    buf_str(&j->snowflake_home));
	connections = places_find(&j->now, buf_str(&path));
	buf_clear(&path);
	(void)buf_addf(&path, "%s/config.toml", buf_str(&j->snowflake_home));
	config = places_find(&j->now, buf_str(&path));
	if (connections != NULL && connections->kind == PLACE_ABSENT &&
	    config != NULL && config->kind == PLACE_FILE &&
	    toml_parse(buf_str(&config->content), config->content.len, &err,
		&doc) == 0)
		uses = toml_count(toml_get(toml_root(doc), "connections")) != 0;
	toml_free(doc);
	buf_wipe(&path);
	return uses;
}

int
job_read(struct job *j)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	bool any = false;
	int r;

	r = read_places(j, &why);
	if (r == 0)
		r = put_back(j, &any, &why);
	if (r == 0 && any)
		r = read_places(j, &why);
	if (r == 0 && j->conn != NULL)
		j->layout.use_config = uses_config(j);
	if (r == 0 && j->layout.client != NULL)
		r = job_settle_client(j, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&why);
	return r;
}
