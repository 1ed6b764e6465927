/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "client.h"
#include "clock.h"
#include "control-grants.h"
#include "control.h"
#include "grants.h"
#include "reply.h"

/* One page of the list; json.h takes it. */
#define MAX_PAGE      (GRANT_MAX_DESCRIPTION + 8192)
#define ROOM_FOR_REST 64

#define NO_GRANT "there is no such grant"

static const char prefix[] = "/grants/";

static enum result
result_of(int r)
{
	switch (r) {
	case 0:
		return RESULT_SUCCESS;
	case -EBADMSG:
	case -EMSGSIZE:
		return RESULT_USAGE;
	case -EACCES:
		return RESULT_DENIED;
	default:
		return RESULT_ERROR;
	}
}

static void
answer_error(struct httpd_exchange *x, int r, const struct buf *why)
{
	reply_why(x, result_of(r), why->len != 0 ? buf_str(why) : strerror(-r));
}

/* The grant that the path names, or NULL; RET_ID is "" when it names none. */
static struct sandbox *
find(struct tokend *t, const struct httpd_request *q,
    char ret_id[GRANT_ID_SIZE + 1])
{
	const char *name = q->path.s + strlen(prefix);
	size_t len = q->path.len - strlen(prefix);

	ret_id[0] = '\0';
	if (!grant_is_id(name, len))
		return NULL;
	memcpy(ret_id, name, GRANT_ID_SIZE);
	ret_id[GRANT_ID_SIZE] = '\0';
	return grants_find(t->grants, ret_id);
}

static void
answer_json(struct httpd_exchange *x, const struct buf *b)
{
	reply_with(x, 200, CLIENT_RESULT_FIELD ": success\r\n", REPLY_JSON,
	    buf_str(b));
}

void
control_grants_add(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct buf b = BUF_INIT(GRANT_MAX_DESCRIPTION);
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	struct grant grant = GRANT_INIT;
	struct tokend *t = ctx;
	int r;

	/* another connections.toml has other connections of the same name */
	if (!control_is_at_home(t, q)) {
		reply_why(x, RESULT_DENIED,
		    "coco-tokend was started with another HOME, XDG directory "
		    "or variable of Snowflake's: restart it with yours");
		return;
	}
	r = grant_parse_request(q->body, q->body_len, clock_utc(), &grant,
	    &why);
	if (r == 0)
		r = grants_add(t->grants, &grant, &b, &why);
	if (r == 0)
		answer_json(x, &b);
	else
		answer_error(x, r, &why);
	grant_clear(&grant);
	buf_wipe(&b);
	buf_wipe(&why);
}

struct list {
	struct buf b;
	size_t count;
	const char *last; /* id of the last one that fits */
	bool is_full;
};

/* Returns whether there may be more on this page. */
static bool
add_to_list(void *ctx, struct sandbox *s)
{
	struct list *l = ctx;
	size_t before = l->b.len;

	if ((l->count != 0 && buf_addc(&l->b, ',') != 0) ||
	    sandbox_describe(s, NULL, &l->b) != 0 ||
	    l->b.len + ROOM_FOR_REST > l->b.max) {
		buf_truncate(&l->b, before);
		l->is_full = true;
		return false;
	}
	l->count++;
	l->last = sandbox_grant(s)->id;
	return true;
}

void
control_grants_list(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct list l = { BUF_INIT(MAX_PAGE), 0, NULL, false };
	struct buf after = BUF_INIT(GRANT_MAX_NAME);
	struct tokend *t = ctx;

	if (http1_query(&q->query, "after", &after) != 0)
		buf_clear(&after);
	(void)buf_adds(&l.b, "{\"grants\":[");
	grants_each_after(t->grants, buf_str(&after), add_to_list, &l);
	(void)buf_adds(&l.b, "]");
	if (l.is_full && l.last != NULL)
		(void)buf_addf(&l.b, ",\"next\":\"%s\"", l.last);
	(void)buf_adds(&l.b, "}\n");
	answer_json(x, &l.b);
	buf_wipe(&after);
	buf_wipe(&l.b);
}

void
control_grants_update(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct grant_changes changes = GRANT_CHANGES_INIT;
	struct buf b = BUF_INIT(GRANT_MAX_DESCRIPTION);
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	struct tokend *t = ctx;
	char id[GRANT_ID_SIZE + 1];
	struct sandbox *s = find(t, q, id);
	int r;

	if (s == NULL || sandbox_is_ended(s)) {
		reply_why(x, RESULT_NOT_FOUND, NO_GRANT);
		return;
	}
	r = grant_parse_update(q->body, q->body_len, &changes, &why);
	if (r == 0)
		r = grants_update(t->grants, s, &changes, &why);
	if (r == 0)
		r = sandbox_describe(s, NULL, &b);
	if (r == 0)
		answer_json(x, &b);
	else
		answer_error(x, r, &why);
	grant_changes_clear(&changes);
	buf_wipe(&b);
	buf_wipe(&why);
}

void
control_grants_revoke(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	char id[GRANT_ID_SIZE + 1];
	struct tokend *t = ctx;
	struct sandbox *s;
	int r = -ENOENT;

	s = find(t, q, id);
	if (s != NULL)
		r = grants_revoke(t->grants, s, "revoke", &why);
	else if (id[0] != '\0')
		r = grants_revoke_unknown(t->grants, id, &why);
	if (r == -ENOENT && why.len == 0) {
		reply_why(x, RESULT_NOT_FOUND, NO_GRANT);
		return;
	}
	if (r == 0)
		reply_why(x, RESULT_SUCCESS, "");
	else
		answer_error(x, r, &why);
	buf_wipe(&why);
}

void
control_grants_revoke_all(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct buf why = BUF_INIT(GRANTS_MAX_WHY);
	struct tokend *t = ctx;
	int r;

	(void)q;
	r = grants_revoke_all(t->grants, &why);
	if (r == 0)
		reply_why(x, RESULT_SUCCESS, "");
	else
		answer_error(x, r, &why);
	buf_wipe(&why);
}
