/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The planner, over many targets: apply twice is apply once, remove gives back
 * what was there, also after an interruption at any point, and no secret is
 * printed. */
#include "coco.h"

#include "tap.h"
#include "world.h"

#define DIR         "/home/u/.snowflake"
#define CONNECTIONS DIR "/connections.toml"
#define CONFIG      DIR "/config.toml"
#define SETTINGS    DIR "/cortex/settings.json"

/* What others have written before us. */
static const char *const connections[] = {
	NULL,
	"",
	"\n",
	"[other]\npassword = \"p-canary\"\n",
	"# mine\n\n[other]   # keep\r\naccount = 'x'\r\n",
	"[other]\naccount = 'x'",
	"\xef\xbb\xbf[other]\r\naccount = 'x'\r\n\r\n",
	"other = { account = 'x', token = 'p-canary' }\n",
	"other.account = 'x'\nother.token = 'p-canary'",
	"[dev]\n# empty\n\n[z]\nq = 1\n",
	"dev = {}\n",
	"dev.role = 'ANALYST'\n",
	"dev = { role = 'MINE' }",
	"[dev]\nrole = \"ANALYST\" # hers\n\n\n",
	"[dev.parameters]\nx = 1\n",
};
static const char *const configs[] = {
	NULL,
	"",
	"default_connection_name = \"dev\"\n",
	"default_connection_name = 'other'",
	"[connections.a]\naccount = \"x\"\n\n[log]\nlevel = \"info\"\n",
	"# only this",
	"[connections]\n",
	"connections.a.account = 'x'\r\n",
	"connections = { a = { account = 'x' } }\n",
};
static const char *const settings[] = {
	NULL,
	"",
	"{}",
	"{\n}\n",
	"{ }\r\n",
	"{\"theme\": \"dark\"}",
	"{\n  \"theme\": \"dark\"\n}\n",
	"{\r\n\t\"a\": {\"autoUpdate\": 1},\r\n\t\"b\": []\r\n}",
	"{\"autoUpdate\": true}",
	"{\"autoUpdate\": false, \"cortexAgentConnectionName\": \"dev\"}",
	"{\"autoUpdate\": {\"x\": [1]}}",
	"\xef\xbb\xbf{\n\n}",
};
static const mode_t modes[] = { 0600, 0644, 0400, 0640 };

#define PICK(list, n) ((list)[(n) % ARRAY_LEN(list)])
#define STATES        540 /* of all that there could be */

/* State number N. */
static void
make_state(struct world *w, size_t n)
{
	static const char *const dirs[] = { "/usr", "/usr/local",
		"/usr/local/bin" };
	size_t i;

	world_directory(w, "/home/u", 0755);
	for (i = 0; i < n % (ARRAY_LEN(dirs) + 1); i++)
		world_put(w, dirs[i], PLACE_DIRECTORY, 0755, "")->uid = 0;
	if (n % 11 == 0)
		return;
	world_directory(w, DIR, n % 3 == 0 ? 0755 : 0700);
	world_file(w, CONNECTIONS, PICK(modes, n / 3), PICK(connections, n));
	world_file(w, CONFIG, PICK(modes, n / 5),
	    PICK(configs, n / ARRAY_LEN(connections)));
	if (PICK(settings, n / 7) != NULL)
		world_directory(w, DIR "/cortex", 0750);
	world_file(w, SETTINGS, PICK(modes, n / 7), PICK(settings, n / 7));
}

static void
want_file(struct desired *d, const char *path, mode_t mode, bool is_secret,
    const char *content)
{
	struct desired_item *item = desired_add(d, DESIRED_FILE, path, mode);

	item->is_secret = is_secret;
	(void)buf_adds(&item->content, content);
}

static void
want_key(struct desired_item *item, bool nested, const char *key,
    const char *value, enum desired_rule rule)
{
	const char *const top[] = { "dev", key, NULL };
	const char *const below[] = { "connections", "dev", key, NULL };

	(void)desired_set_string(item, nested ? below : top, value, rule);
}

static void
want_section(struct desired *d, bool nested, unsigned int variant)
{
	static const char *const users[] = { "JOE", "SUE", "ANN", "TOM" };
	struct desired_item *item = desired_add(d, DESIRED_TOML,
	    nested ? CONFIG : CONNECTIONS, 0600);

	want_key(item, nested, "account", "acct", DESIRED_MUST);
	want_key(item, nested, "user", users[variant], DESIRED_MUST);
	want_key(item, nested, "role", "ANALYST", DESIRED_MAY);
	if (variant != 1)
		want_key(item, nested, "warehouse", "WH", DESIRED_MAY);
	want_key(item, nested, variant == 2 ? "token" : "oauth_client_secret",
	    variant == 2 ? "t-canary" : "c-canary", DESIRED_MUST);
}

/* What we want, in a few ways. */
static struct desired
make_desired(unsigned int variant)
{
	static const char *const name[] = { "default_connection_name", NULL };
	static const char *const agent[] = { "cortexAgentConnectionName",
		NULL };
	static const char *const agents[] = { "dev", NULL, "other", "third" };
	static const char *const update[] = { "autoUpdate", NULL };
	struct desired d = { .uid = 1000, .gid = 1000 };
	struct desired_item *item;

	desired_add(&d, DESIRED_DIRECTORY, "/home/u", 0700)->must_exist = true;
	(void)desired_add(&d, DESIRED_DIRECTORY, DIR, 0700);
	if (variant != 2) {
		(void)desired_add(&d, DESIRED_DIRECTORY, "/usr", 0755);
		(void)desired_add(&d, DESIRED_DIRECTORY, "/usr/local", 0755);
		(void)desired_add(&d, DESIRED_DIRECTORY, "/usr/local/bin",
		    0755);
		want_file(&d, "/usr/local/bin/coco", 0755, false,
		    variant == 1 ? "newer" : "program");
		want_file(&d, DIR "/coco-dev.capability", 0600, true,
		    "f-canary\n");
	}
	want_file(&d, DIR "/coco-dev.env", 0600, false,
	    variant == 1 ? "export A='2'\n" : "export A='1'\n");
	if (variant != 1) {
		(void)desired_add(&d, DESIRED_DIRECTORY, DIR "/cortex", 0700);
		item = desired_add(&d, DESIRED_JSON, SETTINGS, 0600);
		(void)desired_set_string(item, agent, agents[variant],
		    DESIRED_MAY);
		(void)desired_set_raw(item, update, "false", DESIRED_MAY);
	}
	want_section(&d, variant == 3, variant);
	item = desired_add(&d, DESIRED_TOML, CONFIG, 0600);
	(void)desired_set_string(item, name, "dev", DESIRED_MAY);
	return d;
}

#define VARIANTS 4

static struct desired want[VARIANTS];

/* Whether a secret of ours or of others can be seen. */
static bool
tells(const struct world *w)
{
	struct buf record = BUF_INIT(DEPLOYMENT_MAX);
	bool does;

	(void)deployment_format(&w->d, &record);
	does = strstr(buf_str(&w->printed), "canary") != NULL ||
	    strstr(buf_str(&w->notes), "canary") != NULL ||
	    strstr(buf_str(&w->why), "canary") != NULL ||
	    strstr(buf_str(&record), "canary") != NULL;
	buf_wipe(&record);
	return does;
}

/* Apply, and say what went wrong. */
static bool
change(struct world *w, const struct desired *d, size_t stop)
{
	int r = world_change(w, d, stop);

	if (r != 0)
		printf("# %d: %s\n", r, buf_str(&w->why));
	if (tells(w))
		printf("# a secret: %s\n", buf_str(&w->printed));
	return r == 0 && !tells(w);
}

/* Apply each variant one after the other, from state N, and remove. */
static bool
check_twice(size_t n)
{
	struct world w = WORLD_INIT;
	struct world before = WORLD_INIT;
	bool is = true;
	size_t i;

	make_state(&w, n);
	world_copy(&w, &before);
	for (i = 0; i < 3 && is; i++) {
		is = change(&w, &want[(n + i) % VARIANTS], STOP_NEVER) &&
		    change(&w, &want[(n + i) % VARIANTS], STOP_NEVER) &&
		    w.steps == 0;
		if (!is)
			printf("# variant %zu: %s\n", (n + i) % VARIANTS,
			    buf_str(&w.printed));
	}
	is = is && change(&w, NULL, STOP_NEVER) && world_is(&w, &before) &&
	    w.notes.len == 0;
	if (!is)
		printf("# state %zu: %s\n", n, buf_str(&w.notes));
	world_clear(&w);
	world_clear(&before);
	return is;
}

/* From state N apply FROM, then TO, which is interrupted after STOP steps, and
 * once more after AGAIN of what is left.  Returns -1 when there are no so many
 * steps, else whether all is as it should be. */
static int
check_stop(size_t n, int from, int to, size_t stop, size_t again)
{
	const struct desired *d = to < 0 ? NULL : &want[to];
	/* somebody may want something else by then */
	const struct desired *next = to < 0 || n % 2 == 0 ?
	    d :
	    &want[(unsigned int)(to + 1) % VARIANTS];
	struct world before = WORLD_INIT;
	struct world straight = WORLD_INIT;
	struct world w = WORLD_INIT;
	int is = true;

	make_state(&before, n);
	make_state(&straight, n);
	make_state(&w, n);
	w.cuts = (n + stop) % 2 == 0;
	if (from >= 0)
		is = change(&w, &want[from], STOP_NEVER) &&
		    change(&straight, &want[from], STOP_NEVER);
	is = is && change(&straight, d, STOP_NEVER) && change(&w, d, stop);
	if (is && stop >= w.steps) {
		is = -1;
	} else if (is) {
		is = change(&w, next, again);
		if (again != 1)
			is = is && change(&w, d, STOP_NEVER) &&
			    (next != d || world_is(&w, &straight)) &&
			    change(&w, d, 1) && w.steps == 0;
		is = is && change(&w, NULL, STOP_NEVER) &&
		    world_is(&w, &before);
	}
	if (is == 0)
		printf("# state %zu, %d to %d, %zu and %zu steps: %s\n", n,
		    from, to, stop, again, buf_str(&w.notes));
	world_clear(&before);
	world_clear(&straight);
	world_clear(&w);
	return is;
}

static bool
check_stops(size_t n, int from, int to)
{
	static const size_t more[] = { 0, 1, 3, STOP_NEVER };
	size_t stop;
	size_t i;
	int is = 1;

	for (i = 0; i < ARRAY_LEN(more) && is != 0; i++)
		for (stop = 0, is = 1; is == 1; stop++)
			is = check_stop(n, from, to, stop, more[i]);
	return is != 0;
}

static void
test_twice(void)
{
	size_t bad = 0;
	size_t n;

	for (n = 0; n < STATES && bad < 5; n++)
		bad += check_twice(n) ? 0 : 1;
	is_int(bad, 0, "applied twice, and removed, in %d states", STATES);
}

static void
test_stops(void)
{
	static const int rows[][2] = { { -1, 0 }, { -1, 1 }, { -1, 2 },
		{ -1, 3 }, { 0, 1 }, { 1, 0 }, { 0, 2 }, { 2, 0 }, { 0, 3 },
		{ 3, 0 }, { 0, -1 }, { 3, -1 } };
	size_t bad;
	size_t i;
	size_t n;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		bad = 0;
		for (n = i; n < STATES && bad < 3; n += 37)
			bad += check_stops(n, rows[i][0], rows[i][1]) ? 0 : 1;
		is_int(bad, 0, "interrupted on the way from %d to %d",
		    rows[i][0], rows[i][1]);
	}
}

int
main(void)
{
	unsigned int i;

	for (i = 0; i < VARIANTS; i++)
		want[i] = make_desired(i);
	test_twice();
	test_stops();
	for (i = 0; i < VARIANTS; i++)
		desired_wipe(&want[i]);
	return done_testing();
}
