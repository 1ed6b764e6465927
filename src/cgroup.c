/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "cgroup.h"
#include "hex.h"

struct part {
	const char *at;
	size_t len;
};

/* Find the first id in P: so many digits and no more.  Returns where it is, or
 * NULL. */
static const char *
find_id(const struct part *p)
{
	size_t begin = 0;
	size_t i;

	for (i = 0; i <= p->len; i++) {
		if (i < p->len && hex_value(p->at[i]) >= 0)
			continue;
		if (i - begin == CGROUP_ID_LEN)
			return p->at + begin;
		begin = i + 1;
	}
	return NULL;
}

static bool
is_part(const struct part *p, const char *s)
{
	return p->len == strlen(s) && memcmp(p->at, s, p->len) == 0;
}

/* Whether the text before AT in P ends with S. */
static bool
is_after(const struct part *p, const char *at, const char *s)
{
	size_t before = (size_t)(at - p->at);
	size_t len = strlen(s);

	return before >= len && memcmp(at - len, s, len) == 0;
}

/* A group of podman's for all containers of a pod, whose id in P is at ID:
 * "machine-libpod_pod_ID.slice", or ID alone in "libpod_parent". */
static bool
is_pod(const struct part *p, const char *id, const struct part *parent)
{
	return is_after(p, id, "libpod_pod_") ||
	    (p->len == CGROUP_ID_LEN && is_part(parent, "libpod_parent"));
}

/* Find what names a container in PATH.  *RET_IS_INSIDE is false of conmon's
 * group.  Returns the id or NULL. */
static const char *
find_container(const char *path, size_t len, bool *ret_is_inside)
{
	const char *end = path + len;
	struct part parent = { "", 0 };
	struct part p = { path, 0 };
	const char *slash;
	const char *id;

	for (;;) {
		slash = memchr(p.at, '/', (size_t)(end - p.at));
		p.len = (size_t)((slash != NULL ? slash : end) - p.at);
		id = find_id(&p);
		if (id != NULL && !is_pod(&p, id, &parent)) {
			*ret_is_inside = !is_after(&p, id, "conmon-");
			return id;
		}
		if (slash == NULL)
			return NULL;
		parent = p;
		p.at = slash + 1;
	}
}

/* The path of a line "NUMBER:CONTROLLERS:PATH", or NULL.  Controllers have no
 * colon, a path may have. */
static const char *
path_of(const char *line, const char *end)
{
	const char *colon = memchr(line, ':', (size_t)(end - line));

	if (colon != NULL)
		colon = memchr(colon + 1, ':', (size_t)(end - colon - 1));
	return colon != NULL ? colon + 1 : NULL;
}

bool
cgroup_is_container(const char *text, size_t len, const char *id)
{
	const char *end = text + len;
	const char *line;
	const char *newline;
	bool found = false;

	if (strlen(id) != CGROUP_ID_LEN)
		return false;
	for (line = text; line < end; line = newline + 1) {
		const char *path;
		const char *named;
		bool is_inside;

		newline = memchr(line, '\n', (size_t)(end - line));
		path = newline != NULL ? path_of(line, newline) : NULL;
		if (path == NULL)
			return false;
		named = find_container(path, (size_t)(newline - path),
		    &is_inside);
		if (named == NULL)
			continue;
		if (!is_inside || memcmp(named, id, CGROUP_ID_LEN) != 0)
			return false;
		found = true;
	}
	return found;
}
