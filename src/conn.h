/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The connection resolver: which section of the user's Snowflake files is
 * meant, and what it says.  Read only.  The rules: snowflake.md 5.
 *
 * Name: argument, COCO_CONNECTION, INSPECT_COCO_SNOWFLAKE_CONNECTION,
 * SNOWFLAKE_DEFAULT_CONNECTION_NAME, default_connection_name of
 * connections.toml, else of config.toml, else "default".
 * Directory: $SNOWFLAKE_HOME, or ~/.snowflake when that is not set; when it
 * does not exist, $XDG_CONFIG_HOME/snowflake.  A leading ~ is expanded.
 * File: connections.toml, even an empty one, hides the [connections.*] of
 * config.toml.
 * Keys: SNOWFLAKE_CONNECTIONS_<NAME>_<KEY>, NAME and KEY in upper case,
 * overrides a key of the section.  Variables that are empty count as unset.
 *
 * Links are followed.  The file that is read must belong to us or root, and
 * neither it nor its directory may be writable by others; readable by others
 * is a warning.
 *
 *	struct conn *c;
 *	r = conn_load(name, &why, &c);
 *	host = conn_hostport(c);
 *	...
 *	conn_free(c);
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "strv.h"

/* Longest text that a reason may become; it may have several lines, "\n"
 * between them, and untrusted parts in it are already escaped (esc.h). */
#define CONN_MAX_WHY 8192

struct conn;

/*
 * Resolve and read a connection.  NAME NULL stands for the default one.
 * Returns 0; -ENOENT when there is no file or no such section (WHY names the
 * files looked for or the connections there are, and the fix); -EACCES when
 * owner or mode forbid it; -EBADMSG for TOML errors (file:line:column: reason)
 * and for a section that cannot be used, such as a bad account or a missing
 * one.  The caller frees *RET_CONN with conn_free(), which wipes it.
 */
int conn_load(const char *name, struct buf *why, struct conn **ret_conn);

/* The default connection's name as the environment gives it, or NULL; *RET_FROM
 * is the variable. */
const char *conn_environment_name(const char **ret_from);

void conn_free(struct conn *c);

/* What was resolved.  Strings live as long as the connection; those that can
 * be missing are NULL then. */
const char *conn_name(const struct conn *c);
/* "-c", a variable, or "default_connection_name in FILE". */
const char *conn_name_source(const struct conn *c);
const char *conn_file(const struct conn *c);
const char *conn_account(const struct conn *c); /* as written */
const char *conn_user(const struct conn *c);
const char *conn_role(const struct conn *c);
/* In upper case, unless it is a URL; the default is SNOWFLAKE, but, as in the
 * Python driver, SNOWFLAKE_JWT where the section has a private key. */
const char *conn_authenticator(const struct conn *c);
const char *conn_protocol(const struct conn *c); /* https or http */
/* host[:port] in lower case, the default port left out. */
const char *conn_hostport(const struct conn *c);
const char *conn_origin(const struct conn *c); /* protocol://hostport */

/*
 * Any key of the section after the overrides: strings as they are, numbers
 * and booleans as TOML text.  NULL when it is absent, or empty.  Secrets live
 * in wiping memory of the connection.
 */
const char *conn_get(const struct conn *c, const char *key);

/* Whether KEY comes from the environment rather than the file. */
bool conn_is_override(const struct conn *c, const char *key);

/* A boolean key (true/false as TOML boolean or as text); FALLBACK if absent. */
bool conn_flag(const struct conn *c, const char *key, bool fallback);

/*
 * OAuth, by snowflake.md 1.8: the origin of the token endpoint (that of
 * oauth_token_request_url, else the connection's; NULL when the key is no URL)
 * and the client id (oauth_client_id, else LOCAL_APPLICATION).  A refresh
 * token belongs to the two of them (THREATS.md T1).
 */
const char *conn_token_origin(const struct conn *c);
const char *conn_client_id(const struct conn *c);

/* What deserves a warning: a file that others can read, an authenticator that
 * we do not know. */
const struct strv *conn_warnings(const struct conn *c);

#endif
