/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "esc.h"
#include "io.h"
#include "journal.h"

#define MAX_LINE 4096

/* syslog(3)'s numbers. */
static const int priorities[] = { 3, 4, 6, 7 };

static const char *name = "?";
static enum journal_level least = JOURNAL_INFO;
static bool is_journal;

/* Whether stderr is what the variable says: it may be another's. */
static bool
stderr_is(const char *stream)
{
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(ours, stream) == 0;
}

void
journal_init(const char *program)
{
	name = program;
	is_journal = stderr_is(getenv("JOURNAL_STREAM"));
}

void
journal_set_level(enum journal_level level)
{
	least = level;
}

static void
write_line(enum journal_level level, const char *text, size_t len)
{
	struct buf b = BUF_INIT(2 * MAX_LINE);

	if (is_journal)
		(void)buf_addf(&b, "<%d>", priorities[level]);
	else
		(void)buf_addf(&b, "%s: ", name);
	(void)esc_visible(&b, text, len);
	(void)buf_addc(&b, '\n');
	(void)io_write_all(STDERR_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
}

void
journal(enum journal_level level, const char *fmt, ...)
{
	struct buf text = BUF_INIT(MAX_LINE);
	va_list ap;

	if (level > least)
		return;
	va_start(ap, fmt);
	(void)buf_addv(&text, fmt, ap);
	va_end(ap);
	write_line(level, buf_str(&text), text.len);
	buf_wipe(&text);
}

void
journal_lines(enum journal_level level, const char *text)
{
	size_t len;

	for (; *text != '\0' && level <= least; text += len) {
		len = strcspn(text, "\n");
		write_line(level, text, len);
		if (text[len] == '\n')
			len++;
	}
}
