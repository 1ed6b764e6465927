/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "clock.h"
#include "grantask.h"
#include "granting.h"
#include "json.h"
#include "jsonout.h"
#include "mem.h"

#define ASK_MS 5000

/* One request to the daemon.  Returns 0 with the answer to a request that was
 * granted, or negative errno with the reason in WHY. */
static int
ask(const char *method, const char *target, const struct buf *body,
    struct client_answer *ret_answer, struct buf *why)
{
	const struct client_request q = { .method = method,
		.target = target,
		.body = body,
		.deadline_ms = clock_ms() + ASK_MS };
	int r;

	r = client_ask(&q, ret_answer, why);
	if (r == -ENOENT) {
		(void)buf_adds(why, CLIENT_NO_DAEMON ": " CLIENT_START_IT);
		r = -EHOSTUNREACH;
	} else if (r == 0 && ret_answer->status != 200) {
		(void)buf_adds(why,
		    ret_answer->body.len != 0 ? buf_str(&ret_answer->body) :
						"coco-tokend refuses");
		while (why->len != 0 && why->data[why->len - 1] == '\n')
			buf_truncate(why, why->len - 1);
		r = ret_answer->status == 404 ? -ESRCH : -EACCES;
	}
	return r;
}

static void
format(const struct granting_request *q, struct jsonout *j)
{
	struct strv listen = STRV_INIT;
	struct strv subnets = STRV_INIT;

	strv_add(&listen, q->listen != NULL ? q->listen : GRANT_LISTEN_UNIX);
	if (q->also != NULL)
		strv_add(&listen, q->also);
	if (q->subnet != NULL)
		strv_add(&subnets, q->subnet);
	jsonout_put(j, "{");
	jsonout_begin(j, "connections");
	jsonout_put(j, "[");
	grantask_connection(j, q->conn, q->roles);
	jsonout_put(j, "]");
	if (q->ttl != 0)
		jsonout_number(j, "ttl", q->ttl);
	if (q->owner_uid >= 0)
		jsonout_number(j, "owner_uid", q->owner_uid);
	if (q->owner_uid >= 0 && q->owner_gid >= 0)
		jsonout_number(j, "owner_gid", q->owner_gid);
	jsonout_texts(j, "listen", &listen);
	jsonout_texts(j, "subnets", &subnets);
	jsonout_text(j, "container", q->container);
	jsonout_flag(j, "token_file", q->token_file);
	jsonout_flag(j, "allow_unauthenticated", q->allow_unauthenticated);
	jsonout_put(j, "}");
	strv_clear(&listen);
	strv_clear(&subnets);
}

/* The first listener that is no unix socket. */
static void
take_listen(const struct json *j, struct granting *g)
{
	struct strv listen = STRV_INIT;
	size_t i;

	(void)json_texts(j, "listen", &listen);
	for (i = 0; i < listen.len && g->listen == NULL; i++)
		if (strcmp(listen.v[i], GRANT_LISTEN_UNIX) != 0)
			xstrset(&g->listen, listen.v[i]);
	strv_clear(&listen);
}

static void
take_connection(void *ctx, const struct json *j)
{
	struct granting *g = ctx;

	if (g->connection != NULL)
		return;
	xstrset(&g->connection, json_text(j, "name"));
	xstrset(&g->protocol, json_text(j, "protocol"));
	xstrset(&g->host, json_text(j, "host"));
	xstrset(&g->username, json_text(j, "username"));
	(void)json_texts(j, "roles", &g->roles);
}

static int
take(const struct json *j, struct granting *g)
{
	const char *id = json_text(j, "id");
	const char *capability = json_text(j, "capability");

	if (id == NULL || !grant_is_id(id, strlen(id)))
		return -EPROTO;
	memcpy(g->id, id, sizeof(g->id));
	xstrset(&g->directory, json_text(j, "directory"));
	xstrset(&g->container, json_text(j, "container"));
	json_each(j, "connections", take_connection, g);
	take_listen(j, g);
	(void)json_number(j, "expires_in", &g->expires_in);
	g->paused = json_flag(j, "paused");
	g->listening = json_flag(j, "listening");
	g->has_token_file = json_flag(j, "token_file");
	return capability != NULL ? buf_adds(&g->capability, capability) : 0;
}

int
granting_make(const struct granting_request *q, struct granting *ret,
    struct buf *why)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf body = BUF_INIT(GRANT_MAX_REQUEST);
	struct jsonout j = JSONOUT_INIT(&body);
	struct json *answered = NULL;
	int r;

	format(q, &j);
	r = j.error;
	if (r == 0)
		r = ask("POST", "/grants", &body, &answer, why);
	if (r == 0)
		r = json_parse(buf_str(&answer.body), answer.body.len,
		    &answered);
	if (r == 0)
		r = take(answered, ret);
	if (r != 0 && why->len == 0)
		(void)buf_adds(why, "coco-tokend answers what is no grant");
	json_free(answered);
	buf_wipe(&answer.body);
	buf_wipe(&body);
	return r;
}

struct search {
	const char *id;
	struct granting *found;
};

static int
compare(void *ctx, size_t index, const struct json *j)
{
	struct search *s = ctx;
	const char *id = json_text(j, "id");

	(void)index;
	if (id == NULL || strcmp(id, s->id) != 0)
		return 0;
	return take(j, s->found) == 0 ? 1 : -EPROTO;
}

int
granting_find(const char *id, struct granting *ret, struct buf *why)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf target = BUF_INIT(64);
	struct search s = { id, ret };
	struct json *j = NULL;
	int r;

	/* the list is in pages, and in order: this one begins right before */
	r = buf_addf(&target, "/grants?after=%.*s", GRANT_ID_SIZE - 1, id);
	if (r == 0)
		r = ask("GET", buf_str(&target), NULL, &answer, why);
	if (r == 0)
		r = json_parse(buf_str(&answer.body), answer.body.len, &j);
	if (r == 0)
		r = json_walk(j, "grants", compare, &s);
	json_free(j);
	buf_wipe(&answer.body);
	buf_wipe(&target);
	if (r < 0 && why->len == 0)
		(void)buf_adds(why, "coco-tokend answers what is no list");
	if (r == 0)
		(void)buf_addf(why, "there is no grant %s any more", id);
	return r == 1 ? 0 : r == 0 ? -ESRCH : r;
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
granting_is_for(const struct granting *g, const struct conn *conn)
{
	return is_same(g->connection, conn_name(conn)) &&
	    is_same(g->protocol, conn_protocol(conn)) &&
	    is_same(g->host, conn_hostport(conn)) &&
	    is_same(g->username, conn_user(conn));
}

/* "/grants/ID" */
static int
ask_about(const char *method, const char *id, const struct buf *body,
    struct buf *why)
{
	struct client_answer answer = CLIENT_ANSWER_INIT;
	struct buf target = BUF_INIT(64);
	int r;

	r = buf_addf(&target, "/grants/%s", id);
	if (r == 0)
		r = ask(method, buf_str(&target), body, &answer, why);
	buf_wipe(&target);
	buf_wipe(&answer.body);
	return r;
}

int
granting_update(const char *id, const char *container, int64_t ttl,
    const struct strv *roles, struct buf *why)
{
	struct buf body = BUF_INIT(GRANT_MAX_REQUEST);
	struct jsonout j = JSONOUT_INIT(&body);
	int r;

	jsonout_put(&j, "{");
	jsonout_text(&j, "container", container);
	if (ttl != 0)
		jsonout_number(&j, "ttl", ttl);
	if (roles != NULL)
		jsonout_texts(&j, "roles", roles);
	jsonout_put(&j, "}");
	r = j.error != 0 ? j.error : ask_about("PATCH", id, &body, why);
	buf_wipe(&body);
	return r;
}

int
granting_revoke(const char *id, struct buf *why)
{
	int r;

	r = ask_about("DELETE", id, NULL, why);
	if (r != -ESRCH)
		return r;
	buf_clear(why);
	return 0;
}

void
granting_clear(struct granting *g)
{
	free(g->directory);
	free(g->listen);
	free(g->container);
	free(g->connection);
	free(g->protocol);
	free(g->host);
	free(g->username);
	strv_clear(&g->roles);
	buf_wipe(&g->capability);
	*g = (struct granting)GRANTING_INIT;
}
