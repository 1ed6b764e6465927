/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"

#define BUF_FIRST_SIZE 128

/* Move to a block of at least NEED bytes plus the NUL; wipe the old one. */
static void
buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap != 0 ? b->cap : BUF_FIRST_SIZE;
	char *data;

	while (cap < need + 1)
		cap = cap > SIZE_MAX / 2 ? need + 1 : cap * 2;
	data = xmalloc(cap);
	if (b->len != 0)
		memcpy(data, b->data, b->len);
	freezero(b->data, b->cap);
	b->data = data;
	b->cap = cap;
	b->data[b->len] = '\0';
}

char *
buf_space(struct buf *b, size_t len)
{
	assert(b->len <= b->max && b->max < SIZE_MAX / 2);
	if (len > b->max - b->len)
		return NULL;
	if (b->data == NULL || b->cap - b->len <= len)
		buf_grow(b, b->len + len);
	return b->data + b->len;
}

void
buf_grew(struct buf *b, size_t len)
{
	assert(b->data != NULL && len < b->cap - b->len);
	b->len += len;
	b->data[b->len] = '\0';
}

int
buf_add(struct buf *b, const void *data, size_t len)
{
	char *to;

	if (len == 0)
		return 0;
	to = buf_space(b, len);
	if (to == NULL)
		return -EMSGSIZE;
	memcpy(to, data, len);
	buf_grew(b, len);
	return 0;
}

int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	char *to;
	int n;

	/* most texts fit into what is there, or into a first block */
	if (b->data == NULL)
		(void)buf_space(b, 0);
	room = b->data != NULL ? b->cap - b->len : 0;
	if (room > b->max - b->len + 1)
		room = b->max - b->len + 1;
	va_copy(again, ap);
	n = vsnprintf(room != 0 ? b->data + b->len : NULL, room, fmt, again);
	va_end(again);
	if (n >= 0 && (size_t)n < room) {
		b->len += (size_t)n;
		return 0;
	}
	/* what was cut off is no part of the content, and may be secret */
	if (room != 0)
		mem_wipe(b->data + b->len, room);
	if (n < 0)
		return -EINVAL;
	to = buf_space(b, (size_t)n);
	if (to == NULL)
		return -EMSGSIZE;
	(void)vsnprintf(to, (size_t)n + 1, fmt, ap);
	buf_grew(b, (size_t)n);
	return 0;
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_addv(b, fmt, ap);
	va_end(ap);
	return r;
}

int
buf_add_line(struct buf *b, const char *fmt, ...)
{
	size_t before = b->len;
	va_list ap;
	int r;

	r = before != 0 ? buf_addc(b, '\n') : 0;
	va_start(ap, fmt);
	if (r == 0)
		r = buf_addv(b, fmt, ap);
	va_end(ap);
	if (r != 0)
		buf_truncate(b, before);
	return r;
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

bool
buf_equals(const struct buf *b, const char *s)
{
	return b->len == strlen(s) && mem_differ(buf_str(b), s, b->len) == 0;
}

void
buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	if (b->data == NULL)
		return;
	mem_wipe(b->data + len, b->len - len);
	b->len = len;
}

void
buf_cut(struct buf *b, size_t len)
{
	size_t left = len < b->len ? b->len - len : 0;

	if (left != 0)
		memmove(b->data, b->data + len, left);
	buf_truncate(b, left);
}

void
buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
}

void
buf_wipe(struct buf *b)
{
	if (b == NULL)
		return;
	freezero(b->data, b->cap);
	b->data = NULL;
	b->len = 0;
	b->cap = 0;
}

void
buf_move(struct buf *dst, struct buf *src)
{
	buf_wipe(dst);
	*dst = *src;
	src->data = NULL;
	src->len = 0;
	src->cap = 0;
}
