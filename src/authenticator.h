/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snowflake's authenticators (snowflake.md 4): what each means to us, told
 * once for all who ask.
 */
#ifndef AUTHENTICATOR_H
#define AUTHENTICATOR_H

#include <stdbool.h>

struct authenticator {
	const char *name;       /* in upper case */
	const char *stack;      /* serves it when nobody names one; or NULL */
	const char *token_type; /* of its tokens; NULL: it has none */
	bool is_short_lived;    /* its tokens are, and can be handed out */
	const char *secret;     /* its clients want this itself; or NULL */
};

/* NAME is in upper case.  NULL for an Okta URL and for what is unknown. */
const struct authenticator *authenticator_find(const char *name);

#endif
