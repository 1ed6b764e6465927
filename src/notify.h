/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a service manager and a daemon tell each other (sd_notify(3),
 * sd_listen_fds(3), sd_watchdog_enabled(3)), without its library: state
 * messages, sockets that it opened for us, the watchdog.
 *
 * Every variable is removed from the environment when it was read: it is meant
 * for this process and no child.  So call all of it before launcher_start()
 * and confine(); what is open then keeps working.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "strv.h"

#define NOTIFY_FIRST_FD    3 /* SD_LISTEN_FDS_START */
#define NOTIFY_MAX_SOCKETS 16
#define NOTIFY_MAX_NAMES   4096 /* bytes of LISTEN_FDNAMES */

struct notify {
	int fd; /* connected to the manager; -1: nobody listens */
};

#define NOTIFY_INIT \
	{           \
		-1  \
	}

/*
 * Connect to NOTIFY_SOCKET: "/path" or, for an abstract name, "@name".
 * Without that variable all calls succeed and do nothing.  Returns 0;
 * -EAFNOSUPPORT for another kind of address, -ENAMETOOLONG, or negative errno,
 * with the reason in WHY.  The caller ends with notify_close().
 */
int notify_open(struct notify *ret_notify, struct buf *why);

/*
 * Send a message as sd_notify(3) defines it: "READY=1\nSTATUS=serving".  Does
 * not wait: -EAGAIN when the manager is behind; then send it again later.
 * Else 0 or negative errno.
 */
int notify_send(const struct notify *n, const char *message);

void notify_close(struct notify *n);

/*
 * The sockets that the manager opened for us: descriptors from NOTIFY_FIRST_FD
 * on, which become close-on-exec.  Their names ("unknown" where it gave none)
 * are appended to NAMES, one each, so NAMES has as many as there are sockets.
 * Nothing is appended without LISTEN_FDS, or when LISTEN_PID is another's.
 * Returns 0; -EBADMSG for malformed variables, -ERANGE for more than
 * NOTIFY_MAX_SOCKETS, -EBADF when one is not open, with the reason in WHY.
 */
int notify_sockets(struct strv *names, struct buf *why);

/*
 * How often the manager wants to see "WATCHDOG=1": half of WATCHDOG_USEC, in
 * milliseconds and at least 1; 0 for no watchdog, or when WATCHDOG_PID is
 * another's.  Returns 0, or -EBADMSG with the reason in WHY.
 */
int notify_watchdog(int64_t *ret_interval_ms, struct buf *why);

#endif
