/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TOML texts for people to look at: values that are secret are replaced by
 * "***", all other bytes stay.  What is secret is said in mask.h.
 *
 * A table or array below the name of a secret is masked with all that is in
 * it, but the names below `connections' were chosen by people and mean nothing.
 * Truth values are never secret.  In a comment that looks like a key and its
 * value, the same names count; a secret elsewhere in a comment is not found.
 */
#ifndef TOMLMASK_H
#define TOMLMASK_H

#include <stddef.h>

#include "buf.h"

/* What is shown in the place of a text that is no TOML. */
#define TOMLMASK_NOT_SHOWN "(this is not TOML, and cannot be shown)\n"

/*
 * Append the masked text, or TOMLMASK_NOT_SHOWN.  The former is TOML again,
 * unless there are names that differ in secrets alone.  Returns 0 or -EMSGSIZE.
 */
int tomlmask(const char *text, size_t len, struct buf *ret);

/*
 * The same, but a secret that is not the one that OLD has under the same path
 * is shown as "*** (new)".  An element of an array has its index in the path.
 * All are new when OLD is no TOML.
 */
int tomlmask_since(const char *old, size_t old_len, const char *text,
    size_t len, struct buf *ret);

#endif
