/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A search for secrets in many things, one after another: what was looked at,
 * what was found where, and what could not be looked at.  Pure; who has the
 * bytes feeds them in.
 *
 *	struct search s = SEARCH_INIT;
 *
 *	r = search_start(&s, fingerprints, len, &why);
 *	search_place(&s, "the file system");
 *	r = search_path(&s, "/etc/hosts");
 *	search_part(&s, "its content");
 *	r = search_feed(&s, data, n);	(as often as need be)
 *	...
 *	search_finish(&s);
 *	search_wipe(&s);
 *
 * Paths may have secrets in them.  What is kept of such a path ends before the
 * name with the secret, so that all of this can be shown.  It is escaped.
 *
 * Errors are -EIO when wolfSSL fails, -ENAMETOOLONG for a path of more than
 * SEARCH_MAX_PATH.
 */
#ifndef SECRETSEARCH_H
#define SECRETSEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "hunt.h"
#include "strv.h"

#define SEARCH_MAX_PATH  65536
#define SEARCH_MAX_FINDS 256 /* of those that are kept */

struct search_find {
	const char
	    *secret; /* its name: "refresh token of connection dev ..." */
	enum hunt_form form;
	char *place;      /* as search_place() was told */
	char *path;       /* "" when the place says it all */
	const char *part; /* of it: "its content" */
	bool is_exposed;  /* it is there on purpose */
};

struct search {
	struct hunt_set set;
	struct hunt *hunt;

	/* what may be where */
	const char *connection;
	struct strv exposed;

	/* where it is */
	char *place;
	struct buf path;  /* as it may be shown */
	struct buf real;  /* as it is */
	const char *part; /* NULL: the path itself is being looked at */
	size_t cut;       /* where the first name with a secret begins */
	size_t last;      /* where the last name begins */
	size_t since;     /* finds of this part begin here */
	uint64_t here;    /* bytes, of this place */
	uint64_t files;

	/* what came of it */
	struct search_find *v;
	size_t len;
	uint64_t found; /* that are not there on purpose, kept or not */
	struct strv searched;
	struct strv missed; /* what was not searched, and why */
	struct strv failed; /* the same, but it should have been */
	uint64_t bytes;

	/* called now and then; may be NULL */
	void (*progress)(uint64_t bytes);
	uint64_t told;
};

#define SEARCH_INIT                                                          \
	{                                                                    \
		.set = HUNT_SET_INIT, .path = BUF_INIT(8 * SEARCH_MAX_PATH), \
		.real = BUF_INIT(SEARCH_MAX_PATH)                            \
	}

/* Begin with the fingerprints of hunt_format().  Returns as hunt_parse(). */
int
search_start(struct search *s, const char *text, size_t len, struct buf *why);

/* The secrets of CONNECTION, which stays, may be in the content of the file
 * PATH. */
void search_expose(struct search *s, const char *connection, const char *path);

/* Go on to another place, "the file system"; what has a secret in it is not
 * kept as its name. */
void search_place(struct search *s, const char *place);

/* Go on to the thing that is called PATH in this place, and look at PATH. */
int search_path(struct search *s, const char *path);

/* Go on to another part of it; PART stays. */
void search_part(struct search *s, const char *part);

int search_feed(struct search *s, const void *data, size_t len);

/* The place was searched to its end.  UNIT is of what there were several, for
 * people: "files"; NULL when that is not worth a word. */
void search_done(struct search *s, const char *unit);

/* WHAT, a place or a path, was not searched, and WHY; FAILED when that must not
 * be.  It is escaped, and cut when it has a secret in it. */
void
search_missed(struct search *s, bool failed, const char *what, const char *why);

/* Nothing more comes. */
void search_finish(struct search *s);

void search_wipe(struct search *s);

#endif
