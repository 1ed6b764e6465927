/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole reads and writes, and files that are replaced or left alone. */
#include "coco.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "io.h"
#include "tap.h"

static char dir[] = "/tmp/coco-test-io.XXXXXX";

static int
entries(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		(void)closedir(d);
	return n - 2;
}

static void
check_file(const char *path, const char *want, const char *name)
{
	struct buf b = BUF_INIT(64);

	is_int(io_read_file(path, &b), 0, "read %s", name);
	is_str(buf_str(&b), want, "%s", name);
	buf_wipe(&b);
}

static void
test_read(void)
{
	struct buf b = BUF_INIT(10000);
	struct buf small = BUF_INIT(3);
	char text[9000];
	int fds[2];

	memset(text, 'x', sizeof(text));
	if (pipe(fds) != 0)
		bail("no pipe");
	is_int(io_write_all(fds[1], text, sizeof(text)), 0, "write");
	io_close(fds[1]);
	is_int(io_read_all(fds[0], &b), 0, "read to the end");
	is_mem(b.data, b.len, text, sizeof(text), "all of it");
	io_close(fds[0]);
	is_int(io_read_all(fds[0], &b), -EBADF, "a closed descriptor");
	is_int(io_read_file(dir, &b), -EISDIR, "a directory");
	is_int(io_read_file("missing", &b), -ENOENT, "a missing file");
	is_int(io_write_all(-1, "x", 1), -EBADF, "write nowhere");
	is_int(io_replace("data", "abc", 3), 0, "a file of 3 bytes");
	is_int(io_read_file("data", &small), 0, "fits into 3");
	is_int(io_replace("data", "abcd", 4), 0, "a file of 4 bytes");
	buf_clear(&small);
	is_int(io_read_file("data", &small), -EMSGSIZE, "does not");
	errno = EDOM;
	io_close(-1);
	io_close(12345);
	is_int(errno, EDOM, "closing keeps errno");
	buf_wipe(&b);
	buf_wipe(&small);
}

static void
test_secret(void)
{
	static const struct {
		mode_t mode;
		int result;
		const char *note;
	} files[] = {
		{ 0600, 0, NULL },
		{ 0400, 0, NULL },
		{ 0644, 0, "can be read by others: make its mode 600" },
		{ 0620, -EACCES, "is writable by group or others" },
		{ 0602, -EACCES, "is writable by group or others" },
	};
	struct buf b = BUF_INIT(64);
	struct buf small = BUF_INIT(3);
	const char *note = "old";
	size_t i;

	is_int(io_replace("secret", "abcd", 4), 0, "a secret");
	for (i = 0; i < ARRAY_LEN(files); i++) {
		buf_clear(&b);
		(void)chmod("secret", files[i].mode);
		is_int(io_read_secret("secret", false, &b, &note),
		    files[i].result, "mode %o", (unsigned)files[i].mode);
		is_str(note != NULL ? note : "",
		    files[i].note != NULL ? files[i].note : "", "what is said");
		is_str(buf_str(&b), files[i].result == 0 ? "abcd" : "", "text");
	}
	(void)chmod("secret", 0600);
	is_int(symlink("secret", "link"), 0, "a link to it");
	buf_clear(&b);
	is_int(io_read_secret("link", true, &b, &note), 0, "a link");
	is_str(buf_str(&b), "abcd", "is followed");
	is_int(io_read_secret("secret", false, &small, &note), -EMSGSIZE,
	    "more than fits");
	ok(note == NULL, "which needs no note");
	is_int(io_read_secret("missing", false, &b, &note), -ENOENT, "missing");
	ok(note == NULL, "nor does this");
	is_int(io_read_secret("/dev/null", false, &b, &note), -EACCES,
	    "a device");
	is_str(note, "is no regular file", "why");
	is_int(io_read_secret("/dev/null", true, &b, &note), -EACCES,
	    "a device where a FIFO may be");
	is_str(note, "is neither a regular file nor a FIFO", "why");
	(void)unlink("secret");
	(void)unlink("link");
	buf_wipe(&b);
	buf_wipe(&small);
}

static void
test_fifo(void)
{
	struct buf b = BUF_INIT(64);
	const char *note;
	int fd;

	if (mkfifo("fifo", 0644) != 0)
		bail("no FIFO");
	/* a reader and writer at once, so that nobody has to wait */
	fd = open("fifo", O_RDWR | O_CLOEXEC);
	is_int(io_read_secret("fifo", false, &b, &note), -EACCES,
	    "a FIFO where none may be");
	is_str(note, "is no regular file", "why");
	io_close(fd);
	switch (fork()) {
	case -1:
		bail("no process");
		break;
	case 0:
		fd = open("fifo", O_WRONLY | O_CLOEXEC);
		_exit(io_write_all(fd, "pipe", 4) == 0 ? 0 : 1);
	default:
		break;
	}
	is_int(io_read_secret("fifo", true, &b, &note), 0, "a FIFO");
	is_str(buf_str(&b), "pipe", "what was written");
	ok(note == NULL, "its mode matters to nobody");
	(void)wait(NULL);
	(void)unlink("fifo");
	buf_wipe(&b);
}

static void
test_replace(void)
{
	struct buf b = BUF_INIT(64);
	struct stat st;

	(void)umask(0);
	is_int(io_replace("new", "one\n", 4), 0, "a new file");
	check_file("new", "one\n", "the new file");
	ok(stat("new", &st) == 0 && (st.st_mode & 07777) == 0600, "is private");
	ok(chmod("new", 0644) == 0, "opened up");
	ok(symlink("elsewhere", "new.tmp") == 0, "a trap in its place");
	is_int(io_replace("new", "", 0), 0, "replaced by nothing");
	check_file("new", "", "the emptied file");
	ok(stat("new", &st) == 0 && (st.st_mode & 07777) == 0600,
	    "private again");
	ok(access("elsewhere", F_OK) != 0, "the trap was not followed");
	ok(lstat("new.tmp", &st) != 0, "and is gone");
	ok(mkdir("new.tmp", 0700) == 0, "a directory in its place");
	is_int(io_replace("new", "x", 1), -EISDIR, "is an error");
	ok(rmdir("new.tmp") == 0, "and stays");
	ok(symlink("elsewhere", "secret") == 0, "a link");
	is_int(io_read_private("secret", &b), -EACCES, "is not read");
	is_int(io_read_private("new", &b), 0, "what is private is");
	ok(chmod("new", 0640) == 0, "opened to the group");
	is_int(io_read_private("new", &b), -EACCES, "it is not");
	is_int(io_read_private("none", &b), -ENOENT, "nothing there");
	is_int(io_replace("new", "", 0), 0, "and new again");
	buf_wipe(&b);
	ok(symlink("new", "link") == 0, "a link");
	is_int(io_replace("link", "two\n", 4), 0, "is replaced");
	ok(lstat("link", &st) == 0 && S_ISREG(st.st_mode), "by a file");
	check_file("new", "", "what it pointed to");
}

static void
test_create(void)
{
	struct stat st;
	int before = entries();

	is_int(io_create("first", "one\n", 4), 0, "a file that was not there");
	check_file("first", "one\n", "what was created");
	ok(stat("first", &st) == 0 && (st.st_mode & 07777) == 0600 &&
		st.st_nlink == 1,
	    "is private and has one name");
	is_int(io_create("first", "two\n", 4), -EEXIST, "it is there now");
	check_file("first", "one\n", "what was there");
	ok(unlink("first") == 0 && symlink("nowhere", "first") == 0, "a link");
	is_int(io_create("first", "two\n", 4), -EEXIST, "is something too");
	ok(access("nowhere", F_OK) != 0, "and is not followed");
	is_int(entries(), before + 1, "nothing else is left behind");
	ok(unlink("first") == 0, "cleaned");
}

static void
test_failure(void)
{
	char longest[PATH_MAX + 1];
	int before = entries();

	is_int(io_replace("no/such/dir", "x", 1), -ENOENT, "no directory");
	ok(mkdir("full", 0700) == 0 && mkdir("full/x", 0700) == 0,
	    "a directory with content");
	is_int(io_replace("full", "x", 1), -EISDIR, "cannot be replaced");
	is_int(entries(), before + 1, "nothing is left behind");
	memset(longest, 'x', PATH_MAX);
	longest[PATH_MAX] = '\0';
	is_int(io_replace(longest, "x", 1), -ENAMETOOLONG, "a path too long");
	ok(rmdir("full/x") == 0 && rmdir("full") == 0, "cleaned");
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		bail("no temporary directory");
	test_read();
	test_secret();
	test_fifo();
	test_replace();
	test_create();
	test_failure();
	(void)unlink("data");
	(void)unlink("new");
	(void)unlink("link");
	(void)unlink("secret");
	ok(rmdir(dir) == 0, "no other file was made");
	return done_testing();
}
