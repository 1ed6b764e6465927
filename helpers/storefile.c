/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "lock.h"
#include "log.h"
#include "path.h"
#include "storefile.h"

/* A writer holds the lock for one fsync or two. */
#define LOCK_WAIT_MS 20000

enum result
storefile_location(void *ctx, struct buf *b)
{
	const struct storefile *f = ctx;
	size_t start = b->len;
	int r;

	if (f->option != NULL)
		r = path_expand(b, f->option);
	else
		r = path_data(b);
	if (r == 0 && f->option == NULL)
		r = buf_addf(b, "/%s", f->name);
	/* a relative one would be another store for each working directory */
	if (r == 0 && f->option != NULL && buf_str(b)[start] != '/') {
		log_warn("file=%s: the path does not begin with / or ~/",
		    buf_str(b) + start);
		buf_truncate(b, start);
		return RESULT_USAGE;
	}
	if (r == 0)
		return RESULT_SUCCESS;
	log_warn("no place for the store: HOME is not set");
	return RESULT_UNAVAILABLE;
}

static enum result
complain(int r, const char *path, const char *what)
{
	log_warn("%s: %s", path, what != NULL ? what : strerror(-r));
	/* no directory for the store is no empty store */
	return r == -ENOENT ? RESULT_UNAVAILABLE : result_of_errno(r);
}

/* Refuse a file that others could have read or written. */
static enum result
check_file(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return complain(-errno, path, NULL);
	if (!S_ISREG(st.st_mode))
		return complain(-EACCES, path, "is not a regular file");
	if (st.st_uid != geteuid())
		return complain(-EACCES, path, "belongs to another user");
	if ((st.st_mode & 077) == 0)
		return RESULT_SUCCESS;
	log_warn("%s: can be used by others", path);
	log_hint("its secrets may be known; when you are sure that they are "
		 "not: chmod 600 %s",
	    path);
	return RESULT_DENIED;
}

/* Read the file at PATH; not_found is silent. */
static enum result
read_file(const char *path, struct buf *data)
{
	enum result result;
	int fd;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return RESULT_NOT_FOUND;
	if (fd < 0 && errno == ELOOP)
		return complain(-EACCES, path, "is a symbolic link");
	if (fd < 0)
		return complain(-errno, path, NULL);
	result = check_file(fd, path);
	if (result == RESULT_SUCCESS) {
		r = io_read_all(fd, data);
		if (r != 0)
			result = complain(r, path, NULL);
	}
	io_close(fd);
	return result;
}

static enum result
parse(const char *path, const struct buf *text, struct entries *ret_entries)
{
	struct buf why = BUF_INIT(1024);
	int r;

	r = entries_parse(buf_str(text), text->len, ret_entries, &why);
	if (r != 0) {
		log_warn("%s: %s", path, buf_str(&why));
		log_hint("nothing was changed; move the file away to start "
			 "with an empty one: mv %s %s.bad",
		    path, path);
	}
	buf_wipe(&why);
	return result_of_errno(r);
}

enum result
storefile_load(void *ctx, const struct cred *request,
    struct entries *ret_entries)
{
	struct storefile *f = ctx;
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf data = BUF_INIT(STOREFILE_MAX);
	struct buf text = BUF_INIT(ENTRIES_MAX_TEXT);
	enum result result;

	(void)request;
	result = storefile_location(ctx, &path);
	if (result == RESULT_SUCCESS)
		result = read_file(buf_str(&path), &data);
	if (result != RESULT_SUCCESS)
		goto out;
	if (f->decode != NULL)
		result = f->decode(&data, &text);
	if (result == RESULT_SUCCESS)
		result = parse(buf_str(&path),
		    f->decode != NULL ? &text : &data, ret_entries);
out:
	/* no file is an empty store */
	if (result == RESULT_NOT_FOUND)
		result = RESULT_SUCCESS;
	buf_wipe(&path);
	buf_wipe(&data);
	buf_wipe(&text);
	return result;
}

enum result
storefile_save(void *ctx, const struct entries *e)
{
	struct storefile *f = ctx;
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf text = BUF_INIT(ENTRIES_MAX_TEXT);
	struct buf data = BUF_INIT(STOREFILE_MAX);
	const struct buf *out = f->encode != NULL ? &data : &text;
	enum result result;
	int r;

	result = storefile_location(ctx, &path);
	if (result != RESULT_SUCCESS)
		goto out;
	r = entries_format(e, &text);
	if (r != 0) {
		result = complain(r, buf_str(&path),
		    r == -EMSGSIZE ? "the store is full" : NULL);
		goto out;
	}
	if (f->encode != NULL)
		result = f->encode(&text, &data);
	if (result != RESULT_SUCCESS)
		goto out;
	r = io_replace(buf_str(&path), buf_str(out), out->len);
	if (r != 0)
		result = complain(r, buf_str(&path), NULL);
out:
	buf_wipe(&path);
	buf_wipe(&text);
	buf_wipe(&data);
	return result;
}

/* Make the directory that the file PATH is in. */
static enum result
make_directory(const char *path)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	const char *slash = strrchr(path, '/');
	enum result result = RESULT_SUCCESS;
	int r;

	r = slash == NULL || slash == path ?
	    -EINVAL :
	    buf_add(&dir, path, (size_t)(slash - path));
	if (r == 0)
		r = path_make_private(buf_str(&dir));
	if (r == -EACCES) {
		log_warn("%s: must be yours and closed to others",
		    buf_str(&dir));
		log_hint("chmod 700 %s", buf_str(&dir));
		result = RESULT_DENIED;
	} else if (r != 0) {
		result = complain(r, slash == NULL ? path : buf_str(&dir),
		    NULL);
	}
	buf_wipe(&dir);
	return result;
}

enum result
storefile_begin(void *ctx)
{
	struct storefile *f = ctx;
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf why = BUF_INIT(1024);
	enum result result;
	int r;

	result = storefile_location(ctx, &path);
	if (result == RESULT_SUCCESS)
		result = make_directory(buf_str(&path));
	if (result != RESULT_SUCCESS)
		goto out;
	r = buf_adds(&path, ".lock");
	if (r == 0)
		r = lock_take_file(buf_str(&path), clock_ms() + LOCK_WAIT_MS,
		    &why, &f->lock);
	if (r != 0) {
		log_warn("%s", buf_str(&why));
		result = result_of_errno(r);
		goto out;
	}
	buf_clear(&path);
	/* or what a killed process left would outlive even a logout */
	if (storefile_location(ctx, &path) == RESULT_SUCCESS)
		(void)io_drop_temporary(buf_str(&path));
out:
	buf_wipe(&path);
	buf_wipe(&why);
	return result;
}

void
storefile_end(void *ctx)
{
	struct storefile *f = ctx;

	lock_release(f->lock);
	f->lock = -1;
}
