/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "log.h"
#include "prints.h"

#define MAX_REASON 1024

void
prints_add(struct prints *p, const char *name, const void *secret, size_t len)
{
	size_t before = p->set.unknown.len;
	int r;

	r = hunt_add(&p->set, name, secret, len);
	if (r == -EMSGSIZE)
		prints_miss(p, name,
		    "it is too long, or there are too many secrets");
	else if (r != 0 && p->error == 0)
		p->error = r;
	else if (r == 0 && p->set.unknown.len != before)
		log_warn("not looked for: %s", p->set.unknown.v[before]);
}

void
prints_miss(struct prints *p, const char *name, const char *why)
{
	int r;

	log_warn("not looked for: %s: %s", name, why);
	r = hunt_note(&p->set, name, why);
	if (r != 0 && p->error == 0)
		p->error = r;
}

void
prints_miss_for(struct prints *p, const char *name, const char *reasons,
    const char *fallback)
{
	struct buf why = BUF_INIT(MAX_REASON);

	(void)buf_addf(&why, "%.*s", (int)strcspn(reasons, "\n"), reasons);
	prints_miss(p, name, why.len != 0 ? buf_str(&why) : fallback);
	buf_wipe(&why);
}
