/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A unix socket for programs that know TCP only, as wrk, by LD_PRELOAD:
 *
 *	BENCH_UNIX_PORT=1		what is connected to this port
 *	BENCH_UNIX_SOCKET=/run/x	goes to this socket instead
 *
 * All other connections stay what they are.  The descriptor and its flags stay
 * the same; options of TCP that are set on it later fail, which wrk ignores.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_ours(const struct sockaddr *address, socklen_t len)
{
	const char *port = getenv("BENCH_UNIX_PORT");
	struct sockaddr_in in;

	if (port == NULL || address->sa_family != AF_INET || len < sizeof(in))
		return false;
	memcpy(&in, address, sizeof(in));
	return ntohs(in.sin_port) == strtol(port, NULL, 10);
}

/* Connect the descriptor FD to PATH.  That waits, because a unix socket whose
 * queue is full would say EAGAIN and not that it is being connected. */
static int
connect_unix(int fd, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int flags = fcntl(fd, F_GETFL);
	int other;
	int r = -1;

	if (path == NULL || strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path));
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (other < 0)
		return -1;
	if (syscall(SYS_connect, other, &un, sizeof(un)) == 0 &&
	    fcntl(other, F_SETFL, flags) == 0 && dup2(other, fd) == fd)
		r = 0;
	(void)close(other);
	return r;
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	if (is_ours(address, len))
		return connect_unix(fd, getenv("BENCH_UNIX_SOCKET"));
	return (int)syscall(SYS_connect, fd, address, len);
}
