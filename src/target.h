/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A target: a container of podman's or docker's, or the root directory of one.
 *
 *	docker:NAME	podman:NAME	dir:PATH
 *
 *	struct target t = TARGET_INIT;
 *
 *	r = target_open("podman:web", deadline_ms, &why, &t);
 *	r = target_find_user(&t, NULL, NULL, &user, &why);
 *	r = target_read(&t, &roots, &places, &why);
 *	...
 *	target_close(&t);
 *
 * Errors are those of engine.h and rootdir.h, with the reason in WHY.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "container.h"
#include "engine.h"
#include "place.h"
#include "rootdir.h"
#include "strv.h"

#define TARGET_MAX_WHY ENGINE_MAX_WHY

enum target_kind {
	TARGET_DIRECTORY,
	TARGET_CONTAINER
};

struct target {
	char *spec; /* what it is called in records: a directory's real path */
	enum target_kind kind;
	struct rootdir root; /* TARGET_DIRECTORY */
	struct engine engine;
	struct container container; /* of a hook's directory: its id alone */
	bool is_read_only;          /* the root file system */
};

#define TARGET_INIT                  \
	{                            \
		.root = ROOTDIR_INIT \
	}

/* Whose files they are to be, as the target counts. */
struct target_user {
	uint32_t uid;
	uint32_t gid;
	struct buf home;
};

#define TARGET_USER_INIT                       \
	{                                      \
		0, 0, BUF_INIT(PLACE_MAX_PATH) \
	}

/*
 * Find the target SPEC.  DEADLINE_MS is for all that is done with it; 0: none.
 * Returns 0; -EINVAL when SPEC is none; or negative errno.  RET must be as
 * TARGET_INIT and is to be closed in any case.
 */
int target_open(const char *spec, int64_t deadline_ms, struct buf *why,
    struct target *ret);

/* The engine that SPEC is about, with the name behind the colon, of which it
 * keeps the pointer.  Returns whether SPEC is a container's. */
bool
target_engine(const char *spec, int64_t deadline_ms, struct engine *ret_engine);

/* A target, a container, that will be there when somebody has started it. */
void target_expect(const char *spec, int64_t deadline_ms, struct target *ret);

/* What keeps two from working on one target: the container's id, however it was
 * named, or SPEC. */
const char *target_key(const struct target *t);

/*
 * Find who runs in the target and where he is at home.  NAME is USER, UID,
 * USER:GROUP or numbers, or NULL for whom the container is started as; HOME is
 * NULL when the target's passwd file is to say.  Returns 0, -ENOENT, -EINVAL
 * when the home directory is none, or negative errno.
 */
int target_find_user(const struct target *t, const char *name, const char *home,
    struct target_user *ret_user, struct buf *why);

/* The owner of what is root's there, for a directory that somebody else than
 * root prepares. */
uint32_t target_root_uid(const struct target *t);

/* The uid that the host gives to UID of the target. */
uint32_t target_host_uid(const struct target *t, uint32_t uid);

/* What uname(2) of Linux calls the architecture that images name IMAGE_ARCH, as
 * Go does: "amd64" is "x86_64".  One that is not known is what it is, and lives
 * as long as IMAGE_ARCH. */
const char *target_machine(const char *image_arch);

/* Append the architecture of programs there, as uname(2) of Linux has it:
 * "x86_64". */
int target_arch(const struct target *t, struct buf *arch, struct buf *why);

/*
 * See engine_read(), rootdir_read().  Owners that the client does not tell are
 * looked up in the container itself where we may; else what is in USER's home
 * counts as his, and what is not as root's.
 */
int target_read(const struct target *t, const struct strv *roots,
    const struct target_user *user, struct places *p, struct buf *why);

/* See engine_write(), rootdir_write(). */
int target_write(const struct target *t, const struct places *changes,
    struct buf *why);

/* See rootdir_tidy(); a container has nothing of the kind. */
int
target_tidy(const struct target *t, const struct strv *paths, struct buf *why);

/* See engine_remove(), rootdir_remove(): -ENOTEMPTY when a directory stayed. */
int target_remove(const struct target *t, const struct strv *paths,
    const char *helper, struct buf *why);

/* Whether files are replaced whole, so that an interruption cuts none. */
bool target_is_atomic(const struct target *t);

void target_close(struct target *t);

#endif
