/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "secret.h"

static size_t unlocked;

/* Whole pages for LEN bytes; one for none, so that it has an address. */
static size_t
round_up(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = (len + page - 1) / page;

	return (pages != 0 ? pages : 1) * page;
}

/* Before anything secret is in them. */
static int
protect(void *page, size_t size)
{
	if (madvise(page, size, MADV_DONTDUMP) != 0)
		return -errno;
	if (madvise(page, size, MADV_WIPEONFORK) != 0)
		return -errno;
	return 0;
}

int
secret_new(const void *data, size_t len, struct secret *ret_secret)
{
	struct secret s = SECRET_INIT;
	int r;

	if (len > SECRET_MAX)
		return -EMSGSIZE;
	s.len = len;
	s.size = round_up(len);
	s.page = mmap(NULL, s.size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s.page == MAP_FAILED)
		/* cppcheck-suppress memleak */
		return -errno;
	r = protect(s.page, s.size);
	if (r != 0) {
		(void)munmap(s.page, s.size);
		return r;
	}
	s.locked = mlock(s.page, s.size) == 0;
	if (!s.locked)
		unlocked++;
	if (len != 0)
		memcpy(s.page, data, len);
	*ret_secret = s;
	return 0;
}

const char *
secret_data(const struct secret *s)
{
	return s->page;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

void
secret_free(struct secret *s)
{
	if (s == NULL || s->page == NULL)
		return;
	mem_wipe(s->page, s->size);
	(void)munmap(s->page, s->size);
	if (!s->locked)
		unlocked--;
	*s = (struct secret)SECRET_INIT;
}

size_t
secret_unlocked(void)
{
	return unlocked;
}
