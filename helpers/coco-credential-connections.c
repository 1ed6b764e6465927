/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The source that is there already: the token, programmatic access token or
 * password that the section of connections.toml, or the environment, holds.
 * It reads and never writes; what it gives is ephemeral, because it belongs to
 * whoever keeps that file.  libc only.
 */
#include "coco.h"

#include <string.h>
#include <unistd.h>

#include "ascii.h"
#include "conn.h"
#include "esc.h"
#include "helper.h"
#include "io.h"
#include "log.h"
#include "path.h"

#define MAX_SECRET 65536
#define MAX_PATH   4096
#define MAX_DETAIL 8192
#define BLANKS     " \t\r\n"

/* Where Snowflake's container service keeps the token of a service
 * (snowflake.md 5.5, 7). */
#define SERVICE_TOKEN "/snowflake/session/token"

/* What was found, or why nothing was. */
struct found {
	struct buf secret;
	struct buf where;       /* key, variable or file that has it */
	struct buf detail;      /* what is wrong, or worth a warning */
	const char *token_type; /* NULL for a password */
};

#define FOUND_INIT                                        \
	{                                                 \
		BUF_INIT(MAX_SECRET), BUF_INIT(MAX_PATH), \
		    BUF_INIT(MAX_DETAIL), NULL            \
	}

static void
found_wipe(struct found *f)
{
	buf_wipe(&f->secret);
	buf_wipe(&f->where);
	buf_wipe(&f->detail);
}

/* Set the detail to one line about a file. */
static enum result
say(struct found *f, enum result result, const char *path, const char *what)
{
	struct buf line = BUF_INIT(MAX_DETAIL);

	(void)buf_addf(&line, "%s: %s", path, what);
	buf_clear(&f->detail);
	(void)esc_visible(&f->detail, buf_str(&line), line.len);
	buf_wipe(&line);
	return result;
}

/* Drop blanks and newlines at both ends: drivers send the token as it is, and
 * the server refuses one that ends with a newline. */
static void
strip(struct buf *b)
{
	struct buf stripped = BUF_INIT(MAX_SECRET);
	const char *s = buf_str(b);
	size_t start = strspn(s, BLANKS);
	size_t end = b->len;

	while (end > start && strchr(BLANKS, s[end - 1]) != NULL)
		end--;
	(void)buf_add(&stripped, s + start, end - start);
	buf_move(b, &stripped);
}

static bool
is_one_line(const struct buf *b)
{
	return strlen(buf_str(b)) == b->len && !ascii_has_control(buf_str(b));
}

/* Read the token file PATH.  For the writer of a FIFO we wait as long as our
 * caller does. */
static enum result
read_token_file(struct found *f, const char *path)
{
	const char *note;
	int r = io_read_secret(path, true, &f->secret, &note);

	strip(&f->secret);
	if (note != NULL)
		(void)say(f, RESULT_SUCCESS, path, note);
	else if (r != 0)
		(void)say(f, RESULT_SUCCESS, path, strerror(-r));
	switch (r) {
	case 0:
		break;
	case -EACCES:
		return RESULT_DENIED;
	case -EMSGSIZE:
		return say(f, RESULT_ERROR, path, "is larger than 64 KiB");
	case -EIO:
		return RESULT_ERROR;
	default:
		return RESULT_NOT_FOUND;
	}
	if (f->secret.len == 0)
		return say(f, RESULT_NOT_FOUND, path, "is empty");
	if (!is_one_line(&f->secret))
		return say(f, RESULT_ERROR, path,
		    "holds more than one line of text");
	return RESULT_SUCCESS;
}

/* The secret that KEY itself is. */
static enum result
from_key(const struct conn *c, const char *key, struct found *f)
{
	const char *value = conn_get(c, key);

	if (value == NULL)
		return RESULT_NOT_FOUND;
	(void)buf_addf(&f->where, "%s (%s)", conn_file(c),
	    conn_is_override(c, key) ? "overridden by the environment" : key);
	if (buf_adds(&f->secret, value) != 0)
		return say(f, RESULT_ERROR, key, "is larger than 64 KiB");
	if (!is_one_line(&f->secret))
		return say(f, RESULT_ERROR, key, "holds more than one line");
	return RESULT_SUCCESS;
}

/* A token of the section: the file wins, as in the Python driver. */
static enum result
from_token(const struct conn *c, struct found *f)
{
	const char *file = conn_get(c, "token_file_path");

	if (file == NULL)
		return from_key(c, "token", f);
	if (path_expand(&f->where, file) != 0)
		return say(f, RESULT_ERROR, file, "is no usable path");
	return read_token_file(f, buf_str(&f->where));
}

/* The variable PAT_<ACCOUNT> of inspect-coco. */
static enum result
from_pat_variable(const struct conn *c, struct found *f)
{
	const char *value = helper_pat_variable(c, &f->where);

	if (value == NULL)
		return RESULT_NOT_FOUND;
	if (buf_adds(&f->secret, value) != 0 || !is_one_line(&f->secret))
		return say(f, RESULT_ERROR, buf_str(&f->where),
		    "is larger than 64 KiB or has several lines");
	return RESULT_SUCCESS;
}

static enum result
find_oauth(const struct conn *c, struct found *f)
{
	enum result result;

	f->token_type = "OAUTH";
	result = from_token(c, f);
	if (result != RESULT_NOT_FOUND || f->where.len != 0 ||
	    access(SERVICE_TOKEN, F_OK) != 0)
		return result;
	(void)buf_adds(&f->where, SERVICE_TOKEN);
	return read_token_file(f, SERVICE_TOKEN);
}

static enum result
find_pat(const struct conn *c, struct found *f)
{
	enum result result;

	f->token_type = "PROGRAMMATIC_ACCESS_TOKEN";
	result = from_token(c, f);
	if (result == RESULT_NOT_FOUND && f->where.len == 0)
		result = from_pat_variable(c, f);
	return result;
}

static enum result
find_password(const struct conn *c, struct found *f)
{
	f->token_type = NULL;
	return from_key(c, "password", f);
}

/*
 * Find the secret that the authenticator wants.  A section that names no
 * authenticator and has no password, but a token, means a programmatic access
 * token, as inspect-coco reads it.
 */
static enum result
find(const struct conn *c, struct found *f)
{
	static const char *const others[] = { "OAUTH_AUTHORIZATION_CODE",
		"OAUTH_CLIENT_CREDENTIALS", "SNOWFLAKE_JWT", "EXTERNALBROWSER",
		"WORKLOAD_IDENTITY" };
	const char *authenticator = conn_authenticator(c);
	enum result result;
	size_t i;

	for (i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(authenticator, others[i]) == 0)
			return RESULT_NOT_FOUND;
	if (strcmp(authenticator, "OAUTH") == 0)
		return find_oauth(c, f);
	if (strcmp(authenticator, "PROGRAMMATIC_ACCESS_TOKEN") == 0) {
		result = find_pat(c, f);
		if (result != RESULT_NOT_FOUND || f->where.len != 0)
			return result;
		/* it may be written as a password anywhere (snowflake.md 3) */
		return from_key(c, "password", f);
	}
	result = find_password(c, f);
	if (result == RESULT_NOT_FOUND && conn_get(c, "authenticator") == NULL)
		result = find_pat(c, f);
	return result;
}

static void
fill(struct cred *answer, const struct conn *c, const struct found *f)
{
	cred_set(answer, CRED_USERNAME, conn_user(c));
	cred_set(answer, CRED_PASSWORD, buf_str(&f->secret));
	cred_set(answer, CRED_AUTHENTICATOR, conn_authenticator(c));
	if (f->token_type != NULL)
		cred_set(answer, CRED_AUTHENTICATOR, f->token_type);
	cred_set(answer, CRED_TOKEN_TYPE, f->token_type);
	cred_set(answer, CRED_EPHEMERAL, "1");
}

static enum result
get(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct found f = FOUND_INIT;
	struct conn *c = NULL;
	enum result result;

	(void)text;
	result = helper_connection(request, &c);
	if (result != RESULT_SUCCESS)
		return result;
	result = helper_is_meant(request, c) ? find(c, &f) : RESULT_NOT_FOUND;
	if (f.detail.len != 0)
		log_warn("%s", buf_str(&f.detail));
	if (result == RESULT_SUCCESS)
		fill(answer, c, &f);
	found_wipe(&f);
	conn_free(c);
	return result;
}

static enum result
status(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct found f = FOUND_INIT;
	struct conn *c = NULL;
	enum result result;

	(void)answer;
	result = helper_connection(request, &c);
	if (result != RESULT_SUCCESS) {
		(void)buf_addf(text, "kind=source\nresult=%s\n",
		    result_name(result));
		return result;
	}
	result = helper_is_meant(request, c) ? find(c, &f) : RESULT_NOT_FOUND;
	(void)buf_adds(text, "kind=source\nlocation=");
	if (f.where.len != 0)
		(void)esc_visible(text, buf_str(&f.where), f.where.len);
	else
		(void)esc_visible(text, conn_file(c), strlen(conn_file(c)));
	(void)buf_addf(text, "\nencrypted=no\nresult=%s\n",
	    result_name(result));
	if (result == RESULT_SUCCESS && f.token_type != NULL)
		(void)buf_addf(text, "token_type=%s\n", f.token_type);
	if (f.detail.len != 0)
		(void)buf_addf(text, "detail=%s\n", buf_str(&f.detail));
	found_wipe(&f);
	conn_free(c);
	return result;
}

static const struct helper_verb verbs[] = {
	{ "get", "print the secret of a connection", get, 0 },
	{ "status", "print where the secret would come from", status,
	    HELPER_EXTRA },
	{ NULL, NULL, NULL, 0 }
};

static const struct opt opts[] = { OPT_COMMON };

static const struct helper helper = {
	.name = "coco-credential-connections",
	.summary = "Hand out what connections.toml or the environment holds.",
	.verbs = verbs,
	.opts = opts,
	.footer = "The request on stdin names the connection: connection=NAME",
};

int
main(int argc, char **argv)
{
	return helper_main(&helper, argc, argv);
}
