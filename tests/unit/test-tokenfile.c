/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * THREATS.md T10: a token file in a directory that others may have been in.
 * Each attack plants something, and what lies outside must not change.
 */
#include "coco.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "beneath.h"
#include "confine.h"
#include "io.h"
#include "tap.h"
#include "tokenfile.h"

#define NOBODY 65534
#define TOKEN  "canary-new-token"

static char top[] = "/tmp/coco-test-token.XXXXXX";
static int topfd;
static int grantfd; /* top/grant */

static void
plant_file(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	if (fd < 0 || io_write_all(fd, text, strlen(text)) != 0)
		bail("cannot make a file");
	io_close(fd);
}

/* The content of the file NAME, until the next call; NULL if it is none. */
static const char *
content(int dirfd, const char *name)
{
	static char text[64];
	ssize_t n;
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	io_close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static int
count(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	int n = -2; /* "." and ".." */

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void
setup(void)
{
	struct buf why = BUF_INIT(256);

	if (mkdtemp(top) == NULL)
		bail("mkdtemp");
	topfd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (topfd < 0 ||
	    beneath_make_directory(topfd, "grant", 0711, &why, &grantfd) != 0)
		bail("no directory");
	plant_file(topfd, "victim", "old");
	buf_wipe(&why);
}

static void
write_token(const char *name)
{
	struct stat st;

	is_int(tokenfile_write(grantfd, TOKEN, strlen(TOKEN), (uid_t)-1,
		   (gid_t)-1),
	    0, "%s", name);
	is_str(content(grantfd, "token"), TOKEN, "the token is there");
	is_int(count(grantfd), 1, "and nothing else");
	is_str(content(topfd, "victim"), "old", "nothing outside was written");
	is_int(fstatat(grantfd, "token", &st, AT_SYMLINK_NOFOLLOW), 0, "it is");
	ok(st.st_mode == (S_IFREG | 0600) && st.st_uid == geteuid() &&
		st.st_nlink == 1,
	    "a file of ours alone");
}

/* What an attacker can leave, under the name of the file and of the temporary
 * one. */
static void
test_planted(const char *name)
{
	plant_file(grantfd, name, "theirs");
	write_token("over a file");
	(void)unlinkat(grantfd, name, 0);
	(void)!symlinkat("../victim", grantfd, name);
	write_token("over a link");
	(void)unlinkat(grantfd, name, 0);
	(void)!symlinkat("/dev/full", grantfd, name);
	write_token("over a link to a device");
	(void)unlinkat(grantfd, name, 0);
	(void)!symlinkat("nothing", grantfd, name);
	write_token("over a link to nothing");
	(void)unlinkat(grantfd, name, 0);
	(void)!linkat(topfd, "victim", grantfd, name, 0);
	write_token("over a hard link");
	(void)unlinkat(grantfd, name, 0);
	(void)mkfifoat(grantfd, name, 0600);
	write_token("over a FIFO");
	(void)unlinkat(grantfd, name, 0);
	(void)mkdirat(grantfd, name, 0700);
	write_token("over a directory");
}

static void
test_full_directory(const char *name)
{
	int fd;

	tokenfile_remove(grantfd);
	(void)mkdirat(grantfd, name, 0700);
	fd = openat(grantfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	plant_file(fd, "file", "theirs");
	is_int(tokenfile_write(grantfd, TOKEN, strlen(TOKEN), (uid_t)-1,
		   (gid_t)-1),
	    -ENOTEMPTY, "a directory that is not empty as %s", name);
	is_int(count(grantfd), 1, "no temporary file is left");
	is_str(content(fd, "file"), "theirs", "what is in it stays");
	(void)unlinkat(fd, "file", 0);
	io_close(fd);
	tokenfile_remove(grantfd);
	is_int(count(grantfd), 0, "and when it is empty it goes");
}

/* The directory has another name, and its own is another's. */
static void
test_renamed(void)
{
	int fd;

	if (renameat(topfd, "grant", topfd, "away") != 0 ||
	    mkdirat(topfd, "grant", 0700) != 0)
		bail("rename");
	fd = openat(topfd, "grant", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_token("the directory was renamed");
	is_int(count(fd), 0, "nothing is in what has its name");
	io_close(fd);
	(void)unlinkat(topfd, "grant", AT_REMOVEDIR);
	(void)renameat(topfd, "away", topfd, "grant");
}

static void
test_removed(void)
{
	int fd;

	(void)mkdirat(topfd, "gone", 0700);
	fd = openat(topfd, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)unlinkat(topfd, "gone", AT_REMOVEDIR);
	is_int(tokenfile_write(fd, "x", 1, (uid_t)-1, (gid_t)-1), -ENOENT,
	    "the directory was removed");
	tokenfile_remove(fd);
	io_close(fd);
}

static void
test_owner(void)
{
	struct stat st;

	if (geteuid() != 0) {
		skip(1, "not root");
		return;
	}
	is_int(tokenfile_write(grantfd, "x", 1, NOBODY, (gid_t)-1), 0,
	    "another owner");
	(void)fstatat(grantfd, "token", &st, 0);
	ok(st.st_uid == NOBODY && st.st_gid == getegid() &&
		st.st_mode == (S_IFREG | 0600),
	    "it is theirs");
	is_int(tokenfile_write(grantfd, "x", 1, (uid_t)-1, NOBODY), 0,
	    "another group");
	(void)fstatat(grantfd, "token", &st, 0);
	ok(st.st_uid == 0 && st.st_gid == NOBODY, "it is theirs");
}

static int
in_child(int (*fn)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fn());
	(void)waitpid(pid, &status, 0);
	return status;
}

/* As the daemon is.  Who may not give it away has no new token, but the old. */
static int
write_confined(void)
{
	const char *const write[] = { top, NULL };
	const struct confine c = { NULL, write };
	struct buf text = BUF_INIT(1024);
	bool is_root = geteuid() == 0;
	int fd = -1;
	int r;

	if (is_root &&
	    (fchown(topfd, NOBODY, NOBODY) != 0 || setuid(NOBODY) != 0))
		return 2;
	if (confine(&c, &text) != 0)
		return 3;
	r = beneath_make_directory(topfd, "confined", 0711, &text, &fd);
	buf_wipe(&text);
	if (r != 0)
		return 4;
	if (tokenfile_write(fd, TOKEN, strlen(TOKEN), (uid_t)-1, (gid_t)-1) !=
	    0)
		return 5;
	if (tokenfile_write(fd, "x", 1, 0, (gid_t)-1) != (is_root ? -EPERM : 0))
		return is_root ? 6 : 0;
	return count(fd) == 1 && strcmp(content(fd, "token"), TOKEN) == 0 ? 0 :
									    7;
}

static void
directory(const char *name, const char *want_name, mode_t mode, int want,
    const char *want_why)
{
	struct buf why = BUF_INIT(256);
	struct stat st;
	int fd = -1;

	is_int(beneath_make_directory(topfd, want_name, mode, &why, &fd), want,
	    "%s", name);
	is_str(buf_str(&why), want_why, "the reason");
	if (want == 0) {
		(void)fstat(fd, &st);
		is_int(st.st_mode, S_IFDIR | mode, "its mode");
		ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "closed on exec");
	} else {
		is_int(fd, -1, "nothing is returned");
	}
	io_close(fd);
	buf_wipe(&why);
}

static void
test_directory(void)
{
	mode_t old = umask(077);

	directory("made, umask 077", "d", 0711, 0, "");
	(void)umask(0);
	(void)unlinkat(topfd, "d", AT_REMOVEDIR);
	directory("made, umask 0", "d", 0711, 0, "");
	(void)umask(old);
	(void)!fchmodat(topfd, "d", 0700, 0);
	directory("one that is too closed", "d", 0711, 0, "");
	(void)!fchmodat(topfd, "d", 0755, 0);
	directory("one that others can list", "d", 0700, 0, "");
	(void)!fchmodat(topfd, "d", 0770, 0);
	directory("one that others could write", "d", 0700, -EACCES,
	    "d: is writable by group or others");
	(void)!symlinkat("d", topfd, "link");
	directory("a link", "link", 0700, -ENOTDIR, "link: Not a directory");
	directory("by a link", "link/e", 0700, -ELOOP,
	    "link/e: Too many levels of symbolic links");
	directory("a file", "victim", 0700, -ENOTDIR,
	    "victim: Not a directory");
	directory("a way out", "../coco-x", 0700, -EXDEV,
	    "../coco-x: Invalid cross-device link");
	if (geteuid() != 0) {
		skip(1, "not root");
		return;
	}
	(void)!fchmodat(topfd, "d", 0700, 0);
	(void)!fchownat(topfd, "d", NOBODY, NOBODY, 0);
	directory("another user's", "d", 0700, -EACCES,
	    "d: belongs to another user");
}

static void
teardown(void)
{
	tokenfile_remove(grantfd);
	is_int(count(grantfd), 0, "all is removed");
	(void)unlinkat(topfd, "confined/token", 0);
	(void)unlinkat(topfd, "confined", AT_REMOVEDIR);
	(void)unlinkat(topfd, "grant", AT_REMOVEDIR);
	(void)unlinkat(topfd, "d/e", AT_REMOVEDIR);
	(void)unlinkat(topfd, "d", AT_REMOVEDIR);
	(void)unlinkat(topfd, "link", 0);
	(void)unlinkat(topfd, "victim", 0);
	is_int(rmdir(top), 0, "and nothing is left");
	io_close(grantfd);
	io_close(topfd);
}

int
main(void)
{
	setup();
	write_token("the first one");
	write_token("the next one");
	test_planted("token");
	test_planted(".token.tmp");
	test_full_directory("token");
	test_full_directory(".token.tmp");
	test_renamed();
	test_removed();
	test_owner();
	test_directory();
	is_int(in_child(write_confined), 0, "from within Landlock");
	teardown();
	return done_testing();
}
