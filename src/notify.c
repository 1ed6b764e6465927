/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "notify.h"
#include "num.h"

/* Move the variable NAME out of the environment; what does not fit into VALUE
 * is left empty.  Returns whether it was there. */
static bool
take(const char *name, struct buf *value)
{
	const char *text = getenv(name);

	if (text == NULL)
		return false;
	(void)buf_adds(value, text);
	(void)unsetenv(name);
	return true;
}

static int
parse(const char *name, const struct buf *value, int64_t min, int64_t max,
    int64_t *ret_n, struct buf *why)
{
	int r = num_parse(buf_str(value), value->len, min, max, ret_n);

	if (r != 0)
		(void)buf_addf(why, "%s: not a number that makes sense", name);
	return r;
}

/* Take NAME, the process that its fellow variables are for.  *RET_OURS is also
 * true when it is not there and need not be. */
static int
take_pid(const char *name, bool must_be, bool *ret_ours, struct buf *why)
{
	struct buf value = BUF_INIT(32);
	int64_t pid;
	int r = 0;

	if (!take(name, &value)) {
		*ret_ours = !must_be;
		goto out;
	}
	r = parse(name, &value, 1, INT32_MAX, &pid, why);
	if (r == 0)
		*ret_ours = pid == getpid();
	else
		r = -EBADMSG;
out:
	buf_wipe(&value);
	return r;
}

static int
make_address(const char *text, size_t len, struct sockaddr_un *ret_address,
    socklen_t *ret_len)
{
	if (len < 2 || (text[0] != '/' && text[0] != '@'))
		return -EAFNOSUPPORT;
	if (len >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->sun_family = AF_UNIX;
	memcpy(ret_address->sun_path, text, len);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	/* an abstract name begins with NUL and has none at its end */
	if (text[0] == '@')
		ret_address->sun_path[0] = '\0';
	else
		*ret_len += 1;
	return 0;
}

int
notify_open(struct notify *ret_notify, struct buf *why)
{
	struct buf value = BUF_INIT(4096);
	struct notify n = NOTIFY_INIT;
	struct sockaddr_un address;
	socklen_t len;
	int r = 0;

	if (!take("NOTIFY_SOCKET", &value))
		goto out;
	r = make_address(buf_str(&value), value.len, &address, &len);
	if (r != 0)
		goto out;
	n.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* connected: Landlock would not let us look it up later */
	if (n.fd < 0 ||
	    connect(n.fd, (const struct sockaddr *)&address, len) != 0)
		r = -errno;
out:
	if (r != 0) {
		(void)buf_addf(why, "NOTIFY_SOCKET=%s: %s", buf_str(&value),
		    strerror(-r));
		notify_close(&n);
	} else {
		*ret_notify = n;
	}
	buf_wipe(&value);
	return r;
}

int
notify_send(const struct notify *n, const char *message)
{
	ssize_t sent;

	if (n->fd < 0)
		return 0;
	do
		sent = send(n->fd, message, strlen(message),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

void
notify_close(struct notify *n)
{
	io_close(n->fd);
	n->fd = -1;
}

/* "name:name" has to have COUNT names. */
static int
split_names(const struct buf *value, size_t count, struct strv *names)
{
	const char *name = buf_str(value);
	const char *end;
	size_t n = 0;

	for (;;) {
		end = strchrnul(name, ':');
		strv_addn(names, name, (size_t)(end - name));
		n++;
		if (*end == '\0' || n > count)
			break;
		name = end + 1;
	}
	return n == count ? 0 : -EBADMSG;
}

static int
check_sockets(size_t count, struct buf *why)
{
	size_t i;

	for (i = 0; i < count; i++) {
		int fd = NOTIFY_FIRST_FD + (int)i;
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0) {
			(void)buf_addf(why, "LISTEN_FDS: %d is not open", fd);
			return -EBADF;
		}
		(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
	return 0;
}

/* Append COUNT names; those of LISTEN_FDNAMES, if the manager gave any. */
static int
add_names(const struct buf *value, bool named, size_t count, struct strv *names,
    struct buf *why)
{
	struct strv found = STRV_INIT;
	size_t i;
	int r = 0;

	if (named)
		r = split_names(value, count, &found);
	if (r != 0)
		(void)buf_addf(why, "LISTEN_FDNAMES: not %zu names", count);
	for (i = 0; r == 0 && i < count; i++)
		strv_add(names, named ? found.v[i] : "unknown");
	strv_clear(&found);
	return r;
}

int
notify_sockets(struct strv *names, struct buf *why)
{
	struct buf fds = BUF_INIT(32);
	struct buf name = BUF_INIT(NOTIFY_MAX_NAMES);
	bool ours = false;
	bool named;
	int64_t count = 0;
	int r;

	named = take("LISTEN_FDNAMES", &name);
	r = take_pid("LISTEN_PID", true, &ours, why);
	if (!take("LISTEN_FDS", &fds) || !ours)
		goto out;
	r = parse("LISTEN_FDS", &fds, 0, NOTIFY_MAX_SOCKETS, &count, why);
	if (r != 0 || count == 0)
		goto out;
	r = check_sockets((size_t)count, why);
	if (r == 0)
		r = add_names(&name, named, (size_t)count, names, why);
out:
	buf_wipe(&fds);
	buf_wipe(&name);
	return r;
}

int
notify_watchdog(int64_t *ret_interval_ms, struct buf *why)
{
	struct buf usec = BUF_INIT(32);
	bool ours = false;
	int64_t n = 0;
	int r;

	r = take_pid("WATCHDOG_PID", false, &ours, why);
	if (!take("WATCHDOG_USEC", &usec) || r != 0)
		goto out;
	if (parse("WATCHDOG_USEC", &usec, 1, INT64_MAX, &n, why) != 0)
		r = -EBADMSG;
	/* half, as sd_watchdog_enabled(3) advises */
	if (r == 0 && ours)
		n = n < 2000 ? 1 : n / 2000;
	else
		n = 0;
out:
	buf_wipe(&usec);
	if (r == 0)
		*ret_interval_ms = n;
	return r;
}
