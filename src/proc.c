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

/* FDS are its stdin, stdout and stderr; the last is -1 when that is ours. */
static int
spawn(const struct proc *p, const int fds[3], pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults;
	sigset_t none;
	int i;
	int r = 0;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	for (i = 0; r == 0 && i < 3; i++)
		if (fds[i] >= 0)
			r = posix_spawn_file_actions_adddup2(&files, fds[i], i);
	if (r == 0)
		r = posix_spawn(ret_pid, p->argv[0], &files, &attr, p->argv,
		    p->env != NULL ? p->env : environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Make the pipes: THEIRS are the child's ends, and ours are in C. */
static int
make_pipes(struct proc_child *c, int theirs[3])
{
	int to[2] = { -1, -1 };
	int from[2] = { -1, -1 };
	int err[2] = { -1, -1 };
	int r;

	r = make_pipe(to);
	if (r == 0)
		r = make_pipe(from);
	if (r == 0 && c->proc->err != NULL)
		r = make_pipe(err);
	theirs[0] = to[0];
	theirs[1] = from[1];
	theirs[2] = err[1];
	c->to = to[1];
	c->from = from[0];
	c->err = err[0];
	return r;
}

static void
close_pipes(struct proc_child *c)
{
	io_close(c->to);
	io_close(c->from);
	io_close(c->err);
}

int
proc_start(const struct proc *p, struct proc_child *ret_child)
{
	struct proc_child c = { .proc = p };
	int theirs[3];
	int i;
	int r;

	r = make_pipes(&c, theirs);
	if (r == 0)
		r = spawn(p, theirs, &c.pid);
	for (i = 0; i < 3; i++)
		io_close(theirs[i]);
	if (r != 0) {
		close_pipes(&c);
		return r;
	}
	(void)fcntl(c.to, F_SETFL, O_NONBLOCK);
	(void)fcntl(c.from, F_SETFL, O_NONBLOCK);
	if (c.err >= 0)
		(void)fcntl(c.err, F_SETFL, O_NONBLOCK);
	*ret_child = c;
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
send_some(struct proc_child *io)
{
	const struct buf *in = io->proc->in;
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

/* Read what its stderr has; what is too much for the buffer is dropped. */
static void
listen_some(struct proc_child *c)
{
	struct buf *err = c->proc->err;
	char chunk[CHUNK];
	size_t fits;
	ssize_t n;

	n = read(c->err, chunk, sizeof(chunk));
	if (n > 0) {
		fits = err->max - err->len;
		(void)buf_add(err, chunk, (size_t)n < fits ? (size_t)n : fits);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_one(&c->err);
	}
	mem_wipe(chunk, sizeof(chunk));
}

/* Its stdout; *RET_AGAIN tells that it had nothing yet. */
static int
receive_some(struct proc_child *c, void *data, size_t len, size_t *ret_len,
    bool *ret_again)
{
	ssize_t n = read(c->from, data, len);

	*ret_again = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (n < 0 && !*ret_again)
		return -errno;
	if (n == 0)
		close_one(&c->from);
	*ret_len = n > 0 ? (size_t)n : 0;
	return 0;
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

int
proc_read(struct proc_child *c, void *data, size_t len, size_t *ret_len)
{
	int64_t deadline_ms = c->proc->deadline_ms;
	struct pollfd fds[3];
	bool again = true;
	int n;
	int r = 0;

	*ret_len = 0;
	while (r == 0 && again && c->from >= 0) {
		fds[0] = (struct pollfd){ c->from, POLLIN, 0 };
		fds[1] = (struct pollfd){ c->to, POLLOUT, 0 };
		fds[2] = (struct pollfd){ c->err, POLLIN, 0 };
		n = poll(fds, ARRAY_LEN(fds), time_left(deadline_ms));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && time_left(deadline_ms) == 0)
			return -ETIMEDOUT;
		if (n <= 0)
			continue;
		if (fds[2].revents != 0)
			listen_some(c);
		if (fds[1].revents != 0)
			r = send_some(c);
		if (r == 0 && fds[0].revents != 0)
			r = receive_some(c, data, len, ret_len, &again);
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
reap(const struct proc_child *c, int *ret_status)
{
	int64_t deadline_ms = c->proc->deadline_ms;
	int status;
	pid_t got;

	for (;;) {
		got = waitpid(c->pid, &status, deadline_ms != 0 ? WNOHANG : 0);
		if (got == c->pid)
			break;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0 && time_left(deadline_ms) == 0)
			return -ETIMEDOUT;
		if (got == 0)
			wait_for_sigchld(deadline_ms);
	}
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) :
					  128 + WTERMSIG(status);
	return 0;
}

int
proc_end(struct proc_child *c, bool kill_it, int *ret_status)
{
	int r = 0;

	io_close(c->to);
	io_close(c->from);
	if (!kill_it)
		r = reap(c, ret_status);
	if (kill_it || r != 0) {
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	/* its last words; nothing is waited for, a child of its own may keep
	 * the pipe open */
	if (c->err >= 0)
		listen_some(c);
	io_close(c->err);
	return r;
}

int
proc_run(const struct proc *p, struct buf *out, int *ret_status)
{
	struct proc_child c;
	char chunk[CHUNK];
	size_t n = 1;
	int ended;
	int r;

	r = proc_start(p, &c);
	if (r != 0)
		return r;
	while (r == 0 && n != 0) {
		r = proc_read(&c, chunk, sizeof(chunk), &n);
		if (r == 0)
			r = buf_add(out, chunk, n);
	}
	mem_wipe(chunk, sizeof(chunk));
	ended = proc_end(&c, r != 0, ret_status);
	return r != 0 ? r : ended;
}
