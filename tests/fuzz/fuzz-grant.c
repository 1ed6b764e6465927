/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for grant.h: what is taken as a request fits into a state file,
 * which says the same when it is read again; what is refused has a reason that
 * can be printed.
 */
#include "coco.h"

#include <string.h>

#include "fuzz.h"
#include "grant.h"

#define NOW 1764400000

/* Whether G is the same after it was on disk. */
static void
check_state(const struct grant *g, struct buf *why)
{
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	struct buf again = BUF_INIT(GRANT_MAX_STATE);
	struct grant back = GRANT_INIT;

	check(grant_format_state(g, &text) == 0);
	check(grant_parse_state(text.data, text.len, &back, why) == 0);
	check(grant_format_state(&back, &again) == 0);
	check(buf_equals(&again, buf_str(&text)));
	check(grant_parse_state(text.data, text.len - 1, &back, why) ==
	    -EBADMSG);
	buf_clear(why);
	grant_clear(&back);
	buf_wipe(&text);
	buf_wipe(&again);
}

static void
check_grant(struct grant *g, struct buf *why)
{
	const struct grant_live live = { .directory = "/d", .uses = 1 };
	struct buf text = BUF_INIT(GRANT_MAX_DESCRIPTION);

	check(g->connection_count + g->host_count > 0 && g->listen.len > 0);
	check(!grant_listens_on_tcp(g) || g->subnets.len > 0);
	check(g->container[0] == '\0' || !grant_listens_on_tcp(g));
	if (g->id[0] == '\0')
		memcpy(g->id, "0123456789abcdef", sizeof(g->id));
	check_state(g, why);
	check(grant_describe(g, NOW, &live, &text) == 0);
	check(grant_describe_inside(g, NOW, &text) == 0 ||
	    text.len > GRANT_MAX_DESCRIPTION / 2);
	buf_wipe(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grant_changes changes = GRANT_CHANGES_INIT;
	const char *s = (const char *)data;
	struct buf why = BUF_INIT(GRANT_MAX_WHY);
	struct grant g = GRANT_INIT;
	int r;

	r = grant_parse_state(s, size, &g, &why);
	check_why(r, &why);
	if (r == 0)
		check_grant(&g, &why);
	grant_clear(&g);
	r = grant_parse_update(s, size, &changes, &why);
	check_why(r, &why);
	r = grant_parse_request(s, size, NOW, &g, &why);
	check_why(r, &why);
	if (r == 0) {
		check_grant(&g, &why);
		r = grant_apply_update(&g, &changes, NOW, &why);
		check_why(r, &why);
		check_grant(&g, &why);
	}
	grant_changes_clear(&changes);
	grant_clear(&g);
	buf_wipe(&why);
	return 0;
}
