/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "crypt.h"
#include "http1.h"
#include "io.h"
#include "mem.h"
#include "oauth-callback.h"
#include "oauth-page.h"

#define ONE_SHOT_BYTES 24
#define ANSWER_MAX     (OAUTH_PAGE_MAX + URL_MAX + 2048)

/* One connection; it makes one request. */
struct client {
	int fd; /* -1: a free place */
	int64_t until_ms;
	struct buf in;
};

struct oauth_callback {
	int fd;
	int port;
	bool listening;
	const char *path;
	const char *state;
	const char *target;  /* of the one-shot path; NULL once used */
	struct buf one_shot; /* that path */
	bool visited;
	int held; /* connection of the redirect, or -1 */
	struct client client[OAUTH_CALLBACK_CLIENTS];
};

/* What to say to a request that is not the one we wait for. */
struct verdict {
	int status;
	const char *title;
	const char *text;
};

static const char *
reason_phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 302:
		return "Found";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 410:
		return "Gone";
	case 431:
		return "Request Header Fields Too Large";
	default:
		return "Bad Request";
	}
}

static int
bind_loopback(int fd, int port, int *ret_port)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	const int on = 1;

	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)port);
	/* a fixed port must not be lost to an earlier login's TIME_WAIT */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return -errno;
	*ret_port = ntohs(sa.sin_port);
	return 0;
}

int
oauth_callback_open(int port, struct buf *why, struct oauth_callback **ret_cb)
{
	struct oauth_callback *cb;
	int got = 0;
	size_t i;
	int fd;
	int r;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = fd < 0 ? -errno : bind_loopback(fd, port, &got);
	if (r != 0) {
		(void)buf_addf(why, "cannot use 127.0.0.1:%d: %s", port,
		    strerror(-r));
		io_close(fd);
		return r;
	}
	cb = xcalloc(1, sizeof(*cb));
	cb->fd = fd;
	cb->port = got;
	cb->held = -1;
	cb->one_shot = (struct buf)BUF_INIT(128);
	for (i = 0; i < OAUTH_CALLBACK_CLIENTS; i++) {
		cb->client[i].fd = -1;
		cb->client[i].in = (struct buf)BUF_INIT(HTTP1_MAX_HEAD);
	}
	*ret_cb = cb;
	return 0;
}

int
oauth_callback_port(const struct oauth_callback *cb)
{
	return cb->port;
}

void
oauth_callback_expect(struct oauth_callback *cb, const char *path,
    const char *state)
{
	cb->path = path;
	cb->state = state;
}

int
oauth_callback_one_shot(struct oauth_callback *cb, const char *url,
    struct buf *ret_url)
{
	int r;

	buf_clear(&cb->one_shot);
	r = buf_addc(&cb->one_shot, '/');
	if (r == 0)
		r = crypt_random_text(&cb->one_shot, ONE_SHOT_BYTES);
	if (r == 0)
		r = buf_addf(ret_url, "http://127.0.0.1:%d%s", cb->port,
		    buf_str(&cb->one_shot));
	if (r == 0)
		cb->target = url;
	return r;
}

bool
oauth_callback_was_visited(const struct oauth_callback *cb)
{
	return cb->visited;
}

/*
 * Send and close.  One send is enough: an answer is far smaller than a
 * socket's buffer, and a client that is gone is no concern of ours.  What it
 * sent beyond its head is read away first, for closing with unread bytes
 * resets the connection and may take the answer with it.
 */
static void
send_and_close(int fd, const struct buf *b)
{
	char rest[4096];

	if (send(fd, buf_str(b), b->len, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
		(void)shutdown(fd, SHUT_WR);
		while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) ==
		    (ssize_t)sizeof(rest))
			continue;
	}
	mem_wipe(rest, sizeof(rest));
	io_close(fd);
}

/* LOCATION may be NULL.  No referrer, because the redirect's address holds the
 * code; no storing, for the same reason. */
static void
respond(int fd, int status, const char *location, const struct buf *html)
{
	struct buf b = BUF_INIT(ANSWER_MAX);
	int r;

	r = buf_addf(&b, "HTTP/1.1 %d %s\r\n", status, reason_phrase(status));
	if (r == 0 && location != NULL)
		r = buf_addf(&b, "Location: %s\r\n", location);
	if (r == 0 && status == 405)
		r = buf_adds(&b, "Allow: GET\r\n");
	if (r == 0)
		r = buf_addf(&b,
		    "Content-Type: text/html; charset=utf-8\r\n"
		    "Content-Length: %zu\r\n"
		    "Cache-Control: no-store\r\n"
		    "Referrer-Policy: no-referrer\r\n"
		    "X-Content-Type-Options: nosniff\r\n"
		    "Content-Security-Policy: " OAUTH_PAGE_CSP "\r\n"
		    "Connection: close\r\n\r\n",
		    html->len);
	if (r == 0)
		r = buf_add(&b, buf_str(html), html->len);
	if (r == 0)
		send_and_close(fd, &b);
	else
		io_close(fd);
	buf_wipe(&b);
}

static void
respond_verdict(int fd, const struct verdict *v)
{
	struct buf html = BUF_INIT(OAUTH_PAGE_MAX);
	struct oauth_page page = { .title = v->title, .text = v->text };

	(void)oauth_page(&page, &html);
	respond(fd, v->status, NULL, &html);
	buf_wipe(&html);
}

static void
client_clear(struct client *c)
{
	io_close(c->fd);
	c->fd = -1;
	buf_wipe(&c->in);
}

/* A page elsewhere can make the browser send us requests under another name
 * (DNS rebinding); they end here. */
static bool
is_our_host(const struct oauth_callback *cb, const struct http1_request *q)
{
	static const char *const names[] = { "127.0.0.1", "localhost" };
	const struct http1_span *host;
	struct buf want = BUF_INIT(64);
	bool same = false;
	size_t count = 0;
	size_t i;

	host = http1_field(q, "Host", &count);
	for (i = 0; count == 1 && !same && i < ARRAY_LEN(names); i++) {
		buf_clear(&want);
		(void)buf_addf(&want, "%s:%d", names[i], cb->port);
		same = host->len == want.len &&
		    memcmp(host->s, buf_str(&want), want.len) == 0;
	}
	buf_wipe(&want);
	return same;
}

static void
split_target(const struct http1_span *target, struct buf *path,
    struct buf *query)
{
	const char *mark = memchr(target->s, '?', target->len);
	size_t len = mark != NULL ? (size_t)(mark - target->s) : target->len;

	(void)buf_add(path, target->s, len);
	if (mark != NULL)
		(void)buf_add(query, mark + 1, target->len - len - 1);
}

/* The verdicts of those that are not for us; NULL when it may be. */
static const struct verdict *
check_request(const struct oauth_callback *cb, const struct http1_request *q)
{
	static const struct verdict method = { 405, "Not like this",
		"This address only answers GET." };
	static const struct verdict host = { 400, "Wrong host",
		"This address belongs to a login that is going on; it was "
		"called by another name." };

	if (q->method.len != 3 || memcmp(q->method.s, "GET", 3) != 0)
		return &method;
	if (!is_our_host(cb, q))
		return &host;
	return NULL;
}

/* The redirect: the connection of ours is held, until the login is done. */
static int
take_reply(struct oauth_callback *cb, int fd, const char *query,
    struct oauth_reply *ret_reply)
{
	static const struct verdict state = { 400, "This is not our login",
		"The answer does not belong to the login that was started "
		"here, so it was dropped. The login goes on waiting in the "
		"window where it was started." };
	static const struct verdict empty = { 400, "Something is missing",
		"The login server sent the browser back without a code and "
		"without a reason. The login goes on waiting; you can try "
		"once more." };
	int r = oauth_read_reply(query, cb->state, ret_reply);

	if (r == 0) {
		cb->held = fd;
		return 0;
	}
	respond_verdict(fd, r == -EACCES ? &state : &empty);
	return -EAGAIN;
}

/* The one-shot path: to the login server, but only once, because its address
 * was in argv for all to see. */
static void
start_login(struct oauth_callback *cb, int fd)
{
	static const struct verdict gone = { 410, "This link was used",
		"It starts a login once. To log in, start again." };
	struct buf none = BUF_INIT(1);

	if (cb->target != NULL)
		respond(fd, 302, cb->target, &none);
	else
		respond_verdict(fd, &gone);
	cb->target = NULL;
	cb->visited = true;
}

/* Answer a whole request on FD, which is ours no more.  Returns 0 when it was
 * the redirect, -EAGAIN when it was anything else. */
static int
serve(struct oauth_callback *cb, int fd, const struct http1_request *q,
    struct oauth_reply *ret_reply)
{
	static const struct verdict nothing = { 404, "Nothing here",
		"This address only takes part in a login." };
	const struct verdict *v = check_request(cb, q);
	struct buf path = BUF_INIT(HTTP1_MAX_TARGET);
	struct buf query = BUF_INIT(HTTP1_MAX_TARGET);
	int r = -EAGAIN;

	split_target(&q->target, &path, &query);
	if (v != NULL)
		respond_verdict(fd, v);
	else if (cb->one_shot.len != 0 &&
	    buf_equals(&cb->one_shot, buf_str(&path)))
		start_login(cb, fd);
	else if (strcmp(buf_str(&path), cb->path) == 0)
		r = take_reply(cb, fd, buf_str(&query), ret_reply);
	else
		respond_verdict(fd, &nothing);
	buf_wipe(&path);
	buf_wipe(&query);
	return r;
}

/* Read what a client sent, and act when its head is whole. */
static int
receive(struct oauth_callback *cb, struct client *c,
    struct oauth_reply *ret_reply)
{
	static const struct verdict bad = { 400, "Bad request",
		"That was no request that a browser would make." };
	static const struct verdict big = { 431, "Too much",
		"The request is too long." };
	struct http1_request *q;
	size_t room = c->in.max - c->in.len;
	ssize_t n;
	int r = -EAGAIN;

	n = recv(c->fd, buf_space(&c->in, room), room, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n <= 0) {
		client_clear(c);
		return -EAGAIN;
	}
	buf_grew(&c->in, (size_t)n);
	q = xcalloc(1, sizeof(*q));
	n = http1_parse_request(buf_str(&c->in), c->in.len, q);
	if (n > 0) {
		r = serve(cb, c->fd, q, ret_reply);
	} else if (n != -EAGAIN || c->in.len == c->in.max) {
		bool is_long = n == -EAGAIN || n == -EMSGSIZE ||
		    n == -ENAMETOOLONG;

		respond_verdict(c->fd, is_long ? &big : &bad);
		n = 1;
	}
	if (n > 0) {
		c->fd = -1;
		client_clear(c);
	}
	freezero(q, sizeof(*q));
	return r;
}

static struct client *
free_place(struct oauth_callback *cb)
{
	size_t i;

	for (i = 0; i < OAUTH_CALLBACK_CLIENTS; i++)
		if (cb->client[i].fd < 0)
			return &cb->client[i];
	return NULL;
}

static void
accept_one(struct oauth_callback *cb)
{
	struct client *c = free_place(cb);

	if (c == NULL)
		return;
	/* the peer's address is of no interest; cppcheck thinks it must be */
	/* cppcheck-suppress nullPointer */
	c->fd = accept4(cb->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	c->until_ms = clock_ms() + OAUTH_CALLBACK_CLIENT_MS;
}

/* Drop those whose time is up.  Returns when to look again. */
static int64_t
next_deadline(struct oauth_callback *cb, int64_t until_ms)
{
	int64_t now = clock_ms();
	size_t i;

	for (i = 0; i < OAUTH_CALLBACK_CLIENTS; i++) {
		struct client *c = &cb->client[i];

		if (c->fd >= 0 && c->until_ms <= now)
			client_clear(c);
		else if (c->fd >= 0 && c->until_ms < until_ms)
			until_ms = c->until_ms;
	}
	return until_ms;
}

/* One round: wait for bytes or connections until UNTIL_MS. */
static int
serve_once(struct oauth_callback *cb, int64_t until_ms,
    struct oauth_reply *ret_reply)
{
	struct pollfd fds[OAUTH_CALLBACK_CLIENTS + 1];
	int64_t left = until_ms - clock_ms();
	size_t i;
	int r = -EAGAIN;

	for (i = 0; i < OAUTH_CALLBACK_CLIENTS; i++)
		fds[i] = (struct pollfd){ cb->client[i].fd, POLLIN, 0 };
	/* without a free place they wait in the kernel's queue */
	fds[i] = (struct pollfd){ free_place(cb) != NULL ? cb->fd : -1, POLLIN,
		0 };
	left = left < 0 ? 0 : left;
	if (poll(fds, ARRAY_LEN(fds), left > 60000 ? 60000 : (int)left) < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	for (i = 0; r == -EAGAIN && i < OAUTH_CALLBACK_CLIENTS; i++)
		if (fds[i].fd >= 0 && fds[i].revents != 0)
			r = receive(cb, &cb->client[i], ret_reply);
	if (r == -EAGAIN && fds[OAUTH_CALLBACK_CLIENTS].revents != 0)
		accept_one(cb);
	return r;
}

int
oauth_callback_wait(struct oauth_callback *cb, int64_t until_ms,
    struct oauth_reply *ret_reply)
{
	int r = -EAGAIN;

	if (!cb->listening && listen(cb->fd, SOMAXCONN) != 0)
		return -errno;
	cb->listening = true;
	while (r == -EAGAIN) {
		int64_t next = next_deadline(cb, until_ms);

		if (clock_ms() >= until_ms)
			return -ETIMEDOUT;
		r = serve_once(cb, next, ret_reply);
	}
	return r;
}

void
oauth_callback_answer(struct oauth_callback *cb, int status,
    const struct buf *html)
{
	if (cb->held >= 0)
		respond(cb->held, status, NULL, html);
	cb->held = -1;
}

void
oauth_callback_free(struct oauth_callback *cb)
{
	size_t i;

	if (cb == NULL)
		return;
	for (i = 0; i < OAUTH_CALLBACK_CLIENTS; i++)
		client_clear(&cb->client[i]);
	io_close(cb->held);
	io_close(cb->fd);
	buf_wipe(&cb->one_shot);
	freezero(cb, sizeof(*cb));
}
