/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ask a person for a secret at the terminal that belongs to the process,
 * whatever stdin and stdout are.
 */
#ifndef ASK_H
#define ASK_H

#include <stdint.h>

#include "buf.h"

/*
 * Show PROMPT and append the line that is typed, without its newline; it is
 * not shown.  A signal that would end the process does so, but only when the
 * terminal is as it was.  Returns 0; -ENXIO when there is no terminal;
 * -ETIMEDOUT when clock_ms() has reached DEADLINE_MS; -EPIPE when the input
 * ended; -EMSGSIZE; or negative errno.
 */
int ask_hidden(const char *prompt, int64_t deadline_ms, struct buf *ret_line);

#endif
