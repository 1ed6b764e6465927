/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a request for a grant says of a connection (grant.h): the same whoever
 * asks, a person by coco-tokend(8) or coco-deploy(1).
 */
#ifndef GRANTASK_H
#define GRANTASK_H

#include "conn.h"
#include "jsonout.h"
#include "strv.h"

/*
 * Write the object of the connection C: what it is called, whose it is and
 * where it leads, so that the grant says it once and for all.  ROLES are the
 * roles that may be asked for; when there are none, that of the connection.
 */
void grantask_connection(struct jsonout *j, const struct conn *c,
    const struct strv *roles);

/* What secret a sandbox would get for C if that is no short-lived token: "a
 * password"; NULL when it is one (THREATS.md T2). */
const char *grantask_long_lived(const struct conn *c);

#endif
