/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Grants on disk: what is written is read again, and what is no grant is set
 * aside, told, and takes no other with it. */
#include "coco.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <ftw.h>
#include <limits.h>
#include <unistd.h>

#include "audit.h"
#include "clock.h"
#include "confine.h"
#include "grantstore.h"
#include "io.h"
#include "tap.h"

#define MANY    1000
#define NOW     1764400000
#define REQUEST "{\"connections\":[{\"name\":\"dev\",\"roles\":[\"A\"]}]}"

static char state[] = "/tmp/coco-test-grantstore.XXXXXX";
static struct buf why = BUF_INIT(GRANTSTORE_MAX_WHY);

/* What a load found. */
struct found {
	size_t grants;
	struct buf ids;
	struct buf faults; /* a line each */
};

static void
take_grant(void *ctx, struct grant *g)
{
	struct found *f = ctx;

	f->grants++;
	(void)buf_addf(&f->ids, "%s ", g->id);
	grant_clear(g);
}

/* Paths are cut to the name of the file. */
static void
hear_fault(void *ctx, const char *fault)
{
	struct found *f = ctx;
	const char *name = strstr(fault, "/grants/");

	(void)buf_addf(&f->faults, "%s\n",
	    name != NULL ? name + strlen("/grants/") : fault);
}

static struct found
load(struct grantstore *s)
{
	struct found f = { 0, BUF_INIT(32768), BUF_INIT(GRANTSTORE_MAX_WHY) };

	is_int(grantstore_load(s, take_grant, hear_fault, &f), 0, "loaded");
	return f;
}

static void
found_clear(struct found *f)
{
	buf_wipe(&f->ids);
	buf_wipe(&f->faults);
}

/* "STATE/coco/tokend/" and NAME; valid until the next call. */
static const char *
path(const char *name)
{
	static struct buf b = BUF_INIT(PATH_MAX);

	buf_clear(&b);
	(void)buf_addf(&b, "%s/coco/tokend/%s", state, name);
	return buf_str(&b);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	return lstat(path(name), &st) == 0 ? st.st_mode : 0;
}

static struct grantstore *
open_store(void)
{
	struct grantstore *s = NULL;

	if (!is_int(grantstore_open(0, &why, &s), 0, "open: %s", buf_str(&why)))
		bail("no store");
	return s;
}

/* A grant with the id that 16 digits make of N. */
static struct grant
make_grant(unsigned int n)
{
	struct grant g = GRANT_INIT;

	if (grant_parse_request(REQUEST, strlen(REQUEST), NOW, &g, &why) != 0)
		bail("no grant");
	(void)snprintf(g.id, sizeof(g.id), "%016x", n);
	return g;
}

static void
save(struct grantstore *s, unsigned int n)
{
	struct grant g = make_grant(n);

	is_int(grantstore_save(s, &g, &why), 0, "saved: %s", buf_str(&why));
	grant_clear(&g);
}

static void
test_open(void)
{
	struct grantstore *other = NULL;
	struct grantstore *s = open_store();

	is_int(mode_of("."), S_IFDIR | 0700, "a private directory");
	is_int(mode_of("grants"), S_IFDIR | 0700, "one for grants");
	ok(strncmp(grantstore_directory(s), path(""), strlen(path("")) - 1) ==
		0,
	    "its name: %s", grantstore_directory(s));
	is_int(grantstore_open(0, &why, &other), -ETIMEDOUT, "one at a time");
	ok(strstr(buf_str(&why), "/tokend/lock is held by another process") !=
		NULL,
	    "why: %s", buf_str(&why));
	buf_clear(&why);
	grantstore_close(s);
	grantstore_close(NULL);
	(void)chmod(path("grants"), 0755);
	is_int(grantstore_open(0, &why, &other), -EACCES, "an open directory");
	ok(strstr(buf_str(&why),
	       "/tokend/grants is not a directory that only you can use") !=
		NULL,
	    "why: %s", buf_str(&why));
	buf_clear(&why);
	(void)chmod(path("grants"), 0700);
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("HOME");
	is_int(grantstore_open(0, &why, &other), -ENOENT, "no home");
	is_str(buf_str(&why), "HOME is not set", "why");
	buf_clear(&why);
	(void)setenv("XDG_STATE_HOME", state, 1);
	grantstore_close(open_store());
	ok(other == NULL, "nothing was given");
}

static void
test_save(void)
{
	struct grantstore *s = open_store();
	struct grant g = make_grant(3);
	struct found f = load(s);

	is_int((intmax_t)f.grants, 0, "nothing yet");
	is_str(buf_str(&f.faults), "", "and nothing is wrong");
	found_clear(&f);
	save(s, 2);
	save(s, 0xabc);
	save(s, 1);
	is_int(mode_of("grants/0000000000000001.json"), S_IFREG | 0600,
	    "a private file");
	save(s, 1);
	f = load(s);
	is_str(buf_str(&f.ids),
	    "0000000000000001 0000000000000002 0000000000000abc ",
	    "in order, each once");
	found_clear(&f);
	is_int(grantstore_remove(s, "0000000000000002", &why), 0, "removed");
	is_int(grantstore_remove(s, "0000000000000002", &why), 0, "again");
	is_int(grantstore_remove(s, "../0000000000000", &why), -EINVAL,
	    "no id");
	buf_clear(&why);
	memcpy(g.id, "0000/00000000000", sizeof(g.id));
	is_int(grantstore_save(s, &g, &why), -EINVAL, "no id to save");
	buf_clear(&why);
	f = load(s);
	is_str(buf_str(&f.ids), "0000000000000001 0000000000000abc ", "left");
	found_clear(&f);
	is_int(grantstore_remove(s, "0000000000000001", &why), 0, "removed");
	is_int(grantstore_remove(s, "0000000000000abc", &why), 0, "removed");
	is_int(rmdir(path("grants")), 0, "nothing is left");
	memcpy(g.id, "0000000000000003", sizeof(g.id));
	is_int(grantstore_save(s, &g, &why), -ENOENT, "no directory");
	ok(strstr(buf_str(&why), "3.json: No such file or directory") != NULL,
	    "why: %s", buf_str(&why));
	buf_clear(&why);
	grant_clear(&g);
	grantstore_close(s);
}

static void
plant(const char *name, const char *text)
{
	if (io_replace(path(name), text, strlen(text)) != 0)
		bail("cannot plant a file");
}

static void
copy(const char *from, const char *to)
{
	struct buf text = BUF_INIT(GRANT_MAX_STATE);

	if (io_read_file(path(from), &text) != 0)
		bail("nothing to copy");
	plant(to, buf_str(&text));
	buf_wipe(&text);
}

#define ID(n) "000000000000000" n ".json"

static void
plant_all(void)
{
	plant("grants/" ID("2"), "");
	plant("grants/" ID("3"), "{\"version\":1,\"id\":\"0");
	copy("grants/" ID("1"), "grants/" ID("4"));
	copy("grants/" ID("1"), "grants/" ID("5"));
	(void)chmod(path("grants/" ID("5")), 0640);
	if (symlink(ID("1"), path("grants/" ID("6"))) != 0 ||
	    mkfifo(path("grants/" ID("7")), 0600) != 0 ||
	    mkdir(path("grants/" ID("8")), 0700) != 0)
		bail("cannot plant");
	plant("grants/" ID("9"), "{\"version\":2,\"capabilities\":[]}\n");
	plant("grants/" ID("1") ".tmp", "{\"half\":");
	plant("grants/" ID("1") ".bad", "kept");
	plant("grants/README", "not ours");
	plant("grants/000000000000000A.json", "not ours");
	plant("grants/" ID("1") "x", "not ours");
}

static void
test_damage(void)
{
	struct grantstore *s = open_store();
	struct found f;

	save(s, 1);
	save(s, 0xa);
	plant_all();
	f = load(s);
	is_str(buf_str(&f.ids), "0000000000000001 000000000000000a ",
	    "the good ones");
#define ASIDE    "; it was renamed to *.bad\n"
#define NOT_OURS ": is not a plain file that only you can use" ASIDE
	is_str(buf_str(&f.faults),
	    ID("2") ": cut short" ASIDE ID("3") ": cut short" ASIDE
		ID("4") ": is the grant 0000000000000001 by what it says" ASIDE
		    ID("5") NOT_OURS ID("6") NOT_OURS ID("7") NOT_OURS ID("8")
			NOT_OURS
			    ID("9") ": version 2, and this program reads up "
				    "to version 1\n",
	    "the others");
	found_clear(&f);
	is_int(mode_of("grants/" ID("1") ".tmp"), 0, "no remains");
	ok(mode_of("grants/" ID("1") ".bad") != 0 &&
		mode_of("grants/" ID("3") ".bad") != 0 &&
		S_ISLNK(mode_of("grants/" ID("6") ".bad")) &&
		mode_of("grants/" ID("6")) == 0 &&
		mode_of("grants/README") != 0 &&
		mode_of("grants/000000000000000A.json") != 0 &&
		mode_of("grants/" ID("1") "x") != 0,
	    "nothing is deleted");
	ok(mode_of("grants/" ID("9")) != 0, "a newer one stays");
	f = load(s);
	is_int((intmax_t)f.grants, 2, "once more");
	is_str(buf_str(&f.faults),
	    ID("9") ": version 2, and this program reads up to version 1\n",
	    "only of the newer one");
	found_clear(&f);
	grantstore_close(s);
}

static void
test_foreign(void)
{
	struct grantstore *s = open_store();
	struct found f;

	save(s, 0xb);
	if (chown(path("grants/" ID("b")), 65534, (gid_t)-1) != 0) {
		skip(2, "not root");
	} else {
		f = load(s);
		is_int((intmax_t)f.grants, 2, "not the foreign one");
		ok(strstr(buf_str(&f.faults), ID("b") NOT_OURS) != NULL,
		    "told");
		found_clear(&f);
	}
	grantstore_close(s);
}

/* A directory in the place of the remains, and one where a file is to be set
 * aside: nothing breaks. */
static void
test_obstacles(void)
{
	struct grantstore *s = open_store();
	struct found f;

	plant("grants/" ID("c"), "{}\n");
	if (mkdir(path("grants/" ID("c") ".bad"), 0700) != 0 ||
	    mkdir(path("grants/" ID("c") ".tmp"), 0700) != 0)
		bail("mkdir");
	f = load(s);
	ok(strstr(buf_str(&f.faults),
	       ID("c") ": \"version\" must be an integer above 0; it cannot "
		       "be renamed: Is a directory\n") != NULL,
	    "told");
	ok(mode_of("grants/" ID("c")) != 0, "it is still there");
	found_clear(&f);
	grantstore_close(s);
}

static void
test_many(void)
{
	struct grantstore *s = open_store();
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	struct grant g = GRANT_INIT;
	char name[64];
	struct found f;
	int64_t start;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		g = make_grant(0x10000 + i);
		(void)snprintf(name, sizeof(name), "grants/%s.json", g.id);
		(void)grant_format_state(&g, &text);
		plant(name, buf_str(&text));
		buf_clear(&text);
		grant_clear(&g);
	}
	start = clock_ms();
	f = load(s);
	printf("# %zu grants in %jd ms\n", f.grants,
	    (intmax_t)(clock_ms() - start));
	ok(f.grants >= MANY, "all of them");
	found_clear(&f);
	buf_wipe(&text);
	grantstore_close(s);
}

/* In a child, for that cannot be undone: a daemon that is confined to its
 * directory saves, removes, loads and writes its log. */
static void
test_confined(void)
{
	static const struct audit use = { .event = "use", .grant = "x" };
	struct grantstore *s = open_store();
	const char *const write[] = { grantstore_directory(s), NULL };
	const struct confine c = { .write = write };
	struct grant g = make_grant(0xdef);
	int status = -1;
	pid_t pid;

	audit_set_file("tokend/audit.jsonl");
	pid = fork();
	if (pid == 0) {
		if (confine(&c, &why) != 0 ||
		    io_create(path("../outside"), "x", 1) == 0)
			_exit(1);
		if (grantstore_save(s, &g, &why) != 0 ||
		    grantstore_save(s, &g, &why) != 0)
			_exit(2);
		if (grantstore_remove(s, "0000000000000abc", &why) != 0)
			_exit(3);
		_exit(audit_event(&use, &why) != 0 ? 4 : 0);
	}
	if (waitpid(pid, &status, 0) != pid)
		bail("waitpid");
	if (status == 1 << 8) {
		skip(2, "no Landlock");
	} else {
		is_int(status, 0, "all that works when it is confined");
		ok(mode_of("grants/0000000000000def.json") != 0 &&
			mode_of("audit.jsonl") != 0,
		    "and is there");
	}
	grant_clear(&g);
	grantstore_close(s);
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(name);
}

int
main(void)
{
	if (mkdtemp(state) == NULL)
		bail("mkdtemp");
	(void)setenv("XDG_STATE_HOME", state, 1);
	test_open();
	test_save();
	test_damage();
	test_foreign();
	test_obstacles();
	test_many();
	test_confined();
	is_int(nftw(state, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0, "tidied");
	buf_wipe(&why);
	return done_testing();
}
