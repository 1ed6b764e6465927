/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The users of a target, by the text of its /etc/passwd (passwd(5)) and
 * /etc/group (group(5)): not ours, so the C library cannot be asked.
 */
#ifndef PASSWD_H
#define PASSWD_H

#include <stdint.h>

#include "buf.h"

#define PASSWD_MAX 1048576 /* bytes of such a file */

/*
 * Find the user NAME, a name or a number, in LEN bytes of a passwd file, and
 * append the home directory, if it has one, to HOME.  A number need not be in
 * it: then its group is 0, as runtimes have it.  Returns 0 or -ENOENT.
 */
int passwd_find(const char *text, size_t len, const char *name,
    uint32_t *ret_uid, uint32_t *ret_gid, struct buf *home);

/* Find the group NAME, a name or a number, in a group file likewise. */
int passwd_find_group(const char *text, size_t len, const char *name,
    uint32_t *ret_gid);

#endif
