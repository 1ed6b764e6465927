/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The launcher, with this program in place of coco-credential: what it does
 * then is said by the name of the stack.
 */
#include "coco.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "io.h"
#include "launcher-priv.h"
#include "launcher.h"
#include "tap.h"

static char program[4096];
static char dir[] = "/tmp/coco-test-launcher.XXXXXX";

/*
 * The stand-in.
 */

static void
show_fds(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	int n = 0;

	for (entry = readdir(d); entry != NULL; entry = readdir(d))
		if (entry->d_name[0] != '.' &&
		    strtol(entry->d_name, NULL, 10) != dirfd(d))
			n++;
	(void)closedir(d);
	printf("%d descriptors\n", n);
}

/* A set of signals in our status, without those above 31: glibc ignores some of
 * its own in what it spawns. */
static void
show_signals(const char *name)
{
	struct buf status = BUF_INIT(65536);
	const char *at;

	(void)io_read_file("/proc/self/status", &status);
	at = strstr(buf_str(&status), name) + strlen(name);
	printf("%s %llx\n", name, strtoull(at, NULL, 16) & 0x7fffffff);
	buf_wipe(&status);
}

static int
show(char **argv)
{
	const char *off = getenv("COCO_TOKEND");
	int c;

	for (argv++; *argv != NULL; argv++)
		printf("[%s]", *argv);
	printf("\nCOCO_TOKEND=%s\n", off != NULL ? off : "(none)");
	show_fds("/proc/self/fd");
	show_signals("SigBlk:");
	show_signals("SigIgn:");
	printf("group %s\n", getpgrp() == getpid() ? "own" : "not own");
	printf("terminal %s\n",
	    open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 ? "none" : "there");
	for (c = getchar(); c != EOF; c = getchar())
		putchar(c);
	fputs("on stderr\n", stderr);
	return 0;
}

static int
stand_in(char **argv)
{
	const char *stack = argv[6];
	char c;

	if (strcmp(stack, "show") == 0)
		return show(argv);
	if (strncmp(stack, "status-", 7) == 0)
		return (int)strtol(stack + 7, NULL, 10);
	if (strcmp(stack, "kill") == 0)
		(void)raise(SIGKILL);
	if (strcmp(stack, "slow") == 0)
		while (read(STDIN_FILENO, &c, 1) > 0)
			continue;
	if (strcmp(stack, "hang") == 0) {
		/* a helper that hangs as well */
		(void)!fork();
		for (;;)
			(void)pause();
	}
	puts("done");
	return 0;
}

/*
 * The daemon.
 */

struct pipes {
	int in;
	int out;
	int err;
};

static void
close_pipes(const struct pipes *p)
{
	io_close(p->in);
	io_close(p->out);
	io_close(p->err);
}

static void
make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) != 0)
		bail("pipe2");
}

/* Ask for a run of STACK with pipes, whose other ends go to RET_PIPES. */
static int
ask(struct launcher *l, uint64_t id, const char *stack, int64_t timeout_s,
    struct pipes *ret_pipes)
{
	int in[2];
	int out[2];
	int err[2];
	struct launch launch = { id, STACK_GET, stack, timeout_s, -1, -1, -1 };
	int r;

	make_pipe(in);
	make_pipe(out);
	make_pipe(err);
	launch.in = in[0];
	launch.out = out[1];
	launch.err = err[1];
	r = launcher_ask(l, &launch);
	ok(fcntl(in[0], F_GETFD) >= 0 && fcntl(out[1], F_GETFD) >= 0 &&
		fcntl(err[1], F_GETFD) >= 0,
	    "the descriptors are still ours");
	io_close(in[0]);
	io_close(out[1]);
	io_close(err[1]);
	*ret_pipes = (struct pipes){ in[1], out[0], err[0] };
	return r;
}

/* Wait for one report. */
static void
report(struct launcher *l, uint64_t want_id, int want_status, const char *name)
{
	struct pollfd p = { l->fd, POLLIN, 0 };
	uint64_t id = 0;
	int status = -5;

	(void)poll(&p, 1, 60000);
	is_int(launcher_report(l, &id, &status), 0, "a report: %s", name);
	is_int((intmax_t)id, (intmax_t)want_id, "its id");
	is_int(status, want_status, "its status");
}

static void
nothing_to_report(struct launcher *l, int want)
{
	struct pollfd p = { l->fd, POLLIN, 0 };
	uint64_t id = 77;
	int status = -5;

	if (want == -EPIPE)
		(void)poll(&p, 1, 60000);
	is_int(launcher_report(l, &id, &status), want, "no report");
	ok(id == 77 && status == -5, "and nothing of one");
}

/* Read PIPE to its end. */
static void
says(int pipe, const char *want, const char *name)
{
	struct buf text = BUF_INIT(65536);

	(void)io_read_all(pipe, &text);
	is_str(buf_str(&text), want, "%s", name);
	io_close(pipe);
	buf_wipe(&text);
}

static void
begin(const char *path, struct launcher *ret_launcher)
{
	is_int(launcher_start(path, ret_launcher), 0, "a launcher of %s", path);
	is_int(fcntl(ret_launcher->fd, F_GETFD), FD_CLOEXEC, "close-on-exec");
	ok((fcntl(ret_launcher->fd, F_GETFL) & O_NONBLOCK) != 0,
	    "non-blocking");
	nothing_to_report(ret_launcher, -EAGAIN);
}

/* It has to end by itself. */
static void
finish(struct launcher *l)
{
	int status = -1;

	launcher_stop(l);
	(void)waitpid(l->pid, &status, 0);
	is_int(status, 0, "the launcher ends");
}

static void
test_run(void)
{
	struct launcher l = LAUNCHER_INIT;
	struct pipes p;
	const uint64_t id = UINT64_C(0xfedcba9876543210);

	(void)setenv("COCO_TOKEND", "unix:/nowhere", 1);
	begin(program, &l);
	is_int(ask(&l, id, "show", 30, &p), 0, "a run");
	(void)io_write_all(p.in, "line\n", 5);
	io_close(p.in);
	says(p.out,
	    "[--no-daemon][--for-tokend][--timeout][30][--stack][show][get]\n"
	    "COCO_TOKEND=off\n"
	    "3 descriptors\n"
	    "SigBlk: 0\n"
	    "SigIgn: 0\n"
	    "group own\n"
	    "terminal none\n"
	    "line\n",
	    "its stdout");
	says(p.err, "on stderr\n", "its stderr");
	report(&l, id, 0, "it is over");
	nothing_to_report(&l, -EAGAIN);
	finish(&l);
	(void)unsetenv("COCO_TOKEND");
}

static void
test_statuses(void)
{
	static const struct {
		const char *stack;
		int want;
	} rows[] = {
		{ "status-0", 0 },
		{ "status-3", 3 },
		{ "status-75", 75 },
		{ "status-255", 255 },
		{ "kill", 128 + SIGKILL },
	};
	struct launcher l = LAUNCHER_INIT;
	struct pipes p;
	size_t i;

	begin(program, &l);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		is_int(ask(&l, i, rows[i].stack, 30, &p), 0, "ask");
		report(&l, i, rows[i].want, rows[i].stack);
		close_pipes(&p);
	}
	finish(&l);
}

/* What the daemon's side does not even send. */
static void
test_asks(void)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz_-012345"
				      "abcdefghijklmnopqrstuvwxyz_-0123456";
	static const struct launch rows[] = {
		{ 1, STACK_VERBS, "a", 30, 0, 1, 2 },
		{ 1, STACK_GET, "", 30, 0, 1, 2 },
		{ 1, STACK_GET, "../a", 30, 0, 1, 2 },
		{ 1, STACK_GET, longest, 30, 0, 1, 2 },
		{ 1, STACK_GET, "a", 0, 0, 1, 2 },
		{ 1, STACK_GET, "a", -1, 0, 1, 2 },
		{ 1, STACK_GET, "a", LAUNCHER_MAX_TIMEOUT_S + 1, 0, 1, 2 },
		{ 1, STACK_GET, "a", 30, -1, 1, 2 },
		{ 1, STACK_GET, "a", 30, 0, -1, 2 },
		{ 1, STACK_GET, "a", 30, 0, 1, -1 },
	};
	struct launcher l = LAUNCHER_INIT;
	size_t i;

	is_int(launcher_start("coco-credential", &l), -EINVAL,
	    "a program without a path");
	is_int(l.fd, -1, "no launcher");
	begin(program, &l);
	for (i = 0; i < ARRAY_LEN(rows); i++)
		is_int(launcher_ask(&l, &rows[i]), -EINVAL, "row %zu", i);
	nothing_to_report(&l, -EAGAIN);
	finish(&l);
}

/* Send LEN bytes and COUNT descriptors, as a daemon that was taken over. */
static void
send_raw(struct launcher *l, const void *data, size_t len, size_t count)
{
	int fds[4] = { STDIN_FILENO, STDERR_FILENO, STDERR_FILENO,
		STDERR_FILENO };
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(sizeof(fds))];
	} control;
	char copy[256];
	struct iovec iov = { copy, len };
	struct msghdr msg;
	struct cmsghdr *cmsg;

	memcpy(copy, data, len);
	memset(&control, 0, sizeof(control));
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (count != 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = (struct cmsghdr *)&control;
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	is_int(sendmsg(l->fd, &msg, 0), (intmax_t)len, "sent");
}

static void
test_forged(void)
{
	static const struct {
		const char *name;
		struct launcher_request req;
		size_t len;
	} rows[] = {
		{ "a short one", { 1, 30, 0, "kill" }, 87 },
		{ "a long one", { 1, 30, 0, "kill" }, 89 },
		{ "one byte", { 1, 30, 0, "kill" }, 1 },
		{ "no such verb", { 1, 30, STACK_VERBS, "kill" }, 88 },
		{ "verb -1", { 1, 30, UINT32_MAX, "kill" }, 88 },
		{ "no time", { 1, 0, 0, "kill" }, 88 },
		{ "negative time", { 1, INT64_MIN, 0, "kill" }, 88 },
		{ "too much time", { 1, INT64_MAX, 0, "kill" }, 88 },
		{ "a path", { 1, 30, 0, "a/b" }, 88 },
		{ "a path", { 1, 30, 0, "/etc/passwd" }, 88 },
		{ "a newline", { 1, 30, 0, "kill\n" }, 88 },
		{ "more after the NUL", { 1, 30, 0, "kill\0 --config" }, 88 },
		{ "no NUL",
		    { 1, 30, 0,
			"0123456789012345678901234567890123456789"
			"0123456789012345678901234567" },
		    88 },
	};
	struct launcher l = LAUNCHER_INIT;
	char packet[89];
	size_t i;

	is_int(sizeof(struct launcher_request), 88, "size of a request");
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin(program, &l);
		memset(packet, 0, sizeof(packet));
		memcpy(packet, &rows[i].req, sizeof(rows[i].req));
		send_raw(&l, packet, rows[i].len, 3);
		printf("# %s\n", rows[i].name);
		/* it ended, and there was no run to report */
		nothing_to_report(&l, -EPIPE);
		finish(&l);
	}
}

static void
test_descriptors(void)
{
	static const struct launcher_request req = { 9, 30, 0, "kill" };
	static const size_t counts[] = { 0, 1, 2, 4 };
	struct launcher l = LAUNCHER_INIT;
	size_t i;

	begin(program, &l);
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		send_raw(&l, &req, sizeof(req), counts[i]);
		report(&l, 9, LAUNCHER_NOT_STARTED, "not three descriptors");
	}
	send_raw(&l, &req, sizeof(req), 3);
	report(&l, 9, 128 + SIGKILL, "three");
	finish(&l);
}

static void
test_not_there(void)
{
	struct launcher l = LAUNCHER_INIT;
	struct pipes p;

	begin("/nonexistent/coco-credential", &l);
	is_int(ask(&l, 5, "show", 30, &p), 0, "ask");
	report(&l, 5, LAUNCHER_NOT_STARTED, "no such program");
	says(p.out, "", "nothing on stdout");
	io_close(p.in);
	io_close(p.err);
	finish(&l);
}

/* How many descriptors PID has, or -1 when that is not for us to know. */
static int
descriptors_of(pid_t pid)
{
	const struct dirent *entry;
	char path[64];
	DIR *d;
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (d == NULL)
		return -1;
	for (entry = readdir(d); entry != NULL; entry = readdir(d))
		n += entry->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* What the daemon has open does not stay open in the launcher, and signals do
 * not end it. */
static void
test_isolation(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
		SIGQUIT };
	struct launcher l = LAUNCHER_INIT;
	struct pipes p;
	const char *preload = getenv("LD_PRELOAD");
	struct pollfd end = { -1, POLLIN, 0 };
	int fds[2];
	int n;
	size_t i;

	make_pipe(fds);
	begin(program, &l);
	io_close(fds[1]);
	/* not yet there when the launcher has not come to it */
	end.fd = fds[0];
	(void)poll(&end, 1, 10000);
	is_int(end.revents, POLLHUP, "the end of a pipe of the daemon's");
	io_close(fds[0]);
	for (i = 0; i < ARRAY_LEN(signals); i++)
		(void)kill(l.pid, signals[i]);
	is_int(ask(&l, 1, "status-4", 30, &p), 0, "after signals");
	report(&l, 1, 4, "it still works");
	close_pipes(&p);
	is_int(getsid(l.pid), l.pid, "a session of its own");
	n = descriptors_of(l.pid);
	if (n < 0 || (preload != NULL && strstr(preload, "vgpreload") != NULL))
		skip(1, "they are not for us to see, or valgrind has more");
	else
		is_int(n, 5, "/dev/null twice, stderr, socket, signalfd");
	finish(&l);
}

static void
test_deadline(void)
{
	struct launcher l = LAUNCHER_INIT;
	int64_t begun = clock_ms();
	struct pipes p;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		bail("socketpair");
	l.fd = fds[0];
	l.pid = fork();
	if (l.pid == 0)
		launcher_serve(fds[1], program, 0);
	io_close(fds[1]);
	is_int(ask(&l, 1, "hang", 1, &p), 0, "a run that hangs");
	report(&l, 1, 128 + SIGKILL, "is killed");
	ok(clock_ms() - begun >= 1000, "not before its time");
	ok(clock_ms() - begun < 20000, "and not long after");
	says(p.out, "", "its helper is gone as well");
	io_close(p.in);
	io_close(p.err);
	finish(&l);
	is_int(LAUNCHER_GRACE_MS, 120000, "usually there are two minutes more");
}

/* The daemon goes while a refresh is under way. */
static void
test_gone(void)
{
	struct launcher l = LAUNCHER_INIT;
	struct pipes slow;
	struct pipes other;
	int status = -1;

	begin(program, &l);
	is_int(ask(&l, 1, "slow", 30, &slow), 0, "a run");
	is_int(ask(&l, 2, "status-5", 30, &other), 0, "another");
	report(&l, 2, 5, "it is over, so the first was started");
	close_pipes(&other);
	launcher_stop(&l);
	is_int(waitpid(l.pid, &status, WNOHANG), 0, "the launcher waits");
	io_close(slow.in);
	says(slow.out, "done\n", "the run is not cut");
	io_close(slow.err);
	finish(&l);
}

/* The daemon has gone before the launcher came to its request. */
static void
test_late(void)
{
	struct launcher l = LAUNCHER_INIT;
	struct pipes p;
	int status;

	begin(program, &l);
	(void)kill(l.pid, SIGSTOP);
	(void)waitpid(l.pid, &status, WUNTRACED);
	is_int(ask(&l, 1, "slow", 30, &p), 0, "a run");
	launcher_stop(&l);
	(void)kill(l.pid, SIGCONT);
	io_close(p.in);
	says(p.out, "", "is not started any more");
	io_close(p.err);
	finish(&l);
}

/* The launcher itself goes. */
static void
test_killed(void)
{
	const struct launch launch = { 1, STACK_GET, "a", 30, 0, 1, 2 };
	struct launcher l = LAUNCHER_INIT;

	begin(program, &l);
	(void)kill(l.pid, SIGKILL);
	(void)waitpid(l.pid, NULL, 0);
	nothing_to_report(&l, -EPIPE);
	is_int(launcher_ask(&l, &launch), -EPIPE, "nobody to ask");
	launcher_stop(&l);
}

/* Ask for COUNT runs of a program that waits for the end of IN. */
static size_t
ask_many(struct launcher *l, size_t count, int in)
{
	struct launch launch = { 0, STACK_GET, "a", 30, in, STDERR_FILENO,
		STDERR_FILENO };
	struct pollfd p = { l->fd, POLLOUT, 0 };
	size_t n = 0;
	int r = 0;

	while (n < count && (r == 0 || r == -EAGAIN)) {
		if (r == -EAGAIN)
			(void)poll(&p, 1, 60000);
		launch.id = n;
		r = launcher_ask(l, &launch);
		if (r == 0)
			n++;
	}
	return n;
}

static void
test_many(void)
{
	static const char script[] = "#!/bin/sh\nread line\nexit 6\n";
	struct launcher l = LAUNCHER_INIT;
	struct pollfd p = { -1, POLLIN, 0 };
	char path[64];
	uint64_t id;
	int fds[2];
	int status = 0;
	int fd;
	int i;

	(void)snprintf(path, sizeof(path), "%s/script", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	(void)io_write_all(fd, script, sizeof(script) - 1);
	io_close(fd);
	make_pipe(fds);
	begin(path, &l);
	is_int((intmax_t)ask_many(&l, LAUNCHER_MAX_RUNS, fds[0]),
	    LAUNCHER_MAX_RUNS, "as many as there may be");
	is_int((intmax_t)ask_many(&l, 1, fds[0]), 1, "one more");
	report(&l, 0, LAUNCHER_NOT_STARTED, "is too much");
	io_close(fds[0]);
	io_close(fds[1]);
	p.fd = l.fd;
	for (i = 0; i < LAUNCHER_MAX_RUNS; i++) {
		(void)poll(&p, 1, 60000);
		if (launcher_report(&l, &id, &status) != 0 || status != 6)
			break;
	}
	is_int(i, LAUNCHER_MAX_RUNS, "all end");
	is_int((intmax_t)ask_many(&l, 1, STDIN_FILENO), 1, "there is room");
	report(&l, 0, 6, "again");
	finish(&l);
	(void)unlink(path);
}

int
main(int argc, char **argv)
{
	ssize_t n;

	if (argc > 1 && strcmp(argv[1], "--no-daemon") == 0)
		return stand_in(argv);
	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (n < 0 || mkdtemp(dir) == NULL)
		bail("readlink, mkdtemp");
	/* as nohup(1) leaves it to us */
	(void)sigaction(SIGHUP, &(struct sigaction){ .sa_handler = SIG_IGN },
	    NULL);
	test_run();
	test_statuses();
	test_asks();
	test_forged();
	test_descriptors();
	test_not_there();
	test_isolation();
	test_deadline();
	test_gone();
	test_late();
	test_killed();
	test_many();
	(void)rmdir(dir);
	return done_testing();
}
