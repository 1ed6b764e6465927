/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine_read(): what is at places of a container, by `cp C:PATH -'.
 *
 * Podman 4 follows a link at PATH and gives what it leads to, under that name;
 * podman's service gives it under the name that was asked for, so a link cannot
 * be told from a file there.  Docker gives the link itself.  What all of them
 * do is to give the links within a directory as such.  So the directory that a
 * place, or a root, is in is read, as C:DIRECTORY/, where all follow; one run
 * answers for all places in it.
 *
 * Such a directory may be large (a home with caches), and a `cp' gives all of
 * it.  After MAX_PARENT bytes it is given up, and what is still not known is
 * asked for by its own path.  Only then a link can be missed, and only by
 * podman, and when it leads to a file of the same name.
 *
 * What podman gives, itself and as a service, is all of the user that runs in
 * the container: who owns it there is not told.
 */
#include "coco.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "engine-priv.h"
#include "mem.h"
#include "tarball.h"

/* About 0.2 s. */
#define MAX_PARENT 134217728

#define DRAIN 65536

/* What is known of a place. */
enum state {
	STATE_OPEN,   /* nothing yet */
	STATE_WANTED, /* the stream that is being read tells */
	STATE_KNOWN,  /* it has told */
	STATE_DONE    /* one before has */
};

/* All that is read. */
struct reading {
	const struct engine *e;
	const struct strv *roots;
	struct places *p;
	enum state *states; /* one for each place */
	struct buf *why;
};

/* One `cp'. */
struct stream {
	struct reading *in;
	struct buf *why;    /* what is wrong with the archive */
	const char *base;   /* the path of the first entry */
	const char *top;    /* the name that it has to have, or NULL */
	const char *inside; /* the root that the last entry was in, or NULL */
	struct proc_child child;
	bool is_limited;
	size_t left;        /* bytes that it may still have, if it is */
	bool is_over;       /* it had more */
	struct place *into; /* whose content comes, or NULL */
	size_t to_come;     /* bytes of it */
};

static const char *
root_of(const struct reading *in, const char *path)
{
	size_t i;

	for (i = 0; i < in->roots->len; i++)
		if (place_is_within(path, in->roots->v[i]))
			return in->roots->v[i];
	return NULL;
}

static bool
has_wanted(const struct reading *in)
{
	size_t i;

	for (i = 0; i < in->p->len; i++)
		if (in->states[i] == STATE_WANTED)
			return true;
	return false;
}

/* Those that are FROM, within DIRECTORY unless that is NULL, become TO. */
static void
settle(struct reading *in, const char *directory, enum state from,
    enum state to)
{
	size_t i;

	for (i = 0; i < in->p->len; i++)
		if (in->states[i] == from &&
		    (directory == NULL ||
			place_is_within(in->p->v[i].path, directory)))
			in->states[i] = to;
}

/* --- entries ------------------------------------------------------------- */

static void
make_odd(struct place *p, const char *odd)
{
	p->kind = PLACE_ODD;
	p->odd = odd;
	buf_wipe(&p->content);
}

/* Append the path in the container of what the archive calls NAME: the first
 * part of that stands for the base.  0 or -EMSGSIZE. */
static int
add_path(const struct stream *s, const char *name, struct buf *b)
{
	size_t len;

	while (*name == '/' || strncmp(name, "./", 2) == 0)
		name++;
	name += strcspn(name, "/");
	name += strspn(name, "/");
	len = strlen(name);
	while (len > 0 && name[len - 1] == '/')
		len--;
	if (len == 0)
		return buf_adds(b, s->base);
	if (buf_addf(b, "%s/", s->base) != 0)
		return -EMSGSIZE;
	return buf_add(b, name, len);
}

/* Whether the first part of the name is what was asked for. */
static bool
is_top(const struct stream *s, const char *name)
{
	size_t len;

	while (*name == '/' || strncmp(name, "./", 2) == 0)
		name++;
	len = strcspn(name, "/");
	return s->top == NULL ||
	    (len == strlen(s->top) && memcmp(name, s->top, len) == 0);
}

static void
fill(const struct reading *in, struct place *p, const struct tarball_entry *e)
{
	p->mode = e->mode;
	p->uid = in->e->is_podman ? ENGINE_NO_OWNER : e->uid;
	p->gid = in->e->is_podman ? ENGINE_NO_OWNER : e->gid;
	if (S_ISDIR(e->type))
		p->kind = PLACE_DIRECTORY;
	else if (!S_ISREG(e->type) || e->link != NULL)
		make_odd(p, place_odd_name(e->type));
	else if (e->size > PLACE_MAX_CONTENT)
		make_odd(p, "a file of more than 16 MiB");
	else
		p->kind = PLACE_FILE;
}

/* PATH, which is no directory, is where a directory on the way to places would
 * be. */
static void
block(struct stream *s, const char *path, const struct tarball_entry *e)
{
	struct reading *in = s->in;
	size_t i;

	for (i = 0; i < in->p->len; i++) {
		if (in->states[i] != STATE_WANTED ||
		    !place_is_within(in->p->v[i].path, path))
			continue;
		make_odd(&in->p->v[i],
		    S_ISLNK(e->type) ? "behind a link" : "below a file");
		in->states[i] = STATE_KNOWN;
	}
}

/* The place of PATH, if this stream is to tell of it. */
static int
take(struct stream *s, const char *path, const struct tarball_entry *e)
{
	struct reading *in = s->in;
	struct place *p = places_find(in->p, path);
	size_t i = p != NULL ? (size_t)(p - in->p->v) : 0;

	if (p == NULL || in->states[i] == STATE_OPEN ||
	    in->states[i] == STATE_DONE)
		return TARBALL_SKIP;
	if (in->states[i] == STATE_KNOWN) {
		(void)buf_adds(s->why, "a file is there twice");
		return -EBADMSG;
	}
	fill(in, p, e);
	in->states[i] = STATE_KNOWN;
	if (p->kind != PLACE_FILE || e->size == 0)
		return TARBALL_SKIP;
	s->into = p;
	s->to_come = (size_t)e->size;
	return TARBALL_DATA;
}

/* A hard link shows which file it is one to: that was read before, and is known
 * as an ordinary file. */
static void
take_link(struct stream *s, const char *link)
{
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	struct place *p = NULL;

	if (add_path(s, link, &path) == 0)
		p = places_find(s->in->p, buf_str(&path));
	if (p != NULL && p->kind == PLACE_FILE)
		make_odd(p, place_odd_name(S_IFREG));
	buf_wipe(&path);
}

/* A directory is given with all that is in it at once, so a root that was left
 * is not entered again, and what was not seen in it is not there. */
static void
follow_roots(struct stream *s, const char *path)
{
	const char *root = root_of(s->in, path);

	if (s->inside != NULL && root != s->inside)
		settle(s->in, s->inside, STATE_WANTED, STATE_KNOWN);
	s->inside = root;
}

static int
on_path(struct stream *s, const char *path, const struct tarball_entry *e)
{
	int want;

	follow_roots(s, path);
	if (!has_wanted(s->in))
		return TARBALL_STOP;
	if (e->link != NULL)
		take_link(s, e->link);
	want = take(s, path, e);
	if (want >= 0 && !S_ISDIR(e->type))
		block(s, path, e);
	if (want == TARBALL_SKIP && !has_wanted(s->in))
		want = TARBALL_STOP;
	return want;
}

static int
on_entry(void *ctx, const struct tarball_entry *e)
{
	struct stream *s = ctx;
	struct buf path = BUF_INIT(PLACE_MAX_PATH);
	size_t i;
	int want = TARBALL_SKIP;

	s->into = NULL;
	if (!is_top(s, e->name)) {
		for (i = 0; i < s->in->p->len; i++)
			if (s->in->states[i] == STATE_WANTED)
				make_odd(&s->in->p->v[i],
				    place_odd_name(S_IFLNK));
		settle(s->in, NULL, STATE_WANTED, STATE_KNOWN);
		return TARBALL_STOP;
	}
	/* one that is too long is none of ours */
	if (add_path(s, e->name, &path) == 0)
		want = on_path(s, buf_str(&path), e);
	buf_wipe(&path);
	return want;
}

static int
on_data(void *ctx, const void *data, size_t len)
{
	struct stream *s = ctx;

	s->to_come -= len;
	return buf_add(&s->into->content, data, len);
}

static int
on_read(void *ctx, void *data, size_t len, size_t *ret_len)
{
	struct stream *s = ctx;
	int r;

	r = proc_read(&s->child, data, len, ret_len);
	if (r != 0 || !s->is_limited)
		return r;
	if (*ret_len > s->left) {
		s->is_over = true;
		return -EFBIG;
	}
	s->left -= *ret_len;
	return 0;
}

/* --- streams ------------------------------------------------------------- */

void
engine_unmount(const struct engine *e)
{
	struct buf none = BUF_INIT(DRAIN);
	struct buf why = BUF_INIT(ENGINE_MAX_WHY);
	struct engine_run run;
	int status;

	if (e->kind == ENGINE_PODMAN && e->is_stopped &&
	    engine_run_init(&run, e, "umount", &why) == 0) {
		strv_add(&run.argv, "--");
		strv_add(&run.argv, e->container);
		(void)engine_run(&run, NULL, &none, &why, &status);
		engine_run_clear(&run);
	}
	buf_wipe(&none);
	buf_wipe(&why);
}

/* What was not read to its end is not known. */
static void
forget_half(struct stream *s)
{
	if (s->into == NULL || s->to_come == 0)
		return;
	buf_wipe(&s->into->content);
	s->into->kind = PLACE_ABSENT;
	s->in->states[s->into - s->in->p->v] = STATE_OPEN;
}

/*
 * Reading the archive has ended with R, because all is known or for another
 * reason: end the client, too, and look what it has to say.
 */
static int
end_stream(struct stream *s, struct engine_run *run, int r)
{
	struct reading *in = s->in;
	bool is_known = r == 0 && !has_wanted(in);
	/* one that has ended says more than its archive, which is cut off */
	bool kill_it = s->child.from >= 0 && (r != 0 || is_known);
	int status = 0;
	int ended;

	ended = proc_end(&s->child, kill_it, &status);
	if (kill_it)
		engine_unmount(in->e);
	if (is_known || s->is_over)
		return 0;
	if ((r != 0 && r != -EBADMSG) || ended != 0)
		return engine_broken(run, r != 0 ? r : ended, in->why);
	if (status != 0 && !engine_is_absent(run))
		return engine_failed(run, in->why);
	if (status == 0 && r != 0) {
		(void)buf_addf(in->why, "%s cp: %s", engine_name(in->e->kind),
		    buf_str(s->why));
		return r;
	}
	/* all of it was read: what was not seen is not there */
	settle(in, NULL, STATE_WANTED, STATE_KNOWN);
	return 0;
}

static int
read_stream(struct stream *s, const char *path)
{
	const struct tarball_reader reader = {
		.read = on_read, .entry = on_entry, .data = on_data, .ctx = s
	};
	struct reading *in = s->in;
	struct buf why = BUF_INIT(ENGINE_MAX_WHY);
	struct engine_run run;
	int r;

	r = engine_run_init(&run, in->e, "cp", in->why);
	if (r != 0)
		goto out;
	strv_add(&run.argv, "--");
	strv_addf(&run.argv, "%s:%s", in->e->container, path);
	strv_add(&run.argv, "-");
	engine_run_ready(&run);
	r = proc_start(&run.proc, &s->child);
	if (r != 0) {
		r = engine_broken(&run, r, in->why);
		goto out;
	}
	/* cppcheck-suppress autoVariables */
	s->why = &why;
	r = tarball_read(&reader, &why);
	if (r == 0 && has_wanted(in))
		r = engine_drain(&s->child);
	forget_half(s);
	r = end_stream(s, &run, r);
	settle(in, NULL, STATE_WANTED, STATE_OPEN);
	settle(in, NULL, STATE_KNOWN, STATE_DONE);
out:
	engine_run_clear(&run);
	buf_wipe(&why);
	return r;
}

/* The directory to read for PATH: that of its root, or its own. */
static void
parent_of(const struct reading *in, const char *path, struct buf *b)
{
	const char *root = root_of(in, path);

	(void)place_parent(root != NULL ? root : path, b);
}

/* Read the directory of place I, for all places that it tells of. */
static int
read_parent(struct reading *in, size_t i)
{
	struct buf base = BUF_INIT(PLACE_MAX_PATH);
	struct buf other = BUF_INIT(PLACE_MAX_PATH);
	struct buf path = BUF_INIT(PLACE_MAX_PATH + 1);
	struct stream s = { .in = in, .left = MAX_PARENT, .is_limited = true };
	size_t j;
	int r = 0;

	parent_of(in, in->p->v[i].path, &base);
	/* "/" would be all of the container */
	if (buf_equals(&base, "/"))
		goto out;
	for (j = i; j < in->p->len; j++) {
		buf_clear(&other);
		parent_of(in, in->p->v[j].path, &other);
		if (in->states[j] == STATE_OPEN &&
		    buf_equals(&other, buf_str(&base)))
			in->states[j] = STATE_WANTED;
	}
	(void)buf_addf(&path, "%s/", buf_str(&base));
	s.base = buf_str(&base);
	r = read_stream(&s, buf_str(&path));
out:
	buf_wipe(&base);
	buf_wipe(&other);
	buf_wipe(&path);
	return r;
}

/* Read place I, or the root that it is in, by its own path. */
static int
read_itself(struct reading *in, size_t i)
{
	const char *root = root_of(in, in->p->v[i].path);
	struct stream s = { .in = in };
	size_t j;

	s.base = root != NULL ? root : in->p->v[i].path;
	s.top = strrchr(s.base, '/') + 1;
	in->states[i] = STATE_WANTED;
	for (j = i; root != NULL && j < in->p->len; j++)
		if (in->states[j] == STATE_OPEN &&
		    root_of(in, in->p->v[j].path) == root)
			in->states[j] = STATE_WANTED;
	return read_stream(&s, s.base);
}

int
engine_read(const struct engine *e, const struct strv *roots, struct places *p,
    struct buf *why)
{
	struct reading in = { .e = e, .roots = roots, .p = p, .why = why };
	size_t i;
	int r = 0;

	in.states = xcalloc(p->len + 1, sizeof(*in.states));
	for (i = 0; i < p->len; i++) {
		p->v[i].kind = PLACE_ABSENT;
		buf_wipe(&p->v[i].content);
	}
	for (i = 0; r == 0 && i < p->len; i++)
		if (in.states[i] == STATE_OPEN)
			r = read_parent(&in, i);
	for (i = 0; r == 0 && i < p->len; i++)
		if (in.states[i] == STATE_OPEN)
			r = read_itself(&in, i);
	free(in.states);
	return r;
}
