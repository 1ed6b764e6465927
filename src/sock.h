/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sockets.  First of all the control socket of coco-tokend: where it is, and
 * how both ends make sure of each other (THREATS.md T8).
 *
 *	$COCO_TOKEND			"off", or "unix:PATH"
 *	$XDG_RUNTIME_DIR/coco/tokend.sock
 *	/run/user/UID/coco/tokend.sock	where /run/user/UID is ours
 *	/run/coco/tokend.sock		for root
 *	$XDG_STATE_HOME/coco/tokend.sock
 *
 * Never /tmp: the first to come there could be anybody.
 */
#ifndef SOCK_H
#define SOCK_H

#include <sys/socket.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "buf.h"

/*
 * Append the path.  Returns 0; -ENOENT when there is none, or it is switched
 * off; -EINVAL when COCO_TOKEND cannot be understood; -ENAMETOOLONG when the
 * path is too long for a socket.
 */
int sock_control_path(struct buf *b);

/*
 * Connect to PATH, waiting until clock_ms() reaches DEADLINE_MS.  The directory
 * must be ours and closed to others, and the server must be of our uid, before
 * a byte is sent.  Returns 0; -ENOENT when there is no server; -EACCES with the
 * reason in WHY when it is not to be trusted; or negative errno.
 */
int sock_connect(const char *path, int64_t deadline_ms, struct buf *why,
    int *ret_fd);

/*
 * Connect a stream socket to ADDRESS, whoever serves there, waiting until
 * clock_ms() reaches DEADLINE_MS, which is the longest for each later step as
 * well.  Returns 0, -ETIMEDOUT or negative errno.
 */
int sock_reach(const struct sockaddr *address, socklen_t len,
    int64_t deadline_ms, int *ret_fd);

/* The same for the unix socket PATH; -ENAMETOOLONG when it is too long. */
int sock_reach_unix(const char *path, int64_t deadline_ms, int *ret_fd);

/*
 * Make the socket PATH, 0600 in a directory that is ours alone and is made if
 * need be, and listen.  A socket that is left over there is replaced: the
 * caller holds a lock that says that nobody serves it.  The descriptor does not
 * block.  Returns 0, or negative errno with the reason in WHY.
 */
int sock_listen(const char *path, struct buf *why, int *ret_fd);

/*
 * The same for the socket NAME, a plain file name, of the directory DIRFD,
 * which is the caller's to check: with exactly MODE whatever the umask is, and
 * however long its path.  -EEXIST: something that is no socket has the name.
 */
int sock_listen_at(int dirfd, const char *name, mode_t mode, struct buf *why,
    int *ret_fd);

/*
 * Listen at the address SA of IPv4 or IPv6, of the latter without the former.
 * The address may be one that comes later (IP_FREEBIND); what arrives for it
 * meanwhile is the kernel's business.  The descriptor does not block.  Returns
 * 0, or negative errno with the reason in WHY.
 */
int sock_listen_tcp(const struct sockaddr *sa, socklen_t len, struct buf *why,
    int *ret_fd);

/* Whether FD is a unix stream socket. */
bool sock_is_unix(int fd);

/* Append the path that the unix socket FD was bound to; -ENOENT when it has
 * none. */
int sock_path_of(int fd, struct buf *path);

/* Append the directory of PATH. */
int sock_directory(const char *path, struct buf *b);

#endif
