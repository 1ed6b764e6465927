/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs of coco-credential for coco-tokend: a message in, a message and reasons
 * out, some at a time and the others in a queue.  The launcher (launcher.h)
 * starts the processes; this end has the pipes, so no secret passes through
 * it.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "launcher.h"
#include "loop.h"
#include "result.h"
#include "stack.h"

#define RUNNER_MAX_IN  32768 /* a pipe takes it at once */
#define RUNNER_MAX_OUT 65536
#define RUNNER_MAX_ERR 8192

struct runner;
struct runner_run;

/* OUT and ERR are what it wrote, wiped after the call; ERR is without the name
 * of the program in front of each line. */
typedef void (*runner_fn)(void *ctx, enum result result, const struct buf *out,
    const struct buf *err);

/* GONE is called when the launcher has died: nothing can be run any more.
 * Returns 0 or negative errno. */
int runner_new(struct loop *l, struct launcher *launcher, size_t max_at_once,
    void (*gone)(void *ctx), void *ctx, struct runner **ret_runner);

/* What runs goes on by itself; that it is unavailable is told to all.  NULL is
 * fine. */
void runner_free(struct runner *r);

void runner_set_max(struct runner *r, size_t max_at_once);

/*
 * Run VERB with the stack named STACK (NULL: the connection's) and the message
 * IN, which is copied; FN is called in the end, never before this returns.
 * Returns 0, -EMSGSIZE for a message above RUNNER_MAX_IN.
 */
int runner_start(struct runner *r, enum stack_verb verb, const char *stack,
    const struct buf *in, int64_t timeout_s, runner_fn fn, void *ctx);

/* How many run, and how many wait. */
size_t runner_running(const struct runner *r);
size_t runner_waiting(const struct runner *r);

#endif
