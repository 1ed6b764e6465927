/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "launcher-priv.h"
#include "launcher.h"

int
launcher_start(const char *program, struct launcher *ret_launcher)
{
	sigset_t all;
	sigset_t old;
	int fds[2];
	pid_t pid;
	int r = 0;

	if (program[0] != '/')
		return -EINVAL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, fds) != 0)
		return -errno;
	/* none may end the launcher before it ignores them */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		launcher_serve(fds[1], program, LAUNCHER_GRACE_MS);
	if (pid < 0)
		r = -errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	io_close(fds[1]);
	if (r != 0) {
		io_close(fds[0]);
		return r;
	}
	ret_launcher->fd = fds[0];
	ret_launcher->pid = pid;
	return 0;
}

static int
make_request(const struct launch *launch, struct launcher_request *ret_req)
{
	struct launcher_request req;

	memset(&req, 0, sizeof(req));
	if (launch->in < 0 || launch->out < 0 || launch->err < 0 ||
	    (launch->stack != NULL && !stack_is_name(launch->stack)))
		return -EINVAL;
	req.id = launch->id;
	req.timeout_s = launch->timeout_s;
	req.verb = (uint32_t)launch->verb;
	if (launch->stack != NULL)
		memcpy(req.stack, launch->stack, strlen(launch->stack));
	if (!launcher_is_valid(&req))
		return -EINVAL;
	*ret_req = req;
	return 0;
}

/* Errors that mean that nobody is there any more. */
static int
gone(int error)
{
	return error == ECONNRESET || error == ENOTCONN || error == EPIPE ?
	    -EPIPE :
	    -error;
}

int
launcher_ask(struct launcher *l, const struct launch *launch)
{
	const int fds[LAUNCHER_FDS] = { launch->in, launch->out, launch->err };
	struct launcher_request req;
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(sizeof(fds))];
	} control;
	struct iovec iov = { &req, sizeof(req) };
	struct msghdr msg;
	struct cmsghdr *cmsg;
	ssize_t n;
	int r;

	r = make_request(launch, &req);
	if (r != 0)
		return r;
	memset(&control, 0, sizeof(control));
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control.data);
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
	do
		n = sendmsg(l->fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? gone(errno) : 0;
}

int
launcher_report(struct launcher *l, uint64_t *ret_id, int *ret_status)
{
	struct launcher_end end;
	ssize_t n;

	do
		n = recv(l->fd, &end, sizeof(end), MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return gone(errno);
	if (n == 0)
		return -EPIPE;
	if (n != (ssize_t)sizeof(end) || end.status < 0 || end.status > 255)
		return -EPROTO;
	*ret_id = end.id;
	*ret_status = (int)end.status;
	return 0;
}

void
launcher_stop(struct launcher *l)
{
	io_close(l->fd);
	l->fd = -1;
}
