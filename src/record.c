/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "hex.h"
#include "io.h"
#include "path.h"
#include "record.h"

/* The directory of PLACE, which may not be there yet. */
static int
directory(enum record_place place, struct buf *b)
{
	struct buf why = BUF_INIT(PATH_MAX);
	int r;

	if (place == RECORD_MEMORY) {
		r = path_memory(b, &why);
		buf_wipe(&why);
		return r;
	}
	r = path_state(b);
	if (r == 0)
		r = buf_adds(b, place == RECORD_DISK ? "/spool" : "/home");
	return r;
}

static int
add_name(enum record_place place, uint64_t id, struct buf *path)
{
	return buf_addf(path, "/%s%016" PRIx64,
	    place == RECORD_MEMORY ? "spool-" : "", id);
}

int
record_check(enum record_place place, struct buf *ret_path)
{
	int r;

	r = directory(place, ret_path);
	if (r == 0)
		r = path_make_private(buf_str(ret_path));
	if (r == 0 && access(buf_str(ret_path), W_OK | X_OK) != 0)
		r = -errno;
	return r;
}

int
record_put(enum record_place place, uint64_t id, const struct cred *c,
    struct buf *ret_path)
{
	struct buf text = BUF_INIT(CRED_MAX_MESSAGE);
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = directory(place, &path);
	if (r == 0)
		r = path_make_private(buf_str(&path));
	if (r == 0)
		r = add_name(place, id, &path);
	if (r == 0)
		r = buf_adds(ret_path, buf_str(&path));
	if (r == 0)
		r = cred_format(c, &text);
	if (r == 0)
		r = io_replace(buf_str(&path), buf_str(&text), text.len);
	buf_wipe(&text);
	buf_wipe(&path);
	return r;
}

/* Read the record PATH. */
static int
load(const char *path, struct cred *ret_cred)
{
	struct buf text = BUF_INIT(CRED_MAX_MESSAGE);
	struct buf why = BUF_INIT(1024);
	int r;

	r = io_read_private(path, &text);
	if (r == 0)
		r = cred_parse(buf_str(&text), text.len, ret_cred, &why);
	buf_wipe(&text);
	buf_wipe(&why);
	return r;
}

int
record_get(enum record_place place, uint64_t id, const struct cred *request,
    struct cred *ret_cred, struct buf *ret_path)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct cred c = CRED_INIT;
	int r;

	r = directory(place, &path);
	if (r == 0)
		r = add_name(place, id, &path);
	if (r == 0)
		r = buf_adds(ret_path, buf_str(&path));
	if (r == 0)
		r = load(buf_str(&path), &c);
	if (r == 0 && !cred_matches(request, &c))
		r = -ESRCH;
	if (r == 0)
		cred_move(ret_cred, &c);
	cred_wipe(&c);
	buf_wipe(&path);
	return r;
}

/* Whether NAME is that of a record of PLACE, or of one that was being written
 * when its writer was killed. */
static bool
is_record(enum record_place place, const char *name)
{
	size_t prefix = place == RECORD_MEMORY ? strlen("spool-") : 0;

	return strncmp(name, "spool-", prefix) == 0 &&
	    strspn(name + prefix, HEX_DIGITS) == 16;
}

int
record_each(enum record_place place, record_fn fn, void *ctx)
{
	struct buf path = BUF_INIT(PATH_MAX);
	const struct dirent *entry;
	struct cred c = CRED_INIT;
	size_t len;
	DIR *d;
	int r;

	r = directory(place, &path);
	d = r == 0 ? opendir(buf_str(&path)) : NULL;
	if (r == 0 && d == NULL)
		r = -errno;
	len = path.len;
	for (entry = d != NULL ? readdir(d) : NULL; entry != NULL;
	     entry = readdir(d)) {
		if (!is_record(place, entry->d_name))
			continue;
		buf_truncate(&path, len);
		(void)buf_addf(&path, "/%s", entry->d_name);
		r = load(buf_str(&path), &c);
		/* another process has ended it meanwhile */
		if (r != -ENOENT)
			fn(ctx, buf_str(&path), r == 0 ? &c : NULL, r);
		cred_wipe(&c);
		r = 0;
	}
	if (d != NULL)
		(void)closedir(d);
	buf_wipe(&path);
	return r == -ENOENT ? 0 : r;
}

int
record_drop(enum record_place place, uint64_t id, struct buf *ret_path)
{
	struct buf path = BUF_INIT(PATH_MAX);
	bool was_there;
	int r;

	r = directory(place, &path);
	if (r == 0)
		r = add_name(place, id, &path);
	if (r == 0)
		r = buf_adds(ret_path, buf_str(&path));
	was_there = r == 0 && access(buf_str(&path), F_OK) == 0;
	if (r == 0)
		r = io_remove(buf_str(&path));
	/* somebody may have been killed while it was written */
	if (r == 0)
		r = io_drop_temporary(buf_str(&path));
	if (r == 0 && was_there)
		r = io_sync_directory_of(buf_str(&path));
	if (r == -ENOENT)
		r = 0;
	buf_wipe(&path);
	return r;
}
