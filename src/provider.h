/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A provider: what one tool, or a family of them, needs in a target, as data
 * (coco-provider(5)).  A file NAME.toml in
 *
 *	$XDG_CONFIG_HOME/coco/providers, /etc/coco/providers, and the directory
 *	that comes with coco,
 *
 * the first that has it.  Texts in it have placeholders such as "{account}",
 * which layout.h fills in.
 *
 *	struct provider p = PROVIDER_INIT;
 *
 *	r = provider_load("snowflake", &p, &why);
 *	...
 *	provider_clear(&p);
 */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define PROVIDER_MAX_TEXT 65536
#define PROVIDER_MAX_NAME 64
#define PROVIDER_MAX      64 /* variables, files, keys: of each */
#define PROVIDER_MAX_WHY  8192

/* How a client takes a token that does not last; bits. */
#define PROVIDER_TOKEN_FILE     1U /* token_file_path, read for each login */
#define PROVIDER_TOKEN_ENDPOINT 2U /* oauth_token_request_url */

enum provider_format {
	PROVIDER_JSON,
	PROVIDER_TOML,
	PROVIDER_TEXT
};

/* A name and a text with placeholders; RAW: a number or a truth value, written
 * as it is. */
struct provider_pair {
	char *name;
	char *value;
	bool raw;
};

struct provider_file {
	char *path; /* below the home directory */
	enum provider_format format;
	mode_t mode;
	char *content; /* of PROVIDER_TEXT */
	struct provider_pair *set;
	size_t count;
};

struct provider {
	char *name;
	char *summary;
	unsigned int tokens; /* PROVIDER_TOKEN_ bits */
	bool connections;    /* it reads Snowflake's connections.toml */
	struct provider_pair *connection; /* further keys of the section */
	size_t connection_count;
	struct provider_pair *environment;
	size_t environment_count;
	struct provider_file *files;
	size_t file_count;
};

#define PROVIDER_INIT        \
	{                    \
		.name = NULL \
	}

/* Whether NAME can be that of a provider: [A-Za-z0-9_-]+, at most
 * PROVIDER_MAX_NAME bytes. */
bool provider_is_name(const char *name);

/*
 * Understand LEN bytes of a provider file.  Whatever is not understood is
 * refused.  Returns 0; -EBADMSG or -EMSGSIZE with "LINE:COLUMN: reason" in WHY.
 * RET_PROVIDER must be as PROVIDER_INIT, and is to be cleared in any case.
 */
int provider_parse(const char *name, const char *text, size_t len,
    struct provider *ret_provider, struct buf *why);

/*
 * Find and read a provider.  Returns 0; -EINVAL when NAME cannot be one;
 * -ENOENT when there is no such file, with those there are in WHY; -EACCES when
 * others could have changed it (THREATS.md T9); or as provider_parse().
 */
int
provider_load(const char *name, struct provider *ret_provider, struct buf *why);

void provider_clear(struct provider *p);

#endif
