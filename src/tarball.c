/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "esc.h"
#include "mem.h"
#include "tarball.h"

#define CHUNK     65536 /* a multiple of what a tar consists of, 512 */
#define MAX_SHOWN 200   /* bytes of libarchive's reason in a message */

/* --- writing ------------------------------------------------------------- */

/* A write in progress. */
struct writing {
	struct buf *b;
	int r; /* the first error */
};

/* Never fails for libarchive: it would leak what it has for its output. */
static la_ssize_t
put(struct archive *a, void *ctx, const void *data, size_t len)
{
	struct writing *to = ctx;

	(void)a;
	if (to->r == 0)
		to->r = buf_add(to->b, data, len);
	return (la_ssize_t)len;
}

static int
write_place(struct archive *a, const struct place *p, int64_t now_utc)
{
	struct archive_entry *e = archive_entry_new();
	bool is_file = p->kind == PLACE_FILE;
	la_ssize_t n = 0;
	int r;

	archive_entry_set_pathname(e, p->path + 1);
	archive_entry_set_filetype(e, is_file ? AE_IFREG : AE_IFDIR);
	archive_entry_set_perm(e, p->mode & 07777);
	archive_entry_set_uid(e, p->uid);
	archive_entry_set_gid(e, p->gid);
	archive_entry_set_mtime(e, now_utc, 0);
	archive_entry_set_size(e, is_file ? (la_int64_t)p->content.len : 0);
	/* a name that is not ASCII, in the locale C, is a warning: it is
	 * written as it is */
	r = archive_write_header(a, e);
	archive_entry_free(e);
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return -EINVAL;
	if (is_file && p->content.len != 0)
		n = archive_write_data(a, p->content.data, p->content.len);
	return n < 0 ? -EINVAL : 0;
}

/* Start an archive; libarchive keeps no block of its own, for it would not be
 * wiped. */
static int
open_write(struct archive *a, struct writing *to)
{
	if (archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
	    archive_write_set_options(a, "pax:hdrcharset=BINARY") !=
		ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
	    archive_write_open(a, to, NULL, put, NULL) != ARCHIVE_OK)
		return -EINVAL;
	return 0;
}

int
tarball_write(const struct places *p, int64_t now_utc, struct buf *b)
{
	struct archive *a = archive_write_new();
	struct writing to = { b, 0 };
	size_t before = b->len;
	size_t i;
	int r;

	r = open_write(a, &to);
	for (i = 0; r == 0 && i < p->len; i++)
		if (p->v[i].kind == PLACE_FILE ||
		    p->v[i].kind == PLACE_DIRECTORY)
			r = write_place(a, &p->v[i], now_utc);
	if (archive_write_close(a) != ARCHIVE_OK && r == 0)
		r = -EINVAL;
	(void)archive_write_free(a);
	if (r == 0)
		r = to.r;
	if (r != 0)
		buf_truncate(b, before);
	return r;
}

/* --- reading ------------------------------------------------------------- */

/* A read in progress. */
struct reading {
	const struct tarball_reader *reader;
	struct buf *why;
	char *chunk; /* CHUNK bytes */
	int failed;  /* what read() returned */
	bool ended;
};

/* Fill the chunk: libarchive copies only what reaches over its end, and wipes
 * no copy, so that is not to happen to contents. */
static la_ssize_t
give(struct archive *a, void *ctx, const void **ret_data)
{
	struct reading *in = ctx;
	size_t len = 0;
	size_t n;

	while (len < CHUNK && !in->ended && in->failed == 0) {
		in->failed = in->reader->read(in->reader->ctx, in->chunk + len,
		    CHUNK - len, &n);
		if (in->failed == 0) {
			in->ended = n == 0;
			len += n;
		}
	}
	if (in->failed != 0) {
		archive_set_error(a, EIO, "cannot be read");
		return -1;
	}
	*ret_data = in->chunk;
	return (la_ssize_t)len;
}

static int
bad(struct reading *in, const char *reason)
{
	(void)buf_adds(in->why, "no archive of files: ");
	(void)esc_visible(in->why, reason,
	    strlen(reason) < MAX_SHOWN ? strlen(reason) : MAX_SHOWN);
	return -EBADMSG;
}

/* libarchive has failed: because of a callback, or of the archive. */
static int
failed(struct reading *in, struct archive *a)
{
	const char *reason = archive_error_string(a);

	if (in->failed != 0)
		return in->failed;
	return bad(in, reason != NULL ? reason : "it is damaged");
}

static bool
is_id(la_int64_t id)
{
	return id >= 0 && id < UINT32_MAX;
}

/* Hand the content of this entry on. */
static int
read_data(struct reading *in, struct archive *a, int64_t size)
{
	const void *data;
	size_t len;
	la_int64_t at;
	int64_t done = 0;
	int status;
	int r = 0;

	for (;;) {
		status = archive_read_data_block(a, &data, &len, &at);
		if (status == ARCHIVE_EOF)
			return done == size ? 0 : bad(in, "a file is cut off");
		if (status != ARCHIVE_OK)
			return failed(in, a);
		if (at != done || (int64_t)len > size - done)
			return bad(in, "a file has holes");
		if (len != 0)
			r = in->reader->data(in->reader->ctx, data, len);
		if (r != 0)
			return r;
		done += (int64_t)len;
	}
}

static int
read_attributes(struct reading *in, struct archive_entry *e)
{
	const struct tarball_reader *reader = in->reader;
	const char *name;
	const void *value;
	size_t len;
	int r = 0;

	if (reader->attribute == NULL)
		return 0;
	(void)archive_entry_xattr_reset(e);
	while (r == 0 &&
	    archive_entry_xattr_next(e, &name, &value, &len) == ARCHIVE_OK)
		r = reader->attribute(reader->ctx, name, value, len);
	return r;
}

/* One entry; *RET_STOP when no other is wanted. */
static int
read_entry(struct reading *in, struct archive *a, struct archive_entry *e,
    bool *ret_stop)
{
	struct tarball_entry entry = {
		.name = archive_entry_pathname(e),
		.link = archive_entry_hardlink(e),
		.target = archive_entry_symlink(e),
		.type = archive_entry_filetype(e),
		.mode = archive_entry_perm(e) & 07777,
		.uid = (uint32_t)archive_entry_uid(e),
		.gid = (uint32_t)archive_entry_gid(e),
	};
	int want;
	int r;

	if (!is_id(archive_entry_uid(e)) || !is_id(archive_entry_gid(e)))
		return bad(in, "an owner is out of range");
	if (entry.name == NULL)
		return bad(in, "a file has no name");
	/* a hard link has no type of its own in a tar */
	if (entry.link != NULL)
		entry.type = S_IFREG;
	if (entry.type == S_IFREG && entry.link == NULL)
		entry.size = archive_entry_size(e);
	if (entry.size < 0)
		return bad(in, "a size is out of range");
	want = in->reader->entry(in->reader->ctx, &entry);
	*ret_stop = want == TARBALL_STOP;
	if (want != TARBALL_DATA)
		return want < 0 ? want : 0;
	r = read_attributes(in, e);
	return r != 0 ? r : read_data(in, a, entry.size);
}

static int
read_entries(struct reading *in, struct archive *a)
{
	struct archive_entry *e;
	bool stop = false;
	int status;
	int r = 0;

	while (r == 0 && !stop) {
		status = archive_read_next_header(a, &e);
		if (status == ARCHIVE_EOF)
			break;
		/* a warning is a name that the locale does not know */
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			r = failed(in, a);
		else
			r = read_entry(in, a, e, &stop);
	}
	return r;
}

int
tarball_read(const struct tarball_reader *reader, struct buf *why)
{
	struct reading in = { .reader = reader, .why = why };
	struct archive *a = archive_read_new();
	int r;

	in.chunk = xmalloc(CHUNK);
	/* "empty" is the format of nothing at all */
	if (archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK ||
	    archive_read_open(a, &in, NULL, give, NULL) != ARCHIVE_OK)
		r = failed(&in, a);
	else
		r = read_entries(&in, a);
	(void)archive_read_free(a);
	freezero(in.chunk, CHUNK);
	return r;
}
