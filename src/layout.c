/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "jsonout.h"
#include "layout.h"
#include "mem.h"
#include "plan.h"

#define MAX_KEY_PATH 4

/* Snowflake's clients take no other mode without a complaint (snowflake.md
 * 5.4). */
#define MERGED_MODE 0600

#define WORD                                                   \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789_-"

/* What says where and as whom; another value would be another connection. */
static const char *const identity_keys[] = { "account", "user" };
static const char *const place_keys[] = { "protocol", "region" };
static const char *const session_keys[] = { "warehouse", "database", "schema" };

/*
 * Keys that change how a client logs in, or that some clients look at before
 * ours: "token" beats "token_file_path" in Node and is an error in Go, a
 * private key forces SNOWFLAKE_JWT in Python (snowflake.md 2, 5.5).
 */
static const char *const forbidden[] = { "token", "token_file_path", "password",
	"passcode", "private_key", "private_key_file", "private_key_path",
	"private_key_raw", "private_key_passphrase", "private_key_file_pwd",
	"session_token", "master_token", "oauth_client_id",
	"oauth_client_secret", "oauth_token_request_url",
	"oauth_authorization_url", "workload_identity_provider", NULL };

/* --- placeholders --------------------------------------------------------- */

/* The value of {NAME}, NULL when it does not apply.  Returns whether there is
 * such a placeholder. */
static bool
find_value(const struct layout *l, const char *name, size_t len,
    const char **ret)
{
	const struct {
		const char *name;
		const char *value;
	} values[] = { { "connection", conn_name(l->conn) },
		{ "account", conn_account(l->conn) },
		{ "user", conn_user(l->conn) },
		{ "host", conn_hostport(l->conn) }, { "role", l->role },
		{ "warehouse", conn_get(l->conn, "warehouse") },
		{ "database", conn_get(l->conn, "database") },
		{ "schema", conn_get(l->conn, "schema") }, { "id", l->id },
		{ "home", l->home }, { "tokend", l->tokend },
		{ "token_file", l->token_file }, { "endpoint", l->endpoint },
		{ "capability_file", l->capability_file },
		{ "proxy_host", l->proxy_host },
		{ "proxy_port", l->proxy_port } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		if (strlen(values[i].name) == len &&
		    memcmp(values[i].name, name, len) == 0) {
			*ret = values[i].value;
			return true;
		}
	}
	return false;
}

/* Append TEXT with its placeholders filled in; "{{" stands for "{".  Returns
 * -ENOENT when one of them does not apply. */
static int
fill(const struct layout *l, const char *text, struct buf *b, struct buf *why)
{
	const char *value;
	size_t len;
	int r = 0;

	while (*text != '\0' && r == 0) {
		if (text[0] != '{' || text[1] == '{') {
			r = buf_addc(b, *text);
			text += text[0] == '{' ? 2 : 1;
			continue;
		}
		text++;
		len = strcspn(text, "}");
		if (text[len] == '\0' || !find_value(l, text, len, &value)) {
			(void)buf_addf(why,
			    "a provider has no placeholder \"{%.*s\"",
			    (int)(text[len] != '\0' ? len + 1 : len), text);
			return -EINVAL;
		}
		r = value == NULL ? -ENOENT : buf_adds(b, value);
		text += len + 1;
	}
	return r;
}

/* Add an item, or find the one that is there.  -EINVAL when that is something
 * else. */
static int
add_item(struct desired *d, enum desired_kind kind, const char *path,
    mode_t mode, struct desired_item **ret_item, struct buf *why)
{
	*ret_item = desired_add(d, kind, path, mode);
	if ((*ret_item)->kind == kind)
		return 0;
	(void)buf_addf(why, "%s is wanted as two different things", path);
	return -EINVAL;
}

/* --- Snowflake's files ---------------------------------------------------- */

int
layout_home(const struct layout *l, struct buf *b)
{
	if (l->snowflake_home[0] != '\0')
		return buf_adds(b, l->snowflake_home);
	return buf_addf(b, "%s/.snowflake", l->home);
}

/* Set KEY of the connection's section in ITEM. */
static int
set_key(const struct layout *l, struct desired_item *item, const char *key,
    const char *value, enum desired_rule rule)
{
	const char *const top[] = { conn_name(l->conn), key, NULL };
	const char *const below[] = { "connections", conn_name(l->conn), key,
		NULL };

	return desired_set_string(item, l->use_config ? below : top, value,
	    rule);
}

/* The host alone, and its port as a string: the Go driver takes no number. */
static int
set_host(const struct layout *l, struct desired_item *item)
{
	const char *hostport = conn_hostport(l->conn);
	const char *colon = strrchr(hostport, ':');
	struct buf host = BUF_INIT(LAYOUT_MAX_VALUE);
	int r;

	if (colon != NULL && strchr(colon, ']') != NULL)
		colon = NULL;
	r = buf_add(&host, hostport,
	    colon != NULL ? (size_t)(colon - hostport) : strlen(hostport));
	if (r == 0)
		r = set_key(l, item, "host", buf_str(&host), DESIRED_MUST);
	if (r == 0 && colon != NULL)
		r = set_key(l, item, "port", colon + 1, DESIRED_MUST);
	buf_wipe(&host);
	return r;
}

/* Node takes a token endpoint by http with the truth value only, and the Go
 * driver takes no section that has it: for Go a token is in a file
 * (providers/go.toml). */
static int
allow_http(const struct layout *l, struct desired_item *item)
{
	static const char key[] = "oauth_http_allowed";
	const char *const top[] = { conn_name(l->conn), key, NULL };
	const char *const below[] = { "connections", conn_name(l->conn), key,
		NULL };

	return desired_set_raw(item, l->use_config ? below : top, "true",
	    DESIRED_MUST);
}

static int
set_login(const struct layout *l, struct desired_item *item,
    const char *key_file)
{
	const struct {
		enum layout_way way;
		const char *key;
		const char *value;
	} keys[] = { { LAYOUT_TOKEN_FILE, "authenticator", "OAUTH" },
		{ LAYOUT_TOKEN_FILE, "token_file_path", l->token_file },
		{ LAYOUT_ENDPOINT, "authenticator",
		    "OAUTH_CLIENT_CREDENTIALS" },
		{ LAYOUT_ENDPOINT, "oauth_client_id", conn_name(l->conn) },
		{ LAYOUT_ENDPOINT, "oauth_client_secret", l->capability },
		{ LAYOUT_ENDPOINT, "oauth_token_request_url", l->endpoint },
		{ LAYOUT_KEY, "authenticator", "SNOWFLAKE_JWT" },
		{ LAYOUT_KEY, "private_key_file", key_file },
		{ LAYOUT_PAT, "authenticator", "PROGRAMMATIC_ACCESS_TOKEN" },
		{ LAYOUT_PAT, "token",
		    l->pat != NULL ? buf_str(l->pat) : NULL } };
	size_t i;
	int r = 0;

	for (i = 0; i < ARRAY_LEN(keys) && r == 0; i++)
		if (keys[i].way == l->way)
			r = set_key(l, item, keys[i].key, keys[i].value,
			    DESIRED_MUST);
	return r == 0 && l->way == LAYOUT_ENDPOINT ? allow_http(l, item) : r;
}

/* Set PATH to the text of PAIR, unless it is set: what comes first counts, and
 * no provider replaces what a login needs.  Left out when it does not apply. */
static int
set_pair(const struct layout *l, struct desired_item *item,
    const char *const *path, const struct provider_pair *pair, struct buf *why)
{
	struct buf b = BUF_INIT(LAYOUT_MAX_VALUE);
	int r;

	if (desired_has(item, path))
		return 0;
	r = fill(l, pair->value, &b, why);
	if (r == 0)
		r = pair->raw ?
		    desired_set_raw(item, path, buf_str(&b), DESIRED_MAY) :
		    desired_set_string(item, path, buf_str(&b), DESIRED_MAY);
	buf_wipe(&b);
	return r == -ENOENT ? 0 : r;
}

/* Whether KEY would be a second way to log in beside ours. */
static bool
is_forbidden(const char *key)
{
	size_t i;

	for (i = 0; forbidden[i] != NULL; i++)
		if (strcmp(forbidden[i], key) == 0)
			return true;
	return false;
}

/* What a provider wants beside that. */
static int
set_further(const struct layout *l, struct desired_item *item,
    const struct provider *p, struct buf *why)
{
	const char *const top[] = { conn_name(l->conn), NULL, NULL };
	const char *const below[] = { "connections", conn_name(l->conn), NULL,
		NULL };
	const char *path[MAX_KEY_PATH];
	size_t i;
	int r = 0;

	for (i = 0; i < p->connection_count && r == 0; i++) {
		if (is_forbidden(p->connection[i].name)) {
			(void)buf_addf(why,
			    "provider %s: \"%s\" says how to log in, "
			    "which is not a provider's to say",
			    p->name, p->connection[i].name);
			return -EINVAL;
		}
		memcpy(path, l->use_config ? below : top,
		    l->use_config ? sizeof(below) : sizeof(top));
		path[l->use_config ? 2 : 1] = p->connection[i].name;
		r = set_pair(l, item, path, &p->connection[i], why);
	}
	return r;
}

static int
set_section(const struct layout *l, struct desired_item *item,
    const char *key_file)
{
	size_t i;
	int r = 0;

	for (i = 0; i < ARRAY_LEN(identity_keys) && r == 0; i++)
		r = set_key(l, item, identity_keys[i],
		    conn_get(l->conn, identity_keys[i]), DESIRED_MUST);
	if (r == 0)
		r = set_host(l, item);
	for (i = 0; i < ARRAY_LEN(place_keys) && r == 0; i++)
		r = set_key(l, item, place_keys[i],
		    conn_get(l->conn, place_keys[i]), DESIRED_MUST);
	if (r == 0)
		r = set_key(l, item, "role", l->role, DESIRED_MAY);
	for (i = 0; i < ARRAY_LEN(session_keys) && r == 0; i++)
		r = set_key(l, item, session_keys[i],
		    conn_get(l->conn, session_keys[i]), DESIRED_MAY);
	return r != 0 ? r : set_login(l, item, key_file);
}

/* Append the connection's name as it can be in a file's. */
static int
add_word(const struct layout *l, struct buf *b)
{
	const char *s;
	int r = 0;

	for (s = conn_name(l->conn); *s != '\0' && r == 0; s++)
		r = buf_addc(b, strchr(WORD, *s) != NULL ? *s : '_');
	return r;
}

int
layout_file(const struct layout *l, const char *suffix, struct buf *b)
{
	int r;

	r = layout_home(l, b);
	if (r == 0)
		r = buf_adds(b, "/coco-");
	if (r == 0)
		r = add_word(l, b);
	return r != 0 ? r : buf_addf(b, ".%s", suffix);
}

/* The name of a private key's file, as inspect-coco has it (snowflake.md
 * 8.2). */
static int
name_key(const struct layout *l, const char *dir, struct buf *b)
{
	char hash[TRACE_HASH_LEN + 1];
	int r;

	r = trace_hash(buf_str(l->key), l->key->len, hash);
	if (r == 0)
		r = buf_addf(b, "%s/private_key_", dir);
	if (r == 0)
		r = add_word(l, b);
	return r != 0 ? r : buf_addf(b, "_%.8s.p8", hash);
}

static int
add_key_file(const struct layout *l, struct desired *d, const char *path)
{
	struct desired_item *item = desired_add(d, DESIRED_FILE, path, 0600);

	item->is_secret = true;
	return buf_add(&item->content, buf_str(l->key), l->key->len);
}

/* Python and snow read the name of the default connection in config.toml
 * only (snowflake.md 5.2). */
static int
add_default_name(const struct layout *l, struct desired *d, const char *dir,
    struct buf *why)
{
	static const char *const path[] = { "default_connection_name", NULL };
	struct buf file = BUF_INIT(PLACE_MAX_PATH);
	struct desired_item *item;
	int r;

	r = buf_addf(&file, "%s/config.toml", dir);
	if (r == 0)
		r = add_item(d, DESIRED_TOML, buf_str(&file), MERGED_MODE,
		    &item, why);
	if (r == 0)
		r = desired_set_string(item, path, conn_name(l->conn),
		    DESIRED_MAY);
	buf_wipe(&file);
	return r;
}

static int
add_connections(const struct layout *l, struct desired *d, const char *dir,
    struct buf *why)
{
	struct buf file = BUF_INIT(PLACE_MAX_PATH);
	struct buf key_file = BUF_INIT(PLACE_MAX_PATH);
	struct desired_item *item = NULL;
	size_t i;
	int r;

	r = buf_addf(&file, "%s/%s", dir,
	    l->use_config ? "config.toml" : "connections.toml");
	if (r == 0 && l->way == LAYOUT_KEY)
		r = name_key(l, dir, &key_file);
	if (r == 0 && l->way == LAYOUT_KEY)
		r = add_key_file(l, d, buf_str(&key_file));
	if (r == 0)
		r = add_item(d, DESIRED_TOML, buf_str(&file), MERGED_MODE,
		    &item, why);
	if (r == 0) {
		item->forbidden = forbidden;
		if (l->use_config)
			strv_add(&item->section, "connections");
		strv_add(&item->section, conn_name(l->conn));
		r = set_section(l, item, buf_str(&key_file));
	}
	for (i = 0; i < l->provider_count && r == 0; i++)
		r = set_further(l, item, &l->providers[i], why);
	if (r == 0)
		r = add_default_name(l, d, dir, why);
	buf_wipe(&file);
	buf_wipe(&key_file);
	return r;
}

/* --- what a provider's files are ------------------------------------------ */

/* The directories of the relative path NAME in DIR, and the path itself. */
static int
add_parents(struct desired *d, const char *dir, const char *name,
    struct buf *path, struct buf *why)
{
	struct desired_item *item;
	size_t len;
	int r;

	r = buf_adds(path, dir);
	while (r == 0) {
		len = strcspn(name, "/");
		r = buf_addc(path, '/');
		if (r == 0)
			r = buf_add(path, name, len);
		if (r != 0 || name[len] == '\0')
			break;
		r = add_item(d, DESIRED_DIRECTORY, buf_str(path), 0700, &item,
		    why);
		name += len + 1;
	}
	return r;
}

/* A path below ".snowflake" is below the directory that is meant by it. */
static int
add_path(const struct layout *l, struct desired *d, const char *name,
    struct buf *path, struct buf *why)
{
	static const char snowflake[] = ".snowflake/";
	struct buf dir = BUF_INIT(PLACE_MAX_PATH);
	int r;

	if (strncmp(name, snowflake, sizeof(snowflake) - 1) == 0) {
		name += sizeof(snowflake) - 1;
		r = layout_home(l, &dir);
	} else {
		r = buf_adds(&dir, l->home);
	}
	if (r == 0)
		r = add_parents(d, buf_str(&dir), name, path, why);
	buf_wipe(&dir);
	return r;
}

static int
set_members(const struct layout *l, struct desired_item *item,
    const struct provider_file *f, struct buf *why)
{
	const char *path[2] = { NULL, NULL };
	size_t i;
	int r = 0;

	for (i = 0; i < f->count && r == 0; i++) {
		path[0] = f->set[i].name;
		r = set_pair(l, item, path, &f->set[i], why);
	}
	return r;
}

static int
add_file(const struct layout *l, struct desired *d,
    const struct provider_file *f, struct buf *why)
{
	static const enum desired_kind kinds[] = {
		[PROVIDER_JSON] = DESIRED_JSON,
		[PROVIDER_TOML] = DESIRED_TOML,
		[PROVIDER_TEXT] = DESIRED_FILE,
	};
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	struct buf content = BUF_INIT(PLACE_MAX_CONTENT);
	struct desired_item *item = NULL;
	int r = 0;

	if (f->format == PROVIDER_TEXT)
		r = fill(l, f->content, &content, why);
	if (r == 0)
		r = add_path(l, d, f->path, &path, why);
	if (r == 0)
		r = add_item(d, kinds[f->format], buf_str(&path), f->mode,
		    &item, why);
	if (r == 0 && f->format != PROVIDER_TEXT)
		r = set_members(l, item, f, why);
	else if (r == 0 && item->content.len == 0)
		buf_move(&item->content, &content);
	if (r == -ENOENT) {
		(void)buf_addf(why,
		    "%s: one of its placeholders has no value here", f->path);
		r = -EINVAL;
	}
	buf_wipe(&path);
	buf_wipe(&content);
	return r;
}

static int
add_files(const struct layout *l, struct desired *d, struct buf *why)
{
	const struct provider *p;
	size_t i;
	size_t k;
	int r = 0;

	for (i = 0; i < l->provider_count; i++) {
		p = &l->providers[i];
		for (k = 0; k < p->file_count && r == 0; k++)
			r = add_file(l, d, &p->files[k], why);
	}
	return r;
}

/* --- the environment ------------------------------------------------------ */

static void
add_variable(struct strv *environment, const char *name, const char *value)
{
	size_t len = strlen(name);
	size_t i;

	/* the first provider that has it counts */
	for (i = 0; i < environment->len; i++)
		if (strncmp(environment->v[i], name, len) == 0 &&
		    environment->v[i][len] == '=')
			return;
	if (value != NULL)
		strv_addf(environment, "%s=%s", name, value);
}

static int
add_variables(const struct layout *l, const struct provider *p,
    struct strv *environment, struct buf *why)
{
	struct buf b = BUF_INIT(LAYOUT_MAX_VALUE);
	size_t i;
	int r = 0;

	for (i = 0; i < p->environment_count && r == 0; i++) {
		buf_clear(&b);
		r = fill(l, p->environment[i].value, &b, why);
		if (r == 0)
			add_variable(environment, p->environment[i].name,
			    buf_str(&b));
		if (r == -ENOENT)
			r = 0;
	}
	buf_wipe(&b);
	return r;
}

static int
make_environment(const struct layout *l, struct strv *environment,
    struct buf *why)
{
	size_t i;
	int r = 0;

	for (i = 0; i < l->provider_count && r == 0; i++)
		r = add_variables(l, &l->providers[i], environment, why);
	if (l->snowflake_home[0] != '\0')
		add_variable(environment, "SNOWFLAKE_HOME", l->snowflake_home);
	if (l->tokend != NULL) {
		add_variable(environment, "COCO_TOKEND", l->tokend);
		add_variable(environment, "COCO_CAPABILITY_FILE",
		    l->capability_file);
		add_variable(environment, "COCO_CONNECTION",
		    conn_name(l->conn));
	}
	return r;
}

static int
print_sh(const char *variable, struct buf *b)
{
	const char *value = strchr(variable, '=') + 1;
	int r;

	r = buf_addf(b, "export %.*s=", (int)(value - variable - 1), variable);
	if (r == 0)
		r = esc_quoted(b, value);
	return r != 0 ? r : buf_addc(b, '\n');
}

static void
print_json(const char *variable, struct jsonout *j)
{
	const char *value = strchr(variable, '=') + 1;
	char *name = xstrndup(variable, (size_t)(value - variable - 1));

	jsonout_text(j, name, value);
	free(name);
}

int
layout_print(const struct strv *environment, enum layout_format format,
    struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);
	const char *variable;
	size_t i;
	int r = 0;

	if (format == LAYOUT_JSON)
		jsonout_put(&j, "{");
	for (i = 0; i < environment->len && r == 0; i++) {
		variable = environment->v[i];
		if (format == LAYOUT_SH)
			r = print_sh(variable, b);
		else if (format == LAYOUT_JSON)
			print_json(variable, &j);
		else if (strchr(variable, '\n') != NULL)
			r = -EINVAL;
		else
			r = buf_addf(b, "%s\n", variable);
	}
	if (format == LAYOUT_JSON)
		jsonout_put(&j, "}\n");
	return r != 0 ? r : j.error;
}

static int
add_environment_file(const struct layout *l, struct desired *d,
    const struct strv *environment)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	struct desired_item *item;
	int r;

	r = layout_file(l, "env", &path);
	if (r == 0) {
		item = desired_add(d, DESIRED_FILE, buf_str(&path), 0600);
		r = layout_print(environment, LAYOUT_SH, &item->content);
	}
	buf_wipe(&path);
	return r;
}

/* --- the rest ------------------------------------------------------------- */

static int
add_capability(const struct layout *l, struct desired *d)
{
	struct desired_item *item;

	if (l->capability_file == NULL)
		return 0;
	item = desired_add(d, DESIRED_FILE, l->capability_file, 0600);
	item->is_secret = true;
	return buf_addf(&item->content, "%s\n", l->capability);
}

/* The client of the target's architecture.  A target that has one is left with
 * that. */
static int
add_client(const struct layout *l, struct desired *d)
{
	struct desired_item *item;
	size_t i;

	if (l->client == NULL)
		return 0;
	for (i = 0; l->parents != NULL && i < l->parents->len; i++) {
		item = desired_add(d, DESIRED_DIRECTORY, l->parents->v[i],
		    0755);
		item->uid = l->root_uid;
		item->gid = l->root_gid;
	}
	item = desired_add(d, DESIRED_FILE, l->client, 0755);
	item->keep_others = true;
	item->uid = l->root_uid;
	item->gid = l->root_gid;
	return buf_add(&item->content, buf_str(l->client_content),
	    l->client_content->len);
}

int
layout_make(const struct layout *l, struct desired *ret_desired,
    struct strv *ret_environment, struct buf *why)
{
	struct buf dir = BUF_INIT(PLACE_MAX_PATH);
	int r;

	ret_desired->uid = l->uid;
	ret_desired->gid = l->gid;
	desired_add(ret_desired, DESIRED_DIRECTORY, l->home, 0700)
	    ->must_exist = true;
	r = layout_home(l, &dir);
	if (r == 0) {
		(void)desired_add(ret_desired, DESIRED_DIRECTORY, buf_str(&dir),
		    0700);
		r = make_environment(l, ret_environment, why);
	}
	/* the largest first: when there is no room, nothing of a user's own
	 * has been touched yet */
	if (r == 0)
		r = add_client(l, ret_desired);
	if (r == 0)
		r = add_capability(l, ret_desired);
	if (r == 0)
		r = add_environment_file(l, ret_desired, ret_environment);
	if (r == 0)
		r = add_files(l, ret_desired, why);
	if (r == 0)
		r = add_connections(l, ret_desired, buf_str(&dir), why);
	if (r != 0 && why->len == 0)
		(void)buf_adds(why,
		    r == -EINVAL ?
			"a name or value of the connection is not UTF-8" :
			"it is too much for one target");
	buf_wipe(&dir);
	return r;
}
