/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What conn.c, which finds and reads a connection, and conn-host.c, which
 * makes sense of it, share.  Internal to the conn module.
 */
#ifndef CONN_PRIV_H
#define CONN_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "strv.h"
#include "toml.h"
#include "url.h"

/* One key of the section, or of the environment. */
struct conn_key {
	char *name;
	struct buf value; /* empty for a table or an array */
	bool is_scalar;
	bool is_override;
};

struct conn {
	char *name;
	char *source;
	char *file;
	bool is_config; /* FILE is config.toml */
	struct conn_key *keys;
	size_t len;
	struct buf authenticator;
	struct buf origin;
	struct buf token_origin;
	const char *protocol;
	struct strv names;
	struct strv warnings;
};

/* Work out authenticator, protocol, host and origins from the keys.  Returns
 * 0, or -EBADMSG with lines added to WHY. */
int conn_interpret(struct conn *c, struct buf *why);

#endif
