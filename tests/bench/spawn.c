/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spawn - measure whole processes, from posix_spawn() until waitpid() returns.
 *
 *	spawn COMMANDS ROUNDS
 *
 * COMMANDS is a file with one command a line, fields parted by tabs: a label,
 * the file that it gets on stdin, a text that must be in what the command
 * prints (- when nothing is asked of it), NAME=VALUE for its environment as
 * often as wanted, the program's path, which begins with /, its arguments.
 * In a round each command runs once, in an order of its own (the same in each
 * run of the program), so that what disturbs the machine falls on all alike and
 * none always comes after the same other, whose pages may still be in a cache.
 * The first rounds are not counted.  A command that fails or answers otherwise
 * ends the program: there is no use in the time of a wrong answer.
 *
 * Prints for each command: label, median, 95th percentile and minimum, in
 * microseconds, parted by tabs.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 32
#define FIELDS_MAX   16
#define TEXT_MAX     16384
#define REQUEST_MAX  1024
#define ANSWER_MAX   4096
#define ROUNDS_MAX   10000
#define WARM_UP      20

struct command {
	char *label;
	char request[REQUEST_MAX];
	size_t request_len;
	char *expect;
	char *argv[FIELDS_MAX];
	char **env;
	double us[ROUNDS_MAX]; /* one for each round */
};

static double
now_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(1, "clock_gettime");
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Read the file PATH into TEXT of SIZE bytes; returns its length. */
static size_t
read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		err(2, "%s", path);
	n = read(fd, text, size);
	if (n < 0)
		err(2, "%s", path);
	if ((size_t)n == size)
		errx(2, "%s: too long", path);
	(void)close(fd);
	text[n] = '\0';
	return (size_t)n;
}

/* Our environment with the COUNT variables of EXTRA, which win. */
static char **
make_env(char **extra, size_t count)
{
	char **env;
	size_t n = count;
	size_t i;

	for (i = 0; environ[i] != NULL; i++)
		n++;
	env = calloc(n + 1, sizeof(*env));
	if (env == NULL)
		err(1, "calloc");
	memcpy(env, extra, count * sizeof(*env));
	memcpy(env + count, environ, i * sizeof(*env));
	return env;
}

static void
parse_command(char *line, struct command *ret_command)
{
	char *extra[FIELDS_MAX];
	size_t extras = 0;
	char *field;
	int n = 0;

	ret_command->label = strsep(&line, "\t");
	field = strsep(&line, "\t");
	if (field == NULL)
		errx(2, "%s: no request", ret_command->label);
	ret_command->request_len = read_file(field, ret_command->request,
	    sizeof(ret_command->request));
	ret_command->expect = strsep(&line, "\t");
	for (field = strsep(&line, "\t"); field != NULL;
	     field = strsep(&line, "\t")) {
		if (n == FIELDS_MAX - 1)
			errx(2, "%s: too many fields", ret_command->label);
		if (n == 0 && field[0] != '/' && extras < FIELDS_MAX) {
			extra[extras++] = field;
			continue;
		}
		ret_command->argv[n++] = field;
	}
	if (n == 0)
		errx(2, "%s: no program", ret_command->label);
	ret_command->env = make_env(extra, extras);
}

/* Split TEXT, which the commands then point into. */
static size_t
parse_commands(char *text, struct command *commands)
{
	char *line;
	size_t n = 0;

	for (line = strsep(&text, "\n"); line != NULL;
	     line = strsep(&text, "\n")) {
		if (line[0] == '\0')
			continue;
		if (n == COMMANDS_MAX)
			errx(2, "too many commands");
		parse_command(line, &commands[n++]);
	}
	return n;
}

/* Read what is in the pipe FD.  A process that lives on, as the daemon of a
 * cache, may still hold its other end, so nobody waits for its close. */
static void
read_answer(int fd, char answer[ANSWER_MAX])
{
	ssize_t n;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		err(1, "fcntl");
	n = read(fd, answer, ANSWER_MAX - 1);
	answer[n > 0 ? n : 0] = '\0';
}

static void
check(const struct command *c, int status, const char *answer)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s: wait status %#x", c->label, (unsigned)status);
	if (strcmp(c->expect, "-") != 0 && strstr(answer, c->expect) == NULL)
		errx(1, "%s: the answer has no %s", c->label, c->expect);
}

/* Run it once.  Request and answer fit into pipes, so that nothing has to be
 * done for them while the clock runs. */
static double
run(const struct command *c)
{
	posix_spawn_file_actions_t files;
	char answer[ANSWER_MAX];
	double start;
	double took;
	int in[2];
	int out[2];
	int status;
	int r;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		err(1, "pipe2");
	if (write(in[1], c->request, c->request_len) != (ssize_t)c->request_len)
		err(1, "write");
	(void)close(in[1]);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	start = now_us();
	r = posix_spawn(&pid, c->argv[0], &files, NULL, c->argv, c->env);
	if (r != 0)
		errx(1, "%s: %s", c->argv[0], strerror(r));
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	took = now_us() - start;
	(void)posix_spawn_file_actions_destroy(&files);
	(void)close(in[0]);
	(void)close(out[1]);
	read_answer(out[0], answer);
	(void)close(out[0]);
	check(c, status, answer);
	return took;
}

/* Put the COUNT numbers in ORDER into another order. */
static void
shuffle(size_t *order, size_t count)
{
	size_t tmp;
	size_t i;
	size_t j;

	for (i = count - 1; i > 0; i--) {
		j = (size_t)random() % (i + 1);
		tmp = order[i];
		order[i] = order[j];
		order[j] = tmp;
	}
}

static void
run_all(struct command *commands, size_t count, int rounds)
{
	size_t order[COMMANDS_MAX];
	struct command *c;
	double us;
	size_t i;
	int round;

	for (i = 0; i < count; i++)
		order[i] = i;
	for (round = 0; round < WARM_UP + rounds; round++) {
		shuffle(order, count);
		for (i = 0; i < count; i++) {
			c = &commands[order[i]];
			us = run(c);
			if (round >= WARM_UP)
				c->us[round - WARM_UP] = us;
		}
	}
}

static int
compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	static char text[TEXT_MAX];
	int rounds = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
	size_t count;
	size_t i;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		errx(2, "usage: spawn COMMANDS ROUNDS");
	(void)read_file(argv[1], text, sizeof(text));
	count = parse_commands(text, commands);
	run_all(commands, count, rounds);
	for (i = 0; i < count; i++) {
		double *us = commands[i].us;

		qsort(us, (size_t)rounds, sizeof(*us), compare);
		printf("%s\t%.1f\t%.1f\t%.1f\n", commands[i].label,
		    us[rounds / 2], us[rounds * 95 / 100], us[0]);
	}
	return 0;
}
