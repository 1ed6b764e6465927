/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of programs to the person who runs them, on stderr: the program's
 * name, the text, a newline, in one write.  Control bytes of the text are
 * escaped, so that hostile input can neither forge a line nor steer the
 * terminal.  Libraries do not call this; they return an error, or fill a
 * buffer with the reason.
 */
#ifndef LOG_H
#define LOG_H

/* Set the name that starts each line; NAME must outlive the program. */
void log_init(const char *name);

/* One line: what happened and why. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One line that tells what to do about it; begins with "hint: ". */
void log_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A reason of several lines (conn.h), each as a line of its own. */
void log_lines(const char *text);

#endif
