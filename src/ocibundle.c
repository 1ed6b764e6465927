/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "hex.h"
#include "json.h"
#include "mem.h"
#include "ocibundle.h"
#include "strv.h"

static int
refuse(struct buf *why, const char *what)
{
	(void)buf_addf(why, "what the runtime says has no %s", what);
	return -EBADMSG;
}

static void
set(char **field, const char *value)
{
	free(*field);
	*field = value != NULL ? xstrdup(value) : NULL;
}

static bool
is_id(const char *id)
{
	return id != NULL && hex_is(id, CGROUP_ID_LEN);
}

/* The annotation, from either text; the state's is a copy of the other's. */
static int
take_annotation(const struct json *j, struct ocibundle *b)
{
	struct json *annotations = NULL;
	int r;

	r = json_object_of(j, "annotations", &annotations);
	if (r != 0)
		return 0;
	if (json_text(annotations, OCIBUNDLE_CONNECTION) != NULL)
		set(&b->connection,
		    json_text(annotations, OCIBUNDLE_CONNECTION));
	json_free(annotations);
	return 0;
}

int
ocibundle_parse_state(const char *text, size_t len, struct ocibundle *ret,
    struct buf *why)
{
	struct json *j = NULL;
	const char *bundle;
	int r;

	r = json_parse_or_say(text, len, why, &j);
	if (r != 0)
		return r;
	bundle = json_text(j, "bundle");
	if (!is_id(json_text(j, "id")))
		r = refuse(why, "id of a container");
	else if (json_number(j, "pid", &ret->pid) != 0 || ret->pid <= 0)
		r = refuse(why, "pid");
	else if (bundle == NULL || bundle[0] != '/')
		r = refuse(why, "bundle");
	if (r == 0) {
		set(&ret->id, json_text(j, "id"));
		set(&ret->bundle, bundle);
		r = take_annotation(j, ret);
	}
	json_free(j);
	return r;
}

static int
take_root(const struct json *j, struct ocibundle *b, struct buf *why)
{
	struct json *root = NULL;
	const char *path;
	size_t size;
	int r;

	r = json_object_of(j, "root", &root);
	path = r == 0 ? json_text(root, "path") : NULL;
	if (path == NULL || path[0] == '\0') {
		json_free(root);
		return refuse(why, "root");
	}
	b->is_read_only = json_flag(root, "readonly");
	if (path[0] == '/') {
		set(&b->root, path);
	} else {
		size = strlen(b->bundle) + strlen(path) + 2;
		free(b->root);
		b->root = xmalloc(size);
		(void)snprintf(b->root, size, "%s/%s", b->bundle, path);
	}
	json_free(root);
	return 0;
}

/* HOME, the last one that is said. */
static int
take_home(const struct json *process, struct ocibundle *b)
{
	struct strv env = STRV_INIT;
	size_t i;
	int r;

	r = json_texts(process, "env", &env);
	for (i = 0; r == 0 && i < env.len; i++)
		if (strncmp(env.v[i], "HOME=", 5) == 0)
			set(&b->home, env.v[i] + 5);
	strv_clear(&env);
	return r;
}

static int
take_user(const struct json *process, struct ocibundle *b)
{
	struct json *user = NULL;
	int64_t uid = 0;
	int64_t gid = 0;

	/* root is said by saying nothing */
	if (json_object_of(process, "user", &user) != 0)
		return 0;
	(void)json_number(user, "uid", &uid);
	(void)json_number(user, "gid", &gid);
	json_free(user);
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return -EBADMSG;
	b->uid = (uint32_t)uid;
	b->gid = (uint32_t)gid;
	return 0;
}

/* A directory of the host's has type or option "bind" or "rbind". */
static int
take_mount(void *ctx, size_t index, const struct json *j)
{
	const char *type = json_text(j, "type");
	const char *source = json_text(j, "source");
	const char *destination = json_text(j, "destination");
	struct strv options = STRV_INIT;
	struct ocibundle *b = ctx;
	int r;

	(void)index;
	r = json_texts(j, "options", &options);
	if (r == 0 && source != NULL && destination != NULL &&
	    ((type != NULL && strcmp(type, "bind") == 0) ||
		strv_has(&options, "bind") || strv_has(&options, "rbind")))
		strv_addf(&b->binds, "%s:%s", source, destination);
	strv_clear(&options);
	return r;
}

int
ocibundle_parse_config(const char *text, size_t len, struct ocibundle *ret,
    struct buf *why)
{
	struct json *process = NULL;
	struct json *j = NULL;
	int r;

	r = json_parse_long(text, len, OCIBUNDLE_MAX, why, &j);
	if (r != 0)
		return r;
	r = take_root(j, ret, why);
	if (r == 0 && json_object_of(j, "process", &process) != 0)
		r = refuse(why, "process");
	if (r == 0)
		r = take_user(process, ret);
	if (r == 0)
		r = take_home(process, ret);
	if (r == 0)
		r = take_annotation(j, ret);
	if (r == 0)
		r = json_walk(j, "mounts", take_mount, ret);
	if (r != 0 && why->len == 0)
		(void)buf_adds(why, "config.json has an odd process");
	json_free(process);
	json_free(j);
	return r;
}

void
ocibundle_clear(struct ocibundle *b)
{
	free(b->id);
	free(b->bundle);
	free(b->root);
	free(b->home);
	free(b->connection);
	strv_clear(&b->binds);
	*b = (struct ocibundle){ 0 };
}
