/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine_exec() and engine_become(): a program that runs in a container.
 */
#include "coco.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "engine-priv.h"
#include "esc.h"
#include "mem.h"

void
engine_add_command(struct engine_run *run, const struct engine_command *command,
    const char *how)
{
	size_t i;

	strv_add(&run->argv, how);
	if (command->user != NULL) {
		strv_add(&run->argv, "--user");
		strv_add(&run->argv, command->user);
	}
	for (i = 0; command->env != NULL && i < command->env->len; i++) {
		strv_add(&run->argv, "--env");
		strv_add(&run->argv, command->env->v[i]);
	}
	strv_add(&run->argv, "--");
	strv_add(&run->argv, run->e->container);
	strv_add_all(&run->argv, command->argv);
}

/* What the client would understand otherwise: a variable without a value is
 * taken from its own environment. */
static int
check_command(const struct engine_command *command, struct buf *why)
{
	const char *equals;
	size_t i;

	for (i = 0; command->env != NULL && i < command->env->len; i++) {
		equals = strchr(command->env->v[i], '=');
		if (equals != NULL && equals != command->env->v[i])
			continue;
		(void)buf_adds(why, "no NAME=VALUE for the environment");
		return -EINVAL;
	}
	if (command->user != NULL &&
	    (command->user[0] == '\0' || command->user[0] == '-')) {
		(void)buf_adds(why, "no user to run a program as");
		return -EINVAL;
	}
	if (command->argv->len == 0 || command->argv->v[0][0] == '\0') {
		(void)buf_adds(why, "no program to run");
		return -EINVAL;
	}
	return 0;
}

/* Append what was said, a line for each line, as a person may read it. */
static void
add_lines(const struct buf *err, struct buf *why)
{
	const char *s = buf_str(err);
	size_t len;

	for (; *s != '\0'; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		(void)esc_visible(why, s, len);
		(void)buf_addc(why, '\n');
	}
}

int
engine_exec(const struct engine *e, const struct engine_command *command,
    const struct buf *in, struct buf *out, struct buf *why, int *ret_status)
{
	struct engine_run run;
	int r;

	r = check_command(command, why);
	if (r != 0)
		return r;
	r = engine_run_init(&run, e, "exec", why);
	if (r == 0) {
		engine_add_command(&run, command, "-i");
		r = engine_run(&run, in, out, why, ret_status);
	}
	if (r == 0)
		add_lines(&run.err, why);
	engine_run_clear(&run);
	return r;
}

int
engine_start(const struct engine *e, const struct engine_command *command,
    struct buf *why)
{
	struct buf out = BUF_INIT(ENGINE_MAX_WHY);
	struct engine_run run;
	int r;

	r = check_command(command, why);
	if (r != 0)
		return r;
	r = engine_run_init(&run, e, "exec", why);
	if (r == 0) {
		engine_add_command(&run, command, "--detach");
		r = engine_run_ok(&run, &out, why);
	}
	engine_run_clear(&run);
	buf_wipe(&out);
	return r;
}

/* As it was before proc_init() and mem_protect(). */
static void
give_back(void)
{
	sigset_t child;

	proc_give_pipe();
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_UNBLOCK, &child, NULL);
	mem_unprotect();
}

int
engine_become(const struct engine *e, const struct engine_command *command,
    struct buf *why)
{
	bool tty = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
	struct engine_run run;
	int r;

	r = check_command(command, why);
	if (r != 0)
		return r;
	r = engine_run_init(&run, e, "exec", why);
	if (r == 0) {
		engine_add_command(&run, command, tty ? "-it" : "-i");
		give_back();
		(void)execv(run.argv.v[0], run.argv.v);
		r = engine_broken(&run, -errno, why);
	}
	engine_run_clear(&run);
	return r;
}
