/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Letters and control characters of ASCII, whatever the locale says.
 */
#ifndef ASCII_H
#define ASCII_H

#include <stdbool.h>

#include "buf.h"

/* C, in the other case if it is a letter. */
char ascii_lower(char c);
char ascii_upper(char c);

/* Append S in upper case.  Returns 0, or -EMSGSIZE with B as it was. */
int ascii_add_upper(struct buf *b, const char *s);

/* Whether S has a control character, which would end a line, or DEL. */
bool ascii_has_control(const char *s);

#endif
