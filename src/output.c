/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "esc.h"
#include "output.h"

static const char *const formats[] = {
	[OUTPUT_GIT] = "git",
	[OUTPUT_TOKEN] = "token",
	[OUTPUT_JSON] = "json",
	[OUTPUT_HEADER] = "header",
};

bool
output_parse(const char *name, enum output_format *ret_format)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i], name) == 0) {
			*ret_format = (enum output_format)i;
			return true;
		}
	}
	return false;
}

/* Append ,"name":"value" when there is a value. */
static int
json_member(struct buf *b, const char *name, const char *value)
{
	int r;

	if (value == NULL)
		return 0;
	r = buf_addf(b, ",\"%s\":", name);
	return r != 0 ? r : esc_json(b, value, strlen(value));
}

/*
 * RFC 6749 5.1 and what inspect-coco's clients read; expires_at spares those
 * who keep the answer a look at the clock.
 */
static int
format_json(const struct cred *c, int64_t now_utc, struct buf *b)
{
	int64_t expiry = cred_number(c, CRED_PASSWORD_EXPIRY_UTC);
	const char *secret = cred_secret(c);
	int r;

	r = buf_adds(b, "{\"access_token\":");
	if (r == 0)
		r = esc_json(b, secret, strlen(secret));
	if (r == 0)
		r = buf_adds(b, ",\"token_type\":\"Bearer\"");
	if (r == 0 && expiry != 0)
		r = buf_addf(b, ",\"expires_in\":%lld,\"expires_at\":%lld",
		    (long long)(expiry > now_utc ? expiry - now_utc : 0),
		    (long long)expiry);
	if (r == 0)
		r = json_member(b, "username", cred_get(c, CRED_USERNAME));
	if (r == 0)
		r = json_member(b, "snowflake_token_type",
		    cred_get(c, CRED_TOKEN_TYPE));
	return r != 0 ? r : buf_adds(b, "}\n");
}

/* RFC 7617: user-id and password joined by a colon. */
static int
format_basic(const struct cred *c, struct buf *b)
{
	struct buf pair = BUF_INIT(CRED_MAX_MESSAGE);
	const char *user = cred_get(c, CRED_USERNAME);
	int r;

	r = buf_addf(&pair, "%s:%s", user != NULL ? user : "", cred_secret(c));
	if (r == 0)
		r = buf_adds(b, "Authorization: Basic ");
	if (r == 0)
		r = b64_encode(b, buf_str(&pair), pair.len);
	buf_wipe(&pair);
	return r != 0 ? r : buf_addc(b, '\n');
}

static int
format_header(const struct cred *c, struct buf *b)
{
	const char *authtype = cred_get(c, CRED_AUTHTYPE);
	const char *type = cred_get(c, CRED_TOKEN_TYPE);
	int r;

	if (cred_get(c, CRED_CREDENTIAL) != NULL)
		return buf_addf(b, "Authorization: %s %s\n",
		    authtype != NULL ? authtype : "Bearer",
		    cred_get(c, CRED_CREDENTIAL));
	if (type == NULL)
		return format_basic(c, b);
	r = buf_addf(b, "Authorization: Bearer %s\n", cred_secret(c));
	if (r != 0)
		return r;
	return buf_addf(b, "X-Snowflake-Authorization-Token-Type: %s\n", type);
}

int
output_format(const struct cred *answer, enum output_format format,
    bool newline, int64_t now_utc, struct buf *b)
{
	if (strpbrk(cred_secret(answer), "\r\n") != NULL)
		return -EBADMSG;
	switch (format) {
	case OUTPUT_TOKEN:
		return buf_addf(b, "%s%s", cred_secret(answer),
		    newline ? "\n" : "");
	case OUTPUT_JSON:
		return format_json(answer, now_utc, b);
	case OUTPUT_HEADER:
		return format_header(answer, b);
	case OUTPUT_GIT:
		break;
	}
	return cred_format(answer, b);
}
