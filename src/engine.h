/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Containers through the command-line clients `docker' and `podman': what is at
 * places in them, and what is to be there, by their archive API (`cp'), which
 * needs no shell, no tar and no program inside.
 *
 *	struct engine e = { ENGINE_PODMAN, "dev", clock_ms() + 60000 };
 *
 *	r = engine_inspect(&e, &why, &container);
 *	e.container = container.id;
 *	e.is_stopped = !container.is_running;
 *	r = engine_find_podman(&e, &why);
 *	r = engine_read(&e, &roots, &places, &why);
 *	...
 *	r = engine_write(&e, &changes, &why);
 *
 * The container may be hostile: what comes out of it is data.  No content is
 * ever in an argument or in the environment of a client.
 *
 * Errors, all with the reason appended to WHY: -EINVAL for a name that can be
 * none; -ENOTSUP when the client is not installed; -EHOSTUNREACH when there is
 * no daemon; -ENOENT when there is no such container; -ETIMEDOUT after the
 * deadline; -EIO for what else the client said.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "container.h"
#include "place.h"
#include "strv.h"
#include "tarball.h"

#define ENGINE_MAX_WHY 8192 /* of WHY, at least */

enum engine_kind {
	ENGINE_PODMAN,
	ENGINE_DOCKER
};

struct engine {
	enum engine_kind kind;
	const char *container; /* a name or, better once it is known, the id */
	int64_t deadline_ms;   /* clock_ms() after which all ends; 0: never */
	bool is_stopped;       /* the container does not run */
	bool is_podman;        /* see engine_find_podman() */
};

/* "podman" or "docker". */
const char *engine_name(enum engine_kind kind);

/* Append the absolute path of the client to ARGV: the first in the absolute
 * directories of PATH.  -ENOTSUP with the reason in WHY when there is none. */
int engine_find(enum engine_kind kind, struct strv *argv, struct buf *why);

/* What the client says of the container.  The caller frees with
 * container_clear(). */
int
engine_inspect(const struct engine *e, struct buf *why, struct container *ret);

/* Find out whether the containers are podman's, to which docker's client talks,
 * too, and write it into E. */
int engine_find_podman(struct engine *e, struct buf *why);

/* What an image says of its containers. */
struct engine_image {
	char *arch; /* as the client calls it: "amd64"; "" when it is none */
	char *user; /* who runs in them: "", "1000:1000", "joe" */
	char *home; /* HOME of their environment; "" when there is none */
};

/*
 * Look at the image IMAGE.  Returns 0, or -ENOENT when it is not here, or
 * negative errno; with the reason in WHY.  The caller ends with
 * engine_image_clear(), and RET must be zeroed before.
 */
int engine_image_find(const struct engine *e, const char *image,
    struct buf *why, struct engine_image *ret);

void engine_image_clear(struct engine_image *image);

/* Get the image with `pull' and OPTIONS; what the client says meanwhile goes to
 * our stderr. */
int engine_image_pull(const struct engine *e, const char *image,
    const struct strv *options, struct buf *why);

/* Make a container of the image that will not be started, to look into it;
 * append its id.  It ends with engine_discard(). */
int engine_create(const struct engine *e, const char *image,
    const struct strv *options, struct buf *why, struct buf *id);

/* Remove the container ID, which does not run. */
int engine_discard(const struct engine *e, const char *id, struct buf *why);

/* Wait until the container does not run.  Returns 0 also when there is none any
 * more; it may have been started again since. */
int engine_wait(const struct engine *e, struct buf *why);

/*
 * Fill in each place of P.  ROOTS are paths of directories below which all is
 * one: there a link at or below the root makes every place behind it
 * PLACE_ODD.  Elsewhere only the last part of a path may be no link; the
 * directories above are followed, as image layouts have links there.
 *
 * A file with several names is PLACE_ODD where both were seen; so is a file of
 * more than PLACE_MAX_CONTENT.  Podman, which E says that it is, does not tell
 * owners: they are ENGINE_NO_OWNER.
 */
#define ENGINE_NO_OWNER UINT32_MAX
int engine_read(const struct engine *e, const struct strv *roots,
    struct places *p, struct buf *why);

/*
 * Put the files and directories of CHANGES there, in their order, with modes
 * and owners.  A directory that is there gets its mode and owner; whatever else
 * than a directory has a file's name is replaced.  -EROFS, -ENOSPC, or -EEXIST
 * when a link or a file is where a directory is to be; -EINVAL for an owner
 * that is ENGINE_NO_OWNER.  On failure some of it may be there.
 */
int engine_write(const struct engine *e, const struct places *changes,
    struct buf *why);

/*
 * Remove files and, when they are empty, directories, in the order of PATHS;
 * what is not there is fine.  A program of ours is put at HELPER for that, run
 * as root of the container, and gone afterwards: the archive API cannot remove,
 * and there may be no shell.  It follows no link but those of root.  Returns 0;
 * -ENOTEMPTY when something stayed, each with its reason as a line of WHY; or
 * else -ESRCH when the container does not run, -ENOEXEC when programs cannot be
 * run at HELPER, or as above.
 */
#define ENGINE_HELPER "/.coco-deploy-remove"
int engine_remove(const struct engine *e, const char *helper,
    const struct strv *paths, struct buf *why);

/*
 * Give what is in the container to TO, whose read is not used: all of its file
 * system without what is mounted there, or, if PATH is not NULL, what is at
 * PATH, mounts included.  Nothing is kept in memory.  Names of the file system
 * begin at its root; what is at PATH is called after the last part of that, of
 * which a link at the end is followed if there is a slash behind it.  Docker
 * gives nothing of a tmpfs, without a word, unless it is podman.
 */
int engine_stream(const struct engine *e, const char *path,
    const struct tarball_reader *to, struct buf *why);

/* Give all that the client knows of the container, a JSON text, to DATA piece
 * by piece, until that returns other than 0. */
int engine_describe(const struct engine *e,
    int (*data)(void *ctx, const void *data, size_t len), void *ctx,
    struct buf *why);

/* A program to run inside. */
struct engine_command {
	const char *user;       /* "1000:1000"; NULL: that of the container */
	const struct strv *env; /* NAME=VALUE, no secrets; NULL: none */
	const struct strv *argv;
};

/* Run it to its end with IN, unless NULL, as stdin; its stdout is appended to
 * OUT, its stderr to WHY, as lines.  *RET_STATUS is its exit status or, from
 * 125 to 127 and 255, that the client could not run it. */
int engine_exec(const struct engine *e, const struct engine_command *command,
    const struct buf *in, struct buf *out, struct buf *why, int *ret_status);

/* Start it, and leave it to itself: without stdin, and what it says goes
 * nowhere.  It ends with the container. */
int engine_start(const struct engine *e, const struct engine_command *command,
    struct buf *why);

/* Become the client that runs it, with our stdin, stdout and stderr, and with a
 * terminal when we have one.  Returns only when that fails. */
int engine_become(const struct engine *e, const struct engine_command *command,
    struct buf *why);

#endif
