/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/mount.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mountin.h"

/* A mount of its own of the directory, which is nowhere yet. */
static int
clone_mount(const char *source)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY |
		    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	int fd;
	int r;

	fd = open_tree(AT_FDCWD, source,
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT);
	if (fd < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		return fd;
	r = -errno;
	io_close(fd);
	return r;
}

/* In a child, for there is no way back: go to the namespace and put it there.
 * Returns an errno as exit status. */
static int
attach(int namespace, int tree, int target)
{
	if (setns(namespace, CLONE_NEWNS) != 0)
		return errno;
	if (move_mount(tree, "", target, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
		return errno;
	return 0;
}

static int
run_child(int namespace, int tree, int target)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(attach(namespace, tree, target));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int
mountin(int64_t pid, const char *source, int target, struct buf *why)
{
	struct buf path = BUF_INIT(64);
	int namespace = -1;
	int tree;
	int r;

	tree = clone_mount(source);
	r = tree < 0 ? tree : buf_addf(&path, "/proc/%" PRId64 "/ns/mnt", pid);
	if (r == 0) {
		namespace = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
		r = namespace < 0 ? -errno : run_child(namespace, tree, target);
	}
	if (r != 0)
		(void)buf_addf(why, "%s cannot be mounted there: %s", source,
		    strerror(-r));
	io_close(namespace);
	io_close(tree);
	buf_wipe(&path);
	return r;
}
