/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing JSON (RFC 8259), member after member: commas come by themselves.
 * What is written is well formed if begin and end are; json.h reads.
 *
 *	struct jsonout j = JSONOUT_INIT(&b);
 *
 *	jsonout_put(&j, "{");
 *	jsonout_text(&j, "name", name);
 *	jsonout_begin(&j, "ports");
 *	jsonout_put(&j, "[");
 *	jsonout_number(&j, NULL, 80);
 *	jsonout_put(&j, "]}");
 *	return j.error;
 */
#ifndef JSONOUT_H
#define JSONOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "strv.h"

struct jsonout {
	struct buf *b;
	int error; /* -EMSGSIZE when something did not fit; then no more is
		    * written */
};

#define JSONOUT_INIT(buffer) \
	{                    \
		(buffer), 0  \
	}

/* Begin the member NAME, or an element of an array when that is NULL; its value
 * is written next. */
void jsonout_begin(struct jsonout *j, const char *name);

/* Write TEXT as it stands: "{", "]", "null". */
void jsonout_put(struct jsonout *j, const char *text);

/* A whole member, or an element when NAME is NULL.  A VALUE of NULL is left
 * out. */
void jsonout_text(struct jsonout *j, const char *name, const char *value);
void jsonout_number(struct jsonout *j, const char *name, int64_t n);
void jsonout_flag(struct jsonout *j, const char *name, bool flag);
void
jsonout_texts(struct jsonout *j, const char *name, const struct strv *values);

/* The same, but null for a VALUE of NULL. */
void
jsonout_text_or_null(struct jsonout *j, const char *name, const char *value);

#endif
