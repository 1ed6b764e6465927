/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is at the other end of a unix socket: a process of our user, in our
 * namespaces, or nobody that we talk to (THREATS.md T7).  A container that
 * shares our uid and got hold of the control socket has other namespaces.
 *
 * What is compared can be read by a confined daemon, of a peer that is not
 * dumpable as well; /proc/PID/ns/ cannot.
 *
 *	user namespace	/proc/PID/uid_map and gid_map are as ours
 *	pid namespace	"NSpid:" of /proc/PID/status is one number: the peer
 *			lives in the namespace that /proc shows, and so do we
 *	mount namespace	/proc/PID/mountinfo lists our root, or where that is no
 *			mount the first of ours: a mount belongs to one
 *			namespace, and its number is no other mount's as long
 *			as it lives
 *
 * So a host process behind chroot(2) is refused as well, and one of another
 * user namespace whose maps equal ours is not, if it has our mounts and pids:
 * only root can make such a one.
 *
 * The peer is held by a pidfd meanwhile, which is looked at last: were the
 * process gone, its number could be another's.  Before Linux 6.5 there is no
 * SO_PEERPIDFD, and a number that was reused between connect() and our call
 * cannot be told.
 */
#ifndef PEER_H
#define PEER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define PEER_MAX_MAP 1024 /* bytes of a uid_map and a gid_map */

struct peer_self {
	uid_t uid;
	size_t uid_map_len;
	size_t gid_map_len;
	char uid_map[PEER_MAX_MAP];
	char gid_map[PEER_MAX_MAP];
	char mount[24];   /* how the line of a mount of ours begins: "27 " */
	size_t mount_end; /* where it ends in our mountinfo */
};

/*
 * Read what we are, once and before confine().  Returns 0, or negative errno
 * with the reason in WHY: -ENOTSUP when /proc shows another pid namespace or
 * nothing is mounted.
 */
int peer_self_read(struct peer_self *ret_self, struct buf *why);

/*
 * Check the peer of the connected unix socket FD: its uid, and with
 * CHECK_NAMESPACES that it is alive and has our namespaces.  Returns 0;
 * -EACCES when it is refused, -ESRCH when it is gone; other errno when it
 * could not be looked at.  All but 0 mean: do not talk to it.  The reason is
 * appended to WHY.
 */
int peer_check(const struct peer_self *self, int fd, bool check_namespaces,
    struct buf *why);

/*
 * Who connected FD: the uid as our user namespace has it, so a container's root
 * is whom it is mapped to, and the process number, 0 when our pid namespace has
 * none.  Returns 0, or negative errno with the reason in WHY.
 */
int peer_id(int fd, struct buf *why, uid_t *ret_uid, pid_t *ret_pid);

/*
 * Check that the process that connected FD is in the container ID, 64 lower
 * case hexadecimal digits, as its control groups say (cgroup.h); held as above
 * (THREATS.md T14).  Returns 0; -EACCES when it is elsewhere, -ESRCH when it is
 * gone; other errno when it could not be looked at.  The reason is appended to
 * WHY.
 */
int peer_in_container(int fd, const char *id, struct buf *why);

#endif
