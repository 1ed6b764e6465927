/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The audit log (coco-audit(5)): which credentials were made, stored, erased
 * and handed out, one JSON object a line in $XDG_STATE_HOME/coco/audit.jsonl.
 * Names and results only; no part of a secret and no hash of one is in it.
 * The daemon has a log of its own, where it may write when it is confined.
 *
 * Each line is one write(2) to a descriptor with O_APPEND, so that lines of
 * different processes do not mix and no lock is needed.  Behind a line
 * that a full disk has torn it begins with a newline.  It is not fsynced: a
 * get would have to wait for the disk, and only a crash of the machine can
 * lose what the kernel has taken.  At AUDIT_MAX_FILE bytes the file becomes
 * audit.jsonl.1, and the one that had this name is gone.
 *
 * The policy (policy.h) says whether there is a log, and whether an answer may
 * leave without its line.  A file that is not a plain one of ours, closed to
 * others, is never written to.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "buf.h"
#include "cred.h"
#include "result.h"
#include "stack.h"

#define AUDIT_MAX_LINE  4096 /* with its newline */
#define AUDIT_MAX_VALUE 256  /* bytes of a value, escaped; more is cut */
#define AUDIT_MAX_FILE  (8 * 1024 * 1024)
#define AUDIT_MAX_WHY   8192

/* What happened.  Pointers may be NULL; what is not known is left out. */
struct audit {
	/* login logout refresh store erase answer policy; of the daemon grant
	 * use refuse revoke expire update */
	const char *event;
	enum result result;
	const char *verb;
	const struct stack_rule *rule; /* whose helper did it */
	const struct cred *request;    /* what it was about */
	const struct cred *answer;     /* its username is the better one */
	const char *grant;             /* the id of the grant */
	const char *from;              /* who asks: "unix uid 0 pid 4711" */
	unsigned omitted; /* such lines that were left out before */
};

/* The name of the stack that is walked, for all later lines; it is copied. */
void audit_set_stack(const char *name);

/* Write all later lines to the file NAME of $XDG_STATE_HOME/coco instead of
 * audit.jsonl, "tokend/audit.jsonl" for instance; it is copied. */
void audit_set_file(const char *name);

/*
 * Append the line for A, without its newline.  Everything in it that came from
 * elsewhere is escaped (esc_json) and cut to AUDIT_MAX_VALUE; query and
 * fragment of a path are left out, for tokens may be in them.  Returns 0 or
 * -EMSGSIZE.
 */
int audit_format(const struct audit *a, struct buf *line);

/*
 * Write a line, if the policy wants a log.  Returns 0, also when there is to
 * be no log, or negative errno with the reason in WHY: -ENOENT without HOME,
 * -EACCES for a file or directory that is not ours alone, -ENOSPC and others
 * of write(2).  Whoever has no use for the reason passes NULL.
 */
int audit_event(const struct audit *a, struct buf *why);

/*
 * To be called with A before secrets leave this program.  Returns success when
 * they may; unavailable when the policy demands a line and it could not be
 * written, denied when the policy cannot be read; then the reason is in WHY and
 * nothing may leave.
 */
enum result audit_release(const struct audit *a, struct buf *why);

/* The same with an event "answer": secrets of ANSWER leave by VERB. */
enum result audit_answer(const char *verb, enum result result,
    const struct cred *request, const struct cred *answer, struct buf *why);

/* Whether a line could be written, as audit_event() would tell.  The file is
 * made if it is missing. */
int audit_check(struct buf *why);

#endif
