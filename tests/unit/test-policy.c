/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a policy file says and forbids, and that no typo can weaken it. */
#include "coco.h"

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

int
main(void)
{
	test_values();
	test_bad();
	test_permits();
	return done_testing();
}
