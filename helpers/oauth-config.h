/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a connection says about OAuth, checked and completed: endpoints,
 * client, scope, redirect address, proxy.  A pure function of strings; sources
 * are snowflake.md 1.1, 1.3, 1.8 and RFC 8252.
 *
 * Without any oauth_ key it is Snowflake's built-in local application at the
 * connection's own host.  Client credentials (RFC 6749 4.4) need a client of
 * their own.
 *
 *	struct oauth_config c = OAUTH_CONFIG_INIT;
 *	r = oauth_configure(&settings, &c, &why);
 *	...
 *	oauth_config_wipe(&c);
 */
#ifndef OAUTH_CONFIG_H
#define OAUTH_CONFIG_H

#include <stdbool.h>

#include "buf.h"
#include "url.h"

#define OAUTH_LOCAL_APPLICATION "LOCAL_APPLICATION"
#define OAUTH_MAX_SCOPE         4096

/* As written; NULL where there is nothing. */
struct oauth_settings {
	const char *origin; /* the connection's; never NULL */
	const char *role;
	const char *client_id;
	const char *client_secret;
	const char *key_file;
	const char *key_password;
	const char *key_id;
	const char *authorize_url;
	const char *token_url;
	const char *device_url;
	const char *redirect_uri;
	const char *scope;
	const char *proxy_host;
	const char *proxy_port;
	const char *proxy_user;
	const char *proxy_password;
	const char *no_proxy;
	bool credentials_in_body;
	bool single_use;
	bool machine; /* by client credentials: no person logs in */
};

/* Plain pointers are borrowed from the settings or are constants. */
struct oauth_config {
	struct buf authorize_url; /* https, or http to loopback */
	struct buf token_url;     /* the same */
	struct buf device_url;    /* the same; empty: none */
	struct buf token_origin;  /* where tokens may be redeemed (T1) */
	const char *client_id;
	const char *client_secret; /* NULL: a public client, or a key */
	const char *key_file;      /* the client's private key, or NULL */
	const char *key_password;  /* of that file, or NULL */
	const char *key_id;        /* its name at the server, or NULL */
	bool secret_in_body;       /* else HTTP Basic */
	bool single_use;           /* ask for single-use refresh tokens */
	bool machine;              /* the client is its own user */
	bool snowflake;            /* the connection's host has the tokens */
	struct buf scope;          /* empty: none */
	const char *redirect_uri;  /* verbatim when its port is fixed */
	struct buf redirect_host;  /* 127.0.0.1 or localhost */
	struct buf redirect_path;  /* starts with '/' */
	int redirect_port;         /* 0: any */
	struct buf proxy;          /* holds its password; empty: none */
	const char *no_proxy;
};

#define OAUTH_CONFIG_INIT                           \
	{                                           \
		.authorize_url = BUF_INIT(URL_MAX), \
		.token_url = BUF_INIT(URL_MAX),     \
		.device_url = BUF_INIT(URL_MAX),    \
		.token_origin = BUF_INIT(URL_MAX),  \
		.scope = BUF_INIT(OAUTH_MAX_SCOPE), \
		.redirect_host = BUF_INIT(256),     \
		.redirect_path = BUF_INIT(URL_MAX), \
		.proxy = BUF_INIT(URL_MAX),         \
	}

/*
 * Check and complete.  Returns 0, or -EINVAL with a reason of one line in WHY,
 * which names the key at fault and never holds a secret; on failure *RET_CONFIG
 * is untouched.
 */
int oauth_configure(const struct oauth_settings *settings,
    struct oauth_config *ret_config, struct buf *why);

/*
 * Append the role NAME as Snowflake stores it.  Written as in SQL: what is in
 * double quotes is the name itself, a plain identifier is folded to upper case
 * (a scope is compared with case, snowflake.md 1.3), anything else could only
 * have been created with quotes.
 */
int oauth_role_name(struct buf *b, const char *name);

/* Append the redirect address for a listener at PORT. */
int oauth_redirect_uri(const struct oauth_config *c, int port, struct buf *b);

void oauth_config_wipe(struct oauth_config *c);

#endif
