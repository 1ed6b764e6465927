/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "crypt.h"
#include "fnv.h"
#include "io.h"
#include "lock.h"
#include "log.h"
#include "oauth-browser.h"
#include "oauth-callback.h"
#include "oauth-client.h"
#include "oauth-device.h"
#include "oauth-error.h"
#include "oauth-login.h"
#include "oauth-page.h"
#include "oauth-paste.h"
#include "oauth-token.h"

/* How often a browser that was started is looked after. */
#define BROWSER_CHECK_MS 250

/* One login, from its secrets to its end. */
struct attempt {
	const struct oauth_login *l;
	struct buf verifier;
	struct buf state;
	struct buf redirect_uri;
	struct buf url; /* where the person logs in */
	struct oauth_callback *cb;
	struct oauth_reply reply;
	int64_t deadline_ms;
};

static void
request_of(const struct attempt *a, struct oauth_request *q)
{
	q->redirect_uri = buf_str(&a->redirect_uri);
	q->state = buf_str(&a->state);
	q->verifier = buf_str(&a->verifier);
}

static void
attempt_wipe(struct attempt *a)
{
	buf_wipe(&a->verifier);
	buf_wipe(&a->state);
	buf_wipe(&a->redirect_uri);
	buf_wipe(&a->url);
	oauth_reply_wipe(&a->reply);
	oauth_callback_free(a->cb);
}

/* Make the secrets of this login, and the address to open. */
static enum result
prepare(struct attempt *a)
{
	const struct oauth_config *c = a->l->config;
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	struct oauth_request q;
	int r;

	r = oauth_callback_open(c->redirect_port, &why, &a->cb);
	if (r != 0)
		goto out;
	(void)buf_adds(&why, "the login's address cannot be made");
	r = crypt_random_text(&a->verifier, OAUTH_VERIFIER_BYTES);
	if (r == 0)
		r = crypt_random_text(&a->state, OAUTH_STATE_BYTES);
	if (r == 0)
		r = oauth_redirect_uri(c, oauth_callback_port(a->cb),
		    &a->redirect_uri);
	request_of(a, &q);
	if (r == 0)
		r = oauth_authorize_url(c, &q, &a->url);
	if (r == 0)
		oauth_callback_expect(a->cb, buf_str(&c->redirect_path),
		    buf_str(&a->state));
out:
	if (r != 0)
		log_warn("%s", buf_str(&why));
	buf_wipe(&why);
	if (r == -EADDRINUSE)
		return RESULT_UNAVAILABLE;
	return r == 0 ? RESULT_SUCCESS : RESULT_ERROR;
}

/* The redirect goes to a port of this machine. */
static void
hint_at_paste(const struct attempt *a)
{
	log_hint("the browser has to be one of this machine; for one "
		 "elsewhere: coco-credential -c %s login --paste",
	    a->l->connection);
}

/* On a line of its own, so that a terminal lets one click or copy it whole. */
static void
show_url(const struct attempt *a)
{
	struct buf b = BUF_INIT(URL_MAX + 8);

	log_warn("open this address in your browser to log in:");
	if (buf_addf(&b, "\n%s\n\n", buf_str(&a->url)) == 0)
		(void)io_write_all(STDERR_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
}

/* Progress is for those who watch. */
static void
say(const char *text, const char *what)
{
	if (isatty(STDERR_FILENO))
		log_warn("%s%s", text, what);
}

/* The browser's command line can be read by everybody, so it gets the one-shot
 * address.  *RET_PID is 0 when there is no browser. */
static void
start_browser(struct attempt *a, pid_t *ret_pid)
{
	struct buf start = BUF_INIT(256);
	int r;

	r = oauth_callback_one_shot(a->cb, buf_str(&a->url), &start);
	if (r == 0)
		r = oauth_browser_start(buf_str(&start), ret_pid);
	if (r == 0)
		say("waiting for you to log in with your browser at ",
		    a->l->host);
	else
		show_url(a);
	buf_wipe(&start);
}

/* Wait for the redirect.  A browser that ends without success and never came
 * for its address will not come: then the person gets the address. */
static int
wait_for_reply(struct attempt *a, pid_t pid)
{
	int64_t until;
	int r;

	while (pid != 0 && !oauth_callback_was_visited(a->cb)) {
		until = clock_ms() + BROWSER_CHECK_MS;
		if (until >= a->deadline_ms)
			break;
		r = oauth_callback_wait(a->cb, until, &a->reply);
		if (r != -ETIMEDOUT)
			return r;
		if (oauth_browser_failed(&pid))
			show_url(a);
	}
	return oauth_callback_wait(a->cb, a->deadline_ms, &a->reply);
}

static enum result
ask_browser(struct attempt *a)
{
	pid_t pid = 0;
	int r;

	if (a->l->no_browser) {
		show_url(a);
		hint_at_paste(a);
	} else {
		start_browser(a, &pid);
	}
	r = wait_for_reply(a, pid);
	if (r == 0)
		return RESULT_SUCCESS;
	if (r == -ETIMEDOUT) {
		log_warn("nobody logged in within %" PRId64 " s",
		    a->l->timeout_ms / 1000);
		if (!a->l->no_browser)
			hint_at_paste(a);
	} else {
		log_warn("cannot wait for the browser: %s", strerror(-r));
	}
	return RESULT_UNAVAILABLE;
}

static enum result
ask(struct attempt *a)
{
	if (!a->l->paste)
		return ask_browser(a);
	show_url(a);
	log_hint("the browser ends on a page that cannot be shown; "
		 "copy its address");
	return oauth_paste(buf_str(&a->state), a->deadline_ms, &a->reply);
}

/* Redeem the code, or read the refusal. */
static enum result
exchange(struct attempt *a, struct oauth_answer *answer, struct buf *why)
{
	struct buf form = BUF_INIT(OAUTH_MAX_FORM);
	struct oauth_request q;
	struct oauth_secrets known = { { buf_str(&a->reply.code),
	    buf_str(&a->verifier) } };
	enum result result = RESULT_ERROR;

	if (a->reply.error.len != 0) {
		const struct oauth_fault fault = { buf_str(&a->reply.error),
			NULL, buf_str(&a->reply.description) };

		(void)buf_adds(why, "the server refused the login: ");
		result = oauth_error_explain(&fault, &known, why);
		return result == RESULT_EXPIRED ? RESULT_DENIED : result;
	}
	request_of(a, &q);
	if (oauth_code_form(a->l->config, &q, buf_str(&a->reply.code), &form) ==
	    0)
		result = oauth_token_request(a->l->config, &form, &known, NULL,
		    answer, why);
	buf_wipe(&form);
	/* a dead code is no expired credential */
	return result == RESULT_EXPIRED ? RESULT_DENIED : result;
}

/*
 * Whoever can make the person's browser finish another's login would plant
 * that one's token here (T16).  Snowflake says who logged in; other providers
 * do not, and are taken at the state's word.
 */
static enum result
check_user(const struct oauth_login *l, const struct oauth_answer *answer,
    struct buf *why)
{
	const char *got = buf_str(&answer->username);

	if (l->user == NULL || (got[0] == '\0' && !l->config->snowflake))
		return RESULT_SUCCESS;
	if (strcasecmp(got, l->user) == 0)
		return RESULT_SUCCESS;
	if (got[0] == '\0')
		(void)buf_addf(why,
		    "the server does not say who logged in; "
		    "it should be %s",
		    l->user);
	else
		(void)buf_addf(why,
		    "%s logged in, but the connection %s "
		    "belongs to %s; nothing was kept",
		    got, l->connection, l->user);
	return RESULT_DENIED;
}

/* "HH:MM" of the person's clock. */
static void
end_of(const struct oauth_answer *answer, char *text, size_t size)
{
	time_t t = (time_t)(clock_utc() + answer->expires_in);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(text, size, "%H:%M", &tm) == 0)
		(void)snprintf(text, size, "soon");
}

static void
show_success(const struct attempt *a, const struct oauth_answer *answer,
    struct buf *html)
{
	const struct oauth_login *l = a->l;
	struct buf title = BUF_INIT(OAUTH_MAX_USERNAME + 32);
	const char *user = answer->username.len != 0 ?
	    buf_str(&answer->username) :
	    l->user;
	struct oauth_page page = { .good = true,
		.row = { { "Connection", l->connection }, { "Role", l->role },
		    { "Host", l->host } },
		.foot = "You can close this tab." };

	(void)buf_addf(&title, "Logged in%s%s", user != NULL ? " as " : "",
	    user != NULL ? user : "");
	page.title = buf_str(&title);
	page.text = answer->refresh_token.len != 0 ?
	    "All set. From now on coco fetches fresh tokens by itself." :
	    "It worked, for a while: the server gave nothing to fetch fresh "
	    "tokens with. The terminal says more.";
	(void)oauth_page(&page, html);
	buf_wipe(&title);
}

static void
show_failure(const struct attempt *a, const struct buf *why, struct buf *html)
{
	struct buf command = BUF_INIT(OAUTH_MAX_WHY);
	struct buf text = BUF_INIT(OAUTH_MAX_WHY);
	struct oauth_page page = {
		.title = "Login failed",
		.foot = "To try again, run that. You can close this tab.",
	};

	/* the hint is for the terminal, which is where it can be followed */
	(void)buf_add(&text, buf_str(why), strcspn(buf_str(why), "\n"));
	page.text = buf_str(&text);
	if (buf_addf(&command, "coco-credential login -c %s",
		a->l->connection) == 0)
		page.command = buf_str(&command);
	(void)oauth_page(&page, html);
	buf_wipe(&command);
	buf_wipe(&text);
}

static void
warn_no_refresh(const struct oauth_login *l, const struct oauth_answer *answer)
{
	char until[16];

	end_of(answer, until, sizeof(until));
	log_warn("the login works until %s, but cannot be refreshed, because "
		 "the server gave no refresh token",
	    until);
	if (l->config->snowflake)
		log_hint("the security integration may say "
			 "OAUTH_ISSUE_REFRESH_TOKENS = FALSE; ask its "
			 "administrator");
	else
		log_hint("ask for one with oauth_scope; many providers want "
			 "offline_access there");
}

/* Tell the browser and the terminal how it went. */
static void
report(struct attempt *a, enum result result, const struct oauth_answer *answer,
    const struct buf *why)
{
	struct buf html = BUF_INIT(OAUTH_PAGE_MAX);

	if (result == RESULT_SUCCESS)
		show_success(a, answer, &html);
	else
		show_failure(a, why, &html);
	oauth_callback_answer(a->cb, result == RESULT_SUCCESS ? 200 : 400,
	    &html);
	if (result != RESULT_SUCCESS)
		log_lines(buf_str(why));
	else if (answer->refresh_token.len == 0)
		warn_no_refresh(a->l, answer);
	else
		say("the login succeeded", "");
	buf_wipe(&html);
}

static enum result
run(const struct oauth_login *l, struct oauth_answer *ret_answer)
{
	struct attempt a = { l, BUF_INIT(128), BUF_INIT(128), BUF_INIT(URL_MAX),
		BUF_INIT(URL_MAX), NULL, OAUTH_REPLY_INIT,
		clock_ms() + l->timeout_ms };
	struct oauth_answer answer = OAUTH_ANSWER_INIT;
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	enum result result;

	result = prepare(&a);
	if (result == RESULT_SUCCESS)
		result = ask(&a);
	if (result != RESULT_SUCCESS)
		goto out;
	result = exchange(&a, &answer, &why);
	if (result == RESULT_SUCCESS) {
		buf_clear(&why);
		result = check_user(l, &answer, &why);
	}
	report(&a, result, &answer, &why);
	if (result == RESULT_SUCCESS) {
		*ret_answer = answer;
		answer = (struct oauth_answer)OAUTH_ANSWER_INIT;
	}
out:
	oauth_answer_wipe(&answer);
	attempt_wipe(&a);
	buf_wipe(&why);
	return result;
}

/* By a code: there is no page to show how it went. */
static enum result
run_device(const struct oauth_login *l, struct oauth_answer *ret_answer)
{
	struct oauth_answer answer = OAUTH_ANSWER_INIT;
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	enum result result;

	result = oauth_device_login(l, &answer, &why);
	if (result == RESULT_SUCCESS)
		result = check_user(l, &answer, &why);
	if (result != RESULT_SUCCESS) {
		log_lines(buf_str(&why));
		goto out;
	}
	if (answer.refresh_token.len == 0)
		warn_no_refresh(l, &answer);
	else
		say("the login succeeded", "");
	*ret_answer = answer;
	answer = (struct oauth_answer)OAUTH_ANSWER_INIT;
out:
	oauth_answer_wipe(&answer);
	buf_wipe(&why);
	return result;
}

/* The lock of interactive logins is another one than that of refreshes, which
 * must not wait for a person. */
static int
take_lock(const struct oauth_login *l, struct buf *why, int *ret_fd)
{
	uint64_t hash = FNV_START;
	char name[32];

	hash = fnv_field(hash, buf_str(&l->config->token_origin));
	hash = fnv_field(hash, l->config->client_id);
	hash = fnv_field(hash, l->user);
	hash = fnv_field(hash, l->connection);
	hash = fnv_field(hash, l->role);
	(void)snprintf(name, sizeof(name), "login-%016" PRIx64, hash);
	return lock_take(name, 0, why, ret_fd);
}

enum result
oauth_login(const struct oauth_login *l, struct oauth_answer *ret_answer)
{
	struct buf why = BUF_INIT(OAUTH_MAX_WHY);
	enum result result;
	int lock = -1;
	int r;

	r = take_lock(l, &why, &lock);
	if (r == -ETIMEDOUT) {
		log_warn("a login for this connection is going on already");
		log_hint("finish it in its browser window, or end it");
		result = RESULT_UNAVAILABLE;
	} else if (r != 0) {
		log_warn("cannot lock: %s", buf_str(&why));
		result = result_of_errno(r);
	} else {
		result = l->device ? run_device(l, ret_answer) :
				     run(l, ret_answer);
	}
	lock_release(lock);
	buf_wipe(&why);
	return result;
}
