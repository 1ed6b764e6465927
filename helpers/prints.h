/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fingerprints (hunt.h) of all long-lived secrets that this user's
 * programs know of: what the connections hold or name, and what the stores
 * keep.  What cannot be looked at is noted in the set, and told on stderr, for
 * then nothing is known of it.
 *
 * A secret is short-lived when it ends within a day: such a token may well be
 * where it is used.
 */
#ifndef PRINTS_H
#define PRINTS_H

#include <stddef.h>
#include <stdint.h>

#include "hunt.h"

struct prints {
	struct hunt_set set;
	int error; /* the first that makes the set useless; 0: none */
};

#define PRINTS_INIT              \
	{                        \
		HUNT_SET_INIT, 0 \
	}

/* Add LEN bytes of SECRET, which people know as NAME. */
void
prints_add(struct prints *p, const char *name, const void *secret, size_t len);

/* Note that NAME is not looked for, and why. */
void prints_miss(struct prints *p, const char *name, const char *why);

/* The same with the first line of reasons, or FALLBACK when there is none. */
void prints_miss_for(struct prints *p, const char *name, const char *reasons,
    const char *fallback);

/*
 * Add what the file WRITTEN holds, without the blanks around it, as NAME; "~/"
 * is the home directory, as the programs have it that read such a file.  One
 * that is not there has no secret.
 */
void prints_add_file(struct prints *p, const char *name, const char *written);

/* What connections.toml or config.toml, the files that they name and the
 * environment hold. */
void prints_add_connections(struct prints *p);

/* What our stores of all stacks keep, what is on its way to one of them, and
 * the keys of sealed ones. */
void prints_add_stores(struct prints *p, int64_t deadline_ms);

#endif
