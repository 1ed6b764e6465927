/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grantstore.h"
#include "io.h"
#include "lock.h"
#include "mem.h"
#include "path.h"
#include "strv.h"

#define SUFFIX      ".json"
#define SUFFIX_BAD  ".bad"
#define SUFFIX_TEMP ".tmp" /* io_replace() */

struct grantstore {
	struct buf directory; /* "STATE/tokend" */
	struct buf grants;    /* "STATE/tokend/grants" */
	int lock;
};

/* --- the directory -------------------------------------------------------- */

/* Make PATH, which is to be ours alone. */
static int
make_directory(const struct buf *path, struct buf *why)
{
	int r = path_make_private(buf_str(path));

	if (r != 0)
		(void)buf_addf(why, "%s %s", buf_str(path),
		    r == -EACCES ? "is not a directory that only you can use" :
				   strerror(-r));
	return r;
}

static int
open_directory(struct grantstore *s, struct buf *why)
{
	int r;

	r = path_state(&s->directory);
	if (r == -ENOENT)
		(void)buf_adds(why, "HOME is not set");
	if (r == 0)
		r = make_directory(&s->directory, why);
	if (r == 0)
		r = buf_adds(&s->directory, "/tokend");
	if (r == 0)
		r = make_directory(&s->directory, why);
	if (r == 0)
		r = buf_addf(&s->grants, "%s/grants", buf_str(&s->directory));
	if (r == 0)
		r = make_directory(&s->grants, why);
	return r;
}

int
grantstore_open(int64_t deadline_ms, struct buf *why,
    struct grantstore **ret_store)
{
	struct grantstore *s = xcalloc(1, sizeof(*s));
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	*s = (struct grantstore){ BUF_INIT(PATH_MAX), BUF_INIT(PATH_MAX), -1 };
	r = open_directory(s, why);
	if (r == 0)
		r = buf_addf(&path, "%s/lock", buf_str(&s->directory));
	if (r == 0)
		r = lock_take_file(buf_str(&path), deadline_ms, why, &s->lock);
	if (r != 0 && why->len == 0)
		(void)buf_addf(why, "the directory of the grants: %s",
		    strerror(-r));
	buf_wipe(&path);
	if (r != 0)
		grantstore_close(s);
	else
		*ret_store = s;
	return r;
}

void
grantstore_close(struct grantstore *s)
{
	if (s == NULL)
		return;
	lock_release(s->lock);
	buf_wipe(&s->directory);
	buf_wipe(&s->grants);
	free(s);
}

const char *
grantstore_directory(const struct grantstore *s)
{
	return buf_str(&s->directory);
}

/* --- reading -------------------------------------------------------------- */

struct load {
	grantstore_grant_fn grant;
	grantstore_fault_fn fault;
	void *ctx;
};

/* Whether NAME is ID.json with SUFFIX behind it. */
static bool
is_grant_file(const char *name, const char *suffix)
{
	size_t len = GRANT_ID_SIZE + strlen(SUFFIX);

	return strlen(name) >= len && grant_is_id(name, GRANT_ID_SIZE) &&
	    strncmp(name + GRANT_ID_SIZE, SUFFIX, strlen(SUFFIX)) == 0 &&
	    strcmp(name + len, suffix) == 0;
}

/* Read the file PATH, which is to hold the grant ID. */
static int
read_grant(const char *path, const char *id, struct grant *g, struct buf *why)
{
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	int r;

	r = io_read_private(path, &text);
	if (r == -EACCES)
		(void)buf_adds(why,
		    "is not a plain file that only you can use");
	else if (r != 0)
		(void)buf_adds(why,
		    r == -EMSGSIZE ? "is too long" : strerror(-r));
	else
		r = grant_parse_state(buf_str(&text), text.len, g, why);
	if (r == 0 && strncmp(g->id, id, GRANT_ID_SIZE) != 0) {
		(void)buf_addf(why, "is the grant %s by what it says", g->id);
		grant_clear(g);
		r = -EBADMSG;
	}
	buf_wipe(&text);
	return r;
}

/* Whether a file that could not be read so will never be a grant. */
static bool
is_final(int r)
{
	return r == -EACCES || r == -EBADMSG || r == -EMSGSIZE || r == -ENXIO ||
	    r == -EISDIR;
}

/* Give the file PATH, which is no grant, another name. */
static void
set_aside(const char *path, struct buf *why)
{
	struct buf bad = BUF_INIT(PATH_MAX);

	if (buf_addf(&bad, "%s" SUFFIX_BAD, path) != 0)
		(void)buf_adds(why, "; its name is too long to be changed");
	else if (rename(path, buf_str(&bad)) != 0)
		(void)buf_addf(why, "; it cannot be renamed: %s",
		    strerror(errno));
	else
		(void)buf_adds(why, "; it was renamed to *" SUFFIX_BAD);
	buf_wipe(&bad);
}

static void
load_file(const struct grantstore *s, const char *name, const struct load *load)
{
	struct buf why = BUF_INIT(GRANT_MAX_WHY);
	struct buf path = BUF_INIT(PATH_MAX);
	struct buf text = BUF_INIT(GRANTSTORE_MAX_WHY);
	struct grant g = GRANT_INIT;
	int r;

	r = buf_addf(&path, "%s/%s", buf_str(&s->grants), name);
	if (r == 0)
		r = read_grant(buf_str(&path), name, &g, &why);
	if (r == 0) {
		load->grant(load->ctx, &g);
	} else if (r != -ENOENT) {
		if (is_final(r))
			set_aside(buf_str(&path), &why);
		(void)buf_addf(&text, "%s: %s", buf_str(&path), buf_str(&why));
		load->fault(load->ctx, buf_str(&text));
	}
	buf_wipe(&text);
	buf_wipe(&path);
	buf_wipe(&why);
}

/* List the grants, and remove the remains of those that were being written: we
 * hold the lock, so nobody is at it. */
static int
list_grants(const struct grantstore *s, struct strv *names)
{
	struct buf path = BUF_INIT(PATH_MAX);
	DIR *dir = opendir(buf_str(&s->grants));
	const struct dirent *entry;
	int r;

	if (dir == NULL)
		return -errno;
	for (errno = 0, entry = readdir(dir); entry != NULL;
	     errno = 0, entry = readdir(dir)) {
		if (is_grant_file(entry->d_name, ""))
			strv_add(names, entry->d_name);
		else if (is_grant_file(entry->d_name, SUFFIX_TEMP) &&
		    buf_addf(&path, "%s/%s", buf_str(&s->grants),
			entry->d_name) == 0)
			(void)io_remove(buf_str(&path));
		buf_clear(&path);
	}
	r = -errno;
	(void)closedir(dir);
	buf_wipe(&path);
	strv_sort(names);
	return r;
}

int
grantstore_load(struct grantstore *s, grantstore_grant_fn grant,
    grantstore_fault_fn fault, void *ctx)
{
	const struct load load = { grant, fault, ctx };
	struct strv names = STRV_INIT;
	size_t i;
	int r;

	r = list_grants(s, &names);
	for (i = 0; r == 0 && i < names.len; i++)
		load_file(s, names.v[i], &load);
	strv_clear(&names);
	return r;
}

/* --- writing -------------------------------------------------------------- */

static int
path_of(const struct grantstore *s, const char *id, struct buf *path)
{
	if (!grant_is_id(id, strlen(id)))
		return -EINVAL;
	return buf_addf(path, "%s/%s" SUFFIX, buf_str(&s->grants), id);
}

int
grantstore_save(struct grantstore *s, const struct grant *g, struct buf *why)
{
	struct buf text = BUF_INIT(GRANT_MAX_STATE);
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = path_of(s, g->id, &path);
	if (r == 0)
		r = grant_format_state(g, &text);
	if (r == 0)
		r = io_replace(buf_str(&path), text.data, text.len);
	if (r != 0)
		(void)buf_addf(why, "%s: %s", buf_str(&path), strerror(-r));
	buf_wipe(&text);
	buf_wipe(&path);
	return r;
}

/* grantstore_remove(), of which the disk need not hear yet. */
static int
remove_file(struct grantstore *s, const char *id, bool sync, struct buf *why)
{
	struct buf path = BUF_INIT(PATH_MAX);
	int r;

	r = path_of(s, id, &path);
	if (r == 0)
		r = io_remove(buf_str(&path));
	if (r == 0 && sync)
		r = io_sync_directory_of(buf_str(&path));
	if (r != 0)
		(void)buf_addf(why, "%s: %s", buf_str(&path), strerror(-r));
	buf_wipe(&path);
	return r;
}

int
grantstore_remove(struct grantstore *s, const char *id, struct buf *why)
{
	return remove_file(s, id, true, why);
}

bool
grantstore_has(const struct grantstore *s, const char *id)
{
	struct buf path = BUF_INIT(PATH_MAX);
	struct stat st;
	bool has;

	has = path_of(s, id, &path) == 0 && lstat(buf_str(&path), &st) == 0;
	buf_wipe(&path);
	return has;
}

int
grantstore_remove_all(struct grantstore *s, struct buf *why)
{
	struct strv names = STRV_INIT;
	char id[GRANT_ID_SIZE + 1];
	int first = 0;
	size_t i;
	int r;

	first = list_grants(s, &names);
	for (i = 0; i < names.len; i++) {
		(void)snprintf(id, sizeof(id), "%s", names.v[i]);
		/* the last one brings all of them to the disk */
		r = remove_file(s, id, i + 1 == names.len, why);
		if (first == 0)
			first = r;
	}
	strv_clear(&names);
	return first;
}
