/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "grantask.h"

static const struct {
	const char *authenticator;
	const char *secret;
} long_lived[] = {
	{ "PROGRAMMATIC_ACCESS_TOKEN", "a programmatic access token" },
	{ "OAUTH", "a token that somebody else renews" },
	{ "SNOWFLAKE", "a password" },
	{ "USERNAME_PASSWORD_MFA", "a password" },
};

void
grantask_connection(struct jsonout *j, const struct conn *c,
    const struct strv *roles)
{
	struct strv own = STRV_INIT;

	if (conn_role(c) != NULL)
		strv_add(&own, conn_role(c));
	jsonout_begin(j, NULL);
	jsonout_put(j, "{");
	jsonout_text(j, "name", conn_name(c));
	jsonout_texts(j, "roles", roles->len != 0 ? roles : &own);
	jsonout_text(j, "protocol", conn_protocol(c));
	jsonout_text(j, "host", conn_hostport(c));
	jsonout_text(j, "username", conn_user(c));
	jsonout_put(j, "}");
	strv_clear(&own);
}

const char *
grantask_long_lived(const struct conn *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(long_lived); i++)
		if (strcmp(conn_authenticator(c),
			long_lived[i].authenticator) == 0)
			return long_lived[i].secret;
	return NULL;
}
