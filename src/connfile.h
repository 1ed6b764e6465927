/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two files that conn.c reads: where they are, whether they can be
 * trusted, and the connections in them.  Internal to the conn module.
 *
 * connections.toml has a table for each connection at its top; config.toml has
 * them in the table "connections".
 */
#ifndef CONNFILE_H
#define CONNFILE_H

#include <stdbool.h>

#include "buf.h"
#include "strv.h"
#include "toml.h"

#define CONNFILE_MAX_WARNING 1024

struct connfile {
	char *path; /* NULL: there is no such file */
	struct toml *doc;
	bool is_config; /* config.toml */
};

#define CONNFILE_INIT             \
	{                         \
		NULL, NULL, false \
	}

/*
 * Append the directory that counts; it need not exist, and is empty when
 * nothing says where it might be.  The files that it and its alternatives
 * could have are added to LOOKED.
 */
void connfile_dir(struct buf *ret_dir, struct strv *looked);

/*
 * Read connections.toml or config.toml of the directory.  Returns 0 and a file
 * to be cleared; -ENOENT when it is not there; -EACCES when somebody else could
 * have changed it, or when it cannot be read; -EBADMSG when it is no TOML; the
 * reason is added to WHY, and to WARNINGS what deserves one.
 */
int connfile_open(const char *dir, bool is_config, struct strv *warnings,
    struct buf *why, struct connfile *ret_file);

void connfile_clear(struct connfile *f);

/* default_connection_name: 0, -ENOENT, or -EBADMSG when it is no string. */
int connfile_default(const struct connfile *f, const char **ret_name,
    struct buf *why);

/* Add the names of all connections. */
void connfile_names(const struct connfile *f, struct strv *names);

/* The table of a connection, or NULL. */
const struct toml_node *
connfile_find(const struct connfile *f, const char *name);

/* Append a scalar as text: -EBADMSG for a table, an array, and for a string
 * with a NUL in it; -EMSGSIZE. */
int connfile_text(const struct connfile *f, const struct toml_node *node,
    struct buf *ret_text);

/* Add a line to a reason, with what could harm a terminal escaped. */
void connfile_explain(struct buf *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
