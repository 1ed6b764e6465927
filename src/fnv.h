/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The 64-bit FNV-1a hash, for naming lock files.  Not for anything that an
 * attacker would gain from colliding: a collision makes two credentials wait
 * for each other, no more.
 */
#ifndef FNV_H
#define FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)

/* Go on from HASH (FNV_START first) with LEN bytes. */
uint64_t fnv_add(uint64_t hash, const void *data, size_t len);

/* Go on with the string S and its NUL, so that fields cannot run together;
 * NULL counts as a field of its own kind. */
uint64_t fnv_field(uint64_t hash, const char *s);

#endif
