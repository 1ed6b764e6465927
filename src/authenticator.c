/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "authenticator.h"

static const struct authenticator authenticators[] = {
	{ "OAUTH_AUTHORIZATION_CODE", "oauth", "OAUTH", true, NULL, NULL },
	{ "OAUTH_CLIENT_CREDENTIALS", "oauth", "OAUTH", true, NULL, NULL },
	{ "SNOWFLAKE_JWT", "jwt", "KEYPAIR_JWT", false, "the private key",
	    NULL },
	{ "PROGRAMMATIC_ACCESS_TOKEN", "pat", "PROGRAMMATIC_ACCESS_TOKEN",
	    false, "the programmatic access token",
	    "a programmatic access token" },
	{ "OAUTH", "connections", "OAUTH", false, NULL,
	    "a token that somebody else renews" },
	{ "SNOWFLAKE", "connections", NULL, false, NULL, "a password" },
	{ "EXTERNALBROWSER", NULL, NULL, false, NULL, NULL },
	{ "USERNAME_PASSWORD_MFA", NULL, NULL, false, NULL, "a password" },
	{ "WORKLOAD_IDENTITY", NULL, NULL, false, NULL, NULL },
	{ "PAT_WITH_EXTERNAL_SESSION", NULL, NULL, false, NULL, NULL },
};

const struct authenticator *
authenticator_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(authenticators); i++)
		if (strcmp(authenticators[i].name, name) == 0)
			return &authenticators[i];
	return NULL;
}
