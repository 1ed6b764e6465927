/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The results of a helper and of coco-credential itself, and their exit
 * statuses (coco-protocol(7)).
 */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stddef.h>

enum result {
	RESULT_SUCCESS,
	RESULT_NOT_FOUND,
	RESULT_EXPIRED,
	RESULT_DENIED,
	RESULT_UNAVAILABLE,
	RESULT_UNSUPPORTED,
	RESULT_IGNORE,
	RESULT_QUIT,
	RESULT_ERROR,
	RESULT_USAGE,
	RESULT_COUNT
};

/* "not_found"; the words of stack files. */
const char *result_name(enum result r);

/* The exit status that stands for it. */
int result_exit(enum result r);

/* The result that an exit status stands for; an unknown one is an error. */
enum result result_of_exit(int status);

/* Find a result by the LEN bytes of its name.  Returns whether there is one. */
bool result_parse(const char *name, size_t len, enum result *ret_result);

/* The result that a negative errno of our modules stands for: -ENOENT is
 * not_found, -EACCES denied, what may pass by itself (no network, a full or
 * read-only disk, a deadline) unavailable, the rest an error. */
enum result result_of_errno(int error);

#endif
