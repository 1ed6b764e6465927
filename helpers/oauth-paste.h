/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way back for a browser on another machine: the person copies the address
 * at which the login ended, which no server there answers, to the terminal.
 */
#ifndef OAUTH_PASTE_H
#define OAUTH_PASTE_H

#include <stdint.h>

#include "oauth-client.h"
#include "result.h"

/*
 * Read the address from /dev/tty, for stdin is the request's; three tries.
 * Returns success; denied after three that were not it; unavailable when
 * clock_ms() reaches DEADLINE_MS; error without a terminal.  All but success
 * have been explained on stderr.
 */
enum result oauth_paste(const char *state, int64_t deadline_ms,
    struct oauth_reply *ret_reply);

#endif
