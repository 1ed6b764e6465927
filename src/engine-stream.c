/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine_stream() and engine_describe(): all that is in a container, by
 * `export' and `cp', and all that is known of it; more than fits into memory.
 */
#include "coco.h"

#include <stdlib.h>

#include "engine-priv.h"
#include "mem.h"

#define CHUNK 65536

/* An archive on its way from a client to whoever wants it. */
struct relay {
	const struct tarball_reader *to;
	struct proc_child child;
};

static int
on_read(void *ctx, void *data, size_t len, size_t *ret_len)
{
	struct relay *relay = ctx;

	return proc_read(&relay->child, data, len, ret_len);
}

static int
on_entry(void *ctx, const struct tarball_entry *e)
{
	const struct relay *relay = ctx;

	return relay->to->entry(relay->to->ctx, e);
}

static int
on_attribute(void *ctx, const char *name, const void *value, size_t len)
{
	const struct relay *relay = ctx;

	if (relay->to->attribute == NULL)
		return 0;
	return relay->to->attribute(relay->to->ctx, name, value, len);
}

static int
on_data(void *ctx, const void *data, size_t len)
{
	const struct relay *relay = ctx;

	return relay->to->data(relay->to->ctx, data, len);
}

int
engine_drain(struct proc_child *child)
{
	char *rest = xmalloc(CHUNK);
	size_t n = 1;
	int r = 0;

	while (r == 0 && n != 0)
		r = proc_read(child, rest, CHUNK, &n);
	freezero(rest, CHUNK);
	return r;
}

/*
 * Reading what RUN writes has ended with R, and with what NOTE says of the
 * archive: end the client, too.  One that has ended by itself says more than
 * its archive, which is cut off then.
 */
static int
end_run(struct engine_run *run, struct proc_child *child, int r,
    const struct buf *note, struct buf *why)
{
	bool kill_it = child->from >= 0 && r != 0;
	int status = 0;
	int ended;

	ended = proc_end(child, kill_it, &status);
	if (kill_it)
		engine_unmount(run->e);
	if (!kill_it && ended == 0 && status != 0)
		return engine_failed(run, why);
	if (r == 0 && ended == 0)
		return 0;
	if (note->len == 0)
		return engine_broken(run, r != 0 ? r : ended, why);
	(void)buf_addf(why, "%s %s: %s", engine_name(run->e->kind),
	    run->argv.v[1], buf_str(note));
	return r;
}

static int
start(struct engine_run *run, struct proc_child *child, struct buf *why)
{
	int r;

	engine_run_ready(run);
	r = proc_start(&run->proc, child);
	return r != 0 ? engine_broken(run, r, why) : 0;
}

int
engine_stream(const struct engine *e, const char *path,
    const struct tarball_reader *to, struct buf *why)
{
	struct relay relay = { .to = to };
	const struct tarball_reader reader = { .read = on_read,
		.entry = on_entry,
		.attribute = on_attribute,
		.data = on_data,
		.ctx = &relay };
	struct buf note = BUF_INIT(ENGINE_MAX_WHY);
	struct engine_run run;
	int r;

	r = engine_run_init(&run, e, path == NULL ? "export" : "cp", why);
	if (r != 0)
		goto out;
	strv_add(&run.argv, "--");
	if (path == NULL) {
		strv_add(&run.argv, e->container);
	} else {
		strv_addf(&run.argv, "%s:%s", e->container, path);
		strv_add(&run.argv, "-");
	}
	r = start(&run, &relay.child, why);
	if (r != 0)
		goto out;
	r = tarball_read(&reader, &note);
	if (r == 0)
		r = engine_drain(&relay.child);
	r = end_run(&run, &relay.child, r, &note, why);
out:
	engine_run_clear(&run);
	buf_wipe(&note);
	return r;
}

int
engine_describe(const struct engine *e,
    int (*data)(void *ctx, const void *data, size_t len), void *ctx,
    struct buf *why)
{
	const struct buf note = BUF_INIT(1);
	char *chunk = xmalloc(CHUNK);
	struct proc_child child;
	struct engine_run run;
	size_t n = 1;
	int r;

	r = engine_run_init(&run, e, "inspect", why);
	if (r != 0)
		goto out;
	strv_add(&run.argv, "--type");
	strv_add(&run.argv, "container");
	strv_add(&run.argv, "--");
	strv_add(&run.argv, e->container);
	r = start(&run, &child, why);
	if (r != 0)
		goto out;
	while (r == 0 && n != 0) {
		r = proc_read(&child, chunk, CHUNK, &n);
		if (r == 0 && n != 0)
			r = data(ctx, chunk, n);
	}
	r = end_run(&run, &child, r, &note, why);
out:
	engine_run_clear(&run);
	freezero(chunk, CHUNK);
	return r;
}
