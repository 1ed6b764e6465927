/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A JSON text (RFC 8259) read as a list of places and values.  It is for the
 * client that may link libc only (DESIGN.md 2) and has to understand one small
 * answer of the daemon's; what can link jansson uses json.h.
 *
 *	{"id": "a", "connections": [{"name": "dev", "roles": ["R"]}]}
 *
 * is
 *
 *	id			a
 *	connections[].name	dev
 *	connections[].roles[]	R
 */
#ifndef JPATH_H
#define JPATH_H

#include <stddef.h>

#define JPATH_MAX_DEPTH 8
#define JPATH_MAX_PATH  256
#define JPATH_MAX_VALUE 65536

/* What is told of each value but objects and arrays: where it is, and what it
 * is, a string decoded, anything else as it stands there.  Returns 0 or
 * negative errno, which ends the reading. */
typedef int (*jpath_fn)(void *ctx, const char *path, const char *value);

/*
 * Read LEN bytes, which must be one JSON text and nothing else.  Returns 0;
 * -EBADMSG when they are not, or hold a NUL; -EMSGSIZE above the limits of
 * this file; or what FN returned.
 */
int jpath_read(const char *text, size_t len, jpath_fn fn, void *ctx);

#endif
