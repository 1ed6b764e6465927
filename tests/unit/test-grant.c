/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a grant may say, its state file in each version, which connection, host
 * and role is whose, and the capability. */
#include "coco.h"

#include <limits.h>

#include "grant.h"
#include "io.h"
#include "tap.h"

#define NOW 1764400000

#define S(text) text, sizeof(text) - 1
#define HEX32   "00112233445566778899aabbccddeeff"
#define HEX64   HEX32 HEX32
#define NAME50  "12345678901234567890123456789012345678901234567890"
#define NAME250 NAME50 NAME50 NAME50 NAME50 NAME50
#define DEV     "\"connections\":[{\"name\":\"dev\"}]"

static struct buf why = BUF_INIT(GRANT_MAX_WHY);

/* Parse TEXT, a request that must be good. */
static struct grant
request(const char *text)
{
	struct grant g = GRANT_INIT;

	is_int(grant_parse_request(text, strlen(text), NOW, &g, &why), 0,
	    "a request");
	is_str(buf_str(&why), "", "without a word");
	buf_clear(&why);
	return g;
}

static void
test_smallest(void)
{
	struct grant g = request("{" DEV "}");

	is_int((intmax_t)g.connection_count, 1, "a connection");
	is_str(g.connections[0].name, "dev", "its name");
	is_int((intmax_t)g.connections[0].roles.len, 0, "no role");
	is_str(g.connections[0].protocol, NULL, "nothing else is known");
	is_int((intmax_t)g.host_count, 0, "no host");
	ok(g.listen.len == 1 && strcmp(g.listen.v[0], "unix") == 0,
	    "it listens on unix");
	ok(grant_listens_on_unix(&g) && !grant_listens_on_tcp(&g),
	    "and on nothing else");
	is_int((intmax_t)g.subnets.len, 0, "no subnet");
	is_int(g.created_utc, NOW, "from now");
	is_int(g.expires_utc, NOW + 8 * 3600, "for eight hours");
	ok(!g.paused && !g.expose && !g.allow_unauthenticated && !g.token_file,
	    "no flag");
	ok(g.owner_uid == -1 && g.owner_gid == -1 && g.container[0] == '\0',
	    "nobody's");
	is_str(g.id, "", "no id");
	grant_clear(&g);
	grant_clear(NULL);
}

static void
test_largest(void)
{
	struct grant g = request(
	    "{\"connections\":[{\"name\":\"dev\",\"roles\":[\"A\",\"b c\"],"
	    "\"protocol\":\"https\",\"host\":\"h.example\","
	    "\"username\":\"\xc3\xa4\"},{\"name\":\"prod\"}],"
	    "\"hosts\":[{\"host\":\"Git.Example.ORG:443\",\"stack\":\"git\"},"
	    "{\"host\":\"git.example.org:8443\",\"stack\":\"g-2\"}],"
	    "\"ttl\":60,\"listen\":[\"10.88.0.1:0\",\"unix\"],"
	    "\"subnets\":[\"10.88.0.0/16\"],\"owner_uid\":0,"
	    "\"owner_gid\":4294967294,\"token_file\":true,\"expose\":true,"
	    "\"allow_unauthenticated\":true}");

	is_int(g.expires_utc, NOW + 60, "a minute");
	is_str(g.connections[0].roles.v[1], "b c", "a role");
	is_str(g.connections[0].protocol, "https", "a protocol");
	is_str(g.connections[0].host, "h.example", "a host");
	is_str(g.connections[0].username, "\xc3\xa4", "a user");
	is_str(g.hosts[0].host, "git.example.org", "folded");
	is_str(g.hosts[1].host, "git.example.org:8443", "with a port");
	is_str(g.hosts[1].stack, "g-2", "a stack");
	ok(g.owner_uid == 0 && g.owner_gid == 4294967294, "an owner");
	ok(g.token_file && g.expose && g.allow_unauthenticated, "flags");
	ok(grant_listens_on_unix(&g) && grant_listens_on_tcp(&g), "both");
	grant_set_listen(&g, 0, "10.88.0.1:4711");
	is_str(g.listen.v[0], "10.88.0.1:4711", "its port");
	grant_clear(&g);
	g = request("{" DEV ",\"ttl\":31622400,\"listen\":[\"unix\"],"
		    "\"container\":\"" HEX64 "\"}");
	is_str(g.container, HEX64, "a container");
	grant_clear(&g);
}

/* Who may connect where nothing says it. */
static void
test_subnets(void)
{
	struct grant g;

	g = request("{" DEV ",\"listen\":[\"127.0.0.1:0\",\"127.1.2.3:80\"]}");
	ok(g.subnets.len == 1 && strcmp(g.subnets.v[0], "127.0.0.0/8") == 0,
	    "this machine");
	ok(!grant_listens_on_unix(&g) && grant_listens_on_tcp(&g), "TCP");
	grant_clear(&g);
	g = request("{" DEV ",\"listen\":[\"[::1]:0\",\"127.0.0.1:0\"]}");
	ok(g.subnets.len == 2 && strcmp(g.subnets.v[0], "::1/128") == 0,
	    "both kinds");
	grant_clear(&g);
	g = request("{" DEV ",\"listen\":[\"127.0.0.1:0\"],"
		    "\"subnets\":[\"127.0.0.2/32\"]}");
	ok(g.subnets.len == 1 && strcmp(g.subnets.v[0], "127.0.0.2/32") == 0,
	    "what is said counts");
	grant_clear(&g);
}

static const struct {
	const char *text;
	const char *why;
} bad[] = {
#define NAME_FAULT \
	" must be a string of 1 to 255 bytes without control characters"
#define NAMES_FAULT(max) \
	" must be an array of at most " max " names, all different"
#define TTL_FAULT    "\"ttl\" must be an integer from 60 to 31622400"
#define LISTEN_FAULT "\"listen\" must have \"unix\" or ADDRESS:PORT"
#define OUTSIDE_FAULT                                                       \
	"\"subnets\" must say who may connect to an address that is not a " \
	"loopback address"
#define SUBNET_FAULT "\"subnets\" must have subnets like \"10.88.0.0/16\""
#define CONTAINER_FAULT \
	"\"container\" must be a container's full id, 64 hex digits"
	{ "", "no JSON object: line 1, column 0" },
	{ "[]", "no JSON object" },
	{ "{}", "\"connections\" or \"hosts\" must have something" },
	{ "{\"connections\":[],\"hosts\":[]}",
	    "\"connections\" or \"hosts\" must have something" },
	{ "{" DEV ",\"ttl\":60,\"ttl\":60}", "member \"ttl\" is there twice" },
	{ "{" DEV ",\"Ttl\":60}", "unknown member \"Ttl\"" },
	{ "{" DEV ",\"a\\u001b[\":60}", "unknown member \"a\\x1b[\"" },
	{ "{" DEV ",\"id\":\"0123456789abcdef\"}", "unknown member \"id\"" },
	{ "{" DEV ",\"paused\":true}", "unknown member \"paused\"" },
	{ "{" DEV ",\"ttl\":null}", TTL_FAULT },
	{ "{" DEV ",\"ttl\":\"8h\"}", TTL_FAULT },
	{ "{" DEV ",\"ttl\":3600.0}", TTL_FAULT },
	{ "{" DEV ",\"ttl\":59}", TTL_FAULT },
	{ "{" DEV ",\"ttl\":31622401}", TTL_FAULT },
	{ "{" DEV ",\"ttl\":-9223372036854775808}", TTL_FAULT },
	{ "{" DEV ",\"expose\":1}", "\"expose\" must be true or false" },
	{ "{" DEV ",\"expose\":null}", "\"expose\" must be true or false" },
	{ "{" DEV ",\"token_file\":\"true\"}",
	    "\"token_file\" must be true or false" },
	{ "{" DEV ",\"allow_unauthenticated\":0}",
	    "\"allow_unauthenticated\" must be true or false" },
	{ "{\"connections\":{}}",
	    "\"connections\" must be an array of at most 64 objects" },
	{ "{\"connections\":null}",
	    "\"connections\" must be an array of at most 64 objects" },
	{ "{\"connections\":[\"dev\"]}",
	    "\"connections\" must be an array of at most 64 objects" },
	{ "{\"connections\":[{\"name\":\"a\"},{}]}",
	    "\"connections[1].name\" is missing" },
	{ "{\"connections\":[{\"name\":\"a\"},{\"name\":\"a\"}]}",
	    "\"connections[1].name\" is there twice" },
	{ "{\"connections\":[{\"name\":\"\"}]}",
	    "\"connections[0].name\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\\nb\"}]}",
	    "\"connections[0].name\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\\u007f\"}]}",
	    "\"connections[0].name\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\\u0085\"}]}",
	    "\"connections[0].name\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"" NAME250 "123456\"}]}",
	    "\"connections[0].name\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\",\"host\":1}]}",
	    "\"connections[0].host\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\",\"protocol\":[]}]}",
	    "\"connections[0].protocol\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\",\"username\":null}]}",
	    "\"connections[0].username\"" NAME_FAULT },
	{ "{\"connections\":[{\"name\":\"a\",\"role\":\"A\"}]}",
	    "unknown member \"connections[0].role\"" },
	{ "{\"connections\":[{\"name\":\"a\",\"roles\":\"A\"}]}",
	    "\"connections[0].roles\"" NAMES_FAULT("64") },
	{ "{\"connections\":[{\"name\":\"a\",\"roles\":[\"A\",1]}]}",
	    "\"connections[0].roles\"" NAMES_FAULT("64") },
	{ "{\"connections\":[{\"name\":\"a\",\"roles\":[\"A\",\"A\"]}]}",
	    "\"connections[0].roles\"" NAMES_FAULT("64") },
	{ "{\"connections\":[{\"name\":\"a\",\"roles\":[\"\"]}]}",
	    "\"connections[0].roles\"" NAMES_FAULT("64") },
	{ "{\"hosts\":[{\"host\":\"h\"}]}",
	    "\"hosts[0].stack\" must be the name of a stack: letters, "
	    "digits, \"-\" and \"_\"" },
	{ "{\"hosts\":[{\"host\":\"h\",\"stack\":\"../x\"}]}",
	    "\"hosts[0].stack\" must be the name of a stack: letters, "
	    "digits, \"-\" and \"_\"" },
	{ "{\"hosts\":[{\"stack\":\"s\"}]}",
	    "\"hosts[0].host\" must be a host, with a port where that is not "
	    "443" },
	{ "{\"hosts\":[{\"host\":\"a/b\",\"stack\":\"s\"}]}",
	    "\"hosts[0].host\" must be a host, with a port where that is not "
	    "443" },
	{ "{\"hosts\":[{\"host\":\"h\",\"stack\":\"s\"},"
	  "{\"host\":\"H:443\",\"stack\":\"t\"}]}",
	    "\"hosts[1].host\" is there twice" },
	{ "{\"hosts\":[{\"host\":\"h\",\"stack\":\"s\",\"x\":1}]}",
	    "unknown member \"hosts[0].x\"" },
	{ "{" DEV ",\"listen\":\"unix\"}", "\"listen\"" NAMES_FAULT("16") },
	{ "{" DEV ",\"listen\":[]}", "\"listen\" must not be empty" },
	{ "{" DEV ",\"listen\":[\"unix\",\"unix\"]}",
	    "\"listen\"" NAMES_FAULT("16") },
	{ "{" DEV ",\"listen\":[\"Unix\"]}", LISTEN_FAULT },
	{ "{" DEV ",\"listen\":[\"127.0.0.1\"]}", LISTEN_FAULT },
	{ "{" DEV ",\"listen\":[\"localhost:0\"]}", LISTEN_FAULT },
	{ "{" DEV ",\"listen\":[\"127.0.0.1:65536\"]}", LISTEN_FAULT },
	{ "{" DEV ",\"listen\":[\"10.88.0.1:0\"]}", OUTSIDE_FAULT },
	{ "{" DEV ",\"listen\":[\"0.0.0.0:0\"]}", OUTSIDE_FAULT },
	{ "{" DEV ",\"listen\":[\"[::]:0\"]}", OUTSIDE_FAULT },
	{ "{" DEV ",\"listen\":[\"127.0.0.1:0\",\"10.88.0.1:0\"]}",
	    OUTSIDE_FAULT },
	{ "{" DEV ",\"subnets\":[\"10.88.0.1/16\"]}", SUBNET_FAULT },
	{ "{" DEV ",\"subnets\":[\"unix\"]}", SUBNET_FAULT },
	{ "{" DEV ",\"container\":\"" HEX32 "\"}", CONTAINER_FAULT },
	{ "{" DEV ",\"container\":\"" HEX64 "0\"}", CONTAINER_FAULT },
	{ "{" DEV ",\"container\":\"" HEX32
	  "00112233445566778899AABBCCDDEEFF\"}",
	    CONTAINER_FAULT },
	{ "{" DEV ",\"container\":null}", CONTAINER_FAULT },
	{ "{" DEV ",\"container\":\"" HEX64
	  "\",\"listen\":[\"unix\",\"127.0.0.1:0\"]}",
	    "\"container\" can be enforced on unix sockets only" },
	{ "{" DEV ",\"owner_uid\":-1}",
	    "\"owner_uid\" must be an integer from 0 to 4294967294" },
	{ "{" DEV ",\"owner_uid\":4294967295}",
	    "\"owner_uid\" must be an integer from 0 to 4294967294" },
	{ "{" DEV ",\"owner_gid\":1}",
	    "\"owner_gid\" needs \"owner_uid\" beside it" },
};

static void
test_bad(void)
{
	struct grant g = GRANT_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		is_int(grant_parse_request(bad[i].text, strlen(bad[i].text),
			   NOW, &g, &why),
		    -EBADMSG, "refused: row %zu", i);
		is_str(buf_str(&why), bad[i].why, "why");
		buf_clear(&why);
	}
	is_int(grant_parse_request("{\"\0\":1}", 7, NOW, &g, &why), -EBADMSG,
	    "a NUL");
	buf_clear(&why);
	ok(g.connections == NULL && g.owner_uid == -1, "nothing was given");
}

/* Append COUNT elements of the form FORMAT, which takes a number. */
static void
add_many(struct buf *b, size_t count, const char *before, const char *after)
{
	size_t i;

	for (i = 0; i < count; i++)
		(void)buf_addf(b, "%s%s%zu%s", i == 0 ? "" : ",", before, i,
		    after);
}

/* Whether a list of COUNT elements in TEXT's place is good. */
static void
try_many(const char *start, size_t max, const char *before, const char *after,
    const char *end)
{
	struct buf text = BUF_INIT(GRANT_MAX_REQUEST);
	struct grant g = GRANT_INIT;

	(void)buf_adds(&text, start);
	add_many(&text, max, before, after);
	(void)buf_adds(&text, end);
	is_int(grant_parse_request(text.data, text.len, NOW, &g, &why), 0,
	    "%zu of %s", max, start);
	is_str(buf_str(&why), "", "why");
	grant_clear(&g);
	buf_clear(&text);
	(void)buf_adds(&text, start);
	add_many(&text, max + 1, before, after);
	(void)buf_adds(&text, end);
	is_int(grant_parse_request(text.data, text.len, NOW, &g, &why),
	    -EBADMSG, "one more");
	buf_clear(&why);
	buf_wipe(&text);
}

static void
test_limits(void)
{
	char *text = calloc(1, GRANT_MAX_REQUEST + 1);
	struct grant g = GRANT_INIT;

	try_many("{\"connections\":[", GRANT_MAX_CONNECTIONS, "{\"name\":\"c",
	    "\"}", "]}");
	try_many("{\"connections\":[{\"name\":\"c\",\"roles\":[",
	    GRANT_MAX_ROLES, "\"r", "\"", "]}]}");
	try_many("{\"hosts\":[", GRANT_MAX_HOSTS, "{\"host\":\"h",
	    "\",\"stack\":\"s\"}", "]}");
	try_many("{" DEV ",\"listen\":[", GRANT_MAX_LISTEN,
	    "\"127.0.0.1:", "\"", "]}");
	try_many("{" DEV ",\"subnets\":[", GRANT_MAX_SUBNETS, "\"10.0.0.", "\"",
	    "]}");
	memset(text, ' ', GRANT_MAX_REQUEST + 1);
	memcpy(text, S("{" DEV "}"));
	is_int(grant_parse_request(text, GRANT_MAX_REQUEST, NOW, &g, &why), 0,
	    "the longest request");
	grant_clear(&g);
	is_int(grant_parse_request(text, GRANT_MAX_REQUEST + 1, NOW, &g, &why),
	    -EMSGSIZE, "a longer one");
	is_str(buf_str(&why), "longer than 49152 bytes", "why");
	buf_clear(&why);
	free(text);
}

/* --- state files ---------------------------------------------------------- */

static void
read_sample(const char *name, struct buf *text)
{
	struct buf path = BUF_INIT(PATH_MAX);
	const char *dir = getenv("srcdir");

	(void)buf_addf(&path, "%s/tests/data/grants/%s",
	    dir != NULL ? dir : ".", name);
	if (io_read_file(buf_str(&path), text) != 0)
		bail("no sample");
	buf_wipe(&path);
}

/* Each sample is what this version writes, and is nothing when it was cut. */
static void
test_samples(void)
{
	static const char *const names[] = { "v1-small.json", "v1-full.json",
		"v1-container.json" };
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	struct buf again = BUF_INIT(GRANT_MAX_STATE);
	struct grant g = GRANT_INIT;
	size_t whole;
	size_t len;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		read_sample(names[i], &text);
		is_int(grant_parse_state(text.data, text.len, &g, &why), 0,
		    "%s", names[i]);
		is_str(buf_str(&why), "", "why");
		is_int(grant_format_state(&g, &again), 0, "written");
		is_str(buf_str(&again), buf_str(&text), "the same");
		grant_clear(&g);
		whole = 0;
		for (len = 0; len < text.len; len++) {
			whole += grant_parse_state(text.data, len, &g, &why) !=
			    -EBADMSG;
			buf_clear(&why);
		}
		is_int((intmax_t)whole, 0, "nothing when it was cut");
		buf_clear(&text);
		buf_clear(&again);
	}
	buf_wipe(&text);
	buf_wipe(&again);
}

static void
test_state(void)
{
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	struct grant g = GRANT_INIT;

	read_sample("v1-full.json", &text);
	is_int(grant_parse_state(text.data, text.len, &g, &why), 0, "read");
	is_str(g.id, "fedcba9876543210", "an id");
	ok(g.hash[0] == 0 && g.hash[1] == 0x11 && g.hash[31] == 0xff, "a hash");
	is_int(g.expires_utc, 1764428800, "an end");
	ok(g.paused && g.expose && g.token_file && g.allow_unauthenticated,
	    "flags");
	ok(g.owner_uid == 1000 && g.owner_gid == 1001, "an owner");
	is_str(g.connections[0].roles.v[1], "\"odd \\ role\"", "a role");
	is_str(g.connections[1].username, NULL, "no user");
	is_str(g.hosts[1].host, "[fd00::1]:8443", "a host");
	is_int((intmax_t)g.listen.len, 3, "listeners");
	grant_clear(&g);
	buf_wipe(&text);
}

static void
test_bad_state(void)
{
#define STATE(version, id, times, hash)                             \
	"{\"version\":" version ",\"id\":\"" id "\"," times "," DEV \
	",\"capability_sha256\":\"" hash "\"}\n"
#define ID    "0123456789abcdef"
#define TIMES "\"created_utc\":1,\"expires_utc\":2"
	static const struct {
		const char *text;
		int r;
		const char *why;
	} rows[] = {
		{ STATE("1", ID, TIMES, HEX64), 0, "" },
		{ STATE("2", ID, TIMES, HEX64), -EPROTONOSUPPORT,
		    "version 2, and this program reads up to version 1" },
		{ "{\"version\":2,\"new\":[]}\n", -EPROTONOSUPPORT,
		    "version 2, and this program reads up to version 1" },
		{ STATE("0", ID, TIMES, HEX64), -EBADMSG,
		    "\"version\" must be an integer above 0" },
		{ STATE("\"1\"", ID, TIMES, HEX64), -EBADMSG,
		    "\"version\" must be an integer above 0" },
		{ "{" DEV "}\n", -EBADMSG,
		    "\"version\" must be an integer above 0" },
		{ STATE("1", "0123456789ABCDEF", TIMES, HEX64), -EBADMSG,
		    "\"id\" must be 16 hex digits" },
		{ STATE("1", "../../../../../x", TIMES, HEX64), -EBADMSG,
		    "\"id\" must be 16 hex digits" },
		{ STATE("1", ID, TIMES, HEX32), -EBADMSG,
		    "\"capability_sha256\" must be 64 hex digits" },
		{ STATE("1", ID, "\"expires_utc\":2", HEX64), -EBADMSG,
		    "\"created_utc\" is missing" },
		{ STATE("1", ID, "\"created_utc\":1", HEX64), -EBADMSG,
		    "\"expires_utc\" is missing" },
		{ STATE("1", ID, TIMES ",\"ttl\":60", HEX64), -EBADMSG,
		    "unknown member \"ttl\"" },
		{ STATE("1", ID, TIMES ",\"paused\":0", HEX64), -EBADMSG,
		    "\"paused\" must be true or false" },
		{ STATE("1", ID, TIMES ",\"listen\":[\"10.0.0.1:1\"]", HEX64),
		    -EBADMSG, OUTSIDE_FAULT },
		{ "{}", -EBADMSG, "cut short" },
		{ "{\n", -EBADMSG, "no JSON object: line 2, column 0" },
	};
	struct grant g = GRANT_INIT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		is_int(grant_parse_state(rows[i].text, strlen(rows[i].text), &g,
			   &why),
		    rows[i].r, "state: row %zu", i);
		is_str(buf_str(&why), rows[i].why, "why");
		buf_clear(&why);
		grant_clear(&g);
	}
}

/* --- changes, lists ------------------------------------------------------- */

static int
update(struct grant *g, const char *text)
{
	struct grant_changes c = GRANT_CHANGES_INIT;
	int r;

	buf_clear(&why);
	r = grant_parse_update(text, strlen(text), &c, &why);
	if (r == 0)
		r = grant_apply_update(g, &c, NOW + 100, &why);
	grant_changes_clear(&c);
	return r;
}

static void
test_update(void)
{
	struct grant
	    g = request("{\"connections\":[{\"name\":\"a\",\"roles\":[\"X\"]},"
			"{\"name\":\"b\"}]}");

	is_int(update(&g, "{}"), 0, "nothing");
	ok(g.expires_utc == NOW + 8 * 3600 && !g.paused &&
		g.connections[0].roles.len == 1,
	    "changes nothing");
	is_int(update(&g, "{\"paused\":true}"), 0, "paused");
	ok(g.paused && g.connections[0].roles.len == 1, "that alone");
	is_int(update(&g, "{\"ttl\":60,\"roles\":[\"Y\",\"Z\"]}"), 0, "more");
	is_int(g.expires_utc, NOW + 160, "from then on");
	is_str(g.connections[0].roles.v[0], "Y", "other roles");
	is_str(g.connections[1].roles.v[1], "Z", "of each connection");
	ok(g.paused, "still paused");
	is_int(update(&g, "{\"roles\":[],\"paused\":false}"), 0, "none");
	ok(g.connections[0].roles.len == 0 && g.connections[1].roles.len == 0 &&
		!g.paused,
	    "the default role again");
	is_int(update(&g, "{\"ttl\":1}"), -EBADMSG, "too short");
	is_str(buf_str(&why), TTL_FAULT, "why");
	is_int(update(&g, "{\"paused\":1}"), -EBADMSG, "no flag");
	is_int(update(&g, "{\"roles\":[1]}"), -EBADMSG, "no role");
	is_int(update(&g, "{\"roles\":null}"), -EBADMSG, "null");
	is_int(update(&g, "{\"expose\":true}"), -EBADMSG, "not to be changed");
	is_str(buf_str(&why), "unknown member \"expose\"", "why");
	is_int(update(&g, ""), -EBADMSG, "no JSON");
	is_int(g.expires_utc, NOW + 160, "all that changed nothing");
	buf_clear(&why);
	grant_clear(&g);
	g = request("{\"hosts\":[{\"host\":\"h\",\"stack\":\"s\"}]}");
	is_int(update(&g, "{\"roles\":[\"A\"]}"), -EBADMSG, "no connection");
	is_str(buf_str(&why), "\"roles\" need a connection", "why");
	buf_clear(&why);
	grant_clear(&g);
}

/* What would not fit into a file is not taken in part. */
static void
test_update_limit(void)
{
	struct buf text = BUF_INIT(GRANT_MAX_REQUEST);
	struct grant g = GRANT_INIT;

	(void)buf_adds(&text, "{\"connections\":[");
	add_many(&text, GRANT_MAX_CONNECTIONS, "{\"name\":\"c",
	    "\",\"roles\":[\"old\"]}");
	(void)buf_adds(&text, "]}");
	is_int(grant_parse_request(text.data, text.len, NOW, &g, &why), 0,
	    "many connections");
	buf_clear(&text);
	(void)buf_adds(&text, "{\"ttl\":60,\"roles\":[");
	add_many(&text, GRANT_MAX_ROLES, "\"" NAME50, "\"");
	(void)buf_adds(&text, "]}");
	is_int(update(&g, buf_str(&text)), -EMSGSIZE, "many roles");
	is_str(buf_str(&why),
	    "\"roles\" are too many for this many connections", "why");
	ok(g.expires_utc == NOW + 8 * 3600 &&
		g.connections[63].roles.len == 1 &&
		strcmp(g.connections[63].roles.v[0], "old") == 0,
	    "nothing was changed");
	buf_clear(&why);
	buf_wipe(&text);
	grant_clear(&g);
}

static void
test_describe(void)
{
	struct buf text = BUF_INIT(GRANT_MAX_DESCRIPTION);
	struct grant_live live = { "/run/x", "/run/x/tokend.sock", NULL, true,
		7 };
	struct grant
	    g = request("{\"connections\":[{\"name\":\"a\",\"roles\":[\"X\"],"
			"\"host\":\"h\"}],\"ttl\":60,\"owner_uid\":5}");

	memcpy(g.id, S("0123456789abcdef"));
	is_int(grant_describe(&g, NOW + 1, &live, &text), 0, "described");
#define ABOUT                                                             \
	"{\"id\":\"0123456789abcdef\",\"created_utc\":1764400000,"        \
	"\"expires_utc\":1764400060,\"paused\":false,\"connections\":[{"  \
	"\"name\":\"a\",\"roles\":[\"X\"],\"host\":\"h\"}],\"hosts\":[]," \
	"\"listen\":[\"unix\"],\"subnets\":[],\"owner_uid\":5,"           \
	"\"token_file\":false,\"expose\":false,"                          \
	"\"allow_unauthenticated\":false,"
	is_str(buf_str(&text),
	    ABOUT "\"expires_in\":59,\"directory\":\"/run/x\","
		  "\"socket\":\"/run/x/tokend.sock\",\"listening\":true,"
		  "\"uses\":7}",
	    "without a hash");
	buf_clear(&text);
	live = (struct grant_live){ .capability = "c" };
	is_int(grant_describe(&g, NOW + 61, &live, &text), 0, "again");
	is_str(buf_str(&text),
	    ABOUT "\"expires_in\":0,\"listening\":false,\"uses\":0,"
		  "\"capability\":\"c\"}",
	    "when it is over");
	buf_clear(&text);
	is_int(grant_describe_inside(&g, NOW, &text), 0, "inside");
	is_str(buf_str(&text),
	    "{\"id\":\"0123456789abcdef\",\"connections\":[{\"name\":\"a\","
	    "\"roles\":[\"X\"]}],\"hosts\":[],\"expires_in\":60,"
	    "\"expose\":false}",
	    "less");
	buf_wipe(&text);
	text.max = 20;
	is_int(grant_describe_inside(&g, NOW, &text), -EMSGSIZE, "no room");
	is_int((intmax_t)text.len, 0, "all or nothing");
	buf_wipe(&text);
	grant_clear(&g);
}

/* --- questions ------------------------------------------------------------ */

static void
test_find(void)
{
	struct grant g = request(
	    "{\"connections\":[{\"name\":\"a\",\"roles\":[\"X\",\"y\"]},"
	    "{\"name\":\"b\"}],\"hosts\":[{\"host\":\"h\",\"stack\":\"s\"},"
	    "{\"host\":\"h:8443\",\"stack\":\"t\"}]}");
	const char *role = "untouched";

	ok(grant_find_connection(&g, NULL) == &g.connections[0], "the first");
	ok(grant_find_connection(&g, "b") == &g.connections[1], "the second");
	ok(grant_find_connection(&g, "B") == NULL, "another");
	ok(grant_find_connection(&g, "") == NULL, "nameless");
	ok(grant_find_host(&g, "https", "H:443") == &g.hosts[0], "a host");
	ok(grant_find_host(&g, "https", "h:8443") == &g.hosts[1], "another");
	ok(grant_find_host(&g, "https", "h:80") == NULL, "another port");
	ok(grant_find_host(&g, "http", "h") == NULL, "not by http");
	ok(grant_find_host(&g, "https", "hh") == NULL, "not granted");
	ok(grant_find_host(&g, "https", ":443") == NULL, "no name");
	is_int(grant_pick_role(&g.connections[0], "Y", &role), -EACCES,
	    "not granted");
	is_int(grant_pick_role(&g.connections[1], "X", &role), -EACCES,
	    "no role is");
	is_int(grant_pick_role(&g.connections[1], "", &role), -EACCES,
	    "not even an empty one");
	is_str(role, "untouched", "untouched");
	is_int(grant_pick_role(&g.connections[0], "y", &role), 0, "granted");
	ok(role == g.connections[0].roles.v[1], "ours");
	is_int(grant_pick_role(&g.connections[0], NULL, &role), 0, "default");
	is_str(role, "X", "the first");
	is_int(grant_pick_role(&g.connections[1], NULL, &role), 0, "nothing");
	is_str(role, NULL, "no role is named");
	grant_clear(&g);
	g = request("{\"hosts\":[{\"host\":\"h\",\"stack\":\"s\"}]}");
	ok(grant_find_connection(&g, NULL) == NULL, "there is none");
	grant_clear(&g);
}

static void
test_capability(void)
{
	struct buf a = BUF_INIT(GRANT_CAPABILITY_SIZE);
	struct buf b = BUF_INIT(GRANT_CAPABILITY_SIZE);
	struct grant g = GRANT_INIT;
	struct grant h = GRANT_INIT;
	size_t taken = 0;
	size_t i;

	is_int(grant_new_capability(&g, &a), 0, "a capability");
	is_int((intmax_t)a.len, GRANT_CAPABILITY_SIZE, "65 bytes");
	ok(strncmp(a.data, "coco_", 5) == 0 && a.data[21] == '_', "its form");
	ok(strncmp(a.data + 5, g.id, 16) == 0, "it has the id");
	ok(grant_is_id(g.id, strlen(g.id)), "which is one");
	is_int((intmax_t)strspn(a.data + 22,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789-_"),
	    43, "base64url");
	is_int(grant_new_capability(&h, &b), 0, "another");
	ok(strcmp(g.id, h.id) != 0 && !buf_equals(&a, buf_str(&b)), "differs");
	ok(grant_has_capability(&g, a.data, a.len), "it is g's");
	ok(!grant_has_capability(&h, a.data, a.len), "and not h's");
	ok(!grant_has_capability(&g, a.data, a.len - 1), "cut");
	ok(!grant_has_capability(&g, "", 0), "nothing");
	for (i = 0; i < a.len; i++) {
		a.data[i] ^= 1;
		taken += grant_has_capability(&g, a.data, a.len) ? 1 : 0;
		a.data[i] ^= 1;
	}
	is_int((intmax_t)taken, 0, "each bit counts");
	is_int(grant_new_capability(&h, &b), -EMSGSIZE, "no room");
	ok(grant_has_capability(&h, b.data, b.len), "the old one holds");
	buf_wipe(&a);
	buf_wipe(&b);
}

static void
test_small(void)
{
	struct grant g = GRANT_INIT;

	g.expires_utc = NOW;
	ok(!grant_is_over(&g, NOW - 1), "not yet");
	ok(grant_is_over(&g, NOW), "now");
	ok(grant_is_id("0123456789abcdefX", 16), "16 bytes");
	ok(!grant_is_id("0123456789abcdefX", 17), "17");
	ok(!grant_is_id("0123456789abcde", 15), "15");
	ok(!grant_is_id("0123456789abcde\0", 16), "a NUL");
	ok(!grant_is_id("0123456789abcdeg", 16), "a g");
	ok(!grant_is_id("0123456789abcdeF", 16), "upper case");
}

int
main(void)
{
	test_smallest();
	test_largest();
	test_subnets();
	test_bad();
	test_limits();
	test_samples();
	test_state();
	test_bad_state();
	test_update();
	test_update_limit();
	test_describe();
	test_find();
	test_capability();
	test_small();
	buf_wipe(&why);
	return done_testing();
}
