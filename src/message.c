/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>

#include "io.h"
#include "message.h"

/* Room behind the limit for what one read brings. */
#define EXCESS 4096

/* Read up to a blank line, the end, or one byte more than is allowed, so that
 * cred_parse() sees the excess. */
static int
read_lines(int fd, struct buf *b)
{
	bool end = false;
	int r = 0;

	while (r == 0 && !end && b->len <= CRED_MAX_MESSAGE &&
	    !cred_is_complete(buf_str(b), b->len))
		r = io_read_some(fd, b, &end);
	return r;
}

int
message_read(int fd, struct cred *ret_cred, struct buf *why)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE + EXCESS);
	struct cred c = CRED_INIT;
	int r;

	r = read_lines(fd, &b);
	if (r != 0)
		(void)buf_adds(why, strerror(-r));
	else
		r = cred_parse(buf_str(&b), b.len, &c, why);
	if (r == 0 && cred_has(&c, CRED_CAPABILITY, CRED_WHOLE) &&
	    !cred_is_complete(buf_str(&b), b.len)) {
		(void)buf_adds(why, "it was cut short");
		r = -EBADMSG;
	}
	if (r == 0)
		cred_move(ret_cred, &c);
	cred_wipe(&c);
	buf_wipe(&b);
	return r;
}

int
message_write(int fd, const struct cred *c, const char *end)
{
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE);
	int r;

	r = cred_format(c, &b);
	if (r == 0)
		r = buf_adds(&b, end);
	if (r == 0)
		r = io_write_all(fd, buf_str(&b), b.len);
	buf_wipe(&b);
	return r;
}
