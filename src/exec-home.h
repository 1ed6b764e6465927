/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private directory of one `exec': 0700, below path_memory(), there as
 * long as coco-credential lives, and removed with all that is in it whatever
 * happens (THREATS.md T18):
 *
 *	end, or a signal	exec_home_remove()
 *	SIGKILL of ours		a guard: a process forked before the first
 *				secret is read, in a session of its own,
 *				which waits for the end of a pipe
 *	guard killed, too	the next exec: the owner of a directory holds
 *				a lock on it; one whose lock is free is removed
 */
#ifndef EXEC_HOME_H
#define EXEC_HOME_H

#include <stddef.h>
#include <sys/types.h>

#include "buf.h"

struct exec_home {
	struct buf dir; /* its path; empty: there is none */
	int lock;       /* on it, held by the living */
	int pipe;       /* our end of the guard's pipe */
	pid_t guard;
};

#define EXEC_HOME_MAX 4096
#define EXEC_HOME_INIT                              \
	{                                           \
		BUF_INIT(EXEC_HOME_MAX), -1, -1, -1 \
	}

/*
 * Remove the directories that are left over, make a new one and start its
 * guard.  Returns 0 or negative errno with the reason in WHY; H can be removed
 * in both cases.
 */
int exec_home_make(struct exec_home *h, struct buf *why);

/*
 * Make the directory again, with the same path, if it is there no more; the
 * guard and the lock are as before.  Returns 0 or negative errno with the
 * reason in WHY; never waits for another process.
 */
int exec_home_restore(struct exec_home *h, struct buf *why);

/* Append the path of the file NAME. */
int exec_home_path(const struct exec_home *h, const char *name, struct buf *b);

/*
 * Write or replace the file NAME, 0600 from the start, so that readers see the
 * old or the new bytes.  Returns 0 or negative errno, the reason in WHY.
 */
int exec_home_write(const struct exec_home *h, const char *name,
    const void *data, size_t len, struct buf *why);

/* Remove the directory and end the guard.  Fine after a failed make. */
void exec_home_remove(struct exec_home *h);

#endif
