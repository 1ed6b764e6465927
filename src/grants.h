/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All grants of this daemon: read from their files at the start, made, changed
 * and revoked by the operator, ended by time.  What is on disk is always as
 * narrow as what is served: a grant is stored before it is told, and its file
 * is gone before a revocation is.
 */
#ifndef GRANTS_H
#define GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "sandbox.h"
#include "strv.h"
#include "tokend.h"

struct grants;

#define GRANTS_MAX_WHY 8192

/*
 * Take the state directory, and nobody else may have it.  Call this before
 * confine(): the directories that are to be listed there are appended to DIRS.
 * Where that is impossible, as for a second daemon of the same user, it is
 * logged, and there can be no grants.
 */
struct grants *grants_open(struct tokend *t, struct strv *dirs);

/* Read the grants and serve them.  What cannot be is logged.  Grants that are
 * over are ended. */
void grants_start(struct grants *g);

/* Stop serving; the grants stay. */
void grants_stop(struct grants *g);
void grants_free(struct grants *g); /* NULL is fine */

/* Other limits from now on. */
void grants_set_limits(struct grants *g);

/*
 * Make a grant of GRANT, which came from the operator and is cleared, and
 * append its description with the capability to B, which the caller wipes.
 * Returns 0; -EACCES when the policy forbids it; -ENOSPC when there are too
 * many; or negative errno; with the reason in WHY.
 */
int grants_add(struct grants *g, struct grant *grant, struct buf *b,
    struct buf *why);

/* The sandbox ID, or NULL. */
struct sandbox *grants_find(struct grants *g, const char *id);

/* Change one.  Returns 0, or negative errno with the reason in WHY; then all is
 * as it was. */
int grants_update(struct grants *g, struct sandbox *s,
    const struct grant_changes *changes, struct buf *why);

/* End one / all.  EVENT is "revoke" or "expire".  Returns 0, or negative errno
 * when a file could not be removed, with the reason in WHY: it is not served
 * any more, and its removal is tried again. */
int grants_revoke(struct grants *g, struct sandbox *s, const char *event,
    struct buf *why);
int grants_revoke_all(struct grants *g, struct buf *why);

/* The policy was read anew: what it does not allow now is revoked.  While it
 * cannot be used nothing is made, but what there is stays. */
void grants_obey_policy(struct grants *g);

/* Remove the file of the grant ID, which is not served because it could not be
 * read.  Returns 0; -ENOENT when there is none; or negative errno with the
 * reason in WHY. */
int grants_revoke_unknown(struct grants *g, const char *id, struct buf *why);

/* What is known of CONNECTION (NULL: of any) has changed: the token files of it
 * are looked after. */
void grants_refresh_files(struct grants *g, const char *connection);

/* Tell the service manager how many there are, and their ports. */
void grants_tell_manager(struct grants *g);

size_t grants_count(const struct grants *g);

/* Open connections of all sandboxes together, and whether there may be one
 * more. */
size_t grants_connections(const struct grants *g);
bool grants_have_room(const struct grants *g);

/* Call FN for each whose id comes after AFTER, in the order of their ids, until
 * it returns false. */
void grants_each_after(struct grants *g, const char *after,
    bool (*fn)(void *ctx, struct sandbox *s), void *ctx);

/* Where the directory of the grants is, for sandbox.c. */
int grants_directory(const struct grants *g);
const char *grants_path(const struct grants *g);

#endif
