/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A directory is walked to its end, and nothing leads out of it. */
#include "coco.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "dirwalk.h"
#include "strv.h"
#include "tap.h"

static struct strv lines; /* what was told */
static int stop_at;       /* which entry ends it, from 1; 0: none */

static int
on_entry(void *ctx, const struct tarball_entry *e)
{
	(void)ctx;
	strv_addf(&lines, "%s%s%s%s", e->name,
	    S_ISDIR(e->type)     ? "/" :
		S_ISREG(e->type) ? "" :
				   "?",
	    e->target != NULL ? " > " : "", e->target != NULL ? e->target : "");
	return stop_at != 0 && --stop_at == 0 ? -ECANCELED : TARBALL_DATA;
}

static int
on_attribute(void *ctx, const char *name, const void *value, size_t len)
{
	(void)ctx;
	if (strncmp(name, "user.", 5) == 0)
		strv_addf(&lines, "%s=%.*s", name, (int)len,
		    (const char *)value);
	return 0;
}

static int
on_data(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	strv_addf(&lines, "= %.*s", (int)len, (const char *)data);
	return 0;
}

static int
on_passed(void *ctx, const char *name, int r)
{
	(void)ctx;
	strv_addf(&lines, "passed %zu: %s", strlen(name), strerror(-r));
	return 0;
}

static const struct dirwalk walk = { .entry = on_entry,
	.attribute = on_attribute,
	.data = on_data,
	.passed = on_passed };

static void
put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
	    "write %s", name);
	(void)close(fd);
}

static void
is_told(const char *want, const char *what)
{
	struct buf got = BUF_INIT(65536);
	size_t i;

	strv_sort(&lines);
	for (i = 0; i < lines.len; i++)
		(void)buf_addf(&got, "%s\n", lines.v[i]);
	is_str(buf_str(&got), want, "%s", what);
	strv_clear(&lines);
	buf_wipe(&got);
}

static void
test_kinds(int dir)
{
	put(dir, "file", "content");
	put(dir, "empty", "");
	ok(mkdirat(dir, "sub", 0700) == 0, "mkdir");
	put(dir, "sub/inner", "more");
	ok(symlinkat("/etc", dir, "out") == 0, "a link");
	ok(mkfifoat(dir, "fifo", 0600) == 0, "a FIFO");
	is_int(dirwalk(dir, ".", &walk), 0, "walk");
	is_told("/\n= content\n= more\nempty\nfifo?\nfile\nout? > /etc\n"
		"sub/\nsub/inner\n",
	    "all of it, and no more");
	is_int(dirwalk(dir, "sub/inner", &walk), 0, "a file");
	is_told("\n= more\n", "itself");
	is_int(dirwalk(dir, "out", &walk), -ELOOP, "a link");
	is_int(dirwalk(dir, "fifo", &walk), -EINVAL, "a FIFO is not opened");
	is_int(dirwalk(dir, "../x", &walk), -EXDEV, "a way out");
	is_int(dirwalk(dir, "none", &walk), -ENOENT, "nothing");
	is_told("", "nothing was told of them");
	stop_at = 2;
	is_int(dirwalk(dir, ".", &walk), -ECANCELED, "the caller ends it");
	is_int((intmax_t)lines.len > 1 && lines.len < 5, 1, "at once");
	strv_clear(&lines);
}

static void
test_attributes(int dir, const char *path)
{
	struct buf file = BUF_INIT(4096);

	(void)buf_addf(&file, "%s/file", path);
	if (setxattr(buf_str(&file), "user.x", "value", 5, 0) != 0) {
		ok(errno == ENOTSUP || errno == EPERM, "no attributes here");
	} else {
		is_int(dirwalk(dir, "file", &walk), 0, "attributes");
		is_told("\n= content\nuser.x=value\n", "they are told");
	}
	buf_wipe(&file);
}

/* The directory DIR is closed. */
static void
test_depth(int dir)
{
	int at = openat(dir, "sub", O_RDONLY | O_DIRECTORY);
	int next;
	int i;

	for (i = 0; i < DIRWALK_MAX_DEPTH + 10; i++) {
		if (mkdirat(at, "d", 0700) != 0)
			bail("mkdir");
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		(void)close(at);
		at = next;
	}
	(void)close(at);
	is_int(dirwalk(dir, "sub", &walk), 0, "deep ones");
	strv_sort(&lines);
	is_str(lines.v[lines.len - 1], "passed 511: File name too long",
	    "what is too deep is told");
	strv_clear(&lines);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
main(void)
{
	char path[] = "test-dirwalk.XXXXXX";
	int dir;

	if (mkdtemp(path) == NULL)
		bail("mkdtemp");
	dir = open(path, O_RDONLY | O_DIRECTORY);
	test_kinds(dir);
	test_attributes(dir, path);
	test_depth(dir);
	(void)close(dir);
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return done_testing();
}
