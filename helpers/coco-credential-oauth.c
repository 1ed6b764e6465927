/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * coco-credential-oauth: OAuth 2.0 access tokens, by a login in the browser
 * and from then on by the refresh token that a store keeps.
 *
 * It keeps nothing itself.  A refresh token is redeemed only at the origin,
 * and under the client id, that are recorded beside it (THREATS.md T1).
 */
#include "coco.h"

#include <sys/prctl.h>

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "esc.h"
#include "helper.h"
#include "log.h"
#include "num.h"
#include "oauth-client.h"
#include "oauth-config.h"
#include "oauth-confirm.h"
#include "oauth-life.h"
#include "oauth-login.h"
#include "oauth-token.h"

#define TIMEOUT_DEFAULT 300
#define TIMEOUT_MAX     86400

enum {
	OPTION_NO_BROWSER = OPT_LONG,
	OPTION_PASTE,
	OPTION_DEVICE,
	OPTION_TIMEOUT,
};

static struct {
	bool no_browser;
	bool paste;
	bool device;
	int64_t timeout; /* seconds */
} options = { false, false, false, TIMEOUT_DEFAULT };

/* What every verb works on. */
struct job {
	struct conn *conn;
	struct oauth_config config;
	const char *user; /* or NULL */
	const char *role; /* or NULL */
};

#define JOB_INIT                                    \
	{                                           \
		NULL, OAUTH_CONFIG_INIT, NULL, NULL \
	}

/* Whether the connection's client logs in for itself (RFC 6749 4.4). */
static bool
is_machine(const struct conn *c)
{
	return strcmp(conn_authenticator(c), "OAUTH_CLIENT_CREDENTIALS") == 0;
}

static void
settings_of(const struct conn *c, const char *role, struct oauth_settings *s)
{
	s->origin = conn_origin(c);
	s->role = role;
	s->client_id = conn_get(c, "oauth_client_id");
	s->client_secret = conn_get(c, "oauth_client_secret");
	s->key_file = conn_get(c, "oauth_client_private_key_file");
	s->key_password = conn_get(c, "oauth_client_private_key_file_pwd");
	s->key_id = conn_get(c, "oauth_client_key_id");
	s->authorize_url = conn_get(c, "oauth_authorization_url");
	s->token_url = conn_get(c, "oauth_token_request_url");
	s->device_url = conn_get(c, "oauth_device_authorization_url");
	s->redirect_uri = conn_get(c, "oauth_redirect_uri");
	s->scope = conn_get(c, "oauth_scope");
	s->proxy_host = conn_get(c, "proxy_host");
	s->proxy_port = conn_get(c, "proxy_port");
	s->proxy_user = conn_get(c, "proxy_user");
	s->proxy_password = conn_get(c, "proxy_password");
	s->no_proxy = conn_get(c, "no_proxy");
	s->credentials_in_body = conn_flag(c, "oauth_credentials_in_body",
	    false);
	s->single_use = conn_flag(c, "oauth_enable_single_use_refresh_tokens",
	    false);
	s->machine = is_machine(c);
}

/* What a connection must say to get a token; it is loaded.  Its word on the
 * user counts more than the request's: it is the one that a login must match.
 */
static enum result
job_configure(const struct cred *request, struct job *job)
{
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	struct oauth_settings s;
	enum result result = RESULT_SUCCESS;

	job->user = conn_user(job->conn);
	if (job->user == NULL)
		job->user = cred_get(request, CRED_USERNAME);
	job->role = cred_get(request, CRED_ROLE);
	if (job->role == NULL)
		job->role = conn_role(job->conn);
	settings_of(job->conn, job->role, &s);
	if (oauth_configure(&s, &job->config, &why) != 0) {
		log_warn("connection %s: %s", conn_name(job->conn),
		    buf_str(&why));
		result = RESULT_ERROR;
	}
	buf_wipe(&why);
	return result;
}

static void
job_wipe(struct job *job)
{
	oauth_config_wipe(&job->config);
	conn_free(job->conn);
}

/* Whether WHAT, as recorded at login, is what the connection says now. */
static bool
is_recorded(const struct job *job, const char *what, const char *recorded,
    const char *now)
{
	if (recorded == NULL)
		recorded = "(not recorded)";
	else if (strcmp(recorded, now) == 0)
		return true;
	log_warn("connection %s: the refresh token is bound to the %s %s, but "
		 "the connection says %s; it is not sent there",
	    conn_name(job->conn), what, recorded, now);
	log_hint("if that is right: coco-credential login -c %s",
	    conn_name(job->conn));
	return false;
}

/* T1: asked before anything else is made of the connection, so that whatever
 * it says now, the answer is that the token stays here. */
static bool
may_redeem(const struct cred *request, const struct job *job)
{
	const char *origin = conn_token_origin(job->conn);

	return is_recorded(job, "token endpoint",
		   cred_state(request, CRED_STATE_ORIGIN),
		   origin != NULL ? origin : "(not a URL that may be used)") &&
	    is_recorded(job, "client id",
		cred_state(request, CRED_STATE_CLIENT),
		conn_client_id(job->conn));
}

static enum result
job_load(const struct cred *request, struct job *job)
{
	enum result result;

	result = helper_connection(request, &job->conn);
	return result != RESULT_SUCCESS ? result : job_configure(request, job);
}

/* Print the reason, and a hint if there is one on its second line. */
static void
complain(const struct job *job, const struct buf *why)
{
	struct buf b = BUF_INIT(2 * OAUTH_MAX_WHY);

	(void)buf_adds(&b, "connection ");
	(void)esc_visible(&b, conn_name(job->conn),
	    strlen(conn_name(job->conn)));
	(void)buf_addf(&b, ": %s", buf_str(why));
	log_lines(buf_str(&b));
	buf_wipe(&b);
}

/* The login ends on a day that no refresh can put off. */
static void
warn_of_end(const struct job *job, const struct cred *answer, int64_t now)
{
	struct oauth_life life = oauth_life_of(answer);
	time_t t = (time_t)life.expiry_utc;
	char text[32] = "";
	struct tm tm;

	if (!oauth_life_is_short(life, now) || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
		return;
	log_warn("connection %s: the login ends on %s UTC, and cannot be "
		 "prolonged",
	    conn_name(job->conn), text);
	log_hint("log in again before: coco-credential login -c %s",
	    conn_name(job->conn));
}

/* Redeem TOKEN, which may be good for one use only, when somebody still waits
 * for what it gives.  Success as of oauth_answer_read_refresh(). */
static enum result
redeem(const struct job *job, const char *token, struct oauth_answer *got,
    struct buf *why)
{
	const struct oauth_secrets known = { { token } };
	struct buf form = BUF_INIT(OAUTH_MAX_FORM);
	enum result result = RESULT_ERROR;

	if (oauth_refresh_form(&job->config, token, &form) != 0)
		(void)buf_adds(why, "the refresh token is too long");
	else if (!helper_is_heard())
		(void)buf_adds(why,
		    "nobody waits for the answer any more, so the refresh "
		    "token was not used");
	else
		result = oauth_token_request(&job->config, &form, &known, token,
		    got, why);
	buf_wipe(&form);
	return result;
}

/* There is a new refresh token, but no access token: what a store says of an
 * entry whose access token has expired. */
static enum result
keep_only(const struct job *job, const struct buf *why)
{
	complain(job, why);
	log_hint("the new refresh token of the answer is kept, and the next "
		 "call uses it");
	return RESULT_EXPIRED;
}

/* Redeem the refresh token of REQUEST. */
static enum result
refresh(const struct job *job, const struct cred *request, struct cred *answer)
{
	const char *token = cred_get(request, CRED_OAUTH_REFRESH_TOKEN);
	struct oauth_answer got = OAUTH_ANSWER_INIT;
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	int64_t now = clock_utc();
	enum result result;

	result = redeem(job, token, &got, &why);
	if (result == RESULT_SUCCESS)
		oauth_make_cred(&job->config, &got, request, now, answer);
	else
		complain(job, &why);
	if (result == RESULT_EXPIRED)
		log_hint("log in again: coco-credential login -c %s",
		    conn_name(job->conn));
	else if (result == RESULT_SUCCESS && got.access_token.len != 0)
		warn_of_end(job, answer, now);
	else if (result == RESULT_SUCCESS)
		result = keep_only(job, &why);
	oauth_answer_wipe(&got);
	buf_wipe(&why);
	return result;
}

/*
 * Client credentials: nothing that is stored goes out, so T1 has no say; the
 * secret is in the connection, and goes where the connection says.  A refresh
 * token should not come, and is not kept (RFC 6749 4.4.3).
 */
static enum result
mint(const struct job *job, struct cred *answer)
{
	const struct oauth_secrets known = { { NULL } };
	struct oauth_answer got = OAUTH_ANSWER_INIT;
	struct buf form = BUF_INIT(OAUTH_MAX_FORM);
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	int64_t now = clock_utc();
	enum result result = RESULT_ERROR;

	if (oauth_machine_form(&job->config, &form) != 0)
		(void)buf_adds(&why, "oauth_scope is too long");
	else
		result = oauth_token_request(&job->config, &form, &known, NULL,
		    &got, &why);
	buf_clear(&got.refresh_token);
	if (result == RESULT_SUCCESS)
		oauth_make_cred(&job->config, &got, NULL, now, answer);
	else
		complain(job, &why);
	oauth_answer_wipe(&got);
	buf_wipe(&form);
	buf_wipe(&why);
	/* there is no login that could expire */
	return result == RESULT_EXPIRED ? RESULT_DENIED : result;
}

static enum result
get(const struct cred *request, struct job *job, struct cred *answer)
{
	const char *token = cred_get(request, CRED_OAUTH_REFRESH_TOKEN);
	enum result result;

	if (token != NULL && !is_machine(job->conn) &&
	    !may_redeem(request, job))
		return RESULT_DENIED;
	result = job_configure(request, job);
	if (result != RESULT_SUCCESS)
		return result;
	if (is_machine(job->conn))
		return mint(job, answer);
	if (token == NULL || token[0] == '\0')
		return RESULT_EXPIRED;
	return refresh(job, request, answer);
}

static enum result
run_get(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct job job = JOB_INIT;
	const char *user;
	enum result result;

	(void)text;
	result = helper_connection(request, &job.conn);
	if (result == RESULT_SUCCESS)
		result = get(request, &job, answer);
	if (result == RESULT_SUCCESS ||
	    cred_get(answer, CRED_OAUTH_REFRESH_TOKEN) != NULL) {
		user = cred_get(request, CRED_USERNAME);
		cred_set(answer, CRED_USERNAME, user != NULL ? user : job.user);
	}
	job_wipe(&job);
	return result;
}

/* Users who run login all the same get what they want: the proof that it
 * works, and a token in the store. */
static enum result
log_in_machine(const struct job *job, struct cred *answer)
{
	enum result result = mint(job, answer);

	if (result != RESULT_SUCCESS)
		return result;
	cred_set(answer, CRED_USERNAME, job->user);
	log_warn("connection %s uses client credentials: no browser and no "
		 "login is needed, tokens are fetched whenever they are",
	    conn_name(job->conn));
	return result;
}

static enum result
log_in(const struct job *job, struct cred *answer)
{
	struct oauth_answer got = OAUTH_ANSWER_INIT;
	const struct oauth_login login = {
		.config = &job->config,
		.connection = conn_name(job->conn),
		.host = conn_hostport(job->conn),
		.user = job->user,
		.role = job->role,
		.no_browser = options.no_browser,
		.paste = options.paste,
		.device = options.device,
		.timeout_ms = options.timeout * 1000,
	};
	enum result result;

	if (conn_flag(job->conn, "oauth_disable_pkce", false))
		log_warn("oauth_disable_pkce is ignored: a login without PKCE "
			 "could be stolen on this machine");
	result = oauth_login(&login, &got);
	if (result == RESULT_SUCCESS) {
		oauth_make_cred(&job->config, &got, NULL, clock_utc(), answer);
		if (job->user != NULL)
			cred_set(answer, CRED_USERNAME, job->user);
		else if (got.username.len != 0)
			cred_set(answer, CRED_USERNAME, buf_str(&got.username));
	}
	oauth_answer_wipe(&got);
	return result;
}

static enum result
run_login(const struct cred *request, struct cred *answer, struct buf *text)
{
	struct job job = JOB_INIT;
	enum result result;

	(void)text;
	if (cred_get(request, CRED_CONNECTION) == NULL) {
		log_warn("login needs to know for which connection: "
			 "a line connection=NAME on stdin");
		log_hint("the usual way is: coco-credential login -c NAME");
		return RESULT_USAGE;
	}
	if (options.device && (options.no_browser || options.paste)) {
		log_warn("--device is a way of its own: it goes with neither "
			 "--paste nor --no-browser");
		return RESULT_USAGE;
	}
	/* a login that nobody waits for any more must not keep its lock */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	result = job_load(request, &job);
	if (result == RESULT_SUCCESS)
		result = is_machine(job.conn) ? log_in_machine(&job, answer) :
						log_in(&job, answer);
	job_wipe(&job);
	return result;
}

/* The redeemed token is the one that was asked about, and perhaps the only one
 * that is left: whoever gets no answer must know. */
static void
explain_loss(const struct job *job, const struct oauth_answer *got)
{
	if (got->refresh_token.len == 0)
		log_hint("the refresh token was used, but not used up");
	else
		log_hint("the server has replaced the refresh token, so that "
			 "the one that was given is used up; log in: "
			 "coco-credential login -c %s",
		    conn_name(job->conn));
}

/* Redeem once, log in, compare. */
static enum result
confirm(const struct job *job, const char *token, struct cred *answer)
{
	const struct oauth_confirm q = { &job->config, conn_origin(job->conn),
		conn_account(job->conn), job->user, job->role };
	struct oauth_answer got = OAUTH_ANSWER_INIT;
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	struct cred old = CRED_INIT;
	int64_t now = clock_utc();
	enum result result;

	result = redeem(job, token, &got, &why);
	if (result == RESULT_SUCCESS && got.access_token.len == 0)
		result = RESULT_ERROR;
	if (result == RESULT_SUCCESS)
		result = oauth_confirm(&q, buf_str(&got.access_token), &why);
	if (result == RESULT_SUCCESS) {
		cred_set(&old, CRED_OAUTH_REFRESH_TOKEN, token);
		oauth_make_cred(&job->config, &got, &old, now, answer);
		cred_set(answer, CRED_USERNAME, job->user);
	} else {
		complain(job, &why);
		if (got.access_token.len != 0 || got.refresh_token.len != 0)
			explain_loss(job, &got);
	}
	cred_wipe(&old);
	oauth_answer_wipe(&got);
	buf_wipe(&why);
	return result;
}

/* Whether the token may go anywhere at all, and whose it should be. */
static enum result
may_confirm(const struct cred *request, struct job *job)
{
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	struct oauth_settings s;
	enum result result = RESULT_DENIED;

	settings_of(job->conn, NULL, &s);
	if (oauth_confirm_place(&s, &why) != 0)
		complain(job, &why);
	else
		result = job_configure(request, job);
	if (result == RESULT_SUCCESS && job->user == NULL) {
		log_warn("connection %s has no \"user\", so nobody can tell "
			 "whether the token is the right one",
		    conn_name(job->conn));
		result = RESULT_DENIED;
	}
	buf_wipe(&why);
	return result;
}

static enum result
run_confirm(const struct cred *request, struct cred *answer, struct buf *text)
{
	const char *token = cred_get(request, CRED_OAUTH_REFRESH_TOKEN);
	struct job job = JOB_INIT;
	enum result result;

	(void)text;
	if (token == NULL || token[0] == '\0' ||
	    cred_get(request, CRED_CONNECTION) == NULL) {
		log_warn("confirm needs the lines connection= and "
			 "oauth_refresh_token= on stdin");
		return RESULT_USAGE;
	}
	result = helper_connection(request, &job.conn);
	if (result == RESULT_SUCCESS)
		result = may_confirm(request, &job);
	if (result == RESULT_SUCCESS)
		result = confirm(&job, token, answer);
	job_wipe(&job);
	return result;
}

static const char *
client_kind(const struct oauth_config *c)
{
	if (c->key_file != NULL)
		return "private key (private_key_jwt)";
	if (c->client_secret == NULL)
		return "public client";
	return c->secret_in_body ? "client secret in the body" :
				   "client secret by HTTP Basic";
}

static enum result
run_status(const struct cred *request, struct cred *answer, struct buf *text)
{
	const struct oauth_life life = oauth_life_of(request);
	const struct oauth_config *c;
	struct job job = JOB_INIT;
	enum result result;

	(void)answer;
	result = job_load(request, &job);
	c = &job.config;
	if (result == RESULT_SUCCESS)
		(void)buf_addf(text,
		    "kind=mint\ntoken_endpoint=%s\n"
		    "client_id=%s\n"
		    "detail=%s, scope %s, %s\n",
		    buf_str(&c->token_origin), c->client_id, client_kind(c),
		    c->scope.len != 0 ? buf_str(&c->scope) : "(none)",
		    c->machine ? "client credentials, no login" :
				 "login by authorization code with PKCE");
	if (result == RESULT_SUCCESS && life.expiry_utc != 0)
		(void)buf_addf(text, "%s=%" PRId64 "\n", CRED_STATE_LOGIN_ENDS,
		    life.expiry_utc);
	job_wipe(&job);
	return result;
}

static int
on_option(void *ctx, int id, const char *value)
{
	(void)ctx;
	switch (id) {
	case OPTION_NO_BROWSER:
		options.no_browser = true;
		return 0;
	case OPTION_PASTE:
		options.paste = true;
		return 0;
	case OPTION_DEVICE:
		options.device = true;
		return 0;
	default:
		return num_parse(value, strlen(value), 1, TIMEOUT_MAX,
			   &options.timeout) == 0 ?
		    0 :
		    -EINVAL;
	}
}

static const struct helper_verb verbs[] = {
	{ "get", "redeem the refresh token of the request", run_get, 0 },
	{ "login", "log in with the browser", run_login, HELPER_EXTRA },
	{ "confirm", "redeem a refresh token and see whose it is", run_confirm,
	    HELPER_EXTRA },
	{ "status", "print where tokens come from", run_status, HELPER_EXTRA },
	{ NULL, NULL, NULL, 0 },
};

static const struct opt opts[] = {
	{ OPTION_NO_BROWSER, "no-browser", NULL,
	    "print the address of the login instead of opening it" },
	{ OPTION_PASTE, "paste", NULL,
	    "the same, and read the redirected address from the terminal" },
	{ OPTION_DEVICE, "device", NULL,
	    "print a code to enter on another device (RFC 8628)" },
	{ OPTION_TIMEOUT, "timeout", "SECONDS",
	    "how long to wait for the person (300)" },
	OPT_COMMON
};

static const struct helper helper = {
	.name = "coco-credential-oauth",
	.summary = "Mints OAuth access tokens for Snowflake and others.",
	.verbs = verbs,
	.opts = opts,
	.on_option = on_option,
	.footer = "Which browser: $BROWSER, else xdg-open.",
};

int
main(int argc, char **argv)
{
	return helper_main(&helper, argc, argv);
}
