/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "beneath.h"
#include "cidr.h"
#include "clock.h"
#include "grants.h"
#include "io.h"
#include "journal.h"
#include "mem.h"
#include "peer.h"
#include "reply.h"
#include "sandbox-priv.h"
#include "sock.h"
#include "tokenfile.h"

/* The socket is for whoever reaches the directory (THREATS.md T14). */
#define SOCKET_MODE    0666
#define DIRECTORY_MODE 0711

/* So many requests of one sandbox at once, and in a second after that. */
#define MAX_REQUESTS    1000
#define REQUESTS_PER_S  200
#define MAX_STRANGERS   200
#define STRANGERS_PER_S 20

/* The names by which we are known in a sandbox; all else may be a name that an
 * attacker's DNS leads here (DNS rebinding, egress.md 5). */
static const char *const names[] = { "localhost", "127.0.0.1", "[::1]",
	"token-proxy", "host.containers.internal", "host.docker.internal" };

bool
sandbox_is_open(const struct sandbox *s)
{
	return !s->ended && !s->grant.paused &&
	    !grant_is_over(&s->grant, clock_utc());
}

/* --- who is heard --------------------------------------------------------- */

/* Whether the address at the other end of FD is in a subnet of the grant. */
static bool
is_in_subnets(const struct sandbox *s, int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct cidr subnet;
	size_t i;

	if (getpeername(fd, (struct sockaddr *)&sa, &len) != 0)
		return false;
	for (i = 0; i < s->grant.subnets.len; i++)
		if (cidr_parse(s->grant.subnets.v[i], &subnet) == 0 &&
		    cidr_has(&subnet, (const struct sockaddr *)&sa))
			return true;
	return false;
}

/* Why the peer of FD may not speak; NULL when it may. */
static const char *
fault_of_peer(const struct sandbox *s, int fd)
{
	struct buf why = BUF_INIT(512);
	const char *fault = NULL;
	pid_t pid;
	uid_t uid;

	if (!sock_is_unix(fd))
		return is_in_subnets(s, fd) ? NULL : "outside of the subnets";
	if (s->grant.owner_uid >= 0 &&
	    (peer_id(fd, &why, &uid, &pid) != 0 ||
		(int64_t)uid != s->grant.owner_uid))
		fault = "another user";
	else if (s->grant.container[0] != '\0' &&
	    peer_in_container(fd, s->grant.container, &why) != 0)
		fault = "another container";
	buf_wipe(&why);
	return fault;
}

static bool
admit(void *ctx, int fd)
{
	struct sandbox *s = ctx;
	const char *fault = fault_of_peer(s, fd);

	if (fault == NULL && !grants_have_room(s->tokend->grants))
		fault = "too many connections of all sandboxes";
	if (fault == NULL)
		return true;
	s->tokend->refused++;
	sandbox_refused(s, fd, fault);
	return false;
}

/* --- requests ------------------------------------------------------------- */

/* Whether HOST is the address that the connection of FD has at our end. */
static bool
is_address_of(const struct http1_span *host, int fd)
{
	struct buf address = BUF_INIT(CIDR_MAX + 2);
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	bool is = false;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
	    cidr_format_address((const struct sockaddr *)&sa, &address) == 0)
		is = host->len > 2 && host->s[0] == '[' ?
		    address.len == host->len - 2 &&
			strncasecmp(buf_str(&address), host->s + 1,
			    address.len) == 0 :
		    http1_is(host, buf_str(&address));
	buf_wipe(&address);
	return is;
}

/* Whether the request is meant for us. */
static bool
is_our_name(const struct httpd_exchange *x, const struct httpd_request *q)
{
	struct http1_span host = q->head->authority;
	const char *colon;
	size_t i;

	if (host.len == 0)
		return false;
	colon = memrchr(host.s, ':', host.len);
	/* without its port; an address in brackets has colons of its own */
	if (colon != NULL &&
	    memchr(colon, ']', host.len - (size_t)(colon - host.s)) == NULL)
		host.len = (size_t)(colon - host.s);
	for (i = 0; i < ARRAY_LEN(names); i++)
		if (host.len == strlen(names[i]) &&
		    strncasecmp(host.s, names[i], host.len) == 0)
			return true;
	return is_address_of(&host, httpd_fd(x));
}

/* A proxy that can be made to fetch from here says for whom. */
static bool
is_forwarded(const struct httpd_request *q)
{
	size_t addresses;
	size_t forwarded;

	(void)http1_field(q->head, "X-Forwarded-For", &addresses);
	(void)http1_field(q->head, "Forwarded", &forwarded);
	return addresses + forwarded != 0;
}

/* Take one request from RATE, if there is one. */
static bool
take_request(struct sandbox_rate *rate, int64_t most, int64_t in_a_second)
{
	int64_t now = clock_ms();

	rate->left += (now - rate->at_ms) * in_a_second;
	if (rate->left > most * 1000)
		rate->left = most * 1000;
	rate->at_ms = now;
	if (rate->left < 1000)
		return false;
	rate->left -= 1000;
	return true;
}

bool
sandbox_has_time(struct sandbox *s, struct httpd_exchange *x, bool is_known)
{
	bool has = is_known ?
	    take_request(&s->requests, MAX_REQUESTS, REQUESTS_PER_S) :
	    take_request(&s->strangers, MAX_STRANGERS, STRANGERS_PER_S);

	if (!has)
		reply_too_many(x);
	return has;
}

bool
sandbox_is_by_unix(const struct httpd_exchange *x)
{
	return httpd_fd(x) >= 0 && sock_is_unix(httpd_fd(x));
}

static void
refuse(struct sandbox *s, struct httpd_exchange *x,
    const struct httpd_request *q, int status, const char *why)
{
	/* by the unix socket no stranger comes */
	if (!sandbox_has_time(s, x, sandbox_is_by_unix(x)))
		return;
	sandbox_refused(s, httpd_fd(x), why);
	sandbox_answer_refused(x, q, status);
}

/* A request by a way that is ours. */
static void
dispatch(struct sandbox *s, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	const struct reply_route *route = reply_find(sandbox_routes,
	    sandbox_routes_count, q);

	if (route == NULL) {
		if (sandbox_has_time(s, x, sandbox_is_by_unix(x)))
			reply_no_route(sandbox_routes, sandbox_routes_count, x,
			    q);
		return;
	}
	/* it looks for the capability elsewhere */
	if (route->fn == sandbox_oauth)
		route->fn(s, x, q);
	else if (!sandbox_is_authorised(s, sandbox_is_by_unix(x), q))
		refuse(s, x, q, 401, "no capability, or a wrong one");
	else if (!sandbox_is_open(s))
		sandbox_answer_paused(s, x, q);
	else if (sandbox_has_time(s, x, true))
		route->fn(s, x, q);
}

static void
handle(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct sandbox *s = ctx;

	s->tokend->requests++;
	if (!is_our_name(x, q))
		refuse(s, x, q, 421, "another Host");
	else if (reply_is_from_browser(q))
		refuse(s, x, q, 403, "a browser");
	else if (is_forwarded(q))
		refuse(s, x, q, 403, "forwarded by a proxy");
	else
		dispatch(s, x, q);
}

/* --- listeners ------------------------------------------------------------ */

static struct httpd_limits
limits_of(const struct sandbox *s)
{
	const struct settings *set = &s->tokend->settings;

	return (struct httpd_limits){ (size_t)set->sandbox.max_per_grant,
		(size_t)set->sandbox.max_per_grant,
		(int64_t)set->header_timeout * 1000,
		(int64_t)set->sandbox.idle_timeout * 1000 };
}

static int
make_directory(struct sandbox *s, struct buf *why)
{
	if (s->dir >= 0 ||
	    (!grant_listens_on_unix(&s->grant) && !s->grant.token_file))
		return 0;
	return beneath_make_directory(grants_directory(s->tokend->grants),
	    s->grant.id, DIRECTORY_MODE, why, &s->dir);
}

/* Listen on ADDRESS:PORT.  The port that the kernel chose is remembered. */
static int
listen_on_tcp(struct sandbox *s, size_t index, struct buf *why, int *ret_fd)
{
	struct buf reason = BUF_INIT(512);
	struct buf text = BUF_INIT(CIDR_MAX);
	struct sockaddr_storage sa;
	socklen_t len;
	int r;

	r = cidr_parse_listen(s->grant.listen.v[index], &sa, &len);
	if (r == 0)
		r = sock_listen_tcp((const struct sockaddr *)&sa, len, &reason,
		    ret_fd);
	if (r != 0) {
		(void)buf_addf(why, "%s: %s", s->grant.listen.v[index],
		    reason.len != 0 ? buf_str(&reason) : strerror(-r));
		buf_wipe(&reason);
		return r;
	}
	len = sizeof(sa);
	if (getsockname(*ret_fd, (struct sockaddr *)&sa, &len) == 0 &&
	    cidr_format_listen((const struct sockaddr *)&sa, &text) == 0)
		grant_set_listen(&s->grant, index, buf_str(&text));
	buf_wipe(&text);
	return 0;
}

static int
open_listener(struct sandbox *s, size_t index, struct buf *why)
{
	bool is_unix = strcmp(s->grant.listen.v[index], GRANT_LISTEN_UNIX) == 0;
	int fd = -1;
	int r;

	if (is_unix)
		r = sock_listen_at(s->dir, SANDBOX_SOCKET, SOCKET_MODE, why,
		    &fd);
	else
		r = listen_on_tcp(s, index, why, &fd);
	return r != 0 ? r : httpd_listen(s->http[is_unix ? 0 : 1], fd);
}

static void
abandon(struct sandbox *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(s->http); i++) {
		httpd_abandon(s->http[i]);
		s->http[i] = NULL;
	}
}

int
sandbox_open(struct sandbox *s, struct buf *why)
{
	static const struct httpd_ops ops = { admit, handle };
	const struct httpd_limits limits = limits_of(s);
	size_t i;
	int r;

	r = make_directory(s, why);
	if (r != 0)
		return r;
	for (i = 0; i < ARRAY_LEN(s->http); i++)
		s->http[i] = httpd_new(s->tokend->loop, &limits, &ops, s);
	for (i = 0; r == 0 && i < s->grant.listen.len; i++)
		r = open_listener(s, i, why);
	if (r == 0)
		sandbox_file_start(s);
	else
		abandon(s);
	return r;
}

/* --- life ----------------------------------------------------------------- */

struct sandbox *
sandbox_new(struct tokend *t, struct grant *g)
{
	struct sandbox *s = xcalloc(1, sizeof(*s));

	s->tokend = t;
	s->grant = *g;
	s->dir = -1;
	s->requests = (struct sandbox_rate){ MAX_REQUESTS * 1000, clock_ms() };
	s->strangers = (struct sandbox_rate){ MAX_STRANGERS * 1000,
		clock_ms() };
	*g = (struct grant)GRANT_INIT;
	return s;
}

/* Nobody is served any more, and nothing is left; FOR_GOOD: the directory goes
 * as well. */
static void
shut(struct sandbox *s, bool for_good)
{
	int all = grants_directory(s->tokend->grants);

	sandbox_file_stop(s);
	abandon(s);
	if (s->dir >= 0)
		sandbox_empty_directory(s->dir);
	/* one that was never served may have left it in an earlier life */
	if (for_good && all >= 0 &&
	    unlinkat(all, s->grant.id, AT_REMOVEDIR) != 0 && errno != ENOENT)
		journal(JOURNAL_WARNING,
		    "grant %s: its directory cannot be removed: %s",
		    s->grant.id, strerror(errno));
	io_close(s->dir);
	s->dir = -1;
}

void
sandbox_end(struct sandbox *s)
{
	shut(s, true);
	s->ended = true;
}

bool
sandbox_is_ended(const struct sandbox *s)
{
	return s->ended;
}

void
sandbox_close(struct sandbox *s, bool for_good)
{
	if (s == NULL)
		return;
	shut(s, for_good);
	free(s->told);
	grant_clear(&s->grant);
	free(s);
}

void
sandbox_changed(struct sandbox *s)
{
	size_t i;

	for (i = 0; sandbox_is_served(s) && i < ARRAY_LEN(s->http); i++)
		httpd_drop_all(s->http[i]);
	sandbox_file_look(s);
}

bool
sandbox_is_served(const struct sandbox *s)
{
	return s->http[0] != NULL;
}

void
sandbox_look_after_file(struct sandbox *s, const char *connection)
{
	const struct grant_connection *c;

	c = grant_find_connection(&s->grant, NULL);
	if (connection == NULL ||
	    (c != NULL && strcmp(c->name, connection) == 0))
		sandbox_file_look(s);
}

void
sandbox_empty_directory(int dir)
{
	(void)unlinkat(dir, SANDBOX_SOCKET, 0);
	tokenfile_remove(dir);
}

void
sandbox_set_limits(struct sandbox *s)
{
	const struct httpd_limits limits = limits_of(s);
	size_t i;

	for (i = 0; sandbox_is_served(s) && i < ARRAY_LEN(s->http); i++)
		httpd_set_limits(s->http[i], &limits);
}

struct grant *
sandbox_grant(struct sandbox *s)
{
	return &s->grant;
}

size_t
sandbox_connections(const struct sandbox *s)
{
	return sandbox_is_served(s) ?
	    httpd_connections(s->http[0]) + httpd_connections(s->http[1]) :
	    0;
}

int
sandbox_describe(const struct sandbox *s, const char *capability, struct buf *b)
{
	struct buf directory = BUF_INIT(4096);
	struct buf socket = BUF_INIT(4096);
	struct grant_live live = { NULL, NULL, capability, sandbox_is_served(s),
		s->uses };
	int r;

	if (grant_listens_on_unix(&s->grant) || s->grant.token_file) {
		(void)buf_addf(&directory, "%s/%s",
		    grants_path(s->tokend->grants), s->grant.id);
		live.directory = buf_str(&directory);
	}
	if (grant_listens_on_unix(&s->grant)) {
		(void)buf_addf(&socket, "%s/" SANDBOX_SOCKET,
		    buf_str(&directory));
		live.socket = buf_str(&socket);
	}
	r = grant_describe(&s->grant, clock_utc(), &live, b);
	buf_wipe(&directory);
	buf_wipe(&socket);
	return r;
}
