/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A main() for fuzz targets in builds without libFuzzer: feeds each file of
 * the directories named (or, without arguments, of the corpus that belongs to
 * fuzz-NAME.t, tests/fuzz/corpus/NAME) to the target once.  A target fails by
 * crashing, so every "ok" says that an input was survived.
 */
#include "coco.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "fuzz.h"
#include "tap.h"

#define REPLAY_MAX (4 * 1024 * 1024)

static void
replay_file(const char *path)
{
	uint8_t *data = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		bail(path);
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return;
	}
	if (st.st_size > REPLAY_MAX)
		bail("a corpus file is too large");
	/* The exact size, so that a sanitizer sees a read past the end. */
	data = malloc((size_t)st.st_size);
	n = st.st_size == 0 ? 0 : read(fd, data, (size_t)st.st_size);
	if ((data == NULL && st.st_size != 0) || n != st.st_size)
		bail(path);
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	ok(true, "%s", path);
	free(data);
	close(fd);
}

static void
replay_dir(const char *dir)
{
	struct dirent **names;
	char path[PATH_MAX];
	int n, i;

	n = scandir(dir, &names, NULL, alphasort);
	if (n == -1)
		bail(dir);
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", dir,
			    names[i]->d_name);
			replay_file(path);
		}
		free(names[i]);
	}
	free(names);
}

/* .../fuzz-NAME.t -> $srcdir/tests/fuzz/corpus/NAME */
static void
replay_own_corpus(const char *argv0)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strrchr(argv0, '/');
	char dir[PATH_MAX];

	name = name == NULL ? argv0 : name + 1;
	if (strncmp(name, "fuzz-", 5) == 0)
		name += 5;
	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%.*s",
	    srcdir == NULL ? "." : srcdir, (int)strcspn(name, "."), name);
	replay_dir(dir);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		replay_dir(argv[i]);
	if (argc == 1)
		replay_own_corpus(argv[0]);
	return done_testing();
}
