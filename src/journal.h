/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of a daemon: lines on stderr, with a priority in front when the
 * journal reads them (sd-daemon(3), JOURNAL_STREAM of systemd.exec(5)), with
 * the program's name when anybody else does.  No line may hold a secret:
 * names, numbers and results only; what servers and helpers say is not for the
 * log.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

/* The gravest first; syslog(3)'s numbers are another matter. */
enum journal_level {
	JOURNAL_ERROR,
	JOURNAL_WARNING,
	JOURNAL_INFO,
	JOURNAL_DEBUG
};

/* NAME must outlive the program. */
void journal_init(const char *name);

/* Nothing below LEVEL is written from now on. */
void journal_set_level(enum journal_level level);

/* One line; control bytes of the text are escaped. */
void journal(enum journal_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A text of several lines, each as a line of its own. */
void journal_lines(enum journal_level level, const char *text);

#endif
