/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "client.h"
#include "reply.h"

#define MAX_FIELDS 512

static const struct {
	enum result result;
	int status;
} statuses[] = { { RESULT_SUCCESS, 200 }, { RESULT_QUIT, 200 },
	{ RESULT_USAGE, 400 }, { RESULT_DENIED, 403 }, { RESULT_EXPIRED, 403 },
	{ RESULT_NOT_FOUND, 404 }, { RESULT_UNSUPPORTED, 501 },
	{ RESULT_UNAVAILABLE, 503 } };

static int
status_of(enum result result)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].result == result)
			return statuses[i].status;
	return 500;
}

void
reply_result(struct httpd_exchange *x, enum result result, const char *text,
    size_t len)
{
	struct buf fields = BUF_INIT(MAX_FIELDS);
	struct httpd_answer a = { status_of(result), REPLY_TEXT, NULL, text,
		len, false };

	(void)buf_addf(&fields, CLIENT_RESULT_FIELD ": %s\r\n",
	    result_name(result));
	a.fields = buf_str(&fields);
	httpd_answer(x, &a);
	buf_wipe(&fields);
}

void
reply_why(struct httpd_exchange *x, enum result result, const char *sentence)
{
	reply_result(x, result, sentence, strlen(sentence));
}

void
reply_with(struct httpd_exchange *x, int status, const char *fields,
    const char *type, const char *text)
{
	const struct httpd_answer a = { status, type, fields, text,
		strlen(text), false };

	httpd_answer(x, &a);
}

void
reply_too_many(struct httpd_exchange *x)
{
	static const char text[] = "too many requests\n";
	const struct httpd_answer a = { 429, REPLY_TEXT,
		CLIENT_RESULT_FIELD ": unavailable\r\nRetry-After: 1\r\n", text,
		sizeof(text) - 1, true };

	httpd_answer(x, &a);
}

void
reply_text(struct httpd_exchange *x, int status, const char *type,
    const char *text)
{
	reply_with(x, status, NULL, type, text);
}

static bool
has_path(const struct reply_route *route, const struct http1_span *path)
{
	size_t len = strlen(route->path);

	if (route->path[len - 1] == '/')
		return path->len > len &&
		    memcmp(path->s, route->path, len) == 0;
	return http1_is(path, route->path);
}

static bool
has_method(const struct reply_route *route, const struct http1_span *method)
{
	return http1_is(method, route->method) ||
	    (strcmp(route->method, "GET") == 0 && http1_is(method, "HEAD"));
}

const struct reply_route *
reply_find(const struct reply_route *routes, size_t count,
    const struct httpd_request *q)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (has_path(&routes[i], &q->path) &&
		    has_method(&routes[i], &q->head->method))
			return &routes[i];
	return NULL;
}

void
reply_no_route(const struct reply_route *routes, size_t count,
    struct httpd_exchange *x, const struct httpd_request *q)
{
	struct buf allow = BUF_INIT(MAX_FIELDS);
	size_t i;

	for (i = 0; i < count; i++)
		if (has_path(&routes[i], &q->path))
			(void)buf_addf(&allow, "%s%s",
			    allow.len == 0 ? "Allow: " : ", ",
			    routes[i].method);
	if (allow.len == 0) {
		reply_text(x, 404, REPLY_JSON, "{\"error\":\"not_found\"}");
	} else {
		(void)buf_adds(&allow, "\r\n");
		reply_with(x, 405, buf_str(&allow), NULL, "");
	}
	buf_wipe(&allow);
}

bool
reply_is_from_browser(const struct httpd_request *q)
{
	size_t origins;
	size_t sites;

	(void)http1_field(q->head, "Origin", &origins);
	(void)http1_field(q->head, "Sec-Fetch-Site", &sites);
	return origins + sites != 0;
}
