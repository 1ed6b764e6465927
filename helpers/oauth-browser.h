/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starting the user's browser.  What it gets in argv can be read by every user
 * of the machine, so the URL must be one that is worth nothing (T16).
 *
 * $BROWSER is a list of commands with ':' between them, tried from the left.
 * A command is split at blanks and nothing else: no shell, no quotes.  "%s" in
 * it stands for the URL, which is appended when there is none.  Without
 * $BROWSER it is xdg-open, where there is a display.
 */
#ifndef OAUTH_BROWSER_H
#define OAUTH_BROWSER_H

#include <stdbool.h>
#include <sys/types.h>

#include "strv.h"

/* Append the words of one command of LEN bytes; none when it is blank. */
void oauth_browser_words(const char *command, size_t len, const char *url,
    struct strv *words);

/* Whether a browser may know the environment variable NAME=VALUE: those that
 * hold secrets of ours are kept from it. */
bool oauth_browser_may_see(const char *variable);

/*
 * Start the first command that can be.  It runs in a session of its own, with
 * /dev/null for its standard streams and without any descriptor of ours.
 * Returns 0, *RET_PID is the child then; or -ENOENT when none could be
 * started.
 */
int oauth_browser_start(const char *url, pid_t *ret_pid);

/* Whether the child PID has ended without success, so that no window will
 * come.  A child that ended is reaped and *PID becomes 0. */
bool oauth_browser_failed(pid_t *pid);

#endif
