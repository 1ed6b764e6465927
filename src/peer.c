/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "io.h"
#include "peer.h"

/* Linux 6.5; asm-generic's number, which no header of Debian 12 has. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* Some 1.5 KiB, and 11 bytes more for each group of the process. */
#define STATUS_MAX 16384

/* Of our mountinfo; the root is among the first lines but on machines that
 * start from an initrd with many mounts. */
#define MOUNTS_MAX 32768
/* So much longer than our own may the part before the root be. */
#define MOUNTS_MORE 4096
/* One read(2).  The kernel makes no more lines than that needs, which is most
 * of the time that a check takes. */
#define MOUNTS_STEP 1024

/* Of a /proc/PID/cgroup: a dozen hierarchies, and the kernel gives no path of
 * 4096 bytes. */
#define CGROUP_MAX 65536

/* What the checks below return for what is not as ours. */
#define DIFFERS 1

static int
open_proc(pid_t pid, const char *name)
{
	char path[64];

	if (pid == 0)
		(void)snprintf(path, sizeof(path), "/proc/self/%s", name);
	else
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid,
		    name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static ssize_t
read_once(int fd, char *data, size_t size)
{
	ssize_t n;

	do
		n = read(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/*
 * Read the beginning of /proc/PID/NAME; PID 0 is us.  One read is enough: the
 * kernel gives whole records up to the size.  Returns the length or negative
 * errno.
 */
static ssize_t
read_proc(pid_t pid, const char *name, char *data, size_t size)
{
	int fd = open_proc(pid, name);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read_once(fd, data, size);
	io_close(fd);
	return n;
}

/* Whether the line "NSpid:" of a status text is PID and no other number. */
static bool
is_in_proc(const char *text, size_t len, pid_t pid)
{
	char want[40];
	int n = snprintf(want, sizeof(want), "\nNSpid:\t%d\n", (int)pid);

	return memmem(text, len, want, (size_t)n) != NULL;
}

/* The beginning of a mountinfo, line by line. */
struct mounts {
	int fd;
	size_t step;  /* to read next */
	size_t limit; /* give up when so much was read without success */
	size_t len;
	size_t next; /* where the next line begins */
	char data[MOUNTS_MAX + MOUNTS_MORE];
};

static int
mounts_open(struct mounts *m, pid_t pid, size_t step, size_t limit)
{
	m->fd = open_proc(pid, "mountinfo");
	m->step = step;
	m->limit = limit;
	m->len = 0;
	m->next = 0;
	return m->fd < 0 ? -errno : 0;
}

/* Get a whole line.  Returns whether there is one; *RET_ERROR is set when it
 * could not be read. */
static bool
mounts_line(struct mounts *m, const char **ret_line, size_t *ret_len,
    int *ret_error)
{
	const char *newline;
	ssize_t n;

	for (;;) {
		newline = memchr(m->data + m->next, '\n', m->len - m->next);
		if (newline != NULL)
			break;
		if (m->limit - m->len < m->step)
			return false;
		n = read_once(m->fd, m->data + m->len, m->step);
		if (n <= 0) {
			*ret_error = (int)n;
			return false;
		}
		m->len += (size_t)n;
		m->step = MOUNTS_STEP;
	}
	*ret_line = m->data + m->next;
	*ret_len = (size_t)(newline - *ret_line);
	m->next += *ret_len + 1;
	return true;
}

/* Whether LINE, "ID PARENT MAJOR:MINOR ROOT POINT ...", has "/" as POINT. */
static bool
is_root(const char *line, size_t len)
{
	const char *end = line + len;
	const char *at = line;
	int i;

	for (i = 0; i < 4; i++) {
		at = memchr(at, ' ', (size_t)(end - at));
		if (at == NULL)
			return false;
		at++;
	}
	return end - at >= 2 && at[0] == '/' && at[1] == ' ';
}

/* Remember the mount of LINE, which ends at END of our mountinfo. */
static void
take_mount(struct peer_self *self, const char *line, size_t len, size_t end)
{
	const char *blank = memchr(line, ' ', len);
	size_t id_len = blank != NULL ? (size_t)(blank - line) + 1 : 0;

	if (id_len == 0 || id_len >= sizeof(self->mount))
		return;
	memcpy(self->mount, line, id_len);
	self->mount[id_len] = '\0';
	self->mount_end = end;
}

/* The root, or where that is no mount, as behind chroot(2), the first one. */
static int
read_mount(struct peer_self *self)
{
	struct mounts m;
	const char *line;
	size_t len;
	bool found = false;
	int r;

	r = mounts_open(&m, 0, MOUNTS_STEP, MOUNTS_MAX);
	if (r != 0)
		return r;
	while (!found && mounts_line(&m, &line, &len, &r)) {
		found = is_root(line, len);
		if (found || self->mount_end == 0)
			take_mount(self, line, len, m.next);
	}
	io_close(m.fd);
	return r == 0 && self->mount_end == 0 ? -ENOTSUP : r;
}

static int
check_mount(const struct peer_self *self, pid_t pid)
{
	size_t id_len = strlen(self->mount);
	struct mounts m;
	const char *line;
	size_t len;
	bool found = false;
	int r;

	/* in one step, if nothing was mounted or unmounted before it */
	r = mounts_open(&m, pid, self->mount_end,
	    self->mount_end + MOUNTS_MORE);
	if (r != 0)
		return r;
	while (!found && mounts_line(&m, &line, &len, &r))
		found = len > id_len && memcmp(line, self->mount, id_len) == 0;
	io_close(m.fd);
	return r == 0 && !found ? DIFFERS : r;
}

static int
read_map(const char *name, char *data, size_t *ret_len)
{
	ssize_t n = read_proc(0, name, data, PEER_MAX_MAP);

	if (n < 0)
		return (int)n;
	/* cut off, it would equal many others */
	if (n == PEER_MAX_MAP)
		return -EMSGSIZE;
	*ret_len = (size_t)n;
	return 0;
}

int
peer_self_read(struct peer_self *ret_self, struct buf *why)
{
	struct peer_self self;
	char status[STATUS_MAX];
	const char *what = "/proc/self/status";
	ssize_t n;
	int r;

	memset(&self, 0, sizeof(self));
	self.uid = geteuid();
	n = read_proc(0, "status", status, sizeof(status));
	r = n < 0 ? (int)n : 0;
	if (r == 0 && !is_in_proc(status, (size_t)n, getpid())) {
		(void)buf_adds(why, "/proc is of another pid namespace");
		return -ENOTSUP;
	}
	if (r == 0) {
		what = "/proc/self/uid_map";
		r = read_map("uid_map", self.uid_map, &self.uid_map_len);
	}
	if (r == 0) {
		what = "/proc/self/gid_map";
		r = read_map("gid_map", self.gid_map, &self.gid_map_len);
	}
	if (r == 0) {
		what = "/proc/self/mountinfo";
		r = read_mount(&self);
	}
	if (r == -ENOTSUP)
		(void)buf_addf(why, "%s: there is no mount", what);
	else if (r != 0)
		(void)buf_addf(why, "%s: %s", what, strerror(-r));
	if (r == 0)
		*ret_self = self;
	return r;
}

static int
check_map(pid_t pid, const char *name, const char *ours, size_t ours_len)
{
	char data[PEER_MAX_MAP];
	ssize_t n = read_proc(pid, name, data, sizeof(data));

	if (n < 0)
		return (int)n;
	if ((size_t)n != ours_len || memcmp(data, ours, ours_len) != 0)
		return DIFFERS;
	return 0;
}

static int
check_status(pid_t pid)
{
	char status[STATUS_MAX];
	ssize_t n = read_proc(pid, "status", status, sizeof(status));

	if (n < 0)
		return (int)n;
	return is_in_proc(status, (size_t)n, pid) ? 0 : DIFFERS;
}

/* Compare the namespaces of PID with ours; *RET_WHAT is what differs or could
 * not be read. */
static int
check_namespaces_of(const struct peer_self *self, pid_t pid,
    const char **ret_what)
{
	int r;

	*ret_what = "user namespace";
	r = check_map(pid, "uid_map", self->uid_map, self->uid_map_len);
	if (r == 0)
		r = check_map(pid, "gid_map", self->gid_map, self->gid_map_len);
	if (r != 0)
		return r;
	*ret_what = "pid namespace";
	r = check_status(pid);
	if (r != 0)
		return r;
	*ret_what = "mount namespace";
	return check_mount(self, pid);
}

/* A descriptor of the process that made the connection, or negative errno. */
static int
open_pidfd(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t len = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0)
		return pidfd;
	/* Linux says EINVAL or ESRCH of a process that is gone */
	if (errno != ENOPROTOOPT)
		return errno == EINVAL ? -ESRCH : -errno;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd < 0 ? -errno : pidfd;
}

/* A pidfd becomes readable when its process has ended. */
static bool
is_alive(int pidfd)
{
	struct pollfd p = { pidfd, POLLIN, 0 };

	return poll(&p, 1, 0) == 0;
}

/* A process that is held while it is looked at. */
struct held {
	pid_t pid;
	int pidfd;
};

static int
read_credentials(int fd, struct ucred *ret, struct buf *why)
{
	socklen_t len = sizeof(*ret);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len) == 0)
		return 0;
	r = -errno;
	(void)buf_addf(why, "SO_PEERCRED: %s", strerror(-r));
	return r;
}

static int
hold(int fd, pid_t pid, struct held *ret, struct buf *why)
{
	int pidfd;

	if (pid <= 0) {
		(void)buf_adds(why, "the process is in another pid namespace");
		return -EACCES;
	}
	pidfd = open_pidfd(fd, pid);
	if (pidfd < 0) {
		(void)buf_addf(why, "process %d: %s", (int)pid,
		    strerror(-pidfd));
		return pidfd;
	}
	ret->pid = pid;
	ret->pidfd = pidfd;
	return 0;
}

/*
 * Let H go.  R is what came of looking at its WHAT: 0, DIFFERS, which the
 * caller explains, or negative errno.  Returns R, or -ESRCH: what was read may
 * be of another process when this one is gone, so that is seen last of all.
 */
static int
release(struct held *h, int r, const char *what, struct buf *why)
{
	if (!is_alive(h->pidfd) || r == -ESRCH || r == -ENOENT) {
		(void)buf_addf(why, "process %d is gone", (int)h->pid);
		r = -ESRCH;
	} else if (r < 0) {
		(void)buf_addf(why, "the %s of process %d: %s", what,
		    (int)h->pid, strerror(-r));
	}
	io_close(h->pidfd);
	return r;
}

int
peer_check(const struct peer_self *self, int fd, bool check_namespaces,
    struct buf *why)
{
	const char *what = "";
	struct ucred peer;
	struct held h;
	int r;

	r = read_credentials(fd, &peer, why);
	if (r != 0)
		return r;
	if (peer.uid != self->uid) {
		(void)buf_addf(why, "process %d is of user %u, not %u",
		    (int)peer.pid, (unsigned int)peer.uid,
		    (unsigned int)self->uid);
		return -EACCES;
	}
	if (!check_namespaces)
		return 0;
	r = hold(fd, peer.pid, &h, why);
	if (r != 0)
		return r;
	r = check_namespaces_of(self, peer.pid, &what);
	r = release(&h, r, what, why);
	if (r != DIFFERS)
		return r;
	(void)buf_addf(why, "process %d is in another %s", (int)peer.pid, what);
	return -EACCES;
}

int
peer_id(int fd, struct buf *why, uid_t *ret_uid, pid_t *ret_pid)
{
	struct ucred peer;
	int r;

	r = read_credentials(fd, &peer, why);
	if (r != 0)
		return r;
	*ret_uid = peer.uid;
	*ret_pid = peer.pid;
	return 0;
}

/* All of it, as one line could contradict the others. */
static int
check_container(pid_t pid, const char *id)
{
	struct buf text = BUF_INIT(CGROUP_MAX);
	int fd = open_proc(pid, "cgroup");
	int r;

	if (fd < 0)
		return -errno;
	r = io_read_all(fd, &text);
	if (r == 0 && !cgroup_is_container(buf_str(&text), text.len, id))
		r = DIFFERS;
	io_close(fd);
	buf_wipe(&text);
	return r;
}

int
peer_in_container(int fd, const char *id, struct buf *why)
{
	struct ucred peer;
	struct held h;
	int r;

	r = read_credentials(fd, &peer, why);
	if (r == 0)
		r = hold(fd, peer.pid, &h, why);
	if (r != 0)
		return r;
	r = check_container(peer.pid, id);
	r = release(&h, r, "control group", why);
	if (r != DIFFERS)
		return r;
	(void)buf_addf(why, "process %d is not in container %.12s",
	    (int)peer.pid, id);
	return -EACCES;
}
