/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The git credential protocol: reading, writing, matching.
 */
#include "coco.h"

#include "cred.h"
#include "mem.h"
#include "tap.h"

static int
parse(const char *text, struct cred *c)
{
	struct buf why = BUF_INIT(1024);
	int r = cred_parse(text, strlen(text), c, &why);

	ok((r == 0) == (why.len == 0), "a reason if and only if it fails");
	buf_wipe(&why);
	return r;
}

static void
test_reading(void)
{
	struct cred c = CRED_INIT;

	is_int(parse("protocol=https\r\nhost=e.com\nusername=\npassword=a=b\n"
		     "password=c=d\nnovel=1\nurl=https://x\nwwwauth[]=one\n"
		     "wwwauth[]=\nwwwauth[]=two\n\nhost=behind",
		   &c),
	    0, "parses");
	is_str(cred_get(&c, CRED_PROTOCOL), "https", "one CR is dropped");
	is_str(cred_get(&c, CRED_HOST), "e.com", "ends at the blank line");
	is_str(cred_get(&c, CRED_USERNAME), "", "empty is not absent");
	is_str(cred_get(&c, CRED_PASSWORD), "c=d", "split at the first =");
	ok(cred_get(&c, CRED_PATH) == NULL, "absent is NULL");
	is_int(c.list[CRED_WWWAUTH].len, 1, "an empty value clears a list");
	is_str(c.list[CRED_WWWAUTH].v[0], "two", "and it goes on");
	cred_wipe(&c);
	is_int(parse("host=h", &c), 0, "the last line needs no newline");
	is_str(cred_get(&c, CRED_HOST), "h", "and counts");
	cred_wipe(&c);
}

static void
test_refusals(void)
{
	static const struct {
		const char *text;
		const char *what;
	} bad[] = {
		{ "nonsense\n", "a line without =" },
		{ "=x\n", "no key" },
		{ "password=a\rb\n", "a CR within" },
		{ "password=a\r", "a CR at the end" },
		{ "host=e:99999\n", "a port too large" },
		{ "host=e:0\n", "port 0" },
		{ "host=e:\n", "an empty port" },
		{ "host=e:8x\n", "a port that is none" },
		{ "host=[::1]:x\n", "a bad port behind brackets" },
		{ "quit=maybe\n", "a boolean that is none" },
		{ "ephemeral=-1\n", "a negative boolean" },
		{ "password_expiry_utc=soon\n", "a time that is none" },
		{ "password_expiry_utc=-1\n", "a negative time" },
	};
	struct cred c = CRED_INIT;
	size_t i;

	cred_set(&c, CRED_HOST, "kept");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		is_int(parse(bad[i].text, &c), -EBADMSG, "%s", bad[i].what);
	is_str(cred_get(&c, CRED_HOST), "kept", "a refusal changes nothing");
	cred_wipe(&c);
	is_int(parse("host=[::1]\n", &c), 0, "an address without port");
	is_int(parse("host=\n", &c), 0, "an empty host");
	is_int(parse("password_expiry_utc=0\n", &c), 0, "0 is never");
	ok(cred_get(&c, CRED_PASSWORD_EXPIRY_UTC) == NULL, "so it is absent");
	is_int(parse("password_expiry_utc=99999999999999999999\n", &c), 0,
	    "overflow is never");
	is_int(cred_number(&c, CRED_PASSWORD_EXPIRY_UTC), 0, "likewise");
	is_int(parse("ephemeral=Yes\nquit=off\n", &c), 0, "git's booleans");
	ok(cred_flag(&c, CRED_EPHEMERAL), "yes is true");
	ok(!cred_flag(&c, CRED_QUIT), "off is false");
	cred_wipe(&c);
}

static void
test_limits(void)
{
	struct buf b = BUF_INIT(2 * CRED_MAX_MESSAGE);
	struct buf why = BUF_INIT(1024);
	struct cred c = CRED_INIT;
	int i;

	(void)buf_adds(&b, "password=");
	while (b.len < CRED_MAX_LINE - 1)
		(void)buf_addc(&b, 'x');
	(void)buf_addc(&b, '\n');
	is_int(b.len, CRED_MAX_LINE, "a line of 65535 bytes");
	is_int(cred_parse(b.data, b.len, &c, &why), 0, "is read");
	buf_clear(&why);
	buf_truncate(&b, b.len - 1);
	(void)buf_adds(&b, "x\n");
	is_int(cred_parse(b.data, b.len, &c, &why), -EMSGSIZE,
	    "one more is refused");
	buf_clear(&b);
	(void)buf_add(&b, "host=a\0.evil\n", 13);
	is_int(cred_parse(b.data, b.len, &c, &why), -EBADMSG,
	    "a NUL is refused");
	buf_clear(&b);
	for (i = 0; i <= CRED_MAX_LIST; i++)
		(void)buf_adds(&b, "state[]=x\n");
	is_int(cred_parse(b.data, b.len, &c, &why), -EMSGSIZE,
	    "too many list values");
	ok(cred_is_complete("a=b\n\n", 5), "complete at a blank line");
	ok(cred_is_complete("a=b\r\n\r\n", 7), "with CRLF too");
	ok(!cred_is_complete("a=b\n", 4), "not before");
	cred_wipe(&c);
	buf_wipe(&why);
	buf_wipe(&b);
}

static void
test_writing(void)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	struct cred c = CRED_INIT;

	cred_add(&c, CRED_CAPABILITY, "authtype");
	cred_set(&c, CRED_CREDENTIAL, "t");
	cred_set(&c, CRED_AUTHTYPE, "Bearer");
	cred_add(&c, CRED_STATE, "coco:a=1");
	cred_set_state(&c, "a", "2");
	is_int(cred_format(&c, &b), 0, "formats");
	is_str(buf_str(&b),
	    "capability[]=authtype\nauthtype=Bearer\n"
	    "credential=t\nstate[]=coco:a=2\n",
	    "capabilities first");
	cred_set(&c, CRED_PATH, "x\ny");
	is_int(cred_format(&c, &b), -EBADMSG, "a newline is never written");
	is_int(b.len,
	    strlen("capability[]=authtype\nauthtype=Bearer\n"
		   "credential=t\nstate[]=coco:a=2\n"),
	    "nor anything else then");
	cred_add(&c, CRED_STATE, "other:b");
	cred_drop_our_states(&c);
	is_int(c.list[CRED_STATE].len, 1, "our states can be dropped");
	ok(cred_state(&c, "a") == NULL, "they are gone");
	cred_wipe(&c);
	buf_wipe(&b);
}

static bool
matches(const char *request, const char *entry)
{
	struct cred a = CRED_INIT;
	struct cred b = CRED_INIT;
	bool m;

	(void)parse(request, &a);
	(void)parse(entry, &b);
	m = cred_matches(&a, &b);
	cred_wipe(&a);
	cred_wipe(&b);
	return m;
}

static void
test_matching(void)
{
	const char *entry = "protocol=https\nhost=e:8443\npath=p\nusername=u\n";
	const char *ours = "protocol=https\nhost=e\nconnection=dev\nrole=r\n";

	ok(matches("protocol=https\nhost=e:8443\n", entry), "lacks path");
	ok(matches(entry, entry), "equal");
	ok(!matches("protocol=https\nhost=e\n", entry), "the port counts");
	ok(!matches("protocol=https\nhost=E:8443\n", entry), "so does case");
	ok(!matches("protocol=https\nhost=e:8443\nusername=\n", entry),
	    "an empty user is a user");
	ok(!matches("protocol=https\nhost=e:8443\npath=pp\n", entry),
	    "paths are whole");
	ok(!matches("protocol=https\nhost=e\n", ours), "a connection hides");
	ok(!matches("connection=dev\n", ours), "so does a role");
	ok(matches("connection=dev\nrole=r\n", ours), "both named: found");
	ok(!matches("protocol=https\nhost=e:8443\nconnection=dev\n", entry),
	    "a connection finds its own only");
}

int
main(void)
{
	test_reading();
	test_refusals();
	test_limits();
	test_writing();
	test_matching();
	return done_testing();
}
