/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coco-deploy-remove.static: removes files in a container, for coco-deploy
 * (engine.h), which puts it there for one run.  On stdin there are absolute
 * paths, each with a NUL at its end.  A file is unlinked; a directory is
 * removed, when it is empty; what is not there is fine.  What stayed is on
 * stdout, as "PATH: REASON" with a NUL at its end, and after all of it there is
 * an empty record.  First of all it removes itself, so that it is gone whatever
 * happens then: but only where a hidden name says that it is such a copy.
 *
 * No link is followed on the way but those of root, which layouts of images
 * have (/home to /var/home): who owns a directory above could otherwise lead us
 * to files of others.
 *
 * It is one file and small: no module of ours, no stdio.
 */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define NAME         "coco-deploy-remove.static"
#define MAX_INPUT    524288
#define STATUS_USAGE 2

static char input[MAX_INPUT];
static size_t input_len;

static void
say(int fd, const char *s, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			s += n;
			len -= (size_t)n;
		}
	}
}

static void
say_left(const char *path, int error)
{
	const char *reason = strerror(error);

	say(STDOUT_FILENO, path, strlen(path));
	say(STDOUT_FILENO, ": ", 2);
	say(STDOUT_FILENO, reason, strlen(reason) + 1);
}

/* Open the directory NAME of DIRFD, which is closed.  -1 when that fails. */
static int
enter(int dirfd, const char *name)
{
	struct stat st;
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
	int saved;
	int fd = -1;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode) && st.st_uid == 0)
			flags &= ~O_NOFOLLOW;
		fd = openat(dirfd, name, flags);
	}
	saved = errno;
	(void)close(dirfd);
	errno = saved;
	return fd;
}

/* Open the directory that PATH is in; *RET_NAME is the last part of PATH.  The
 * slashes of PATH become NUL meanwhile.  -1 when that fails. */
static int
enter_parent(char *path, char **ret_name)
{
	char *part = path + 1;
	char *slash;
	int fd;

	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (;;) {
		slash = strchr(part, '/');
		if (fd < 0 || slash == NULL)
			break;
		*slash = '\0';
		fd = enter(fd, part);
		*slash = '/';
		part = slash + 1;
	}
	*ret_name = part;
	return fd;
}

/* Returns 0 or what errno was. */
static int
remove_path(char *path)
{
	char *name;
	int error = 0;
	int fd;

	if (path[0] != '/')
		return EINVAL;
	fd = enter_parent(path, &name);
	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	if (unlinkat(fd, name, 0) != 0)
		error = errno;
	if (error == EISDIR)
		error = unlinkat(fd, name, AT_REMOVEDIR) != 0 ? errno : 0;
	(void)close(fd);
	return error == ENOENT ? 0 : error;
}

static int
read_input(void)
{
	ssize_t n;

	while (input_len < sizeof(input)) {
		n = read(STDIN_FILENO, input + input_len,
		    sizeof(input) - input_len);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			input_len += (size_t)n;
	}
	/* a record that is cut off would be another path */
	return input_len == sizeof(input) ||
		(input_len > 0 && input[input_len - 1] != '\0') ?
	    -1 :
	    0;
}

/* For a person who wants to know what this is.  Returns an exit status. */
static int
tell(const char *option)
{
	static const char version[] = NAME " " PACKAGE_VERSION "\n";
	static const char usage[] = "usage: " NAME " [options] <paths\n";
	static const char help[] =
	    "\n"
	    "Remove the files and the empty directories whose paths are on "
	    "stdin, each with a\n"
	    "NUL at its end.  coco-deploy puts this into containers.\n"
	    "\n"
	    "Options:\n"
	    "      --help     show this text\n"
	    "      --version  show the version\n";

	if (strcmp(option, "--version") == 0) {
		say(STDOUT_FILENO, version, strlen(version));
		return 0;
	}
	if (strcmp(option, "--help") == 0) {
		say(STDOUT_FILENO, usage, strlen(usage));
		say(STDOUT_FILENO, help, strlen(help));
		return 0;
	}
	say(STDERR_FILENO, NAME ": ", strlen(NAME ": "));
	say(STDERR_FILENO, option, strlen(option));
	say(STDERR_FILENO, ": no such option\n", strlen(": no such option\n"));
	say(STDERR_FILENO, usage, strlen(usage));
	return STATUS_USAGE;
}

/* "/.NAME", or that in a directory. */
static bool
is_copy(const char *self)
{
	const char *slash = strrchr(self, '/');

	return self[0] == '/' && slash[1] == '.';
}

int
main(int argc, char **argv)
{
	char *path;
	int error;
	int status = 0;

	if (argc > 1)
		return tell(argv[1]);
	if (argc > 0 && is_copy(argv[0]))
		(void)unlink(argv[0]);
	if (read_input() != 0)
		return STATUS_USAGE;
	for (path = input; path < input + input_len; path += strlen(path) + 1) {
		error = remove_path(path);
		if (error != 0) {
			say_left(path, error);
			status = 1;
		}
	}
	say(STDOUT_FILENO, "", 1);
	return status;
}
