/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The processes of a container, as far as they are seen from this host: found
 * by their control groups (cgroup.h).
 */
#ifndef INMATES_H
#define INMATES_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the process PID is in the container with the id ID. */
bool inmates_has(const char *id, int64_t pid);

/* Call FN for each process of the container. */
void
inmates_each(const char *id, void (*fn)(void *ctx, int64_t pid), void *ctx);

/*
 * End, by SIGTERM, the processes of the container that were started as ARGV,
 * which ends with NULL, and wait until they have ended, for WAIT_MS at most.
 * What cannot be seen or ended from here is passed over.
 */
void inmates_end(const char *id, const char *const *argv, int wait_ms);

/* Whether there is such a process. */
bool inmates_runs(const char *id, const char *const *argv);

#endif
