/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snowflake account identifiers and host names, as pure functions on strings
 * (snowflake.md 5.6; the drivers' construct_hostname).
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdbool.h>

#include "buf.h"

/*
 * Append the host name of an account.  ACCOUNT is what people write in a
 * connection: an identifier (myorg-acct, xy12345), a locator with region
 * (xy12345.us-east-1), with ".privatelink", or a whole URL or host name, in
 * any case; '_' becomes '-', because TLS names with '_' fail strict clients.
 * REGION may be NULL; us-west-2 adds nothing, cn-* gives the .cn domain.
 * Returns 0, or -EBADMSG when a label holds anything but [A-Za-z0-9_-] or is
 * empty, with the reason appended to WHY.
 */
int account_host(const char *account, const char *region, struct buf *ret_host,
    struct buf *why);

/*
 * Append the account as the claims of a key-pair JWT want it (snowflake.md 2):
 * in upper case, '_' kept, without region, domain or ".privatelink"; of
 * NAME-HASH.global the name.  Errors as above, and -EBADMSG for
 * "organisation.account", which is no account's name up to the dot.
 */
int account_name(const char *account, struct buf *ret_name, struct buf *why);

#endif
