/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cidr.h"
#include "esc.h"
#include "grant.h"
#include "hex.h"
#include "json.h"
#include "mem.h"
#include "stack.h"
#include "url.h"

#define MAX_PREFIX 32                /* "connections[63]." */
#define MAX_UTC    253402300799      /* the last second of the year 9999 */
#define MAX_ID     ((1LL << 32) - 2) /* of users and groups; -1 is none */

/* What a request and a state file both may have. */
#define COMMON_MEMBERS                                                         \
	"connections", "hosts", "listen", "subnets", "container", "owner_uid", \
	    "owner_gid", "token_file", "expose", "allow_unauthenticated"

/* An object that is being read. */
struct scope {
	const struct json *j;
	const char *prefix; /* of its members in messages */
	struct buf *why;
	struct grant *g;
};

/* --- members -------------------------------------------------------------- */

static int
fault(const struct scope *s, const char *name, const char *what)
{
	(void)buf_addf(s->why, "\"%s%s\" %s", s->prefix, name, what);
	return -EBADMSG;
}

static int
check_members(const struct scope *s, const char *const *names, size_t count)
{
	const char *name = json_unknown(s->j, names, count);

	if (name == NULL)
		return 0;
	(void)buf_addf(s->why, "unknown member \"%s", s->prefix);
	(void)esc_visible(s->why, name, strnlen(name, GRANT_MAX_NAME));
	(void)buf_addc(s->why, '"');
	return -EBADMSG;
}

/* Whether TEXT may be a name: it goes into credential messages, log lines and
 * terminals. */
static bool
is_name(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i;

	for (i = 0; p[i] != '\0'; i++)
		/* U+0080 to U+009F are control characters as well */
		if (p[i] < 0x20 || p[i] == 0x7f ||
		    (p[i] == 0xc2 && p[i + 1] < 0xa0))
			return false;
	return i > 0 && i <= GRANT_MAX_NAME;
}

/* A name that may be missing; then *RET_TEXT is as it was.  The caller
 * frees. */
static int
take_name(const struct scope *s, const char *name, char **ret_text)
{
	enum json_kind kind = json_kind(s->j, name);

	if (kind == JSON_KIND_NONE)
		return 0;
	if (kind != JSON_KIND_TEXT || !is_name(json_text(s->j, name)))
		return fault(s, name,
		    "must be a string of 1 to 255 bytes without control "
		    "characters");
	*ret_text = xstrdup(json_text(s->j, name));
	return 0;
}

static int
take_flag(const struct scope *s, const char *name, bool *ret_flag)
{
	enum json_kind kind = json_kind(s->j, name);

	if (kind == JSON_KIND_NONE)
		return 0;
	if (kind != JSON_KIND_FLAG)
		return fault(s, name, "must be true or false");
	*ret_flag = json_flag(s->j, name);
	return 0;
}

static int
take_number(const struct scope *s, const char *name, int64_t min, int64_t max,
    int64_t *ret_n)
{
	enum json_kind kind = json_kind(s->j, name);
	char what[80];
	int64_t n;

	if (kind == JSON_KIND_NONE)
		return 0;
	if (kind == JSON_KIND_INTEGER && json_number(s->j, name, &n) == 0 &&
	    n >= min && n <= max) {
		*ret_n = n;
		return 0;
	}
	(void)snprintf(what, sizeof(what), "must be an integer from %jd to %jd",
	    (intmax_t)min, (intmax_t)max);
	return fault(s, name, what);
}

/* Append names, all different, to SV.  Without the member there are none. */
static int
take_names(const struct scope *s, const char *name, size_t max, struct strv *sv)
{
	enum json_kind kind = json_kind(s->j, name);
	struct strv found = STRV_INIT;
	char what[80];
	size_t i;
	int r = 0;

	if (kind == JSON_KIND_NONE)
		return 0;
	(void)snprintf(what, sizeof(what),
	    "must be an array of at most %zu names, all different", max);
	if (kind != JSON_KIND_LIST || json_count(s->j, name) > max ||
	    json_texts(s->j, name, &found) != 0)
		r = fault(s, name, what);
	for (i = 0; r == 0 && i < found.len; i++) {
		if (!is_name(found.v[i]) || strv_has(sv, found.v[i]))
			r = fault(s, name, what);
		else
			strv_add(sv, found.v[i]);
	}
	strv_clear(&found);
	return r;
}

/* Have FN read each object of the member NAME. */
static int
take_objects(struct scope *s, const char *name, size_t max,
    int (*fn)(void *ctx, size_t index, const struct json *element))
{
	enum json_kind kind = json_kind(s->j, name);
	size_t before = s->why->len;
	char what[80];
	int r;

	if (kind == JSON_KIND_NONE)
		return 0;
	r = kind == JSON_KIND_LIST && json_count(s->j, name) <= max ?
	    json_walk(s->j, name, fn, s) :
	    -EBADMSG;
	if (r != 0 && s->why->len == before) {
		(void)snprintf(what, sizeof(what),
		    "must be an array of at most %zu objects", max);
		r = fault(s, name, what);
	}
	return r;
}

/* --- connections and hosts ------------------------------------------------ */

static int
take_connection(void *ctx, size_t index, const struct json *element)
{
	static const char *const names[] = { "name", "roles", "protocol",
		"host", "username" };
	const struct scope *outer = ctx;
	struct grant *g = outer->g;
	struct grant_connection *c;
	char prefix[MAX_PREFIX];
	const struct scope s = { element, prefix, outer->why, g };
	size_t i;
	int r;

	(void)snprintf(prefix, sizeof(prefix), "connections[%zu].", index);
	g->connections = xreallocarray(g->connections, g->connection_count + 1,
	    sizeof(*g->connections));
	c = &g->connections[g->connection_count++];
	*c = (struct grant_connection){ .name = NULL };
	r = check_members(&s, names, ARRAY_LEN(names));
	if (r == 0)
		r = take_name(&s, "name", &c->name);
	if (r == 0 && c->name == NULL)
		r = fault(&s, "name", "is missing");
	for (i = 0; r == 0 && i + 1 < g->connection_count; i++)
		if (strcmp(g->connections[i].name, c->name) == 0)
			r = fault(&s, "name", "is there twice");
	if (r == 0)
		r = take_names(&s, "roles", GRANT_MAX_ROLES, &c->roles);
	if (r == 0)
		r = take_name(&s, "protocol", &c->protocol);
	if (r == 0)
		r = take_name(&s, "host", &c->host);
	if (r == 0)
		r = take_name(&s, "username", &c->username);
	return r;
}

/* Bring the name of a host into the form that is compared. */
static int
take_host_name(const struct scope *s, struct grant_host *h)
{
	char *name = NULL;
	int r;

	r = take_name(s, "host", &name);
	if (r == 0 && (name == NULL || !url_is_hostport(name)))
		r = fault(s, "host",
		    "must be a host, with a port where that is not 443");
	if (r == 0)
		h->host = grant_fold_host(name);
	free(name);
	return r;
}

static int
take_host(void *ctx, size_t index, const struct json *element)
{
	static const char *const names[] = { "host", "stack" };
	const struct scope *outer = ctx;
	struct grant *g = outer->g;
	struct grant_host *h;
	char prefix[MAX_PREFIX];
	const struct scope s = { element, prefix, outer->why, g };
	size_t i;
	int r;

	(void)snprintf(prefix, sizeof(prefix), "hosts[%zu].", index);
	g->hosts = xreallocarray(g->hosts, g->host_count + 1,
	    sizeof(*g->hosts));
	h = &g->hosts[g->host_count++];
	*h = (struct grant_host){ NULL, NULL };
	r = check_members(&s, names, ARRAY_LEN(names));
	if (r == 0)
		r = take_host_name(&s, h);
	for (i = 0; r == 0 && i + 1 < g->host_count; i++)
		if (strcmp(g->hosts[i].host, h->host) == 0)
			r = fault(&s, "host", "is there twice");
	if (r == 0)
		r = take_name(&s, "stack", &h->stack);
	if (r == 0 && (h->stack == NULL || !stack_is_name(h->stack)))
		r = fault(&s, "stack",
		    "must be the name of a stack: letters, digits, \"-\" and "
		    "\"_\"");
	return r;
}

/* --- how it is reached ---------------------------------------------------- */

/* The loopback addresses that SA is one of, or NULL. */
static const char *
loopback_of(const struct sockaddr_storage *sa)
{
	static const char *const nets[] = { "127.0.0.0/8", "::1/128" };
	struct cidr c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(nets); i++)
		if (cidr_parse(nets[i], &c) == 0 &&
		    cidr_has(&c, (const struct sockaddr *)sa))
			return nets[i];
	return NULL;
}

/* Whether one of SUBNETS is NET, a loopback one, or a part of it. */
static bool
has_like(const struct strv *subnets, const char *net)
{
	size_t len = net[0] == ':' ? 3 : 4; /* "::1" or "127." */
	size_t i;

	for (i = 0; i < subnets->len; i++)
		if (strncmp(subnets->v[i], net, len) == 0)
			return true;
	return false;
}

/* What of LISTEN is not "unix" is an address, which needs to be told whom to
 * listen to (THREATS.md T13), unless only this machine reaches it. */
static int
check_listen(const struct scope *s)
{
	struct strv *subnets = &s->g->subnets;
	bool any = subnets->len != 0;
	struct sockaddr_storage sa;
	const char *net;
	socklen_t len;
	size_t i;

	for (i = 0; i < s->g->listen.len; i++) {
		if (strcmp(s->g->listen.v[i], GRANT_LISTEN_UNIX) == 0)
			continue;
		if (cidr_parse_listen(s->g->listen.v[i], &sa, &len) != 0)
			return fault(s, "listen",
			    "must have \"unix\" or ADDRESS:PORT");
		net = loopback_of(&sa);
		if (!any && net == NULL)
			return fault(s, "subnets",
			    "must say who may connect to an address that is "
			    "not a loopback address");
		/* nobody else can come from there */
		if (net != NULL && !has_like(subnets, net))
			strv_add(subnets, net);
	}
	return 0;
}

static int
check_subnets(const struct scope *s)
{
	struct cidr c;
	size_t i;

	for (i = 0; i < s->g->subnets.len; i++)
		if (cidr_parse(s->g->subnets.v[i], &c) != 0)
			return fault(s, "subnets",
			    "must have subnets like \"10.88.0.0/16\"");
	return 0;
}

static int
take_container(const struct scope *s, char ret_id[GRANT_CONTAINER_SIZE + 1])
{
	const char *text = json_text(s->j, "container");

	if (json_kind(s->j, "container") == JSON_KIND_NONE)
		return 0;
	if (text == NULL || !hex_is(text, GRANT_CONTAINER_SIZE))
		return fault(s, "container",
		    "must be a container's full id, 64 hex digits");
	if (s->g != NULL && grant_listens_on_tcp(s->g))
		return fault(s, "container",
		    "can be enforced on unix sockets only");
	memcpy(ret_id, text, GRANT_CONTAINER_SIZE + 1);
	return 0;
}

static int
take_owner(const struct scope *s)
{
	int r;

	r = take_number(s, "owner_uid", 0, MAX_ID, &s->g->owner_uid);
	if (r == 0)
		r = take_number(s, "owner_gid", 0, MAX_ID, &s->g->owner_gid);
	if (r == 0 && s->g->owner_gid >= 0 && s->g->owner_uid < 0)
		r = fault(s, "owner_gid", "needs \"owner_uid\" beside it");
	return r;
}

static int
take_reach(const struct scope *s)
{
	struct grant *g = s->g;
	int r;

	r = take_names(s, "listen", GRANT_MAX_LISTEN, &g->listen);
	if (r == 0 && g->listen.len == 0 &&
	    json_kind(s->j, "listen") != JSON_KIND_NONE)
		r = fault(s, "listen", "must not be empty");
	if (r == 0 && g->listen.len == 0)
		strv_add(&g->listen, GRANT_LISTEN_UNIX);
	if (r == 0)
		r = take_names(s, "subnets", GRANT_MAX_SUBNETS, &g->subnets);
	if (r == 0)
		r = check_subnets(s);
	if (r == 0)
		r = check_listen(s);
	if (r == 0)
		r = take_container(s, s->g->container);
	if (r == 0)
		r = take_owner(s);
	return r;
}

static int
take_common(struct scope *s)
{
	struct grant *g = s->g;
	int r;

	r = take_objects(s, "connections", GRANT_MAX_CONNECTIONS,
	    take_connection);
	if (r == 0)
		r = take_objects(s, "hosts", GRANT_MAX_HOSTS, take_host);
	if (r == 0 && g->connection_count == 0 && g->host_count == 0)
		r = fault(s, "connections", "or \"hosts\" must have something");
	if (r == 0)
		r = take_reach(s);
	if (r == 0)
		r = take_flag(s, "token_file", &g->token_file);
	if (r == 0)
		r = take_flag(s, "expose", &g->expose);
	if (r == 0)
		r = take_flag(s, "allow_unauthenticated",
		    &g->allow_unauthenticated);
	return r;
}

/* --- requests ------------------------------------------------------------- */

int
grant_parse_request(const char *text, size_t len, int64_t now_utc,
    struct grant *ret_grant, struct buf *why)
{
	static const char *const names[] = { COMMON_MEMBERS, "ttl" };
	struct grant g = GRANT_INIT;
	struct scope s = { NULL, "", why, &g };
	int64_t ttl = GRANT_DEFAULT_TTL;
	struct json *j = NULL;
	int r;

	if (len > GRANT_MAX_REQUEST) {
		(void)buf_addf(why, "longer than %d bytes", GRANT_MAX_REQUEST);
		return -EMSGSIZE;
	}
	r = json_parse_or_say(text, len, why, &j);
	s.j = j;
	if (r == 0)
		r = check_members(&s, names, ARRAY_LEN(names));
	if (r == 0)
		r = take_common(&s);
	if (r == 0)
		r = take_number(&s, "ttl", GRANT_MIN_TTL, GRANT_MAX_TTL, &ttl);
	json_free(j);
	if (r != 0) {
		grant_clear(&g);
		return r;
	}
	g.created_utc = now_utc;
	g.expires_utc = now_utc + ttl;
	*ret_grant = g;
	return 0;
}

int
grant_parse_update(const char *text, size_t len,
    struct grant_changes *ret_changes, struct buf *why)
{
	static const char *const names[] = { "roles", "ttl", "paused",
		"container" };
	struct grant_changes c = GRANT_CHANGES_INIT;
	struct scope s = { NULL, "", why, NULL };
	struct json *j = NULL;
	int r;

	r = json_parse_or_say(text, len, why, &j);
	if (r != 0)
		return r;
	s.j = j;
	c.has_roles = json_kind(j, "roles") != JSON_KIND_NONE;
	c.has_ttl = json_kind(j, "ttl") != JSON_KIND_NONE;
	c.has_paused = json_kind(j, "paused") != JSON_KIND_NONE;
	r = check_members(&s, names, ARRAY_LEN(names));
	if (r == 0)
		r = take_names(&s, "roles", GRANT_MAX_ROLES, &c.roles);
	if (r == 0)
		r = take_number(&s, "ttl", GRANT_MIN_TTL, GRANT_MAX_TTL,
		    &c.ttl);
	if (r == 0)
		r = take_flag(&s, "paused", &c.paused);
	if (r == 0)
		r = take_container(&s, c.container);
	json_free(j);
	if (r != 0)
		grant_changes_clear(&c);
	else
		*ret_changes = c;
	return r;
}

/* --- the state file ------------------------------------------------------- */

static int
take_hash(const struct scope *s)
{
	const char *text = json_text(s->j, "capability_sha256");

	if (text == NULL || !hex_is(text, 2 * (size_t)GRANT_HASH_SIZE))
		return fault(s, "capability_sha256", "must be 64 hex digits");
	(void)hex_read(text, GRANT_HASH_SIZE, s->g->hash);
	return 0;
}

/* What every state file has, and no request. */
static int
take_state(const struct scope *s)
{
	const char *id = json_text(s->j, "id");
	struct grant *g = s->g;
	int r;

	g->created_utc = -1;
	g->expires_utc = -1;
	if (id == NULL || !grant_is_id(id, strlen(id)))
		return fault(s, "id", "must be 16 hex digits");
	memcpy(g->id, id, sizeof(g->id));
	r = take_hash(s);
	if (r == 0)
		r = take_number(s, "created_utc", 0, MAX_UTC, &g->created_utc);
	if (r == 0)
		r = take_number(s, "expires_utc", 0, MAX_UTC, &g->expires_utc);
	if (r == 0 && (g->created_utc < 0 || g->expires_utc < 0))
		r = fault(s, g->created_utc < 0 ? "created_utc" : "expires_utc",
		    "is missing");
	if (r == 0)
		r = take_flag(s, "paused", &g->paused);
	return r;
}

static int
check_version(const struct scope *s)
{
	int64_t version;

	if (json_number(s->j, "version", &version) != 0 || version < 1)
		return fault(s, "version", "must be an integer above 0");
	if (version <= GRANT_VERSION)
		return 0;
	(void)buf_addf(s->why,
	    "version %jd, and this program reads up to version %d",
	    (intmax_t)version, GRANT_VERSION);
	return -EPROTONOSUPPORT;
}

int
grant_parse_state(const char *text, size_t len, struct grant *ret_grant,
    struct buf *why)
{
	static const char *const names[] = { COMMON_MEMBERS, "version", "id",
		"capability_sha256", "created_utc", "expires_utc", "paused" };
	struct grant g = GRANT_INIT;
	struct scope s = { NULL, "", why, &g };
	struct json *j = NULL;
	int r;

	/* the newline is the last byte that was written */
	if (len == 0 || text[len - 1] != '\n') {
		(void)buf_adds(why, "cut short");
		return -EBADMSG;
	}
	r = json_parse_or_say(text, len, why, &j);
	s.j = j;
	if (r == 0)
		r = check_version(&s);
	if (r == 0)
		r = check_members(&s, names, ARRAY_LEN(names));
	if (r == 0)
		r = take_state(&s);
	if (r == 0)
		r = take_common(&s);
	json_free(j);
	if (r != 0)
		grant_clear(&g);
	else
		*ret_grant = g;
	return r;
}
