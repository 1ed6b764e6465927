/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens in coco-tokend, a JSON line each, for whoever listens on GET
 * /events.  Names and results only, never a secret.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cred.h"
#include "httpd.h"

#define EVENTS_MAX_LISTENERS 16

struct events {
	struct httpd_exchange *listener[EVENTS_MAX_LISTENERS];
	size_t count;
};

/* Let X listen.  Returns whether there was room; if not, X is not answered. */
bool events_listen(struct events *e, struct httpd_exchange *x);

/*
 * Something of the kind NAME happened to the credential that REQUEST is about
 * (NULL: to none) or to the grant whose id is GRANT (NULL: to none); COMMAND,
 * unless NULL, is what a person can do about it.
 */
void events_send(struct events *e, const char *name, const struct cred *request,
    const char *grant, const char *command);

#endif
