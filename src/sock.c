/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "path.h"
#include "sock.h"

#define NAME    "coco/tokend.sock"
#define BACKLOG 4096

/* Where the user's runtime directory is; -ENOENT: there is none. */
static int
runtime_directory(struct buf *b)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int r;

	if (dir != NULL && dir[0] == '/')
		return buf_adds(b, dir);
	r = buf_addf(b, "/run/user/%ld", (long)geteuid());
	if (r == 0 && lstat(buf_str(b), &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid())
		return 0;
	buf_clear(b);
	if (geteuid() == 0)
		return buf_adds(b, "/run");
	return -ENOENT;
}

static int
default_path(struct buf *b)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	int r;

	r = runtime_directory(&dir);
	if (r == 0) {
		r = buf_addf(b, "%s/" NAME, buf_str(&dir));
	} else if (r == -ENOENT) {
		r = path_state(b);
		if (r == 0)
			r = buf_adds(b, "/tokend.sock");
	}
	buf_wipe(&dir);
	return r;
}

int
sock_control_path(struct buf *b)
{
	const char *told = getenv("COCO_TOKEND");
	struct sockaddr_un address;
	int r;

	if (told == NULL || told[0] == '\0')
		r = default_path(b);
	else if (strcmp(told, "off") == 0)
		r = -ENOENT;
	else if (strncmp(told, "unix:/", 6) == 0)
		r = buf_adds(b, told + 5);
	else
		r = -EINVAL;
	if (r == 0 && b->len >= sizeof(address.sun_path))
		r = -ENAMETOOLONG;
	return r;
}

int
sock_directory(const char *path, struct buf *b)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return -EINVAL;
	return buf_add(b, path, (size_t)(slash - path));
}

static int
fill_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Nobody else may have put the socket there. */
static int
check_directory(const char *path, struct buf *why)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	struct stat st;
	int r;

	r = sock_directory(path, &dir);
	/* what we may not even look at is none of ours */
	if (r == 0 && lstat(buf_str(&dir), &st) != 0)
		r = errno == EACCES ? -ENOENT : -errno;
	if (r == 0 &&
	    (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
		(st.st_mode & 077) != 0)) {
		(void)buf_addf(why,
		    "%s is not a directory that only you can use",
		    buf_str(&dir));
		r = -EACCES;
	}
	buf_wipe(&dir);
	return r;
}

static int
check_server(const char *path, int fd, struct buf *why)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return -errno;
	if (peer.uid == geteuid())
		return 0;
	(void)buf_addf(why, "%s is served by uid %ld", path, (long)peer.uid);
	return -EACCES;
}

/* How long the kernel may take for each step, so that nothing hangs. */
static void
set_timeouts(int fd, int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_ms();
	struct timeval tv;

	left = left > 0 ? left : 1;
	tv.tv_sec = (time_t)(left / 1000);
	tv.tv_usec = (suseconds_t)(left % 1000 * 1000);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

int
sock_reach(const struct sockaddr *address, socklen_t len, int64_t deadline_ms,
    int *ret_fd)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	set_timeouts(fd, deadline_ms);
	if (connect(fd, address, len) != 0) {
		/* that was the timeout: of TCP, of a unix socket */
		r = errno == EINPROGRESS || errno == EAGAIN ? -ETIMEDOUT :
							      -errno;
		io_close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int
sock_reach_unix(const char *path, int64_t deadline_ms, int *ret_fd)
{
	struct sockaddr_un address;
	int r = fill_address(path, &address);

	return r != 0 ? r :
			sock_reach((const struct sockaddr *)&address,
			    sizeof(address), deadline_ms, ret_fd);
}

int
sock_connect(const char *path, int64_t deadline_ms, struct buf *why,
    int *ret_fd)
{
	int fd = -1;
	int r;

	r = check_directory(path, why);
	if (r == 0)
		r = sock_reach_unix(path, deadline_ms, &fd);
	if (r == -ENOTDIR || r == -ECONNREFUSED)
		r = -ENOENT;
	if (r == 0)
		r = check_server(path, fd, why);
	if (r != 0) {
		io_close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Make a unix socket with exactly MODE and listen.  Returns its descriptor or
 * negative errno. */
static int
listen_unix(const char *path, mode_t mode)
{
	struct sockaddr_un address;
	mode_t mask;
	int fd;
	int r;

	r = fill_address(path, &address);
	if (r != 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* not chmod(2) later: then it would be by name, and meanwhile open */
	mask = umask(0777 & ~mode);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		r = -errno;
	(void)umask(mask);
	if (r == 0 && listen(fd, BACKLOG) != 0)
		r = -errno;
	if (r == 0)
		return fd;
	io_close(fd);
	return r;
}

int
sock_listen(const char *path, struct buf *why, int *ret_fd)
{
	struct buf dir = BUF_INIT(PATH_MAX);
	int fd = -1;
	int r;

	r = sock_directory(path, &dir);
	if (r == 0)
		r = path_make_private(buf_str(&dir));
	if (r == 0 && unlink(path) != 0 && errno != ENOENT)
		r = -errno;
	if (r == 0) {
		fd = listen_unix(path, 0600);
		r = fd < 0 ? fd : 0;
	}
	if (r == 0)
		*ret_fd = fd;
	else
		(void)buf_addf(why, "%s: %s", path,
		    r == -EACCES ? "its directory is not yours alone" :
				   strerror(-r));
	buf_wipe(&dir);
	return r;
}

/* Remove the socket NAME that a former process has left, and nothing else. */
static int
remove_socket(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlinkat(dirfd, name, 0) != 0 ? -errno : 0;
}

int
sock_listen_at(int dirfd, const char *name, mode_t mode, struct buf *why,
    int *ret_fd)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int fd = -1;
	int r;

	r = strchr(name, '/') != NULL ? -EINVAL : 0;
	if (r == 0)
		r = buf_addf(&path, "/proc/self/fd/%d/%s", dirfd, name);
	if (r == 0)
		r = remove_socket(dirfd, name);
	if (r == 0) {
		fd = listen_unix(buf_str(&path), mode);
		r = fd < 0 ? fd : 0;
	}
	if (r == 0)
		*ret_fd = fd;
	else
		(void)buf_addf(why, "%s: %s", name,
		    r == -EEXIST ? "is there, and is no socket" : strerror(-r));
	buf_wipe(&path);
	return r;
}

/* The address may be one that the machine does not have yet: that of a bridge
 * comes with its first container. */
static int
set_tcp_options(int fd, int family)
{
	static const int on = 1;
	int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int freebind = family == AF_INET6 ? IPV6_FREEBIND : IP_FREEBIND;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, level, freebind, &on, sizeof(on)) != 0)
		return -errno;
	if (family == AF_INET6 &&
	    setsockopt(fd, level, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return -errno;
	return 0;
}

int
sock_listen_tcp(const struct sockaddr *sa, socklen_t len, struct buf *why,
    int *ret_fd)
{
	int fd;
	int r;

	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    IPPROTO_TCP);
	r = fd < 0 ? -errno : set_tcp_options(fd, sa->sa_family);
	if (r == 0 && (bind(fd, sa, len) != 0 || listen(fd, BACKLOG) != 0))
		r = -errno;
	if (r == 0) {
		*ret_fd = fd;
		return 0;
	}
	(void)buf_adds(why, strerror(-r));
	io_close(fd);
	return r;
}

bool
sock_is_unix(int fd)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);
	int type = 0;
	socklen_t type_len = sizeof(type);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	    address.sun_family == AF_UNIX &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
	    type == SOCK_STREAM;
}

int
sock_path_of(int fd, struct buf *path)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -errno;
	/* an abstract name begins with a NUL */
	if (address.sun_family != AF_UNIX || address.sun_path[0] == '\0')
		return -ENOENT;
	return buf_add(path, address.sun_path,
	    strnlen(address.sun_path, sizeof(address.sun_path)));
}
