/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a server says, for people, without the secrets that it may echo
 * (THREATS.md T5).  A text that holds part of one is not shown at all: there
 * are too many ways to write a secret for taking out each piece.
 */
#ifndef OAUTH_SECRET_H
#define OAUTH_SECRET_H

#include <stdbool.h>

#include "buf.h"

#define OAUTH_MAX_SHOWN  300 /* bytes of a server's text that are shown */
#define OAUTH_SECRET_RUN 8   /* characters of a secret that are part of it */

/* What is never shown, whoever says it; NULL or empty entries do not count.
 * Room for four of a request and four of an answer. */
#define OAUTH_SECRETS 8

struct oauth_secrets {
	const char *text[OAUTH_SECRETS];
};

/* Add SECRET, which is borrowed; NULL is fine.  It needs a free entry. */
void oauth_secrets_add(struct oauth_secrets *all, const char *secret);

/*
 * Whether what oauth_show() would show of TEXT has OAUTH_SECRET_RUN consecutive
 * characters of a secret, or all of a shorter one.  Only ASCII letters and
 * digits count, after percent-decoding, so that neither an encoding nor what is
 * put in between or cut off hides it.
 */
bool oauth_secrets_in(const struct oauth_secrets *known, const char *text);

/* Append TEXT for people: control bytes are escaped; after OAUTH_MAX_SHOWN
 * bytes it is cut. */
void oauth_show(const char *text, struct buf *b);

#endif
