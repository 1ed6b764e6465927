/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What get, store, erase and logout do to the entries of a store.
 */
#include "coco.h"

#include "entries.h"
#include "tap.h"

#define NOW 1000000

static void
parse(const char *text, struct cred *c)
{
	struct buf why = BUF_INIT(1024);

	cred_wipe(c);
	(void)cred_parse(text, strlen(text), c, &why);
	buf_wipe(&why);
}

static bool
store(struct entries *e, const char *text)
{
	struct cred c = CRED_INIT;
	bool changed = false;

	parse(text, &c);
	is_int(entries_store(e, &c, &changed), 0, "store");
	cred_wipe(&c);
	return changed;
}

/* Get; the answer as text goes to B. */
static enum result
get(const struct entries *e, const char *text, struct buf *b)
{
	struct cred request = CRED_INIT;
	struct cred answer = CRED_INIT;
	enum result result;

	parse(text, &request);
	result = entries_get(e, &request, NOW, &answer);
	buf_clear(b);
	(void)cred_format(&answer, b);
	cred_wipe(&request);
	cred_wipe(&answer);
	return result;
}

static void
test_plain(void)
{
	struct entries e = ENTRIES_INIT;
	struct buf b = BUF_INIT(65536);
	struct cred c = CRED_INIT;

	store(&e, "protocol=https\nhost=e\nusername=u\npassword=1\n");
	store(&e, "protocol=https\nhost=e\nusername=v\npassword=2\n");
	store(&e, "protocol=https\nhost=e\nusername=u\npassword=3\n");
	is_int(e.len, 2, "the same key is replaced");
	is_int(get(&e, "protocol=https\nhost=e\n", &b), RESULT_SUCCESS, "get");
	is_str(buf_str(&b), "username=u\npassword=3\n", "the newest");
	is_int(get(&e, "protocol=https\n", &b), RESULT_NOT_FOUND,
	    "never without host");
	parse("protocol=https\nhost=e\nusername=u\npassword=other\n", &c);
	ok(!entries_erase(&e, &c), "another password is not erased");
	parse("protocol=https\n", &c);
	ok(!entries_erase(&e, &c), "nor anything without host");
	parse("protocol=https\nhost=e\n", &c);
	ok(entries_erase(&e, &c), "erase by host");
	is_int(e.len, 0, "takes all users");
	ok(!store(&e, "protocol=https\nhost=e\npassword=x\nephemeral=1\n"),
	    "ephemeral is not stored");
	store(&e,
	    "protocol=https\nhost=e\npassword=x\n"
	    "password_expiry_utc=999999\noauth_refresh_token=r\n");
	is_int(get(&e, "protocol=https\nhost=e\n", &b), RESULT_EXPIRED,
	    "expired");
	is_str(buf_str(&b), "oauth_refresh_token=r\n",
	    "the password is dropped, the refresh token stays");
	store(&e, "protocol=https\nhost=f\nauthtype=Bearer\ncredential=t\n");
	is_int(get(&e, "protocol=https\nhost=f\n", &b), RESULT_NOT_FOUND,
	    "authtype needs its capability");
	is_int(get(&e, "capability[]=authtype\nprotocol=https\nhost=f\n", &b),
	    RESULT_SUCCESS, "with it, it is found");
	is_str(buf_str(&b),
	    "capability[]=authtype\nauthtype=Bearer\n"
	    "credential=t\n",
	    "and announced");
	cred_wipe(&c);
	buf_wipe(&b);
	entries_wipe(&e);
}

#define ADDRESS "protocol=https\nhost=a\nusername=U\nconnection=dev\n"

static void
test_connection(void)
{
	struct entries e = ENTRIES_INIT;
	struct buf b = BUF_INIT(65536);
	struct cred c = CRED_INIT;

	store(&e,
	    ADDRESS "password=t1\npassword_expiry_utc=1000600\n"
		    "issued_utc=1000000\noauth_refresh_token=r1\n"
		    "state[]=coco:token_origin=https://a\n");
	is_int(get(&e, "connection=dev\n", &b), RESULT_SUCCESS, "get");
	ok(strstr(buf_str(&b), "state[]=coco:token_origin=https://a") != NULL,
	    "with the states");
	is_int(get(&e, "protocol=https\nhost=a\n", &b), RESULT_NOT_FOUND,
	    "not for a request without connection");
	is_int(get(&e, "connection=dev\nrole=R\n", &b), RESULT_NOT_FOUND,
	    "nor for another role");
	ok(store(&e, ADDRESS "password=t1\n"), "git stores what it got");
	(void)get(&e, "connection=dev\n", &b);
	ok(strstr(buf_str(&b), "oauth_refresh_token=r1") != NULL,
	    "the refresh token stays");
	store(&e, ADDRESS "password=old\n");
	(void)get(&e, "connection=dev\n", &b);
	ok(strstr(buf_str(&b), "password=t1") != NULL,
	    "an old token does not replace a newer one");
	parse(ADDRESS, &c);
	ok(!entries_erase(&e, &c), "erase without a token does nothing");
	parse(ADDRESS "password=t1\n", &c);
	ok(entries_erase(&e, &c), "erase of the token");
	is_int(get(&e, "connection=dev\n", &b), RESULT_EXPIRED,
	    "makes it expired");
	ok(strstr(buf_str(&b), "oauth_refresh_token=r1") != NULL,
	    "and keeps the refresh token");
	parse("connection=dev\n", &c);
	is_int(entries_logout(&e, &c), 1, "logout removes it");
	is_int(e.len, 0, "really");
	cred_wipe(&c);
	buf_wipe(&b);
	entries_wipe(&e);
}

static void
test_text(void)
{
	struct entries e = ENTRIES_INIT;
	struct entries again = ENTRIES_INIT;
	struct buf b = BUF_INIT(65536);
	struct buf why = BUF_INIT(1024);

	store(&e, "protocol=https\nhost=e\nusername=\npassword=1\n");
	store(&e, "protocol=https\nhost=f\npassword=2\nstate[]=x\n");
	is_int(entries_format(&e, &b), 0, "format");
	is_int(entries_parse(buf_str(&b), b.len, &again, &why), 0, "parse");
	is_int(again.len, 2, "all of it");
	entries_wipe(&again);
	is_int(entries_parse("", 0, &again, &why), 0, "no text, no entries");
	is_int(entries_parse("host=e\n", 7, &again, &why), -EBADMSG,
	    "another file is refused");
	buf_clear(&why);
	buf_truncate(&b, b.len - 4);
	(void)buf_adds(&b, "nonsense\n\n");
	is_int(entries_parse(buf_str(&b), b.len, &again, &why), -EBADMSG,
	    "a broken entry is refused");
	is_str(buf_str(&why), "a line without '=' (entry 2)", "and named");
	entries_wipe(&e);
	buf_wipe(&b);
	buf_wipe(&why);
}

/* The refresh token that a get at NOW_UTC gives, "-" for none. */
static const char *
refresh_token(const struct entries *e, int64_t now_utc, struct cred *answer)
{
	struct cred request = CRED_INIT;
	const char *token;

	parse("connection=c\n", &request);
	cred_wipe(answer);
	(void)entries_get(e, &request, now_utc, answer);
	cred_wipe(&request);
	token = cred_get(answer, CRED_OAUTH_REFRESH_TOKEN);
	return token != NULL ? token : "-";
}

static void
test_refused(void)
{
	struct cred a = CRED_INIT;
	struct entries e = ENTRIES_INIT;

	store(&e,
	    "connection=c\npassword=p\npassword_expiry_utc=500\n"
	    "issued_utc=400\noauth_refresh_token=r1\n");
	store(&e,
	    "connection=c\noauth_refresh_token=r0\n"
	    "state[]=coco:refused=450\n");
	is_str(refresh_token(&e, 490, &a), "r1",
	    "another token's refusal does not touch it");
	store(&e,
	    "connection=c\noauth_refresh_token=r1\n"
	    "state[]=coco:refused=450\n");
	is_str(cred_get(&e.v[0], CRED_OAUTH_REFRESH_TOKEN), "r1",
	    "a refused token is kept");
	is_str(cred_get(&e.v[0], CRED_PASSWORD), "p", "so is the secret");
	is_str(refresh_token(&e, 490, &a), "-", "but it is not given out");
	store(&e,
	    "connection=c\npassword=q\npassword_expiry_utc=500\n"
	    "issued_utc=400\noauth_refresh_token=r2\n");
	is_str(refresh_token(&e, 490, &a), "r2", "the next one is");
	cred_wipe(&a);
	entries_wipe(&e);
}

static void
test_list(void)
{
	struct entries e = ENTRIES_INIT;
	struct buf b = BUF_INIT(65536);

	store(&e, "protocol=https\nhost=e\nusername=u\npassword=canary1\n");
	store(&e,
	    "connection=c\nrole=R\noauth_refresh_token=canary2\n"
	    "password=canary3\npassword_expiry_utc=500\nissued_utc=400\n"
	    "state[]=coco:client_id=canary4\n");
	is_int(entries_list(&e, 410, &b), 0, "list");
	is_str(buf_str(&b),
	    "\nresult=success\nsecret=yes\nrefresh_token=no\n"
	    "protocol=https\nhost=e\nusername=u\n"
	    "\nresult=success\nsecret=yes\nrefresh_token=yes\n"
	    "connection=c\nrole=R\npassword_expiry_utc=500\n"
	    "issued_utc=400\n",
	    "all but the secrets");
	buf_clear(&b);
	is_int(entries_list(&e, 490, &b), 0, "list");
	ok(strstr(buf_str(&b), "\nresult=expired\n") != NULL,
	    "what is stale is expired");
	entries_wipe(&e);
	buf_wipe(&b);
}

int
main(void)
{
	test_plain();
	test_connection();
	test_text();
	test_refused();
	test_list();
	return done_testing();
}
