/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory: allocators that never return NULL, and wiping.
 *
 * Running out of memory ends the process with a message.  That is safe here,
 * because every buffer and every input of ours has a hard maximum: too much
 * input is -EMSGSIZE long before memory ends.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

/* Allocate SIZE bytes, not initialised.  Caller frees with free(). */
void *xmalloc(size_t size);

/* Allocate COUNT zeroed elements of SIZE bytes; overflow is fatal. */
void *xcalloc(size_t count, size_t size);

/* Resize PTR to COUNT elements of SIZE bytes.  Not for secrets: the old block
 * is not wiped. */
void *xreallocarray(void *ptr, size_t count, size_t size);

/* Duplicate a string, or the first LEN bytes of one.  Not for secrets. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

/* Set *TEXT, which is freed, to a copy of S, or to NULL.  Not for secrets. */
void xstrset(char **text, const char *s);

/* Wipe LEN bytes at PTR in a way that the compiler may not leave out.  PTR may
 * be NULL when LEN is 0. */
void mem_wipe(void *ptr, size_t len);

/* Wipe and free a block of LEN bytes; PTR may be NULL. */
void freezero(void *ptr, size_t len);

/*
 * Compare LEN bytes in a time that does not depend on where they differ.
 * Returns 0 when equal.  For secrets of known length.
 */
int mem_differ(const void *a, const void *b, size_t len);

/*
 * Call first in main of every program that touches a secret: no core dump is
 * written, neither to a file nor to a core_pattern pipe (THREATS.md T22), and
 * children inherit that.  By the soft limit, so that it can be undone.
 */
void mem_protect(void);

/* In a child, right before it becomes a program that was not written with our
 * secrets in mind: dumps are limited as they were before mem_protect(). */
void mem_unprotect(void);

#endif
