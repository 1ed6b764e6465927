/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"
#include "json.h"
#include "log.h"
#include "oauth-client.h"
#include "oauth-device.h"
#include "oauth-token.h"

#define GRANT "urn:ietf:params:oauth:grant-type:device_code"

/* A server may wish for longer pauses or lives, but not get them. */
#define INTERVAL_MAX 300
#define LIFE_DEFAULT 300 /* RFC 8628 3.2 demands a word; this is for none */
#define LIFE_MAX     86400

int
oauth_device_form(const struct oauth_config *c, struct buf *b)
{
	int r = oauth_add_client(c, b);

	if (r == 0 && c->scope.len != 0)
		r = url_add_param(b, "scope", buf_str(&c->scope));
	return r;
}

int
oauth_device_token_form(const struct oauth_config *c, const char *device_code,
    struct buf *b)
{
	int r = url_add_param(b, "grant_type", GRANT);

	if (r == 0)
		r = url_add_param(b, "device_code", device_code);
	return r != 0 ? r : oauth_add_client(c, b);
}

/* A number of seconds within bounds. */
static int64_t
read_seconds(const struct json *j, const char *name, int64_t fallback,
    int64_t max)
{
	int64_t n;

	if (json_number(j, name, &n) != 0)
		return fallback;
	if (n < 1)
		return 1;
	return n < max ? n : max;
}

static bool
is_code(const char *s)
{
	size_t i;

	for (i = 0; s[i] >= ' ' && s[i] < 0x7f; i++)
		continue;
	return i != 0 && i <= OAUTH_DEVICE_MAX_CODE && s[i] == '\0';
}

/* What people are to open is an address, and nothing that moves a cursor. */
static bool
is_address(const char *s)
{
	struct url u = URL_INIT;
	bool good = url_parse(s, &u) == 0;

	url_clear(&u);
	return good;
}

static enum result
read_device(const struct json *j, struct oauth_device *ret, struct buf *why)
{
	const char *code = json_text(j, "device_code");
	const char *user_code = json_text(j, "user_code");
	const char *uri = json_text(j, "verification_uri");
	const char *complete = json_text(j, "verification_uri_complete");
	const char *bad = NULL;

	if (code == NULL || code[0] == '\0' || strlen(code) > OAUTH_MAX_TOKEN)
		bad = "device_code";
	else if (user_code == NULL || !is_code(user_code))
		bad = "user_code";
	else if (uri == NULL || !is_address(uri))
		bad = "verification_uri";
	if (bad != NULL) {
		(void)buf_addf(why, "the answer has no usable %s", bad);
		return RESULT_ERROR;
	}
	oauth_device_wipe(ret);
	(void)buf_adds(&ret->device_code, code);
	(void)buf_adds(&ret->user_code, user_code);
	(void)buf_adds(&ret->uri, uri);
	if (complete != NULL && is_address(complete))
		(void)buf_adds(&ret->uri_complete, complete);
	ret->expires_in = read_seconds(j, "expires_in", LIFE_DEFAULT, LIFE_MAX);
	ret->interval = read_seconds(j, "interval", OAUTH_DEVICE_INTERVAL,
	    INTERVAL_MAX);
	return RESULT_SUCCESS;
}

enum result
oauth_device_read(const struct oauth_secrets *known, long status,
    const struct buf *body, struct oauth_device *ret_device, struct buf *why)
{
	struct json *j = NULL;
	enum result result;

	result = oauth_answer_parse(known, status, body, "device_code", &j,
	    why);
	if (result == RESULT_SUCCESS)
		result = read_device(j, ret_device, why);
	json_free(j);
	return result;
}

enum oauth_poll
oauth_device_poll(const struct buf *body)
{
	enum oauth_poll poll = OAUTH_POLL_SLOWER;
	struct json *j = NULL;
	const char *error;

	if (json_parse(buf_str(body), body->len, &j) != 0)
		return poll;
	error = json_text(j, "error");
	if (error != NULL && strcmp(error, "authorization_pending") == 0)
		poll = OAUTH_POLL_PENDING;
	else if (error != NULL && strcmp(error, "expired_token") == 0)
		poll = OAUTH_POLL_OVER;
	json_free(j);
	return poll;
}

void
oauth_device_wipe(struct oauth_device *d)
{
	buf_wipe(&d->device_code);
	buf_wipe(&d->user_code);
	buf_wipe(&d->uri);
	buf_wipe(&d->uri_complete);
	d->expires_in = 0;
	d->interval = 0;
}

static enum result
read_first(void *ctx, const struct oauth_secrets *known, long status,
    const struct buf *body, struct buf *why)
{
	return oauth_device_read(known, status, body, ctx, why);
}

/* Ask for the codes. */
static enum result
begin(const struct oauth_config *c, struct oauth_device *device,
    struct buf *why)
{
	const struct oauth_secrets none = { { NULL } };
	struct buf form = BUF_INIT(OAUTH_MAX_FORM);
	const struct oauth_exchange x = { c, buf_str(&c->device_url), &form,
		&none, false, read_first, device };
	enum result result = RESULT_ERROR;

	if (oauth_device_form(c, &form) == 0)
		result = oauth_exchange(&x, why);
	else
		(void)buf_adds(why, "oauth_scope is too long");
	buf_wipe(&form);
	return result;
}

/* An address on a line of its own, so that it can be clicked or copied. */
static void
show_address(const struct buf *address)
{
	struct buf b = BUF_INIT(URL_MAX + 8);

	if (buf_addf(&b, "\n%s\n\n", buf_str(address)) == 0)
		(void)io_write_all(STDERR_FILENO, buf_str(&b), b.len);
	buf_wipe(&b);
}

static void
show(const struct oauth_device *d)
{
	log_warn("on any device, open this address and enter the code %s",
	    buf_str(&d->user_code));
	show_address(&d->uri);
	if (d->uri_complete.len == 0)
		return;
	log_warn("or open this one, and see that it shows the same code:");
	show_address(&d->uri_complete);
}

/* One poll, and what to do after it. */
struct poll_answer {
	struct oauth_answer *answer;
	enum oauth_poll next; /* when there was no token */
};

static enum result
read_poll(void *ctx, const struct oauth_secrets *known, long status,
    const struct buf *body, struct buf *why)
{
	struct poll_answer *p = ctx;

	p->next = oauth_device_poll(body);
	return oauth_answer_read(known, status, body, p->answer, why);
}

/* Sleep; false when the next poll would come too late. */
static bool
pause_for(int64_t interval, int64_t deadline_ms)
{
	int64_t until = clock_ms() + interval * 1000;
	int64_t left;

	if (until >= deadline_ms)
		return false;
	for (left = interval * 1000; left > 0; left = until - clock_ms())
		(void)poll(NULL, 0, (int)left);
	return true;
}

/*
 * Ask until there is an answer.  A server or network in trouble is asked again
 * like one that wants to be asked less often: the person may be typing.
 */
static enum result
wait_for_token(const struct oauth_exchange *x, int64_t interval,
    int64_t deadline_ms, struct buf *why)
{
	struct poll_answer *p = x->ctx;
	enum result result;

	while (pause_for(interval, deadline_ms)) {
		buf_clear(why);
		p->next = OAUTH_POLL_SLOWER;
		/* X's callback sets what to do next */
		result = oauth_exchange(x, why);
		/* cppcheck-suppress knownConditionTrueFalse */
		if (result != RESULT_UNAVAILABLE || p->next == OAUTH_POLL_OVER)
			return result;
		/* cppcheck-suppress knownConditionTrueFalse */
		if (p->next == OAUTH_POLL_PENDING)
			buf_clear(why);
		else
			interval += OAUTH_DEVICE_SLOWER;
	}
	(void)buf_add_line(why, "nobody entered the code in time");
	return RESULT_UNAVAILABLE;
}

static enum result
finish(const struct oauth_login *l, const struct oauth_device *d,
    int64_t deadline_ms, struct oauth_answer *answer, struct buf *why)
{
	const struct oauth_secrets known = { { buf_str(&d->device_code) } };
	struct buf form = BUF_INIT(OAUTH_MAX_FORM);
	struct poll_answer p = { answer, OAUTH_POLL_SLOWER };
	const struct oauth_exchange x = { l->config,
		buf_str(&l->config->token_url), &form, &known, true, read_poll,
		&p };
	enum result result = RESULT_ERROR;

	if (oauth_device_token_form(l->config, buf_str(&d->device_code),
		&form) == 0)
		result = wait_for_token(&x, d->interval, deadline_ms, why);
	else
		(void)buf_adds(why, "the device code is too long");
	buf_wipe(&form);
	return result;
}

enum result
oauth_device_login(const struct oauth_login *l, struct oauth_answer *ret_answer,
    struct buf *why)
{
	struct oauth_device device = OAUTH_DEVICE_INIT;
	int64_t deadline_ms = clock_ms() + l->timeout_ms;
	enum result result;

	if (l->config->device_url.len == 0) {
		(void)buf_addf(why,
		    "--device needs oauth_device_authorization_url in the "
		    "connection%s\nhint: without a browser here, use --paste, "
		    "or --no-browser with a forwarded port",
		    l->config->snowflake ?
			"; Snowflake itself has no login by a code" :
			"");
		return RESULT_UNSUPPORTED;
	}
	result = begin(l->config, &device, why);
	if (result == RESULT_SUCCESS) {
		show(&device);
		if (device.expires_in * 1000 < l->timeout_ms)
			deadline_ms = clock_ms() + device.expires_in * 1000;
		result = finish(l, &device, deadline_ms, ret_answer, why);
	}
	oauth_device_wipe(&device);
	return result == RESULT_EXPIRED ? RESULT_DENIED : result;
}
