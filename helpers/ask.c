/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "clock.h"
#include "io.h"

/* The kernel's line discipline gives at most 4095 bytes and a newline. */
#define LINE_SIZE 4096

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
	caught = number;
}

/* The signals that end a process from the keyboard or from outside. */
static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

struct guard {
	struct sigaction actions[ARRAY_LEN(fatal)];
	sigset_t mask;
};

/*
 * From here on fatal signals are noted, and arrive in ppoll() only, so that
 * none can come between a look and a read.  A stop from the keyboard waits
 * until the terminal is as it was.
 */
static void
take_signals(struct guard *g)
{
	struct sigaction action;
	sigset_t held;
	size_t i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTSTP);
	for (i = 0; i < ARRAY_LEN(fatal); i++)
		(void)sigaddset(&held, fatal[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &g->mask);
	for (i = 0; i < ARRAY_LEN(fatal); i++)
		(void)sigaction(fatal[i], &action, &g->actions[i]);
	caught = 0;
}

static void
give_signals(const struct guard *g)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(fatal); i++)
		(void)sigaction(fatal[i], &g->actions[i], NULL);
	if (caught != 0)
		(void)raise(caught);
	(void)sigprocmask(SIG_SETMASK, &g->mask, NULL);
}

/* Append what one read gives, once there is something. */
static int
read_line(int fd, int64_t deadline_ms, const struct guard *g, struct buf *line)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	int64_t left = deadline_ms - clock_ms();
	struct timespec ts = { 0, 0 };
	sigset_t mask = g->mask;
	char *to = buf_space(line, LINE_SIZE);
	ssize_t n;
	int ready;

	if (to == NULL)
		return -EMSGSIZE;
	if (left > 0)
		ts = (struct timespec){ left / 1000, left % 1000 * 1000000L };
	(void)sigaddset(&mask, SIGTSTP);
	ready = ppoll(&pfd, 1, &ts, &mask);
	if (ready <= 0)
		return ready == 0 ? -ETIMEDOUT : -errno;
	n = read(fd, to, LINE_SIZE);
	if (n <= 0)
		return n == 0 ? -EPIPE : -errno;
	buf_grew(line, (size_t)n);
	return 0;
}

static int
converse(int fd, const char *prompt, int64_t deadline_ms, const struct guard *g,
    struct buf *line)
{
	struct termios before;
	struct termios hidden;
	int r;

	if (tcgetattr(fd, &before) != 0)
		return -errno;
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	hidden.c_lflag |= ICANON | ISIG;
	/* what was typed before the question is not the answer */
	if (tcsetattr(fd, TCSAFLUSH, &hidden) != 0)
		return -errno;
	r = io_write_all(fd, prompt, strlen(prompt));
	if (r == 0)
		r = read_line(fd, deadline_ms, g, line);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	(void)io_write_all(fd, "\n", 1);
	return r;
}

int
ask_hidden(const char *prompt, int64_t deadline_ms, struct buf *ret_line)
{
	struct buf line = BUF_INIT(LINE_SIZE);
	struct guard g;
	int fd;
	int r;

	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -ENXIO;
	take_signals(&g);
	r = converse(fd, prompt, deadline_ms, &g, &line);
	give_signals(&g);
	if (r == 0 && line.data[line.len - 1] == '\n')
		buf_truncate(&line, line.len - 1);
	if (r == 0)
		r = buf_add(ret_line, buf_str(&line), line.len);
	buf_wipe(&line);
	io_close(fd);
	return r;
}
