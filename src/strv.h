/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A vector of strings that ends with NULL, as execv() wants it.  It owns
 * copies of its strings.  Secrets are wiped by strv_wipe() alone.
 */
#ifndef STRV_H
#define STRV_H

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **v; /* never NULL once something was added */
	size_t len;
};

#define STRV_INIT       \
	{               \
		NULL, 0 \
	}

/* Append a copy of S / of its first LEN bytes / of the formatted text. */
void strv_add(struct strv *sv, const char *s);
void strv_addn(struct strv *sv, const char *s, size_t len);
void strv_addf(struct strv *sv, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Append copies of all that FROM has. */
void strv_add_all(struct strv *sv, const struct strv *from);

/* Whether S is among the strings. */
bool strv_has(const struct strv *sv, const char *s);

/* Sort the strings by byte value. */
void strv_sort(struct strv *sv);

/* Free all / wipe and free all; reusable afterwards. */
void strv_clear(struct strv *sv);
void strv_wipe(struct strv *sv);

#endif
