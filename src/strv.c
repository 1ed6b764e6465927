/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "strv.h"

/* Far above what any of our command lines needs. */
#define STRV_MAX_FORMATTED 65536

void
strv_addn(struct strv *sv, const char *s, size_t len)
{
	sv->v = xreallocarray(sv->v, sv->len + 2, sizeof(*sv->v));
	sv->v[sv->len++] = xstrndup(s, len);
	sv->v[sv->len] = NULL;
}

void
strv_add(struct strv *sv, const char *s)
{
	strv_addn(sv, s, strlen(s));
}

void
strv_addf(struct strv *sv, const char *fmt, ...)
{
	struct buf b = BUF_INIT(STRV_MAX_FORMATTED);
	va_list ap;

	va_start(ap, fmt);
	if (buf_addv(&b, fmt, ap) == 0)
		strv_addn(sv, buf_str(&b), b.len);
	va_end(ap);
	buf_wipe(&b);
}

void
strv_add_all(struct strv *sv, const struct strv *from)
{
	size_t i;

	for (i = 0; i < from->len; i++)
		strv_add(sv, from->v[i]);
}

bool
strv_has(const struct strv *sv, const char *s)
{
	size_t i;

	for (i = 0; i < sv->len; i++)
		if (strcmp(sv->v[i], s) == 0)
			return true;
	return false;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strv_sort(struct strv *sv)
{
	if (sv->len > 1)
		qsort(sv->v, sv->len, sizeof(*sv->v), compare);
}

void
strv_clear(struct strv *sv)
{
	size_t i;

	for (i = 0; i < sv->len; i++)
		free(sv->v[i]);
	free(sv->v);
	sv->v = NULL;
	sv->len = 0;
}

void
strv_wipe(struct strv *sv)
{
	size_t i;

	for (i = 0; i < sv->len; i++)
		mem_wipe(sv->v[i], strlen(sv->v[i]));
	strv_clear(sv);
}
