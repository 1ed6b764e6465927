/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others write is never lost, and what stays is told: every place of a
 * file where somebody can write a line, each member that he can change, and
 * each thing that he can put where a file of ours was. */
#include "coco.h"

#include "tap.h"
#include "world.h"

#define DIR         "/h/.snowflake"
#define CONNECTIONS DIR "/connections.toml"
#define CONFIG      DIR "/config.toml"
#define SETTINGS    DIR "/settings.json"
#define ENV         DIR "/coco.env"
#define MARK        "USER"

static const char *const former[] = { NULL, "# mine\n[x]\na = 1\n" };

static struct desired want = { .uid = 1000, .gid = 1000 };

static void
want_key(const char *path, const char *table, const char *key,
    const char *value, enum desired_rule rule)
{
	const char *const below[] = { table, key, NULL };
	struct desired_item *item = desired_find(&want, path);

	(void)desired_set_string(item, table != NULL ? below : below + 1, value,
	    rule);
}

static void
make_desired(void)
{
	static const char *const forbidden[] = { "password", "token", NULL };
	struct desired_item *item;

	(void)desired_add(&want, DESIRED_DIRECTORY, DIR, 0700);
	item = desired_add(&want, DESIRED_FILE, ENV, 0600);
	(void)buf_adds(&item->content, "ours\n");
	(void)desired_add(&want, DESIRED_JSON, SETTINGS, 0600);
	want_key(SETTINGS, NULL, "name", "dev", DESIRED_MAY);
	want_key(SETTINGS, NULL, "mode", "fast", DESIRED_MAY);
	item = desired_add(&want, DESIRED_TOML, CONNECTIONS, 0600);
	item->forbidden = forbidden;
	strv_add(&item->section, "dev");
	want_key(CONNECTIONS, "dev", "account", "acct", DESIRED_MUST);
	want_key(CONNECTIONS, "dev", "role", "ANALYST", DESIRED_MAY);
	(void)desired_add(&want, DESIRED_TOML, CONFIG, 0600);
	want_key(CONFIG, NULL, "default_connection_name", "dev", DESIRED_MAY);
}

/* A target to which it was applied; FIRST: what CONNECTIONS had before. */
static struct world
applied(const char *first)
{
	struct world w = WORLD_INIT;

	world_directory(&w, "/h", 0755);
	if (first != NULL)
		world_directory(&w, DIR, 0700);
	world_file(&w, CONNECTIONS, 0644, first);
	if (world_change(&w, &want, STOP_NEVER) != 0)
		bail(buf_str(&w.why));
	return w;
}

/* --- lines that somebody adds --------------------------------------------- */

/* Put LINE before line number N of PATH.  Returns whether there is one. */
static bool
add_line(struct world *w, const char *path, size_t n, const char *line)
{
	struct place *p = places_find(&w->p, path);
	struct buf b = BUF_INIT(PLACE_MAX_CONTENT);
	const char *text = buf_str(&p->content);
	const char *at = text;

	while (n-- > 0 && at != NULL) {
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL)
		return false;
	(void)buf_add(&b, text, (size_t)(at - text));
	(void)buf_adds(&b, line);
	(void)buf_adds(&b, at);
	buf_move(&p->content, &b);
	return true;
}

/* Whether the mark is there after apply and after remove, and is told. */
static bool
survives(struct world *w, const char *path)
{
	bool is;

	is = world_change(w, &want, STOP_NEVER) == 0 &&
	    strstr(world_text(w, path), MARK) != NULL &&
	    world_change(w, &want, STOP_NEVER) == 0 && w->steps == 0 &&
	    world_change(w, NULL, STOP_NEVER) == 0 &&
	    strstr(world_text(w, path), MARK) != NULL &&
	    strstr(world_text(w, path), "acct") == NULL;
	if (!is)
		printf("# %s%s\n# %s\n", buf_str(&w->why), buf_str(&w->notes),
		    world_text(w, path));
	return is;
}

static void
test_lines(void)
{
	static const char *const lines[] = { "# USER\n", "USER = 1\n",
		"\n\n# USER\n\n" };
	struct world w;
	bool there;
	bool is = true;
	size_t count = 0;
	size_t i;
	size_t k;
	size_t n;

	for (i = 0; i < ARRAY_LEN(lines); i++) {
		for (k = 0; k < ARRAY_LEN(former); k++) {
			for (n = 0, there = true; there && is; n++, count++) {
				w = applied(former[k]);
				there = add_line(&w, CONNECTIONS, n, lines[i]);
				is = !there || survives(&w, CONNECTIONS);
				world_clear(&w);
			}
		}
	}
	ok(is && count > 30, "a line that somebody adds, in %zu places", count);
}

/* --- what somebody changes ------------------------------------------------ */

struct change_row {
	const char *name;
	const char *path;
	const char *from;
	const char *to;
	int applied;         /* the result of apply */
	const char *apply;   /* what it says, "" for nothing */
	const char *remove;  /* what remove says */
	const char *remains; /* the file then, NULL: none */
};

static const struct change_row changes[] = {
	{ "a member that may differ", CONNECTIONS, "\"ANALYST\"", "\"USER\"", 0,
	    CONNECTIONS ": dev.role was changed since; it stays\n",
	    CONNECTIONS ": dev.role was changed since; it stays\n" CONNECTIONS
			": [dev] has other keys; they stay\n" CONNECTIONS
			": it has what others wrote; it stays\n",
	    "[dev]\nrole = \"USER\"\n" },
	{ "a member that must not", CONNECTIONS, "\"acct\"", "\"USER\"",
	    -EEXIST,
	    CONNECTIONS ": dev.account was changed since: take that back, or "
			"remove and apply again",
	    CONNECTIONS
	    ": dev.account was changed since; it stays\n" CONNECTIONS
	    ": [dev] has other keys; they stay\n" CONNECTIONS
	    ": it has what others wrote; it stays\n",
	    "[dev]\naccount = \"USER\"\n" },
	{ "a member written in another way", CONNECTIONS, "\"ANALYST\"",
	    "'ANALYST'", 0, "", "", NULL },
	{ "a member that is a table", CONNECTIONS, "\"ANALYST\"",
	    "{ USER = 1 }", 0,
	    CONNECTIONS ": dev.role was changed since; it stays\n",
	    CONNECTIONS ": dev.role was changed since; it stays\n" CONNECTIONS
			": [dev] has other keys; they stay\n" CONNECTIONS
			": it has what others wrote; it stays\n",
	    "[dev]\nrole = { USER = 1 }\n" },
	{ "a member that is not to be there", CONNECTIONS, "account",
	    "password = 'USER'\naccount", -EEXIST,
	    CONNECTIONS ": [dev] has \"password\", which is not ours",
	    CONNECTIONS ": [dev] has other keys; they stay\n" CONNECTIONS
			": it has what others wrote; it stays\n",
	    "[dev]\npassword = 'USER'\n" },
	{ "a member taken away", CONNECTIONS, "role = \"ANALYST\"\n", "", 0, "",
	    "", NULL },
	{ "all taken away", CONNECTIONS, NULL, "", 0, "", "", NULL },
	{ "another file", CONNECTIONS, NULL, "USER = 1", 0, "",
	    CONNECTIONS ": it has what others wrote; it stays\n", "USER = 1" },
	{ "no TOML", CONNECTIONS, NULL, "USER = [", -EBADMSG,
	    CONNECTIONS ": line 1, column 9", NULL, "USER = [" },
	{ "another default", CONFIG, "\"dev\"", "\"USER\"", 0,
	    CONFIG ": default_connection_name was changed since; it stays\n",
	    CONFIG
	    ": default_connection_name was changed since; it stays\n" CONFIG
	    ": it has what others wrote; it stays\n",
	    "default_connection_name = \"USER\"\n" },
	{ "a member of JSON", SETTINGS, "\"fast\"", "\"USER\"", 0,
	    SETTINGS ": mode was changed since; it stays\n",
	    SETTINGS ": mode was changed since; it stays\n" SETTINGS
		     ": it has what others wrote; it stays\n",
	    "{\n  \"mode\": \"USER\"\n}\n" },
	{ "a list in JSON", SETTINGS, "\"fast\"", "[\"USER\"]", 0,
	    SETTINGS ": mode was changed since; it stays\n",
	    SETTINGS ": mode was changed since; it stays\n" SETTINGS
		     ": it has what others wrote; it stays\n",
	    "{\n  \"mode\": [\"USER\"]\n}\n" },
	{ "JSON written in another way", SETTINGS, "\"fast\"", "\"f\\u0061st\"",
	    0, "", "", NULL },
	{ "a further member of JSON", SETTINGS, "\"fast\"",
	    "\"fast\", \"USER\": 1", 0, "",
	    SETTINGS ": it has what others wrote; it stays\n",
	    "{\n  \"USER\": 1\n}\n" },
	{ "another JSON", SETTINGS, NULL, "{\"USER\": 1}", 0, "",
	    SETTINGS ": it has what others wrote; it stays\n",
	    "{\"USER\": 1}" },
	{ "no JSON", SETTINGS, NULL, "[1]", -EBADMSG,
	    SETTINGS ": it is no JSON object", NULL, "[1]" },
	{ "a whole file", ENV, "ours", "USER", 0,
	    ENV ": it was changed since; it stays\n",
	    ENV ": it was changed since; it stays\n", "USER\n" },
};

/* Do to W what somebody does. */
static void
meddle(struct world *w, const struct change_row *row)
{
	struct place *p = places_find(&w->p, row->path);
	const char *text = buf_str(&p->content);
	const char *at = row->from != NULL ? strstr(text, row->from) : NULL;
	struct buf b = BUF_INIT(PLACE_MAX_CONTENT);

	if (at != NULL)
		(void)buf_add(&b, text, (size_t)(at - text));
	(void)buf_adds(&b, row->to);
	if (at != NULL)
		(void)buf_adds(&b, at + strlen(row->from));
	buf_move(&p->content, &b);
}

static void
check_removed(struct world *w, const struct change_row *row)
{
	const struct place *p = places_find(&w->p, row->path);

	is_int(world_change(w, NULL, STOP_NEVER),
	    row->remove != NULL ? 0 : -EBADMSG, "removed: %s",
	    buf_str(&w->why));
	is_str(buf_str(&w->notes), row->remove != NULL ? row->remove : "",
	    "and told");
	is_str(p->kind == PLACE_FILE ? buf_str(&p->content) : NULL,
	    row->remains, "what is left");
}

static void
test_changes(void)
{
	const struct change_row *row;
	struct world w;
	size_t i;
	int twice;

	for (i = 0; i < ARRAY_LEN(changes); i++) {
		row = &changes[i];
		w = applied(NULL);
		meddle(&w, row);
		/* the second time is no other than the first */
		for (twice = 0; twice < 2; twice++) {
			is_int(world_change(&w, &want, STOP_NEVER),
			    row->applied, "%s", row->name);
			if (row->applied == 0)
				is_str(buf_str(&w.notes), row->apply, "told");
			else
				ok(strstr(buf_str(&w.why), row->apply) != NULL,
				    "told: %s", buf_str(&w.why));
			if (strstr(row->to, MARK) != NULL)
				ok(strstr(world_text(&w, row->path), MARK) !=
					NULL,
				    "and left");
		}
		check_removed(&w, row);
		world_clear(&w);
		w = applied(NULL);
		meddle(&w, row);
		check_removed(&w, row);
		world_clear(&w);
	}
}

/* Somebody has another thing where a file or directory of ours was. */
static void
test_others(void)
{
	static const char *const paths[] = { CONNECTIONS, SETTINGS, ENV, DIR };
	static const enum place_kind kinds[] = { PLACE_ODD, PLACE_DIRECTORY,
		PLACE_FILE };
	struct world w;
	struct place *p;
	enum place_kind was;
	size_t i;
	size_t k;

	for (i = 0; i < ARRAY_LEN(paths); i++) {
		for (k = 0; k < ARRAY_LEN(kinds); k++) {
			w = applied(former[1]);
			p = places_find(&w.p, paths[i]);
			was = p->kind;
			p->kind = kinds[k];
			p->odd = "a FIFO";
			if (was == kinds[k]) {
				world_clear(&w);
				continue;
			}
			is_int(world_change(&w, &want, STOP_NEVER), -EEXIST,
			    "apply: %s", buf_str(&w.why));
			is_int(world_change(&w, NULL, STOP_NEVER), 0,
			    "remove: %s", buf_str(&w.why));
			is_int(p->kind, kinds[k], "%s stays", paths[i]);
			if (p != places_find(&w.p, DIR))
				ok(strstr(buf_str(&w.notes), paths[i]) != NULL,
				    "and is told: %s", buf_str(&w.notes));
			world_clear(&w);
		}
	}
}

struct mode_row {
	mode_t before; /* 0: no file */
	mode_t want;
	mode_t applied;
	mode_t since; /* 0: as it was left */
	mode_t again;
	mode_t after;
};

static void
test_modes(void)
{
	static const struct mode_row rows[] = {
		{ 0644, 0600, 0600, 0, 0600, 0644 },
		{ 0600, 0600, 0600, 0, 0600, 0600 },
		{ 0600, 0644, 0600, 0, 0600, 0600 },
		{ 0664, 0644, 0644, 0, 0644, 0664 },
		{ 0400, 0600, 0400, 0, 0400, 0400 },
		{ 0644, 0600, 0600, 0640, 0600, 0640 },
		{ 0600, 0600, 0600, 0640, 0600, 0640 },
		{ 0, 0600, 0600, 0640, 0600, 0 },
	};
	static const char *const key[] = { "k", NULL };
	struct desired d;
	struct world w;
	size_t i;

	for (i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const struct mode_row *row = &rows[i / 2];
		/* a value that is there already is not ours */
		const char *text = i % 2 == 0 ? "a = 1\n" : "k = \"v\"\n";

		d = (struct desired){ .uid = 1000, .gid = 1000 };
		w = (struct world)WORLD_INIT;
		(void)desired_set_string(desired_add(&d, DESIRED_TOML, "/c",
					     row->want),
		    key, "v", DESIRED_MAY);
		world_file(&w, "/c", row->before,
		    row->before != 0 ? text : NULL);
		is_int(world_change(&w, &d, STOP_NEVER), 0, "row %zu", i);
		is_int(places_find(&w.p, "/c")->mode, row->applied, "applied");
		if (row->since != 0)
			places_find(&w.p, "/c")->mode = row->since;
		is_int(world_change(&w, &d, STOP_NEVER), 0, "again");
		is_int(places_find(&w.p, "/c")->mode, row->again, "its mode");
		is_int(world_change(&w, NULL, STOP_NEVER), 0, "removed");
		if (row->before != 0)
			is_int(places_find(&w.p, "/c")->mode, row->after,
			    "as it was");
		else
			is_int(places_find(&w.p, "/c")->kind, PLACE_ABSENT,
			    "gone");
		world_clear(&w);
		desired_wipe(&d);
	}
}

/* Nothing to be said makes no file. */
static void
test_nothing(void)
{
	struct desired d = { .uid = 1000, .gid = 1000 };
	struct world w = WORLD_INIT;

	(void)desired_add(&d, DESIRED_JSON, "/a", 0600);
	(void)desired_add(&d, DESIRED_TOML, "/b", 0600);
	is_int(world_change(&w, &d, STOP_NEVER), 0, "no members");
	is_int(w.steps, 0, "nothing to do");
	world_file(&w, "/a", 0644, "{\n}\n");
	world_file(&w, "/b", 0644, "");
	is_int(world_change(&w, &d, STOP_NEVER), 0, "no members");
	is_int(w.steps, 0, "nothing to do");
	world_clear(&w);
	desired_wipe(&d);
}

/* A directory that others own could be replaced by them. */
static void
test_owners(void)
{
	static const struct {
		const char *path;
		uint32_t uid;
		int r;
	} rows[] = { { DIR, 1000, 0 }, { DIR, 0, 0 }, { DIR, 1001, -EEXIST },
		{ CONNECTIONS, 1001, -EEXIST }, { CONNECTIONS, 0, -EEXIST },
		{ SETTINGS, 1001, -EEXIST } };
	struct world w;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		w = (struct world)WORLD_INIT;
		world_directory(&w, DIR, 0700);
		world_file(&w, CONNECTIONS, 0600, "");
		world_file(&w, SETTINGS, 0600, "{}");
		places_find(&w.p, rows[i].path)->uid = rows[i].uid;
		is_int(world_change(&w, &want, STOP_NEVER), rows[i].r,
		    "%s of uid %u: %s", rows[i].path, rows[i].uid,
		    buf_str(&w.why));
		world_clear(&w);
	}
}

/* A user's change outlives an interruption, but for one of a copy that may
 * have cut the file. */
static void
test_change_and_stop(void)
{
	struct world w = applied(NULL);
	struct desired_item *item = desired_find(&want, ENV);

	world_put(&w, ENV, PLACE_FILE, 0600, "USER\n");
	want_key(CONFIG, NULL, "default_connection_name", "new", DESIRED_MAY);
	w.cuts = true;
	is_int(world_change(&w, &want, 0), 0, "interrupted");
	is_int(world_change(&w, &want, STOP_NEVER), 0, "again");
	is_str(world_text(&w, ENV), "USER\n", "what somebody wrote stays");
	world_clear(&w);
	w = applied(NULL);
	buf_clear(&item->content);
	(void)buf_adds(&item->content, "newer\n");
	w.cuts = true;
	is_int(world_change(&w, &want, 0), 0, "interrupted");
	is_str(world_text(&w, ENV), "new", "in a file of ours");
	is_int(world_change(&w, &want, STOP_NEVER), 0, "again");
	is_str(world_text(&w, ENV), "newer\n", "which is written again");
	world_put(&w, ENV, PLACE_FILE, 0600, "USER\n");
	is_int(world_change(&w, &want, STOP_NEVER), 0, "changed after that");
	is_str(world_text(&w, ENV), "USER\n", "it stays");
	world_put(&w, ENV, PLACE_FILE, 0600, "newer\n");
	is_int(world_change(&w, &want, STOP_NEVER), 0, "changed back");
	is_int(world_change(&w, NULL, STOP_NEVER), 0, "removed");
	is_int(places_find(&w.p, ENV)->kind, PLACE_ABSENT, "it was ours");
	world_clear(&w);
}

int
main(void)
{
	make_desired();
	test_lines();
	test_changes();
	test_others();
	test_modes();
	test_nothing();
	test_owners();
	test_change_and_stop();
	desired_wipe(&want);
	return done_testing();
}
