/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The directory of a container that was started: its lock, and its removal. */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rundir.h"
#include "tap.h"

#define ID "0123456789abcdef"

static char home[64];

static void
enter_home(void)
{
	(void)snprintf(home, sizeof(home), "/tmp/coco-rundir.XXXXXX");
	if (mkdtemp(home) == NULL || setenv("XDG_STATE_HOME", home, 1) != 0)
		exit(1);
}

static int
count_one(void *ctx, const char *id)
{
	is_str(id, ID, "the one that was made");
	(*(int *)ctx)++;
	return 0;
}

static int
count(void)
{
	struct buf why = BUF_INIT(1024);
	int n = 0;

	is_int(rundir_each(count_one, &n, &why), 0, "each: %s", buf_str(&why));
	buf_wipe(&why);
	return n;
}

static void
test_lock(void)
{
	struct rundir a = RUNDIR_INIT;
	struct rundir b = RUNDIR_INIT;
	struct buf why = BUF_INIT(1024);

	is_int(count(), 0, "there is none");
	is_int(rundir_take(ID, &why, &a), -ENOENT, "nothing to be taken");
	rundir_close(&a);
	is_int(rundir_make(ID, &why, &a), 0, "made: %s", buf_str(&why));
	is_int(count(), 1, "there is one");
	is_int(rundir_take(ID, &why, &b), -EBUSY, "somebody has it");
	is_str(buf_str(&why), "", "which is no error");
	rundir_close(&b);
	rundir_close(&a);
	is_int(rundir_take(ID, &why, &b), 0, "it is free");
	is_int(rundir_remove(&b, &why), 0, "removed");
	is_int(count(), 0, "there is none any more");
	rundir_close(&b);
	buf_wipe(&why);
}

/* DEPTH directories in each other below PATH. */
static int
make_deep(const char *path, int depth)
{
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int i;
	int r = chdir(path);

	for (i = 0; i < depth && r == 0; i++) {
		r = mkdir("d", 0700);
		if (r == 0)
			r = chdir("d");
	}
	if (fchdir(here) != 0)
		r = -1;
	(void)close(here);
	return r;
}

static void
test_remove(void)
{
	struct rundir dir = RUNDIR_INIT;
	struct buf why = BUF_INIT(1024);
	struct buf root = BUF_INIT(1024);
	struct buf path = BUF_INIT(1024);
	struct stat st;

	is_int(rundir_make(ID, &why, &dir), 0, "made");
	is_int(rundir_make_root(&dir, "/run/snowflake", geteuid(), getegid(),
		   &why),
	    0, "its root");
	(void)rundir_path(&dir, "root/run/snowflake", &root);
	is_int(stat(buf_str(&root), &st) == 0 ? (int)st.st_mode : -1,
	    S_IFDIR | 0700, "is private");
	(void)buf_addf(&path, "%s/link", buf_str(&root));
	is_int(symlink("/etc", buf_str(&path)), 0, "a link");
	buf_clear(&path);
	(void)buf_addf(&path, "%s/fifo", buf_str(&root));
	is_int(mkfifo(buf_str(&path), 0), 0, "a FIFO");
	is_int(make_deep(buf_str(&root), 100), 0, "directories");
	buf_clear(&path);
	(void)buf_addf(&path, "%s/d", buf_str(&root));
	is_int(chmod(buf_str(&path), 0), 0, "closed by whose they are");
	is_int(rundir_remove(&dir, &why), 0, "removed: %s", buf_str(&why));
	ok(stat("/etc/passwd", &st) == 0, "and nothing else");
	is_int(count(), 0, "none is left");
	rundir_close(&dir);
	buf_wipe(&why);
	buf_wipe(&root);
	buf_wipe(&path);
}

static void
test_too_deep(void)
{
	struct rundir dir = RUNDIR_INIT;
	struct buf why = BUF_INIT(1024);
	struct buf command = BUF_INIT(1024);

	is_int(rundir_make(ID, &why, &dir), 0, "made");
	is_int(make_deep(buf_str(&dir.path), 300), 0, "very deep");
	is_int(rundir_remove(&dir, &why), -ELOOP, "too deep");
	ok(strstr(buf_str(&why), "too many directories in each other") != NULL,
	    "which is said");
	rundir_close(&dir);
	(void)buf_addf(&command, "rm -rf '%s'", home);
	is_int(system(buf_str(&command)), 0, "the rest");
	buf_wipe(&why);
	buf_wipe(&command);
}

int
main(void)
{
	enter_home();
	test_lock();
	test_remove();
	test_too_deep();
	return done_testing();
}
