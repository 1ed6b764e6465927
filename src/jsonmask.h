/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON texts for people to look at: values that are secret are replaced by
 * "***", all other bytes stay.  What is secret is said in mask.h.
 *
 * An object or array that has the name of a secret is masked as a whole.
 * true, false and null are never secret.
 */
#ifndef JSONMASK_H
#define JSONMASK_H

#include <stddef.h>

#include "buf.h"

/* What is shown in the place of a text that is no JSON. */
#define JSONMASK_NOT_SHOWN "(this is not JSON, and cannot be shown)\n"

/* Append the masked text, which is JSON again, or JSONMASK_NOT_SHOWN.  Returns
 * 0 or -EMSGSIZE. */
int jsonmask(const char *text, size_t len, struct buf *ret);

/*
 * The same, but a secret that is not the one that OLD has under the same path
 * is shown as "*** (new)".  An element of an array has its index in the path;
 * of members with the same name the last counts.  All are new when OLD is no
 * JSON.
 */
int jsonmask_since(const char *old, size_t old_len, const char *text,
    size_t len, struct buf *ret);

#endif
