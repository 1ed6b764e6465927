/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which connection is meant, which file it is read from, and what it says. */
#include "coco.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "conn.h"
#include "io.h"
#include "tap.h"

#define MAX_FILES 32

/* A home directory for each test, and what was made in it. */
static char home[] = "/tmp/coco-test-conn-XXXXXX";
static char *made[MAX_FILES];
static size_t made_len;

static const char *const variables[] = { "COCO_CONNECTION",
	"INSPECT_COCO_SNOWFLAKE_CONNECTION",
	"SNOWFLAKE_DEFAULT_CONNECTION_NAME", "SNOWFLAKE_HOME",
	"XDG_CONFIG_HOME", "SNOWFLAKE_CONNECTIONS_A_ACCOUNT",
	"SNOWFLAKE_CONNECTIONS_A_TOKEN", "SNOWFLAKE_CONNECTIONS_A_REGION",
	"SNOWFLAKE_CONNECTIONS_A_PORT", "SNOWFLAKE_CONNECTIONS_A_B_ROLE",
	"SNOWFLAKE_CONNECTIONS_B_TOKEN" };

/* The path NAME in the home directory; freed when the test ends. */
static const char *
at(const char *name)
{
	char *path = NULL;

	if (made_len == MAX_FILES || asprintf(&path, "%s/%s", home, name) < 0 ||
	    path == NULL)
		bail("too many files");
	made[made_len++] = path;
	return path;
}

static const char *
dir(const char *name)
{
	const char *path = at(name);

	if (mkdir(path, 0700) != 0)
		bail("mkdir");
	return path;
}

static const char *
file(const char *name, const char *text)
{
	const char *path = at(name);

	if (io_replace(path, text, strlen(text)) != 0)
		bail("io_replace");
	return path;
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		bail("setenv");
}

static void
begin(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		(void)unsetenv(variables[i]);
	memcpy(home + sizeof(home) - 7, "XXXXXX", 6);
	if (mkdtemp(home) == NULL)
		bail("mkdtemp");
	set("HOME", home);
}

static void
end(void)
{
	while (made_len > 0) {
		(void)remove(made[--made_len]);
		free(made[made_len]);
	}
	is_int(rmdir(home), 0, "the home directory is as it was");
}

/* Load a connection that there is. */
static struct conn *
load(const char *name)
{
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	struct conn *c = NULL;

	is_int(conn_load(name, &why, &c), 0, "%s loads",
	    name != NULL ? name : "the default");
	is_str(buf_str(&why), "", "there is nothing to say");
	buf_wipe(&why);
	if (c == NULL)
		bail("no connection");
	return c;
}

/* Append WANT with the home directory for each @. */
static void
expand(struct buf *b, const char *want)
{
	const char *s;

	for (s = want; *s != '\0'; s++) {
		if (*s == '@')
			(void)buf_adds(b, home);
		else
			(void)buf_addc(b, *s);
	}
}

static void
refused(const char *name, int want_r, const char *want)
{
	struct buf why = BUF_INIT(CONN_MAX_WHY);
	struct buf text = BUF_INIT(CONN_MAX_WHY);
	struct conn *c = NULL;

	expand(&text, want);
	is_int(conn_load(name, &why, &c), want_r, "%s is refused",
	    name != NULL ? name : "the default");
	is_str(buf_str(&why), buf_str(&text), "with its reason");
	ok(c == NULL, "nothing is returned");
	buf_wipe(&why);
	buf_wipe(&text);
}

static void
is_named(const char *arg, const char *name, const char *source)
{
	struct conn *c = load(arg);

	is_str(conn_name(c), name, "the name is %s", name);
	is_str(conn_name_source(c), source, "it comes from %s", source);
	conn_free(c);
}

static void
test_names(void)
{
	char source[PATH_MAX];

	begin();
	dir(".snowflake");
	file(".snowflake/connections.toml",
	    "[default]\naccount='x'\n[A]\naccount='x'\n[B]\naccount='x'\n");
	is_named(NULL, "default", "the default");
	file(".snowflake/config.toml", "default_connection_name='A'\n");
	(void)snprintf(source, sizeof(source),
	    "default_connection_name in %s/.snowflake/config.toml", home);
	is_named(NULL, "A", source);
	file(".snowflake/connections.toml",
	    "default_connection_name='B'\n"
	    "[A]\naccount='x'\n[B]\naccount='x'\n[C]\naccount='x'\n"
	    "[D]\naccount='x'\n[E]\naccount='x'\n");
	(void)snprintf(source, sizeof(source),
	    "default_connection_name in %s/.snowflake/connections.toml", home);
	is_named(NULL, "B", source);
	set("SNOWFLAKE_DEFAULT_CONNECTION_NAME", "C");
	is_named(NULL, "C", "SNOWFLAKE_DEFAULT_CONNECTION_NAME");
	set("INSPECT_COCO_SNOWFLAKE_CONNECTION", "D");
	is_named(NULL, "D", "INSPECT_COCO_SNOWFLAKE_CONNECTION");
	set("COCO_CONNECTION", "");
	is_named(NULL, "D", "INSPECT_COCO_SNOWFLAKE_CONNECTION");
	set("COCO_CONNECTION", "E");
	is_named(NULL, "E", "COCO_CONNECTION");
	is_named("A", "A", "-c");
	end();
}

static void
test_not_found(void)
{
	begin();
	dir(".snowflake");
	file(".snowflake/connections.toml",
	    "default_connection_name = 'x'\n"
	    "[b]\naccount = '1'\n[a]\naccount = '1'\n");
	refused("x", -ENOENT,
	    "connection \"x\" not found in @/.snowflake/connections.toml "
	    "(named by -c)\navailable connections: b, a\n"
	    "hint: say -c NAME, or set COCO_CONNECTION, or "
	    "default_connection_name in @/.snowflake/connections.toml");
	file(".snowflake/connections.toml", "");
	file(".snowflake/config.toml", "[connections.y]\naccount = '1'\n");
	refused("y", -ENOENT,
	    "connection \"y\" not found in @/.snowflake/connections.toml "
	    "(named by -c)\navailable connections: it has none\n"
	    "@/.snowflake/config.toml has it, but is not used, because "
	    "@/.snowflake/connections.toml exists\n"
	    "hint: say -c NAME, or set COCO_CONNECTION, or "
	    "default_connection_name in @/.snowflake/connections.toml");
	refused("z\033[1m", -ENOENT,
	    "connection \"z\\x1b[1m\" not found in "
	    "@/.snowflake/connections.toml (named by -c)\n"
	    "available connections: it has none\n"
	    "hint: say -c NAME, or set COCO_CONNECTION, or "
	    "default_connection_name in @/.snowflake/connections.toml");
	end();
}

static void
test_places(void)
{
	struct conn *c;

	begin();
	refused(NULL, -ENOENT,
	    "no Snowflake connection found\nlooked for: "
	    "@/.snowflake/connections.toml, @/.snowflake/config.toml, "
	    "@/.config/snowflake/connections.toml, "
	    "@/.config/snowflake/config.toml\n"
	    "hint: write one of them, or set SNOWFLAKE_HOME to the directory "
	    "that has it");
	dir("xdg");
	dir("xdg/snowflake");
	set("XDG_CONFIG_HOME", at("xdg"));
	file("xdg/snowflake/config.toml",
	    "[connections.default]\naccount = 'xdg'\n");
	c = load(NULL);
	is_str(conn_account(c), "xdg", "the platform directory is the last");
	conn_free(c);
	dir("sf");
	file("sf/connections.toml", "[default]\naccount = 'home'\n");
	set("SNOWFLAKE_HOME", "~/sf/");
	c = load(NULL);
	is_str(conn_account(c), "home", "SNOWFLAKE_HOME is the first");
	conn_free(c);
	set("SNOWFLAKE_HOME", "");
	c = load(NULL);
	is_str(conn_account(c), "xdg", "an empty SNOWFLAKE_HOME is none");
	conn_free(c);
	set("SNOWFLAKE_HOME", "~/missing");
	c = load(NULL);
	is_str(conn_account(c), "xdg", "nor is one that does not exist");
	conn_free(c);
	dir(".snowflake");
	set("SNOWFLAKE_HOME", "");
	refused(NULL, -ENOENT,
	    "no Snowflake connection found\nlooked for: "
	    "@/.snowflake/connections.toml, @/.snowflake/config.toml\n"
	    "hint: write one of them, or set SNOWFLAKE_HOME to the directory "
	    "that has it");
	end();
}

static void
test_values(void)
{
	struct conn *c;

	begin();
	dir(".snowflake");
	file(".snowflake/connections.toml",
	    "[A]\naccount = 'My_Org'\n"
	    "user = 'U'\nempty = ''\nn = 0x10\nf = 1.50\nyes = true\n"
	    "no = \"False\"\nlist = [1]\nauthenticator = 'oauth'\n"
	    "region = 'eu-x'\n");
	c = load("A");
	is_str(conn_account(c), "My_Org", "account as written");
	is_str(conn_user(c), "U", "user");
	is_str(conn_role(c), NULL, "no role");
	is_str(conn_authenticator(c), "OAUTH", "authenticator in upper case");
	is_str(conn_origin(c), "https://my-org.eu-x.snowflakecomputing.com",
	    "origin");
	is_str(conn_hostport(c), "my-org.eu-x.snowflakecomputing.com", "host");
	is_str(conn_protocol(c), "https", "protocol");
	is_str(conn_get(c, "empty"), NULL, "an empty value is none");
	is_str(conn_get(c, "n"), "16", "an integer");
	is_str(conn_get(c, "f"), "1.50", "a float");
	is_str(conn_get(c, "list"), NULL, "an array has no text");
	is_str(conn_get(c, "missing"), NULL, "a missing key");
	ok(conn_flag(c, "yes", false), "a boolean");
	ok(!conn_flag(c, "no", true), "a boolean as text");
	ok(conn_flag(c, "missing", true), "a fallback");
	is_str(conn_token_origin(c), conn_origin(c), "token origin");
	is_str(conn_client_id(c), "LOCAL_APPLICATION", "client id");
	is_int((intmax_t)conn_warnings(c)->len, 0, "no warnings");
	conn_free(c);
	file(".snowflake/connections.toml",
	    "[A]\naccount = 'x'\n"
	    "oauth_token_request_url = 'https://IDP.example:443/t'\n"
	    "oauth_client_id = 'me'\nauthenticator = 'https://x.Okta.com'\n");
	c = load("A");
	is_str(conn_token_origin(c), "https://idp.example", "another origin");
	is_str(conn_client_id(c), "me", "another client");
	is_str(conn_authenticator(c), "https://x.Okta.com", "Okta");
	conn_free(c);
	file(".snowflake/connections.toml",
	    "[A]\naccount = 'x'\n"
	    "oauth_token_request_url = 'nonsense'\nauthenticator = 'odd'\n");
	c = load("A");
	is_str(conn_token_origin(c), NULL, "no origin");
	is_str(conn_warnings(c)->v[0],
	    "connection \"A\": unknown "
	    "authenticator \"ODD\"",
	    "an unknown authenticator is kept");
	conn_free(c);
	end();
}

/* What [A] with LINES below it has for an authenticator. */
static void
authenticator(const char *lines, const char *want)
{
	char text[512];
	struct conn *c;

	(void)snprintf(text, sizeof(text), "[A]\naccount = 'x'\n%s\n", lines);
	file(".snowflake/connections.toml", text);
	c = load("A");
	is_str(conn_authenticator(c), want, "%s: %s", lines, want);
	conn_free(c);
	free(made[--made_len]);
}

/* As in the Python driver, but what is said of another authenticator is
 * kept. */
static void
test_private_key(void)
{
	static const char *const keys[] = { "private_key_file",
		"private_key_path", "private_key_raw", "private_key",
		"privatekey", "private_key_base64" };
	char line[256];
	size_t i;

	begin();
	dir(".snowflake");
	(void)at(".snowflake/connections.toml");
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		(void)snprintf(line, sizeof(line), "%s = 'k'", keys[i]);
		authenticator(line, "SNOWFLAKE_JWT");
	}
	authenticator("private_key_file = ''", "SNOWFLAKE");
	authenticator("password = 'p'\nprivate_key_file = 'k'",
	    "SNOWFLAKE_JWT");
	authenticator("authenticator = 'snowflake'\nprivate_key = 'k'",
	    "SNOWFLAKE_JWT");
	authenticator("authenticator = 'oauth'\nprivate_key = 'k'", "OAUTH");
	authenticator("authenticator = 'snowflake_jwt'", "SNOWFLAKE_JWT");
	authenticator("authenticator = 'Snowflake'", "SNOWFLAKE");
	end();
}

/* What [A] with LINES below it gives. */
static void
origin(const char *lines, const char *want)
{
	char text[512];
	struct conn *c;

	(void)snprintf(text, sizeof(text), "[A]\n%s\n", lines);
	file(".snowflake/connections.toml", text);
	c = load("A");
	is_str(conn_origin(c), want, "origin of %s", want);
	conn_free(c);
	free(made[--made_len]);
}

static void
bad(const char *lines, const char *reason)
{
	char text[512];
	char want[512];

	(void)snprintf(text, sizeof(text), "[A]\n%s\n", lines);
	file(".snowflake/connections.toml", text);
	(void)snprintf(want, sizeof(want),
	    "connection \"A\" in "
	    "@/.snowflake/connections.toml: %s",
	    reason);
	refused("A", -EBADMSG, want);
	free(made[--made_len]);
}

static void
test_hosts(void)
{
	begin();
	dir(".snowflake");
	at(".snowflake/connections.toml");
	origin("host = 'X.Example'", "https://x.example");
	origin("host = 'x'\naccount = 'y'\nport = 443", "https://x");
	origin("host = 'x'\nport = '8443'", "https://x:8443");
	origin("host = '[::1]'\nport = 8443", "https://[::1]:8443");
	origin("host = '127.0.0.1'\nport = 81\nprotocol = 'HTTP'",
	    "http://127.0.0.1:81");
	origin("account = 'x.privatelink'",
	    "https://x.privatelink.snowflakecomputing.com");
	bad("user = 'u'",
	    "missing required field \"account\"\n"
	    "hint: add account = \"ORG-ACCOUNT\" below [A]");
	bad("account = ''",
	    "missing required field \"account\"\n"
	    "hint: add account = \"ORG-ACCOUNT\" below [A]");
	bad("account = 'a/b'",
	    "account \"a/b\" may hold letters, digits, "
	    "\"_\" and \"-\" only");
	bad("account = []", "\"account\" must be a string");
	bad("account = \"a\\nb\"",
	    "\"account\" must not hold control characters");
	bad("account = 'a'\nrole = \"a\\u007f\"",
	    "\"role\" must not hold control characters");
	bad("host = 'x:1'",
	    "\"host\" must not hold a port; \"port\" is a key "
	    "of its own");
	bad("host = 'https://x'", "\"host\" must be a plain host name");
	bad("host = 'x@y'", "\"host\" must be a plain host name");
	bad("host = 'x'\nport = 0",
	    "\"port\" must be a number from 1 to 65535");
	bad("host = 'x'\nport = 1.5",
	    "\"port\" must be a number from 1 to 65535");
	bad("host = 'x'\nprotocol = 'ftp'",
	    "\"protocol\" must be \"https\" or \"http\"");
	bad("host = 'x'\nprotocol = 'http'",
	    "\"protocol\" may be \"http\" only for a host on this machine");
	bad("host = '127.0.0.1.evil.com'\nprotocol = 'http'",
	    "\"protocol\" may be \"http\" only for a host on this machine");
	end();
}

static void
test_overrides(void)
{
	struct conn *c;

	begin();
	dir(".snowflake");
	file(".snowflake/connections.toml",
	    "[a]\naccount = 'x'\n"
	    "user = 'u'\n['A_b']\naccount = 'x'\n");
	set("SNOWFLAKE_CONNECTIONS_A_ACCOUNT", "other");
	set("SNOWFLAKE_CONNECTIONS_A_TOKEN", "t");
	set("SNOWFLAKE_CONNECTIONS_A_REGION", "eu-x");
	set("SNOWFLAKE_CONNECTIONS_A_PORT", "");
	set("SNOWFLAKE_CONNECTIONS_A_B_ROLE", "r");
	set("SNOWFLAKE_CONNECTIONS_B_TOKEN", "not ours");
	c = load("a");
	is_str(conn_origin(c), "https://other.snowflakecomputing.com",
	    "the account is overridden, the region cannot be");
	is_str(conn_get(c, "token"), "t", "a key that the file has not");
	ok(conn_is_override(c, "account"), "account is an override");
	ok(conn_is_override(c, "token"), "token is an override");
	ok(!conn_is_override(c, "user"), "user is not");
	ok(!conn_is_override(c, "port"), "an empty variable is none");
	conn_free(c);
	c = load("A_b");
	is_str(conn_role(c), "r", "a name with an underscore");
	is_str(conn_get(c, "token"), NULL, "no variable of another name");
	conn_free(c);
	set("SNOWFLAKE_CONNECTIONS_A_PORT", "x");
	refused("a", -EBADMSG,
	    "connection \"a\" in "
	    "@/.snowflake/connections.toml: \"port\" must be a number from 1 "
	    "to 65535 (it comes from the environment)");
	end();
}

static void
test_toml_errors(void)
{
	begin();
	dir(".snowflake");
	file(".snowflake/connections.toml", "default_connection_name = 1\n");
	refused(NULL, -EBADMSG,
	    "@/.snowflake/connections.toml:1: "
	    "default_connection_name must be a string");
	file(".snowflake/connections.toml", "[A]\naccount = secret\n");
	refused("A", -EBADMSG,
	    "@/.snowflake/connections.toml:2:11: not a "
	    "valid value; text must be in quotes");
	file(".snowflake/connections.toml", "[A]\naccount = 'x'\n");
	file(".snowflake/config.toml", "broken");
	conn_free(load("A"));
	end();
}

static void
test_modes(void)
{
	const char *path;
	const char *link;
	struct buf want = BUF_INIT(PATH_MAX);
	struct conn *c;

	begin();
	dir(".snowflake");
	path = file(".snowflake/connections.toml", "[A]\naccount = 'x'\n");
	(void)chmod(path, 0644);
	c = load("A");
	expand(&want,
	    "@/.snowflake/connections.toml can be read by others: "
	    "chmod 600 @/.snowflake/connections.toml");
	is_str(conn_warnings(c)->v[0], buf_str(&want), "readable is a warning");
	buf_wipe(&want);
	conn_free(c);
	(void)chmod(path, 0620);
	refused("A", -EACCES,
	    "@/.snowflake/connections.toml is writable by "
	    "group or others\nhint: chmod go-w @/.snowflake/connections.toml");
	(void)chmod(path, 0600);
	(void)chmod(at(".snowflake"), 0702);
	refused("A", -EACCES,
	    "directory @/.snowflake is writable by group or "
	    "others\nhint: chmod go-w @/.snowflake");
	(void)chmod(at(".snowflake"), 0700);
	dir("real");
	link = file("real/c.toml", "[A]\naccount = 'linked'\n");
	if (unlink(path) != 0 || symlink(link, path) != 0)
		bail("symlink");
	c = load("A");
	is_str(conn_account(c), "linked", "links are followed");
	conn_free(c);
	(void)chmod(at("real"), 0770);
	refused("A", -EACCES,
	    "directory @/real is writable by group or "
	    "others\nhint: chmod go-w @/real");
	(void)chmod(at("real"), 0700);
	(void)chmod(link, 0602);
	refused("A", -EACCES,
	    "@/.snowflake/connections.toml is writable by "
	    "group or others\nhint: chmod go-w @/.snowflake/connections.toml");
	end();
}

static void
test_kinds(void)
{
	const char *path;

	begin();
	dir(".snowflake");
	path = at(".snowflake/connections.toml");
	if (mkfifo(path, 0600) != 0)
		bail("mkfifo");
	refused("A", -EBADMSG,
	    "@/.snowflake/connections.toml is not a regular file");
	(void)unlink(path);
	dir(".snowflake/connections.toml");
	refused("A", -EBADMSG,
	    "@/.snowflake/connections.toml is not a regular file");
	(void)rmdir(path);
	if (geteuid() == 0) {
		file(".snowflake/connections.toml", "[A]\naccount = 'x'\n");
		if (chown(path, 4711, 4711) != 0)
			bail("chown");
		refused("A", -EACCES,
		    "@/.snowflake/connections.toml belongs "
		    "to another user");
	} else {
		skip(3, "only root can make a foreign file");
	}
	(void)unlink(path);
	file(".snowflake/connections.toml", "");
	if (truncate(path, 1048577) != 0)
		bail("truncate");
	refused("A", -EBADMSG,
	    "@/.snowflake/connections.toml: is larger than "
	    "1 MiB");
	end();
}

int
main(void)
{
	(void)umask(077);
	test_names();
	test_not_found();
	test_places();
	test_values();
	test_private_key();
	test_hosts();
	test_overrides();
	test_toml_errors();
	test_modes();
	test_kinds();
	return done_testing();
}
