/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All that is in a directory, for who reads it as he reads an archive
 * (tarball.h).  What is in it may be changed meanwhile by somebody hostile:
 * no link is followed, no mount below is entered, and nothing but directories
 * and regular files is opened (THREATS.md T12).
 */
#ifndef DIRWALK_H
#define DIRWALK_H

#include <stdbool.h>
#include <stddef.h>

#include "tarball.h"

/* Deeper directories are passed: each has a descriptor. */
#define DIRWALK_MAX_DEPTH 256

struct dirwalk {
	/* as in struct tarball_reader; names are from the directory on, "" is
	 * itself.  A file with several names comes as often. */
	int (*entry)(void *ctx, const struct tarball_entry *e);
	int (*attribute)(void *ctx, const char *name, const void *value,
	    size_t len);
	int (*data)(void *ctx, const void *data, size_t len);

	/* NAME was not looked at: -EXDEV when it is a mount, -ENAMETOOLONG when
	 * it is too deep, or another errno.  Returns as data(). */
	int (*passed)(void *ctx, const char *name, int r);

	void *ctx;
};

/*
 * Walk through NAME of the directory DIR, which may be a file as well and may
 * be mounted there; "." is DIR itself.  What is gone by the time it is looked
 * at is no error.  Returns 0, what a callback returned, or, when NAME itself
 * cannot be opened, negative errno: -EINVAL when it is neither file nor
 * directory.
 */
int dirwalk(int dir, const char *name, const struct dirwalk *to);

#endif
