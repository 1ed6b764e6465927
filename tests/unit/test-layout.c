/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes into a target: for each way of logging in, with providers that want
 * odd things, and the environment in each form. */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "layout.h"
#include "tap.h"

#define HOME "/home/u"
#define DIR  HOME "/.snowflake"
#define HEAD "version = 1\nsummary = \"s\"\ntokens = [\"file\"]\n"

static char home[] = "/tmp/coco-test-layout.XXXXXX";
static struct conn *conn;
static struct buf why = BUF_INIT(LAYOUT_MAX_WHY);

/* One layout, and what came of it. */
struct out {
	struct layout l;
	struct provider providers[2];
	struct desired d;
	struct strv environment;
	struct buf text;
};

static struct conn *
load(const char *text)
{
	struct buf reason = BUF_INIT(CONN_MAX_WHY);
	struct conn *c = NULL;

	if (io_replace("connections.toml", text, strlen(text)) != 0 ||
	    conn_load("my dev", &reason, &c) != 0)
		bail(buf_str(&reason));
	buf_wipe(&reason);
	return c;
}

static void
begin(struct out *o, const char *first, const char *second)
{
	const char *const texts[] = { first, second };
	size_t i;

	*o = (struct out){ .l = LAYOUT_INIT, .text = BUF_INIT(65536) };
	o->l.conn = conn;
	o->l.id = "0123";
	o->l.home = HOME;
	o->l.uid = 1000;
	o->l.gid = 1001;
	o->l.role = "ANALYST";
	o->l.providers = o->providers;
	o->l.token_file = "/run/coco/token";
	for (i = 0; i < ARRAY_LEN(texts) && texts[i] != NULL; i++) {
		o->l.provider_count++;
		if (provider_parse("p", texts[i], strlen(texts[i]),
			&o->providers[i], &why) != 0)
			bail(buf_str(&why));
	}
}

static int
make(struct out *o)
{
	buf_clear(&why);
	return layout_make(&o->l, &o->d, &o->environment, &why);
}

static void
end(struct out *o)
{
	provider_clear(&o->providers[0]);
	provider_clear(&o->providers[1]);
	desired_wipe(&o->d);
	strv_clear(&o->environment);
	buf_wipe(&o->text);
}

/* The members of PATH, a line each: "a.b = VALUE", with "?" when another value
 * may stay; or the content; NULL for what is not desired. */
static const char *
show(struct out *o, const char *path)
{
	const struct desired_item *item = desired_find(&o->d, path);
	const struct desired_key *key;
	size_t i;
	size_t k;

	buf_clear(&o->text);
	if (item == NULL)
		return NULL;
	(void)buf_adds(&o->text, buf_str(&item->content));
	for (i = 0; i < item->count; i++) {
		key = &item->keys[i];
		for (k = 0; k < key->path.len; k++)
			(void)buf_addf(&o->text, "%s%s", k == 0 ? "" : ".",
			    key->path.v[k]);
		(void)buf_addf(&o->text, " = %s%s\n", buf_str(&key->value),
		    key->rule == DESIRED_MAY ? " ?" : "");
	}
	return buf_str(&o->text);
}

#define SECTION(p)                                                           \
	p "my dev.account = \"acct\"\n" p "my dev.user = \"JOE\"\n" p        \
	  "my dev.host = \"h.example.com\"\n" p "my dev.port = \"8443\"\n" p \
	  "my dev.role = \"ANALYST\" ?\n" p                                  \
	  "my dev.warehouse = \"W\\\"H\" ?\n"

static void
test_token_file(void)
{
	struct out o;

	begin(&o, NULL, NULL);
	is_int(make(&o), 0, "a token in a file: %s", buf_str(&why));
	is_str(show(&o, DIR "/connections.toml"),
	    SECTION("") "my dev.authenticator = \"OAUTH\"\n"
			"my dev.token_file_path = \"/run/coco/token\"\n",
	    "the section");
	is_str(show(&o, DIR "/config.toml"),
	    "default_connection_name = \"my dev\" ?\n", "the default");
	ok(o.d.v[0].must_exist && strcmp(o.d.v[0].path, HOME) == 0, "home");
	is_int(desired_find(&o.d, DIR)->mode, 0700, "the directory");
	is_int(desired_find(&o.d, DIR)->gid, 1001, "its group");
	is_str(show(&o, DIR "/coco-my_dev.env"), "", "no environment");
	end(&o);
}

#define AUTH                                             \
	"connections.my dev.authenticator = \"OAUTH\"\n" \
	"connections.my dev.token_file_path = \"/run/coco/token\"\n"
#define DEFAULT "default_connection_name = \"my dev\" ?\n"

static void
test_config(void)
{
	struct out o;

	begin(&o, NULL, NULL);
	o.l.use_config = true;
	is_int(make(&o), 0, "in config.toml");
	ok(desired_find(&o.d, DIR "/connections.toml") == NULL, "alone");
	is_str(show(&o, DIR "/config.toml"),
	    SECTION("connections.") AUTH DEFAULT, "all of it");
	end(&o);
}

static void
test_endpoint(void)
{
	struct out o;

	begin(&o, NULL, NULL);
	o.l.way = LAYOUT_ENDPOINT;
	o.l.endpoint = "http://10.0.0.1:80/oauth";
	o.l.capability = "canary";
	o.l.capability_file = DIR "/c";
	o.l.tokend = "tcp:10.0.0.1:80";
	is_int(make(&o), 0, "an endpoint");
	ok(strstr(show(&o, DIR "/connections.toml"),
	       "my dev.authenticator = \"OAUTH_CLIENT_CREDENTIALS\"\n"
	       "my dev.oauth_client_id = \"my dev\"\n"
	       "my dev.oauth_client_secret = \"canary\"\n"
	       "my dev.oauth_token_request_url = "
	       "\"http://10.0.0.1:80/oauth\"\n"
	       "my dev.oauth_http_allowed = true\n") != NULL,
	    "the section");
	is_str(show(&o, DIR "/c"), "canary\n", "the capability");
	ok(desired_find(&o.d, DIR "/c")->is_secret, "is not shown");
	is_str(show(&o, DIR "/coco-my_dev.env"),
	    "export COCO_TOKEND='tcp:10.0.0.1:80'\n"
	    "export COCO_CAPABILITY_FILE='" DIR "/c'\n"
	    "export COCO_CONNECTION='my dev'\n",
	    "the environment has no secret");
	end(&o);
}

static void
test_exposed(void)
{
	struct buf secret = BUF_INIT(64);
	struct out o;

	(void)buf_adds(&secret, "canary");
	begin(&o, NULL, NULL);
	o.l.way = LAYOUT_PAT;
	o.l.pat = &secret;
	is_int(make(&o), 0, "an access token");
	ok(strstr(show(&o, DIR "/connections.toml"),
	       "my dev.authenticator = \"PROGRAMMATIC_ACCESS_TOKEN\"\n"
	       "my dev.token = \"canary\"\n") != NULL,
	    "the section");
	end(&o);
	begin(&o, NULL, NULL);
	o.l.way = LAYOUT_KEY;
	o.l.key = &secret;
	is_int(make(&o), 0, "a key");
	ok(strstr(show(&o, DIR "/connections.toml"),
	       "my dev.authenticator = \"SNOWFLAKE_JWT\"\n"
	       "my dev.private_key_file = \"" DIR
	       "/private_key_my_dev_e100fbce.p8\"\n") != NULL,
	    "the section");
	is_str(show(&o, DIR "/private_key_my_dev_e100fbce.p8"), "canary",
	    "its file");
	ok(desired_find(&o.d, DIR "/private_key_my_dev_e100fbce.p8")->is_secret,
	    "is not shown");
	end(&o);
	buf_wipe(&secret);
}

static void
test_client(void)
{
	struct strv parents = STRV_INIT;
	struct buf content = BUF_INIT(64);
	struct out o;

	(void)buf_adds(&content, "program");
	strv_add(&parents, "/usr");
	begin(&o, NULL, NULL);
	o.l.client = "/usr/c";
	o.l.client_content = &content;
	o.l.parents = &parents;
	o.l.root_uid = 5;
	o.l.root_gid = 6;
	is_int(make(&o), 0, "with a client");
	is_int(desired_find(&o.d, "/usr")->mode, 0755, "its directory");
	is_int(desired_find(&o.d, "/usr")->uid, 5, "is root's");
	is_str(show(&o, "/usr/c"), "program", "the client");
	is_int(desired_find(&o.d, "/usr/c")->gid, 6, "is root's");
	ok(desired_find(&o.d, "/usr/c")->keep_others, "one that is there");
	end(&o);
	strv_clear(&parents);
	buf_wipe(&content);
}

/* --- providers ------------------------------------------------------------ */

static void
test_providers(void)
{
	struct out o;

	begin(&o,
	    HEAD "[connection]\n"
		 "authenticator = \"evil\"\nquery_tag = \"{{{id}}\"\n"
		 "schema_tag = \"{schema}\"\nn = 5\n"
		 "[environment]\nA = \"{connection}'s\"\nB = \"{database}\"\n"
		 "[[file]]\npath = \".x/y/z\"\ncontent = \"{home}:{user}\"\n"
		 "[[file]]\npath = \".snowflake/s/j\"\nformat = \"json\"\n"
		 "mode = \"0644\"\n"
		 "set = { a = \"1\", b = true, no = \"{database}\" }\n",
	    HEAD "[connection]\nquery_tag = \"second\"\n"
		 "[environment]\nA = \"second\"\nC = \"third\"\n"
		 "[[file]]\npath = \".x/y/z\"\ncontent = \"second\"\n"
		 "[[file]]\npath = \".snowflake/s/j\"\nformat = \"json\"\n"
		 "set = { a = \"2\", c = -1 }\n");
	is_int(make(&o), 0, "two providers: %s", buf_str(&why));
	is_str(show(&o, DIR "/connections.toml"),
	    SECTION("") "my dev.authenticator = \"OAUTH\"\n"
			"my dev.token_file_path = \"/run/coco/token\"\n"
			"my dev.query_tag = \"{0123}\" ?\n"
			"my dev.n = 5 ?\n",
	    "what comes first counts");
	is_str(show(&o, HOME "/.x/y/z"), "/home/u:JOE", "a text");
	is_int(desired_find(&o.d, HOME "/.x/y")->mode, 0700, "a directory");
	is_int(desired_find(&o.d, HOME "/.x")->kind, DESIRED_DIRECTORY,
	    "above it");
	is_str(show(&o, DIR "/s/j"), "a = \"1\" ?\nb = true ?\nc = -1 ?\n",
	    "JSON");
	is_int(desired_find(&o.d, DIR "/s/j")->mode, 0644, "its mode");
	is_str(show(&o, DIR "/coco-my_dev.env"),
	    "export A='my dev'\\''s'\nexport C='third'\n", "environment");
	end(&o);
}

struct refuse_row {
	const char *provider;
	const char *why;
};

static void
test_refused(void)
{
	static const struct refuse_row rows[] = {
		{ HEAD "[connection]\na = \"{nope}\"\n",
		    "a provider has no placeholder \"{nope}\"" },
		{ HEAD "[environment]\nA = \"{id\"\n",
		    "a provider has no placeholder \"{id\"" },
		{ HEAD "[environment]\nA = \"{}\"\n",
		    "a provider has no placeholder \"{}\"" },
		{ HEAD "[environment]\nA = \"{capability}\"\n",
		    "a provider has no placeholder \"{capability}\"" },
		{ HEAD "[[file]]\npath = \"a\"\ncontent = \"{Id}\"\n",
		    "a provider has no placeholder \"{Id}\"" },
		{ HEAD "[[file]]\npath = \"a\"\ncontent = \"{database}\"\n",
		    "a: one of its placeholders has no value here" },
		{ HEAD "[[file]]\npath = \".snowflake/connections.toml\"\n"
		       "content = \"\"\n",
		    DIR "/connections.toml is wanted as two different "
			"things" },
		{ HEAD "[[file]]\npath = \".snowflake/config.toml\"\n"
		       "format = \"json\"\nset = { a = 1 }\n",
		    DIR "/config.toml is wanted as two different things" },
		{ HEAD "[[file]]\npath = \".snowflake\"\ncontent = \"\"\n",
		    DIR " is wanted as two different things" },
		{ HEAD "[[file]]\npath = \"a\"\ncontent = \"\"\n"
		       "[[file]]\npath = \"a/b\"\ncontent = \"\"\n",
		    HOME "/a is wanted as two different things" },
	};
	struct out o;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin(&o, rows[i].provider, NULL);
		is_int(make(&o), -EINVAL, "row %zu", i);
		is_str(buf_str(&why), rows[i].why, "its reason");
		end(&o);
	}
}

/* Snowflake's directory may be anywhere. */
static void
test_elsewhere(void)
{
	struct out o;

	begin(&o, HEAD "[[file]]\npath = \".snowflake/a/b\"\ncontent = \"x\"\n",
	    NULL);
	o.l.home = "/a/home/of/somebody/with/a/long/name";
	o.l.snowflake_home = "/s";
	is_int(make(&o), 0, "another directory");
	is_str(show(&o, "/s/a/b"), "x", "a file in it");
	ok(desired_find(&o.d, "/s/a") != NULL && o.d.len == 7,
	    "its directory, and no other");
	is_str(show(&o, "/s/coco-my_dev.env"), "export SNOWFLAKE_HOME='/s'\n",
	    "it is in the environment");
	end(&o);
}

static void
test_names(void)
{
	struct conn *before = conn;
	struct out o;

	conn = load("[\"my dev\"]\naccount = \"a\"\nuser = \"u\"\n"
		    "host = \"[::1]\"\nport = 81\n");
	begin(&o, NULL, NULL);
	is_int(make(&o), 0, "an IPv6 address");
	ok(strstr(show(&o, DIR "/connections.toml"), "host = \"[::1]\"") !=
		NULL,
	    "without its port");
	end(&o);
	conn_free(conn);
	conn = before;
}

/* --- the environment ------------------------------------------------------ */

static void
test_print(void)
{
	struct strv environment = STRV_INIT;
	struct buf b = BUF_INIT(256);
	struct buf small = BUF_INIT(8);

	strv_add(&environment, "A=x='y'\"$(z)\\");
	strv_add(&environment, "B=");
	is_int(layout_print(&environment, LAYOUT_SH, &b), 0, "for a shell");
	is_str(buf_str(&b), "export A='x='\\''y'\\''\"$(z)\\'\nexport B=''\n",
	    "quoted");
	buf_clear(&b);
	is_int(layout_print(&environment, LAYOUT_DOCKER, &b), 0, "docker");
	is_str(buf_str(&b), "A=x='y'\"$(z)\\\nB=\n", "as it is");
	buf_clear(&b);
	is_int(layout_print(&environment, LAYOUT_JSON, &b), 0, "JSON");
	is_str(buf_str(&b), "{\"A\":\"x='y'\\\"$(z)\\\\\",\"B\":\"\"}\n",
	    "an object");
	is_int(layout_print(&environment, LAYOUT_JSON, &small), -EMSGSIZE,
	    "no room");
	strv_add(&environment, "C=1\n2");
	buf_clear(&b);
	is_int(layout_print(&environment, LAYOUT_DOCKER, &b), -EINVAL,
	    "a newline cannot be said");
	is_int(layout_print(&environment, LAYOUT_SH, &b), 0, "a shell can");
	strv_clear(&environment);
	buf_wipe(&b);
	buf_wipe(&small);
}

int
main(void)
{
	if (mkdtemp(home) == NULL || chdir(home) != 0)
		bail("no directory");
	(void)setenv("SNOWFLAKE_HOME", home, 1);
	conn = load("[\"my dev\"]\naccount = \"acct\"\nuser = \"JOE\"\n"
		    "host = \"h.example.com\"\nport = 8443\n"
		    "warehouse = 'W\"H'\n");
	test_token_file();
	test_config();
	test_endpoint();
	test_exposed();
	test_client();
	test_providers();
	test_refused();
	test_elsewhere();
	test_names();
	test_print();
	conn_free(conn);
	(void)unlink("connections.toml");
	if (chdir("/") == 0)
		(void)rmdir(home);
	buf_wipe(&why);
	return done_testing();
}
