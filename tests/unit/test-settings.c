/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a coco.toml says, that each fault is told where it is, and that a file
 * with one changes nothing. */
#include "coco.h"

#include "settings.h"
#include "tap.h"

#define S(text) text, sizeof(text) - 1

static bool
are_equal(const struct settings *a, const struct settings *b)
{
	return strcmp(a->socket, b->socket) == 0 &&
	    a->max_connections == b->max_connections &&
	    a->header_timeout == b->header_timeout &&
	    a->idle_timeout == b->idle_timeout &&
	    a->request_timeout == b->request_timeout &&
	    a->max_children == b->max_children &&
	    a->check_namespaces == b->check_namespaces &&
	    a->max_entries == b->max_entries && a->max_age == b->max_age &&
	    a->refresh_ahead == b->refresh_ahead &&
	    a->sandbox.max_grants == b->sandbox.max_grants &&
	    a->sandbox.max_connections == b->sandbox.max_connections &&
	    a->sandbox.max_per_grant == b->sandbox.max_per_grant &&
	    a->sandbox.idle_timeout == b->sandbox.idle_timeout &&
	    a->level == b->level;
}

/* Parse TEXT, which must be good, over S. */
static void
parse(struct settings *s, const char *text)
{
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);

	is_int(settings_parse(text, strlen(text), s, &why), 0, "settings");
	is_str(buf_str(&why), "", "without a word");
	buf_wipe(&why);
}

static void
test_presets(void)
{
	static const struct settings want = { .socket = "",
		.max_connections = 8192,
		.header_timeout = 10,
		.idle_timeout = 300,
		.request_timeout = 60,
		.max_children = 16,
		.check_namespaces = true,
		.max_entries = 1024,
		.max_age = 900,
		.refresh_ahead = true,
		.sandbox = { 2048, 4096, 64, 60 },
		.level = SETTINGS_INFO };
	struct settings s;

	settings_init(&s);
	ok(are_equal(&s, &want), "the presets");
	parse(&s, "");
	ok(are_equal(&s, &want), "an empty file changes nothing");
	parse(&s, "# nothing\n[daemon]\n[cache]\n[sandbox]\n[log]\n");
	ok(are_equal(&s, &want), "nor do empty tables");
}

static void
test_values(void)
{
	static const struct settings want = { .socket = "/run/x/s",
		.max_connections = 16,
		.header_timeout = 300,
		.idle_timeout = 86400,
		.request_timeout = 600,
		.max_children = 256,
		.check_namespaces = false,
		.max_entries = 100000,
		.max_age = 1,
		.refresh_ahead = false,
		.sandbox = { 1, 100000, 10000, 86400 },
		.level = SETTINGS_DEBUG };
	struct settings s;

	settings_init(&s);
	parse(&s,
	    "[daemon]\nsocket = '/run/x/s'\nmax_connections = 0x10\n"
	    "header_timeout = 300\nidle_timeout = 86_400\n"
	    "request_timeout = 600\nmax_children = +256\n"
	    "check_namespaces = false\n[cache]\nmax_entries = 100000\n"
	    "max_age = 1\nrefresh_ahead = false\n[sandbox]\nmax_grants = 1\n"
	    "max_connections = 100000\nmax_per_grant = 10000\n"
	    "idle_timeout = 86400\n[log]\nlevel = \"debug\"\n");
	ok(are_equal(&s, &want), "every setting");
	parse(&s, "log.level = 'error'\ncache = { max_age = 900 }\n");
	ok(s.level == SETTINGS_ERROR && s.max_age == 900 &&
		s.max_entries == 100000,
	    "a second file is over the first, key by key");
	parse(&s, "log.level = 'warning'\n");
	is_int(s.level, SETTINGS_WARNING, "warning");
	parse(&s, "log.level = 'info'\n");
	is_int(s.level, SETTINGS_INFO, "info");
	parse(&s, "daemon.socket = '~/s'\n");
	is_str(s.socket, "~/s", "a socket in the home directory");
	parse(&s,
	    "daemon.socket = '/"
	    "123456789 123456789 123456789 123456789 123456789 "
	    "123456789 123456789 123456789 123456789 123456789 123456'");
	is_int((intmax_t)strlen(s.socket), SETTINGS_MAX_SOCKET,
	    "the longest name");
	parse(&s, "daemon.socket = ''\n");
	is_str(s.socket, "", "none");
}

#define NEAREST "; the nearest is "
#define ABSOLUTE                                                           \
	"daemon.socket must be an absolute path, or one that begins with " \
	"~/, of at most 107 bytes"
#define LEVEL "log.level must be \"error\", \"warning\", \"info\" or \"debug\""

static const struct {
	const char *text;
	size_t len;
	const char *why;
} bad[] = {
	/* names */
	{ S("[daemom]\nx = 1\n"),
	    "1:2: unknown table \"daemom\"" NEAREST "\"daemon\"" },
	{ S("[[logs]]\n"), "1:3: unknown table \"logs\"" NEAREST "\"log\"" },
	{ S("[logxxxxx]\n"),
	    "1:2: unknown table \"logxxxxx\"" NEAREST "\"log\"" },
	{ S("cash.max_age = 1\n"),
	    "1:1: unknown table \"cash\"" NEAREST "\"cache\"" },
	{ S("max_age = 1\n"),
	    "1:1: unknown key \"max_age\"" NEAREST "\"cache.max_age\"" },
	{ S("[daemon]\n  max_conections = 1\n"),
	    "2:3: unknown key \"daemon.max_conections\"" NEAREST
	    "\"daemon.max_connections\"" },
	{ S("[daemon]\nmax_connection = 1\n"),
	    "2:1: unknown key \"daemon.max_connection\"" NEAREST
	    "\"daemon.max_connections\"" },
	{ S("[daemon]\nlevel = 'info'\n"),
	    "2:1: unknown key \"daemon.level\"" NEAREST "\"log.level\"" },
	{ S("[log]\nLevel = 'info'\n"),
	    "2:1: unknown key \"log.Level\"" NEAREST "\"log.level\"" },
	{ S("[log.x]\n"),
	    "1:6: unknown key \"log.x\"" NEAREST "\"log.level\"" },
	{ S("[cache]\nmax = 1\n"),
	    "2:1: unknown key \"cache.max\"" NEAREST "\"cache.max_age\"" },
	{ S("'' = 1\n"), "1:1: unknown key \"\"" NEAREST "\"log.level\"" },
	{ S("[log]\n'é\\u001b' = 1\n"),
	    "2:1: unknown key \"log.é\\u001b\"" NEAREST "\"log.level\"" },
	{ S("[log]\n\"level\\u0000\\n\" = 1\n"),
	    "2:1: unknown key \"log.level\\x00\\x0a\"" NEAREST
	    "\"log.level\"" },
	{ S("\"log\\u0000\".level = 'info'\n"),
	    "1:1: unknown table \"log\\x00\"" NEAREST "\"log\"" },
	{ S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "bbb = 1\n"),
	    "1:1: unknown key "
	    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "...\"" NEAREST "\"daemon.check_namespaces\"" },
	/* tables */
	{ S("daemon = 3\n"), "1:10: daemon must be a table" },
	{ S("logs = {}\n[[cache]]\nmax_age = 1\n"),
	    "1:1: unknown table \"logs\"" NEAREST "\"log\"\n"
	    "2:3: cache must be a table" },
	{ S("[daemon.socket]\n"), "1:9: " ABSOLUTE },
	{ S("[[log.level]]\n"), "1:7: " LEVEL },
	/* numbers */
	{ S("[daemon]\nmax_connections = 15\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_connections = 100001\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_connections = 9223372036854775807\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_connections = 4294967312\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_connections = 100.0\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_connections = '100'\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_connections = true\n"),
	    "2:19: daemon.max_connections must be an integer from 16 to "
	    "100000" },
	{ S("[daemon]\nmax_children = 0\n"),
	    "2:16: daemon.max_children must be an integer from 1 to 256" },
	{ S("[daemon]\nmax_children = 257\n"),
	    "2:16: daemon.max_children must be an integer from 1 to 256" },
	{ S("[daemon]\nheader_timeout = 0\n"),
	    "2:18: daemon.header_timeout must be a number of seconds from 1 "
	    "to 300" },
	{ S("[daemon]\nheader_timeout = 301\n"),
	    "2:18: daemon.header_timeout must be a number of seconds from 1 "
	    "to 300" },
	{ S("[daemon]\nidle_timeout = 86401\n"),
	    "2:16: daemon.idle_timeout must be a number of seconds from 1 to "
	    "86400" },
	{ S("[daemon]\nidle_timeout = -1\n"),
	    "2:16: daemon.idle_timeout must be a number of seconds from 1 to "
	    "86400" },
	{ S("[daemon]\nrequest_timeout = 601\n"),
	    "2:19: daemon.request_timeout must be a number of seconds from 1 "
	    "to 600" },
	{ S("[daemon]\nrequest_timeout = 0\n"),
	    "2:19: daemon.request_timeout must be a number of seconds from 1 "
	    "to 600" },
	{ S("[cache]\nmax_entries = 0\n"),
	    "2:15: cache.max_entries must be an integer from 1 to 100000" },
	{ S("[cache]\nmax_entries = 100001\n"),
	    "2:15: cache.max_entries must be an integer from 1 to 100000" },
	{ S("[cache]\nmax_age = 901\n"),
	    "2:11: cache.max_age must be a number of seconds from 1 to 900" },
	{ S("[cache]\nmax_age = 0\n"),
	    "2:11: cache.max_age must be a number of seconds from 1 to 900" },
	{ S("[cache]\nmax_age = 12:00:00\n"),
	    "2:11: cache.max_age must be a number of seconds from 1 to 900" },
	/* booleans */
	{ S("[daemon]\ncheck_namespaces = 'no'\n"),
	    "2:20: daemon.check_namespaces must be true or false" },
	{ S("[daemon]\ncheck_namespaces = 0\n"),
	    "2:20: daemon.check_namespaces must be true or false" },
	{ S("[cache]\nrefresh_ahead = []\n"),
	    "2:17: cache.refresh_ahead must be true or false" },
	/* words */
	{ S("[log]\nlevel = 'notice'\n"), "2:9: " LEVEL },
	{ S("[log]\nlevel = 'INFO'\n"), "2:9: " LEVEL },
	{ S("[log]\nlevel = ''\n"), "2:9: " LEVEL },
	{ S("[log]\nlevel = \"info\\u0000\"\n"), "2:9: " LEVEL },
	{ S("[log]\nlevel = 3\n"), "2:9: " LEVEL },
	{ S("log = { level = ['info'] }\n"), "1:17: " LEVEL },
	{ S("[sandbox]\nmax_grants = 0\nmax_connections = 15\n"
	    "max_per_grant = 10001\nidle_timeout = 0\n"),
	    "2:14: sandbox.max_grants must be an integer from 1 to 100000\n"
	    "3:19: sandbox.max_connections must be an integer from 16 to "
	    "100000\n"
	    "4:17: sandbox.max_per_grant must be an integer from 1 to 10000\n"
	    "5:16: sandbox.idle_timeout must be a number of seconds from 1 to "
	    "86400" },
	{ S("[sandbox]\nmax_children = 1\n"),
	    "2:1: unknown key \"sandbox.max_children\"" NEAREST
	    "\"daemon.max_children\"" },
	/* paths */
	{ S("[daemon]\nsocket = 'tokend.sock'\n"), "2:10: " ABSOLUTE },
	{ S("[daemon]\nsocket = '~'\n"), "2:10: " ABSOLUTE },
	{ S("[daemon]\nsocket = '~root/s'\n"), "2:10: " ABSOLUTE },
	{ S("[daemon]\nsocket = \"/s\\u0000\"\n"), "2:10: " ABSOLUTE },
	{ S("[daemon]\nsocket = ['/s']\n"), "2:10: " ABSOLUTE },
	{ S("[daemon]\nsocket = '/"
	    "123456789 123456789 123456789 123456789 123456789 "
	    "123456789 123456789 123456789 123456789 123456789 1234567'\n"),
	    "2:10: " ABSOLUTE },
	/* places */
	{ S("\xef\xbb\xbfx = 1\n"),
	    "1:1: unknown key \"x\"" NEAREST "\"log.level\"" },
	{ S("# é\r\nlog = { 'é' = '☃', x = 1 }\n"),
	    "2:9: unknown key \"log.é\"" NEAREST "\"log.level\"\n"
	    "2:20: unknown key \"log.x\"" NEAREST "\"log.level\"" },
	/* all faults are told, in the order of the file */
	{ S("[log]\nlevel = 1\n[daemon]\nmax_children = 0\nsocket = 's'\n"
	    "max_connections = 20\n[x]\n"),
	    "2:9: " LEVEL "\n"
	    "4:16: daemon.max_children must be an integer from 1 to 256\n"
	    "5:10: " ABSOLUTE "\n"
	    "7:2: unknown table \"x\"" NEAREST "\"log\"" },
	/* what the reader of TOML refuses, it words itself */
	{ S("[log]\nlevel = info\n"),
	    "2:9: not a valid value; text must be in quotes" },
	{ S("[log]\n[log]\n"),
	    "2:2: duplicate table \"log\"; first on line 1" },
};

static void
test_bad(void)
{
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	struct settings before;
	struct settings s;
	size_t i;

	settings_init(&before);
	before.max_children = 3;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		s = before;
		is_int(settings_parse(bad[i].text, bad[i].len, &s, &why),
		    -EBADMSG, "refused: row %zu", i);
		is_str(buf_str(&why), bad[i].why, "why");
		ok(are_equal(&s, &before), "nothing of it is taken");
		buf_clear(&why);
	}
	buf_wipe(&why);
}

/* No file makes us work or talk without end. */
static void
test_limits(void)
{
	static char text[SETTINGS_MAX_TEXT + 1];
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	struct buf small = BUF_INIT(30);
	struct settings s;
	size_t n;

	settings_init(&s);
	memset(text, '\n', sizeof(text));
	is_int(settings_parse(text, sizeof(text) - 1, &s, &why), 0,
	    "64 KiB are read");
	is_int(settings_parse(text, sizeof(text), &s, &why), -EMSGSIZE,
	    "no more");
	is_str(buf_str(&why), "1:1: longer than 64 KiB", "why");
	buf_clear(&why);

	for (n = 0; n + 10 < sizeof(text); n += 9)
		(void)snprintf(text + n, 10, "a%05zu=1\n", n / 9);
	is_int(settings_parse(text, n, &s, &why), -EBADMSG, "7000 faults");
	ok(why.len > SETTINGS_MAX_WHY - 100, "many of them are told");
	ok(strncmp(buf_str(&why), "1:1: ", 5) == 0, "the first of them");
	is_str(buf_str(&why) + why.len - 8, ".socket\"", "whole lines only");

	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 4, "=1\n", 3);
	buf_clear(&why);
	is_int(settings_parse(text, sizeof(text) - 1, &s, &why), -EBADMSG,
	    "a key of 64 KiB");
	ok(why.len < 200, "is not repeated");

	is_int(settings_parse(S("a=1\n"), &s, &small), -EBADMSG, "no room");
	is_str(buf_str(&small), "", "for a reason");
	buf_wipe(&small);
	buf_wipe(&why);
}

static void
test_append(void)
{
	struct buf why = BUF_INIT(SETTINGS_MAX_WHY);
	struct settings s;

	settings_init(&s);
	(void)buf_adds(&why, "FILE:");
	(void)settings_parse(S("log = 1\ncache = 1\n"), &s, &why);
	is_str(buf_str(&why),
	    "FILE:1:7: log must be a table\n2:9: cache must be a table",
	    "appended to what is there");
	buf_wipe(&why);
}

static void
test_print(void)
{
	struct buf b = BUF_INIT(SETTINGS_MAX_PRINT);
	struct buf tiny = BUF_INIT(100);
	struct settings s;
	struct settings back;

	settings_init(&s);
	is_int(settings_print(&s, &b), 0, "printed");
	ok(strstr(buf_str(&b),
	       "[daemon]\n"
	       "# the control socket: an absolute path, or one that begins "
	       "with ~/, of at most 107 bytes\n"
	       "socket = \"\"\n"
	       "# clients at a time: an integer from 16 to 100000\n"
	       "max_connections = 8192\n") == buf_str(&b),
	    "its beginning");
	ok(strstr(buf_str(&b),
	       "idle_timeout = 60\n"
	       "\n"
	       "[log]\n"
	       "# how much is logged: \"error\", \"warning\", \"info\" or "
	       "\"debug\"\n"
	       "level = \"info\"\n") != NULL,
	    "and its end");
	settings_init(&back);
	parse(&back, buf_str(&b));
	ok(are_equal(&back, &s), "and read back");

	buf_clear(&b);
	parse(&s,
	    "[daemon]\nsocket = \"/\\\"\\\\\\u0001\\n\\u007fé\"\n"
	    "max_connections = 17\nheader_timeout = 2\nidle_timeout = 3\n"
	    "request_timeout = 4\nmax_children = 5\n"
	    "check_namespaces = false\n[cache]\nmax_entries = 6\n"
	    "max_age = 7\nrefresh_ahead = false\n[log]\nlevel = \"error\"\n");
	is_int(settings_print(&s, &b), 0, "others printed");
	parse(&back, buf_str(&b));
	ok(are_equal(&back, &s), "and read back");

	memset(s.socket, 1, sizeof(s.socket) - 1);
	buf_clear(&b);
	is_int(settings_print(&s, &b), 0, "the longest fits");
	is_int(settings_print(&s, &tiny), -EMSGSIZE, "too small a buffer");
	buf_wipe(&tiny);
	buf_wipe(&b);
}

int
main(void)
{
	test_presets();
	test_values();
	test_bad();
	test_limits();
	test_append();
	test_print();
	return done_testing();
}
