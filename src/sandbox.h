/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One grant at work: its directory and listeners, the sandbox API that
 * coco-http(7) describes, its token file.  grants.h has all of them.
 *
 * What comes in here is hostile.  Who may speak is settled before a byte is
 * read (uid, container, subnet), what a request may have by the grant, what an
 * answer may hold by THREATS.md T2; nothing of a provider's words gets out
 * (T5), and no question can be asked of the host that is not one of the few
 * that the grant names (T21).
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "grant.h"
#include "tokend.h"

struct sandbox;

/* A sandbox of the grant G, whose content moves into it.  Nobody can reach it
 * yet.  The caller ends with sandbox_close(). */
struct sandbox *sandbox_new(struct tokend *t, struct grant *g);

/*
 * Make the directory, the sockets and the token file.  Ports that were 0 are in
 * the grant afterwards.  Returns 0 or negative errno with the reason in WHY:
 * -EADDRINUSE when somebody else has the port.
 */
int sandbox_open(struct sandbox *s, struct buf *why);

/* Nobody is served any more, connections are closed, no token file is left.
 * FOR_GOOD: the directory goes as well; else who has it mounted finds the
 * sandbox again after a restart.  S is freed; NULL is fine. */
void sandbox_close(struct sandbox *s, bool for_good);

/* Stop serving, for ever: S is only remembered because its file could not be
 * removed yet. */
void sandbox_end(struct sandbox *s);
bool sandbox_is_ended(const struct sandbox *s);

/* The grant has changed: drop connections, for they may have been let in by
 * what it said before, and look after the token file. */
void sandbox_changed(struct sandbox *s);

/* Other limits from now on. */
void sandbox_set_limits(struct sandbox *s);

/* Whether the listeners are there. */
bool sandbox_is_served(const struct sandbox *s);

/* What is known of CONNECTION (NULL: of any) has changed: look after the token
 * file, if it is of that. */
void sandbox_look_after_file(struct sandbox *s, const char *connection);

/* Remove what a sandbox had in its directory DIR. */
void sandbox_empty_directory(int dir);

/* The grant, to be changed by grants.c only. */
struct grant *sandbox_grant(struct sandbox *s);

/* Open connections. */
size_t sandbox_connections(const struct sandbox *s);

/* Append what GET /grants tells, with CAPABILITY unless that is NULL.  Returns
 * 0 or -EMSGSIZE. */
int sandbox_describe(const struct sandbox *s, const char *capability,
    struct buf *b);

#endif
