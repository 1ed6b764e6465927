/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "clock.h"
#include "control-grants.h"
#include "control.h"
#include "grants.h"
#include "journal.h"
#include "mem.h"
#include "num.h"
#include "output.h"
#include "reply.h"
#include "report.h"

#define MAX_PARAM 1024

/* A refused peer is logged at most so often, with how many there were. */
#define TELL_MS 60000

/* Somebody who waits for a credential, or for a change of one. */
struct asker {
	struct tokend *tokend;
	struct httpd_exchange *x;
	struct cred address; /* of what is changed */
};

/* --- POST /credential/... ------------------------------------------------- */

static void
on_answer(void *ctx, const struct cache_answer *a)
{
	struct asker *asker = ctx;

	if (a->result == RESULT_SUCCESS)
		reply_result(asker->x, a->result, a->text, a->len);
	else if (a->result == RESULT_QUIT)
		reply_why(asker->x, a->result, "quit=1\n");
	else
		reply_why(asker->x, a->result, a->why);
	free(asker);
}

static struct asker *
asker_new(struct tokend *t, struct httpd_exchange *x)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	asker->tokend = t;
	asker->x = x;
	return asker;
}

bool
control_is_at_home(const struct tokend *t, const struct httpd_request *q)
{
	const struct http1_span *field;
	char ours[17];
	size_t count;

	field = http1_field(q->head, CLIENT_HOME_FIELD, &count);
	if (count == 0)
		return true;
	(void)snprintf(ours, sizeof(ours), "%016llx",
	    (unsigned long long)t->home);
	return count == 1 && field->len == 16 &&
	    memcmp(field->s, ours, 16) == 0;
}

/* The parameter stack: "" for none.  Returns whether it is fit. */
static bool
get_stack(const struct httpd_request *q, struct buf *ret_stack)
{
	int r = http1_query(&q->query, "stack", ret_stack);

	return r == -ENOENT || (r == 0 && stack_is_name(buf_str(ret_stack)));
}

/* The message in the body, without what only helpers may say. */
static int
get_message(const struct httpd_request *q, struct cred *ret_cred,
    struct buf *why)
{
	int r;

	/* with the blank line behind it */
	if (q->body_len >= RUNNER_MAX_IN) {
		(void)buf_adds(why, "the message is too long for coco-tokend");
		return -EMSGSIZE;
	}
	r = cred_parse(q->body, q->body_len, ret_cred, why);
	if (r == 0 && !cred_is_addressed(ret_cred)) {
		(void)buf_adds(why,
		    "neither protocol and host nor a "
		    "connection");
		r = -EBADMSG;
	}
	if (r == 0)
		cred_drop_our_states(ret_cred);
	return r;
}

static const char *
stack_or_null(const struct buf *stack)
{
	return stack->len != 0 ? buf_str(stack) : NULL;
}

static void
do_get(struct tokend *t, struct httpd_exchange *x, const struct buf *stack,
    const struct cred *request)
{
	/* git hands on what it has from helper to helper; here is not the
	 * place for secrets of others */
	if (cred_has_secret(request) ||
	    cred_get(request, CRED_OAUTH_REFRESH_TOKEN) != NULL) {
		reply_why(x, RESULT_UNSUPPORTED, "the question holds a secret");
		return;
	}
	cache_ask(t->cache, stack_or_null(stack), request, on_answer,
	    asker_new(t, x));
}

static void
on_changed(void *ctx, enum result result, const struct buf *out,
    const struct buf *err)
{
	struct asker *asker = ctx;

	(void)out;
	cache_forget(asker->tokend->cache, &asker->address);
	grants_refresh_files(asker->tokend->grants,
	    cred_get(&asker->address, CRED_CONNECTION));
	reply_result(asker->x, result, buf_str(err), err->len);
	cred_wipe(&asker->address);
	free(asker);
}

static void
do_change(struct tokend *t, struct httpd_exchange *x, enum stack_verb verb,
    const struct buf *stack, const struct cred *request)
{
	struct buf in = BUF_INIT(RUNNER_MAX_IN);
	struct asker *asker = asker_new(t, x);
	int r;

	cred_merge(&asker->address, request);
	cred_set(&asker->address, CRED_PASSWORD, NULL);
	cred_set(&asker->address, CRED_CREDENTIAL, NULL);
	r = cred_format(request, &in);
	if (r == 0)
		r = buf_addc(&in, '\n');
	if (r == 0)
		r = runner_start(t->runner, verb, stack_or_null(stack), &in,
		    t->settings.request_timeout, on_changed, asker);
	if (r != 0) {
		cred_wipe(&asker->address);
		free(asker);
		reply_why(x, RESULT_ERROR, strerror(-r));
	}
	buf_wipe(&in);
}

static void
credential(struct tokend *t, struct httpd_exchange *x,
    const struct httpd_request *q, enum stack_verb verb)
{
	struct buf stack = BUF_INIT(MAX_PARAM);
	struct buf why = BUF_INIT(1024);
	struct cred request = CRED_INIT;
	int r;

	r = get_message(q, &request, &why);
	if (!get_stack(q, &stack)) {
		reply_why(x, RESULT_USAGE, "stack is no name of a stack");
	} else if (r != 0) {
		reply_why(x, r == -EMSGSIZE ? RESULT_UNSUPPORTED : RESULT_USAGE,
		    buf_str(&why));
	} else if (!control_is_at_home(t, q)) {
		reply_why(x, RESULT_UNSUPPORTED,
		    "coco-tokend has another configuration");
	} else if (verb == STACK_GET) {
		do_get(t, x, &stack, &request);
	} else if (cred_get(&request, CRED_OAUTH_REFRESH_TOKEN) != NULL) {
		reply_why(x, RESULT_UNSUPPORTED,
		    "coco-tokend takes no refresh token");
	} else {
		do_change(t, x, verb, &stack, &request);
	}
	cred_wipe(&request);
	buf_wipe(&stack);
	buf_wipe(&why);
}

static void
get(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	credential(ctx, x, q, STACK_GET);
}

static void
store(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	credential(ctx, x, q, STACK_STORE);
}

static void
erase(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	credential(ctx, x, q, STACK_ERASE);
}

static void
forget(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	struct buf why = BUF_INIT(1024);
	struct cred address = CRED_INIT;

	if (get_message(q, &address, &why) != 0) {
		reply_why(x, RESULT_USAGE, buf_str(&why));
	} else {
		cache_forget(t->cache, &address);
		grants_refresh_files(t->grants,
		    cred_get(&address, CRED_CONNECTION));
		reply_why(x, RESULT_SUCCESS, "");
	}
	cred_wipe(&address);
	buf_wipe(&why);
}

/* --- GET /token ----------------------------------------------------------- */

/* inspect-coco's form of a failure (snowflake.md 8.2), with our text. */
static void
answer_no_token(struct httpd_exchange *x, enum result result)
{
	struct buf b = BUF_INIT(512);
	bool is_ours = result != RESULT_EXPIRED && result != RESULT_NOT_FOUND;

	(void)buf_addf(&b, "{\"error\":\"%s\",\"message\":\"%s\"}",
	    is_ours ? "token_error" : "no_tokens",
	    result == RESULT_EXPIRED    ? "A login is needed." :
		result == RESULT_DENIED ? "It is refused." :
		is_ours                 ? "There is no token now." :
					  "There is no such login.");
	reply_text(x, 503, REPLY_JSON, buf_str(&b));
	buf_wipe(&b);
}

static void
on_token(void *ctx, const struct cache_answer *a)
{
	struct asker *asker = ctx;
	struct buf why = BUF_INIT(1024);
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	struct cred answer = CRED_INIT;

	if (a->result != RESULT_SUCCESS)
		answer_no_token(asker->x, a->result);
	else if (cred_parse(a->text, a->len, &answer, &why) != 0 ||
	    output_format(&answer, OUTPUT_JSON, false, clock_utc(), &b) != 0)
		answer_no_token(asker->x, RESULT_ERROR);
	else
		reply_text(asker->x, 200, REPLY_JSON, buf_str(&b));
	cred_wipe(&answer);
	buf_wipe(&b);
	buf_wipe(&why);
	free(asker);
}

/* Set an attribute by a parameter.  Returns whether that is fit. */
static bool
take_param(const struct httpd_request *q, const char *name, enum cred_attr attr,
    struct cred *request)
{
	struct buf value = BUF_INIT(MAX_PARAM);
	int r = http1_query(&q->query, name, &value);

	if (r == 0 && value.len != 0)
		cred_set(request, attr, buf_str(&value));
	buf_wipe(&value);
	return r == 0 || r == -ENOENT;
}

static void
token(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	struct cred request = CRED_INIT;

	if (!take_param(q, "connection", CRED_CONNECTION, &request) ||
	    !take_param(q, "role", CRED_ROLE, &request) ||
	    cred_get(&request, CRED_CONNECTION) == NULL) {
		reply_text(x, 400, REPLY_JSON,
		    "{\"error\":\"invalid_request\",\"message\":\"Which "
		    "connection? GET /token?connection=NAME\"}");
	} else {
		cred_add(&request, CRED_CAPABILITY, "authtype");
		cache_ask(t->cache, NULL, &request, on_token, asker_new(t, x));
	}
	cred_wipe(&request);
}

/* --- the rest ------------------------------------------------------------- */

static void
health(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	(void)q;
	reply_text(x, 200, REPLY_JSON,
	    cache_is_live(t->cache) ? "{\"status\":\"ok\"}" :
				      "{\"status\":\"standby\"}");
}

static void
status(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	struct buf b = BUF_INIT(REPORT_MAX);

	(void)q;
	if (report_status(t, &b) != 0)
		reply_why(x, RESULT_ERROR, "there is too much to tell");
	else
		reply_text(x, 200, REPLY_JSON, buf_str(&b));
	buf_wipe(&b);
}

static void
metrics(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	struct buf b = BUF_INIT(REPORT_MAX);

	(void)q;
	if (report_metrics(t, &b) != 0)
		reply_why(x, RESULT_ERROR, "there is too much to tell");
	else
		reply_text(x, 200, "text/plain; version=0.0.4", buf_str(&b));
	buf_wipe(&b);
}

static void
listen_to_events(void *ctx, struct httpd_exchange *x,
    const struct httpd_request *q)
{
	struct tokend *t = ctx;
	if (http1_is(&q->head->method, "HEAD"))
		reply_text(x, 200, "application/x-ndjson", "");
	else if (!events_listen(&t->events, x))
		reply_why(x, RESULT_UNAVAILABLE, "too many listen already");
}

static void
reload(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	int r = tokend_reload(t, &why);

	(void)q;
	reply_result(x, r == 0 ? RESULT_SUCCESS : RESULT_ERROR, buf_str(&why),
	    why.len);
	buf_wipe(&why);
}

static void
shut_down(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	struct tokend *t = ctx;
	(void)q;
	reply_why(x, RESULT_SUCCESS, "");
	tokend_stop(t);
}

static const struct reply_route routes[] = {
	{ "POST", "/credential/get", get },
	{ "GET", "/token", token },
	{ "POST", "/credential/store", store },
	{ "POST", "/credential/erase", erase },
	{ "POST", "/credential/forget", forget },
	{ "GET", "/health", health },
	{ "GET", "/status", status },
	{ "GET", "/metrics", metrics },
	{ "GET", "/events", listen_to_events },
	{ "POST", "/grants", control_grants_add },
	{ "GET", "/grants", control_grants_list },
	{ "DELETE", "/grants", control_grants_revoke_all },
	{ "PATCH", "/grants/", control_grants_update },
	{ "DELETE", "/grants/", control_grants_revoke },
	{ "POST", "/reload", reload },
	{ "POST", "/shutdown", shut_down },
};

static void
handle(void *ctx, struct httpd_exchange *x, const struct httpd_request *q)
{
	const struct reply_route *route = reply_find(routes, ARRAY_LEN(routes),
	    q);
	struct tokend *t = ctx;

	t->requests++;
	if (reply_is_from_browser(q))
		reply_why(x, RESULT_DENIED, "browsers have no business here");
	else if (route == NULL)
		reply_no_route(routes, ARRAY_LEN(routes), x, q);
	else
		route->fn(t, x, q);
}

static bool
admit(void *ctx, int fd)
{
	struct buf why = BUF_INIT(512);
	struct tokend *t = ctx;
	int r;

	r = peer_check(&t->self, fd, t->settings.check_namespaces, &why);
	if (r != 0) {
		t->refused++;
		if (t->told_ms == 0 || clock_ms() - t->told_ms > TELL_MS) {
			t->told_ms = clock_ms();
			journal(JOURNAL_WARNING,
			    "a peer is refused: %s (%llu so far)",
			    buf_str(&why), (unsigned long long)t->refused);
		}
	}
	buf_wipe(&why);
	return r == 0;
}

struct httpd *
control_new(struct tokend *t, const struct httpd_limits *limits)
{
	static const struct httpd_ops ops = { admit, handle };

	return httpd_new(t->loop, limits, &ops, t);
}
