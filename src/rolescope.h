/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The role of a session in an OAuth scope, as Snowflake writes it
 * (snowflake.md 1.3).
 */
#ifndef ROLESCOPE_H
#define ROLESCOPE_H

#include "buf.h"

/* Append the scope token that stands for ROLE, a name as Snowflake stores it.
 * Returns 0 or -EMSGSIZE when B is full. */
int rolescope_add(struct buf *b, const char *role);

/*
 * Append to ROLE, which is empty, the role that SCOPE names, or nothing.  What
 * SCOPE may hold besides is refresh_token.  Returns 0; -EACCES for anything
 * else and for a second role; -EBADMSG for a bad escape; -EMSGSIZE.
 */
int rolescope_read(const char *scope, struct buf *role);

#endif
