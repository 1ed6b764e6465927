/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is at some paths of a target, and what is to be there: plain data that
 * the readers and writers of targets (target.h) exchange with the planner
 * (plan.h).
 *
 *	struct places want = PLACES_INIT;
 *	struct place *p;
 *
 *	r = places_add(&want, "/root/.snowflake/connections.toml", &p);
 *	...
 *	places_wipe(&want);
 *
 * Paths are absolute and those of the target, which may be a container.  Owners
 * are as the target counts them.  Contents may be secret and are wiped.
 */
#ifndef PLACE_H
#define PLACE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define PLACE_MAX_PATH    1024     /* bytes of a path */
#define PLACE_MAX_CONTENT 16777216 /* bytes of a file */
#define PLACE_MAX         256      /* places of one target */

enum place_kind {
	PLACE_ABSENT,
	PLACE_FILE,
	PLACE_DIRECTORY,
	PLACE_ODD /* neither: it is touched by nobody of us */
};

struct place {
	char *path;
	enum place_kind kind;
	const char *odd; /* what PLACE_ODD is, for messages: "a FIFO" */
	mode_t mode;     /* 07777 */
	uint32_t uid;
	uint32_t gid;
	struct buf content; /* of PLACE_FILE */
};

struct places {
	struct place *v;
	size_t len;
};

#define PLACES_INIT     \
	{               \
		NULL, 0 \
	}

/* Whether PATH is absolute, without empty, "." and ".." parts and without a
 * slash at its end ("/" itself is none), and not too long. */
bool place_is_path(const char *path);

/*
 * Add PATH as PLACE_ABSENT unless it is there already.  *RET_PLACE, unless
 * NULL, is valid until the next call.  Returns 0, -EINVAL when it is no
 * place_is_path(), or -EMSGSIZE when there are PLACE_MAX.
 */
int places_add(struct places *p, const char *path, struct place **ret_place);

/* Add a copy of FROM, whose path is not there yet.  As places_add(), and
 * -EMSGSIZE when the content is too long. */
int places_add_copy(struct places *p, const struct place *from);

/* The place at PATH, or NULL; valid until the next places_add(). */
struct place *places_find(const struct places *p, const char *path);

/* Append the directory that PATH, a place_is_path(), is in; "/" at least. */
int place_parent(const char *path, struct buf *b);

/* Whether PATH is something in the directory DIR, at whatever depth / or DIR
 * itself.  There may be a slash at the end of DIR. */
bool place_is_below(const char *path, const char *dir);
bool place_is_within(const char *path, const char *dir);

/* What a file of this type is called in a message: "a symbolic link". */
const char *place_odd_name(mode_t type);

/* Wipe contents, free all; as PLACES_INIT afterwards. */
void places_wipe(struct places *p);

#endif
