/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Providers: what one may say, what is refused, with its place, and where they
 * are. */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "provider.h"
#include "tap.h"

#define HEAD "version = 1\nsummary = \"s\"\n"
#define FILE "[[file]]\npath = \"a/b\"\n"

static struct buf why = BUF_INIT(PROVIDER_MAX_WHY);

static int
parse(const char *text, struct provider *p)
{
	buf_clear(&why);
	return provider_parse("name", text, strlen(text), p, &why);
}

static void
test_whole(void)
{
	struct provider p = PROVIDER_INIT;

	is_int(parse(HEAD "tokens = [\"file\", \"endpoint\"]\n"
			  "[connection]\n"
			  "query_tag = \"coco:{id}\"\n"
			  "keep = true\n"
			  "[environment]\n"
			  "_A1 = \"{account}\"\n"
			  "N = -5\n" FILE "format = \"json\"\n"
			  "mode = \"0644\"\n"
			  "set = { a = \"x\", b = 7 }\n"
			  "[[file]]\n"
			  "path = \".c\"\n"
			  "content = \"text\"\n",
		   &p),
	    0, "all that there is: %s", buf_str(&why));
	is_str(p.name, "name", "name");
	is_str(p.summary, "s", "summary");
	is_int(p.tokens, PROVIDER_TOKEN_FILE | PROVIDER_TOKEN_ENDPOINT,
	    "tokens");
	ok(p.connections && p.connection_count == 2, "connection");
	is_str(p.connection[1].value, "true", "a truth value");
	ok(p.connection[1].raw && !p.connection[0].raw, "is written as it is");
	is_int(p.environment_count, 2, "environment");
	is_str(p.environment[1].value, "-5", "a number");
	is_int(p.file_count, 2, "files");
	is_str(p.files[0].path, "a/b", "a path");
	is_int(p.files[0].format, PROVIDER_JSON, "format");
	is_int(p.files[0].mode, 0644, "mode");
	is_int(p.files[0].count, 2, "members");
	is_int(p.files[1].format, PROVIDER_TEXT, "text");
	is_int(p.files[1].mode, 0600, "its mode");
	is_str(p.files[1].content, "text", "its content");
	provider_clear(&p);
	ok(p.name == NULL && p.files == NULL, "cleared");
	is_int(parse(HEAD, &p), 0, "the least there can be");
	ok(!p.connections && p.tokens == 0, "has nothing");
	provider_clear(&p);
}

struct row {
	const char *text;
	const char *why;
};

static const struct row rows[] = {
	{ "", "1:1: version and summary have to be there" },
	{ "version = 1\n", "1:1: version and summary have to be there" },
	{ "summary = \"s\"\n", "1:1: version and summary have to be there" },
	{ "version = 2\n", "1:1: version is 1 here" },
	{ "version = 0\n", "1:1: version is 1 here" },
	{ "version = \"1\"\n", "1:1: version is 1 here" },
	{ "version = 1\nsummary = 5\n", "2:1: summary is to be a string" },
	{ "version = 1\nsummary = \"a\\u0000b\"\n",
	    "2:1: summary is to be a string" },
	{ HEAD "x = 1\n", "3:1: a provider has no \"x\"" },
	{ HEAD "[connections]\n", "3:1: a provider has no \"connections\"" },
	{ HEAD "x = ", "3:5: expected a value" },
	{ HEAD "version = 1\n",
	    "3:1: duplicate key \"version\"; first on line 1" },
	{ HEAD "tokens = \"file\"\n", "3:1: tokens is to be a list" },
	{ HEAD "tokens = []\n", "3:1: tokens is to be a list" },
	{ HEAD "tokens = [\"file\", \"x\"]\n",
	    "3:1: tokens has \"file\" and \"endpoint\" only" },
	{ HEAD "tokens = [1]\n",
	    "3:1: tokens has \"file\" and \"endpoint\" only" },
	{ HEAD "[connection]\nx = \"1\"\n",
	    "1:1: with a connection, tokens has to be there" },
	{ HEAD "connection = 1\n", "3:1: connection is to be a table" },
	{ HEAD "[connection]\nx = 1.5\n",
	    "4:1: x is to be a string, a number, true or false" },
	{ HEAD "[connection]\nx = [1]\n",
	    "4:1: x is to be a string, a number, true or false" },
	{ HEAD "[connection]\nx.y = \"\"\n",
	    "4:1: x is to be a string, a number, true or false" },
	{ HEAD "[connection]\nx = \"\\u0000\"\n", "4:1: x is to be a string" },
	{ HEAD "[connection]\n\"a\\u0000b\" = 1\n",
	    "4:1: a name has a NUL in it" },
	{ HEAD "environment = []\n", "3:1: environment is to be a table" },
	{ HEAD "[environment]\n1A = \"\"\n",
	    "4:1: that is no name of a variable" },
	{ HEAD "[environment]\n\"\" = \"\"\n",
	    "4:1: that is no name of a variable" },
	{ HEAD "[environment]\nA-B = \"\"\n",
	    "4:1: that is no name of a variable" },
	{ HEAD "[environment]\n\"A=$(id)\" = \"\"\n",
	    "4:1: that is no name of a variable" },
	{ HEAD "file = 1\n", "3:1: files are written as [[file]]" },
	{ HEAD "[file]\n", "3:1: files are written as [[file]]" },
	{ HEAD "file = [1]\n", "3:1: files are written as [[file]]" },
	{ HEAD "[[file]]\ncontent = \"\"\n",
	    "3:1: a file has a path below the home directory" },
	{ HEAD "[[file]]\npath = \"/a\"\ncontent = \"\"\n",
	    "3:1: a file has a path below the home directory" },
	{ HEAD "[[file]]\npath = \"a/../b\"\ncontent = \"\"\n",
	    "3:1: a file has a path below the home directory" },
	{ HEAD "[[file]]\npath = \"\"\ncontent = \"\"\n",
	    "3:1: a file has a path below the home directory" },
	{ HEAD "[[file]]\npath = 1\n", "4:1: path is to be a string" },
	{ HEAD FILE,
	    "3:1: a file of text has \"content\", others have "
	    "\"set\"" },
	{ HEAD FILE "set = { a = 1 }\n",
	    "3:1: a file of text has \"content\", others have \"set\"" },
	{ HEAD FILE "format = \"json\"\ncontent = \"\"\n",
	    "3:1: a file of text has \"content\", others have \"set\"" },
	{ HEAD FILE "content = 1\n", "5:1: content is to be a string" },
	{ HEAD FILE "format = \"yaml\"\n",
	    "5:1: format is \"json\", \"toml\" or \"text\"" },
	{ HEAD FILE "format = 1\n",
	    "5:1: format is \"json\", \"toml\" or \"text\"" },
	{ HEAD FILE "mode = 0o600\n", "5:1: mode is written as \"0600\"" },
	{ HEAD FILE "mode = \"600\"\n", "5:1: mode is written as \"0600\"" },
	{ HEAD FILE "mode = \"4755\"\n", "5:1: mode is written as \"0600\"" },
	{ HEAD FILE "mode = \"0680\"\n", "5:1: mode is written as \"0600\"" },
	{ HEAD FILE "mode = \"0666\"\n",
	    "5:1: others could write into the file" },
	{ HEAD FILE "mode = \"0620\"\n",
	    "5:1: others could write into the file" },
	{ HEAD FILE "owner = 1\n", "5:1: a file has no \"owner\"" },
	{ HEAD FILE "format = \"toml\"\nset = 1\n",
	    "6:1: set is to be a table" },
	{ HEAD FILE "format = \"toml\"\n[file.set]\na = []\n",
	    "7:1: a is to be a string, a number, true or false" },
};

static void
test_refused(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct provider p = PROVIDER_INIT;

		is_int(parse(rows[i].text, &p), -EBADMSG, "row %zu is refused",
		    i);
		is_str(buf_str(&why), rows[i].why, "its reason");
		provider_clear(&p);
	}
}

static void
test_limits(void)
{
	struct provider p = PROVIDER_INIT;
	struct buf text = BUF_INIT(2 * PROVIDER_MAX_TEXT);
	int i;

	(void)buf_adds(&text, HEAD "[environment]\n");
	for (i = 0; i < PROVIDER_MAX; i++)
		(void)buf_addf(&text, "A%d = \"\"\n", i);
	is_int(parse(buf_str(&text), &p), 0, "many variables");
	provider_clear(&p);
	(void)buf_adds(&text, "B = 1\n");
	is_int(parse(buf_str(&text), &p), -EBADMSG, "too many");
	is_str(buf_str(&why), "3:1: there are more than 64 of environment",
	    "its reason");
	provider_clear(&p);
	while (text.len <= PROVIDER_MAX_TEXT)
		(void)buf_adds(&text, "# a comment\n");
	is_int(parse(buf_str(&text), &p), -EMSGSIZE, "too long");
	is_str(buf_str(&why), "1:1: it is too long", "its reason");
	provider_clear(&p);
	buf_wipe(&text);
}

static void
test_names(void)
{
	static const struct {
		const char *name;
		bool is;
	} names[] = { { "snowflake", true }, { "a-B_9", true }, { "", false },
		{ "a.b", false }, { "../a", false }, { "a/b", false },
		{ "\xc3\xa4", false },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "890123",
		    true },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "8901234",
		    false } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		is_int(provider_is_name(names[i].name), names[i].is,
		    "name \"%s\"", names[i].name);
}

/* --- files ---------------------------------------------------------------- */

static char home[] = "/tmp/coco-test-provider.XXXXXX";

static int
load(const char *name, struct provider *p)
{
	buf_clear(&why);
	return provider_load(name, p, &why);
}

static void
put(const char *path, const char *text)
{
	if (io_replace(path, text, strlen(text)) != 0)
		bail("cannot write");
}

static void
test_files(void)
{
	struct provider p = PROVIDER_INIT;

	is_int(load("../x", &p), -EINVAL, "no name");
	is_int(load("mine", &p), -ENOENT, "one that is not there");
	ok(strstr(buf_str(&why), "coco/providers, ") != NULL,
	    "where it was looked for: %s", buf_str(&why));
	put("coco/providers/mine.toml", HEAD);
	is_int(load("mine", &p), 0, "it is there: %s", buf_str(&why));
	provider_clear(&p);
	(void)chmod("coco/providers/mine.toml", 0666);
	is_int(load("mine", &p), -EACCES, "others can change it");
	ok(why.len != 0, "it is told: %s", buf_str(&why));
	provider_clear(&p);
	put("coco/providers/mine.toml", HEAD "x = 1\n");
	is_int(load("mine", &p), -EBADMSG, "one with a fault");
	ok(strstr(buf_str(&why), "mine.toml:3:1: a provider has no") != NULL,
	    "its place: %s", buf_str(&why));
	provider_clear(&p);
	(void)unlink("coco/providers/mine.toml");
	if (mkdir("coco/providers/mine.toml", 0755) != 0)
		bail("cannot make a directory");
	ok(load("mine", &p) < 0, "a directory: %s", buf_str(&why));
	provider_clear(&p);
	(void)rmdir("coco/providers/mine.toml");
}

/* Those that come with coco. */
static void
test_shipped(void)
{
	static const char *const names[] = { "snowflake", "cortex" };
	const char *srcdir = getenv("srcdir");
	struct buf path = BUF_INIT(4096);
	struct buf text = BUF_INIT(PROVIDER_MAX_TEXT);
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct provider p = PROVIDER_INIT;

		buf_clear(&path);
		buf_clear(&text);
		(void)buf_addf(&path, "%s/providers/%s.toml",
		    srcdir != NULL ? srcdir : ".", names[i]);
		is_int(io_read_file(buf_str(&path), &text), 0, "%s", names[i]);
		is_int(parse(buf_str(&text), &p), 0, "can be read: %s",
		    buf_str(&why));
		ok(p.connections && p.tokens != 0, "for connections");
		provider_clear(&p);
	}
	buf_wipe(&path);
	buf_wipe(&text);
}

int
main(void)
{
	test_whole();
	test_refused();
	test_limits();
	test_names();
	test_shipped();
	(void)umask(022);
	if (mkdtemp(home) == NULL || chdir(home) != 0 ||
	    mkdir("coco", 0755) != 0 || mkdir("coco/providers", 0755) != 0)
		bail("no directory");
	(void)setenv("XDG_CONFIG_HOME", home, 1);
	test_files();
	(void)rmdir("coco/providers");
	(void)rmdir("coco");
	if (chdir("/") == 0)
		(void)rmdir(home);
	buf_wipe(&why);
	return done_testing();
}
