/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "fnv.h"
#include "http1.h"
#include "io.h"
#include "path.h"
#include "sock.h"

#define MAX_ANSWER (HTTP1_MAX_HEAD + CLIENT_MAX_BODY)

/* Where the environment leads, not what it says: a variable may be missing
 * here and have its default there. */
static uint64_t
hash_of_paths(void)
{
	static int (*const paths[])(struct buf *) = { path_home, path_config,
		path_data, path_state };
	struct buf b = BUF_INIT(PATH_MAX);
	uint64_t hash = FNV_START;
	size_t i;

	for (i = 0; i < ARRAY_LEN(paths); i++) {
		buf_clear(&b);
		hash = fnv_field(hash, paths[i](&b) == 0 ? buf_str(&b) : NULL);
	}
	buf_wipe(&b);
	return hash;
}

uint64_t
client_home(void)
{
	static const char *const names[] = { "SNOWFLAKE_", "SSL_CERT_",
		"PRIVATE_KEY_PASSPHRASE=", "CREDENTIALS_DIRECTORY=" };
	uint64_t sum = hash_of_paths();
	size_t i;
	size_t n;

	/* a sum, because the order of variables means nothing */
	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		for (n = 0; n < ARRAY_LEN(names); n++)
			if (strncmp(environ[i], names[n], strlen(names[n])) ==
			    0)
				sum += fnv_field(FNV_START, environ[i]);
	return sum;
}

/* What says who asks: on the host, with whose configuration; in a sandbox, by
 * which grant. */
static int
add_asker(const struct client_request *q, struct buf *b)
{
	int r;

	if (q->endpoint == NULL)
		return buf_addf(b,
		    "Host: localhost\r\n" CLIENT_HOME_FIELD ": %016" PRIx64
		    "\r\n",
		    client_home());
	r = buf_adds(b, "Host: ");
	if (r == 0)
		r = endpoint_host(q->endpoint, b);
	if (r == 0)
		r = buf_adds(b, "\r\n");
	if (r == 0 && q->capability != NULL && q->capability[0] != '\0')
		r = buf_addf(b, "Authorization: Bearer %s\r\n", q->capability);
	return r;
}

static int
format(const struct client_request *q, struct buf *b)
{
	size_t len = q->body != NULL ? q->body->len : 0;
	int r;

	r = buf_addf(b, "%s %s HTTP/1.1\r\n", q->method, q->target);
	if (r == 0)
		r = add_asker(q, b);
	if (r == 0)
		r = buf_adds(b, "Connection: close\r\n");
	if (r == 0 && q->body != NULL)
		r = buf_addf(b, "Content-Length: %zu\r\n", len);
	if (r == 0)
		r = buf_adds(b, "\r\n");
	if (r == 0 && len != 0)
		r = buf_add(b, buf_str(q->body), len);
	return r;
}

static int
wait_readable(int fd, int64_t deadline_ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int64_t left = deadline_ms - clock_ms();
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	n = poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* All that comes until the server closes, as it was asked to. */
static int
receive(int fd, int64_t deadline_ms, struct buf *b)
{
	bool end = false;
	int r = 0;

	while (r == 0 && !end) {
		r = wait_readable(fd, deadline_ms);
		if (r == 0)
			r = io_read_some(fd, b, &end);
		if (r == -EAGAIN || r == -EINTR)
			r = 0;
	}
	/* a server that does not read all resets: its answer may be there */
	return r == -ECONNRESET && b->len != 0 ? 0 : r;
}

static enum result
result_of_status(int status)
{
	switch (status) {
	case 200:
		return RESULT_SUCCESS;
	case 401:
	case 403:
	case 421:
		return RESULT_DENIED;
	case 404:
		return RESULT_NOT_FOUND;
	case 503:
		return RESULT_UNAVAILABLE;
	default:
		return RESULT_ERROR;
	}
}

static enum result
result_of(const struct http1_response *head)
{
	const struct http1_span *name;
	enum result result;
	size_t count;

	name = http1_response_field(head, CLIENT_RESULT_FIELD, &count);
	if (count == 1 && result_parse(name->s, name->len, &result))
		return result;
	return result_of_status(head->status);
}

static int
understand(const struct buf *text, struct client_answer *ret_answer)
{
	struct http1_response head;
	ssize_t n;
	size_t len;

	n = http1_parse_response(buf_str(text), text->len, &head);
	if (n < 0)
		return -EPROTO;
	len = text->len - (size_t)n;
	/* what was cut short is no answer */
	if ((head.body != HTTP1_LENGTH && head.body != HTTP1_NO_BODY) ||
	    head.length != (int64_t)len)
		return -EPROTO;
	if (buf_add(&ret_answer->body, buf_str(text) + n, len) != 0)
		return -EPROTO;
	ret_answer->status = head.status;
	ret_answer->result = result_of(&head);
	return 0;
}

static void
explain(int r, const struct client_request *q, const char *path,
    struct buf *why)
{
	if (r == 0 || why->len != 0 || (r == -ENOENT && q->endpoint == NULL))
		return;
	if (r == -EINVAL && q->endpoint == NULL)
		(void)buf_adds(why, ENDPOINT_NOT_UNDERSTOOD);
	else
		(void)buf_addf(why, "coco-tokend at %s: %s", path,
		    r == -EPROTO ?
			"it ended the connection without a whole answer" :
			r == -EBUSY      ? "too many listen already" :
			r == -ECONNRESET ? "it does not listen to this "
					   "process: another user, owner, "
					   "container or namespace" :
					   strerror(-r));
}

/* Where Q goes to goes to WHERE. */
static int
connect_to(const struct client_request *q, struct buf *where, struct buf *why,
    int *ret_fd)
{
	int r;

	if (q->endpoint != NULL) {
		r = buf_adds(where, q->endpoint->told);
		return r != 0 ?
		    r :
		    endpoint_connect(q->endpoint, q->deadline_ms, why, ret_fd);
	}
	r = q->socket != NULL ? buf_adds(where, q->socket) :
				sock_control_path(where);
	return r != 0 ?
	    r :
	    sock_connect(buf_str(where), q->deadline_ms, why, ret_fd);
}

/* Connect and send Q. */
static int
send_request(const struct client_request *q, struct buf *where, struct buf *why,
    int *ret_fd)
{
	struct buf text = BUF_INIT(MAX_ANSWER);
	int r;

	r = connect_to(q, where, why, ret_fd);
	if (r == 0)
		r = format(q, &text);
	if (r == 0)
		r = io_write_all(*ret_fd, buf_str(&text), text.len);
	/* it may have answered before it had read all */
	if (r == -EPIPE)
		r = 0;
	buf_wipe(&text);
	return r;
}

int
client_ask(const struct client_request *q, struct client_answer *ret_answer,
    struct buf *why)
{
	struct buf where = BUF_INIT(URL_MAX);
	struct buf text = BUF_INIT(MAX_ANSWER);
	int fd = -1;
	int r;

	r = send_request(q, &where, why, &fd);
	if (r == 0)
		r = receive(fd, q->deadline_ms, &text);
	if (r == 0)
		r = understand(&text, ret_answer);
	explain(r, q, buf_str(&where), why);
	io_close(fd);
	buf_wipe(&text);
	buf_wipe(&where);
	return r;
}

/* Read the head of an answer; what follows it stays in TEXT. */
static int
receive_head(int fd, int64_t deadline_ms, struct buf *text)
{
	struct http1_response head = { 0 };
	ssize_t n = -EAGAIN;
	bool end = false;
	int r = 0;

	while (r == 0 && n == -EAGAIN && !end) {
		r = wait_readable(fd, deadline_ms);
		if (r == 0)
			r = io_read_some(fd, text, &end);
		if (r == 0)
			n = http1_parse_response(buf_str(text), text->len,
			    &head);
	}
	if (r == 0 && n < 0)
		r = -EPROTO;
	if (r == 0 && head.status != 200)
		r = head.status == 503 ? -EBUSY : -EPROTO;
	if (r == 0)
		buf_cut(text, (size_t)n);
	return r;
}

int
client_follow(const struct client_request *q, int out, struct buf *why)
{
	struct buf where = BUF_INIT(URL_MAX);
	struct buf text = BUF_INIT(MAX_ANSWER);
	bool end = false;
	int fd = -1;
	int r;

	r = send_request(q, &where, why, &fd);
	if (r == 0)
		r = receive_head(fd, q->deadline_ms, &text);
	while (r == 0 && !end) {
		r = io_write_all(out, buf_str(&text), text.len);
		buf_clear(&text);
		if (r == 0)
			r = io_read_some(fd, &text, &end);
		/* that was the timeout of one read: nothing has happened */
		if (r == -EAGAIN)
			r = 0;
	}
	explain(r, q, buf_str(&where), why);
	io_close(fd);
	buf_wipe(&text);
	buf_wipe(&where);
	return r;
}
