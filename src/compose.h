/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compose files (compose-spec): which services and networks one has, and an
 * override file beside it, which adds to services without a change of theirs.
 *
 *	struct compose_file file = COMPOSE_FILE_INIT;
 *
 *	r = compose_parse(text.data, text.len, "compose.yml", &why, &file);
 *	...
 *	r = compose_write(&override, &why, &out);
 *	compose_clear(&file);
 *
 * A compose file comes with a repository, so it is not trusted: size, depth,
 * events and anchors are limited, aliases are references and never copies, and
 * the work that merge keys ("<<") cause has a budget.  One document of UTF-8;
 * no NUL, not even escaped; no key twice; no directive but %YAML; where we look
 * at values, no tag but YAML's own, such as "!reset".
 *
 * Compose replaces "$NAME" in values, and we do not: texts are as they stand in
 * the file, and compose_is_literal() tells whether that is all there is to
 * them.  Nor do we read other files: of a service that extends another, and of
 * files that are included, we know nothing but that.
 */
#ifndef COMPOSE_H
#define COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "strv.h"

#define COMPOSE_MAX_SIZE  1048576 /* bytes of a file */
#define COMPOSE_MAX_NAMES 256     /* services, networks, networks of one */
#define COMPOSE_MAX_WHY   1024

/* Strings are NULL where nothing is said. */
struct compose_service {
	char *name;
	char *user;
	char *network_mode;
	struct strv networks; /* by their keys; none: "default", or the mode */
	bool extends;         /* more may be said elsewhere */
};

struct compose_subnet {
	char *subnet;
	char *gateway;
};

struct compose_network {
	char *name; /* its key */
	char *real; /* what the engine is to call it */
	bool external;
	struct compose_subnet *subnets;
	size_t subnets_len;
};

struct compose_file {
	struct compose_service *services;
	size_t services_len;
	struct compose_network *networks;
	size_t networks_len;
	bool includes; /* services may be in other files as well */
};

#define COMPOSE_FILE_INIT               \
	{                               \
		NULL, 0, NULL, 0, false \
	}

/*
 * Read LEN bytes of a file that is called NAME in messages.  The caller frees
 * with compose_clear().  Returns 0; -EBADMSG, or -EMSGSIZE for a limit, with
 * "NAME:LINE:COLUMN: reason" appended to WHY; -ENOMEM without one.
 */
int compose_parse(const char *text, size_t len, const char *name,
    struct buf *why, struct compose_file *ret_file);

/* The service / the network of that name, or NULL; valid until
 * compose_clear(). */
const struct compose_service *
compose_service(const struct compose_file *file, const char *name);
const struct compose_network *
compose_network(const struct compose_file *file, const char *name);

/* Whether compose takes TEXT as it is: it has no "$". */
bool compose_is_literal(const char *text);

/* Free all; as COMPOSE_FILE_INIT afterwards. */
void compose_clear(struct compose_file *file);

/* A bind mount.  Compose does not make SOURCE when it is missing. */
struct compose_mount {
	const char *source; /* both a place_is_path() */
	const char *target;
	bool read_only;
};

/* What is added to a service. */
struct compose_change {
	const char *service;
	const struct compose_mount *mounts;
	size_t mounts_len;
	struct strv env;   /* "NAME=value" */
	const char *proxy; /* address of the host "token-proxy", or NULL */
};

/* All borrowed, and not for secrets: libyaml does not wipe what it copied. */
struct compose_override {
	const char *file; /* names of the files, for the comment */
	const char *override;
	const struct compose_change *changes;
	size_t changes_len;
	const char *network; /* whose subnet is set, or NULL: none is */
	const char *subnet;
	const char *gateway; /* an address in SUBNET */
};

/*
 * Append the text of the override file.  "$" of ours is doubled, so compose
 * puts nothing in its place.  Returns 0; -EINVAL with the reason appended to
 * WHY when something cannot be written: a name that none can have, one there
 * twice, a path that is none, an address that is none, bytes that are not
 * UTF-8; -EMSGSIZE, with a reason as well, when OUT would be full.
 */
int compose_write(const struct compose_override *o, struct buf *why,
    struct buf *out);

#endif
