/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "path.h"

/* Links that may follow each other, as in the kernel's own walk. */
#define PATH_MAX_LINKS 40

int
path_home(struct buf *b)
{
	const char *home = getenv("HOME");

	if (home == NULL || home[0] != '/')
		return -ENOENT;
	return buf_adds(b, home);
}

/* The directory that VARIABLE names, else BELOW_HOME in the home directory. */
static int
xdg(struct buf *b, const char *variable, const char *below_home)
{
	const char *dir = getenv(variable);
	int r;

	if (dir != NULL && dir[0] == '/')
		return buf_adds(b, dir);
	r = path_home(b);
	if (r != 0)
		return r;
	return buf_adds(b, below_home);
}

int
path_xdg_config(struct buf *b)
{
	return xdg(b, "XDG_CONFIG_HOME", "/.config");
}

int
path_config(struct buf *b)
{
	int r = path_xdg_config(b);

	return r != 0 ? r : buf_adds(b, "/coco");
}

int
path_data(struct buf *b)
{
	int r = xdg(b, "XDG_DATA_HOME", "/.local/share");

	return r != 0 ? r : buf_adds(b, "/coco");
}

int
path_state(struct buf *b)
{
	int r = xdg(b, "XDG_STATE_HOME", "/.local/state");

	return r != 0 ? r : buf_adds(b, "/coco");
}

int
path_expand(struct buf *b, const char *path)
{
	int r;

	if (path[0] != '~' || (path[1] != '/' && path[1] != '\0'))
		return buf_adds(b, path);
	r = path_home(b);
	return r != 0 ? r : buf_adds(b, path + 1);
}

/* Create each missing directory of PATH from the top. */
static int
make_all(char *path)
{
	char *slash = path;
	int r;

	do {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		r = mkdir(path, 0700) != 0 && errno != EEXIST ? -errno : 0;
		if (slash != NULL)
			*slash = '/';
	} while (r == 0 && slash != NULL);
	return r;
}

int
path_make_private(const char *path)
{
	struct stat st;
	char *copy;
	int r;

	if (path[0] == '\0')
		return -ENOENT;
	if (lstat(path, &st) != 0) {
		if (errno != ENOENT)
			return -errno;
		copy = xstrdup(path);
		r = make_all(copy);
		free(copy);
		if (r != 0)
			return r;
		if (lstat(path, &st) != 0)
			return -errno;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return -EACCES;
	return 0;
}

/* Anybody can make a directory with our name before we do. */
static void
explain_memory(const char *path, int r, struct buf *why)
{
	struct stat st;
	bool is_there = lstat(path, &st) == 0;

	if (r == -EACCES && is_there && st.st_uid != geteuid())
		(void)buf_addf(why,
		    "%s: belongs to uid %ld, and only you may use it; ask "
		    "root to remove it",
		    path, (long)st.st_uid);
	else
		(void)buf_addf(why, "%s: %s", path,
		    r == -EACCES && is_there ?
			"is not a directory that only you can use" :
			strerror(-r));
}

int
path_memory(struct buf *b, struct buf *why)
{
	static const char *const parents[] = { "/dev/shm", "/var/tmp" };
	struct stat st;
	size_t i;
	int r;

	for (i = 0; i < ARRAY_LEN(parents); i++)
		if (stat(parents[i], &st) == 0 && S_ISDIR(st.st_mode))
			break;
	if (i == ARRAY_LEN(parents)) {
		(void)buf_addf(why, "there is neither %s nor %s", parents[0],
		    parents[1]);
		return -ENOENT;
	}
	r = buf_addf(b, "%s/coco-%ld", parents[i], (long)geteuid());
	if (r != 0)
		return r;
	r = path_make_private(buf_str(b));
	if (r != 0)
		explain_memory(buf_str(b), r, why);
	return r;
}

bool
path_is_in_memory(const char *path)
{
	struct stat root;
	struct stat st;

	return stat("/", &root) == 0 && stat(path, &st) == 0 &&
	    st.st_dev != root.st_dev;
}

/* What is wrong with OWNER and MODE when root and TRUSTED may own things. */
static const char *
fault_of(uid_t owner, mode_t mode, uid_t trusted)
{
	if (owner != 0 && owner != trusted)
		return "belongs to another user";
	if ((mode & 022) != 0)
		return "is writable by group or others";
	return NULL;
}

const char *
path_fault(uid_t owner, mode_t mode)
{
	return fault_of(owner, mode, geteuid());
}

/* Check one component; *RET_IS_LINK tells whether it is a link.  The mode of a
 * link means nothing, so only its owner counts. */
static int
check_component(const char *path, uid_t trusted, struct buf *why,
    bool *ret_is_link)
{
	const char *fault;
	struct stat st;

	if (lstat(path, &st) != 0)
		return -errno;
	*ret_is_link = S_ISLNK(st.st_mode);
	if (S_ISDIR(st.st_mode) && st.st_uid == 0 && (st.st_mode & 01000) != 0)
		return 0;
	fault = fault_of(st.st_uid, *ret_is_link ? 0 : st.st_mode, trusted);
	if (fault == NULL)
		return 0;
	(void)buf_addf(why, "%s %s", path, fault);
	return -EACCES;
}

/* Append PATH made absolute by the working directory. */
static int
make_absolute(struct buf *b, const char *path)
{
	char *dir;
	int r;

	if (path[0] == '/')
		return buf_adds(b, path);
	dir = realpath(".", NULL);
	if (dir == NULL)
		return -errno;
	r = buf_addf(b, "%s/%s", dir, path);
	free(dir);
	return r;
}

/* Put what the link LINK says in its place in front of REST. */
static int
follow(const char *link, const char *rest, struct buf *ret_path)
{
	struct buf next = BUF_INIT(PATH_MAX);
	char target[PATH_MAX];
	const char *slash = strrchr(link, '/');
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	int r = 0;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (target[0] != '/')
		r = buf_add(&next, link, (size_t)(slash - link) + 1);
	if (r == 0)
		r = buf_addf(&next, "%s%s", target, rest);
	if (r == 0)
		buf_move(ret_path, &next);
	buf_wipe(&next);
	return r == 0 ? 0 : -ENAMETOOLONG;
}

/*
 * Walk PATH from the top; at a link start again with what it stands for.  So
 * the directory that holds a link is checked as well: who may write there
 * could turn the link elsewhere.  What is before a link is free of links, so
 * ".." in it means what it says.
 */
static int
walk_trusted(struct buf *path, uid_t trusted, struct buf *why)
{
	struct buf prefix = BUF_INIT(PATH_MAX);
	const char *whole = buf_str(path);
	bool is_link = false;
	int links = 0;
	size_t n = 0;
	int r;

	do {
		n += strspn(whole + n, "/");
		n += strcspn(whole + n, "/");
		buf_clear(&prefix);
		r = buf_add(&prefix, whole, n);
		if (r == 0)
			r = check_component(buf_str(&prefix), trusted, why,
			    &is_link);
		if (r == 0 && is_link) {
			r = ++links > PATH_MAX_LINKS ?
			    -ELOOP :
			    follow(buf_str(&prefix), whole + n, path);
			whole = buf_str(path);
			n = 0;
		}
	} while (r == 0 && whole[n] != '\0');
	buf_wipe(&prefix);
	return r;
}

static int
check_path(const char *path, uid_t trusted, struct buf *why)
{
	struct buf whole = BUF_INIT(PATH_MAX);
	bool is_link;
	int r;

	if (path[0] == '\0')
		return -ENOENT;
	r = make_absolute(&whole, path);
	if (r == 0)
		r = check_component("/", trusted, why, &is_link);
	if (r == 0)
		r = walk_trusted(&whole, trusted, why);
	buf_wipe(&whole);
	return r == -EMSGSIZE ? -ENAMETOOLONG : r;
}

int
path_check_trusted(const char *path, struct buf *why)
{
	return check_path(path, geteuid(), why);
}

int
path_check_root(const char *path, struct buf *why)
{
	return check_path(path, 0, why);
}

/* Append INSTALLED when this program runs from COCO_BINDIR, RELATIVE to the
 * directory above any other bin directory, else the program's own directory. */
static int
add_beside(struct buf *b, const char *installed, const char *relative)
{
	char *exe = realpath("/proc/self/exe", NULL);
	char *slash = exe != NULL ? strrchr(exe, '/') : NULL;
	int r;

	if (slash == NULL) {
		free(exe);
		return buf_adds(b, installed);
	}
	*slash = '\0';
	slash = strrchr(exe, '/');
	if (strcmp(exe, COCO_BINDIR) == 0)
		r = buf_adds(b, installed);
	else if (slash != NULL && strcmp(slash, "/bin") == 0)
		r = buf_addf(b, "%.*s/%s", (int)(slash - exe), exe, relative);
	else
		r = buf_adds(b, exe);
	free(exe);
	return r;
}

int
path_libexec(struct buf *b)
{
	return add_beside(b, COCO_LIBEXECDIR, "libexec/coco");
}

int
path_share(struct buf *b)
{
	return add_beside(b, COCO_DATADIR, "share/coco");
}

int
path_program(const char *name, struct buf *b)
{
	char *exe = realpath("/proc/self/exe", NULL);
	char *slash = exe != NULL ? strrchr(exe, '/') : NULL;
	int r;

	if (slash == NULL)
		r = buf_addf(b, COCO_BINDIR "/%s", name);
	else
		r = buf_addf(b, "%.*s/%s", (int)(slash - exe), exe, name);
	free(exe);
	return r;
}
