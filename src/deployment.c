/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt.h"
#include "deployment.h"
#include "esc.h"
#include "fnv.h"
#include "hex.h"
#include "io.h"
#include "json.h"
#include "jsonout.h"
#include "lock.h"
#include "mem.h"
#include "path.h"

#define SUFFIX ".json"

/* --- text ----------------------------------------------------------------- */

/* The members that are strings, for both directions. */
struct field {
	const char *name;
	char **value;
};

#define FIELDS 13

static void
list_fields(struct deployment *d, struct field *fields)
{
	const struct field all[FIELDS] = { { "target", &d->target },
		{ "container", &d->container },
		{ "connection", &d->connection }, { "role", &d->role },
		{ "user", &d->user }, { "home", &d->home },
		{ "snowflake_home", &d->snowflake_home },
		{ "grant", &d->grant }, { "way", &d->way },
		{ "reach", &d->reach }, { "directory", &d->directory },
		{ "token_file", &d->token_file },
		{ "capability_sha256", &d->capability } };

	memcpy(fields, all, sizeof(all));
}

static void
format_saved(const struct places *saved, struct jsonout *j)
{
	size_t i;

	jsonout_begin(j, "saved");
	jsonout_put(j, "[");
	for (i = 0; i < saved->len; i++) {
		jsonout_begin(j, NULL);
		jsonout_put(j, "{");
		jsonout_text(j, "path", saved->v[i].path);
		jsonout_number(j, "mode", saved->v[i].mode);
		jsonout_number(j, "uid", saved->v[i].uid);
		jsonout_number(j, "gid", saved->v[i].gid);
		jsonout_text(j, "content", buf_str(&saved->v[i].content));
		jsonout_put(j, "}");
	}
	jsonout_put(j, "]");
}

/* Whether all of it can be said in JSON. */
static bool
is_writable(const struct deployment *d, const struct field *fields)
{
	bool is = true;
	size_t i;

	for (i = 0; i < FIELDS && is; i++)
		is = *fields[i].value == NULL || esc_is_utf8(*fields[i].value);
	for (i = 0; i < d->traces.len && is; i++)
		is = esc_is_utf8(d->traces.v[i].path);
	for (i = 0; i < d->saved.len && is; i++)
		is = strlen(buf_str(&d->saved.v[i].content)) ==
			d->saved.v[i].content.len &&
		    esc_is_utf8(buf_str(&d->saved.v[i].content));
	return is;
}

int
deployment_format(const struct deployment *d, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b);
	struct deployment copy = *d;
	struct field fields[FIELDS];
	size_t i;

	list_fields(&copy, fields);
	if (!is_writable(d, fields))
		return -EINVAL;
	jsonout_put(&j, "{");
	jsonout_number(&j, "version", DEPLOYMENT_VERSION);
	jsonout_text(&j, "id", d->id);
	for (i = 0; i < FIELDS; i++)
		jsonout_text(&j, fields[i].name, *fields[i].value);
	jsonout_number(&j, "uid", d->uid);
	jsonout_number(&j, "gid", d->gid);
	jsonout_texts(&j, "providers", &d->providers);
	jsonout_flag(&j, "exposed", d->exposed);
	jsonout_flag(&j, "borrowed", d->is_borrowed);
	jsonout_flag(&j, "run", d->is_run);
	jsonout_number(&j, "created_utc", d->created_utc);
	jsonout_number(&j, "applied_utc", d->applied_utc);
	traces_format(&d->traces, "traces", &j);
	if (d->saved.len != 0)
		format_saved(&d->saved, &j);
	jsonout_put(&j, "}\n");
	return j.error;
}

bool
deployment_is_id(const char *text, size_t len)
{
	return len == DEPLOYMENT_ID_LEN && strspn(text, HEX_DIGITS) >= len;
}

static int
parse_number(const struct json *j, const char *name, int64_t max, int64_t *ret)
{
	int64_t n;

	if (json_number(j, name, &n) != 0 || n < 0 || n > max)
		return -EBADMSG;
	*ret = n;
	return 0;
}

static int
parse_saved(void *ctx, size_t index, const struct json *j)
{
	struct places *saved = ctx;
	const char *path = json_text(j, "path");
	const char *content = json_text(j, "content");
	struct place *place;
	int64_t mode = 0;
	int64_t uid = 0;
	int64_t gid = 0;
	int r;

	(void)index;
	if (path == NULL || content == NULL || !place_is_path(path) ||
	    places_find(saved, path) != NULL)
		return -EBADMSG;
	r = parse_number(j, "mode", 07777, &mode);
	if (r == 0)
		r = parse_number(j, "uid", UINT32_MAX, &uid);
	if (r == 0)
		r = parse_number(j, "gid", UINT32_MAX, &gid);
	if (r == 0)
		r = places_add(saved, path, &place);
	if (r != 0)
		return r;
	place->kind = PLACE_FILE;
	place->mode = (mode_t)mode;
	place->uid = (uint32_t)uid;
	place->gid = (uint32_t)gid;
	return buf_adds(&place->content, content);
}

static int
parse_fields(const struct json *j, struct deployment *d)
{
	struct field fields[FIELDS];
	const char *id = json_text(j, "id");
	int64_t uid = 0;
	int64_t gid = 0;
	size_t i;
	int r;

	if (id == NULL || !deployment_is_id(id, strlen(id)))
		return -EBADMSG;
	memcpy(d->id, id, sizeof(d->id));
	list_fields(d, fields);
	for (i = 0; i < FIELDS; i++)
		xstrset(fields[i].value, json_text(j, fields[i].name));
	if (d->target == NULL || d->connection == NULL || d->home == NULL ||
	    d->snowflake_home == NULL)
		return -EBADMSG;
	d->exposed = json_flag(j, "exposed");
	d->is_borrowed = json_flag(j, "borrowed");
	d->is_run = json_flag(j, "run");
	r = json_texts(j, "providers", &d->providers);
	if (r == 0)
		r = parse_number(j, "uid", UINT32_MAX, &uid);
	if (r == 0)
		r = parse_number(j, "gid", UINT32_MAX, &gid);
	if (r == 0)
		r = parse_number(j, "created_utc", INT64_MAX, &d->created_utc);
	if (r == 0)
		r = parse_number(j, "applied_utc", INT64_MAX, &d->applied_utc);
	d->uid = (uint32_t)uid;
	d->gid = (uint32_t)gid;
	return r;
}

int
deployment_parse(const char *text, size_t len, struct deployment *ret,
    struct buf *why)
{
	struct json *j = NULL;
	int64_t version;
	int r;

	r = json_parse_long(text, len, DEPLOYMENT_MAX, why, &j);
	if (r != 0)
		return r;
	r = json_number(j, "version", &version) != 0 || version < 1 ? -EBADMSG :
	    version > DEPLOYMENT_VERSION ? -EPROTONOSUPPORT :
					   parse_fields(j, ret);
	/* without them nothing would be ours any more */
	if (r == 0 && json_kind(j, "traces") != JSON_KIND_LIST)
		r = -EBADMSG;
	if (r == 0)
		r = traces_parse(j, "traces", &ret->traces);
	if (r == 0)
		r = json_walk(j, "saved", parse_saved, &ret->saved);
	json_free(j);
	if (r != 0)
		(void)buf_adds(why,
		    r == -EPROTONOSUPPORT ? "a newer coco wrote it" :
					    "it is no record of a deployment");
	return r;
}

/* --- files ---------------------------------------------------------------- */

int
deployment_directory(struct buf *b, bool make, struct buf *why)
{
	int r;

	r = path_state(b);
	if (r == 0)
		r = buf_adds(b, "/deploy");
	if (r == 0 && make)
		r = path_make_private(buf_str(b));
	if (r != 0)
		(void)buf_addf(why, "%s: %s", b->len != 0 ? buf_str(b) : "HOME",
		    strerror(-r));
	return r;
}

static int
find_file(const char *id, bool make, struct buf *b, struct buf *why)
{
	int r;

	r = deployment_directory(b, make, why);
	return r != 0 ? r : buf_addf(b, "/%s" SUFFIX, id);
}

int
deployment_lock(const char *target, int64_t deadline_ms, struct buf *why,
    int *ret_lock)
{
	struct buf name = BUF_INIT(64);
	int r;

	(void)buf_addf(&name, "deploy-%016" PRIx64,
	    fnv_field(FNV_START, target));
	r = lock_take(buf_str(&name), deadline_ms, why, ret_lock);
	buf_wipe(&name);
	return r;
}

int
deployment_new_id(struct deployment *d)
{
	unsigned char random[DEPLOYMENT_ID_LEN / 2];
	int r;

	r = crypt_random(random, sizeof(random));
	if (r == 0)
		hex_write(random, sizeof(random), d->id);
	return r;
}

int
deployment_save(const struct deployment *d, struct buf *why)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	struct buf text = BUF_INIT(DEPLOYMENT_MAX);
	int r;

	r = deployment_format(d, &text);
	if (r != 0)
		(void)buf_adds(why,
		    r == -EINVAL ? "a path in the record would not be UTF-8" :
				   "the record would be too long");
	if (r == 0)
		r = find_file(d->id, true, &path, why);
	if (r == 0) {
		r = io_replace(buf_str(&path), buf_str(&text), text.len);
		if (r != 0)
			(void)buf_addf(why, "%s: %s", buf_str(&path),
			    strerror(-r));
	}
	buf_wipe(&path);
	buf_wipe(&text);
	return r;
}

int
deployment_forget(const char *id, struct buf *why)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = find_file(id, false, &path, why);
	if (r == 0) {
		r = io_remove(buf_str(&path));
		if (r != 0)
			(void)buf_addf(why, "%s: %s", buf_str(&path),
			    strerror(-r));
	}
	buf_wipe(&path);
	return r;
}

static int
load(const char *path, struct deployment *d, struct buf *why)
{
	struct buf text = BUF_INIT(DEPLOYMENT_MAX);
	struct buf reason = BUF_INIT(DEPLOYMENT_MAX_WHY);
	int r;

	r = io_read_private(path, &text);
	if (r == 0)
		r = deployment_parse(buf_str(&text), text.len, d, &reason);
	if (r != 0) {
		if (why->len != 0)
			(void)buf_addc(why, '\n');
		(void)buf_addf(why, "%s: %s", path,
		    reason.len != 0 ? buf_str(&reason) : strerror(-r));
	}
	buf_wipe(&text);
	buf_wipe(&reason);
	return r;
}

int
deployment_load(const char *id, struct deployment *ret, struct buf *why)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	int r;

	r = find_file(id, false, &path, why);
	if (r == 0)
		r = access(buf_str(&path), F_OK) != 0 && errno == ENOENT ?
		    -ENOENT :
		    load(buf_str(&path), ret, why);
	buf_wipe(&path);
	return r;
}

/* Whether NAME is that of a record. */
static bool
is_record(const char *name)
{
	size_t len = strcspn(name, ".");

	return deployment_is_id(name, len) && strcmp(name + len, SUFFIX) == 0;
}

static int
list(const char *dir, struct strv *names)
{
	const struct dirent *e;
	DIR *d = opendir(dir);

	if (d == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d)) != NULL)
		if (is_record(e->d_name))
			strv_addf(names, "%s/%s", dir, e->d_name);
	(void)closedir(d);
	strv_sort(names);
	return 0;
}

int
deployment_each(int (*fn)(void *ctx, struct deployment *d), void *ctx,
    struct buf *why)
{
	struct buf dir = BUF_INIT(PLACE_MAX_PATH);
	struct strv names = STRV_INIT;
	struct deployment d;
	size_t i;
	int r;

	r = deployment_directory(&dir, false, why);
	if (r == 0) {
		r = list(buf_str(&dir), &names);
		if (r != 0)
			(void)buf_addf(why, "%s: %s", buf_str(&dir),
			    strerror(-r));
	}
	for (i = 0; i < names.len && r == 0; i++) {
		d = (struct deployment)DEPLOYMENT_INIT;
		if (load(names.v[i], &d, why) == 0)
			r = fn(ctx, &d);
		else
			deployment_clear(&d);
	}
	strv_clear(&names);
	buf_wipe(&dir);
	return r;
}

struct search {
	const char *target;
	const char *container;
	const char *connection;
	struct deployment *found;
	size_t count;
	bool by_id; /* what was found has the container's id */
};

static int
compare(void *ctx, struct deployment *d)
{
	struct search *s = ctx;
	bool by_id = s->container != NULL && d->container != NULL &&
	    strcmp(d->container, s->container) == 0;

	/* one that was renamed may have had the name before */
	if ((!by_id && (s->by_id || strcmp(d->target, s->target) != 0)) ||
	    (s->connection != NULL &&
		strcmp(d->connection, s->connection) != 0)) {
		deployment_clear(d);
		return 0;
	}
	s->count = by_id && !s->by_id ? 1 : s->count + 1;
	s->by_id = by_id;
	deployment_clear(s->found);
	*s->found = *d;
	return 0;
}

int
deployment_find(const char *target, const char *container,
    const char *connection, struct deployment *ret, struct buf *why)
{
	struct search s = { target, container, connection, ret, 0, false };
	int r;

	r = deployment_each(compare, &s, why);
	if (r != 0)
		return r;
	/* a record that cannot be read may be the one */
	if (why->len != 0)
		return -EBADMSG;
	if (s.count > 1)
		(void)buf_adds(why,
		    "there are several connections there: say -c NAME");
	return s.count == 0 ? -ENOENT : s.count > 1 ? -EEXIST : 0;
}

/* --- memory --------------------------------------------------------------- */

void
deployment_clear(struct deployment *d)
{
	struct field fields[FIELDS];
	size_t i;

	list_fields(d, fields);
	for (i = 0; i < FIELDS; i++)
		free(*fields[i].value);
	strv_clear(&d->providers);
	traces_clear(&d->traces);
	places_wipe(&d->saved);
	*d = (struct deployment)DEPLOYMENT_INIT;
}
