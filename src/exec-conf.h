/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the command of `exec' is given: the text of its connections.toml and
 * config.toml, and its environment.  Only paths and names are in either of
 * them; the token is in a file of its own (THREATS.md T18).
 */
#ifndef EXEC_CONF_H
#define EXEC_CONF_H

#include <stdbool.h>

#include "buf.h"
#include "conn.h"

#define EXEC_CONF_MAX 65536

struct exec_conf {
	const struct conn *conn;
	const char *role;       /* NULL: none */
	const char *token_type; /* the answer's */
	/* paths; token is NULL where drivers want more than a token */
	const char *home;
	const char *token;
	const char *header;
};

/*
 * The token type of the answers for a connection whose helper tells none: that
 * of its authenticator.  NULL for a password.
 */
const char *exec_conf_token_type(const struct conn *c);

/* Whether a driver takes a token of this type from a file (snowflake.md 4). */
bool exec_conf_is_for_drivers(const char *token_type);

/*
 * Append connections.toml: one section, with the keys that say where and as
 * whom, as the connection has them, and token_file_path; never "token" beside
 * it, which drivers take for an error or prefer (snowflake.md 5.5).  Returns 0,
 * -EMSGSIZE, or -EINVAL when something is not UTF-8.
 */
int exec_conf_connections(const struct exec_conf *e, struct buf *b);

/* Append config.toml: drivers read the default's name only there
 * (snowflake.md 5.2). */
int exec_conf_config(const struct exec_conf *e, struct buf *b);

/*
 * Change the environment of this process: name the files, and remove what is
 * secret and what would beat them (snowflake.md 5.3).  Returns 0 or negative
 * errno.
 */
int exec_conf_environ(const struct exec_conf *e);

#endif
