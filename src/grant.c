/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "crypt.h"
#include "esc.h"
#include "grant.h"
#include "hex.h"
#include "jsonout.h"
#include "mem.h"

#define PREFIX       "coco_"
#define ID_BYTES     (GRANT_ID_SIZE / 2)
#define SECRET_BYTES 32
#define HTTPS_PORT   ":443"

/* --- life ----------------------------------------------------------------- */

void
grant_clear(struct grant *g)
{
	struct grant_connection *c;
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->connection_count; i++) {
		c = &g->connections[i];
		free(c->name);
		strv_clear(&c->roles);
		free(c->protocol);
		free(c->host);
		free(c->username);
	}
	for (i = 0; i < g->host_count; i++) {
		free(g->hosts[i].host);
		free(g->hosts[i].stack);
	}
	free(g->connections);
	free(g->hosts);
	strv_clear(&g->subnets);
	strv_clear(&g->listen);
	*g = (struct grant)GRANT_INIT;
}

void
grant_changes_clear(struct grant_changes *c)
{
	if (c == NULL)
		return;
	strv_clear(&c->roles);
	*c = (struct grant_changes)GRANT_CHANGES_INIT;
}

/* --- writing -------------------------------------------------------------- */

/* Where a connection leads to is no business of a sandbox's. */
static void
put_connections(struct jsonout *w, const struct grant *g, bool inside)
{
	const struct grant_connection *c;
	size_t i;

	jsonout_begin(w, "connections");
	jsonout_put(w, "[");
	for (i = 0; i < g->connection_count; i++) {
		c = &g->connections[i];
		jsonout_begin(w, NULL);
		jsonout_put(w, "{");
		jsonout_text(w, "name", c->name);
		jsonout_texts(w, "roles", &c->roles);
		if (!inside) {
			jsonout_text(w, "protocol", c->protocol);
			jsonout_text(w, "host", c->host);
			jsonout_text(w, "username", c->username);
		}
		jsonout_put(w, "}");
	}
	jsonout_put(w, "]");
}

static void
put_hosts(struct jsonout *w, const struct grant *g)
{
	size_t i;

	jsonout_begin(w, "hosts");
	jsonout_put(w, "[");
	for (i = 0; i < g->host_count; i++) {
		jsonout_begin(w, NULL);
		jsonout_put(w, "{");
		jsonout_text(w, "host", g->hosts[i].host);
		jsonout_text(w, "stack", g->hosts[i].stack);
		jsonout_put(w, "}");
	}
	jsonout_put(w, "]");
}

/* What the state file and lists have both. */
static void
put_common(struct jsonout *w, const struct grant *g)
{
	jsonout_text(w, "id", g->id);
	jsonout_number(w, "created_utc", g->created_utc);
	jsonout_number(w, "expires_utc", g->expires_utc);
	jsonout_flag(w, "paused", g->paused);
	put_connections(w, g, false);
	put_hosts(w, g);
	jsonout_texts(w, "listen", &g->listen);
	jsonout_texts(w, "subnets", &g->subnets);
	if (g->container[0] != '\0')
		jsonout_text(w, "container", g->container);
	if (g->owner_uid >= 0)
		jsonout_number(w, "owner_uid", g->owner_uid);
	if (g->owner_gid >= 0)
		jsonout_number(w, "owner_gid", g->owner_gid);
	jsonout_flag(w, "token_file", g->token_file);
	jsonout_flag(w, "expose", g->expose);
	jsonout_flag(w, "allow_unauthenticated", g->allow_unauthenticated);
}

static int64_t
time_left(const struct grant *g, int64_t now_utc)
{
	return grant_is_over(g, now_utc) ? 0 : g->expires_utc - now_utc;
}

int
grant_format_state(const struct grant *g, struct buf *b)
{
	size_t before = b->len;
	struct jsonout w = JSONOUT_INIT(b);

	jsonout_put(&w, "{");
	jsonout_number(&w, "version", GRANT_VERSION);
	put_common(&w, g);
	jsonout_begin(&w, "capability_sha256");
	jsonout_put(&w, "\"");
	if (w.error == 0)
		w.error = hex_add(b, g->hash, sizeof(g->hash));
	jsonout_put(&w, "\"}\n");
	if (w.error != 0)
		buf_truncate(b, before);
	return w.error;
}

int
grant_describe(const struct grant *g, int64_t now_utc,
    const struct grant_live *live, struct buf *b)
{
	size_t before = b->len;
	struct jsonout w = JSONOUT_INIT(b);

	jsonout_put(&w, "{");
	put_common(&w, g);
	jsonout_number(&w, "expires_in", time_left(g, now_utc));
	jsonout_text(&w, "directory", live->directory);
	jsonout_text(&w, "socket", live->socket);
	jsonout_flag(&w, "listening", live->listening);
	jsonout_number(&w, "uses", (int64_t)live->uses);
	jsonout_text(&w, "capability", live->capability);
	jsonout_put(&w, "}");
	if (w.error != 0)
		buf_truncate(b, before);
	return w.error;
}

int
grant_describe_inside(const struct grant *g, int64_t now_utc, struct buf *b)
{
	size_t before = b->len;
	struct jsonout w = JSONOUT_INIT(b);

	jsonout_put(&w, "{");
	jsonout_text(&w, "id", g->id);
	put_connections(&w, g, true);
	put_hosts(&w, g);
	jsonout_number(&w, "expires_in", time_left(g, now_utc));
	jsonout_flag(&w, "expose", g->expose);
	jsonout_put(&w, "}");
	if (w.error != 0)
		buf_truncate(b, before);
	return w.error;
}

static int
put_line(struct buf *b, const char *name, const char *value)
{
	int r;

	r = buf_addf(b, "%-17s ", name);
	if (r == 0)
		r = esc_visible(b, value, strlen(value));
	return r == 0 ? buf_addc(b, '\n') : r;
}

static int
put_time_left(struct buf *b, int64_t left)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	/* two of the larger unit, or it says too little */
	while (i + 1 < ARRAY_LEN(units) && left < 2 * units[i].seconds)
		i++;
	return buf_addf(b, "%-17s in %lld %s\n",
	    "ends:", (long long)(left / units[i].seconds), units[i].unit);
}

int
grant_explain(const struct grant *g, int64_t now_utc, struct buf *b)
{
	const struct grant_connection *c;
	size_t before = b->len;
	size_t i;
	size_t j;
	int r;

	r = put_line(b, "grant:", g->id);
	for (i = 0; r == 0 && i < g->connection_count; i++) {
		c = &g->connections[i];
		r = put_line(b, "connection:", c->name);
		for (j = 0; r == 0 && j < c->roles.len; j++)
			r = put_line(b, "  role:", c->roles.v[j]);
	}
	for (i = 0; r == 0 && i < g->host_count; i++)
		r = put_line(b, "host:", g->hosts[i].host);
	if (r == 0)
		r = put_time_left(b, time_left(g, now_utc));
	if (r == 0)
		r = put_line(b, "long-lived:", g->expose ? "yes" : "no");
	if (r != 0)
		buf_truncate(b, before);
	return r;
}

/* --- changes -------------------------------------------------------------- */

/* Exchange the roles of each connection with those in ROLES, one for each. */
static void
swap_roles(struct grant *g, struct strv *roles)
{
	struct strv old;
	size_t i;

	for (i = 0; i < g->connection_count; i++) {
		old = g->connections[i].roles;
		g->connections[i].roles = roles[i];
		roles[i] = old;
	}
}

/* A state file is bounded, and each connection gets all the roles. */
static int
apply_roles(struct grant *g, const struct strv *roles, struct buf *why)
{
	struct strv *each = xcalloc(g->connection_count, sizeof(*each));
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	size_t i;
	int r;

	for (i = 0; i < g->connection_count; i++)
		strv_add_all(&each[i], roles);
	swap_roles(g, each);
	r = grant_format_state(g, &text);
	if (r != 0) {
		swap_roles(g, each);
		(void)buf_adds(why,
		    "\"roles\" are too many for this many connections");
	}
	for (i = 0; i < g->connection_count; i++)
		strv_clear(&each[i]);
	free(each);
	buf_wipe(&text);
	return r;
}

int
grant_apply_update(struct grant *g, const struct grant_changes *changes,
    int64_t now_utc, struct buf *why)
{
	int r = 0;

	if (changes->has_roles && g->connection_count == 0) {
		(void)buf_adds(why, "\"roles\" need a connection");
		return -EBADMSG;
	}
	if (changes->container[0] != '\0' &&
	    (grant_listens_on_tcp(g) ||
		(g->container[0] != '\0' &&
		    strcmp(g->container, changes->container) != 0))) {
		(void)buf_adds(why,
		    grant_listens_on_tcp(g) ?
			"\"container\" can be enforced on unix sockets only" :
			"\"container\" is another one already");
		return -EBADMSG;
	}
	if (changes->has_roles)
		r = apply_roles(g, &changes->roles, why);
	if (r != 0)
		return r;
	if (changes->has_ttl)
		g->expires_utc = now_utc + changes->ttl;
	if (changes->has_paused)
		g->paused = changes->paused;
	if (changes->container[0] != '\0')
		memcpy(g->container, changes->container, sizeof(g->container));
	return 0;
}

void
grant_set_listen(struct grant *g, size_t index, const char *text)
{
	free(g->listen.v[index]);
	g->listen.v[index] = xstrdup(text);
}

/* --- questions ------------------------------------------------------------ */

bool
grant_is_id(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((text[i] < '0' || text[i] > '9') &&
		    (text[i] < 'a' || text[i] > 'f'))
			return false;
	return len == GRANT_ID_SIZE;
}

bool
grant_is_over(const struct grant *g, int64_t now_utc)
{
	return now_utc >= g->expires_utc;
}

bool
grant_listens_on_unix(const struct grant *g)
{
	return strv_has(&g->listen, GRANT_LISTEN_UNIX);
}

bool
grant_listens_on_tcp(const struct grant *g)
{
	return g->listen.len > (grant_listens_on_unix(g) ? 1 : 0);
}

const struct grant_connection *
grant_find_connection(const struct grant *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->connection_count; i++)
		if (name == NULL || strcmp(g->connections[i].name, name) == 0)
			return &g->connections[i];
	return NULL;
}

char *
grant_fold_host(const char *host)
{
	size_t len = strlen(host);
	size_t port = strlen(HTTPS_PORT);
	char *folded;
	size_t i;

	if (len > port && strcmp(host + len - port, HTTPS_PORT) == 0)
		len -= port;
	folded = xstrndup(host, len);
	for (i = 0; i < len; i++)
		folded[i] = ascii_lower(folded[i]);
	return folded;
}

const struct grant_host *
grant_find_host(const struct grant *g, const char *protocol, const char *host)
{
	const struct grant_host *found = NULL;
	char *folded;
	size_t i;

	if (strcmp(protocol, "https") != 0)
		return NULL;
	folded = grant_fold_host(host);
	for (i = 0; found == NULL && i < g->host_count; i++)
		if (strcmp(g->hosts[i].host, folded) == 0)
			found = &g->hosts[i];
	free(folded);
	return found;
}

int
grant_pick_role(const struct grant_connection *c, const char *asked,
    const char **ret_role)
{
	size_t i;

	if (asked == NULL) {
		*ret_role = c->roles.len != 0 ? c->roles.v[0] : NULL;
		return 0;
	}
	for (i = 0; i < c->roles.len; i++) {
		if (strcmp(c->roles.v[i], asked) == 0) {
			*ret_role = c->roles.v[i];
			return 0;
		}
	}
	return -EACCES;
}

/* --- the capability ------------------------------------------------------- */

int
grant_new_capability(struct grant *g, struct buf *ret_text)
{
	struct buf text = BUF_INIT(GRANT_CAPABILITY_SIZE);
	unsigned char hash[GRANT_HASH_SIZE];
	unsigned char id[ID_BYTES];
	int r;

	r = crypt_random(id, sizeof(id));
	if (r == 0)
		r = buf_adds(&text, PREFIX);
	if (r == 0)
		r = hex_add(&text, id, sizeof(id));
	if (r == 0)
		r = buf_addc(&text, '_');
	if (r == 0)
		r = crypt_random_text(&text, SECRET_BYTES);
	if (r == 0)
		r = crypt_sha256(text.data, text.len, hash);
	if (r == 0)
		r = buf_add(ret_text, text.data, text.len);
	if (r == 0) {
		memcpy(g->id, text.data + strlen(PREFIX), GRANT_ID_SIZE);
		g->id[GRANT_ID_SIZE] = '\0';
		memcpy(g->hash, hash, sizeof(g->hash));
	}
	buf_wipe(&text);
	return r;
}

bool
grant_has_capability(const struct grant *g, const char *text, size_t len)
{
	unsigned char hash[GRANT_HASH_SIZE];

	/* how long it must be is no secret */
	return len == GRANT_CAPABILITY_SIZE &&
	    crypt_sha256(text, len, hash) == 0 &&
	    mem_differ(hash, g->hash, sizeof(hash)) == 0;
}
