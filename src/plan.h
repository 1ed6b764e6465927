/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The planner: what has to be done so that a target becomes as it is desired,
 * and nothing that others wrote is lost.  Pure: what is there, what we have put
 * there before and what is desired come in, steps and the new traces come out.
 *
 *	struct plan p = PLAN_INIT;
 *
 *	r = plan_make(&desired, &traces, &now, &p, &why);
 *	r = plan_places(&p, &changes);
 *	...
 *	plan_wipe(&p);
 *
 * To take everything out again is a plan for which nothing is desired.
 *
 * The rules.  What is as desired stays, and is ours only if it was before.
 * What is missing is added.  What is different and still has the hash of its
 * trace is ours: it is changed, or removed when it is not desired any more.
 * What is different and not ours is never touched: it stays and is told, or
 * where it must not be, nothing at all is done.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "desired.h"
#include "place.h"
#include "strv.h"
#include "trace.h"

#define PLAN_MAX_WHY   8192
#define PLAN_MAX_PRINT 1048576

struct plan_step {
	enum desired_kind kind;
	bool is_secret;
	struct place before;
	struct place after; /* PLACE_ABSENT: removed */
};

struct plan {
	struct plan_step *v; /* in the order in which they are to be done */
	size_t len;
	struct strv notes;    /* what was left as it is, and why; escaped */
	struct traces traces; /* as they are afterwards */
};

#define PLAN_INIT                               \
	{                                       \
		NULL, 0, STRV_INIT, TRACES_INIT \
	}

/*
 * Plan.  D is NULL when all that is ours is to be removed.  NOW has to have all
 * places of D and of TRACES; one that is not there counts as absent.
 *
 * Returns 0; -EEXIST when something of somebody else's is in the way, -ENOENT
 * when a directory that has to exist does not, -EBADMSG when a file cannot be
 * understood, -EMSGSIZE, -EIO; with the reasons in WHY, a line each.  RET_PLAN
 * must be as PLAN_INIT; the caller ends with plan_wipe().
 */
int plan_make(const struct desired *d, const struct traces *traces,
    const struct places *now, struct plan *ret_plan, struct buf *why);

/* Add what is to be written, in order, to CHANGES, with contents.  Returns 0 or
 * -EMSGSIZE. */
int plan_places(const struct plan *p, struct places *changes);

/* Add the paths that are to be removed, in order: a directory only if it is
 * empty by then. */
void plan_removals(const struct plan *p, struct strv *paths);

/* Append the steps for people: a headline each, and a diff without secrets.
 * Returns 0 or -EMSGSIZE. */
int plan_print(const struct plan *p, struct buf *b);

/* One word for what STEP does: "create", "change" or "remove". */
const char *plan_verb(const struct plan_step *step);

void plan_wipe(struct plan *p);

#endif
