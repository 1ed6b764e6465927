/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "coco.h"

#include <string.h>
#include <unistd.h>

#include "io.h"
#include "message.h"

#define CHUNK 4096

int
message_read(int fd, struct cred *ret_cred, struct buf *why)
{
	/* one more than the limit, so that cred_parse() sees the excess */
	struct buf b = BUF_INIT(CRED_MAX_MESSAGE + 1);
	size_t room;
	ssize_t n;
	int r = 0;

	for (;;) {
		room = b.max - b.len < CHUNK ? b.max - b.len : CHUNK;
		if (room == 0)
			break;
		n = read(fd, buf_space(&b, room), room);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = -errno;
			(void)buf_adds(why, strerror(-r));
			goto out;
		}
		buf_grew(&b, (size_t)n);
		if (cred_is_complete(buf_str(&b), b.len))
			break;
	}
	r = cred_parse(buf_str(&b), b.len, ret_cred, why);
out:
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
