/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run one child process: bytes in on its stdin, bytes out from its stdout, a
 * deadline over all.  Its stderr is ours, so that what it has to say reaches
 * the person; its environment is ours too.
 */
#ifndef PROC_H
#define PROC_H

#include <stdint.h>

#include "buf.h"

struct proc {
	char *const *argv;    /* argv[0] is an absolute path; ends with NULL */
	const struct buf *in; /* what it reads; NULL for nothing */
	int64_t deadline_ms;  /* clock_ms() at which it is killed; 0: never */
};

/*
 * Run it to its end; what it wrote is appended to OUT.  *RET_STATUS is its
 * exit status, or 128 plus the signal that ended it.  A child that does not
 * read its input is no error.  Returns 0; -ETIMEDOUT when the deadline passed
 * (the child is killed and reaped); -EMSGSIZE when it wrote more than OUT may
 * hold (killed as well); or negative errno when it could not be started.
 */
int proc_run(const struct proc *p, struct buf *out, int *ret_status);

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
