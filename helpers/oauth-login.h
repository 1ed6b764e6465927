/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interactive login: authorization code with PKCE, by way of the user's
 * browser (RFC 8252), or a code that is entered on another device.  It talks
 * to the person on stderr; everything that can be computed is in
 * oauth-client.h.
 */
#ifndef OAUTH_LOGIN_H
#define OAUTH_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "oauth-answer.h"
#include "oauth-config.h"
#include "result.h"

struct oauth_login {
	const struct oauth_config *config;
	const char *connection;
	const char *host;   /* whose credential this is */
	const char *user;   /* who must log in; NULL: anybody */
	const char *role;   /* or NULL */
	bool no_browser;    /* print the address */
	bool paste;         /* and read the redirected one */
	bool device;        /* by a code instead (oauth-device.h) */
	int64_t timeout_ms; /* for the person */
};

/*
 * Log in.  *RET_ANSWER holds the tokens on success; every other result has
 * been explained on stderr, and in the browser where there is one.  One login
 * at a time for each credential: the second is unavailable.
 */
enum result
oauth_login(const struct oauth_login *l, struct oauth_answer *ret_answer);

#endif
