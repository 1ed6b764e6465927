/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <errno.h>
#include <string.h>

#include "num.h"
#include "passwd.h"

#define MAX_FIELDS 7

/* A part of a line. */
struct field {
	const char *s;
	size_t len;
};

static bool
is_name(struct field f, const char *name)
{
	return f.len == strlen(name) && memcmp(f.s, name, f.len) == 0;
}

static bool
parse_id(struct field f, uint32_t *ret_id)
{
	int64_t n;

	if (num_parse(f.s, f.len, 0, UINT32_MAX - 1, &n) != 0)
		return false;
	*ret_id = (uint32_t)n;
	return true;
}

/* Take one line off the text; the fields that it lacks are empty. */
static void
take_line(const char **text, size_t *len, struct field *fields)
{
	const char *end = memchr(*text, '\n', *len);
	size_t line = end != NULL ? (size_t)(end - *text) : *len;
	const char *at = *text;
	const char *stop = at + line;
	const char *colon;
	size_t i;

	for (i = 0; i < MAX_FIELDS; i++) {
		colon = memchr(at, ':', (size_t)(stop - at));
		fields[i].s = at;
		fields[i].len = (size_t)((colon != NULL ? colon : stop) - at);
		at = colon != NULL ? colon + 1 : stop;
	}
	line += end != NULL ? 1 : 0;
	*text += line;
	*len -= line;
}

/* Find the line of NAME, or of the number that it is.  Returns 0; -EAGAIN when
 * there is no line, but a number; -ENOENT. */
static int
find_line(const char *text, size_t len, const char *name, struct field *fields,
    uint32_t *ret_id)
{
	struct field whole = { name, strlen(name) };
	uint32_t number = 0;
	uint32_t id;
	bool is_number = parse_id(whole, &number);

	while (len != 0) {
		take_line(&text, &len, fields);
		if (!parse_id(fields[2], &id) ||
		    (is_number ? id != number : !is_name(fields[0], name)))
			continue;
		*ret_id = id;
		return 0;
	}
	if (is_number)
		*ret_id = number;
	return is_number ? -EAGAIN : -ENOENT;
}

int
passwd_find(const char *text, size_t len, const char *name, uint32_t *ret_uid,
    uint32_t *ret_gid, struct buf *home)
{
	struct field fields[MAX_FIELDS];
	int r = find_line(text, len, name, fields, ret_uid);

	if (r == -ENOENT)
		return r;
	if (r != 0 || !parse_id(fields[3], ret_gid))
		*ret_gid = 0;
	return r != 0 ? 0 : buf_add(home, fields[5].s, fields[5].len);
}

int
passwd_find_group(const char *text, size_t len, const char *name,
    uint32_t *ret_gid)
{
	struct field fields[MAX_FIELDS];
	int r = find_line(text, len, name, fields, ret_gid);

	return r == -EAGAIN ? 0 : r;
}
