/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The event loop: listeners, streams, timers and signals of one thread.  The
 * only module that knows libuv.
 *
 * Everything here is owned by its maker, who ends it with the _close function:
 * after that no callback of it is called any more, and the handle must not be
 * used.  Callbacks may close any handle, their own included.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct loop_listener;
struct loop_signal;
struct loop_stream;
struct loop_timer;
struct loop_watch;

/* Returns 0 or negative errno. */
int loop_new(struct loop **ret_loop);

/* All handles must have been closed.  NULL is fine. */
void loop_free(struct loop *l);

/* Serve until loop_stop() is called. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/*
 * Accept connections on the bound or listening stream socket FD, which belongs
 * to the loop from now on, also on failure.  When descriptors run out (EMFILE)
 * what waits to be accepted is closed at once, so that clients see an end
 * rather than nothing.  FN gets each connection, which is its to close.
 */
typedef void (*loop_accept_fn)(void *ctx, struct loop_stream *s);
int loop_listen(struct loop *l, int fd, loop_accept_fn fn, void *ctx,
    struct loop_listener **ret_listener);
void loop_listener_close(struct loop_listener *n);

/* What a stream tells its owner. */
struct loop_stream_ops {
	/* LEN bytes came in; they are wiped when this returns */
	void (*on_data)(void *ctx, const char *data, size_t len);
	/* nothing more will: 0 for an end, or negative errno */
	void (*on_end)(void *ctx, int error);
	/* all that was written has been taken by the other side's kernel; may
	 * be NULL */
	void (*on_drain)(void *ctx);
};

/* Make a stream of FD, a unix or TCP socket or a pipe, which belongs to the
 * loop from now on, also on failure.  Nothing is read before
 * loop_stream_read(). */
int loop_stream_open(struct loop *l, int fd, struct loop_stream **ret_stream);

/* Begin, or go on, to read. */
void loop_stream_read(struct loop_stream *s, const struct loop_stream_ops *ops,
    void *ctx);

/* Read nothing until loop_stream_read(): the other side has to wait. */
void loop_stream_pause(struct loop_stream *s);

/*
 * Write LEN bytes; what the kernel does not take at once is copied, and the
 * copy wiped when it is done.  Returns 0 or negative errno; an error that
 * comes later is told by on_end().
 */
int loop_stream_write(struct loop_stream *s, const void *data, size_t len);

/* Bytes that were written and not yet taken. */
size_t loop_stream_pending(const struct loop_stream *s);

/* The descriptor, for getsockopt(2) and the like. */
int loop_stream_fd(const struct loop_stream *s);

/* Whether the other side, which has ended, has closed altogether: one that only
 * writes no more still reads. */
bool loop_stream_is_gone(const struct loop_stream *s);

/* What was not yet taken is lost.  NULL is fine. */
void loop_stream_close(struct loop_stream *s);

/* Call FN whenever FD, which stays the caller's, can be read.  Returns 0 or
 * negative errno. */
int loop_watch_new(struct loop *l, int fd, void (*fn)(void *ctx), void *ctx,
    struct loop_watch **ret_watch);
void loop_watch_close(struct loop_watch *w); /* NULL is fine */

/* A timer that calls FN once, MS after each loop_timer_set(). */
struct loop_timer *
loop_timer_new(struct loop *l, void (*fn)(void *ctx), void *ctx);
void loop_timer_set(struct loop_timer *t, int64_t ms);
void loop_timer_close(struct loop_timer *t); /* NULL is fine */

/* Call FN when the signal SIG has come. */
int loop_signal_new(struct loop *l, int sig, void (*fn)(void *ctx, int sig),
    void *ctx, struct loop_signal **ret_signal);
void loop_signal_close(struct loop_signal *g); /* NULL is fine */

#endif
