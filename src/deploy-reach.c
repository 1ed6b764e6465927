/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a target gets its tokens: by the directory of a grant that is mounted, by
 * an address of the host's, or not from the host at all.
 */
#include "coco.h"

#include <arpa/inet.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "deploy.h"
#include "log.h"
#include "mem.h"
#include "result.h"

static const char *const way_names[] = {
	[LAYOUT_TOKEN_FILE] = "token_file",
	[LAYOUT_ENDPOINT] = "endpoint",
	[LAYOUT_KEY] = "key",
	[LAYOUT_PAT] = "pat",
};

/* The ways that all clients know which read the connection. */
static unsigned int
common_tokens(const struct job *j)
{
	unsigned int bits = PROVIDER_TOKEN_FILE | PROVIDER_TOKEN_ENDPOINT;
	size_t i;

	for (i = 0; i < j->provider_count; i++)
		if (j->providers[i].connections)
			bits &= j->providers[i].tokens;
	return bits;
}

static int
out_of_room(int r)
{
	return r == 0 ? 0 : deploy_fail(&(struct buf)BUF_INIT(1), r);
}

/* A way that was laid out before is of no use. */
static void
forget_way(struct job *j)
{
	struct buf *const texts[] = { &j->tokend, &j->token_file, &j->endpoint,
		&j->proxy_host, &j->proxy_port, &j->capability_file,
		&j->capability };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		buf_clear(texts[i]);
	j->layout.tokend = NULL;
	j->layout.token_file = NULL;
	j->layout.endpoint = NULL;
	j->layout.proxy_host = NULL;
	j->layout.proxy_port = NULL;
	j->layout.capability = NULL;
	j->layout.capability_file = NULL;
}

/* The directory of a grant is, or will be, at the job's mount. */
static int
lay_out_directory(struct job *j)
{
	const char *mount = buf_str(&j->mount);
	int r;

	forget_way(j);
	r = buf_addf(&j->tokend, "unix:%s/tokend.sock", mount);
	if (r == 0)
		r = buf_addf(&j->token_file, "%s/token", mount);
	j->layout.way = LAYOUT_TOKEN_FILE;
	j->layout.tokend = buf_str(&j->tokend);
	j->layout.token_file = buf_str(&j->token_file);
	return out_of_room(r);
}

static int
lay_out_new_directory(struct job *j)
{
	int r = job_choose_mount(j);

	return r != 0 ? r : lay_out_directory(j);
}

/* The daemon listens at LISTEN, "ADDRESS:PORT". */
static int
lay_out_address(struct job *j, const char *listen, const char *capability)
{
	const char *colon = strrchr(listen, ':');
	int r;

	forget_way(j);
	r = buf_addf(&j->tokend, "http://%s", listen);
	if (r == 0)
		r = buf_addf(&j->endpoint, "http://%s/oauth/token-request",
		    listen);
	if (r == 0 && colon != NULL)
		r = buf_add(&j->proxy_host, listen, (size_t)(colon - listen));
	if (r == 0 && colon != NULL)
		r = buf_adds(&j->proxy_port, colon + 1);
	if (r == 0)
		r = layout_file(&j->layout, "capability", &j->capability_file);
	if (r == 0)
		r = layout_file(&j->layout, "token", &j->token_file);
	if (r == 0)
		r = buf_adds(&j->capability, capability);
	j->layout.tokend = buf_str(&j->tokend);
	j->layout.endpoint = buf_str(&j->endpoint);
	j->layout.proxy_host = buf_str(&j->proxy_host);
	j->layout.proxy_port = buf_str(&j->proxy_port);
	j->layout.capability = buf_str(&j->capability);
	j->layout.capability_file = buf_str(&j->capability_file);
	j->layout.token_file = buf_str(&j->token_file);
	j->layout.way = (common_tokens(j) & PROVIDER_TOKEN_ENDPOINT) != 0 ?
	    LAYOUT_ENDPOINT :
	    LAYOUT_TOKEN_FILE;
	return out_of_room(r);
}

/* --- what is there already ------------------------------------------------ */

/* The capability that the target has, if it is the one of the record. */
static bool
find_capability(const struct job *j, struct buf *b)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	char hash[TRACE_HASH_LEN + 1] = "";
	const struct place *place;
	bool is = false;

	(void)layout_file(&j->layout, "capability", &path);
	place = places_find(&j->now, buf_str(&path));
	if (place != NULL && place->kind == PLACE_FILE &&
	    buf_add(b, buf_str(&place->content),
		strcspn(buf_str(&place->content), "\n")) == 0)
		is = trace_hash(buf_str(b), b->len, hash) == 0 &&
		    j->d.capability != NULL &&
		    strcmp(hash, j->d.capability) == 0;
	buf_wipe(&path);
	return is;
}

/* Whether the target still has a network with the address LISTEN. */
static bool
has_address(const struct job *j, const char *listen)
{
	struct reach ways[8];
	size_t count = job_reaches(j, ways, ARRAY_LEN(ways));
	const char *colon = strrchr(listen, ':');
	size_t i;

	/* a hook cannot ask for networks, nor has a container any that does
	 * not run; they were there before */
	if (j->target.kind == TARGET_DIRECTORY || j->target.engine.is_stopped)
		return true;
	for (i = 0; colon != NULL && i < count; i++)
		if (strncmp(ways[i].listen, listen,
			(size_t)(colon - listen) + 1) == 0)
			return true;
	return false;
}

/* The mount that the record tells: "unix:MOUNT/tokend.sock". */
static bool
recall_mount(struct job *j)
{
	const char *reach = j->d.reach;
	const char *slash = reach != NULL ? strrchr(reach, '/') : NULL;

	if (slash == NULL || strncmp(reach, "unix:/", 6) != 0)
		return false;
	buf_clear(&j->mount);
	return buf_add(&j->mount, reach + 5, (size_t)(slash - reach) - 5) == 0;
}

static bool
lay_out_again(struct job *j)
{
	struct buf capability = BUF_INIT(GRANT_CAPABILITY_SIZE);
	bool is = false;

	if (j->grant.listen == NULL)
		is = recall_mount(j) && lay_out_directory(j) == 0;
	else if (has_address(j, j->grant.listen) &&
	    find_capability(j, &capability))
		is = lay_out_address(j, j->grant.listen,
			 buf_str(&capability)) == 0;
	buf_wipe(&capability);
	return is;
}

bool
job_reach_again(struct job *j)
{
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);
	int r = -ENOENT;

	if (j->is_known && j->d.grant != NULL)
		r = granting_find(j->d.grant, &j->grant, &why);
	j->has_no_daemon = r == -EHOSTUNREACH;
	buf_wipe(&why);
	return r == 0 && j->grant.expires_in > 0 &&
	    granting_is_for(&j->grant, j->conn) && lay_out_again(j);
}

int
job_recall(struct job *j, bool *ret_gets_tokens)
{
	int r;

	r = j->d.exposed ? job_expose(j) : job_find_client(j);
	if (r == 0)
		r = job_read(j);
	if (r == 0)
		*ret_gets_tokens = j->d.exposed || job_reach_again(j);
	return r;
}

int
job_tell_no_tokens(const struct job *j)
{
	const char *spec = j->target.spec;

	if (j->has_no_daemon) {
		log_warn("%s gets no tokens: " CLIENT_NO_DAEMON, spec);
		log_hint(CLIENT_START_IT);
		return result_exit(RESULT_UNAVAILABLE);
	}
	log_warn("%s gets no tokens any more", spec);
	log_hint("coco-deploy apply %s", spec);
	return result_exit(RESULT_EXPIRED);
}

/* Whether the grant allows the role that is asked for and no other. */
static bool
has_role(const struct job *j)
{
	const char *role = j->layout.role;

	return role == NULL ?
	    j->grant.roles.len == 0 :
	    j->grant.roles.len == 1 && strcmp(j->grant.roles.v[0], role) == 0;
}

int
job_renew(struct job *j)
{
	const char *container = j->target.container.id;
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);
	struct strv roles = STRV_INIT;
	bool is_bound = j->grant.directory == NULL ||
	    j->grant.container != NULL || container[0] == '\0' ||
	    j->target.kind != TARGET_CONTAINER;
	bool is_right = j->d.is_borrowed || has_role(j);
	int r = 0;

	if (j->layout.role != NULL)
		strv_add(&roles, j->layout.role);
	if (!is_bound || !is_right || j->o->ttl_s != 0)
		r = granting_update(j->grant.id, is_bound ? NULL : container,
		    j->o->ttl_s, is_right ? NULL : &roles, &why);
	r = r != 0 ? deploy_fail(&why, r) : 0;
	strv_clear(&roles);
	buf_wipe(&why);
	return r;
}

/* --- a grant whose directory is mounted ----------------------------------- */

/* Take the grant ID if M is its directory and it is for the connection. */
static bool
take_mounted(struct job *j, const struct container_mount *m, const char *id)
{
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);
	bool is;

	granting_clear(&j->grant);
	is = granting_find(id, &j->grant, &why) == 0 &&
	    j->grant.expires_in > 0 && j->grant.has_token_file &&
	    j->grant.directory != NULL &&
	    strcmp(j->grant.directory, m->source) == 0 &&
	    granting_is_for(&j->grant, j->conn) &&
	    buf_adds(&j->mount, m->destination) == 0 &&
	    lay_out_directory(j) == 0;
	buf_wipe(&why);
	return is;
}

bool
job_reach_mounted(struct job *j)
{
	const struct container *c = &j->target.container;
	const char *id;
	size_t i;

	for (i = 0; i < c->mount_count; i++) {
		id = strrchr(c->mounts[i].source, '/');
		if (id == NULL || !grant_is_id(id + 1, strlen(id + 1)) ||
		    !take_mounted(j, &c->mounts[i], id + 1))
			continue;
		if (j->d.grant == NULL || strcmp(j->d.grant, id + 1) != 0) {
			xstrset(&j->d.grant, id + 1);
			j->d.is_borrowed = true;
		}
		xstrset(&j->d.way, way_names[j->layout.way]);
		xstrset(&j->d.reach, buf_str(&j->tokend));
		xstrset(&j->d.directory, j->grant.directory);
		return true;
	}
	return false;
}

/* --- what could be -------------------------------------------------------- */

/* Write the network that the address A is in. */
static bool
format_network(const struct container_address *a, char *b, size_t size)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr address;
	uint32_t mask = a->prefix_len == 0 ?
	    0 :
	    ~UINT32_C(0) << (32 - a->prefix_len);

	if (a->prefix_len > 32 || inet_pton(AF_INET, a->address, &address) != 1)
		return false;
	address.s_addr &= htonl(mask);
	if (inet_ntop(AF_INET, &address, text, sizeof(text)) == NULL)
		return false;
	(void)snprintf(b, size, "%s/%u", text, a->prefix_len);
	return true;
}

static void
add_network(const struct container_network *n, struct reach *ret, size_t *count)
{
	const struct container_address *a = &n->v4;
	struct reach *r = &ret[*count];

	if (a->gateway[0] == '\0' || a->address[0] == '\0')
		return;
	(void)snprintf(r->listen, sizeof(r->listen), "%s:0", a->gateway);
	/* all of it: the container may have another address when it is started
	 * again, and its neighbours have no capability (THREATS.md T13) */
	if (format_network(a, r->subnet, sizeof(r->subnet)))
		(*count)++;
}

size_t
job_reaches(const struct job *j, struct reach *ret, size_t max)
{
	const struct container *c = &j->target.container;
	size_t count = 0;
	size_t i;

	memset(ret, 0, max * sizeof(*ret));
	if (j->target.kind == TARGET_DIRECTORY)
		return 1;
	for (i = 0; i < c->network_count && count + 1 < max; i++)
		add_network(&c->networks[i], ret, &count);
	if (count == 0 && strcmp(c->network_mode, "host") == 0) {
		(void)snprintf(ret[0].listen, sizeof(ret[0].listen),
		    "127.0.0.1:0");
		(void)snprintf(ret[0].subnet, sizeof(ret[0].subnet),
		    "127.0.0.0/8");
		count = 1;
	}
	return count;
}

/* Write down what the record needs to know of the grant. */
static int
note_grant(struct job *j)
{
	char hash[TRACE_HASH_LEN + 1];
	int r;

	r = trace_hash(buf_str(&j->grant.capability), j->grant.capability.len,
	    hash);
	xstrset(&j->d.grant, j->grant.id);
	j->d.is_borrowed = false;
	xstrset(&j->d.capability, hash);
	xstrset(&j->d.directory, j->grant.directory);
	j->is_new_grant = true;
	return r;
}

void
job_note_way(struct job *j)
{
	if (j->d.token_file != NULL && !job_needs_watcher(j)) {
		job_end_watcher(j);
		xstrset(&j->stale, j->d.token_file);
	}
	xstrset(&j->d.token_file,
	    job_needs_watcher(j) ? buf_str(&j->token_file) : NULL);
	xstrset(&j->d.way, way_names[j->layout.way]);
}

int
job_reach(struct job *j, const struct reach *r)
{
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);
	struct strv roles = STRV_INIT;
	bool by_directory = r->listen[0] == '\0';
	struct granting_request q = { .conn = j->conn,
		.roles = &roles,
		.ttl = j->o->ttl_s,
		.listen = by_directory ? NULL : r->listen,
		.also = r->also[0] != '\0' ? r->also : NULL,
		.subnet = r->subnet[0] != '\0' ? r->subnet : NULL,
		.token_file = by_directory,
		.owner_uid = -1,
		.owner_gid = -1 };
	int status;
	int e;

	if (by_directory) {
		q.owner_uid = r->is_owned ?
		    r->uid :
		    target_host_uid(&j->target, j->user.uid);
		q.owner_gid = r->is_owned ? r->gid : j->user.gid;
		q.container = j->target.container.id[0] != '\0' ?
		    j->target.container.id :
		    NULL;
	}
	if (j->layout.role != NULL)
		strv_add(&roles, j->layout.role);
	granting_clear(&j->grant);
	e = granting_make(&q, &j->grant, &why);
	if (e == 0)
		e = note_grant(j);
	status = e != 0 ?
	    deploy_fail(&why, e) :
	    by_directory ?
	    lay_out_new_directory(j) :
	    lay_out_address(j, j->grant.listen, buf_str(&j->grant.capability));
	/* `run' asks when its container has started, for that is waited for */
	if (status == 0 && !j->d.is_run)
		job_ask_login(j);
	xstrset(&j->d.reach, buf_str(&j->tokend));
	if (status == 0)
		job_note_way(j);
	strv_clear(&roles);
	buf_wipe(&why);
	return status;
}

void
job_reach_only_planned(struct job *j, const struct reach *r)
{
	struct buf listen = BUF_INIT(64);

	j->layout.id = "(new)";
	if (r->listen[0] == '\0') {
		(void)lay_out_new_directory(j);
		return;
	}
	/* the daemon will choose the port */
	(void)buf_addf(&listen, "%.*sPORT", (int)strlen(r->listen) - 1,
	    r->listen);
	(void)lay_out_address(j, buf_str(&listen), "(new)");
	buf_wipe(&listen);
}

int
job_revoke(const struct job *j)
{
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);
	int r = 0;

	if (j->d.grant != NULL && !j->d.is_borrowed)
		r = granting_revoke(j->d.grant, &why);
	/* without a daemon it serves nobody, and ends by its time */
	if (r != 0)
		log_warn("grant %s is not revoked: %s", j->d.grant,
		    buf_str(&why));
	buf_wipe(&why);
	return r != 0 ? result_exit(result_of_errno(r)) : 0;
}

/* The grant that the target had is of no use any more. */
void
job_revoke_former(const char *id)
{
	struct buf why = BUF_INIT(GRANTING_MAX_WHY);

	if (id != NULL && granting_revoke(id, &why) != 0)
		log_warn("grant %s is not revoked: %s", id, buf_str(&why));
	buf_wipe(&why);
}
