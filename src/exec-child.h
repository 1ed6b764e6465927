/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command of `exec': started as env(1) would start it, with stdin, stdout
 * and stderr untouched; signals that are sent to us alone are passed on to it,
 * and its end is ours.  One at a time.
 *
 * What the terminal sends reaches the whole foreground group, the command
 * included, and is not passed on.  What another process sends to the group is,
 * so the command gets it twice: POSIX does not tell whom a signal was sent to.
 * A signal that was ignored when we started (nohup(1)) stays ignored for both.
 *
 * When job control stops the command, we stop as well, and continue it when we
 * are continued.  SIGSTOP stops the command alone, for who sends that continues
 * it alone as well (cpulimit(1)); ^Z stops us then, so that no terminal hangs.
 *
 *	r = exec_child_start(argv, prepare, ctx);
 *	while (!exec_child_ended(&status))
 *		exec_child_wait(timeout_ms, fd);
 */
#ifndef EXEC_CHILD_H
#define EXEC_CHILD_H

#include <stdbool.h>

/* Called in the new process before the command: it may change the environment.
 * Returns 0 or negative errno. */
typedef int (*exec_child_fn)(void *ctx);

/*
 * Start ARGV, which ends with NULL; argv[0] is looked up in PATH.  Returns 0,
 * or negative errno when it could not be executed: -ENOENT is "not found".
 */
int exec_child_start(char *const *argv, exec_child_fn prepare, void *ctx);

/* Sleep until the command may have ended, FD (if not negative) can be read, or
 * TIMEOUT_MS have passed.  Returns whether FD can be read. */
bool exec_child_wait(int timeout_ms, int fd);

/* Whether it has ended; *RET_STATUS is then as waitpid() gives it. */
bool exec_child_ended(int *ret_status);

/* Whether a SIGCONT came since the last call: we were stopped, and do not know
 * for how long. */
bool exec_child_was_continued(void);

/*
 * For a process that was forked from us and may outlive us: a session of its
 * own, default signals, no part in the command's.  Descriptors but KEEP are
 * closed, so that nobody waits for this process to close them; stdin and
 * stdout become /dev/null, and stderr too, unless ERR is not negative.
 */
void exec_child_detach(int keep, int err);

/* End this process by the signal SIG, without a core.  Returns if that does
 * not work. */
void exec_child_die(int sig);

#endif
