/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "wipe.h"

/* Before each block: its size.  As large as the strictest alignment, so that
 * what follows is aligned as malloc() would have it. */
struct head {
	_Alignas(max_align_t) size_t size;
};

static struct head *
head_of(void *ptr)
{
	return (struct head *)ptr - 1;
}

void *
wipe_malloc(size_t size)
{
	struct head *h;

	if (size > SIZE_MAX - sizeof(*h))
		return NULL;
	h = malloc(sizeof(*h) + size);
	if (h == NULL)
		return NULL;
	h->size = size;
	return h + 1;
}

void *
wipe_calloc(size_t count, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	p = wipe_malloc(total);
	if (p != NULL)
		memset(p, 0, total);
	return p;
}

void *
wipe_realloc(void *ptr, size_t size)
{
	size_t old;
	void *p;

	p = wipe_malloc(size);
	if (p == NULL || ptr == NULL)
		return p;
	old = head_of(ptr)->size;
	memcpy(p, ptr, old < size ? old : size);
	wipe_free(ptr);
	return p;
}

char *
wipe_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *p = wipe_malloc(size);

	if (p != NULL)
		memcpy(p, s, size);
	return p;
}

void
wipe_free(void *ptr)
{
	if (ptr != NULL)
		freezero(head_of(ptr),
		    sizeof(struct head) + head_of(ptr)->size);
}
