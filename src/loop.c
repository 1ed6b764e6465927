/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "io.h"
#include "loop.h"
#include "mem.h"

#define READ_SIZE 65536
#define BACKLOG   4096

/* libuv numbers its errors as negative errno on this system. */
struct loop {
	uv_loop_t uv;
	/* one for all streams: what is read is handed on at once */
	char buffer[READ_SIZE];
};

struct loop_listener {
	uv_pipe_t uv; /* first: handles are cast */
	struct loop *loop;
	loop_accept_fn fn;
	void *ctx;
};

struct loop_stream {
	uv_pipe_t uv; /* first */
	struct loop *loop;
	const struct loop_stream_ops *ops;
	void *ctx;
};

struct loop_watch {
	uv_poll_t uv; /* first */
	void (*fn)(void *ctx);
	void *ctx;
};

struct loop_timer {
	uv_timer_t uv; /* first */
	void (*fn)(void *ctx);
	void *ctx;
};

struct loop_signal {
	uv_signal_t uv; /* first */
	void (*fn)(void *ctx, int sig);
	void *ctx;
};

/* A write that the kernel did not take at once. */
struct pending {
	uv_write_t uv; /* first */
	struct loop_stream *stream;
	size_t len;
	char data[];
};

int
loop_new(struct loop **ret_loop)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	int r = uv_loop_init(&l->uv);

	if (r != 0) {
		free(l);
		return r;
	}
	*ret_loop = l;
	return 0;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	/* what was closed is freed in here */
	while (uv_run(&l->uv, UV_RUN_NOWAIT) != 0)
		continue;
	(void)uv_loop_close(&l->uv);
	freezero(l, sizeof(*l));
}

void
loop_run(struct loop *l)
{
	(void)uv_run(&l->uv, UV_RUN_DEFAULT);
}

void
loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void
close_handle(void *handle)
{
	uv_close((uv_handle_t *)handle, free_handle);
}

static void
on_connection(uv_stream_t *server, int status)
{
	struct loop_listener *n = (struct loop_listener *)server;
	struct loop_stream *s;

	if (status != 0)
		return;
	s = xcalloc(1, sizeof(*s));
	s->loop = n->loop;
	(void)uv_pipe_init(&n->loop->uv, &s->uv, 0);
	if (uv_accept(server, (uv_stream_t *)&s->uv) != 0)
		close_handle(s);
	else
		n->fn(n->ctx, s);
}

int
loop_listen(struct loop *l, int fd, loop_accept_fn fn, void *ctx,
    struct loop_listener **ret_listener)
{
	struct loop_listener *n = xcalloc(1, sizeof(*n));
	int r;

	n->loop = l;
	n->fn = fn;
	n->ctx = ctx;
	(void)uv_pipe_init(&l->uv, &n->uv, 0);
	r = uv_pipe_open(&n->uv, fd);
	if (r != 0)
		io_close(fd);
	else
		r = uv_listen((uv_stream_t *)&n->uv, BACKLOG, on_connection);
	if (r != 0) {
		close_handle(n);
		return r;
	}
	*ret_listener = n;
	return 0;
}

void
loop_listener_close(struct loop_listener *n)
{
	if (n != NULL)
		close_handle(n);
}

int
loop_stream_open(struct loop *l, int fd, struct loop_stream **ret_stream)
{
	struct loop_stream *s = xcalloc(1, sizeof(*s));
	int r;

	s->loop = l;
	(void)uv_pipe_init(&l->uv, &s->uv, 0);
	r = uv_pipe_open(&s->uv, fd);
	if (r != 0) {
		io_close(fd);
		close_handle(s);
		return r;
	}
	*ret_stream = s;
	return 0;
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct loop_stream *s = (struct loop_stream *)handle;

	(void)suggested;
	*ret_buf = uv_buf_init(s->loop->buffer, READ_SIZE);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct loop_stream *s = (struct loop_stream *)stream;
	struct loop *l = s->loop;

	(void)b;
	if (n > 0) {
		s->ops->on_data(s->ctx, l->buffer, (size_t)n);
		mem_wipe(l->buffer, (size_t)n);
	} else if (n < 0) {
		(void)uv_read_stop(stream);
		s->ops->on_end(s->ctx, n == UV_EOF ? 0 : (int)n);
	}
}

void
loop_stream_read(struct loop_stream *s, const struct loop_stream_ops *ops,
    void *ctx)
{
	int r;

	s->ops = ops;
	s->ctx = ctx;
	r = uv_read_start((uv_stream_t *)&s->uv, on_alloc, on_read);
	if (r != 0 && r != UV_EALREADY)
		ops->on_end(ctx, r);
}

void
loop_stream_pause(struct loop_stream *s)
{
	(void)uv_read_stop((uv_stream_t *)&s->uv);
}

static void
on_written(uv_write_t *request, int status)
{
	struct pending *p = (struct pending *)request;
	struct loop_stream *s = p->stream;

	freezero(p, sizeof(*p) + p->len);
	if (uv_is_closing((uv_handle_t *)&s->uv) || s->ops == NULL)
		return;
	if (status != 0)
		s->ops->on_end(s->ctx, status);
	else if (s->ops->on_drain != NULL && loop_stream_pending(s) == 0)
		s->ops->on_drain(s->ctx);
}

int
loop_stream_write(struct loop_stream *s, const void *data, size_t len)
{
	uv_stream_t *stream = (uv_stream_t *)&s->uv;
	uv_buf_t b = uv_buf_init((char *)(uintptr_t)data, (unsigned)len);
	struct pending *p;
	int r = 0;

	if (loop_stream_pending(s) == 0) {
		r = uv_try_write(stream, &b, 1);
		if (r == (int)len)
			return 0;
		if (r < 0 && r != UV_EAGAIN)
			return r;
		r = r < 0 ? 0 : r;
	}
	len -= (size_t)r;
	p = xmalloc(sizeof(*p) + len);
	p->stream = s;
	p->len = len;
	memcpy(p->data, (const char *)data + r, len);
	b = uv_buf_init(p->data, (unsigned)len);
	r = uv_write(&p->uv, stream, &b, 1, on_written);
	if (r != 0)
		freezero(p, sizeof(*p) + len);
	return r;
}

size_t
loop_stream_pending(const struct loop_stream *s)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&s->uv);
}

int
loop_stream_fd(const struct loop_stream *s)
{
	uv_os_fd_t fd = -1;

	(void)uv_fileno((const uv_handle_t *)&s->uv, &fd);
	return fd;
}

bool
loop_stream_is_gone(const struct loop_stream *s)
{
	struct pollfd p = { loop_stream_fd(s), 0, 0 };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

void
loop_stream_close(struct loop_stream *s)
{
	if (s != NULL)
		close_handle(s);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct loop_watch *w = (struct loop_watch *)poll;

	(void)status;
	(void)events;
	w->fn(w->ctx);
}

int
loop_watch_new(struct loop *l, int fd, void (*fn)(void *ctx), void *ctx,
    struct loop_watch **ret_watch)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w));
	int r;

	w->fn = fn;
	w->ctx = ctx;
	r = uv_poll_init(&l->uv, &w->uv, fd);
	if (r != 0) {
		free(w);
		return r;
	}
	r = uv_poll_start(&w->uv, UV_READABLE | UV_DISCONNECT, on_poll);
	if (r != 0) {
		close_handle(w);
		return r;
	}
	*ret_watch = w;
	return 0;
}

void
loop_watch_close(struct loop_watch *w)
{
	if (w != NULL)
		close_handle(w);
}

static void
on_timer(uv_timer_t *timer)
{
	struct loop_timer *t = (struct loop_timer *)timer;

	t->fn(t->ctx);
}

struct loop_timer *
loop_timer_new(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	t->fn = fn;
	t->ctx = ctx;
	(void)uv_timer_init(&l->uv, &t->uv);
	return t;
}

void
loop_timer_set(struct loop_timer *t, int64_t ms)
{
	(void)uv_timer_start(&t->uv, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

void
loop_timer_close(struct loop_timer *t)
{
	if (t != NULL)
		close_handle(t);
}

static void
on_signal(uv_signal_t *handle, int sig)
{
	struct loop_signal *g = (struct loop_signal *)handle;

	g->fn(g->ctx, sig);
}

int
loop_signal_new(struct loop *l, int sig, void (*fn)(void *ctx, int sig),
    void *ctx, struct loop_signal **ret_signal)
{
	struct loop_signal *g = xcalloc(1, sizeof(*g));
	int r;

	g->fn = fn;
	g->ctx = ctx;
	(void)uv_signal_init(&l->uv, &g->uv);
	r = uv_signal_start(&g->uv, on_signal, sig);
	if (r != 0) {
		close_handle(g);
		return r;
	}
	*ret_signal = g;
	return 0;
}

void
loop_signal_close(struct loop_signal *g)
{
	if (g != NULL)
		close_handle(g);
}
