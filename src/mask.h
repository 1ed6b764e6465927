/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is secret in a text that people are shown: which names say so, and what
 * gives itself away.  For tomlmask.h and jsonmask.h, which know where names and
 * values are.
 *
 * Of two faults, showing too much and too little, this prefers the second.
 */
#ifndef MASK_H
#define MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* What stands for a secret, and for one that was not there before. */
#define MASK_SAME "***"
#define MASK_NEW  "*** (new)"

/* Bytes that one byte of a text can become in mask_text(). */
#define MASK_GROWTH sizeof(MASK_NEW)

/*
 * Whether the value of what is called NAME is secret: the name contains a word
 * such as "password", in whichever case and with whatever between its letters
 * that is neither letter nor digit, and is not that of a file, a URL, a switch.
 */
bool mask_is_secret_name(const char *name, size_t len);

/*
 * Append LEN bytes, a whole value, to RET_SHOWN, with MARK in the place of each
 * secret in it: the user information of URLs, what comes after "NAME=" when
 * the name is secret, a private key in PEM.  The secrets are appended to
 * RET_HIDDEN, which stays as it is when there are none.  Returns 0 or
 * -EMSGSIZE.
 */
int mask_text(const char *s, size_t len, const char *mark,
    struct buf *ret_shown, struct buf *ret_hidden);

/* Whether mask_text() finds the same secrets in A and in B. */
bool mask_hides_same(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
