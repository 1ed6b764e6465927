/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "clock.h"
#include "events.h"
#include "jsonout.h"

#define MAX_EVENT 8192

static void
gone(void *ctx, const struct httpd_exchange *x)
{
	struct events *e = ctx;
	size_t i;

	for (i = 0; i < e->count; i++)
		if (e->listener[i] == x)
			e->listener[i] = e->listener[--e->count];
}

bool
events_listen(struct events *e, struct httpd_exchange *x)
{
	if (e->count == EVENTS_MAX_LISTENERS)
		return false;
	e->listener[e->count++] = x;
	httpd_begin(x, "application/x-ndjson", gone, e);
	return true;
}

void
events_send(struct events *e, const char *name, const struct cred *request,
    const char *grant, const char *command)
{
	static const enum cred_attr attrs[] = { CRED_CONNECTION, CRED_ROLE,
		CRED_PROTOCOL, CRED_HOST, CRED_USERNAME };
	struct buf b = BUF_INIT(MAX_EVENT);
	struct jsonout j = JSONOUT_INIT(&b);
	size_t i;

	jsonout_put(&j, "{");
	jsonout_number(&j, "time", clock_utc());
	jsonout_text(&j, "event", name);
	for (i = 0; request != NULL && i < ARRAY_LEN(attrs); i++)
		jsonout_text(&j, cred_attr_name(attrs[i]),
		    cred_get(request, attrs[i]));
	jsonout_text(&j, "grant", grant);
	jsonout_text(&j, "command", command);
	jsonout_put(&j, "}\n");
	for (i = 0; j.error == 0 && i < e->count; i++)
		httpd_send(e->listener[i], buf_str(&b), b.len);
	buf_wipe(&b);
}
