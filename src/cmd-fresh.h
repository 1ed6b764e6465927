/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A token that is kept fresh in files, as exec and token-file do.
 *
 * A refresh is done by a process of its own, in a session of its own: so what
 * is typed at the terminal does not kill it between redeeming and storing, the
 * caller's other work is never kept waiting, and when the caller ends first,
 * the new token is still stored.  It sends the answer through a pipe; the
 * files are written by the caller.
 *
 * Others may refresh or log in as well, and with refresh tokens for one use
 * the token in the files is dead from then on.  So now and then such a process
 * only looks what the stores, or in a sandbox the daemon, have, and sends what
 * is not in the files yet.
 *
 *	struct fresh f = FRESH_INIT(&cmd, &ops, ctx);
 *	fresh_set(&f, &answer);
 *	while (...) {
 *		fresh_start(&f);
 *		if (f.fd can be read within fresh_pause_ms(&f))
 *			fresh_receive(&f);
 *	}
 *	fresh_release(&f);
 */
#ifndef CMD_FRESH_H
#define CMD_FRESH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cmd.h"

#define FRESH_MAX_WHY 8192

/* The caller's files. */
struct fresh_ops {
	/* Make what they need, as a directory, before a refresh and before
	 * they are written.  Returns 0 or negative errno, the reason in WHY.
	 */
	int (*furnish)(void *ctx, struct buf *why);
	/* Whether all of them are there. */
	bool (*is_there)(void *ctx);
	/* Whether they are not what ANSWER makes of them. */
	bool (*differs)(void *ctx, const struct cred *answer);
	/* Write them.  Returns success or what went wrong, the reason in WHY.
	 */
	enum result (*hand_over)(void *ctx, const struct cred *answer,
	    struct buf *why);
	/* What to say behind "the token could not be refreshed". */
	const char *meanwhile;
};

struct fresh {
	struct cmd *cmd;
	const struct fresh_ops *ops;
	void *ctx;
	const char *dir; /* for a file without a name; NULL: path_memory() */

	bool has_one;       /* whether the files hold one of ours */
	int64_t expiry_utc; /* of the token in the files */
	int64_t issued_utc; /* likewise */
	int64_t next_ms;    /* no try before that, by clock_ms() */
	unsigned tries;     /* that gave no fresh token, in a row */
	enum result last;   /* how the last try went */
	enum result told;   /* the failure that was told last, or success */

	bool has_news;     /* whether there can be another token */
	int64_t looked_ms; /* when that was last asked, */
	int64_t look_ms;   /* and how long after that it is again */

	/* a refresh under way */
	bool may_mint;
	pid_t pid; /* -1: none */
	int fd;    /* its answer comes here */
	int said;  /* and what it has to say, there */
	struct buf answer;
	struct buf repeated; /* what the last one said, and we did */
};

#define FRESH_INIT(command, operations, context)                         \
	{                                                                \
		.cmd = (command), .ops = (operations), .ctx = (context), \
		.pid = -1, .fd = -1, .said = -1,                         \
		.answer = BUF_INIT(CRED_MAX_MESSAGE),                    \
		.repeated = BUF_INIT(FRESH_MAX_WHY)                      \
	}

/*
 * Say in ANSWER what kind of token it is, where a foreign helper does not.
 * Returns false when it is a password, which is not put into files; in a
 * sandbox without a connection nobody can tell, and it is none.
 */
bool fresh_set_type(const struct cmd *cmd, struct cred *answer);

/* ANSWER is in the files since now. */
void fresh_set(struct fresh *f, const struct cred *answer);

/* There is none yet, because of RESULT, which was told. */
void fresh_set_missing(struct fresh *f, enum result result);

/* Start what is due, if anything: one at a time. */
void fresh_start(struct fresh *f);

/* Look soon: time has passed that our clock may not have counted. */
void fresh_hurry(struct fresh *f);

/* What has come through f->fd. */
void fresh_receive(struct fresh *f);

/* Milliseconds until there is something to do. */
int fresh_pause_ms(const struct fresh *f);

/* Let go.  A refresh that is under way goes on by itself and stores what it
 * gets. */
void fresh_release(struct fresh *f);

#endif
