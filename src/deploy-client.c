/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client that goes into a target, coco-credential.static: where, and which;
 * and running it there, once or for as long as a token has to be kept fresh.
 */
#include "coco.h"

#include <sys/utsname.h>

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "deploy.h"
#include "inmates.h"
#include "io.h"
#include "log.h"
#include "path.h"
#include "result.h"

#define CLIENT     "coco-credential"
#define SYSTEM_DIR "/usr/local/bin"

#define TRY_MS     15000
#define WATCHER_MS 5000

int
job_client_file(const char *arch, struct buf *path)
{
	int r;

	r = path_libexec(path);
	return r != 0 ? r :
			buf_addf(path, "/" CLIENT ".static%s%s",
			    arch != NULL ? "-" : "", arch != NULL ? arch : "");
}

void
job_tell_no_client(const char *arch, const char *path, int r)
{
	log_warn("%s: %s", path, strerror(-r));
	log_hint(arch != NULL ?
		"put the client for that architecture there: "
		"coco-credential.static, as a build for it has it" :
		"coco was built with --disable-static-client: build it "
		"without");
}

/* Read the client for ARCH; NULL: this machine's. */
static int
load(struct job *j, const char *arch)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	int r;

	buf_clear(&j->client_content);
	r = job_client_file(arch, &path);
	if (r == 0)
		r = io_read_file(buf_str(&path), &j->client_content);
	if (r != 0)
		job_tell_no_client(arch, buf_str(&path), r);
	buf_wipe(&path);
	return r != 0 ? result_exit(RESULT_UNSUPPORTED) : 0;
}

/* Whether programs of the system can be put there. */
static bool
is_closed(const struct target *t)
{
	return t->kind == TARGET_CONTAINER ?
	    !container_is_writable(&t->container, SYSTEM_DIR) :
	    t->is_read_only;
}

/* Whether the client was mounted by `run'. */
static bool
is_mounted(const struct job *j)
{
	const struct container_mount *m;

	m = container_mount_of(&j->target.container, DEPLOY_CLIENT);
	return m != NULL && strcmp(m->destination, DEPLOY_CLIENT) == 0;
}

int
job_find_client(struct job *j)
{
	int r;

	/* then it was mounted, or the user did not want it */
	if (j->d.is_run && !is_mounted(j))
		return 0;
	if (!j->d.is_run && is_closed(&j->target)) {
		r = buf_addf(&j->client, "%s/.local/bin/" CLIENT,
		    buf_str(&j->user.home));
		j->layout.root_uid = j->user.uid;
		j->layout.root_gid = j->user.gid;
	} else {
		r = buf_adds(&j->client, DEPLOY_CLIENT);
	}
	if (r != 0)
		return result_exit(RESULT_ERROR);
	j->layout.client = buf_str(&j->client);
	j->layout.client_content = &j->client_content;
	return load(j, NULL);
}

int
job_find_parents(struct job *j, const char *path, struct buf *why)
{
	struct strv roots = STRV_INIT;
	struct places p = PLACES_INIT;
	struct strv missing = STRV_INIT;
	struct buf dir = BUF_INIT(PLACE_MAX_PATH);
	struct buf at = BUF_INIT(PLACE_MAX_PATH);
	struct place *place;
	size_t i;
	int r;

	r = place_parent(path, &dir);
	while (r == 0 && dir.len > 1) {
		places_wipe(&p);
		r = places_add(&p, buf_str(&dir), &place);
		if (r == 0)
			r = target_read(&j->target, &roots, NULL, &p, why);
		if (r != 0 || place->kind != PLACE_ABSENT)
			break;
		strv_add(&missing, buf_str(&dir));
		buf_move(&at, &dir);
		r = place_parent(buf_str(&at), &dir);
	}
	for (i = missing.len; i-- > 0;) {
		strv_add(&j->parents, missing.v[i]);
		(void)places_add(&j->now, missing.v[i], NULL);
	}
	places_wipe(&p);
	strv_clear(&missing);
	buf_wipe(&dir);
	buf_wipe(&at);
	return r;
}

/* Whether the client that is in the target is the one that we would put
 * there. */
static bool
is_there(const struct job *j, const struct place *now)
{
	return now != NULL && now->kind == PLACE_FILE &&
	    now->content.len == j->client_content.len &&
	    memcmp(buf_str(&now->content), buf_str(&j->client_content),
		now->content.len) == 0;
}

int
job_settle_client(struct job *j, struct buf *why)
{
	const struct place *now = places_find(&j->now, buf_str(&j->client));
	struct buf arch = BUF_INIT(64);
	struct utsname u;
	int r = 0;

	strv_clear(&j->parents);
	if (is_there(j, now))
		return 0;
	r = target_arch(&j->target, &arch, why);
	if (r == 0 && uname(&u) == 0 && strcmp(u.machine, buf_str(&arch)) != 0)
		r = load(j, buf_str(&arch)) == 0 ? 0 : -ENOTSUP;
	if (r == 0 && (now == NULL || now->kind == PLACE_ABSENT))
		r = job_find_parents(j, buf_str(&j->client), why);
	buf_wipe(&arch);
	return r;
}

/* --- running it ----------------------------------------------------------- */

int
job_run_client(const struct job *j, const char *const *words, int64_t ms,
    struct buf *out, struct buf *why, int *ret_status)
{
	struct strv env = STRV_INIT;
	struct strv argv = STRV_INIT;
	struct buf user = BUF_INIT(32);
	struct engine e = j->target.engine;
	struct engine_command command = { .env = &env, .argv = &argv };
	int r;

	e.deadline_ms = clock_ms() + ms;
	(void)buf_addf(&user, "%u:%u", j->user.uid, j->user.gid);
	command.user = buf_str(&user);
	strv_addf(&env, "HOME=%s", buf_str(&j->user.home));
	strv_add_all(&env, &j->environment);
	strv_add(&argv, buf_str(&j->client));
	for (; *words != NULL; words++)
		strv_add(&argv, *words);
	r = out != NULL ?
	    engine_exec(&e, &command, NULL, out, why, ret_status) :
	    engine_start(&e, &command, why);
	strv_clear(&env);
	strv_clear(&argv);
	buf_wipe(&user);
	return r;
}

/* Run it to its end, which has to be a good one; it says nothing that is
 * wanted. */
static int
run(const struct job *j, const char *const *words, struct buf *why)
{
	struct buf out = BUF_INIT(DEPLOY_MAX_TEXT * 8);
	int status = 0;
	int r;

	r = job_run_client(j, words, TRY_MS, &out, why, &status);
	if (r == 0 && status != 0)
		r = status >= 125 && status <= 127 ? -ENOEXEC : -EHOSTUNREACH;
	buf_wipe(&out);
	return r;
}

bool
job_needs_watcher(const struct job *j)
{
	return j->layout.way == LAYOUT_TOKEN_FILE && j->layout.endpoint != NULL;
}

/* The process that keeps the token of the file PATH fresh. */
#define WATCHER(client, path)                                   \
	{                                                       \
		(client), "token-file", "--watch", (path), NULL \
	}

static int
start_watcher(const struct job *j, struct buf *why)
{
	const char *const once[] = { "token-file", buf_str(&j->token_file),
		NULL };
	const char *const all[] = WATCHER(buf_str(&j->client),
	    buf_str(&j->token_file));
	int r;

	/* a former one would remove the file of the new */
	inmates_end(j->target.container.id, all, WATCHER_MS);
	r = run(j, once, why);
	return r != 0 ? r : job_run_client(j, all + 1, TRY_MS, NULL, why, NULL);
}

void
job_end_watcher(const struct job *j)
{
	struct buf own = BUF_INIT(PLACE_MAX_PATH);
	const char *const system[] = WATCHER(DEPLOY_CLIENT, j->d.token_file);
	const char *const home[] = WATCHER(NULL, j->d.token_file);
	const char *all[ARRAY_LEN(home)];

	if (j->d.token_file == NULL)
		return;
	inmates_end(j->target.container.id, system, WATCHER_MS);
	memcpy(all, home, sizeof(home));
	if (buf_addf(&own, "%s/.local/bin/coco-credential", j->d.home) == 0) {
		all[0] = buf_str(&own);
		inmates_end(j->target.container.id, all, WATCHER_MS);
	}
	buf_wipe(&own);
}

bool
job_lacks_watcher(const struct job *j)
{
	const char *const all[] = WATCHER(buf_str(&j->client),
	    buf_str(&j->token_file));
	const char *id = j->target.container.id;

	return job_needs_watcher(j) &&
	    inmates_has(id, j->target.container.pid) && !inmates_runs(id, all);
}

bool
job_needs_try(const struct job *j)
{
	const char *const all[] = WATCHER(buf_str(&j->client),
	    buf_str(&j->token_file));

	/* it worked when it was put there */
	if (j->plan.len != 0 || !j->is_known || j->is_new_grant)
		return true;
	return job_needs_watcher(j) &&
	    !inmates_runs(j->target.container.id, all);
}

int
job_try(const struct job *j, struct buf *why)
{
	static const char *const ask[] = { "status", NULL };

	return job_needs_watcher(j) ? start_watcher(j, why) : run(j, ask, why);
}
