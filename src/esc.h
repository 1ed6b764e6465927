/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Escaping: text that came from elsewhere, made safe for where it goes.
 */
#ifndef ESC_H
#define ESC_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Append LEN bytes for people to read on a terminal or in a log: control
 * bytes, DEL, bytes that are not UTF-8, and characters that are not seen or
 * turn the direction (U+202E) become \xNN, so that they can neither move the
 * cursor nor forge a line (CVE-2024-50349, CVE-2021-42574).  Returns 0 or
 * -EMSGSIZE.
 */
int esc_visible(struct buf *b, const char *s, size_t len);

/*
 * Append S as a JSON string with its quotes (RFC 8259 7).  S must be UTF-8;
 * bytes that are not become U+FFFD.  Returns 0 or -EMSGSIZE.
 */
int esc_json(struct buf *b, const char *s, size_t len);

/*
 * Append S as text or attribute value of HTML: & < > " ' are replaced.
 * Returns 0 or -EMSGSIZE.
 */
int esc_html(struct buf *b, const char *s, size_t len);

/*
 * Append S as one word of a command for a POSIX shell, always in single quotes
 * / only where it needs them.  Returns 0 or -EMSGSIZE.
 */
int esc_quoted(struct buf *b, const char *s);
int esc_word(struct buf *b, const char *s);

/*
 * Length of the UTF-8 sequence that starts at S with LEN bytes left, 1 to 4;
 * 0 when it is none (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF).
 */
size_t esc_utf8(const char *s, size_t len);

/* Whether S, or LEN bytes of it, are UTF-8 all through. */
bool esc_is_utf8(const char *s);
bool esc_is_utf8_len(const char *s, size_t len);

#endif
