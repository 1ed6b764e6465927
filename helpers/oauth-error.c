/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <ctype.h>
#include <string.h>

#include "json.h"
#include "oauth-error.h"

/* Length of Snowflake's numbers. */
#define DIGITS 6

#define SCOPE_CAUSE                                                        \
	"the role does not exist or is not granted to the user, is "       \
	"written in another case, or is blocked for this client, as "      \
	"ACCOUNTADMIN, ORGADMIN, GLOBALORGADMIN and SECURITYADMIN are by " \
	"default"
#define SCOPE_HINT                                                            \
	"choose another role (the connection's \"role\", or --role), or ask " \
	"the administrator of the security integration"
#define CLIENT_CAUSE                                                      \
	"the security integration is absent or disabled (for "            \
	"LOCAL_APPLICATION: SNOWFLAKE$LOCAL_APPLICATION), or a network "  \
	"policy blocks this address, or oauth_client_id or the client's " \
	"secret or key is wrong"
#define CLIENT_HINT                                                           \
	"check oauth_client_id; an administrator sees the rest by SHOW "      \
	"SECURITY INTEGRATIONS and in the network policies of the user, the " \
	"integration and the account"
#define CONSENT_CAUSE "the user has not agreed to this client with this role"
#define CONSENT_HINT                                                      \
	"log in and agree, or have an administrator agree by ALTER USER " \
	"... ADD DELEGATED AUTHORIZATION"
#define OURS_HINT                                                      \
	"check the oauth_ keys of the connection; if they are right, " \
	"report this as a bug of coco"
#define LATER_HINT "nothing is lost; try again later"

static const struct oauth_error errors[] = {
	/* RFC 6749 5.2 */
	{ "invalid_grant", RESULT_EXPIRED, NULL, NULL },
	{ "invalid_client", RESULT_DENIED, CLIENT_CAUSE, CLIENT_HINT },
	{ "invalid_request", RESULT_DENIED, NULL, OURS_HINT },
	{ "invalid_scope", RESULT_DENIED, SCOPE_CAUSE, SCOPE_HINT },
	{ "unauthorized_client", RESULT_DENIED,
	    "this client may not get tokens in this way",
	    "its administrator must allow the grant for it, or use another "
	    "authenticator" },
	{ "unsupported_grant_type", RESULT_DENIED,
	    "this token endpoint does not serve this way to get tokens; "
	    "Snowflake's own serves logins and refreshes only",
	    "for client credentials or a device login set "
	    "oauth_token_request_url to the token endpoint of an identity "
	    "provider that Snowflake trusts" },
	/* RFC 6749 4.1.2.1 */
	{ "access_denied", RESULT_DENIED,
	    "somebody said no: the person, or a rule about the user, the "
	    "client or the role",
	    "log in again and agree, or ask the administrator of the "
	    "security integration" },
	{ "unsupported_response_type", RESULT_DENIED,
	    "this client may not log in by authorization code",
	    "check oauth_authorization_url, and what the client is "
	    "registered for" },
	{ "server_error", RESULT_UNAVAILABLE, NULL, LATER_HINT },
	{ "temporarily_unavailable", RESULT_UNAVAILABLE, NULL, LATER_HINT },
	/* OpenID Connect Core 3.1.2.6 */
	{ "consent_required", RESULT_DENIED, CONSENT_CAUSE, CONSENT_HINT },
	{ "interaction_required", RESULT_DENIED,
	    "the provider wants to see the person", "log in again" },
	{ "login_required", RESULT_DENIED,
	    "the provider wants to see the person", "log in again" },
	/* RFC 8628 3.5 */
	{ "authorization_pending", RESULT_UNAVAILABLE,
	    "nobody has entered the code yet", LATER_HINT },
	{ "slow_down", RESULT_UNAVAILABLE, NULL, LATER_HINT },
	{ "expired_token", RESULT_UNAVAILABLE,
	    "nobody entered the code in time", "start the login again" },
	/* Snowflake (snowflake.md 1.6) */
	{ "390302", RESULT_DENIED, CONSENT_CAUSE, CONSENT_HINT },
	{ "390303", RESULT_DENIED,
	    "the access token is not, or no longer, valid",
	    "a later refresh of a single-use refresh token ends it; get a "
	    "new one" },
	{ "390304", RESULT_DENIED,
	    "this client may not log in by authorization code", OURS_HINT },
	{ "390305", RESULT_DENIED, "the state was not taken", OURS_HINT },
	{ "390306", RESULT_DENIED, "there is no such client",
	    "check oauth_client_id, and that its security integration exists "
	    "and is enabled" },
	{ "390307", RESULT_DENIED,
	    "the client is registered with another redirect address",
	    "set oauth_redirect_uri to the one of the security integration" },
	{ "390308", RESULT_DENIED, SCOPE_CAUSE, SCOPE_HINT },
	{ "390309", RESULT_DENIED,
	    "the login was another user's than the connection's",
	    "check the connection's \"user\"; or log out of Snowflake in the "
	    "browser, and log in again" },
	{ "390311", RESULT_DENIED, "the code challenge was not taken",
	    OURS_HINT },
	{ "390318", RESULT_DENIED, "the access token has expired",
	    "get a new one; if it is new, check this machine's clock" },
};

/* The row named by the LEN bytes at S. */
static const struct oauth_error *
by_name(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(errors); i++)
		if (strlen(errors[i].name) == len &&
		    memcmp(errors[i].name, s, len) == 0)
			return &errors[i];
	return NULL;
}

/* The row of the first of our numbers that stands in TEXT by itself. */
static const struct oauth_error *
by_number(const char *text)
{
	const struct oauth_error *row = NULL;
	size_t len;

	while (text != NULL && row == NULL && *text != '\0') {
		for (len = 0; isdigit((unsigned char)text[len]) != 0; len++)
			continue;
		if (len == DIGITS)
			row = by_name(text, len);
		text += len != 0 ? len : 1;
	}
	return row;
}

const struct oauth_error *
oauth_error_find(const struct oauth_fault *fault)
{
	const struct oauth_error *name = NULL;
	const struct oauth_error *row;

	if (fault->error != NULL)
		name = by_name(fault->error, strlen(fault->error));
	if (name != NULL && name->result == RESULT_EXPIRED)
		return name;
	row = by_number(fault->code);
	if (row == NULL)
		row = by_number(fault->error);
	if (row == NULL)
		row = by_number(fault->text);
	return row != NULL ? row : name;
}

/* What the server SAID; of a text that is withheld only the name, which is
 * from the table. */
static void
tell(const char *said, const struct oauth_error *row,
    const struct oauth_secrets *known, struct buf *why)
{
	if (said[0] == '\0')
		(void)buf_adds(why, "the server's error is empty");
	else if (oauth_secrets_in(known, said))
		(void)buf_addf(why,
		    "%s%sits text is withheld, for it holds part of a secret",
		    row != NULL ? row->name : "", row != NULL ? ": " : "");
	else
		oauth_show(said, why);
}

enum result
oauth_error_explain(const struct oauth_fault *fault,
    const struct oauth_secrets *known, struct buf *why)
{
	const struct oauth_error *row = oauth_error_find(fault);
	const char *const said[] = { fault->error, fault->code, fault->text };
	struct buf joint = BUF_INIT(2 * JSON_MAX_SIZE);
	size_t i;

	for (i = 0; i < ARRAY_LEN(said); i++)
		if (said[i] != NULL && said[i][0] != '\0')
			(void)buf_addf(&joint, "%s%s",
			    joint.len != 0 ? ": " : "", said[i]);
	tell(buf_str(&joint), row, known, why);
	buf_wipe(&joint);
	if (row == NULL)
		return RESULT_DENIED;
	if (row->cause != NULL)
		(void)buf_addf(why, " (%s)", row->cause);
	if (row->hint != NULL)
		(void)buf_addf(why, "\nhint: %s", row->hint);
	return row->result;
}
