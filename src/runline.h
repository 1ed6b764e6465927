/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of `docker run' and `podman run', as far as it takes to add
 * options to it and to know what the container will be: where our options go,
 * what its image is, and who runs in it.
 *
 *	struct runline line = RUNLINE_INIT;
 *
 *	r = runline_parse(argv, &why, &line);
 *	...
 *	runline_build(&line, &extra, &new_argv);
 *	runline_clear(&line);
 *
 * Both programs read options as Go's pflag does: "--name value",
 * "--name=value", "-n value", "-nvalue" and "-n=value"; letters of options
 * without value can share a word; what comes after the image is not ours.  The
 * options without value are those of docker 28 and of podman 4.3 to 5; any
 * other takes one.  A newer option without value makes us take the wrong word
 * for the image, but never changes what runs: the words stay as they are.
 */
#ifndef RUNLINE_H
#define RUNLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "strv.h"

#define RUNLINE_MAX_WHY 512

enum runline_engine {
	RUNLINE_DOCKER,
	RUNLINE_PODMAN
};

/* Strings are NULL where nothing was said; of what is said twice the last word
 * counts, as it does for the programs. */
struct runline {
	char *const *argv; /* borrowed, as are the strings */
	enum runline_engine engine;
	size_t options_at; /* index of the word behind `run' */
	size_t image_at;   /* index of the image */
	bool has_globals;  /* there are options before `run' */
	bool rootfs;       /* podman: that is a directory */
	bool detach;
	bool tty;
	bool rm;
	const char *user;
	const char *name;
	const char *cidfile;
	const char *userns;
	const char *idmap; /* podman alone: some map of users, the last */
	const char *pull;
	/* which image is meant, and how it is got: what `pull' and `create'
	 * take as well, each as one word */
	struct strv image_options;
	/* where something is mounted, as a clean path; and which of these are
	 * in memory and nobody's */
	struct strv targets;
	struct strv tmpfs;
};

#define RUNLINE_INIT         \
	{                    \
		.argv = NULL \
	}

/*
 * Read ARGV, which ends with NULL and stays the caller's; *RET_LINE keeps
 * pointers into it until runline_clear().  Returns 0, or -EINVAL with the
 * reason appended to WHY when it is no `run' of docker or podman, or names no
 * image.  No value of an option is in a reason.
 */
int runline_parse(char *const *argv, struct buf *why, struct runline *ret_line);

/* Append to RET_ARGV the words of LINE with EXTRA right behind `run', so that
 * what the user wrote comes later and wins. */
void runline_build(const struct runline *line, const struct strv *extra,
    struct strv *ret_argv);

/* Free all; as RUNLINE_INIT afterwards. */
void runline_clear(struct runline *line);

#endif
