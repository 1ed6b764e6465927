/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/resource.h>

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "confine.h"
#include "control.h"
#include "esc.h"
#include "grants.h"
#include "io.h"
#include "journal.h"
#include "lock.h"
#include "mem.h"
#include "path.h"
#include "policy.h"
#include "sock.h"
#include "tokend.h"

#define PROGRAM "coco-credential"

/* How long what is under way may take when we stop. */
#define STOP_MS 1500

/* Descriptors that are not connections: pipes of runs, and some more. */
#define OTHER_FDS 64
/* So many more clients of the control socket than there can be at a time may
 * ask and leave: they are the user's own. */
#define LEAVERS 4

#define FDS_A_RUN   4
#define FDS_A_GRANT 2

static void
add_why(struct buf *why, const char *what, int r)
{
	if (r != 0 && why->len == 0)
		(void)buf_addf(why, "%s: %s", what, strerror(-r));
}

/* --- what the settings mean ----------------------------------------------- */

static struct httpd_limits
http_limits(const struct settings *s)
{
	return (struct httpd_limits){ (size_t)s->max_connections,
		LEAVERS * (size_t)s->max_connections,
		(int64_t)s->header_timeout * 1000,
		(int64_t)s->idle_timeout * 1000 };
}

static struct cache_limits
cache_limits(const struct settings *s)
{
	return (struct cache_limits){ (size_t)s->max_entries,
		(int64_t)s->max_age * 1000, s->refresh_ahead };
}

static void
fit(int *count, rlim_t most)
{
	if ((rlim_t)*count > most)
		*count = (int)most;
}

/* As many connections as there are descriptors for; the control socket must not
 * go short because of sandboxes.  The soft limit is for select(2), which nobody
 * here uses. */
static void
fit_to_descriptors(struct settings *s)
{
	rlim_t others = OTHER_FDS + FDS_A_RUN * (rlim_t)s->max_children;
	struct rlimit limit;
	rlim_t left;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		return;
	left = limit.rlim_cur > others + 64 ? limit.rlim_cur - others : 64;
	fit(&s->max_connections, left / 4 * 3);
	left -= (rlim_t)s->max_connections;
	fit(&s->sandbox.max_grants, left / 2 / FDS_A_GRANT);
	fit(&s->sandbox.max_connections,
	    left - FDS_A_GRANT * (rlim_t)s->sandbox.max_grants);
}

int
tokend_reload(struct tokend *t, struct buf *why)
{
	struct httpd_limits http;
	struct cache_limits cache;
	struct settings s;
	int r;

	r = settings_load(&s, why);
	if (r == 0)
		r = policy_reload(why);
	if (r != 0)
		return r;
	grants_obey_policy(t->grants);
	fit_to_descriptors(&s);
	memcpy(s.socket, t->settings.socket, sizeof(s.socket));
	t->settings = s;
	http = http_limits(&s);
	cache = cache_limits(&s);
	httpd_set_limits(t->control, &http);
	grants_set_limits(t->grants);
	cache_set_limits(t->cache, &cache);
	runner_set_max(t->runner, (size_t)s.max_children);
	journal_set_level((enum journal_level)s.level);
	cache_forget_all(t->cache);
	events_send(&t->events, "reloaded", NULL, NULL, NULL);
	return 0;
}

/* --- looking for answers -------------------------------------------------- */

static void
on_found(void *ctx, enum result result, const struct buf *out,
    const struct buf *err)
{
	struct cache_entry *e = ctx;
	struct tokend *t = cache_context(e);
	const struct cred *q = cache_request(e);
	const char *name = cred_get(q, CRED_CONNECTION);
	/* E may be gone later */
	char *connection = name != NULL ? xstrdup(name) : NULL;

	if (name == NULL)
		name = cred_get(q, CRED_HOST);
	journal(result == RESULT_UNAVAILABLE || result == RESULT_ERROR ?
		JOURNAL_WARNING :
		JOURNAL_DEBUG,
	    "%s: %s", name, result_name(result));
	cache_found(e, result, out, err);
	/* another token is in no file yet, and the old one may be dead */
	if (result == RESULT_SUCCESS && !t->stopping && connection != NULL)
		grants_refresh_files(t->grants, connection);
	/* what came may be stale sooner than anything else */
	if (!t->stopping)
		loop_timer_set(t->tick, 0);
	free(connection);
}

static int
find(void *ctx, struct cache_entry *e)
{
	struct buf in = BUF_INIT(RUNNER_MAX_IN);
	struct cred request = CRED_INIT;
	struct tokend *t = ctx;
	int r;

	cred_merge(&request, cache_request(e));
	/* what a client says of it would be taken for a refusal */
	cred_set(&request, CRED_ISSUED_UTC, NULL);
	if (cache_refused_utc(e) != 0)
		cred_set_number(&request, CRED_ISSUED_UTC,
		    cache_refused_utc(e));
	r = cred_format(&request, &in);
	if (r == 0)
		r = buf_addc(&in, '\n');
	if (r == 0)
		r = runner_start(t->runner, STACK_GET, cache_stack(e), &in,
		    t->settings.request_timeout, on_found, e);
	cred_wipe(&request);
	buf_wipe(&in);
	return r;
}

void
tokend_add_login(const struct cred *question, struct buf *b)
{
	const char *role = cred_get(question, CRED_ROLE);

	(void)buf_adds(b, "coco-credential -c ");
	(void)esc_word(b, cred_get(question, CRED_CONNECTION));
	if (role != NULL && role[0] != '\0') {
		(void)buf_adds(b, " --role ");
		(void)esc_word(b, role);
	}
	(void)buf_adds(b, " login");
}

static void
login_needed(void *ctx, const struct cache_entry *e)
{
	struct buf command = BUF_INIT(CRED_MAX_LINE);
	struct tokend *t = ctx;
	const char *name = cred_get(cache_request(e), CRED_CONNECTION);

	if (name == NULL)
		return;
	tokend_add_login(cache_request(e), &command);
	journal(JOURNAL_WARNING, "connection \"%s\" needs a login: %s", name,
	    buf_str(&command));
	events_send(&t->events, "login_needed", cache_request(e), NULL,
	    buf_str(&command));
	buf_wipe(&command);
}

static const struct cache_ops cache_ops = { find, login_needed };

static void
on_tick(void *ctx)
{
	struct tokend *t = ctx;

	loop_timer_set(t->tick, cache_tick(t->cache));
}

/* --- life ----------------------------------------------------------------- */

static void
on_launcher_gone(void *ctx)
{
	struct tokend *t = ctx;

	if (!t->stopping)
		journal(JOURNAL_ERROR,
		    "the process that starts coco-credential has died; "
		    "without it nothing can be done");
	loop_stop(t->loop);
}

static void
on_last(void *ctx)
{
	struct tokend *t = ctx;

	loop_stop(t->loop);
}

static void
check_stopped(void *ctx)
{
	struct tokend *t = ctx;

	if (httpd_connections(t->control) == 0)
		loop_stop(t->loop);
	else
		loop_timer_set(t->tick, 20);
}

void
tokend_stop(struct tokend *t)
{
	if (t->stopping)
		return;
	t->stopping = true;
	(void)notify_send(&t->notify, "STOPPING=1");
	events_send(&t->events, "stopping", NULL, NULL, NULL);
	grants_stop(t->grants);
	httpd_stop(t->control);
	/* nobody asks for anything new now: the timer is free for this */
	loop_timer_close(t->tick);
	t->tick = loop_timer_new(t->loop, check_stopped, t);
	loop_timer_set(t->tick, 0);
	t->last = loop_timer_new(t->loop, on_last, t);
	loop_timer_set(t->last, STOP_MS);
}

static void
reload_and_tell(struct tokend *t)
{
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);

	(void)notify_send(&t->notify, "RELOADING=1");
	if (tokend_reload(t, &why) != 0) {
		journal_lines(JOURNAL_ERROR, buf_str(&why));
		journal(JOURNAL_ERROR, "everything stays as it was");
	}
	(void)notify_send(&t->notify, "READY=1");
	buf_wipe(&why);
}

static void
on_signal(void *ctx, int sig)
{
	struct tokend *t = ctx;

	if (sig == SIGHUP)
		reload_and_tell(t);
	else
		tokend_stop(t);
}

static void
on_watchdog(void *ctx)
{
	struct tokend *t = ctx;

	(void)notify_send(&t->notify, "WATCHDOG=1");
	loop_timer_set(t->watchdog, t->watchdog_ms);
}

/* The settings, then the path of the socket by its order of precedence. */
static int
choose_socket(struct tokend *t, const char *socket, struct buf *why)
{
	int r;

	r = settings_load(&t->settings, why);
	if (r != 0)
		return r;
	fit_to_descriptors(&t->settings);
	if (socket != NULL)
		r = buf_adds(&t->socket, socket);
	else if (t->settings.socket[0] != '\0')
		r = path_expand(&t->socket, t->settings.socket);
	else
		r = sock_control_path(&t->socket);
	if (r == -ENOENT)
		(void)buf_adds(why,
		    getenv("COCO_TOKEND") != NULL ?
			"COCO_TOKEND says that there is to be none; use "
			"--socket" :
			"there is no place for the control socket: set "
			"XDG_RUNTIME_DIR or use --socket");
	add_why(why, "the path of the control socket", r);
	return r;
}

/* One daemon for each socket.  The lock stays when the socket is replaced. */
static int
take_lock(struct tokend *t, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf reason = BUF_INIT(1024);
	int r;

	r = sock_directory(buf_str(&t->socket), &path);
	if (r == 0)
		r = path_make_private(buf_str(&path));
	if (r == 0) {
		buf_clear(&path);
		r = buf_addf(&path, "%s.lock", buf_str(&t->socket));
	}
	if (r == 0)
		r = lock_take_file(buf_str(&path), 0, &reason, &t->lock);
	if (r == -ETIMEDOUT)
		(void)buf_addf(why, "another coco-tokend serves %s",
		    buf_str(&t->socket));
	else if (r != 0)
		(void)buf_addf(why, "%s: %s", buf_str(&path),
		    r == -EACCES ? "is not yours alone" : strerror(-r));
	buf_wipe(&path);
	buf_wipe(&reason);
	return r;
}

/* The socket that the service manager made, or one of our own. */
static int
open_socket(struct tokend *t, struct buf *why, int *ret_fd)
{
	struct strv names = STRV_INIT;
	int r;

	r = notify_sockets(&names, why);
	if (r == 0 && names.len > 1) {
		(void)buf_addf(why, "%zu sockets were passed, one is enough",
		    names.len);
		r = -EINVAL;
	}
	if (r == 0 && names.len == 1 && !sock_is_unix(NOTIFY_FIRST_FD)) {
		(void)buf_adds(why,
		    "the socket that was passed is no unix stream socket");
		r = -EINVAL;
	}
	if (r == 0 && names.len == 1) {
		*ret_fd = NOTIFY_FIRST_FD;
		buf_clear(&t->socket);
		(void)sock_path_of(NOTIFY_FIRST_FD, &t->socket);
	} else if (r == 0) {
		r = take_lock(t, why);
		if (r == 0)
			r = sock_listen(buf_str(&t->socket), why, ret_fd);
	}
	strv_clear(&names);
	return r;
}

static int
start_launcher(struct tokend *t, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = path_program(PROGRAM, &path);
	if (r == 0 && access(buf_str(&path), X_OK) != 0)
		r = -errno;
	if (r == 0)
		r = launcher_start(buf_str(&path), &t->launcher);
	add_why(why, path.len != 0 ? buf_str(&path) : PROGRAM, r);
	buf_wipe(&path);
	return r;
}

static int
confine_us(struct tokend *t, struct buf *why)
{
	struct buf config = BUF_INIT(PATH_MAX);
	struct buf dir = BUF_INIT(PATH_MAX);
	/* libuv keeps /dev/null open for when there are no descriptors, and
	 * wolfSSL reads its seeds from a device */
	const char *read[6] = { "/proc", "/dev/null", "/dev/urandom",
		PATH_SYSCONFDIR };
	struct strv write = STRV_INIT;
	const struct policy *policy;
	struct confine c = { read, NULL };
	int r;

	/* what does not exist now is out of reach for a reload */
	if (path_config(&config) == 0) {
		(void)path_make_private(buf_str(&config));
		read[4] = buf_str(&config);
	}
	if (t->lock >= 0 && sock_directory(buf_str(&t->socket), &dir) == 0)
		strv_add(&write, buf_str(&dir));
	/* it can be looked at only now, and is then known for good */
	r = policy_get(&policy, why);
	if (r != 0)
		goto out;
	t->grants = grants_open(t, &write);
	c.write = (const char *const *)write.v;
	r = confine(&c, &t->confinement);
	if (r != 0 && why->len == 0)
		(void)buf_adds(why, buf_str(&t->confinement));
out:
	strv_clear(&write);
	buf_wipe(&config);
	buf_wipe(&dir);
	return r;
}

static int
build(struct tokend *t, int fd, struct buf *why)
{
	const struct httpd_limits http = http_limits(&t->settings);
	const struct cache_limits cache = cache_limits(&t->settings);
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;
	int r;

	r = loop_new(&t->loop);
	if (r == 0)
		r = runner_new(t->loop, &t->launcher,
		    (size_t)t->settings.max_children, on_launcher_gone, t,
		    &t->runner);
	if (r == 0) {
		t->cache = cache_new(&cache, &cache_ops, t);
		t->tick = loop_timer_new(t->loop, on_tick, t);
		t->control = control_new(t, &http);
		r = httpd_listen(t->control, fd);
	} else {
		io_close(fd);
	}
	for (i = 0; r == 0 && i < ARRAY_LEN(signals); i++)
		r = loop_signal_new(t->loop, signals[i], on_signal, t,
		    &t->signals[i]);
	if (r == 0 && t->watchdog_ms != 0) {
		t->watchdog = loop_timer_new(t->loop, on_watchdog, t);
		loop_timer_set(t->watchdog, t->watchdog_ms);
	}
	add_why(why, "cannot begin", r);
	if (r == 0)
		grants_start(t->grants);
	return r;
}

static int
start(struct tokend *t, const char *socket, struct buf *why)
{
	int fd = -1;
	int r;

	t->started_ms = clock_ms();
	t->home = client_home();
	r = choose_socket(t, socket, why);
	if (r == 0)
		r = notify_open(&t->notify, why);
	if (r == 0)
		r = notify_watchdog(&t->watchdog_ms, why);
	if (r == 0)
		r = peer_self_read(&t->self, why);
	if (r == 0)
		r = open_socket(t, why, &fd);
	if (r == 0)
		r = start_launcher(t, why);
	if (r == 0)
		r = confine_us(t, why);
	if (r == 0)
		return build(t, fd, why);
	io_close(fd);
	return r;
}

int
tokend_start(struct tokend *t, const char *socket)
{
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	int r;

	r = start(t, socket, &why);
	if (r != 0) {
		journal_lines(JOURNAL_ERROR, buf_str(&why));
	} else {
		journal_set_level((enum journal_level)t->settings.level);
		journal_lines(JOURNAL_DEBUG, buf_str(&t->confinement));
		journal(JOURNAL_INFO, "serving %s",
		    t->socket.len != 0 ? buf_str(&t->socket) :
					 "the socket of the service manager");
		(void)notify_send(&t->notify, "READY=1");
		grants_tell_manager(t->grants);
	}
	buf_wipe(&why);
	return r;
}

void
tokend_run(struct tokend *t)
{
	loop_run(t->loop);
}

void
tokend_free(struct tokend *t)
{
	size_t i;

	if (t->lock >= 0)
		(void)unlink(buf_str(&t->socket));
	t->stopping = true;
	if (t->control != NULL)
		httpd_stop(t->control);
	for (i = 0; i < ARRAY_LEN(t->signals); i++)
		loop_signal_close(t->signals[i]);
	loop_timer_close(t->tick);
	loop_timer_close(t->watchdog);
	loop_timer_close(t->last);
	/* it tells all who wait, sandboxes among them */
	runner_free(t->runner);
	cache_free(t->cache);
	grants_free(t->grants);
	httpd_free(t->control);
	loop_free(t->loop);
	launcher_stop(&t->launcher);
	notify_close(&t->notify);
	lock_release(t->lock);
	buf_wipe(&t->socket);
	buf_wipe(&t->confinement);
}
