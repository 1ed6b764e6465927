/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target for deployment.h and trace.h: a record that is taken is the same
 * when it is written and read again, and one that is cut is refused.
 */
#include "coco.h"

#include <errno.h>

#include "deployment.h"
#include "fuzz.h"

static int
parse(const char *text, size_t len, struct deployment *d)
{
	struct buf why = BUF_INIT(DEPLOYMENT_MAX_WHY);
	int r = deployment_parse(text, len, d, &why);

	check((r == 0) == (why.len == 0));
	check(r == 0 || r == -EBADMSG || r == -EMSGSIZE ||
	    r == -EPROTONOSUPPORT);
	buf_wipe(&why);
	return r;
}

static void
check_record(const struct deployment *d)
{
	/* what is escaped now need not have been */
	struct buf text = BUF_INIT(8 * DEPLOYMENT_MAX);
	struct buf again = BUF_INIT(8 * DEPLOYMENT_MAX);
	struct deployment back = DEPLOYMENT_INIT;
	size_t i;

	for (i = 0; i < d->traces.len; i++)
		check(place_is_path(d->traces.v[i].path));
	for (i = 0; i < d->saved.len; i++)
		check(place_is_path(d->saved.v[i].path));
	check(deployment_format(d, &text) == 0);
	if (text.len <= DEPLOYMENT_MAX) {
		check(parse(buf_str(&text), text.len, &back) == 0);
		check(deployment_format(&back, &again) == 0);
		check(buf_equals(&again, buf_str(&text)));
		deployment_clear(&back);
		check(parse(buf_str(&text), text.len - 2, &back) == -EBADMSG);
	}
	deployment_clear(&back);
	buf_wipe(&text);
	buf_wipe(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct deployment d = DEPLOYMENT_INIT;

	if (parse((const char *)data, size, &d) == 0)
		check_record(&d);
	deployment_clear(&d);
	return 0;
}
