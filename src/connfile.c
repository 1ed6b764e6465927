/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connfile.h"
#include "esc.h"
#include "io.h"
#include "mem.h"
#include "path.h"

#define MAX_LINE     8192
#define DEFAULT_NAME "default_connection_name"

void
connfile_explain(struct buf *why, const char *fmt, ...)
{
	struct buf line = BUF_INIT(MAX_LINE);
	size_t before = why->len;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_addv(&line, fmt, ap);
	va_end(ap);
	if (r == 0 && before != 0)
		r = buf_addc(why, '\n');
	if (r == 0)
		r = esc_visible(why, buf_str(&line), line.len);
	if (r != 0)
		buf_truncate(why, before);
	buf_wipe(&line);
}

static void
add_looked(struct strv *looked, const char *dir)
{
	strv_addf(looked, "%s/connections.toml", dir);
	strv_addf(looked, "%s/config.toml", dir);
}

/* What SNOWFLAKE_HOME says, else ~/.snowflake. */
static int
add_home(struct buf *b)
{
	const char *home = getenv("SNOWFLAKE_HOME");
	size_t len;
	int r;

	if (home == NULL || home[0] == '\0')
		home = "~/.snowflake";
	r = path_expand(b, home);
	if (r != 0)
		return r;
	len = b->len;
	while (len > 1 && buf_str(b)[len - 1] == '/')
		len--;
	buf_truncate(b, len);
	return 0;
}

void
connfile_dir(struct buf *ret_dir, struct strv *looked)
{
	struct stat st;
	int r;

	r = add_home(ret_dir);
	if (r == 0) {
		add_looked(looked, buf_str(ret_dir));
		if (stat(buf_str(ret_dir), &st) == 0 || errno == EACCES)
			return;
	}
	buf_clear(ret_dir);
	r = path_xdg_config(ret_dir);
	if (r == 0)
		r = buf_adds(ret_dir, "/snowflake");
	if (r == 0)
		add_looked(looked, buf_str(ret_dir));
	else
		buf_clear(ret_dir);
}

/*
 * Whether others can put another file in the place of this one: DIR is the
 * real directory of a file or of a link to it.  A sticky directory of root's
 * passes, as in path_check_trusted(): that is how container runtimes mount
 * secrets.
 */
static int
check_dir(const char *dir, struct buf *why)
{
	const char *fault;
	struct stat st;

	if (stat(dir, &st) != 0) {
		connfile_explain(why, "%s: %s", dir, strerror(errno));
		return -EACCES;
	}
	if (st.st_uid == 0 && (st.st_mode & 01000) != 0)
		return 0;
	fault = path_fault(st.st_uid, st.st_mode);
	if (fault == NULL)
		return 0;
	connfile_explain(why, "directory %s %s", dir, fault);
	if ((st.st_mode & 022) != 0)
		connfile_explain(why, "hint: chmod go-w %s", dir);
	return -EACCES;
}

static int
check_dir_of(const char *real, struct buf *why)
{
	char *dir = xstrdup(real);
	char *slash = strrchr(dir, '/');
	int r;

	slash[slash == dir ? 1 : 0] = '\0';
	r = check_dir(dir, why);
	free(dir);
	return r;
}

static int
check_file(const char *path, const struct stat *st, struct strv *warnings,
    struct buf *why)
{
	const char *fault = path_fault(st->st_uid, st->st_mode);

	if (!S_ISREG(st->st_mode)) {
		connfile_explain(why, "%s is not a regular file", path);
		return -EBADMSG;
	}
	if (fault != NULL) {
		connfile_explain(why, "%s %s", path, fault);
		if ((st->st_mode & 022) != 0)
			connfile_explain(why, "hint: chmod go-w %s", path);
		return -EACCES;
	}
	if ((st->st_mode & 044) != 0) {
		struct buf line = BUF_INIT(CONNFILE_MAX_WARNING);

		connfile_explain(&line,
		    "%s can be read by others: "
		    "chmod 600 %s",
		    path, path);
		strv_add(warnings, buf_str(&line));
		buf_wipe(&line);
	}
	return 0;
}

/*
 * Open the file REAL, which has no links in it, and check the one that was
 * opened: what is checked and what is read cannot differ.  O_NONBLOCK, so that
 * a FIFO does not make us wait before it is refused.
 */
static int
open_checked(const char *path, const char *real, struct strv *warnings,
    struct buf *why, int *ret_fd)
{
	struct stat st;
	int fd;
	int r;

	fd = open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		r = errno == ENOENT ? -ENOENT : -EACCES;
		if (r != -ENOENT)
			connfile_explain(why, "%s: %s", path, strerror(errno));
		goto out;
	}
	r = check_file(path, &st, warnings, why);
	if (r == 0)
		r = check_dir_of(real, why);
	if (r != 0)
		goto out;
	*ret_fd = fd;
	fd = -1;
out:
	io_close(fd);
	return r;
}

/* Read PATH into B after all checks. */
static int
read_checked(const char *dir, const char *path, struct strv *warnings,
    struct buf *why, struct buf *b)
{
	char *real = realpath(path, NULL);
	int fd = -1;
	int r;

	if (real == NULL && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	if (real == NULL) {
		connfile_explain(why, "%s: %s", path, strerror(errno));
		return -EACCES;
	}
	r = check_dir(dir, why);
	if (r == 0)
		r = open_checked(path, real, warnings, why, &fd);
	if (r != 0)
		goto out;
	r = io_read_all(fd, b);
	if (r != 0) {
		connfile_explain(why, "%s: %s", path,
		    r == -EMSGSIZE ? "is larger than 1 MiB" : strerror(-r));
		r = -EBADMSG;
	}
out:
	io_close(fd);
	free(real);
	return r;
}

int
connfile_open(const char *dir, bool is_config, struct strv *warnings,
    struct buf *why, struct connfile *ret_file)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf text = BUF_INIT(TOML_MAX);
	struct toml_error err;
	struct toml *doc;
	int r;

	if (dir[0] == '\0')
		return -ENOENT;
	r = buf_addf(&path, "%s/%s", dir,
	    is_config ? "config.toml" : "connections.toml");
	if (r != 0) {
		r = -ENOENT;
		goto out;
	}
	r = read_checked(dir, buf_str(&path), warnings, why, &text);
	if (r != 0)
		goto out;
	r = toml_parse(buf_str(&text), text.len, &err, &doc);
	if (r != 0) {
		connfile_explain(why, "%s:%zu:%zu: %s", buf_str(&path),
		    err.line, err.column, err.reason);
		r = -EBADMSG;
		goto out;
	}
	*ret_file = (struct connfile){ xstrdup(buf_str(&path)), doc,
		is_config };
out:
	buf_wipe(&path);
	buf_wipe(&text);
	return r;
}

void
connfile_clear(struct connfile *f)
{
	free(f->path);
	toml_free(f->doc);
	*f = (struct connfile)CONNFILE_INIT;
}

/* The table that has the connections. */
static const struct toml_node *
home_of(const struct connfile *f)
{
	const struct toml_node *root = toml_root(f->doc);

	return f->is_config ? toml_get(root, "connections") : root;
}

int
connfile_default(const struct connfile *f, const char **ret_name,
    struct buf *why)
{
	const struct toml_node *node;
	const char *name;
	int r;

	node = toml_get(toml_root(f->doc), DEFAULT_NAME);
	if (node == NULL || toml_kind(node) == TOML_TABLE)
		return -ENOENT;
	r = toml_string(node, &name, NULL);
	if (r != 0) {
		connfile_explain(why, "%s:%zu: %s must be a string", f->path,
		    toml_line(node), DEFAULT_NAME);
		return r;
	}
	if (name[0] == '\0')
		return -ENOENT;
	*ret_name = name;
	return 0;
}

void
connfile_names(const struct connfile *f, struct strv *names)
{
	const struct toml_node *node;
	size_t len;

	for (node = toml_first(home_of(f)); node != NULL;
	     node = toml_next(node)) {
		const char *name = toml_key(node, &len);

		if (toml_kind(node) == TOML_TABLE && strlen(name) == len)
			strv_addn(names, name, len);
	}
}

const struct toml_node *
connfile_find(const struct connfile *f, const char *name)
{
	const struct toml_node *node = toml_get(home_of(f), name);

	return node != NULL && toml_kind(node) == TOML_TABLE ? node : NULL;
}

int
connfile_text(const struct connfile *f, const struct toml_node *node,
    struct buf *ret_text)
{
	struct toml_span span;
	const char *s;
	size_t len;
	int64_t n;
	int r;

	switch (toml_kind(node)) {
	case TOML_STRING:
		r = toml_string(node, &s, NULL);
		return r != 0 ? r : buf_adds(ret_text, s);
	case TOML_INTEGER:
		r = toml_int(node, &n);
		return r != 0 ? r : buf_addf(ret_text, "%" PRId64, n);
	case TOML_ARRAY:
	case TOML_TABLE:
		return -EBADMSG;
	default:
		span = toml_value_span(node);
		s = toml_text(f->doc, &len);
		return buf_add(ret_text, s + span.at, span.len);
	}
}
