/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search of verify: fingerprints, file systems, and how a container was
 * started.  deploy-search-proc.c has what /proc tells.
 */
#include "coco.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "deploy-search.h"
#include "dirwalk.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "path.h"
#include "proc.h"
#include "result.h"

#define ASK_MS  120000
#define MAX_ERR 65536
#define CHUNK   65536

#define CONTENT   "its content"
#define TARGET    "where it leads"
#define ATTRIBUTE "an attribute of it"

/* --- fingerprints --------------------------------------------------------- */

/* What it has to say on stderr is in the fingerprints as well, unless it
 * fails. */
static int
ask(struct buf *text, struct buf *err, int *ret_status)
{
	struct buf program = BUF_INIT(PATH_MAX);
	struct strv argv = STRV_INIT;
	struct proc p = { .deadline_ms = clock_ms() + ASK_MS, .err = err };
	int r;

	r = path_program("coco-credential", &program);
	if (r == 0) {
		strv_add(&argv, buf_str(&program));
		strv_add(&argv, "fingerprints");
		p.argv = argv.v;
		r = proc_run(&p, text, ret_status);
	}
	strv_clear(&argv);
	buf_wipe(&program);
	return r;
}

int
deploy_search_start(struct search *s)
{
	struct buf text = BUF_INIT(HUNT_MAX_TEXT);
	struct buf err = BUF_INIT(MAX_ERR);
	struct buf why = BUF_INIT(HUNT_MAX_WHY);
	int status = 0;
	int r;

	r = ask(&text, &err, &status);
	if (r == 0 && status == 0)
		r = search_start(s, buf_str(&text), text.len, &why);
	if (r != 0 || status != 0) {
		if (err.len != 0)
			log_lines(buf_str(&err));
		log_warn("there are no fingerprints of this host's secrets%s%s",
		    r != 0 ? ": " : "",
		    why.len != 0 ? buf_str(&why) :
			r != 0   ? strerror(-r) :
				   "");
		status = status != 0 ? status : result_exit(result_of_errno(r));
	}
	buf_wipe(&text);
	buf_wipe(&err);
	buf_wipe(&why);
	return status;
}

/* --- files ---------------------------------------------------------------- */

/* An archive, or a tree. */
struct files {
	struct search *s;
	const char *top; /* the path of what comes, "" for the root */
	bool is_named;   /* the first part of a name stands for TOP */
	bool tell_mounts;
	struct buf path;
	uint64_t entries;
	bool is_link; /* it is nothing but a link */
};

static int
make_path(struct files *f, const char *name)
{
	int r;

	while (*name == '/' || strncmp(name, "./", 2) == 0)
		name++;
	if (f->is_named)
		name += strcspn(name, "/");
	name += strspn(name, "/");
	buf_clear(&f->path);
	r = buf_adds(&f->path, f->top);
	if (r == 0 && *name != '\0' && strcmp(name, ".") != 0)
		r = buf_addf(&f->path, "/%s", name);
	while (f->path.len > 1 && f->path.data[f->path.len - 1] == '/')
		buf_truncate(&f->path, f->path.len - 1);
	if (r == 0 && f->path.len == 0)
		r = buf_adds(&f->path, "/");
	return r == 0 ? 0 : -ENAMETOOLONG;
}

static int
on_entry(void *ctx, const struct tarball_entry *e)
{
	struct files *f = ctx;
	int r;

	f->is_link = f->entries++ == 0 && e->target != NULL;
	r = make_path(f, e->name);
	if (r == 0)
		r = search_path(f->s, buf_str(&f->path));
	if (r == 0 && e->target != NULL) {
		search_part(f->s, TARGET);
		r = search_feed(f->s, e->target, strlen(e->target));
	}
	if (r == 0)
		search_part(f->s, CONTENT);
	return r == 0 ? TARBALL_DATA : r;
}

/* Name and value, as a stream of their own. */
static int
on_attribute(void *ctx, const char *name, const void *value, size_t len)
{
	struct files *f = ctx;
	int r;

	search_part(f->s, ATTRIBUTE);
	r = search_feed(f->s, name, strlen(name) + 1);
	if (r == 0)
		r = search_feed(f->s, value, len);
	search_part(f->s, CONTENT);
	return r;
}

static int
on_data(void *ctx, const void *data, size_t len)
{
	const struct files *f = ctx;

	return search_feed(f->s, data, len);
}

static int
on_passed(void *ctx, const char *name, int r)
{
	struct files *f = ctx;

	if (r == -EXDEV && !f->tell_mounts)
		return 0;
	if (make_path(f, name) != 0)
		buf_clear(&f->path);
	/* a mount is something else than the target; what there is no right to
	 * look at can be looked at by somebody else */
	search_missed(f->s, r != -EXDEV && r != -EACCES && r != -EPERM,
	    buf_str(&f->path), r == -EXDEV ? "a mount" : strerror(-r));
	return 0;
}

int
deploy_search_tree(struct search *s, int dir, const char *name, const char *top,
    bool tell_mounts)
{
	struct files f = { .s = s,
		.top = top,
		.tell_mounts = tell_mounts,
		.path = BUF_INIT(SEARCH_MAX_PATH) };
	const struct dirwalk walk = { .entry = on_entry,
		.attribute = on_attribute,
		.data = on_data,
		.passed = on_passed,
		.ctx = &f };
	int r;

	r = dirwalk(dir, name, &walk);
	buf_wipe(&f.path);
	return r;
}

int
deploy_search_fd(struct search *s, const char *part, int fd)
{
	char *chunk = xmalloc(CHUNK);
	ssize_t n = 1;
	int r = 0;

	search_part(s, part);
	while (r == 0 && n > 0) {
		n = read(fd, chunk, CHUNK);
		if (n > 0)
			r = search_feed(s, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n < 0)
			n = 1;
	}
	freezero(chunk, CHUNK);
	return r;
}

/* PATH as the client gives it; NULL: all but the mounts. */
static int
search_stream(const struct engine *e, struct search *s, const char *path,
    const char *top, struct buf *why, uint64_t *ret_entries)
{
	struct files f = { .s = s,
		.top = top,
		.is_named = path != NULL,
		.path = BUF_INIT(SEARCH_MAX_PATH) };
	const struct tarball_reader reader = { .entry = on_entry,
		.attribute = on_attribute,
		.data = on_data,
		.ctx = &f };
	int r;

	r = engine_stream(e, path, &reader, why);
	if (r == 0 && path != NULL && f.entries == 1 && f.is_link) {
		(void)buf_adds(why, "it is behind a link");
		r = -ELOOP;
	}
	*ret_entries = f.entries;
	buf_wipe(&f.path);
	return r;
}

/*
 * The layer that the container writes to, and those of the image below it: what
 * of the image is hidden by that cannot be told, and is no worse to find.
 */
static void
search_file_system(const struct engine *e, struct search *s)
{
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	uint64_t entries;

	search_place(s, "the file system");
	if (search_stream(e, s, NULL, "", &why, &entries) == 0)
		search_done(s, "files");
	else
		search_missed(s, true, "the file system", buf_str(&why));
	buf_wipe(&why);
}

/* With a slash behind it, a link that the image has there is followed; a file
 * that is mounted has none. */
static void
copy_mount(const struct engine *e, struct search *s, const char *destination)
{
	struct buf path = BUF_INIT(CONTAINER_MAX_TEXT + 1);
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	uint64_t entries = 0;
	int r;

	r = buf_addf(&path, "%s/", destination);
	if (r == 0)
		r = search_stream(e, s, buf_str(&path), destination, &why,
		    &entries);
	if (r != 0 && entries == 0) {
		buf_clear(&why);
		r = search_stream(e, s, destination, destination, &why,
		    &entries);
	}
	if (r == 0)
		search_done(s, "files");
	else
		search_missed(s, true, destination,
		    why.len != 0 ? buf_str(&why) : strerror(-r));
	buf_wipe(&path);
	buf_wipe(&why);
}

/* Docker's client gives nothing of what is only in memory. */
static void
look_at_memory(const struct job *j, struct search *s, const char *destination)
{
	int root = deploy_search_root(j, s, destination);
	int r;

	if (root < 0)
		return;
	r = deploy_search_tree(s, root, destination + 1, destination, false);
	if (r == 0)
		search_done(s, "files");
	else
		search_missed(s, true, destination, strerror(-r));
	io_close(root);
}

static void
search_mounts(const struct job *j, const struct engine *e, struct search *s)
{
	const struct container *c = &j->target.container;
	struct buf place = BUF_INIT(CONTAINER_MAX_TEXT + 64);
	size_t i;

	for (i = 0; i < c->mount_count; i++) {
		bool is_memory = strcmp(c->mounts[i].type, "tmpfs") == 0;

		/* it is empty when nothing runs */
		if (is_memory && e->is_stopped)
			continue;
		buf_clear(&place);
		(void)buf_addf(&place, "%s at %s",
		    c->mounts[i].type[0] != '\0' ? c->mounts[i].type : "mount",
		    c->mounts[i].destination);
		search_place(s, buf_str(&place));
		if (is_memory && !e->is_podman)
			look_at_memory(j, s, c->mounts[i].destination);
		else
			copy_mount(e, s, c->mounts[i].destination);
	}
	buf_wipe(&place);
}

/* --- how it was started --------------------------------------------------- */

static int
on_description(void *ctx, const void *data, size_t len)
{
	return search_feed(ctx, data, len);
}

/* Its environment, arguments and labels: the text that inspect gives, and the
 * variables once more without JSON's quoting. */
static void
search_description(const struct job *j, const struct engine *e,
    struct search *s)
{
	const struct strv *env = &j->target.container.env;
	struct buf why = BUF_INIT(TARGET_MAX_WHY);
	size_t i;
	int r;

	search_place(s, "how it was started");
	search_part(s, "what inspect says");
	r = engine_describe(e, on_description, s, &why);
	search_part(s, "its environment");
	for (i = 0; i < env->len && r == 0; i++)
		r = search_feed(s, env->v[i], strlen(env->v[i]) + 1);
	if (r == 0)
		search_done(s, NULL);
	else
		search_missed(s, true, "how it was started",
		    why.len != 0 ? buf_str(&why) : strerror(-r));
	buf_wipe(&why);
}

/* --- all ------------------------------------------------------------------ */

static void
search_directory(const struct job *j, struct search *s)
{
	int r;

	search_place(s, "the directory");
	r = deploy_search_tree(s, j->target.root.fd, ".", "", true);
	if (r == 0)
		search_done(s, "files");
	else
		search_missed(s, true, "the directory", strerror(-r));
}

void
deploy_search(const struct job *j, struct search *s)
{
	struct engine e = j->target.engine;

	if (j->target.kind == TARGET_DIRECTORY) {
		search_directory(j, s);
	} else {
		/* a container may have terabytes */
		e.deadline_ms = 0;
		search_description(j, &e, s);
		search_file_system(&e, s);
		search_mounts(j, &e, s);
		if (!e.is_stopped) {
			deploy_search_unlisted(j, s);
			deploy_search_processes(j, s);
		}
	}
	search_finish(s);
}
