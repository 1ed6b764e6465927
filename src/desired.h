/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a target is to look like, as plain data: directories, whole files, and
 * members of TOML and JSON files that others write as well.  layout.h makes it,
 * plan.h compares it with what is there.
 *
 *	struct desired d = DESIRED_INIT;
 *	struct desired_item *item;
 *
 *	item = desired_add(&d, DESIRED_TOML, path, 0600);
 *	r = desired_set_text(item, path_of_key, "joe", DESIRED_MUST);
 *	...
 *	desired_wipe(&d);
 */
#ifndef DESIRED_H
#define DESIRED_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "place.h"
#include "strv.h"

#define DESIRED_MAX_VALUE 65536 /* bytes of a value as it is written */

enum desired_kind {
	DESIRED_DIRECTORY,
	DESIRED_FILE,
	DESIRED_TOML,
	DESIRED_JSON
};

/* What if somebody else has given the member another value. */
enum desired_rule {
	DESIRED_MUST, /* nothing can be done */
	DESIRED_MAY   /* that one stays, and is told */
};

struct desired_key {
	struct strv path; /* the names from the root on; JSON: one */
	struct buf value; /* as it is written in TOML or JSON */
	enum desired_rule rule;
};

struct desired_item {
	enum desired_kind kind;
	char *path; /* a place_is_path() */
	mode_t mode;
	uint32_t uid;
	uint32_t gid;
	bool must_exist;  /* a directory that is not ours to make */
	bool keep_others; /* a file of somebody else's there is as good */
	bool is_secret;   /* a file whose content is not to be shown */
	struct buf content;
	struct desired_key *keys;
	size_t count;
	/* TOML: the table in which no key of these names may be beside ours;
	 * FORBIDDEN ends with NULL, or is NULL */
	struct strv section;
	const char *const *forbidden;
};

struct desired {
	struct desired_item *v;
	size_t len;
	uint32_t uid; /* of what is added */
	uint32_t gid;
};

#define DESIRED_INIT          \
	{                     \
		NULL, 0, 0, 0 \
	}

/* Add an item; valid until the next call.  The one that is there already if its
 * path is the same. */
struct desired_item *desired_add(struct desired *d, enum desired_kind kind,
    const char *path, mode_t mode);

/* The item at PATH, or NULL. */
struct desired_item *desired_find(const struct desired *d, const char *path);

/*
 * Give the member PATH, the names from the root on and then NULL, a VALUE: a
 * string, which is quoted as the file wants it, or a text as it is to be
 * written.  One that was set before is changed.  A VALUE of NULL does nothing.
 * Returns 0, -EINVAL when the string is not UTF-8, or -EMSGSIZE.
 */
int desired_set_string(struct desired_item *item, const char *const *path,
    const char *value, enum desired_rule rule);
int desired_set_raw(struct desired_item *item, const char *const *path,
    const char *value, enum desired_rule rule);

/* Whether the member PATH was set. */
bool desired_has(const struct desired_item *item, const char *const *path);

void desired_wipe(struct desired *d);

#endif
