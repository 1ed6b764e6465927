/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "ascii.h"
#include "oauth-config.h"
#include "rolescope.h"

#define REFRESH_SCOPE "refresh_token"

/* The bytes of an identifier that needs no quotes in SQL. */
#define IDENTIFIER                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789_$"

/* An endpoint: as WRITTEN under KEY, else PATH at the connection's origin. */
static int
set_endpoint(const struct oauth_settings *s, const char *key,
    const char *written, const char *path, struct buf *ret_url,
    struct url *ret_parts, struct buf *why)
{
	int r;

	if (written != NULL)
		r = buf_adds(ret_url, written);
	else
		r = buf_addf(ret_url, "%s%s", s->origin, path);
	if (r == 0)
		r = url_parse(buf_str(ret_url), ret_parts);
	if (r != 0 || strchr(buf_str(ret_url), '#') != NULL) {
		(void)buf_addf(why,
		    "%s is no usable URL; it should look like "
		    "https://host/path",
		    key);
		return -EINVAL;
	}
	if (strcmp(ret_parts->scheme, "https") == 0 ||
	    url_is_loopback(ret_parts))
		return 0;
	(void)buf_addf(why,
	    "%s must be https: plain http is for loopback "
	    "only, and %s is not",
	    key, ret_parts->host);
	return -EINVAL;
}

/* Whether the tokens come from the host that they are for. */
static bool
is_own_host(const char *origin, const struct url *token)
{
	struct url own = URL_INIT;
	bool same;

	if (url_parse(origin, &own) != 0)
		return false;
	same = strcmp(own.host, token->host) == 0;
	url_clear(&own);
	return same;
}

static int
set_endpoints(const struct oauth_settings *s, struct oauth_config *c,
    struct buf *why)
{
	struct url authorize = URL_INIT;
	struct url token = URL_INIT;
	struct url device = URL_INIT;
	int r;

	r = set_endpoint(s, "oauth_authorization_url", s->authorize_url,
	    "/oauth/authorize", &c->authorize_url, &authorize, why);
	if (r == 0)
		r = set_endpoint(s, "oauth_token_request_url", s->token_url,
		    "/oauth/token-request", &c->token_url, &token, why);
	if (r == 0 && s->device_url != NULL)
		r = set_endpoint(s, "oauth_device_authorization_url",
		    s->device_url, "", &c->device_url, &device, why);
	if (r == 0)
		r = url_origin(&token, &c->token_origin);
	if (r == 0)
		c->snowflake = is_own_host(s->origin, &token);
	url_clear(&authorize);
	url_clear(&token);
	url_clear(&device);
	return r;
}

/* What goes into lines and headers must not make new ones. */
static bool
is_printable(const char *s)
{
	return s == NULL || !ascii_has_control(s);
}

/* The local application is everybody's, so it is nobody's own. */
static int
check_machine(const struct oauth_settings *s, struct buf *why)
{
	const char *missing = NULL;

	if (s->client_id == NULL)
		missing = "oauth_client_id";
	else if (s->client_secret == NULL && s->key_file == NULL)
		missing = "oauth_client_secret";
	if (missing == NULL)
		return 0;
	(void)buf_addf(why,
	    "%s is not set: client credentials need an id and a secret (or a "
	    "private key), which the identity provider knows",
	    missing);
	return -EINVAL;
}

static int
set_client(const struct oauth_settings *s, struct oauth_config *c,
    struct buf *why)
{
	c->client_id = s->client_id;
	/* who has a key keeps the secret to himself */
	c->client_secret = s->key_file == NULL ? s->client_secret : NULL;
	c->key_file = s->key_file;
	c->key_password = s->key_password;
	c->key_id = s->key_id;
	c->secret_in_body = s->credentials_in_body;
	c->single_use = s->single_use;
	c->machine = s->machine;
	if (!is_printable(s->client_id)) {
		(void)buf_adds(why, "oauth_client_id has control characters");
		return -EINVAL;
	}
	if (s->machine)
		return check_machine(s, why);
	if (s->client_id == NULL &&
	    (s->client_secret != NULL || s->key_file != NULL)) {
		(void)buf_addf(why, "%s is set, but oauth_client_id is not",
		    s->key_file != NULL ? "oauth_client_private_key_file" :
					  "oauth_client_secret");
		return -EINVAL;
	}
	if (s->client_id == NULL && !c->snowflake) {
		(void)buf_addf(why,
		    "oauth_client_id is not set: %s is not "
		    "the connection's host, so Snowflake's local application "
		    "is unknown there",
		    buf_str(&c->token_origin));
		return -EINVAL;
	}
	if (s->client_id == NULL)
		c->client_id = OAUTH_LOCAL_APPLICATION;
	/* its secret is public knowledge */
	if (c->client_secret == NULL && c->key_file == NULL && c->snowflake &&
	    strcmp(c->client_id, OAUTH_LOCAL_APPLICATION) == 0)
		c->client_secret = OAUTH_LOCAL_APPLICATION;
	return 0;
}

static bool
has_word(const char *text, const char *word)
{
	size_t want = strlen(word);
	size_t len;

	for (; *text != '\0'; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (len == want && memcmp(text, word, len) == 0)
			return true;
	}
	return false;
}

int
oauth_role_name(struct buf *b, const char *name)
{
	size_t len = strlen(name);
	size_t i;
	int r = 0;

	if (len > 2 && name[0] == '"' && name[len - 1] == '"') {
		for (i = 1; r == 0 && i < len - 1; i++) {
			r = buf_addc(b, name[i]);
			if (name[i] == '"' && name[i + 1] == '"')
				i++;
		}
		return r;
	}
	if (name[strspn(name, IDENTIFIER)] != '\0' ||
	    strchr("0123456789$", name[0]) != NULL)
		return buf_adds(b, name);
	return ascii_add_upper(b, name);
}

/* The role goes through the form encoding once more, so that a blank in it
 * ends up as %2520 on the wire. */
static int
add_role(struct buf *scope, const char *written)
{
	struct buf name = BUF_INIT(OAUTH_MAX_SCOPE);
	int r = oauth_role_name(&name, written);

	if (r == 0 && scope->len != 0)
		r = buf_addc(scope, ' ');
	if (r == 0)
		r = rolescope_add(scope, buf_str(&name));
	buf_wipe(&name);
	return r;
}

/*
 * Another provider gets what is written: Snowflake's own scopes mean nothing
 * to it, and offline_access is the user's to ask for.  But client credentials
 * ask for the role wherever they go, as the drivers do, and never for a
 * refresh token: there would be no use for it (RFC 6749 4.4.3).
 */
static int
set_scope(const struct oauth_settings *s, struct oauth_config *c,
    struct buf *why)
{
	int r = is_printable(s->scope) ? 0 : -EINVAL;

	if (r == 0 && c->snowflake && !c->machine &&
	    (s->scope == NULL || !has_word(s->scope, REFRESH_SCOPE)))
		r = buf_adds(&c->scope, REFRESH_SCOPE);
	if (r == 0 && s->scope != NULL && c->scope.len != 0)
		r = buf_addc(&c->scope, ' ');
	if (r == 0 && s->scope != NULL)
		r = buf_adds(&c->scope, s->scope);
	else if (r == 0 && (c->snowflake || c->machine) && s->role != NULL)
		r = add_role(&c->scope, s->role);
	if (r == 0)
		return 0;
	(void)buf_adds(why,
	    "oauth_scope or role is too long or has "
	    "control characters");
	return -EINVAL;
}

/* Whether the browser may be sent there: RFC 8252 7.3, and 8.3 for why plain
 * http is right here.  "localhost" only where a provider insists. */
static bool
is_redirect(const char *written, const struct url *u)
{
	return strcmp(u->scheme, "http") == 0 &&
	    (strcmp(u->host, "127.0.0.1") == 0 ||
		strcmp(u->host, "localhost") == 0) &&
	    u->query[0] == '\0' && strpbrk(written, "?#") == NULL;
}

/*
 * Port 80 counts as no port: that is what http://127.0.0.1 means to the
 * drivers, and nobody can bind it.
 */
static int
set_redirect(const struct oauth_settings *s, struct oauth_config *c,
    struct buf *why)
{
	const char *written = s->redirect_uri;
	struct url u = URL_INIT;
	int r;

	if (written == NULL)
		written = "http://127.0.0.1/";
	r = url_parse(written, &u);
	if (r == 0 && !is_redirect(written, &u))
		r = -EINVAL;
	if (r == 0)
		r = buf_adds(&c->redirect_host, u.host);
	if (r == 0)
		r = buf_adds(&c->redirect_path, u.path);
	if (r == 0 && u.port != 80) {
		c->redirect_port = u.port;
		c->redirect_uri = written;
	}
	url_clear(&u);
	if (r == 0)
		return 0;
	(void)buf_adds(why,
	    "oauth_redirect_uri must be "
	    "http://127.0.0.1[:port][/path]: the login comes back to this "
	    "machine only");
	return -EINVAL;
}

static int
add_proxy_user(const struct oauth_settings *s, struct buf *b)
{
	int r;

	if (s->proxy_user == NULL)
		return 0;
	r = url_encode(b, s->proxy_user, strlen(s->proxy_user));
	if (r == 0 && s->proxy_password != NULL)
		r = buf_addc(b, ':');
	if (r == 0 && s->proxy_password != NULL)
		r = url_encode(b, s->proxy_password, strlen(s->proxy_password));
	return r != 0 ? r : buf_addc(b, '@');
}

static int
set_proxy(const struct oauth_settings *s, struct oauth_config *c,
    struct buf *why)
{
	const char *host = s->proxy_host;
	const char *scheme = "http";
	int r;

	c->no_proxy = s->no_proxy;
	if (host == NULL)
		return 0;
	if (strncmp(host, "https://", 8) == 0)
		scheme = "https";
	if (strstr(host, "://") != NULL)
		host = strstr(host, "://") + 3;
	r = url_is_hostport(host) ? 0 : -EINVAL;
	if (r == 0)
		r = buf_addf(&c->proxy, "%s://", scheme);
	if (r == 0)
		r = add_proxy_user(s, &c->proxy);
	if (r == 0)
		r = buf_adds(&c->proxy, host);
	if (r == 0 && s->proxy_port != NULL)
		r = buf_addf(&c->proxy, ":%s", s->proxy_port);
	if (r == 0)
		return 0;
	(void)buf_adds(why, "proxy_host is no host name");
	return -EINVAL;
}

int
oauth_configure(const struct oauth_settings *settings,
    struct oauth_config *ret_config, struct buf *why)
{
	struct oauth_config c = OAUTH_CONFIG_INIT;
	int r;

	r = set_endpoints(settings, &c, why);
	if (r == 0)
		r = set_client(settings, &c, why);
	if (r == 0)
		r = set_scope(settings, &c, why);
	if (r == 0)
		r = set_redirect(settings, &c, why);
	if (r == 0)
		r = set_proxy(settings, &c, why);
	if (r != 0) {
		oauth_config_wipe(&c);
		return -EINVAL;
	}
	*ret_config = c;
	return 0;
}

int
oauth_redirect_uri(const struct oauth_config *c, int port, struct buf *b)
{
	if (c->redirect_uri != NULL)
		return buf_adds(b, c->redirect_uri);
	return buf_addf(b, "http://%s:%d%s", buf_str(&c->redirect_host), port,
	    buf_str(&c->redirect_path));
}

void
oauth_config_wipe(struct oauth_config *c)
{
	buf_wipe(&c->authorize_url);
	buf_wipe(&c->token_url);
	buf_wipe(&c->device_url);
	buf_wipe(&c->token_origin);
	buf_wipe(&c->scope);
	buf_wipe(&c->redirect_host);
	buf_wipe(&c->redirect_path);
	buf_wipe(&c->proxy);
	*c = (struct oauth_config)OAUTH_CONFIG_INIT;
}
