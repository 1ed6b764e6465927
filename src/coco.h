/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first include of every .c file: feature macros, compiler attributes and
 * the two or three macros that everybody uses.  It carries no types of the
 * project and includes nothing of it.
 */
#ifndef COCO_H
#define COCO_H

#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Let the compiler check printf-like calls; FMT and ARGS count from 1. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define NO_RETURN __attribute__((noreturn))

#endif
