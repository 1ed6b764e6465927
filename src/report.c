/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "grants.h"
#include "jsonout.h"
#include "report.h"
#include "secret.h"

struct status {
	struct jsonout j;
	size_t omitted;
};

/* Entries that do not fit are counted. */
#define ROOM_FOR_REST 4096

/* A text of several lines as one. */
static void
add_lines(struct jsonout *j, const char *name, const char *lines)
{
	struct buf one = BUF_INIT(1024);

	for (; *lines != '\0'; lines++) {
		if (*lines != '\n')
			(void)buf_addc(&one, *lines);
		else if (lines[1] != '\0')
			(void)buf_adds(&one, "; ");
	}
	jsonout_text(j, name, buf_str(&one));
	buf_wipe(&one);
}

static void
add_entry(void *ctx, const struct cache_state *e)
{
	static const enum cred_attr attrs[] = { CRED_CONNECTION, CRED_ROLE,
		CRED_PROTOCOL, CRED_HOST, CRED_PATH, CRED_USERNAME };
	struct buf one = BUF_INIT(CRED_MAX_LINE);
	struct jsonout j = JSONOUT_INIT(&one);
	struct status *s = ctx;
	size_t i;

	jsonout_put(&j, "{");
	jsonout_text(&j, "stack", e->stack);
	for (i = 0; i < ARRAY_LEN(attrs); i++)
		jsonout_text(&j, cred_attr_name(attrs[i]),
		    cred_get(e->request, attrs[i]));
	jsonout_text(&j, "state", e->word);
	if (e->expiry_utc != 0)
		jsonout_number(&j, "expires_in", e->expiry_utc - clock_utc());
	if (e->retry_ms != 0)
		jsonout_number(&j, "retry_in_ms", e->retry_ms);
	jsonout_number(&j, "uses", (int64_t)e->uses);
	jsonout_put(&j, "}");
	if (j.error != 0 ||
	    s->j.b->len + one.len + ROOM_FOR_REST > s->j.b->max) {
		s->omitted++;
	} else {
		jsonout_begin(&s->j, NULL);
		jsonout_put(&s->j, buf_str(&one));
	}
	buf_wipe(&one);
}

int
report_status(const struct tokend *t, struct buf *b)
{
	struct status s = { JSONOUT_INIT(b), 0 };
	struct jsonout *j = &s.j;

	jsonout_put(j, "{");
	jsonout_text(j, "program", "coco-tokend");
	jsonout_text(j, "version", PACKAGE_VERSION);
	jsonout_number(j, "pid", getpid());
	jsonout_number(j, "uptime_s", (clock_ms() - t->started_ms) / 1000);
	jsonout_text(j, "socket",
	    t->socket.len != 0 ? buf_str(&t->socket) : "passed by systemd");
	add_lines(j, "confinement", buf_str(&t->confinement));
	jsonout_number(j, "connections",
	    (int64_t)httpd_connections(t->control));
	jsonout_number(j, "max_connections", t->settings.max_connections);
	jsonout_number(j, "grants", (int64_t)grants_count(t->grants));
	jsonout_number(j, "sandbox_connections",
	    (int64_t)grants_connections(t->grants));
	jsonout_number(j, "running", (int64_t)runner_running(t->runner));
	jsonout_number(j, "waiting", (int64_t)runner_waiting(t->runner));
	jsonout_number(j, "unlocked_secrets", (int64_t)secret_unlocked());
	jsonout_begin(j, "entries");
	jsonout_put(j, "[");
	cache_each(t->cache, add_entry, &s);
	jsonout_put(j, "]");
	jsonout_number(j, "omitted", (int64_t)s.omitted);
	jsonout_put(j, "}\n");
	return j->error;
}

static void
metric(struct buf *b, const char *name, const char *type, const char *help,
    uint64_t value)
{
	(void)buf_addf(b,
	    "# HELP coco_tokend_%s %s\n# TYPE coco_tokend_%s %s\n"
	    "coco_tokend_%s %llu\n",
	    name, help, name, type, name, (unsigned long long)value);
}

static void
found_metric(struct buf *b, const struct cache_counters *c)
{
	int i;

	(void)buf_adds(b,
	    "# HELP coco_tokend_searches_total Searches that ended, by "
	    "result.\n# TYPE coco_tokend_searches_total counter\n");
	for (i = 0; i < RESULT_COUNT; i++)
		(void)buf_addf(b,
		    "coco_tokend_searches_total{result=\"%s\"} %llu\n",
		    result_name((enum result)i),
		    (unsigned long long)c->found[i]);
}

int
report_metrics(const struct tokend *t, struct buf *b)
{
	const struct cache_counters *c = cache_counters(t->cache);

	metric(b, "uptime_seconds", "gauge", "Since the start.",
	    (uint64_t)(clock_ms() - t->started_ms) / 1000);
	metric(b, "connections", "gauge", "Open connections.",
	    httpd_connections(t->control));
	metric(b, "grants", "gauge", "What sandboxes may have.",
	    grants_count(t->grants));
	metric(b, "sandbox_connections", "gauge",
	    "Open connections of all sandboxes.",
	    grants_connections(t->grants));
	metric(b, "requests_total", "counter", "HTTP requests.", t->requests);
	metric(b, "peers_refused_total", "counter",
	    "Connections of peers that may not speak.", t->refused);
	metric(b, "cache_entries", "gauge", "Questions in the cache.",
	    cache_size(t->cache));
	metric(b, "cache_hits_total", "counter", "Questions answered at once.",
	    c->hits);
	metric(b, "cache_waits_total", "counter",
	    "Questions that joined a search under way.", c->waits);
	metric(b, "cache_forgotten_total", "counter",
	    "Entries dropped because something was stored or erased.",
	    c->forgotten);
	metric(b, "cache_evicted_total", "counter",
	    "Entries dropped for want of room.", c->evicted);
	metric(b, "searches_begun_total", "counter",
	    "Runs of coco-credential asked for.", c->finds);
	found_metric(b, c);
	metric(b, "children", "gauge", "Runs of coco-credential under way.",
	    runner_running(t->runner));
	metric(b, "children_waiting", "gauge", "Runs that wait for their turn.",
	    runner_waiting(t->runner));
	metric(b, "event_listeners", "gauge", "Clients of GET /events.",
	    t->events.count);
	metric(b, "secrets_unlocked", "gauge",
	    "Cached answers that could be swapped out.", secret_unlocked());
	return b->len < b->max ? 0 : -EMSGSIZE;
}
