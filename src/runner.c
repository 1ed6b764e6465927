/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "runner.h"

#define PREFIX "coco-credential: "

/* Pause before a run is tried again for which there were no descriptors. */
#define RETRY_MS 100

struct runner_run {
	struct runner *runner;
	struct runner_run *next;
	uint64_t id;
	enum stack_verb verb;
	char *stack;
	struct buf in;
	int64_t timeout_s;
	runner_fn fn;
	void *ctx;
	struct loop_stream *out;
	struct loop_stream *err;
	struct buf out_text;
	struct buf err_text;
	bool too_long; /* what it wrote to stdout */
};

struct runner {
	struct loop *loop;
	struct launcher *launcher;
	struct loop_watch *reports;
	struct loop_timer *retry;
	void (*gone)(void *ctx);
	void *ctx;
	size_t max;
	uint64_t last_id;
	struct runner_run *running;
	size_t running_count;
	struct runner_run *waiting;
	struct runner_run **last;
	size_t waiting_count;
};

static void start_waiting(void *ctx);

static void
destroy(struct runner_run *run)
{
	loop_stream_close(run->out);
	loop_stream_close(run->err);
	buf_wipe(&run->in);
	buf_wipe(&run->out_text);
	buf_wipe(&run->err_text);
	free(run->stack);
	free(run);
}

/* Append what fits.  Returns whether that is all. */
static bool
keep(struct buf *b, const char *data, size_t len)
{
	if (buf_add(b, data, len) == 0)
		return true;
	(void)buf_add(b, data, b->max - b->len);
	return false;
}

static void
on_out(void *ctx, const char *data, size_t len)
{
	struct runner_run *run = ctx;

	if (!keep(&run->out_text, data, len))
		run->too_long = true;
}

static void
on_err(void *ctx, const char *data, size_t len)
{
	struct runner_run *run = ctx;

	(void)keep(&run->err_text, data, len);
}

/* The report of its end counts, not the end of a pipe. */
static void
on_pipe_end(void *ctx, int error)
{
	(void)ctx;
	(void)error;
}

static const struct loop_stream_ops out_ops = { on_out, on_pipe_end, NULL };
static const struct loop_stream_ops err_ops = { on_err, on_pipe_end, NULL };

/* What an ended process wrote is all in the pipe; who inherited the pipe does
 * not matter.  Returns whether all of it fits. */
static bool
drain(struct loop_stream *s, struct buf *b)
{
	char data[4096];
	bool is_all = true;
	ssize_t n;

	if (s == NULL)
		return true;
	do {
		n = read(loop_stream_fd(s), data, sizeof(data));
		if (n > 0)
			is_all = keep(b, data, (size_t)n);
	} while (is_all && (n > 0 || (n < 0 && errno == EINTR)));
	mem_wipe(data, sizeof(data));
	return is_all;
}

/* The lines of ERR without the name of the program. */
static void
strip_names(const struct buf *err, struct buf *ret_lines)
{
	const char *line = buf_str(err);
	size_t len;

	while (*line != '\0') {
		if (strncmp(line, PREFIX, strlen(PREFIX)) == 0)
			line += strlen(PREFIX);
		len = strcspn(line, "\n");
		(void)buf_add(ret_lines, line, len);
		line += len;
		if (*line == '\n' && *++line != '\0')
			(void)buf_addc(ret_lines, '\n');
	}
}

static void
finish(struct runner_run *run, int status)
{
	struct buf lines = BUF_INIT(RUNNER_MAX_ERR);
	enum result result = result_of_exit(status);

	if (status == LAUNCHER_NOT_STARTED) {
		result = RESULT_UNAVAILABLE;
		(void)buf_adds(&run->err_text,
		    "coco-credential could not be started");
	}
	if (!drain(run->out, &run->out_text))
		run->too_long = true;
	(void)drain(run->err, &run->err_text);
	/* a part of an answer is none; the client may do it itself */
	if (run->too_long)
		result = RESULT_UNSUPPORTED;
	strip_names(&run->err_text, &lines);
	run->fn(run->ctx, result, &run->out_text, &lines);
	buf_wipe(&lines);
	destroy(run);
}

static void
on_report(struct runner *r, uint64_t id, int status)
{
	struct runner_run **at = &r->running;
	struct runner_run *run;

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->next;
	run = *at;
	if (run == NULL)
		return;
	*at = run->next;
	r->running_count--;
	finish(run, status);
}

static void
on_reports(void *ctx)
{
	struct runner *r = ctx;
	uint64_t id;
	int status;
	int e;

	for (e = launcher_report(r->launcher, &id, &status); e == 0;
	     e = launcher_report(r->launcher, &id, &status))
		on_report(r, id, status);
	if (e == -EAGAIN)
		start_waiting(r);
	else
		r->gone(r->ctx);
}

static int
make_pipe(int fds[2], int ours)
{
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	(void)fcntl(fds[ours], F_SETFL, O_NONBLOCK);
	return 0;
}

static void
close_pipes(int fds[3][2])
{
	int i;

	for (i = 0; i < 3; i++) {
		io_close(fds[i][0]);
		io_close(fds[i][1]);
	}
}

static int
open_pipes(int fds[3][2])
{
	int r;

	r = make_pipe(fds[0], 1);
	if (r == 0)
		r = make_pipe(fds[1], 0);
	if (r == 0)
		r = make_pipe(fds[2], 0);
	return r;
}

/* Hand the pipes to the launcher, and read what comes out of them. */
static int
launch(struct runner_run *run)
{
	struct runner *r = run->runner;
	int fds[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct launch ask;
	int e;

	e = open_pipes(fds);
	if (e == 0)
		e = io_write_all(fds[0][1], buf_str(&run->in), run->in.len);
	if (e == 0) {
		ask = (struct launch){ run->id, run->verb, run->stack,
			run->timeout_s, fds[0][0], fds[1][1], fds[2][1] };
		e = launcher_ask(r->launcher, &ask);
	}
	if (e == 0) {
		/* the streams own these ends, whatever happens */
		(void)loop_stream_open(r->loop, fds[1][0], &run->out);
		(void)loop_stream_open(r->loop, fds[2][0], &run->err);
		fds[1][0] = -1;
		fds[2][0] = -1;
	}
	close_pipes(fds);
	return e;
}

/* Whether it may work a little later: no descriptors, or the launcher has not
 * yet read what it was asked before. */
static bool
may_work_later(int e)
{
	return e == -EMFILE || e == -ENFILE || e == -EAGAIN || e == -ENOBUFS;
}

static void
push_waiting(struct runner_run *run, bool first)
{
	struct runner *r = run->runner;

	if (first) {
		run->next = r->waiting;
		r->waiting = run;
		if (run->next == NULL)
			r->last = &run->next;
	} else {
		run->next = NULL;
		*r->last = run;
		r->last = &run->next;
	}
	r->waiting_count++;
}

static struct runner_run *
pop_waiting(struct runner *r)
{
	struct runner_run *run = r->waiting;

	r->waiting = run->next;
	if (r->waiting == NULL)
		r->last = &r->waiting;
	r->waiting_count--;
	return run;
}

/* Returns whether the next one may be tried. */
static bool
try_one(struct runner *r)
{
	struct runner_run *run = pop_waiting(r);
	int e = launch(run);

	if (may_work_later(e)) {
		push_waiting(run, true);
		loop_timer_set(r->retry, RETRY_MS);
		return false;
	}
	if (e != 0) {
		(void)buf_addf(&run->err_text,
		    "coco-credential cannot be "
		    "started: %s",
		    strerror(-e));
		finish(run, result_exit(RESULT_UNAVAILABLE));
		return true;
	}
	buf_wipe(&run->in);
	if (run->out != NULL)
		loop_stream_read(run->out, &out_ops, run);
	if (run->err != NULL)
		loop_stream_read(run->err, &err_ops, run);
	run->next = r->running;
	r->running = run;
	r->running_count++;
	return true;
}

static void
start_waiting(void *ctx)
{
	struct runner *r = ctx;

	while (r->waiting != NULL && r->running_count < r->max)
		if (!try_one(r))
			break;
}

int
runner_start(struct runner *r, enum stack_verb verb, const char *stack,
    const struct buf *in, int64_t timeout_s, runner_fn fn, void *ctx)
{
	struct runner_run *run;

	if (in->len > RUNNER_MAX_IN)
		return -EMSGSIZE;
	run = xcalloc(1, sizeof(*run));
	run->runner = r;
	run->id = ++r->last_id;
	run->verb = verb;
	run->stack = stack != NULL ? xstrdup(stack) : NULL;
	run->in = (struct buf)BUF_INIT(RUNNER_MAX_IN);
	(void)buf_add(&run->in, buf_str(in), in->len);
	run->timeout_s = timeout_s;
	run->fn = fn;
	run->ctx = ctx;
	run->out_text = (struct buf)BUF_INIT(RUNNER_MAX_OUT);
	run->err_text = (struct buf)BUF_INIT(RUNNER_MAX_ERR);
	push_waiting(run, false);
	/* by the loop, so that FN is not called from in here */
	loop_timer_set(r->retry, 0);
	return 0;
}

int
runner_new(struct loop *l, struct launcher *launcher, size_t max_at_once,
    void (*gone)(void *ctx), void *ctx, struct runner **ret_runner)
{
	struct runner *r = xcalloc(1, sizeof(*r));
	int e;

	r->loop = l;
	r->launcher = launcher;
	r->max = max_at_once;
	r->gone = gone;
	r->ctx = ctx;
	r->last = &r->waiting;
	r->retry = loop_timer_new(l, start_waiting, r);
	e = loop_watch_new(l, launcher->fd, on_reports, r, &r->reports);
	if (e != 0) {
		runner_free(r);
		return e;
	}
	*ret_runner = r;
	return 0;
}

/* Nobody will know how it ended. */
static void
give_up(struct runner_run *run)
{
	struct buf nothing = BUF_INIT(1);
	struct buf why = BUF_INIT(64);

	(void)buf_adds(&why, "coco-tokend stops");
	run->fn(run->ctx, RESULT_UNAVAILABLE, &nothing, &why);
	buf_wipe(&why);
	destroy(run);
}

void
runner_free(struct runner *r)
{
	struct runner_run *run;

	if (r == NULL)
		return;
	for (run = r->running; run != NULL; run = r->running) {
		r->running = run->next;
		give_up(run);
	}
	while (r->waiting != NULL)
		give_up(pop_waiting(r));
	loop_watch_close(r->reports);
	loop_timer_close(r->retry);
	free(r);
}

void
runner_set_max(struct runner *r, size_t max_at_once)
{
	r->max = max_at_once;
}

size_t
runner_running(const struct runner *r)
{
	return r->running_count;
}

size_t
runner_waiting(const struct runner *r)
{
	return r->waiting_count;
}
