/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "esc.h"
#include "jsonout.h"

void
jsonout_begin(struct jsonout *j, const char *name)
{
	char last = j->b->len != 0 ? j->b->data[j->b->len - 1] : '{';

	if (j->error == 0 && last != '{' && last != '[')
		j->error = buf_addc(j->b, ',');
	if (j->error == 0 && name != NULL)
		j->error = buf_addf(j->b, "\"%s\":", name);
}

void
jsonout_put(struct jsonout *j, const char *text)
{
	if (j->error == 0)
		j->error = buf_adds(j->b, text);
}

void
jsonout_text(struct jsonout *j, const char *name, const char *value)
{
	if (value == NULL)
		return;
	jsonout_begin(j, name);
	if (j->error == 0)
		j->error = esc_json(j->b, value, strlen(value));
}

void
jsonout_text_or_null(struct jsonout *j, const char *name, const char *value)
{
	if (value != NULL) {
		jsonout_text(j, name, value);
		return;
	}
	jsonout_begin(j, name);
	jsonout_put(j, "null");
}

void
jsonout_number(struct jsonout *j, const char *name, int64_t n)
{
	jsonout_begin(j, name);
	if (j->error == 0)
		j->error = buf_addf(j->b, "%jd", (intmax_t)n);
}

void
jsonout_flag(struct jsonout *j, const char *name, bool flag)
{
	jsonout_begin(j, name);
	jsonout_put(j, flag ? "true" : "false");
}

void
jsonout_texts(struct jsonout *j, const char *name, const struct strv *values)
{
	size_t i;

	jsonout_begin(j, name);
	jsonout_put(j, "[");
	for (i = 0; i < values->len; i++)
		jsonout_text(j, NULL, values->v[i]);
	jsonout_put(j, "]");
}
