/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Listening: at a name of a directory that is held, and by TCP. */
#include "coco.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include "confine.h"
#include "io.h"
#include "sock.h"
#include "tap.h"

#define NOBODY 65534

/* So long that with a name it fits into no socket address. */
static char dir[] =
    "/tmp/coco-test-sock.XXXXXX.............................................."
    "........................................................................";
#define MADE (sizeof("/tmp/coco-test-sock.XXXXXX") - 1)
static int dirfd_;

static void
setup(void)
{
	char made[MADE + 1];

	memcpy(made, dir, MADE);
	made[MADE] = '\0';
	if (mkdtemp(made) == NULL || rmdir(made) != 0)
		bail("mkdtemp");
	memcpy(dir, made, MADE);
	if (mkdir(dir, 0711) != 0)
		bail("mkdir");
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd_ < 0)
		bail("open");
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	return fstatat(dirfd_, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    st.st_mode :
	    0;
}

/* Connect to the socket NAME.  Returns the descriptor or negative errno. */
static int
dial(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d/%s", dirfd_, name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	io_close(fd);
	return -errno;
}

/* Whether FD neither blocks nor is passed on. */
static bool
has_flags(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 &&
	    (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static void
check_mode(mode_t mask, mode_t mode)
{
	struct buf why = BUF_INIT(256);
	mode_t old = umask(mask);
	int fd = -1;
	int peer;

	is_int(sock_listen_at(dirfd_, "s", mode, &why, &fd), 0,
	    "a socket %04o, umask %04o", mode, mask);
	is_int(umask(old), mask, "the umask stays");
	is_int(mode_of("s"), S_IFSOCK | mode, "its mode");
	is_str(buf_str(&why), "", "no reason");
	ok(sock_is_unix(fd) && has_flags(fd), "its flags");
	peer = dial("s");
	ok(peer >= 0, "it listens");
	io_close(peer);
	io_close(fd);
	buf_wipe(&why);
}

static void
refused(const char *what, const char *name, int want, const char *want_why)
{
	struct buf why = BUF_INIT(256);
	mode_t before = mode_of(name);
	int fd = -1;

	is_int(sock_listen_at(dirfd_, name, 0666, &why, &fd), want, "%s", what);
	is_str(buf_str(&why), want_why, "the reason");
	is_int(fd, -1, "nothing is returned");
	is_int(mode_of(name), before, "what is there stays");
	buf_wipe(&why);
}

static void
test_planted(void)
{
	io_close(openat(dirfd_, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	(void)mkdirat(dirfd_, "directory", 0700);
	(void)!symlinkat("s", dirfd_, "link");
	(void)!symlinkat("nothing", dirfd_, "dangling");
	refused("a file", "file", -EEXIST, "file: is there, and is no socket");
	refused("a directory", "directory", -EEXIST,
	    "directory: is there, and is no socket");
	refused("a link to a socket", "link", -EEXIST,
	    "link: is there, and is no socket");
	refused("a link to nothing", "dangling", -EEXIST,
	    "dangling: is there, and is no socket");
	is_int(mode_of("nothing"), 0, "nor is there anything now");
	refused("a way out", "../s", -EINVAL, "../s: Invalid argument");
	is_int(mode_of("s") & S_IFMT, S_IFSOCK, "the link's target is there");
	(void)unlinkat(dirfd_, "file", 0);
	(void)unlinkat(dirfd_, "directory", AT_REMOVEDIR);
	(void)unlinkat(dirfd_, "link", 0);
	(void)unlinkat(dirfd_, "dangling", 0);
}

/* The path is another's now: the directory is what counts. */
static void
test_renamed(void)
{
	struct buf why = BUF_INIT(256);
	char away[sizeof(dir) + 2];
	int fd = -1;

	(void)snprintf(away, sizeof(away), "%s.x", dir);
	if (rename(dir, away) != 0 || mkdir(dir, 0755) != 0)
		bail("rename");
	is_int(sock_listen_at(dirfd_, "s", 0666, &why, &fd), 0,
	    "the directory was renamed");
	is_int(mode_of("s"), S_IFSOCK | 0666, "the socket is in it");
	is_int(rmdir(dir), 0, "and not in what has its name");
	(void)rename(away, dir);
	io_close(fd);
	buf_wipe(&why);
}

/* As the daemon is: confined, not dumpable, and better not root. */
static int
listen_confined(void)
{
	const char *const write[] = { dir, NULL };
	const struct confine c = { NULL, write };
	struct buf text = BUF_INIT(1024);
	int fd = -1;
	int r;

	if (geteuid() == 0 &&
	    (fchown(dirfd_, NOBODY, NOBODY) != 0 || setuid(NOBODY) != 0))
		return 2;
	if (confine(&c, &text) != 0)
		return 3;
	r = sock_listen_at(dirfd_, "confined", 0666, &text, &fd);
	if (r != 0)
		fprintf(stderr, "# %s\n", buf_str(&text));
	io_close(fd);
	buf_wipe(&text);
	return r == 0 ? 0 : 4;
}

static void
test_confined(void)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(listen_confined());
	(void)waitpid(pid, &status, 0);
	is_int(status, 0, "from within Landlock");
	is_int(mode_of("confined"), S_IFSOCK | 0666, "the socket is there");
	(void)unlinkat(dirfd_, "confined", 0);
}

/* The address HOST with PORT. */
static socklen_t
fill(const char *host, int port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return sizeof(*in);
	}
	(void)inet_pton(AF_INET6, host, &in6->sin6_addr);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return sizeof(*in6);
}

static int
listen_at(const char *host, int port, struct buf *why)
{
	struct sockaddr_storage sa;
	socklen_t len = fill(host, port, &sa);
	int fd = -1;
	int r = sock_listen_tcp((struct sockaddr *)&sa, len, why, &fd);

	return r != 0 ? r : fd;
}

static int
port_of(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);

	memset(&sa, 0, sizeof(sa));
	(void)getsockname(fd, (struct sockaddr *)&sa, &len);
	return ntohs(sa.sin6_port); /* the same place in IPv4 */
}

static int
dial_tcp(const char *host, int port)
{
	struct sockaddr_storage sa;
	socklen_t len = fill(host, port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&sa, len) == 0)
		return fd;
	io_close(fd);
	return -errno;
}

static void
test_tcp(const char *host)
{
	struct buf why = BUF_INIT(256);
	int fd = listen_at(host, 0, &why);
	int port = port_of(fd);
	int peer;
	int ours;

	if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) {
		skip(1, "this machine has no IPv6");
		return;
	}
	ok(fd >= 0 && port > 0, "%s, a port of the kernel's", host);
	ok(has_flags(fd), "its flags");
	is_int(sock_is_unix(fd), false, "no unix socket");
	peer = dial_tcp(host, port);
	ok(peer >= 0, "it listens");
	is_int(listen_at(host, port, &why), -EADDRINUSE, "twice");
	is_str(buf_str(&why), "Address already in use", "the reason");
	ours = accept(fd, NULL, NULL);
	/* who closes first keeps the port for a minute */
	io_close(ours);
	io_close(fd);
	(void)!read(peer, &port, 1);
	io_close(peer);
	fd = listen_at(host, port, &why);
	ok(fd >= 0, "again after a restart");
	io_close(fd);
	buf_wipe(&why);
}

static void
test_freebind(const char *host)
{
	struct buf why = BUF_INIT(256);
	int fd = listen_at(host, 0, &why);

	if (fd == -EAFNOSUPPORT)
		skip(1, "this machine has no IPv6");
	else
		ok(fd >= 0, "%s, which nobody has: %s", host, buf_str(&why));
	io_close(fd);
	buf_wipe(&why);
}

static void
test_v6only(void)
{
	struct buf why = BUF_INIT(256);
	int fd = listen_at("::", 0, &why);

	if (fd < 0)
		skip(1, "this machine has no IPv6");
	else
		is_int(dial_tcp("127.0.0.1", port_of(fd)), -ECONNREFUSED,
		    "all of IPv6 are none of IPv4");
	io_close(fd);
	buf_wipe(&why);
}

static void
test_not_tcp(void)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };
	struct buf why = BUF_INIT(256);
	int fd = -1;

	is_int(sock_listen_tcp(&sa, sizeof(sa), &why, &fd), -EAFNOSUPPORT,
	    "no address of the internet");
	is_str(buf_str(&why), "Address family not supported by protocol",
	    "the reason");
	is_int(fd, -1, "nothing is returned");
	buf_wipe(&why);
}

int
main(void)
{
	setup();
	check_mode(0, 0666);
	check_mode(077, 0666);
	check_mode(0777, 0600);
	check_mode(0, 0600);
	test_planted();
	test_renamed();
	test_confined();
	(void)unlinkat(dirfd_, "s", 0);
	is_int(rmdir(dir), 0, "nothing is left");
	io_close(dirfd_);
	test_tcp("127.0.0.1");
	test_tcp("::1");
	test_freebind("192.0.2.1");
	test_freebind("2001:db8::1");
	test_v6only();
	test_not_tcp();
	return done_testing();
}
