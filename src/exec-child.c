/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec-child.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "proc.h"

/* Signals that are passed on, beside the real-time ones: those that a terminal
 * sends to its foreground group, the command included, and others. */
static const int of_terminal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN,
	SIGTTOU, SIGWINCH, SIGCONT };
static const int others[] = {
	SIGTERM,
	SIGUSR1,
	SIGUSR2,
	SIGALRM,
	SIGVTALRM,
	SIGPROF,
	SIGXCPU,
#ifdef SIGIO
	SIGIO,
#endif
#ifdef SIGPWR
	SIGPWR,
#endif
};

/* The signal handler's world. */
static volatile sig_atomic_t child;   /* 0: there is none */
static volatile sig_atomic_t stopped; /* the command is */
static volatile sig_atomic_t continued;
static int wake[2] = { -1, -1 }; /* a byte for each SIGCHLD and SIGCONT */

static sigset_t old_mask;

static bool
is_sent(const siginfo_t *info)
{
	return info->si_code == SI_USER || info->si_code == SI_QUEUE;
}

static bool
is_of_terminal(int sig)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(of_terminal); i++)
		if (of_terminal[i] == sig)
			return true;
	return false;
}

/*
 * Not what the command itself sent: that meant its whole group, and it has it
 * already, or us alone.  What any other process sent is passed on, although it
 * may have been sent to the group: nothing tells the two apart.  A sender of
 * our group is no sign of it, for that is what a script's own "kill $!" is.
 * What the kernel sent was meant for us (a timer that was set before we were
 * started), unless it does the terminal's work.
 */
static bool
is_for_child(int sig, const siginfo_t *info)
{
	if (is_sent(info))
		return info->si_pid != (pid_t)child;
	return !is_of_terminal(sig);
}

static void set_handler(int sig);
static void set_default(int sig);

/*
 * Stop by the default action of SIG, one of job control, until somebody
 * continues us.  In a group where nobody would, the kernel does not stop us,
 * which SIGSTOP would do.
 */
static void
stop_by(int sig)
{
	sigset_t one;
	sigset_t mask;

	(void)sigemptyset(&one);
	(void)sigaddset(&one, sig);
	set_default(sig);
	(void)sigprocmask(SIG_UNBLOCK, &one, &mask);
	(void)kill(getpid(), sig);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	set_handler(sig);
}

static void
pass_on(int sig, const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE)
		(void)sigqueue((pid_t)child, sig, info->si_value);
	else
		(void)kill((pid_t)child, sig);
}

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (sig == SIGCONT)
		continued = 1;
	/* a full pipe wakes as well */
	if ((sig == SIGCHLD || sig == SIGCONT) && write(wake[1], "", 1) < 0)
		errno = 0;
	/* we are in the background and write: that is tried again without end,
	 * unless we stop here; the command stops by itself, or has already */
	if (!is_sent(info) &&
	    (sig == SIGTTOU || sig == SIGTTIN || (sig == SIGTSTP && stopped)))
		stop_by(sig);
	else if (sig != SIGCHLD && child > 0 && is_for_child(sig, info))
		pass_on(sig, info);
	errno = saved;
}

static void
set_handler(int sig)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_signal;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	(void)sigfillset(&action.sa_mask);
	(void)sigaction(sig, &action, NULL);
}

static void
set_default(int sig)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	(void)sigaction(sig, &action, NULL);
}

/* Call FN for each signal that is passed on. */
static void
for_each(void (*fn)(int sig))
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(of_terminal); i++)
		fn(of_terminal[i]);
	for (i = 0; i < ARRAY_LEN(others); i++)
		fn(others[i]);
#ifdef SIGRTMIN
	for (i = (size_t)SIGRTMIN; i <= (size_t)SIGRTMAX; i++)
		fn((int)i);
#endif
}

/* What was ignored stays so. */
static void
install(int sig)
{
	struct sigaction action;

	if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		set_handler(sig);
}

static bool
is_installed(int sig)
{
	struct sigaction action;

	return sigaction(sig, NULL, &action) == 0 &&
	    (action.sa_flags & SA_SIGINFO) != 0 &&
	    action.sa_sigaction == on_signal;
}

/* Whoever set a handler, it is not for the process that calls this. */
static void
uninstall(int sig)
{
	struct sigaction action;

	if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		set_default(sig);
}

static void
uninstall_all(void)
{
	for_each(uninstall);
	set_default(SIGCHLD);
}

/* The new process: run the command, or tell why not by its errno. */
static void NO_RETURN
become(char *const *argv, exec_child_fn prepare, void *ctx, int fd)
{
	int r;

	child = 0;
	uninstall_all();
	proc_give_pipe();
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
	r = prepare(ctx);
	if (r == 0) {
		mem_unprotect();
		(void)execvp(argv[0], argv);
		r = -errno;
	}
	(void)io_write_all(fd, &r, sizeof(r));
	_exit(127);
}

static int
make_pipe(int fds[2])
{
	int i;

	if (pipe(fds) != 0)
		return -errno;
	for (i = 0; i < 2; i++)
		(void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	return 0;
}

/* With signals held back, or before the handler is installed. */
static void
close_wake(void)
{
	io_close(wake[0]);
	io_close(wake[1]);
	wake[0] = -1;
	wake[1] = -1;
}

/* What the new process has to say: nothing when the command runs. */
static int
read_error(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

/* Fork with all signals held back, so that none is lost before CHILD is
 * set. */
static int
start(char *const *argv, exec_child_fn prepare, void *ctx, int fds[2])
{
	sigset_t all;
	pid_t pid;
	int r = 0;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old_mask);
	/* proc_init() blocked it; the command has the default */
	(void)sigdelset(&old_mask, SIGCHLD);
	for_each(install);
	set_handler(SIGCHLD);
	pid = fork();
	if (pid == 0) {
		io_close(fds[0]);
		become(argv, prepare, ctx, fds[1]);
	}
	if (pid < 0) {
		r = -errno;
		close_wake();
	} else {
		child = pid;
	}
	(void)sigprocmask(SIG_SETMASK, &old_mask, NULL);
	return r;
}

int
exec_child_start(char *const *argv, exec_child_fn prepare, void *ctx)
{
	int fds[2];
	int status;
	int r;

	r = make_pipe(wake);
	if (r != 0)
		return r;
	(void)fcntl(wake[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(wake[1], F_SETFL, O_NONBLOCK);
	r = make_pipe(fds);
	if (r != 0) {
		close_wake();
		return r;
	}
	r = start(argv, prepare, ctx, fds);
	io_close(fds[1]);
	if (r == 0)
		r = read_error(fds[0]);
	io_close(fds[0]);
	while (r != 0 && child != 0 && !exec_child_ended(&status))
		(void)exec_child_wait(-1, -1);
	return r;
}

bool
exec_child_wait(int timeout_ms, int fd)
{
	struct pollfd fds[2] = { { wake[0], POLLIN, 0 }, { fd, POLLIN, 0 } };
	char drain[64];

	/* interrupted: the pipe tells why the next time */
	if (poll(fds, 2, timeout_ms) <= 0)
		return false;
	while (fds[0].revents != 0 && read(wake[0], drain, sizeof(drain)) > 0)
		continue;
	return fds[1].revents != 0;
}

/*
 * The command has stopped by SIG: so do we when that is job control, as whoever
 * waits for us would see of the command itself; a shell takes its terminal
 * back.  But SIGSTOP is sent by another process, which continues the command
 * alone and knows nothing of us.
 */
static void
stop_too(int sig)
{
	bool is_job_control = sig == SIGTSTP || sig == SIGTTIN ||
	    sig == SIGTTOU;

	if (is_job_control && is_installed(SIGTSTP))
		stop_by(SIGTSTP);
}

bool
exec_child_ended(int *ret_status)
{
	bool is_alive;
	sigset_t all;
	sigset_t mask;
	pid_t pid;

	/* once it is reaped its number may be another's: no signal between */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &mask);
	pid = waitpid((pid_t)child, ret_status,
	    WNOHANG | WUNTRACED | WCONTINUED);
	if (pid > 0)
		stopped = WIFSTOPPED(*ret_status);
	is_alive = pid == 0 ||
	    (pid > 0 && (stopped || WIFCONTINUED(*ret_status)));
	if (!is_alive) {
		child = 0;
		close_wake();
	}
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	if (pid > 0 && stopped)
		stop_too(WSTOPSIG(*ret_status));
	return !is_alive;
}

bool
exec_child_was_continued(void)
{
	bool was = continued != 0;

	continued = 0;
	return was;
}

/* Close what is open but for KEEP and the standard ones. */
static void
close_others(int keep)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *entry;
	int64_t fd;

	if (d == NULL)
		return;
	for (entry = readdir(d); entry != NULL; entry = readdir(d))
		if (num_parse(entry->d_name, strlen(entry->d_name),
			STDERR_FILENO + 1, INT32_MAX, &fd) == 0 &&
		    fd != keep && fd != dirfd(d))
			(void)close((int)fd);
	(void)closedir(d);
}

void
exec_child_detach(int keep, int err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t child_only;

	child = 0;
	uninstall_all();
	(void)setsid();
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(err >= 0 ? err : null, STDERR_FILENO);
	close_others(keep);
	wake[0] = -1;
	wake[1] = -1;
	/* as proc_init() has it, and proc_run() wants it */
	(void)sigemptyset(&child_only);
	(void)sigaddset(&child_only, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child_only, NULL);
}

void
exec_child_die(int sig)
{
	sigset_t one;

	set_default(sig);
	(void)sigemptyset(&one);
	(void)sigaddset(&one, sig);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	(void)kill(getpid(), sig);
}
