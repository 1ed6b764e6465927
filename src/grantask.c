/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include "authenticator.h"
#include "grantask.h"

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
	const struct authenticator
	    *a = authenticator_find(conn_authenticator(c));

	return a != NULL ? a->lasting : NULL;
}
