/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "esc.h"
#include "log.h"

#define LOG_MAX_TEXT 8192
#define LOG_MAX_LINE (4 * LOG_MAX_TEXT + 256)

static const char *log_name = "coco";

void
log_init(const char *name)
{
	log_name = name;
}

static void __attribute__((format(printf, 2, 0)))
emit(const char *before, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT(LOG_MAX_TEXT);
	struct buf line = BUF_INIT(LOG_MAX_LINE);

	if (buf_addv(&text, fmt, ap) != 0)
		(void)buf_adds(&text, "(a message too long to show)");
	(void)buf_addf(&line, "%s: %s", log_name, before);
	(void)esc_visible(&line, buf_str(&text), text.len);
	(void)buf_addc(&line, '\n');
	/* nobody is left to tell when stderr is gone */
	if (write(STDERR_FILENO, buf_str(&line), line.len) < 0)
		errno = 0;
	buf_wipe(&line);
	buf_wipe(&text);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

void
log_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("hint: ", fmt, ap);
	va_end(ap);
}

void
log_lines(const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		log_warn("%.*s", (int)len, text);
	}
}
