/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "result.h"

static const struct {
	const char *name;
	int exit;
} results[RESULT_COUNT] = {
	[RESULT_SUCCESS] = { "success", 0 },
	[RESULT_NOT_FOUND] = { "not_found", 3 },
	[RESULT_EXPIRED] = { "expired", 4 },
	[RESULT_DENIED] = { "denied", 5 },
	[RESULT_UNAVAILABLE] = { "unavailable", 75 },
	[RESULT_UNSUPPORTED] = { "unsupported", 6 },
	[RESULT_IGNORE] = { "ignore", 7 },
	[RESULT_QUIT] = { "quit", 8 },
	[RESULT_ERROR] = { "error", 1 },
	[RESULT_USAGE] = { "usage", 2 },
};

const char *
result_name(enum result r)
{
	return results[r].name;
}

int
result_exit(enum result r)
{
	return results[r].exit;
}

enum result
result_of_exit(int status)
{
	size_t i;

	for (i = 0; i < RESULT_COUNT; i++)
		if (results[i].exit == status)
			return (enum result)i;
	return RESULT_ERROR;
}

bool
result_parse(const char *name, size_t len, enum result *ret_result)
{
	size_t i;

	for (i = 0; i < RESULT_COUNT; i++) {
		if (strlen(results[i].name) == len &&
		    memcmp(results[i].name, name, len) == 0) {
			*ret_result = (enum result)i;
			return true;
		}
	}
	return false;
}

enum result
result_of_errno(int error)
{
	switch (-error) {
	case 0:
		return RESULT_SUCCESS;
	case ENOENT:
		return RESULT_NOT_FOUND;
	case EACCES:
	case EPERM:
		return RESULT_DENIED;
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case EIO:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		return RESULT_UNAVAILABLE;
	default:
		return RESULT_ERROR;
	}
}
