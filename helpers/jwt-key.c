/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "io.h"
#include "jwt-key.h"
#include "path.h"

#define MAX_PATH   4096
#define PASSPHRASE "PRIVATE_KEY_PASSPHRASE"

/* A key of the section, and a variable that counts when the section has none
 * of them, as in snow (snowflake.md 2, 5.3). */
struct source {
	const char *option;
	const char *variable; /* or NULL */
	bool is_path;
};

static const struct source sources[] = {
	{ "private_key_file", "SNOWFLAKE_PRIVATE_KEY_FILE", true },
	{ "private_key_path", "SNOWFLAKE_PRIVATE_KEY_PATH", true },
	{ "private_key_raw", "SNOWFLAKE_PRIVATE_KEY_RAW", false },
	{ "private_key", NULL, false },
	{ "privatekey", NULL, false },
	{ "private_key_base64", NULL, false },
};

const char *const jwt_key_passphrases[] = { "private_key_passphrase",
	"private_key_file_pwd", "private_key_pass", "private_key_pwd", NULL };

/* A key while it is looked for. */
struct candidate {
	struct buf name; /* "OPTION FILE", escaped */
	struct buf text;
	struct key *key;
};

#define CANDIDATE_INIT                                                  \
	{                                                               \
		BUF_INIT(JWT_KEY_MAX_TEXT), BUF_INIT(KEYTEXT_MAX), NULL \
	}

static void
candidate_wipe(struct candidate *c)
{
	buf_wipe(&c->name);
	buf_wipe(&c->text);
	key_free(c->key);
	c->key = NULL;
}

static enum result
say(struct jwt_key *jk, enum result result, const struct candidate *cand,
    const char *what)
{
	(void)buf_add_line(&jk->detail, "%s %s", buf_str(&cand->name), what);
	return result;
}

/* Who can replace a key decides as whom we sign. */
static enum result
read_file(struct jwt_key *jk, struct candidate *cand, const char *path)
{
	const char *note;
	int r = io_read_secret(path, false, &cand->text, &note);

	if (note != NULL)
		return say(jk, result_of_errno(r), cand, note);
	switch (r) {
	case 0:
		return RESULT_SUCCESS;
	case -ENOENT:
		return say(jk, RESULT_NOT_FOUND, cand, "is not there");
	case -ENOTDIR:
		return say(jk, RESULT_NOT_FOUND, cand, strerror(-r));
	case -EMSGSIZE:
		return say(jk, RESULT_ERROR, cand, "is too long for a key");
	default:
		return say(jk, RESULT_DENIED, cand, strerror(-r));
	}
}

/* Whether the section has a key, so that the variables do not count. */
static bool
has_key(const struct conn *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(sources); i++)
		if (conn_get(c, sources[i].option) != NULL)
			return true;
	return false;
}

/* What S says, of the section or, where that HAS no key, of the environment;
 * NULL when it says nothing. */
static const char *
value_of(const struct conn *c, const struct source *s, bool has)
{
	const char *value;

	if (has)
		return conn_get(c, s->option);
	value = s->variable != NULL ? getenv(s->variable) : NULL;
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* "OPTION of the environment" or "OPTION in FILE". */
static void
name_text(const struct conn *c, const struct source *s, bool has,
    struct buf *name)
{
	if (!has || conn_is_override(c, s->option)) {
		(void)buf_adds(name, "of the environment");
		return;
	}
	(void)buf_adds(name, "in ");
	(void)esc_visible(name, conn_file(c), strlen(conn_file(c)));
}

/* The text of the key that S gives. */
static enum result
read_source(const struct conn *c, struct jwt_key *jk, struct candidate *cand,
    const struct source *s, bool has)
{
	const char *value = value_of(c, s, has);
	struct buf path = BUF_INIT(MAX_PATH);
	enum result result = RESULT_SUCCESS;

	if (value == NULL)
		return RESULT_NOT_FOUND;
	(void)buf_addf(&cand->name, "%s ", has ? s->option : s->variable);
	if (!s->is_path) {
		name_text(c, s, has, &cand->name);
		if (buf_adds(&cand->text, value) != 0)
			result = say(jk, RESULT_ERROR, cand,
			    "is too long for a key");
	} else if (path_expand(&path, value) != 0) {
		(void)esc_visible(&cand->name, value, strlen(value));
		result = say(jk, RESULT_ERROR, cand, "is no usable path");
	} else {
		(void)esc_visible(&cand->name, buf_str(&path), path.len);
		result = read_file(jk, cand, buf_str(&path));
	}
	buf_wipe(&path);
	return result;
}

/*
 * The passphrase, and what it comes from.  The variable wins, as in snow.
 * Returns false when two keys of the section disagree.
 */
static bool
find_passphrase(const struct conn *c, struct jwt_key *jk,
    const char **ret_passphrase, const char **ret_source)
{
	const char *value;
	size_t i;

	*ret_source = PASSPHRASE;
	*ret_passphrase = getenv(PASSPHRASE);
	if (*ret_passphrase != NULL && (*ret_passphrase)[0] != '\0')
		return true;
	*ret_passphrase = NULL;
	for (i = 0; jwt_key_passphrases[i] != NULL; i++) {
		value = conn_get(c, jwt_key_passphrases[i]);
		if (value == NULL)
			continue;
		if (*ret_passphrase != NULL &&
		    strcmp(*ret_passphrase, value) != 0) {
			(void)buf_add_line(&jk->detail,
			    "%s and %s are two passphrases; leave one",
			    *ret_source, jwt_key_passphrases[i]);
			return false;
		}
		*ret_passphrase = value;
		*ret_source = jwt_key_passphrases[i];
	}
	return true;
}

static enum result
load(const struct conn *c, struct jwt_key *jk, struct candidate *cand)
{
	struct buf why = BUF_INIT(KEYTEXT_MAX_WHY);
	const char *passphrase;
	const char *source;
	int r;

	if (!find_passphrase(c, jk, &passphrase, &source))
		return RESULT_ERROR;
	r = key_load(buf_str(&cand->text), cand->text.len, passphrase, &why,
	    &cand->key);
	if (r != 0)
		(void)say(jk, RESULT_ERROR, cand, buf_str(&why));
	if (r == -ENOKEY)
		(void)buf_adds(&jk->detail,
		    "\nhint: set " PASSPHRASE
		    ", or private_key_passphrase in the connection");
	if (r == -EKEYREJECTED)
		(void)buf_addf(&jk->detail,
		    "\nhint: the passphrase came from %s; openssl knows "
		    "whether it is right, and converts the key: %s",
		    source, KEYTEXT_CONVERT);
	buf_wipe(&why);
	if (r == -ENOKEY || r == -EKEYREJECTED)
		return RESULT_DENIED;
	return r == 0 ? RESULT_SUCCESS : RESULT_ERROR;
}

/* Take the key, or see that it is the one that was taken before. */
static enum result
take(struct jwt_key *jk, struct candidate *cand)
{
	if (jk->key == NULL) {
		jk->key = cand->key;
		cand->key = NULL;
		buf_move(&jk->where, &cand->name);
		return RESULT_SUCCESS;
	}
	if (strcmp(key_fingerprint(jk->key), key_fingerprint(cand->key)) == 0)
		return RESULT_SUCCESS;
	(void)buf_add_line(&jk->detail,
	    "%s and %s are different keys\nhint: leave one of them",
	    buf_str(&jk->where), buf_str(&cand->name));
	return RESULT_ERROR;
}

/* Whether a source before the one at I says the same: some clients read only
 * the one name, and some only the other. */
static bool
is_repeated(const struct conn *c, size_t i, bool has)
{
	const char *value = value_of(c, &sources[i], has);
	const char *earlier;
	size_t k;

	for (k = 0; k < i; k++) {
		earlier = value_of(c, &sources[k], has);
		if (sources[k].is_path == sources[i].is_path &&
		    earlier != NULL && value != NULL &&
		    strcmp(earlier, value) == 0)
			return true;
	}
	return false;
}

enum result
jwt_key_find(const struct conn *c, struct jwt_key *ret_jk)
{
	struct candidate cand = CANDIDATE_INIT;
	enum result result = RESULT_SUCCESS;
	bool has = has_key(c);
	size_t i;

	for (i = 0; i < ARRAY_LEN(sources) && result == RESULT_SUCCESS; i++) {
		if (value_of(c, &sources[i], has) == NULL ||
		    is_repeated(c, i, has))
			continue;
		result = read_source(c, ret_jk, &cand, &sources[i], has);
		if (result == RESULT_SUCCESS)
			result = load(c, ret_jk, &cand);
		if (result == RESULT_SUCCESS)
			result = take(ret_jk, &cand);
		else if (ret_jk->where.len == 0)
			buf_move(&ret_jk->where, &cand.name);
		candidate_wipe(&cand);
	}
	if (result == RESULT_SUCCESS && ret_jk->key == NULL)
		return RESULT_NOT_FOUND;
	return result;
}

void
jwt_key_each(const struct conn *c, jwt_key_fn fn, void *ctx)
{
	struct candidate cand = CANDIDATE_INIT;
	struct jwt_key jk = JWT_KEY_INIT;
	struct jwt_key_text t = { .text = &cand.text };
	const char *source;
	bool has = has_key(c);
	size_t i;

	if (!find_passphrase(c, &jk, &t.passphrase, &source))
		t.passphrase = NULL;
	for (i = 0; i < ARRAY_LEN(sources); i++) {
		if (value_of(c, &sources[i], has) == NULL ||
		    is_repeated(c, i, has))
			continue;
		buf_clear(&jk.detail);
		t.result = read_source(c, &jk, &cand, &sources[i], has);
		if (t.result != RESULT_SUCCESS)
			buf_wipe(&cand.text);
		t.name = buf_str(&cand.name);
		t.why = buf_str(&jk.detail);
		fn(ctx, &t);
		candidate_wipe(&cand);
	}
	jwt_key_wipe(&jk);
}

void
jwt_key_wipe(struct jwt_key *jk)
{
	key_free(jk->key);
	jk->key = NULL;
	buf_wipe(&jk->where);
	buf_wipe(&jk->detail);
}
