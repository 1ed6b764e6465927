/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run one child process: bytes in on its stdin, bytes out from its stdout, a
 * deadline over all.  Its stderr is ours, so that what it has to say reaches
 * the person, and its environment is ours too, unless struct proc says
 * otherwise.
 *
 * proc_run() collects what it writes.  What may be too much for that is read
 * piece by piece:
 *
 *	r = proc_start(&p, &child);
 *	while (r == 0 && n != 0)
 *		r = proc_read(&child, data, sizeof(data), &n);
 *	r = proc_end(&child, r != 0, &status);
 */
#ifndef PROC_H
#define PROC_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct proc {
	char *const *argv;    /* argv[0] is an absolute path; ends with NULL */
	const struct buf *in; /* what it reads; NULL for nothing */
	int64_t deadline_ms;  /* clock_ms() at which it is killed; 0: never */
	char *const *env;     /* its environment; NULL: ours */
	struct buf *err;      /* its stderr, as much as fits; NULL: ours */
};

/* One that runs. */
struct proc_child {
	const struct proc *proc;
	pid_t pid;
	int to;   /* its stdin, -1 once all is written */
	int from; /* its stdout, -1 once it is closed */
	int err;  /* its stderr, -1 once it is closed, or ours */
	size_t sent;
};

/*
 * Run it to its end; what it wrote is appended to OUT.  *RET_STATUS is its
 * exit status, or 128 plus the signal that ended it.  A child that does not
 * read its input is no error.  Returns 0; -ETIMEDOUT when the deadline passed
 * (the child is killed and reaped); -EMSGSIZE when it wrote more than OUT may
 * hold (killed as well); or negative errno when it could not be started.
 */
int proc_run(const struct proc *p, struct buf *out, int *ret_status);

/* Start it.  P and what it points to stay until proc_end(), which must follow
 * if this returns 0.  Negative errno when it could not be started. */
int proc_start(const struct proc *p, struct proc_child *ret_child);

/* Wait for up to LEN bytes of its stdout; meanwhile its stdin is written and
 * its stderr is read.  *RET_LEN is 0 when it has closed its stdout.  Returns 0,
 * -ETIMEDOUT or another negative errno. */
int proc_read(struct proc_child *c, void *data, size_t len, size_t *ret_len);

/* Wait for its end, up to the deadline, or, if KILL_IT says so, kill it; then
 * *RET_STATUS, as proc_run() has it, is of no interest.  Returns 0 or
 * -ETIMEDOUT; it is gone in any case. */
int proc_end(struct proc_child *c, bool kill_it, int *ret_status);

/*
 * Called once by every program that runs children.  SIGPIPE is ignored, so
 * that a child that does not read its input is no death of ours; SIGCHLD is
 * set to its default and blocked, so that its end can be waited for with a
 * deadline.  Children get the defaults back.
 */
void proc_init(void);

/* After proc_init(), in a child about to become another program: SIGPIPE is
 * again as it was, so that who ignored it has it ignored there as well. */
void proc_give_pipe(void);

#endif
