/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of deployments: as text, and as files that only we can use. */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deployment.h"
#include "io.h"
#include "lock.h"
#include "mem.h"
#include "tap.h"

#define ID   "0123456789abcdef"
#define FILE "coco/deploy/" ID ".json"

static struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY * 8);

static struct deployment
make(const char *id, const char *target, const char *connection)
{
	struct deployment d = DEPLOYMENT_INIT;
	struct place *saved = NULL;

	memcpy(d.id, id, sizeof(d.id));
	xstrset(&d.target, target);
	xstrset(&d.connection, connection);
	xstrset(&d.home, "/home/\"u\"\n");
	xstrset(&d.snowflake_home, "");
	xstrset(&d.grant, "fedcba9876543210");
	strv_add(&d.providers, "snowflake");
	d.uid = UINT32_MAX;
	d.gid = 5;
	d.exposed = true;
	d.created_utc = 1764400000;
	traces_add(&d.traces, TRACE_FILE, "/a")->made = true;
	(void)places_add(&d.saved, "/t", &saved);
	saved->mode = 0640;
	saved->uid = 7;
	(void)buf_adds(&saved->content, "a = 'x'\r\n\"\\\t");
	return d;
}

static int
parse(const char *text, size_t len, struct deployment *d)
{
	buf_clear(&why);
	return deployment_parse(text, len, d, &why);
}

static void
test_round(void)
{
	struct deployment d = make(ID, "podman:web", "dev");
	struct deployment back = DEPLOYMENT_INIT;
	struct buf text = BUF_INIT(DEPLOYMENT_MAX);
	struct buf again = BUF_INIT(DEPLOYMENT_MAX);
	struct buf small = BUF_INIT(100);
	size_t bad = 0;
	size_t i;

	is_int(deployment_format(&d, &text), 0, "written");
	is_int(deployment_format(&d, &small), -EMSGSIZE, "no room");
	is_int(parse(buf_str(&text), text.len, &back), 0, "read: %s",
	    buf_str(&why));
	is_int(deployment_format(&back, &again), 0, "written again");
	is_str(buf_str(&again), buf_str(&text), "as it was");
	is_str(buf_str(&back.saved.v[0].content), "a = 'x'\r\n\"\\\t",
	    "what was saved");
	ok(back.container == NULL, "what was not known is not");
	deployment_clear(&back);
	/* but for its newline */
	for (i = 0; i + 1 < text.len; i++) {
		bad += parse(buf_str(&text), i, &back) != -EBADMSG;
		deployment_clear(&back);
	}
	is_int(bad, 0, "cut anywhere, it is refused");
	deployment_clear(&d);
	buf_wipe(&text);
	buf_wipe(&again);
	buf_wipe(&small);
}

/* What JSON cannot say would be another path when it is read. */
static void
test_utf8(void)
{
	struct buf text = BUF_INIT(DEPLOYMENT_MAX);
	struct deployment d = make(ID, "dir:/\xff", "dev");

	is_int(deployment_format(&d, &text), -EINVAL, "a target");
	xstrset(&d.target, "dir:/\xc3\xa4");
	is_int(deployment_format(&d, &text), 0, "UTF-8");
	traces_add(&d.traces, TRACE_FILE, "/\xff");
	is_int(deployment_format(&d, &text), -EINVAL, "a path");
	traces_drop(&d.traces, 1);
	(void)buf_add(&d.saved.v[0].content, "\0", 1);
	is_int(deployment_format(&d, &text), -EINVAL, "content with a NUL");
	deployment_clear(&d);
	buf_wipe(&text);
}

struct edit_row {
	const char *from; /* in the text of make() */
	const char *to;
	int r;
};

static void
test_refused(void)
{
	static const struct edit_row rows[] = {
		{ "\"version\":1", "\"version\":2", -EPROTONOSUPPORT },
		{ "\"version\":1", "\"version\":0", -EBADMSG },
		{ "\"version\":1", "\"version\":-1", -EBADMSG },
		{ "\"version\":1", "\"version\":\"1\"", -EBADMSG },
		{ "\"version\":1", "\"x\":1", -EBADMSG },
		{ "\"version\":1", "\"version\":1,\"version\":1", -EBADMSG },
		{ ID, "0123456789abcde", -EBADMSG },
		{ ID, "../../6789abcdef", -EBADMSG },
		{ "\"target\"", "\"x\"", -EBADMSG },
		{ "\"connection\"", "\"x\"", -EBADMSG },
		{ "\"home\"", "\"x\"", -EBADMSG },
		{ "\"snowflake_home\"", "\"x\"", -EBADMSG },
		{ "\"target\":\"t\"", "\"target\":5", -EBADMSG },
		{ "\"uid\":4294967295", "\"uid\":4294967296", -EBADMSG },
		{ "\"uid\":4294967295", "\"uid\":-1", -EBADMSG },
		{ "\"gid\":5", "\"gid\":\"5\"", -EBADMSG },
		{ "\"created_utc\":1", "\"created_utc\":-1", -EBADMSG },
		{ "\"applied_utc\":0", "\"x\":0", -EBADMSG },
		{ "\"providers\":[", "\"providers\":[1,", -EBADMSG },
		{ "\"traces\":[", "\"traces\":[1,", -EBADMSG },
		{ "\"traces\":[", "\"x\":[", -EBADMSG },
		{ "\"traces\":[", "\"traces\":{},\"x\":[", -EBADMSG },
		{ "\"path\":\"/t\"", "\"path\":\"/t/..\"", -EBADMSG },
		{ "\"path\":\"/t\"", "\"x\":\"/t\"", -EBADMSG },
		{ "\"mode\":416", "\"mode\":4096", -EBADMSG },
		{ "\"content\"", "\"x\"", -EBADMSG },
		{ "\"saved\":[",
		    "\"saved\":[{\"path\":\"/t\",\"mode\":0,\"uid\":0,"
		    "\"gid\":0,\"content\":\"\"},",
		    -EBADMSG },
	};
	struct deployment d = make(ID, "t", "dev");
	struct buf text = BUF_INIT(DEPLOYMENT_MAX);
	struct buf b = BUF_INIT(DEPLOYMENT_MAX);
	size_t i;

	(void)deployment_format(&d, &text);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		struct deployment back = DEPLOYMENT_INIT;
		const char *at = strstr(buf_str(&text), rows[i].from);

		if (at == NULL)
			bail(rows[i].from);
		buf_clear(&b);
		(void)buf_add(&b, text.data, (size_t)(at - text.data));
		(void)buf_adds(&b, rows[i].to);
		(void)buf_adds(&b, at + strlen(rows[i].from));
		is_int(parse(buf_str(&b), b.len, &back), rows[i].r, "%s",
		    rows[i].to);
		ok(why.len != 0, "there is a reason");
		deployment_clear(&back);
	}
	deployment_clear(&d);
	buf_wipe(&text);
	buf_wipe(&b);
}

/* --- files ---------------------------------------------------------------- */

static char state[] = "/tmp/coco-test-deployment.XXXXXX";

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static int
find(const char *target, const char *connection)
{
	struct deployment d = DEPLOYMENT_INIT;
	int r;

	buf_clear(&why);
	r = deployment_find(target, NULL, connection, &d, &why);
	if (r == 0)
		is_str(d.target, target, "its target");
	deployment_clear(&d);
	return r;
}

static void
save(const char *id, const char *target, const char *connection)
{
	struct deployment d = make(id, target, connection);

	is_int(deployment_save(&d, &why), 0, "saved: %s", buf_str(&why));
	deployment_clear(&d);
}

static void
test_find(void)
{
	is_int(find("t", NULL), -ENOENT, "there is no directory yet");
	save(ID, "t", "dev");
	is_int(mode_of("coco/deploy"), 0700, "the mode of the directory");
	is_int(mode_of(FILE), 0600, "and of the file");
	is_int(find("t", NULL), 0, "found");
	is_int(find("t", "dev"), 0, "by its connection");
	is_int(find("t", "other"), -ENOENT, "not by another");
	is_int(find("u", NULL), -ENOENT, "nor for another target");
	save("1123456789abcdef", "t", "other");
	save("2123456789abcdef", "u", "dev");
	is_int(find("t", NULL), -EEXIST, "two");
	is_int(find("t", "other"), 0, "one of them");
	is_int(deployment_forget("1123456789abcdef", &why), 0, "forgotten");
	is_int(deployment_forget("1123456789abcdef", &why), 0, "twice");
	is_int(find("t", NULL), 0, "one again");
}

static int
count(void *ctx, struct deployment *d)
{
	struct buf *ids = ctx;

	(void)buf_addf(ids, "%.2s ", d->id);
	deployment_clear(d);
	return ids->len >= 6 ? 7 : 0;
}

static void
test_each(void)
{
	struct buf ids = BUF_INIT(64);

	save("3123456789abcdef", "u", "x");
	if (io_replace("coco/deploy/x.json", "{}", 2) != 0 ||
	    io_replace("coco/deploy/" ID ".json.tmp", "{}", 2) != 0)
		bail("cannot write");
	buf_clear(&why);
	is_int(deployment_each(count, &ids, &why), 7, "what it returned");
	is_str(buf_str(&ids), "01 21 ", "in order, until then");
	is_str(buf_str(&why), "", "other files are passed over");
	buf_wipe(&ids);
}

struct spoil_row {
	const char *what;
	mode_t mode;
	uid_t owner;
	const char *text; /* NULL: as it is */
};

/* One that cannot be read may be the one that is looked for. */
static void
test_spoilt(void)
{
	static const struct spoil_row rows[] = {
		{ "of somebody else", 0600, 12345, NULL },
		{ "that others can read", 0644, 0, NULL },
		{ "that others can change", 0620, 0, NULL },
		{ "that is cut", 0600, 0, "{\"version\":1" },
		{ "that is empty", 0600, 0, "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].owner != 0 && geteuid() != 0) {
			skip(2, "needs root");
			continue;
		}
		save(ID, "t", "dev");
		if (rows[i].text != NULL)
			(void)io_replace(FILE, rows[i].text,
			    strlen(rows[i].text));
		(void)chmod(FILE, rows[i].mode);
		if (rows[i].owner != 0 &&
		    chown(FILE, rows[i].owner, rows[i].owner) != 0)
			bail("cannot give it away");
		is_int(find("t", "dev"), -EBADMSG, "a record %s: %s",
		    rows[i].what, buf_str(&why));
		ok(strstr(buf_str(&why), ID ".json") != NULL, "it is named");
		(void)unlink(FILE);
	}
	save(ID, "t", "dev");
	(void)rename(FILE, "coco/elsewhere");
	if (symlink("../elsewhere", FILE) != 0)
		bail("no link");
	is_int(find("t", "dev"), -EBADMSG, "a link: %s", buf_str(&why));
	(void)unlink(FILE);
	(void)unlink("coco/elsewhere");
}

static void
test_long(void)
{
	struct deployment d = make(ID, "t", "dev");
	struct place *place = NULL;
	size_t i;

	(void)places_add(&d.saved, "/long", &place);
	for (i = 0; i < DEPLOYMENT_MAX; i++)
		(void)buf_addc(&place->content, 'x');
	buf_clear(&why);
	is_int(deployment_save(&d, &why), -EMSGSIZE, "a record too long");
	is_str(buf_str(&why), "the record would be too long", "its reason");
	is_int(access(FILE, F_OK), -1, "nothing is written");
	deployment_clear(&d);
}

static void
test_id_and_lock(void)
{
	struct deployment a = DEPLOYMENT_INIT;
	struct deployment b = DEPLOYMENT_INIT;
	int lock = -1;
	int second = -1;

	is_int(deployment_new_id(&a), 0, "an id");
	is_int(deployment_new_id(&b), 0, "another");
	is_int(strlen(a.id), DEPLOYMENT_ID_LEN, "its length");
	is_int(strspn(a.id, "0123456789abcdef"), DEPLOYMENT_ID_LEN, "digits");
	ok(strcmp(a.id, b.id) != 0, "they differ");
	is_int(deployment_lock("test-deployment:a", clock_ms() + 1000, &why,
		   &lock),
	    0, "locked: %s", buf_str(&why));
	is_int(deployment_lock("test-deployment:a", clock_ms(), &why, &second),
	    -ETIMEDOUT, "by one only");
	is_int(deployment_lock("test-deployment:b", clock_ms(), &why, &second),
	    0, "another target");
	lock_release(lock);
	lock_release(second);
}

static void
clean(void)
{
	static const char *const names[] = { "coco/deploy/x.json",
		"coco/deploy/" ID ".json.tmp", FILE,
		"coco/deploy/2123456789abcdef.json",
		"coco/deploy/3123456789abcdef.json" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		(void)unlink(names[i]);
	(void)rmdir("coco/deploy");
	(void)rmdir("coco");
	if (chdir("/") == 0)
		(void)rmdir(state);
}

int
main(void)
{
	test_round();
	test_utf8();
	test_refused();
	if (mkdtemp(state) == NULL || chdir(state) != 0)
		bail("no directory");
	(void)setenv("XDG_STATE_HOME", state, 1);
	test_find();
	test_each();
	test_spoilt();
	test_long();
	test_id_and_lock();
	clean();
	buf_wipe(&why);
	return done_testing();
}
