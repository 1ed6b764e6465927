/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Test Anything Protocol for C: each check prints "ok N - name" or "not ok
 * N - name" on stdout, and what differed as "# ..." lines.  Names are printf
 * formats, so that a loop over a table can say which row it is in.
 *
 *	int
 *	main(void)
 *	{
 *		ok(buf_adds(&b, "x") == 0, "a byte fits");
 *		is_int(b.len, 1, "length");
 *		is_str(buf_str(&b), "x", "text");
 *		is_mem(b.data, b.len, "x", 1, "bytes");
 *		return done_testing();
 *	}
 *
 * The value found comes first, the value wanted second.  Each check returns
 * whether it held, for those after it that make no sense otherwise.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) \
	tap_is_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) \
	tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_mem(got, got_len, want, want_len, ...)                            \
	tap_is_mem((got), (got_len), (want), (want_len), __FILE__, __LINE__, \
	    __VA_ARGS__)

static int tap_count;
static int tap_failures;

static inline bool __attribute__((format(printf, 4, 0)))
tap_report(bool held, const char *file, int line, const char *fmt, va_list ap)
{
	tap_count++;
	printf("%sok %d - ", held ? "" : "not ", tap_count);
	vprintf(fmt, ap);
	putchar('\n');
	if (!held) {
		tap_failures++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return held;
}

static inline bool __attribute__((format(printf, 4, 5)))
tap_ok(bool held, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_report(held, file, line, fmt, ap);
	va_end(ap);
	return held;
}

static inline bool __attribute__((format(printf, 5, 6)))
tap_is_int(intmax_t got, intmax_t want, const char *file, int line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_report(got == want, file, line, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("# got %jd, want %jd\n", got, want);
	return got == want;
}

/* Print bytes as one diagnostic line; what does not print as \xHH. */
static inline void
tap_show(const char *label, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	printf("# %s ", label);
	if (p == NULL) {
		printf("NULL\n");
		return;
	}
	putchar('"');
	for (i = 0; i < len; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\')
			printf("\\x%02x", (unsigned int)p[i]);
		else
			putchar(p[i]);
	}
	printf("\" (%zu)\n", len);
}

static inline bool __attribute__((format(printf, 7, 8)))
tap_is_mem(const void *got, size_t got_len, const void *want, size_t want_len,
    const char *file, int line, const char *fmt, ...)
{
	bool held = got_len == want_len && (got == NULL) == (want == NULL);
	va_list ap;

	if (held && want != NULL)
		held = memcmp(got, want, want_len) == 0;
	va_start(ap, fmt);
	tap_report(held, file, line, fmt, ap);
	va_end(ap);
	if (!held) {
		tap_show("got ", got, got_len);
		tap_show("want", want, want_len);
	}
	return held;
}

/* Either may be NULL; two NULLs are equal. */
static inline bool __attribute__((format(printf, 5, 6)))
tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...)
{
	bool held = got == want;
	va_list ap;

	if (got != NULL && want != NULL)
		held = strcmp(got, want) == 0;
	va_start(ap, fmt);
	tap_report(held, file, line, fmt, ap);
	va_end(ap);
	if (!held) {
		tap_show("got ", got, got == NULL ? 0 : strlen(got));
		tap_show("want", want, want == NULL ? 0 : strlen(want));
	}
	return held;
}

/* Count N checks as skipped, because this machine lacks something. */
static inline void
skip(int n, const char *reason)
{
	while (n-- > 0)
		printf("ok %d # SKIP %s\n", ++tap_count, reason);
}

/* Give up on the whole file: nothing that follows can work. */
static inline void __attribute__((noreturn)) bail(const char *reason)
{
	printf("Bail out!  %s\n", reason);
	fflush(stdout);
	exit(1);
}

/* Print the plan; the value is for main() to return. */
static inline int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 ? 0 : 1;
}

#endif
