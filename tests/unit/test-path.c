/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our directories, and which paths are trusted. */
#include "coco.h"

#include <sys/stat.h>

#include <limits.h>
#include <unistd.h>

#include "path.h"
#include "tap.h"

static char dir[] = "/tmp/coco-test-path.XXXXXX";

typedef int (*path_fn)(struct buf *b);

static void
check(path_fn fn, int want_r, const char *want, const char *name)
{
	struct buf b = BUF_INIT(PATH_MAX);

	is_int(fn(&b), want_r, "%s", name);
	is_str(buf_str(&b), want, "its text");
	buf_wipe(&b);
}

static void
test_xdg(void)
{
	struct buf b = BUF_INIT(PATH_MAX);

	(void)setenv("HOME", "/home/u", 1);
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)setenv("XDG_DATA_HOME", "relative", 1);
	(void)setenv("XDG_STATE_HOME", "/var/state", 1);
	check(path_home, 0, "/home/u", "home");
	check(path_xdg_config, 0, "/home/u/.config", "XDG config");
	check(path_config, 0, "/home/u/.config/coco", "config");
	check(path_data, 0, "/home/u/.local/share/coco", "a relative value");
	check(path_state, 0, "/var/state/coco", "state as set");
	is_int(path_expand(&b, "~/x"), 0, "~/");
	is_int(path_expand(&b, "~"), 0, "~");
	is_int(path_expand(&b, "~u/x"), 0, "~u");
	is_int(path_expand(&b, "/a/~/b"), 0, "~ inside");
	is_str(buf_str(&b),
	    "/home/u/x"
	    "/home/u"
	    "~u/x"
	    "/a/~/b",
	    "expanded where it should be");
	(void)setenv("HOME", "u", 1);
	check(path_home, -ENOENT, "", "a relative home");
	check(path_state, 0, "/var/state/coco", "state needs no home");
	(void)unsetenv("HOME");
	check(path_config, -ENOENT, "", "no home");
	is_int(path_expand(&b, "~"), -ENOENT, "~ without home");
	buf_wipe(&b);
}

static void
test_private(void)
{
	struct stat st;

	(void)umask(0);
	is_int(path_make_private("a/b/c"), 0, "three levels");
	ok(stat("a", &st) == 0 && (st.st_mode & 07777) == 0700, "the first");
	ok(stat("a/b/c", &st) == 0 && (st.st_mode & 07777) == 0700, "the last");
	is_int(path_make_private("a/b/c"), 0, "again");
	is_int(path_make_private(""), -ENOENT, "no name");
	ok(chmod("a", 0750) == 0, "others may enter the first");
	is_int(path_make_private("a/b/c"), 0, "which does not matter");
	is_int(path_make_private("a"), -EACCES, "unless it is the one");
	ok(chmod("a", 0700) == 0 && symlink("a", "l") == 0, "a link");
	is_int(path_make_private("l"), -EACCES, "is not good enough");
	is_int(path_make_private("l/b"), 0, "as last component");
	is_int(path_make_private("/dev/null"), -EACCES, "no directory");
	is_int(path_make_private("/dev/null/x"), -ENOTDIR, "nor below it");
	(void)unlink("l");
	(void)rmdir("a/b/c");
	(void)rmdir("a/b");
	(void)rmdir("a");
}

static void
check_trusted(const char *path, int want_r, const char *want_why)
{
	struct buf why = BUF_INIT(PATH_MAX);
	struct buf want = BUF_INIT(PATH_MAX);

	if (want_why[0] != '\0')
		(void)buf_addf(&want, "%s/%s", dir, want_why);
	is_int(path_check_trusted(path, &why), want_r, "trust in %s", path);
	is_str(buf_str(&why), buf_str(&want), "the reason");
	buf_wipe(&want);
	buf_wipe(&why);
}

static void
test_trusted(void)
{
	ok(mkdir("good", 0755) == 0 && mkdir("open", 0777) == 0 &&
		mkdir("good/in", 0755) == 0 && mkdir("open/in", 0755) == 0 &&
		symlink("good/in", "direct") == 0 &&
		symlink("../good/in", "open/way") == 0 &&
		symlink("open/way", "twice") == 0 &&
		symlink("open/../good", "up") == 0 &&
		symlink("round", "round") == 0,
	    "directories and links");
	check_trusted("good/in", 0, "");
	check_trusted("good//in/", 0, "");
	check_trusted("good/./in/..", 0, "");
	check_trusted("/", 0, "");
	check_trusted("direct", 0, "");
	check_trusted("open", -EACCES, "open is writable by group or others");
	check_trusted("open/in", -EACCES,
	    "open is writable by group or others");
	/* good itself, but by a link that others could turn */
	check_trusted("open/way", -EACCES,
	    "open is writable by group or others");
	check_trusted("twice", -EACCES, "open is writable by group or others");
	check_trusted("up/in", -EACCES, "open is writable by group or others");
	check_trusted("round", -ELOOP, "");
	check_trusted("good/none", -ENOENT, "");
	check_trusted("", -ENOENT, "");
	if (geteuid() == 0) {
		ok(lchown("direct", 65534, 65534) == 0, "a stranger's link");
		check_trusted("direct", -EACCES,
		    "direct belongs to another user");
		ok(chown("good", 65534, 65534) == 0, "and directory");
		check_trusted("good/in", -EACCES,
		    "good belongs to another user");
	} else {
		skip(6, "only root can give files away");
	}
	(void)unlink("direct");
	(void)unlink("open/way");
	(void)unlink("twice");
	(void)unlink("up");
	(void)unlink("round");
	(void)rmdir("open/in");
	(void)rmdir("open");
	(void)rmdir("good/in");
	(void)rmdir("good");
}

static void
test_libexec(void)
{
	struct buf b = BUF_INIT(PATH_MAX);
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	is_int(path_libexec(&b), 0, "the helpers' directory");
	ok(strncmp(exe, buf_str(&b), b.len) == 0 && exe[b.len] == '/' &&
		strchr(exe + b.len + 1, '/') == NULL,
	    "is our own in a build tree");
	buf_wipe(&b);
}

static void
test_memory(void)
{
	struct stat shm;
	struct stat root;

	ok(!path_is_in_memory("/"), "the root is a disk");
	ok(!path_is_in_memory("/nonexistent"), "nothing is nowhere");
	if (stat("/", &root) == 0 && stat("/dev/shm", &shm) == 0 &&
	    root.st_dev != shm.st_dev)
		ok(path_is_in_memory("/dev/shm"), "/dev/shm is memory");
}

int
main(void)
{
	test_xdg();
	test_memory();
	test_libexec();
	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		bail("no temporary directory");
	test_private();
	test_trusted();
	ok(rmdir(dir) == 0, "no other file was made");
	return done_testing();
}
