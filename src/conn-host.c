/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>
#include <strings.h>

#include "account.h"
#include "ascii.h"
#include "authenticator.h"
#include "conn-priv.h"
#include "conn.h"
#include "connfile.h"
#include "num.h"

/* The keys that we read ourselves.  They end up in URLs, in the line protocol
 * and in messages. */
static const char *const text_keys[] = { "account", "user", "host", "port",
	"protocol", "region", "role", "authenticator" };

static int
refuse(const struct conn *c, struct buf *why, const char *reason)
{
	connfile_explain(why, "connection \"%s\" in %s: %s", c->name, c->file,
	    reason);
	return -EBADMSG;
}

static int
refuse_key(const struct conn *c, struct buf *why, const char *key,
    const char *reason)
{
	const char *note = "";

	if (conn_is_override(c, key))
		note = " (it comes from the environment)";
	connfile_explain(why, "connection \"%s\" in %s: \"%s\" %s%s", c->name,
	    c->file, key, reason, note);
	return -EBADMSG;
}

static int
check_text(const struct conn *c, struct buf *why)
{
	size_t i;
	size_t k;

	for (i = 0; i < ARRAY_LEN(text_keys); i++) {
		const char *value = conn_get(c, text_keys[i]);

		for (k = 0; k < c->len; k++)
			if (!c->keys[k].is_scalar &&
			    strcmp(c->keys[k].name, text_keys[i]) == 0)
				return refuse_key(c, why, text_keys[i],
				    "must be a string");
		if (value != NULL && ascii_has_control(value))
			return refuse_key(c, why, text_keys[i],
			    "must not hold control characters");
	}
	return 0;
}

/* The keys that hold or name a private key, whoever reads them (snowflake.md
 * 2). */
static bool
has_private_key(const struct conn *c)
{
	static const char *const keys[] = { "private_key_file",
		"private_key_path", "private_key_raw", "private_key",
		"privatekey", "private_key_base64" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		if (conn_get(c, keys[i]) != NULL)
			return true;
	return false;
}

/* An Okta URL stays as it is, any other name is compared in upper case. */
static int
set_authenticator(struct conn *c, struct buf *why)
{
	const char *s = conn_get(c, "authenticator");
	bool is_url;
	int r;

	if (s == NULL || strcasecmp(s, "SNOWFLAKE") == 0)
		return buf_adds(&c->authenticator,
		    has_private_key(c) ? "SNOWFLAKE_JWT" : "SNOWFLAKE");
	is_url = strncasecmp(s, "https://", 8) == 0;
	if (is_url)
		r = buf_adds(&c->authenticator, s);
	else
		r = ascii_add_upper(&c->authenticator, s);
	if (r != 0)
		return refuse_key(c, why, "authenticator", "is too long");
	if (is_url || authenticator_find(buf_str(&c->authenticator)) != NULL)
		return 0;
	strv_addf(&c->warnings,
	    "connection \"%s\": unknown authenticator "
	    "\"%s\"",
	    c->name, buf_str(&c->authenticator));
	return 0;
}

static int
set_protocol(struct conn *c, struct buf *why)
{
	const char *s = conn_get(c, "protocol");

	if (s == NULL || strcasecmp(s, "https") == 0)
		c->protocol = "https";
	else if (strcasecmp(s, "http") == 0)
		c->protocol = "http";
	else
		return refuse_key(c, why, "protocol",
		    "must be \"https\" or \"http\"");
	return 0;
}

/* A port in "host" is refused, because the drivers add one of their own. */
static int
add_given_host(const struct conn *c, const char *host, struct buf *b,
    struct buf *why)
{
	const char *name_end = strrchr(host, ']');

	if (!url_is_hostport(host))
		return refuse_key(c, why, "host", "must be a plain host name");
	if (strchr(name_end != NULL ? name_end : host, ':') != NULL)
		return refuse_key(c, why, "host",
		    "must not hold a port; "
		    "\"port\" is a key of its own");
	if (buf_adds(b, host) != 0)
		return refuse_key(c, why, "host", "is too long");
	return 0;
}

static int
add_host(const struct conn *c, struct buf *b, struct buf *why)
{
	struct buf reason = BUF_INIT(CONN_MAX_WHY);
	const char *host = conn_get(c, "host");
	const char *account = conn_get(c, "account");
	int r;

	if (host != NULL)
		return add_given_host(c, host, b, why);
	if (account == NULL) {
		(void)refuse(c, why, "missing required field \"account\"");
		connfile_explain(why,
		    "hint: add account = \"ORG-ACCOUNT\" below [%s%s]",
		    c->is_config ? "connections." : "", c->name);
		return -EBADMSG;
	}
	r = account_host(account, conn_get(c, "region"), b, &reason);
	if (r != 0)
		r = refuse(c, why, buf_str(&reason));
	buf_wipe(&reason);
	return r;
}

static int
set_origin(struct conn *c, struct buf *why)
{
	struct buf text = BUF_INIT(URL_MAX);
	struct url url = URL_INIT;
	const char *port = conn_get(c, "port");
	int64_t n = 0;
	int r;

	(void)buf_addf(&text, "%s://", c->protocol);
	r = add_host(c, &text, why);
	if (r != 0)
		goto out;
	if (port != NULL && num_parse(port, strlen(port), 1, 65535, &n) != 0) {
		r = refuse_key(c, why, "port",
		    "must be a number from 1 to 65535");
		goto out;
	}
	if (port != NULL)
		r = buf_addf(&text, ":%d", (int)n);
	if (r == 0)
		r = url_parse(buf_str(&text), &url);
	if (r == 0)
		r = url_origin(&url, &c->origin);
	if (r != 0) {
		r = refuse(c, why, "it gives no usable host name");
	} else if (strcmp(c->protocol, "http") == 0 && !url_is_loopback(&url)) {
		r = refuse_key(c, why, "protocol",
		    "may be \"http\" only for "
		    "a host on this machine");
	}
out:
	url_clear(&url);
	buf_wipe(&text);
	return r;
}

/* Left empty when it cannot be told; the one who needs it says so. */
static void
set_token_origin(struct conn *c)
{
	const char *s = conn_get(c, "oauth_token_request_url");
	struct url url = URL_INIT;

	if (s == NULL)
		(void)buf_adds(&c->token_origin, buf_str(&c->origin));
	else if (url_parse(s, &url) == 0)
		(void)url_origin(&url, &c->token_origin);
	url_clear(&url);
}

int
conn_interpret(struct conn *c, struct buf *why)
{
	int r;

	r = check_text(c, why);
	if (r == 0)
		r = set_authenticator(c, why);
	if (r == 0)
		r = set_protocol(c, why);
	if (r == 0)
		r = set_origin(c, why);
	if (r == 0)
		set_token_origin(c);
	return r;
}
