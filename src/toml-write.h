/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names and strings as TOML 1.0.0 wants them written.
 */
#ifndef TOML_WRITE_H
#define TOML_WRITE_H

#include "buf.h"

/*
 * Append the string S, with quotes, as the value of a key.  Returns 0,
 * -EMSGSIZE, or -EINVAL when S is not UTF-8, which no document can hold.
 */
int toml_write_string(struct buf *b, const char *s);

/* Append NAME as one part of a key: without quotes where it can be.  Returns
 * what toml_write_string() does. */
int toml_write_key(struct buf *b, const char *name);

#endif
