/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A byte buffer that grows up to a mandatory maximum and is wiped whenever it
 * lets go of memory: on growth, on clear and on release.  So any buffer may
 * hold a secret.
 *
 *	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
 *	r = buf_adds(&b, "protocol=https\n");
 *	...
 *	buf_wipe(&b);
 *
 * Invariants: LEN <= MAX; the byte after the last one is NUL, so that
 * buf_str() is always a string; a fresh or wiped buffer owns no memory.  An
 * add that does not fit fails with -EMSGSIZE and changes nothing.
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap; /* bytes allocated, one more than can be used */
	size_t max; /* most bytes that it may ever hold */
};

#define BUF_INIT(maximum)             \
	{                             \
		NULL, 0, 0, (maximum) \
	}

/* Append LEN bytes / a string / one byte.  Returns 0 or -EMSGSIZE. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);

/* Append printf-like.  Returns 0, -EMSGSIZE, or -EINVAL for a bad format. */
int buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int buf_addv(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* The same as a line of its own: behind a newline, unless B is empty. */
int buf_add_line(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Make room for LEN more bytes and return where they go; the caller writes
 * there and then calls buf_grew() with the number written.  NULL when they
 * would pass the maximum.
 */
char *buf_space(struct buf *b, size_t len);
void buf_grew(struct buf *b, size_t len);

/* The content as a string ("" when empty); valid until the next change. */
const char *buf_str(const struct buf *b);

/* Whether the content is exactly the string S, in constant time for equal
 * lengths. */
bool buf_equals(const struct buf *b, const char *s);

/* Drop all but the first LEN bytes; the rest is wiped. */
void buf_truncate(struct buf *b, size_t len);

/* Drop the first LEN bytes, at most all. */
void buf_cut(struct buf *b, size_t len);

/* Empty, wiped and reusable; memory and maximum stay. */
void buf_clear(struct buf *b);

/* Wipe and release; the buffer stays usable with its maximum.  NULL is fine. */
void buf_wipe(struct buf *b);

/* Move SRC into DST, whose old content is wiped; SRC becomes empty. */
void buf_move(struct buf *dst, struct buf *src);

#endif
