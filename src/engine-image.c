/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a container will be before there is one, by its image; and when it has
 * ended.
 */
#include "coco.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine-priv.h"
#include "hex.h"
#include "io.h"
#include "json.h"
#include "mem.h"

#define MAX_OUTPUT 262144 /* of one answer */
#define MAX_ID     256

/* podman prints {{.Config.User}} of an image that has no user as nothing, and
 * docker of podman's service likewise */
#define IMAGE_FORMAT                                \
	"{\"Architecture\":{{json .Architecture}}," \
	"\"User\":{{json .Config.User}},"           \
	"\"Env\":{{json .Config.Env}}}"

/* --- what the image says -------------------------------------------------- */

static char *
copy(const char *text)
{
	return xstrdup(text != NULL ? text : "");
}

/* It becomes part of a file's name, so of one that is no name nothing is
 * taken. */
static char *
copy_arch(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	return copy(text != NULL && text[strspn(text, letters)] == '\0' ? text :
									  NULL);
}

static int
parse(const struct buf *out, struct engine_image *ret)
{
	struct strv env = STRV_INIT;
	struct json *j = NULL;
	const char *home = NULL;
	size_t i;

	if (json_parse(out->data, out->len, &j) != 0)
		return -EBADMSG;
	ret->arch = copy_arch(json_text(j, "Architecture"));
	ret->user = copy(json_text(j, "User"));
	(void)json_texts(j, "Env", &env);
	for (i = 0; i < env.len; i++)
		if (strncmp(env.v[i], "HOME=", 5) == 0)
			home = env.v[i] + 5;
	ret->home = copy(home);
	strv_wipe(&env);
	json_free(j);
	return 0;
}

static bool
is_no_image(const struct engine_run *run)
{
	return engine_said(run, "no such image") ||
	    engine_said(run, "image not known");
}

int
engine_image_find(const struct engine *e, const char *image, struct buf *why,
    struct engine_image *ret)
{
	struct buf out = BUF_INIT(MAX_OUTPUT);
	struct engine_run run;
	int status = 0;
	int r;

	r = engine_run_init(&run, e, "image", why);
	if (r == 0) {
		strv_add(&run.argv, "inspect");
		strv_add(&run.argv, "--format");
		strv_add(&run.argv, IMAGE_FORMAT);
		strv_add(&run.argv, "--");
		strv_add(&run.argv, image);
		r = engine_run(&run, NULL, &out, why, &status);
	}
	if (r == 0 && status != 0) {
		r = engine_failed(&run, why);
		if (is_no_image(&run))
			r = -ENOENT;
	} else if (r == 0 && (r = parse(&out, ret)) != 0) {
		(void)buf_addf(why, "%s image inspect answers what is no image",
		    engine_name(e->kind));
	}
	engine_run_clear(&run);
	buf_wipe(&out);
	return r;
}

void
engine_image_clear(struct engine_image *image)
{
	free(image->arch);
	free(image->user);
	free(image->home);
	*image = (struct engine_image){ NULL, NULL, NULL };
}

/* --- what is done with it ------------------------------------------------- */

/* Let the client run to its end, and show what it prints, as it comes. */
static int
show(struct engine_run *run, struct buf *why, int *ret_status)
{
	struct proc_child child;
	char data[4096];
	size_t n = 1;
	int r;

	engine_run_ready(run);
	run->proc.err = NULL;
	r = proc_start(&run->proc, &child);
	if (r != 0)
		return engine_broken(run, r, why);
	while (r == 0 && n != 0) {
		r = proc_read(&child, data, sizeof(data), &n);
		if (r == 0)
			(void)io_write_all(STDERR_FILENO, data, n);
	}
	if (r == 0)
		r = proc_end(&child, false, ret_status);
	else
		(void)proc_end(&child, true, ret_status);
	return r != 0 ? engine_broken(run, r, why) : 0;
}

int
engine_image_pull(const struct engine *e, const char *image,
    const struct strv *options, struct buf *why)
{
	struct engine_run run;
	int status = 0;
	int r;

	r = engine_run_init(&run, e, "pull", why);
	if (r == 0) {
		strv_add_all(&run.argv, options);
		strv_add(&run.argv, "--");
		strv_add(&run.argv, image);
		r = show(&run, why, &status);
	}
	if (r == 0 && status != 0) {
		(void)buf_addf(why, "%s cannot get the image",
		    engine_name(e->kind));
		r = -ENOENT;
	}
	engine_run_clear(&run);
	return r;
}

int
engine_create(const struct engine *e, const char *image,
    const struct strv *options, struct buf *why, struct buf *id)
{
	struct buf out = BUF_INIT(MAX_OUTPUT);
	struct engine_run run;
	int r;

	r = engine_run_init(&run, e, "create", why);
	if (r == 0) {
		strv_add_all(&run.argv, options);
		strv_add(&run.argv, "--network=none");
		strv_add(&run.argv, "--");
		strv_add(&run.argv, image);
		/* an image need not have a command, a container must */
		strv_add(&run.argv, "/none");
		r = engine_run_ok(&run, &out, why);
	}
	if (r == 0)
		r = buf_add(id, buf_str(&out),
		    strspn(buf_str(&out), HEX_DIGITS));
	if (r == 0 && id->len == 0) {
		(void)buf_addf(why, "%s create answers what is no id",
		    engine_name(e->kind));
		r = -EBADMSG;
	}
	engine_run_clear(&run);
	buf_wipe(&out);
	return r;
}

/* Run VERB for the container of E; what it answers is of no interest. */
static int
tell(const struct engine *e, const char *verb, struct buf *why)
{
	struct buf out = BUF_INIT(MAX_OUTPUT);
	struct engine_run run;
	int r;

	r = engine_run_init(&run, e, verb, why);
	if (r == 0) {
		strv_add(&run.argv, "--");
		strv_add(&run.argv, e->container);
		r = engine_run_ok(&run, &out, why);
	}
	engine_run_clear(&run);
	buf_wipe(&out);
	return r;
}

int
engine_discard(const struct engine *e, const char *id, struct buf *why)
{
	struct engine of = *e;

	of.container = id;
	return tell(&of, "rm", why);
}

int
engine_wait(const struct engine *e, struct buf *why)
{
	struct engine for_ever = *e;
	int r;

	for_ever.deadline_ms = 0;
	r = tell(&for_ever, "wait", why);
	return r == -ENOENT ? 0 : r;
}
