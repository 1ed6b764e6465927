/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine-priv.h"
#include "esc.h"
#include "json.h"
#include "mem.h"

#define MAX_SHOWN  1024  /* bytes of what a client says in a message */
#define MAX_OUTPUT 65536 /* of a small answer */

/* What podman puts above a list of errors, of one. */
#define ONE_ERROR "1 error occurred:\n\t* "

const char *
engine_name(enum engine_kind kind)
{
	return kind == ENGINE_DOCKER ? "docker" : "podman";
}

/* --- the client ---------------------------------------------------------- */

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

/* What is in the current directory is nobody's client. */
int
engine_find(enum engine_kind kind, struct strv *argv, struct buf *why)
{
	const char *name = engine_name(kind);
	const char *path = getenv("PATH");
	struct buf b = BUF_INIT(PLACE_MAX_PATH);
	size_t len;

	while (argv->len == 0 && path != NULL && *path != '\0') {
		len = strcspn(path, ":");
		buf_clear(&b);
		if (*path == '/' && buf_add(&b, path, len) == 0 &&
		    buf_addf(&b, "/%s", name) == 0 && is_program(buf_str(&b)))
			strv_add(argv, buf_str(&b));
		path += len;
		path += *path == ':';
	}
	buf_wipe(&b);
	if (argv->len != 0)
		return 0;
	(void)buf_addf(why, "%s is not installed: there is none in PATH", name);
	return -ENOTSUP;
}

/* What the clients say is understood, so it has to be in English. */
static void
add_environment(struct strv *env)
{
	char **v;

	for (v = environ; *v != NULL; v++)
		if (strncmp(*v, "LC_ALL=", 7) != 0 &&
		    strncmp(*v, "LANGUAGE=", 9) != 0)
			strv_add(env, *v);
	strv_add(env, "LC_ALL=C");
}

int
engine_run_init(struct engine_run *run, const struct engine *e,
    const char *verb, struct buf *why)
{
	int r;

	*run = (struct engine_run){ .e = e, .err = BUF_INIT(ENGINE_MAX_ERR) };
	if (!container_is_name(e->container)) {
		(void)buf_adds(why, "no name of a container: \"");
		(void)esc_visible(why, e->container,
		    strnlen(e->container, MAX_SHOWN));
		(void)buf_adds(why, "\"");
		return -EINVAL;
	}
	r = engine_find(e->kind, &run->argv, why);
	if (r != 0)
		return r;
	add_environment(&run->env);
	strv_add(&run->argv, verb);
	return 0;
}

void
engine_run_ready(struct engine_run *run)
{
	run->proc = (struct proc){ .argv = run->argv.v,
		.deadline_ms = run->e->deadline_ms,
		.env = run->env.v,
		.err = &run->err };
}

int
engine_run(struct engine_run *run, const struct buf *in, struct buf *out,
    struct buf *why, int *ret_status)
{
	int r;

	engine_run_ready(run);
	run->proc.in = in;
	r = proc_run(&run->proc, out, ret_status);
	return r != 0 ? engine_broken(run, r, why) : 0;
}

int
engine_run_ok(struct engine_run *run, struct buf *out, struct buf *why)
{
	int status = 0;
	int r = engine_run(run, NULL, out, why, &status);

	return r == 0 && status != 0 ? engine_failed(run, why) : r;
}

void
engine_run_clear(struct engine_run *run)
{
	strv_clear(&run->argv);
	strv_clear(&run->env);
	buf_wipe(&run->err);
}

/* --- what went wrong ----------------------------------------------------- */

int
engine_broken(const struct engine_run *run, int r, struct buf *why)
{
	(void)buf_addf(why, "%s %s ", engine_name(run->e->kind),
	    run->argv.v[1]);
	if (r == -ETIMEDOUT)
		(void)buf_adds(why, "did not end in time");
	else if (r == -EMSGSIZE)
		(void)buf_adds(why, "wrote more than is allowed");
	else
		(void)buf_addf(why, "cannot be run: %s", strerror(-r));
	return r;
}

bool
engine_said(const struct engine_run *run, const char *text)
{
	return strcasestr(buf_str(&run->err), text) != NULL;
}

bool
engine_is_absent(const struct engine_run *run)
{
	/* podman; its service behind docker's client; docker */
	return engine_said(run, "could not be found on container") ||
	    strcmp(buf_str(&run->err),
		"Error response from daemon: no such file or directory\n") ==
	    0 ||
	    engine_said(run, "could not find the file");
}

static bool
is_unreachable(const struct engine_run *run)
{
	return engine_said(run, "cannot connect to ") ||
	    engine_said(run, "error during connect") ||
	    engine_said(run, "trying to connect to ");
}

/* podman, podman again for `exec' and `cp', docker for `cp -' */
static bool
is_no_container(const struct engine_run *run)
{
	return engine_said(run, "no such container") ||
	    (engine_said(run, "container \"") &&
		engine_said(run, "\" does not exist")) ||
	    engine_said(run, "No such object");
}

/* Append the lines of S.  All but the first are indented: much in them is
 * chosen in containers, and must not look like a line of ours. */
static void
add_said_lines(const char *s, size_t len, struct buf *why)
{
	const char *end = s + len;
	size_t n;

	while (s < end) {
		n = strcspn(s, "\n");
		if (n > (size_t)(end - s))
			n = (size_t)(end - s);
		(void)esc_visible(why, s, n);
		s += n;
		while (s < end && strchr("\n\t ", *s) != NULL)
			s++;
		if (s < end)
			(void)buf_adds(why, "\n  ");
	}
}

/* What was said, without "Error:" in front. */
static void
add_said(const struct engine_run *run, struct buf *why)
{
	static const char *const fronts[] = {
		"Error response from daemon: ", "Error: ", ONE_ERROR
	};
	const char *s = buf_str(&run->err);
	size_t len;
	size_t i;

	s += strspn(s, " \n");
	for (i = 0; i < ARRAY_LEN(fronts); i++)
		if (strncmp(s, fronts[i], strlen(fronts[i])) == 0)
			s += strlen(fronts[i]);
	len = strlen(s);
	while (len > 0 && strchr(" \n", s[len - 1]) != NULL)
		len--;
	if (len == 0)
		(void)buf_adds(why, "it failed and did not say why");
	add_said_lines(s, len < MAX_SHOWN ? len : MAX_SHOWN, why);
}

int
engine_failed(const struct engine_run *run, struct buf *why)
{
	const char *name = engine_name(run->e->kind);

	if (is_unreachable(run)) {
		(void)buf_addf(why, "%s cannot be reached: ", name);
		add_said(run, why);
		return -EHOSTUNREACH;
	}
	if (is_no_container(run)) {
		(void)buf_addf(why,
		    "%s has no container \"%s\" (%s ps --all lists them)", name,
		    run->e->container, name);
		return -ENOENT;
	}
	(void)buf_addf(why, "%s %s: ", name, run->argv.v[1]);
	add_said(run, why);
	return -EIO;
}

/* --- questions ----------------------------------------------------------- */

int
engine_inspect(const struct engine *e, struct buf *why, struct container *ret)
{
	struct buf out = BUF_INIT(JSON_MAX_SIZE);
	struct engine_run run;
	int r;

	r = engine_run_init(&run, e, "inspect", why);
	if (r != 0)
		goto out;
	strv_add(&run.argv, "--type");
	strv_add(&run.argv, "container");
	strv_add(&run.argv, "--format");
	strv_add(&run.argv, CONTAINER_FORMAT);
	strv_add(&run.argv, "--");
	strv_add(&run.argv, e->container);
	r = engine_run_ok(&run, &out, why);
	if (r == 0)
		r = container_parse(out.data, out.len, why, ret);
out:
	engine_run_clear(&run);
	buf_wipe(&out);
	return r;
}

int
engine_find_podman(struct engine *e, struct buf *why)
{
	struct buf out = BUF_INIT(MAX_OUTPUT);
	struct engine_run run;
	int r;

	e->is_podman = e->kind == ENGINE_PODMAN;
	if (e->is_podman)
		return 0;
	r = engine_run_init(&run, e, "version", why);
	if (r == 0) {
		strv_add(&run.argv, "--format");
		strv_add(&run.argv,
		    "{{range .Server.Components}}{{println .Name}}{{end}}");
		r = engine_run_ok(&run, &out, why);
	}
	e->is_podman = strstr(buf_str(&out), "Podman Engine\n") != NULL;
	engine_run_clear(&run);
	buf_wipe(&out);
	return r;
}
