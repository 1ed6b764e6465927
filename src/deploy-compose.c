/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compose: an override file beside a compose file, by which its services have
 * what `run' gives a container.  Nobody is there when they start and end, so
 * what is mounted stays until `remove compose:FILE'.
 */
#include "coco.h"

#include <arpa/inet.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cidr.h"
#include "clock.h"
#include "compose.h"
#include "deploy-run.h"
#include "esc.h"
#include "fnv.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "num.h"
#include "result.h"

#define SUFFIX "coco.yaml"

/* Networks for services that have none of their own: 10.64.0.0/10 in parts of
 * 256 addresses.  Which one is told by the file's name, so that it stays. */
#define FIRST_NETWORK 64
#define NETWORKS      64

struct composing {
	struct job j;
	struct compose_file file;
	struct strv services; /* that are to have it */
	struct deployment former;
	struct rundir dir;
	struct buf output;     /* real path */
	char subnet[CIDR_MAX]; /* "" when there is no address to listen at */
	char gateway[CIDR_MAX];
	bool sets_network;
};

static int
refuse(const char *text, const char *hint)
{
	log_warn("%s", text);
	if (hint != NULL)
		log_hint("%s", hint);
	return result_exit(RESULT_UNSUPPORTED);
}

/* --- the compose file ----------------------------------------------------- */

static int
read_file(struct composing *c, const char *path)
{
	struct buf text = BUF_INIT(COMPOSE_MAX_SIZE);
	struct buf why = BUF_INIT(COMPOSE_MAX_WHY);
	int r;

	r = io_read_file(path, &text);
	if (r != 0)
		(void)buf_addf(&why, "%s: %s", path, strerror(-r));
	if (r == 0)
		r = compose_parse(buf_str(&text), text.len, path, &why,
		    &c->file);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&text);
	buf_wipe(&why);
	return r;
}

static int
choose_services(struct composing *c)
{
	const struct deploy_options *o = c->j.o;
	size_t i;

	for (i = 0; i < o->services.len; i++) {
		if (compose_service(&c->file, o->services.v[i]) == NULL) {
			log_warn("there is no service \"%s\" in %s",
			    o->services.v[i], o->words[0]);
			return result_exit(RESULT_NOT_FOUND);
		}
		strv_add(&c->services, o->services.v[i]);
	}
	for (i = 0; o->services.len == 0 && i < c->file.services_len; i++)
		strv_add(&c->services, c->file.services[i].name);
	if (c->services.len == 0)
		return refuse("there are no services in the file", NULL);
	return 0;
}

/* --- who ------------------------------------------------------------------ */

/* The user of all chosen services; NULL when none says one. */
static int
common_user(const struct composing *c, const char **ret_user)
{
	const struct compose_service *s;
	size_t i;

	*ret_user = NULL;
	for (i = 0; i < c->services.len; i++) {
		s = compose_service(&c->file, c->services.v[i]);
		if (i == 0)
			*ret_user = s->user;
		else if ((s->user == NULL) != (*ret_user == NULL) ||
		    (s->user != NULL && strcmp(s->user, *ret_user) != 0))
			return refuse("the services run as different users, "
				      "and a file belongs to one",
			    "say --service for those of one user");
	}
	return 0;
}

/* Numbers only: names are those of images that nobody has looked into. */
static int
find_user(struct composing *c)
{
	const char *user = c->j.o->user;
	const char *colon;
	int64_t uid = 0;
	int64_t gid = 0;
	int status = 0;

	if (user == NULL)
		status = common_user(c, &user);
	if (status != 0)
		return status;
	colon = user != NULL ? strchr(user, ':') : NULL;
	if (user != NULL &&
	    (num_parse(user,
		 colon != NULL ? (size_t)(colon - user) : strlen(user), 0,
		 UINT32_MAX - 1, &uid) != 0 ||
		(colon != NULL &&
		    num_parse(colon + 1, strlen(colon + 1), 0, UINT32_MAX - 1,
			&gid) != 0)))
		return refuse("the user of the services is no number",
		    "say --user UID:GID");
	if (geteuid() != 0 && uid != geteuid())
		return refuse("the services run as another user than you, and "
			      "the files that they need cannot be made his",
		    "say user: \"UID:GID\" in each of them, with yours by id, "
		    "or do this as root");
	c->j.user.uid = (uint32_t)uid;
	c->j.user.gid = (uint32_t)gid;
	return buf_adds(&c->j.user.home, DEPLOY_RUN_HOME) == 0 ?
	    0 :
	    result_exit(RESULT_ERROR);
}

/* --- where they reach the host -------------------------------------------- */

/* Whether all services are in the network that they have when none is said. */
static bool
are_in_default(const struct composing *c)
{
	const struct compose_service *s;
	size_t i;

	for (i = 0; i < c->services.len; i++) {
		s = compose_service(&c->file, c->services.v[i]);
		if (s->network_mode != NULL ||
		    (s->networks.len != 0 &&
			!strv_has(&s->networks, "default")))
			return false;
	}
	return true;
}

/* The network as the file says it, or one that we choose. */
static void
find_network(struct composing *c)
{
	const struct compose_network *n = compose_network(&c->file, "default");
	const char *path = strchr(c->j.target.spec, ':');
	uint64_t hash = fnv_field(FNV_START, path);

	if (!are_in_default(c) || (n != NULL && n->external))
		return;
	if (n != NULL && n->subnets_len != 0) {
		if (n->subnets[0].subnet != NULL &&
		    n->subnets[0].gateway != NULL &&
		    compose_is_literal(n->subnets[0].subnet) &&
		    compose_is_literal(n->subnets[0].gateway)) {
			(void)snprintf(c->subnet, sizeof(c->subnet), "%s",
			    n->subnets[0].subnet);
			(void)snprintf(c->gateway, sizeof(c->gateway), "%s",
			    n->subnets[0].gateway);
		}
		return;
	}
	(void)snprintf(c->subnet, sizeof(c->subnet), "10.%u.%u.0/24",
	    FIRST_NETWORK + (unsigned int)(hash % NETWORKS),
	    (unsigned int)(hash >> 8) & 0xff);
	(void)snprintf(c->gateway, sizeof(c->gateway), "10.%u.%u.1",
	    FIRST_NETWORK + (unsigned int)(hash % NETWORKS),
	    (unsigned int)(hash >> 8) & 0xff);
	c->sets_network = true;
}

/* --- what goes in --------------------------------------------------------- */

static int
get_grant(struct composing *c)
{
	struct reach way = {
		.is_owned = true, .uid = c->j.user.uid, .gid = c->j.user.gid
	};
	int status;

	if (c->gateway[0] != '\0') {
		(void)snprintf(way.also, sizeof(way.also),
		    strchr(c->gateway, ':') != NULL ? "[%s]:0" : "%s:0",
		    c->gateway);
		(void)snprintf(way.subnet, sizeof(way.subnet), "%s", c->subnet);
	}
	status = job_reach(&c->j, &way);
	if (status == 0 && c->j.grant.listen != NULL) {
		(void)buf_adds(&c->j.proxy_host, "token-proxy");
		(void)buf_adds(&c->j.proxy_port,
		    strrchr(c->j.grant.listen, ':') + 1);
		c->j.layout.proxy_host = buf_str(&c->j.proxy_host);
		c->j.layout.proxy_port = buf_str(&c->j.proxy_port);
	}
	return status;
}

/* What SERVICE gets. */
static void
make_change(const struct composing *c, const char *service,
    const struct compose_mount *mounts, size_t count,
    struct compose_change *ret)
{
	*ret = (struct compose_change){ .service = service,
		.mounts = mounts,
		.mounts_len = count,
		.proxy = c->gateway[0] != '\0' ? c->gateway : NULL };
	strv_add_all(&ret->env, &c->j.environment);
}

/* The override is ours while it has this hash: written down before it is. */
static int
note_override(struct composing *c, const struct buf *text, struct buf *why)
{
	struct trace *t;
	int r;

	traces_clear(&c->j.d.traces);
	t = traces_add(&c->j.d.traces, TRACE_FILE, buf_str(&c->output));
	t->made = true;
	r = trace_hash(buf_str(text), text->len, t->hash);
	return r != 0 ? r : deployment_save(&c->j.d, why);
}

static int
write_override(struct composing *c, const char *client, struct buf *why)
{
	struct buf home = BUF_INIT(PLACE_MAX_PATH);
	struct buf text = BUF_INIT(COMPOSE_MAX_SIZE);
	struct compose_change *changes = xcalloc(c->services.len,
	    sizeof(*changes));
	struct compose_override o = { .file = c->j.o->words[0],
		.override = buf_str(&c->output),
		.changes = changes,
		.changes_len = c->services.len,
		.network = c->sets_network ? "default" : NULL,
		.subnet = c->subnet,
		.gateway = c->gateway };
	struct compose_mount mounts[] = {
		{ c->j.d.directory, DEPLOY_MOUNT_POINT, true },
		{ NULL, DEPLOY_RUN_HOME, false },
		{ client, DEPLOY_CLIENT, true },
	};
	size_t i;
	int r;

	r = rundir_path(&c->dir, "root" DEPLOY_RUN_HOME, &home);
	mounts[1].source = buf_str(&home);
	for (i = 0; i < c->services.len; i++)
		make_change(c, c->services.v[i], mounts, ARRAY_LEN(mounts),
		    &changes[i]);
	if (r == 0)
		r = compose_write(&o, why, &text);
	if (r == 0)
		r = note_override(c, &text, why);
	if (r == 0) {
		r = io_replace(buf_str(&c->output), buf_str(&text), text.len);
		if (r != 0)
			(void)buf_addf(why, "%s: %s", buf_str(&c->output),
			    strerror(-r));
	}
	for (i = 0; i < c->services.len; i++)
		strv_clear(&changes[i].env);
	free(changes);
	buf_wipe(&home);
	buf_wipe(&text);
	return r;
}

/* --- from beginning to end ------------------------------------------------ */

/* "compose.yaml" becomes "compose.coco.yaml". */
static int
name_output(struct composing *c)
{
	const char *file = c->j.o->words[0];
	const char *dot = strrchr(file, '.');
	const char *slash = strrchr(file, '/');
	size_t len = dot != NULL && (slash == NULL || dot > slash) ?
	    (size_t)(dot - file) :
	    strlen(file);
	struct buf name = BUF_INIT(PLACE_MAX_PATH);
	struct buf dir = BUF_INIT(PLACE_MAX_PATH);
	char *real;
	int r;

	if (c->j.o->output != NULL)
		r = buf_adds(&name, c->j.o->output);
	else
		r = buf_addf(&name, "%.*s." SUFFIX, (int)len, file);
	if (r == 0)
		r = io_directory_of(buf_str(&name), &dir);
	real = r == 0 ? realpath(buf_str(&dir), NULL) : NULL;
	slash = strrchr(buf_str(&name), '/');
	if (real == NULL)
		r = r != 0 ? r : -errno;
	else
		r = buf_addf(&c->output, "%s/%s",
		    strcmp(real, "/") == 0 ? "" : real,
		    slash != NULL ? slash + 1 : buf_str(&name));
	if (r != 0)
		log_warn("%s: %s", buf_str(&name), strerror(-r));
	free(real);
	buf_wipe(&name);
	buf_wipe(&dir);
	return r == 0 ? 0 : result_exit(result_of_errno(r));
}

/* Whether the file is there and as we wrote it. */
static bool
is_ours(const struct deployment *former, const char *path)
{
	const struct trace *t = traces_find(&former->traces, path);
	struct buf text = BUF_INIT(COMPOSE_MAX_SIZE);
	char hash[TRACE_HASH_LEN + 1] = "";
	bool is;

	is = t != NULL && io_read_file(path, &text) == 0 &&
	    trace_hash(buf_str(&text), text.len, hash) == 0 &&
	    trace_is(t, hash);
	buf_wipe(&text);
	return is;
}

struct writer {
	const char *target;
	const char *path;
	bool is;
};

static int
look_at_writer(void *ctx, struct deployment *d)
{
	struct writer *w = ctx;

	if (strcmp(d->target, w->target) == 0 && is_ours(d, w->path))
		w->is = true;
	deployment_clear(d);
	return 0;
}

/* Whether the override PATH is as we wrote it for TARGET.  There can be several
 * records: of who was killed before he had ended the former. */
static bool
is_written(const char *target, const char *path)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	struct writer w = { target, path, false };

	(void)deployment_each(look_at_writer, &w, &why);
	buf_wipe(&why);
	return w.is;
}

/* What we have not written is not ours to replace. */
static int
check_output(const struct composing *c)
{
	const char *path = buf_str(&c->output);

	if (access(path, F_OK) != 0 || is_written(c->j.target.spec, path))
		return 0;
	log_warn("%s is there already, and not as coco-deploy wrote it", path);
	log_hint("name another one by -o FILE, or remove it");
	return result_exit(RESULT_ERROR);
}

static int
find_out(struct composing *c)
{
	struct job *j = &c->j;
	int status;

	status = job_open_compose(j, j->o, j->o->words[0], &c->former);
	if (status == 0)
		status = job_check_exposure(j);
	if (status == 0)
		status = read_file(c, j->o->words[0]);
	if (status == 0)
		status = choose_services(c);
	if (status == 0)
		status = find_user(c);
	if (status == 0)
		status = job_begin_layout(j);
	if (status == 0)
		status = name_output(c);
	if (status == 0)
		status = check_output(c);
	if (status == 0)
		find_network(c);
	return status;
}

static int
write_all(struct composing *c)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct buf client = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = job_client_file(NULL, &client);
	if (r == 0)
		r = write_override(c, buf_str(&client), &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	buf_wipe(&client);
	buf_wipe(&why);
	return r;
}

static int
put_in(struct composing *c)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct job *j = &c->j;
	int status;
	int r;

	r = rundir_make(j->d.id, &why, &c->dir);
	status = r != 0 ? deploy_fail(&why, r) : get_grant(c);
	if (status == 0)
		status = stage_plan(j);
	if (status == 0)
		status = stage_write(j, &c->dir, j->user.uid, j->user.gid);
	if (status == 0)
		status = write_all(c);
	buf_wipe(&why);
	return status;
}

/* What was made for the services before is of no use any more. */
static void
end_former(const struct deployment *d)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct rundir dir = RUNDIR_INIT;

	if (d->id[0] == '\0')
		return;
	(void)rundir_take(d->id, &why, &dir);
	run_clean_up(d, &dir);
	rundir_close(&dir);
	buf_wipe(&why);
}

struct ending {
	const char *target;
	const char *keep; /* an id, or NULL */
};

static int
end_another(void *ctx, struct deployment *d)
{
	struct ending *e = ctx;

	if (strcmp(d->target, e->target) == 0 &&
	    (e->keep == NULL || strcmp(d->id, e->keep) != 0))
		end_former(d);
	deployment_clear(d);
	return 0;
}

/* End all that was made for TARGET but KEEP. */
static void
end_others(const char *target, const char *keep)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	struct ending e = { target, keep };

	(void)deployment_each(end_another, &e, &why);
	if (why.len != 0)
		log_lines(buf_str(&why));
	buf_wipe(&why);
}

/* How the files are used, as it can be pasted. */
static void
tell_command(const struct composing *c)
{
	struct buf b = BUF_INIT(8 * PLACE_MAX_PATH);

	(void)buf_adds(&b, "docker compose -f ");
	(void)esc_word(&b, c->j.o->words[0]);
	(void)buf_adds(&b, " -f ");
	(void)esc_word(&b, buf_str(&c->output));
	log_hint("%s up", buf_str(&b));
	buf_wipe(&b);
}

static void
tell(struct composing *c)
{
	job_ask_login(&c->j);
	job_warn_of_login(&c->j);
	if (!isatty(STDERR_FILENO))
		return;
	log_warn("%s is written", buf_str(&c->output));
	tell_command(c);
}

int
deploy_compose(const struct deploy_options *o)
{
	struct composing c = { .file = COMPOSE_FILE_INIT,
		.former = DEPLOYMENT_INIT,
		.dir = RUNDIR_INIT,
		.output = BUF_INIT(PLACE_MAX_PATH) };
	int status;

	c.j.o = o;
	c.j.lock = -1;
	status = find_out(&c);
	if (status == 0) {
		status = put_in(&c);
		if (status == 0 && c.former.id[0] != '\0')
			log_warn("the former grant is ended: start services "
				 "that run again");
		if (status == 0)
			end_others(c.j.target.spec, c.j.d.id);
		else
			run_clean_up(&c.j.d, &c.dir);
	}
	if (status == 0)
		tell(&c);
	job_close(&c.j);
	compose_clear(&c.file);
	strv_clear(&c.services);
	rundir_close(&c.dir);
	deployment_clear(&c.former);
	buf_wipe(&c.output);
	return status;
}

/* --- and out again -------------------------------------------------------- */

struct overrides {
	const char *target;
	struct strv paths;
};

static int
add_override(void *ctx, struct deployment *d)
{
	struct overrides *o = ctx;

	if (strcmp(d->target, o->target) == 0 && d->traces.len != 0 &&
	    !strv_has(&o->paths, d->traces.v[0].path))
		strv_add(&o->paths, d->traces.v[0].path);
	deployment_clear(d);
	return 0;
}

/* The override PATH, if it is as we wrote it. */
static int
remove_override(const char *target, const char *path)
{
	int r = 0;

	if (access(path, F_OK) != 0)
		return 0;
	if (!is_written(target, path))
		log_warn("%s was changed since; it stays", path);
	else
		r = io_remove(path);
	if (r != 0)
		log_warn("%s: %s", path, strerror(-r));
	return r != 0 ? result_exit(result_of_errno(r)) : 0;
}

static int
remove_overrides(const char *target)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);
	struct overrides o = { target, STRV_INIT };
	int status = 0;
	size_t i;

	(void)deployment_each(add_override, &o, &why);
	for (i = 0; i < o.paths.len && status == 0; i++)
		status = remove_override(target, o.paths.v[i]);
	strv_clear(&o.paths);
	buf_wipe(&why);
	return status;
}

/* The record for the file PATH, which may be gone; of several, one. */
static int
find_former(const char *path, struct deployment *ret, struct buf *why)
{
	struct strv spec = STRV_INIT;
	char *real = realpath(path, NULL);
	int r;

	strv_addf(&spec, DEPLOY_COMPOSE "%s", real != NULL ? real : path);
	r = deployment_find(spec.v[0], NULL, NULL, ret, why);
	if (r == -EEXIST) {
		buf_clear(why);
		r = 0;
	}
	if (r == -ENOENT) {
		(void)buf_adds(why, "nothing of coco's is for ");
		(void)esc_visible(why, path, strlen(path));
	}
	strv_clear(&spec);
	free(real);
	return r;
}

int
deploy_compose_remove(const struct deploy_options *o)
{
	const char *path = o->words[0] + strlen(DEPLOY_COMPOSE);
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	struct deployment d = DEPLOYMENT_INIT;
	struct job j = { .o = o };
	int status;
	int r;

	r = find_former(path, &d, &why);
	status = r != 0 ? deploy_fail(&why, r) : remove_overrides(d.target);
	if (status == 0) {
		xstrset(&j.d.grant, d.grant);
		status = job_revoke(&j);
		xstrset(&j.d.grant, NULL);
	}
	if (status == 0)
		end_others(d.target, NULL);
	deployment_clear(&d);
	buf_wipe(&why);
	return status;
}
