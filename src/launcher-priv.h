/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the two sides of the launcher share: messages, each one packet of a
 * SOCK_SEQPACKET pair between processes of the same executable.
 */
#ifndef LAUNCHER_PRIV_H
#define LAUNCHER_PRIV_H

#include <stdint.h>

#include "coco.h"
#include "stack.h"

/* From the daemon, with three descriptors by SCM_RIGHTS. */
struct launcher_request {
	uint64_t id;
	int64_t timeout_s;
	uint32_t verb;                  /* enum stack_verb */
	char stack[STACK_MAX_NAME + 4]; /* NUL to its end; "": none */
};

#define LAUNCHER_FDS 3

/* From the launcher. */
struct launcher_end {
	uint64_t id;
	int64_t status;
};

/* How much longer than its timeout a run may take. */
#define LAUNCHER_GRACE_MS 120000

/* Whether a request may be carried out. */
bool launcher_is_valid(const struct launcher_request *req);

/* The launcher itself, with FD as its end of the pair; all other descriptors
 * but stderr are closed. */
void launcher_serve(int fd, const char *program, int64_t grace_ms) NO_RETURN;

#endif
