/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "b64.h"
#include "crypt.h"
#include "oauth-client.h"
#include "url.h"

int
oauth_challenge(const char *verifier, struct buf *b)
{
	unsigned char hash[CRYPT_SHA256_SIZE];
	int r;

	r = crypt_sha256(verifier, strlen(verifier), hash);
	if (r != 0)
		return r;
	return b64_encode_url(b, hash, sizeof(hash));
}

int
oauth_authorize_url(const struct oauth_config *c, const struct oauth_request *q,
    struct buf *b)
{
	struct buf challenge = BUF_INIT(128);
	struct buf query = BUF_INIT(URL_MAX);
	bool more = strchr(buf_str(&c->authorize_url), '?') != NULL;
	int r;

	r = oauth_challenge(q->verifier, &challenge);
	if (r == 0)
		r = url_add_param(&query, "client_id", c->client_id);
	if (r == 0)
		r = url_add_param(&query, "response_type", "code");
	if (r == 0)
		r = url_add_param(&query, "redirect_uri", q->redirect_uri);
	if (r == 0 && c->scope.len != 0)
		r = url_add_param(&query, "scope", buf_str(&c->scope));
	if (r == 0)
		r = url_add_param(&query, "state", q->state);
	if (r == 0)
		r = url_add_param(&query, "code_challenge",
		    buf_str(&challenge));
	if (r == 0)
		r = url_add_param(&query, "code_challenge_method", "S256");
	if (r == 0)
		r = buf_addf(b, "%s%c%s", buf_str(&c->authorize_url),
		    more ? '&' : '?', buf_str(&query));
	buf_wipe(&challenge);
	buf_wipe(&query);
	return r;
}

int
oauth_add_client(const struct oauth_config *c, struct buf *b)
{
	int r = 0;

	if (c->client_secret == NULL || c->secret_in_body)
		r = url_add_param(b, "client_id", c->client_id);
	if (r == 0 && c->client_secret != NULL && c->secret_in_body)
		r = url_add_param(b, "client_secret", c->client_secret);
	return r;
}

int
oauth_code_form(const struct oauth_config *c, const struct oauth_request *q,
    const char *code, struct buf *b)
{
	int r;

	r = url_add_param(b, "grant_type", "authorization_code");
	if (r == 0)
		r = url_add_param(b, "code", code);
	if (r == 0)
		r = url_add_param(b, "redirect_uri", q->redirect_uri);
	if (r == 0)
		r = url_add_param(b, "code_verifier", q->verifier);
	if (r == 0 && c->single_use)
		r = url_add_param(b, "enable_single_use_refresh_tokens",
		    "true");
	return r != 0 ? r : oauth_add_client(c, b);
}

int
oauth_refresh_form(const struct oauth_config *c, const char *token,
    struct buf *b)
{
	int r;

	r = url_add_param(b, "grant_type", "refresh_token");
	if (r == 0)
		r = url_add_param(b, "refresh_token", token);
	return r != 0 ? r : oauth_add_client(c, b);
}

int
oauth_machine_form(const struct oauth_config *c, struct buf *b)
{
	int r;

	r = url_add_param(b, "grant_type", "client_credentials");
	if (r == 0 && c->scope.len != 0)
		r = url_add_param(b, "scope", buf_str(&c->scope));
	return r != 0 ? r : oauth_add_client(c, b);
}

int
oauth_basic(const struct oauth_config *c, struct buf *user,
    struct buf *password)
{
	int r;

	if (c->client_secret == NULL || c->secret_in_body)
		return 0;
	r = url_encode(user, c->client_id, strlen(c->client_id));
	if (r == 0)
		r = url_encode(password, c->client_secret,
		    strlen(c->client_secret));
	return r;
}

int
oauth_read_reply(const char *query, const char *state,
    struct oauth_reply *ret_reply)
{
	struct oauth_reply reply = OAUTH_REPLY_INIT;
	struct buf got = BUF_INIT(OAUTH_MAX_CODE);
	int r;

	r = url_get_param(query, "state", &got);
	if (r != 0 || !buf_equals(&got, state)) {
		r = -EACCES;
		goto out;
	}
	r = url_get_param(query, "error", &reply.error);
	if (r == 0) {
		/* the description is for people; without it the code does */
		if (url_get_param(query, "error_description",
			&reply.description) != 0)
			buf_clear(&reply.description);
	} else if (r == -ENOENT) {
		r = url_get_param(query, "code", &reply.code);
	}
	if (r == 0 && (reply.code.len == 0) == (reply.error.len == 0))
		r = -EBADMSG;
	if (r == 0) {
		oauth_reply_wipe(ret_reply);
		*ret_reply = reply;
		reply = (struct oauth_reply)OAUTH_REPLY_INIT;
	} else {
		r = -EBADMSG;
	}
out:
	oauth_reply_wipe(&reply);
	buf_wipe(&got);
	return r;
}

void
oauth_reply_wipe(struct oauth_reply *reply)
{
	buf_wipe(&reply->code);
	buf_wipe(&reply->error);
	buf_wipe(&reply->description);
}
