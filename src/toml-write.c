/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "esc.h"
#include "toml-write.h"

#define BARE_KEY                     \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789_-"

/* A JSON string is a basic string of TOML as well: esc_json() writes DEL as an
 * escape and no escape that only JSON has. */
int
toml_write_string(struct buf *b, const char *s)
{
	size_t len = strlen(s);
	size_t at = 0;
	size_t n;

	while (at < len) {
		n = esc_utf8(s + at, len - at);
		if (n == 0)
			return -EINVAL;
		at += n;
	}
	return esc_json(b, s, len);
}

int
toml_write_key(struct buf *b, const char *name)
{
	if (name[0] != '\0' && name[strspn(name, BARE_KEY)] == '\0')
		return buf_adds(b, name);
	return toml_write_string(b, name);
}
