/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "mem.h"

/* What the header of Debian 12 (Linux 6.1) does not have yet. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* ABI 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#endif
#ifndef LANDLOCK_ACCESS_FS_RESOLVE_UNIX
#define LANDLOCK_ACCESS_FS_RESOLVE_UNIX (1ULL << 16) /* ABI 9 */
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* ABI 6 */
#define LANDLOCK_SCOPE_SIGNAL               (1ULL << 1) /* ABI 6 */
#endif

/* struct landlock_ruleset_attr of ABI 6.  The kernel takes a longer one than
 * it knows, if what it does not know is zero. */
struct ruleset {
	uint64_t handled_access_fs;
	/* cppcheck-suppress unusedStructMember */
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_DIR  (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE                                   \
	(READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    LANDLOCK_ACCESS_FS_TRUNCATE)
#define WRITE_DIR                                                          \
	(WRITE_FILE | READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |           \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)

/* All rights over files that an ABI knows. */
static uint64_t
rights_of_abi(long abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (abi >= 9)
		rights |= LANDLOCK_ACCESS_FS_RESOLVE_UNIX;
	return rights;
}

/* Allow what lies at PATH and beneath; of a file the kernel takes only the
 * rights that files have. */
static int
allow(int ruleset, const char *path, uint64_t of_file, uint64_t of_dir)
{
	struct landlock_path_beneath_attr rule;
	struct stat st;
	int r = 0;

	memset(&rule, 0, sizeof(rule));
	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return -errno;
	if (fstat(rule.parent_fd, &st) != 0) {
		r = -errno;
		goto out;
	}
	rule.allowed_access = S_ISDIR(st.st_mode) ? of_dir : of_file;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) != 0)
		r = -errno;
out:
	io_close(rule.parent_fd);
	return r;
}

static int
allow_all(int ruleset, const char *const *path, uint64_t of_file,
    uint64_t of_dir, struct buf *report)
{
	int r = 0;

	for (; r == 0 && path != NULL && *path != NULL; path++) {
		r = allow(ruleset, *path, of_file, of_dir);
		if (r == -ENOENT) {
			(void)buf_addf(report,
			    "%s: does not exist, and stays out of reach\n",
			    *path);
			r = 0;
		} else if (r != 0) {
			(void)buf_addf(report, "landlock: %s: %s\n", *path,
			    strerror(-r));
		}
	}
	return r;
}

/* The ruleset: all rights of the ABI are handled, and so denied but where a
 * rule allows them.  Returns its descriptor or negative errno. */
static int
make_ruleset(long abi, const struct confine *c, struct buf *report)
{
	struct ruleset attr;
	uint64_t known = rights_of_abi(abi);
	int fd;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.handled_access_fs = known;
	if (abi >= 6)
		attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET |
		    LANDLOCK_SCOPE_SIGNAL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0) {
		r = -errno;
		(void)buf_addf(report, "landlock_create_ruleset: %s\n",
		    strerror(-r));
		return r;
	}
	r = allow_all(fd, c->read, READ_FILE, READ_DIR, report);
	if (r == 0)
		r = allow_all(fd, c->write, WRITE_FILE & known,
		    WRITE_DIR & known, report);
	if (r == 0)
		return fd;
	io_close(fd);
	return r;
}

static int
restrict_files(const struct confine *c, struct buf *report)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	int fd;
	int r = 0;

	/* not built in, or not among the security modules in use */
	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		(void)buf_adds(report, "landlock: not available\n");
		return 0;
	}
	if (abi < 0) {
		r = -errno;
		(void)buf_addf(report, "landlock: %s\n", strerror(-r));
		return r;
	}
	fd = make_ruleset(abi, c, report);
	if (fd < 0)
		return fd;
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
		r = -errno;
		(void)buf_addf(report, "landlock_restrict_self: %s\n",
		    strerror(-r));
	} else {
		(void)buf_addf(report, "landlock: ABI %ld\n", abi);
	}
	io_close(fd);
	return r;
}

int
confine(const struct confine *c, struct buf *report)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		r = -errno;
		(void)buf_addf(report, "prctl: %s\n", strerror(-r));
		return r;
	}
	mem_protect();
	return restrict_files(c, report);
}
