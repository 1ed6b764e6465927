/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ascii.h"
#include "conn-priv.h"
#include "conn.h"
#include "connfile.h"
#include "mem.h"

#define MAX_VARIABLE      1024
#define MAX_LIST          2048 /* bytes of a list in a message */
#define MAX_AUTHENTICATOR 1024
#define GO_KEY            "privatekey"

/* Where a name can come from, the first first. */
static const char *const name_variables[] = { "COCO_CONNECTION",
	"INSPECT_COCO_SNOWFLAKE_CONNECTION",
	"SNOWFLAKE_DEFAULT_CONNECTION_NAME" };

/* The keys that the environment may override: those of the snow command
 * (SUPPORTED_ENV_OVERRIDES, snowflake.md 5.3), and our OAuth keys. */
static const char *const override_keys[] = { "account", "user", "password",
	"host", "port", "protocol", "authenticator",
	"workload_identity_provider", "private_key_file", "private_key_path",
	"private_key_raw", "database", "schema", "role", "warehouse",
	"session_token", "master_token", "token", "token_file_path",
	"oauth_client_id", "oauth_client_secret", "oauth_authorization_url",
	"oauth_token_request_url", "oauth_redirect_uri", "oauth_scope",
	"oauth_disable_pkce", "oauth_enable_refresh_tokens",
	"oauth_enable_single_use_refresh_tokens", "oauth_credentials_in_body",
	"client_store_temporary_credential", "secondary_roles",
	"server_session_keep_alive" };

/* The files, read when they are needed. */
struct search {
	struct buf dir;
	struct strv looked;
	struct connfile connections;
	struct connfile config;
	bool config_tried;
};

static int
open_connections(struct search *s, struct strv *warnings, struct buf *why)
{
	int r;

	connfile_dir(&s->dir, &s->looked);
	r = connfile_open(buf_str(&s->dir), false, warnings, why,
	    &s->connections);
	return r == -ENOENT ? 0 : r;
}

static int
open_config(struct search *s, struct strv *warnings, struct buf *why)
{
	int r;

	if (s->config_tried)
		return 0;
	s->config_tried = true;
	r = connfile_open(buf_str(&s->dir), true, warnings, why, &s->config);
	return r == -ENOENT ? 0 : r;
}

static void
set_name(struct conn *c, const char *name, const char *source)
{
	c->name = xstrdup(name);
	c->source = xstrdup(source);
}

static int
name_from_file(struct conn *c, const struct connfile *f, struct buf *why)
{
	struct buf source = BUF_INIT(PATH_MAX + 64);
	const char *name;
	int r;

	if (f->path == NULL)
		return 0;
	r = connfile_default(f, &name, why);
	if (r == 0) {
		(void)buf_addf(&source, "default_connection_name in %s",
		    f->path);
		set_name(c, name, buf_str(&source));
	}
	buf_wipe(&source);
	return r == -ENOENT ? 0 : r;
}

const char *
conn_environment_name(const char **ret_from)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(name_variables); i++) {
		const char *value = getenv(name_variables[i]);

		if (value != NULL && value[0] != '\0') {
			*ret_from = name_variables[i];
			return value;
		}
	}
	return NULL;
}

static int
choose_name(struct conn *c, const char *name, struct search *s, struct buf *why)
{
	const char *from = "-c";
	int r;

	if (name == NULL)
		name = conn_environment_name(&from);
	if (name != NULL) {
		set_name(c, name, from);
		return 0;
	}
	r = name_from_file(c, &s->connections, why);
	if (r != 0 || c->name != NULL)
		return r;
	r = open_config(s, &c->warnings, why);
	if (r == 0)
		r = name_from_file(c, &s->config, why);
	if (r == 0 && c->name == NULL)
		set_name(c, "default", "the default");
	return r;
}

/* Append the strings with ", " between them, and "..." for what is too much. */
static void
add_list(struct buf *b, const struct strv *sv)
{
	size_t i;

	for (i = 0; i < sv->len; i++) {
		if (b->len + strlen(sv->v[i]) + 8 > b->max) {
			(void)buf_adds(b, ", ...");
			return;
		}
		(void)buf_addf(b, "%s%s", i != 0 ? ", " : "", sv->v[i]);
	}
}

static int
explain_no_file(const struct search *s, struct buf *why)
{
	struct buf list = BUF_INIT(MAX_LIST);

	add_list(&list, &s->looked);
	connfile_explain(why, "no Snowflake connection found");
	if (list.len != 0)
		connfile_explain(why, "looked for: %s", buf_str(&list));
	else
		connfile_explain(why,
		    "HOME is not set, so there is nowhere "
		    "to look");
	connfile_explain(why,
	    "hint: write one of them, or set SNOWFLAKE_HOME "
	    "to the directory that has it");
	buf_wipe(&list);
	return -ENOENT;
}

/* Whether config.toml has what connections.toml hides.  Only for a message, so
 * that its own errors do not matter. */
static bool
is_hidden(struct search *s, const char *name)
{
	struct buf ignored = BUF_INIT(CONN_MAX_WHY);
	struct strv warnings = STRV_INIT;

	if (s->connections.path != NULL)
		(void)open_config(s, &warnings, &ignored);
	buf_wipe(&ignored);
	strv_clear(&warnings);
	return s->connections.path != NULL && s->config.path != NULL &&
	    connfile_find(&s->config, name) != NULL;
}

static int
explain_no_section(const struct conn *c, struct search *s, struct buf *why)
{
	struct buf list = BUF_INIT(MAX_LIST);

	add_list(&list, &c->names);
	connfile_explain(why,
	    "connection \"%s\" not found in %s (named by "
	    "%s)",
	    c->name, c->file, c->source);
	if (list.len != 0)
		connfile_explain(why, "available connections: %s",
		    buf_str(&list));
	else
		connfile_explain(why, "available connections: it has none");
	if (is_hidden(s, c->name))
		connfile_explain(why,
		    "%s has it, but is not used, because %s "
		    "exists",
		    s->config.path, s->connections.path);
	connfile_explain(why,
	    "hint: say -c NAME, or set COCO_CONNECTION, or "
	    "default_connection_name in %s",
	    c->file);
	buf_wipe(&list);
	return -ENOENT;
}

static struct conn_key *
find_key(const struct conn *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->len; i++)
		if (strcmp(c->keys[i].name, name) == 0)
			return &c->keys[i];
	return NULL;
}

/* The key NAME, made when it is not there.  The array moves, what the keys own
 * does not. */
static struct conn_key *
make_key(struct conn *c, const char *name)
{
	struct conn_key *key = find_key(c, name);

	if (key != NULL)
		return key;
	c->keys = xreallocarray(c->keys, c->len + 1, sizeof(*c->keys));
	key = &c->keys[c->len++];
	*key = (struct conn_key){ xstrdup(name), BUF_INIT(TOML_MAX), true,
		false };
	return key;
}

/* The name of a key as we look it up: gosnowflake, the only client that reads
 * this one, compares without case (snowflake.md 2, 5.7). */
static const char *
key_name_of(const char *written)
{
	return strcasecmp(written, GO_KEY) == 0 ? GO_KEY : written;
}

/*
 * The table's own count, so that a section with very many keys costs no search
 * for each: TOML has no key twice.
 */
static void
read_section(struct conn *c, const struct connfile *f,
    const struct toml_node *section)
{
	const struct toml_node *node;
	struct conn_key *key;
	size_t len;

	c->keys = xcalloc(toml_count(section) + 1, sizeof(*c->keys));
	for (node = toml_first(section); node != NULL; node = toml_next(node)) {
		const char *name = toml_key(node, &len);

		if (strlen(name) != len)
			continue;
		key = &c->keys[c->len++];
		*key = (struct conn_key){ xstrdup(key_name_of(name)),
			BUF_INIT(TOML_MAX), true, false };
		key->is_scalar = connfile_text(f, node, &key->value) == 0;
	}
}

static int
read_override(struct conn *c, const char *name, struct buf *variable,
    struct buf *why)
{
	struct conn_key *key;
	const char *value;

	if (ascii_add_upper(variable, name) != 0)
		return 0;
	value = getenv(buf_str(variable));
	if (value == NULL || value[0] == '\0')
		return 0;
	key = make_key(c, name);
	key->is_override = true;
	key->is_scalar = true;
	buf_clear(&key->value);
	if (buf_adds(&key->value, value) == 0)
		return 0;
	connfile_explain(why, "%s is too long", buf_str(variable));
	return -EBADMSG;
}

static int
read_environment(struct conn *c, struct buf *why)
{
	struct buf variable = BUF_INIT(MAX_VARIABLE);
	size_t prefix;
	size_t i;
	int r;

	r = buf_adds(&variable, "SNOWFLAKE_CONNECTIONS_");
	if (r == 0)
		r = ascii_add_upper(&variable, c->name);
	if (r == 0)
		r = buf_addc(&variable, '_');
	prefix = variable.len;
	/* a name that is too long for a variable has no overrides */
	for (i = 0; r == 0 && i < ARRAY_LEN(override_keys); i++) {
		buf_truncate(&variable, prefix);
		r = read_override(c, override_keys[i], &variable, why);
	}
	buf_wipe(&variable);
	return r == -EMSGSIZE ? 0 : r;
}

/* The name travels in the line protocol. */
static int
check_name(const struct conn *c, struct buf *why)
{
	if (!ascii_has_control(c->name))
		return 0;
	connfile_explain(why,
	    "connection \"%s\": a name must not hold control characters",
	    c->name);
	return -EBADMSG;
}

static int
find_section(struct conn *c, const char *name, struct search *s,
    struct buf *why)
{
	const struct toml_node *section;
	const struct connfile *f;
	int r;

	r = open_connections(s, &c->warnings, why);
	if (r == 0)
		r = choose_name(c, name, s, why);
	if (r == 0 && s->connections.path == NULL)
		r = open_config(s, &c->warnings, why);
	if (r != 0)
		return r;
	f = s->connections.path != NULL ? &s->connections : &s->config;
	if (f->path == NULL)
		return explain_no_file(s, why);
	c->file = xstrdup(f->path);
	c->is_config = f->is_config;
	connfile_names(f, &c->names);
	section = connfile_find(f, c->name);
	if (section == NULL)
		return explain_no_section(c, s, why);
	r = check_name(c, why);
	if (r == 0)
		read_section(c, f, section);
	return r;
}

int
conn_load(const char *name, struct buf *why, struct conn **ret_conn)
{
	struct search s = { BUF_INIT(PATH_MAX), STRV_INIT, CONNFILE_INIT,
		CONNFILE_INIT, false };
	struct conn *c = xcalloc(1, sizeof(*c));
	int r;

	c->authenticator = (struct buf)BUF_INIT(MAX_AUTHENTICATOR);
	c->origin = (struct buf)BUF_INIT(URL_MAX);
	c->token_origin = (struct buf)BUF_INIT(URL_MAX);
	r = find_section(c, name, &s, why);
	if (r == 0)
		r = read_environment(c, why);
	if (r == 0)
		r = conn_interpret(c, why);
	if (r == 0) {
		*ret_conn = c;
		c = NULL;
	}
	conn_free(c);
	connfile_clear(&s.connections);
	connfile_clear(&s.config);
	strv_clear(&s.looked);
	buf_wipe(&s.dir);
	return r;
}

void
conn_free(struct conn *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->len; i++) {
		free(c->keys[i].name);
		buf_wipe(&c->keys[i].value);
	}
	free(c->keys);
	free(c->name);
	free(c->source);
	free(c->file);
	buf_wipe(&c->authenticator);
	buf_wipe(&c->origin);
	buf_wipe(&c->token_origin);
	strv_clear(&c->names);
	strv_clear(&c->warnings);
	free(c);
}

const char *
conn_name(const struct conn *c)
{
	return c->name;
}

const char *
conn_name_source(const struct conn *c)
{
	return c->source;
}

const char *
conn_file(const struct conn *c)
{
	return c->file;
}

const char *
conn_account(const struct conn *c)
{
	return conn_get(c, "account");
}

const char *
conn_user(const struct conn *c)
{
	return conn_get(c, "user");
}

const char *
conn_role(const struct conn *c)
{
	return conn_get(c, "role");
}

const char *
conn_authenticator(const struct conn *c)
{
	return buf_str(&c->authenticator);
}

const char *
conn_protocol(const struct conn *c)
{
	return c->protocol;
}

const char *
conn_hostport(const struct conn *c)
{
	return buf_str(&c->origin) + strlen(c->protocol) + 3;
}

const char *
conn_origin(const struct conn *c)
{
	return buf_str(&c->origin);
}

const char *
conn_get(const struct conn *c, const char *key)
{
	const struct conn_key *k = find_key(c, key);

	return k != NULL && k->value.len != 0 ? buf_str(&k->value) : NULL;
}

bool
conn_is_override(const struct conn *c, const char *key)
{
	const struct conn_key *k = find_key(c, key);

	return k != NULL && k->is_override;
}

bool
conn_flag(const struct conn *c, const char *key, bool fallback)
{
	const char *s = conn_get(c, key);

	if (s == NULL)
		return fallback;
	if (strcasecmp(s, "true") == 0 || strcmp(s, "1") == 0)
		return true;
	if (strcasecmp(s, "false") == 0 || strcmp(s, "0") == 0)
		return false;
	return fallback;
}

const char *
conn_token_origin(const struct conn *c)
{
	return c->token_origin.len != 0 ? buf_str(&c->token_origin) : NULL;
}

const char *
conn_client_id(const struct conn *c)
{
	const char *id = conn_get(c, "oauth_client_id");

	return id != NULL ? id : "LOCAL_APPLICATION";
}

const struct strv *
conn_warnings(const struct conn *c)
{
	return &c->warnings;
}
