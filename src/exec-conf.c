/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ascii.h"
#include "authenticator.h"
#include "exec-conf.h"
#include "num.h"
#include "toml-write.h"

#define MAX_VARIABLE 1024

/* Token type, and the authenticator with which drivers take it. */
static const struct {
	const char *token_type;
	const char *authenticator;
	bool is_for_drivers;
} types[] = {
	{ "OAUTH", "OAUTH", true },
	{ "PROGRAMMATIC_ACCESS_TOKEN", "PROGRAMMATIC_ACCESS_TOKEN", true },
	/* they want the key itself, and then say so */
	{ "KEYPAIR_JWT", "SNOWFLAKE_JWT", false },
};

/* What selects a server and a user.  A variable SNOWFLAKE_<KEY> fills a key
 * that is missing, so it would send the token elsewhere. */
static const char *const target_keys[] = { "account", "user", "host", "port",
	"protocol", "region" };
static const char *const other_keys[] = { "warehouse", "database", "schema" };

/*
 * Variables with a secret, or that say which connection, server, user or role,
 * or how to log in; a last "*" stands for anything.
 *
 * PAT_<ACCOUNT> is inspect-coco's name for a token (snowflake.md 3).  With
 * _CLI_CONFIG_V2_ENABLED, snow lets the environment and files of the working
 * directory beat ours; inside SPCS drivers send the service's own token as
 * well, and take account and host from the environment (snowflake.md 5.1, 5.3,
 * 7).  A role that the token was not made for is refused.
 */
static const char *const removed[] = { "SNOWFLAKE_CONNECTIONS",
	"SNOWFLAKE_CONNECTIONS_*", "SNOWFLAKE_CONNECTION",
	"INSPECT_COCO_SNOWFLAKE_CONNECTION", "SNOWFLAKE_AUTHENTICATOR",
	"SNOWFLAKE_TOKEN", "SNOWFLAKE_TOKEN_FILE_PATH", "SNOWFLAKE_PASSWORD",
	"SNOWFLAKE_PASSCODE*", "SNOWFLAKE_PAT", "SNOWFLAKE_PRIVATE_KEY*",
	"PRIVATE_KEY_PASSPHRASE", "SNOWFLAKE_SESSION_TOKEN",
	"SNOWFLAKE_MASTER_TOKEN", "SNOWFLAKE_OAUTH_CLIENT_*",
	"SNOWFLAKE_OAUTH_TOKEN_REQUEST_URL",
	"SNOWFLAKE_OAUTH_AUTHORIZATION_URL", "SNOWFLAKE_OAUTH_TOKEN_HOST",
	"SNOWFLAKE_WORKLOAD_IDENTITY*", "SNOWFLAKE_ROLE",
	"SNOWFLAKE_CLI_CONFIG_V2_ENABLED", "SNOWFLAKE_RUNNING_INSIDE_SPCS",
	"PAT_*", "SNOWSQL_ACCOUNT*", "SNOWSQL_USER*", "SNOWSQL_ROLE*",
	"SNOWSQL_HOST", "SNOWSQL_PORT", "SNOWSQL_PROTOCOL", "SNOWSQL_REGION",
	"SNOWSQL_AUTHENTICATOR", "SNOWSQL_PWD", "SNOWSQL_PASSWORD",
	"SNOWSQL_PRIVATE_KEY_PASSPHRASE", "SNOWSQL_TOKEN" };

const char *
exec_conf_token_type(const struct conn *c)
{
	const struct authenticator
	    *a = authenticator_find(conn_authenticator(c));

	return a != NULL ? a->token_type : NULL;
}

bool
exec_conf_is_for_drivers(const char *token_type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].token_type, token_type) == 0)
			return types[i].is_for_drivers;
	return false;
}

/* Append KEY = "VALUE". */
static int
add_string(struct buf *b, const char *key, const char *value)
{
	int r;

	if (value == NULL)
		return 0;
	r = buf_addf(b, "%s = ", key);
	if (r == 0)
		r = toml_write_string(b, value);
	return r != 0 ? r : buf_addc(b, '\n');
}

static int
add_key(struct buf *b, const struct conn *c, const char *key)
{
	const char *value = conn_get(c, key);
	int64_t n;

	/* the one number among the keys, whichever way it was written */
	if (strcmp(key, "port") == 0 && value != NULL &&
	    num_parse(value, strlen(value), 0, INT32_MAX, &n) == 0)
		return buf_addf(b, "port = %d\n", (int)n);
	return add_string(b, key, value);
}

static int
add_section(struct buf *b, const char *name)
{
	int r;

	r = buf_addc(b, '[');
	if (r == 0)
		r = toml_write_key(b, name);
	return r != 0 ? r : buf_adds(b, "]\n");
}

static const char *
authenticator_of(const char *token_type)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].token_type, token_type) == 0)
			return types[i].authenticator;
	return NULL;
}

int
exec_conf_connections(const struct exec_conf *e, struct buf *b)
{
	size_t i;
	int r;

	r = add_section(b, conn_name(e->conn));
	for (i = 0; r == 0 && i < ARRAY_LEN(target_keys); i++)
		r = add_key(b, e->conn, target_keys[i]);
	if (r == 0)
		r = add_string(b, "role", e->role);
	for (i = 0; r == 0 && i < ARRAY_LEN(other_keys); i++)
		r = add_key(b, e->conn, other_keys[i]);
	if (r == 0)
		r = add_string(b, "authenticator",
		    authenticator_of(e->token_type));
	if (r == 0)
		r = add_string(b, "token_file_path", e->token);
	return r;
}

int
exec_conf_config(const struct exec_conf *e, struct buf *b)
{
	return add_string(b, "default_connection_name", conn_name(e->conn));
}

/* Whether VARIABLE, "NAME=VALUE", has the name PATTERN. */
static bool
matches(const char *variable, const char *pattern)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return strncmp(variable, pattern, len - 1) == 0;
	return strncmp(variable, pattern, len) == 0 && variable[len] == '=';
}

static bool
is_removed(const char *variable)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(removed); i++)
		if (matches(variable, removed[i]))
			return true;
	return false;
}

static int
remove_variable(const char *variable)
{
	struct buf name = BUF_INIT(MAX_VARIABLE);
	int r;

	r = buf_add(&name, variable, strcspn(variable, "="));
	if (r == 0 && unsetenv(buf_str(&name)) != 0)
		r = -errno;
	buf_wipe(&name);
	return r;
}

/* unsetenv() moves what follows to where the removed one was. */
static int
remove_variables(void)
{
	size_t i = 0;
	int r = 0;

	while (r == 0 && environ != NULL && environ[i] != NULL) {
		if (is_removed(environ[i]))
			r = remove_variable(environ[i]);
		else
			i++;
	}
	return r;
}

/* Remove the variable SNOWFLAKE_ and KEY in upper case. */
static int
remove_target(const char *key)
{
	struct buf variable = BUF_INIT(MAX_VARIABLE);
	int r;

	r = buf_adds(&variable, "SNOWFLAKE_");
	if (r == 0)
		r = ascii_add_upper(&variable, key);
	if (r == 0 && unsetenv(buf_str(&variable)) != 0)
		r = -errno;
	buf_wipe(&variable);
	return r;
}

static int
set(const char *name, const char *value)
{
	if (value == NULL)
		return unsetenv(name) == 0 ? 0 : -errno;
	return setenv(name, value, 1) == 0 ? 0 : -errno;
}

int
exec_conf_environ(const struct exec_conf *e)
{
	const struct {
		const char *name;
		const char *value;
	} given[] = {
		{ "SNOWFLAKE_HOME", e->home },
		{ "SNOWFLAKE_DEFAULT_CONNECTION_NAME", conn_name(e->conn) },
		{ "COCO_CONNECTION", conn_name(e->conn) },
		{ "COCO_TOKEN_FILE", e->token },
		{ "COCO_HEADER_FILE", e->header },
	};
	size_t i;
	int r;

	r = remove_variables();
	for (i = 0; r == 0 && i < ARRAY_LEN(target_keys); i++)
		if (conn_get(e->conn, target_keys[i]) == NULL)
			r = remove_target(target_keys[i]);
	for (i = 0; r == 0 && i < ARRAY_LEN(given); i++)
		r = set(given[i].name, given[i].value);
	return r;
}
