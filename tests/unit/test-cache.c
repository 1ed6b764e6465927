/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-cache: one search however many ask, what is kept and for how long, what
 * is forgotten, and what is looked for anew because somebody says so. */
#include "coco.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "clock.h"
#include "tap.h"

/* Both clocks of clock.c stand still, so many seconds after the beginning. */
static int later_s;

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = 1900000000 + later_s;
	ts->tv_nsec = 0;
	return 0;
}

static struct cache_entry *searched; /* by the last find() */
static int finds;
static int find_error;
static int logins;

static int answers;
static enum result last_result;
static char last_text[4096];
static char last_why[256];

static int
find(void *ctx, struct cache_entry *e)
{
	(void)ctx;
	finds++;
	searched = e;
	return find_error;
}

static void
login_needed(void *ctx, const struct cache_entry *e)
{
	(void)ctx;
	(void)e;
	logins++;
}

static const struct cache_ops ops = { find, login_needed };

static void
on_answer(void *ctx, const struct cache_answer *a)
{
	(void)ctx;
	answers++;
	last_result = a->result;
	last_text[0] = '\0';
	if (a->result == RESULT_SUCCESS && a->len < sizeof(last_text)) {
		memcpy(last_text, a->text, a->len);
		last_text[a->len] = '\0';
	}
	(void)snprintf(last_why, sizeof(last_why), "%s",
	    a->why != NULL ? a->why : "");
}

static void
ask(struct cache *c, const char *stack, const char *request)
{
	struct buf why = BUF_INIT(256);
	struct cred q = CRED_INIT;

	if (cred_parse(request, strlen(request), &q, &why) != 0)
		bail("bad request");
	cache_ask(c, stack, &q, on_answer, NULL);
	cred_wipe(&q);
	buf_wipe(&why);
}

static void
forget(struct cache *c, const char *address)
{
	struct buf why = BUF_INIT(256);
	struct cred q = CRED_INIT;

	if (cred_parse(address, strlen(address), &q, &why) != 0)
		bail("bad address");
	cache_forget(c, &q);
	cred_wipe(&q);
	buf_wipe(&why);
}

static void
found(enum result result, const char *text, const char *why)
{
	struct buf t = BUF_INIT(8192);
	struct buf w = BUF_INIT(256);

	(void)buf_adds(&t, text);
	(void)buf_adds(&w, why);
	cache_found(searched, result, &t, &w);
	buf_wipe(&t);
	buf_wipe(&w);
}

/* A token of LIFE seconds, AGE of them gone. */
static void
found_token(const char *secret, int life, int age)
{
	struct buf t = BUF_INIT(1024);
	long long now = (long long)clock_utc();

	(void)buf_addf(&t,
	    "password=%s\npassword_expiry_utc=%lld\nissued_utc=%lld\n", secret,
	    now - age + life, now - age);
	found(RESULT_SUCCESS, buf_str(&t), "");
	buf_wipe(&t);
}

static struct cache *
fresh_cache(void)
{
	static const struct cache_limits limits = { 4, 900000, true };

	finds = answers = logins = find_error = later_s = 0;
	return cache_new(&limits, &ops, NULL);
}

#define A "protocol=https\nhost=a.example\nconnection=a\n"
#define B "protocol=https\nhost=b.example\nconnection=b\n"

static void
test_single_flight(void)
{
	struct cache *c = fresh_cache();
	int i;

	for (i = 0; i < 1000; i++)
		ask(c, "oauth", A);
	is_int(finds, 1, "a thousand ask: one search");
	is_int(answers, 0, "nobody is answered before it ends");
	found_token("t1", 600, 0);
	is_int(answers, 1000, "then all are");
	ok(strstr(last_text, "password=t1\n") != NULL, "with the token");
	ask(c, "oauth", A);
	is_int(finds, 1, "who comes later needs no search");
	is_int(answers, 1001, "and is answered at once");
	ask(c, "other", A);
	is_int(finds, 2, "another stack is another question");
	ask(c, NULL, A);
	is_int(finds, 3, "so is the connection's own");
	ok(cache_is_live(c), "something is live");
	cache_free(c);
}

static void
test_stale(void)
{
	struct cache *c = fresh_cache();

	ask(c, "oauth", A);
	found_token("t1", 660, 600);
	is_int(last_result, RESULT_SUCCESS,
	    "a token in its last minute serves "
	    "who waited for it");
	ask(c, "oauth", A);
	is_int(finds, 1, "and who comes within the same second");
	cache_free(c);

	c = fresh_cache();
	ask(c, "oauth", A);
	found(RESULT_SUCCESS, "password=p\n", "");
	ask(c, "oauth", A);
	is_int(finds, 1, "without an expiry it is kept for a while");
	cache_free(c);
}

static void
test_failures(void)
{
	struct cache *c = fresh_cache();

	ask(c, "oauth", A);
	found(RESULT_EXPIRED, "", "log in\n");
	is_int(last_result, RESULT_EXPIRED, "a failure is told");
	is_str(last_why, "log in\n", "with the reason");
	is_int(logins, 1, "a login is needed, says the event");
	ask(c, "oauth", A);
	is_int(finds, 1, "it is kept for a moment");
	is_int(last_result, RESULT_EXPIRED, "and told again");
	is_int(logins, 1, "but it is no news");
	forget(c, "connection=a\n");
	ask(c, "oauth", A);
	is_int(finds, 2, "after a login it is looked for again");
	found_token("t2", 600, 0);
	is_int(last_result, RESULT_SUCCESS, "and found");
	cache_free(c);

	c = fresh_cache();
	find_error = -EMFILE;
	ask(c, "oauth", A);
	is_int(answers, 1, "a search that cannot begin is answered");
	is_int(last_result, RESULT_UNAVAILABLE, "as unavailable");
	cache_free(c);
}

static void
test_refused_answers(void)
{
	struct cache *c = fresh_cache();

	ask(c, "oauth", A);
	found(RESULT_SUCCESS, "password=p\noauth_refresh_token=r\n", "");
	is_int(last_result, RESULT_ERROR, "a refresh token is not taken");
	cache_free(c);
	c = fresh_cache();
	ask(c, "oauth", A);
	found(RESULT_SUCCESS, "username=u\n", "");
	is_int(last_result, RESULT_ERROR, "nor an answer without a secret");
	cache_free(c);
	c = fresh_cache();
	ask(c, "oauth", A);
	found(RESULT_SUCCESS, "password", "");
	is_int(last_result, RESULT_ERROR, "nor what is no message");
	cache_free(c);
}

static void
test_forget(void)
{
	struct cache *c = fresh_cache();

	ask(c, "oauth", A);
	found_token("a", 600, 0);
	ask(c, "oauth", B);
	found_token("b", 600, 0);
	forget(c, "protocol=https\nhost=a.example\n");
	ask(c, "oauth", B);
	is_int(finds, 2, "what is about another host stays");
	ask(c, "oauth", A);
	is_int(finds, 3, "what is about this one does not");
	forget(c, "protocol=https\nhost=a.example\n");
	found_token("old", 600, 0);
	is_int(last_result, RESULT_SUCCESS, "a search under way is answered");
	ask(c, "oauth", A);
	is_int(finds, 4, "but its answer is not kept");
	found_token("new", 600, 0);
	cache_forget_all(c);
	is_int((int)cache_size(c), 0, "all can be forgotten");
	cache_free(c);

	c = fresh_cache();
	ask(c, NULL, "connection=c\n");
	found_token("c", 600, 0);
	forget(c, "protocol=https\nhost=a.example\n");
	is_int((int)cache_size(c), 0,
	    "a question without a host may be about any");
	cache_free(c);
}

static void
test_forget_while_searching(void)
{
	struct cache *c = fresh_cache();
	struct cache_entry *old;

	ask(c, "oauth", A);
	old = searched;
	forget(c, "connection=a\n");
	ask(c, "oauth", A);
	is_int(finds, 2,
	    "who asks after a change does not join what began "
	    "before it");
	found_token("new", 600, 0);
	ok(strstr(last_text, "password=new\n") != NULL, "and gets the new one");
	searched = old;
	found_token("old", 600, 0);
	is_int(answers, 2, "who asked before is answered, too");
	ask(c, "oauth", A);
	ok(strstr(last_text, "password=new\n") != NULL, "the new one stays");
	is_int(finds, 2, "without another search");
	cache_free(c);
}

static void
forget_all(void *ctx, const struct cache_answer *a)
{
	on_answer(NULL, a);
	cache_forget_all(ctx);
}

static void
test_forget_while_telling(void)
{
	struct buf why = BUF_INIT(256);
	struct cache *c = fresh_cache();
	struct cred q = CRED_INIT;

	(void)cred_parse(A, strlen(A), &q, &why);
	cache_ask(c, "oauth", &q, forget_all, c);
	cache_ask(c, "oauth", &q, on_answer, NULL);
	found_token("t", 600, 0);
	is_int(answers, 2, "both are answered");
	is_int(last_result, RESULT_SUCCESS, "the second as well");
	ok(strstr(last_text, "password=t\n") != NULL, "with the token");
	is_int((int)cache_size(c), 0, "and it is forgotten");
	cred_wipe(&q);
	buf_wipe(&why);
	cache_free(c);
}

static void
test_for_one(void)
{
	struct cache *c = fresh_cache();

	ask(c, "other", "protocol=https\nhost=n.example\n");
	found(RESULT_SUCCESS,
	    "capability[]=authtype\nauthtype=Negotiate\ncredential=n1\n"
	    "ephemeral=1\n",
	    "");
	is_int(last_result, RESULT_UNSUPPORTED,
	    "what is meant for one client is not shared");
	ask(c, "jwt", A);
	found(RESULT_SUCCESS, "password=j\nephemeral=1\n", "");
	is_int(last_result, RESULT_SUCCESS,
	    "but a connection's answer that is only not to be stored is");
	cache_free(c);
}

static void
test_room(void)
{
	struct cache *c = fresh_cache();
	char request[64];
	int i;

	for (i = 0; i < 10; i++) {
		(void)snprintf(request, sizeof(request),
		    "protocol=https\nhost=h%d.example\n", i);
		ask(c, "other", request);
		found_token("x", 600, 0);
	}
	is_int((int)cache_size(c), 4, "no more than the limit");
	ask(c, "other", "protocol=https\nhost=h9.example\n");
	is_int(finds, 10, "the last ones are there");
	cache_free(c);
}

static void
ask_again(void *ctx, const struct cache_answer *a)
{
	struct cache *c = ctx;

	on_answer(NULL, a);
	if (answers < 3)
		ask(c, "oauth", A);
}

static void
test_reentry(void)
{
	struct buf why = BUF_INIT(256);
	struct cache *c = fresh_cache();
	struct cred q = CRED_INIT;

	(void)cred_parse(A, strlen(A), &q, &why);
	cache_ask(c, "oauth", &q, ask_again, c);
	found_token("t", 600, 0);
	is_int(answers, 2, "who asks again in its answer is answered");
	is_int(finds, 1, "from what has just come");
	cred_wipe(&q);
	buf_wipe(&why);
	cache_free(c);
}

static void
test_tick(void)
{
	struct cache *c = fresh_cache();
	int64_t ms;

	ask(c, "oauth", A);
	found_token("t", 600, 0);
	ms = cache_tick(c);
	ok(ms > 0 && ms <= 60000, "the next look is within a minute");
	is_int(finds, 1, "nothing is due");
	cache_free(c);
}

static enum cache_renewal
renew(struct cache *c, const char *stack, const char *request,
    const char *secret)
{
	struct buf why = BUF_INIT(256);
	struct cred q = CRED_INIT;
	enum cache_renewal done;

	if (cred_parse(request, strlen(request), &q, &why) != 0)
		bail("bad request");
	done = cache_renew(c, stack, &q, secret);
	cred_wipe(&q);
	buf_wipe(&why);
	return done;
}

static bool
has(const char *secret)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "password=%s\n", secret);
	return last_result == RESULT_SUCCESS && strstr(last_text, line) != NULL;
}

/* THREATS.md T6: what a hint does not do. */
static void
test_renew_refused(void)
{
	struct cache *c = fresh_cache();

	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "a question that nobody asked");
	is_int((int)cache_size(c), 0, "it is not noted");
	ask(c, "oauth", A);
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "while it is looked for");
	found_token("t1", 3600, 60);
	is_int(renew(c, "oauth", A, "t0"), CACHE_RENEW_NOT_CURRENT,
	    "another token");
	is_int(renew(c, "oauth", A, ""), CACHE_RENEW_NOT_CURRENT, "none");
	is_int(renew(c, "other", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "of another stack");
	is_int(renew(c, "oauth", B, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "of another connection");
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_TOO_YOUNG,
	    "one that is a minute old");
	is_int(finds, 1, "nothing was looked for");
	later_s = 1;
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_BEGUN,
	    "one that is over a minute old");
	is_int(finds, 2, "it is looked for");
	cache_free(c);

	c = fresh_cache();
	ask(c, "oauth", A);
	found(RESULT_SUCCESS, "password=p\n", "");
	later_s = 60;
	is_int(renew(c, "oauth", A, "p"), CACHE_RENEW_TOO_YOUNG,
	    "without a date, a minute after it came");
	later_s = 61;
	is_int(renew(c, "oauth", A, "p"), CACHE_RENEW_BEGUN, "and later");
	ok(cache_refused_utc(searched) != 0, "since it came");
	cache_free(c);

	c = fresh_cache();
	ask(c, "oauth", A);
	found_token("t1", 660, 600);
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_BEGUN,
	    "one that was stale as it came");
	cache_free(c);
	c = fresh_cache();
	ask(c, "oauth", A);
	found_token("t1", 660, 0);
	later_s = 600;
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "one that is stale by now");
	ask(c, "oauth", A);
	later_s = 100;
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "and is looked for, though the clock was set back");
	cache_free(c);
}

static void
test_renew(void)
{
	struct cache *c = fresh_cache();
	int64_t issued_utc = clock_utc() - 100;

	ask(c, "oauth", A);
	found_token("t1", 3600, 100);
	is_int((int)cache_refused_utc(searched), 0, "any will do");
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_BEGUN, "it is refused");
	is_int(cache_refused_utc(searched), issued_utc,
	    "only a newer one will do");
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "others that say so find that it has begun");
	ask(c, "oauth", A);
	ask(c, "oauth", A);
	is_int(answers, 1, "who asks now waits");
	is_int((int)cache_tick(c), 60000, "nor does a tick disturb it");
	is_int(finds, 2, "it is one search");
	found_token("t2", 3600, 0);
	is_int(answers, 3, "and is answered");
	ok(has("t2"), "with the new one");
	is_int((int)cache_refused_utc(searched), 0, "any will do again");
	ask(c, "oauth", A);
	ok(has("t2") && finds == 2, "who comes later as well");
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_NOT_CURRENT,
	    "the old one is nobody's any more");
	later_s = 100;
	is_int(renew(c, "oauth", A, "t2"), CACHE_RENEW_TOO_OFTEN,
	    "the new one within five minutes");
	ask(c, NULL, A);
	found_token("t2", 3600, 100);
	is_int(renew(c, NULL, A, "t2"), CACHE_RENEW_TOO_OFTEN,
	    "by another question for the same credential");
	cache_forget_all(c);
	ask(c, "oauth", A);
	found_token("t2", 3600, 100);
	is_int(renew(c, "oauth", A, "t2"), CACHE_RENEW_TOO_OFTEN,
	    "or after it was forgotten");
	ask(c, "oauth", B);
	found_token("b1", 3600, 100);
	is_int(renew(c, "oauth", B, "b1"), CACHE_RENEW_BEGUN,
	    "another credential");
	ask(c, "oauth", A "role=R\n");
	found_token("r1", 3600, 100);
	is_int(renew(c, "oauth", A "role=R\n", "r1"), CACHE_RENEW_BEGUN,
	    "another role");
	later_s = 299;
	is_int(renew(c, "oauth", A, "t2"), CACHE_RENEW_TOO_OFTEN,
	    "not yet five minutes");
	later_s = 300;
	is_int(renew(c, "oauth", A, "t2"), CACHE_RENEW_BEGUN,
	    "after five minutes");
	cache_free(c);
}

/* The search fails as RESULT: the old one is answered as before. */
static void
renew_in_vain(enum result result, const char *name)
{
	struct cache *c = fresh_cache();

	ask(c, "oauth", A);
	found_token("t1", 3600, 100);
	(void)renew(c, "oauth", A, "t1");
	ask(c, "oauth", A);
	found(result, "", "why\n");
	is_int(answers, 2, "%s: who waits is answered", name);
	ok(has("t1"), "with the old one");
	ask(c, "oauth", A);
	ok(has("t1") && finds == 2, "and so is who comes later");
	ok(cache_is_live(c), "it is live");
	later_s = 3590;
	ask(c, "oauth", A);
	is_int(finds, 3, "until it ends");
	cache_free(c);
}

static void
test_renew_failures(void)
{
	struct cache *c;

	renew_in_vain(RESULT_UNAVAILABLE, "unavailable");
	renew_in_vain(RESULT_EXPIRED, "expired");
	renew_in_vain(RESULT_NOT_FOUND, "not found");
	c = fresh_cache();
	ask(c, "oauth", A);
	found_token("t1", 3600, 100);
	find_error = -EMFILE;
	is_int(renew(c, "oauth", A, "t1"), CACHE_RENEW_BEGUN,
	    "a search that cannot begin");
	ask(c, "oauth", A);
	ok(has("t1"), "leaves the old one");
	cache_free(c);

	c = fresh_cache();
	ask(c, "oauth", A);
	found_token("t1", 3600, 100);
	(void)renew(c, "oauth", A, "t1");
	ask(c, "oauth", A);
	found(RESULT_SUCCESS, "password=p\noauth_refresh_token=r\n", "");
	ok(has("t1"), "so does a new one that is not taken");
	cache_free(c);

	c = fresh_cache();
	ask(c, "oauth", A);
	found_token("t1", 3600, 100);
	(void)renew(c, "oauth", A, "t1");
	ask(c, "oauth", A);
	forget(c, "connection=a\n");
	found(RESULT_UNAVAILABLE, "", "");
	is_int(last_result, RESULT_UNAVAILABLE,
	    "but not one that was forgotten meanwhile");
	cache_free(c);
}

static void
test_renew_credential(void)
{
	static const char host[] = "protocol=https\nhost=c.example\n";
	struct buf text = BUF_INIT(256);
	struct cache *c = fresh_cache();

	(void)buf_addf(&text,
	    "capability[]=authtype\nauthtype=Bearer\ncredential=c1\n"
	    "issued_utc=%lld\n",
	    (long long)clock_utc() - 100);
	ask(c, "other", host);
	found(RESULT_SUCCESS, buf_str(&text), "");
	is_int(renew(c, "other", host, "c2"), CACHE_RENEW_NOT_CURRENT,
	    "another credential of a host");
	is_int(renew(c, "other", host, "c1"), CACHE_RENEW_BEGUN,
	    "the credential of a host");
	cache_free(c);
	buf_wipe(&text);
}

int
main(void)
{
	test_single_flight();
	test_stale();
	test_failures();
	test_refused_answers();
	test_forget();
	test_forget_while_searching();
	test_forget_while_telling();
	test_for_one();
	test_room();
	test_reentry();
	test_tick();
	test_renew_refused();
	test_renew();
	test_renew_failures();
	test_renew_credential();
	return done_testing();
}
