/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where our files are, and whether a path can be trusted.  The environment is
 * read, the password database is not: that would drag the name service into
 * the hot path and into the static program.
 */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"

#define PATH_SYSCONFDIR "/etc/coco"

/*
 * Append $HOME, or a directory of the XDG base directory specification with
 * "/coco" (a relative value is ignored, as it says).  -ENOENT when HOME is
 * needed and not set or not absolute.
 */
int path_home(struct buf *b);
int path_xdg_config(struct buf *b); /* $XDG_CONFIG_HOME, no "/coco" */
int path_config(struct buf *b);     /* $XDG_CONFIG_HOME/coco */
int path_data(struct buf *b);       /* $XDG_DATA_HOME/coco */
int path_state(struct buf *b);      /* $XDG_STATE_HOME/coco */

/*
 * Append the user's private directory in memory, and make it: coco-UID in
 * /dev/shm, or where there is none in /var/tmp.  It depends on no variable, so
 * every process of a user finds the same one.  -ENOENT, -EACCES when it is not
 * ours alone, or negative errno; the reason is appended to WHY.
 */
int path_memory(struct buf *b, struct buf *why);

/*
 * Whether what is written at PATH, in path_memory(), goes to no disk: /dev/shm
 * is a file system of its own unless it is a plain directory, as in some
 * chroots, or missing.
 */
bool path_is_in_memory(const char *path);

/* Append PATH with a leading "~/" (or "~") replaced by the home directory. */
int path_expand(struct buf *b, const char *path);

/*
 * Make the directory PATH and those above it that are missing, each 0700.
 * The last one must then be a directory (not a link), ours, and closed to
 * others; -EACCES when it is not.
 */
int path_make_private(const char *path);

/*
 * Check that nobody else can change what PATH names (THREATS.md T9): every
 * component, and every component of what a link on the way stands for, is
 * owned by root or us and not writable by group or others; a sticky directory
 * of root's, like /tmp, passes, because there others cannot replace what is
 * ours.  Returns 0, -EACCES with the
 * offending component and its fault appended to WHY, or negative errno.
 */
int path_check_trusted(const char *path, struct buf *why);

/* The same for what only root may change: our own uid does not count. */
int path_check_root(const char *path, struct buf *why);

/*
 * Append the directory of our helpers: COCO_LIBEXECDIR when this program runs
 * from COCO_BINDIR, ../libexec/coco beside any other bin directory (a moved
 * installation), else the program's own directory (a build tree).
 */
int path_libexec(struct buf *b);

/* Append the directory of our data by the same rule: COCO_DATADIR,
 * ../share/coco or the program's own. */
int path_share(struct buf *b);

/* Append the path of the program NAME of ours: beside this one, as no variable
 * may choose what runs; else in COCO_BINDIR. */
int path_program(const char *name, struct buf *b);

/* What happens to be at PATH, for messages: "is owned by uid 33", "is writable
 * by group or others", or NULL when mode and owner are fine. */
const char *path_fault(uid_t owner, mode_t mode);

#endif
