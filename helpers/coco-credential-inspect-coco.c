/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login that inspect-coco left in a file, for it falls back to one where
 * it finds no keyring (snowflake.md 6.3).  It is taken over once, by import,
 * and deleted by import-erase when the new home is known to work; so git's
 * verbs are not for it.  The file is written before its mode is set, so it may
 * have been readable by others; what others could have written is refused
 * (THREATS.md T19).
 */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper.h"
#include "inspect.h"
#include "io.h"
#include "json.h"
#include "log.h"
#include "path.h"

#define FILE_NAME "inspect-coco-oauth.json"

struct source {
	struct buf path; /* of the file, for messages */
	int dir;
	int fd;
	struct stat st; /* of the file as it was read */
	struct json *json;
	const char *token; /* in JSON */
};

#define SOURCE_INIT                                             \
	{                                                       \
		.path = BUF_INIT(PATH_MAX), .dir = -1, .fd = -1 \
	}

static void
source_wipe(struct source *s)
{
	buf_wipe(&s->path);
	io_close(s->dir);
	io_close(s->fd);
	json_free(s->json);
}

static enum result
refuse(const struct source *s, const char *fault)
{
	log_warn("%s %s", buf_str(&s->path), fault);
	log_hint("if the login in it is yours, log in anew with: "
		 "coco-credential login; and remove it");
	return RESULT_DENIED;
}

/* Open the directory; one that is not there has no file. */
static enum result
open_directory(struct source *s)
{
	const char *home = getenv("SNOWFLAKE_HOME");
	struct stat st;
	const char *fault;

	if (home == NULL || home[0] == '\0')
		home = "~/.snowflake";
	if (path_expand(&s->path, home) != 0) {
		log_warn("no place for " FILE_NAME ": HOME is not set");
		return RESULT_UNAVAILABLE;
	}
	s->dir = open(buf_str(&s->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0 && (errno == ENOENT || errno == ENOTDIR))
		return RESULT_NOT_FOUND;
	if (s->dir < 0 || fstat(s->dir, &st) != 0) {
		log_warn("%s: %s", buf_str(&s->path), strerror(errno));
		return result_of_errno(-errno);
	}
	fault = path_fault(st.st_uid, st.st_mode);
	if (fault != NULL)
		return refuse(s, fault);
	return result_of_errno(buf_adds(&s->path, "/" FILE_NAME));
}

static enum result
check_file(const struct source *s)
{
	const mode_t mode = s->st.st_mode;

	if (!S_ISREG(mode))
		return refuse(s, "is not a regular file");
	if (s->st.st_uid != geteuid())
		return refuse(s, "belongs to another user");
	if (s->st.st_nlink != 1)
		return refuse(s, "has another name as well");
	if ((mode & 022) != 0)
		return refuse(s, "is writable by group or others");
	if ((mode & 044) != 0)
		log_warn("%s could be read by others: its login may be known "
			 "to them",
		    buf_str(&s->path));
	return RESULT_SUCCESS;
}

static enum result
open_file(struct source *s)
{
	/* a FIFO must not make us wait */
	s->fd = openat(s->dir, FILE_NAME,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (s->fd < 0 && errno == ENOENT)
		return RESULT_NOT_FOUND;
	if (s->fd < 0 && errno == ELOOP)
		return refuse(s, "is a symbolic link");
	if (s->fd < 0 || fstat(s->fd, &s->st) != 0) {
		log_warn("%s: %s", buf_str(&s->path), strerror(errno));
		return result_of_errno(-errno);
	}
	return check_file(s);
}

static enum result
parse_file(struct source *s)
{
	struct buf text = BUF_INIT(JSON_MAX_SIZE);
	int r;

	r = io_read_all(s->fd, &text);
	if (r == 0)
		r = json_parse(buf_str(&text), text.len, &s->json);
	buf_wipe(&text);
	if (r == 0) {
		s->token = json_text(s->json, "refresh_token");
		return s->token != NULL ? RESULT_SUCCESS : RESULT_NOT_FOUND;
	}
	log_warn("%s: %s", buf_str(&s->path),
	    r == -EBADMSG      ? "is not one JSON object" :
		r == -EMSGSIZE ? "is too long" :
				 strerror(-r));
	return result_of_errno(r);
}

/* The file keeps one login; it may be that of another account. */
static enum result
check_account(const struct source *s, const char *account)
{
	struct buf theirs = BUF_INIT(INSPECT_MAX_ACCOUNT);
	const char *written = json_text(s->json, "account");
	enum result result = RESULT_NOT_FOUND;

	if (written != NULL && inspect_account(written, &theirs) == 0 &&
	    buf_equals(&theirs, account))
		result = RESULT_SUCCESS;
	buf_wipe(&theirs);
	return result;
}

static enum result
read_source(struct source *s, const char *account)
{
	enum result result;

	result = open_directory(s);
	if (result == RESULT_SUCCESS)
		result = open_file(s);
	if (result == RESULT_SUCCESS)
		result = parse_file(s);
	if (result == RESULT_SUCCESS)
		result = check_account(s, account);
	return result;
}

/* Whether the name still stands for what was read. */
static bool
is_unchanged(const struct source *s)
{
	struct stat now;

	return fstatat(s->dir, FILE_NAME, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == s->st.st_dev && now.st_ino == s->st.st_ino &&
	    now.st_size == s->st.st_size &&
	    now.st_mtim.tv_sec == s->st.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == s->st.st_mtim.tv_nsec;
}

/* Not overwritten: on today's disks and file systems that would promise what
 * it does not do. */
static enum result
erase(const struct source *s)
{
	if (!is_unchanged(s)) {
		log_warn("%s has just been written anew, and stays",
		    buf_str(&s->path));
		return RESULT_NOT_FOUND;
	}
	if (unlinkat(s->dir, FILE_NAME, 0) == 0 && fsync(s->dir) == 0)
		return RESULT_SUCCESS;
	log_warn("%s: cannot be removed: %s", buf_str(&s->path),
	    strerror(errno));
	return result_of_errno(-errno);
}

static enum result
import(const struct cred *request, struct cred *answer, bool is_erase)
{
	struct source s = SOURCE_INIT;
	struct buf account = BUF_INIT(INSPECT_MAX_ACCOUNT);
	struct conn *c = NULL;
	enum result result;

	result = inspect_connection(request, &c, &account);
	if (result == RESULT_SUCCESS)
		result = read_source(&s, buf_str(&account));
	if (result == RESULT_SUCCESS && !is_erase)
		result = inspect_answer(request, c, buf_str(&s.path), s.token,
		    s.json, answer);
	if (result == RESULT_SUCCESS && is_erase)
		result = inspect_may_erase(request, buf_str(&s.path), s.token);
	if (result == RESULT_SUCCESS && is_erase)
		result = erase(&s);
	source_wipe(&s);
	buf_wipe(&account);
	conn_free(c);
	return result;
}

static enum result
run_import(const struct cred *request, struct cred *answer, struct buf *text)
{
	(void)text;
	return import(request, answer, false);
}

static enum result
run_import_erase(const struct cred *request, struct cred *answer,
    struct buf *text)
{
	(void)text;
	return import(request, answer, true);
}

static int
on_option(void *ctx, int id, const char *value)
{
	(void)ctx;
	(void)id;
	(void)value;
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct helper_verb verbs[] = {
		{ "import", "print the login of inspect-coco", run_import,
		    HELPER_EXTRA },
		{ "import-erase", "delete the login of inspect-coco",
		    run_import_erase, HELPER_EXTRA },
		{ NULL, NULL, NULL, 0 }
	};
	static const struct opt opts[] = { OPT_COMMON };
	static const struct helper helper = {
		.name = "coco-credential-inspect-coco",
		.summary = "Take over the login that inspect-coco keeps in a "
			   "file.",
		.verbs = verbs,
		.opts = opts,
		.on_option = on_option,
		.footer = "Requests are read from stdin; see "
			  "coco-protocol(7).",
	};

	return helper_main(&helper, argc, argv);
}
