/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages for secrets that stay for a while, as the daemon's cached tokens do:
 * not swapped where the limit allows, in no core dump, empty in a forked
 * child, wiped before they are given back (THREATS.md T22).  Each secret has
 * pages of its own, so an overrun of a neighbour in the heap cannot reach it.
 *
 *	struct secret s = SECRET_INIT;
 *	r = secret_new(buf.data, buf.len, &s);
 *	... secret_data(&s), secret_len(&s) ...
 *	secret_free(&s);
 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_MAX 65536 /* bytes of one */

struct secret {
	void *page;
	size_t len;  /* bytes of the secret */
	size_t size; /* bytes mapped */
	bool locked;
};

#define SECRET_INIT               \
	{                         \
		NULL, 0, 0, false \
	}

/*
 * Copy LEN bytes of DATA into pages of their own; the caller wipes what it
 * has.  Returns 0; -EMSGSIZE for more than SECRET_MAX; or negative errno when
 * there is no such memory.  That it cannot be locked is no error, but counted.
 * The caller ends with secret_free().
 */
int secret_new(const void *data, size_t len, struct secret *ret_secret);

/* The bytes, without a NUL behind them; NULL when there are no pages. */
const char *secret_data(const struct secret *s);
size_t secret_len(const struct secret *s);

/* Wipe and unmap; S is then as SECRET_INIT.  NULL and an empty one are fine. */
void secret_free(struct secret *s);

/* How many of the secrets that are there now could be swapped out, because
 * RLIMIT_MEMLOCK did not allow more. */
size_t secret_unlocked(void);

#endif
