/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "clock.h"
#include "httpd.h"
#include "mem.h"

#define SWEEP_MS     1000
#define LINGER_MS    1000
#define RESERVE      16
#define MAX_HEAD_OUT 4096

/* What may wait to be taken by a client before it is asked for nothing more;
 * what follows a request on its connection may wait to be read likewise. */
#define MAX_PENDING 65536
#define MAX_STREAM  262144
#define MAX_IN      (HTTP1_MAX_HEAD + 2 * HTTPD_MAX_BODY)

struct listener {
	struct httpd *httpd;
	struct loop_listener *loop;
	struct listener *next;
};

struct httpd_exchange {
	struct httpd *httpd;
	struct loop_stream *stream; /* NULL: gone, but not answered */
	struct httpd_exchange *prev;
	struct httpd_exchange *next;
	struct buf in; /* what came in and was not yet used */
	int64_t deadline_ms;
	void (*gone)(void *ctx, const struct httpd_exchange *x);
	void *gone_ctx;
	bool busy;       /* a request is not answered */
	bool is_parsing; /* parse() is running further up */
	bool is_head;
	bool keep_alive;
	bool continued; /* 100 was sent */
	bool ended;     /* the client sends no more */
	bool closing;   /* after what is pending */
	bool refused;   /* what comes is read, but only to be thrown away */
};

struct httpd {
	struct loop *loop;
	struct httpd_limits limits;
	const struct httpd_ops *ops;
	void *ctx;
	struct listener *listeners;
	struct httpd_exchange *first; /* newest */
	size_t count;
	size_t ghosts; /* not answered, and their clients are gone */
	struct loop_timer *sweep;
	bool stopping;
	bool abandoned; /* ends with its last exchange */
	int64_t date_utc;
	char date[64];
	struct buf out;
};

static const struct {
	int status;
	const char *reason;
} reasons[] = { { 200, "OK" }, { 202, "Accepted" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 408, "Request Timeout" },
	{ 411, "Length Required" }, { 413, "Content Too Large" },
	{ 414, "URI Too Long" }, { 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" } };

static void parse_waiting(struct httpd_exchange *x);

static const char *
reason_of(int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

static void
link_in(struct httpd_exchange *x)
{
	struct httpd *h = x->httpd;

	x->next = h->first;
	if (h->first != NULL)
		h->first->prev = x;
	h->first = x;
	h->count++;
	if (x->next == NULL)
		loop_timer_set(h->sweep, SWEEP_MS);
}

static void
release(struct httpd *h)
{
	loop_timer_close(h->sweep);
	buf_wipe(&h->out);
	free(h);
}

static void
destroy(struct httpd_exchange *x)
{
	struct httpd *h = x->httpd;

	if (x->prev != NULL)
		x->prev->next = x->next;
	else
		h->first = x->next;
	if (x->next != NULL)
		x->next->prev = x->prev;
	if (x->stream != NULL)
		h->count--;
	else
		h->ghosts--;
	loop_stream_close(x->stream);
	buf_wipe(&x->in);
	free(x);
	if (h->abandoned && h->first == NULL)
		release(h);
}

/* The client has left, or is made to.  An exchange that is not answered lives
 * on without a stream. */
static void
drop(struct httpd_exchange *x)
{
	void (*gone)(void *ctx, const struct httpd_exchange *x) = x->gone;

	if (gone != NULL) {
		x->gone = NULL;
		gone(x->gone_ctx, x);
		destroy(x);
	} else if (x->busy) {
		loop_stream_close(x->stream);
		x->stream = NULL;
		x->httpd->count--;
		x->httpd->ghosts++;
		buf_wipe(&x->in);
	} else if (x->is_parsing) {
		/* parse() still looks at it, and ends it then */
		x->closing = true;
		x->ended = true;
	} else {
		destroy(x);
	}
}

static void
set_deadline(struct httpd_exchange *x)
{
	const struct httpd_limits *limits = &x->httpd->limits;

	x->deadline_ms = clock_ms() +
	    (x->in.len != 0 ? limits->request_ms : limits->idle_ms);
}

static const char *
date_now(struct httpd *h)
{
	int64_t utc = clock_utc();
	time_t t = (time_t)utc;
	struct tm tm;

	if (utc != h->date_utc && gmtime_r(&t, &tm) != NULL) {
		/* the locale is always C: nobody calls setlocale() */
		(void)strftime(h->date, sizeof(h->date),
		    "%a, %d %b %Y %H:%M:%S GMT", &tm);
		h->date_utc = utc;
	}
	return h->date;
}

static void
add_head(struct httpd_exchange *x, const struct httpd_answer *a, bool has_end)
{
	struct buf *out = &x->httpd->out;

	(void)buf_addf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", a->status,
	    reason_of(a->status), date_now(x->httpd));
	if (a->type != NULL)
		(void)buf_addf(out, "Content-Type: %s\r\n", a->type);
	if (has_end)
		(void)buf_addf(out, "Content-Length: %zu\r\n", a->len);
	(void)buf_adds(out, "Cache-Control: no-store\r\n");
	if (a->fields != NULL)
		(void)buf_adds(out, a->fields);
	if (!x->keep_alive)
		(void)buf_adds(out, "Connection: close\r\n");
	(void)buf_adds(out, "\r\n");
}

/* Send what is in OUT. */
static int
flush(struct httpd_exchange *x)
{
	struct buf *out = &x->httpd->out;
	int r;

	r = loop_stream_write(x->stream, buf_str(out), out->len);
	buf_clear(out);
	return r;
}

static const struct loop_stream_ops stream_ops;

/*
 * The last answer is out.  One to what was refused could be lost to the client
 * if the connection was closed over what he still sends, so that is read first,
 * for a moment (RFC 9112 9.6).
 */
static void
end_connection(struct httpd_exchange *x)
{
	if (!x->refused || x->ended ||
	    shutdown(loop_stream_fd(x->stream), SHUT_WR) != 0) {
		drop(x);
		return;
	}
	x->deadline_ms = clock_ms() + LINGER_MS;
	loop_stream_read(x->stream, &stream_ops, x);
}

/* After an answer: go on, or end. */
static void
end_exchange(struct httpd_exchange *x, int r)
{
	x->busy = false;
	x->continued = false;
	set_deadline(x);
	if (r != 0 || !x->keep_alive) {
		x->closing = true;
		if (r != 0) {
			drop(x);
			return;
		}
		if (loop_stream_pending(x->stream) == 0) {
			end_connection(x);
			return;
		}
	}
	if (!x->is_parsing)
		parse_waiting(x);
}

void
httpd_answer(struct httpd_exchange *x, const struct httpd_answer *a)
{
	struct buf *out = &x->httpd->out;

	if (x->stream == NULL) {
		x->busy = false;
		if (!x->is_parsing)
			destroy(x);
		return;
	}
	if (x->httpd->stopping || a->close)
		x->keep_alive = false;
	buf_clear(out);
	add_head(x, a, true);
	if (!x->is_head)
		(void)buf_add(out, a->body, a->len);
	end_exchange(x, flush(x));
}

void
httpd_begin(struct httpd_exchange *x, const char *type,
    void (*gone)(void *ctx, const struct httpd_exchange *x), void *ctx)
{
	const struct httpd_answer a = { 200, type, NULL, NULL, 0, true };

	x->keep_alive = false;
	x->gone = gone;
	x->gone_ctx = ctx;
	x->deadline_ms = INT64_MAX;
	if (x->stream == NULL)
		return;
	buf_clear(&x->httpd->out);
	add_head(x, &a, false);
	if (flush(x) != 0)
		x->deadline_ms = 0; /* the sweep drops it */
}

void
httpd_send(struct httpd_exchange *x, const char *data, size_t len)
{
	if (x->stream == NULL || x->deadline_ms == 0)
		return;
	if (loop_stream_write(x->stream, data, len) != 0 ||
	    loop_stream_pending(x->stream) > MAX_STREAM)
		x->deadline_ms = 0;
}

/* Answer a request that is none, and end: where the next one would begin is
 * not known. */
static void
refuse(struct httpd_exchange *x, int status)
{
	struct httpd_answer a = { status, "text/plain", NULL, NULL, 0, true };

	x->busy = true;
	x->is_head = false;
	x->refused = true;
	a.body = reason_of(status);
	a.len = strlen(a.body);
	httpd_answer(x, &a);
}

/*
 * The body of the request Q, of which LEN bytes are there.  Returns how many
 * belong to it, -EAGAIN when there are not yet enough, or another negative
 * errno.  Bodies are short, so a chunked one is read anew each time.
 */
static ssize_t
take_body(const struct http1_request *head, const char *data, size_t len,
    struct buf *chunked, struct httpd_request *q)
{
	struct http1_chunks chunks = HTTP1_CHUNKS_INIT(HTTPD_MAX_BODY);
	struct http1_span piece;
	bool end = false;
	size_t used = 0;
	ssize_t n;

	if (head->body != HTTP1_CHUNKED) {
		if (head->length > HTTPD_MAX_BODY)
			return -EFBIG;
		if ((int64_t)len < head->length)
			return -EAGAIN;
		q->body = data;
		q->body_len = (size_t)head->length;
		return (ssize_t)head->length;
	}
	while (!end) {
		n = http1_chunks_read(&chunks, data + used, len - used, &piece,
		    &end);
		if (n < 0)
			return n;
		if (n == 0 && !end)
			return -EAGAIN;
		used += (size_t)n;
		(void)buf_add(chunked, piece.s, piece.len);
	}
	q->body = buf_str(chunked);
	q->body_len = chunked->len;
	return (ssize_t)used;
}

/* The client waits for a word before it sends the body (RFC 9110 10.1.1). */
static void
say_continue(struct httpd_exchange *x, const struct http1_request *head)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (head->expect_continue && !x->continued)
		(void)loop_stream_write(x->stream, text, sizeof(text) - 1);
	x->continued = true;
}

/* Deal with one request of LEN bytes.  Returns how many were used; 0: more are
 * needed, or it is all over. */
static size_t
parse_one(struct httpd_exchange *x, const char *data, size_t len)
{
	struct buf chunked = BUF_INIT(HTTPD_MAX_BODY);
	struct http1_request head;
	struct httpd_request q = { &head, { NULL, 0 }, { NULL, 0 }, NULL, 0 };
	ssize_t body = 0;
	ssize_t n;

	n = http1_parse_request(data, len, &head);
	if (n > 0)
		body = take_body(&head, data + n, len - (size_t)n, &chunked,
		    &q);
	if (n > 0 && body == -EAGAIN)
		say_continue(x, &head);
	if (n > 0 && body < 0)
		n = body;
	if (n == -EAGAIN) {
		n = 0;
	} else if (n < 0) {
		refuse(x, http1_status((int)n));
		n = 0;
	} else {
		(void)http1_split_target(&head, &q.path, &q.query);
		x->busy = true;
		x->keep_alive = head.keep_alive;
		x->is_head = head.method.len == 4 &&
		    memcmp(head.method.s, "HEAD", 4) == 0;
		x->httpd->ops->handle(x->httpd->ctx, x, &q);
		n += body;
	}
	buf_wipe(&chunked);
	return (size_t)n;
}

/* Deal with requests as long as there are whole ones and each is answered at
 * once.  Returns how many bytes were used. */
static size_t
parse(struct httpd_exchange *x, const char *data, size_t len)
{
	size_t used = 0;
	size_t n;

	x->is_parsing = true;
	do {
		n = parse_one(x, data + used, len - used);
		used += n;
	} while (n > 0 && used < len && !x->busy && !x->closing &&
	    x->stream != NULL && loop_stream_pending(x->stream) < MAX_PENDING);
	x->is_parsing = false;
	return used;
}

/* What is left of an exchange after parse().  Returns whether it lives. */
static bool
survives(struct httpd_exchange *x)
{
	if (x->busy)
		return x->stream != NULL;
	if (x->stream == NULL || (x->closing && x->ended)) {
		destroy(x);
		return false;
	}
	return true;
}

/* The client sends no more, and all that it asked is answered. */
static void
end_after_pending(struct httpd_exchange *x)
{
	x->closing = true;
	if (loop_stream_pending(x->stream) == 0)
		drop(x);
}

/* Go on with what came in before. */
static void
parse_waiting(struct httpd_exchange *x)
{
	struct buf in = BUF_INIT(MAX_IN);
	size_t used = 0;

	if (x->in.len != 0 && !x->busy && !x->closing) {
		buf_move(&in, &x->in);
		used = parse(x, buf_str(&in), in.len);
		if (!survives(x)) {
			buf_wipe(&in);
			return;
		}
		(void)buf_add(&x->in, buf_str(&in) + used, in.len - used);
		buf_wipe(&in);
		if (used != 0 && !x->closing)
			set_deadline(x);
	}
	if (x->busy || x->closing)
		return;
	/* there is enough, and the client does not take what it has got */
	if (!x->ended && x->in.len >= MAX_PENDING &&
	    loop_stream_pending(x->stream) >= MAX_PENDING)
		return;
	if (!x->ended)
		loop_stream_read(x->stream, &stream_ops, x);
	else if (x->in.len == 0 ||
	    (used == 0 && loop_stream_pending(x->stream) == 0))
		end_after_pending(x);
}

static void on_end(void *ctx, int error);

static void
on_data(void *ctx, const char *data, size_t len)
{
	struct httpd_exchange *x = ctx;
	bool is_first = x->in.len == 0;
	size_t used = 0;

	if (x->closing || x->gone != NULL)
		return;
	if (is_first && !x->busy &&
	    loop_stream_pending(x->stream) < MAX_PENDING) {
		used = parse(x, data, len);
		if (!survives(x) || x->closing)
			return;
	}
	if (buf_add(&x->in, data + used, len - used) != 0) {
		if (x->busy)
			on_end(x, -EMSGSIZE);
		else
			refuse(x, 413);
		return;
	}
	/* enough for now: parse_waiting() goes on.  Of a request that is not
	 * whole yet, all is read. */
	if (x->in.len >= MAX_PENDING &&
	    (x->busy || loop_stream_pending(x->stream) >= MAX_PENDING))
		loop_stream_pause(x->stream);
	if (is_first && !x->closing)
		set_deadline(x);
	if (!is_first)
		parse_waiting(x);
}

static void
on_end(void *ctx, int error)
{
	struct httpd_exchange *x = ctx;

	x->ended = true;
	/* one who has only finished writing still reads the answer */
	if (error == 0 && x->gone == NULL && !loop_stream_is_gone(x->stream)) {
		if (x->refused && loop_stream_pending(x->stream) == 0)
			drop(x);
		else if (!x->busy && !x->closing)
			parse_waiting(x);
		return;
	}
	drop(x);
}

static void
on_drain(void *ctx)
{
	struct httpd_exchange *x = ctx;

	if (x->closing)
		end_connection(x);
	else if (!x->busy)
		parse_waiting(x);
}

static const struct loop_stream_ops stream_ops = { on_data, on_end, on_drain };

/* Make room for a new connection: the one that would time out first has to
 * go. */
static bool
make_room(struct httpd *h)
{
	struct httpd_exchange *oldest = NULL;
	struct httpd_exchange *x;

	/* who asks and leaves, again and again, would have us remember all */
	if (h->ghosts >= h->limits.leavers)
		return false;
	if (h->count < h->limits.connections)
		return true;
	for (x = h->first; x != NULL; x = x->next)
		if (!x->busy && x->stream != NULL &&
		    (oldest == NULL || x->deadline_ms < oldest->deadline_ms))
			oldest = x;
	if (oldest != NULL)
		drop(oldest);
	/* some more, so that status and stop are always heard */
	return oldest != NULL || h->count < h->limits.connections + RESERVE;
}

static void
on_accept(void *ctx, struct loop_stream *s)
{
	const struct listener *n = ctx;
	struct httpd *h = n->httpd;
	struct httpd_exchange *x;

	if (!h->ops->admit(h->ctx, loop_stream_fd(s)) || !make_room(h)) {
		loop_stream_close(s);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	x->httpd = h;
	x->stream = s;
	x->in = (struct buf)BUF_INIT(MAX_IN);
	link_in(x);
	set_deadline(x);
	loop_stream_read(s, &stream_ops, x);
}

/* Once a second: who has had enough time? */
static void
sweep(void *ctx)
{
	struct httpd *h = ctx;
	struct httpd_exchange *next;
	struct httpd_exchange *x;
	int64_t now = clock_ms();

	for (x = h->first; x != NULL; x = next) {
		next = x->next;
		if (x->deadline_ms > now || x->stream == NULL ||
		    (x->busy && x->gone == NULL))
			continue;
		if (x->in.len != 0 && !x->closing)
			refuse(x, 408);
		else
			drop(x);
	}
	if (h->first != NULL)
		loop_timer_set(h->sweep, SWEEP_MS);
}

struct httpd *
httpd_new(struct loop *l, const struct httpd_limits *limits,
    const struct httpd_ops *ops, void *ctx)
{
	struct httpd *h = xcalloc(1, sizeof(*h));

	h->loop = l;
	h->limits = *limits;
	h->ops = ops;
	h->ctx = ctx;
	h->sweep = loop_timer_new(l, sweep, h);
	h->out = (struct buf)BUF_INIT(MAX_HEAD_OUT + MAX_STREAM);
	return h;
}

int
httpd_listen(struct httpd *h, int fd)
{
	struct listener *n = xcalloc(1, sizeof(*n));
	int r;

	n->httpd = h;
	r = loop_listen(h->loop, fd, on_accept, n, &n->loop);
	if (r != 0) {
		free(n);
		return r;
	}
	n->next = h->listeners;
	h->listeners = n;
	return 0;
}

void
httpd_set_limits(struct httpd *h, const struct httpd_limits *limits)
{
	h->limits = *limits;
}

void
httpd_stop(struct httpd *h)
{
	struct httpd_exchange *next;
	struct httpd_exchange *x;
	struct listener *n;

	h->stopping = true;
	for (n = h->listeners; n != NULL; n = h->listeners) {
		h->listeners = n->next;
		loop_listener_close(n->loop);
		free(n);
	}
	for (x = h->first; x != NULL; x = next) {
		next = x->next;
		if (x->gone != NULL || (!x->busy && !x->closing))
			drop(x);
	}
}

void
httpd_free(struct httpd *h)
{
	if (h == NULL)
		return;
	httpd_stop(h);
	while (h->first != NULL)
		destroy(h->first);
	release(h);
}

void
httpd_drop_all(struct httpd *h)
{
	struct httpd_exchange *next;
	struct httpd_exchange *x;

	for (x = h->first; x != NULL; x = next) {
		next = x->next;
		if (x->stream != NULL)
			drop(x);
	}
}

void
httpd_abandon(struct httpd *h)
{
	if (h == NULL)
		return;
	httpd_stop(h);
	httpd_drop_all(h);
	if (h->first == NULL)
		release(h);
	else
		h->abandoned = true;
}

int
httpd_fd(const struct httpd_exchange *x)
{
	return x->stream != NULL ? loop_stream_fd(x->stream) : -1;
}

size_t
httpd_connections(const struct httpd *h)
{
	return h->count;
}
