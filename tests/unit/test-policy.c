/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a policy file says and forbids, and that no typo can weaken it. */
#include "coco.h"

#include <limits.h>
#include <stdlib.h>

#include "io.h"
#include "policy.h"
#include "tap.h"

#define S(text) text, sizeof(text) - 1

/* Parse TEXT, which must be good. */
static struct policy
parse(const char *text)
{
	struct policy p = POLICY_INIT;
	struct buf why = BUF_INIT(POLICY_MAX_WHY);

	is_int(policy_parse(text, strlen(text), &p, &why), 0, "a policy");
	is_str(buf_str(&why), "", "without a word");
	buf_wipe(&why);
	return p;
}

static void
test_values(void)
{
	struct policy p;

	p = parse("");
	ok(!p.limited && p.commands && p.strength == POLICY_PLAIN &&
		p.audit == POLICY_AUDIT_ON,
	    "an empty file forbids nothing");
	ok(p.grants.max_ttl == 0 && p.grants.expose && p.grants.tcp &&
		p.grants.unauthenticated && p.grants.max == -1 &&
		!p.grants.limited,
	    "nor any grant");
	policy_clear(&p);
	p = parse("[grants]\nmax_ttl = 3600\nexpose = false\ntcp = false\n"
		  "unauthenticated = false\nmax = 0\nconnections = ['a']\n"
		  "hosts = ['h', 'i:8443']\n");
	ok(p.grants.max_ttl == 3600 && !p.grants.expose && !p.grants.tcp &&
		!p.grants.unauthenticated && p.grants.max == 0 &&
		p.grants.limited && p.grants.connections.len == 1 &&
		p.grants.hosts.len == 2,
	    "every key of grants");
	ok(!p.limited && p.commands, "which are not those of helpers");
	policy_clear(&p);
	ok(p.grants.tcp && p.grants.hosts.len == 0, "cleared");
	p = parse("grants = { max_ttl = '8h', connections = [] }");
	ok(p.grants.max_ttl == 28800 && p.grants.limited && p.grants.tcp,
	    "a few of them");
	policy_clear(&p);
	p = parse("# all of it\nhelpers = ['file', \"/usr/bin/x y\"]\n"
		  "commands = true\nstore_strength = 'keyring'\n"
		  "audit = 'required'\n");
	ok(p.limited && p.commands && p.strength == POLICY_KEYRING &&
		p.audit == POLICY_AUDIT_REQUIRED,
	    "every key");
	is_int(p.helpers.len, 2, "two helpers");
	is_str(p.helpers.v[1], "/usr/bin/x y", "a path");
	policy_clear(&p);
	ok(!p.limited && p.helpers.len == 0 && p.commands, "cleared");
	p = parse("helpers = []\n");
	ok(p.limited && p.helpers.len == 0, "no helper at all");
	ok(!p.commands, "a list forbids commands");
	policy_clear(&p);
	p = parse("commands = true\nhelpers = []\n");
	ok(p.commands, "unless they are asked for");
	policy_clear(&p);
	p = parse("audit = \"off\"\nstore_strength = \"encrypted\"");
	ok(p.audit == POLICY_AUDIT_OFF && p.strength == POLICY_ENCRYPTED,
	    "the other words");
	policy_clear(&p);
	p = parse("audit = 'on'\nstore_strength = 'plain'\ncommands = false");
	ok(p.audit == POLICY_AUDIT_ON && p.strength == POLICY_PLAIN &&
		!p.commands,
	    "and these");
	policy_clear(&p);
}

static const struct {
	const char *text;
	size_t len;
	const char *why;
} bad[] = {
	{ S("helper = []\n"), "1:1: unknown key \"helper\"" },
	{ S("\xef\xbb\xbfhelper = []\n"), "1:1: unknown key \"helper\"" },
	{ S("audit = 'on'\n  Commands = false\n"),
	    "2:3: unknown key \"Commands\"" },
	{ S("commands = true\n[audit]\n"),
	    "2:2: audit must be \"off\", \"on\" or \"required\"" },
	{ S("[x]\nhelpers = []\n"), "1:2: unknown key \"x\"" },
	{ S("[[x]]\n"), "1:3: unknown key \"x\"" },
	{ S("x.helpers = []\n"), "1:1: unknown key \"x\"" },
	{ S("'\xc3\xa9\\u001b' = 1\n"),
	    "1:1: unknown key \"\xc3\xa9\\u001b\"" },
	{ S("\"a\\u001b\\u0000b\" = 1\n"),
	    "1:1: unknown key \"a\\x1b\\x00b\"" },
	{ S("\"helpers\\u0000\" = []\n"), "1:1: unknown key \"helpers\\x00\"" },
	{ S("helpers = 'file'\n"),
	    "1:11: helpers must be an array of strings" },
	{ S("helpers = true\n"), "1:11: helpers must be an array of strings" },
	{ S("[helpers]\n"), "1:2: helpers must be an array of strings" },
	{ S("audit = 'on'\n[[helpers]]\n"),
	    "2:1: a helper must be a name or an absolute path" },
	{ S("helpers = ['file', 1]\n"),
	    "1:20: a helper must be a name or an absolute path" },
	{ S("helpers = [\n  'file',\n  # \xc3\xa9\n  '\xc3\xa9', 'x']\n"),
	    "4:3: a helper must be a name or an absolute path" },
	{ S("helpers = ['\xc3\xa9']\n"),
	    "1:12: a helper must be a name or an absolute path" },
	{ S("helpers = [\"file\\u0000\"]\n"),
	    "1:12: a helper must be a name or an absolute path" },
	{ S("helpers = ['']\n"),
	    "1:12: a helper must be a name or an absolute path" },
	{ S("helpers = ['!cat']\n"),
	    "1:12: a helper must be a name or an absolute path" },
	{ S("helpers = ['bin/x']\n"),
	    "1:12: a helper must be a name or an absolute path" },
	{ S("helpers = ['file --file x']\n"),
	    "1:12: a helper must be a name or an absolute path" },
	{ S("commands = 'false'\n"), "1:12: commands must be true or false" },
	{ S("commands = 0\n"), "1:12: commands must be true or false" },
	{ S("store_strength = 'strong'\n"),
	    "1:18: store_strength must be \"plain\", \"encrypted\" or "
	    "\"keyring\"" },
	{ S("store_strength = 1\n"),
	    "1:18: store_strength must be \"plain\", \"encrypted\" or "
	    "\"keyring\"" },
	{ S("store_strength = ''\n"),
	    "1:18: store_strength must be \"plain\", \"encrypted\" or "
	    "\"keyring\"" },
	{ S("audit = true\n"),
	    "1:9: audit must be \"off\", \"on\" or \"required\"" },
#define TTL                                                                \
	"grants.max_ttl must be a number of seconds above 0, or a string " \
	"like \"8h\""
	{ S("grants = 1\n"), "1:10: grants must be a table" },
	{ S("[[grants]]\n"), "1:3: grants must be a table" },
	{ S("[grants]\nmaxttl = 1\n"), "2:1: unknown key \"grants.maxttl\"" },
	{ S("[grants]\n\"tcp\\u0000\" = true\n"),
	    "2:1: unknown key \"grants.tcp\\x00\"" },
	{ S("[grants]\nhelpers = []\n"),
	    "2:1: unknown key \"grants.helpers\"" },
	{ S("[grants]\nmax_ttl = 0\n"), "2:11: " TTL },
	{ S("[grants]\nmax_ttl = -1\n"), "2:11: " TTL },
	{ S("[grants]\nmax_ttl = '0h'\n"), "2:11: " TTL },
	{ S("[grants]\nmax_ttl = '8 h'\n"), "2:11: " TTL },
	{ S("[grants]\nmax_ttl = 8.0\n"), "2:11: " TTL },
	{ S("[grants]\nexpose = 'false'\n"),
	    "2:10: grants.expose must be true or false" },
	{ S("[grants]\ntcp = 0\n"), "2:7: grants.tcp must be true or false" },
	{ S("[grants.unauthenticated]\n"),
	    "1:9: grants.unauthenticated must be true or false" },
	{ S("[grants]\nmax = -1\n"),
	    "2:7: grants.max must be an integer, 0 or above" },
	{ S("[grants]\nmax = '1'\n"),
	    "2:7: grants.max must be an integer, 0 or above" },
	{ S("[grants]\nconnections = 'a'\n"),
	    "2:15: grants.connections must be an array of strings" },
	{ S("[grants]\nhosts = true\n"),
	    "2:9: grants.hosts must be an array of strings" },
	{ S("[grants]\nhosts = ['a', '']\n"),
	    "2:15: a name must be a string that is not empty" },
	{ S("[grants]\nconnections = [\"a\\u0000\"]\n"),
	    "2:16: a name must be a string that is not empty" },
	{ S("audit = 'ON'\n"),
	    "1:9: audit must be \"off\", \"on\" or \"required\"" },
};

static void
test_bad(void)
{
	struct policy p = POLICY_INIT;
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		is_int(policy_parse(bad[i].text, bad[i].len, &p, &why),
		    -EBADMSG, "refused: row %zu", i);
		is_str(buf_str(&why), bad[i].why, "why");
		buf_clear(&why);
	}
	/* what the reader of TOML refuses, it words itself */
	is_int(policy_parse(S("audit = 'on'\ncommands = \n"), &p, &why),
	    -EBADMSG, "no TOML");
	ok(strncmp(buf_str(&why), "2:12: ", 6) == 0, "its place: %s",
	    buf_str(&why));
	buf_clear(&why);
	is_int(policy_parse(S("audit = 'on'\naudit = 'off'\n"), &p, &why),
	    -EBADMSG, "a key twice");
	ok(strncmp(buf_str(&why), "2:1: ", 5) == 0, "its place: %s",
	    buf_str(&why));
	buf_clear(&why);
	ok(!p.limited && p.commands && p.audit == POLICY_AUDIT_ON,
	    "nothing of a bad file is taken");
	p.commands = false;
	(void)policy_parse(S("commands = true\nx = 1\n"), &p, &why);
	ok(!p.commands, "nor over what was there");
	policy_clear(&p);
	buf_wipe(&why);
}

static const struct {
	const char *policy;
	enum stack_kind kind;
	const char *helper;
	const char *verb;
	const char *why; /* NULL: allowed */
} permits[] = {
#define POLICY "policy (/etc/coco/policy.toml): "
	{ "", STACK_NAME, "file", "get", NULL },
	{ "", STACK_PATH, "/usr/bin/x", "store", NULL },
	{ "", STACK_SHELL, "cat", "login", NULL },
	{ "helpers = ['file']", STACK_NAME, "file", "get", NULL },
	{ "helpers = ['file']", STACK_NAME, "oauth", "get",
	    POLICY "helper \"oauth\" is not allowed" },
	{ "helpers = ['file']", STACK_NAME, "files", "erase",
	    POLICY "helper \"files\" is not allowed" },
	{ "helpers = ['file']", STACK_NAME, "fil", "status",
	    POLICY "helper \"fil\" is not allowed" },
	{ "helpers = ['file']", STACK_PATH, "/x/coco-credential-file", "get",
	    POLICY "helper \"/x/coco-credential-file\" is not allowed" },
	{ "helpers = ['file']", STACK_PATH, "/x\33[m", "get",
	    POLICY "helper \"/x\\x1b[m\" is not allowed" },
	{ "helpers = ['file']", STACK_SHELL, "file", "get",
	    POLICY "the command of s:7 is not allowed" },
	{ "helpers = ['file']\ncommands = true", STACK_SHELL, "x", "get",
	    NULL },
	{ "helpers = ['/usr/bin/x']", STACK_PATH, "/usr/bin/x", "get", NULL },
	{ "helpers = ['/usr/bin/x']", STACK_PATH, "/usr/bin/../bin/x", "get",
	    POLICY "helper \"/usr/bin/../bin/x\" is not allowed" },
	{ "helpers = []", STACK_NAME, "file", "logout",
	    POLICY "helper \"file\" is not allowed" },
	{ "commands = false", STACK_SHELL, "echo password=secret", "get",
	    POLICY "the command of s:7 is not allowed" },
	{ "commands = false", STACK_PATH, "/usr/bin/x", "get", NULL },
#define LEAST(is, least) \
	" is not allowed to store: it is " is ", the least is " least
	{ "store_strength = 'encrypted'", STACK_NAME, "file", "store",
	    POLICY "helper \"file\"" LEAST("plain", "encrypted") },
	{ "store_strength = 'encrypted'", STACK_NAME, "file", "get", NULL },
	{ "store_strength = 'encrypted'", STACK_NAME, "file", "erase", NULL },
	{ "store_strength = 'encrypted'", STACK_NAME, "sealed", "store", NULL },
	{ "store_strength = 'encrypted'", STACK_NAME, "libsecret", "store",
	    NULL },
	{ "store_strength = 'keyring'", STACK_NAME, "sealed", "store",
	    POLICY "helper \"sealed\"" LEAST("encrypted", "keyring") },
	{ "store_strength = 'keyring'", STACK_NAME, "libsecret", "store",
	    NULL },
	{ "store_strength = 'keyring'", STACK_PATH, "/bin/libsecret", "store",
	    POLICY "helper \"/bin/libsecret\"" LEAST("plain", "keyring") },
	{ "store_strength = 'encrypted'", STACK_SHELL, "libsecret", "store",
	    POLICY "the command of s:7" LEAST("plain", "encrypted") },
	{ "store_strength = 'plain'", STACK_SHELL, "x", "store", NULL },
};

static void
test_permits(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	char file[] = "s";
	struct stack_rule rule = { .file = file, .line = 7 };
	struct policy p;
	size_t i;

	for (i = 0; i < ARRAY_LEN(permits); i++) {
		p = parse(permits[i].policy);
		rule.kind = permits[i].kind;
		strv_add(&rule.argv, permits[i].helper);
		is_int(policy_permits(&p, &rule, permits[i].verb, &why),
		    permits[i].why == NULL ? 0 : -EACCES, "permits: row %zu",
		    i);
		is_str(buf_str(&why),
		    permits[i].why != NULL ? permits[i].why : "", "why");
		buf_clear(&why);
		strv_clear(&rule.argv);
		policy_clear(&p);
	}
	buf_wipe(&why);
}

/* A grant of the connection dev and the host h. */
static const struct {
	const char *policy;
	int64_t ttl;
	size_t others;
	bool expose;
	bool tcp;
	bool unauthenticated;
	const char *why; /* NULL: allowed */
} grants[] = {
	{ "", INT64_MAX, SIZE_MAX, true, true, true, NULL },
	{ "audit = 'off'", 60, 0, true, true, true, NULL },
	{ "[grants]", 60, 0, true, true, true, NULL },
	{ "grants.max_ttl = '1h'", 3600, 0, true, true, true, NULL },
	{ "grants.max_ttl = '1h'", 3601, 0, false, false, false,
	    POLICY "grants.max_ttl: a grant may last 3600 seconds" },
	{ "grants.max = 2", 60, 1, true, true, true, NULL },
	{ "grants.max = 2", 60, 2, false, false, false,
	    POLICY "grants.max: there may be 2 grants" },
	{ "grants.max = 0", 60, 0, false, false, false,
	    POLICY "grants.max: there may be 0 grants" },
	{ "grants.expose = false", 60, 0, true, false, false,
	    POLICY "grants.expose: what lives longer than an hour must not "
		   "be exposed" },
	{ "grants.expose = false", 60, 0, false, true, true, NULL },
	{ "grants.tcp = false", 60, 0, false, true, false,
	    POLICY "grants.tcp: only unix sockets are allowed" },
	{ "grants.tcp = false", 60, 0, true, false, true, NULL },
	{ "grants.unauthenticated = false", 60, 0, false, false, true,
	    POLICY "grants.unauthenticated: every request must have the "
		   "capability" },
	{ "grants.unauthenticated = false", 60, 0, true, true, false, NULL },
	{ "grants.connections = ['dev']\ngrants.hosts = ['H']", 60, 0, true,
	    true, true, NULL },
	{ "grants.connections = ['Dev', 'd']", 60, 0, false, false, false,
	    POLICY "grants.connections: \"dev\" is not in the list" },
	{ "grants.connections = ['dev']", 60, 0, false, false, false,
	    POLICY "grants.hosts: \"h\" is not in the list" },
	{ "grants.hosts = ['h']", 60, 0, false, false, false,
	    POLICY "grants.connections: \"dev\" is not in the list" },
	{ "grants.connections = ['dev']\ngrants.hosts = ['h:8443']", 60, 0,
	    false, false, false,
	    POLICY "grants.hosts: \"h\" is not in the list" },
};

static void
test_grants(void)
{
	struct buf why = BUF_INIT(POLICY_MAX_WHY);
	struct policy_grant g = { .ttl = 0 };
	struct policy p;
	size_t i;

	strv_add(&g.connections, "dev");
	strv_add(&g.hosts, "h");
	for (i = 0; i < ARRAY_LEN(grants); i++) {
		p = parse(grants[i].policy);
		g.ttl = grants[i].ttl;
		g.others = grants[i].others;
		g.expose = grants[i].expose;
		g.tcp = grants[i].tcp;
		g.unauthenticated = grants[i].unauthenticated;
		is_int(policy_permits_grant(&p, &g, &why),
		    grants[i].why == NULL ? 0 : -EACCES, "grants: row %zu", i);
		is_str(buf_str(&why),
		    grants[i].why != NULL ? grants[i].why : "", "why");
		buf_clear(&why);
		policy_clear(&p);
	}
	strv_clear(&g.connections);
	strv_clear(&g.hosts);
	buf_wipe(&why);
}

/* The file that comes with the packages, as it is, and with each "#" taken from
 * before a key. */
static void
test_packaged(void)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf text = BUF_INIT(POLICY_MAX_TEXT);
	struct policy p;
	char *key;

	(void)buf_addf(&path, "%s/packaging/etc/policy.toml",
	    getenv("srcdir") != NULL ? getenv("srcdir") : ".");
	is_int(io_read_file(buf_str(&path), &text), 0, "packaged");
	p = parse(buf_str(&text));
	ok(!p.limited && p.commands && p.strength == POLICY_PLAIN &&
		p.audit == POLICY_AUDIT_ON && p.grants.expose && p.grants.tcp &&
		p.grants.max == -1 && !p.grants.limited,
	    "limits nothing");
	policy_clear(&p);
	for (key = strstr(text.data, "\n#"); key != NULL;
	     key = strstr(key + 1, "\n#"))
		if (key[2] != ' ')
			key[1] = ' ';
	p = parse(buf_str(&text));
	ok(p.limited && !p.commands && p.strength == POLICY_ENCRYPTED &&
		p.audit == POLICY_AUDIT_REQUIRED && p.grants.max_ttl == 28800 &&
		!p.grants.expose && !p.grants.tcp &&
		!p.grants.unauthenticated && p.grants.max == 100 &&
		p.grants.connections.len == 1 && p.grants.hosts.len == 1,
	    "without \"#\" it has every key");
	policy_clear(&p);
	buf_wipe(&path);
	buf_wipe(&text);
}

int
main(void)
{
	test_values();
	test_packaged();
	test_bad();
	test_permits();
	test_grants();
	return done_testing();
}
