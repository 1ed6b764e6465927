/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snowflake's authenticators (snowflake.md 4): the stack, the tokens and the
 * clients of each.
 */
#ifndef AUTHENTICATOR_H
#define AUTHENTICATOR_H

#include <stdbool.h>

struct authenticator {
	const char *name;       /* in upper case */
	const char *stack;      /* serves it when nobody names one; or NULL */
	const char *token_type; /* of its tokens; NULL: it has none */
	bool takes_tokens;      /* its clients do, those that we make */
	const char *secret;     /* its clients want this itself; or NULL */
	const char *lasting;    /* a grant would hand out this; or NULL */
};

/* NAME is in upper case.  NULL for an Okta URL and for what is unknown. */
const struct authenticator *authenticator_find(const char *name);

#endif
