/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What goes into a target for a connection: pure, from the connection, the
 * providers, and how the target gets its tokens, to what is desired.
 *
 *	struct layout l = LAYOUT_INIT;
 *
 *	l.conn = c;
 *	...
 *	r = layout_make(&l, &desired, &environment, &why);
 *
 * For Snowflake's clients: their directory (0700) and their connections.toml,
 * or config.toml where that alone is in use.  One section, whose keys every
 * client takes: the Go driver refuses tables, numbers and truth values under
 * names that it does not know, so what only others know is written as strings
 * (gosnowflake, internal/config/connection_configuration.go).  One exception:
 * with a token endpoint by http there is the truth value that Node wants, so
 * the Go driver has to have its token in a file.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "conn.h"
#include "desired.h"
#include "provider.h"
#include "strv.h"

#define LAYOUT_MAX_WHY   2048
#define LAYOUT_MAX_VALUE 8192

/* How Snowflake's clients log in. */
enum layout_way {
	LAYOUT_TOKEN_FILE, /* with the token in a file that is kept fresh */
	LAYOUT_ENDPOINT,   /* with a token that they fetch */
	LAYOUT_KEY,        /* with the private key itself */
	LAYOUT_PAT         /* with the programmatic access token itself */
};

/* Paths are those of the target; what does not apply is NULL. */
struct layout {
	const struct conn *conn;
	const struct provider *providers;
	size_t provider_count;
	const char *id;   /* the grant's, or, without one, the deployment's */
	const char *home; /* a place_is_path() */
	const char *snowflake_home; /* "" for HOME/.snowflake */
	uint32_t uid;
	uint32_t gid;
	uint32_t root_uid; /* whose the client is */
	uint32_t root_gid;
	const char *role;
	bool use_config; /* config.toml is in use, and no connections.toml */

	enum layout_way way;
	const char *token_file;
	const char *endpoint; /* URL of the token endpoint */
	const char *tokend;   /* COCO_TOKEND */
	const char *capability;
	const char *capability_file; /* to be written */
	const char *proxy_host;
	const char *proxy_port;
	const struct buf *key; /* PEM */
	const struct buf *pat;

	const char *client; /* where the static coco-credential goes */
	const struct buf *client_content;
	const struct strv
	    *parents; /* directories to be made for it, in order */
};

#define LAYOUT_INIT                  \
	{                            \
		.snowflake_home = "" \
	}

/*
 * Append what is desired to RET_DESIRED, and the environment, a NAME=VALUE
 * each, without secrets, to RET_ENVIRONMENT.  Returns 0; -EINVAL when a
 * provider has a placeholder that there is not, or a name of the connection
 * cannot be written; -EMSGSIZE; -EIO; with the reason in WHY.
 */
int layout_make(const struct layout *l, struct desired *ret_desired,
    struct strv *ret_environment, struct buf *why);

/* Append the paths of Snowflake's files: its directory, connections.toml and
 * config.toml, for who looks which one is in use. */
int layout_home(const struct layout *l, struct buf *b);

/* Append the path of a file of ours there, for this connection alone:
 * "coco-NAME.SUFFIX". */
int layout_file(const struct layout *l, const char *suffix, struct buf *b);

/* How the environment is written. */
enum layout_format {
	LAYOUT_SH,     /* for a POSIX shell: export NAME='VALUE' */
	LAYOUT_DOCKER, /* for --env-file: NAME=VALUE */
	LAYOUT_JSON    /* one object */
};

/* Append ENVIRONMENT.  Returns 0; -EINVAL when a value has a newline, which
 * LAYOUT_DOCKER cannot say; or -EMSGSIZE. */
int layout_print(const struct strv *environment, enum layout_format format,
    struct buf *b);

#endif
