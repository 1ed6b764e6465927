/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The C allocator with wiping, for libraries that copy secrets into memory of
 * their own and let us replace their allocator (jansson, libcurl).  A block is
 * wiped before it is freed, also when it only moves.
 *
 * These return NULL when memory ends, as the libraries expect.  Blocks must be
 * freed by wipe_free(), never by free(), and the other way round.
 */
#ifndef WIPE_H
#define WIPE_H

#include <stddef.h>

void *wipe_malloc(size_t size);
void *wipe_calloc(size_t count, size_t size);
void *wipe_realloc(void *ptr, size_t size);
char *wipe_strdup(const char *s);
void wipe_free(void *ptr);

#endif
