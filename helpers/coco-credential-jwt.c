/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coco-credential-jwt: key-pair authentication (snowflake.md 2).  It signs, by
 * the private key of a connection, a token that lives for an hour at most, so
 * that the key itself never leaves this process.  It keeps nothing and asks
 * nobody.
 */
#include "coco.h"

#include <string.h>

#include "account.h"
#include "ascii.h"
#include "clock.h"
#include "esc.h"
#include "helper.h"
#include "jwt-key.h"
#include "jwt.h"
#include "log.h"
#include "num.h"

/* The server cuts at an hour after iat; a minute of it is left for clocks that
 * differ. */
#define LIFETIME_MIN     60
#define LIFETIME_MAX     3540
#define LIFETIME_DEFAULT 3540

#define MAX_WHO    1024 /* ACCOUNT.USER */
#define TOKEN_TYPE "KEYPAIR_JWT"

enum {
	OPTION_LIFETIME = OPT_LONG,
};

static int64_t lifetime = LIFETIME_DEFAULT;

/* Append ACCOUNT.USER in upper case. */
static int
add_who(const struct conn *c, struct buf *who, struct buf *why)
{
	const char *account = conn_account(c);
	const char *user = conn_user(c);
	int r;

	if (account == NULL || user == NULL) {
		(void)buf_addf(why, "%s is missing, which the token needs",
		    account == NULL ? "account" : "user");
		return -EBADMSG;
	}
	r = account_name(account, who, why);
	if (r == 0)
		r = buf_addc(who, '.');
	if (r == 0)
		r = ascii_add_upper(who, user);
	if (r == -EMSGSIZE)
		(void)buf_adds(why, "account and user are too long");
	return r;
}

static enum result
complain(const struct conn *c, const char *what)
{
	log_warn("connection \"%s\": %s", conn_name(c), what);
	return RESULT_ERROR;
}

/* Fill the answer with a token that is valid from NOW. */
static enum result
sign(const struct conn *c, struct key *k, int64_t now, struct cred *answer)
{
	struct buf who = BUF_INIT(MAX_WHO);
	struct buf issuer = BUF_INIT(2 * MAX_WHO);
	struct buf token = BUF_INIT(JWT_MAX);
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	enum result result = RESULT_SUCCESS;
	int r;

	r = add_who(c, &who, &why);
	if (r == 0)
		r = buf_addf(&issuer, "%s.%s", buf_str(&who),
		    key_fingerprint(k));
	if (r == 0) {
		const struct jwt_member claims[] = {
			{ "iss", buf_str(&issuer), 0 },
			{ "sub", buf_str(&who), 0 },
			{ "iat", NULL, now },
			{ "exp", NULL, now + lifetime },
		};

		r = jwt_sign(k, NULL, 0, claims, ARRAY_LEN(claims), &token);
	}
	if (r == 0)
		cred_set(answer, CRED_PASSWORD, buf_str(&token));
	else if (why.len != 0)
		result = complain(c, buf_str(&why));
	else
		result = complain(c,
		    r == -EBADMSG ?
			"user is not UTF-8" :
			"the key cannot sign; its parts may not belong "
			"together");
	buf_wipe(&who);
	buf_wipe(&issuer);
	buf_wipe(&token);
	buf_wipe(&why);
	return result;
}

static enum result
answer_with(const struct conn *c, struct key *k, struct cred *answer)
{
	int64_t now = clock_utc();
	enum result result;

	result = sign(c, k, now, answer);
	if (result != RESULT_SUCCESS)
		return result;
	cred_set(answer, CRED_USERNAME, conn_user(c));
	cred_set_number(answer, CRED_PASSWORD_EXPIRY_UTC, now + lifetime);
	cred_set_number(answer, CRED_ISSUED_UTC, now);
	cred_set(answer, CRED_AUTHENTICATOR, conn_authenticator(c));
	cred_set(answer, CRED_TOKEN_TYPE, TOKEN_TYPE);
	cred_set(answer, CRED_EPHEMERAL, "1");
	return RESULT_SUCCESS;
}

/* Whether a key-pair token is what the request and the connection want. */
static bool
is_wanted(const struct cred *request, const struct conn *c)
{
	return strcmp(conn_authenticator(c), "SNOWFLAKE_JWT") == 0 &&
	    helper_is_meant(request, c);
}

static enum result
run_get(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct jwt_key jk = JWT_KEY_INIT;
	struct conn *c = NULL;
	enum result result;

	(void)text;
	result = helper_connection(request, &c);
	if (result != RESULT_SUCCESS)
		return result;
	if (!is_wanted(request, c)) {
		conn_free(c);
		return RESULT_NOT_FOUND;
	}
	result = jwt_key_find(c, &jk);
	log_lines(buf_str(&jk.detail));
	if (result == RESULT_SUCCESS)
		result = answer_with(c, jk.key, answer);
	else if (jk.detail.len == 0)
		log_warn("connection \"%s\": no private key; set "
			 "private_key_file",
		    conn_name(c));
	jwt_key_wipe(&jk);
	conn_free(c);
	return result;
}

/* What the key is, or the first line of what is wrong with it. */
static void
add_status(const struct jwt_key *jk, enum result result, struct buf *text)
{
	const char *detail = buf_str(&jk->detail);

	if (jk->where.len != 0)
		(void)buf_addf(text, "location=%s\n", buf_str(&jk->where));
	if (result == RESULT_SUCCESS)
		(void)buf_addf(text, "encrypted=%s\n",
		    key_was_encrypted(jk->key) ? "yes" : "no");
	(void)buf_addf(text, "result=%s\n", result_name(result));
	if (result == RESULT_SUCCESS)
		(void)buf_addf(text,
		    "token_type=" TOKEN_TYPE "\n"
		    "public_key=%s\ndetail=%s key, %s, tokens of %lld s",
		    key_fingerprint(jk->key), key_name(jk->key),
		    key_fingerprint(jk->key), (long long)lifetime);
	else if (jk->detail.len != 0)
		(void)buf_adds(text, "detail=");
	if (jk->detail.len != 0) {
		(void)buf_adds(text, result == RESULT_SUCCESS ? "; " : "");
		(void)buf_add(text, detail, strcspn(detail, "\n"));
	}
	if (result == RESULT_SUCCESS || jk->detail.len != 0)
		(void)buf_addc(text, '\n');
}

static enum result
run_status(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct jwt_key jk = JWT_KEY_INIT;
	struct conn *c = NULL;
	enum result result;

	(void)answer;
	(void)buf_adds(text, "kind=mint\n");
	result = helper_connection(request, &c);
	if (result == RESULT_SUCCESS)
		result = is_wanted(request, c) ? jwt_key_find(c, &jk) :
						 RESULT_NOT_FOUND;
	add_status(&jk, result, text);
	jwt_key_wipe(&jk);
	conn_free(c);
	return result;
}

static int
on_option(void *ctx, int id, const char *value)
{
	(void)ctx;
	(void)id;
	return num_parse(value, strlen(value), LIFETIME_MIN, LIFETIME_MAX,
		   &lifetime) == 0 ?
	    0 :
	    -EINVAL;
}

static const struct helper_verb verbs[] = {
	{ "get", "sign a token for a connection", run_get, 0 },
	{ "status", "print which key would sign", run_status, HELPER_EXTRA },
	{ NULL, NULL, NULL, 0 },
};

static const struct opt opts[] = {
	{ OPTION_LIFETIME, "lifetime", "SECONDS",
	    "how long a token lives, 60 to 3540 (3540)" },
	OPT_COMMON
};

static const struct helper helper = {
	.name = "coco-credential-jwt",
	.summary = "Signs Snowflake key-pair tokens.",
	.verbs = verbs,
	.opts = opts,
	.on_option = on_option,
	.footer = "The request on stdin names the connection: connection=NAME",
};

int
main(int argc, char **argv)
{
	return helper_main(&helper, argc, argv);
}
