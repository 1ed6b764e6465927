/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the planner share: one file that is merged.  Internal to
 * the plan module.
 */
#ifndef PLAN_PRIV_H
#define PLAN_PRIV_H

#include "plan.h"

struct merge {
	const char *path;
	const struct desired_item *item; /* NULL: nothing is desired */
	const struct trace *was;         /* NULL: nothing is ours */
	struct trace *is;                /* what is ours afterwards */
	struct buf text;                 /* the file, on its way */
	struct strv *notes;
	struct buf *why;
};

/* Change the text of M to what is desired.  Return 0; -EEXIST, -EBADMSG,
 * -EMSGSIZE or -EIO with the reason in M's WHY. */
int plan_merge_toml(struct merge *m);
int plan_merge_json(struct merge *m);

/* Whether M's item has the member KEY. */
bool plan_is_desired(const struct merge *m, const struct strv *key);

/* Whether the member was ours and still has the HASH it had then. */
bool
plan_is_ours(const struct merge *m, const struct strv *key, const char *hash);

/* The member KEY was given another value since, and stays; it is ours again
 * when somebody gives it that of its trace.  -EEXIST when it must not stay. */
int plan_keep(const struct merge *m, const struct desired_key *key);

/* Add a reason, or a note, "PATH: ...", so that nothing in it can harm a
 * terminal. */
void plan_explain(struct buf *why, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void plan_note(struct strv *notes, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Append the names of KEY for people, with dots between. */
int plan_add_name(struct buf *b, const struct strv *key);

#endif
