/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the sources that take over an inspect-coco login have in common
 * (snowflake.md 6.3, 8.2): which account is meant, how its JSON is read, what
 * the answer of the verb import is, and when import-erase may delete.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "buf.h"
#include "conn.h"
#include "cred.h"
#include "json.h"
#include "result.h"

#define INSPECT_MAX_ACCOUNT 1024

/*
 * Append the account as inspect-coco names it in its caches: blanks around it
 * stripped, the host name of a URL, ".snowflakecomputing.com" dropped, "/" at
 * the end dropped, "_" turned into "-"; upper case stays, except in a URL.
 * -EBADMSG when nothing is left, -EMSGSIZE.
 */
int inspect_account(const char *account, struct buf *ret_account);

/*
 * Load the connection that REQUEST names, and append its account by
 * inspect_account().  not_found when it names none; what went wrong was
 * printed.  The caller frees *RET_CONN with conn_free().
 */
enum result inspect_connection(const struct cred *request,
    struct conn **ret_conn, struct buf *ret_account);

/*
 * Fill the answer of import: the user of the request, else of the connection,
 * and TOKEN; and the string "role" of META (NULL for none).  error, with a
 * message about WHERE, when TOKEN or the role cannot be sent.
 */
enum result inspect_answer(const struct cred *request, const struct conn *c,
    const char *where, const char *token, const struct json *meta,
    struct cred *answer);

/*
 * Whether import-erase may delete what has TOKEN: only what the request shows
 * to have been taken over, so that a login made since then is not lost.
 * success; denied when the request has no oauth_refresh_token; not_found when
 * it is another one.
 */
enum result inspect_may_erase(const struct cred *request, const char *where,
    const char *token);

#endif
