/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void NO_RETURN
out_of_memory(void)
{
	fputs("coco: out of memory\n", stderr);
	abort();
}

void *
xmalloc(size_t size)
{
	void *p = malloc(size != 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count != 0 ? count : 1, size != 0 ? size : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
xreallocarray(void *ptr, size_t count, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(count, size, &total))
		out_of_memory();
	p = realloc(ptr, total != 0 ? total : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrndup(const char *s, size_t len)
{
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

void
xstrset(char **text, const char *s)
{
	char *copy = s != NULL ? xstrdup(s) : NULL;

	free(*text);
	*text = copy;
}

void
mem_wipe(void *ptr, size_t len)
{
	if (ptr != NULL && len != 0)
		explicit_bzero(ptr, len);
}

void
freezero(void *ptr, size_t len)
{
	mem_wipe(ptr, len);
	free(ptr);
}

int
mem_differ(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a;
	const unsigned char *y = b;
	unsigned char diff = 0;
	size_t i;

	for (i = 0; i < len; i++)
		diff |= (unsigned char)(x[i] ^ y[i]);
	return diff != 0;
}

/* The soft limit before mem_protect(). */
static rlim_t core_before;
static bool is_protected;

static void
set_core(rlim_t soft)
{
	struct rlimit core;

	if (getrlimit(RLIMIT_CORE, &core) != 0)
		return;
	core.rlim_cur = soft < core.rlim_max ? soft : core.rlim_max;
	(void)setrlimit(RLIMIT_CORE, &core);
}

void
mem_protect(void)
{
	struct rlimit core;

	if (!is_protected && getrlimit(RLIMIT_CORE, &core) == 0) {
		core_before = core.rlim_cur;
		is_protected = true;
	}
	/*
	 * One byte, not none: Linux ignores a limit of 0 when core_pattern is
	 * a pipe, but takes 1 as "no dump at all" (fs/coredump.c), and a file
	 * of one byte is below the smallest dump that it would write.
	 */
	set_core(1);
}

void
mem_unprotect(void)
{
	if (is_protected)
		set_core(core_before);
}
