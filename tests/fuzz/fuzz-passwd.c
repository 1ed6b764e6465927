/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for passwd.h.  The first line is who is looked for, the rest the
 * file: a number is always found, and a home directory is part of the file.
 */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mem.h"
#include "num.h"
#include "passwd.h"

static void
check_user(const char *name, const char *text, size_t len)
{
	struct buf home = BUF_INIT(PASSWD_MAX);
	uint32_t uid = 77;
	uint32_t gid = 77;
	int64_t n;
	bool is_number = num_parse(name, strlen(name), 0, UINT32_MAX - 1, &n) ==
	    0;
	int r = passwd_find(text, len, name, &uid, &gid, &home);

	check(r == 0 || (r == -ENOENT && uid == 77 && gid == 77));
	check(!is_number || (r == 0 && uid == (uint32_t)n));
	check(uid != UINT32_MAX && gid != UINT32_MAX);
	check(home.len == 0 || memmem(text, len, home.data, home.len) != NULL);
	check(home.len == 0 || memchr(home.data, ':', home.len) == NULL);
	gid = 77;
	r = passwd_find_group(text, len, name, &gid);
	check(r == 0 || (r == -ENOENT && gid == 77));
	check(!is_number || (r == 0 && gid == (uint32_t)n));
	buf_wipe(&home);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	const char *end = size != 0 ? memchr(s, '\n', size) : NULL;
	size_t len = end != NULL ? (size_t)(end - s) : size;
	char *name;

	if (size == 0)
		return 0;
	name = xstrndup(s, len);
	len += end != NULL ? 1 : 0;
	check_user(name, s + len, size - len);
	free(name);
	return 0;
}
