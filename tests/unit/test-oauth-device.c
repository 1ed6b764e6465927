/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The login by a code: forms, the answer with the codes, what a poll says. */
#include "coco.h"

#include <string.h>

#include "buf.h"
#include "oauth-config.h"
#include "oauth-device.h"
#include "oauth-token.h"
#include "tap.h"

#define ORIGIN "https://acct.snowflakecomputing.com"
#define IDP    "https://idp.example"
#define GOOD                                                     \
	"\"device_code\":\"dev+1\",\"user_code\":\"WDJB-MJHT\"," \
	"\"verification_uri\":\"https://idp.example/device\""

static void
test_forms(void)
{
	const struct oauth_settings s = { .origin = ORIGIN,
		.client_id = "cid",
		.scope = "a b",
		.token_url = IDP "/token",
		.device_url = IDP "/device" };
	struct oauth_settings bad = s;
	struct oauth_config c = OAUTH_CONFIG_INIT;
	struct oauth_config none = OAUTH_CONFIG_INIT;
	struct buf why = BUF_INIT(1024);
	struct buf b = BUF_INIT(1024);

	is_int(oauth_configure(&s, &c, &why), 0, "configuration");
	is_str(buf_str(&c.device_url), IDP "/device", "address");
	is_int(oauth_device_form(&c, &b), 0, "first form");
	is_str(buf_str(&b), "client_id=cid&scope=a%20b", "its text");
	buf_clear(&b);
	is_int(oauth_device_token_form(&c, "d+/", &b), 0, "second form");
	is_str(buf_str(&b),
	    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
	    "&device_code=d%2B%2F&client_id=cid",
	    "its text");
	bad.device_url = "http://idp.example/device";
	is_int(oauth_configure(&bad, &none, &why), -EINVAL, "plain http");
	ok(strstr(buf_str(&why),
	       "oauth_device_authorization_url must be "
	       "https") != NULL,
	    "is refused with the key");
	oauth_config_wipe(&c);
	buf_wipe(&why);
	buf_wipe(&b);
}

static const struct {
	long status;
	const char *body;
	enum result result;
	const char *why;
	int expires_in;
	int interval;
} answers[] = {
	{ 200, "{" GOOD ",\"expires_in\":1800,\"interval\":7}", RESULT_SUCCESS,
	    "", 1800, 7 },
	{ 200, "{" GOOD ",\"expires_in\":1800}", RESULT_SUCCESS, "", 1800, 5 },
	{ 200, "{" GOOD ",\"interval\":0}", RESULT_SUCCESS, "", 300, 1 },
	{ 200, "{" GOOD ",\"interval\":-9,\"expires_in\":0}", RESULT_SUCCESS,
	    "", 1, 1 },
	{ 200, "{" GOOD ",\"interval\":9999,\"expires_in\":99999999}",
	    RESULT_SUCCESS, "", 86400, 300 },
	{ 200, "{" GOOD ",\"message\":\"To sign in, ...\"}", RESULT_SUCCESS, "",
	    300, 5 },
	{ 200,
	    "{" GOOD ",\"verification_uri_complete\":\"javascript:alert(1)\"}",
	    RESULT_SUCCESS, "", 300, 5 },
	{ 200, "{}", RESULT_ERROR, "no usable device_code", 0, 0 },
	{ 200, "{\"device_code\":\"d\"}", RESULT_ERROR, "no usable user_code",
	    0, 0 },
	{ 200,
	    "{\"device_code\":\"d\",\"user_code\":\"a\\u001b[2J\","
	    "\"verification_uri\":\"https://x/\"}",
	    RESULT_ERROR, "user_code", 0, 0 },
	{ 200, "{\"device_code\":\"d\",\"user_code\":\"u\"}", RESULT_ERROR,
	    "verification_uri", 0, 0 },
	{ 200,
	    "{\"device_code\":\"d\",\"user_code\":\"u\","
	    "\"verification_uri\":\"javascript:alert(1)\"}",
	    RESULT_ERROR, "verification_uri", 0, 0 },
	{ 200,
	    "{\"device_code\":\"d\",\"user_code\":\"u\","
	    "\"verification_uri\":\"https://x/\\u001b\"}",
	    RESULT_ERROR, "verification_uri", 0, 0 },
	{ 400, "{\"error\":\"invalid_client\"}", RESULT_DENIED,
	    "network policy", 0, 0 },
	{ 404, "<html>", RESULT_UNAVAILABLE, "web page", 0, 0 },
	{ 500, "", RESULT_UNAVAILABLE, "HTTP 500", 0, 0 },
};

static void
test_answers(void)
{
	const struct oauth_secrets known = { { NULL } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct oauth_device d = OAUTH_DEVICE_INIT;
		struct buf body = BUF_INIT(4096);
		struct buf why = BUF_INIT(OAUTH_MAX_WHY);

		(void)buf_adds(&body, answers[i].body);
		is_int(oauth_device_read(&known, answers[i].status, &body, &d,
			   &why),
		    answers[i].result, "codes, row %zu", i);
		if (!ok(strstr(buf_str(&why), answers[i].why) != NULL,
			"and its reason"))
			printf("# %s\n", buf_str(&why));
		is_int(d.expires_in, answers[i].expires_in, "life");
		is_int(d.interval, answers[i].interval, "interval");
		ok(d.uri_complete.len == 0, "no second address");
		if (answers[i].result == RESULT_SUCCESS) {
			is_str(buf_str(&d.device_code), "dev+1", "device code");
			is_str(buf_str(&d.user_code), "WDJB-MJHT", "code");
		}
		oauth_device_wipe(&d);
		buf_wipe(&body);
		buf_wipe(&why);
	}
}

static void
test_poll(void)
{
	static const struct {
		const char *body;
		enum oauth_poll want;
	} t[] = {
		{ "{\"error\":\"authorization_pending\"}", OAUTH_POLL_PENDING },
		{ "{\"error\":\"slow_down\"}", OAUTH_POLL_SLOWER },
		{ "{\"error\":\"expired_token\"}", OAUTH_POLL_OVER },
		{ "{\"error\":\"server_error\"}", OAUTH_POLL_SLOWER },
		{ "{}", OAUTH_POLL_SLOWER },
		{ "<html>", OAUTH_POLL_SLOWER },
		{ "", OAUTH_POLL_SLOWER },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		struct buf body = BUF_INIT(1024);

		(void)buf_adds(&body, t[i].body);
		is_int(oauth_device_poll(&body), t[i].want, "poll, row %zu", i);
		buf_wipe(&body);
	}
}

int
main(void)
{
	test_forms();
	test_answers();
	test_poll();
	return done_testing();
}
