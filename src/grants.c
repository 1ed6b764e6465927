/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "beneath.h"
#include "clock.h"
#include "events.h"
#include "grants.h"
#include "grantstore.h"
#include "io.h"
#include "journal.h"
#include "mem.h"
#include "path.h"
#include "policy.h"
#include "sock.h"

/* Ends of grants, and listeners whose address was taken, are looked at so
 * often: the wall clock may jump, and somebody may have let go of a port. */
#define LOOK_MS 5000

struct grants {
	struct tokend *tokend;
	struct grantstore *store;
	struct buf path; /* of the directory of the grants' directories */
	int dir;
	struct sandbox **v;
	size_t len;
	struct loop_timer *timer;
};

/* --- telling -------------------------------------------------------------- */

/* One line for the audit log, and an event if it has happened. */
static void
tell(struct grants *g, const char *event, enum result result,
    const struct grant *grant)
{
	struct cred about = CRED_INIT;
	const struct audit a = { .event = event,
		.result = result,
		.request = &about,
		.grant = grant->id[0] != '\0' ? grant->id : NULL };

	if (grant->connection_count != 0) {
		cred_set(&about, CRED_CONNECTION, grant->connections[0].name);
		if (grant->connections[0].roles.len != 0)
			cred_set(&about, CRED_ROLE,
			    grant->connections[0].roles.v[0]);
	} else if (grant->host_count != 0) {
		cred_set(&about, CRED_PROTOCOL, "https");
		cred_set(&about, CRED_HOST, grant->hosts[0].host);
	}
	if (audit_event(&a, NULL) != 0)
		journal(JOURNAL_WARNING, "grant %s: no line in the audit log",
		    grant->id);
	if (result == RESULT_SUCCESS)
		events_send(&g->tokend->events, event, &about, grant->id, NULL);
	cred_wipe(&about);
}

void
grants_tell_manager(struct grants *g)
{
	struct buf status = BUF_INIT(4096);
	const struct grant *grant;
	bool is_first = true;
	const char *port;
	size_t i;
	size_t j;

	(void)buf_addf(&status, "STATUS=serving; grants: %zu", g->len);
	for (i = 0; i < g->len; i++) {
		grant = sandbox_grant(g->v[i]);
		for (j = 0; j < grant->listen.len; j++) {
			port = strrchr(grant->listen.v[j], ':');
			if (port == NULL)
				continue;
			(void)buf_addf(&status, "%s %s",
			    is_first ? "; ports:" : "", port + 1);
			is_first = false;
		}
	}
	(void)notify_send(&g->tokend->notify, buf_str(&status));
	buf_wipe(&status);
}

/* --- the table ------------------------------------------------------------ */

static void
add_to_table(struct grants *g, struct sandbox *s)
{
	g->v = xreallocarray(g->v, g->len + 1, sizeof(*g->v));
	g->v[g->len++] = s;
}

static void
drop_from_table(struct grants *g, const struct sandbox *s)
{
	size_t i;

	for (i = 0; i < g->len && g->v[i] != s; i++)
		continue;
	if (i < g->len)
		g->v[i] = g->v[--g->len];
}

struct sandbox *
grants_find(struct grants *g, const char *id)
{
	size_t i;

	for (i = 0; i < g->len; i++)
		if (strcmp(sandbox_grant(g->v[i])->id, id) == 0)
			return g->v[i];
	return NULL;
}

size_t
grants_count(const struct grants *g)
{
	return g->len;
}

size_t
grants_connections(const struct grants *g)
{
	size_t sum = 0;
	size_t i;

	for (i = 0; i < g->len; i++)
		sum += sandbox_connections(g->v[i]);
	return sum;
}

bool
grants_have_room(const struct grants *g)
{
	return grants_connections(g) <
	    (size_t)g->tokend->settings.sandbox.max_connections;
}

static int
compare(const void *a, const void *b)
{
	struct sandbox *const *x = a;
	struct sandbox *const *y = b;

	return strcmp(sandbox_grant(*x)->id, sandbox_grant(*y)->id);
}

void
grants_each_after(struct grants *g, const char *after,
    bool (*fn)(void *ctx, struct sandbox *s), void *ctx)
{
	bool go_on = true;
	size_t i;

	if (g->len != 0)
		qsort(g->v, g->len, sizeof(*g->v), compare);
	for (i = 0; go_on && i < g->len; i++)
		if (strcmp(sandbox_grant(g->v[i])->id, after) > 0)
			go_on = fn(ctx, g->v[i]);
}

int
grants_directory(const struct grants *g)
{
	return g->dir;
}

const char *
grants_path(const struct grants *g)
{
	return buf_str(&g->path);
}

/* --- from the operator ---------------------------------------------------- */

/* What the policy of this machine says to GRANT, besides OTHERS. */
static int
check_policy(const struct grant *grant, size_t others, struct buf *why)
{
	struct policy_grant p = { .connections = STRV_INIT,
		.hosts = STRV_INIT,
		.ttl = grant->expires_utc - clock_utc(),
		.expose = grant->expose,
		.tcp = grant_listens_on_tcp(grant),
		.unauthenticated = grant->allow_unauthenticated,
		.others = others };
	const struct policy *policy;
	size_t i;
	int r;

	for (i = 0; i < grant->connection_count; i++)
		strv_add(&p.connections, grant->connections[i].name);
	for (i = 0; i < grant->host_count; i++)
		strv_add(&p.hosts, grant->hosts[i].host);
	r = policy_get(&policy, why);
	if (r == 0)
		r = policy_permits_grant(policy, &p, why);
	strv_clear(&p.connections);
	strv_clear(&p.hosts);
	return r;
}

/* Whether somebody has removed the directory DIR, which we hold. */
static bool
is_removed(int dir)
{
	struct stat st;

	return dir >= 0 && fstat(dir, &st) == 0 && st.st_nlink == 0;
}

/* Whether GRANT, besides OTHERS, may be served at all. */
static int
check(const struct grants *g, const struct grant *grant, size_t others,
    struct buf *why)
{
	if (g->store == NULL) {
		(void)buf_adds(why,
		    "this coco-tokend has no grants; its log says why, and "
		    "when that is mended it has to be restarted");
		return -EBUSY;
	}
	if (g->dir < 0 && (grant_listens_on_unix(grant) || grant->token_file)) {
		(void)buf_adds(why, "there is no place for its directory");
		return -ENOENT;
	}
	if (grant->token_file && grant->owner_uid >= 0 && geteuid() != 0 &&
	    grant->owner_uid != (int64_t)geteuid()) {
		(void)buf_adds(why,
		    "only root can give a token file to another user: leave "
		    "--owner or --token-file out");
		return -EACCES;
	}
	if (is_removed(g->dir)) {
		(void)buf_addf(why, "%s was removed: restart coco-tokend",
		    buf_str(&g->path));
		return -ENOENT;
	}
	return check_policy(grant, others, why);
}

int
grants_add(struct grants *g, struct grant *grant, struct buf *b,
    struct buf *why)
{
	struct buf capability = BUF_INIT(GRANT_CAPABILITY_SIZE);
	struct sandbox *s = NULL;
	int r;

	r = check(g, grant, g->len, why);
	if (r == -EACCES)
		tell(g, "grant", RESULT_DENIED, grant);
	if (r == 0 &&
	    g->len >= (size_t)g->tokend->settings.sandbox.max_grants) {
		(void)buf_addf(why,
		    "there are %zu grants already, sandbox.max_grants of "
		    "coco.toml, or the limit of open files, allows no more",
		    g->len);
		r = -ENOSPC;
	}
	if (r == 0)
		r = grant_new_capability(grant, &capability);
	if (r != 0)
		goto out;
	s = sandbox_new(g->tokend, grant);
	add_to_table(g, s);
	r = sandbox_open(s, why);
	if (r == 0)
		r = grantstore_save(g->store, sandbox_grant(s), why);
	if (r == 0)
		r = sandbox_describe(s, buf_str(&capability), b);
	if (r == 0) {
		tell(g, "grant", RESULT_SUCCESS, sandbox_grant(s));
		grants_tell_manager(g);
	} else {
		(void)grantstore_remove(g->store, sandbox_grant(s)->id, why);
		drop_from_table(g, s);
		sandbox_close(s, true);
	}
out:
	buf_wipe(&capability);
	return r;
}

static bool
is_only_pause(const struct grant_changes *c)
{
	return c->has_paused && c->paused && !c->has_ttl && !c->has_roles &&
	    c->container[0] == '\0';
}

int
grants_update(struct grants *g, struct sandbox *s,
    const struct grant_changes *changes, struct buf *why)
{
	struct buf state = BUF_INIT(GRANT_MAX_STATE);
	struct grant *grant = sandbox_grant(s);
	struct grant changed = GRANT_INIT;
	int r;

	r = grant_format_state(grant, &state);
	if (r == 0)
		r = grant_parse_state(buf_str(&state), state.len, &changed,
		    why);
	if (r == 0)
		r = grant_apply_update(&changed, changes, clock_utc(), why);
	/* to stop is always allowed; how many there may be is asked when one
	 * is made */
	if (r == 0 && !is_only_pause(changes))
		r = check(g, &changed, 0, why);
	if (r == 0)
		r = grantstore_save(g->store, &changed, why);
	if (r == 0) {
		grant_clear(grant);
		*grant = changed;
		changed = (struct grant)GRANT_INIT;
		tell(g, "update", RESULT_SUCCESS, grant);
		sandbox_changed(s);
	}
	grant_clear(&changed);
	buf_wipe(&state);
	return r;
}

/* S, whose file is gone, ends. */
static void
end_one(struct grants *g, struct sandbox *s, const char *event)
{
	if (!sandbox_is_ended(s))
		tell(g, event, RESULT_SUCCESS, sandbox_grant(s));
	drop_from_table(g, s);
	sandbox_close(s, true);
}

/* grants_revoke(), of which the service manager hears from the caller. */
static int
revoke_one(struct grants *g, struct sandbox *s, const char *event,
    struct buf *why)
{
	int r;

	r = grantstore_remove(g->store, sandbox_grant(s)->id, why);
	if (r == 0) {
		end_one(g, s, event);
		return 0;
	}
	/* on_timer() tries again */
	(void)buf_adds(why,
	    "; it gets nothing any more, but would after a restart "
	    "of coco-tokend\n");
	if (!sandbox_is_ended(s))
		tell(g, event, RESULT_SUCCESS, sandbox_grant(s));
	sandbox_end(s);
	return r;
}

int
grants_revoke(struct grants *g, struct sandbox *s, const char *event,
    struct buf *why)
{
	int r = revoke_one(g, s, event, why);

	if (r == 0)
		grants_tell_manager(g);
	return r;
}

int
grants_revoke_unknown(struct grants *g, const char *id, struct buf *why)
{
	return g->store == NULL || !grantstore_has(g->store, id) ?
	    -ENOENT :
	    grantstore_remove(g->store, id, why);
}

int
grants_revoke_all(struct grants *g, struct buf *why)
{
	struct buf once = BUF_INIT(GRANTS_MAX_WHY);
	int first = 0;
	size_t i;
	int all;
	int r;

	/* all files at once, for each may wait for the disk; those that could
	 * not be read are among them, and would be served by who can */
	all = g->store != NULL ? grantstore_remove_all(g->store, &once) : 0;
	for (i = g->len; i > 0; i--) {
		r = 0;
		if (all == 0)
			end_one(g, g->v[i - 1], "revoke");
		else
			r = revoke_one(g, g->v[i - 1], "revoke", why);
		if (first == 0)
			first = r;
	}
	grants_tell_manager(g);
	if (all != 0 && first == 0)
		(void)buf_adds(why, buf_str(&once));
	buf_wipe(&once);
	return first != 0 ? first : all;
}

/* --- by themselves -------------------------------------------------------- */

/* Serve S, if it may be; that it cannot is said once. */
static void
open_sandbox(struct grants *g, struct sandbox *s, enum journal_level level)
{
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	int r;

	/* a policy that allows fewer now says so when one is made */
	r = check(g, sandbox_grant(s), 0, &why);
	if (r == 0)
		r = sandbox_open(s, &why);
	if (r != 0)
		journal(level, "grant %s is not served: %s",
		    sandbox_grant(s)->id,
		    why.len != 0 ? buf_str(&why) : strerror(-r));
	buf_wipe(&why);
}

/* End what is over, and try again to serve what could not be. */
static void
on_timer(void *ctx)
{
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	struct grants *g = ctx;
	size_t i;

	for (i = g->len; i > 0; i--) {
		if (sandbox_is_ended(g->v[i - 1]) ||
		    grant_is_over(sandbox_grant(g->v[i - 1]), clock_utc())) {
			buf_clear(&why);
			if (grants_revoke(g, g->v[i - 1], "expire", &why) != 0)
				journal_lines(JOURNAL_ERROR, buf_str(&why));
		} else if (!sandbox_is_served(g->v[i - 1])) {
			open_sandbox(g, g->v[i - 1], JOURNAL_DEBUG);
		}
	}
	buf_wipe(&why);
	loop_timer_set(g->timer, LOOK_MS);
}

void
grants_obey_policy(struct grants *g)
{
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	const struct policy *policy;
	size_t i;

	if (policy_get(&policy, &why) == 0)
		for (i = g->len; i > 0; i--) {
			buf_clear(&why);
			if (check_policy(sandbox_grant(g->v[i - 1]), 0, &why) ==
			    0)
				continue;
			journal(JOURNAL_WARNING, "grant %s is revoked: %s",
			    sandbox_grant(g->v[i - 1])->id, buf_str(&why));
			buf_clear(&why);
			if (grants_revoke(g, g->v[i - 1], "revoke", &why) != 0)
				journal_lines(JOURNAL_ERROR, buf_str(&why));
		}
	buf_wipe(&why);
}

void
grants_refresh_files(struct grants *g, const char *connection)
{
	size_t i;

	for (i = 0; i < g->len; i++)
		sandbox_look_after_file(g->v[i], connection);
}

void
grants_set_limits(struct grants *g)
{
	size_t i;

	for (i = 0; i < g->len; i++)
		sandbox_set_limits(g->v[i]);
}

/* --- life ----------------------------------------------------------------- */

/* Where the directories of the grants are: beside the control socket. */
static int
find_directory(struct grants *g, struct buf *why)
{
	struct buf socket = BUF_INIT(PATH_MAX);
	int parent = -1;
	int r;

	r = g->tokend->socket.len != 0 ?
	    buf_adds(&socket, buf_str(&g->tokend->socket)) :
	    sock_control_path(&socket);
	if (r == 0)
		r = sock_directory(buf_str(&socket), &g->path);
	if (r == 0)
		r = path_make_private(buf_str(&g->path));
	if (r == 0) {
		parent = open(buf_str(&g->path),
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		r = parent < 0 ? -errno : 0;
	}
	if (r == 0)
		r = beneath_make_directory(parent, "grants", 0700, why,
		    &g->dir);
	if (r == 0)
		r = buf_adds(&g->path, "/grants");
	/* without a runtime directory there are listeners by TCP at least */
	if (r == -ENOENT)
		r = 0;
	if (r != 0 && why->len == 0)
		(void)buf_addf(why, "the directory of the grants: %s",
		    strerror(-r));
	io_close(parent);
	buf_wipe(&socket);
	return r;
}

static void
let_go_of_store(struct grants *g)
{
	grantstore_close(g->store);
	g->store = NULL;
}

struct grants *
grants_open(struct tokend *t, struct strv *dirs)
{
	struct grants *g = xcalloc(1, sizeof(*g));
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	int r;

	g->tokend = t;
	g->path = (struct buf)BUF_INIT(PATH_MAX);
	g->dir = -1;
	r = grantstore_open(0, &why, &g->store);
	if (r == 0)
		r = find_directory(g, &why);
	if (r != 0)
		journal(JOURNAL_WARNING, "there are no grants: %s",
		    why.len != 0 ? buf_str(&why) : strerror(-r));
	if (r == 0)
		strv_add(dirs, grantstore_directory(g->store));
	else
		let_go_of_store(g);
	if (g->dir >= 0)
		strv_add(dirs, buf_str(&g->path));
	buf_wipe(&why);
	return g;
}

/* A grant that was on disk. */
static void
on_loaded(void *ctx, struct grant *grant)
{
	struct grants *g = ctx;

	add_to_table(g, sandbox_new(g->tokend, grant));
}

static void
on_bad(void *ctx, const char *why)
{
	(void)ctx;
	journal(JOURNAL_ERROR, "%s", why);
}

/* What a daemon that was killed has left: tokens and sockets of all, and the
 * directories of grants that it was making or ending. */
static void
sweep_directories(struct grants *g)
{
	int fd = g->dir >= 0 ? dup(g->dir) : -1;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;
	int sub;

	if (d == NULL) {
		io_close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (!grant_is_id(e->d_name, strlen(e->d_name)))
			continue;
		sub = openat(g->dir, e->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			sandbox_empty_directory(sub);
		io_close(sub);
		if (grants_find(g, e->d_name) == NULL)
			(void)unlinkat(g->dir, e->d_name, AT_REMOVEDIR);
	}
	(void)closedir(d);
}

void
grants_start(struct grants *g)
{
	size_t i;
	int r;

	if (g->store == NULL)
		return;
	r = grantstore_load(g->store, on_loaded, on_bad, g);
	if (r != 0)
		journal(JOURNAL_ERROR, "the grants cannot be read: %s",
		    strerror(-r));
	sweep_directories(g);
	for (i = 0; i < g->len; i++)
		if (!grant_is_over(sandbox_grant(g->v[i]), clock_utc()))
			open_sandbox(g, g->v[i], JOURNAL_ERROR);
	g->timer = loop_timer_new(g->tokend->loop, on_timer, g);
	loop_timer_set(g->timer, 0);
}

void
grants_stop(struct grants *g)
{
	loop_timer_close(g->timer);
	g->timer = NULL;
	while (g->len != 0)
		sandbox_close(g->v[--g->len], false);
}

void
grants_free(struct grants *g)
{
	if (g == NULL)
		return;
	grants_stop(g);
	let_go_of_store(g);
	io_close(g->dir);
	buf_wipe(&g->path);
	free(g->v);
	free(g);
}
