/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The launcher: a small process that coco-tokend forks before it confines
 * itself, and that does one thing, start
 *
 *	PROGRAM --no-daemon --for-tokend --timeout N --stack S VERB
 *
 * with three descriptors that the daemon hands it.  So the daemon, which reads
 * what containers send, can be forbidden to start anything; one that was taken
 * over can make the launcher run coco-credential with a verb and a stack of
 * its choice, and nothing else.  No secret passes through the launcher.
 *
 *	r = launcher_start("/usr/bin/coco-credential", &l);
 *	r = launcher_ask(&l, &launch);
 *	... when l.fd is readable, until -EAGAIN:
 *	r = launcher_report(&l, &id, &status);
 *
 * Runs have a group each and no terminal.  A run that is not over 120 s after
 * its time (so that no refresh is cut) is killed, with its helpers.  When the
 * daemon is gone, nothing more is started, but what runs is waited for, so
 * that a refresh under way reaches its store.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <sys/types.h>

#include <stdint.h>

#include "stack.h"

#define LAUNCHER_MAX_RUNS      512 /* at a time */
#define LAUNCHER_MAX_TIMEOUT_S 3600

/* Reported in place of an exit status: it could not be started, because too
 * many run, the program is not there, or memory is short.  coco-credential has
 * no such status. */
#define LAUNCHER_NOT_STARTED 127

struct launcher {
	int fd; /* non-blocking; readable when there is something to report */
	pid_t pid;
};

#define LAUNCHER_INIT \
	{             \
		-1, 0 \
	}

struct launch {
	uint64_t id; /* the caller's; comes back in the report */
	enum stack_verb verb;
	const char *stack; /* a stack_is_name(); NULL: the connection's */
	int64_t timeout_s; /* 1 to LAUNCHER_MAX_TIMEOUT_S; its --timeout */
	int in;
	int out;
	int err;
};

/*
 * Fork the launcher.  PROGRAM is the absolute path of coco-credential.  Call
 * this while there is one thread and no secret, descriptors 0 to 2 are open,
 * and notify.h took its variables away: environment and working directory stay
 * as they are now, but for COCO_TOKEND=off.  The launcher keeps stderr and no
 * other descriptor.
 * Returns 0, -EINVAL when PROGRAM is not absolute, or negative errno.
 */
int launcher_start(const char *program, struct launcher *ret_launcher);

/*
 * Ask for a run.  The descriptors become its stdin, stdout and stderr; the
 * caller keeps its own and closes them when it likes.  One report follows.
 * Returns 0; -EINVAL when the launcher would not do it; -EAGAIN when it is
 * behind with its work; -EPIPE when it is gone; or negative errno.
 */
int launcher_ask(struct launcher *l, const struct launch *launch);

/*
 * Take one report: the run *RET_ID has ended with *RET_STATUS, its exit
 * status, 128 plus a signal, or LAUNCHER_NOT_STARTED.  Returns 0; -EAGAIN when
 * there is none; -EPIPE when the launcher is gone: runs without a report will
 * get none; -EPROTO when what came is no report.
 */
int launcher_report(struct launcher *l, uint64_t *ret_id, int *ret_status);

/* Hang up: the launcher ends when its runs have ended.  The caller may wait for
 * its pid. */
void launcher_stop(struct launcher *l);

#endif
