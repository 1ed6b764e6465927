/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The secrets of connections (prints.h). */
#include "coco.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "connfile.h"
#include "helper.h"
#include "jwt-key.h"
#include "key.h"
#include "prints.h"

#define MAX_NAME       (2 * HUNT_MAX_NAME)
#define PASSPHRASE     "passphrase of the private key"
#define PASSPHRASE_ENV "PRIVATE_KEY_PASSPHRASE"

/* Keys of a section that are secrets themselves. */
static const struct {
	const char *key;
	const char *what;
} secrets[] = {
	{ "password", "password" },
	{ "token", "token" },
	{ "oauth_client_secret", "OAuth client secret" },
};

struct section {
	struct prints *prints;
	const struct conn *conn;
};

/* "WHAT of connection NAME" */
static void
name_secret(struct buf *b, const char *what, const struct conn *c)
{
	buf_clear(b);
	(void)buf_addf(b, "%s of connection %s", what, conn_name(c));
}

static void
add_text(const struct section *s, const char *what, const char *secret)
{
	struct buf name = BUF_INIT(MAX_NAME);

	name_secret(&name, what, s->conn);
	if (secret != NULL && secret[0] != '\0')
		prints_add(s->prints, buf_str(&name), secret, strlen(secret));
	buf_wipe(&name);
}

/* The file of a token.  One of authenticator OAUTH is kept fresh by somebody,
 * and short-lived. */
static void
add_token_file(const struct section *s)
{
	const char *written = conn_get(s->conn, "token_file_path");
	struct buf name = BUF_INIT(MAX_NAME);

	if (written == NULL ||
	    strcmp(conn_authenticator(s->conn), "OAUTH") == 0)
		return;
	name_secret(&name, "token file", s->conn);
	prints_add_file(s->prints, buf_str(&name), written);
	buf_wipe(&name);
}

/* Add a key as it is, and if it is encrypted and the passphrase is there what
 * it is encrypted of.  Returns as hunt_add_key(), which see. */
static int
add_key_text(struct hunt_set *set, const char *name,
    const struct jwt_key_text *t, struct buf *why)
{
	struct keytext plain = KEYTEXT_INIT;
	struct keytext kt = KEYTEXT_INIT;
	const char *text = buf_str(t->text);
	int r;

	r = keytext_parse(text, t->text->len, &kt, why);
	if (r == 0)
		r = hunt_add_key(set, name, &kt, why);
	if (r == 0 && kt.form != KEYTEXT_PLAIN && t->passphrase != NULL) {
		r = key_open(text, t->text->len, t->passphrase, why,
		    &plain.der);
		if (r == 0)
			r = hunt_add_key(set, name, &plain, why);
	}
	keytext_wipe(&kt);
	keytext_wipe(&plain);
	return r;
}

static void
add_key(void *ctx, const struct jwt_key_text *t)
{
	const struct section *s = ctx;
	struct buf name = BUF_INIT(MAX_NAME);
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	int r = 0;

	name_secret(&name, "private key", s->conn);
	if (t->result == RESULT_SUCCESS) {
		r = add_key_text(&s->prints->set, buf_str(&name), t, &why);
		if (r == -EIO)
			s->prints->error = r;
	}
	if (r == -EMSGSIZE && why.len == 0)
		(void)buf_adds(&why, "there are too many secrets");
	if (r != 0)
		prints_miss_for(s->prints, buf_str(&name), buf_str(&why),
		    "it cannot be read");
	else if (t->result != RESULT_SUCCESS && t->result != RESULT_NOT_FOUND)
		prints_miss_for(s->prints, buf_str(&name), t->why,
		    "it cannot be read");
	buf_wipe(&name);
	buf_wipe(&why);
}

static void
add_connection(struct prints *p, const char *connection)
{
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	struct buf name = BUF_INIT(MAX_NAME);
	struct conn *c = NULL;
	struct section s = { p, NULL };
	size_t i;

	if (conn_load(connection, &why, &c) != 0) {
		(void)buf_addf(&name, "secrets of connection %s", connection);
		prints_miss_for(p, buf_str(&name), buf_str(&why),
		    "it cannot be read");
	} else {
		s.conn = c;
		for (i = 0; i < ARRAY_LEN(secrets); i++)
			add_text(&s, secrets[i].what,
			    conn_get(c, secrets[i].key));
		add_text(&s, "programmatic access token in the environment",
		    helper_pat_variable(c, &name));
		for (i = 0; jwt_key_passphrases[i] != NULL; i++)
			add_text(&s, PASSPHRASE,
			    conn_get(c, jwt_key_passphrases[i]));
		add_token_file(&s);
		jwt_key_each(c, add_key, &s);
	}
	conn_free(c);
	buf_wipe(&why);
	buf_wipe(&name);
}

/* The file of the two that there is; both with the reason in WHY if not. */
static int
open_file(const struct buf *dir, bool is_config, struct connfile *f,
    struct buf *why)
{
	struct strv warnings = STRV_INIT;
	int r;

	r = connfile_open(buf_str(dir), is_config, &warnings, why, f);
	strv_clear(&warnings);
	return r == -ENOENT ? 0 : r;
}

static void
add_file(struct prints *p, const struct connfile *f)
{
	struct strv names = STRV_INIT;
	size_t i;

	connfile_names(f, &names);
	for (i = 0; i < names.len; i++)
		add_connection(p, names.v[i]);
	strv_clear(&names);
}

/* What connections.toml hides is no connection, but may have secrets. */
static void
miss_hidden(struct prints *p, const struct connfile *f)
{
	struct strv names = STRV_INIT;

	connfile_names(f, &names);
	if (names.len != 0)
		prints_miss(p, "connections of config.toml",
		    "connections.toml hides them");
	strv_clear(&names);
}

void
prints_add_connections(struct prints *p)
{
	const char *passphrase = getenv(PASSPHRASE_ENV);
	struct connfile connections = CONNFILE_INIT;
	struct connfile config = CONNFILE_INIT;
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	struct buf dir = BUF_INIT(PATH_MAX);
	struct strv looked = STRV_INIT;
	int r;

	connfile_dir(&dir, &looked);
	r = open_file(&dir, false, &connections, &why);
	if (r == 0)
		r = open_file(&dir, true, &config, &why);
	if (r != 0)
		prints_miss_for(p, "secrets of connections", buf_str(&why),
		    strerror(-r));
	if (connections.path != NULL)
		add_file(p, &connections);
	else if (config.path != NULL)
		add_file(p, &config);
	if (connections.path != NULL && config.path != NULL)
		miss_hidden(p, &config);
	if (passphrase != NULL && passphrase[0] != '\0')
		prints_add(p, PASSPHRASE " in the environment", passphrase,
		    strlen(passphrase));
	connfile_clear(&connections);
	connfile_clear(&config);
	strv_clear(&looked);
	buf_wipe(&why);
	buf_wipe(&dir);
}
