/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "esc.h"
#include "mem.h"
#include "secretsearch.h"

#define TELL_EACH 1048576 /* bytes */

int
search_start(struct search *s, const char *text, size_t len, struct buf *why)
{
	int r;

	r = hunt_parse(text, len, &s->set, why);
	if (r == 0)
		s->hunt = hunt_new(&s->set);
	return r;
}

void
search_expose(struct search *s, const char *connection, const char *path)
{
	s->connection = connection;
	strv_add(&s->exposed, path);
}

/* --- paths ---------------------------------------------------------------- */

struct cut {
	const char *text;
	size_t at;
};

/* Cut before the name in which the secret begins. */
static void
cut_before(void *ctx, const struct hunt_print *print, uint64_t offset)
{
	struct cut *cut = ctx;
	size_t at = (size_t)offset;

	(void)print;
	while (at > 0 && cut->text[at - 1] != '/')
		at--;
	if (at < cut->at)
		cut->at = at;
}

/* How much of TEXT may be shown. */
static int
find_cut(struct search *s, const char *text, size_t *ret_len)
{
	struct cut cut = { text, strlen(text) };
	int r;

	hunt_begin(s->hunt, cut_before, &cut);
	r = hunt_feed(s->hunt, text, strlen(text));
	hunt_end(s->hunt);
	*ret_len = cut.at;
	return r;
}

/* Append the LEN bytes of TEXT that may be shown. */
static int
add_start(const char *text, size_t len, struct buf *b)
{
	int r = esc_visible(b, text, len);

	if (r == 0 && text[len] != '\0')
		r = buf_adds(b, "...");
	return r == -EMSGSIZE ? -ENAMETOOLONG : r;
}

/* Append TEXT as it may be shown; nothing of it when that is not known. */
static int
add_shown(struct search *s, const char *text, struct buf *b)
{
	size_t len;
	int r = find_cut(s, text, &len);

	return r != 0 ? r : add_start(text, len, b);
}

/* --- finds ---------------------------------------------------------------- */

/* Whether PRINT is of a secret of the connection.  Others may have the same
 * secret: then one of their prints has the same hash. */
static bool
is_of_connection(const struct search *s, const struct hunt_print *print)
{
	static const char of[] = " of connection ";
	size_t len = strlen(s->connection);
	const struct hunt_print *p;
	const char *name;
	size_t i;

	for (i = 0; i < s->set.len; i++) {
		p = &s->set.v[i];
		if (p->len != print->len ||
		    memcmp(p->hash, print->hash, sizeof(p->hash)) != 0)
			continue;
		name = strstr(p->name, of);
		if (name == NULL)
			continue;
		name += sizeof(of) - 1;
		if (strncmp(name, s->connection, len) == 0 &&
		    (name[len] == '\0' || name[len] == ' '))
			return true;
	}
	return false;
}

static void
add_find(struct search *s, const struct hunt_print *print)
{
	bool is_exposed = s->part != NULL && s->connection != NULL &&
	    strv_has(&s->exposed, buf_str(&s->real)) &&
	    is_of_connection(s, print);
	size_t i;

	/* a form has several prints */
	for (i = s->since; i < s->len; i++)
		if (strcmp(s->v[i].secret, print->name) == 0 &&
		    s->v[i].form == print->form)
			return;
	if (!is_exposed)
		s->found++;
	if (s->len == SEARCH_MAX_FINDS)
		return;
	s->v = xreallocarray(s->v, s->len + 1, sizeof(*s->v));
	s->v[s->len++] = (struct search_find){ .secret = print->name,
		.form = print->form,
		.place = xstrdup(s->place),
		.path = xstrdup(buf_str(&s->path)),
		.part = s->part != NULL ? s->part : "its name",
		.is_exposed = is_exposed };
}

static void
on_find(void *ctx, const struct hunt_print *print, uint64_t offset)
{
	(void)offset;
	add_find(ctx, print);
}

/* One that is in the names above only was told there. */
static void
on_name(void *ctx, const struct hunt_print *print, uint64_t offset)
{
	struct search *s = ctx;

	if (offset + print->len > s->last)
		add_find(s, print);
}

/* --- feeding -------------------------------------------------------------- */

static void
count(struct search *s, size_t len)
{
	s->here += len;
	s->bytes += len;
	if (s->progress != NULL && s->bytes - s->told >= TELL_EACH) {
		s->told = s->bytes;
		s->progress(s->bytes);
	}
}

void
search_place(struct search *s, const char *place)
{
	struct buf shown = BUF_INIT(8 * SEARCH_MAX_PATH);

	(void)add_shown(s, place, &shown);
	free(s->place);
	s->place = xstrdup(buf_str(&shown));
	s->here = 0;
	s->files = 0;
	buf_clear(&s->path);
	buf_clear(&s->real);
	buf_wipe(&shown);
}

int
search_path(struct search *s, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t shown = 0;
	int r;

	buf_clear(&s->path);
	buf_clear(&s->real);
	s->part = NULL;
	s->since = s->len;
	s->last = slash != NULL ? (size_t)(slash - path) + 1 : 0;
	s->files++;
	r = buf_adds(&s->real, path) == 0 ? 0 : -ENAMETOOLONG;
	if (r == 0)
		r = find_cut(s, path, &shown);
	if (r == 0)
		r = add_start(path, shown, &s->path);
	if (r != 0 || path[shown] == '\0')
		return r;
	/* there is a secret in it */
	hunt_begin(s->hunt, on_name, s);
	r = hunt_feed(s->hunt, path, strlen(path));
	hunt_end(s->hunt);
	return r;
}

void
search_part(struct search *s, const char *part)
{
	s->part = part;
	s->since = s->len;
	hunt_begin(s->hunt, on_find, s);
}

int
search_feed(struct search *s, const void *data, size_t len)
{
	count(s, len);
	return hunt_feed(s->hunt, data, len);
}

/* --- what came of it ------------------------------------------------------ */

void
search_done(struct search *s, const char *unit)
{
	if (unit == NULL)
		strv_add(&s->searched, s->place);
	else
		strv_addf(&s->searched, "%s (%" PRIu64 " %s, %" PRIu64 " KiB)",
		    s->place, s->files, unit, (s->here + 1023) / 1024);
}

void
search_missed(struct search *s, bool failed, const char *what, const char *why)
{
	struct strv *list = failed ? &s->failed : &s->missed;
	struct buf b = BUF_INIT(8 * SEARCH_MAX_PATH);
	size_t len = 0;

	if (list->len >= SEARCH_MAX_FINDS)
		return;
	if (add_shown(s, what, &b) != 0)
		(void)buf_adds(&b, "something");
	/* clients name paths, too */
	if (find_cut(s, why, &len) != 0)
		len = 0;
	strv_addf(list, "%s: %.*s", buf_str(&b), (int)len, why);
	buf_wipe(&b);
	/* the next part of the same path may follow */
	hunt_begin(s->hunt, on_find, s);
}

void
search_finish(struct search *s)
{
	if (s->hunt != NULL)
		hunt_end(s->hunt);
}

void
search_wipe(struct search *s)
{
	size_t i;

	for (i = 0; i < s->len; i++) {
		free(s->v[i].place);
		free(s->v[i].path);
	}
	free(s->v);
	free(s->place);
	hunt_free(s->hunt);
	hunt_wipe(&s->set);
	buf_wipe(&s->path);
	buf_wipe(&s->real);
	strv_clear(&s->exposed);
	strv_clear(&s->searched);
	strv_clear(&s->missed);
	strv_clear(&s->failed);
}
