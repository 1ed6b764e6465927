/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Credential messages on file descriptors: cred.h for the bytes, io.h for the
 * reading and writing.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "buf.h"
#include "cred.h"

/*
 * Read one message from FD, up to a blank line or the end; what follows the
 * blank line is not waited for.  Errors as of cred_parse() and read(2), and
 * -EBADMSG for a message that was cut short (CRED_WHOLE); the reason in WHY.
 */
int message_read(int fd, struct cred *ret_cred, struct buf *why);

/*
 * Write one message to FD in one piece, after all of it was found fit to be
 * written.  END is a blank line or "".
 */
int message_write(int fd, const struct cred *c, const char *end);

#endif
