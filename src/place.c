/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "place.h"

/* Whether the LEN bytes at S can be one part of a path. */
static bool
is_part(const char *s, size_t len)
{
	return len != 0 && !(len == 1 && s[0] == '.') &&
	    !(len == 2 && s[0] == '.' && s[1] == '.');
}

bool
place_is_path(const char *path)
{
	size_t len;

	if (path[0] != '/' || strlen(path) > PLACE_MAX_PATH)
		return false;
	while (*path == '/') {
		path++;
		len = strcspn(path, "/");
		if (!is_part(path, len))
			return false;
		path += len;
	}
	return true;
}

int
places_add(struct places *p, const char *path, struct place **ret_place)
{
	struct place *place = places_find(p, path);

	if (place == NULL) {
		if (!place_is_path(path))
			return -EINVAL;
		if (p->len == PLACE_MAX)
			return -EMSGSIZE;
		p->v = xreallocarray(p->v, p->len + 1, sizeof(*p->v));
		place = &p->v[p->len++];
		*place = (struct place){ .path = xstrdup(path),
			.kind = PLACE_ABSENT,
			.content = BUF_INIT(PLACE_MAX_CONTENT) };
	}
	if (ret_place != NULL)
		*ret_place = place;
	return 0;
}

int
places_add_copy(struct places *p, const struct place *from)
{
	struct place *to;
	int r;

	r = places_add(p, from->path, &to);
	if (r != 0)
		return r;
	to->kind = from->kind;
	to->odd = from->odd;
	to->mode = from->mode;
	to->uid = from->uid;
	to->gid = from->gid;
	return buf_add(&to->content, buf_str(&from->content),
	    from->content.len);
}

struct place *
places_find(const struct places *p, const char *path)
{
	size_t i;

	for (i = 0; i < p->len; i++)
		if (strcmp(p->v[i].path, path) == 0)
			return &p->v[i];
	return NULL;
}

int
place_parent(const char *path, struct buf *b)
{
	const char *slash = strrchr(path, '/');

	return buf_add(b, path, slash == path ? 1 : (size_t)(slash - path));
}

/* What comes behind DIR in PATH, or NULL when it does not begin so. */
static const char *
behind(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 ? path + len : NULL;
}

bool
place_is_below(const char *path, const char *dir)
{
	const char *rest = behind(path, dir);

	return rest != NULL && rest[0] == '/';
}

bool
place_is_within(const char *path, const char *dir)
{
	const char *rest = behind(path, dir);

	return rest != NULL && (rest[0] == '\0' || rest[0] == '/');
}

const char *
place_odd_name(mode_t type)
{
	switch (type & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	case S_IFREG:
		return "a file with several links";
	default:
		return "something odd";
	}
}

void
places_wipe(struct places *p)
{
	size_t i;

	for (i = 0; i < p->len; i++) {
		free(p->v[i].path);
		buf_wipe(&p->v[i].content);
	}
	free(p->v);
	*p = (struct places)PLACES_INIT;
}
