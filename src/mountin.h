/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mounting a directory of the host into a container that is about to start.
 * Needs CAP_SYS_ADMIN, open_tree(2) and mount_setattr(2), Linux 5.12.
 */
#ifndef MOUNTIN_H
#define MOUNTIN_H

#include <stdint.h>

#include "buf.h"

/*
 * Mount the directory SOURCE, read-only and without devices, set-uid programs
 * and programs at all, on the directory TARGET, a descriptor in the mount
 * namespace of the process PID.  Returns 0 or negative errno with the reason in
 * WHY.
 */
int mountin(int64_t pid, const char *source, int target, struct buf *why);

#endif
