/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "mem.h"
#include "proc.h"

#define CHUNK 4096

/* Our ends of the child's pipes. */
struct pipes {
	int to;   /* its stdin, -1 once all is written */
	int from; /* its stdout, -1 once it is closed */
	size_t sent;
};

/* What SIGPIPE did before proc_init(). */
static struct sigaction pipe_before;

void
proc_init(void)
{
	struct sigaction action;
	sigset_t child;
	int fd;

	/* a descriptor of ours must never become stdin, stdout or stderr; who
	 * has closed stdout is to hear that nothing can be written there */
	do
		fd = open("/dev/null",
		    fcntl(STDIN_FILENO, F_GETFD) < 0 ||
			    fcntl(STDOUT_FILENO, F_GETFD) < 0 ?
			O_RDONLY :
			O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	io_close(fd);
	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, &pipe_before);
	/* whoever started us may have left it ignored, and then waitpid() would
	 * never tell how a child ended */
	action.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &action, NULL);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
}

void
proc_give_pipe(void)
{
	(void)sigaction(SIGPIPE, &pipe_before, NULL);
}

/* Both ends close-on-exec and above the standard descriptors, where dup2 of
 * the child would collide with them. */
static int
make_pipe(int fds[2])
{
	int i;

	if (pipe(fds) != 0)
		return -errno;
	for (i = 0; i < 2; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		int r = fd < 0 ? -errno : 0;

		io_close(fds[i]);
		fds[i] = fd;
		if (r != 0) {
			io_close(fds[0]);
			io_close(fds[1]);
			return r;
		}
	}
	return 0;
}

static int
spawn(char *const *argv, int in, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults;
	sigset_t none;
	int r;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&files, out,
		    STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(ret_pid, argv[0], &files, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Start the child; on success its pipes are non-blocking. */
static int
start(const struct proc *p, struct pipes *ret_pipes, pid_t *ret_pid)
{
	int to[2];
	int from[2];
	int r;

	r = make_pipe(to);
	if (r != 0)
		return r;
	r = make_pipe(from);
	if (r != 0) {
		io_close(to[0]);
		io_close(to[1]);
		return r;
	}
	r = spawn(p->argv, to[0], from[1], ret_pid);
	io_close(to[0]);
	io_close(from[1]);
	if (r != 0) {
		io_close(to[1]);
		io_close(from[0]);
		return r;
	}
	(void)fcntl(to[1], F_SETFL, O_NONBLOCK);
	(void)fcntl(from[0], F_SETFL, O_NONBLOCK);
	ret_pipes->to = to[1];
	ret_pipes->from = from[0];
	ret_pipes->sent = 0;
	return 0;
}

static void
close_one(int *fd)
{
	io_close(*fd);
	*fd = -1;
}

/* Write what the pipe takes; close it when all is written or nobody reads. */
static int
send_some(struct pipes *io, const struct buf *in)
{
	size_t left = in != NULL ? in->len - io->sent : 0;
	ssize_t n = 0;

	if (left != 0)
		n = write(io->to, in->data + io->sent, left);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && errno != EPIPE)
		return -errno;
	if (n > 0)
		io->sent += (size_t)n;
	if (n < 0 || (size_t)n == left)
		close_one(&io->to);
	return 0;
}

static int
receive_some(struct pipes *io, struct buf *out)
{
	char chunk[CHUNK];
	ssize_t n;
	int r = 0;

	n = read(io->from, chunk, sizeof(chunk));
	if (n > 0)
		r = buf_add(out, chunk, (size_t)n);
	else if (n == 0)
		close_one(&io->from);
	else if (errno != EAGAIN && errno != EINTR)
		r = -errno;
	mem_wipe(chunk, sizeof(chunk));
	return r;
}

/* Milliseconds until DEADLINE_MS for poll(2); -1 when there is none. */
static int
time_left(int64_t deadline_ms)
{
	int64_t left;

	if (deadline_ms == 0)
		return -1;
	left = deadline_ms - clock_ms();
	if (left < 0)
		return 0;
	return left > 3600000 ? 3600000 : (int)left;
}

/* Feed and drain the child until it closes its stdout. */
static int
converse(const struct proc *p, struct pipes *io, struct buf *out)
{
	struct pollfd fds[2];
	int n;
	int r = 0;

	while (r == 0 && io->from >= 0) {
		fds[0] = (struct pollfd){ io->from, POLLIN, 0 };
		fds[1] = (struct pollfd){ io->to, POLLOUT, 0 };
		n = poll(fds, 2, time_left(p->deadline_ms));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && time_left(p->deadline_ms) == 0)
			return -ETIMEDOUT;
		if (n <= 0)
			continue;
		if (fds[1].revents != 0)
			r = send_some(io, p->in);
		if (r == 0 && fds[0].revents != 0)
			r = receive_some(io, out);
	}
	return r;
}

/* Sleep until a child changes state, or the deadline. */
static void
wait_for_sigchld(int64_t deadline_ms)
{
	int left = time_left(deadline_ms);
	struct timespec ts = { left / 1000, left % 1000 * 1000000L };
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigtimedwait(&child, NULL, &ts);
}

/* Wait for a child that has closed its stdout, up to the deadline. */
static int
reap(const struct proc *p, pid_t pid, int *ret_status)
{
	int status;
	pid_t got;

	for (;;) {
		got = waitpid(pid, &status, p->deadline_ms != 0 ? WNOHANG : 0);
		if (got == pid)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0 && time_left(p->deadline_ms) == 0)
			return -ETIMEDOUT;
		if (got == 0)
			wait_for_sigchld(p->deadline_ms);
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) :
					  128 + WTERMSIG(status);
	return 0;
}

int
proc_run(const struct proc *p, struct buf *out, int *ret_status)
{
	struct pipes io;
	pid_t pid;
	int r;

	r = start(p, &io, &pid);
	if (r != 0)
		return r;
	r = converse(p, &io, out);
	io_close(io.to);
	io_close(io.from);
	if (r == 0)
		r = reap(p, pid, ret_status);
	if (r != 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	return r;
}
