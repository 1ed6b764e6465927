/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The launcher's side.  All that it believes is checked: the daemon at the
 * other end may have been taken over.  A request that is not valid comes from
 * no daemon of ours, so nothing is started after it.
 */
#include "coco.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "launcher-priv.h"
#include "launcher.h"

extern char **environ;

/* Where the socket is put; what comes after it is closed. */
#define SOCKET_FD 3

struct run {
	pid_t pid; /* its group has the same number; 0: no run */
	uint64_t id;
	int64_t deadline_ms;
};

struct server {
	int fd;      /* to the daemon; -1 when nothing more is started */
	int signals; /* readable on SIGCHLD */
	const char *program;
	int64_t grace_ms;
	size_t runs;
	struct run run[LAUNCHER_MAX_RUNS];
};

bool
launcher_is_valid(const struct launcher_request *req)
{
	size_t len = strnlen(req->stack, sizeof(req->stack));
	size_t i;

	if (req->verb >= STACK_VERBS || req->timeout_s < 1 ||
	    req->timeout_s > LAUNCHER_MAX_TIMEOUT_S ||
	    len == sizeof(req->stack) ||
	    (len != 0 && !stack_is_name(req->stack)))
		return false;
	for (i = len; i < sizeof(req->stack); i++)
		if (req->stack[i] != '\0')
			return false;
	return true;
}

/*
 * Tell the daemon the end of a run.  This waits when the daemon does not read,
 * for what is not told is lost; then nothing else is done, but the daemon has
 * no use for it either.
 */
static void
tell(struct server *s, uint64_t id, int status)
{
	struct launcher_end end = { id, status };
	ssize_t n;

	if (s->fd < 0)
		return;
	do
		n = send(s->fd, &end, sizeof(end), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
}

/* Start PROGRAM with FDS as its only descriptors. */
static int
spawn(char *const *argv, const int *fds, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t set;
	int r = 0;
	int i;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)sigfillset(&set);
	(void)posix_spawnattr_setsigdefault(&attr, &set);
	(void)sigemptyset(&set);
	(void)posix_spawnattr_setsigmask(&attr, &set);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
		POSIX_SPAWN_SETPGROUP);
	/* they are above the socket, so none is overwritten before its turn */
	for (i = 0; r == 0 && i < LAUNCHER_FDS; i++)
		r = posix_spawn_file_actions_adddup2(&files, fds[i], i);
	if (r == 0)
		r = posix_spawn(ret_pid, argv[0], &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

static struct run *
find_run(struct server *s, pid_t pid)
{
	size_t i;

	for (i = 0; i < LAUNCHER_MAX_RUNS; i++)
		if (s->run[i].pid == pid)
			return &s->run[i];
	return NULL;
}

/* execv() has no const; nothing writes to these. */
static char *
word(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
start(struct server *s, const struct launcher_request *req, const int *fds)
{
	struct run *run = find_run(s, 0);
	char timeout[24];
	char *argv[] = { word(s->program), word("--no-daemon"),
		word("--for-tokend"), word("--timeout"), timeout,
		word(stack_verb_name((enum stack_verb)req->verb)), NULL, NULL,
		NULL };
	pid_t pid;

	(void)snprintf(timeout, sizeof(timeout), "%lld",
	    (long long)req->timeout_s);
	if (req->stack[0] != '\0') {
		argv[7] = argv[5];
		argv[5] = word("--stack");
		argv[6] = word(req->stack);
	}
	if (run == NULL || spawn(argv, fds, &pid) != 0) {
		tell(s, req->id, LAUNCHER_NOT_STARTED);
		return;
	}
	run->pid = pid;
	run->id = req->id;
	run->deadline_ms = clock_ms() + req->timeout_s * 1000 + s->grace_ms;
	s->runs++;
}

static void
close_fds(const int *fds, size_t count)
{
	while (count > 0)
		io_close(fds[--count]);
}

/* Take the descriptors out of a message, at most LAUNCHER_FDS; how many there
 * are. */
static size_t
take_fds(struct msghdr *msg, int fds[LAUNCHER_FDS])
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	size_t size;

	if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET ||
	    cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	size = cmsg->cmsg_len - CMSG_LEN(0);
	assert(size <= LAUNCHER_FDS * sizeof(int));
	memcpy(fds, CMSG_DATA(cmsg), size);
	return size / sizeof(int);
}

/*
 * Receive one request.  Returns 0, and the number of descriptors in FDS, which
 * is 0 when there are not exactly LAUNCHER_FDS; -EAGAIN when there is no
 * request; -EPIPE when the daemon is gone; -EPROTO when it is none of ours.
 */
static int
receive(int fd, struct launcher_request *req, int fds[LAUNCHER_FDS],
    size_t *ret_count)
{
	union {
		struct cmsghdr align;
		/* cppcheck-suppress unusedStructMember */
		char data[CMSG_SPACE(LAUNCHER_FDS * sizeof(int))];
	} control;
	struct iovec iov = { req, sizeof(*req) };
	struct msghdr msg;
	size_t count;
	ssize_t n;
	bool valid;

	memset(&control, 0, sizeof(control));
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	/* CMSG_SPACE() has room for a fourth; this way the kernel closes it and
	 * sets MSG_CTRUNC */
	msg.msg_controllen = CMSG_LEN(LAUNCHER_FDS * sizeof(int));
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
	count = take_fds(&msg, fds);
	valid = n == (ssize_t)sizeof(*req) &&
	    (msg.msg_flags & MSG_TRUNC) == 0 && launcher_is_valid(req);
	if (!valid || count != LAUNCHER_FDS ||
	    (msg.msg_flags & MSG_CTRUNC) != 0) {
		close_fds(fds, count);
		count = 0;
	}
	*ret_count = count;
	return valid ? 0 : -EPROTO;
}

static void
hang_up(struct server *s)
{
	io_close(s->fd);
	s->fd = -1;
}

static void
serve_request(struct server *s)
{
	struct launcher_request req;
	int fds[LAUNCHER_FDS];
	size_t count;
	int r;

	memset(&req, 0, sizeof(req));
	r = receive(s->fd, &req, fds, &count);
	if (r == -EAGAIN)
		return;
	if (r != 0) {
		hang_up(s);
		return;
	}
	/* the kernel drops descriptors when the system has no more: no reason
	 * to distrust the daemon for good */
	if (count == LAUNCHER_FDS)
		start(s, &req, fds);
	else
		tell(s, req.id, LAUNCHER_NOT_STARTED);
	close_fds(fds, count);
}

static void
reap(struct server *s)
{
	struct signalfd_siginfo info;
	struct run *run;
	int status;
	pid_t pid;

	/* signals of several children may have become one */
	while (read(s->signals, &info, sizeof(info)) > 0)
		continue;
	for (;;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid <= 0)
			break;
		run = find_run(s, pid);
		if (run == NULL)
			continue;
		tell(s, run->id,
		    WIFEXITED(status) ? WEXITSTATUS(status) :
					128 + WTERMSIG(status));
		run->pid = 0;
		s->runs--;
	}
}

/* Kill what is overdue.  Returns the milliseconds until the next one is, for
 * poll(2): -1 when nothing runs. */
static int
enforce(struct server *s)
{
	int64_t now = clock_ms();
	int64_t next = INT64_MAX;
	size_t i;

	for (i = 0; i < LAUNCHER_MAX_RUNS; i++) {
		struct run *run = &s->run[i];

		if (run->pid == 0)
			continue;
		if (run->deadline_ms <= now) {
			(void)kill(-run->pid, SIGKILL);
			/* its end comes by SIGCHLD */
			run->deadline_ms = INT64_MAX;
		} else if (run->deadline_ms < next) {
			next = run->deadline_ms;
		}
	}
	if (next == INT64_MAX)
		return -1;
	return next - now > INT32_MAX ? INT32_MAX : (int)(next - now);
}

/* SIGTERM and the terminal's signals are meant for the daemon, which then hangs
 * up; they must not cut a refresh. */
static void
set_signals(struct server *s)
{
	static const int ignored[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP,
		SIGPIPE };
	struct sigaction action;
	sigset_t set;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_IGN;
	for (i = 0; i < ARRAY_LEN(ignored); i++)
		(void)sigaction(ignored[i], &action, NULL);
	action.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &action, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Keep FD, as SOCKET_FD, and stderr; stdin and stdout become /dev/null. */
static int
set_descriptors(int fd)
{
	int flags;
	int null;

	if (fd != SOCKET_FD && dup3(fd, SOCKET_FD, O_CLOEXEC) < 0)
		return -errno;
	closefrom(SOCKET_FD + 1);
	/* tell() waits */
	flags = fcntl(SOCKET_FD, F_GETFL);
	if (flags < 0 || fcntl(SOCKET_FD, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return -errno;
	if (fcntl(STDERR_FILENO, F_GETFD) < 0)
		(void)dup2(null, STDERR_FILENO);
	if (null > SOCKET_FD)
		io_close(null);
	return 0;
}

static void
loop(struct server *s)
{
	struct pollfd fds[2];
	int wait_ms;

	while (s->fd >= 0 || s->runs > 0) {
		wait_ms = enforce(s);
		fds[0] = (struct pollfd){ s->signals, POLLIN, 0 };
		fds[1] = (struct pollfd){ s->fd, POLLIN, 0 };
		if (poll(fds, ARRAY_LEN(fds), wait_ms) <= 0)
			continue;
		/* first, for it makes room */
		if (fds[0].revents != 0)
			reap(s);
		/* what it asked before it went, nobody waits for */
		if ((fds[1].revents & POLLHUP) != 0)
			hang_up(s);
		else if (fds[1].revents != 0)
			serve_request(s);
	}
}

void
launcher_serve(int fd, const char *program, int64_t grace_ms)
{
	static struct server s;

	s.fd = SOCKET_FD;
	s.program = program;
	s.grace_ms = grace_ms;
	/* a confined daemon must not become us by ptrace, where there is no
	 * Landlock to keep it from that */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "coco-launcher", 0, 0, 0);
	(void)setsid();
	if (set_descriptors(fd) != 0 || setenv("COCO_TOKEND", "off", 1) != 0)
		_exit(1);
	set_signals(&s);
	if (s.signals < 0)
		_exit(1);
	loop(&s);
	io_close(s.signals);
	_exit(0);
}
