/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of engine.h share: a run of the client.
 */
#ifndef ENGINE_PRIV_H
#define ENGINE_PRIV_H

#include "engine.h"
#include "proc.h"

#define ENGINE_MAX_ERR 4096 /* of what a client says on stderr */

/* One run.  The caller of engine_run_init() adds arguments, uses proc, and
 * calls engine_run_clear(). */
struct engine_run {
	const struct engine *e;
	struct strv argv; /* begins with the client and its verb */
	struct strv env;  /* ours, but in English */
	struct buf err;
	struct proc proc; /* engine_run_ready() fills it in */
};

/* Look for the client, check the name of the container, begin with the VERB.
 * The run can be cleared in any case. */
int engine_run_init(struct engine_run *run, const struct engine *e,
    const char *verb, struct buf *why);

/* All arguments are there. */
void engine_run_ready(struct engine_run *run);

/* Run it to its end and collect what it writes.  0 also when the status is
 * not; a negative errno is told to WHY. */
int engine_run(struct engine_run *run, const struct buf *in, struct buf *out,
    struct buf *why, int *ret_status);

/* The same without input, for what must succeed: a status other than 0 is
 * engine_failed(). */
int engine_run_ok(struct engine_run *run, struct buf *out, struct buf *why);

void engine_run_clear(struct engine_run *run);

/* Tell to WHY that RUN has failed with an errno of ours, and return that. */
int engine_broken(const struct engine_run *run, int r, struct buf *why);

/* Tell to WHY what the client, which has failed, said on stderr, and return
 * what it means: one of the errors of engine.h. */
int engine_failed(const struct engine_run *run, struct buf *why);

/* Whether the client said that there is no such path in the container. */
bool engine_is_absent(const struct engine_run *run);

/* Whether the client's stderr has TEXT, in any case. */
bool engine_said(const struct engine_run *run, const char *text);

/* Read what is behind the end of an archive: until then the client has not
 * ended. */
int engine_drain(struct proc_child *child);

/* A client of podman's that was killed leaves a container that does not run
 * mounted. */
void engine_unmount(const struct engine *e);

/* Append "exec" and its options, up to the container, and the command. */
void engine_add_command(struct engine_run *run,
    const struct engine_command *command, const char *how);

#endif
