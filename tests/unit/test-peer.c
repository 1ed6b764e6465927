/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * THREATS.md T7 and T14: who is at the other end of the control socket, and of
 * a sandbox's.  Each peer is a forked child that makes itself what it is to be,
 * connects, and stays until we close the connection.
 */
#include "coco.h"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "peer.h"
#include "tap.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define NOBODY 65534

static struct peer_self self;
static int listener;
static struct sockaddr_un address;
static socklen_t address_len;

/* Linux before 6.5, for peer.c, which calls this one. */
static bool is_old;

int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (is_old && level == SOL_SOCKET && name == SO_PEERPIDFD) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

static void
make_listener(void)
{
	address.sun_family = AF_UNIX;
	address_len = sizeof(address.sun_family);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* the kernel chooses an abstract name */
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, address_len) != 0)
		bail("no socket");
	address_len = sizeof(address);
	if (getsockname(listener, (struct sockaddr *)&address, &address_len) !=
		0 ||
	    listen(listener, 8) != 0)
		bail("no listener");
}

static int
dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, address_len) != 0)
		_exit(3);
	return fd;
}

/* A way to become another peer.  Returns whether this machine lets us. */
typedef bool (*become_fn)(void);

static bool
as_we_are(void)
{
	return true;
}

static bool
not_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static bool
write_map(pid_t pid, const char *name, const char *map)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = write(fd, map, strlen(map));
	io_close(fd);
	return n == (ssize_t)strlen(map);
}

/* A new user namespace with these maps.  They are written from outside, where
 * root may write any. */
static bool
with_maps(const char *uid_map, const char *gid_map)
{
	int ready[2];
	int status = -1;
	pid_t pid = getpid();
	pid_t writer;
	char c;

	if (pipe2(ready, O_CLOEXEC) != 0)
		return false;
	writer = fork();
	if (writer == 0) {
		io_close(ready[1]);
		(void)!read(ready[0], &c, 1);
		_exit(write_map(pid, "uid_map", uid_map) &&
			    write_map(pid, "gid_map", gid_map) ?
			0 :
			1);
	}
	io_close(ready[0]);
	if (unshare(CLONE_NEWUSER) != 0)
		status = -2;
	io_close(ready[1]);
	return waitpid(writer, status == -2 ? NULL : &status, 0) == writer &&
	    status == 0;
}

/* As unshare --user --map-root-user, which needs no root. */
static bool
in_user_namespace(void)
{
	char map[64];

	(void)snprintf(map, sizeof(map), "0 %u 1", (unsigned int)getuid());
	return unshare(CLONE_NEWUSER) == 0 &&
	    write_map(getpid(), "uid_map", map);
}

static bool
with_other_uids(void)
{
	return with_maps("0 0 5", self.gid_map);
}

static bool
with_other_gids(void)
{
	return with_maps(self.uid_map, "0 0 5");
}

static bool
in_mount_namespace(void)
{
	return unshare(CLONE_NEWNS) == 0;
}

/* Like all that follow a fork in it, the first process of the new one; this
 * one waits for it. */
static bool
in_pid_namespace(void)
{
	int status = -1;
	pid_t pid;

	if (unshare(CLONE_NEWPID) != 0)
		return false;
	pid = fork();
	if (pid > 0) {
		(void)waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	return pid == 0;
}

static bool
in_chroot(void)
{
	return chroot("/dev") == 0;
}

static bool
as_nobody(void)
{
	return geteuid() == 0 && setuid(NOBODY) == 0;
}

/* Start a peer.  Returns its connection, or -1 when this machine does not let
 * it become what BECOME makes of it. */
static int
start(become_fn become, pid_t *ret_pid)
{
	struct pollfd fds[2];
	int alive[2]; /* ends when the peer does */
	int fd = -1;
	char byte;

	if (pipe2(alive, O_CLOEXEC) != 0)
		bail("pipe2");
	*ret_pid = fork();
	if (*ret_pid == 0) {
		io_close(alive[0]);
		if (!become())
			_exit(2);
		fd = dial();
		_exit(read(fd, &byte, 1) > 0);
	}
	io_close(alive[1]);
	fds[0] = (struct pollfd){ listener, POLLIN, 0 };
	fds[1] = (struct pollfd){ alive[0], POLLIN, 0 };
	(void)poll(fds, ARRAY_LEN(fds), -1);
	if (fds[0].revents != 0)
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	else
		(void)waitpid(*ret_pid, NULL, 0);
	io_close(alive[0]);
	return fd;
}

static void
stop(int fd, pid_t pid)
{
	io_close(fd);
	(void)waitpid(pid, NULL, 0);
}

/* What peer_check() says about the peer that BECOME makes. */
static void
check(const char *name, become_fn become, bool namespaces, int want,
    const char *want_why)
{
	struct buf why = BUF_INIT(256);
	const char *tail;
	pid_t pid;
	int fd = start(become, &pid);

	if (fd < 0) {
		skip(2, "this machine does not allow it");
		return;
	}
	is_int(peer_check(&self, fd, namespaces, &why), want, "%s%s", name,
	    namespaces ? "" : ", namespaces not checked");
	/* "process 123 is in ..." */
	tail = strstr(buf_str(&why), " is ");
	is_str(tail != NULL ? tail : buf_str(&why), want_why, "the reason");
	stop(fd, pid);
	buf_wipe(&why);
}

static void
test_peers(void)
{
	char other[64];

	(void)snprintf(other, sizeof(other), " is of user %d, not %u", NOBODY,
	    (unsigned int)geteuid());
	check("one like us", as_we_are, true, 0, "");
	check("user namespace", in_user_namespace, true, -EACCES,
	    " is in another user namespace");
	check("user namespace", in_user_namespace, false, 0, "");
	check("other uids", with_other_uids, true, -EACCES,
	    " is in another user namespace");
	check("other gids", with_other_gids, true, -EACCES,
	    " is in another user namespace");
	check("mount namespace", in_mount_namespace, true, -EACCES,
	    " is in another mount namespace");
	check("mount namespace", in_mount_namespace, false, 0, "");
	check("pid namespace", in_pid_namespace, true, -EACCES,
	    " is in another pid namespace");
	check("pid namespace", in_pid_namespace, false, 0, "");
	check("chroot", in_chroot, true, -EACCES,
	    " is in another mount namespace");
	check("user", as_nobody, true, -EACCES, other);
	check("user", as_nobody, false, -EACCES, other);
}

static void
test_ourselves(void)
{
	struct buf why = BUF_INIT(256);
	int ours = dial();
	int fd = accept(listener, NULL, NULL);

	is_int(peer_check(&self, fd, true, &why), 0, "the same process");
	is_str(buf_str(&why), "", "no reason");
	io_close(ours);
	io_close(fd);
	buf_wipe(&why);
}

/* Tests in a child whose pid namespace is not that of its /proc. */
static int
is_refused_foreign_proc(void)
{
	struct peer_self other;
	struct buf why = BUF_INIT(256);
	bool good;

	if (!in_pid_namespace())
		return 0;
	good = peer_self_read(&other, &why) == -ENOTSUP &&
	    strcmp(buf_str(&why), "/proc is of another pid namespace") == 0;
	buf_wipe(&why);
	return good ? 0 : 1;
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

static void
gone(const char *name, int fd, pid_t pid)
{
	struct buf why = BUF_INIT(256);
	char want[64];

	(void)snprintf(want, sizeof(want), "process %d is gone", (int)pid);
	is_int(peer_check(&self, fd, true, &why), -ESRCH, "%s", name);
	if (strstr(buf_str(&why), "No such process") == NULL)
		is_str(buf_str(&why), want, "the reason");
	else
		ok(true, "the reason: %s", buf_str(&why));
	buf_wipe(&why);
}

static void
test_gone(void)
{
	siginfo_t info;
	pid_t pid;
	int fd = start(as_we_are, &pid);

	(void)kill(pid, SIGKILL);
	(void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	gone("a peer that has ended", fd, pid);
	(void)waitpid(pid, NULL, 0);
	gone("and is reaped", fd, pid);
	io_close(fd);
}

/* A process with the number PID, which waits for its end. */
static bool
start_as(pid_t pid)
{
	struct clone_args args;
	long r;

	memset(&args, 0, sizeof(args));
	args.exit_signal = SIGCHLD;
	args.set_tid = (uintptr_t)&pid;
	args.set_tid_size = 1;
	r = syscall(SYS_clone3, &args, sizeof(args));
	if (r == 0)
		for (;;)
			(void)syscall(SYS_pause);
	return r == pid;
}

/* The number of a container's process that is gone is now that of a process of
 * the host. */
static void
test_reused(void)
{
	pid_t pid;
	int fd = start(in_user_namespace, &pid);

	if (fd < 0) {
		skip(1, "no user namespaces");
		return;
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	if (!start_as(pid)) {
		skip(1, "no choice of process numbers");
	} else {
		struct buf why = BUF_INIT(256);

		is_int(peer_check(&self, fd, true, &why), -ESRCH,
		    "a number that is reused");
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		buf_wipe(&why);
	}
	io_close(fd);
}

/* A daemon that is not root, confined, and a peer that is not dumpable. */
static int
is_readable_confined(void)
{
	static const char *const read[] = { "/proc", NULL };
	const struct confine c = { read, NULL };
	struct buf text = BUF_INIT(1024);
	pid_t pid;
	int fd;
	int r;

	if (geteuid() == 0 && setuid(NOBODY) != 0)
		return 2;
	if (peer_self_read(&self, &text) != 0)
		return 3;
	fd = start(not_dumpable, &pid);
	if (fd < 0 || confine(&c, &text) != 0)
		return 4;
	r = peer_check(&self, fd, true, &text);
	if (r != 0)
		fprintf(stderr, "# %s\n", buf_str(&text));
	buf_wipe(&text);
	stop(fd, pid);
	return r == 0 ? 0 : 5;
}

static void
test_id(void)
{
	struct buf why = BUF_INIT(256);
	uid_t uid = 0;
	pid_t seen = 0;
	pid_t pid;
	int fd = start(as_nobody, &pid);

	if (fd < 0) {
		skip(1, "not root");
	} else {
		is_int(peer_id(fd, &why, &uid, &seen), 0, "who it is");
		ok(uid == NOBODY && seen == pid, "user and process");
		stop(fd, pid);
	}
	is_int(peer_id(0, &why, &uid, &seen), -ENOTSOCK, "no socket");
	is_str(buf_str(&why), "SO_PEERCRED: Socket operation on non-socket",
	    "the reason");
	buf_wipe(&why);
}

/* A control group as docker makes it for the container ID. */
static char group[128];
static char id[65];

static const char *
in_group(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", group, name);
	return path;
}

static bool
make_group(void)
{
	static const char *const roots[] = {
		"/sys/fs/cgroup",
		"/sys/fs/cgroup/unified",
		"/sys/fs/cgroup/pids",
	};
	size_t i;

	(void)snprintf(id, sizeof(id), "%064x", (unsigned int)getpid());
	for (i = 0; i < ARRAY_LEN(roots); i++) {
		(void)snprintf(group, sizeof(group), "%s/coco-test-%s",
		    roots[i], id);
		if (mkdir(group, 0755) != 0)
			continue;
		if (access(in_group("cgroup.procs"), W_OK) == 0)
			return true;
		(void)rmdir(group);
	}
	return false;
}

static bool
join(const char *procs)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC);
	bool good = write(fd, "0", 1) == 1;

	io_close(fd);
	return good;
}

static bool
in_container(void)
{
	return join(in_group("cgroup.procs"));
}

/* Deeper, in a group that is called as another container's. */
static bool
in_forged_container(void)
{
	return join(in_group(
	    "docker-"
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    ".scope/cgroup.procs"));
}

/* What peer_in_container() says about the peer that BECOME makes. */
static void
container(const char *name, become_fn become, const char *want_id, int want,
    const char *want_why)
{
	struct buf why = BUF_INIT(256);
	const char *tail;
	pid_t pid;
	int fd = start(become, &pid);

	if (fd < 0) {
		skip(2, "this machine does not allow it");
		return;
	}
	is_int(peer_in_container(fd, want_id, &why), want, "%s", name);
	tail = strstr(buf_str(&why), " is ");
	is_str(tail != NULL ? tail : buf_str(&why), want_why, "the reason");
	stop(fd, pid);
	buf_wipe(&why);
}

static void
test_container_gone(void)
{
	struct buf why = BUF_INIT(256);
	siginfo_t info;
	pid_t pid;
	int fd = start(in_container, &pid);

	(void)kill(pid, SIGKILL);
	(void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	is_int(peer_in_container(fd, id, &why), -ESRCH, "one that has ended");
	(void)waitpid(pid, NULL, 0);
	is_int(peer_in_container(fd, id, &why), -ESRCH, "and is reaped");
	io_close(fd);
	buf_wipe(&why);
}

static int
is_container_confined(void)
{
	static const char *const read[] = { "/proc", NULL };
	const struct confine c = { read, NULL };
	struct buf text = BUF_INIT(1024);
	pid_t pid;
	int fd = start(in_container, &pid);
	int r;

	if (fd < 0 || setuid(NOBODY) != 0 || confine(&c, &text) != 0)
		return 2;
	r = peer_in_container(fd, id, &text);
	if (r != 0)
		fprintf(stderr, "# %s\n", buf_str(&text));
	buf_wipe(&text);
	stop(fd, pid);
	return r == 0 ? 0 : 3;
}

static void
test_containers(void)
{
	static const char forged[] =
	    "docker-"
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    ".scope";

	container("a process of the host", as_we_are,
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    -EACCES, " is not in container 0123456789ab");
	if (geteuid() != 0 || !make_group()) {
		skip(1, "no control groups to be made");
		return;
	}
	container("in the container", in_container, id, 0, "");
	container("in another one", in_container,
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    -EACCES, " is not in container 0123456789ab");
	(void)mkdir(in_group(forged), 0755);
	container("below it", in_forged_container, id, 0, "");
	container("as which it forges", in_forged_container,
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	    -EACCES, " is not in container ffffffffffff");
	test_container_gone();
	is_int(in_child(is_container_confined), 0, "from within Landlock");
	(void)rmdir(in_group(forged));
	is_int(rmdir(group), 0, "the control group goes");
}

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* It is done for each connection.  The best of some rounds, as this machine may
 * have other things to do. */
static void
measure(void)
{
	struct buf why = BUF_INIT(256);
	int64_t best = INT64_MAX;
	pid_t pid;
	int fd = start(as_we_are, &pid);
	int round;

	for (round = 0; round < 20; round++) {
		int64_t begin = now_ns();
		int64_t took;
		int i;

		for (i = 0; i < 50; i++)
			(void)peer_check(&self, fd, true, &why);
		took = (now_ns() - begin) / 50;
		best = took < best ? took : best;
	}
	printf("# %lld ns for one check\n", (long long)best);
	stop(fd, pid);
	buf_wipe(&why);
}

int
main(void)
{
	struct buf why = BUF_INIT(256);
	int pidfd;
	int i;

	make_listener();
	if (peer_self_read(&self, &why) != 0) {
		printf("# %s\n", buf_str(&why));
		skip(1, "this /proc is not for us");
		return done_testing();
	}
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0)
		printf("# no pidfd_open(2), so no old Linux is tried\n");
	io_close(pidfd);
	for (i = 0; i < (pidfd < 0 ? 1 : 2); i++) {
		is_old = i == 1;
		printf("# SO_PEERPIDFD: %s\n", is_old ? "no" : "if there");
		test_ourselves();
		test_peers();
		test_gone();
		test_id();
		test_containers();
		measure();
	}
	is_old = false;
	test_reused();
	is_int(in_child(is_readable_confined), 0, "from within Landlock");
	is_int(in_child(is_refused_foreign_proc), 0, "another /proc than ours");
	io_close(listener);
	buf_wipe(&why);
	return done_testing();
}
