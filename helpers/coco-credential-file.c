/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store that needs nothing: one file, 0600 in a 0700 directory, replaced
 * atomically and durably under a lock.  It is not encrypted, and status says
 * so.  libc only.
 */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "entries.h"
#include "esc.h"
#include "helper.h"
#include "io.h"
#include "lock.h"
#include "log.h"
#include "path.h"

/* A writer holds the lock for one fsync or two. */
#define LOCK_WAIT_MS 20000

static const char *file_option;

/* Append the path of the store. */
static int
store_path(struct buf *path)
{
	int r;

	if (file_option != NULL)
		return path_expand(path, file_option);
	r = path_data(path);
	return r != 0 ? r : buf_adds(path, "/credentials");
}

static int
complain(int r, const char *path, const char *what)
{
	log_warn("%s: %s", path, what != NULL ? what : strerror(-r));
	return r;
}

/* Refuse a file that others could have read or written. */
static int
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
		return 0;
	log_warn("%s: can be used by others", path);
	log_hint("its secrets may be known; when you are sure that they are "
		 "not: chmod 600 %s",
	    path);
	return -EACCES;
}

/* Read and check the store; no file is an empty one. */
static int
load(const char *path, struct entries *ret_entries)
{
	struct buf text = BUF_INIT(ENTRIES_MAX_TEXT);
	struct buf why = BUF_INIT(1024);
	int fd;
	int r;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return complain(-errno, path,
		    errno == ELOOP ? "is a symbolic link" : NULL);
	r = check_file(fd, path);
	if (r != 0)
		goto out;
	r = io_read_all(fd, &text);
	if (r != 0) {
		(void)complain(r, path, NULL);
		goto out;
	}
	r = entries_parse(buf_str(&text), text.len, ret_entries, &why);
	if (r != 0) {
		log_warn("%s: %s", path, buf_str(&why));
		log_hint("nothing was changed; move the file away to start "
			 "with an empty one: mv %s %s.bad",
		    path, path);
	}
out:
	io_close(fd);
	buf_wipe(&text);
	buf_wipe(&why);
	return r;
}

static int
save(const char *path, const struct entries *e)
{
	struct buf text = BUF_INIT(ENTRIES_MAX_TEXT);
	int r;

	r = entries_format(e, &text);
	if (r == 0)
		r = io_replace(path, buf_str(&text), text.len);
	if (r != 0)
		(void)complain(r, path,
		    r == -EMSGSIZE ? "the store is full" : NULL);
	buf_wipe(&text);
	return r;
}

/* Make the store's directory and take its lock. */
static int
open_for_change(const char *path, int *ret_lock)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	struct buf why = BUF_INIT(1024);
	const char *slash = strrchr(path, '/');
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
		goto out;
	}
	if (r != 0) {
		(void)complain(r, slash == NULL ? path : buf_str(&dir), NULL);
		goto out;
	}
	buf_clear(&dir);
	r = buf_addf(&dir, "%s.lock", path);
	if (r == 0)
		r = lock_take_file(buf_str(&dir), clock_ms() + LOCK_WAIT_MS,
		    &why, ret_lock);
	if (r != 0)
		log_warn("%s", buf_str(&why));
out:
	buf_wipe(&dir);
	buf_wipe(&why);
	return r;
}

/* What a verb does to the entries; tells whether they have to be written. */
typedef int (*change_fn)(struct entries *e, const struct cred *request,
    bool *ret_changed);

static enum result
change(const struct cred *request, change_fn fn)
{
	struct entries e = ENTRIES_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	bool changed = false;
	int lock = -1;
	int r;

	r = store_path(&path);
	if (r != 0) {
		log_warn("no place for the store: HOME is not set");
		goto out;
	}
	r = open_for_change(buf_str(&path), &lock);
	if (r == 0)
		r = load(buf_str(&path), &e);
	if (r != 0)
		goto out;
	r = fn(&e, request, &changed);
	if (r == -EMSGSIZE)
		(void)complain(r, buf_str(&path), "the store is full");
	if (r == 0 && changed)
		r = save(buf_str(&path), &e);
out:
	lock_release(lock);
	entries_wipe(&e);
	buf_wipe(&path);
	/* no directory for the store is no empty store */
	if (r == -ENOENT)
		return RESULT_UNAVAILABLE;
	return r == -ESRCH ? RESULT_NOT_FOUND : result_of_errno(r);
}

static int
change_erase(struct entries *e, const struct cred *request, bool *ret_changed)
{
	*ret_changed = entries_erase(e, request);
	return 0;
}

static int
change_logout(struct entries *e, const struct cred *request, bool *ret_changed)
{
	*ret_changed = entries_logout(e, request) != 0;
	return *ret_changed ? 0 : -ESRCH;
}

static enum result
run_get(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct entries e = ENTRIES_INIT;
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result = RESULT_NOT_FOUND;
	int r;

	(void)text;
	r = store_path(&path);
	if (r != 0) {
		log_warn("no place for the store: HOME is not set");
		result = RESULT_UNAVAILABLE;
		goto out;
	}
	r = load(buf_str(&path), &e);
	if (r == 0)
		result = entries_get(&e, request, clock_utc(), answer);
	else if (r != -ENOENT)
		result = result_of_errno(r);
out:
	entries_wipe(&e);
	buf_wipe(&path);
	return result;
}

static enum result
run_store(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)answer;
	(void)text;
	/* what will not be kept must not even make a directory */
	if (cred_flag(request, CRED_EPHEMERAL))
		return RESULT_SUCCESS;
	return change(request, entries_store);
}

static enum result
run_erase(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)answer;
	(void)text;
	if (!cred_is_addressed(request)) {
		log_warn("nothing is erased without protocol and host");
		return RESULT_DENIED;
	}
	return change(request, change_erase);
}

static enum result
run_logout(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)answer;
	(void)text;
	return change(request, change_logout);
}

static enum result
run_status(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct buf path = BUF_INIT(PATH_MAX);
	enum result result;
	int64_t n;

	result = run_get(request, answer, text);
	(void)store_path(&path);
	(void)buf_addf(text, "kind=store\nlocation=");
	(void)esc_visible(text, buf_str(&path), path.len);
	(void)buf_addf(text, "\nencrypted=no\nresult=%s\nrefresh_token=%s\n",
	    result_name(result),
	    cred_get(answer, CRED_OAUTH_REFRESH_TOKEN) != NULL ? "yes" : "no");
	n = cred_number(answer, CRED_PASSWORD_EXPIRY_UTC);
	if (n != 0)
		(void)buf_addf(text, "password_expiry_utc=%lld\n",
		    (long long)n);
	n = cred_number(answer, CRED_ISSUED_UTC);
	if (n != 0)
		(void)buf_addf(text, "issued_utc=%lld\n", (long long)n);
	buf_wipe(&path);
	return RESULT_SUCCESS;
}

static int
on_option(void *ctx, int id, const char *value)
{
	(void)ctx;
	(void)id;
	file_option = value;
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct opt opts[] = {
		{ 'f', "file", "PATH",
		    "the file, instead of "
		    "$XDG_DATA_HOME/coco/credentials" },
		OPT_COMMON
	};
	static const struct helper_verb verbs[] = {
		{ "get", "print the credential for the request", run_get,
		    false },
		{ "store", "keep the credential", run_store, false },
		{ "erase", "forget what the request matches", run_erase,
		    false },
		{ "logout", "remove the entry of a connection", run_logout,
		    true },
		{ "status", "print what is kept, without secrets", run_status,
		    true },
		{ NULL, NULL, NULL, false }
	};
	static const struct helper helper = { "coco-credential-file",
		"Keep credentials in a file that only you can read.  It is "
		"not encrypted.",
		verbs, opts, on_option,
		"Requests are read from stdin; see coco-protocol(7)." };

	return helper_main(&helper, argc, argv);
}
