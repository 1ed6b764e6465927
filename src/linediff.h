/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is different between two texts, line by line, for people to read.
 */
#ifndef LINEDIFF_H
#define LINEDIFF_H

#include <stddef.h>

#include "buf.h"

/* Up to here the fewest lines are shown that there can be: lines of one text
 * between the first and the last change, and lines changed in both together. */
#define LINEDIFF_MAX_LINES   50000
#define LINEDIFF_MAX_CHANGES 1000

/*
 * Append the hunks of a unified diff without context and without names of
 * files:
 *
 *	@@ -L,N +L,N @@
 *	-line
 *	+line
 *	\ No newline at end of file
 *
 * N is always written.  When it is 0, L is the line before; the first line is
 * line 1.  Lines are shown as esc_visible() makes them.  Nothing is appended
 * for texts that are the same.  Above the limits all between the first and the
 * last change is one hunk.  Returns 0 or -EMSGSIZE.
 */
int linediff(const char *old, size_t old_len, const char *new, size_t new_len,
    struct buf *ret);

#endif
